"""A flow: variables, and the velocity of each as an expression in them; what follows from that alone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import sympy

from geneft_theory.errors import InvalidInput, shown


class Flow:
    """An autonomous system of ordinary differential equations, written in SymPy.

    Parameters
    ----------
    velocities : mapping from sympy.Symbol to sympy.Expr
        For each variable its derivative in time; free symbols that are no variables are parameters.

    Raises
    ------
    InvalidInput
        If there is no variable, or a key is not a symbol.

    Examples
    --------
    >>> a, c = sympy.symbols("a c", real=True)
    >>> flow = Flow({a: -2 * a * c**2, c: -c * a**2})
    >>> flow.rate_of_change(a**2 / 2 - c**2)
    0
    >>> flow.restrict({c: 0}).equations_of_motion
    {a: 0}
    """

    def __init__(self, velocities: Mapping[sympy.Expr, sympy.Expr]) -> None:
        if not velocities:
            raise InvalidInput("velocities must give at least one variable; got none")
        for variable in velocities:
            if not getattr(variable, "_diff_wrt", False):
                raise InvalidInput(f"velocities must be given for symbols; got {shown(variable)}")
        self._velocities = {variable: sympy.sympify(velocity) for variable, velocity in velocities.items()}

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
        """The free symbols that are not variables, sorted by name."""
        free = set().union(*(velocity.free_symbols for velocity in self._velocities.values()))
        return tuple(sorted(free - set(self.variables), key=str))

    def rate_of_change(self, expression: sympy.Expr) -> sympy.Expr:
        """Return the derivative in time of an expression along the flow, simplified; 0 means conserved."""
        expression = sympy.sympify(expression)
        rate = sum(expression.diff(variable) * velocity for variable, velocity in self._velocities.items())
        return sympy.factor(sympy.simplify(rate))

    def restrict(self, values: Mapping[sympy.Expr, sympy.Expr]) -> Flow:
        """Return the flow on the set on which some variables equal expressions in the others.

        Raises
        ------
        InvalidInput
            If the set is not invariant: the flow leaves it.
        """
        values = {variable: sympy.sympify(value) for variable, value in values.items()}
        for variable, value in values.items():
            if variable not in self._velocities:
                raise InvalidInput(f"values must be given for variables; got {shown(variable)}")
            drift = sympy.simplify(self.rate_of_change(variable - value).subs(values, simultaneous=True))
            if drift != 0:
                raise InvalidInput(
                    f"values must define an invariant set; the flow leaves {variable} = {value} at rate {drift}"
                )
        return Flow(
            {
                variable: sympy.factor(velocity.subs(values, simultaneous=True))
                for variable, velocity in self._velocities.items()
                if variable not in values
            }
        )

    def transform(self, old: Mapping[sympy.Expr, sympy.Expr]) -> Flow:
        """Return the same flow in new variables, given each old variable as an expression in the new ones.

        Variables that are not mentioned stay. The map must be invertible, its Jacobian as a matrix of expressions.

        Raises
        ------
        InvalidInput
            If the number of new variables differs from that of the old, or the map is singular.
        """
        old = {variable: sympy.sympify(value) for variable, value in old.items()}
        new = sorted(set().union(*(value.free_symbols for value in old.values())) - set(self.parameters), key=str)
        new = [symbol for symbol in new if symbol not in self._velocities or symbol in old]
        if len(new) != len(old):
            raise InvalidInput(f"old must name as many new variables as it replaces, {len(old)}; got {new}")
        jacobian = sympy.Matrix([[value.diff(symbol) for symbol in new] for value in old.values()])
        if jacobian.det() == 0:
            raise InvalidInput("old must be an invertible map; got one with a singular Jacobian")
        velocity = sympy.Matrix([self._velocities[variable].subs(old, simultaneous=True) for variable in old])
        moved = jacobian.LUsolve(velocity)
        transformed = dict(zip(new, (sympy.factor(sympy.simplify(entry)) for entry in moved), strict=True))
        rest = {
            variable: sympy.factor(velocity.subs(old, simultaneous=True))
            for variable, velocity in self._velocities.items()
            if variable not in old
        }
        return Flow(rest | transformed)
