"""Gradient flows: what may be trained, and how a loss may be written."""

import copy

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy import Function, ImmutableMatrix, IndexedBase, Matrix, MatrixSymbol, Sum, Trace, log, oo, symbols, tanh

from geneft_theory.errors import InvalidInput
from geneft_theory.symbolic import Flow, GradientFlow, MatrixGradientFlow

a, b, c, y = symbols("a b c y", real=True)
u, v, k = symbols("u v k")
i, N = symbols("i N", integer=True, positive=True)
eta_decoder, eta_encoder = symbols("eta_A eta_x", positive=True)


def test_each_symbol_descends_at_its_own_rate():
    flow = GradientFlow((a * c - y) ** 2 / 2, {a: eta_decoder, c: eta_encoder / N})
    assert flow.equations_of_motion == {
        a: -eta_decoder * c * (a * c - y),
        c: -eta_encoder / N * a * (a * c - y),
    }
    assert flow.parameters == (N, eta_decoder, eta_encoder, y)
    assert flow.loss == (a * c - y) ** 2 / 2
    assert isinstance(flow, Flow)


@given(st.tuples(*[st.integers(-3, 3)] * 4))
def test_the_loss_decreases_at_the_weighted_square_of_its_gradient(numbers):
    p, q, r, s = numbers
    loss = (p * a * c + q * a + b + c - r) ** 2 + (1 + s**2) * a**2
    rates = {a: eta_decoder, b: 3, c: eta_encoder}
    decrease = sum(rate * loss.diff(name) ** 2 for name, rate in rates.items())
    assert sympy.expand(GradientFlow(loss, rates).rate_of_change(loss) + decrease) == 0


def test_the_flow_is_the_limit_of_gradient_descent():
    loss = (a * tanh(c) - 1) ** 2
    flow = GradientFlow(loss, {a: 2, c: 1})
    velocity = sympy.lambdify([a, c], list(flow.equations_of_motion.values()))
    value = sympy.lambdify([a, c], loss)
    point, step = np.array([0.7, -0.4]), 1e-6
    slopes = [(value(*(point + step * e)) - value(*(point - step * e))) / (2 * step) for e in np.eye(2)]
    np.testing.assert_allclose(velocity(*point), -np.array([2, 1]) * slopes, rtol=1e-8)


A, X, Y = MatrixSymbol("A", 2, 2), MatrixSymbol("X", 2, 3), MatrixSymbol("Y", 2, 3)
entries = dict(zip([*A, *X, *Y], symbols("A:4 X:6 Y:6", real=True), strict=True))
A_, X_, Y_ = (own.as_explicit().xreplace(entries) for own in (A, X, Y))
residual = A * X - Y


def by_entries(flow):
    return {entries.get(name, name): speed.xreplace(entries) for name, speed in flow.equations_of_motion.items()}


@pytest.mark.parametrize(
    "loss",
    [
        Trace(residual.T * residual) / 2,
        Trace(residual * residual.T) / 2,
        Sum(Trace((A * X[:, i] - Y[:, i]).T * (A * X[:, i] - Y[:, i])), (i, 0, 2)) / 2,
        Sum((A * X[:, i] - Y[:, i]).T * (A * X[:, i] - Y[:, i]), (i, 0, 2)) / 2,
        Sum(sum((A * X - Y)[j, i] ** 2 for j in range(2)), (i, 0, 2)) / 2,
        sum(own**2 for own in residual.as_explicit()) / 2,
    ],
)
def test_a_loss_of_matrices_however_written_is_that_of_its_entries(loss):
    flow = GradientFlow(loss, {A: eta_decoder, X: eta_encoder})
    plain = sum(own**2 for own in A_ * X_ - Y_) / 2
    rates = {**dict.fromkeys(A_, eta_decoder), **dict.fromkeys(X_, eta_encoder)}
    expected = {name: -rate * plain.diff(name) for name, rate in rates.items()}
    found = by_entries(flow)
    assert list(found) == list(expected)
    assert all(sympy.expand(found[name] - expected[name]) == 0 for name in expected)
    assert set(flow.parameters) == {eta_decoder, eta_encoder, *Y}


