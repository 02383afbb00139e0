"""The part of a run that the experiments on learned operations share: from settings to a labelled dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from validation.experiments.running import device_of, on_grid, phases, run_all
from validation.operations import ENGINE, OperationSettings
from validation.planning.groups import Cost
from validation.sweeps import Context, Execution, RunFolder, Variable

if TYPE_CHECKING:
    import xarray as xr

    from validation.operations import OperationOutcomes
    from validation.sweeps.work import Chunk

STEP = "step"
SCALARS = {
    "train_loss": Variable(long_name="mean training loss after the last step"),
    "train_accuracy": Variable(long_name="accuracy over the training pairs after the last step"),
    "held_out_accuracy": Variable(long_name="accuracy over the held-out pairs after the last step"),
    "rqi": Variable(long_name="representation quality index after the last step"),
    "steps_to_train_threshold": Variable(units="steps", long_name="steps until 0.9 of the training pairs are right"),
    "steps_to_test_threshold": Variable(units="steps", long_name="steps until 0.9 of the held-out pairs are right"),
    "steps_to_structure": Variable(units="steps", long_name="steps until the representation quality exceeds 0.95"),
    "diverged": Variable(long_name="whether a parameter or the loss is no longer finite"),
    "steps_taken": Variable(units="steps", long_name="steps taken before the phase was decided"),
}
"""One number a network."""
CURVES = {
    STEP: Variable((STEP,), "steps", "training steps after which the curves were recorded"),
    "train_loss_curve": Variable((STEP,), long_name="mean training loss while training"),
    "train_accuracy_curve": Variable((STEP,), long_name="accuracy over the training pairs while training"),
    "held_out_accuracy_curve": Variable((STEP,), long_name="accuracy over the held-out pairs while training"),
    "rqi_curve": Variable((STEP,), long_name="representation quality index while training"),
}
"""One number a recorded step."""
LAST = {"embeddings": Variable(("symbol", "dimension"), long_name="embeddings after the last step")}
TABLES = {"embeddings_curve": Variable((STEP, "symbol", "dimension"), long_name="embeddings while training")}
# Some seconds of work on a CPU at ten thousand steps; a GPU wants more at once.
CHUNK_SIZE, GPU_CHUNK_SIZE = 4, 512


@dataclass(frozen=True)
class OperationTraining:
    """The computation of a chunk of networks; a value that can be sent to another process.

    Attributes
    ----------
    curves, tables : bool
        Whether curves are stored, and the embeddings at every recorded step.
    record_steps : tuple of int, optional
        Steps after which networks are measured.
    until_learned : bool
        Whether a network's training ends where its phase is decided.
    device : str
        Where they are trained.
    """

    curves: bool = False
    tables: bool = False
    record_steps: tuple[int, ...] | None = None
    until_learned: bool = False
    device: str = "cpu"

    @property
    def variables(self) -> dict[str, Variable]:
        """What each stored array is."""
        return {**SCALARS, **LAST, **(CURVES if self.curves else {}), **(TABLES if self.tables else {})}

    def cost(self, values: Mapping[str, Any]) -> Cost:
        """Return what decides how long a step of a network takes."""
        settings = OperationSettings.from_dict(values)
        samples = len(settings.table.samples)
        widths = (settings.embedding_dimension, *[settings.width] * settings.depth, settings.outputs)
        weights = sum(inputs * outputs for inputs, outputs in pairwise(widths))
        label = f"{settings.operation}, depth {settings.depth}, width {settings.width}, {settings.loss}"
        key = (settings.operation, -(-settings.training_pairs // 32), *widths, settings.loss, settings.optimizer)
        return Cost(key, f"{label}, {settings.optimizer}", float(samples * weights), settings.steps)

    def __call__(self, chunk: Chunk, context: Context) -> dict[str, NDArray[np.generic]]:
        """Train the networks of a chunk, and return the outcomes that are kept; give up when told to stop."""
        from validation.operations import train_operations

        networks = [OperationSettings.from_dict(settings) for settings in chunk]
        steps = sum(network.steps for network in networks)
        outcomes = train_operations(
            networks,
            record_steps=self.record_steps,
            until_learned=self.until_learned,
            progress=lambda network_steps: context.advance(network_steps / steps),
            device=self.device,
            stopped=context.stopped,
        )
        return {name: array for name, array in _arrays(outcomes).items() if name in self.variables}


def _arrays(outcomes: OperationOutcomes) -> dict[str, NDArray[np.generic]]:
    curves = ("train_loss", "train_accuracy", "held_out_accuracy", "rqi")
    arrays: dict[str, NDArray[np.generic]] = {name: np.asarray(getattr(outcomes, name)) for name in SCALARS}
    arrays |= {name: getattr(outcomes, name)[:, -1] for name in curves}
    with np.errstate(over="ignore"):
        arrays |= {f"{name}_curve": getattr(outcomes, name).astype(np.float32) for name in curves}
    steps = np.tile(outcomes.record_steps.astype(np.int32), (len(outcomes.networks), 1))
    return arrays | {STEP: steps, "embeddings": outcomes.embeddings[:, -1], "embeddings_curve": outcomes.embeddings}


def train_all_operations(
    folder: RunFolder,
    networks: Sequence[OperationSettings],
    execution: Execution | None,
    dims: Sequence[str],
    training: OperationTraining,
    further: Sequence[str] = (),
) -> xr.Dataset:
    """Train what the folder does not hold yet, and return one number a network on a grid with the given named axes.

    `further` names curves and tables to be put on the grid, too; those that are stored are also in the folder, for
    `validation.load`.

    Raises
    ------
    Unfinished
        When chunks are missing that are left to other shards of the run.
    """
    from dataclasses import replace

    how = execution or Execution()
    device = device_of(how)
    run_all(folder, plan(networks, device), replace(training, device=device), training.variables, how, phases)
    results = on_grid(folder, dims, (*SCALARS, *further))
    results.attrs["made_from"] = "networks trained by validation.operations"
    return results


def plan(networks: Sequence[OperationSettings], device: str = "cpu") -> list[list[dict[str, Any]]]:
    """Return the chunks of a sweep: networks of one shape and one number of steps, the longest first.

    Examples
    --------
    >>> seeds = [OperationSettings(training_seed=0, seed=seed) for seed in range(5)]
    >>> [len(chunk) for chunk in plan(seeds)]
    [4, 1]
    """
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for settings in networks:
        shape = (settings.steps, settings.operation, settings.training_pairs, settings.width, settings.depth)
        groups.setdefault((*shape, settings.loss), []).append({"operation_engine": ENGINE} | settings.to_dict())
    size = CHUNK_SIZE if device == "cpu" else GPU_CHUNK_SIZE
    return [
        [dict(settings) for settings in members[first : first + size]]
        for _, members in sorted(groups.items(), key=lambda group: -group[0][0])
        for first in range(0, len(members), size)
    ]
