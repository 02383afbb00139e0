"""One chunk, from its settings to its shard: what every worker does, wherever it runs."""

from __future__ import annotations

import contextlib
import gc
import itertools
import logging
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory._version import __version__
from geneft_theory.errors import InvalidInput, shown
from validation.sweeps.atomic import CHECKPOINT_SUFFIX, write_atomically
from validation.sweeps.context import CHECKPOINT_SECONDS, Checkpoint, Context, Interrupted, never, untold
from validation.sweeps.migrations import NewerLayout
from validation.sweeps.provenance import provenance
from validation.sweeps.shards import DamagedShard, Shard, read_shard, shard_content
from validation.sweeps.variables import Variable

_log = logging.getLogger(__name__)

Chunk = Sequence[Mapping[str, Any]]
Outcomes = Mapping[str, NDArray[Any]]
Compute = Callable[[Chunk, Context], Outcomes]
Tally = Callable[[Outcomes], Mapping[str, int]]


class StoreFailed(InvalidInput):
    """The run folder can no longer be written; what is finished is safe."""


class TooLarge(InvalidInput):
    """One network alone does not fit into memory."""


class LostWorkers(InvalidInput):
    """Some chunks took every worker down that tried them; all others are finished."""


@dataclass(frozen=True)
class Task:
    """A chunk to be computed.

    Attributes
    ----------
    index : int
        Which chunk of the sweep it is.
    name : str
        Its shard's name.
    position : int
        How many networks stand before it in the sweep.
    chunk : sequence of settings
        Its networks.
    parts : int
        In how many parts it is computed from the beginning: more than one after it took a worker down, which most
        often is the system's answer to a process that wants too much memory.
    """

    index: int
    name: str
    position: int
    chunk: Chunk
    parts: int = 1


@dataclass(frozen=True)
class Finished:
    """What became of a task; the numbers themselves are in the shard.

    Attributes
    ----------
    index, name : int, str
        Those of the task.
    networks : int
        How many networks it has.
    computed : bool
        Whether they were computed now; another process may have come first.
    set_aside : tuple of str
        The damaged shard that stood in the way.
    tally : mapping
        How many of the networks are of which kind.
    content : bytes or None
        The shard's file, where the worker could not write it.
    """

    index: int
    name: str
    networks: int
    computed: bool
    set_aside: tuple[str, ...] = ()
    tally: Mapping[str, int] = field(default_factory=dict)
    content: bytes | None = None


@dataclass(frozen=True)
class Work:
    """Everything but the chunk that a worker needs; it can be sent to another process.

    Attributes
    ----------
    folder : Path
        The run folder.
    engine : str
        The version of the trainer.
    compute : callable
        See `run_chunks`.
    variables : mapping
        What the outcomes are.
    tally : callable, optional
        Counts the networks of a chunk by kind.
    interval : float
        Seconds between two checkpoints.
    version : str
        The version of geneft that asks: another one on a cluster's worker would give other numbers.
    """

    folder: Path
    engine: str
    compute: Compute
    variables: Mapping[str, Variable]
    tally: Tally | None = None
    interval: float = CHECKPOINT_SECONDS
    version: str = __version__

    @property
    def shards(self) -> Path:
        """The folder of the finished chunks."""
        return self.folder / "shards"

    def finish(
        self,
        task: Task,
        stopped: Callable[[], bool] = never,
        report: Callable[[float], None] = untold,
        *,
        here: bool = True,
    ) -> Finished:
        """Compute a chunk, unless its shard has come to exist, and write the shard.

        `here` says that the run folder is at hand; where it is not, the shard's bytes are returned.
        """
        if stopped():
            raise Interrupted
        set_aside: list[str] = []
        if here and (found := whole_shard(self.shards / f"{task.name}.npz", set_aside)) is not None:
            self._forget(task.name)
            tally = self.counted(found.outcomes)
            return Finished(task.index, task.name, len(task.chunk), False, tuple(set_aside), tally)
        started = time.perf_counter()
        parts = _Parts(self, task, stopped, report, here)
        outcomes = parts.computed()
        shard = Shard(
            tuple(dict(settings) for settings in task.chunk),
            outcomes,
            self.variables,
            self.engine,
            task.position,
            _made_by(time.perf_counter() - started + parts.spent),
        )
        content, tally = shard_content(shard), self.counted(outcomes)
        if here:
            self.store(task.name, content)
        done = Finished(task.index, task.name, len(task.chunk), True, tuple(set_aside), tally)
        return done if here else replace(done, content=content)

    def store(self, name: str, content: bytes) -> None:
        """Write a shard and remove the checkpoints of its chunk; make room by removing them first if it must be."""
        file = self.shards / f"{name}.npz"
        try:
            try:
                write_atomically(file, content)
            except OSError:
                if not self._forget(name):
                    raise
                write_atomically(file, content)
        except OSError as trouble:
            raise store_failed(self.folder, trouble) from None
        self._forget(name)

    def counted(self, outcomes: Outcomes) -> dict[str, int]:
        """Return how many networks are of which kind."""
        return {} if self.tally is None else dict(self.tally(outcomes))

    def checkpoint(self, name: str, first: int, last: int) -> Path:
        """Return where the state of a part of a chunk is kept: its networks from `first` up to before `last`."""
        return self.folder / "checkpoints" / f"{name}.{first}-{last}{CHECKPOINT_SUFFIX}"

    def _forget(self, name: str) -> int:
        removed = 0
        # With what a killed writer left half written.
        for file in (self.folder / "checkpoints").glob(f"{name}.*"):
            with contextlib.suppress(OSError):
                file.unlink()
                removed += 1
        return removed


