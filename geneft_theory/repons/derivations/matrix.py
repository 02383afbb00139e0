"""How the statements on a pair in d dimensions follow, by SymPy with matrices of any size where it can.

Each function returns the steps; the last one is the statement itself, and a test holds it to that.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy
from sympy import Eq, Equivalent, Identity, Matrix, Max, Sum, Symbol, Trace, ZeroMatrix, exp, expand, gamma

from geneft_theory.repons.symbols import X1, X2, A, A_dot, B, N, Y, d, eta_A, eta_x, p, p_r, r, r_dot, sigma_a, sigma_c
from geneft_theory.repons.symbols_matrix import (
    H,
    M,
    M_dot,
    M_trained,
    c_infinity,
    component,
    difference,
    eta_cluster,
    lambda_min,
    mode,
    projector,
    q,
    r_infinity,
    singular,
)
from geneft_theory.statements.statement import Step
from geneft_theory.symbolic import GradientFlow


def conserved(decoder: sympy.MatrixExpr) -> sympy.MatrixExpr:
    """Return A^T A/(2 eta_A) - r r^T/eta_x."""
    return difference(decoder.T * decoder / (2 * eta_A), r * r.T / eta_x)


def identical(left: sympy.Basic, right: sympy.Basic) -> None:
    """Stop a derivation whose two sides differ."""
    if sympy.simplify(left - right) != 0:
        raise AssertionError(f"{left} is not {right}")


def entries(name: str, rows: int, columns: int = 1) -> Matrix:
    """Return a matrix of real symbols."""
    return Matrix(rows, columns, lambda i, j: Symbol(f"{name}_{i}{j}", real=True))


def pair_motion() -> tuple[sympy.MatrixExpr, sympy.MatrixExpr]:
    """Return the velocities of A and r from the loss of two repons, on the set with centroid and bias on target."""
    errors = [A * place + B - Y for place in (X1, X2)]
    loss = sum((error.T * error for error in errors[1:]), errors[0].T * errors[0]) / 2
    flow = GradientFlow(loss, {A: eta_A, X1: eta_x, X2: eta_x, B: Symbol("eta_b", positive=True)})
    on_target = {X1: r, X2: -r, B: Y}
    motion = {matrix: expand(velocity.subs(on_target).doit()) for matrix, velocity in flow.equations_of_motion.items()}
    if expand(motion[X1] + motion[X2]) != ZeroMatrix(d, 1) or motion[B] != ZeroMatrix(p, 1):
        raise AssertionError("the flow leaves the set on which centroid and bias are on target")
    return motion[A], motion[X1]


def weighted_flow() -> GradientFlow:
    """Return the same with outputs weighted by H, as a flow of A and r."""
    return GradientFlow(r.T * A.T * H * A * r, {A: eta_A, r: eta_x / 2})


def weighted_motion() -> tuple[sympy.MatrixExpr, sympy.MatrixExpr]:
    """Return the velocities of A and r with outputs weighted by a symmetric H."""
    motion = weighted_flow().equations_of_motion
    velocities = (expand(motion[matrix].xreplace({H.T: H})) for matrix in (A, r))
    return next(velocities), next(velocities)


def derive_invariant() -> tuple[Step, ...]:
    """From the loss of a pair: its equations of motion, and dM/dt by the product rule."""
    decoder_velocity, separation_velocity = pair_motion()
    alone = GradientFlow(r.T * A.T * A * r, {A: eta_A, r: eta_x / 2})
    if alone.equations_of_motion != {A: decoder_velocity, r: separation_velocity}:
        raise AssertionError("A and r do not move as by the loss |A r|^2")
    return (
        Step(
            "With centroid and bias on target, the loss of the pair is the square of A r.",
            Eq(Symbol("L"), Trace(A * r * r.T * A.T)),
        ),
        Step("Gradient flow moves the decoder,", Eq(A_dot, decoder_velocity)),
        Step("and half the difference of the two embeddings' velocities is", Eq(r_dot, separation_velocity)),
        Step(
            "The product rule gives the rate of M: the four terms cancel in pairs.",
            Eq(M_dot, alone.rate_of_change(conserved(A))),
        ),
        Step("So this matrix is conserved, all d(d + 1)/2 entries of it.", Eq(M, conserved(A))),
    )


def derive_hessian() -> tuple[Step, ...]:
    """The same product rule with any symmetric H between A^T and A."""
    decoder_velocity, separation_velocity = weighted_motion()
    return (
        Step("Outputs weighted by H: the loss is", Eq(Symbol("L"), Trace(H * A * r * r.T * A.T))),
        Step("The decoder moves as", Eq(A_dot, decoder_velocity)),
        Step("and the half-separation as", Eq(r_dot, separation_velocity)),
        Step(
            "In the rate of M, H stands between A^T and A in all four terms, which cancel as before, whatever H(t) is.",
            Eq(M_dot, weighted_flow().rate_of_change(conserved(A))),
        ),
    )


def derive_semidefinite() -> tuple[Step, ...]:
    """Project the decoder onto the range of H: the projection obeys the equations of a full-rank H."""
    decoder_velocity, separation_velocity = weighted_motion()
    rest = (Identity(p) - projector) * decoder_velocity
    idle = expand(rest.doit()).subs(projector * H, H).doit()
    if idle != ZeroMatrix(p, d):
        raise AssertionError(f"the outputs in the kernel of H train at {idle}")
    return (
        Step("The decoder moves in the range of H only; Pi projects onto it, Pi H = H.", Eq(A_dot, decoder_velocity)),
        Step("So the rest of the decoder stands still,", Eq(Symbol("d(A - Pi A)/dt"), 0)),
        Step(
            "and does not act, because A^T H A = (Pi A)^T H (Pi A).",
            Eq(r_dot, separation_velocity.subs(A, projector * A)),
        ),
        Step(
            "Pi A and r are a pair of their own, with an H that is positive on the range: their M decides.",
            Eq(M_trained, difference(A.T * projector * A / (2 * eta_A), r * r.T / eta_x)),
        ),
    )


def derive_collapse() -> tuple[Step, ...]:
    """At rest A r = 0, so that r is an eigenvector of M; M has at most one negative eigenvalue."""
    at_rest = expand((conserved(A) * r).doit()).subs(A * r, ZeroMatrix(p, 1)).doit()
    return (
        Step(
            "|r|^2 falls at the rate 2 eta_x r^T A^T H A r >= 0, and M bounds A; so A r -> 0, and at the end",
            Eq(A * r, ZeroMatrix(p, 1)),
        ),
        Step(
            "Apply M there: r is zero, or an eigenvector with the eigenvalue -|r|^2/eta_x < 0.",
            Eq(M * r, at_rest),
        ),
        Step(
            "M + r r^T/eta_x >= 0 holds always: a rank-one term can make at most one eigenvalue negative. If there is "
            "one, -lambda_min eta_x <= |r|^2 keeps r from zero.",
            Eq(M + r * r.T / eta_x, A.T * A / (2 * eta_A)),
        ),
        Step(
            "So r ends at zero if and only if M has no negative eigenvalue.",
            Equivalent(Eq(r_infinity, ZeroMatrix(d, 1)), lambda_min >= 0),
        ),
    )


def derive_final_separation() -> tuple[Step, ...]:
    """The eigenvalue of M that belongs to r in the end is -|r|^2/eta_x."""
    eigenvalue = Eq(lambda_min, -(c_infinity**2) / eta_x)
    (length,) = sympy.solve(eigenvalue.subs(lambda_min, -Symbol("m", positive=True)), c_infinity)
    length = length.subs(Symbol("m", positive=True), Max(0, -lambda_min))
    return (
        Step("Unless it collapses, r ends as an eigenvector of M with the eigenvalue", eigenvalue),
        Step("Solve for the length; it is zero where no eigenvalue is negative.", Eq(c_infinity, length)),
    )


def derive_criterion() -> tuple[Step, ...]:
    """The determinant of M by the determinant lemma, checked at d = 2."""
    decoder, half = entries("A", 2, 2), entries("r", 2)
    square = decoder.T * decoder
    stretch = (half.T * square.inv() * half)[0]
    lemma = (square / (2 * eta_A)).det() * (1 - 2 * eta_A * stretch / eta_x)
    identical((square / (2 * eta_A) - half * half.T / eta_x).det(), lemma)
    return (
        Step(
            "Where A^T A has an inverse, the determinant lemma gives, with q = r^T (A^T A)^(-1) r,",
            Eq(
                sympy.Determinant(M),
                sympy.Determinant(A.T * A / (2 * eta_A)) * (1 - 2 * eta_A * q / eta_x),
                evaluate=False,
            ),
        ),
        Step(
            "At most one eigenvalue is negative, so the sign of the determinant decides. Without an inverse, M >= 0 "
            "needs r in the range of A^T (else a direction with A v = 0 has v^T M v < 0), and there the same holds.",
            Equivalent(lambda_min >= 0, q <= eta_x / (2 * eta_A)),
        ),
    )


def secular_equation() -> Eq:
    """Return the equation that the half-separation left in the end solves."""
    term = component[mode] ** 2 / (singular[mode] ** 2 * eta_x / (2 * eta_A) + c_infinity**2)
    return Eq(Sum(term, (mode, 1, d)), 1)


def derive_secular() -> tuple[Step, ...]:
    """The characteristic polynomial of M in the singular directions of A, checked for d = 3."""
    values = sympy.symbols("s_1:4", positive=True)
    parts = sympy.symbols("w_1:4", real=True)
    diagonal = sympy.diag(*(value**2 for value in values)) / (2 * eta_A)
    column = Matrix(parts)
    shifted = diagonal + c_infinity**2 / eta_x * sympy.eye(3)
    total = sum(
        eta_x * (part**2 / eta_x) / (eta_x * entry) for part, entry in zip(parts, diagonal_of(shifted), strict=True)
    )
    identical((shifted - column * column.T / eta_x).det(), shifted.det() * (1 - total))
    return (
        Step(
            "In the right singular directions of A, with components w_i of r, M is diagonal but for r r^T.",
            Eq(lambda_min, -(c_infinity**2) / eta_x),
        ),
        Step(
            "det(M - lambda_min) = 0, by the determinant lemma, asks for",
            secular_equation(),
        ),
    )


def diagonal_of(square: Matrix) -> Sequence[sympy.Expr]:
    """Return the diagonal entries."""
    return [square[i, i] for i in range(square.rows)]


def derive_cluster() -> tuple[Step, ...]:
    """One repon against N that move together: gradient flow of the full loss at d = p = 1."""
    a, x1, x2, bias, y, middle, c = sympy.symbols("a x_1 x_2 b y m c", real=True)
    loss = (a * x1 + bias - y) ** 2 / 2 + N * (a * x2 + bias - y) ** 2 / 2
    # Each of the N partners feels its own gradient only, 1/N of the gradient by their common place.
    rates = {a: eta_A, x1: eta_x, x2: eta_x / N, bias: Symbol("eta_b", positive=True)}
    places = {x1: middle + 2 * c * N / (N + 1), x2: middle - 2 * c / (N + 1)}
    motion = GradientFlow(loss, rates).transform(places).restrict({middle: 0, bias: y}).equations_of_motion
    identical(motion[c], -eta_x * a**2 * c)
    rate = sympy.factor(sympy.cancel(motion[a] / (-2 * a * c**2)))
    return (
        Step(
            "One repon and N coincident ones, half their distance c, the weighted centroid on target.",
            Eq(Symbol("L"), loss),
        ),
        Step("The half-distance moves as in a pair,", Eq(Symbol("dc/dt"), motion[c])),
        Step("and the decoder as", Eq(Symbol("da/dt"), motion[a])),
        Step("In a pair it is -2 eta_A a c^2: read off the rate that takes the place of eta_A.", Eq(eta_cluster, rate)),
    )


def critical_square() -> sympy.Expr:
    """Return rho^2, the ratio of standard deviations in units of its critical value, squared."""
    return (sigma_a / sigma_c) ** 2 * eta_x / (2 * eta_A)


def collapse_law() -> Eq:
    """Return the F law, written with the incomplete beta function."""
    share = 1 / (1 + 1 / critical_square())
    return Eq(p_r, sympy.betainc_regularized(d / 2, (p - d + 1) / 2, 0, share))


def derive_collapse_probability() -> tuple[Step, ...]:
    """Two independent chi-square variables, their ratio, and the integral of its density."""
    x, u, k = sympy.symbols("x u k", positive=True)
    in_x = x / (1 + x)
    first, second = Symbol("chi2_d", positive=True), Symbol("chi2_k", positive=True)
    size = Symbol("d", positive=True)
    density = ratio_density(x, size, k)
    beta = u ** (size / 2 - 1) * (1 - u) ** (k / 2 - 1) * gamma((size + k) / 2) / (gamma(size / 2) * gamma(k / 2))
    moved = beta.subs(1 - u, 1 / (1 + x)).subs(u, in_x) * sympy.diff(in_x, x)
    identical(sympy.simplify(moved / density), sympy.Integer(1))
    return (
        Step(
            "Turn the axes so that r points along the first: (sigma_a/sigma_c)^2 r^T (A^T A)^(-1) r is |r|^2 over the "
            "squared distance of A's first column from the span of the others, with k = p - d + 1:",
            Eq(Symbol("q"), (sigma_c / sigma_a) ** 2 * first / second),
        ),
        Step("The ratio x of two independent chi-square variables has the density", Eq(Symbol("f(x)"), density)),
        Step("With x = u/(1 - u) that is a beta distribution,", Eq(Symbol("f(u)"), beta)),
        Step(
            "The pair collapses where q <= eta_x/(2 eta_A), that is x <= rho^2,",
            Eq(Symbol("rho") ** 2, critical_square()),
        ),
        Step(
            "The integral from 0 to u = rho^2/(1 + rho^2) is the regularised incomplete beta function.",
            collapse_law(),
        ),
    )


def ratio_density(x: Symbol, first: Symbol, second: Symbol) -> sympy.Expr:
    """Return the density of the ratio of two independent chi-square variables with these degrees of freedom."""
    w = Symbol("w", positive=True)

    def chi_square(freedom: Symbol, value: sympy.Expr) -> sympy.Expr:
        return value ** (freedom / 2 - 1) * exp(-value / 2) / (2 ** (freedom / 2) * gamma(freedom / 2))

    return sympy.simplify(sympy.integrate(chi_square(first, x * w) * w * chi_square(second, w), (w, 0, sympy.oo)))
