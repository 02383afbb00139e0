"""The statements on aligning representations, against linear networks that know nothing of them."""

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory import InvalidInput, alignment, catalogue
from geneft_theory.alignment.derivations import closure, motion
from tests.alignment.linear_networks import loss, run, start, state
from tests.alignment.values import stated

RATES = (0.3, 0.5, 0.2)
positive = st.floats(0.05, 5)


def velocities(given, step=1e-5):
    """Return the rates of change of h, y, w along the gradient flow, by a central difference."""
    ahead, behind = (run(given, *RATES, by, 1) for by in (step, -step))
    ends = (np.array(state(*values[:2], *values[3:])[:3]) for values in (ahead, behind))
    return (next(ends) - next(ends)) / (2 * step)


@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize(("outputs", "hidden", "inputs"), [(1, 4, 2), (3, 4, 2), (5, 2, 3)])
def test_the_motion_of_h_is_exact_and_that_of_y_and_w_where_aligned(outputs, hidden, inputs, aligned):
    given = start(outputs, hidden, inputs, seed=outputs, scale=1.0, aligned=aligned)
    encoder, decoder, _, dx, target = given
    h, y, w, X, Y = state(encoder, decoder, dx, target)
    eta_h, eta_y, _ = RATES
    measured = velocities(given)
    assert measured[0] == pytest.approx(stated("motion.h", w=w, eta_h=eta_h, X=X), rel=1e-7)
    values = {"h": h, "y": y, "w": w, "eta_h": eta_h, "eta_y": eta_y, "X": X}
    y_dot = stated("state.y", **values)
    w_dot = stated("state.w", Y=Y, **values)
    assert (measured[1] == pytest.approx(y_dot, rel=1e-7, abs=1e-7)) == aligned
    assert (measured[2] == pytest.approx(w_dot, rel=1e-7, abs=1e-7)) == aligned
    # The exact law holds for both.
    dy = decoder @ encoder @ dx
    exact = -eta_y * w * h - eta_h * X * (dy @ decoder @ decoder.T @ (dy - target))
    assert measured[1] == pytest.approx(exact, rel=1e-7, abs=1e-9)


def test_the_matrix_motions_are_the_gradients():
    given = start(3, 4, 2, seed=7)
    encoder, decoder, mean, dx, target = given
    eta_h, eta_y, eta_mean = RATES
    step = 1e-6
    later = run(given, *RATES, step, 1)
    dh, error = encoder @ dx, decoder @ encoder @ dx - target
    np.testing.assert_allclose((later[0] @ dx - dh) / step, -eta_h / 2 * (dx @ dx) * decoder.T @ error, atol=1e-5)
    np.testing.assert_allclose((later[1] - decoder) / step, -eta_y / 2 * np.outer(error, dh), atol=1e-5)
    np.testing.assert_allclose((later[2] - mean) / step, -eta_mean * mean, atol=1e-5)


@pytest.mark.parametrize("outputs", [1, 3])
def test_the_loss_is_a_function_of_the_state_at_all_times(outputs):
    given = start(outputs, 4, 2, seed=outputs)
    mean_error = float(given[2] @ given[2])
    for time in (0.0, 2.0, 10.0):
        later = run(given, *RATES, time, 400)
        _, y, w, _, Y = state(*later[:2], *later[3:])
        values = {"y": y, "w": w, "Y": Y}
        expected = loss(*later)
        now = float(later[2] @ later[2])
        assert stated("loss", mean_error=now, **values) == pytest.approx(expected, abs=1e-12)
        course = stated("loss.trajectory", mean_error=mean_error, eta_mean=RATES[2], t=time, **values)
        assert course == pytest.approx(expected, abs=1e-9)


