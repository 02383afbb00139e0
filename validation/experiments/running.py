"""From a list of networks to a labelled dataset: the part of a run that all experiments share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, Protocol

from validation.networks import NetworkSettings
from validation.sweeps import Progress, Question, RunFolder, Variable, grid, load, read_shard, run_chunks

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

OUTCOMES = {
    "accuracy": Variable(long_name="accuracy over all ordered pairs"),
    "held_out_accuracy": Variable(long_name="accuracy over the pairs outside the training set"),
    "train_accuracy": Variable(long_name="accuracy over the training pairs"),
    "train_loss": Variable(long_name="mean training loss at the end"),
    "diverged": Variable(long_name="whether training left the finite numbers"),
    "steps_to_train_threshold": Variable(units="steps", long_name="steps until 0.9 of the training pairs are right"),
    "steps_to_test_threshold": Variable(units="steps", long_name="steps until 0.9 of the held-out pairs are right"),
}


class Options(Protocol):
    """What an experiment is asked: its seed, and everything else as plain values."""

    @property
    def sweep_seed(self) -> int:
        """Root of every random stream."""

    def to_dict(self) -> dict[str, Any]:
        """All other entries."""


def open_folder(name: str, preset: str, options: Options, out: Path | None) -> RunFolder:
    """Make or enter the run's folder; by default `runs/NAME-PRESET-` and a digest of everything that was asked.

    Raises
    ------
    InvalidInput
        If the folder cannot be written or holds something else than this very run.
    """
    import hashlib

    from validation.sweeps import canonical_json
    from validation.training import ENGINE

    question = Question(name, preset, options.sweep_seed, options.to_dict(), ENGINE)
    if out is None:
        digest = hashlib.sha256(canonical_json(question.to_dict()).encode()).hexdigest()[:8]
        out = Path("runs") / f"{name}-{preset}-{digest}"
    return RunFolder.open(out, question)


def train_all(
    folder: RunFolder,
    networks: Sequence[NetworkSettings],
    progress: Progress | None,
    dims: Sequence[str],
    further: Mapping[str, Variable] | None = None,
) -> xr.Dataset:
    """Train what the folder does not hold yet, and return all outcomes on a grid with the given named axes.

    `further` names attributes of `validation.training.Outcomes` that are kept beside the usual ones.
    """
    import torch

    from validation.training import chunks

    plan = [[settings.to_dict() for settings in chunk.networks] for chunk in chunks(networks)]
    outcomes = {**OUTCOMES, **(further or {})}
    stop = Event()
    # One thread a chunk and a chunk a core: threads that share the products of one chunk wait for each other at every
    # step, and for any other program on the machine.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        run_chunks(
            folder,
            plan,
            lambda chunk: compute(chunk, stop, outcomes),
            progress,
            variables=outcomes,
            workers=available_cores(),
            stop=stop,
        )
    finally:
        torch.set_num_threads(threads)
    results = grid(load(folder), dims=dims)
    results.attrs["made_from"] = "networks trained by validation.training"
    return results


def compute(
    chunk: Sequence[Mapping[str, Any]], stop: Event, kept: Iterable[str] = tuple(OUTCOMES)
) -> dict[str, NDArray[Any]]:
    """Train one chunk, and return the outcomes that are kept; give up when told to stop."""
    from validation.training import train

    def look_up(network_steps: int) -> None:
        if stop.is_set():
            raise InterruptedError("training was interrupted")

    outcomes = train([NetworkSettings.from_dict(settings) for settings in chunk], progress=look_up)
    return {name: getattr(outcomes, name) for name in kept}


def available_cores() -> int:
    """Return how many cores this process may use, which can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def wall_minutes(folder: RunFolder) -> float:
    """Return how long the training of a run's chunks took in all, in minutes, with a chunk on every core."""
    seconds = sum(float(read_shard(path).provenance["wall_seconds"]) for path in folder.shard_files())
    return seconds / 60 / available_cores()
