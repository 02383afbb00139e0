"""Where a pair ends, and how fast: reference table, limits by name, measured rates, bad input."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory import InvalidInput
from geneft_theory.alignment.distance import final_distance, fixed_point_rates, invariant
from geneft_theory.alignment.trajectory import trajectory

wide = st.floats(-25, 25).map(lambda power: 10**power)
powers = st.floats(-2, 2).map(lambda power: 10**power)


@pytest.mark.parametrize(
    ("h", "y", "ratio", "X", "Y", "high", "final"),
    [
        (1e-6, 0, 1, 1, 1, 1e-6, 1.00000050),
        (1e-6, 0, 0.25, 1, 0.5, 1e-6, 0.35355389),
        (0.5, 0, 0.25, 1, 0.5, 0.5, 0.68301270),
        (1, 1, 0.25, 1, 0.5, 0.75, 0.89038820),
        (1, 4, 1, 1, 0, -3, 0),
        (1, 1, 1, 1, 0, 0, 0),
        (2, 1, 1, 1, 0, 1.5, 1.5),
        (0.01, 1e-4, 0.2, 1, 0.5, 0.008, 0.320253063),
    ],
)
def test_the_reference_table(h, y, ratio, X, Y, high, final):
    """R2, and the end of R1."""
    assert invariant(h, y, ratio, X) == pytest.approx(high, abs=1e-15)
    assert final_distance(h, y, ratio, X, Y) == pytest.approx(final, abs=5.1e-9)


@given(wide, st.one_of(st.just(0.0), wide), wide, wide, st.one_of(st.just(0.0), wide))
def test_it_is_the_positive_root_to_full_precision(h, y, ratio, X, Y):
    with mpmath.workdps(400):
        high = mpmath.mpf(h) - mpmath.mpf(ratio) * mpmath.mpf(X) * mpmath.mpf(y) / mpmath.mpf(h)
        low_squared = mpmath.mpf(ratio) * mpmath.mpf(X) * mpmath.mpf(Y)
        expected = high / 2 + mpmath.sqrt(high**2 / 4 + low_squared)
        # How far rounding of A_high, by its two terms, moves the result.
        moved = (
            mpmath.mpf(4e-16) * (h + abs(high)) * expected / mpmath.sqrt(high**2 + 4 * low_squared) if expected else 0
        )
    found = final_distance(h, y, ratio, X, Y)
    assert abs(found - float(expected)) <= 2e-15 * float(expected) + float(moved)


@given(powers, powers, powers, powers, powers)
def test_limits_and_symmetries(h, y, ratio, X, Y):
    low = np.sqrt(ratio * X * Y)
    assert final_distance(1e-30, 0, ratio, X, Y) == pytest.approx(low)
    assert final_distance(1e30, 0, ratio, X, Y) == pytest.approx(1e30)
    assert final_distance(h, 1e30, ratio, X, Y) == pytest.approx(Y * h / 1e30)
    # Swapping inputs and targets leaves A_low alone; only the product of ratio and X counts.
    assert final_distance(h, 0, ratio, X, Y) == pytest.approx(final_distance(h, 0, ratio, Y, X), rel=1e-14)
    assert final_distance(h, y, ratio * 4, X / 4, Y) == pytest.approx(final_distance(h, y, ratio, X, Y), rel=1e-14)
    assert final_distance(h, y, ratio, X, Y) > final_distance(h, y * 1.5, ratio, X, Y)
    assert final_distance(h, y, ratio, X, Y) < final_distance(h * 1.5, y, ratio, X, Y)
    assert final_distance(h, y, ratio, X, Y) < final_distance(h, y, ratio, X, Y * 1.5)


@given(powers, powers, powers, powers)
def test_the_solution_stays_where_it_is(h, ratio, X, Y):
    assert final_distance(h, Y, ratio, X, Y) == pytest.approx(h, rel=1e-12)


@given(powers, powers, powers, powers, powers, powers)
def test_the_rates_are_eigenvalues(h, y, eta_h, eta_y, X, Y):
    """Of the regular form in beta, c = p . dy* and, across the target, p."""
    rates = fixed_point_rates(h, y, eta_h, eta_y, X, Y)
    high, final = invariant(h, y, eta_h / eta_y, X), final_distance(h, y, eta_h / eta_y, X, Y)
    saddle = np.array([[eta_y * high / 2, eta_h * X / 2], [eta_y * Y / 2, 0]])
    beta, c = np.sqrt(final), Y / np.sqrt(final)
    solution = np.array(
        [
            [-eta_y * (3 * final - high) / 2, eta_h * X / 2],
            [-eta_y * (2 * beta * c - Y) / 2, -eta_y * final / 2],
        ]
    )
    low, up = sorted(np.linalg.eigvals(saddle).real)
    size = np.abs(solution).max() + np.abs(saddle).max()
    # h = beta^2 moves at twice the rate of beta.
    assert 2 * up == pytest.approx(rates.escape, abs=1e-12 * size)
    assert 2 * low == pytest.approx(rates.contraction, abs=1e-12 * size)
    fast, slow = sorted([float(rates.approach), float(rates.slow_approach)])
    np.testing.assert_allclose(sorted(-np.linalg.eigvals(solution).real), [fast, slow], rtol=1e-7, atol=1e-11 * size)


def test_the_rates_can_be_measured():
    """The saddle's is half of what Eqs. 26-32 of the follow-up say."""
    arguments = (0.002, 0.01, 1, 0.5)
    y, h = 1e-24, 1e-12
    rates = fixed_point_rates(h, y, *arguments)
    t = np.array([3000.0, 3001.0])
    early, later = trajectory(t, h, y, y - np.sqrt(y * 0.5), *arguments)[0]
    assert np.log(later / early) == pytest.approx(rates.escape, rel=1e-4)
    t = np.array([20000.0, 20001.0])
    early, later = trajectory(t, 0.01, 1e-4, -0.00697107, *arguments)[2]
    assert np.log(early / later) == pytest.approx(fixed_point_rates(0.01, 1e-4, *arguments).slow_approach, rel=1e-6)


@pytest.mark.parametrize("name", ["h", "y", "ratio", "X", "Y"])
def test_bad_input_is_refused_by_name(name):
    good = {"h": 0.1, "y": 0.1, "ratio": 1.0, "X": 1.0, "Y": 0.5}
    for value in (-1, np.nan, "1", [0.1, -1], np.inf):
        with pytest.raises(InvalidInput, match=rf"^{name} must [^\n]*$"):
            final_distance(**(good | {name: value}))
    with pytest.raises(InvalidInput, match="broadcast"):
        final_distance(**(good | {"h": [0.1, 0.2], "y": [0.1, 0.2, 0.3]}))
