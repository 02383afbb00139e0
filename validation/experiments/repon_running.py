"""Sweeps whose chunks are no networks of `validation.training` but ensembles of repons: run, resumed and loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Event
from typing import TYPE_CHECKING, Any

from validation.experiments.running import available_cores
from validation.sweeps import Progress, RunFolder, Variable, grid, load, run_chunks

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

Compute = Callable[[Sequence[Mapping[str, Any]], Event], Mapping[str, "NDArray[Any]"]]


def run_all(
    folder: RunFolder,
    plan: Sequence[Sequence[Mapping[str, Any]]],
    compute: Compute,
    variables: Mapping[str, Variable],
    progress: Progress | None,
) -> None:
    """Compute every chunk that the folder does not hold yet, one on each core.

    `compute` takes a chunk and an event; it gives up with an exception once that is set.
    """
    import torch

    stop = Event()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        run_chunks(
            folder,
            plan,
            lambda chunk: compute(chunk, stop),
            progress,
            variables=variables,
            workers=available_cores(),
            stop=stop,
        )
    finally:
        torch.set_num_threads(threads)


def on_grid(folder: RunFolder, dims: Sequence[str], variables: Iterable[str], **where: str) -> xr.Dataset:
    """Return some outcomes on the axes `dims`, of those chunks whose settings have the values in `where`."""
    long_form = load(folder)
    for name, value in where.items():
        long_form = long_form.isel(network=(long_form[name].values == value).nonzero()[0])
    return grid(long_form[list(variables)], dims=dims)
