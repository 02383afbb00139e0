"""What a run's shards hold together, found out by reading one at a time: settings, outcomes, axes, their sizes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, require_number
from validation.sweeps.columns import Column
from validation.sweeps.folder import RunFolder
from validation.sweeps.identity import canonical_json
from validation.sweeps.phases import PHASE, UNKNOWN, delay_of, phase_variable, with_phase
from validation.sweeps.shards import DamagedShard, Shard, read_shard
from validation.sweeps.variables import Variable

DIGEST_BYTES = 16
_MADE_BY = ("versions", "platform", "processors", "threads")


@dataclass(frozen=True, eq=False)
class Part:
    """The rows that one shard contributes: which of its own, and where the first of them stands in the results."""

    path: Path
    rows: NDArray[np.intp]
    first: int


@dataclass(eq=False)
class Layout:
    """What is needed to set aside the room for one outcome."""

    variable: Variable
    dtype: np.dtype[Any]
    networks: int = 0
    shapes: set[tuple[int, ...]] = field(default_factory=set)


@dataclass(frozen=True, eq=False)
class Survey:
    """All that is known of a run's results before their numbers are read.

    Attributes
    ----------
    parts : tuple of Part
        In the order of the sweep; a network that lies in two shards counts once.
    networks : int
        Number of networks.
    settings : mapping from name to Column
        In the order in which the shards were read, all their rows.
    order : ndarray of int, shape (networks,)
        Which of the rows read stands at each place of the results.
    digests : ndarray of bytes, shape (networks,)
        A hash of each network's settings, in the order of the results.
    layouts : mapping from name to Layout
        Every outcome.
    axes : mapping from name to ndarray
        The values along every further axis.
    recorded : frozenset of str
        The axes whose values were recorded by the networks themselves.
    covered : frozenset of str
        Those of them on which every network has an entry everywhere.
    delay : float
        From how many steps between the two thresholds it is grokking.
    made_by : list
        Each different set of versions, platform and threads.
    seconds : float
        Wall time of all chunks together.
    finished : tuple of str
        When the first and the last chunk were finished; empty where that is not known.
    damaged : tuple of str
        One phrase for every damaged shard.
    """

    parts: tuple[Part, ...]
    networks: int
    settings: dict[str, Column]
    order: NDArray[np.intp]
    digests: NDArray[np.bytes_]
    layouts: dict[str, Layout]
    axes: dict[str, NDArray[Any]]
    recorded: frozenset[str]
    covered: frozenset[str]
    delay: float
    made_by: list[Any]
    seconds: float
    finished: tuple[str, ...]
    damaged: tuple[str, ...]

    def is_complete(self, name: str) -> bool:
        """Whether every network has every entry of an outcome."""
        layout = self.layouts[name]
        shape = tuple(self.axes[axis].size for axis in layout.variable.axes)
        whole = all(
            axis in self.covered if axis in self.recorded else length == size
            for lengths in layout.shapes
            for axis, length, size in zip(layout.variable.axes, lengths, shape, strict=True)
        )
        return whole and layout.networks == self.networks

    def stored_type(self, name: str) -> tuple[np.dtype[Any], Any]:
        """Return the type of an outcome's array, and what stands in it where a network has no entry."""
        dtype = self.layouts[name].dtype
        if name == PHASE and dtype.kind == "i":
            return dtype, UNKNOWN
        if dtype.kind == "f":
            return dtype, np.nan
        return (dtype, 0) if self.is_complete(name) else (np.dtype(np.float64), np.nan)

    def chunks(self) -> Iterator[tuple[Part, Shard]]:
        """Yield the shards, one at a time, each with its phases."""
        for part in self.parts:
            yield part, completed(_read(part.path), self.delay)


