"""Two runs side by side: the same question? the same numbers? the same distributions?"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from validation.sweeps.folder import RunFolder
from validation.sweeps.results import dataset_of, surveyed
from validation.sweeps.summary import numbers_only
from validation.sweeps.survey import Survey

if TYPE_CHECKING:
    import xarray

Array = NDArray[Any]

TOO_FEW = "too few seeds to tell"


def compare_runs(
    first: RunFolder | str | os.PathLike[str],
    second: RunFolder | str | os.PathLike[str],
    by: Iterable[str] | None = None,
) -> dict[str, Any]:
    """Hold two runs against each other.

    Networks with the same settings, seeds included, are compared bit for bit, outcome by outcome. Whether the runs
    agree *in distribution* is asked of the phases and the mean outcomes: network by network where both runs trained
    the same networks; otherwise seed by seed, in the groups of settings that both have.

    Parameters
    ----------
    first, second : RunFolder or path
        Run folders; they need not be complete.
    by : iterable of str, optional
        The settings that make the groups; by default all that vary and have values in common.

    Returns
    -------
    dict
        JSON values: `question` and `versions` (what differs, with both values), `settings` (values that only one run
        has), `networks` (of each run, in common), `outcomes` (for each: compared, equal bit for bit, largest
        difference), `phases` (how many changed, and from which to which), `distributions` (quantities over all groups
        in common, then the `groups`), `verdict` and `reason`.

        The verdict is "identical" (the same networks, every outcome equal bit for bit), "agrees", "disagrees",
        "undecided" (fewer than two seeds), or "nothing to compare". Of a true agreement one in 370 is called a
        disagreement, however many quantities are looked at.

    Raises
    ------
    InvalidInput
        When a folder is not a run's, holds no finished chunk or a damaged one, or `by` names no setting of both.

    Examples
    --------
    >>> import tempfile
    >>> from validation.sweeps import Question, Shard, write_shard
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folders = []
    ...     for name in ("old", "new"):
    ...         run = RunFolder.open(f"{place}/{name}", Question("squares", "quick", 0, {"made": name}))
    ...         _ = write_shard(run.shards, Shard(({"seed": 0}, {"seed": 1}), {"square": np.array([0.25, 2.25])}))
    ...         folders.append(run)
    ...     comparison = compare_runs(*folders)
    >>> comparison["verdict"], comparison["question"]
    ('identical', [{'name': 'options.made', 'first': 'old', 'second': 'new'}])
    """
    runs = [run if isinstance(run, RunFolder) else RunFolder.existing(run) for run in (first, second)]
    founds = [surveyed(run) for run in runs]
    shared = _shared_rows(*founds)
    results = [dataset_of(run, found, numbers_only(found)) for run, found in zip(runs, founds, strict=True)]
    outcomes = dict(_outcomes(runs, founds, results, shared))
    comparison: dict[str, Any] = {
        "first": str(runs[0].path),
        "second": str(runs[1].path),
        "question": _differences(*(run.question.to_dict() for run in runs)),
        "versions": _versions(*founds),
        "networks": {
            "first": founds[0].networks,
            "second": founds[1].networks,
            "in_common": int(shared[0].size),
        },
        "settings": _settings(*results),
        "outcomes": outcomes,
        "phases": _phases(results, shared),
    }
    equal = shared[0].size > 0 and all(row["equal"] == row["networks"] for row in outcomes.values())
    equal = equal and set(founds[0].layouts) == set(founds[1].layouts)
    from validation.sweeps.distributions import compare_distributions

    comparison["distributions"] = distributions = compare_distributions(results[0], results[1], shared, by)
    verdict, reason = _verdict(distributions, comparison["networks"], equal)
    return comparison | {"verdict": verdict, "reason": reason}


def _shared_rows(first: Survey, second: Survey) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where the networks that both runs have stand in each, in the order of the first."""
    _, here, there = np.intersect1d(first.digests, second.digests, assume_unique=True, return_indices=True)
    order = np.argsort(here)
    return here[order], there[order]


def _differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[dict[str, Any]]:
    here, there = dict(_leaves(first)), dict(_leaves(second))
    return [
        {"name": name, "first": here.get(name), "second": there.get(name)}
        for name in sorted(here.keys() | there.keys())
        if json.dumps(here.get(name)) != json.dumps(there.get(name))
    ]


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _versions(first: Survey, second: Survey) -> list[dict[str, Any]]:
    """Return every version or property of the machine that differs; several where a run was made with several."""
    sides: list[dict[str, Any]] = []
    for found in (first, second):
        seen: dict[str, list[Any]] = {}
        for made in found.made_by:
            for name, value in _leaves(made):
                if value not in seen.setdefault(name, []):
                    seen[name].append(value)
        sides.append(
            {name: values[0] if len(values) == 1 else sorted(map(str, values)) for name, values in seen.items()}
        )
    return _differences(*sides)


