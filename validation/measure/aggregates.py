"""From one row a network to one row a group: how often each phase, and what mean, with honest intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, require_number, shown
from validation.measure.frequencies import clustered_interval
from validation.measure.hierarchy import hierarchical_mean
from validation.measure.phases import PHASES

if TYPE_CHECKING:
    import xarray

Array = NDArray[Any]
REPLICATES = ("seed", "sweep_seed")
"""Settings that number replicates, and are never a question of their own."""


def aggregate(
    results: xarray.Dataset,
    by: str | Iterable[str] = (),
    *,
    outcomes: Iterable[str] | None = None,
    training_sets: str | None = None,
    level: float = 0.95,
) -> xarray.Dataset:
    """Return what groups of networks did, with intervals over seeds.

    What varies by chance is the seed: it draws the training pairs and the initial parameters. Networks of one seed
    are therefore never taken for independent, and the pairs of one network even less. Frequencies have Wilson's
    interval, widened where a group holds several networks of a seed (`clustered_interval`); means are bootstrapped
    over seeds, or in two levels where training sets and seeds vary separately (`hierarchical_mean`).

    Parameters
    ----------
    results : xarray.Dataset
        Long form, as `validation.load` returns it.
    by : str or iterable of str
        Settings: networks that agree in all of them are a group. () for one group of all.
    outcomes : iterable of str, optional
        Outcomes with one number a network, to be averaged; by default all of them.
    training_sets : str, optional
        A setting that numbers training sets, where `seed` draws the initial parameters only.
    level : float
        Confidence level of each interval by itself, in (0, 1).

    Returns
    -------
    xarray.Dataset
        Dimension `group`, with `by` as coordinates; `networks` and `seeds` of each. If the results have phases:
        `share`, `share_low`, `share_high` over `group` and `phase`. For every outcome `NAME`, `NAME_low`,
        `NAME_high`: nan where a network has no number. Intervals are nan where seeds are no replicates: several
        combinations of settings in a group, and no two seeds with the same; those of means also with a single seed.

    Raises
    ------
    InvalidInput
        When a name is no setting or no such outcome, or the level lies outside its domain.

    Examples
    --------
    >>> import xarray
    >>> settings = {"rate": ("network", [1, 1, 2, 2]), "seed": ("network", [0, 1, 0, 1])}
    >>> accuracy = ("network", [0.9, 0.8, 0.6, 0.5])
    >>> means = aggregate(xarray.Dataset({"accuracy": accuracy}, coords=settings), by="rate")
    >>> means["accuracy"].values.round(2), means["seeds"].values
    (array([0.85, 0.55]), array([2, 2]))
    """
    import xarray

    settings = settings_of(results)
    names = [by] if isinstance(by, str) else list(by)
    for name in (*names, *([] if training_sets is None else [training_sets])):
        if name not in settings:
            raise InvalidInput(f"by must be settings of the networks ({', '.join(settings)}); got {shown(name)}")
    level = require_number("level", level, low=0, high=1, open_low=True, open_high=True)
    averaged = _averaged(results, outcomes)
    first, place = _groups([results[name].values for name in names], results.sizes["network"])
    replicates = [results[name].values for name in REPLICATES if name in settings]
    unit = _groups(replicates, results.sizes["network"])[1] if replicates else np.arange(results.sizes["network"])
    sets = unit if training_sets is None else _groups([results[training_sets].values], unit.size)[1]
    varying = varying_settings(results if training_sets is None else results.drop_vars(training_sets))
    cell = _groups([results[name].values for name in varying], unit.size)[1]
    order = np.argsort(place, kind="stable")
    rows = np.split(order, np.searchsorted(place[order], np.arange(1, first.size)))
    # Seeds that never meet in one combination of settings are no replicates: they differ by more than chance.
    replicated = np.array([_is_replicated(cell[row], sets[row]) for row in rows])
    data: dict[str, Any] = {
        "networks": ("group", [row.size for row in rows]),
        "seeds": ("group", [np.unique(unit[row]).size for row in rows]),
    }
    if "phase" in results:
        shares = np.array([_shares(results["phase"].values[row], sets[row], level) for row in rows])
        shares[~replicated, 1:] = np.nan
        data |= {f"share{end}": (("group", "phase"), shares[:, k]) for k, end in enumerate(("", "_low", "_high"))}
    if averaged:
        values = np.stack([results[name].values.astype(np.float64) for name in averaged], axis=1)
        means = np.array([_means(values[row], unit[row], sets[row], level) for row in rows])
        means[~replicated, 1:] = np.nan
        for k, name in enumerate(averaged):
            data |= {f"{name}{end}": ("group", means[:, j, k]) for j, end in enumerate(("", "_low", "_high"))}
    coords: dict[str, Any] = {name: ("group", results[name].values[first]) for name in names}
    dataset = xarray.Dataset(data, coords, attrs={"level": level})
    return dataset.assign_coords(phase=list(PHASES)) if "share" in dataset else dataset


def varying_settings(results: xarray.Dataset) -> list[str]:
    """Return the settings in which networks differ by intention: not replicates, nor what follows from the others.

    Parameters
    ----------
    results : xarray.Dataset
        Long form, as `validation.load` returns it.

    Returns
    -------
    list of str
        In the order of the settings.

    Examples
    --------
    >>> import xarray
    >>> settings = {"rate": [1, 1, 2, 2], "twice": [2, 2, 4, 4], "seed": [0, 1, 0, 1], "n": [30, 30, 30, 30]}
    >>> varying_settings(xarray.Dataset(coords={name: ("network", v) for name, v in settings.items()}))
    ['rate']
    """
    kept: list[str] = []
    count = results.sizes["network"]
    place = np.zeros(count, dtype=np.intp)
    for name in settings_of(results):
        if name in REPLICATES or not count or len(_codes(results[name].values)[0]) == 1:
            continue
        first, finer = _groups([place, results[name].values], count)
        # A setting of its own for every network (a stream, a running number) groups nothing.
        if first.size > place.max() + 1 and not (first.size == count and np.unique(results[name].values).size == count):
            kept.append(name)
            place = finer
    return kept


def settings_of(results: xarray.Dataset) -> list[str]:
    """Return the names of the networks' settings."""
    return [str(name) for name in results.coords if results[name].dims == ("network",)]


