"""What can be integrated, brought into one form: a compiled flow, equations of motion, or a callable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import sympy
from numpy.typing import ArrayLike

from geneft_theory.errors import InvalidInput, require_array, shown
from geneft_theory.numerics.domains import require_value
from geneft_theory.numerics.events import Event
from geneft_theory.numerics.flows import CompiledFlow, compile_flow
from geneft_theory.numerics.rows import Array, Row, RowFunction
from geneft_theory.numerics.switching import Switching

# (time, state, constants) -> a row a variable, or a row an event
OfRows = Callable[[Row, Array, Sequence[Row]], Sequence[Row]]


class HasEquationsOfMotion(Protocol):
    """A flow of `geneft_theory.symbolic`, or anything else that knows its equations of motion."""

    @property
    def equations_of_motion(self) -> Mapping[Any, Any]:
        """The velocity of each variable."""


FlowLike = CompiledFlow | HasEquationsOfMotion | Mapping[Any, Any] | Callable[..., Any]


@dataclass(frozen=True)
class System:
    """Velocities, or event values, as a function of rows, and the names of the parameters it takes.

    Attributes
    ----------
    parameters : tuple of str
    constants : callable
        From the parameters' rows to what `values` needs of them.
    values : callable (time, state, constants) -> rows
    autonomous : bool
        Whether the values do not depend on time.
    switching : Switching or None
        The surfaces at which velocities jump.
    symbols : tuple of sympy.Symbol
        The parameters as symbols, where they are known.
    """

    parameters: tuple[str, ...]
    constants: Callable[[Sequence[Row]], tuple[Row, ...]]
    values: OfRows
    autonomous: bool = False
    switching: Switching | None = None
    symbols: tuple[Any, ...] = ()

    def backward(self, sign: float) -> System:
        """Return the same in the variable -time; velocities (sign -1) change their sign, event values (1) do not."""
        if self.switching is not None:
            turned = self.switching.backward()
            return System(self.parameters, self.constants, turned.velocities, self.autonomous, turned, self.symbols)

        def values(time: Row, state: Array, constants: Sequence[Row]) -> Sequence[Row]:
            return [sign * np.asarray(row) for row in self.values(-time, state, constants)]

        return System(self.parameters, self.constants, values, self.autonomous, symbols=self.symbols)


def as_flow(flow: FlowLike) -> CompiledFlow | Callable[..., Any]:
    """Return a compiled flow, or a callable as it is; `InvalidInput` for anything else."""
    if isinstance(flow, CompiledFlow):
        return flow
    equations = getattr(flow, "equations_of_motion", flow)
    if isinstance(equations, Mapping):
        return compile_flow(equations)
    if callable(flow):
        return flow
    raise InvalidInput(f"flow must be a flow, equations of motion or a callable; got {shown(flow)}")


def initial_rows(
    flow: CompiledFlow | Callable[..., Any], initial: Mapping[Any, ArrayLike] | ArrayLike
) -> dict[str, Array]:
    """Return the initial value of each variable by name, in the flow's order."""
    expected = [str(variable) for variable in flow.variables] if isinstance(flow, CompiledFlow) else None
    if isinstance(initial, Mapping):
        named = {str(name): require_array(f"initial {name}", value) for name, value in initial.items()}
        if expected is not None and set(named) != set(expected):
            raise InvalidInput(f"initial must give {', '.join(expected)}; got {', '.join(named) or 'none'}")
        for variable in flow.variables if isinstance(flow, CompiledFlow) else ():
            require_value(variable, named[str(variable)], f"initial {variable}")
        if not named:
            raise InvalidInput("initial must give at least one variable; got none")
        return {name: named[name] for name in expected or named}
    array = require_array("initial", initial)
    count = len(expected) if expected is not None else (array.shape[-1] if array.ndim else 0)
    if array.ndim == 0 or array.shape[-1] != count or count == 0:
        raise InvalidInput(f"initial must have shape (..., {count or 'variables'}); got {array.shape}")
    return dict(zip(expected or [f"x{index}" for index in range(count)], np.moveaxis(array, -1, 0), strict=True))


def as_system(flow: CompiledFlow | Callable[..., Any], parameters: Sequence[str]) -> System:
    """Return the velocities; a callable takes all `parameters` that are given, as keywords."""
    if isinstance(flow, CompiledFlow):
        names = tuple(map(str, flow.parameters))
        if (own := flow.switching) is not None:
            return System(names, own.constants, own.velocities, flow.time is None, own, flow.parameters)
        return System(names, flow.constants, flow.values, autonomous=flow.time is None, symbols=flow.parameters)
    names = tuple(parameters)

    def values(time: Row, state: Array, constants: Sequence[Row]) -> Sequence[Row]:
        return list(flow(time, state, **dict(zip(names, constants, strict=True))))

    return System(names, tuple, values)


def as_observer(events: Sequence[Event], flow: CompiledFlow | Callable[..., Any], variables: Sequence[str]) -> System:
    """Return the values of all events; expressions must stand before callables."""
    symbolic = [event.expression for event in events if not callable(event.expression)]
    callables = [event.expression for event in events if callable(event.expression)]
    time = None
    symbols: list[sympy.Basic] = [sympy.Symbol(name) for name in variables]
    if isinstance(flow, CompiledFlow):
        symbols, time = list(flow.variables), flow.time
    else:
        # A callable's variables are known by name, whatever is assumed of a symbol.
        free = set().union(*(expression.free_symbols for expression in symbolic))
        by_name = {symbol: sympy.Symbol(str(symbol)) for symbol in free}
        symbolic = [expression.xreplace(by_name) for expression in symbolic]
    stand_ins = {symbol: sympy.Dummy() for symbol in symbols}
    free = set().union(*(expression.xreplace(stand_ins).free_symbols for expression in symbolic))
    others = sorted(free - {*stand_ins.values(), time}, key=str)
    function = RowFunction(symbolic, symbols, others, time)

    def values(time: Row, state: Array, constants: Sequence[Row]) -> Sequence[Row]:
        return [*function.values(time, state, constants), *(event(time, state) for event in callables)]

    return System(tuple(map(str, others)), function.constants, values, symbols=tuple(others))
