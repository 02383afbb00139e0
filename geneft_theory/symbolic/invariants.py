"""All conserved polynomials of a flow: an ansatz with unknown coefficients, and exact linear algebra for them."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import sympy
from sympy.polys.matrices import DomainMatrix
from sympy.polys.rings import PolyElement, ring

from geneft_theory.errors import InvalidInput
from geneft_theory.symbolic.elimination import PRIME, Elimination
from geneft_theory.symbolic.entries import names
from geneft_theory.symbolic.rational import PolynomialSystem
from geneft_theory.symbolic.writing import Monomial, Polynomial, as_written, lcm, shortened

Residues = dict[Monomial, int]

# The most monomials that an ansatz may have.
LARGEST_ANSATZ = 10_000


def require_small(number: int, degree: int) -> None:
    """Refuse an ansatz of so many monomials up to this degree that nobody would wait for it."""
    if number > LARGEST_ANSATZ:
        raise InvalidInput(f"degree must leave at most {LARGEST_ANSATZ} monomials; got {number} for degree {degree}")


class UnluckyPoint(ArithmeticError):
    """At the point tried, the linear system has solutions that it does not have in general."""


class Ansatz:
    """Polynomials in the variables of a flow with coefficients in its parameters, and how the flow changes them.

    Velocities are multiplied by their common denominator, which changes how fast a trajectory is run through but not
    what is conserved along it.

    Parameters
    ----------
    system : PolynomialSystem
        The velocities, in as many variables.
    constants : collection of sympy.Expr, optional
        The parameters on which coefficients may depend; all of them by default. What holds then holds whatever the
        values of the others, even if these changed in time.
    involutions : collection of int
        The places of variables whose square is 1.
    """

    def __init__(
        self,
        system: PolynomialSystem,
        constants: Collection[sympy.Expr] | None = None,
        involutions: Collection[int] = (),
    ) -> None:
        self._kernels, self._variables = system.kernels, system.variables
        self._involutions = tuple(involutions)
        moving = range(system.kernels + system.variables)
        still = range(len(moving), len(system.meaning))
        held = [place for place in still if constants is None or names(system.meaning[place]) <= set(constants)]
        self.parameters = tuple(system.meaning[place] for place in held)
        self._state, self._held = [*moving, *(place for place in still if place not in held)], held
        # A ring needs a generator even where there is no parameter.
        self.coefficients = ring([sympy.Dummy() for _ in held or [0]], sympy.ZZ, sympy.grlex)[0]
        self._fields = [self._split(numerator) for numerator in system.numerators]

    def _split(self, numerator: PolyElement) -> Polynomial:
        parts: dict[Monomial, dict[Monomial, Any]] = {}
        for monomial, coefficient in numerator.terms():
            key, powers = (tuple(monomial[place] for place in places) for places in (self._state, self._held))
            parts.setdefault(key, {})[powers or (0,)] = coefficient
        return {monomial: self.coefficients.from_dict(part) for monomial, part in parts.items()}

    def value(self, coefficient: PolyElement, point: Mapping[sympy.Expr, int]) -> int:
        """Return a coefficient at values of the parameters, modulo the prime."""
        bases = [point[parameter] for parameter in self.parameters]
        terms = (
            int(factor) * math.prod(pow(base, power, PRIME) for base, power in zip(bases, monomial, strict=False))
            for monomial, factor in coefficient.terms()
        )
        return sum(terms) % PRIME

    def at(self, point: Mapping[sympy.Expr, int]) -> list[Residues]:
        """Return the velocities at values of the parameters, modulo the prime."""
        return [{key: self.value(coefficient, point) for key, coefficient in field.items()} for field in self._fields]

    def change(self, monomial: Monomial, fields: Sequence[Mapping[Monomial, Any]] | None = None) -> dict[Monomial, Any]:
        """Return the rate of change of a monomial, as a polynomial in kernels and variables."""
        rates: dict[Monomial, Any] = {}
        for index, exponent in enumerate(monomial):
            if exponent == 0:
                continue
            for factor, coefficient in (fields or self._fields)[index].items():
                product = list(factor)
                for place, power in enumerate(monomial, start=self._kernels):
                    product[place] += power
                product[self._kernels + index] -= 1
                key = self._reduced(product, self._kernels)
                rates[key] = rates.get(key, 0) + exponent * coefficient
        return rates

    def product(self, left: Residues, right: Residues) -> Residues:
        """Return the product of two polynomials, modulo the prime."""
        terms: Residues = {}
        for (first, one), (second, two) in itertools.product(left.items(), right.items()):
            key = self._reduced([own + other for own, other in zip(first, second, strict=True)], 0)
            terms[key] = (terms.get(key, 0) + one * two) % PRIME
        return {key: value for key, value in terms.items() if value}

    def _reduced(self, monomial: list[int], start: int) -> Monomial:
        for index in self._involutions:
            monomial[start + index] %= 2
        return tuple(monomial)


def monomials(number: int, degree: int) -> Iterator[Monomial]:
    """Yield the exponents of all monomials of exactly this degree."""
    for chosen in itertools.combinations_with_replacement(range(number), degree):
        yield tuple(chosen.count(index) for index in range(number))


def conserved(
    ansatzes: Sequence[Ansatz],
    by_degree: Sequence[Sequence[Monomial]],
    expression: Callable[[Monomial], sympy.Expr],
    *,
    products: bool,
) -> list[sympy.Expr]:
    """Return a basis of the conserved combinations of monomials, those of low degree first.

    Parameters
    ----------
    ansatzes : sequence of Ansatz
        The same flow with fewer and with more parameters in the coefficients; what the first finds comes first.
    by_degree : sequence of sequences of monomials
        The monomials of degree 1, 2, ...; a product of two must be found under the sum of their degrees.
    expression : callable
        What a monomial is called in the result.
    products : bool
        Whether products of conserved polynomials of lower degree are part of the result.
    """
    for seed in itertools.count():
        try:
            return _Search(ansatzes, expression, random.Random(seed)).run(by_degree, products)
        except UnluckyPoint:
            continue
    raise AssertionError("unreachable")


class _Search:
    """The solutions at one random point of the parameters modulo a prime, and the exact ones that lie over them.

    There are at least as many solutions at a point as in general, and each that is kept is solved for exactly over
    the rational functions of the parameters. So the result is complete whatever the point; an unlucky point only
    costs another attempt.
    """

    def __init__(
        self, ansatzes: Sequence[Ansatz], expression: Callable[[Monomial], sympy.Expr], generator: random.Random
    ) -> None:
        self.expression = expression
        every = dict.fromkeys(parameter for ansatz in ansatzes for parameter in ansatz.parameters)
        self.point = {parameter: generator.randrange(1, PRIME) for parameter in every}
        self.ansatzes = [(ansatz, ansatz.at(self.point)) for ansatz in ansatzes]
        self.generators: list[tuple[int, Residues, sympy.Expr]] = []

    def run(self, by_degree: Sequence[Sequence[Monomial]], products: bool) -> list[sympy.Expr]:
        changes: list[Elimination[Monomial, Monomial]] = [Elimination() for _ in self.ansatzes]
        known: Elimination[Monomial, None] = Elimination()
        found = []
        for degree, some in enumerate(by_degree, start=1):
            for residues, product in self._products(degree):
                if known.add(None, residues) is None and products:
                    found.append(product)
            for (ansatz, fields), elimination in zip(self.ansatzes, changes, strict=True):
                tried = (elimination.add(monomial, ansatz.change(monomial, fields)) for monomial in some)
                solutions = sorted((combination for combination in tried if combination), key=len)
                independent = [list(solution) for solution in solutions if known.add(None, solution) is None]
                for polynomial in shortened([self._exact(ansatz, fields, support) for support in independent]):
                    residues = {key: ansatz.value(own, self.point) for key, own in polynomial.items()}
                    invariant = as_written(
                        polynomial, ansatz.parameters, self.ansatzes[0][0].parameters, self.expression
                    )
                    self.generators.append((degree, residues, invariant))
                    found.append(invariant)
        return found

    def _products(self, degree: int) -> Iterator[tuple[Residues, sympy.Expr]]:
        """Yield the products of at least two generators of lower degree that have this degree."""
        lower = list(self.generators)
        for size in range(2, degree + 1):
            for chosen in itertools.combinations_with_replacement(lower, size):
                if sum(own for own, _, _ in chosen) != degree:
                    continue
                residues = chosen[0][1]
                for _, factor, _ in chosen[1:]:
                    residues = self.ansatzes[0][0].product(residues, factor)
                yield residues, sympy.Mul(*(invariant for _, _, invariant in chosen))

    def _exact(self, ansatz: Ansatz, fields: Sequence[Residues], support: list[Monomial]) -> Polynomial:
        """Solve for the one conserved combination of these monomials."""
        changes = {monomial: ansatz.change(monomial) for monomial in support}
        independent: Elimination[Monomial, Monomial] = Elimination()
        for monomial in support:
            independent.add(monomial, ansatz.change(monomial, fields))
        zero, domain = ansatz.coefficients.zero, ansatz.coefficients.to_domain()
        rows = [[changes[monomial].get(row, zero) for monomial in support] for row in independent.pivots]
        if not rows:
            return dict.fromkeys(support, ansatz.coefficients.one)
        solutions = DomainMatrix(rows, (len(rows), len(support)), domain).to_field().nullspace().to_list()
        if len(solutions) != 1:
            raise UnluckyPoint
        (fractions,) = solutions
        denominator = lcm([fraction.denom for fraction in fractions])
        cleared = [fraction.numer * denominator.exquo(fraction.denom) for fraction in fractions]
        for row in set().union(*changes.values()):
            if sum((own * changes[key].get(row, 0) for own, key in zip(cleared, support, strict=True)), zero) != 0:
                raise UnluckyPoint
        return {key: own for key, own in zip(support, cleared, strict=True) if own}