def test_explicit_matrices_of_symbols_are_trained_entry_by_entry():
    weights, inputs = Matrix(2, 2, symbols("w:4")), Matrix(2, 1, symbols("x:2"))
    loss = (weights * inputs).T * (weights * inputs)
    by_mapping = GradientFlow(loss, {ImmutableMatrix(weights): eta_decoder, ImmutableMatrix(inputs): eta_encoder})
    by_pairs = GradientFlow(loss, [(weights, eta_decoder), (inputs, eta_encoder)], [(weights, 0)])
    assert by_mapping.variables == (*weights, *inputs)
    assert by_mapping.equations_of_motion == by_pairs.equations_of_motion


def test_traces_determinants_and_elementwise_functions_have_entries():
    square = GradientFlow(Trace(A) ** 2 + sympy.Determinant(A), {A: 1})
    same = GradientFlow((A[0, 0] + A[1, 1]) ** 2 + A[0, 0] * A[1, 1] - A[0, 1] * A[1, 0], {A: 1})
    assert square.equations_of_motion == same.equations_of_motion
    x = MatrixSymbol("x", 2, 1)
    network = GradientFlow((A * x).applyfunc(tanh).T * x, {A: 1})
    slope = 1 - tanh(A[0, 0] * x[0, 0] + A[0, 1] * x[1, 0]) ** 2
    assert sympy.expand(network.equations_of_motion[A[0, 1]] + slope * x[0, 0] * x[1, 0]) == 0


def test_indexed_symbols_under_a_sum_are_trained_where_they_occur():
    x, target = IndexedBase("x"), IndexedBase("y")
    flow = GradientFlow(Sum((a * x[i] + b - target[i]) ** 2, (i, 1, 3)) / 2, {a: 1, b: 1, x: eta_encoder})
    assert flow.variables == (a, b, x[1], x[2], x[3])
    assert sympy.expand(flow.equations_of_motion[x[2]] + eta_encoder * a * (a * x[2] + b - target[2])) == 0
    assert flow.parameters == (eta_encoder, target[1], target[2], target[3])
    (law,) = flow.polynomial_invariants(2)
    assert sympy.expand(law - (a**2 - sum(x[own] ** 2 for own in (1, 2, 3)) / eta_encoder)) == 0


def test_a_sum_over_a_symbolic_number_of_samples_is_kept_for_scalars():
    x, target = IndexedBase("x"), IndexedBase("y")
    loss = Sum((a * c * x[i] - target[i]) ** 2, (i, 1, N)) / (2 * N)
    flow = GradientFlow(loss, {a: eta_decoder, c: eta_encoder})
    assert flow.rate_of_change(a**2 / eta_decoder - c**2 / eta_encoder) == 0
    assert flow.polynomial_invariants(2) == [a**2 / eta_decoder - c**2 / eta_encoder]
    with pytest.raises(InvalidInput, match="rates must have integer indices everywhere"):
        GradientFlow(loss, {x: 1})
    with pytest.raises(InvalidInput, match="loss must have x at integer indices only"):
        GradientFlow(loss + x[1], {x[1]: 1})


def test_a_symbol_that_is_not_declared_real_is_trained_as_a_real_one():
    assert GradientFlow(sympy.Abs(u) * v**2, {u: 1, v: 1}).equations_of_motion == {
        u: -(v**2) * sympy.sign(u),
        v: -2 * v * sympy.Abs(u),
    }


def test_weight_decay_pulls_to_zero():
    plain = GradientFlow((a * c) ** 2, {a: eta_decoder, c: eta_encoder})
    decayed = GradientFlow((a * c) ** 2, {a: eta_decoder, c: eta_encoder}, {a: k})
    difference = {name: decayed.equations_of_motion[name] - plain.equations_of_motion[name] for name in (a, c)}
    assert {name: sympy.expand(own) for name, own in difference.items()} == {a: -eta_decoder * k * a, c: 0}
    matrices = GradientFlow(Trace(A), {A: 2}, {A: k}).equations_of_motion
    assert sympy.expand(matrices[A[0, 1]] + 2 * k * A[0, 1]) == 0
    assert sympy.expand(matrices[A[0, 0]] + 2 + 2 * k * A[0, 0]) == 0


