"""Flows: what holds for any right-hand side."""

import pickle

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy import Function, IndexedBase, Matrix, MatrixSymbol, exp, sin, sqrt, symbols, tanh

from geneft_theory.errors import InvalidInput
from geneft_theory.symbolic import Flow, GradientFlow

a, b, c, xbar, x1, x2, y = symbols("a b c xbar x1 x2 y", real=True)
u, v, w, k = symbols("u v w k")
eta_decoder, eta_encoder, eta_bias = symbols("eta_A eta_x eta_b", positive=True)
small = st.integers(-3, 3)


def pair_flow():
    loss = ((a * x1 + b - y) ** 2 + (a * x2 + b - y) ** 2) / 2
    flow = GradientFlow(loss, {a: eta_decoder, b: eta_bias, x1: eta_encoder, x2: eta_encoder})
    return flow.transform({x1: xbar + c, x2: xbar - c})


def same(left, right):
    assert list(left) == list(right)
    assert all(sympy.expand(left[name] - right[name]) == 0 for name in left)


def polynomial(variables):
    powers = st.tuples(*(st.integers(0, 2) for _ in variables))
    terms = st.lists(st.tuples(small, powers), min_size=1, max_size=4)
    return terms.map(
        lambda own: sum(
            (
                number * sympy.Mul(*(name**power for name, power in zip(variables, some, strict=True)))
                for number, some in own
            ),
            sympy.S.Zero,
        )
    )


def test_the_two_repon_loss_in_centroid_and_separation():
    flow = pair_flow()
    error = a * xbar + b - y
    same(
        flow.equations_of_motion,
        {
            a: -2 * eta_decoder * (a * c**2 + error * xbar),
            b: -2 * eta_bias * error,
            c: -eta_encoder * a**2 * c,
            xbar: -eta_encoder * a * error,
        },
    )
    assert flow.parameters == (eta_decoder, eta_bias, eta_encoder, y)


def test_the_centroid_on_target_is_no_invariant_set_but_the_origin_is():
    flow = pair_flow()
    with pytest.raises(
        InvalidInput, match=r"values must define an invariant set; the flow leaves b = .* at rate .*c\*\*2"
    ):
        flow.restrict({b: y - a * xbar})
    assert flow.rate_of_change(a * xbar + b - y).subs(b, y - a * xbar).expand() == -2 * eta_decoder * a * c**2 * xbar
    reduced = flow.restrict({b: y, xbar: 0})
    same(reduced.equations_of_motion, {a: -2 * eta_decoder * c**2 * a, c: -eta_encoder * a**2 * c})


def test_restriction_to_a_curve():
    flow = Flow({u: -u, v: -2 * v, w: u - w})
    restricted = flow.restrict({v: u**2})
    assert restricted.equations_of_motion == {u: -u, w: u - w}
    with pytest.raises(InvalidInput, match="invariant set"):
        flow.restrict({v: u})


@given(st.tuples(small, small, small), polynomial([u, v, w]), polynomial([u, v, w]))
def test_transforming_there_and_back_is_the_identity(entries, first, second):
    p, q, r = entries
    flow = Flow({u: first, v: second, w: u - v * w})
    s, t = symbols("s t")
    # A shear, its inverse known in closed form: u = s + p t + q w^2, v = t + r s + ... with unit determinant.
    there = flow.transform({u: s + p * t + q * w**2, v: r * s + (p * r + 1) * t})
    back = there.transform({s: (p * r + 1) * (u - q * w**2) - p * v, t: v - r * (u - q * w**2)}, new=(u, v))
    same({name: back.equations_of_motion[name] for name in (u, v, w)}, flow.equations_of_motion)


def test_a_new_variable_may_depend_on_one_that_stays():
    flow = Flow({u: -u, v: v})
    moved = flow.transform({v: w - u})
    same(moved.equations_of_motion, {u: -u, w: w - 2 * u})


@given(polynomial([u, v]), polynomial([u, v]), polynomial([u, v]))
def test_rates_of_change_obey_the_product_rule_and_the_jacobian_is_their_derivative(first, second, weight):
    flow = Flow({u: first, v: second})
    square = flow.rate_of_change(weight**2)
    assert sympy.expand(square - 2 * weight * flow.rate_of_change(weight)) == 0
    assert flow.jacobian == Matrix([first, second]).jacobian([u, v])


@given(polynomial([u, v]), polynomial([u, v]))
def test_the_rate_of_change_does_not_depend_on_the_coordinates(first, second):
    flow, s, t = Flow({u: first, v: second}), *symbols("s t")
    moved = flow.transform({u: s + t**3, v: t})
    direct = flow.rate_of_change(u * v).xreplace({u: s + t**3, v: t})
    assert sympy.expand(direct - moved.rate_of_change((s + t**3) * t)) == 0


