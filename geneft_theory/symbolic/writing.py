"""How a conserved polynomial is written: short integer coefficients, or learning rates as denominators."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import sympy
from sympy.polys.matrices import DomainMatrix
from sympy.polys.rings import PolyElement

Monomial = tuple[int, ...]
Polynomial = dict[Monomial, PolyElement]

# Lattice reduction of more vectors than this would take longer than the search for them.
LARGEST_LATTICE = 40


def as_written(
    polynomial: Polynomial,
    parameters: Sequence[sympy.Expr],
    denominators: Sequence[sympy.Expr],
    expression: Callable[[Monomial], sympy.Expr],
) -> sympy.Expr:
    """Return a conserved polynomial scaled as a physicist would write it.

    The coefficients have no common factor. Where some of the parameters that may be denominators divide coefficients,
    all are divided by the least common multiple of these divisors: eta_x a^2 - 2 eta_A c^2 is written
    a^2 / (2 eta_A) - c^2 / eta_x. The first of the terms of highest degree counts as positive.
    """
    ordered = sorted(polynomial, key=lambda monomial: (sum(monomial), monomial), reverse=True)
    content = functools.reduce(lambda left, right: left.gcd(right), polynomial.values())
    coefficients = {monomial: polynomial[monomial].exquo(content) for monomial in ordered}
    if coefficients[ordered[0]].LC < 0:
        coefficients = {monomial: -coefficient for monomial, coefficient in coefficients.items()}
    free = [place for place, parameter in enumerate(parameters) if parameter in denominators]
    single = [_largest_term(coefficient, free) for coefficient in coefficients.values()]
    divisor = content.ring.one if all(term.is_ground for term in single) else lcm(single)
    return sympy.Add(
        *(
            sympy.cancel(_named(coefficient, parameters) / _named(divisor, parameters)) * expression(monomial)
            for monomial, coefficient in coefficients.items()
        )
    )


def shortened(polynomials: list[Polynomial]) -> list[Polynomial]:
    """Return another basis of the same conserved polynomials, of small integers where coefficients are numbers.

    The sum of all embeddings is such a combination: elimination alone would return the sum of some, with multiples.
    """
    numeric = [polynomial for polynomial in polynomials if all(value.is_ground for value in polynomial.values())]
    others = [polynomial for polynomial in polynomials if polynomial not in numeric]
    if not 2 <= len(numeric) <= LARGEST_LATTICE:
        return polynomials
    ring = next(iter(numeric[0].values())).ring
    support = sorted(set().union(*numeric), reverse=True)
    rows = [[sympy.ZZ(polynomial.get(key, ring.zero).coeff(1)) for key in support] for polynomial in numeric]
    reduced = DomainMatrix(rows, (len(rows), len(support)), sympy.ZZ).lll().to_list()
    short = [{key: ring(value) for key, value in zip(support, row, strict=True) if value} for row in reduced]
    return short + others


def lcm(polynomials: Sequence[PolyElement]) -> PolyElement:
    """Return the least common multiple."""
    return functools.reduce(lambda left, right: left.lcm(right), polynomials)


def _named(polynomial: PolyElement, parameters: Sequence[sympy.Expr]) -> sympy.Expr:
    # A ring needs a generator even where there is no parameter.
    return polynomial.as_expr(*(parameters or polynomial.ring.symbols))


def _largest_term(polynomial: PolyElement, places: Sequence[int]) -> PolyElement:
    """Return the largest product of a number and powers of some generators that divides a polynomial."""
    lowest = [min(exponents) for exponents in zip(*polynomial.itermonoms(), strict=True)]
    powers = tuple(power if place in places else 0 for place, power in enumerate(lowest))
    return polynomial.ring.from_dict({powers: polynomial.content()})