def survey(run: RunFolder, delay: float | None = None) -> Survey:
    """Read every shard of a run once, and keep what is needed to lay out the results.

    Parameters
    ----------
    run : RunFolder
        The run; it need not be complete.
    delay : float, optional
        From how many steps between the two thresholds it is grokking, > 0; by default what the run was asked.

    Returns
    -------
    Survey
        Its memory is that of the settings that differ between networks, and 16 bytes a network.

    Raises
    ------
    InvalidInput
        When shards contradict each other, or one cannot be read.
    """
    chosen = delay_of(run.question) if delay is None else require_number("delay", delay, low=0, open_low=True)
    notes = _Notes(chosen)
    for file in run.shard_files():
        try:
            shard = read_shard(file)
        except DamagedShard as trouble:
            notes.damaged.append(f"{file.name} is damaged ({trouble})")
        except FileNotFoundError:
            continue  # set aside by a run that goes on meanwhile
        except OSError as trouble:
            reason = trouble.strerror or str(trouble)
            raise InvalidInput(f"folder must hold shards that can be read; {file.name}: {reason}") from None
        else:
            notes.take(file, shard)
    return notes.finish()


def completed(shard: Shard, delay: float) -> Shard:
    """Return the shard with the phases of its networks, where they can be told."""
    outcomes = with_phase(shard.outcomes, delay)
    taken = any(PHASE in settings for settings in shard.networks)
    if len(outcomes) == len(shard.outcomes) or taken:
        return shard
    variables = {**shard.variables, PHASE: phase_variable()}
    return Shard(shard.networks, outcomes, variables, shard.engine, shard.position, shard.provenance)


def _read(path: Path) -> Shard:
    try:
        return read_shard(path)
    except FileNotFoundError:
        raise InvalidInput(f"folder must not change while it is read; {path.name} has gone") from None
    except (DamagedShard, OSError) as trouble:
        raise InvalidInput(f"folder must not change while it is read; {path.name}: {trouble}") from None


