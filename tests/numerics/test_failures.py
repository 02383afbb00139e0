"""Members that cannot be integrated, and input that is refused."""

import numpy as np
import pytest
import sympy

from geneft_theory import InvalidInput
from geneft_theory.numerics import Event, IntegrationError, MemberStatus, integrate
from tests.numerics.systems import DECAY, RATE, X, Y


def test_a_singularity_in_finite_time_fails_its_member_alone():
    starts = np.array([0.5, 2.0, -1.0, 0.0, 4.0])
    result = integrate({X: X**2}, {X: starts}, [0, 0.2, 0.4, 1.0])
    assert result.status.tolist() == [0, MemberStatus.STEP_TOO_SMALL, 0, 0, MemberStatus.STEP_TOO_SMALL]
    assert result.succeeded.tolist() == [True, False, True, True, False]
    np.testing.assert_allclose(result.final_times, [1, 0.5, 1, 1, 0.25], rtol=1e-5)
    exact = starts[:, None] / (1 - starts[:, None] * result.times)
    reached = result.times <= result.final_times[:, None]
    np.testing.assert_allclose(result["x"][reached], exact[reached], rtol=1e-4)
    assert np.isnan(result["x"][~reached]).all()
    with pytest.raises(
        IntegrationError, match=r"^5 members: 3 REACHED_END, 2 STEP_TOO_SMALL; member 1 .*, at time 0\.5:"
    ):
        result.raise_for_status()
    alone = integrate({X: X**2}, {X: starts[0]}, [0, 0.2, 0.4, 1.0])
    assert np.array_equal(alone["x"], result["x"][0])


def test_a_velocity_that_is_not_finite():
    at_once = integrate({X: 1 / X}, {X: [0.0, 1.0]}, 1.0)
    assert at_once.status.tolist() == [MemberStatus.NOT_FINITE, MemberStatus.REACHED_END]
    assert at_once.final_times.tolist() == [0, 1]
    later = integrate({X: -sympy.sqrt(X)}, {X: [1.0, 16.0]}, 3.0)
    assert later.status.tolist() == [MemberStatus.NOT_FINITE, MemberStatus.REACHED_END]
    assert later.final_times[0] == pytest.approx(2, abs=1e-3)
    assert later.final("x")[1] == pytest.approx((4 - 1.5) ** 2, rel=1e-5)
    overflow = integrate({X: X}, {X: 1.0}, 1000.0)
    assert overflow.status == MemberStatus.NOT_FINITE
    assert overflow.final_times == pytest.approx(np.log(np.finfo(float).max), abs=1e-2)
    with pytest.raises(IntegrationError, match=r"^1 member: 1 NOT_FINITE; it failed, at time 709.78"):
        overflow.raise_for_status()


def test_stiff_members_run_out_of_steps_beside_easy_ones():
    result = integrate(DECAY, {X: 1.0}, 1.0, {RATE: [1.0, 1e2, 1e6]}, max_steps=200)
    assert result.status.tolist() == [0, 0, MemberStatus.TOO_MANY_STEPS]
    np.testing.assert_array_less(result.steps + result.rejected_steps, [200, 200, 201])
    assert result.steps[2] + result.rejected_steps[2] == 200
    assert 0 < result.final_times[2] < 1e-3
    np.testing.assert_allclose(result.final("x")[:2], np.exp([-1, -100]), atol=1e-6)
    assert "max_steps" in result.message


def test_every_status_says_what_it_means():
    for status in MemberStatus:
        assert status.meaning
        assert status.succeeded == (status in (MemberStatus.REACHED_END, MemberStatus.STOPPED_BY_EVENT))
    done = integrate(DECAY, {X: np.ones((2, 2))}, 1.0, {RATE: 1.0})
    assert done.message == "4 members: 4 REACHED_END"
    assert done.raise_for_status() is done
    grid = integrate({X: X**2}, {X: [[0.5, 0.1], [0.1, 2.0]]}, 1.0)
    assert "member 1, 1 is the first that failed" in grid.message
    assert integrate(DECAY, {X: []}, 1.0, {RATE: 1.0}).message == "0 members: nothing to do"
    with pytest.raises(InvalidInput, match="variable must be one of x; got 'y'"):
        done["y"]


POSITIVE, WHOLE = sympy.Symbol("eta", positive=True), sympy.Symbol("n", integer=True)
DEFAULT = {"flow": DECAY, "initial": {X: 1.0}, "times": [0.0, 1.0], "parameters": {RATE: 1.0}}

