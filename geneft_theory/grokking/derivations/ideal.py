"""The law for the critical fraction of many symbols: when is the last one covered by a constraint?"""

from __future__ import annotations

import sympy
from sympy import Eq, Integral, Symbol, exp, log

from geneft_theory.grokking.derivations.structure import agree
from geneft_theory.grokking.symbols import critical_fraction, p, pairs_per_symbol, position
from geneft_theory.statements.statement import Step


def _exponent() -> sympy.Expr:
    """Return how much likelier a symbol at place x is to be undetermined than one whose labels have many samples."""
    a, x = pairs_per_symbol, position
    return 2 * (exp(-a * x) + exp(-a * (1 - x)) - 2 * exp(-a))


def covering() -> Eq:
    """Return the law: an undetermined symbol is to be expected log 2 times."""
    return Eq(p * exp(-2 * pairs_per_symbol) * Integral(exp(_exponent()), (position, 0, 1)), log(2))


def derive_covering() -> tuple[Step, ...]:
    """The chance that no constraint sees a symbol, label by label, for many symbols; then a Poisson number of them."""
    a, x = pairs_per_symbol, position
    share, members = Symbol("r", positive=True), Symbol("m_c", positive=True)
    u, y, symbols = Symbol("u", nonnegative=True), Symbol("y", positive=True), Symbol("p", positive=True)
    chance = 1 - share + share * (1 - share) ** (members - 1)
    many = {share: 2 * a / symbols, members: y * symbols / 2}
    # The logarithm's first order is enough: of p labels each is a chance 1 - O(1/p).
    missing = sympy.limit(symbols * (1 - chance).subs(many), symbols, sympy.oo)
    density = agree(2 * a * (1 - exp(-a * y)), missing)
    # The symbol x p makes the labels u p with u from x to x + 1; label u p has p min(u, 2 - u)/2 samples.
    whole = sympy.integrate(density.subs(y, u), (u, x, 1)) + sympy.integrate(density.subs(y, 2 - u), (u, 1, 1 + x))
    logarithm = agree(_exponent() - 2 * a, -whole)
    expected = covering().lhs
    return (
        Step("All of p(p + 1)/2 pairs that are shown are, per symbol,", Eq(a, critical_fraction * (p + 1) / 2)),
        Step(
            "A symbol is in one of the m_c pairs of a label. It is not determined by that label if this pair is not "
            "shown, or is the only one shown, which has the probability",
            chance,
        ),
        Step("For large p, with m_c = y p/2, what is missing to 1 is 1/p times", density),
        Step(
            "Symbol x p is in the labels u p with u = x ... x + 1, which have y = min(u, 2 - u). All of them fail to "
            "determine it with a probability whose logarithm is",
            logarithm,
        ),
        Step("So many symbols are to be expected undetermined:", expected),
        Step("They are rare and nearly independent: there is none with probability exp(-expected) = 1/2.", covering()),
    )
