"""From what is to be trained to a labelled dataset: the part of a run that all experiments share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, overload

import numpy as np

from validation.measure.phases import phase_of
from validation.networks import NetworkSettings
from validation.sweeps import (
    Context,
    Dask,
    Execution,
    Interrupted,
    Question,
    RunFolder,
    Unfinished,
    Variable,
    available_cores,
    grid,
    load,
    read_shard,
    run_chunks,
)
from validation.training.storing import Kept

if TYPE_CHECKING:
    import xarray as xr

    from validation.sweeps.work import Chunk, Compute, Outcomes, Tally
    from validation.training import Chunk as Division
    from validation.training import Outcomes as Trained

MOST_SEEDS = 100_000
"""Replicates of an experiment: the settings of all of its networks are in memory at once."""


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

    question = question_of(name, preset, options)
    if out is None:
        digest = hashlib.sha256(canonical_json(question.to_dict()).encode()).hexdigest()[:8]
        out = Path("runs") / f"{name}-{preset}-{digest}"
    return RunFolder.open(out, question)


def question_of(name: str, preset: str, options: Options) -> Question:
    """Return what a run of an experiment with these options is asked."""
    from validation.training import ENGINE

    return Question(name, preset, options.sweep_seed, options.to_dict(), ENGINE)


def train_all(
    folder: RunFolder,
    networks: Sequence[NetworkSettings],
    execution: Execution | None,
    dims: Sequence[str],
    further: Mapping[str, Variable] | None = None,
    record_steps: Sequence[int] | None = None,
    until_learned: bool = False,
) -> xr.Dataset:
    """Train what the folder does not hold yet, and return the outcomes on a grid with the given named axes.

    `further` names attributes of `validation.training.Outcomes` that are kept beside the usual ones. `record_steps` are
    the steps after which networks are measured; the usual 30 lie up to 40 % apart, which is too coarse where it matters
    when something was learned. `until_learned` is that of `validation.training.train`. The curves are in the folder,
    for `validation.load`; the grid has single numbers.
    """
    from validation.training import chunks, suitable_chunk_size

    kept = Kept(further=further or {})
    how = execution or Execution()
    device = device_of(how)
    division = chunks(networks, chunk_size=suitable_chunk_size(len(networks), device))
    training = Training(kept, None if record_steps is None else tuple(record_steps), until_learned, device)
    run_all(folder, Plan(division), training, kept.variables, how, phases)
    results = on_grid(folder, dims, {**Kept(points=0).variables, **kept.further})
    results.attrs["made_from"] = "networks trained by validation.training"
    return results


class Plan(Sequence["Chunk"]):
    """The chunks of a sweep as a run wants them, each written out when it is asked for."""

    def __init__(self, division: Sequence[Division]) -> None:
        self._division = division

    def __len__(self) -> int:
        return len(self._division)

    @overload
    def __getitem__(self, k: int) -> Chunk: ...

    @overload
    def __getitem__(self, k: slice) -> Plan: ...

    def __getitem__(self, k: int | slice) -> Chunk | Plan:
        if isinstance(k, slice):
            return Plan(self._division[k])
        return [settings.to_dict() for settings in self._division[k].networks]


@dataclass(frozen=True)
class Training:
    """The computation of a chunk of networks; a value that can be sent to another process.

    Attributes
    ----------
    kept : Kept
        Which outcomes are stored.
    record_steps : tuple of int, optional
        The steps after which networks are measured.
    until_learned : bool
        Whether a network's training ends where its phase is decided.
    device : str
        Where they are trained.
    """

    kept: Kept
    record_steps: tuple[int, ...] | None = None
    until_learned: bool = False
    device: str = "cpu"

    def __call__(self, chunk: Chunk, context: Context) -> Outcomes:
        """Train the networks of a chunk, and return the outcomes that are kept."""
        return self.kept.arrays(trained(chunk, context, self.record_steps, self.until_learned, self.device))


def trained(
    chunk: Chunk,
    context: Context,
    record_steps: Sequence[int] | None = None,
    until_learned: bool = False,
    device: str = "cpu",
) -> Trained:
    """Train the networks of a chunk, from its checkpoint if there is one; give up when told to stop."""
    from validation.training import train_chunk

    networks = [NetworkSettings.from_dict(settings) for settings in chunk]
    steps = sum(network.steps for network in networks)
    return train_chunk(
        networks,
        record_steps=record_steps,
        until_learned=until_learned,
        progress=lambda network_steps: context.advance(network_steps / steps),
        device=device,
        checkpoint=context.checkpoint,
        stopped=context.stopped,
    )


def following(context: Context, steps: int) -> Callable[[int], None]:
    """Return what a trainer of repons calls as it proceeds: it reports, and ends the training when told to stop."""

    def look_up(taken: int) -> None:
        if context.stopped():
            raise Interrupted
        context.advance(taken / steps)

    return look_up


def phases(outcomes: Outcomes) -> dict[str, int]:
    """Return how many networks of a chunk are in which phase."""
    steps = (outcomes["steps_to_train_threshold"], outcomes["steps_to_test_threshold"])
    seen = phase_of(*steps, diverged=np.asarray(outcomes["diverged"], dtype=np.bool_))
    return {str(phase): int(count) for phase, count in zip(*np.unique(seen, return_counts=True), strict=True)}


def device_of(execution: Execution) -> str:
    """Return the name of the device on which networks are trained, or refuse it."""
    from validation.training import require_device

    # Other machines have devices of their own.
    if isinstance(execution.executor, Dask) and execution.device != "auto":
        return execution.device
    return require_device(execution.device)


def run_all(
    folder: RunFolder,
    plan: Sequence[Chunk],
    compute: Compute,
    variables: Mapping[str, Variable],
    execution: Execution | None,
    tally: Tally | None = None,
) -> None:
    """Compute every chunk that the folder does not hold yet, as the execution says.

    Raises
    ------
    Unfinished
        When chunks are missing that are left to other shards of the run.
    """
    # Loaded before the executor begins, which holds it to one thread a chunk.
    import torch  # noqa: F401

    from validation.planning import record_expectation

    how = execution or Execution()
    record_expectation(folder, plan, compute, variables, how)
    summary = run_chunks(
        folder,
        plan,
        compute,
        how.progress,
        variables=variables,
        executor=how.executor,
        shard=how.shard,
        tally=tally,
    )
    if summary.missing:
        raise Unfinished(summary.missing, len(plan))


def on_grid(folder: RunFolder, dims: Sequence[str], variables: Iterable[str] | None = None, **where: str) -> xr.Dataset:
    """Return the folder's outcomes on the axes `dims`: some of them, and of the chunks whose settings are `where`."""
    long_form = load(folder)
    for name, value in where.items():
        long_form = long_form.isel(network=(long_form[name].values == value).nonzero()[0])
    return grid(long_form if variables is None else long_form[list(variables)], dims=dims)


def wall_minutes(folder: RunFolder) -> float:
    """Return how long the training of a run's chunks took in all, in minutes, with a chunk on every core."""
    seconds = sum(float(read_shard(path).provenance["wall_seconds"]) for path in folder.shard_files())
    return seconds / 60 / available_cores()
