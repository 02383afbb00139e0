"""Running a sweep: what has a shard is done, what has none is computed and written whole."""

from __future__ import annotations

import logging
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from geneft_theory.errors import require_number
from validation.sweeps.context import CHECKPOINT_SECONDS
from validation.sweeps.execution import require_shard
from validation.sweeps.executors.interface import Executor
from validation.sweeps.executors.threads import Threads
from validation.sweeps.folder import RunFolder
from validation.sweeps.identity import chunk_name
from validation.sweeps.progress import Meter, Progress
from validation.sweeps.variables import Variable
from validation.sweeps.work import Chunk, Compute, Finished, Tally, Task, Work, whole_shard

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SweepSummary:
    """How much of a sweep was there already, and how much was computed.

    Attributes
    ----------
    networks : int
        All networks of the sweep, or of the given shard of it.
    found : int
        Those whose shard was there, or was written by another process in the meantime.
    computed : int
        Those computed by this call.
    set_aside : tuple of str
        The damaged shards that were renamed and computed again.
    missing : int
        Chunks that are left to others: of another shard of the sweep, and not there at the end.
    """

    networks: int
    found: int
    computed: int
    set_aside: tuple[str, ...] = ()
    missing: int = 0


def run_chunks(
    folder: RunFolder,
    chunks: Sequence[Chunk],
    compute: Compute,
    progress: Progress | None = None,
    *,
    variables: Mapping[str, Variable] | None = None,
    executor: Executor | None = None,
    shard: tuple[int, int] | None = None,
    tally: Tally | None = None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> SweepSummary:
    """Compute every chunk of a sweep that has no shard yet, and write its shard.

    Stopped at any moment, by Ctrl-C or by the machine, it leaves whole shards only, and the same call goes on from
    there. Any number of processes may run the same sweep in one folder, on one machine or on many that share it: each
    looks again before it begins a chunk, and at worst two compute one and write the same numbers.

    Memory does not grow with the number of networks: chunks are asked for one by one, and results are not kept.

    Parameters
    ----------
    folder : RunFolder
        Where the shards are and go; its question names the version of the trainer, which is part of a shard's name.
    chunks : sequence of chunks
        A chunk is a sequence of settings, one dictionary of JSON values a network. Only its length and its entries
        are asked for, an entry more than once.
    compute : callable
        Takes a chunk and a `Context`, returns arrays by name whose first axis is the network. It sees nothing but its
        chunk, and what it says of a network does not depend on the others: a chunk that does not fit into memory is
        computed in halves. Executors that use other processes must be able to pickle it.
    progress : callable, optional
        Called as progress(done_networks, total, tally): at the start, after every chunk, and as chunks advance.
    variables : mapping from name to Variable, optional
        What the outcomes are; stored in every shard.
    executor : Executor, optional
        Where chunks are computed; `Threads()` by default. Numbers do not depend on it.
    shard : pair of int, optional
        (I, N): only the chunks whose number leaves the rest I when divided by N, and I = N is the same as I = 0. The
        others are left to the processes that are given them.
    tally : callable, optional
        Takes the outcomes of a chunk, returns how many networks are of which kind, for `progress`. Pickled as
        `compute` is.
    checkpoint_seconds : float
        How often a long chunk may keep its state, >= 0.

    Returns
    -------
    SweepSummary
        What was found, computed and set aside.

    Raises
    ------
    InvalidInput
        When settings are not JSON values, `compute` returns arrays that do not have one entry for each network, the
        folder can no longer be written, one network alone does not fit into memory, chunks end every process that
        tries them, or a cluster cannot be reached.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from validation.sweeps.question import Question
    >>> def square(chunk, context):
    ...     return {"square": np.array([settings["x"] ** 2 for settings in chunk])}
    >>> chunks = [[{"x": 1}, {"x": 2}], [{"x": 3}]]
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = RunFolder.open(place, Question("squares", "quick", sweep_seed=0))
    ...     print(run_chunks(folder, chunks[:1], square))
    ...     print(run_chunks(folder, chunks, square))
    SweepSummary(networks=2, found=0, computed=2, set_aside=(), missing=0)
    SweepSummary(networks=3, found=2, computed=1, set_aside=(), missing=0)
    """
    interval = require_number("checkpoint_seconds", checkpoint_seconds, low=0)
    work = Work(folder.path.absolute(), folder.question.engine, compute, dict(variables or {}), tally, interval)
    place = Threads() if executor is None else executor
    keep = getattr(place, "only_listens", False)
    plan = _Plan(chunks, work, (0, 1) if shard is None else require_shard(shard), keep=keep)
    meter = Meter(plan.total, progress)
    meter.found(plan.found, plan.tally)
    meter.tell()
    computed = 0
    _log.info("%d of %d networks are there; computing %d chunks", plan.found, plan.total, len(plan.missing))
    if plan.missing:
        with closing(place.run(work, plan.tasks(), lambda k, share: meter.advance(k, share * len(chunks[k])))) as done:
            for finished in done:
                computed += finished.networks * finished.computed
                plan.set_aside += [name for name in finished.set_aside if name not in plan.set_aside]
                meter.finish(finished.index, finished.networks, finished.tally)
                _log_finished(finished)
    return SweepSummary(plan.total, plan.total - computed, computed, tuple(plan.set_aside), plan.left_to_others())


class _Plan:
    """Which chunks there are, and which of them are missing: numbers only, whatever the size of the sweep."""

    def __init__(self, chunks: Sequence[Chunk], work: Work, shard: tuple[int, int], *, keep: bool) -> None:
        self._chunks, self._work, self._shard, self._keep = chunks, work, shard, keep
        self.missing, self._positions = array("q"), array("q")
        self.total = self.found = 0
        self.set_aside: list[str] = []
        self.tally: dict[str, int] = {}
        # Every name before the first computation: settings that cannot be written down are refused at once.
        position = 0
        for k in range(len(chunks)):
            chunk = chunks[k]
            if self._mine(k):
                self._look(k, chunk, position)
            position += len(chunk)

    def _mine(self, k: int) -> bool:
        return k % self._shard[1] == self._shard[0]

    def _name(self, chunk: Chunk) -> str:
        return chunk_name(chunk, self._work.engine)

    def _look(self, k: int, chunk: Chunk, position: int) -> None:
        self.total += len(chunk)
        there = whole_shard(self._work.shards / f"{self._name(chunk)}.npz", self.set_aside, keep=self._keep)
        if there is None:
            self.missing.append(k)
            self._positions.append(position)
            return
        self.found += len(chunk)
        for kind, count in self._work.counted(there.outcomes).items():
            self.tally[kind] = self.tally.get(kind, 0) + count

    def tasks(self) -> Iterator[Task]:
        """Yield the missing chunks, each made when it is asked for."""
        for k, position in zip(self.missing, self._positions, strict=True):
            chunk = tuple(self._chunks[k])
            yield Task(k, self._name(chunk), position, chunk)

    def left_to_others(self) -> int:
        """Return how many chunks of other shards are not there."""
        others = (k for k in range(len(self._chunks)) if not self._mine(k))
        return sum(not (self._work.shards / f"{self._name(self._chunks[k])}.npz").exists() for k in others)


def _log_finished(finished: Finished) -> None:
    state = "computed" if finished.computed else "found"
    _log.info("chunk %s: %d networks %s", finished.name[:12], finished.networks, state)