def test_decay_in_the_ratio_of_the_rates_lets_the_invariant_decay():
    flow = GradientFlow((a * c - y) ** 2, {a: eta_decoder, c: eta_encoder}, {a: k / eta_decoder, c: k / eta_encoder})
    law = a**2 / eta_decoder - c**2 / eta_encoder
    assert sympy.expand(flow.rate_of_change(law) + 2 * k * law) == 0
    assert flow.polynomial_invariants(4) == []


def test_symbolic_shapes_give_a_flow_of_whole_matrices():
    W = MatrixSymbol("W", N, N)
    assert isinstance(GradientFlow(Trace(W.T * W), {W: 1}), MatrixGradientFlow)


def test_a_flow_can_be_copied():
    flow = GradientFlow((a * c) ** 2, {a: eta_decoder, c: eta_encoder})
    assert copy.deepcopy(flow).equations_of_motion == flow.equations_of_motion
    assert repr(flow).startswith("GradientFlow({a: ")


L = Function("L")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: GradientFlow(a**2, {a: 1, c: 1}), "loss must depend on every trainable symbol; got one without c"),
        (lambda: GradientFlow((a + c) ** 2 - a**2 - 2 * a * c, {a: 1, c: 1}), "got one without a"),
        (lambda: GradientFlow(Trace(A), {A: 1, X: 1}), "got one without X"),
        (lambda: GradientFlow(a**2, {IndexedBase("x"): 1}), "got one without x"),
        (lambda: GradientFlow(a**2, {a: -1}), "rates must be > 0; got -1 for a"),
        (lambda: GradientFlow(a**2, {a: 0}), "rates must be > 0; got 0 for a"),
        (lambda: GradientFlow(a**2, {a: -eta_encoder}), "rates must be > 0"),
        (lambda: GradientFlow(a**2, {a: float("nan")}), "rates must be > 0"),
        (lambda: GradientFlow(a**2, {a: oo}), "rates must be > 0"),
        (lambda: GradientFlow(a**2, {a: "eta"}), "rates must be a SymPy expression"),
        (lambda: GradientFlow(a**2, [a]), "rates must be a mapping from trainable symbols, or pairs; got"),
        (lambda: GradientFlow(a**2, 1), "rates must be a mapping from trainable symbols, or pairs; got 1"),
        (lambda: GradientFlow(a**2, [(a, 1, 2)]), "rates must be a mapping from trainable symbols, or pairs"),
        (lambda: GradientFlow(a**2, {a: 1}, [a]), "weight_decay must be a mapping from trainable symbols, or pairs"),
        (lambda: GradientFlow((a * c) ** 2, {a: c**2, c: 1}), "rates must not depend on what is trained; got c in a's"),
        (
            lambda: GradientFlow((a * c) ** 2, {a: 1, c: 1}, {a: c**2}),
            "weight_decay must not depend on what is trained",
        ),
        (lambda: GradientFlow(sympy.I * a, {a: 1}), r"loss must be real and finite; got I\*a"),
        (lambda: GradientFlow(sympy.nan * a, {a: 1}), "loss must be real and finite; got nan"),
        (lambda: GradientFlow(a**2, {}), "rates must name at least one trainable symbol"),
        (lambda: GradientFlow(a**2, {a**2: 1}), r"rates must be given for symbols; got a\*\*2"),
        (lambda: GradientFlow(a**2, [(a, 1), (Matrix([[a]]), 1)]), "rates must name each trainable symbol once"),
        (lambda: GradientFlow(Matrix([a, a]), {a: 1}), r"loss must be a scalar; got a matrix of shape \(2, 1\)"),
        (lambda: GradientFlow("a**2", {a: 1}), "loss must be a SymPy expression; got 'a"),
        (lambda: GradientFlow(a > 0, {a: 1}), "loss must be a SymPy expression"),
        (lambda: GradientFlow(a**2, {a: 1}, {a: -1}), "weight_decay must be >= 0; got -1 for a"),
        (lambda: GradientFlow(a**2, {a: 1}, {c: 1}), "weight_decay must be given for trainable symbols; got c"),
        (lambda: GradientFlow(log(a), {a: 1}).polynomial_invariants(0), "degree must be an integer >= 1; got 0"),
        (lambda: GradientFlow(L(*A), {A: 1}).polynomial_invariants(40), "at most 10000 monomials; got 135750"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()
