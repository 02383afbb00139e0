"""Solutions beyond the aligned set: one output from any start, and a smaller system for any number of outputs."""

from __future__ import annotations

from functools import cache

import sympy
from sympy import Eq, Matrix, Symbol, ZeroMatrix, exp, expand, sqrt

from geneft_theory.alignment.derivations.agreement import agreed, agreed_matrix
from geneft_theory.alignment.derivations.motion import decoder_motion, separation_motion, vector_flow
from geneft_theory.alignment.symbols import (
    D_0,
    A_high,
    D_y,
    M,
    U_minus,
    U_plus,
    X,
    Y,
    dh,
    dh_dot,
    dy_target,
    eta_h,
    eta_y,
    h,
    h_infinity,
    h_t,
    kappa,
    q,
    q_minus,
    q_plus,
    q_t,
    r,
    s,
    s_t,
    s_target,
    t,
    u,
    u_dot,
)
from geneft_theory.statements.statement import Step
from geneft_theory.symbolic import GradientFlow

# Shorthands: half the rates, with the inputs' distance.
_half_h, _half_y = eta_h * X / 2, eta_y / 2
_mixed = sqrt(_half_h * _half_y)


@cache
def scalar_flow() -> tuple[GradientFlow, Matrix, Matrix]:
    """Return the exact flow of two hidden units and one output, with dh and the decoder as columns."""
    first, second = Matrix(sympy.symbols("dh_1:3", real=True)), Matrix(sympy.symbols("d_1:3", real=True))
    loss = (first.dot(second) - s_target) ** 2 / 8
    rates = dict.fromkeys(first, 2 * eta_h * X) | dict.fromkeys(second, 2 * eta_y)
    return GradientFlow(loss, rates), first, second


def _growing(sign: int) -> sympy.Expr:
    """Return U_+ or U_-, of h, D_0 and s."""
    return _half_y * h + _half_h * D_0 + sign * 2 * _mixed * s


def _check_growth() -> None:
    flow, first, second = scalar_flow()
    values = {h: first.dot(first), D_0: second.dot(second), s: first.dot(second)}
    for sign in (1, -1):
        stated = -sign * 2 * _mixed * (values[s] - s_target) * _growing(sign).subs(values)
        agreed(stated, flow.rate_of_change(_growing(sign).subs(values)))
    if flow.rate_of_change((_half_y * h - _half_h * D_0).subs(values)) != 0:
        raise AssertionError("the difference of the weighted lengths is not conserved")


def roots() -> tuple[sympy.Expr, sympy.Expr]:
    """Return q_+ and q_-."""
    pull = 2 * _mixed * s_target
    return (pull + kappa) / U_plus, (pull - kappa) / U_plus


def course() -> Eq:
    """Return q(t)."""
    start = (1 - q_plus) / (1 - q_minus)
    decay = start * exp(-kappa * t)
    return Eq(q_t, (q_plus - q_minus * decay) / (1 - decay))


def distance() -> Eq:
    """Return h(t)."""
    conserved = _half_y * h - _half_h * D_0
    return Eq(h_t, (U_plus * q_t + U_minus / q_t + 2 * conserved) / (4 * _half_y))


def output() -> Eq:
    """Return the signed difference of the outputs at t."""
    return Eq(s_t, (U_plus * q_t - U_minus / q_t) / (4 * _mixed))


def _premises() -> tuple[Step, ...]:
    _check_growth()
    return (
        Step("With one output the decoder is a vector, and so is dh. Both move along the other:", separation_motion()),
        Step("and", decoder_motion()),
        Step(
            "So U_+, of h, the decoder's squared length D_0 and the difference s of the outputs,",
            Eq(U_plus, _growing(1)),
        ),
        Step(
            "grows at the rate -sqrt(eta_h eta_y X) (s - s*), and this one falls at the same rate:",
            Eq(U_minus, _growing(-1)),
        ),
    )


def derive_course() -> tuple[Step, ...]:
    """A Riccati equation for the factor by which U_+ has grown; the solution is checked by inserting it."""
    plus, minus = roots()
    pull = 2 * _mixed * s_target
    kappa_squared = 4 * _mixed**2 * s_target**2 + U_plus * U_minus
    factored = -U_plus / 2 * (q_t - plus) * (q_t - minus)
    riccati = -2 * _mixed * ((U_plus * q_t - U_minus / q_t) / (4 * _mixed) - s_target) * q_t
    agreed(sympy.S.Zero, sympy.expand(expand(factored - riccati).subs(kappa**2, kappa_squared)))
    _check_course(course().rhs)
    return (
        *_premises(),
        Step(
            "So there is one factor q(t): U_+ is multiplied by it and U_- divided. It obeys",
            Eq(Symbol("dq/dt"), riccati),
        ),
        Step("The right side vanishes at", Eq(q_plus, (pull + kappa) / U_plus)),
        Step("and at", Eq(q_minus, (pull - kappa) / U_plus)),
        Step("with", Eq(kappa**2, kappa_squared)),
        Step("A Riccati equation that starts at 1; inserting its solution checks it.", course()),
    )


