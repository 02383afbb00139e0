"""Flows of whole matrices of any shape, against the same flows entry by entry."""

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy import Function, MatrixSymbol, Trace, ZeroMatrix, exp, symbols

from geneft_theory.errors import InvalidInput
from geneft_theory.symbolic import GradientFlow, MatrixGradientFlow
from geneft_theory.symbolic.entries import explicit
from geneft_theory.symbolic.words import as_matrix, scalar, words

p, d, n, N = symbols("p d n N", integer=True, positive=True)
k, y = symbols("k y", real=True)
eta_decoder, eta_encoder = symbols("eta_A eta_x", positive=True)
A, X, Y = MatrixSymbol("A", p, d), MatrixSymbol("X", d, n), MatrixSymbol("Y", p, n)
r, s, H, B = MatrixSymbol("r", d, 1), MatrixSymbol("s", d, 1), MatrixSymbol("H", p, p), MatrixSymbol("B", d, d)
L = Function("L")
SIZES = {p: 2, d: 2, n: 3}


def test_two_repons_in_many_dimensions():
    flow = GradientFlow(r.T * A.T * A * r, {A: eta_decoder, r: eta_encoder / 2})
    assert isinstance(flow, MatrixGradientFlow)
    assert flow.variables == (A, r)
    assert flow.parameters == (eta_decoder, eta_encoder)
    assert flow.equations_of_motion == {A: -2 * eta_decoder * A * r * r.T, r: -eta_encoder * A.T * A * r}
    law = A.T * A / (2 * eta_decoder) - r * r.T / eta_encoder
    assert flow.rate_of_change(law) == ZeroMatrix(d, d)
    assert flow.rate_of_change(Trace(law)) == 0
    assert flow.rate_of_change(law * law) == ZeroMatrix(d, d)
    assert flow.rate_of_change(r * r.T) != ZeroMatrix(d, d)


@pytest.mark.parametrize(
    "loss",
    [
        Trace((A * X - Y).T * (A * X - Y)) / 2,
        Trace((A * X - Y) * (A * X - Y).T * H),
        exp(Trace(A * X * Y.T)) + Trace(A * X * X.T * A.T) ** 2,
        L(A * X),
        k * L(A * X) + L(A * X, 2 * A * X * Y.T),
    ],
)
def test_a_product_under_any_loss_conserves_a_whole_matrix(loss):
    flow = GradientFlow(loss, {A: eta_decoder, X: eta_encoder})
    assert flow.rate_of_change(A.T * A / eta_decoder - X * X.T / eta_encoder) == ZeroMatrix(d, d)
    assert flow.rate_of_change(A.T * A) != ZeroMatrix(d, d)


def test_a_hessian_that_changes_in_time_may_stand_between():
    flow = GradientFlow(r.T * A.T * (H + H.T) * A * r / 2, {A: eta_decoder, r: eta_encoder / 2})
    law = A.T * A / (2 * eta_decoder) - r * r.T / eta_encoder
    assert flow.rate_of_change(law) == ZeroMatrix(d, d)


def test_two_layers_and_data():
    W1, W2 = MatrixSymbol("W_1", d, n), MatrixSymbol("W_2", p, d)
    inputs, targets = MatrixSymbol("D", n, N), MatrixSymbol("T", p, N)
    error = W2 * W1 * inputs - targets
    flow = GradientFlow(Trace(error.T * error) / (2 * N), {W1: eta_encoder, W2: eta_decoder})
    law = W2.T * W2 / eta_decoder - W1 * W1.T / eta_encoder
    assert flow.rate_of_change(law) == ZeroMatrix(d, d)


LOSSES = [
    Trace((A * X - Y).T * (A * X - Y)) / 2,
    Trace(A * X * Y.T) ** 2 + k * Trace(B * X * X.T),
    r.T * A.T * A * r + exp(1) * r.T * r,
    exp(Trace(A * A.T)) * Trace(A.T * H * A),
    Trace((A * B * A.T) ** 2) + Trace(A * A.T),
    L(A * X + Y),
]


@pytest.mark.parametrize(("loss", "decay"), list(zip(LOSSES, [0, k, 0, k, 0, 0], strict=True)))
def test_equations_of_motion_agree_with_those_of_the_entries(loss, decay):
    trained = [own for own in (A, X, r) if loss.has(own)]
    rates = dict(zip(trained, (eta_decoder, eta_encoder), strict=False))
    flow = MatrixGradientFlow(loss, rates, {trained[0]: decay})
    entries = flow.with_sizes(SIZES)
    assert isinstance(entries, GradientFlow)
    if loss.atoms(sympy.core.function.AppliedUndef):
        # The derivative of an unknown loss has a name here, and is a derivative there.
        assert len(entries.variables) == sum(own.subs(SIZES).shape[0] * own.subs(SIZES).shape[1] for own in trained)
        return
    for matrix, velocity in flow.equations_of_motion.items():
        names, speeds = matrix.subs(SIZES), explicit(velocity.subs(SIZES))
        for place in [(row, column) for row in range(names.shape[0]) for column in range(names.shape[1])]:
            expected = entries.equations_of_motion[names[place]]
            assert sympy.expand(speeds[place] - expected) == 0


