"""The course of an aligned pair: closed form against integration and exact arithmetic, laws along it, bad input."""

import mpmath
import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from geneft_theory import InvalidInput
from geneft_theory.alignment.distance import final_distance, invariant
from geneft_theory.alignment.trajectory import loss, trajectory
from geneft_theory.numerics import integrate

powers = st.floats(-2, 1).map(lambda power: 10**power)
cosines = st.one_of(st.floats(-1, 1), st.sampled_from([-1.0, 1.0]))
goals = st.one_of(powers, st.just(0.0))


def start(y, cosine, Y):
    """Return w of outputs at an angle."""
    return y - cosine * np.sqrt(y * Y)


def pace(h, y, eta_h, eta_y, X, Y):
    """Return the fastest rate at the start and at the end."""
    return eta_y * (h + eta_h / eta_y * X * y / h + np.sqrt(eta_h / eta_y * X * Y))


def followed(t, h, y, cosine, eta_h, eta_y, X, Y):
    """Integrate gradient flow of one hidden unit, beta and the vector p, and return h, y, w."""
    goal = np.array([np.sqrt(Y), 0.0])
    length = np.sqrt(y / h)
    initial = np.array([np.sqrt(h), length * cosine, length * np.sqrt(1 - cosine**2)])

    def motion(time, state):
        beta, p = state[0], state[1:]
        missing = beta * p - goal[:, None]
        return np.stack([-eta_h * X / 2 * np.sum(p * missing, axis=0), *(-eta_y / 2 * beta * missing)])

    done = integrate(
        motion, initial, t, start=0.0, relative_tolerance=1e-12, absolute_tolerance=1e-14, max_steps=100_000
    ).raise_for_status()
    beta, p = done.states[:, 0], done.states[:, 1:]
    y_t = beta**2 * np.sum(p**2, axis=-1)
    return beta**2, y_t, y_t - beta * (p @ goal)


def in_digits(t, h, y, cosine, eta_h, eta_y, X, Y, digits=1500):
    """The closed form with an exponential of a matrix, with all its cancellations, in so many digits."""
    with mpmath.workdps(digits):
        t, h, y, cosine, eta_h, eta_y, X, Y = map(mpmath.mpf, map(float, (t, h, y, cosine, eta_h, eta_y, X, Y)))
        ratio = eta_h / eta_y
        high, low = h - ratio * X * y / h, mpmath.sqrt(ratio * X * Y)
        p = mpmath.sqrt(ratio * X * y / h)
        u = [mpmath.sqrt(h), p * cosine, p * mpmath.sqrt(1 - cosine**2)]
        root = mpmath.sqrt(high**2 + 4 * low**2)
        axis = [mpmath.mpf(1), mpmath.mpf(0)]
        if root and low:
            axis = [2 * low, root - high]
        elif high < 0:
            axis = [mpmath.mpf(0), mpmath.mpf(1)]
        norm = mpmath.sqrt(axis[0] ** 2 + axis[1] ** 2)
        cos, sin = axis[0] / norm, axis[1] / norm
        modes = [(cos * u[0] + sin * u[1], root / 4), (cos * u[1] - sin * u[0], -root / 4), (u[2], -high / 4)]
        grown, squared = [], mpmath.mpf(1)
        for amplitude, rate in modes:
            exponent = eta_y * rate * t
            grown.append(amplitude * mpmath.exp(exponent))
            integral = mpmath.expm1(2 * exponent) / (2 * rate) if rate else eta_y * t
            squared += amplitude**2 * integral / 2
        beta, along = cos * grown[0] - sin * grown[1], sin * grown[0] + cos * grown[1]
        across = grown[2]
        h_t = beta**2 / squared
        y_t = h_t * (along**2 + across**2) / squared / (ratio * X)
        w_t = y_t - beta * along / squared * mpmath.sqrt(Y / (ratio * X))
        return float(h_t), float(y_t), float(w_t)


