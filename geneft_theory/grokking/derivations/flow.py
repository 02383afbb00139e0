"""From the effective loss to the motion of embeddings, what it conserves, and its exact solution."""

from __future__ import annotations

from functools import cache

import sympy
from sympy import Eq, MatMul, Matrix, Sum, Symbol, Trace, ZeroMatrix, exp, sqrt

from geneft_theory.grokking.derivations.structure import agree, quotient
from geneft_theory.grokking.symbols import (
    C_0,
    Z_0,
    C_infinity,
    E,
    E_dot,
    G,
    N,
    Z_dot,
    amplitude,
    amplitude_t,
    b_0,
    centre,
    centre_dot,
    ell_eff,
    lambda_i,
    mode,
    mode_dot,
    ones,
    other,
    p,
    rate,
    ratio_dot,
    t,
    zero_mode,
)
from geneft_theory.statements.statement import Step
from geneft_theory.symbolic import Flow, GradientFlow, MatrixGradientFlow


@cache
def flow() -> MatrixGradientFlow:
    """Return the gradient flow of the effective loss, for any number of symbols and dimensions."""
    return MatrixGradientFlow(quotient().rhs, {E: 1})


@cache
def small_flow() -> GradientFlow:
    """Return the same for three symbols on a line and the training set {(0, 2), (1, 1)}, entry by entry."""
    e = sympy.symbols("E_0:3", real=True)
    squares = (e[0] + e[2] - 2 * e[1]) ** 2
    return GradientFlow(squares / sum(entry**2 for entry in e), dict.fromkeys(e, 1))


def named(expression: sympy.Expr) -> sympy.Expr:
    """Return an expression with G symmetric, and with traces written as the squared norm and the effective loss."""
    loss, norm = Trace(E * E.T * G), Trace(E * E.T)
    return expression.xreplace({G.T: G}).xreplace({loss: N * Z_0 * ell_eff}).xreplace({norm: Z_0})


def motion() -> Eq:
    """Return the equation of motion."""
    return Eq(E_dot, -2 / (N * Z_0) * G * E + 2 * ell_eff / Z_0 * E)


def derive_motion() -> tuple[Step, ...]:
    """Gradient flow of the Rayleigh quotient."""
    velocity = named(flow().equations_of_motion[E])
    stated = motion().rhs
    if (velocity - stated).doit().expand().doit() != ZeroMatrix(*E.shape):
        raise AssertionError(f"{velocity} differs from {stated}")
    return (
        Step("Both the defects and the norm depend on the embeddings.", quotient()),
        Step("Follow the gradient; the second term is that of the norm.", motion()),
    )


def derive_norm() -> tuple[Step, ...]:
    """The rate of the squared norm vanishes; for three symbols no other quadratic is conserved."""
    drift = flow().rate_of_change(Trace(E.T * E))
    found = small_flow().polynomial_invariants(2)
    entries = small_flow().variables
    if found != [sum(entry**2 for entry in entries)]:
        raise AssertionError(f"conserved are {found}")
    return (
        Step(
            "Look for conserved polynomials up to degree 2 of three symbols on a line, by an ansatz: there is one.",
            Eq(Z_0, found[0]),
        ),
        Step("The flow of any number of symbols and dimensions keeps it too.", Eq(Z_dot, drift)),
    )


def along(vector: sympy.MatrixExpr) -> sympy.MatrixExpr:
    """Return the rate of change of u E for a row u with u G = 0."""
    whole = named(flow().rate_of_change(zero_mode * E))
    return whole.subs(zero_mode * G, ZeroMatrix(1, p)).doit().xreplace({zero_mode: vector})


