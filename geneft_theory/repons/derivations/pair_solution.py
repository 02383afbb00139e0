"""The reduced pair solved: trajectory, end points, rates and times."""

from __future__ import annotations

from functools import cache

import sympy
from sympy import Abs, Eq, Function, Max, Symbol, exp, log, sign, sqrt

from geneft_theory.repons.derivations.agreement import agreed
from geneft_theory.repons.derivations.pair import derive_invariant, reduced_flow
from geneft_theory.repons.symbols import (
    C,
    a,
    a_infinity,
    a_t,
    c,
    c_infinity,
    c_t,
    epsilon,
    eta_A,
    eta_x,
    gamma,
    t,
    t_epsilon,
)
from geneft_theory.statements.statement import Step
from geneft_theory.symbolic import boundary

# u = c^2 and K = eta_x C; the solution needs to know that K is not 0.
_u = Function("u", real=True)
_K = Symbol("K", real=True, nonzero=True)
_start = Symbol("u_0", positive=True)


def _decoder_squared(square: sympy.Expr) -> sympy.Expr:
    """Return a^2 for a given c^2, from the conserved quantity."""
    invariant = derive_invariant()[-1].expression.subs({a**2: Symbol("A2"), c**2: square})
    return sympy.expand(sympy.solve(invariant, Symbol("A2"))[0])


@cache
def _logistic() -> tuple[Eq, sympy.Expr]:
    """Return the equation of motion of u = c^2, and its solution from u_0."""
    rate = sympy.expand(reduced_flow().rate_of_change(c**2)).subs(a**2, _decoder_squared(c**2))
    rate = sympy.factor(sympy.expand(rate).subs(C, _K / eta_x)).subs(c, sqrt(_u(t)))
    equation = Eq(_u(t).diff(t), sympy.factor(rate))
    return equation, sympy.dsolve(equation, _u(t), ics={_u(0): _start}).rhs


def _solve_motion() -> tuple[Step, ...]:
    equation, solution = _logistic()
    return (
        Step("u = c^2 obeys a logistic equation; a^2 was eliminated by the conserved C, and K = eta_x C.", equation),
        Step("Its solution.", Eq(_u(t), sympy.factor(solution))),
    )


def derive_separation_trajectory() -> tuple[Step, ...]:
    """Solve the logistic equation for the squared separation."""
    result = c * sqrt(eta_x * C / ((c**2 + eta_x * C) * exp(4 * eta_A * eta_x * C * t) - c**2))
    agreed(result**2, _logistic()[1].subs({_start: c**2, _K: eta_x * C}))
    return (
        *_solve_motion(),
        Step("c never passes 0 and keeps its sign.", Eq(c_t, result)),
    )


def derive_decoder_trajectory() -> tuple[Step, ...]:
    """Read the decoder off the conserved quantity, in the form in which nothing cancels."""
    result = a * sqrt(eta_x * C / (eta_x * C + c**2 * (1 - exp(-4 * eta_A * eta_x * C * t))))
    squared = _decoder_squared(_logistic()[1]).subs({_start: c**2, C: _K / eta_x})
    # a and c at the start are tied by C.
    stated = (result**2).subs(a**2, _decoder_squared(c**2)).subs(C, _K / eta_x)
    agreed(stated, squared)
    return (
        *_solve_motion(),
        Step("The conserved quantity gives the decoder.", Eq(Symbol("a") ** 2, _decoder_squared(_u(t)))),
        Step("With a at the start for what C and c say of it, and its sign kept:", Eq(a_t, result)),
    )


def derive_critical_trajectory() -> tuple[Step, ...]:
    """Let C go to 0 in the solution."""
    limit = sympy.limit(_logistic()[1], _K, 0).subs(_start, c**2)
    result = c / sqrt(1 + 4 * eta_A * c**2 * t)
    agreed(result**2, limit)
    return (
        *_solve_motion(),
        Step("For K to 0:", Eq(_u(t), limit)),
        Step("So on the boundary the decay is algebraic.", Eq(c_t, result)),
    )


def derive_critical_decay() -> tuple[Step, ...]:
    """Take the leading term of the critical trajectory at late times."""
    critical = derive_critical_trajectory()[-1].expression
    late = sympy.limit((critical.rhs**2).subs(c**2, _start) * t, t, sympy.oo)
    return (
        Step("The trajectory on the boundary.", critical),
        Step("At late times the start is forgotten.", Eq(Abs(c_t), sqrt(late) / sqrt(t))),
    )


