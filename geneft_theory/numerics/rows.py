"""Expressions as functions of rows of numbers, one row a variable, for code that evaluates them very often."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy.printing.numpy import SciPyPrinter

from geneft_theory.numerics.compilation import numpy_function, stable

Array = NDArray[np.float64]
# A row has an entry a member of the ensemble; a plain number stands for a row of equal entries.
Row = Array | float


def take(rows: Any, members: NDArray[np.intp]) -> Any:
    """Return the entries of some members of one array (the last axis is theirs), or of each in a tuple."""
    if isinstance(rows, tuple):
        return tuple(take(row, members) for row in rows)
    # Not rows[..., members], whose entries of one variable would not be neighbours in memory.
    return np.take(rows, members, axis=-1) if isinstance(rows, np.ndarray) else rows


class RowFunction:
    """Several expressions in time, variables and parameters; what depends on parameters alone is computed apart.

    Parameters
    ----------
    expressions : sequence of sympy.Expr
    variables, parameters : sequence of sympy.Symbol
        In the order in which rows are expected.
    time : sympy.Symbol, optional
    """

    def __init__(
        self,
        expressions: Sequence[sympy.Expr],
        variables: Sequence[sympy.Symbol],
        parameters: Sequence[sympy.Symbol],
        time: sympy.Symbol | None = None,
    ) -> None:
        self._expressions = tuple(expressions)
        self._symbols = (tuple(variables), tuple(parameters), time)

    def constants(self, parameters: Sequence[Row]) -> tuple[Row, ...]:
        """Return the rows (or numbers) that `values` needs besides the state."""
        # A condition makes an array without axes of a number.
        return tuple(row if np.ndim(row) else float(row) for row in self._functions[0](*parameters))

    def values(self, time: Row, state: Sequence[Array] | Array, constants: Sequence[Row]) -> Sequence[Row]:
        """Return a row an expression; one that is constant may be a number, and one may be a row of `state` itself."""
        return self._functions[1](time, *state, *constants)

    @cached_property
    def _functions(self) -> tuple[Callable[..., tuple[Row, ...]], Callable[..., tuple[Row, ...]]]:
        given_variables, given_parameters, given_time = self._symbols
        variables = [sympy.Dummy(f"variable_{index}", real=True) for index in range(len(given_variables))]
        parameters = [sympy.Dummy(f"parameter_{index}", real=True) for index in range(len(given_parameters))]
        time = sympy.Dummy("time", real=True)
        plain = dict(zip([*given_variables, *given_parameters], [*variables, *parameters], strict=True))
        if given_time is not None:
            plain[given_time] = time
        moving = {time, *variables}
        hoisted: dict[sympy.Expr, sympy.Dummy] = {}
        expressions = [_hoist(stable(expression.xreplace(plain)), moving, hoisted) for expression in self._expressions]
        # Within conditions parameters stand as they are.
        left = set().union(*(expression.free_symbols for expression in expressions)) & set(parameters)
        for parameter in sorted(left, key=parameters.index):
            hoisted.setdefault(parameter, sympy.Dummy(parameter.name, real=True))
        expressions = [expression.xreplace({name: hoisted[name] for name in left}) for expression in expressions]
        return (
            numpy_function(list(hoisted), parameters),
            numpy_function(
                expressions,
                [time, *variables, *hoisted.values()],
                printer=_PowersAsProducts(),
                names={"integer_power": _integer_power},
            ),
        )


def _hoist(expression: sympy.Expr, moving: set[sympy.Dummy], hoisted: dict[sympy.Expr, sympy.Dummy]) -> sympy.Expr:
    """Replace every part that depends on parameters alone by a symbol, noted in `hoisted`."""
    if not isinstance(expression, sympy.Expr) or isinstance(expression, sympy.Piecewise):
        return expression  # conditions
    if not expression.free_symbols & moving:
        if expression.is_Number:
            return expression
        return hoisted.setdefault(expression, sympy.Dummy(f"constant_{len(hoisted)}", real=True))
    if expression.is_Mul or expression.is_Add:
        # The number in -2 eta_A joins the constants, for one product less at every evaluation.
        fixed, rest = expression.as_independent(*moving, as_Add=expression.is_Add)
        parts = [_hoist(part, moving, hoisted) for part in expression.func.make_args(rest)]
        return expression.func(_hoist(fixed, moving, hoisted), *parts)
    if expression.is_Atom:
        return expression
    return expression.func(*(_hoist(part, moving, hoisted) for part in expression.args))


class _PowersAsProducts(SciPyPrinter):  # type: ignore[misc]
    """Write small integer powers as repeated products: NumPy's general power is ten times slower."""

    def __init__(self) -> None:
        super().__init__({"fully_qualified_modules": False, "inline": True, "allow_unknown_functions": True})

    def _print_Pow(self, expression: sympy.Pow, rational: bool = False) -> str:  # noqa: N802
        base, exponent = expression.as_base_exp()
        if exponent.is_Integer and 2 <= abs(int(exponent)) <= 8:
            product = f"integer_power({self._print(base)}, {abs(int(exponent))})"
            return product if exponent > 0 else f"(1.0/{product})"
        return str(super()._print_Pow(expression, rational=rational))


def _integer_power(base: Row, exponent: int) -> Row:
    power = base * base
    for _ in range(exponent - 2):
        power = power * base
    return power
