"""Training on a grid with records dense enough to tell when something was learned, not only whether."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Event
from typing import TYPE_CHECKING, Any

from validation.experiments.running import OUTCOMES, available_cores
from validation.networks import NetworkSettings
from validation.sweeps import Progress, RunFolder, grid, load, run_chunks

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray


def train_grid(
    folder: RunFolder,
    networks: Sequence[NetworkSettings],
    progress: Progress | None,
    dims: Sequence[str],
    record_steps: Sequence[int],
) -> xr.Dataset:
    """Train as `running.train_all` does, measuring after each of `record_steps`.

    The 30 records of the default lie up to 40 % apart, which is more than the delay that separates grokking from
    generalization.
    """
    import torch

    from validation.training import chunks, train

    stop = Event()

    def look_up(network_steps: int) -> None:
        if stop.is_set():
            raise InterruptedError("training was interrupted")

    def compute(chunk: Sequence[Mapping[str, Any]]) -> dict[str, NDArray[Any]]:
        settings = [NetworkSettings.from_dict(each) for each in chunk]
        outcomes = train(settings, record_steps=record_steps, progress=look_up)
        return {name: getattr(outcomes, name) for name in OUTCOMES}

    plan = [[settings.to_dict() for settings in chunk.networks] for chunk in chunks(networks)]
    threads = torch.get_num_threads()
    # One thread a chunk, for the reason given in `running.train_all`.
    torch.set_num_threads(1)
    try:
        run_chunks(folder, plan, compute, progress, variables=OUTCOMES, workers=available_cores(), stop=stop)
    finally:
        torch.set_num_threads(threads)
    return grid(load(folder), dims=dims)