def derive_zero_mode() -> tuple[Step, ...]:
    """Multiply the equation of motion by a row that G annihilates."""
    stated = 2 * ell_eff / Z_0 * zero_mode * E
    if (along(zero_mode) - stated).doit() != ZeroMatrix(*stated.shape):
        raise AssertionError(f"{along(zero_mode)} differs from {stated}")
    return (
        Step("Multiply the equation of motion by u.", Eq(mode_dot, zero_mode * motion().rhs)),
        Step("u G = 0 removes the first term.", Eq(mode_dot, stated)),
    )


def derive_centre() -> tuple[Step, ...]:
    """A shift changes no defect, so a row of ones is a zero mode; C grows, and the set C = 0 is invariant."""
    entries = small_flow().variables
    total = sum(entries)
    growth = small_flow().rate_of_change(total)
    agree(2 * small_flow().loss / sum(entry**2 for entry in entries) * total, growth)
    centred = small_flow().restrict({entries[-1]: -entries[0] - entries[1]})
    if len(centred.variables) != 2:
        raise AssertionError("the set C = 0 is not invariant")
    if along(ones) != (2 * ell_eff / Z_0 * ones * E).doit():
        raise AssertionError(f"the sum moves at {along(ones)}")
    return (
        Step(
            "A shift of all embeddings changes no defect: a row of ones is a zero mode,", Eq(ones * G, ZeroMatrix(1, p))
        ),
        Step("and its component is the sum of the embeddings.", Eq(centre, ones * E)),
        Step(
            "For three symbols on a line, entry by entry, the sum is not conserved,",
            Eq(Symbol("dC/dt"), growth),
        ),
        Step(
            "but the set C = 0 is invariant: a flow of two variables is left on it.",
            Matrix([centred.equations_of_motion[name] for name in centred.variables]),
        ),
        Step(
            "For any number of symbols and dimensions, by the equation of zero modes:",
            Eq(centre_dot, 2 * ell_eff / Z_0 * centre),
        ),
    )


def derive_ratio() -> tuple[Step, ...]:
    """The components of two zero modes grow at one rate."""
    first, second, growth = sympy.symbols("C b g", real=True)
    ratio = Flow({first: growth * first, second: growth * second}).rate_of_change(first / second)
    entries = small_flow().variables
    if small_flow().rate_of_change(sum(entries) / (entries[2] - entries[0])) != 0:
        raise AssertionError("the ratio is not conserved")
    return (
        Step(
            "A row of ones and the row of k - kbar are zero modes of every training set of sums,",
            Eq(zero_mode * G, ZeroMatrix(1, p)),
        ),
        Step("so their components grow at one rate,", Matrix([[growth * first, growth * second]])),
        Step("and their ratio stays.", Eq(ratio_dot, ratio)),
    )


def final_centre() -> Eq:
    """Return where the sum of embeddings on a line ends."""
    ramp = p * (p - 1) * (p + 1) / 12
    return Eq(C_infinity, C_0 * sqrt(Z_0 / (C_0**2 / p + b_0**2 / ramp)))


def derive_final_centre() -> tuple[Step, ...]:
    """In the end only the ground states are left; the ratio C/b and the norm are conserved."""
    k = Symbol("k", integer=True)
    squares = sympy.summation((k - (p - 1) / sympy.S(2)) ** 2, (k, 0, p - 1))
    ramp = agree(p * (p - 1) * (p + 1) / 12, squares)
    end, slope = sympy.symbols("C_oo b_oo", positive=True)
    start, tilt = sympy.symbols("C_0 b_0", positive=True)
    square = Symbol("C_oo^2", positive=True)
    (found,) = sympy.solve(square / p + square * (tilt / start) ** 2 / ramp - Z_0, square)
    agree((final_centre().rhs ** 2).subs({C_0: start, b_0: tilt}), found)
    return (
        Step("The squares of k - kbar sum to", Eq(Sum((k - (p - 1) / sympy.S(2)) ** 2, (k, 0, p - 1)), ramp)),
        Step(
            "If only the two ground states are left, the norm is that of their components.",
            Eq(Z_0, end**2 / p + slope**2 / ramp),
        ),
        Step("The ratio is that of the start.", Eq(slope / end, tilt / start)),
        Step("Solve; C keeps its sign.", final_centre()),
    )


