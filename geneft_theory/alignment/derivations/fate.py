"""Where the aligned pair comes to rest, how fast it gets there, and what the end depends on."""

from __future__ import annotations

from functools import cache

import sympy
from sympy import Abs, Eq, Symbol, asinh, exp, series, sqrt

from geneft_theory.alignment.derivations.agreement import agreed
from geneft_theory.alignment.derivations.closure import derive_invariant, regular, regular_flow
from geneft_theory.alignment.symbols import (
    A_high,
    A_low,
    S,
    X,
    Y,
    approach,
    beta,
    c,
    contraction,
    escape,
    eta_h,
    eta_y,
    h,
    h_infinity,
    r,
    rho,
    slow_approach,
)
from geneft_theory.statements.statement import Step

_positive = Symbol("A", positive=True)
_unscaled = {eta_h: r * eta_y}


def low() -> Eq:
    """Return the squared scale that rates, inputs and targets set."""
    return Eq(A_low**2, r * X * Y)


def fixed_points() -> Eq:
    """Return the condition for rest."""
    return Eq(h * (h**2 - A_high * h - A_low**2), 0)


def derive_low() -> tuple[Step, ...]:
    """Read it off the invariant at rest, with equal shares of encoder and decoder."""
    at_rest = Eq(A_high, h - r * X * Y / h)
    balanced = sympy.solve(at_rest.rhs * h, h**2)[0]
    agreed(low().rhs, balanced)
    return (
        Step("At rest in the solution y = Y, and the invariant is", at_rest),
        Step("Where it vanishes, h is", Eq(h**2, balanced)),
        Step("This scale is called A_low.", low()),
    )


def derive_fixed_points() -> tuple[Step, ...]:
    """Set the velocities of the regular form to zero."""
    motion = regular_flow().equations_of_motion
    pull = Y / beta
    agreed(sympy.S.Zero, motion[c].subs(c, pull))
    condition = sympy.factor(-2 * beta * motion[beta].subs(c, pull).subs(_unscaled) / eta_y)
    polynomial = sympy.expand(condition).subs(beta, sqrt(h)).subs(r, A_low**2 / (X * Y))
    agreed(h**2 - A_high * h - A_low**2, polynomial)
    saddle = {beta: 0, c: 0}
    if saddle not in regular_flow().fixed_points or any(each.subs(saddle) != 0 for each in motion.values()):
        raise AssertionError("the saddle does not rest")
    return (
        Step("The regular form.", regular()[beta].rhs),
        Step("And", regular()[c].rhs),
        Step("The second vanishes at beta = 0, where the first demands c = 0: the saddle,", Eq(h, 0)),
        Step("or at c = Y/beta, which is w = 0. There the first one is, but for a factor,", Eq(condition, 0)),
        Step("Together, with h = beta^2:", fixed_points()),
    )


def final_distance() -> Eq:
    """Return the squared distance in the end."""
    return Eq(h_infinity, A_high / 2 + sqrt(A_high**2 / 4 + A_low**2))


def derive_final_distance() -> tuple[Step, ...]:
    """Take the root that is a squared distance."""
    squared = Symbol("A_low", positive=True)
    roots = sympy.solve(h**2 - A_high * h - squared**2, h)
    stated = final_distance()
    (kept,) = (root for root in roots if sympy.simplify(root.subs({A_high: 0}) - squared) == 0)
    agreed(stated.rhs.subs(A_low, squared), kept)
    return (
        Step("The conserved quantity.", derive_invariant()[-1].expression),
        Step("Rest.", fixed_points()),
        Step("The roots besides the saddle have the product", Eq(Symbol("h_1") * Symbol("h_2"), -(A_low**2))),
        Step("so that one is negative. The other:", stated),
    )


def stable() -> Eq:
    """Return the same without a difference of large numbers."""
    return Eq(h_infinity, A_low * exp(asinh(A_high / (2 * A_low))))


def derive_stable() -> tuple[Step, ...]:
    """exp(asinh x) is x + sqrt(1 + x^2)."""
    x, scale = Symbol("x", real=True), Symbol("A_low", positive=True)
    written = exp(asinh(x)).rewrite(sympy.log)
    agreed(x + sqrt(1 + x**2), sympy.simplify(written))
    scaled = scale * (x + sqrt(1 + x**2))
    agreed((final_distance().rhs.subs({A_high: 2 * scale * x, A_low: scale})), scaled)
    return (
        Step("The final distance.", final_distance()),
        Step("In units of A_low, with x = A_high/(2 A_low), it is", x + sqrt(1 + x**2)),
        Step("which is exp(asinh x).", stable()),
    )


def spread() -> Eq:
    """Return S."""
    return Eq(S, sqrt(A_high**2 + 4 * A_low**2))


@cache
def _linearised() -> tuple[sympy.Matrix, sympy.Matrix]:
    """Return the Jacobians of the regular form at the saddle and at rest in the solution, in units of eta_y."""
    jacobian = sympy.Matrix(regular_flow().jacobian).subs(_unscaled) / eta_y
    # In the solution: c = Y/beta, h* = beta^2, and the other root is -A_low^2/h*.
    end = jacobian.subs({c: Y / beta}).subs(A_high, beta**2 - r * X * Y / beta**2)
    return jacobian.subs({beta: 0, c: 0}), end.applyfunc(sympy.factor)


