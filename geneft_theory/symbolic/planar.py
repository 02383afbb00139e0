"""A planar velocity field taken apart: the common factor, whose zeros are lines of fixed points, and the rest.

Dividing both velocities by a common factor leaves every orbit where it is and changes only the pace, and the direction
where the factor is negative. So what looks degenerate in the full field, two crossing lines of fixed points, is often
an ordinary saddle of the reduced one: da/dt = -2 eta_A c^2 a, dc/dt = -eta_x a^2 c has the factor a c, and the rest,
(-2 eta_A c, -eta_x a), a saddle at the origin.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sympy

from geneft_theory.errors import InvalidInput, shown
from geneft_theory.symbolic.entries import explicit
from geneft_theory.symbolic.flow import Flow

Point = dict[sympy.Symbol, sympy.Expr]


@dataclass(frozen=True)
class PlanarField:
    """The velocities of two real variables as `common * reduced`.

    Where the flow is a sign flow, the arguments of the signs stand in for the signs: they have the same zeros and
    point to the same side of every line of fixed points. The field is then not `smooth`. `real` maps the variables of
    the flow to those used here, which SymPy knows to be real; `positive` maps learning rates of undeclared sign to
    symbols that SymPy knows to be positive. `polynomial` is said of the reduced field.
    """

    real: dict[sympy.Symbol, sympy.Symbol]
    positive: dict[sympy.Symbol, sympy.Symbol]
    velocity: sympy.Matrix
    common: sympy.Expr
    reduced: sympy.Matrix
    smooth: bool
    polynomial: bool

    @classmethod
    def of(cls, flow: Flow) -> PlanarField:
        """Take a flow apart, or refuse one that is not planar."""
        if not isinstance(flow, Flow):
            raise InvalidInput(f"flow must be a Flow; got {shown(flow)}")
        if len(flow.variables) != 2:
            names = ", ".join(map(str, flow.variables))
            raise InvalidInput(f"flow must have exactly 2 variables; got {len(flow.variables)}: {names}")
        real = {
            variable: variable if variable.is_Symbol and variable.is_real else sympy.Dummy(str(variable), real=True)
            for variable in flow.variables
        }
        variables = tuple(real.values())
        positive = _positive_rates(flow)
        written = exact(sympy.Matrix(list(flow.equations_of_motion.values())).xreplace(real | positive))
        velocity = written.replace(sympy.sign, lambda argument: argument)
        smooth = not written.has(sympy.sign, sympy.Abs)
        common = _common_factor(velocity, variables)
        reduced = (velocity / common).applyfunc(sympy.cancel)
        polynomial = all(entry.is_polynomial(*variables) for entry in reduced)
        return cls(real, positive, velocity, common, reduced, smooth, polynomial)

    @property
    def variables(self) -> tuple[sympy.Symbol, sympy.Symbol]:
        """The variables, or real stand-ins for those that are not declared real."""
        one, other = self.real.values()
        return one, other

    def known(self, expression: sympy.Expr) -> sympy.Expr:
        """Return an expression in the symbols used here, of which SymPy knows what they are."""
        return exact(expression.xreplace(self.real | self.positive))

    def written(self, expression: sympy.Expr) -> sympy.Expr:
        """Return an expression in the symbols of the flow."""
        return expression.xreplace({known: symbol for symbol, known in (self.real | self.positive).items()})

    def written_point(self, point: Point) -> Point:
        """Return a point by the symbols of the flow."""
        return {variable: self.written(point[stand_in]) for variable, stand_in in self.real.items()}

    def point(self, name: str, given: object) -> Point:
        """Return a point that a user gives as a mapping from variables, or their names, to numbers or expressions."""
        places = {str(key): value for key, value in given.items()} if isinstance(given, Mapping) else {}
        if set(places) != set(map(str, self.real)):
            raise InvalidInput(f"{name} must give a value for {' and '.join(map(str, self.real))}; got {shown(given)}")
        point = {stand_in: self.known(expression(places[str(key)], name)) for key, stand_in in self.real.items()}
        if any(
            value.is_finite is False or value.is_real is False or value.has(*self.variables) for value in point.values()
        ):
            raise InvalidInput(f"{name} must be finite, real and without variables; got {shown(given)}")
        return point

    def jacobian(self, point: Mapping[sympy.Symbol, sympy.Expr], *, reduced: bool = True) -> sympy.Matrix:
        """Return the derivative of the reduced field, or of the whole one, at a point."""
        field = self.reduced if reduced else self.velocity
        return at(field.jacobian(self.variables), point).applyfunc(sympy.simplify)

    def singular_points(self) -> list[Point]:
        """Return the isolated points at which the set of fixed points is no smooth line: where fates can change.

        They are the zeros of the reduced field and the points at which lines of fixed points cross.
        """
        systems = [list(self.reduced)]
        lines = [line for line, _ in self.fixed_lines()]
        systems += [list(pair) for pair in itertools.combinations(lines, 2)]
        # A straight line has no singular point of its own.
        curved = [line for line in lines if not self.is_straight(line)]
        systems += [[line, *(line.diff(variable) for variable in self.variables)] for line in curved]
        return unique(point for system in systems for point in real_solutions(system, self.variables))

    def at_generic_parameters(self, point: Point, digits: int = 30) -> tuple[PlanarField, Point, Point]:
        """Return the field and a point in numbers, and the values of the parameters for which they hold."""
        symbols = self.velocity.free_symbols.union(*(value.free_symbols for value in point.values()))
        values = generic(symbols - set(self.variables))
        fields = (part.subs(values).evalf(digits) for part in (self.velocity, self.reduced))
        velocity, reduced = (field.applyfunc(sympy.expand) for field in fields)
        numeric = dataclasses.replace(
            self, velocity=velocity, reduced=reduced, common=self.common.subs(values).evalf(digits)
        )
        return numeric, {variable: value.subs(values).evalf(digits) for variable, value in point.items()}, values

    def singular(self, point: Mapping[sympy.Symbol, sympy.Expr]) -> bool:
        """Return whether a fixed point is a zero of the reduced field or lies where lines of fixed points cross."""
        line = sympy.Mul(*(line for line, _ in self.fixed_lines()))
        systems = [self.reduced, sympy.Matrix([line, *(line.diff(variable) for variable in self.variables)])]
        return any(all(sympy.simplify(entry) == 0 for entry in at(system, point)) for system in systems)

    def fixed_lines(self) -> list[tuple[sympy.Expr, int]]:
        """Return the factors whose zeros are lines of fixed points, with their powers."""
        numerator = sympy.fraction(sympy.together(self.common))[0]
        factors = [factor.as_base_exp() for factor in sympy.Mul.make_args(sympy.factor(numerator))]
        return [
            (line, int(power))
            for line, power in factors
            if line.free_symbols & set(self.variables) and power.is_Integer and not _has_no_zero(line)
        ]

    def is_straight(self, line: sympy.Expr) -> bool:
        """Return whether a factor is linear in the variables."""
        return bool(line.is_polynomial(*self.variables)) and sympy.Poly(line, *self.variables).total_degree() == 1


def _positive_rates(flow: Flow) -> dict[sympy.Symbol, sympy.Symbol]:
    """Return a positive symbol for each learning rate, or symbol in one, whose sign is not declared."""
    found = {}
    for rate in flow.learning_rates:
        number, symbol = rate.as_coeff_Mul()
        if symbol.is_Symbol and symbol.is_positive is None and number.is_positive:
            found[symbol] = sympy.Symbol(str(symbol), positive=True)
    return found


def _has_no_zero(line: sympy.Expr) -> bool:
    """Return whether a factor is known to keep its sign; tanh(x) + 1 only shows it in exponentials."""
    exponential = sympy.factor(sympy.together(line.rewrite(sympy.exp))) if line.has(sympy.tanh) else line
    return bool(line.is_nonzero or exponential.is_positive or exponential.is_negative)


def exact(expression: sympy.Basic) -> sympy.Basic:
    """Return an expression with rational numbers in place of floating-point ones, with which SymPy computes exactly."""
    return expression.xreplace(
        {number: sympy.nsimplify(number, rational=True) for number in expression.atoms(sympy.Float)}
    )


def expression(value: object, name: str) -> sympy.Expr:
    """Return a scalar expression, or refuse what is none."""
    written = explicit(value, name)
    if written.is_Matrix or written.has(sympy.nan):
        raise InvalidInput(f"{name} must be a scalar expression; got {shown(value)}")
    scalar: sympy.Expr = written
    return scalar


def _common_factor(velocity: sympy.Matrix, variables: Sequence[sympy.Symbol]) -> sympy.Expr:
    """Return what both velocities are multiples of; functions of the variables are taken as one more symbol each."""
    fractions = [sympy.fraction(sympy.together(entry)) for entry in velocity]
    try:
        above, below = (sympy.gcd(*(sympy.expand(part) for part in parts)) for parts in zip(*fractions, strict=True))
    except sympy.PolynomialError:
        raise InvalidInput(f"flow must not have pieces; got {shown(list(velocity))}") from None
    if above == 0:
        raise InvalidInput("flow must move; got two velocities that are 0")
    factors = sympy.Mul.make_args(sympy.factor(above / below))
    return sympy.Mul(*(factor for factor in factors if factor.free_symbols & set(variables)))


def real_solutions(system: list[sympy.Expr], variables: Sequence[sympy.Symbol]) -> Iterator[Point]:
    """Yield the isolated solutions that SymPy finds and does not know to be complex."""
    try:
        solutions = sympy.solve(system, variables, dict=True)
    except NotImplementedError:
        return
    for solution in solutions:
        point = {variable: sympy.simplify(solution.get(variable, variable)) for variable in variables}
        free = set().union(*(value.free_symbols for value in point.values()))
        if not free & set(variables) and all(value.is_real is not False for value in point.values()):
            yield point


def unique(points: Iterator[Point]) -> list[Point]:
    """Return the points without repetitions, in their order."""
    seen: list[Point] = []
    for point in points:
        if point not in seen:
            seen.append(point)
    return seen


def at(expression: sympy.Expr, point: Mapping[sympy.Symbol, sympy.Expr]) -> sympy.Expr:
    """Return the expression at a point."""
    return expression.subs(point, simultaneous=True)


def sign_of(expression: sympy.Expr) -> int | None:
    """Return -1, 0 or 1, or None where the assumptions on the symbols do not decide."""
    simplified = sympy.factor(sympy.simplify(expression))
    if simplified.is_zero:
        return 0
    if simplified.is_positive:
        return 1
    return -1 if simplified.is_negative else None


def generic(symbols: Iterable[sympy.Symbol]) -> Point:
    """Return positive numbers for parameters, between which there is no simple relation."""
    return {
        symbol: sympy.Rational(7, 5) + sympy.Rational(3 * index, 11)
        for index, symbol in enumerate(sorted(symbols, key=str))
    }


def quadrants(variables: Sequence[sympy.Symbol]) -> Iterator[Point]:
    """Yield each variable as plus or minus a positive symbol, in all combinations: absolute values fall away there."""
    magnitudes = [sympy.Dummy(str(variable), positive=True) for variable in variables]
    for signs in itertools.product((1, -1), repeat=len(variables)):
        yield {
            variable: sign * magnitude for variable, sign, magnitude in zip(variables, signs, magnitudes, strict=True)
        }