@cache
def _end() -> tuple[sympy.Expr, sympy.Expr, sympy.Expr]:
    """Return the limits of u for K > 0, K = 0 and K < 0."""
    positive = Symbol("K", positive=True)
    solution = _logistic()[1]
    return (
        sympy.limit(solution.subs(_K, positive), t, sympy.oo),
        sympy.limit(sympy.limit(solution, _K, 0), t, sympy.oo),
        sympy.limit(sympy.simplify(solution.subs(_K, -positive)), t, sympy.oo).subs(positive, -_K),
    )


def _ends() -> tuple[Step, ...]:
    above, at, below = _end()
    limit = Symbol("u_oo", nonnegative=True)
    return (
        *_solve_motion(),
        Step("For K > 0 it tends to 0: collapse.", Eq(limit, above)),
        Step("For K = 0, too, but algebraically.", Eq(limit, at)),
        Step("For K < 0 a separation is left.", Eq(limit, below)),
    )


def derive_final_separation() -> tuple[Step, ...]:
    """Take the limit of the separation at infinite time on each side of the boundary."""
    above, at, below = _end()
    if (above, at, below) != (0, 0, -_K):
        raise AssertionError("the limits changed")
    return (*_ends(), Step("In one formula, with K = eta_x C:", Eq(c_infinity, sign(c) * sqrt(eta_x * Max(0, -C)))))


def derive_final_decoder() -> tuple[Step, ...]:
    """Take the limit of the decoder at infinite time on each side of the boundary."""
    squares = [sympy.factor(_decoder_squared(end).subs(_K, eta_x * C)) for end in _end()]
    if squares != [2 * eta_A * C, 2 * eta_A * C, 0]:
        raise AssertionError("the limits changed")
    square = Symbol("a_oo", real=True) ** 2
    return (
        *_ends(),
        Step("The conserved quantity gives the decoder for K >= 0, where c is gone.", Eq(square, squares[0])),
        Step("And it leaves none for K < 0. In one formula:", Eq(a_infinity, sign(a) * sqrt(2 * eta_A * Max(0, C)))),
    )


def derive_separatrix() -> tuple[Step, ...]:
    """Find the boundary of the reduced system from its fixed points and what it conserves."""
    found = boundary(reduced_flow())
    (size,) = found.solve(Abs(c))
    return (
        Step("The conserved quantity.", derive_invariant()[-1].expression),
        Step(
            "The fixed points are the lines a = 0 and c = 0; fates change at the level of their crossing.",
            found.relation,
        ),
        Step("Solved for the separation.", Eq(Abs(c), agreed(sqrt(eta_x / (2 * eta_A)) * Abs(a), size))),
    )


def derive_relaxation_rate() -> tuple[Step, ...]:
    """Linearise at the end points."""
    motion = reduced_flow().equations_of_motion
    shrinking, decaying = sympy.cancel(-motion[c] / c), sympy.cancel(-motion[a] / a)
    at_collapse, apart = shrinking.subs(a**2, 2 * eta_A * C), decaying.subs(c**2, -eta_x * C)
    return (
        Step("The separation shrinks at this rate.", Eq(gamma, shrinking)),
        Step("Where the pair has collapsed, C > 0, it is", Eq(gamma, at_collapse)),
        Step("The decoder decays at this rate.", Eq(gamma, decaying)),
        Step("Where the pair stays apart, C < 0, it is", Eq(gamma, apart)),
        Step("Both ways:", Eq(gamma, 2 * eta_A * eta_x * Abs(C))),
    )


def derive_collapse_time() -> tuple[Step, ...]:
    """Solve the trajectory for the time at which it has come down to a given separation."""
    growth = Symbol("g", positive=True)
    reached = Eq(c_t**2, derive_separation_trajectory()[-1].expression.rhs ** 2)
    with_growth = reached.rhs.subs(exp(4 * eta_A * eta_x * C * t), growth)
    (solution,) = sympy.solve(sympy.numer(sympy.together(with_growth - epsilon**2)), growth)
    result = log(c**2 * (epsilon**2 + eta_x * C) / (epsilon**2 * (c**2 + eta_x * C))) / (4 * eta_A * eta_x * C)
    agreed(exp(result * 4 * eta_A * eta_x * C), solution)
    return (
        Step("The trajectory, squared.", reached),
        Step("It equals epsilon^2 when g = exp(4 eta_A eta_x C t) has grown to", Eq(growth, solution)),
        Step("Its logarithm is the time; there is none where the argument is not positive.", Eq(t_epsilon, result)),
    )
