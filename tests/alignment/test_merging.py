"""Identical targets: the law of the aligned pair, its course, and shared continuations."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from geneft_theory import InvalidInput
from geneft_theory.alignment.distance import final_distance
from geneft_theory.alignment.exact import exact_final_distance, exact_merges
from geneft_theory.alignment.merging import merges, merging_trajectory
from geneft_theory.alignment.trajectory import trajectory

powers = st.floats(-2, 2).map(lambda power: 10**power)
counts = st.integers(1, 50)


@given(powers, powers, powers, powers)
@example(h=1.0, y=1.0, ratio=1.0, X=1.0)
def test_what_merges_ends_at_zero(h, y, ratio, X):
    left = final_distance(h, y, ratio, X, 0)
    # One that is left apart by rounding only may be either.
    assert merges(h, y, ratio, X) == (left == 0) or left < 1e-14 * h
    assert not merges(h, y, ratio, X, Y=1e-9)


@given(powers, powers, powers, powers, powers, st.floats(0, 1e3))
def test_the_course_is_that_of_the_aligned_pair(h, y, eta_h, eta_y, X, t):
    whole = trajectory(t, h, y, y, eta_h, eta_y, X, 0)[0]
    np.testing.assert_allclose(merging_trajectory(t, h, y, eta_h, eta_y, X), whole, rtol=1e-8, atol=1e-290)


@given(powers, powers, powers, powers, counts, st.floats(0, 1e2))
def test_continuations_slow_the_decoder_down(h, y, eta_h, eta_y, count, t):
    shared = merging_trajectory(t, h, y, eta_h, eta_y, continuations=count)
    assert shared == pytest.approx(trajectory(t, h, y, y, eta_h, eta_y / count, 1, 0)[0], rel=1e-8, abs=1e-290)
    left = final_distance(h, y, count * eta_h / eta_y, 1, 0)
    assert merges(h, y, eta_h / eta_y, continuations=count) == (left == 0) or left < 1e-13 * h


@given(powers, powers, counts, st.integers(0, 100))
def test_continuations_are_stacked_decoders(h, ratio, count, seed):
    """Aligned decoders, one a continuation: the law with the mean of y and N is the exact one of the stack."""
    generator = np.random.default_rng(seed)
    direction = generator.standard_normal(4)
    separation = np.sqrt(h) * direction / np.linalg.norm(direction)
    gains = generator.uniform(0.1, 1, count)
    stacked = gains[:, None] * separation / np.linalg.norm(separation)
    y = np.mean((stacked @ separation) ** 2)
    exact = exact_final_distance(separation, stacked, None, ratio)
    law = final_distance(h, y, count * ratio, 1, 0)
    assert exact == pytest.approx(law, rel=1e-9, abs=1e-12 * h)
    assert merges(h, y, ratio, continuations=count) == exact_merges(separation, stacked, ratio) or law < 1e-12 * h


def test_the_course_at_the_boundary_is_algebraic():
    t = np.array([0, 1, 10, 1e6])
    np.testing.assert_allclose(merging_trajectory(t, 0.5, 0.25, 1, 1), 0.5 / (1 + 0.5 * t), rtol=1e-12)
    assert merges(0.5, 0.25, 1)


def test_the_law_of_the_aligned_pair_is_an_artefact_for_few_outputs():
    """A random decoder with fewer outputs than hidden units never merges; with many more, the law is good."""
    generator = np.random.default_rng(0)
    P, draws = 20, 40
    separation = generator.standard_normal((draws, P)) * np.sqrt(0.1 / P)
    for outputs, wanted in ((1, False), (5, False), (400, True)):
        decoder = generator.standard_normal((draws, outputs, P)) * np.sqrt(8 / outputs)
        y = np.sum((decoder @ separation[..., None]) ** 2, axis=(-2, -1))
        h = np.sum(separation**2, axis=-1)
        by_law = merges(h, y, 1)
        exact = exact_merges(separation, decoder)
        if wanted:
            assert np.array_equal(exact, by_law)
            assert by_law.all()
        else:
            assert by_law.mean() > 0.5
            assert not exact.any()


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"h": 0}, "h"),
        ({"y": -1}, "y"),
        ({"ratio": 0}, "ratio"),
        ({"X": -1}, "X"),
        ({"Y": -0.1}, "Y"),
        ({"continuations": 0}, "continuations"),
        ({"continuations": 1.5}, "continuations"),
        ({"continuations": np.nan}, "continuations"),
    ],
)
def test_bad_input_is_refused_by_name(change, name):
    with pytest.raises(InvalidInput, match=rf"^{name} must [^\n]*$"):
        merges(**({"h": 0.1, "y": 0.1, "ratio": 1} | change))
    with pytest.raises(InvalidInput, match=r"^t must"):
        merging_trajectory(-1, 0.1, 0.1, 1, 1)
