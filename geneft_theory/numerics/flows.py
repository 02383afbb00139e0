"""Equations of motion, compiled for ensembles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import sympy
from numpy.typing import ArrayLike

from geneft_theory.errors import InvalidInput, require_array, require_broadcast, shown
from geneft_theory.numerics.domains import require_distinct, require_real, require_symbol, require_value
from geneft_theory.numerics.rows import Array, RowFunction
from geneft_theory.numerics.switching import Switching, switching


class CompiledFlow(RowFunction):
    """Velocities of a system of ordinary differential equations, ready to be evaluated for many members at once.

    Made by `compile_flow`.

    Attributes
    ----------
    variables, parameters : tuple of sympy.Symbol
        In the order in which rows are expected.
    time : sympy.Symbol or None
        The symbol for time, where the velocities depend on it.
    """

    def __init__(
        self,
        velocities: Sequence[sympy.Expr],
        variables: Sequence[sympy.Symbol],
        parameters: Sequence[sympy.Symbol],
        time: sympy.Symbol | None = None,
    ) -> None:
        super().__init__(velocities, variables, parameters, time)
        self.variables = tuple(variables)
        self.parameters = tuple(parameters)
        self.time = time
        self._velocities = tuple(velocities)

    @cached_property
    def switching(self) -> Switching | None:
        """The surfaces at which velocities jump, if a sign in them changes."""
        return switching(self._velocities, self.variables, self.parameters, self.time)

    def __call__(self, state: ArrayLike, parameters: Sequence[ArrayLike] = (), time: ArrayLike = 0.0) -> Array:
        """Return the velocities, shape (variables, ...), at a state of that shape; parameters in their order."""
        rows = require_array("state", state)
        if not isinstance(parameters, Sequence | np.ndarray):
            raise InvalidInput(f"parameters must be a sequence of rows; got {shown(parameters)}")
        if rows.ndim == 0 or len(rows) != len(self.variables) or len(parameters) != len(self.parameters):
            raise InvalidInput(
                f"state and parameters must have {len(self.variables)} and {len(self.parameters)} rows; "
                f"got shape {rows.shape} and {len(parameters)}"
            )
        for name, row in zip(self.parameters, parameters, strict=True):
            require_value(name, row)
        arrays = {str(name): np.asarray(row) for name, row in zip(self.parameters, parameters, strict=True)}
        require_broadcast({"state": rows[0], **arrays, "time": np.asarray(time)})
        constants = self.constants([np.asarray(row, dtype=np.float64) for row in parameters])
        velocities = self.values(np.asarray(time, dtype=np.float64), rows, constants)
        shape = np.broadcast_shapes(rows.shape[1:], *(np.shape(row) for row in parameters), np.shape(time))
        return np.stack([np.broadcast_to(velocity, shape) for velocity in velocities])


def compile_flow(
    equations_of_motion: Any,
    parameters: Sequence[sympy.Symbol] | None = None,
    *,
    time: sympy.Symbol | None = None,
) -> CompiledFlow:
    """Return the velocities of a system of ordinary differential equations as a function of rows.

    Parameters
    ----------
    equations_of_motion : mapping from sympy.Symbol to sympy.Expr, or Flow
        For each variable its derivative in time; the order is that of the rows.
    parameters : sequence of sympy.Symbol, optional
        The order of the parameters; they must include every free symbol that is not a variable. By default just
        those, sorted by name.
    time : sympy.Symbol, optional
        The symbol for time, if a velocity depends on it.

    Raises
    ------
    InvalidInput
        If there is no variable, a symbol is missing, two have the same name, or a velocity is no real and finite
        scalar.

    Examples
    --------
    >>> a, c, rate = sympy.symbols("a c rate")
    >>> flow = compile_flow({a: -rate * a * c**2, c: -c * a**2})
    >>> flow.variables, flow.parameters
    ((a, c), (rate,))
    >>> flow([[1.0, 2.0], [3.0, 0.0]], [2.0]).tolist()
    [[-18.0, -0.0], [-3.0, -0.0]]
    """
    equations_of_motion = getattr(equations_of_motion, "equations_of_motion", equations_of_motion)
    if not isinstance(equations_of_motion, Mapping) or not equations_of_motion:
        raise InvalidInput(
            f"equations_of_motion must map at least one variable to its velocity; got {shown(equations_of_motion)}"
        )
    variables = tuple(equations_of_motion)
    velocities = tuple(map(sympy.sympify, equations_of_motion.values()))
    for variable, velocity in zip(variables, velocities, strict=True):
        require_symbol("variables", variable)
        if not isinstance(velocity, sympy.Expr) or velocity.is_Matrix or isinstance(variable, sympy.MatrixExpr):
            raise InvalidInput(f"velocity of {variable} must be a scalar expression; got {shown(velocity)}")
        require_real(f"velocity of {variable}", velocity)
    if parameters is not None and not isinstance(parameters, Sequence):
        raise InvalidInput(f"parameters must be a sequence of symbols; got {shown(parameters)}")
    for symbol in (*(parameters or ()), *([] if time is None else [time])):
        require_symbol("parameters and time", symbol)
    stand_ins = {variable: sympy.Dummy() for variable in variables}
    free = set().union(*(velocity.xreplace(stand_ins).free_symbols for velocity in velocities))
    free -= {*stand_ins.values(), time}
    chosen = tuple(sorted(free, key=str)) if parameters is None else tuple(parameters)
    missing = sorted(map(str, free - set(chosen)))
    if missing:
        raise InvalidInput(f"parameters must include every free symbol; got none for {', '.join(missing)}")
    doubled = sorted(str(symbol) for symbol in (*chosen, time) if symbol in variables)
    if doubled:
        raise InvalidInput(f"parameters and time must not be variables; got {', '.join(doubled)}")
    require_distinct("variables and parameters", (*variables, *chosen, *([] if time is None else [time])))
    return _compiled_flow(velocities, variables, chosen, time)


@lru_cache(maxsize=256)
def _compiled_flow(*parts: Any) -> CompiledFlow:
    return CompiledFlow(*parts)
