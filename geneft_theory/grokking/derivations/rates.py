"""How fast: the slowest mode that is not a ground state, in time and in steps."""

from __future__ import annotations

import sympy
from sympy import Eq, Equivalent, Symbol, exp

from geneft_theory.grokking.derivations.structure import agree
from geneft_theory.grokking.symbols import (
    Z_0,
    N,
    amplitude,
    amplitude_t,
    eta,
    g_3,
    gamma_l,
    lambda_3,
    mode,
    n_h,
    nullity,
    other,
    rate,
    t,
    t_h,
)
from geneft_theory.statements.statement import Step


def derive_rate() -> tuple[Step, ...]:
    """H is the second derivative of a quadratic form that is divided by N Z0."""
    x, g = sympy.symbols("x g_3", real=True)
    curvature = (g * x**2 / (N * Z_0)).diff(x, 2)
    return (
        Step("Along an eigenvector of G the loss with Z_0 fixed is", g * x**2 / (N * Z_0)),
        Step("Its second derivative is the eigenvalue of H.", Eq(lambda_3, agree(2 * g / (N * Z_0), curvature))),
        Step("Third, because two vanish: a shift and the ramp k.", Eq(lambda_3, 2 * g_3 / (N * Z_0))),
    )


def derive_ground_states() -> tuple[Step, ...]:
    """Constants and k are zero modes of every training set; without a third one lambda_3 is positive."""
    i, j, m = sympy.symbols("i j m", integer=True)
    n = i + j - m
    agree(sympy.S.Zero, i + j - m - n)
    return (
        Step(
            "A parallelogram's row applied to E_k = 1 gives",
            Eq(sympy.Add(1, 1, -1, -1, evaluate=False), 0, evaluate=False),
        ),
        Step("and to E_k = k, with n = i + j - m,", Eq(sympy.Add(i, j, -m, -n, evaluate=False), 0, evaluate=False)),
        Step("So at least two eigenvalues vanish.", nullity >= 2),
        Step(
            "G is a sum of squares, no eigenvalue is negative: the third is positive or a third zero mode exists.",
            Equivalent(lambda_3 > 0, Eq(nullity, 2)),
        ),
    )


def ratio() -> Eq:
    """Return how the ratio of two amplitudes moves."""
    return Eq(
        amplitude_t[mode] / amplitude_t[other],
        amplitude[mode] / amplitude[other] * exp(-(rate[mode] - rate[other]) * t),
    )


def derive_ratio() -> tuple[Step, ...]:
    """The common factor of the exact solution cancels."""
    first, second, start, other_start, scale = sympy.symbols("lambda_i lambda_j a_i a_j s", positive=True)
    quotient = (scale * start * exp(-first * t)) / (scale * other_start * exp(-second * t))
    agree(start / other_start * exp(-(first - second) * t), quotient)
    return (
        Step("In the exact solution all modes share one factor s(t).", scale * start * exp(-first * t)),
        Step("It cancels in a ratio.", ratio()),
    )


def derive_time() -> tuple[Step, ...]:
    """The time in which the slowest mode falls by a factor e against the ground states."""
    time, value = sympy.symbols("t_h lambda_3", positive=True)
    (found,) = sympy.solve(sympy.log(exp(-value * time)) + 1, time)
    return (
        Step("Against a ground state the slowest mode falls as", exp(-lambda_3 * t)),
        Step("and by a factor e in", Eq(time, found)),
        Step("This is the grokking time.", Eq(t_h, 1 / lambda_3)),
    )


def derive_loss_rate() -> tuple[Step, ...]:
    """The loss is quadratic in the amplitudes that are left."""
    ground, third, value = sympy.symbols("a_2 a_3 lambda", positive=True)
    time = Symbol("t", positive=True)
    share = third**2 * exp(-2 * value * time)
    loss = Z_0 * value / 2 * share / (ground**2 + share)
    limit = sympy.limit(sympy.simplify(-loss.diff(time) / loss), time, sympy.oo)
    return (
        Step("Late, a ground state and the slowest mode are left; the loss is its share of the norm.", loss),
        Step(
            "The rate -d log l/dt tends to twice the amplitude's.",
            Eq(gamma_l, agree(2 * value, limit).subs(value, lambda_3)),
        ),
    )


def derive_steps() -> tuple[Step, ...]:
    """A step of gradient descent is the learning rate's worth of time."""
    steps = Symbol("n", positive=True)
    (found,) = sympy.solve(eta * steps - 1 / Symbol("lambda", positive=True), steps)
    return (
        Step("n steps of learning rate eta take the time", Eq(t, eta * steps)),
        Step("so the grokking time takes", Eq(n_h, found.subs(Symbol("lambda", positive=True), lambda_3))),
    )
