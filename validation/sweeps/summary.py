"""A run at a glance: what was asked, how far it is, which phases its networks ended in, and with what it was made."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from validation.sweeps.arrays import read_regular
from validation.sweeps.folder import RunFolder
from validation.sweeps.results import dataset_of
from validation.sweeps.survey import Survey, survey

if TYPE_CHECKING:
    import xarray

MOST_GROUPS = 32
"""Groups that fit on a screen; where there are more, each setting is shown by itself."""


def summarize(
    folder: RunFolder | str | os.PathLike[str], by: Iterable[str] | None = None, asked: int | None = None
) -> dict[str, Any]:
    """Return a run at a glance, also of one that is not finished or is damaged.

    Parameters
    ----------
    folder : RunFolder or path
        A run folder.
    by : iterable of str, optional
        The settings whose combinations are the groups; by default those that vary between networks, together if there
        are at most 32 groups, otherwise one after the other.
    asked : int, optional
        How many networks the run was asked for, where the caller knows.

    Returns
    -------
    dict
        JSON values: `question`, `networks` (done, asked), `shards` (whole, damaged, set aside), `wall_seconds` of all
        chunks together, `finished` (first and last chunk), `made_by`, `tables` (groups with phases and means, as
        `validation.measure.aggregate` gives them), `verdicts` and `report` where there are any.

    Raises
    ------
    InvalidInput
        When the folder is not a run's, or `by` names no setting.

    Examples
    --------
    >>> import tempfile
    >>> from validation.sweeps import Question
    >>> with tempfile.TemporaryDirectory() as place:
    ...     _ = RunFolder.open(place, Question("statics", "quick", sweep_seed=0))
    ...     summary = summarize(place, asked=40)
    >>> summary["networks"], summary["tables"], summary["verdicts"]
    ({'done': 0, 'asked': 40}, [], None)
    """
    run = folder if isinstance(folder, RunFolder) else RunFolder.existing(folder)
    found = survey(run)
    return {
        "folder": str(run.path),
        "question": run.question.to_dict(),
        "networks": {"done": found.networks, "asked": asked},
        "shards": {
            "whole": len(found.parts),
            "damaged": list(found.damaged),
            "set_aside": len(list(run.shards.glob("*.corrupt"))),
        },
        "wall_seconds": round(found.seconds, 3),
        "finished": list(found.finished),
        "made_by": found.made_by,
        "tables": _tables(run, found, by) if found.networks else [],
        "verdicts": verdicts_of(run),
        "report": str(run.report) if run.report.exists() else None,
    }


LARGEST_TABLE = 10**7


def verdicts_of(run: RunFolder) -> list[dict[str, Any]] | None:
    """Return the verdicts that the run's experiment wrote down; None where there are none that can be read."""
    try:
        rows = json.loads(read_regular(run.tables / "verdicts.json", LARGEST_TABLE))
    except (OSError, ValueError):
        return None
    readable = isinstance(rows, list) and all(map(_is_verdict, rows))
    return rows if readable else None


def _is_verdict(row: Any) -> bool:
    """Whether a row of a table, which may be a stranger's, is a verdict as `validation.measure` writes it."""
    if not isinstance(row, dict):
        return False
    words = all(isinstance(row.get(name), str) for name in ("verdict", "claim", "side"))
    numbers = [row.get(name, "missing") for name in ("measured", "standard_error", "z", "allowed", "model_error")]
    return words and all(map(_is_number, [row.get("theory"), *(value for value in numbers if value is not None)]))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def numbers_only(found: Survey) -> list[str]:
    """Return the outcomes with one number a network: all that a summary needs, and little memory."""
    return [name for name, layout in found.layouts.items() if not layout.variable.axes]


def _tables(run: RunFolder, found: Survey, by: Iterable[str] | None) -> list[dict[str, Any]]:
    from validation.measure.aggregates import aggregate, varying_settings

    results = dataset_of(run, found, numbers_only(found))
    if by is not None:
        return [_table(aggregate(results, by))]
    varying = varying_settings(results)
    together = aggregate(results, varying, outcomes=())
    if together.sizes["group"] <= MOST_GROUPS:
        return [_table(aggregate(results, varying))]
    return [_table(aggregate(results, name)) for name in varying]


def _table(groups: xarray.Dataset) -> dict[str, Any]:
    by = [str(name) for name in groups.coords if name != "phase"]
    return {"by": by, "level": groups.attrs["level"], "groups": rows_of(groups)}


def rows_of(groups: xarray.Dataset) -> list[dict[str, Any]]:
    """Return what `validation.measure.aggregate` found as JSON values, one row a group."""
    by = [str(name) for name in groups.coords if name != "phase"]
    outcomes = [name.removesuffix("_low") for name in map(str, groups.data_vars) if name.endswith("_low")]
    columns = {name: groups[name].values for name in map(str, groups.variables)}
    rows = []
    for k in range(groups.sizes["group"]):
        row: dict[str, Any] = {name: columns[name][k].item() for name in (*by, "networks", "seeds")}
        if "share" in groups:
            row["phases"] = {
                str(phase): _interval(*(columns[f"share{end}"][k, j].item() for end in ("", "_low", "_high")))
                for j, phase in enumerate(columns["phase"])
            }
        row["means"] = {
            name: _interval(*(columns[name + end][k].item() for end in ("", "_low", "_high")))
            for name in outcomes
            if name != "share"
        }
        rows.append(row)
    return rows


def _interval(value: float, low: float, high: float) -> dict[str, float | None]:
    numbers = {"value": value, "low": low, "high": high}
    return {name: None if math.isnan(number) else number for name, number in numbers.items()}
