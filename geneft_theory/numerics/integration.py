"""The door of the ensemble integrator: what may be integrated, from where, until when, how accurately."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy
from numpy.typing import ArrayLike

from geneft_theory.errors import (
    InvalidInput,
    require_array,
    require_broadcast,
    require_integer,
    require_number,
    shown,
)
from geneft_theory.numerics.blocks import Problem, Results
from geneft_theory.numerics.domains import require_mapping, require_value
from geneft_theory.numerics.events import Event
from geneft_theory.numerics.rows import Array, Row, take
from geneft_theory.numerics.stepping import run
from geneft_theory.numerics.systems import FlowLike, as_flow, as_observer, as_system, initial_rows
from geneft_theory.numerics.trajectories import Trajectories

# So many numbers of state in a block. With fewer the overhead of calls shows, with more they leave the cache; between
# 8 000 and 50 000 the rate changes by a tenth (benchmarks/ode.py).
BLOCK_NUMBERS = 24_576


def integrate(
    flow: FlowLike,
    initial: Mapping[Any, ArrayLike] | ArrayLike,
    times: ArrayLike,
    parameters: Mapping[Any, ArrayLike] | None = None,
    *,
    start: float | None = None,
    relative_tolerance: ArrayLike = 1e-6,
    absolute_tolerance: ArrayLike = 1e-9,
    events: Mapping[str, Event | sympy.Expr] | None = None,
    max_steps: int = 10_000,
    block_size: int | None = None,
) -> Trajectories:
    """Integrate an ensemble of small systems of ordinary differential equations, each member by its own steps.

    The method is explicit, of order 5, with an estimate of its error (Dormand & Prince 1980): right for solutions that
    vary, wasteful for stiff systems, where the step stays near three times the shortest lifetime.

    Parameters
    ----------
    flow : CompiledFlow, Flow, mapping from symbol to expression, or callable
        A callable gets `time`, shape (members,), `state`, shape (variables, members), and the parameters as keywords
        (numbers or arrays of shape (members,)); it returns the velocities, shape (variables, members). It is called
        with changing subsets of the ensemble.
    initial : mapping from variable to array, or array of shape (..., variables)
        Arrays of a mapping broadcast. `...` is the ensemble's shape.
    times : array of shape (times,), or a number
        Where states are kept: strictly increasing or strictly decreasing. For a single number T only the state at T is.
    parameters : mapping from parameter to array, optional
        Numbers, or arrays that broadcast with the ensemble's shape; they must be what the symbols are declared to be.
    start : float, optional
        The time of the initial state; by default the first of `times`, and 0 for a single number.
    relative_tolerance, absolute_tolerance : array, optional
        Bounds for the error of a step, |error| <= absolute + relative |variable| for every variable, in [0, 1) and
        (0, inf): for all, or for each member. The error of a whole trajectory is usually of that order, but is not
        bounded by it.
    events : mapping from str to Event or sympy.Expr, optional
        What to look for on the way; a bare expression is `Event(expression)`.
    max_steps : int, optional
        How many steps a member may try.
    block_size : int, optional
        How many members advance together; changes speed and memory, never a result.

    Returns
    -------
    Trajectories
        Failing members raise nothing: see `Trajectories.status` and `Trajectories.raise_for_status`.

    Raises
    ------
    InvalidInput
        If an argument lies outside its domain, variables or parameters are missing or unknown, or shapes do not
        broadcast.

    Notes
    -----
    Velocities may jump where a `sign` or `Heaviside` in them changes, as those of a `SignFlow` do: a step ends there,
    and what follows is decided by the velocities on both sides. If both lead across, the member crosses; if both lead
    back, it slides along the surface, the sign being the value between -1 and 1 that keeps it there (Filippov 1988), or
    rests. On the surface itself a gradient that vanishes there is 0: of the sign flow of (a c)^2, the coordinate that
    arrives at 0 first stops both. A jump inside a jump, sign(x + sign(y)), is not looked for.

    A member's result does not depend on the others, on its place among them, or on `block_size`: the digits are those
    it has alone (for a callable flow: if the callable works entry by entry). Besides the result, memory is that of one
    block.

    Examples
    --------
    Decay at three rates; when is a tenth left?

    >>> x, rate, level = sympy.symbols("x rate level")
    >>> decay = integrate(
    ...     {x: -rate * x}, {x: 1.0}, [0, 1, 2], {rate: [0.5, 1, 2], level: 0.1}, events={"tenth": x - level}
    ... ).raise_for_status()
    >>> decay["x"].round(4).tolist()
    [[1.0, 0.6065, 0.3679], [1.0, 0.3679, 0.1353], [1.0, 0.1353, 0.0183]]
    >>> decay.event_times["tenth"].round(4).tolist()
    [inf, inf, 1.1513]
    """
    flow = as_flow(flow)
    state = initial_rows(flow, initial)
    times, begin = _checked_times(times, start)
    given = {
        str(name): require_array(str(name), value)
        for name, value in require_mapping("parameters", {} if parameters is None else parameters).items()
    }
    named = {
        str(name): event if isinstance(event, Event) else Event(event)
        for name, event in require_mapping("events", {} if events is None else events).items()
    }
    # Expressions first, then callables: the order in which their values come.
    named = dict(sorted(named.items(), key=lambda item: callable(item[1].expression)))
    system, observer = as_system(flow, list(given)), as_observer(list(named.values()), flow, list(state))
    _check_names(given, [*system.parameters, *observer.parameters])
    for symbol in (*system.symbols, *observer.symbols):
        require_value(symbol, given[str(symbol)])
    tolerances = {
        "relative_tolerance": require_array("relative_tolerance", relative_tolerance, low=0, high=1, open_high=True),
        "absolute_tolerance": require_array("absolute_tolerance", absolute_tolerance, low=0, open_low=True),
    }
    require_broadcast({**state, **given, **tolerances})
    shape = np.broadcast_shapes(*(array.shape for array in (*state.values(), *given.values(), *tolerances.values())))
    initial_state = np.stack([np.broadcast_to(array, shape).ravel() for array in state.values()])
    rows = {name: _row(array, shape) for name, array in {**given, **tolerances}.items()}

    backward = bool(times[-1] < begin)
    if backward:
        system, observer, times, begin = system.backward(-1.0), observer.backward(1.0), -times, -begin
    with np.errstate(all="ignore"):
        constants = system.constants([rows[name] for name in system.parameters])
        if system.switching is not None:
            start_times = np.full(initial_state.shape[1], begin)
            constants = (*constants, *system.switching.initial_modes(start_times, initial_state, constants))
        problem = Problem(
            velocities=system.values,
            constants=constants,
            initial=initial_state,
            start=begin,
            end=float(times[-1]),
            autonomous=system.autonomous,
            times=times,
            relative_tolerance=rows["relative_tolerance"],
            absolute_tolerance=rows["absolute_tolerance"],
            events=tuple(named.values()),
            event_values=observer.values,
            event_constants=observer.constants([rows[name] for name in observer.parameters]),
            max_steps=require_integer("max_steps", max_steps, minimum=1),
            switching=system.switching,
        )
    _check_velocities(problem)
    if block_size is None:
        block_size = max(64, BLOCK_NUMBERS // len(state))
    results = Results.empty(problem)
    run(problem, results, require_integer("block_size", block_size, minimum=1))
    return _trajectories(results, tuple(state), shape, times, list(named), backward)


def _row(array: Array, shape: tuple[int, ...]) -> Row:
    """Return one number for all members, or a flat array of one for each."""
    return float(array) if array.ndim == 0 else np.broadcast_to(array, shape).ravel()


def _checked_times(times: ArrayLike, start: float | None) -> tuple[Array, float]:
    """Return the times to keep, and the time of the initial state."""
    array = require_array("times", times)
    if array.ndim > 1 or array.size == 0:
        raise InvalidInput(
            f"times must be a number or a one-dimensional array of at least one; got shape {array.shape}"
        )
    begin = (0.0 if array.ndim == 0 else float(array[0])) if start is None else require_number("start", start)
    array = array.reshape(-1)
    steps = np.diff(array if array[0] == begin else np.append(begin, array))
    if not (np.all(steps > 0) or np.all(steps < 0)):
        raise InvalidInput(f"times must be strictly increasing or decreasing, from start on; got {shown(times)}")
    return array, begin


def _check_names(given: Mapping[str, Array], expected: list[str]) -> None:
    """Refuse parameters that are missing or not known."""
    if set(given) != set(expected):
        raise InvalidInput(
            f"parameters must give {', '.join(dict.fromkeys(expected)) or 'nothing'}; got {', '.join(given) or 'none'}"
        )


def _check_velocities(problem: Problem) -> None:
    """Refuse a callable whose result has the wrong shape, judged by the first members."""
    first = np.arange(min(2, problem.initial.shape[1]))
    if not len(first):
        return
    state = take(problem.initial, first)
    time = np.full(len(first), problem.start)
    for name, function, constants, count in (
        ("flow", problem.velocities, problem.constants, len(state)),
        ("events", problem.event_values, problem.event_constants, len(problem.events)),
    ):
        with np.errstate(all="ignore"):
            rows = function(time, state, take(constants, first))
        shapes = [np.shape(row) for row in rows]
        if len(rows) != count or not set(shapes) <= {(), (len(first),)}:
            raise InvalidInput(f"{name} must return {count} rows with an entry a member; got shapes {shapes}")


def _trajectories(
    results: Results,
    variables: tuple[str, ...],
    shape: tuple[int, ...],
    times: Array,
    events: list[str],
    backward: bool,
) -> Trajectories:
    """Give the flat results the ensemble's shape, and time its direction."""
    direction = -1.0 if backward else 1.0
    return Trajectories(
        variables=variables,
        times=direction * times,
        states=results.states.reshape(*shape, len(times), len(variables)),
        final_times=direction * results.final_times.reshape(shape),
        final_states=results.final_states.reshape(*shape, len(variables)),
        status=results.status.reshape(shape),
        steps=results.steps.reshape(shape),
        rejected_steps=(results.attempts - results.steps).reshape(shape),
        event_times={
            name: direction * row.reshape(shape) for name, row in zip(events, results.event_times, strict=True)
        },
        event_states={
            name: rows.reshape(*shape, len(variables)) for name, rows in zip(events, results.event_states, strict=True)
        },
    )
