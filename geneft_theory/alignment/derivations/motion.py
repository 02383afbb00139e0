"""From the loss of two points to the exact flow of their linearised encoder and decoder."""

from __future__ import annotations

from functools import cache

import sympy
from sympy import Eq, MatrixSymbol, Symbol, Trace, ZeroMatrix, exp

from geneft_theory.alignment.derivations.agreement import agreed, agreed_matrix
from geneft_theory.alignment.symbols import (
    D_h,
    D_y,
    D_y_dot,
    K,
    L,
    X,
    Y,
    dh,
    dh_dot,
    dx,
    dy_target,
    eta_h,
    eta_mean,
    eta_y,
    h,
    h_dot,
    m,
    mean_error,
    n,
    q,
    t,
    w,
    y,
    y_dot,
    ybar,
    ybar_dot,
    ybar_target,
)
from geneft_theory.statements.statement import Step
from geneft_theory.symbolic import MatrixGradientFlow

dy = MatrixSymbol("dy", m, 1)


def errors() -> tuple[sympy.MatrixExpr, sympy.MatrixExpr]:
    """Return the errors of the outputs at the two points, linearised about their moving midpoint."""
    mean, half = ybar - ybar_target, (D_y * D_h * dx - dy_target) / 2
    return mean - half, mean + half


@cache
def matrix_flow() -> MatrixGradientFlow:
    """Return the gradient flow of encoder, decoder and mean output; 1/tau is 2 eta for the first two."""
    first, second = errors()
    loss = (first.T * first + second.T * second) / 4
    return MatrixGradientFlow(loss, {D_h: 2 * eta_h, D_y: 2 * eta_y, ybar: eta_mean})


@cache
def vector_flow() -> MatrixGradientFlow:
    """Return the flow of dh = D_h dx and of the decoder, which is a gradient flow itself, at the rate 2 eta_h X."""
    error = D_y * dh - dy_target
    return MatrixGradientFlow(error.T * error / 8, {dh: 2 * eta_h * X, D_y: 2 * eta_y})


def separation_motion() -> Eq:
    """Return the velocity of dh."""
    return Eq(dh_dot, -eta_h * X / 2 * D_y.T * (D_y * dh - dy_target))


def decoder_motion() -> Eq:
    """Return the velocity of the decoder."""
    return Eq(D_y_dot, -eta_y / 2 * (D_y * dh - dy_target) * dh.T)


def _premises() -> tuple[Step, ...]:
    first, second = errors()
    return (
        Step(
            "About the midpoint, wherever it moves, encoder and decoder are linear: the representations differ by",
            Eq(dh, D_h * dx),
        ),
        Step("and the errors of the two outputs are", Eq(MatrixSymbol("e_1", m, 1), first)),
        Step("and", Eq(MatrixSymbol("e_2", m, 1), second)),
    )


def derive_separation_motion() -> tuple[Step, ...]:
    """Gradient flow of the encoder, applied to the difference of the inputs."""
    moved = (matrix_flow().equations_of_motion[D_h] * dx).doit()
    stated = -eta_h / 2 * D_y.T * (D_y * D_h * dx - dy_target) * dx.T * dx
    agreed_matrix(stated, moved)
    in_vectors = separation_motion()
    agreed_matrix(in_vectors.rhs, vector_flow().equations_of_motion[dh])
    return (
        *_premises(),
        Step(
            "The encoder follows the gradient of half the mean squared error at the rate 1/tau_h = 2 eta_h:",
            Eq(MatrixSymbol("dD_h/dt", q, n), matrix_flow().equations_of_motion[D_h]),
        ),
        Step("applied to dx, with dx^T dx = X:", in_vectors),
    )


def derive_decoder_motion() -> tuple[Step, ...]:
    """Gradient flow of the decoder."""
    velocity = matrix_flow().equations_of_motion[D_y]
    agreed_matrix(-eta_y / 2 * (D_y * D_h * dx - dy_target) * dx.T * D_h.T, velocity)
    agreed_matrix(decoder_motion().rhs, vector_flow().equations_of_motion[D_y])
    return (
        *_premises(),
        Step("The decoder follows the gradient at the rate 1/tau_y = 2 eta_y:", Eq(D_y_dot, velocity)),
        Step("With dh = D_h dx:", decoder_motion()),
    )


def mean_motion() -> Eq:
    """Return the velocity of the mean output."""
    return Eq(ybar_dot, -eta_mean * (ybar - ybar_target))


def derive_mean_motion() -> tuple[Step, ...]:
    """Gradient flow of the mean output, which neither feels nor moves the rest."""
    velocity = matrix_flow().equations_of_motion[ybar]
    stated = mean_motion()
    agreed_matrix(stated.rhs, velocity)
    return (*_premises(), Step("The mean output follows its own gradient: nothing else appears in it.", stated))