def _averaged(results: xarray.Dataset, outcomes: Iterable[str] | None) -> list[str]:
    scalars = [str(name) for name in results.data_vars if results[name].dims == ("network",) and name != "phase"]
    asked = scalars if outcomes is None else [outcomes] if isinstance(outcomes, str) else list(outcomes)
    for name in asked:
        if name not in scalars:
            raise InvalidInput(f"outcomes must be of {', '.join(scalars)}; got {shown(name)}")
    return asked


def _codes(values: Array) -> tuple[Array, NDArray[np.intp]]:
    if values.size and values.strides == (0,):
        return np.zeros(1, dtype=np.intp), np.zeros(values.size, dtype=np.intp)
    _, first, place = np.unique(values, return_index=True, return_inverse=True)
    if values.dtype.kind in "biuf":
        return first, place
    # Texts in the order of the sweep.
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    return first[order], rank[place]


def _groups(columns: Sequence[Array], count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return one network of each group, and to which group each network belongs."""
    place = np.zeros(count, dtype=np.intp)
    for column in columns:
        first, codes = _codes(column)
        place = np.unique(place * max(len(first), 1) + codes, return_inverse=True)[1]
    return np.unique(place, return_index=True)[1], place


def _is_replicated(cells: NDArray[np.intp], units: NDArray[np.intp]) -> bool:
    """Whether any combination of settings has two units, or there is but one combination."""
    if (cells == cells[0]).all():
        return True
    pairs = np.unique(np.stack([cells, units], axis=1), axis=0)
    return bool(np.unique(pairs[:, 0]).size < pairs.shape[0])


def _shares(codes: Array, units: NDArray[np.intp], level: float) -> NDArray[np.float64]:
    """Return share, lower and upper end of every phase, shape (3, phases); nan where no phase is known."""
    measured = codes >= 0
    codes, units = codes[measured], units[measured]
    if not codes.size:
        return np.full((3, len(PHASES)), np.nan)
    unit = np.unique(units, return_inverse=True)[1]
    trials = np.bincount(unit)
    columns = []
    for code in range(len(PHASES)):
        successes = np.bincount(unit[codes == code], minlength=trials.size)
        columns.append((successes.sum() / trials.sum(), *clustered_interval(successes, trials, level)))
    return np.array(columns).T


def _means(
    values: NDArray[np.float64], units: NDArray[np.intp], sets: NDArray[np.intp], level: float
) -> NDArray[np.float64]:
    """Return mean, lower and upper end of every outcome, shape (3, outcomes)."""
    result = np.full((3, values.shape[1]), np.nan)
    whole = np.isfinite(values).all(axis=0)
    if not whole.any():
        return result
    # First all networks of a seed and a training set, then seeds within sets, then sets.
    first, place = _groups([sets, units], units.size)
    counts = np.bincount(place)[:, np.newaxis]
    replicates = np.zeros((first.size, int(whole.sum())))
    np.add.at(replicates, place, values[:, whole])
    replicates /= counts
    if np.unique(sets).size < 2:
        result[0, whole] = replicates.mean(axis=0)
        return result
    seen = hierarchical_mean(replicates, sets[first], level=level)
    result[:, whole] = np.stack([seen.mean, seen.low, seen.high])
    return result
