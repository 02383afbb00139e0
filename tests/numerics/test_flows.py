"""Equations of motion as functions of rows."""

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory import InvalidInput
from geneft_theory.numerics import compile_flow, integrate
from geneft_theory.symbolic import Flow

A, C, T = sympy.symbols("a c t", real=True)
RATE, POWER = sympy.symbols("rate power", positive=True)
numbers = st.floats(0.1, 3)

EXPRESSIONS = [
    -2 * RATE * A * C**2,
    RATE + sympy.exp(-RATE) * sympy.tanh(RATE * A) - 3 * POWER,
    (A * C - 1) ** 3 / C**2 + (A + 1) ** -5 + A**9,
    A**POWER * sympy.sqrt(C) + sympy.sqrt(2),
    sympy.Piecewise((A * RATE, A > POWER), (C, RATE > 1), (T, True)),
    sympy.Max(0, A - C) * sympy.log(1 + A * RATE) + sympy.sin(T * POWER) ** 2,
    sympy.Integer(3),
    RATE,
    A,
]


@given(numbers, numbers, numbers, numbers, numbers)
def test_velocities_are_what_sympy_says(a, c, rate, power, time):
    values = {A: a, C: c, RATE: rate, POWER: power, T: time}
    for velocity in EXPRESSIONS:
        flow = compile_flow({A: velocity, C: 1}, parameters=[RATE, POWER], time=T)
        expected = float(velocity.subs({symbol: sympy.Float(value, 30) for symbol, value in values.items()}))
        result = flow([a, c], [rate, power], time)
        assert result[0] == pytest.approx(expected, rel=1e-11, abs=1e-12)
        assert result[1] == 1


def test_rows_broadcast_and_parameters_are_sorted_by_name():
    flow = compile_flow({A: RATE * C, C: POWER})
    assert flow.variables == (A, C)
    assert flow.parameters == (POWER, RATE)
    assert flow.time is None
    result = flow(np.ones((2, 3, 1)), [np.arange(1.0, 3.0), 2.0])
    assert result.shape == (2, 3, 2)
    np.testing.assert_array_equal(result[1], np.broadcast_to([1.0, 2.0], (3, 2)))


def test_what_depends_on_parameters_alone_is_computed_apart():
    flow = compile_flow({A: -2 * RATE * sympy.exp(RATE) * A, C: -2 * RATE * sympy.exp(RATE) * C * A})
    assert flow.constants([1.5]) == (-3 * np.exp(1.5),)


def test_a_condition_on_parameters_alone():
    flow = compile_flow({A: -2 * A * RATE * sympy.Piecewise((1, RATE > 1), (3, True))})
    assert flow.constants([0.5]) == (-3.0,)
    np.testing.assert_array_equal(flow.constants([np.array([0.5, 2.0])]), [[-3, -4]])
    result = integrate(flow, {A: 1.0}, 1.0, {RATE: 0.5}).raise_for_status()
    assert result.final("a") == pytest.approx(np.exp(-3), rel=1e-5)


def test_indexed_variables():
    x = sympy.IndexedBase("x")
    flow = compile_flow({x[0]: -x[1], x[1]: RATE * x[0]})
    assert flow.parameters == (RATE,)
    np.testing.assert_array_equal(flow([1.0, 2.0], [3.0]), [-2, 3])


def test_a_flow_is_taken_as_well_as_its_equations():
    flow = Flow({A: -RATE * A})
    assert compile_flow(flow) is compile_flow(flow.equations_of_motion)


def test_the_same_flow_is_compiled_once():
    assert compile_flow({A: -A}) is compile_flow({A: -A})


def test_bad_input_is_refused():
    with pytest.raises(InvalidInput, match="at least one variable"):
        compile_flow({})
    with pytest.raises(InvalidInput, match="got none for rate"):
        compile_flow({A: -RATE * A}, parameters=[])
    with pytest.raises(InvalidInput, match="must not be variables; got a"):
        compile_flow({A: -RATE * A}, parameters=[RATE, A])
    with pytest.raises(InvalidInput, match="must not be variables; got a"):
        compile_flow({A: -RATE * A}, time=A)
    with pytest.raises(InvalidInput, match="velocity of c must be"):
        compile_flow({A: 1, C: sympy.Eq(A, C)})
    with pytest.raises(InvalidInput, match=r"1 and 1 rows; got shape \(2,\) and 1"):
        compile_flow({A: -RATE * A})([1.0, 2.0], [1.0])
    refused = [
        (
            lambda: compile_flow({A: -sympy.Symbol("a")}),
            "variables and parameters must have different names; got a twice",
        ),
        (lambda: compile_flow({A: -RATE * A}, parameters=[RATE, RATE]), "must have different names; got rate twice"),
        (lambda: compile_flow({A: -RATE * A}, parameters=RATE), "parameters must be a sequence of symbols; got rate"),
        (lambda: compile_flow({A: -RATE * A}, parameters=["rate"]), "must be SymPy symbols; got 'rate'"),
        (lambda: compile_flow({"a": A}), "variables must be SymPy symbols; got 'a'"),
        (lambda: compile_flow({A: sympy.I * A}), r"velocity of a must be real and finite; got I\*a"),
        (lambda: compile_flow({A: sympy.nan}), "velocity of a must be real and finite; got nan"),
        (lambda: compile_flow({A: -RATE * A})([1.0], [-1.0]), r"rate must lie in \(0, inf\); got -1"),
        (lambda: compile_flow({A: -RATE * A})(["x"], [1.0]), "state must be a number or an array of numbers"),
        (lambda: compile_flow({A: -RATE * A})([1.0], 1.0), "parameters must be a sequence of rows"),
    ]
    for call, message in refused:
        with pytest.raises(InvalidInput, match=message):
            call()
    with pytest.raises(InvalidInput, match="broadcast"):
        compile_flow({A: -RATE * A})([[1.0, 2.0]], [[1.0, 2.0, 3.0]])