@given(powers, powers, cosines, powers, powers, powers, goals)
def test_the_closed_form_is_the_integrated_flow(h, y, cosine, eta_h, eta_y, X, Y):
    t = np.array([0.1, 0.5, 2.0, 10.0]) / pace(h, y, eta_h, eta_y, X, Y)
    closed = trajectory(t, h, y, start(y, cosine, Y), eta_h, eta_y, X, Y)
    integrated = followed(t, h, y, cosine, eta_h, eta_y, X, Y)
    for one, other, size in zip(closed, integrated, (h, max(y, Y), max(y, Y)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-9 * size)


@given(powers, powers, st.floats(0.1, 1), powers, powers, powers, powers)
def test_it_solves_the_three_equations(h, y, cosine, eta_h, eta_y, X, Y):
    def motion(_, state):
        h, y, w = state
        return [
            -eta_h * X * w,
            -w * (eta_y * h + eta_h * X * y / h),
            -eta_y * h * (3 * w - y + Y) / 2 - eta_h * X * (y + w) * w / (2 * h),
        ]

    w = start(y, cosine, Y)
    t = np.array([0.1, 0.5, 2.0, 10.0]) / pace(h, y, eta_h, eta_y, X, Y)
    done = solve_ivp(motion, (0, t[-1]), [h, y, w], t_eval=t, method="DOP853", rtol=1e-11, atol=1e-13)
    assert done.success
    np.testing.assert_allclose(trajectory(t, h, y, w, eta_h, eta_y, X, Y), done.y, rtol=1e-7, atol=1e-8 * max(h, y, Y))


wide = st.floats(-20, 20).map(lambda power: 10**power)


@given(
    st.one_of(st.just(0.0), wide),
    wide,
    st.one_of(st.just(0.0), wide),
    st.sampled_from([0.0, 0.25, 0.5, 1.0]),
    st.floats(-3, 3).map(lambda power: 10**power),
    st.one_of(st.just(0.0), wide),
)
@example(t=1e12, h=1.0, y=1.0, cosine=0.0, ratio=1.0, Y=0.0)
@example(t=1e20, h=1e-20, y=1.0, cosine=1.0, ratio=1.0, Y=1.0)
def test_the_closed_form_keeps_its_digits(t, h, y, cosine, ratio, Y):
    """For outputs in the right order nothing cancels; beyond rounding only the exponents' rounding is left."""
    # The cosine that the function sees is that of the rounded w.
    length = np.sqrt(y) * np.sqrt(Y)
    seen = 0.0 if length == 0 else np.clip((y - start(y, cosine, Y)) / length, -1, 1)
    assume(seen >= 0)
    closed = trajectory(t, h, y, start(y, cosine, Y), ratio, 1.0, 1.0, Y)
    exact = in_digits(t, h, y, seen, ratio, 1.0, 1.0, Y)
    # exp(-x) has the relative error eps x, and nothing below 1e-290 is compared.
    high = abs(float(h - ratio * (y / h)))
    slack = 1e-12 * (1 + min(t * np.hypot(high, np.sqrt(ratio * Y)), 700))
    np.testing.assert_allclose(closed[:2], exact[:2], rtol=slack, atol=1e-290)
    assert abs(closed[2] - exact[2]) <= slack * (closed[1] + np.sqrt(closed[1] * Y)) + 1e-290


@given(
    *[st.floats(-40, 40).map(lambda power: 10**power)] * 2,
    cosines,
    *[st.floats(-40, 40).map(lambda power: 10**power)] * 5,
)
def test_nothing_leaves_the_numbers(h, y, cosine, eta_h, eta_y, X, Y, t):
    for state in trajectory([0, t], h, y, start(y, cosine, Y), eta_h, eta_y, X, Y):
        assert np.all(np.isfinite(state))


def test_the_reference_course():
    """R1: aligned, from the dossier's three independent routes."""
    t = [0, 200, 400, 600, 1000, 2000, 5000]
    h, y, w = trajectory(t, 0.01, 1e-4, -0.006971067812, 0.002, 0.01, 1, 0.5)
    np.testing.assert_allclose(
        h, [0.01, 0.01413587, 0.02205546, 0.03610736, 0.09419611, 0.28991488, 0.32025052], atol=5.1e-9
    )
    np.testing.assert_allclose(
        y, [0.0001, 0.00043368, 0.00155, 0.00507441, 0.0405967, 0.40865658, 0.49999196], atol=5.1e-9
    )
    np.testing.assert_allclose(
        w,
        [-0.00697107, -0.0142918, -0.0262888, -0.04529628, -0.10187557, -0.04337029, -0.00000402],
        atol=5.1e-9,
    )
    mean_error = 0.25 * np.exp(-2 * 0.01 * np.array(t))
    np.testing.assert_allclose(
        loss(y, w, 0.5, mean_error)[:-1],
        [0.18574473, 0.0611623, 0.05577598, 0.0505424, 0.03195652, 0.00057536],
        atol=5.1e-9,
    )


def test_identical_targets_reference():
    """R3: merging, and contraction without it."""
    t = [100, 500, 2000, 10000]
    for y, expected in (
        (0.5, [0.21763330, 0.02139954, 1.13502e-5, 4.82e-23]),
        (0.1, [0.42633457, 0.32939959, 0.30029775, 0.3]),
    ):
        h, y_t, w = trajectory(t, 0.5, y, y, 0.01, 0.01, 1, 0)
        np.testing.assert_allclose(h, expected, rtol=5e-4, atol=0)
        np.testing.assert_allclose(h[:2], expected[:2], atol=5.1e-9)
        np.testing.assert_allclose(y_t, w, rtol=1e-15)


def test_a_start_in_the_wrong_order_passes_through_zero():
    """R4: the equations of h, y and w are singular there."""
    at = np.array([0, 55.4, 1e5])
    h, y, w = trajectory(at, 0.01, 0.0025, 0.03785534, 0.01, 0.01, 1, 0.5)
    assert h[1] < 1e-8
    assert h[2] == pytest.approx(0.597217, abs=5e-7)
    assert (y[2], w[2]) == (pytest.approx(0.5, abs=1e-12), pytest.approx(0, abs=1e-12))
    fine = np.linspace(50, 60, 2001)
    touching = trajectory(fine, 0.01, 0.0025, 0.03785534, 0.01, 0.01, 1, 0.5)[0]
    assert fine[touching.argmin()] == pytest.approx(55.4, abs=0.05)


def test_a_start_on_the_way_into_the_saddle_stays_finite():
    h, y, w = trajectory([0, 1, 10, 1e3, 1e40], 0.25, 0.0625, 0.0625 + 0.25, 1, 1, 1, 1)
    assert np.all(np.diff(h[:3]) < 0)
    assert np.all(np.isfinite([h, y, w]))


@given(powers, powers, cosines, powers, powers, powers, goals, st.floats(0.01, 5), st.floats(0.01, 5))
def test_it_may_be_stopped_and_started_again(h, y, cosine, eta_h, eta_y, X, Y, first, second):
    first, second = np.array([first, second]) / pace(h, y, eta_h, eta_y, X, Y)
    whole = trajectory(first + second, h, y, start(y, cosine, Y), eta_h, eta_y, X, Y)
    middle = trajectory(first, h, y, start(y, cosine, Y), eta_h, eta_y, X, Y)
    # Near h = 0 the three numbers hold the state badly.
    assume(middle[0] > 1e-6 * h)
    again = trajectory(second, *middle, eta_h, eta_y, X, Y)
    for one, other, size in zip(whole, again, (h, max(y, Y), max(y, Y)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7 * size)


@given(powers, powers, cosines, powers, powers, powers, powers, st.floats(0, 1e3))
def test_laws_along_the_way(h, y, cosine, eta_h, eta_y, X, Y, t):
    w = start(y, cosine, Y)
    ratio = eta_h / eta_y
    before = invariant(h, y, ratio, X)
    after = trajectory(t, h, y, w, eta_h, eta_y, X, Y)
    assume(after[0] > 1e-40)
    size = h + ratio * X * y / h + after[0] + ratio * X * after[1] / after[0]
    assert abs(invariant(after[0], after[1], ratio, X) - before) <= 1e-8 * size
    # Cauchy and Schwarz, and a loss that only falls.
    assert (after[1] - after[2]) ** 2 <= after[1] * Y * (1 + 1e-9) + 1e-30
    assert loss(after[1], after[2], Y) <= loss(y, w, Y) * (1 + 1e-9) + 1e-15 * (y + Y)
    # Rates and time only count as a product; so do eta_h and X, and so do both against the scale of h.
    rounding = {"rtol": 1e-9, "atol": 1e-14 * (h + y + Y)}
    for factor in (0.5, 8.0):
        faster = trajectory(t / factor, h, y, w, eta_h * factor, eta_y * factor, X, Y)
        np.testing.assert_allclose(faster, after, **rounding)
        np.testing.assert_allclose(trajectory(t, h, y, w, eta_h / factor, eta_y, X * factor, Y), after, **rounding)
        scaled = trajectory(t, h * factor, y, w, eta_h * factor, eta_y / factor, X, Y)
        np.testing.assert_allclose([scaled[0] / factor, *scaled[1:]], after, **rounding)


@given(powers, powers, st.floats(-0.9, 1), powers, powers, powers, powers)
def test_it_ends_where_it_should(h, y, cosine, eta_h, eta_y, X, Y):
    end = trajectory(1e30, h, y, start(y, cosine, Y), eta_h, eta_y, X, Y)
    np.testing.assert_allclose(end[0], final_distance(h, y, eta_h / eta_y, X, Y), rtol=1e-12)
    np.testing.assert_allclose(end[1:], [Y, 0], atol=1e-12 * Y)


def test_what_is_left_of_the_error_keeps_its_digits():
    t = np.array([1e4, 2e4])
    _, _, w = trajectory(t, 0.01, 1e-4, -0.00697107, 0.002, 0.01, 1, 0.5)
    # The slower rate of approach, from the dossier, to its six digits.
    assert np.log(w[0] / w[1]) / 1e4 == pytest.approx(0.00316253, rel=1e-4)


def test_broadcasting_is_a_loop():
    generator = np.random.default_rng(1)
    h, y, X, Y = generator.uniform(0.1, 2, (4, 3, 1))
    cosine = generator.uniform(-1, 1, (3, 1))
    w = start(y, cosine, Y)
    t = np.array([0.0, 0.3, 4.0])
    whole = np.array(trajectory(t, h, y, w, 0.1, 0.2, X, Y))
    assert whole.shape == (3, 3, 3)
    for i, j in np.ndindex(3, 3):
        alone = trajectory(t[j], h[i, 0], y[i, 0], w[i, 0], 0.1, 0.2, X[i, 0], Y[i, 0])
        np.testing.assert_array_equal(whole[:, i, j], alone)


GOOD = {"t": 1.0, "h": 0.1, "y": 0.1, "w": 0.0, "eta_h": 0.1, "eta_y": 0.1, "X": 1.0, "Y": 0.5}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("t", -1),
        ("t", np.inf),
        ("h", 0),
        ("h", -0.1),
        ("h", np.nan),
        ("y", -1e-9),
        ("w", np.nan),
        ("w", 0.5),
        ("w", "0.1"),
        ("eta_h", 0),
        ("eta_y", -1),
        ("X", 0),
        ("Y", -0.5),
        ("Y", None),
        ("h", [[0.1, 0.1], [0.1, -0.1]]),
    ],
)
def test_bad_input_is_refused_by_name(name, value):
    with pytest.raises(InvalidInput, match=rf"^{name} must [^\n]*$"):
        trajectory(**(GOOD | {name: value}))


def test_shapes_must_fit():
    with pytest.raises(InvalidInput, match="broadcast"):
        trajectory(**(GOOD | {"t": [1, 2, 3], "h": [0.1, 0.2]}))


def test_the_cone_is_that_of_cauchy_and_schwarz():
    with pytest.raises(InvalidInput, match=r"got w = 0\.1, y = 0\.1, Y = 0\.0*$|w must satisfy"):
        loss(0.1, -0.2, 0.0)
    assert loss(0.1, 0.1, 0.0) == pytest.approx(0.0125)
    with pytest.raises(InvalidInput, match="mean_error"):
        loss(0.1, 0.1, 0.0, mean_error=-1)
