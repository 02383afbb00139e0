"""How the statements of the statics follow from their premises, step by step, by SymPy.

Each function returns the steps; the last one is the statement itself, and a test holds it to that.
"""

from __future__ import annotations

from itertools import permutations

import sympy
from sympy import Eq, Function, Max, Rational, Symbol, factorial, log

from geneft_theory.statements.statement import Step
from geneft_theory.statics.symbols import N, a, alpha, automorphisms, b, bits_of, f, f_upper, k, m, n, p_c, p_star


def derive_description_length() -> tuple[Step, ...]:
    """Orbit-stabiliser: the relabellings of G form one orbit of the symmetric group."""
    orbit = Symbol("|orbit|", positive=True)
    orbit_stabiliser = Eq(orbit * automorphisms, factorial(n))
    count = sympy.solve(orbit_stabiliser, orbit)[0]
    return (
        Step(
            "Under the n! relabellings, orbit times stabiliser is n!; the stabiliser is Aut G.",
            orbit_stabiliser,
        ),
        Step("So G has this many distinct relabellings.", Eq(orbit, count)),
        Step("Naming one of them takes the binary logarithm of their number.", bits_of(count)),
    )


def derive_equal_classes() -> tuple[Step, ...]:
    """Symmetry of k classes of n/k symbols: permute within each class, and the classes among themselves."""
    group = factorial(n / k) ** k * factorial(k)
    return (
        Step(
            "Permute within each class of n/k symbols, and exchange the k classes.",
            Eq(automorphisms, group),
        ),
        Step("The orbit formula gives the description length.", bits_of(factorial(n) / group)),
    )


def derive_complete_bipartite() -> tuple[Step, ...]:
    """Symmetry of two parts of different size: permute within each part."""
    group = factorial(a) * factorial(n - a)
    return (
        Step("Permute within each part; parts of different size cannot be exchanged.", Eq(automorphisms, group)),
        Step("The orbit formula gives the description length.", bits_of(sympy.combsimp(factorial(n) / group))),
    )


def derive_known_fraction() -> tuple[Step, ...]:
    """Balls in buckets: each sample shows one of the b bits at random, the unknown ones wait."""
    step = Symbol("m", integer=True, nonnegative=True)
    unknown = Function("u")
    recurrence = Eq(unknown(step + 1), unknown(step) * (1 - 1 / b))
    solution = sympy.rsolve(recurrence.lhs - recurrence.rhs, unknown(step), {unknown(0): 1})
    solution = solution.replace((b - 1) / b, 1 - 1 / b)
    return (
        Step(
            "A sample shows one of b bits at random: an unknown bit stays so with 1 - 1/b.",
            recurrence,
        ),
        Step("Starting with everything unknown, after m samples:", Eq(unknown(step), solution)),
        Step("What is not unknown is known; from here on m is any real number.", Eq(f, 1 - solution.subs(step, m))),
    )


def derive_critical_fraction() -> tuple[Step, ...]:
    """Set the known fraction to alpha at m = N p_c samples, and let SymPy solve for p_c."""
    demand = Eq(alpha, derive_known_fraction()[-1].expression.rhs.subs(m, N * p_c))
    (solution,) = sympy.solve(demand, p_c)
    return (
        Step("Ask that a fraction alpha of the bits is known after N p_c samples.", demand),
        Step("Solve for p_c.", Eq(p_c, solution.replace((b - 1) / b, 1 - 1 / b))),
    )


def derive_critical_fraction_many_bits() -> tuple[Step, ...]:
    """Expand the critical fraction for a large description length."""
    exact = derive_critical_fraction()[-1].expression
    small = Symbol("epsilon", positive=True)
    leading = sympy.series(exact.rhs.subs(b, 1 / small), small, 0, 0).removeO().subs(small, 1 / b)
    leading = -log(1 - alpha) * sympy.cancel(leading / -log(1 - alpha))
    return (
        Step("The critical fraction, exactly.", exact),
        Step("Its leading term for b >> 1.", Eq(p_c, leading)),
    )


def derive_accuracy_estimate() -> tuple[Step, ...]:
    """Answer known pairs exactly and the others by the better constant guess."""
    right, guess = Symbol("P_known", positive=True), Symbol("P_guess", positive=True)
    mixture = Eq(f_upper, f * right + (1 - f) * guess)
    return (
        Step("A fraction f of the pairs is known, the others are guessed.", mixture),
        Step("A known pair is answered correctly.", mixture.subs(right, 1)),
        Step("The best constant guess takes the likelier answer.", Eq(f_upper, f + Max(p_star, 1 - p_star) * (1 - f))),
    )


def derive_order_chance() -> tuple[Step, ...]:
    """Given x < y, count in which of the orders of x, y, z the pair (x, z) is the same way round."""
    orders = [order for order in permutations("xyz") if order.index("x") < order.index("y")]
    same = sum(order.index("x") < order.index("z") for order in orders)
    share = Rational(same, len(orders))
    return (
        Step(
            f"Of the 6 orders of x, y, z, {len(orders)} have x < y, and in {same} of them x < z.", Eq(1 - p_star, share)
        ),
        Step("The other answer has the rest.", Eq(p_star, 1 - share)),
    )


def derive_any_relation() -> tuple[Step, ...]:
    """Count zero-one matrices."""
    count = 2 ** (n**2)
    return (Step("There are 2^(n^2) zero-one matrices, one bit a pair.", Eq(b, sympy.simplify(log(count) / log(2)))),)


def derive_symmetric_relation() -> tuple[Step, ...]:
    """Count symmetric zero-one matrices."""
    free_entries = n * (n - 1) / 2 + n
    return (Step("n(n - 1)/2 unordered pairs and n loops, one bit each.", Eq(b, sympy.factor(free_entries))),)


def derive_total_order() -> tuple[Step, ...]:
    """A total order has no symmetry."""
    return (
        Step("Only the identity keeps an order.", Eq(automorphisms, sympy.Integer(1))),
        Step("The orbit formula gives the description length.", bits_of(factorial(n))),
    )
