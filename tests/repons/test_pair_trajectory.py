"""Trajectories of a pair: closed form against integration and exact arithmetic, limits, symmetries, bad input."""

import mpmath
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from geneft_theory import InvalidInput
from geneft_theory.repons import pair

amplitude = st.floats(-1e3, 1e3)
rate = st.floats(1e-4, 1e4)
time = st.floats(0, 1e12)
tiny = np.finfo(float).tiny


def exact(t, a, c, eta_decoder, eta_encoder):
    """The closed form through C, with all its cancellations, in 1000 digits."""
    with mpmath.workdps(1000):
        t, a, c, eta_decoder, eta_encoder = map(mpmath.mpf, map(float, (t, a, c, eta_decoder, eta_encoder)))
        scaled = eta_encoder * a**2 / (2 * eta_decoder) - c**2
        growth = mpmath.expm1(4 * eta_decoder * scaled * t)
        separation = (
            c**2 * scaled / (c**2 * growth + scaled * (1 + growth))
            if scaled
            else c**2 / (1 + 4 * eta_decoder * c**2 * t)
        )
        decoder = 2 * eta_decoder / eta_encoder * (scaled + separation)
        return float(mpmath.sign(a) * mpmath.sqrt(decoder)), float(mpmath.sign(c) * mpmath.sqrt(separation))


