"""Whether two runs agree in distribution: phases and mean outcomes, network by network or seed by seed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, shown
from geneft_theory.estimate import Estimate

if TYPE_CHECKING:
    import xarray

Rows = NDArray[np.intp]
ALLOWED = 3.0
"""Standard errors of difference that a single quantity may show."""
LEVEL = 0.95
COMPARED = ("held_out_accuracy", "train_accuracy", "accuracy", "train_loss")
"""The outcomes whose means are compared where both runs have them; otherwise all with one number a network."""


def compare_distributions(
    first: xarray.Dataset, second: xarray.Dataset, shared: tuple[Rows, Rows], by: Iterable[str] | None
) -> dict[str, Any]:
    """Return quantities with both values, their difference and a verdict, and both runs' groups side by side.

    Parameters
    ----------
    first, second : xarray.Dataset
        Long form, outcomes with one number a network.
    shared : tuple of ndarray
        Where the networks that both have stand in each.
    by : iterable of str or None
        The settings that make the groups.

    Returns
    -------
    dict
        `compared` ("network by network", "seed by seed" or "two samples of seeds"), `by`, `level`, `quantities`,
        `groups`.
    """
    both, names = (first, second), _groupings(first, second, by)
    labels = _labels(both, names)
    matched = np.intersect1d(*labels)
    inside = [np.flatnonzero(np.isin(label, matched)) for label in labels]
    quantities = _quantities(both)
    paired = shared[0].size > 1
    rows: list[dict[str, Any]] = []
    seeds = (_seeds(first)[inside[0]], _seeds(second)[inside[1]])
    places = (labels[0][inside[0]], labels[1][inside[1]])
    how = "network by network" if paired else _how(*seeds)
    allowed = _allowed(len(quantities))
    for quantity in quantities if matched.size else ():
        a, b = (_values(data, quantity) for data in both)
        if paired:
            row = _by_network(a[shared[0]], b[shared[1]], quantity, allowed)
        else:
            row = _by_seed(a[inside[0]], b[inside[1]], seeds, places, quantity, allowed)
        if row is not None:
            rows.append(row)
    groups = _side_by_side(both, names, labels, matched) if matched.size else []
    return {"compared": how, "by": names, "level": LEVEL, "quantities": rows, "groups": groups}


def _groupings(first: xarray.Dataset, second: xarray.Dataset, by: Iterable[str] | None) -> list[str]:
    import xarray

    from validation.measure.aggregates import settings_of, varying_settings

    common = [name for name in settings_of(first) if name in settings_of(second)]
    if by is not None:
        for name in by:
            if name not in common:
                raise InvalidInput(f"by must be settings of both runs ({', '.join(common)}); got {shown(name)}")
        return list(by)
    columns = {name: np.concatenate([_plain(data, name, first, second) for data in (first, second)]) for name in common}
    varying = varying_settings(xarray.Dataset(coords={name: ("network", each) for name, each in columns.items()}))
    # A setting without a value in common is what the runs differ in: their groups are compared across it.
    return [name for name in varying if in_common(first, second, name)]


def in_common(first: xarray.Dataset, second: xarray.Dataset, name: str) -> bool:
    """Whether the runs share a value of a setting."""
    here, there = (np.unique(_plain(data, name, first, second)) for data in (first, second))
    return bool(np.intersect1d(here, there).size)


def _plain(data: xarray.Dataset, name: str, first: xarray.Dataset, second: xarray.Dataset) -> NDArray[Any]:
    """Return a setting in a type that suits both runs."""
    kinds = {each[name].dtype.kind for each in (first, second)}
    return _as_text(data, name) if "U" in kinds and len(kinds) > 1 else np.asarray(data[name].values)


def _as_text(data: xarray.Dataset, name: str) -> NDArray[np.str_]:
    return np.asarray(data[name].values.astype(np.str_))


def _labels(both: tuple[xarray.Dataset, xarray.Dataset], names: list[str]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return a number for each network's group, the same in both runs."""
    sizes = [data.sizes["network"] for data in both]
    place = np.zeros(sum(sizes), dtype=np.intp)
    for name in names:
        columns = [_plain(data, name, *both) for data in both]
        codes = np.unique(np.concatenate(columns), return_inverse=True)[1]
        place = np.unique(place * (codes.max() + 1) + codes, return_inverse=True)[1]
    return place[: sizes[0]], place[sizes[0] :]


