"""What an integration returns: states at the requested times, and for each member how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import sympy
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, shown
from geneft_theory.numerics.rows import Array


class MemberStatus(IntEnum):
    """How the integration of one member ended."""

    REACHED_END = 0
    STOPPED_BY_EVENT = 1
    TOO_MANY_STEPS = 2
    STEP_TOO_SMALL = 3
    NOT_FINITE = 4

    @property
    def succeeded(self) -> bool:
        """Whether the member went as far as it was asked to: to the last time or to an event that ends it."""
        return self <= MemberStatus.STOPPED_BY_EVENT

    @property
    def meaning(self) -> str:
        """What happened, and what may help."""
        return MEANINGS[self]


MEANINGS = {
    MemberStatus.REACHED_END: "reached the last time",
    MemberStatus.STOPPED_BY_EVENT: "stopped by a terminal event",
    MemberStatus.TOO_MANY_STEPS: "max_steps were not enough: raise it, ask for less accuracy or a shorter time, or end "
    "the member by an event once it is at rest (near a stable point each step covers about 3 of its fastest lifetimes)",
    MemberStatus.STEP_TOO_SMALL: "the step fell below the resolution of time: the solution is singular there, or the "
    "tolerances are below what float64 can hold",
    MemberStatus.NOT_FINITE: "state or velocity ceased to be finite",
}


class IntegrationError(RuntimeError):
    """At least one member of an ensemble could not be integrated."""


@dataclass(frozen=True)
class Trajectories:
    """The members of an ensemble over time; `...` stands for the ensemble's shape.

    `trajectories["a"]` is the variable a at the requested times, shape (..., times).

    Attributes
    ----------
    variables : tuple of str
    times : array of shape (times,)
        The requested times.
    states : array of shape (..., times, variables)
        nan from where a member ended before a requested time.
    final_times : array of shape (...)
        How far each member came.
    final_states : array of shape (..., variables)
        The state there.
    status : integer array of shape (...)
        A `MemberStatus` a member.
    steps, rejected_steps : integer arrays of shape (...)
        Steps taken, and steps tried and taken back since their error was too large.
    event_times : mapping from str to array of shape (...)
        When each event happened first; inf where it did not happen while the member was followed (-inf where time runs
        backward).
    event_states : mapping from str to array of shape (..., variables)
        The state at that moment; nan where there is none.
    """

    variables: tuple[str, ...]
    times: Array
    states: Array
    final_times: Array
    final_states: Array
    status: NDArray[np.int8]
    steps: NDArray[np.int64]
    rejected_steps: NDArray[np.int64]
    event_times: Mapping[str, Array]
    event_states: Mapping[str, Array]

    def __getitem__(self, variable: str | sympy.Symbol) -> Array:
        """Return one variable at the requested times, shape (..., times)."""
        return self.states[..., self._index(variable)]

    def final(self, variable: str | sympy.Symbol) -> Array:
        """Return one variable where each member ended, shape (...)."""
        return self.final_states[..., self._index(variable)]

    def _index(self, variable: str | sympy.Symbol) -> int:
        if str(variable) not in self.variables:
            raise InvalidInput(f"variable must be one of {', '.join(self.variables)}; got {shown(variable)}")
        return self.variables.index(str(variable))

    @property
    def succeeded(self) -> NDArray[np.bool_]:
        """Which members reached the last time or an event that ends them, shape (...)."""
        return np.asarray(self.status <= MemberStatus.STOPPED_BY_EVENT)

    @property
    def message(self) -> str:
        """How many members ended in which way, and for the first that failed when and why."""
        counts = [(status, int(np.count_nonzero(self.status == status))) for status in MemberStatus]
        parts = [f"{count} {status.name}" for status, count in counts if count]
        text = f"{self.status.size} member{'s' * (self.status.size != 1)}: {', '.join(parts) or 'nothing to do'}"
        failed = np.argwhere(np.atleast_1d(~self.succeeded))
        if not len(failed):
            return text
        first = tuple(failed[0].tolist()) if self.status.ndim else ()
        status = MemberStatus(int(self.status[first]))
        where = f"member {', '.join(map(str, first))} is the first that failed" if first else "it failed"
        return f"{text}; {where}, at time {self.final_times[first]:g}: {status.meaning}"

    def raise_for_status(self) -> Trajectories:
        """Return itself if every member succeeded.

        Raises
        ------
        IntegrationError
            Otherwise, with `message` as its text.
        """
        if not np.all(self.succeeded):
            raise IntegrationError(self.message)
        return self
