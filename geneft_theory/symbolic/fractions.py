"""Sums and products of rational functions that never need a greatest common divisor."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import sympy
from sympy.polys.rings import PolyElement, PolyRing

from geneft_theory.errors import InvalidInput, shown


@dataclass
class Fraction:
    """A numerator over powers of factors that are never multiplied out, so that sums need no common divisors."""

    numerator: PolyElement
    factors: dict[PolyElement, int] = field(default_factory=dict)

    def over(self, factors: Mapping[PolyElement, int]) -> PolyElement:
        """Return the numerator over a denominator that contains the own."""
        missing = (factor ** (power - self.factors.get(factor, 0)) for factor, power in factors.items())
        return math.prod(missing, start=self.numerator)

    def times(self, other: Fraction) -> Fraction:
        """Return the product."""
        factors = dict(self.factors)
        for factor, power in other.factors.items():
            factors[factor] = factors.get(factor, 0) + power
        return Fraction(self.numerator * other.numerator, factors)

    def to_the(self, power: int) -> Fraction:
        """Return an integer power, or refuse a negative one of zero."""
        if power >= 0:
            return Fraction(self.numerator**power, {factor: power * own for factor, own in self.factors.items()})
        if self.numerator == 0:
            raise InvalidInput("expression must be finite; got a division by zero")
        above = math.prod((factor**own for factor, own in self.factors.items()), start=self.numerator.ring.one)
        below = {self.numerator: -power}
        if len(self.numerator) == 1:  # a monomial is split, so that x and x*y share the factor x
            monomial, coefficient = next(iter(self.numerator.terms()))
            parts = zip(self.numerator.ring.gens, monomial, strict=True)
            below = {generator: -power * exponent for generator, exponent in parts if exponent}
            if coefficient != 1:
                below[self.numerator.ring(coefficient)] = -power
        return Fraction(above ** (-power), below)


def common_factors(fractions: Iterable[Fraction]) -> dict[PolyElement, int]:
    """Return the least powers of factors that all denominators divide."""
    common: dict[PolyElement, int] = {}
    for own in fractions:
        for factor, power in own.factors.items():
            common[factor] = max(common.get(factor, 0), power)
    return common


def fraction(expression: sympy.Expr, known: Mapping[sympy.Expr, PolyElement], polynomials: PolyRing) -> Fraction:
    """Return a rational expression in symbols that are known elements of a ring.

    Raises
    ------
    InvalidInput
        If the expression divides by zero or is not rational in these symbols.
    """
    if expression in known:
        return Fraction(known[expression])
    if expression.is_Rational:
        below = {polynomials(expression.q): 1} if expression.q != 1 else {}
        return Fraction(polynomials(expression.p), below)
    parts = [fraction(argument, known, polynomials) for argument in expression.args[: 1 if expression.is_Pow else None]]
    if expression.is_Add:
        common = common_factors(parts)
        return Fraction(sum((part.over(common) for part in parts), polynomials.zero), common)
    if expression.is_Mul:
        product = Fraction(polynomials.one)
        for part in parts:
            product = product.times(part)
        return product
    if expression.is_Pow and expression.exp.is_Integer:
        return parts[0].to_the(int(expression.exp))
    raise InvalidInput(f"expression must be finite and real; got {shown(expression)}")