def _settings(first: xarray.Dataset, second: xarray.Dataset) -> list[dict[str, Any]]:
    """Return the values of settings that only one of the runs has."""
    from validation.measure.aggregates import REPLICATES, settings_of

    rows = []
    for name in dict.fromkeys([*settings_of(first), *settings_of(second)]):
        values = [set(data[name].values.tolist()) if name in data.coords else set() for data in (first, second)]
        if name not in REPLICATES and values[0] != values[1]:
            only = [sorted(values[k] - values[1 - k], key=lambda value: (str(type(value)), value)) for k in (0, 1)]
            # A nan is not even equal to itself.
            rows.append({"name": name, "first": only[0], "second": only[1]})
    return [row for row in rows if json.dumps(row["first"]) != json.dumps(row["second"])]


def _outcomes(
    runs: list[RunFolder],
    founds: list[Survey],
    results: list[xarray.Dataset],
    shared: tuple[NDArray[np.intp], NDArray[np.intp]],
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield for each outcome of both runs how many networks have it equal; one array outcome in memory at a time."""
    if not shared[0].size:
        return
    for name in founds[0].layouts:
        variables = [found.layouts[name].variable for found in founds if name in found.layouts]
        if len(variables) < 2 or variables[0].axes != variables[1].axes or name in founds[0].axes:
            continue
        pair = results if name in results[0] else [dataset_of(*each, [name]) for each in zip(runs, founds, strict=True)]
        values = [_common(data[name], pair[1 - k][name], shared[k]) for k, data in enumerate(pair)]
        yield name, _equality(*values)


def _common(array: xarray.DataArray, other: xarray.DataArray, rows: NDArray[np.intp]) -> Array:
    """Return the entries of an outcome that the other run's has too."""
    values: Array = array.values[rows]
    for k, axis in enumerate(map(str, array.dims[1:]), start=1):
        if axis in array.coords and axis in other.coords:
            kept = np.flatnonzero(np.isin(array[axis].values, other[axis].values))
        else:
            kept = np.arange(min(array.sizes[axis], other.sizes[axis]))
        values = np.take(values, kept, axis=k)
    return values


def _equality(first: Array, second: Array) -> dict[str, Any]:
    same = first == second
    largest = 0.0
    if first.dtype.kind == "f" or second.dtype.kind == "f":
        both = np.isnan(first) & np.isnan(second)
        # Zero and minus zero are equal numbers of different bits.
        same = (same & (np.signbit(first) == np.signbit(second))) | both
        with np.errstate(invalid="ignore"):
            finite = np.abs(np.subtract(second, first, dtype=np.float64))
        finite = finite[np.isfinite(finite)]
        largest = float(finite.max(initial=0.0))
    elif first.size:
        largest = float(np.abs(second.astype(np.int64) - first.astype(np.int64)).max())
    each = same.reshape(same.shape[0], -1).all(axis=1)
    return {"networks": int(each.size), "equal": int(each.sum()), "largest_difference": largest}


def _phases(results: list[xarray.Dataset], shared: tuple[NDArray[np.intp], NDArray[np.intp]]) -> dict[str, Any] | None:
    """Return how many networks in common ended in another phase, and in which."""
    from validation.measure.phases import PHASES

    if not all("phase" in data for data in results) or not shared[0].size:
        return None
    before, after = (data["phase"].values[rows].astype(int) for data, rows in zip(results, shared, strict=True))
    changed = (before != after) & (before >= 0) & (after >= 0)
    pairs, counts = np.unique(np.stack([before[changed], after[changed]], axis=1), axis=0, return_counts=True)
    changes = [
        {"first": PHASES[a], "second": PHASES[b], "networks": int(count)}
        for (a, b), count in zip(pairs.tolist(), counts, strict=True)
    ]
    return {"networks": int(((before >= 0) & (after >= 0)).sum()), "changed": int(changed.sum()), "changes": changes}


def _verdict(distributions: dict[str, Any], networks: dict[str, int], equal: bool) -> tuple[str, str]:
    shared, others = networks["in_common"], networks["first"] + networks["second"] - 2 * networks["in_common"]
    if equal and not others:
        return "identical", "the same networks, and every outcome of each is equal bit for bit"
    if equal and shared > 1:
        return "agrees", f"the {shared} networks in common are equal bit for bit; {others} others are in one run only"
    rows = distributions["quantities"]
    verdicts = [row["verdict"] for row in rows]
    if "disagrees" in verdicts:
        differing = ", ".join(row["quantity"] for row in rows if row["verdict"] == "disagrees")
        return "disagrees", f"beyond chance in {differing} ({distributions['compared']})"
    if "agrees" in verdicts:
        agreeing, rest = verdicts.count("agrees"), verdicts.count("undecided")
        words = f"{agreeing} quantit{'ies' if agreeing > 1 else 'y'} ({distributions['compared']})"
        return "agrees", f"no difference beyond chance in {words}" + (f"; {TOO_FEW} in {rest} more" if rest else "")
    if any(row["draws"] > 1 for row in rows):
        return "undecided", f"{TOO_FEW} ({distributions['compared']})"
    if rows:
        return "undecided", "fewer than two seeds: nothing tells chance from difference"
    return "nothing to compare", "no settings, or no outcomes, in common"
