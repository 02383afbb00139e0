"""From the loss of two repons to their equations of motion and conserved quantities."""

from __future__ import annotations

from functools import cache

import sympy
from sympy import Eq, Function, MatrixSymbol, Symbol, ZeroMatrix

from geneft_theory.repons.derivations.agreement import agreed, agreed_matrix
from geneft_theory.repons.symbols import (
    X1,
    X2,
    A,
    A_dot,
    B,
    C,
    C_prime,
    X,
    Y,
    Z,
    a,
    a_dot,
    b,
    c,
    c_dot,
    d,
    difference_dot,
    e,
    e_dot,
    eta_A,
    eta_b,
    eta_x,
    n,
    r,
    r_dot,
    x1,
    x2,
    xbar,
    y,
)
from geneft_theory.statements.statement import Step
from geneft_theory.symbolic import Flow, GradientFlow, MatrixGradientFlow

_loss = Symbol("l", nonnegative=True)
_centroid = MatrixSymbol("xbar", d, 1)


@cache
def pair_loss() -> sympy.Expr:
    """Return the loss of two repons with a linear decoder and one target, on the line."""
    return ((a * x1 + b - y) ** 2 + (a * x2 + b - y) ** 2) / 2


@cache
def pair_flow() -> Flow:
    """Return the gradient flow of the pair's loss, in centroid and half-separation."""
    flow = GradientFlow(pair_loss(), {a: eta_A, x1: eta_x, x2: eta_x, b: eta_b})
    return flow.transform({x1: xbar + c, x2: xbar - c})


@cache
def reduced_flow() -> Flow:
    """Return the same on the invariant set where the centroid is 0 and the bias on target."""
    return pair_flow().restrict({xbar: 0, b: y})


@cache
def matrix_flow() -> MatrixGradientFlow:
    """Return the gradient flow of two repons in d dimensions with p outputs."""
    first, second = A * X1 + B - Y, A * X2 + B - Y
    loss = (first.T * first + second.T * second) / 2
    return MatrixGradientFlow(loss, {A: eta_A, X1: eta_x, X2: eta_x, B: eta_b})


def _premises() -> tuple[Step, ...]:
    loss = pair_loss().subs({x1: xbar + c, x2: xbar - c})
    return (
        Step("Two embeddings of one class share a linear decoder and a target.", Eq(_loss, pair_loss())),
        Step("Their centroid is xbar, half their difference c.", Eq(_loss, loss)),
    )


def derive_decoder_motion() -> tuple[Step, ...]:
    """Gradient flow of the loss, restricted to its invariant set."""
    velocity = agreed(-2 * eta_A * a * c**2, reduced_flow().equations_of_motion[a])
    return (
        *_premises(),
        Step("Follow the gradient of the decoder's coefficient.", Eq(a_dot, pair_flow().equations_of_motion[a])),
        Step("The set xbar = 0, b = y is invariant; on it:", Eq(a_dot, velocity)),
    )


def derive_separation_motion() -> tuple[Step, ...]:
    """Gradient flow of the loss; neither centroid nor bias enters."""
    velocity = agreed(-eta_x * a**2 * c, pair_flow().equations_of_motion[c])
    return (
        *_premises(),
        Step(
            "Follow the gradients of the embeddings; bias, target and centroid drop out of their difference.",
            Eq(c_dot, velocity),
        ),
    )


def derive_centroid_error() -> tuple[Step, ...]:
    """How the error at the centroid moves under the full gradient flow."""
    rate = pair_flow().rate_of_change(a * xbar + b - y).subs(b, e + y - a * xbar)
    stated = -2 * eta_A * a * c**2 * xbar - (eta_x * a**2 + 2 * eta_A * xbar**2 + 2 * eta_b) * e
    return (
        *_premises(),
        Step("The error at the centroid.", Eq(e, a * xbar + b - y)),
        Step("Its rate of change: a term that does not vanish with e, and damping.", Eq(e_dot, agreed(stated, rate))),
    )