letters = st.sampled_from([B, B.T, X * X.T, r * s.T, A.T * A, s * r.T])
products = st.lists(letters, min_size=1, max_size=3).map(lambda own: sympy.MatMul(*own))


@given(st.lists(st.tuples(st.integers(-2, 2), products), min_size=1, max_size=3), st.integers(0, 10**6))
def test_rates_of_change_agree_with_those_of_the_entries(terms, seed):
    expression = sympy.MatAdd(*(weight * own for weight, own in terms)).doit()
    flow = MatrixGradientFlow(Trace(A * X * X.T * A.T) + Trace(r.T * B * r), {A: 1, X: 3, r: 2})
    sizes = {p: 1, d: 2, n: 1}
    fixed = [own.subs(sizes) for own in (A, B, X, r, s)]
    generator, time = np.random.default_rng(seed), sympy.Dummy()
    point = {own: sympy.ImmutableMatrix(generator.integers(-5, 6, size=own.shape).tolist()) for own in fixed}
    entries = {name[place]: value[place] for name, value in point.items() for place in np.ndindex(value.shape)}
    motion = flow.with_sizes(sizes).equations_of_motion

    def speed(name):
        return motion[name].xreplace(entries) if name in motion else 0

    moving = {
        own: sympy.ImmutableMatrix(
            *own.shape, lambda *place, own=own, value=value: value[place] + time * speed(own[place])
        )
        for own, value in point.items()
    }

    def at(own, values):
        written = own.subs(sizes).xreplace(values)
        return written.doit().as_explicit() if own.is_Matrix else written.doit()

    expected = at(expression, moving).diff(time).subs(time, 0)
    assert at(flow.rate_of_change(expression), point) == expected
    assert at(flow.rate_of_change(Trace(expression)), point) == expected.trace()


def test_words_have_one_form():
    assert as_matrix(words((A * X).T - X.T * A.T), (n, p)) == ZeroMatrix(n, p)
    assert as_matrix(words(r * r.T * s * s.T - (r.T * s) * r * s.T), (d, d)) == ZeroMatrix(d, d)
    assert scalar(Trace(B * A.T * A) - Trace(A.T * A * B.T)) == 0
    assert scalar(Trace(A * r * r.T * A.T)) == scalar(r.T * A.T * A * r)
    assert scalar(r.T * B * s - s.T * B.T * r) == 0
    assert scalar(Trace(sympy.Identity(d) * 3)) == 3 * d
    assert as_matrix(words(B**2 - B * B), (d, d)) == ZeroMatrix(d, d)


def test_what_it_looks_like():
    flow = MatrixGradientFlow(Trace(B.T * B), {B: 1})
    assert repr(flow) == "MatrixGradientFlow({B: -2*B})"
    assert flow.latex().count("&=") == 1
    assert flow._repr_latex_().startswith("$")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: GradientFlow(Trace(B), {B: 0}), "rates must be > 0; got 0 for B"),
        (lambda: GradientFlow(Trace(B), {B: 1, X: 1}), "loss must depend on every trainable symbol; got one without X"),
        (
            lambda: GradientFlow(k * Trace(B), {B: 1, k: 1}),
            "rates must be of matrix symbols if one has no integer shape",
        ),
        (lambda: GradientFlow(A * X, {A: 1}), r"expression must be a scalar; got A\*X of shape"),
        (
            lambda: GradientFlow(Trace(B.inv()), {B: 1}),
            "expression must be built of sums, products, transposes and traces",
        ),
        (lambda: GradientFlow(L(B) ** 2, {B: 1}), "expression must be linear in undefined functions of matrices"),
        (lambda: GradientFlow("Trace(B)", {B: 1}), "loss must be a SymPy expression"),
        (lambda: GradientFlow(Trace(B), {B: 1}, {B: -1}), "weight_decay must be >= 0"),
        (lambda: GradientFlow(Trace(B), {B: 1}, {X: 1}), "weight_decay must be given for trainable symbols; got X"),
        (lambda: GradientFlow(Trace(B), {B: 1}).jacobian, "flow must be of matrices of integer shape to have jacobian"),
        (lambda: GradientFlow(Trace(B), {B: 1}).fixed_points, "flow must be of matrices of integer shape"),
        (lambda: GradientFlow(Trace(B), {B: 1}).polynomial_invariants(2), "to have polynomial_invariants"),
        (lambda: GradientFlow(Trace(B), {B: 1}).restrict({B: 0}), "to have restrict"),
        (lambda: GradientFlow(Trace(B), {B: 1}).transform({B: B}), "to have transform"),
        (lambda: GradientFlow(Trace(B), {B: 1}).rate_of_change("B"), "expression must be a SymPy expression; got 'B'"),
        (lambda: GradientFlow(Trace(B), {B: 1}).with_sizes(3), "sizes must be a mapping; got 3"),
        (lambda: GradientFlow(Trace(B), {B: 1}).with_sizes({p: 2}), "sizes must give every dimension an integer"),
        (lambda: GradientFlow(Trace(B), {B: 1}).rate_of_change(sympy.Inverse(B)), "expression must be built of sums"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()