def _state() -> dict[sympy.Expr, sympy.Expr]:
    """Return what h, y and w are in vectors."""
    square = Trace(dh.T * D_y.T * D_y * dh)
    return {h: Trace(dh.T * dh), y: square, w: square - Trace(dh.T * D_y.T * dy_target)}


def derive_h() -> tuple[Step, ...]:
    """Differentiate |dh|^2 along the exact flow."""
    rate = vector_flow().rate_of_change(dh.T * dh)
    agreed((-eta_h * X * w).subs(_state()), rate)
    return (
        Step("The flow of the difference.", separation_motion()),
        Step("By the product rule, |dh|^2 changes at the rate", Eq(h_dot, rate)),
        Step("which is, with dy = D_y dh,", Eq(h_dot, -eta_h * X * w)),
    )


def output_motion() -> Eq:
    """Return how |dy|^2 moves, exactly."""
    pulled = Trace(dy.T * D_y * D_y.T * (dy - dy_target))
    return Eq(y_dot, -eta_y * w * h - eta_h * X * pulled)


def derive_y() -> tuple[Step, ...]:
    """Differentiate |dy|^2 along the exact flow: the decoder's Gram matrix stays in it."""
    rate = vector_flow().rate_of_change(dh.T * D_y.T * D_y * dh)
    pulled = Trace(dh.T * D_y.T * D_y * D_y.T * D_y * dh) - Trace(dh.T * D_y.T * D_y * D_y.T * dy_target)
    agreed((-eta_y * w * h).subs(_state()) - eta_h * X * pulled, rate)
    return (
        Step("The flow of the difference.", separation_motion()),
        Step("And of the decoder.", decoder_motion()),
        Step("By the product rule, |dy|^2 changes at the rate", Eq(y_dot, rate)),
        Step("which is, with dy = D_y dh,", output_motion()),
    )


def derive_matrix_invariant() -> tuple[Step, ...]:
    """In the rate of change of the matrix the terms cancel in pairs."""
    conserved = eta_h * D_y.T * D_y - eta_y * D_h * D_h.T
    if matrix_flow().rate_of_change(conserved) != ZeroMatrix(q, q):
        raise AssertionError(f"{conserved} is not conserved")
    motion = matrix_flow().equations_of_motion
    return (
        *_premises(),
        Step("The encoder moves as", Eq(MatrixSymbol("dD_h/dt", q, n), motion[D_h])),
        Step("and the decoder as", Eq(D_y_dot, motion[D_y])),
        Step("In the rate of change of this matrix all terms cancel.", Eq(K, conserved)),
    )


def loss() -> Eq:
    """Return the loss as a function of the state."""
    return Eq(L, mean_error / 2 + (w + (Y - y) / 2) / 4)


def derive_loss() -> tuple[Step, ...]:
    """Expand the squares of the two errors; y - w is the scalar product of dy and dy*."""
    product = Symbol("dy.dy^*", real=True)
    # |mean -+ half|^2, summed: the mixed terms cancel.
    half = (y - 2 * product + Y) / 4
    total = (2 * mean_error + 2 * half) / 4
    stated = loss()
    agreed(stated.rhs, total.subs(product, y - w))
    first, second = errors()
    mean, rest = ybar - ybar_target, D_y * D_h * dx - dy_target
    apart = first.T * first + second.T * second - 2 * mean.T * mean - rest.T * rest / 2
    if apart.doit().expand().doit() != ZeroMatrix(1, 1):
        raise AssertionError("the mixed terms do not cancel")
    return (
        *_premises(),
        Step("Half the mean of the squared errors: mixed terms cancel.", Eq(L, total)),
        Step("With dy . dy* = y - w:", stated),
    )


def loss_trajectory() -> Eq:
    """Return the loss along a trajectory."""
    return Eq(L, (2 * mean_error * exp(-2 * eta_mean * t) + w + (Y - y) / 2) / 4)


def derive_loss_trajectory() -> tuple[Step, ...]:
    """Let the error of the mean decay."""
    decayed = mean_error * exp(-2 * eta_mean * t)
    agreed(-2 * eta_mean * decayed, decayed.diff(t))
    stated = loss_trajectory()
    agreed(stated.rhs, loss().rhs.subs(mean_error, decayed))
    return (
        Step("The loss as a function of the state.", loss()),
        Step("The mean output moves by itself,", derive_mean_motion()[-1].expression),
        Step("so that its squared error decays from M_0 as", decayed),
        Step("Inserted:", stated),
    )
