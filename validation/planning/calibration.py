"""How fast this machine computes: a few chunks of a sweep, each for a moment, several times over."""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, require_number, shown
from validation.planning.groups import NETWORKS, Group, shortened, steps_of
from validation.sweeps.context import Context, Interrupted
from validation.sweeps.executors.cores import available_cores, single_threaded
from validation.sweeps.work import Chunk, Compute, out_of_memory

LONGEST = 8.0
"""Seconds that a calibration may be asked to take; compiling the trainer, once on a machine, comes on top."""

ROUNDS = 3
_SLICE = 0.25
_SHORTEST_SLICE = 0.1
_FEWEST = 3
"""Reports of a computation that make a pace."""

_PATIENCE = 1.0
"""Seconds after which one report must do."""


@dataclass(frozen=True)
class Calibration:
    """Seconds that a step takes on one worker, by group, in each round.

    A group that was not measured is put between its neighbours in size of the same family, on logarithmic scales.

    Attributes
    ----------
    rates : mapping
        From a group's key to the seconds of a step of one member, one number a round.
    sizes : mapping
        From a group's key to its family and size.
    at_once : int
        Workers that computed side by side while it was measured.
    seconds : float
        What it took.
    """

    rates: Mapping[Hashable, tuple[float, ...]]
    sizes: Mapping[Hashable, tuple[str, float]]
    at_once: int = 1
    seconds: float = 0.0

    @property
    def rounds(self) -> int:
        """How often each group was measured."""
        return min(map(len, self.rates.values()))

    def of(self, group: Group) -> NDArray[np.float64]:
        """Return the seconds of a step of one member of a group, shape (rounds,)."""
        if group.key in self.rates:
            return np.array(self.rates[group.key][: self.rounds])
        known = [key for key, (family, _) in self.sizes.items() if family == group.family] or list(self.sizes)
        known.sort(key=lambda key: self.sizes[key][1])
        measured = np.array([self.rates[key][: self.rounds] for key in known])
        sizes = np.array([self.sizes[key][1] for key in known])
        if not np.isfinite([group.size, *sizes]).all():
            return np.asarray(measured.mean(0))
        sizes = np.log(sizes)
        columns = [np.exp(np.interp(np.log(group.size), sizes, np.log(column))) for column in measured.T]
        return np.array(columns)


def calibrate(
    groups: Sequence[Group], compute: Compute, *, at_once: int | None = None, device: str = "cpu", seconds: float = 6.0
) -> Calibration:
    """Measure how fast the chunks of a sweep are computed on this machine.

    As many threads as there will be workers compute at once, so that what they take from each other (clock rate,
    caches, a shared core) is in the result. In each round every group has its turn, so that what else the machine does
    at one moment meets all of them. Of many groups some are measured, the largest and the smallest among them.

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
    chosen = _chosen(groups, max(2, int(seconds / rounds / _SHORTEST_SLICE / 2)))
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
        measured: list[list[float]] = [[] for _ in chosen]
        for turn in range(rounds):
            for found, sample in zip(measured, samples, strict=True):
                if turn and time.perf_counter() - started > seconds + 1:
                    break
                futures = [pool.submit(_predicted, compute, sample, span) for _ in range(threads)]
                found.append(float(np.mean([future.result() for future in futures])) / steps_of(sample))
    taken = time.perf_counter() - started
    rates = {group.key: tuple(found) for group, found in zip(chosen, measured, strict=True)}
    return Calibration(rates, {group.key: (group.family, group.size) for group in chosen}, threads, taken)


def _whenever_measured(compute: Compute) -> Compute:
    """Return the same computation, without the steps at which it measures: a few of them may be all there are."""
    from validation.experiments.running import Training

    return replace(compute, record_steps=None) if isinstance(compute, Training) else compute


def _one_by_one(device: str) -> bool:
    """Return whether the networks of a chunk train one after the other."""
    from validation.training.devices import can_compile, require_device

    return require_device(device) == "cpu" and can_compile()


def _chosen(groups: Sequence[Group], most: int) -> list[Group]:
    """Return at most so many groups: the smallest and the largest of each family, then others evenly spread."""
    ordered = sorted(groups, key=lambda group: (group.family, group.size))
    families = [None, *(group.family for group in ordered), None]
    ends = [k for k in range(len(ordered)) if families[k] != families[k + 1] or families[k + 1] != families[k + 2]]
    spread = np.linspace(0, len(ordered) - 1, min(most, len(ordered))).round().astype(int).tolist()
    return [ordered[k] for k in sorted(list(dict.fromkeys([*ends, *spread]))[:most])]


def _fitting(compute: Compute, sample: Chunk) -> Chunk:
    """Compute hardly anything of a chunk, so that all is compiled, and return as much of it as fits into memory."""
    try:
        _whenever_measured(compute)(shortened(sample), Context())
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

    The earlier half has the preparation, and most of the measurements, which lie evenly on a logarithmic scale.
    """
    (end, share) = seen[-1]
    at, before = next(((at, before) for at, before in seen if at >= end / 2), (0.0, 0.0))
    if before >= share:
        at, before = 0.0, 0.0
    return end + (1 - share) * (end - at) / (share - before)