def whole_shard(file: Path, set_aside: list[str], *, keep: bool = False) -> Shard | None:
    """Return a shard if it is there and whole; a damaged one is renamed and noted, which makes its chunk missing.

    With `keep`, it stays where it is: for those who want to know, and not to go on.
    """
    try:
        return read_shard(file)
    except FileNotFoundError:
        return None
    except DamagedShard as trouble:
        if keep:
            _log.warning("shard %s is damaged (%s): the run will compute it again", file.name, trouble)
            return None
        try:
            # Another process may have found the damage first and renamed the file; then it is gone, which is as good.
            with contextlib.suppress(FileNotFoundError):
                file.replace(file.with_name(file.name + ".corrupt"))
        except OSError as refusal:
            raise store_failed(file.parent.parent, refusal) from None
        set_aside.append(file.name)
        _log.warning("shard %s is damaged (%s): set aside as *.corrupt and computed again", file.name, trouble)
        return None
    except NewerLayout as trouble:
        raise NewerLayout(f"out must be a folder of known layouts; {file.name}: {trouble}") from None
    except OSError as trouble:
        raise store_failed(file.parent.parent, trouble) from None


def store_failed(folder: Path, trouble: OSError) -> StoreFailed:
    """Return the refusal that says what is wrong with the run folder and what to do."""
    reason = trouble.strerror or str(trouble)
    return StoreFailed(
        f"out must be a folder that can be read and written; {shown(str(folder), 400)}: {reason} "
        "(finished networks are kept: once that is mended, the same command goes on)"
    )


class _Parts:
    """A chunk computed whole, or where memory does not suffice in halves, quarters and so on."""

    def __init__(
        self, work: Work, task: Task, stopped: Callable[[], bool], report: Callable[[float], None], here: bool
    ) -> None:
        self._work, self._task, self._stopped, self._report, self._here = work, task, stopped, report, here
        self.spent = 0.0

    def computed(self) -> dict[str, NDArray[Any]]:
        size = len(self._task.chunk)
        bounds = np.linspace(0, size, min(self._task.parts, size) + 1).astype(int).tolist()
        return _joined([self._between(*ends) for ends in itertools.pairwise(bounds)])

    def _between(self, first: int, last: int) -> dict[str, NDArray[Any]]:
        try:
            context = self._context(first, last)
            outcomes = dict(self._work.compute(self._task.chunk[first:last], context))
            self.spent += context.checkpoint.spent
            return outcomes
        except (MemoryError, RuntimeError) as trouble:
            if not out_of_memory(trouble):
                raise
        # Past the handler, where no traceback holds on to what the computation had allocated.
        _free()
        self._context(first, last).checkpoint.discard()
        if last - first == 1:
            settings = shown(dict(self._task.chunk[first]), 200)
            raise TooLarge(f"network must fit into memory; one alone does not: {settings}")
        middle = (first + last) // 2
        _log.warning("%d networks at once do not fit into memory: going on with half as many", last - first)
        return _joined([self._between(first, middle), self._between(middle, last)])

    def _context(self, first: int, last: int) -> Context:
        size = len(self._task.chunk)
        file = self._work.checkpoint(self._task.name, first, last) if self._here else None
        checkpoint = Checkpoint(file, self._work.interval, self._stopped)
        return Context(checkpoint, self._stopped, lambda share: self._report((first + share * (last - first)) / size))


def out_of_memory(trouble: BaseException) -> bool:
    """Return whether an exception says that memory did not suffice, be it Python's, NumPy's or PyTorch's.

    Examples
    --------
    >>> out_of_memory(MemoryError()), out_of_memory(RuntimeError("shapes do not fit"))
    (True, False)
    """
    if isinstance(trouble, MemoryError) or type(trouble).__name__ == "OutOfMemoryError":
        return True
    # PyTorch has an exception of its own for devices only.
    return isinstance(trouble, RuntimeError) and "can't allocate memory" in str(trouble)


def _free() -> None:
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def _joined(parts: Sequence[dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _made_by(seconds: float) -> dict[str, Any]:
    # Asked after the computation: only then is torch loaded for certain, and its thread count known.
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    return provenance() | {"wall_seconds": round(seconds, 3), "finished": finished}