def _check_course(found: sympy.Expr) -> None:
    """Insert the solution into dq/dt = -(U_+/2)(q - q_+)(q - q_-) and into the start, q = 1."""
    decay = Symbol("E", positive=True)
    rational = found.subs(exp(-kappa * t), decay)
    gap = U_plus * (q_plus - q_minus) / 2
    # kappa is the gap between the roots, in units of U_+/2; and dE/dt = -kappa E.
    velocity, stated = -gap * decay * rational.diff(decay), -U_plus / 2 * (rational - q_plus) * (rational - q_minus)
    agreed(sympy.S.Zero, sympy.cancel(sympy.together(velocity - stated)))
    agreed(sympy.S.One, sympy.cancel(rational.subs(decay, 1)))
    plus, minus = roots()
    agreed(kappa, U_plus * (plus - minus) / 2)


def derive_distance() -> tuple[Step, ...]:
    """Undo the definitions."""
    both = (U_plus * q_t + U_minus / q_t) / 2
    conserved = _half_y * h - _half_h * D_0
    agreed(h, distance().rhs.subs(q_t, 1).subs({U_plus: _growing(1), U_minus: _growing(-1)}))
    return (
        *_premises(),
        Step("The mean of both is the sum of the weighted squared lengths,", both),
        Step("and their difference is conserved.", conserved),
        Step("Half the sum of both is eta_y h(t)/2.", distance()),
    )


def derive_output() -> tuple[Step, ...]:
    """Undo the definitions."""
    agreed(s, output().rhs.subs(q_t, 1).subs({U_plus: _growing(1), U_minus: _growing(-1)}))
    return (*_premises(), Step("The difference of both has the outputs.", output()))


def final_distance() -> Eq:
    """Return the squared distance in the end for one output and any start."""
    return Eq(h_infinity, A_high / 2 + sqrt(A_high**2 / 4 + r * X * Y + r * X * (h * D_0 - s**2)))


def derive_final_distance() -> tuple[Step, ...]:
    """Q tends to q_+; insert."""
    end = distance().rhs.subs(q_t, roots()[0]).subs(s_target, sqrt(Y))
    product = _growing(1) * _growing(-1)
    kappa_squared = 4 * _mixed**2 * Y + product
    stated = final_distance()
    shared = {A_high: h - r * X * D_0, r: eta_h / eta_y}
    compact = (kappa + _half_y * h - _half_h * D_0) / (2 * _half_y)
    pull = 2 * _mixed * sqrt(Y)
    agreed(
        sympy.S.Zero,
        sympy.simplify((end - compact).subs(U_minus, (kappa**2 - pull**2) / U_plus)),
    )
    radicand = (stated.rhs - A_high / 2) ** 2
    agreed(sympy.S.Zero, (radicand.subs(shared).subs(shared) * (2 * _half_y) ** 2 - kappa_squared))
    return (
        *derive_course()[-1:],
        Step("tends to q_+, and h(t) to", Eq(h_infinity, compact)),
        Step("with", Eq(kappa**2, kappa_squared)),
        Step("In terms of A_high = h - r X D_0, with the decoder's whole length,", stated),
    )


def conserved() -> sympy.MatrixExpr:
    """Return the constant matrix of the reduced system."""
    return 2 / eta_y * D_y.T * D_y - 2 / (eta_h * X) * dh * dh.T


def derive_reduced_invariant() -> tuple[Step, ...]:
    """All terms of its rate of change cancel."""
    if vector_flow().rate_of_change(conserved()) != ZeroMatrix(q, q):
        raise AssertionError("M is not conserved")
    return (
        Step("The flow of the difference,", separation_motion()),
        Step("and of the decoder.", decoder_motion()),
        Step("In the rate of change of this matrix all terms cancel.", Eq(M, conserved())),
    )


def reduced_separation() -> Eq:
    """Return the velocity of dh in the reduced system."""
    square = dh * dh.T
    return Eq(dh_dot, -eta_y / 2 * (eta_h * X / 2 * M + square) * dh + eta_h * X / 2 * u)


def derive_reduced_separation() -> tuple[Step, ...]:
    """Eliminate D_y^T D_y by the constant matrix."""
    velocity = expand(separation_motion().rhs.doit()).subs(D_y.T * dy_target, u).doit()
    agreed_matrix(
        expand(reduced_separation().rhs.subs(M, conserved()).subs(u, D_y.T * dy_target).doit()),
        separation_motion().rhs,
    )
    return (
        *derive_reduced_invariant(),
        Step("The difference moves as, with u = D_y^T dy*,", Eq(dh_dot, velocity)),
        Step("Eliminate D_y^T D_y by M, which is constant.", reduced_separation()),
    )


def reduced_pull() -> Eq:
    """Return the velocity of u."""
    return Eq(u_dot, eta_y / 2 * dh * (dy_target.T * dy_target - dh.T * u))


def derive_reduced_pull() -> tuple[Step, ...]:
    """Multiply the decoder's motion by the target."""
    moved = (decoder_motion().rhs.T.doit() * dy_target).doit()
    agreed_matrix(reduced_pull().rhs.subs(u, D_y.T * dy_target), moved)
    return (
        Step("The decoder moves as", decoder_motion()),
        Step("so that u = D_y^T dy* moves as, with dy*^T dy* = Y,", reduced_pull()),
    )
