"""How a step meets the surfaces at which velocities jump: it ends there, and the next begins with another velocity."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from geneft_theory.numerics.blocks import ACTIVE, Block, Problem, Trial, as_array
from geneft_theory.numerics.dormand_prince import Interpolant
from geneft_theory.numerics.events import first_root
from geneft_theory.numerics.rows import Array, Row, take
from geneft_theory.numerics.switching import Switching

Slots = NDArray[np.intp]
Mask = NDArray[np.bool_]

# Surfaces met within this fraction of a step of each other are met together.
TOGETHER = 1e-12


def meet(switching: Switching, block: Block, trial: Trial) -> tuple[Slots, Array] | None:
    """Refuse steps that pass a surface; return these members, and by what fraction of the step they reach it.

    A step that was made just so long is accepted, and its end brought onto the surface.
    """
    block.landing &= trial.accepted
    guards = switching.guards(trial.time, trial.state, block.constants)
    crossed = (guards <= 0) & trial.accepted & ~block.landing
    slots = np.flatnonzero(crossed.any(axis=0))
    shortened = None
    if len(slots):
        fractions, reached = _fractions(switching, block, trial, slots, crossed[:, slots], guards[:, slots])
        earliest = np.min(fractions, axis=0)
        short = earliest < 1 - TOGETHER
        planned = block.landing[:, slots]
        block.resume[slots] = np.where(planned.any(axis=0), block.resume[slots], block.step[slots])
        block.landing[:, slots] = (planned & ~short) | (reached & (fractions <= earliest + TOGETHER))
        trial.accepted[slots[short]] = False
        shortened = slots[short], earliest[short]
    on = (block.landing | (np.array(block.constants[-switching.surfaces :]) == 0)) & trial.accepted
    there = np.flatnonzero(on.any(axis=0))
    if len(there):
        time, state, constants = take((trial.time, trial.state, block.constants), there)
        trial.state[:, there] = switching.projected(time, state, constants, on[:, there])
    return shortened


def _fractions(
    switching: Switching, block: Block, trial: Trial, slots: Slots, crossed: Mask, at_end: Array
) -> tuple[Array, Mask]:
    """Return at which fraction of the step each surface is reached, inf if it is not, and whether it is met there."""
    solution = Interpolant.of_step(*take((block.state, trial.state, trial.increments), slots))
    start, step, constants = take((block.time, block.step, block.constants), slots)
    at_start = switching.guards(start, take(block.state, slots), constants)
    fractions = np.full(at_end.shape, np.inf)
    # Rounding may leave a member that has just passed behind the surface; if it gets deeper, the step is too long.
    fractions[crossed & (at_start <= 0) & (at_end < at_start)] = 0.5
    reached = crossed & (at_start > 0)
    for index in np.flatnonzero(reached.any(axis=1)).tolist():
        here = np.flatnonzero(reached[index])
        guard = partial(_guard, switching, index, solution.of(here), *take((start, step, constants), here))
        fractions[index, here] = first_root(guard, at_start[index, here], at_end[index, here])
    return fractions, reached


def _guard(
    switching: Switching,
    index: int,
    solution: Interpolant,
    start: Array,
    step: Array,
    constants: tuple[Row, ...],
    fraction: Array,
) -> Array:
    """Return the guard of one surface at a fraction of the step."""
    guards = switching.guards(start + fraction * step, solution.at(fraction), constants)
    return np.asarray(guards[index])


def depart(problem: Problem, switching: Switching, block: Block, accepted: Mask) -> None:
    """Let members that have arrived at a surface go on, with the velocity that they have there."""
    slots = np.flatnonzero(accepted & (block.status == ACTIVE) & block.landing.any(axis=0))
    if not len(slots):
        return
    time, state, constants = take((block.time, block.state, block.constants), slots)
    relative_tolerance, absolute_tolerance = take(block.tolerances, slots)
    error = absolute_tolerance + relative_tolerance * np.abs(state).max(axis=0)
    # Where surfaces meet, rounding must not keep a member beside one of them.
    arrived = block.landing[:, slots] | (switching.distances(time, state, constants) <= error)
    modes = switching.settled(time, state, constants, arrived)
    for row, mode in zip(block.constants[-switching.surfaces :], modes, strict=True):
        assert isinstance(row, np.ndarray)
        row[slots] = mode
    constants = (*constants[: -switching.surfaces], *modes)
    block.velocity[:, slots] = as_array(problem.velocities(time, state, constants), state)
    block.step[slots] = block.resume[slots]
    block.landing[:, slots] = False
