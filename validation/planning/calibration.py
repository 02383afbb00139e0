"""How fast this machine computes: a few chunks of a sweep, each for a moment, several times over."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, require_number, shown
from validation.planning.groups import NETWORKS, Group, network_of, shortened, steps_of
from validation.sweeps.context import Checkpoint, Context, Interrupted
from validation.sweeps.executors.cores import available_cores, single_threaded
from validation.sweeps.work import Chunk, Compute, out_of_memory

LONGEST = 8.0
"""Seconds that a calibration may be asked to take; compiling the trainer, once on a machine, comes on top."""

ROUNDS = 3
_SLICE = 0.25
_SHORTEST_SLICE = 0.05
_MOST = 20
"""Groups that are measured; the others lie in between."""

_FEWEST = 3
"""Reports of a computation that make a pace."""

_NOTHING = 1e-9
_STEPS = 4
"""Training steps of the networks that show how long a measurement takes."""

_PATIENCE = 1.0
"""Seconds after which one report must do."""


class Pace(NamedTuple):
    """Seconds on one worker: of a training step of one member, of preparing a network, and of measuring it once."""

    step: float
    network: float = 0.0
    measurement: float = 0.0


@dataclass(frozen=True)
class Calibration:
    """How fast steps are on one worker, by group, in each round.

    A group that was not measured is put between its neighbours in size of the same family, on logarithmic scales.

    Attributes
    ----------
    paces : mapping
        From a group's key to its pace, one a round.
    sizes : mapping
        From a group's key to its family and size.
    at_once : int
        Workers that computed side by side while it was measured.
    seconds : float
        What it took.
    """

    paces: Mapping[Hashable, tuple[Pace, ...]]
    sizes: Mapping[Hashable, tuple[str, float]]
    at_once: int = 1
    seconds: float = 0.0

    @property
    def rounds(self) -> int:
        """How often each group was measured."""
        return min(map(len, self.paces.values()))

    def of(self, group: Group) -> NDArray[np.float64]:
        """Return the seconds that all chunks of a group take together, shape (rounds,)."""
        step, network, measurement = self._pace(group).T
        return np.asarray(group.steps * step + group.members * network + group.measurements * measurement)

    def _pace(self, group: Group) -> NDArray[np.float64]:
        """Return a group's pace in every round, shape (rounds, 3)."""
        if group.key in self.paces:
            return np.array(self.paces[group.key][: self.rounds])
        known = [key for key, (family, _) in self.sizes.items() if family == group.family] or list(self.sizes)
        known.sort(key=lambda key: self.sizes[key][1])
        measured = np.array([self.paces[key][: self.rounds] for key in known])
        sizes = np.array([self.sizes[key][1] for key in known])
        if not np.isfinite([group.size, *sizes]).all():
            return np.asarray(measured.mean(0))
        logarithms = np.log(np.maximum(measured, _NOTHING)).reshape(len(known), -1)
        at, places = np.log(group.size), np.log(sizes)
        between = [np.interp(at, places, column) for column in logarithms.T]
        return np.exp(between).reshape(measured.shape[1:])


def calibrate(
    groups: Sequence[Group], compute: Compute, *, at_once: int | None = None, device: str = "cpu", seconds: float = 6.0
) -> Calibration:
    """Measure how fast the chunks of a sweep are computed on this machine.

    As many threads as there will be workers compute at once, so that what they take from each other (clock rate,
    caches, a shared core) is in the result. In each round every group has its turn, so that what else the machine does
    at one moment meets all of them. Of many groups those with most work are measured, and the smallest.

    Parameters
    ----------
    groups : sequence of Group
        At least one.
    compute : callable
        As `validation.sweeps.run_chunks` takes it; its results are thrown away.
    at_once : int, optional
        Threads; by default, and at most, one on every core.
    device : str
        The device that `compute` uses; on a CPU the members of a chunk train one after the other, and one is enough.
    seconds : float
        About how long to take, in (0, 8].

    Raises
    ------
    InvalidInput
        When there is nothing to measure or `seconds` lies outside its domain.
    """
    seconds = require_number("seconds", seconds, low=0, high=LONGEST, open_low=True)
    if not groups:
        raise InvalidInput("chunks must hold at least one network; got none")
    threads = max(1, min(at_once or available_cores(), available_cores()))
    one_by_one = _one_by_one(device)
    rounds = ROUNDS if seconds >= 2 else 2
    chosen = _chosen(groups, max(2, min(_MOST, int(seconds / rounds / _SHORTEST_SLICE))))
    span = min(_SLICE, seconds / rounds / len(chosen))
    # Loaded before the threads are held to one each; a worker would load it too.
    import torch  # noqa: F401

    samples = [group.sample[:1] if one_by_one and group.kind == NETWORKS else group.sample for group in chosen]
    with single_threaded(), ThreadPoolExecutor(threads) as pool:
        # One network's training on a CPU compiles it for all.
        count = 1 if one_by_one else len(samples)
        samples[:count] = [_fitting(compute, sample) for sample in samples[:count]]
        # Every thread has begun once, and whatever is loaded on first use is loaded.
        wait([pool.submit(_predicted, compute, samples[0], _SHORTEST_SLICE) for _ in range(threads)])
        started = time.perf_counter()

        def side_by_side(work: Callable[[], float]) -> float:
            return float(np.mean([future.result() for future in [pool.submit(work) for _ in range(threads)]]))

        around: list[tuple[float, float]] = []
        measured: list[list[Pace]] = [[] for _ in chosen]
        for turn in range(rounds):
            for k, (group, sample) in enumerate(zip(chosen, samples, strict=True)):
                if turn and time.perf_counter() - started > seconds + 1:
                    break
                what, of = _unmeasured(sample, device) if group.kind == NETWORKS else (compute, sample)
                step = side_by_side(partial(_predicted, what, of, span)) / steps_of(sample, compute)
                if not turn:
                    around.append(_around(sample, device, step) if group.kind == NETWORKS else (0.0, 0.0))
                measured[k].append(Pace(step, *around[k]))
    taken = time.perf_counter() - started
    paces = {group.key: tuple(found) for group, found in zip(chosen, measured, strict=True)}
    return Calibration(paces, {group.key: (group.family, group.size) for group in chosen}, threads, taken)


