"""What is written down while an ensemble moves: states at the requested times, and events."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geneft_theory.numerics.blocks import ACTIVE, Block, Problem, Results, Trial, as_array
from geneft_theory.numerics.dormand_prince import Interpolant
from geneft_theory.numerics.events import first_root
from geneft_theory.numerics.rows import Array, Row, take
from geneft_theory.numerics.trajectories import MemberStatus

Slots = NDArray[np.intp]


class Passage(NamedTuple):
    """The solution of some members of a block within one step, as a function of the fraction of the step."""

    solution: Interpolant
    start: Array
    step: Array
    event_constants: tuple[Row, ...]

    @classmethod
    def of_members(cls, block: Block, trial: Trial, slots: Slots) -> Passage:
        """Return the passage of the members at these places."""
        solution = Interpolant.of_step(*take((block.state, trial.state, trial.increments), slots))
        return cls(solution, *take((block.time, block.step, block.event_constants), slots))

    def of(self, members: Slots) -> Passage:
        """Return the passage of some of the members."""
        return Passage(self.solution.of(members), *take((self.start, self.step, self.event_constants), members))

    def event_values(self, problem: Problem, fraction: Array) -> Array:
        """Return the value of each event at a fraction of the step, shape (events, members)."""
        state = self.solution.at(fraction)
        return as_array(problem.event_values(self.start + fraction * self.step, state, self.event_constants), state)


def record(problem: Problem, results: Results, block: Block, trial: Trial) -> None:
    """Write down the states at all requested times that the step passes, save the very last, which it ends at."""
    due = problem.due_times
    slots = np.flatnonzero(trial.accepted & (due[block.next_record] <= trial.time))
    if not len(slots):
        return
    solution = Passage.of_members(block, trial, slots).solution
    while len(slots):
        index = block.next_record[slots]
        fraction = (due[index] - block.time[slots]) / block.step[slots]
        results.states[block.member[slots], index] = solution.at(fraction).T
        block.next_record[slots] += 1
        more = np.flatnonzero(due[index + 1] <= trial.time[slots])
        slots, solution = slots[more], solution.of(more)


def begin_events(problem: Problem, results: Results, block: Block) -> None:
    """Find which way each event is waited for, and those that happen at the start."""
    values = as_array(problem.event_values(block.time, block.state, block.event_constants), block.state)
    for index, event in enumerate(problem.events):
        signs = event.signs(values[index])
        block.event_signs[index] = signs
        now = np.flatnonzero(signs * values[index] <= 0)
        note(results, block, index, now, block.time[now], block.state[:, now])
        if event.terminal:
            block.status[now[block.status[now] == ACTIVE]] = MemberStatus.STOPPED_BY_EVENT


def note(results: Results, block: Block, index: int, slots: Slots, times: Array, states: Array) -> None:
    """Write down when and where an event happened first."""
    results.event_times[index, block.member[slots]] = times
    results.event_states[index, block.member[slots]] = states.T
    # A product with nan is never <= 0: what has happened does not happen again.
    block.event_signs[index, slots] = np.nan


def happenings(problem: Problem, results: Results, block: Block, trial: Trial) -> tuple[Slots, Array] | None:
    """Write down the events within the step; return the members that one of them ends, and their states there.

    Their time at the end of the step becomes that of the event.
    """
    values = as_array(problem.event_values(trial.time, trial.state, block.event_constants), trial.state)
    crossed = (values * block.event_signs <= 0) & trial.accepted
    slots = np.flatnonzero(crossed.any(axis=0))
    if not len(slots):
        return None
    passage = Passage.of_members(block, trial, slots)
    fractions = np.full((len(problem.events), len(slots)), np.inf)
    for index in range(len(problem.events)):
        here = np.flatnonzero(crossed[index, slots])
        signs = block.event_signs[index, slots[here]]
        falling = partial(_falling, problem, passage.of(here), index, signs)
        fractions[index, here] = first_root(falling, falling(np.zeros(len(here))), signs * values[index, slots[here]])

    terminal = np.array([event.terminal for event in problem.events])
    last = np.min(fractions, axis=0, where=terminal[:, None], initial=np.inf)
    for index in range(len(problem.events)):
        here = np.flatnonzero(np.isfinite(fractions[index]) & (fractions[index] <= last))
        note(results, block, index, slots[here], *_moment(passage, trial, slots, here, fractions[index, here]))
    ended = np.flatnonzero(np.isfinite(last))
    if not len(ended):
        return None
    trial.time[slots[ended]], states = _moment(passage, trial, slots, ended, last[ended])
    block.status[slots[ended]] = MemberStatus.STOPPED_BY_EVENT
    return slots[ended], states


def _falling(problem: Problem, passage: Passage, index: int, signs: Array, fraction: Array) -> Array:
    """Return the value of one event, with the sign with which it falls to zero."""
    return np.asarray(signs * passage.event_values(problem, fraction)[index])


def _moment(passage: Passage, trial: Trial, slots: Slots, here: Slots, fraction: Array) -> tuple[Array, Array]:
    """Return time and state at a fraction of the step."""
    inside = passage.start[here] + fraction * passage.step[here]
    # Rounding must not carry it beyond the step's end.
    return np.minimum(inside, trial.time[slots[here]]), passage.solution.of(here).at(fraction)