def derive_stationary() -> tuple[Step, ...]:
    """On an eigenvector the radial term cancels the linear one."""
    value, factor = sympy.symbols("lambda_i e", positive=True)
    # E = e v with G v = g v, |v| = 1, and lambda = 2 g/(N Z0): Z0 = e^2, l_eff = g/N.
    stiffness = value * N * Z_0 / 2
    level = stiffness / N
    agree(sympy.S.Zero, -2 / (N * Z_0) * stiffness * factor + 2 * level / Z_0 * factor)
    return (
        Step("Let G E = g E with g = N Z_0 lambda_i/2.", Eq(G * E, stiffness * E)),
        Step(
            "The equation of motion vanishes, although its linear part alone does not.",
            Eq(E_dot, ZeroMatrix(*E.shape)),
        ),
        Step("The loss left there is the Rayleigh quotient,", Eq(ell_eff, lambda_i * Z_0 / 2)),
    )


def linear_solution() -> Eq:
    """Return the amplitudes without the radial term."""
    return Eq(amplitude_t[mode], amplitude[mode] * exp(-rate[mode] * t))


def derive_linear() -> tuple[Step, ...]:
    """Drop the radial term: each mode decays, and the norm with it."""
    start, value = sympy.symbols("a_0 lambda", positive=True)
    time = Symbol("t", real=True)
    decay = start * exp(-value * time)
    agree(-value * decay, decay.diff(time))
    linear = MatrixGradientFlow(Trace(E.T * G * E) / (N * Z_0), {E: 1})
    drift = linear.rate_of_change(Trace(E.T * E)).xreplace({G.T: G}).xreplace({Trace(E * E.T * G): N * Z_0 * ell_eff})
    return (
        Step("Z_0 held fixed in the loss leaves the linear part.", Eq(E_dot, MatMul(-2 / (N * Z_0), G, E))),
        Step("Then the norm is lost at the rate", Eq(Z_dot, agree(-4 * ell_eff, drift))),
        Step("and each mode of H = 2 G/(N Z_0) decays on its own.", linear_solution()),
    )


def solution() -> Eq:
    """Return the amplitudes of the flow."""
    norm = Sum(amplitude[other] ** 2 * exp(-2 * rate[other] * t), (other, 1, p))
    return Eq(amplitude_t[mode], sqrt(Z_0) * amplitude[mode] * exp(-rate[mode] * t) / sqrt(norm))


def derive_solution() -> tuple[Step, ...]:
    """Insert the normalised linear solution into the equations of three modes."""
    time, norm = Symbol("t", real=True), Symbol("Z_0", positive=True)
    starts, rates = sympy.symbols("a_1:4", positive=True), sympy.symbols("lambda_1:4", positive=True)
    decays = [start * exp(-value * time) for start, value in zip(starts, rates, strict=True)]
    length = sqrt(sum(decay**2 for decay in decays))
    amplitudes = [sqrt(norm) * decay / length for decay in decays]
    loss = sum(value * own**2 for value, own in zip(rates, amplitudes, strict=True)) / 2
    for value, own in zip(rates, amplitudes, strict=True):
        agree(own.diff(time), -value * own + 2 * loss / norm * own)
    agree(sum(own**2 for own in amplitudes), norm)
    moved = Symbol("da_i/dt")
    return (
        Step(
            "In the basis of the eigenvectors of H = 2 G/(N Z_0), which is constant since Z_0 is,",
            Eq(moved, -rate[mode] * amplitude_t[mode] + 2 * ell_eff / Z_0 * amplitude_t[mode]),
        ),
        Step(
            "The last term is the same factor for all modes: it can only rescale the solution of the linear flow,",
            linear_solution(),
        ),
        Step("and does so as to keep the norm. Inserted, it solves the equations.", solution()),
    )
