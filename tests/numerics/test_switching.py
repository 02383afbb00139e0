"""Velocities that jump: sign flows to their end, sliding along a surface and leaving it."""

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory.numerics import Event, MemberStatus, compile_flow, integrate
from geneft_theory.repons import pair
from geneft_theory.symbolic import Flow, GradientFlow, SignFlow

A, B, C, Y, T = sympy.symbols("a b c y t", real=True)
ETA_A, ETA_X = sympy.symbols("eta_A eta_x", positive=True)
PAIR = SignFlow((A * C) ** 2, {A: ETA_A, C: ETA_X})


def ensemble(members, seed):
    random = np.random.default_rng(seed)
    return *random.normal(size=(2, members)), *np.exp(random.normal(size=(2, members)))


def rest(a, c, eta_a, eta_x):
    """The pair's end, and when it is reached: the first coordinate to arrive at 0 stops both."""
    time = np.minimum(np.abs(a) / eta_a, np.abs(c) / eta_x)
    collapsed = np.abs(c) / eta_x < np.abs(a) / eta_a
    return (
        np.where(collapsed, a - np.sign(a) * eta_a * time, 0),
        np.where(collapsed, 0, c - np.sign(c) * eta_x * time),
        time,
    )


def test_the_pair_ends_where_its_closed_form_does():
    a, c, eta_a, eta_x = starts = ensemble(500, seed=1)
    a_end, c_end, time = rest(*starts)
    end = 1.1 * time.max()
    result = integrate(
        PAIR,
        {A: a, C: c},
        np.linspace(0, end, 9),
        {ETA_A: eta_a, ETA_X: eta_x},
        events={"merged": C, "at rest": Event(A * C)},
    ).raise_for_status()
    np.testing.assert_allclose(result.final("a"), a_end, atol=1e-12)
    np.testing.assert_allclose(result.final("c"), c_end, atol=1e-12)
    merged = np.abs(c) / eta_x < np.abs(a) / eta_a
    assert np.array_equal(result.final("c") == 0, merged)
    assert np.array_equal(result.final("a") == 0, ~merged)
    np.testing.assert_allclose(result.event_times["merged"][merged], time[merged], rtol=1e-9)
    assert np.all(np.isinf(result.event_times["merged"][~merged]))
    np.testing.assert_allclose(result.event_times["at rest"], time, rtol=1e-9)
    way = np.minimum(result.times, time[:, None])
    np.testing.assert_allclose(result["c"], c[:, None] - (np.sign(c) * eta_x)[:, None] * way, atol=1e-12)
    assert result.steps.max() < 40


def test_the_share_of_pairs_that_collapse():
    members = 4000
    a, c = np.random.default_rng(2).normal(size=(2, members))
    result = integrate(PAIR, {A: a, C: c}, 20.0, {ETA_A: 0.5, ETA_X: 1.2}).raise_for_status()
    share = np.mean(result.final("c") == 0)
    expected = pair.collapse_probability(0.5, 1.2, optimiser="sign")
    # Four standard errors.
    assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / members)


def test_members_stay_independent():
    starts = np.random.default_rng(3).normal(size=(20, 3))
    flow = SignFlow((A * B - 1) ** 2 + (A * C + 1) ** 2 + A**2 / 3, {A: 1, B: sympy.Rational(1, 2), C: 1})
    times = np.linspace(0, 3, 5)
    together = integrate(flow, starts, times).raise_for_status()
    apart = integrate(flow, starts, times, block_size=7)
    assert np.array_equal(together.states, apart.states)
    assert np.array_equal(together.steps, apart.steps)
    alone = integrate(flow, starts[17], times)
    assert np.array_equal(together.states[17], alone.states)


def test_it_slides_along_a_valley_to_the_minimum():
    flow = SignFlow(A**2 + A * C + C**2, {A: 1, C: 1})
    # Both fall until a + 2 c = 0 at t = 8/15; there c follows a, half as fast, until both are 0 at t = 1.
    times = np.array([0, 8 / 15, 0.8, 1.0, 2.0])
    result = integrate(flow, {A: 1, C: 0.3}, times).raise_for_status()
    np.testing.assert_allclose(result["a"], [1, 7 / 15, 0.2, 0, 0], atol=1e-12)
    np.testing.assert_allclose(result["c"], [0.3, -7 / 30, -0.1, 0, 0], atol=1e-12)


