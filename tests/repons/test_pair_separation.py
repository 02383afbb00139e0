"""The separation that is left: moments against integrals and Monte Carlo, weight decay against integration."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from geneft_theory import InvalidInput, catalogue
from geneft_theory.estimate import Estimate
from geneft_theory.repons import pair

rate = st.floats(1e-4, 1e4)
sigma = st.floats(1e-2, 1e2)
amplitude = st.floats(-1e2, 1e2)


def exact_moment(rho, moment):
    """The textbook formulas in 60 digits more than their cancellation takes."""
    with mpmath.workdps(200):
        rho = mpmath.mpf(float(rho))
        if moment == 2:
            return float(2 / mpmath.pi * ((1 - rho**2) * mpmath.atan(1 / rho) + rho))
        m = 1 + rho**2
        bracket = mpmath.ellipe(1 / m) - (1 - 1 / m) * mpmath.ellipk(1 / m)
        return float(mpmath.sqrt(2 * m / mpmath.pi) * bracket)


@pytest.mark.parametrize("moment", [1, 2])
def test_moments_keep_their_digits(moment):
    rho = np.geomspace(1e-8, 1e8, 65)
    computed = pair.expected_separation(1, 2 * rho**2, moment=moment)
    np.testing.assert_allclose(computed, [exact_moment(value, moment) for value in rho], rtol=1e-13)


@pytest.mark.parametrize(("key", "moment"), [("first", 1), ("second", 2)])
def test_moments_are_those_of_the_statements(key, moment):
    rho = np.array([0.3, 1.0, 2.5])
    stated = catalogue[f"repons.pair.expected_separation.{key}"](rho=rho, sigma_c=1.7)
    np.testing.assert_allclose(pair.expected_separation(1, 2 * rho**2, 1.7, 1.7, moment=moment), stated, rtol=1e-12)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("moment", [1, 2])
def test_moments_equal_monte_carlo(seed, moment):
    generator = np.random.default_rng(seed)
    eta_decoder, eta_encoder, sigma_a, sigma_c = 10 ** generator.uniform(-0.5, 0.5, 4)
    a, c = generator.standard_normal((2, 100_000)) * [[sigma_a], [sigma_c]]
    left = np.abs(pair.final(a, c, eta_decoder, eta_encoder)[1]) ** moment
    arguments = (eta_decoder, eta_encoder, sigma_a, sigma_c, moment)
    assert abs(Estimate.from_samples(left).z(float(pair.expected_separation(*arguments)))) < 4
    conditional = float(pair.expected_separation(*arguments, conditional=True))
    assert abs(Estimate.from_samples(left[left > 0]).z(conditional)) < 4


@given(rate, rate, sigma, sigma)
def test_moments_lie_between_their_limits(eta_decoder, eta_encoder, sigma_a, sigma_c):
    mean, square = (
        float(pair.expected_separation(eta_decoder, eta_encoder, sigma_a, sigma_c, moment)) for moment in (1, 2)
    )
    assert 0 < mean <= sigma_c * np.sqrt(2 / np.pi) * (1 + 1e-14)
    assert mean**2 <= square <= sigma_c**2 * (1 + 1e-14)
    conditional = pair.expected_separation(eta_decoder, eta_encoder, sigma_a, sigma_c, conditional=True)
    # Between the half-normal mean (nothing collapses) and its limit where nearly everything does.
    low, high = np.sqrt(2 / np.pi), np.sqrt(2 / np.pi) * np.pi**2 / 8
    assert low * (1 - 1e-12) <= conditional / sigma_c <= high * (1 + 1e-12)


@pytest.mark.parametrize("decay", [0.03, 0.3, 3.0])
@pytest.mark.parametrize("seed", range(3))
def test_decay_of_the_decoder_leaves_what_integration_leaves(decay, seed):
    generator = np.random.default_rng(seed)
    a, c = generator.standard_normal(2)
    eta_decoder, eta_encoder = 10 ** generator.uniform(-0.5, 0.5, 2)

    def motion(_, state):
        shrinking = 2 * eta_decoder * state[1] ** 2 + eta_decoder * decay
        return [-shrinking * state[0], -eta_encoder * state[0] ** 2 * state[1]]

    solved = solve_ivp(motion, (0, 30 / (eta_decoder * decay)), [a, c], method="DOP853", rtol=1e-11, atol=1e-30)
    left = pair.separation_with_decay(a, c, eta_decoder, eta_encoder, decay)
    assert left == pytest.approx(solved.y[1, -1], rel=1e-8)


@given(amplitude, amplitude, rate, rate, st.floats(1e-6, 1e6), st.floats(1.01, 100))
def test_decay_never_lets_a_pair_collapse(a, c, eta_decoder, eta_encoder, decay, factor):
    without, weak, strong = pair.separation_with_decay(a, c, eta_decoder, eta_encoder, [0, decay, decay * factor])
    np.testing.assert_allclose(without, pair.final(a, c, eta_decoder, eta_encoder)[1], rtol=1e-14)
    slack = 1 + 1e-9
    assert abs(without) <= abs(weak) * slack
    assert abs(weak) <= abs(strong) * slack
    assert abs(strong) <= abs(c) * slack
    # From dc/dt = -eta_encoder a^2 c and |a| <= |a_0| exp(-eta_decoder decay t).
    assert abs(weak) * slack >= abs(c) * np.exp(-eta_encoder * a**2 / (2 * eta_decoder * decay))


def test_decay_shifts_the_boundary_at_a_threshold_by_a_logarithm():
    separation, decay = 1e-3, 1e-3
    # The statement's note: C = (decay/eta_encoder) log(c/eps) - eps^2/eta_encoder at the boundary, instead of 0.
    shifted = decay * np.log(1 / separation) - separation**2
    a = np.sqrt(2 * 0.1 * (shifted + 1))
    below, above = pair.separation_with_decay(a * np.array([1 - 1e-6, 1 + 1e-6]), 1, 0.1, 1.0, decay)
    assert above < separation < below
    assert pair.final(a, 1, 0.1, 1.0)[1] == 0


def test_extremes():
    assert np.all(np.isfinite(pair.expected_separation(1e-150, 1e150, [1e-100, 1e100], 1, 1)))
    assert np.all(np.isfinite(pair.expected_separation(1e150, 1e-150, 1, 1, 2, conditional=True)))
    np.testing.assert_array_equal(
        pair.separation_with_decay([0, 1, 1], [2, 0, -1], 1, 1, [1e-300, 1, 1e300]), [2, 0, -1]
    )


def test_everything_broadcasts():
    assert pair.expected_separation(np.ones((3, 1)), np.ones(4)).shape == (3, 4)
    assert pair.separation_with_decay(np.ones((3, 1)), 1, np.ones(4), 1, np.ones((2, 1, 1))).shape == (2, 3, 4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pair.expected_separation(0, 1), "eta_decoder must lie in"),
        (lambda: pair.expected_separation(1, 1, sigma_c=0), "sigma_c must lie in"),
        (lambda: pair.expected_separation(1, 1, moment=3), "moment must be 1 or 2; got 3"),
        (lambda: pair.expected_separation(1, 1, moment=True), "moment must be 1 or 2; got True"),
        (
            lambda: pair.expected_separation(1, 1, moment=np.array([1, 2])),
            r"moment must be 1 or 2; got array\(\[1, 2\]\)",
        ),
        (lambda: pair.expected_separation(1, 1, moment=1.0), "moment must be 1 or 2; got 1.0"),
        (lambda: pair.separation_with_decay(1, 1, 1, 1, -1), r"decay_decoder must lie in \[0, inf\); got -1"),
    ],
)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()


def test_quoted_means_of_the_pairs_that_stay_apart():
    rho = np.array([0.1, 0.25, 0.5, 1, 2, 4, 10])
    quoted = [0.8384, 0.8793, 0.9202, 0.9560, 0.9752, 0.9819, 0.9839]
    computed = pair.expected_separation(0.1, 0.2 * rho**2, conditional=True)
    np.testing.assert_allclose(computed, quoted, atol=5e-5)
