"""What weight decay does to the pair's conserved quantity, and where it leaves the separation."""

from __future__ import annotations

from functools import cache

import sympy
from sympy import Abs, Eq, LambertW, Symbol, exp, log, sign, sqrt

from geneft_theory.repons.derivations.agreement import agreed
from geneft_theory.repons.derivations.pair import derive_invariant, pair_loss
from geneft_theory.repons.symbols import (
    C,
    C_dot,
    C_lambda,
    a,
    a_dot,
    b,
    c,
    c_dot,
    c_infinity,
    eta_A,
    eta_b,
    eta_x,
    kappa,
    lambda_A,
    lambda_x,
    x1,
    x2,
    xbar,
    y,
)
from geneft_theory.statements.statement import Step
from geneft_theory.symbolic import Flow, GradientFlow


@cache
def decaying_flow() -> Flow:
    """Return the pair with weight decay on decoder and embeddings, where the centroid is 0 and the bias on target."""
    decay = {a: lambda_A, x1: lambda_x, x2: lambda_x}
    flow = GradientFlow(pair_loss(), {a: eta_A, x1: eta_x, x2: eta_x, b: eta_b}, weight_decay=decay)
    return flow.transform({x1: xbar + c, x2: xbar - c}).restrict({xbar: 0, b: y})


@cache
def _rate() -> sympy.Expr:
    return sympy.expand(decaying_flow().rate_of_change(derive_invariant()[-1].expression.rhs))


def _motion() -> tuple[Step, ...]:
    motion = decaying_flow().equations_of_motion
    return (
        Step("Add lambda_A a^2/2 + lambda_x (x_1^2 + x_2^2)/2 to the loss. The decoder:", Eq(a_dot, motion[a])),
        Step("The separation.", Eq(c_dot, motion[c])),
    )


def derive_invariant_rate() -> tuple[Step, ...]:
    """Differentiate C along the flow with weight decay."""
    return (*_motion(), Step("C is no longer conserved.", Eq(C_dot, _rate())))


def derive_equal_decay() -> tuple[Step, ...]:
    """Give both the same rate of decay."""
    rate = _rate().subs({lambda_A: kappa / eta_A, lambda_x: kappa / eta_x})
    invariant = derive_invariant()[-1].expression
    factor = sympy.cancel(rate / invariant.rhs)
    return (
        *derive_invariant_rate(),
        Step("With eta_A lambda_A = eta_x lambda_x = kappa:", Eq(C_dot, sympy.expand(rate))),
        Step("A multiple of C itself, so that C keeps its sign.", Eq(C_dot, factor * C)),
    )


@cache
def _one_sided() -> Flow:
    motion = decaying_flow().equations_of_motion
    return Flow({variable: velocity.subs(lambda_x, 0) for variable, velocity in motion.items()})


def derive_decoder_decay_invariant() -> tuple[Step, ...]:
    """With weight decay on the decoder alone, a logarithm makes up for what C loses."""
    weight = Symbol("w", real=True)
    lost = _rate().subs(lambda_x, 0)
    # d log|c|/dt is the velocity of c over c, without the derivative of |c|.
    gained = sympy.cancel(_one_sided().equations_of_motion[c] / c)
    (solution,) = sympy.solve(lost + weight * gained, weight)
    result = derive_invariant()[-1].expression.rhs + solution * log(Abs(c))
    return (
        *derive_invariant_rate(),
        Step("Without decay of the embeddings:", Eq(C_dot, lost)),
        Step("The logarithm of the separation falls alike.", Eq(Symbol("dlog|c|/dt", real=True), gained)),
        Step("So this is conserved.", Eq(C_lambda, result)),
    )


def derive_separation_left() -> tuple[Step, ...]:
    """Equate the conserved quantity at the start with that at the end, where a = 0."""
    square = Symbol("u_oo", positive=True)
    start = C - lambda_A * log(c**2) / (2 * eta_x)
    end = -square / eta_x - lambda_A * log(square) / (2 * eta_x)
    argument = 2 * c**2 / lambda_A * exp(-2 * eta_x * C / lambda_A)
    # With u_oo = W lambda_A/2 the two agree for one C only, at which W exp(W) must be the argument.
    positive = {lambda_A: Symbol("lambda_A", positive=True), c: Symbol("c", positive=True)}
    omega = Symbol("W", positive=True)
    balance = (end.subs(square, lambda_A / 2 * omega) - start).subs(positive)
    (matching,) = sympy.solve(balance, C)
    agreed(omega * exp(omega), argument.subs(positive).subs(C, matching))
    result = sign(c) * sqrt(lambda_A * LambertW(argument) / 2)
    return (
        *derive_decoder_decay_invariant(),
        Step("The decoder decays to 0; with u_oo = c_oo^2 the conserved quantity says", Eq(end, start)),
        Step("Solved by Lambert's W, the inverse of W exp(W).", Eq(c_infinity, result)),
    )
