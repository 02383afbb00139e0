"""Identical targets: when two representations merge, in the aligned theory and in the exact one."""

from __future__ import annotations

from functools import cache

import sympy
from sympy import Eq, Equivalent, Matrix, Max, Symbol, ZeroMatrix, expand

from geneft_theory.alignment.derivations.agreement import agreed
from geneft_theory.alignment.derivations.closure import regular_flow
from geneft_theory.alignment.derivations.exact import conserved, derive_reduced_invariant
from geneft_theory.alignment.symbols import (
    A_high,
    D_y,
    G,
    M,
    N,
    X,
    Y,
    beta,
    c,
    constant,
    continuation,
    dh,
    eta_h,
    eta_y,
    h,
    h_dot,
    h_infinity,
    h_t,
    lambda_max,
    m,
    prefix,
    q,
    r,
    stretch,
    t,
    tau_h,
    tau_y,
    y,
)
from geneft_theory.statements.statement import Step
from geneft_theory.symbolic import Flow, GradientFlow


@cache
def merging_flow() -> Flow:
    """Return the flow of beta where the targets are identical: then w = y, so c starts at 0 and stays there."""
    flow = regular_flow()
    identical = Flow({variable: velocity.subs(Y, 0) for variable, velocity in flow.equations_of_motion.items()})
    return identical.restrict({c: 0})


def motion() -> Eq:
    """Return how the squared distance moves."""
    return Eq(h_dot, -eta_y * h * (h - A_high))


def derive_motion() -> tuple[Step, ...]:
    """The regular form with Y = 0, on its invariant set c = 0."""
    velocity = merging_flow().equations_of_motion[beta]
    agreed(motion().rhs.subs(h, beta**2), merging_flow().rate_of_change(beta**2))
    return (
        Step("Identical targets: Y = 0, so w = y, and the target pulls nowhere.", Eq(c, 0)),
        Step("It stays so, and the length of dh moves as", Eq(Symbol("dbeta/dt"), velocity)),
        Step("Its square:", motion()),
    )


def course() -> Eq:
    """Return the closed-form course of the squared distance."""
    return Eq(h_t, A_high / (1 + (A_high / h - 1) * sympy.exp(-eta_y * A_high * t)))


def derive_course() -> tuple[Step, ...]:
    """A logistic equation; the solution is checked by inserting it."""
    solution = course().rhs
    agreed(-eta_y * solution * (solution - A_high), solution.diff(t))
    agreed(h, solution.subs(t, 0))
    return (
        Step("A logistic equation,", motion()),
        Step("solved by, with h at the start on the right,", course()),
    )


def critical_course() -> Eq:
    """Return the course on the boundary."""
    return Eq(h_t, h / (1 + eta_y * h * t))


def derive_critical_course() -> tuple[Step, ...]:
    """The limit of a vanishing invariant."""
    small = Symbol("A", positive=True)
    agreed(critical_course().rhs, sympy.limit(course().rhs.subs(A_high, small), small, 0))
    return (Step("The course,", course()), Step("for A_high to 0:", critical_course()))


def merging() -> Equivalent:
    """Return the condition of the aligned theory."""
    return Equivalent(Eq(h_infinity, 0), A_high <= 0)


def derive_merging() -> tuple[Step, ...]:
    """Take the limits of the course at late times."""
    size = Symbol("A", positive=True)
    excess = Symbol("x", positive=True)
    above = sympy.limit(course().rhs.subs({A_high: size, h: size * excess}), t, sympy.oo)
    below = sympy.limit(course().rhs.subs({A_high: -size}), t, sympy.oo)
    at = sympy.limit(critical_course().rhs, t, sympy.oo)
    if (sympy.simplify(above - size), below, at) != (0, 0, 0):
        raise AssertionError("the limits changed")
    return (
        Step("The course.", course()),
        Step("For A_high > 0 it ends at", Eq(h_infinity, A_high)),
        Step("for A_high < 0 at", Eq(h_infinity, below)),
        Step("and for A_high = 0, more slowly than any exponential, at", Eq(h_infinity, at)),
        Step("Together:", merging()),
    )


def continuations() -> Eq:
    """Return the conserved quantity of a pair with N shared continuations."""
    return Eq(A_high, h - N * tau_y / tau_h * y / h)


def _shared_flow(number: int) -> tuple[GradientFlow, list[sympy.Symbol]]:
    """Return the aligned flow with a decoder for each continuation, and the mean of their losses."""
    columns = [Symbol(f"p_{index}", real=True) for index in range(number)]
    targets = [Symbol(f"s_{index}", real=True) for index in range(number)]
    errors = [(beta * column - target) ** 2 for column, target in zip(columns, targets, strict=True)]
    rates = {beta: 1 / tau_h} | dict.fromkeys(columns, 1 / tau_y)
    return GradientFlow(sympy.Add(*errors) / (8 * number), rates), columns


