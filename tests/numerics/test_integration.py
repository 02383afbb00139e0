"""The ensemble integrator: against closed forms and DOP853, its order, its symmetries, a member and its companions."""

import tracemalloc

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from geneft_theory.numerics import MemberStatus, compile_flow, integrate
from geneft_theory.symbolic import Flow
from tests.numerics.systems import (
    DECAY,
    ETA_A,
    ETA_X,
    OSCILLATOR,
    PAIR,
    RATE,
    A,
    C,
    X,
    Y,
    invariant,
    pair_solution,
    pair_starts,
)

TIMES = np.array([0.0, 0.1, 1.0, 5.0, 20.0])


def pair(starts, times=20.0, **options):
    a, c, eta_a, eta_x = starts
    return integrate(PAIR, {A: a, C: c}, times, {ETA_A: eta_a, ETA_X: eta_x}, **options).raise_for_status()


@pytest.mark.parametrize("tolerance", [1e-4, 1e-6, 1e-8, 1e-10, 1e-12])
def test_every_member_of_the_pair_system_meets_closed_form_and_invariant(tolerance):
    starts = a, c, eta_a, eta_x = pair_starts(1000, seed=2)
    result = pair(starts, TIMES, relative_tolerance=tolerance, absolute_tolerance=tolerance / 1000)
    expected_a, expected_c = pair_solution(TIMES, *(row[:, None] for row in starts))
    # Errors of the steps add up, to a few times the tolerance; the states are of order 1.
    np.testing.assert_allclose(result["a"], expected_a, rtol=0, atol=5 * tolerance)
    np.testing.assert_allclose(result["c"], expected_c, rtol=0, atol=5 * tolerance)
    conserved = invariant(result["a"], result["c"], eta_a[:, None], eta_x[:, None])
    drift = np.abs(conserved - conserved[:, :1]) / (a**2 / (2 * eta_a) + c**2 / eta_x)[:, None]
    assert drift.max() < tolerance


VAN_DER_POL = ({X: Y, Y: RATE * (1 - X**2) * Y - X}, lambda t, s, r: [s[1], r * (1 - s[0] ** 2) * s[1] - s[0]])
PENDULUM = ({X: Y, Y: -RATE * sympy.sin(X)}, lambda t, s, r: [s[1], -r * np.sin(s[0])])
PREY = ({X: X * (1 - RATE * Y), Y: Y * (X - 1)}, lambda t, s, r: [s[0] * (1 - r * s[1]), s[1] * (s[0] - 1)])


@pytest.mark.parametrize(("equations", "velocity"), [VAN_DER_POL, PENDULUM, PREY])
def test_against_dop853(equations, velocity):
    times = np.linspace(0, 6, 25)
    starts, rates = np.random.default_rng(4).uniform(0.3, 1.5, (6, 2)), np.linspace(0.5, 2, 6)
    ours = integrate(equations, starts, times, {RATE: rates}, relative_tolerance=1e-9, absolute_tolerance=1e-12)
    for member, (start, rate) in enumerate(zip(starts, rates, strict=True)):
        reference = solve_ivp(
            velocity, (0, 6), start, method="DOP853", t_eval=times, args=(rate,), rtol=1e-12, atol=1e-14
        )
        # Both systems amplify an error by at most a factor 100 within this time.
        np.testing.assert_allclose(ours.states[member], reference.y.T, rtol=0, atol=1e-7)


def test_the_method_is_of_order_5():
    """At order 5 the error falls as the fifth power of the number of steps."""
    tolerances = 10.0 ** -np.arange(5, 12)
    result = integrate(
        OSCILLATOR, {X: 0.0, Y: 1.0}, 20.0, relative_tolerance=tolerances, absolute_tolerance=tolerances
    ).raise_for_status()
    error = np.abs(result.final_states - [np.sin(20), np.cos(20)]).max(axis=1)
    slope = np.polyfit(np.log(result.steps), np.log(error), 1)[0]
    assert slope == pytest.approx(-5, abs=0.25)