def _quantities(both: tuple[xarray.Dataset, xarray.Dataset]) -> list[str]:
    """Return what is compared: the phases that occur, and the means of a few outcomes."""
    from validation.measure.phases import PHASES

    phases = []
    if all("phase" in data for data in both):
        seen = np.union1d(*(np.unique(data["phase"].values) for data in both))
        phases = [f"phase {name}" for code, name in enumerate(PHASES) if code in seen]
    known = [str(n) for n in both[0].data_vars if n in both[1] and n != "phase" and both[0][n].dims == ("network",)]
    return phases + ([name for name in COMPARED if name in known] or known)


def _values(data: xarray.Dataset, quantity: str) -> NDArray[np.float64]:
    from validation.measure.phases import PHASES

    if not quantity.startswith("phase "):
        return np.asarray(data[quantity].values, dtype=np.float64)
    codes = data["phase"].values
    return np.where(codes < 0, np.nan, codes == PHASES.index(quantity.removeprefix("phase ")))


def _seeds(data: xarray.Dataset) -> NDArray[Any]:
    """Return what tells replicates apart, the same text in both runs."""
    from validation.measure.aggregates import REPLICATES

    parts = [_as_text(data, name) for name in REPLICATES if name in data.coords and data[name].dims == ("network",)]
    if not parts:
        return np.arange(data.sizes["network"]).astype(np.str_)
    text = parts[0]
    for part in parts[1:]:
        text = np.char.add(np.char.add(text, "/"), part)
    return text


def _how(first: NDArray[Any], second: NDArray[Any]) -> str:
    return "seed by seed" if np.intersect1d(first, second).size > 1 else "two samples of seeds"


def _allowed(looked_at: int) -> float:
    from validation.measure.verdict import for_choice

    return for_choice(ALLOWED, max(looked_at, 1))


def _row(quantity: str, means: Sequence[float], estimate: Estimate, allowed: float) -> dict[str, Any]:
    from scipy.special import stdtrit

    from validation.measure.verdict import compare

    verdict = compare(0.0, estimate, quantity, allowed=allowed)
    half = float(stdtrit(max(estimate.draws - 1, 1), 0.5 + LEVEL / 2)) * estimate.standard_error
    low, high = estimate.value - half, estimate.value + half
    if quantity.startswith("phase ") or quantity.endswith("accuracy"):
        # The difference of two shares lies between -1 and 1.
        low, high = max(low, -1.0), min(high, 1.0)
    # Where an interval leaves everything possible, nothing else could have been seen.
    told = estimate.draws > 1 and (low, high) != (-1.0, 1.0)
    return {
        "quantity": quantity,
        "first": means[0],
        "second": means[1],
        "difference": estimate.value,
        "low": low,
        "high": high,
        "draws": estimate.draws,
        "verdict": verdict.verdict if told else "undecided",
    }


def _by_network(a: NDArray[np.float64], b: NDArray[np.float64], quantity: str, allowed: float) -> dict[str, Any] | None:
    """Compare the same networks: had they the same law, exchanging the two outcomes of one would change nothing."""
    known = np.isfinite(a) & np.isfinite(b)
    a, b = a[known], b[known]
    if a.size < 2:
        return None
    change = b - a
    # The error that the mean has if every change might as well have had the other sign (for phases: McNemar's test).
    error = math.sqrt(float((change**2).sum())) / a.size
    return _row(
        quantity, (float(a.mean()), float(b.mean())), Estimate(float(change.mean()), error, int(a.size)), allowed
    )