def test_rates_that_vanish_only_by_an_identity_of_functions():
    flow = Flow({u: v, v: -u})
    assert flow.rate_of_change(sin(u) ** 2 + sympy.cos(u) ** 2) == 0
    assert flow.rate_of_change(tanh(u) - (exp(2 * u) - 1) / (exp(2 * u) + 1)) == 0
    assert flow.rate_of_change(sqrt(u**2 + v**2)) == 0
    assert flow.rate_of_change(Function("f")(u**2 + v**2)) == 0
    assert flow.rate_of_change(exp(u)) == v * exp(u)


def test_absolute_values_of_variables_that_are_not_declared_real():
    assert Flow({u: -u}).rate_of_change(sympy.Abs(u)).subs(u, -3) == -3


def test_matrices_and_indexed_symbols_as_variables():
    A, r, z = MatrixSymbol("A", 2, 2), MatrixSymbol("r", 2, 1), IndexedBase("z")
    flow = Flow({A: -2 * eta_decoder * A * r * r.T, r: -eta_encoder * A.T * A * r})
    assert flow.variables == (A[0, 0], A[0, 1], A[1, 0], A[1, 1], r[0, 0], r[1, 0])
    assert flow.parameters == (eta_decoder, eta_encoder)
    assert flow.rate_of_change(A.T * A / (2 * eta_decoder) - r * r.T / eta_encoder) == sympy.zeros(2, 2)
    assert flow.restrict({A: sympy.zeros(2, 2)}).equations_of_motion == {r[0, 0]: 0, r[1, 0]: 0}
    assert Flow({z[1]: -z[1] * z[2] * k}).parameters == (k, z[2])


def test_what_a_flow_looks_like():
    flow = Flow({a: -2 * eta_decoder * c**2 * a, c: -eta_encoder * a**2 * c})
    assert repr(flow) == "Flow({a: -2*a*c**2*eta_A, c: -a**2*c*eta_x})"
    assert flow.latex().count(r"\frac{d ") == 2
    assert flow._repr_latex_() == f"$\\displaystyle {flow.latex()}$"
    copy = pickle.loads(pickle.dumps(flow))
    assert copy.equations_of_motion == flow.equations_of_motion


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Flow({}), "velocities must give at least one variable; got none"),
        (lambda: Flow({a * c: 1}), r"velocities must be given for symbols; got a\*c"),
        (lambda: Flow({2: 1}), "velocities must be given for symbols; got 2"),
        (lambda: Flow({a: "c"}), "velocities must be a SymPy expression; got 'c'"),
        (lambda: Flow({a: object()}), "velocities must be a SymPy expression"),
        (lambda: Flow({a: Matrix([1, 2])}), "velocities must have the shape of their keys"),
        (lambda: Flow({MatrixSymbol("A", 2, 2): a}), "velocities must have the shape of their keys"),
        (lambda: Flow({MatrixSymbol("A", k, 2): a}), "velocities must be of integer shape"),
        (lambda: Flow({a: c}).restrict({c: 0}), "values must be given for variables; got c"),
        (lambda: Flow({a: 0, c: 0}).restrict({a: c, c: a}), "values must depend on other variables only"),
        (lambda: Flow({a: 0}).restrict({a: 0}), "values must leave at least one variable"),
        (lambda: Flow({a: c}).transform({b: c}), "old must be given for variables; got b"),
        (lambda: Flow({a: 0, c: 0}).transform({a: u}, new=(u, v)), "old must name as many new variables"),
        (lambda: Flow({a: 0, c: 0}).transform({a: u + v, c: 2 * u + 2 * v}), "old must be an invertible map"),
        (lambda: Flow({a: 0, c: 0}).transform({a: u + v}), "old must name as many new variables as it replaces, 1"),
        (lambda: Flow({a: 1 / (a - a)}), "velocities of a must be real and finite; got zoo"),
        (lambda: Flow({a: sympy.nan}), "velocities of a must be real and finite; got nan"),
        (lambda: Flow({a: sympy.I * a}), r"velocities of a must be real and finite; got I\*a"),
        (lambda: Flow([a]), r"velocities must be a mapping; got \[a\]"),
        (lambda: Flow({a: -sympy.Symbol("a")}), "variables and parameters must have different names; got a twice"),
        (lambda: Flow({a: 1, sympy.Symbol("a"): 1}), "variables and parameters must have different names"),
        (lambda: Flow({sympy.Symbol("i", imaginary=True): 1}), "velocities must be given for symbols that can be real"),
        (lambda: Flow({a: 0, c: 0}).restrict([c]), "values must be a mapping"),
        (lambda: Flow({a: 0, c: 0}).restrict({c: sympy.nan}), "values of c must be real and finite; got nan"),
        (lambda: Flow({a: 0, c: 0}).transform({}), "old must be given for at least one variable"),
        (lambda: Flow({a: 0, c: 0}).transform({c: u}, new=3), "new must be SymPy symbols; got 3"),
        (lambda: Flow({a: 0, c: u}).transform({c: u * v}, new=[u]), "old must name as many new variables"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()