def test_between_its_steps_the_solution_is_as_good_as_at_them():
    times = np.linspace(0, 20, 2001)
    result = integrate(OSCILLATOR, {X: 0.0, Y: [1.0, 2.0]}, times, relative_tolerance=1e-8, absolute_tolerance=1e-8)
    error = np.abs(result["x"] - np.array([[1.0], [2.0]]) * np.sin(times))
    assert error.max() < 3 * error[:, -1].max()
    assert np.array_equal(result.final("x"), result["x"][:, -1])


def test_a_member_has_the_same_digits_alone_and_among_others():
    starts = pair_starts(80, seed=5)
    times = np.linspace(0, 20, 7)
    together = pair(starts, times)
    for block_size in (1, 3, 17, 64):
        assert np.array_equal(pair(starts, times, block_size=block_size).states, together.states)
    for member in range(0, 80, 13):
        alone = pair([row[[member]] for row in starts], times)
        assert np.array_equal(alone.states[0], together.states[member])
        assert alone.steps[0] == together.steps[member]
    order = np.random.default_rng(6).permutation(80)
    assert np.array_equal(pair([row[order] for row in starts], times).states, together.states[order])
    # Nor do other requested times matter, but for the last.
    finer = pair(starts, np.linspace(0, 20, 13))
    assert np.array_equal(finer.states[:, ::2], together.states)
    assert np.array_equal(pair(starts).states[:, -1], together.states[:, -1])


@pytest.mark.parametrize("function", [sympy.tanh, sympy.exp, sympy.sin, sympy.log, lambda x: x**1.5, sympy.erf])
def test_digits_do_not_depend_on_companions_for_other_functions_either(function):
    flow = compile_flow({X: -RATE * function(X + 2) + sympy.cos(Y), Y: function(1 + X**2)})
    starts = np.random.default_rng(7).uniform(0, 1, (41, 2))
    together = integrate(flow, starts, 2.0, {RATE: np.linspace(0, 1, 41)})
    for block_size in (1, 2, 9):
        apart = integrate(flow, starts, 2.0, {RATE: np.linspace(0, 1, 41)}, block_size=block_size)
        assert np.array_equal(apart.final_states, together.final_states)


@given(st.integers(-30, 30), st.integers(0, 10**6))
def test_rates_k_times_faster_and_times_k_times_shorter_give_the_same_states(exponent, seed):
    a, c, eta_a, eta_x = starts = pair_starts(5, seed)
    k = 2.0**exponent
    # A power of two rounds nothing, and no step depends on the unit of time: not one digit differs.
    assert np.array_equal(pair((a, c, k * eta_a, k * eta_x), TIMES / k).states, pair(starts, TIMES).states)


@given(st.floats(1e-6, 1e6), st.integers(0, 10**6))
def test_the_same_for_any_k_to_rounding(k, seed):
    a, c, eta_a, eta_x = starts = pair_starts(5, seed)
    np.testing.assert_allclose(
        pair((a, c, k * eta_a, k * eta_x), TIMES / k).states, pair(starts, TIMES).states, rtol=0, atol=1e-8
    )


@given(st.integers(0, 10**6), st.floats(-100, 100))
def test_a_start_at_another_time_changes_nothing_where_time_does_not_enter(seed, start):
    starts = pair_starts(4, seed)
    np.testing.assert_allclose(pair(starts, TIMES + start).states, pair(starts, TIMES).states, rtol=0, atol=1e-8)


