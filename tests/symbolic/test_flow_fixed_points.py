"""Fixed points: sets on which every velocity vanishes."""

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy import MatrixSymbol, cos, exp, log, sin, symbols

from geneft_theory.errors import InvalidInput
from geneft_theory.symbolic import Flow, GradientFlow, SignFlow

a, b, c, x1, x2, y = symbols("a b c x1 x2 y", real=True)
u, v, w = symbols("u v w")
eta = symbols("eta", positive=True)


def points(loss, *variables):
    return GradientFlow(loss, dict.fromkeys(variables, eta)).fixed_points


def test_the_pair_rests_where_either_vanishes():
    assert points((a * c) ** 2, a, c) == [{a: 0}, {c: 0}]
    assert SignFlow((a * c) ** 2, {a: eta, c: eta}).fixed_points == [{a: 0}, {c: 0}]


def test_two_repons_with_a_bias_rest_on_target_together_or_with_a_dead_decoder():
    loss = ((a * x1 + b - y) ** 2 + (a * x2 + b - y) ** 2) / 2
    assert points(loss, a, b, x1, x2) == [{a: 0, b: y}, {b: y - a * x1, x2: x1}]


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ((a * c - y) ** 2, [{a: 0, c: 0}, {c: y / a}]),
        ((a**2 - 1) ** 2 + c**2, [{a: 0, c: 0}, {a: 1, c: 0}, {a: -1, c: 0}]),
        (a**4 + a**2 + c**2, [{a: 0, c: 0}]),
        (exp(-a) * c**2, [{c: 0}]),
        (log(1 + exp(-a)) + c**2, []),
        ((a - c) ** 2, [{c: a}]),
        ((a * c) ** 2 / (a**2 + c**2), [{a: 0}, {c: 0}]),
    ],
)
def test_further_losses(loss, expected):
    found = points(loss, a, c)
    assert {frozenset(point.items()) for point in found} == {frozenset(point.items()) for point in expected}


@given(st.lists(st.tuples(st.integers(-2, 2), st.integers(-2, 2), st.integers(-2, 2)), min_size=2, max_size=3))
def test_a_product_of_planes_is_found_factor_by_factor_and_every_velocity_vanishes_there(planes):
    product = sympy.Mul(*(p * u + q * v + r * w + 1 for p, q, r in planes))
    flow = Flow({u: product, v: u * product, w: (u - v) * product})
    distinct = {sympy.Poly(p * u + q * v + r * w + 1, u, v, w) for p, q, r in planes if (p, q, r) != (0, 0, 0)}
    assert len(flow.fixed_points) == len(distinct)
    for point in flow.fixed_points:
        assert len(point) == 1
        assert all(sympy.expand(speed.subs(point)) == 0 for speed in flow.equations_of_motion.values())


def test_entries_of_matrices():
    A, x = MatrixSymbol("A", 1, 1), MatrixSymbol("x", 1, 1)
    flow = GradientFlow((A * x).T * (A * x), {A: eta, x: eta})
    assert flow.fixed_points == [{A[0, 0]: 0}, {x[0, 0]: 0}]


def test_what_has_no_closed_form_is_refused():
    E = symbols("E0:4", real=True)
    parallelograms = (E[0] + E[2] - 2 * E[1]) ** 2 + (E[1] + E[3] - 2 * E[2]) ** 2
    loss = parallelograms / sum(own**2 for own in E)
    with pytest.raises(InvalidInput, match="flow must have fixed points in closed form; got equations of degrees"):
        points(loss, *E)
    with pytest.raises(InvalidInput, match="flow must have fixed points in closed form; got several unknowns in"):
        _ = Flow({a: exp(a) + sin(a * c), c: cos(a) * exp(c) + log(1 + a**2 + c**2)}).fixed_points
    with pytest.raises(InvalidInput, match="flow must have fixed points in closed form; SymPy finds none of"):
        _ = Flow({a: exp(a) + sin(a) + a}).fixed_points