def _by_seed(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    seeds: tuple[NDArray[Any], NDArray[Any]],
    groups: tuple[NDArray[Any], NDArray[Any]],
    quantity: str,
    allowed: float,
) -> dict[str, Any] | None:
    """Compare means over the groups in common: within seeds where both runs have them, otherwise between."""
    tables = [_by_group(values, *place) for values, place in zip((a, b), zip(seeds, groups, strict=True), strict=True)]
    if not all(tables):
        return None
    common = sorted(tables[0].keys() & tables[1].keys())
    if _how(*seeds) == "seed by seed":
        by_seed: dict[Any, list[float]] = {}
        for seed, group in common:
            by_seed.setdefault(seed, []).append(tables[1][seed, group] - tables[0][seed, group])
        changes = [float(np.mean(each)) for each in by_seed.values()]
        if not changes:
            return None
        means = [float(np.mean([table[key] for key in common])) for table in tables]
        estimate = _cautious(
            Estimate.from_samples(changes) if len(changes) > 1 else Estimate(changes[0], 0.0, 1), quantity
        )
        return _row(quantity, means, estimate, allowed)
    samples = [_seed_means(table) for table in tables]
    means = [float(np.mean(sample)) for sample in samples]
    if min(map(len, samples)) < 2:
        return _row(quantity, means, Estimate(means[1] - means[0], 0.0, 1), allowed)
    sides = [_cautious(Estimate.from_samples(sample), quantity) for sample in samples]
    error = math.hypot(sides[0].standard_error, sides[1].standard_error)
    draws = min(side.draws for side in sides)
    return _row(quantity, means, Estimate(means[1] - means[0], error, draws), allowed)


def _cautious(estimate: Estimate, quantity: str) -> Estimate:
    """Return a share's estimate with an error that is not 0 because few seeds happen to agree.

    With k seeds that all agree, one that does not would be no surprise: the error is that of one in k + 1.
    """
    if not quantity.startswith("phase ") or estimate.draws < 2:
        return estimate
    return Estimate(estimate.value, max(estimate.standard_error, 1 / (estimate.draws + 1)), estimate.draws)


def _by_group(values: NDArray[np.float64], seeds: NDArray[Any], groups: NDArray[Any]) -> dict[tuple[str, int], float]:
    """Return the mean of each seed in each group."""
    collected: dict[tuple[str, int], list[float]] = {}
    for value, seed, group in zip(values.tolist(), seeds.tolist(), groups.tolist(), strict=True):
        if math.isfinite(value):
            collected.setdefault((seed, group), []).append(value)
    return {key: float(np.mean(each)) for key, each in collected.items()}


def _seed_means(table: dict[tuple[str, int], float]) -> list[float]:
    """Return one number a seed, its mean over groups; a group that it lacks is as if the seed were average there."""
    by_group: dict[int, list[float]] = {}
    for (_, group), value in table.items():
        by_group.setdefault(group, []).append(value)
    centre = {group: float(np.mean(each)) for group, each in by_group.items()}
    overall = float(np.mean(list(centre.values())))
    by_seed: dict[str, list[float]] = {}
    for (seed, group), value in table.items():
        by_seed.setdefault(seed, []).append(value - centre[group])
    return [overall + float(np.mean(each)) for each in by_seed.values()]


def _side_by_side(
    both: tuple[xarray.Dataset, xarray.Dataset],
    names: list[str],
    labels: tuple[NDArray[Any], NDArray[Any]],
    matched: NDArray[Any],
) -> list[dict[str, Any]]:
    """Return the groups of both runs, each with its phases and means."""
    from validation.measure.aggregates import aggregate
    from validation.sweeps.summary import rows_of

    sides = []
    for data, label in zip(both, labels, strict=True):
        means = [name for name in _quantities(both) if not name.startswith("phase ")]
        chosen = data.isel(network=np.flatnonzero(np.isin(label, matched)))
        sides.append(rows_of(aggregate(chosen, names, outcomes=means)))
    keyed = [{tuple(str(row[name]) for name in names): row for row in side} for side in sides]
    return [
        {name: row[name] for name in names} | {"first": _without(row, names), "second": _without(keyed[1][key], names)}
        for key, row in keyed[0].items()
        if key in keyed[1]
    ]


def _without(row: dict[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}
