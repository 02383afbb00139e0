"""A run's shards as one labelled dataset in long form: one row a network."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput
from validation.sweeps.folder import RunFolder
from validation.sweeps.identity import SCHEMA_VERSION, canonical_json
from validation.sweeps.shards import DamagedShard, Shard, read_shard
from validation.sweeps.variables import Variable

if TYPE_CHECKING:
    import xarray

LARGEST_EXACT_INTEGER = 2**53
"""Integers beyond it are kept as text: neither float64 nor the netCDF-3 format holds them exactly."""


def load(folder: RunFolder | str | os.PathLike[str]) -> xarray.Dataset:
    """Return all finished networks of a run, chunk by chunk in the order of the sweep.

    Parameters
    ----------
    folder : RunFolder or path
        A run folder; the run need not be complete.

    Returns
    -------
    xarray.Dataset
        Dimension `network`. Settings are coordinates on it, at full precision: a missing or None setting is nan among
        numbers and "" among texts; lists, dictionaries and integers beyond 2**53 are JSON text. Outcomes are variables
        with `units` and `long_name`. An axis such as `step` is the union of what the networks recorded; where a
        network has no entry stands nan. A network that lies in two shards (a run resumed with other chunks) counts
        once. Attributes: `schema_version`, `engine`, and as JSON text `question` and `made_by` (each different set of
        versions, platform and threads).

    Raises
    ------
    InvalidInput
        When the folder is not a run's, holds no finished chunk, or a shard is damaged.

    Examples
    --------
    >>> import tempfile
    >>> from validation.sweeps.question import Question
    >>> from validation.sweeps.runner import run_chunks
    >>> with tempfile.TemporaryDirectory() as place:
    ...     run = RunFolder.open(place, Question("squares", "quick", sweep_seed=0))
    ...     _ = run_chunks(run, [[{"x": 0.5}, {"x": 1.5}]], lambda chunk: {"square": np.array([0.25, 2.25])})
    ...     squares = load(place)
    >>> squares.sizes["network"], squares["x"].values, float(squares["square"][1])
    (2, array([0.5, 1.5]), 2.25)
    """
    import xarray

    run = folder if isinstance(folder, RunFolder) else RunFolder.existing(folder)
    parts = _distinct(_read_all(run))
    if not parts:
        raise InvalidInput(f"folder must hold at least one finished chunk of networks; {run.path} holds none")
    networks = [part.shard.networks[row] for part in parts for row in part.rows]
    names = list(dict.fromkeys(name for settings in networks for name in settings))
    dataset = xarray.Dataset(
        coords={
            name: ("network", _column([settings.get(name) for settings in networks]), {"long_name": _words(name)})
            for name in names
        },
        attrs={
            "schema_version": SCHEMA_VERSION,
            "engine": run.question.engine,
            "question": canonical_json(run.question.to_dict()),
            "made_by": _made_by(parts),
        },
    )
    variables = {name: variable for part in parts for name, variable in part.shard.variables.items()}
    axes = {axis: _axis(axis, parts) for variable in variables.values() for axis in variable.axes}
    for name, variable in variables.items():
        if name not in axes:
            attributes = {"units": variable.units, "long_name": variable.long_name}
            dataset[name] = (variable.dims, _gathered(name, variable, parts, axes), attributes)
        else:
            dataset.coords[name] = (name, axes[name], {"units": variable.units, "long_name": variable.long_name})
    return dataset


@dataclass(frozen=True)
class _Part:
    """The rows that one shard contributes."""

    shard: Shard
    rows: list[int]


def _read_all(run: RunFolder) -> list[Shard]:
    shards = []
    for file in run.shard_files():
        try:
            shards.append(read_shard(file))
        except DamagedShard as trouble:
            message = f"folder must hold whole shards; {file.name} is damaged ({trouble}): the same run again mends it"
            raise InvalidInput(message) from None
    return sorted(shards, key=lambda shard: (shard.position, shard.name))


def _distinct(shards: Iterable[Shard]) -> list[_Part]:
    seen: set[str] = set()
    parts = []
    for shard in shards:
        rows = []
        for row, settings in enumerate(shard.networks):
            identity = canonical_json(settings)
            if identity not in seen:
                seen.add(identity)
                rows.append(row)
        if rows:
            parts.append(_Part(shard, rows))
    return parts


def _made_by(parts: Iterable[_Part]) -> str:
    kept = ("versions", "platform", "processors", "threads")
    different = {canonical_json({key: part.shard.provenance.get(key) for key in kept}) for part in parts}
    return canonical_json([json.loads(text) for text in sorted(different)])


def _column(values: Sequence[Any]) -> NDArray[Any]:
    """Return one setting of all networks as an array that says exactly what was set."""
    if all(isinstance(value, bool) for value in values):
        return np.array(values, dtype=bool)
    if all(_is_number(value) or value is None for value in values):
        if all(isinstance(value, int) for value in values):
            return np.array(values, dtype=np.int64)
        if any(value is not None for value in values):
            return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return np.array([_text(value) for value in values], dtype=np.str_)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, float) or (isinstance(value, int) and abs(value) <= LARGEST_EXACT_INTEGER)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else canonical_json(value)


def _axis(axis: str, parts: Sequence[_Part]) -> NDArray[Any]:
    """Return the values along an axis: the union of what was recorded, or 0, 1, 2, ... for an axis without values."""
    recorded = [part.shard.outcomes[axis][part.rows] for part in parts if axis in part.shard.outcomes]
    if recorded:
        return np.unique(np.concatenate([values.ravel() for values in recorded]))
    lengths = [
        part.shard.outcomes[name].shape[variable.dims.index(axis)]
        for part in parts
        for name, variable in part.shard.variables.items()
        if axis in variable.axes
    ]
    return np.arange(max(lengths))


def _gathered(name: str, variable: Variable, parts: Sequence[_Part], axes: dict[str, NDArray[Any]]) -> NDArray[Any]:
    """Return one outcome of all networks on the common axes, nan where a network has no entry."""
    blocks = [part.shard.outcomes[name][part.rows] if name in part.shard.outcomes else None for part in parts]
    shape = (sum(len(part.rows) for part in parts), *(axes[axis].size for axis in variable.axes))
    result = np.zeros(shape, dtype=np.result_type(*(block for block in blocks if block is not None)))
    filled = np.zeros(shape, dtype=np.bool_)
    first = 0
    for part, block in zip(parts, blocks, strict=True):
        if block is not None:
            places = _places(first, variable, part, block.shape, axes)
            result[places], filled[places] = block, True
        first += len(part.rows)
    if filled.all():
        return result
    return np.where(filled, result, np.asarray(np.nan, dtype=result.dtype if result.dtype.kind == "f" else np.float64))


def _places(
    first: int, variable: Variable, part: _Part, shape: tuple[int, ...], axes: dict[str, NDArray[Any]]
) -> tuple[NDArray[Any], ...]:
    """Return the index of every entry of a block in the common array, one broadcastable array an axis."""
    places = [np.arange(first, first + shape[0]).reshape(-1, *[1] * (len(shape) - 1))]
    for k, axis in enumerate(variable.axes, start=1):
        steps = part.shard.outcomes.get(axis)
        index = np.arange(shape[k])[np.newaxis] if steps is None else np.searchsorted(axes[axis], steps[part.rows])
        places.append(index.reshape(index.shape[0], *[1] * (k - 1), shape[k], *[1] * (len(shape) - 1 - k)))
    return tuple(places)


def _words(name: str) -> str:
    return name.replace("_", " ")