def derive_escape() -> tuple[Step, ...]:
    """The positive eigenvalue at the saddle, doubled since h is a square."""
    stated = Eq(escape, eta_y * (A_high + S) / 2)
    _check_saddle(stated.rhs)
    return (*_saddle(), Step("The larger one is the rate of beta. Its square h grows twice as fast.", stated))


def derive_contraction() -> tuple[Step, ...]:
    """The negative eigenvalue at the saddle, doubled since h is a square."""
    stated = Eq(contraction, eta_y * (A_high - S) / 2)
    _check_saddle(stated.rhs)
    return (*_saddle(), Step("The smaller one is the other rate of beta; that of h is twice that.", stated))


def _check_saddle(rate: sympy.Expr) -> None:
    matrix, _ = _linearised()
    eigenvalue = (rate / (2 * eta_y)).subs(S, sqrt(A_high**2 + 4 * r * X * Y))
    agreed(sympy.S.Zero, (matrix - eigenvalue * sympy.eye(2)).det())


def _saddle() -> tuple[Step, ...]:
    matrix, _ = _linearised()
    x = Symbol("lambda")
    polynomial = sympy.factor(sympy.expand((matrix - x * sympy.eye(2)).det()))
    return (
        Step("The regular form, linearised at beta = c = 0, in units of eta_y.", sympy.ImmutableMatrix(matrix)),
        Step("Its eigenvalues solve", Eq(polynomial, 0)),
        Step("and are (A_high +- S)/4 with", spread()),
    )


def _solution() -> tuple[Step, ...]:
    _, matrix = _linearised()
    return (
        Step(
            "The regular form, linearised in the solution c = Y/beta with A_high = beta^2 - r X Y/beta^2, in units of "
            "eta_y.",
            sympy.ImmutableMatrix(matrix),
        ),
        Step("With h = beta^2 and S = h + r X Y/h, its trace is", Eq(Symbol("tr"), -(h_infinity + S / 2))),
        Step("and its determinant", Eq(Symbol("det"), h_infinity * S / 2)),
    )


def _check_solution() -> None:
    _, matrix = _linearised()
    end, gap = beta**2, beta**2 + r * X * Y / beta**2
    agreed(gap**2, (end - r * X * Y / end) ** 2 + 4 * r * X * Y)
    agreed(-end - gap / 2, matrix.trace())
    agreed(end * gap / 2, matrix.det())


def derive_approach() -> tuple[Step, ...]:
    """One of the two eigenvalues in the solution."""
    _check_solution()
    return (*_solution(), Step("One rate is that of the escape from the saddle,", Eq(approach, eta_y * h_infinity)))


def derive_slow_approach() -> tuple[Step, ...]:
    """The other eigenvalue in the solution, along the cone (c beta)^2 = y Y."""
    _check_solution()
    _, matrix = _linearised()
    # On the cone c^2 = Y (beta^2 - A_high)/(r X), so that c dc = (Y/(r X)) beta dbeta; in the solution c = Y/beta.
    along = sympy.Matrix([1, beta**2 / (r * X)])
    rate = (beta**2 + r * X * Y / beta**2) / 2
    if sympy.simplify(matrix * along + rate * along) != sympy.zeros(2, 1):
        raise AssertionError("the cone is not the direction of this rate")
    return (
        *_solution(),
        Step(
            "The other one is smaller for A_high > 0; its direction is along the cone, where one output is.",
            Eq(slow_approach, eta_y * S / 2),
        ),
    )


def regime() -> Eq:
    """Return the number that decides between the regimes."""
    return Eq(rho, A_high / (2 * A_low))


def derive_regime() -> tuple[Step, ...]:
    """In units of A_low the final distance depends on one number."""
    return (
        Step("The final distance.", stable()),
        Step("In units of A_low it depends on one number only.", regime()),
    )


def rich() -> Eq:
    """Return the limit of small initial distances."""
    return Eq(h_infinity, A_low)


def lazy() -> Eq:
    """Return the limit of large initial distances."""
    return Eq(h_infinity, A_high + A_low**2 / A_high)


def decoder_dominated() -> Eq:
    """Return the limit of large decoders."""
    return Eq(h_infinity, A_low**2 / Abs(A_high))


def derive_rich() -> tuple[Step, ...]:
    """The leading term at rho = 0."""
    scale = Symbol("A_low", positive=True)
    leading = series(final_distance().rhs.subs(A_low, scale), A_high, 0, 2).removeO()
    agreed(scale + A_high / 2, leading)
    return (
        Step("The final distance.", final_distance()),
        Step("For small A_high,", Eq(h_infinity, leading)),
        Step("With the start forgotten:", rich()),
    )


def derive_lazy() -> tuple[Step, ...]:
    """The first two terms at rho = infinity."""
    small = Symbol("epsilon", positive=True)
    expanded = series(final_distance().rhs.subs({A_high: _positive, A_low: small}), small, 0, 3).removeO()
    agreed(lazy().rhs.subs({A_high: _positive, A_low: small}), expanded)
    return (
        Step("The final distance.", final_distance()),
        Step("For A_low small against A_high > 0:", lazy()),
    )


def derive_decoder_dominated() -> tuple[Step, ...]:
    """The first term at rho = -infinity."""
    small = Symbol("epsilon", positive=True)
    expanded = series(final_distance().rhs.subs({A_high: -_positive, A_low: small}), small, 0, 3).removeO()
    agreed(decoder_dominated().rhs.subs({A_high: -_positive, A_low: small}), expanded)
    return (
        Step("The final distance.", final_distance()),
        Step("For A_low small against |A_high|, A_high < 0:", decoder_dominated()),
    )