def test_it_crosses_a_surface_and_rests_on_another():
    result = integrate(SignFlow((A * C - 1) ** 2, {A: 1, C: 1}), {A: -0.3, C: 2.0}, [0, 0.3, 2.0]).raise_for_status()
    # c falls while a < 0 and grows afterwards, until a (1.7 + a) = 1.
    end = (-1.7 + np.sqrt(1.7**2 + 4)) / 2
    np.testing.assert_allclose(result["a"], [-0.3, 0, end], atol=1e-9)
    np.testing.assert_allclose(result["c"], [2, 1.7, 1.7 + end], atol=1e-9)


def test_several_surfaces_at_once_as_small_steps_do_it():
    rates = np.array([1, 0.5, 0.75])
    flow = SignFlow((A * B - 1) ** 2 + (A * C - 1) ** 2, {A: 1, B: sympy.Rational(1, 2), C: sympy.Rational(3, 4)})
    starts = np.random.default_rng(4).normal(size=(20, 3))
    result = integrate(flow, starts, 3.0).raise_for_status()
    number = 6000
    a, b, c = np.array(starts.T)
    for _ in range(number):
        slopes = np.sign([b * (a * b - 1) + c * (a * c - 1), a * (a * b - 1), a * (a * c - 1)])
        a, b, c = np.array([a, b, c]) - 3 / number * rates[:, None] * slopes
    # Chattering stays within some steps of size 5e-4 of the surfaces, along which errors add up.
    np.testing.assert_allclose(result.final_states.T, [a, b, c], atol=0.01)


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_an_absolute_value_in_the_loss_holds_at_zero_what_is_pulled_by_less(start, pull):
    flow = GradientFlow((A - Y) ** 2 / 2 + sympy.Abs(A), {A: 1})
    result = integrate(flow, {A: start}, 30.0, {Y: pull}).raise_for_status()
    assert result.final("a") == pytest.approx(np.sign(pull) * max(abs(pull) - 1, 0), abs=1e-5)
    if abs(pull) < 0.99:
        assert result.final("a") == 0


def test_what_slides_is_released_when_the_pull_exceeds_the_friction():
    flow = compile_flow({A: T - A - sympy.sign(A)}, time=T)
    times = np.array([0, 0.2, 0.5, 1.0, 1.5, 3.0])
    result = integrate(flow, {A: 0.1}, times).raise_for_status()
    assert np.array_equal(result["a"][2:4], [0, 0])
    after = times[3:]
    # After t = 1: a' = t - 1 - a.
    np.testing.assert_allclose(result["a"][3:], after - 2 + np.exp(1 - after), atol=1e-5)


def test_a_jump_without_a_name_for_its_sign():
    result = integrate(
        {A: 1 - 3 * sympy.Heaviside(A - B), B: 0}, {A: [0.0, 2.0], B: 1.0}, [0, 0.5, 4]
    ).raise_for_status()
    np.testing.assert_allclose(result["a"], [[0, 0.5, 1], [2, 1, 1]], atol=1e-12)


def test_time_runs_backward_between_surfaces():
    there = integrate(PAIR, {A: 1.0, C: -0.7}, 0.5, {ETA_A: 1, ETA_X: 0.5})
    back = integrate(PAIR, there.final_states, [0.5, 0.0], {ETA_A: 1, ETA_X: 0.5}).raise_for_status()
    np.testing.assert_allclose(back.final_states, [1, -0.7], atol=1e-12)
    crossing = {A: 1, B: sympy.sign(A)}
    result = integrate(crossing, {A: 1.0, B: 0.0}, [0, -3]).raise_for_status()
    np.testing.assert_allclose(result.final_states, [-2, 1], atol=1e-9)


def test_velocities_without_a_jump_have_no_surfaces():
    assert compile_flow({A: -A * sympy.sign(Y)}).switching is None
    assert compile_flow({A: -sympy.Abs(A)}).switching is None
    assert compile_flow(Flow({A: -sympy.sign(A) * A**2})).switching is not None
    # A surface that jumps itself is not followed: the velocity is taken as it stands.
    stuck = integrate({A: -sympy.sign(A + sympy.sign(A))}, {A: 1.0}, 2.0, max_steps=50)
    assert stuck.status == MemberStatus.TOO_MANY_STEPS