REFUSED = [
    ({"flow": 3}, "flow must be a flow"),
    ({"flow": {}}, "equations_of_motion must map"),
    ({"initial": {Y: 1.0}}, "initial must give x; got y"),
    ({"initial": {X: np.nan}}, "initial x must lie in"),
    ({"initial": {X: "one"}}, "initial x must be a number"),
    ({"initial": 1.0}, r"initial must have shape \(..., 1\); got \(\)"),
    ({"initial": np.ones((3, 2))}, r"initial must have shape \(..., 1\); got \(3, 2\)"),
    (
        {"initial": {X: [1.0, 2.0]}, "parameters": {RATE: [1, 2, 3]}},
        "x .* and rate .* must have shapes that broadcast|broadcast",
    ),
    ({"times": []}, "times must be a number or a one-dimensional"),
    ({"times": [[0.0, 1.0]]}, "times must be a number or a one-dimensional"),
    ({"times": [0.0, 1.0, 1.0]}, "times must be strictly"),
    ({"times": [0.0, 2.0, 1.0]}, "times must be strictly"),
    ({"times": [0.0, np.inf]}, "times must lie in"),
    ({"times": [0.0, 1.0], "start": 0.5}, "times must be strictly"),
    ({"times": [1.0, 2.0], "start": 3}, "times must be strictly"),
    ({"parameters": None}, "parameters must give rate; got none"),
    ({"parameters": {RATE: 1.0, Y: 1.0}}, "parameters must give rate; got rate, y"),
    ({"parameters": {RATE: np.nan}}, "rate must lie in"),
    ({"parameters": [1.0]}, r"parameters must be a mapping; got \[1.0\]"),
    ({"events": [X]}, r"events must be a mapping; got \[x\]"),
    ({"events": {"half": sympy.I * X}}, r"expression of an event must be real and finite; got I\*x"),
    ({"events": {"half": sympy.Matrix([X])}}, "expression of an event must be scalar"),
    ({"events": {"half": object()}}, "expression of an event must be scalar"),
    ({"flow": {X: -POSITIVE * X}, "parameters": {POSITIVE: -1.0}}, r"eta must lie in \(0, inf\); got -1"),
    ({"flow": {X: -POSITIVE * X}, "parameters": {POSITIVE: [1.0, 0.0]}}, r"eta must lie in \(0, inf\); got 0"),
    ({"flow": {POSITIVE: -1}, "initial": {POSITIVE: -1.0}, "parameters": None}, r"initial eta must lie in \(0, inf\)"),
    ({"flow": {X: -WHOLE * X}, "parameters": {WHOLE: 0.5}}, "n must be an integer; got 0.5"),
    ({"events": {"half": X - POSITIVE}, "parameters": {RATE: 1.0, POSITIVE: -1.0}}, r"eta must lie in \(0, inf\)"),
    ({"relative_tolerance": -1e-6}, r"relative_tolerance must lie in \[0, 1\); got -1e-06"),
    ({"relative_tolerance": 1.0}, r"relative_tolerance must lie in \[0, 1\); got 1"),
    ({"absolute_tolerance": 0.0}, r"absolute_tolerance must lie in \(0, inf\); got 0"),
    ({"max_steps": 0}, "max_steps must be an integer >= 1"),
    ({"block_size": 0}, "block_size must be an integer >= 1"),
    ({"events": {"half": X - Y}}, "parameters must give rate, y; got rate"),
    ({"events": {"half": sympy.Eq(X, 1)}}, "expression of an event must be scalar"),
    ({"events": {"half": lambda time, state: np.ones((2, 2))}}, "events must return 1 rows"),
    ({"flow": lambda time, state: [state[0], state[0]], "parameters": None}, "flow must return 1 rows"),
    ({"flow": lambda time, state: np.ones((1, 7)), "parameters": None}, "flow must return 1 rows"),
    ({"flow": lambda time, state: 0 * state, "initial": {}, "parameters": None}, "at least one variable"),
    ({"flow": lambda time, state: 0 * state, "initial": 2.0, "parameters": None}, "initial must have shape"),
]


@pytest.mark.parametrize(("changed", "message"), REFUSED)
def test_bad_input_is_refused(changed, message):
    integrate(**DEFAULT).raise_for_status()
    with pytest.raises(InvalidInput, match=message):
        integrate(**{**DEFAULT, **changed})


def test_a_direction_is_one_of_three():
    with pytest.raises(InvalidInput, match="direction must be one of falling, rising, either; got 'down'"):
        Event(X, direction="down")
    with pytest.raises(InvalidInput, match="terminal must be True or False; got 'yes'"):
        Event(X, terminal="yes")
