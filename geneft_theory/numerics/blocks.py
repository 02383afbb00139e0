"""What the ensemble integrator works on: the problem, blocks of members that advance together, and their results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geneft_theory.numerics.events import Event
from geneft_theory.numerics.rows import Array, Row, take
from geneft_theory.numerics.switching import Switching

# The status of a member that is under way; the others are `MemberStatus`.
ACTIVE = -1


@dataclass(frozen=True)
class Problem:
    """What is integrated; rows have an entry a member of the whole ensemble, or are plain numbers.

    Attributes
    ----------
    velocities : callable (time, state, constants) -> rows
    constants : rows
    initial : array of shape (variables, members)
    start, end : float
        start <= end.
    autonomous : bool
        Whether the velocities do not depend on time.
    times : array
        Where states are kept, increasing, from `start` to `end`.
    relative_tolerance, absolute_tolerance : row
    events : the events, each with its values as a function like `velocities`, and the constants of that function
    max_steps : int
        The largest number of steps that a member may try.
    switching : Switching or None
        The surfaces at which velocities jump; the modes are then the last of the constants.
    """

    velocities: Callable[[Row, Array, Sequence[Row]], Sequence[Row]]
    constants: tuple[Row, ...]
    initial: Array
    start: float
    end: float
    autonomous: bool
    times: Array
    relative_tolerance: Row
    absolute_tolerance: Row
    events: tuple[Event, ...]
    event_values: Callable[[Row, Array, Sequence[Row]], Sequence[Row]]
    event_constants: tuple[Row, ...]
    max_steps: int
    switching: Switching | None = None

    @cached_property
    def due_times(self) -> Array:
        """The times to which states are interpolated: all but the last; inf follows."""
        return np.append(self.times[:-1], np.inf)


@dataclass
class Results:
    """Arrays that the loop fills; see `Trajectories`."""

    states: Array
    final_times: Array
    final_states: Array
    status: NDArray[np.int8]
    steps: NDArray[np.int64]
    attempts: NDArray[np.int64]
    event_times: Array
    event_states: Array

    @classmethod
    def empty(cls, problem: Problem) -> Results:
        """Return results in which nothing has happened yet."""
        dimensions, members = problem.initial.shape
        return cls(
            states=np.full((members, len(problem.times), dimensions), np.nan),
            final_times=np.empty(members),
            final_states=np.empty((members, dimensions)),
            status=np.empty(members, dtype=np.int8),
            steps=np.empty(members, dtype=np.int64),
            attempts=np.empty(members, dtype=np.int64),
            event_times=np.full((len(problem.events), members), np.inf),
            event_states=np.full((len(problem.events), members, dimensions), np.nan),
        )


@dataclass
class Block:
    """Members that advance together; the last axis of every array is theirs."""

    member: NDArray[np.intp]
    status: NDArray[np.int8]
    time: Array
    step: Array
    state: Array
    velocity: Array
    steps: NDArray[np.int64]
    attempts: NDArray[np.int64]
    next_record: NDArray[np.intp]
    event_signs: Array
    constants: tuple[Row, ...]
    event_constants: tuple[Row, ...]
    tolerances: tuple[Row, ...]
    # At which surfaces the step that is tried shall end, and with what step to go on from there.
    landing: NDArray[np.bool_]
    resume: Array

    @property
    def size(self) -> int:
        """The number of members."""
        return len(self.member)

    def keep(self, slots: NDArray[Any]) -> Block:
        """Return the block of some of its members."""
        return Block(*(take(getattr(self, field.name), slots) for field in fields(self)))

    def put(self, slots: NDArray[Any], other: Block) -> None:
        """Let the members of another block take these places."""
        for field in fields(self):
            own, new = getattr(self, field.name), getattr(other, field.name)
            for row, new_row in zip(own, new, strict=True) if isinstance(own, tuple) else [(own, new)]:
                if isinstance(row, np.ndarray):
                    row[..., slots] = new_row


class Trial(NamedTuple):
    """What one step of a block leads to, before it is taken: which members may take it, when and where it ends."""

    accepted: NDArray[np.bool_]
    time: Array
    state: Array
    increments: Array


def as_array(rows: Sequence[Row], like: Array) -> Array:
    """Return rows, of which some may be numbers, as one new array."""
    array = np.empty((len(rows), like.shape[1]))
    for own, row in zip(array, rows, strict=True):
        own[...] = row
    return array
