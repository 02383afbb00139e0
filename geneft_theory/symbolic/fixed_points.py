"""Where a flow rests: the common zeros of its velocities, factor by factor."""

from __future__ import annotations

import math
from collections.abc import Sequence

import sympy

from geneft_theory.errors import InvalidInput, shown
from geneft_theory.symbolic.kernels import INFINITE
from geneft_theory.symbolic.rational import vanishes

Point = dict[sympy.Expr, sympy.Expr]

# A system that splits into more cases than this has no answer that anybody would read.
LARGEST_NUMBER_OF_CASES = 2000

# As many common roots, by their degrees, SymPy is trusted to find; beyond, it may not come back.
LARGEST_NUMBER_OF_ROOTS = 20


def common_zeros(expressions: Sequence[sympy.Expr], variables: Sequence[sympy.Expr]) -> list[Point]:
    """Return the sets on which all expressions vanish; a variable that a set does not mention is free on it.

    Products are split into cases and variables that occur linearly are eliminated; only what then remains is left to
    `sympy.solve`.

    Raises
    ------
    InvalidInput
        If SymPy does not find them in closed form.

    Examples
    --------
    >>> a, c = sympy.symbols("a c", real=True)
    >>> common_zeros([a * c**2, a**2 * c], [a, c])
    [{a: 0}, {c: 0}]
    """
    fractions = [sympy.fraction(sympy.together(expression)) for expression in expressions]
    cases = _Cases(variables)
    cases.solve([above for above, _ in fractions], {}, [below for _, below in fractions if below.has(*variables)])
    return [point for place, point in enumerate(cases.found) if not _is_covered(point, place, cases.found)]


class _Cases:
    """The cases that are left, depth first."""

    def __init__(self, variables: Sequence[sympy.Expr]) -> None:
        self.variables = tuple(variables)
        self.found: list[Point] = []
        self._tried = 0

    def solve(self, equations: Sequence[sympy.Expr], known: Point, nonzero: Sequence[sympy.Expr]) -> None:
        """Append every solution that extends what is known and where some expressions do not vanish."""
        self._tried += 1
        if self._tried > LARGEST_NUMBER_OF_CASES:
            raise InvalidInput(f"flow must have fixed points in closed form; got more than {self._tried - 1} cases")
        if not all(map(_is_finite, known.values())) or any(vanishes(expression.subs(known)) for expression in nonzero):
            return
        products = [self._factors(equation) for equation in equations if not vanishes(equation)]
        if not all(products):
            return
        if not products:
            self._append(known)
            return
        product = min(products, key=self._effort)
        others = [sympy.Mul(*factors) for factors in products if factors is not product]
        for factor in product:
            self._resolve(factor, others, known, nonzero)

    def _resolve(
        self, factor: sympy.Expr, others: Sequence[sympy.Expr], known: Point, nonzero: Sequence[sympy.Expr]
    ) -> None:
        variable, slope = self._linear(factor)
        if variable is None:
            for solution in self._solutions(factor, others):
                self.solve([_numerator(other.subs(solution)) for other in others], _extended(known, solution), nonzero)
            return
        offset = sympy.expand(factor - slope * variable)
        value = {variable: sympy.factor(-offset / slope)}
        if slope.has(*self.variables):
            self.solve([slope, offset, *others], known, nonzero)
            nonzero = [*nonzero, slope]
        self.solve([_numerator(other.subs(value)) for other in others], _extended(known, value), nonzero)

    def _solutions(self, factor: sympy.Expr, others: Sequence[sympy.Expr]) -> list[Point]:
        """Return what SymPy finds for one equation in one variable, else for a system of polynomials."""
        equations = [factor] if self._contained(factor) == 1 else [factor, *others]
        unknown = [name for name in self.variables if any(own.has(name) for own in equations)]
        refusal = "flow must have fixed points in closed form; "
        if len(unknown) > 1:
            if not all(own.is_polynomial(*unknown) for own in equations):
                raise InvalidInput(f"{refusal}got several unknowns in {shown(factor)} = 0")
            degrees = [own.as_poly(*unknown).total_degree() for own in equations]
            if math.prod(degrees) > LARGEST_NUMBER_OF_ROOTS:
                raise InvalidInput(f"{refusal}got equations of degrees {degrees}")
        try:
            return list(sympy.solve(equations, unknown, dict=True))
        except NotImplementedError:
            raise InvalidInput(f"{refusal}SymPy finds none of {shown(factor)} = 0") from None

    def _append(self, point: Point) -> None:
        if not any(value.is_real is False for value in point.values()) and point not in self.found:
            self.found.append({name: point[name] for name in self.variables if name in point})

    def _factors(self, equation: sympy.Expr) -> list[sympy.Expr]:
        """Return the factors that contain a variable and can be zero; without one, there is no solution."""
        parts = [factor for factor, _ in sympy.factor_list(equation)[1]]
        return [factor for factor in parts if factor.has(*self.variables) and factor.is_zero is not False]

    def _linear(self, factor: sympy.Expr) -> tuple[sympy.Expr | None, sympy.Expr]:
        """Return a variable that occurs linearly, and the expression that multiplies it: a constant if there is one."""
        slopes = {}
        for variable in reversed(self.variables):
            slope = sympy.expand(factor.diff(variable))
            if slope != 0 and not slope.has(variable):
                slopes[variable] = slope
        constant = (variable for variable, slope in slopes.items() if not slope.has(*self.variables))
        variable = next(constant, next(iter(slopes), None))
        return variable, slopes.get(variable, sympy.S.Zero)

    def _effort(self, factors: Sequence[sympy.Expr]) -> tuple[int, int]:
        """Order equations: what only eliminates a variable, then what splits into simple cases, then the rest."""
        linear = [self._linear(factor) for factor in factors]
        eliminates = len(factors) == 1 and linear[0][0] is not None and not linear[0][1].has(*self.variables)
        simple = all(
            variable is not None or self._contained(factor) == 1
            for factor, (variable, _) in zip(factors, linear, strict=True)
        )
        return (0 if eliminates else 1 if simple else 2), sum(factor.count_ops() for factor in factors)

    def _contained(self, expression: sympy.Expr) -> int:
        return sum(expression.has(name) for name in self.variables)


def _numerator(expression: sympy.Expr) -> sympy.Expr:
    return sympy.fraction(sympy.together(expression))[0]


def _extended(known: Point, more: Point) -> Point:
    return {name: sympy.factor(value.subs(more)) for name, value in known.items()} | more


def _is_finite(expression: sympy.Expr) -> bool:
    return not expression.has(*INFINITE)


def _is_covered(point: Point, place: int, found: Sequence[Point]) -> bool:
    """Whether a point lies on another set that was found, which then says more."""
    for other_place, other in enumerate(found):
        if other_place == place or not set(other) <= set(point) or (point == other and other_place > place):
            continue
        differences = [(name - value).subs(point) for name, value in other.items()]
        if all(_is_finite(difference) and vanishes(difference) for difference in differences):
            return True
    return False
