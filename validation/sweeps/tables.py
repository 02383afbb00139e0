"""A run as flat tables, one chunk at a time: the columns that an export writes, and what they mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from validation.sweeps.columns import Kind, column_values
from validation.sweeps.identity import SCHEMA_VERSION
from validation.sweeps.phases import PHASE
from validation.sweeps.question import Question
from validation.sweeps.results import chosen_outcomes, outcome_attributes
from validation.sweeps.shards import Shard
from validation.sweeps.survey import Part, Survey

Array = NDArray[Any]
NETWORK = "network"


@dataclass(frozen=True)
class Heading:
    """A column: its name, what kind of values it holds, its unit and its meaning in words."""

    name: str
    kind: Kind
    units: str
    description: str


class Tables:
    """What of a run is exported, and how its chunks become columns.

    Parameters
    ----------
    found : Survey
        What the run holds.
    outcomes : iterable of str, optional
        The outcomes wanted; all by default.
    """

    def __init__(self, found: Survey, outcomes: Any = None) -> None:
        self.found = found
        self.outcomes = chosen_outcomes(found, outcomes)
        self.settings = {name: column.kind for name, column in found.settings.items()}

    @property
    def scalars(self) -> list[str]:
        """The outcomes with one number a network."""
        return [name for name in self.outcomes if not self.axes_of(name)]

    @property
    def arrays(self) -> dict[tuple[str, ...], list[str]]:
        """The other outcomes, by their axes."""
        groups: dict[tuple[str, ...], list[str]] = {}
        for name in self.outcomes:
            if self.axes_of(name):
                groups.setdefault(self.axes_of(name), []).append(name)
        return groups

    @property
    def axes(self) -> list[str]:
        """The axes of the outcomes wanted whose values the networks recorded themselves."""
        return list(dict.fromkeys(a for axes in self.arrays for a in axes if a in self.found.recorded))

    def axes_of(self, name: str) -> tuple[str, ...]:
        """Return the axes of an outcome after the network."""
        return self.found.layouts[name].variable.axes

    def heading(self, name: str) -> Heading:
        """Return what stands over a column."""
        if name in self.settings:
            return Heading(name, self.settings[name], "", "setting: " + name.replace("_", " "))
        if name == NETWORK:
            return Heading(name, "integer", "", "number of the network in this export")
        if name not in self.found.layouts:
            return Heading(name, "integer", "", f"place along the axis {name}")
        attributes = outcome_attributes(self.found, name)
        kind: Kind = "text" if self.is_coded(name) else _kind(self.found.layouts[name].dtype)
        return Heading(name, kind, attributes["units"], attributes["long_name"])

    def is_coded(self, name: str) -> bool:
        """Whether an outcome is a code that is written out as a word."""
        return name == PHASE and self.found.layouts[name].dtype == np.int8

    def words(self, codes: Array) -> list[str | None]:
        """Return the words that phase codes stand for, None for an unknown one."""
        from validation.measure.phases import PHASES

        return [None if code < 0 else PHASES[code] for code in codes.tolist()]

    def chunks(self) -> Iterator[TableChunk]:
        """Yield the run in the order of the sweep, one shard at a time."""
        for part, shard in self.found.chunks():
            yield TableChunk(self, part, shard)


@dataclass(frozen=True, eq=False)
class TableChunk:
    """The networks of one shard."""

    tables: Tables
    part: Part
    shard: Shard

    @property
    def networks(self) -> Array:
        """The numbers of the networks."""
        return np.arange(self.part.first, self.part.first + self.part.rows.size)

    def setting(self, name: str) -> list[Any]:
        """Return one setting, None where a network does not have it."""
        values = [self.shard.networks[row].get(name) for row in self.part.rows]
        return column_values(values, self.tables.settings[name])

    def outcome(self, name: str) -> Array | None:
        """Return one outcome, None where this chunk does not have it."""
        return self.shard.outcomes[name][self.part.rows] if name in self.shard.outcomes else None

    def kept(self, axes: tuple[str, ...], shape: tuple[int, ...]) -> NDArray[np.bool_]:
        """Return which entries of an array of this shape are records of their own, and not the last one repeated."""
        kept = np.ones(shape, dtype=np.bool_)
        for k, axis in enumerate(axes, start=1):
            if axis in self.tables.found.recorded:
                steps = self.shard.outcomes[axis][self.part.rows]
                new = np.concatenate([np.ones_like(steps[:, :1], np.bool_), steps[:, 1:] != steps[:, :-1]], axis=1)
                kept &= new.reshape(shape[0], *[1] * (k - 1), shape[k], *[1] * (len(axes) - k))
        return kept

    def places(self, axes: tuple[str, ...], shape: tuple[int, ...]) -> dict[str, Array]:
        """Return the number of the network, and the value along each axis, for every entry of an array."""
        places = {NETWORK: self.networks.reshape(-1, *[1] * len(axes))}
        for k, axis in enumerate(axes, start=1):
            recorded = axis in self.tables.found.recorded
            values = self.shard.outcomes[axis][self.part.rows] if recorded else np.arange(shape[k])[np.newaxis]
            places[axis] = values.reshape(values.shape[0], *[1] * (k - 1), shape[k], *[1] * (len(axes) - k))
        return {name: np.broadcast_to(values, shape) for name, values in places.items()}


def description(question: Question, found: Survey) -> dict[str, Any]:
    """Return what every export says of the run as a whole."""
    return {
        "schema_version": SCHEMA_VERSION,
        "engine": question.engine,
        "question": question.to_dict(),
        "made_by": found.made_by,
        "networks": found.networks,
    }


def _kind(dtype: np.dtype[Any]) -> Kind:
    return "boolean" if dtype.kind == "b" else "integer" if dtype.kind in "iu" else "number"