def derive_invariant() -> tuple[Step, ...]:
    """Look for conserved polynomials of the reduced system."""
    (conserved,) = reduced_flow().polynomial_invariants(2)
    return (
        Step("The reduced system.", derive_decoder_motion()[-1].expression),
        Step("And for the separation.", derive_separation_motion()[-1].expression),
        Step(
            "Up to degree 2 there is one conserved polynomial, found by linear algebra.",
            Eq(C, agreed(a**2 / (2 * eta_A) - c**2 / eta_x, conserved)),
        ),
    )


def derive_general_invariant() -> tuple[Step, ...]:
    """Look for conserved polynomials of the full flow, with any centroid, bias and target."""
    (conserved,) = pair_flow().polynomial_invariants(2)
    stated = a**2 / (2 * eta_A) - c**2 / eta_x - xbar**2 / eta_x
    motion = pair_flow().equations_of_motion
    return (
        *_premises(),
        *(
            Step(f"The full flow of {variable}.", Eq(Symbol(f"d{variable}/dt", real=True), motion[variable]))
            for variable in (a, c, xbar)
        ),
        Step(
            "Up to degree 2 there is one conserved polynomial, whatever bias, target and rates are.",
            Eq(C_prime, agreed(stated, conserved)),
        ),
    )


def derive_common_forcing() -> tuple[Step, ...]:
    """Subtract the equations of motion of two embeddings with the same target."""
    motion = matrix_flow().equations_of_motion
    result = agreed_matrix(-eta_x * A.T * A * (X1 - X2), motion[X1] - motion[X2])
    return (
        Step("Gradient flow of the squared error: the first embedding.", Eq(_velocity("x_1"), motion[X1])),
        Step("The second.", Eq(_velocity("x_2"), motion[X2])),
        Step("Bias and target force both alike and cancel in the difference.", Eq(difference_dot, result)),
    )


def derive_matrix_separation_motion() -> tuple[Step, ...]:
    """Half the difference of the two embeddings' equations of motion."""
    difference = derive_common_forcing()[-1].expression.rhs
    half = difference.subs({X1: _centroid + r, X2: _centroid - r}) / 2
    velocity = agreed_matrix(-eta_x * A.T * A * r, half)
    return (
        *derive_common_forcing(),
        Step("With x_1 = xbar + r and x_2 = xbar - r, half of it.", Eq(r_dot, velocity)),
    )


def derive_matrix_decoder_motion() -> tuple[Step, ...]:
    """Gradient flow of the decoder, in centroid and half-separation, restricted to the invariant set."""
    velocity = matrix_flow().equations_of_motion[A]
    error = A * _centroid + B - Y
    general = -2 * eta_A * (A * r * r.T + error * _centroid.T)
    return (
        Step("Gradient flow of the squared error.", Eq(A_dot, velocity)),
        Step(
            "With x_1 = xbar + r and x_2 = xbar - r:",
            Eq(A_dot, agreed_matrix(general, velocity.subs({X1: _centroid + r, X2: _centroid - r}))),
        ),
        Step("On the invariant set xbar = 0, b = y:", Eq(A_dot, -2 * eta_A * A * r * r.T)),
    )


def derive_any_loss_invariant() -> tuple[Step, ...]:
    """For a loss of the product A X both gradients contain the same matrix, which cancels."""
    loss = Function("L")(A * X)
    flow = GradientFlow(loss, {A: eta_A, X: eta_x})
    conserved = A.T * A / eta_A - X * X.T / eta_x
    if flow.rate_of_change(conserved) != ZeroMatrix(d, d):
        raise AssertionError(f"{conserved} is not conserved")
    motion = flow.equations_of_motion
    return (
        Step("With L' the derivative of the loss by the product A X, by the chain rule:", Eq(A_dot, motion[A])),
        Step("And for the embeddings, the columns of X.", Eq(_velocity("X", n), motion[X])),
        Step("In the rate of change of this matrix the terms cancel, whatever L' is.", Eq(Z, conserved)),
    )


def _velocity(name: str, columns: sympy.Expr = sympy.S.One) -> MatrixSymbol:
    return MatrixSymbol(f"d{name}/dt", d, columns)