@pytest.mark.parametrize("seed", range(8))
def test_the_closed_form_equals_integration(seed):
    generator = np.random.default_rng(seed)
    a, c = generator.standard_normal(2) * 2
    eta_decoder, eta_encoder = 10 ** generator.uniform(-1, 1, 2)
    times = np.linspace(0, 3, 13)

    def motion(_, state):
        return [-2 * eta_decoder * state[1] ** 2 * state[0], -eta_encoder * state[0] ** 2 * state[1]]

    solved = solve_ivp(motion, (0, 3), [a, c], method="DOP853", t_eval=times, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(pair.trajectory(times, a, c, eta_decoder, eta_encoder), solved.y, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("closeness", [1e-15, 1e-12, 1e-8, 1e-3, 1.0])
@pytest.mark.parametrize("side", [-1, 1])
def test_it_is_exact_next_to_the_boundary(closeness, side):
    generator = np.random.default_rng(17)
    a, eta_decoder, eta_encoder = np.exp(generator.uniform(-3, 3, (3, 60)))
    c = a * np.sqrt(eta_encoder / (2 * eta_decoder)) * (1 + side * closeness * generator.uniform(0, 1, 60))
    t = 10 ** generator.uniform(-6, 12, 60)
    computed = np.array(pair.trajectory(t, a, c, eta_decoder, eta_encoder))
    expected = np.array([exact(*values) for values in zip(t, a, c, eta_decoder, eta_encoder, strict=True)]).T
    # What is left of the faster decay is exp(-x/2), and rounding of x counts x times.
    x = 2 * t * pair.relaxation_rate(a, c, eta_decoder, eta_encoder)
    resolved = np.broadcast_to(x < 1000, computed.shape) | (expected > 1e-200)
    np.testing.assert_allclose(computed[resolved], expected[resolved], rtol=1e-12)


@given(time, amplitude, amplitude, rate, rate)
@example(1e12, 1.0, float(np.sqrt(0.5)), 0.1, 0.1)
@example(1.0, 0.0, 0.0, 1.0, 1.0)
def test_signs_are_kept_magnitudes_fall_and_the_invariant_holds(t, a, c, eta_decoder, eta_encoder):
    later = pair.trajectory(t, a, c, eta_decoder, eta_encoder)
    assert abs(later[0]) <= abs(a)
    assert abs(later[1]) <= abs(c)
    assert later[0] * a >= 0
    assert later[1] * c >= 0
    terms = a**2 / (2 * eta_decoder) + c**2 / eta_encoder
    drift = pair.invariant(*later, eta_decoder, eta_encoder) - pair.invariant(a, c, eta_decoder, eta_encoder)
    assert abs(drift) <= 1e-12 * terms + 1e-300


@given(st.floats(-1e100, 1e100), st.floats(-1e100, 1e100), rate, rate, st.floats(0, 1e12))
@example(1e150, 1e150, 1.0, 2.0, 1e12)
@example(1e-150, 1e-150, 1.0, 2.0, 1e12)
@example(5e-324, 1e150, 1e-4, 1e4, 1e12)
def test_nothing_overflows(a, c, eta_decoder, eta_encoder, t):
    for value in (
        *pair.trajectory(t, a, c, eta_decoder, eta_encoder),
        *pair.final(a, c, eta_decoder, eta_encoder),
        pair.invariant(a / 1e3, c / 1e3, eta_decoder, eta_encoder),
    ):
        assert np.isfinite(value)


@given(amplitude, amplitude, rate, rate, st.floats(0, 1e6), st.floats(0, 1e6))
def test_stopping_in_between_changes_nothing(a, c, eta_decoder, eta_encoder, first, second):
    halfway = pair.trajectory(first, a, c, eta_decoder, eta_encoder)
    restarted = pair.trajectory(second, *halfway, eta_decoder, eta_encoder)
    once = pair.trajectory(first + second, a, c, eta_decoder, eta_encoder)
    # Rounding at the stop changes P - Q by 1e-16 of either, which counts for the rest of the time.
    rounding = 1e-15 * (1 + second * (eta_encoder * halfway[0] ** 2 + 2 * eta_decoder * halfway[1] ** 2))
    for one, other in zip(restarted, once, strict=True):
        assert abs(one - other) <= (1e-12 + 10 * rounding) * abs(other) + 1e-250


@given(st.floats(0, 1e4), amplitude, amplitude, rate, rate, st.integers(-8, 8), st.integers(-8, 8))
def test_scaling_laws(t, a, c, eta_decoder, eta_encoder, stretch, unit):
    # Powers of two, so that rescaling itself does not round.
    slower, larger = 2.0**stretch, 2.0**unit
    reference = pair.trajectory(t, a, c, eta_decoder, eta_encoder)
    rescaled_time = pair.trajectory(t * slower, a, c, eta_decoder / slower, eta_encoder / slower)
    np.testing.assert_allclose(rescaled_time, reference, rtol=1e-12, atol=tiny)
    # Embeddings in other units, outputs unchanged: a falls as c grows, and each rate goes with the square of its own.
    in_units = pair.trajectory(t, a / larger, c * larger, eta_decoder / larger**2, eta_encoder * larger**2)
    np.testing.assert_allclose(in_units, [reference[0] / larger, reference[1] * larger], rtol=1e-12, atol=tiny)


@given(st.floats(0, 1e4), amplitude, amplitude, rate, rate)
def test_signs_and_the_exchange_of_decoder_and_separation(t, a, c, eta_decoder, eta_encoder):
    decoder, separation = pair.trajectory(t, a, c, eta_decoder, eta_encoder)
    np.testing.assert_array_equal(pair.trajectory(t, -a, c, eta_decoder, eta_encoder), [-decoder, separation])
    np.testing.assert_array_equal(pair.trajectory(t, a, -c, eta_decoder, eta_encoder), [decoder, -separation])
    exchanged = pair.trajectory(t, c, a, eta_encoder / 2, 2 * eta_decoder)
    np.testing.assert_allclose(exchanged, [separation, decoder], rtol=1e-13, atol=tiny)


def test_a_zero_stays_and_freezes_the_other():
    np.testing.assert_array_equal(pair.trajectory([0, 1, 1e12], 0, 3, 1, 1), [[0, 0, 0], [3, 3, 3]])
    np.testing.assert_array_equal(pair.trajectory([0, 1, 1e12], -2, 0, 1, 1), [[-2, -2, -2], [0, 0, 0]])
    np.testing.assert_array_equal(pair.trajectory(7, 0, 0, 1, 1), [0, 0])


@given(amplitude, amplitude, rate, rate)
def test_nothing_has_happened_at_time_zero(a, c, eta_decoder, eta_encoder):
    np.testing.assert_array_equal(pair.trajectory(0, a, c, eta_decoder, eta_encoder), [a, c])


@given(amplitude, amplitude, rate, rate)
def test_the_end_point_is_the_limit_and_does_not_move(a, c, eta_decoder, eta_encoder):
    end = pair.final(a, c, eta_decoder, eta_encoder)
    assert end[0] * end[1] == 0
    np.testing.assert_array_equal(pair.trajectory(1e9, *end, eta_decoder, eta_encoder), end)
    relaxation = pair.relaxation_rate(a, c, eta_decoder, eta_encoder)
    if relaxation > 1e-250:
        late = pair.trajectory(200 / relaxation, a, c, eta_decoder, eta_encoder)
        np.testing.assert_allclose(late, end, rtol=1e-12, atol=1e-40)


def test_the_boundary_goes_through_the_side_that_the_invariant_says():
    # (1, nextafter) differ from C = 0 by one unit in the last place of c, with eta_encoder = 2 eta_decoder.
    for c, side in ((np.nextafter(1, 0), 1), (1.0, 0), (np.nextafter(1, 2), -1)):
        assert np.sign(pair.invariant(1.0, c, 0.1, 0.2)) == side
        decoder, separation = pair.final(1.0, c, 0.1, 0.2)
        assert (decoder > 0, separation > 0) == (side > 0, side < 0)


def test_critical_exponents():
    times = np.geomspace(1e6, 1e12, 7)
    _, separation = pair.trajectory(times, 1.0, 1.0, 0.1, 0.2)
    exponent, prefactor = np.polyfit(np.log(times), np.log(separation), 1)
    assert exponent == pytest.approx(-0.5, abs=1e-6)
    assert np.exp(prefactor) == pytest.approx((4 * 0.1) ** -0.5, rel=1e-4)
    # The rate vanishes with exponent 1 in C: measured from the closed form, not from its formula.
    decoder = np.sqrt(1 + 10.0 ** np.arange(-5, -1))
    distance = pair.invariant(decoder, 1.0, 0.1, 0.2)
    late = 20 / pair.relaxation_rate(decoder, 1.0, 0.1, 0.2)
    logarithms = [np.log(pair.trajectory(factor * late, decoder, 1.0, 0.1, 0.2)[1]) for factor in (1, 2)]
    measured = (logarithms[0] - logarithms[1]) / late
    assert np.polyfit(np.log(distance), np.log(measured), 1)[0] == pytest.approx(1, abs=1e-6)


def test_everything_broadcasts():
    a, c = np.ones((3, 1)), np.full(4, 0.5)
    assert pair.trajectory(np.ones((2, 1, 1)), a, c, 0.1, 0.1)[0].shape == (2, 3, 4)
    assert pair.trajectory(1, 0.0, c, 0.1, np.ones((5, 1)))[0].shape == (5, 4)
    assert pair.final(a, c, 0.1, 0.1)[1].shape == (3, 4)
    assert pair.invariant(a, c, 0.1, 0.1).shape == pair.relaxation_rate(a, c, 0.1, 0.1).shape == (3, 4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pair.trajectory(-1, 1, 1, 1, 1), r"t must lie in \[0, inf\); got -1"),
        (lambda: pair.trajectory(1, np.nan, 1, 1, 1), "a must lie in"),
        (lambda: pair.trajectory(1, 1, np.inf, 1, 1), "c must lie in"),
        (lambda: pair.trajectory(1, 1, 1, 0, 1), r"eta_decoder must lie in \(0, inf\); got 0"),
        (lambda: pair.trajectory(1, 1, 1, 1, -0.1), r"eta_encoder must lie in \(0, inf\); got -0.1"),
        (lambda: pair.trajectory([1, 2], [1, 2, 3], 1, 1, 1), "broadcast"),
        (lambda: pair.invariant(1, 1, 0, 1), "eta_decoder must lie in"),
        (lambda: pair.final(1, "x", 1, 1), "c must be a number"),
        (lambda: pair.relaxation_rate(1, 1, 1, np.nan), "eta_encoder must lie in"),
    ],
)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()
