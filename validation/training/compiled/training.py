"""Networks trained one after the other, with a state that can be saved at any moment and resumed to the last bit."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from validation.networks import NetworkSettings
from validation.sweeps import Interrupted
from validation.training.compiled.network import CompiledNetwork
from validation.training.course import Course, outcomes_of
from validation.training.ensemble import ENGINE
from validation.training.outcomes import Outcomes, join
from validation.training.records import Record, Recorder

if TYPE_CHECKING:
    from validation.training.ensemble import Checkpoint

_log = logging.getLogger(__name__)

# How long to compute between two looks at whether to stop: short for whoever presses Ctrl-C, long for a computer.
SECONDS_AT_ONCE = 0.1
_OF, _FINISHED, _CURRENT = "of", "finished.", "current."
_ARRAYS = tuple(field.name for field in fields(Outcomes) if field.name != "networks")


def train_compiled(
    networks: tuple[NetworkSettings, ...], course: Course, checkpoint: Checkpoint | None = None
) -> Outcomes:
    """Train networks one after the other.

    Parameters
    ----------
    networks : tuple of NetworkSettings
        At least one, all with the course's number of steps.
    course : Course
        What to do besides.
    checkpoint : Checkpoint, optional
        Where to save now and then, and where to go on from. What does not fit these networks is not used.

    Returns
    -------
    Outcomes
        In the order of `networks`.
    """
    of = {_OF: _digest(networks, course)}
    saved = checkpoint.load() if checkpoint is not None else None
    finished, current = _read(networks, of, saved) if saved is not None else ([], None)
    if finished:
        course.report(sum(map(_steps, finished)))
    for settings in networks[len(finished) :]:
        training = _Training(settings, course, current)
        current = None
        while not training.ended:
            stopping = course.interrupted()
            if checkpoint is not None and (stopping or checkpoint.due()):
                checkpoint.save(of | _written(finished) | training.state())
            if stopping:
                raise Interrupted("training was interrupted")
            training.advance()
        finished.append(training.outcomes())
    return join(finished, [[k] for k in range(len(networks))])


class _Training:
    """One network on its course."""

    def __init__(self, settings: NetworkSettings, course: Course, saved: Mapping[str, NDArray[Any]] | None) -> None:
        self._course, self._network, self._recorder = course, CompiledNetwork(settings), Recorder((settings,))
        self._records: list[Record] = []
        self._pace = 1
        if saved is not None:
            self._network.restore(saved, int(saved["steps"]))
            self._records = _records(saved)
            course.report(self._network.steps)

    @property
    def ended(self) -> bool:
        """Whether the last step is done, or no further step is needed."""
        if len(self._records) == len(self._course.record_steps):
            return True
        return self._course.until_learned and bool(self._records) and bool(self._course.learned(self._records)[0])

    def advance(self) -> None:
        """Train for about a tenth of a second, at most up to the next measurement, which is then taken."""
        next_record = self._course.record_steps[len(self._records)]
        steps = min(self._pace, next_record - self._network.steps)
        started = time.perf_counter()
        self._network.advance(steps)
        seconds = time.perf_counter() - started
        if steps == self._pace:
            self._pace = max(1, 2 * steps if seconds < SECONDS_AT_ONCE / 2 else steps // 2)
        if self._network.steps == next_record:
            outputs, finite = self._network.outputs()[None], np.array([self._network.finite()])
            self._records.append(self._recorder.record(outputs, finite))
        # What an early end saves counts as done.
        rest = self._course.record_steps[-1] - self._network.steps if self.ended else 0
        self._course.report(steps + rest)

    def outcomes(self) -> Outcomes:
        """Return what was measured."""
        steps = self._course.record_steps[: len(self._records)]
        return outcomes_of((self._network.settings,), steps, self._records, self._network.embeddings()[None])

    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything from which the training can go on."""
        records = np.array([[float(value[0]) for value in record] for record in self._records])
        rest = {"steps": np.array(self._network.steps), "records": records.reshape(-1, len(Record._fields))}
        return {_CURRENT + name: array for name, array in (self._network.state() | rest).items()}


def _records(saved: Mapping[str, NDArray[Any]]) -> list[Record]:
    """Return saved records of one network, every number with its own type."""
    kinds = [np.bool_ if name == "diverged" else np.float64 for name in Record._fields]
    return [
        Record(*(np.array([x]).astype(kind) for x, kind in zip(row, kinds, strict=True))) for row in saved["records"]
    ]


def _steps(outcomes: Outcomes) -> int:
    return sum(settings.steps for settings in outcomes.networks)


def _written(finished: Sequence[Outcomes]) -> dict[str, NDArray[Any]]:
    """Return the outcomes of finished networks as arrays to be saved."""
    if not finished:
        return {}
    joined = join(finished, [[k] for k in range(len(finished))])
    return {_FINISHED + name: getattr(joined, name) for name in _ARRAYS}


def _digest(networks: tuple[NetworkSettings, ...], course: Course) -> NDArray[np.uint8]:
    """Return what tells a checkpoint of this very training from others."""
    question = repr((ENGINE, networks, course.record_steps, course.until_learned))
    return np.frombuffer(hashlib.sha256(question.encode()).digest(), dtype=np.uint8)


def _read(
    networks: tuple[NetworkSettings, ...], of: Mapping[str, NDArray[Any]], saved: Mapping[str, NDArray[Any]]
) -> tuple[list[Outcomes], dict[str, NDArray[Any]] | None]:
    """Return the finished networks, and the state of the one under way; nothing where a checkpoint does not fit."""
    if not np.array_equal(saved.get(_OF, np.empty(0)), of[_OF]):
        _log.warning("a checkpoint does not fit its networks, and is not used: they are trained from the start")
        return [], None
    rows = {name: saved[_FINISHED + name] for name in _ARRAYS if _FINISHED + name in saved}
    count = len(rows["record_steps"]) if rows else 0
    finished = [
        Outcomes(networks=(networks[k],), **{name: array[k : k + 1] for name, array in rows.items()})
        for k in range(count)
    ]
    current = {name.removeprefix(_CURRENT): array for name, array in saved.items() if name.startswith(_CURRENT)}
    return finished, current