def test_what_is_conserved():
    eta_h, eta_y, _ = RATES
    for aligned in (False, True):
        given = start(3, 4, 2, seed=3, aligned=aligned)
        later = run(given, *RATES, 5.0, 2000)

        def matrix(values):
            return eta_h * values[1].T @ values[1] - eta_y * values[0] @ values[0].T

        def number(values):
            h, y, _, X, _ = state(*values[:2], *values[3:])
            return stated("invariant", h=h, y=y, ratio=eta_h / eta_y, X=X)

        np.testing.assert_allclose(matrix(later), matrix(given), atol=1e-10)
        drift = abs(number(later) - number(given))
        assert drift < 1e-9 if aligned else drift > 1e-3


def test_invariants_are_found_and_no_others_are_there():
    assert len(closure.aligned_flow().polynomial_invariants(3)) == 1
    assert closure.regular_flow().polynomial_invariants(2) == []


def test_the_aligned_set_is_one_and_a_piece_of_it_is_none():
    sizes = {motion.dh.shape[0]: 2, motion.dy.shape[0]: 2}
    flow = motion.vector_flow().with_sizes(sizes)
    column = motion.dh.subs(sizes)
    assert len(closure.restricted_flow().variables) == 3
    # dh along an axis does not stay there if the decoder sees another.
    with pytest.raises(InvalidInput, match="invariant set"):
        flow.restrict({column[1, 0]: 0})


@pytest.mark.parametrize("outputs", [1, 5])
def test_on_the_aligned_set_the_three_equations_are_exact(outputs):
    given = start(outputs, 6, 3, seed=20 + outputs, aligned=True)
    h, y, w, X, Y = state(*given[:2], *given[3:])
    for time in (1.0, 10.0, 60.0):
        later = run(given, *RATES, time, 2000)
        expected = state(*later[:2], *later[3:])[:3]
        np.testing.assert_allclose(alignment.trajectory(time, h, y, w, *RATES[:2], X, Y), expected, atol=1e-8)


def regular_state(beta, c, A_high, ratio, X):
    y = stated("regular.y", beta=beta, invariant=A_high, ratio=ratio, X=X)
    return beta**2, y, stated("regular.w", y=y, beta=beta, c=c)


@given(positive, st.floats(1e-3, 5), st.floats(-1, 1), positive, positive, positive, positive)
def test_the_regular_form_moves_as_the_three_equations_do(h, y, cosine, Y, X, eta_h, eta_y):
    w = y - cosine * np.sqrt(y * Y)
    ratio = eta_h / eta_y
    A_high = stated("invariant", h=h, y=y, ratio=ratio, X=X)
    beta, c = np.sqrt(h), (y - w) / np.sqrt(h)
    np.testing.assert_allclose(regular_state(beta, c, A_high, ratio, X), [h, y, w], rtol=1e-9, atol=1e-9)
    beta_dot = stated("regular.beta", beta=beta, c=c, invariant=A_high, eta_h=eta_h, eta_y=eta_y, X=X)
    c_dot = stated("regular.c", beta=beta, c=c, Y=Y, eta_y=eta_y)
    h_dot = stated("state.h", w=w, eta_h=eta_h, X=X)
    rates = {"eta_h": eta_h, "eta_y": eta_y, "X": X}
    y_dot = stated("state.y", w=w, h=h, y=y, **rates)
    w_dot = stated("state.w", w=w, h=h, y=y, Y=Y, **rates)
    scale = 1 + abs(h_dot) + abs(y_dot) + abs(w_dot)
    assert 2 * beta * beta_dot == pytest.approx(h_dot, abs=1e-9 * scale)
    assert y_dot - beta_dot * c - beta * c_dot == pytest.approx(w_dot, abs=1e-9 * scale)


@pytest.mark.parametrize(("cosine", "possible"), [(-1, True), (0, True), (1, True), (1.01, False), (-2, False)])
def test_the_cone_holds_the_states_whose_cosine_is_one(cosine, possible):
    statement = catalogue["alignment.cone"]
    y, Y = sympy.Rational(9, 4), sympy.Integer(4)
    values = {"y": y, "Y": Y, "w": y - sympy.Rational(str(cosine)) * 3}
    numbers = {statement.quantity(name).symbol: value for name, value in values.items()}
    assert bool(statement.expression.subs(numbers)) == possible