def _unmeasured(sample: Chunk, device: str) -> tuple[Compute, Chunk]:
    """Return the training of a chunk's networks that are measured at their end only.

    Measurements lie evenly on a logarithmic scale, so that most of them would fall into the moment that is looked at.
    """
    from validation.experiments.running import Training
    from validation.training.storing import Kept

    return Training(Kept(points=0), (), device=device), [network_of(values).to_dict() for values in sample]


def _around(sample: Chunk, device: str, step: float) -> tuple[float, float]:
    """Return the seconds of preparing a network and of measuring it, given those of a step."""
    from validation.training import train_chunk

    networks = [replace(network_of(values), steps=_STEPS) for values in sample]
    took = []
    for records in (range(0), range(1, _STEPS)):
        times: list[float] = []
        while sum(times) < _SHORTEST_SLICE / 4 and len(times) < 5:
            started = time.perf_counter()
            train_chunk(networks, record_steps=records, device=device, checkpoint=Checkpoint())
            times.append(time.perf_counter() - started)
        took.append(min(times) / len(networks))
    measurement = max(0.0, (took[1] - took[0]) / (_STEPS - 1))
    return max(0.0, took[0] - measurement - _STEPS * step), measurement


def _whenever_measured(compute: Compute) -> Compute:
    """Return the same computation, without the steps at which it measures: a few of them may be all there are."""
    asked: Any = compute
    return (
        replace(asked, record_steps=None) if "record_steps" in getattr(asked, "__dataclass_fields__", ()) else compute
    )


def _one_by_one(device: str) -> bool:
    """Return whether the networks of a chunk train one after the other."""
    from validation.training.devices import can_compile, require_device

    return require_device(device) == "cpu" and can_compile()


def _chosen(groups: Sequence[Group], most: int) -> list[Group]:
    """Return at most so many groups: the smallest and the largest of each family, then those with most work."""
    ordered = sorted(groups, key=lambda group: (group.family, group.size))
    families = [None, *(group.family for group in ordered), None]
    ends = [k for k in range(len(ordered)) if families[k] != families[k + 1] or families[k + 1] != families[k + 2]]
    heaviest = sorted(range(len(ordered)), key=lambda k: -ordered[k].size * ordered[k].steps)
    return [ordered[k] for k in sorted(list(dict.fromkeys([*ends, *heaviest]))[:most])]


def _fitting(compute: Compute, sample: Chunk) -> Chunk:
    """Compute hardly anything of a chunk, so that all is compiled, and return as much of it as fits into memory."""
    try:
        _whenever_measured(compute)(shortened(sample, compute), Context())
    except (MemoryError, RuntimeError) as trouble:
        if not out_of_memory(trouble):
            raise
        if len(sample) == 1:
            raise InvalidInput(f"network must fit into memory; one alone does not: {shown(dict(sample[0]))}") from None
        return _fitting(compute, sample[: len(sample) // 2])
    return sample


def _predicted(compute: Compute, chunk: Chunk, seconds: float) -> float:
    """Compute a chunk for some time, and return how long the whole of it takes."""
    started = time.perf_counter()
    seen: list[tuple[float, float]] = []

    def stopped() -> bool:
        taken = time.perf_counter() - started
        return taken > seconds and (len(seen) >= _FEWEST or (bool(seen) and taken > _PATIENCE))

    def report(share: float) -> None:
        if share > 0:
            seen.append((time.perf_counter() - started, share))

    try:
        compute(chunk, Context(stopped=stopped, report=report))
    except Interrupted:
        return _prolonged(seen)
    return time.perf_counter() - started


def _prolonged(seen: Sequence[tuple[float, float]]) -> float:
    """Return when all is done, at the pace of the later half of what was seen.

    The earlier half has the preparation.
    """
    (end, share) = seen[-1]
    at, before = next(((at, before) for at, before in seen if at >= end / 2), (0.0, 0.0))
    if before >= share:
        at, before = 0.0, 0.0
    return end + (1 - share) * (end - at) / (share - before)
