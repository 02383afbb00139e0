"""Sign flows: laws in absolute values, and what Adam makes of them."""

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy import Abs, MatrixSymbol, exp, log, sign, symbols

from geneft_theory.errors import InvalidInput
from geneft_theory.symbolic import Flow, SignFlow

a, b, c, y = symbols("a b c y", real=True)
u, v = symbols("u v")
eta_decoder, eta_encoder = symbols("eta_A eta_x", positive=True)
RATES = {a: eta_decoder, c: eta_encoder}
LAW = Abs(a) / eta_decoder - Abs(c) / eta_encoder


def test_the_pair_moves_at_constant_speed_and_rests_on_the_axes():
    flow = SignFlow((a * c) ** 2 / 2, RATES)
    assert isinstance(flow, Flow)
    assert flow.equations_of_motion == {a: -eta_decoder * sign(a * c**2), c: -eta_encoder * sign(a**2 * c)}
    assert flow.equations_of_motion[a].subs({a: 1, c: 0}) == 0
    assert flow.fixed_points == [{a: 0}, {c: 0}]


@pytest.mark.parametrize(
    "loss",
    [
        (a * c) ** 2,
        (a * c) ** 2 / (1 + (a * c) ** 2),
        log(1 + exp((a * c) ** 2)),
        (a * c - y) ** 2,
        log(1 + exp(-a * c)),
        a**2 + c**2,
        Abs(a) * c**4,
    ],
)
def test_the_law_of_the_pair_is_found_unaided(loss):
    flow = SignFlow(loss, RATES)
    assert flow.polynomial_invariants(1) == [LAW]
    assert flow.polynomial_invariants(2) == [LAW, LAW**2]
    assert flow.polynomial_invariants(2, products=False) == [LAW]
    assert flow.rate_of_change(LAW) == 0


def test_signed_laws_where_a_gradient_never_changes_sign():
    assert SignFlow(a + 2 * c, RATES).polynomial_invariants(1) == [a / eta_decoder - c / eta_encoder]
    laws = SignFlow(a - c**2, RATES).polynomial_invariants(1)
    assert laws == [a / eta_decoder + Abs(c) / eta_encoder]


def test_one_decoder_and_several_embeddings():
    flow = SignFlow((a * b) ** 2 + (a * c) ** 2, {a: eta_decoder, b: eta_encoder, c: eta_encoder})
    laws = flow.polynomial_invariants(1)
    assert len(laws) == 2
    assert all(flow.rate_of_change(law) == 0 for law in laws)


def test_a_loss_without_a_law_has_none():
    assert SignFlow((a * b - y) ** 2 + (a * c - y) ** 2, {a: 1, b: 1, c: 1}).polynomial_invariants(1) == []


def test_symbols_need_not_be_declared_real_and_matrices_are_taken_entry_by_entry():
    assert SignFlow((u * v) ** 2, {u: 1, v: 2}).polynomial_invariants(1) == [2 * Abs(u) - Abs(v)]
    A = MatrixSymbol("A", 1, 1)
    flow = SignFlow((A * A).applyfunc(lambda own: own**2 * c**2), {A: 1, c: 1})
    assert flow.polynomial_invariants(1) == [Abs(A[0, 0]) - Abs(c)]


sizes = st.floats(0.1, 2)


@given(sizes, sizes, st.sampled_from([-1, 1]), st.sampled_from([-1, 1]), st.integers(1, 20), st.integers(1, 3))
def test_the_law_holds_until_one_is_used_up_and_tells_which(decoder, separation, side, other_side, tenths, power):
    rate = tenths / 10
    flow = SignFlow((a * c) ** (2 * power), {a: sympy.Rational(tenths, 10), c: 1})
    (law,) = flow.polynomial_invariants(1)
    velocity = sympy.lambdify([a, c], list(flow.equations_of_motion.values()))
    value = sympy.lambdify([a, c], law)
    start = point = np.array([side * decoder, other_side * separation])
    step = 1e-3
    for _ in range(int(min(decoder / rate, separation) / step)):
        point = point + step * np.array(velocity(*point), dtype=float)
    assert abs(value(*point) - value(*start)) < 1e-9
    # Within a step of the end, one of the two has less than a step to go: that of the sign of the law.
    assert (value(*start) > 0) == (abs(point[1]) < abs(point[0]) / rate)
    assert min(abs(point[1]), abs(point[0]) / rate) < 1.001 * step


def test_adam_with_small_steps_follows_the_sign_flow():
    start, rates, step, number = np.array([1.1, -0.6]), np.array([2.0, 1.0]), 1e-5, 3000
    flow = SignFlow((a * c) ** 2 / 2, {a: 2, c: 1})
    velocity = sympy.lambdify([a, c], list(flow.equations_of_motion.values()))
    point, mean, square = start.copy(), np.zeros(2), np.zeros(2)
    for count in range(1, number + 1):
        gradient = np.array([point[0] * point[1] ** 2, point[0] ** 2 * point[1]])
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        point = point - step * rates * (mean / (1 - 0.9**count)) / np.sqrt(square / (1 - 0.999**count))
    way = step * number * np.array(velocity(*start), dtype=float)
    # Gradients shrink by 15% on the way, over which Adam's mean of squares remembers a third: it lags by some percent.
    assert np.all(np.abs(point - start - way) < 0.06 * np.abs(way))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SignFlow(a**2, [a]), "rates must be a mapping from trainable symbols, or pairs"),
        (lambda: SignFlow((a * c) ** 2, {a: c**2, c: 1}), "rates must not depend on what is trained"),
        (lambda: SignFlow(a**2, {a: -1}), "rates must be > 0"),
        (lambda: SignFlow(a**2, {a: 1, c: 1}), "loss must depend on every trainable symbol; got one without c"),
        (lambda: SignFlow(a**2, {a: 1}).polynomial_invariants(0), "degree must be an integer >= 1"),
        (
            lambda: SignFlow(
                sum(s**2 for s in symbols("z:40")), dict.fromkeys(symbols("z:40"), 1)
            ).polynomial_invariants(4),
            "degree must leave at most 10000 monomials; got",
        ),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()
