"""The networks of a chunk trained together on one device; those whose phase is decided leave the batch."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from validation.networks import NetworkSettings
from validation.training.batched.computation import Ensemble
from validation.training.course import Course, outcomes_of
from validation.training.outcomes import Outcomes, join
from validation.training.records import Record, Recorder

STEPS_AT_ONCE = 100


def train_batched(networks: tuple[NetworkSettings, ...], course: Course, device: str) -> Outcomes:
    """Train networks that share their computation.

    Parameters
    ----------
    networks : tuple of NetworkSettings
        At least one; all share what `validation.training.chunking.computation` lists.
    course : Course
        What to do besides.
    device : str
        A torch device.

    Returns
    -------
    Outcomes
        In the order of `networks`.
    """
    with torch.inference_mode():
        return _Batch(networks, course, device).run()


class _Batch:
    """Networks on their course, of which fewer and fewer are left.

    A batch of one matrix product takes another path through the library than a batch of several, and rounds
    differently; so a network that is alone, or left alone, is computed twice. Its double counts for nothing.
    """

    def __init__(self, networks: tuple[NetworkSettings, ...], course: Course, device: str) -> None:
        self._networks, self._course = networks, course
        self._present = _in_company(np.arange(len(networks)))
        computed = [networks[k] for k in self._present]
        self._ensemble, self._recorder = Ensemble(computed, torch.device(device)), Recorder(computed)
        self._records: list[Record] = []
        self._ended: list[Outcomes] = []
        self._positions: list[list[int]] = []

    def run(self) -> Outcomes:
        """Train all to their end."""
        steps, reported = self._course.record_steps[-1], 0
        for step in range(1, steps + 1):
            self._ensemble.advance()
            if step in self._course.record_steps:
                self._measure(step == steps)
            if step % STEPS_AT_ONCE == 0 or not self._present.size:
                self._course.go_on()
                # What an early end saves counts as done.
                done = step if self._present.size else steps
                self._course.report((done - reported) * len(self._networks))
                reported = done
            if not self._present.size:
                break
        return join(self._ended, self._positions)

    def _measure(self, last: bool) -> None:
        self._records.append(self._recorder.record(self._ensemble.outputs(), self._ensemble.finite()))
        ended = np.full(self._present.size, last)
        if self._course.until_learned:
            ended |= self._course.learned(self._records)
        if not ended.any():
            return
        # On a GPU a double may come out otherwise; only the first of two decides.
        first = np.unique(self._present, return_index=True)[1]
        if ended[first].any():
            self._take_out(first[ended[first]])
        stays = _in_company(first[~ended[first]])
        self._present = self._present[stays]
        self._records = [record.of(stays) for record in self._records]
        if stays.size:
            self._ensemble = self._ensemble.kept(stays.tolist())
            self._recorder = Recorder([self._networks[k] for k in self._present])

    def _take_out(self, chosen: NDArray[np.intp]) -> None:
        own = [record.of(chosen) for record in self._records]
        steps = self._course.record_steps[: len(own)]
        positions = self._present[chosen].tolist()
        networks = tuple(self._networks[k] for k in positions)
        self._ended.append(outcomes_of(networks, steps, own, self._ensemble.embeddings()[chosen]))
        self._positions.append(positions)


def _in_company(places: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the places, a single one twice."""
    return np.repeat(places, 2) if places.size == 1 else places
