"""From one row a network to named axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, shown
from validation.sweeps.phases import UNKNOWN

if TYPE_CHECKING:
    import xarray


def grid(dataset: xarray.Dataset, dims: Sequence[str] = ("relation", "mode", "fraction", "seed")) -> xarray.Dataset:
    """Return the outcomes on the axes of a few settings, one axis a setting.

    Parameters
    ----------
    dataset : xarray.Dataset
        Long form, as `load` returns it.
    dims : sequence of str
        The settings to become axes; together they must tell all networks apart. Numbers are put in order, texts stay
        in the order of the sweep.

    Returns
    -------
    xarray.Dataset
        Every outcome with `dims` in the place of `network`; nan, or -1 for `phase`, where no network has that
        combination. Settings that are the same for all networks stay as scalar coordinates; others (a network's own
        seed, say) are left out.

    Raises
    ------
    InvalidInput
        When a name is not a setting, or two networks agree in all of `dims`.

    Examples
    --------
    >>> import xarray
    >>> settings = {"fraction": ("network", [0.5, 0.1, 0.5]), "seed": ("network", [0, 1, 1])}
    >>> long_form = xarray.Dataset({"accuracy": ("network", [0.9, 0.6, 1.0])}, coords=settings)
    >>> grid(long_form, dims=("fraction", "seed"))["accuracy"].values
    array([[nan, 0.6],
           [0.9, 1. ]])
    """
    import xarray

    settings = [str(name) for name in dataset.coords if dataset[name].dims == ("network",)]
    for dim in dims:
        if dim not in settings:
            raise InvalidInput(f"dims must be settings of the networks ({', '.join(settings)}); got {shown(dim)}")
    if len(set(dims)) != len(dims) or not dims:
        raise InvalidInput(f"dims must be different settings, at least one; got {shown(tuple(dims))}")
    axes, places = zip(*(_axis(dataset[dim].values) for dim in dims), strict=True)
    sizes = tuple(axis.size for axis in axes)
    _require_distinct(dataset, dims, places, sizes)
    result = xarray.Dataset(attrs=dataset.attrs)
    for name, variable in dataset.data_vars.items():
        further = variable.dims[1:]
        values = _spread(variable.values, places, sizes, coded="flag_meanings" in variable.attrs)
        result[name] = ((*dims, *further), values, variable.attrs)
    for dim, axis in zip(dims, axes, strict=True):
        result.coords[dim] = (dim, axis, dataset[dim].attrs)
    for name, coordinate in dataset.coords.items():
        if "network" not in coordinate.dims:
            result.coords[name] = coordinate
        elif name not in dims and np.all(coordinate.values == coordinate.values[0]):
            result.coords[name] = ((), coordinate.values[0], coordinate.attrs)
    return result


def _axis(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return the different values of a setting in their order, and where each network stands among them."""
    different, first, place = np.unique(values, return_index=True, return_inverse=True)
    if values.dtype.kind in "biuf":
        return different, place
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    return different[order], rank[place]


def _require_distinct(
    dataset: xarray.Dataset, dims: Sequence[str], places: Sequence[NDArray[np.intp]], sizes: tuple[int, ...]
) -> None:
    flat = np.ravel_multi_index(tuple(places), sizes)
    _, first, place = np.unique(flat, return_index=True, return_inverse=True)
    doubled = np.flatnonzero(first[place] != np.arange(flat.size))
    if not doubled.size:
        return
    pair = dataset.isel(network=[int(first[place[doubled[0]]]), int(doubled[0])])
    differing = [
        str(name) for name in pair.coords if pair[name].dims == ("network",) and len(set(pair[name].values)) == 2
    ]
    raise InvalidInput(
        f"dims must tell all networks apart; two agree in {', '.join(dims)} and differ in {', '.join(differing)}"
    )


def _spread(
    values: NDArray[Any], places: Sequence[NDArray[np.intp]], sizes: tuple[int, ...], *, coded: bool
) -> NDArray[Any]:
    """Return an outcome on the grid, nan (as a float) where there is no network; -1 where it is a code."""
    whole = values.shape[0] == np.prod(sizes)
    dtype = values.dtype if whole or coded or values.dtype.kind == "f" else np.dtype(np.float64)
    result = np.full((*sizes, *values.shape[1:]), np.nan if dtype.kind == "f" else UNKNOWN if coded else 0, dtype=dtype)
    result[tuple(places)] = values
    return result