class _Notes:
    """What is written down while the shards are read in the order of their names."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.damaged: list[str] = []
        self._files: list[tuple[int, str, Path, int, int]] = []
        self._settings: dict[str, Column] = {}
        self._first_seen: dict[str, tuple[int, int]] = {}
        self._digests = bytearray()
        self._rows = 0
        self._layouts: dict[str, Layout] = {}
        self._described_at: dict[str, int] = {}
        self._axes: dict[str, NDArray[Any]] = {}
        self._fewest: dict[str, int] = {}
        self._made_by: set[str] = set()
        self._seconds = 0.0
        self._finished: list[str] = []

    def take(self, file: Path, shard: Shard) -> None:
        shard = completed(shard, self.delay)
        self._take_settings(shard)
        self._files.append((shard.position, shard.name, file, self._rows, len(shard.networks)))
        self._rows += len(shard.networks)
        for name, variable in shard.variables.items():
            self._take_outcome(name, variable, shard)
        for axis in {axis for variable in shard.variables.values() for axis in variable.axes}:
            if axis in shard.outcomes:
                self._take_axis(axis, shard.outcomes[axis])
        self._take_provenance(shard)

    def _take_settings(self, shard: Shard) -> None:
        names = dict.fromkeys(name for settings in shard.networks for name in settings)
        for index, name in enumerate(names):
            place = (shard.position, index)
            self._first_seen[name] = min(place, self._first_seen.get(name, place))
            column = self._settings.setdefault(name, Column())
            column.pad(self._rows)
            column.extend([settings.get(name) for settings in shard.networks])
        for settings in shard.networks:
            identity = canonical_json(settings).encode("ascii")
            self._digests += hashlib.blake2b(identity, digest_size=DIGEST_BYTES).digest()

    def _take_outcome(self, name: str, variable: Variable, shard: Shard) -> None:
        block = shard.outcomes[name]
        layout = self._layouts.setdefault(name, Layout(variable, block.dtype))
        if layout.variable.axes != variable.axes:
            raise InvalidInput(
                f"folder must hold one meaning of {name!r}; it has the axes {layout.variable.dims} in one shard and "
                f"{variable.dims} in another"
            )
        # The words of the chunk that stands last in the sweep.
        if shard.position >= self._described_at.get(name, 0):
            self._described_at[name] = shard.position
            layout.variable = variable
        layout.dtype = np.result_type(layout.dtype, block.dtype)
        layout.networks += len(shard.networks)
        layout.shapes.add(block.shape[1:])

    def _take_axis(self, axis: str, values: NDArray[Any]) -> None:
        known = self._axes.get(axis)
        different = np.unique(values)
        self._axes[axis] = different if known is None else np.union1d(known, different)
        ordered = np.sort(values.reshape(values.shape[0], -1), axis=1)
        fewest = int((1 + (ordered[:, 1:] != ordered[:, :-1]).sum(1)).min())
        self._fewest[axis] = min(fewest, self._fewest.get(axis, fewest))

    def _take_provenance(self, shard: Shard) -> None:
        self._made_by.add(canonical_json({key: shard.provenance.get(key) for key in _MADE_BY}))
        seconds, finished = shard.provenance.get("wall_seconds"), shard.provenance.get("finished")
        self._seconds += float(seconds) if isinstance(seconds, (int, float)) else 0.0
        if isinstance(finished, str):
            ends = sorted([*self._finished, finished])
            self._finished = [ends[0], ends[-1]]

    def finish(self) -> Survey:
        for column in self._settings.values():
            column.pad(self._rows)
        parts, order = self._in_order()
        digests = np.frombuffer(bytes(self._digests), dtype=f"V{DIGEST_BYTES}")
        names = sorted(self._settings, key=lambda name: self._first_seen[name])
        axes = {axis: self._axis(axis) for layout in self._layouts.values() for axis in layout.variable.axes}
        # A network in two shards makes a count too large, and an outcome that one of the two lacks incomplete.
        if len(order) != self._rows:
            self._count_again(parts)
        return Survey(
            parts=parts,
            networks=len(order),
            settings={name: self._settings[name] for name in names},
            order=order,
            digests=digests[order],
            layouts=self._layouts,
            axes=axes,
            recorded=frozenset(self._axes),
            covered=frozenset(axis for axis in self._axes if self._fewest[axis] == axes[axis].size),
            delay=self.delay,
            made_by=[json.loads(text) for text in sorted(self._made_by)],
            seconds=self._seconds,
            finished=tuple(self._finished),
            damaged=tuple(self.damaged),
        )

    def _in_order(self) -> tuple[tuple[Part, ...], NDArray[np.intp]]:
        """Return the parts and the rows in the order of the sweep, each network where it stands first."""
        files = sorted(self._files, key=lambda entry: entry[:2])
        ranges = [np.arange(first, first + count) for _, _, _, first, count in files]
        rows = np.concatenate(ranges) if ranges else np.zeros(0, dtype=np.intp)
        digests = np.frombuffer(bytes(self._digests), dtype=f"V{DIGEST_BYTES}")[rows]
        kept = np.zeros(rows.size, dtype=np.bool_)
        kept[np.unique(digests, return_index=True)[1]] = True
        parts, first, before = [], 0, 0
        for (_, _, path, _, count), _own in zip(files, ranges, strict=True):
            own = np.flatnonzero(kept[before : before + count])
            before += count
            if own.size:
                parts.append(Part(path, own, first))
                first += own.size
        return tuple(parts), rows[kept]

    def _axis(self, axis: str) -> NDArray[Any]:
        """Return the values along an axis: the union of what was recorded, or 0, 1, 2, ... if nothing was."""
        sharing = [layout for layout in self._layouts.values() if axis in layout.variable.axes]
        if axis not in self._axes:
            return np.arange(max(shape[each.variable.axes.index(axis)] for each in sharing for shape in each.shapes))
        described = self._layouts[axis].networks
        if any(layout.networks > described for layout in sharing):
            raise InvalidInput(f"folder must say of every chunk which values of {axis!r} it recorded; one does not")
        return self._axes[axis]

    def _count_again(self, parts: Sequence[Part]) -> None:
        for layout in self._layouts.values():
            layout.networks = 0
        for part in parts:
            for name in completed(_read(part.path), self.delay).outcomes:
                self._layouts[name].networks += part.rows.size