@given(st.lists(st.floats(-3, 3), min_size=2, max_size=2), st.floats(0.1, 3))
def test_backward_undoes_forward(start, span):
    # The oscillator neither damps nor amplifies an error.
    times = span * np.array([0, 0.3, 1])
    options = {"relative_tolerance": 1e-9, "absolute_tolerance": 1e-9}
    there = integrate(OSCILLATOR, start, times, **options)
    back = integrate(OSCILLATOR, there.final_states, times[::-1], **options).raise_for_status()
    np.testing.assert_array_equal(back.times, times[::-1])
    assert back.final_times == 0
    np.testing.assert_allclose(back.states[::-1], there.states, rtol=0, atol=5e-8)


def test_tolerances_are_each_members_own():
    tolerances = np.array([1e-3, 1e-6, 1e-9])
    result = integrate(OSCILLATOR, {X: 0.0, Y: 1.0}, 10.0, relative_tolerance=0, absolute_tolerance=tolerances)
    alone = [
        integrate(OSCILLATOR, {X: 0.0, Y: 1.0}, 10.0, relative_tolerance=0, absolute_tolerance=t) for t in tolerances
    ]
    assert np.array_equal(result.final_states, [one.final_states for one in alone])
    error = np.abs(result.final("x") - np.sin(10))
    assert np.all(error < 20 * tolerances)
    assert error[0] > 1e3 * error[1] > 1e3 * error[2]


def test_variables_at_rest_do_not_dilute_the_error_of_the_others():
    resting = {sympy.Symbol(f"rest_{index}"): 0 for index in range(20)}
    alone = integrate({X: Y, Y: -X}, {X: 0.0, Y: 1.0}, 10.0)
    among = integrate({X: Y, Y: -X, **resting}, {X: 0.0, Y: 1.0, **dict.fromkeys(resting, 1.0)}, 10.0)
    assert np.array_equal(among.final_states[:2], alone.final_states)
    np.testing.assert_array_equal(among.final_states[2:], 1)


def test_shapes_names_and_the_kinds_of_flow():
    equations = {A: -2 * ETA_A * C**2 * A, C: -ETA_X * A**2 * C}
    parameters = {"eta_A": 0.5, ETA_X: [[1.0], [2.0]]}
    starts = {"a": [1.0, 2.0, 3.0], "c": 0.5}

    def velocity(time, state, eta_A, eta_X):
        assert time.shape == state[0].shape
        return np.stack([-2 * eta_A * state[1] ** 2 * state[0], -eta_X * state[0] ** 2 * state[1]])

    reference = integrate(equations, starts, [0, 1, 2], parameters)
    assert reference.states.shape == (2, 3, 3, 2)
    assert reference["a"].shape == reference["c"].shape == (2, 3, 3)
    assert reference[C] is not None
    assert reference.final_states.shape == (2, 3, 2)
    assert reference.final("a").shape == reference.status.shape == reference.steps.shape == (2, 3)
    np.testing.assert_array_equal(reference["a"][0, :, 0], [1, 2, 3])
    rows = np.stack(np.broadcast_arrays([1.0, 2.0, 3.0], [[0.5], [0.5]]), axis=-1)
    for flow, initial in (
        (Flow(equations), starts),
        (PAIR, rows),
        (compile_flow(equations), starts),
        (velocity, starts),
    ):
        keywords = {"eta_A": 0.5, "eta_x": parameters[ETA_X]} if flow is not velocity else {}
        keywords = keywords or {"eta_A": 0.5, "eta_X": parameters[ETA_X]}
        result = integrate(flow, initial, [0, 1, 2], keywords)
        assert result.variables == ("a", "c")
        np.testing.assert_allclose(result.states, reference.states, rtol=1e-12)
    assert integrate(velocity, rows, 1.0, {"eta_A": 1, "eta_X": 1}).variables == ("x0", "x1")


