"""A flow: variables, and the velocity of each as an expression in them; what follows from that alone."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Any

import sympy

from geneft_theory.errors import InvalidInput, require_integer, shown
from geneft_theory.numerics.domains import require_distinct, require_symbol
from geneft_theory.symbolic.entries import entrywise, explicit, names
from geneft_theory.symbolic.fixed_points import common_zeros
from geneft_theory.symbolic.invariants import Ansatz, conserved, monomials, require_small
from geneft_theory.symbolic.motion import aligned
from geneft_theory.symbolic.rational import polynomial_system, vanishes

# Operations in an expression; factoring one of twice this length takes seconds.
LONGEST_FACTORED = 120


def tidy(expression: sympy.Expr) -> sympy.Expr:
    """Return an expression factored, or expanded if it is long."""
    return sympy.factor(expression) if expression.count_ops() <= LONGEST_FACTORED else sympy.expand(expression)


class Flow:
    """An autonomous system of ordinary differential equations, written in SymPy; all variables are real.

    Parameters
    ----------
    velocities : mapping from sympy.Expr to sympy.Expr
        For each variable its derivative in time; free symbols that are no variables are parameters. A variable is a
        symbol, an entry of a matrix symbol or of an indexed symbol. A matrix of symbols or a matrix symbol of integer
        shape, with a velocity of the same shape, stands for its entries.

    Raises
    ------
    InvalidInput
        If there is no variable, a key is not a symbol, a velocity has not the shape of its key or is not real and
        finite, or two symbols have the same name (SymPy keeps those apart that differ in assumptions).

    Examples
    --------
    >>> a, c = sympy.symbols("a c", real=True)
    >>> flow = Flow({a: -2 * a * c**2, c: -c * a**2})
    >>> flow.rate_of_change(a**2 / 2 - c**2)
    0
    >>> flow.restrict({c: 0}).equations_of_motion
    {a: 0}
    >>> flow.polynomial_invariants(2)
    [a**2 - 2*c**2]
    >>> flow.fixed_points
    [{a: 0}, {c: 0}]
    """

    def __init__(self, velocities: Mapping[Any, Any]) -> None:
        if not velocities:
            raise InvalidInput("velocities must give at least one variable; got none")
        self._velocities = entrywise(velocities, "velocities")
        require_distinct("variables and parameters", (*self.variables, *self.parameters))

    # The parameters on which those conserved quantities depend that hold whatever the others; None if not known.
    _constants: Collection[sympy.Expr] | None = None

    @property
    def learning_rates(self) -> tuple[sympy.Expr, ...]:
        """The learning rates of a flow made from a loss, and of what `restrict` and `transform` make of it."""
        return self._learning_rates

    _learning_rates: tuple[sympy.Expr, ...] = ()

    def _with_rates_of(self, origin: Flow) -> Flow:
        self._learning_rates = origin.learning_rates
        return self

    @property
    def variables(self) -> tuple[sympy.Symbol, ...]:
        """The variables, in the order in which they were given."""
        return tuple(self._velocities)

    @property
    def equations_of_motion(self) -> dict[sympy.Symbol, sympy.Expr]:
        """The velocity of each variable."""
        return dict(self._velocities)

    @cached_property
    def parameters(self) -> tuple[sympy.Symbol, ...]:
        """The free symbols that are not variables, sorted by name; entries of matrices count as symbols."""
        free = set().union(*(names(velocity) for velocity in self._velocities.values()))
        return tuple(sorted(free - set(self.variables), key=str))

    @cached_property
    def jacobian(self) -> sympy.ImmutableDenseMatrix:
        """The derivative of each velocity with respect to each variable, as an n x n matrix.

        Examples
        --------
        >>> a, c = sympy.symbols("a c", real=True)
        >>> Flow({a: -2 * a * c**2, c: -c * a**2}).jacobian
        Matrix([
        [-2*c**2, -4*a*c],
        [ -2*a*c,  -a**2]])
        """
        real, back = self._real
        velocities = [velocity.xreplace(real) for velocity in self._velocities.values()]
        rows = [[velocity.diff(real[variable]) for variable in self.variables] for velocity in velocities]
        return sympy.ImmutableDenseMatrix(rows).xreplace(back)

    @cached_property
    def fixed_points(self) -> list[dict[sympy.Symbol, sympy.Expr]]:
        """The sets on which every velocity vanishes; a variable that a set does not mention is free on it.

        They are those that SymPy finds: of a periodic function it returns the zeros of one period.

        Raises
        ------
        InvalidInput
            If SymPy finds none in closed form, although there may be some.
        """
        real, back = self._real
        found = common_zeros([expression.xreplace(real) for expression in self._vanishing_at_rest], list(real.values()))
        return [{back[name]: value.xreplace(back) for name, value in point.items()} for point in found]

    @property
    def _vanishing_at_rest(self) -> list[sympy.Expr]:
        return list(self._velocities.values())

    @cached_property
    def _real(self) -> tuple[dict[sympy.Expr, sympy.Expr], dict[sympy.Expr, sympy.Expr]]:
        """What stands for each variable where SymPy must know that it is real, and the way back."""
        real = {
            variable: variable if variable.is_Symbol and variable.is_real else sympy.Dummy(str(variable), real=True)
            for variable in self.variables
        }
        return real, {symbol: variable for variable, symbol in real.items()}

    def rate_of_change(self, expression: Any) -> Any:
        """Return the derivative in time of an expression along the flow; 0 means conserved.

        Parameters
        ----------
        expression : sympy.Expr or matrix
            Of a matrix, every entry is differentiated.

        Returns
        -------
        sympy.Expr or matrix
            Factored, or expanded where it is so long that factors would take seconds.

        Examples
        --------
        >>> a, c = sympy.symbols("a c", real=True)
        >>> Flow({a: -2 * a * c**2, c: -c * a**2}).rate_of_change(sympy.Matrix([[a * c, a**2 / 2 - c**2]]))
        Matrix([[-a*c*(a**2 + 2*c**2), 0]])
        """
        written = explicit(expression)
        if written.is_Matrix:
            return written.applyfunc(self.rate_of_change)
        real, back = self._real
        written = written.xreplace(real)
        rate = sum(
            (written.diff(real[variable]) * velocity.xreplace(real) for variable, velocity in self._velocities.items()),
            sympy.S.Zero,
        )
        return sympy.S.Zero if vanishes(rate) else tidy(rate).xreplace(back)

    def restrict(self, values: Mapping[Any, Any]) -> Flow:
        """Return the flow on the set on which some variables equal expressions in the others.

        Parameters
        ----------
        values : mapping from sympy.Expr to sympy.Expr
            The value of each variable that drops out; matrices as in `Flow`.

        Raises
        ------
        InvalidInput
            If a key is no variable, a value contains a variable that drops out, no variable is left, or the set is
            not invariant: the flow leaves it.

        Examples
        --------
        >>> a, b = sympy.symbols("a b", real=True)
        >>> Flow({a: b * a, b: a - b}).restrict({b: 0})
        Traceback (most recent call last):
            ...
        geneft_theory.errors.InvalidInput: values must define an invariant set; the flow leaves b = 0 at rate a
        """
        values = entrywise(values, "values")
        for variable, value in values.items():
            if variable not in self._velocities:
                raise InvalidInput(f"values must be given for variables; got {shown(variable)}")
            if value.has(*values):
                raise InvalidInput(f"values must depend on other variables only; got {variable} = {shown(value)}")
        if len(values) == len(self._velocities):
            raise InvalidInput("values must leave at least one variable; got a value for each")
        for variable, value in values.items():
            drift = tidy(self.rate_of_change(variable - value).xreplace(values))
            if not vanishes(drift):
                raise InvalidInput(
                    f"values must define an invariant set; the flow leaves {variable} = {value} at rate {drift}"
                )
        return Flow(
            {
                variable: tidy(velocity.xreplace(values))
                for variable, velocity in self._velocities.items()
                if variable not in values
            }
        )._with_rates_of(self)

    def transform(self, old: Mapping[Any, Any], *, new: Sequence[sympy.Expr] | None = None) -> Flow:
        """Return the same flow in new variables, given each old variable as an expression in the new ones.

        Variables that are not mentioned stay. The new ones are the symbols in the expressions that are neither a
        parameter nor a variable that stays, sorted by name; `new` names them, and their order, where that is not meant.

        Parameters
        ----------
        old : mapping from sympy.Expr to sympy.Expr
            The value of each variable that is replaced; matrices as in `Flow`.
        new : sequence of sympy.Expr, optional
            As many new variables.

        Raises
        ------
        InvalidInput
            If a key is no variable, the number of new variables differs from that of the old, or the map is singular.

        Examples
        --------
        >>> x, y, c, m = sympy.symbols("x y c m", real=True)
        >>> Flow({x: -x * y, y: -y * x}).transform({x: m + c, y: m - c}).equations_of_motion
        {c: 0, m: (c - m)*(c + m)}
        """
        old = entrywise(old, "old")
        if not old:
            raise InvalidInput("old must be given for at least one variable; got none")
        for variable in old:
            if variable not in self._velocities:
                raise InvalidInput(f"old must be given for variables; got {shown(variable)}")
        staying = {variable: velocity for variable, velocity in self._velocities.items() if variable not in old}
        found = set().union(*(names(value) for value in old.values())) - set(self.parameters) - set(staying)
        coming = sorted(found, key=str) if new is None else list(new) if isinstance(new, Sequence) else [new]
        for symbol in coming:
            require_symbol("new", symbol)
        if len(set(coming)) != len(old) or set(coming) & {*staying, *self.parameters}:
            raise InvalidInput(f"old must name as many new variables as it replaces, {len(old)}; got {coming}")
        values = sympy.Matrix(list(old.values()))
        jacobian = values.jacobian(coming)
        determinant = jacobian.det(method="berkowitz")
        if vanishes(determinant):
            raise InvalidInput("old must be an invertible map; got one with a singular Jacobian")
        rest = {variable: tidy(velocity.xreplace(old)) for variable, velocity in staying.items()}
        velocity = sympy.Matrix([self._velocities[variable].xreplace(old) for variable in old])
        for variable, moved in rest.items():
            velocity -= values.diff(variable) * moved
        moved = jacobian.adjugate() * velocity / determinant
        return Flow(rest | dict(zip(coming, (tidy(entry) for entry in moved), strict=True)))._with_rates_of(self)

    def polynomial_invariants(self, degree: int, *, products: bool = True) -> list[sympy.Expr]:
        """Return all conserved polynomials up to a degree, as a basis; constants are left out.

        Every conserved polynomial with coefficients that are rational in the parameters is a combination of these and
        of 1, for all but exceptional values of the parameters. What is returned is conserved in any case; that it is
        everything is certain where velocities are rational in the variables, in exponentials of polynomials and in one
        root or one pair of sine and cosine of them. Other functions, undefined ones and their derivatives, and
        irrational numbers count as algebraically independent; there it is everything if they are.

        Parameters
        ----------
        degree : int
            At least 1.
        products : bool
            Whether products of conserved polynomials of lower degree belong to the basis; without them, the basis
            lists what is new in each degree.

        Returns
        -------
        list of sympy.Expr
            By increasing degree. Coefficients that are numbers are coprime integers; others are scaled so that
            parameters stand in denominators, as in a**2/(2*eta_A) - c**2/eta_x.

        Raises
        ------
        InvalidInput
            If the degree is below 1, or there are more than 10,000 monomials up to it. So many take seconds if the
            velocities have few terms, and minutes from a thousand on if they have all that their degree allows.

        Examples
        --------
        >>> a, c, eta_A, eta_x = sympy.symbols("a c eta_A eta_x")
        >>> flow = Flow({a: -2 * eta_A * a * c**2, c: -eta_x * c * a**2})
        >>> flow.polynomial_invariants(4)
        [a**2/(2*eta_A) - c**2/eta_x, (a**2/(2*eta_A) - c**2/eta_x)**2]
        >>> flow.polynomial_invariants(4, products=False)
        [a**2/(2*eta_A) - c**2/eta_x]
        """
        degree = require_integer("degree", degree, minimum=1)
        number = math.comb(len(self.variables) + degree, degree) - 1
        require_small(number, degree)
        system = polynomial_system(list(self._velocities.values()), self.variables)
        ansatzes = [Ansatz(system)] if self._constants is None else [Ansatz(system, self._constants), Ansatz(system)]
        by_degree = [list(monomials(len(self.variables), own)) for own in range(1, degree + 1)]

        def expression(monomial: tuple[int, ...]) -> sympy.Expr:
            return sympy.Mul(*(name**power for name, power in zip(self.variables, monomial, strict=True)))

        return conserved(ansatzes, by_degree, expression, products=products)

    def latex(self) -> str:
        """Return the equations of motion as LaTeX, aligned, without delimiters."""
        return aligned(self._velocities)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._velocities})"