def derive_continuations() -> tuple[Step, ...]:
    """Look for conserved polynomials with two and three continuations."""
    for number in (2, 3):
        flow, columns = _shared_flow(number)
        (found,) = flow.polynomial_invariants(2)
        mean = sympy.Add(*((beta * column) ** 2 for column in columns)) / number
        stated = continuations().rhs.subs({N: number, h: beta**2, y: mean})
        # The ansatz leaves the scale open.
        agreed(stated / tau_h, sympy.expand(found * stated.coeff(beta, 2) / (tau_h * found.coeff(beta, 2))))
    return (
        Step(
            "N continuations of two prefixes have a decoder each, and the loss is their mean: each learns at 1/N.",
            1 / (N * tau_y),
        ),
        Step("What is conserved is found for N = 2 and N = 3; with y the mean of the |dy_i|^2,", continuations()),
    )


def scaling() -> sympy.Basic:
    """Return the law of scale of merging."""
    return sympy.Lt(constant, N * G ** (continuation - prefix))


def derive_scaling() -> tuple[Step, ...]:
    """Insert powers of the gain into A_high < 0."""
    first, second = sympy.symbols("k_1 k_2", positive=True)
    scaled = continuations().rhs.subs(y, second * G**continuation * h).subs(h, first * G**prefix)
    limit = first * tau_h / (second * tau_y)
    agreed(sympy.S.Zero, sympy.powsimp(expand(scaled.subs(N, limit * G ** (prefix - continuation)))))
    return (
        Step("Merging asks for A_high < 0, with", continuations()),
        Step("Gains G < 1 shrink the distance of prefixes with m steps,", Eq(h, first * G**prefix)),
        Step("and what the decoder makes of it with n steps.", Eq(y / h, second * G**continuation)),
        Step("A_high is then", scaled),
        Step("which is negative, with C = k_1 tau_h/(k_2 tau_y), for", scaling()),
    )


def exact_merging() -> Eq:
    """Return the squared distance in the end, for any start and any number of outputs."""
    return Eq(h_infinity, Max(0, lambda_max))


def derive_exact_merging() -> tuple[Step, ...]:
    """At rest D_y dh = 0, so that dh is an eigenvector of the conserved matrix."""
    matrix = -(eta_h * X / 2) * M
    at_rest = expand((conserved() * dh).doit()).subs(D_y * dh, ZeroMatrix(m, 1)).doit()
    if expand(at_rest + 2 / (eta_h * X) * dh * dh.T * dh) != ZeroMatrix(q, 1):
        raise AssertionError(f"at rest M dh is {at_rest}")
    return (
        *derive_reduced_invariant(),
        Step(
            "In units of a squared distance it is Lambda = dh dh^T - r X D_y^T D_y, which is conserved, too.",
            Eq(sympy.MatrixSymbol("Lambda", q, q), matrix),
        ),
        Step(
            "With identical targets |dh|^2 falls at the rate eta_h X |D_y dh|^2, so that D_y dh -> 0, and at the end",
            Eq(D_y * dh, ZeroMatrix(m, 1)),
        ),
        Step(
            "Apply Lambda there: dh is zero, or an eigenvector with the eigenvalue |dh|^2 > 0.",
            Eq(sympy.MatrixSymbol("Lambda", q, q) * dh, h * dh, evaluate=False),
        ),
        Step(
            "Lambda has at most one positive eigenvalue, since without dh dh^T it has none; and where it has one, "
            "v^T Lambda v > 0 keeps |dh|^2 >= (v . dh)^2 from 0.",
            exact_merging(),
        ),
    )


def criterion() -> Equivalent:
    """Return the condition for an exact merge."""
    return Equivalent(Eq(h_infinity, 0), stretch <= r * X)


def derive_criterion() -> tuple[Step, ...]:
    """The determinant lemma, checked for two hidden units."""
    square = Matrix(2, 2, lambda i, j: Symbol(f"B_{i}{j}", real=True))
    gram, vector = square.T * square, Matrix(sympy.symbols("u_1:3", real=True))
    scale = Symbol("k", positive=True)
    quotient = (vector.T * gram.inv() * vector)[0]
    lemma = (scale * gram).det() * (1 - quotient / scale)
    agreed(sympy.S.Zero, sympy.cancel((scale * gram - vector * vector.T).det() - lemma))
    return (
        Step(
            "The end is h(oo) = 0 if and only if no eigenvalue of dh dh^T - r X D_y^T D_y is positive.", exact_merging()
        ),
        Step(
            "Where D_y^T D_y has an inverse, its negative has the determinant of r X D_y^T D_y times, with "
            "Q = dh^T (D_y^T D_y)^(-1) dh,",
            1 - stretch / (r * X),
        ),
        Step(
            "At most one eigenvalue is positive, so the sign decides. Where D_y^T D_y has none, dh must lie in its "
            "range, else a direction that the decoder does not see keeps its length.",
            criterion(),
        ),
    )