def test_time_may_enter_the_velocities():
    t = sympy.Symbol("t")
    flow = compile_flow({X: -t * X}, time=t)
    times = np.linspace(-1, 2, 4)
    result = integrate(flow, {X: [1.0, 2.0]}, times, relative_tolerance=1e-9, absolute_tolerance=1e-12)
    np.testing.assert_allclose(result["x"], np.outer([1, 2], np.exp((1 - times**2) / 2)), rtol=1e-8)
    back = integrate(flow, {X: 1.0}, [2, 0], relative_tolerance=1e-9, absolute_tolerance=1e-12)
    np.testing.assert_allclose(back["x"], np.exp([0, 2]), rtol=1e-8)
    assert integrate(lambda time, state: np.cos(time)[None], [[0.0]], 1.0).final("x0") == pytest.approx(
        np.sin(1), abs=1e-6
    )


def test_start_and_a_single_time():
    first = integrate(DECAY, {X: 1.0}, [1.0, 2.0], {RATE: 1.0}, start=0)
    np.testing.assert_allclose(first["x"], np.exp([-1, -2]), rtol=1e-5)
    only = integrate(DECAY, {X: 1.0}, 2.0, {RATE: 1.0})
    np.testing.assert_array_equal(only.times, [2.0])
    assert np.array_equal(only["x"], first["x"][1:])
    back = integrate(DECAY, {X: 1.0}, 1.0, {RATE: 1.0}, start=2)
    np.testing.assert_allclose(back["x"], [np.e], rtol=1e-5)
    nowhere = integrate(DECAY, {X: [1.0, 2.0]}, [3.0], {RATE: 1.0}).raise_for_status()
    np.testing.assert_array_equal(nowhere["x"], [[1], [2]])
    assert integrate(DECAY, {X: 1.0}, 0.0, {RATE: 1.0})["x"] == [1.0]


def test_no_members_and_one_member():
    none = integrate(DECAY, {X: np.empty((0, 3))}, [0, 1], {RATE: 1.0}, events={"half": X - 0.5}).raise_for_status()
    assert none["x"].shape == (0, 3, 2)
    assert none.event_times["half"].shape == (0, 3)
    one = integrate(DECAY, {X: 1.0}, [0, 1], {RATE: 1.0}).raise_for_status()
    assert one["x"].shape == (2,)
    assert one.status.shape == ()


def test_fixed_points_constant_velocities_and_spans_of_any_size():
    still = integrate(PAIR, {A: [0.0, 1.0, 0.0], C: [1.0, 0.0, 0.0]}, 1e12, {ETA_A: 1, ETA_X: 1}).raise_for_status()
    np.testing.assert_array_equal(still.final_states, [[0, 1], [1, 0], [0, 0]])
    assert np.all(still.steps == 1)
    straight = integrate({X: RATE, Y: 1}, {X: 0.0, Y: [1.0, 2.0]}, [0, 1e12], {RATE: [3, 0]}).raise_for_status()
    np.testing.assert_allclose(straight["x"][:, -1], [3e12, 0], rtol=1e-14)
    critical = integrate({X: -(X**3)}, {X: [1.0, 2.0]}, [0, 1e6, 1e12]).raise_for_status()
    # Relaxation without a rate: the steps grow with time.
    exact = 1 / np.sqrt(1 / np.array([[1.0], [4.0]]) + 2 * critical.times)
    np.testing.assert_allclose(critical["x"], exact, rtol=0, atol=2e-8)
    tiny = integrate(DECAY, {X: 1.0}, 1e-300, {RATE: [1.0, 1e300]}).raise_for_status()
    np.testing.assert_allclose(tiny.final("x"), [1, np.exp(-1)], rtol=1e-6)


def test_memory_is_that_of_one_block():
    starts = pair_starts(5_000, seed=8)
    pair([row[:10] for row in starts])
    tracemalloc.start()
    result = pair(starts, block_size=256)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    kept = sum(getattr(result, name).nbytes for name in ("states", "final_states", "final_times", "steps", "status"))
    # The initial values are copied once, and steps tried are counted besides those taken; a block takes little.
    assert peak < kept + 5_000 * 8 * 6 + 1e6
    assert np.all(result.status == MemberStatus.REACHED_END)
