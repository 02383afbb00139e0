"""Events: where they happen, how exactly, which of them end a member."""

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from geneft_theory.numerics import Event, MemberStatus, integrate
from geneft_theory.numerics.events import first_root
from tests.numerics.systems import DECAY, ETA_A, ETA_X, OSCILLATOR, PAIR, RATE, A, C, X, Y, pair_solution, pair_starts

LEVEL = sympy.Symbol("level")


@given(st.floats(0.01, 0.95), st.floats(0.1, 10))
def test_the_time_at_which_decay_reaches_a_level(level, rate):
    result = integrate(
        DECAY,
        {X: 1.0},
        [0, 60 / rate],
        {RATE: rate, LEVEL: level},
        events={"there": Event(X - LEVEL, terminal=True)},
        relative_tolerance=1e-10,
        absolute_tolerance=1e-12,
    )
    assert result.status == MemberStatus.STOPPED_BY_EVENT
    assert result.event_times["there"] * rate == pytest.approx(-np.log(level), rel=1e-8)
    # The state at the event is a zero of its expression to rounding, whatever the tolerance.
    assert result.event_states["there"][0] == pytest.approx(level, rel=1e-14)
    assert result.final_times == result.event_times["there"]
    assert np.array_equal(result.final_states, result.event_states["there"])


def test_the_pair_merges_when_its_closed_form_does():
    a, c, eta_a, eta_x = pair_starts(300, seed=9)
    c = np.sign(c) * np.maximum(np.abs(c), 0.11)
    separation = 0.1
    result = integrate(
        PAIR,
        {A: a, C: c},
        50.0,
        {ETA_A: eta_a, ETA_X: eta_x, LEVEL: separation},
        events={"merged": Event(C**2 - LEVEL**2, direction="falling", terminal=True)},
        relative_tolerance=1e-9,
        absolute_tolerance=1e-12,
    ).raise_for_status()
    ends = np.abs(pair_solution(50.0, a, c, eta_a, eta_x)[1])
    merged = np.isfinite(result.event_times["merged"])
    assert np.array_equal(merged, ends < separation)
    assert 50 < np.count_nonzero(merged) < 250
    for member in np.flatnonzero(merged):
        own = a[member], c[member], eta_a[member], eta_x[member]
        exact = brentq(lambda t, own=own: np.abs(pair_solution(t, *own)[1]) - separation, 0, 50, xtol=1e-13)
        assert result.event_times["merged"][member] == pytest.approx(exact, rel=1e-6, abs=1e-9)


def test_directions():
    times = [0.0, 20.0]
    events = {
        "either": Event(X - 0.5),
        "falling": Event(X - 0.5, "falling"),
        "rising": Event(X - 0.5, "rising"),
        "never": Event(X - 3),
        "already": Event(X - 3, "falling"),
        "now": Event(X),
        "callable": Event(lambda time, state: state[0] - 0.5, "rising"),
        "clock": lambda time, state: time - 7.0,
    }
    result = integrate(OSCILLATOR, {X: 0.0, Y: [1.0, -1.0]}, times, events=events, relative_tolerance=1e-10)
    expected = {
        "either": [np.pi / 6, 7 * np.pi / 6],
        "falling": [0, 0],
        "rising": [np.pi / 6, 7 * np.pi / 6],
        "never": [np.inf, np.inf],
        "already": [0, 0],
        "now": [0, 0],
        "callable": [np.pi / 6, 7 * np.pi / 6],
        "clock": [7, 7],
    }
    assert set(result.event_times) == set(expected)
    for name, moments in expected.items():
        np.testing.assert_allclose(result.event_times[name], moments, atol=1e-7, err_msg=name)
    assert np.isnan(result.event_states["never"]).all()
    assert np.all(result.status == MemberStatus.REACHED_END)
    backward = integrate(OSCILLATOR, {X: 0.0, Y: 1.0}, [0, -20], events={"low": X + 0.5, "never": X - 3})
    assert backward.event_times["low"] == pytest.approx(-np.pi / 6, abs=1e-6)
    assert backward.event_times["never"] == -np.inf


def test_the_first_terminal_event_ends_a_member_and_hides_what_comes_later():
    times = np.linspace(0, 2, 21)
    # With so loose a tolerance one step crosses all three levels.
    result = integrate(
        {X: -1},
        {X: [1.0, 2.0, 30.0]},
        times,
        events={
            "first": X - 0.75,
            "end": Event(X - 0.5, terminal=True),
            "later": X - 0.25,
            "other": Event(X, "falling", True),
        },
    ).raise_for_status()
    np.testing.assert_allclose(result.event_times["first"], [0.25, 1.25, np.inf])
    np.testing.assert_allclose(result.event_times["end"], [0.5, 1.5, np.inf])
    assert np.all(np.isinf(result.event_times["later"]))
    assert np.all(np.isinf(result.event_times["other"]))
    assert result.status.tolist() == [
        MemberStatus.STOPPED_BY_EVENT,
        MemberStatus.STOPPED_BY_EVENT,
        MemberStatus.REACHED_END,
    ]
    np.testing.assert_allclose(result.final("x"), [0.5, 0.5, 28])
    known = times <= np.array([[0.5], [1.5], [2.0]]) + 1e-12
    assert np.array_equal(np.isfinite(result["x"]), known)
    np.testing.assert_allclose(result["x"][known], (np.array([[1.0], [2.0], [30.0]]) - times)[known], atol=1e-12)


def test_a_terminal_event_at_the_start():
    result = integrate(DECAY, {X: [0.1, 1.0]}, [0, 1], {RATE: 0.5}, events={"low": Event(X - 0.5, "falling", True)})
    assert result.status.tolist() == [MemberStatus.STOPPED_BY_EVENT, MemberStatus.REACHED_END]
    assert result.final_times.tolist() == [0, 1]
    np.testing.assert_array_equal(result["x"][0], [0.1, np.nan])


def test_watching_changes_nothing_and_members_stay_independent():
    starts = pair_starts(100, seed=10)
    a, c, eta_a, eta_x = starts
    times = np.linspace(0, 20, 11)
    parameters = {ETA_A: eta_a, ETA_X: eta_x}
    events = {"small": Event(C**2 - 0.01, "falling"), "turn": A - C, "first": Event(lambda t, s: s[0] - 0.3)}
    unwatched = integrate(PAIR, {A: a, C: c}, times, parameters)
    watched = integrate(PAIR, {A: a, C: c}, times, parameters, events=events)
    assert np.array_equal(watched.states, unwatched.states)
    apart = integrate(PAIR, {A: a, C: c}, times, parameters, events=events, block_size=7)
    for name in events:
        assert np.array_equal(apart.event_times[name], watched.event_times[name])
        assert np.array_equal(apart.event_states[name], watched.event_states[name], equal_nan=True)


@given(st.lists(st.floats(1e-9, 1 - 1e-9), min_size=1, max_size=8), st.integers(1, 9))
def test_first_root(roots, power):
    roots = np.array(roots)

    def function(fraction):
        return np.sign(roots - fraction) * np.abs(roots - fraction) ** power

    found = first_root(function, function(np.zeros_like(roots)), function(np.ones_like(roots)))
    # Near a multiple root values underflow before the place is resolved.
    np.testing.assert_allclose(found, roots, atol=1e-15 if power == 1 else 1e-12)
    each = [first_root(lambda f, r=r: (r - f) ** 3, np.array([r**3]), np.array([(r - 1) ** 3]))[0] for r in roots]
    together = first_root(lambda f: (roots - f) ** 3, roots**3, (roots - 1) ** 3)
    assert np.array_equal(together, each)
