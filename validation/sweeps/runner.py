"""Running a sweep: what has a shard is done, what has none is computed and written whole."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

from numpy.typing import NDArray

from geneft_theory.errors import require_integer
from validation.sweeps.folder import RunFolder
from validation.sweeps.identity import chunk_name
from validation.sweeps.progress import Progress
from validation.sweeps.provenance import provenance
from validation.sweeps.shards import DamagedShard, Shard, read_shard, write_shard
from validation.sweeps.variables import Variable

_log = logging.getLogger(__name__)

Chunk = Sequence[Mapping[str, Any]]
Compute = Callable[[Chunk], Mapping[str, NDArray[Any]]]


@dataclass(frozen=True)
class SweepSummary:
    """How much of a sweep was there already, and how much was computed.

    Attributes
    ----------
    networks : int
        All networks of the sweep.
    found : int
        Those whose shard was there, or was written by another process in the meantime.
    computed : int
        Those computed by this call.
    set_aside : tuple of str
        The damaged shards that were renamed and computed again.
    """

    networks: int
    found: int
    computed: int
    set_aside: tuple[str, ...]


def run_chunks(
    folder: RunFolder,
    chunks: Sequence[Chunk],
    compute: Compute,
    progress: Progress | None = None,
    *,
    variables: Mapping[str, Variable] | None = None,
    workers: int = 1,
    stop: Event | None = None,
) -> SweepSummary:
    """Compute every chunk of a sweep that has no shard yet, and write its shard.

    Stopped at any moment, by Ctrl-C or by the machine, it leaves whole shards only, and the same call goes on from
    there. Two processes may run the same sweep in one folder: each looks again before it begins a chunk, and at worst
    both compute one and write the same numbers.

    Parameters
    ----------
    folder : RunFolder
        Where the shards are and go; its question names the version of the trainer, which is part of a shard's name.
    chunks : sequence of chunks
        A chunk is a sequence of settings, one dictionary of JSON values a network.
    compute : callable
        Takes a chunk, returns arrays by name whose first axis is the network.
    progress : callable, optional
        Called as progress(done_networks, total), once at the start and after every chunk that was computed.
    variables : mapping from name to Variable, optional
        What the outcomes are; stored in every shard.
    workers : int
        How many chunks are computed at once, each in a thread of its own, >= 1. Numbers do not depend on it if
        `compute` sees nothing but its chunk.
    stop : threading.Event, optional
        Set when the sweep ends early, so that a `compute` under way in another thread can look at it and give up.

    Returns
    -------
    SweepSummary
        What was found, computed and set aside.

    Raises
    ------
    InvalidInput
        When settings are not JSON values, `compute` returns arrays that do not have one entry for each network, or
        `workers` is not an integer >= 1.
    OSError
        When a shard cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from validation.sweeps.question import Question
    >>> def square(chunk):
    ...     return {"square": np.array([settings["x"] ** 2 for settings in chunk])}
    >>> chunks = [[{"x": 1}, {"x": 2}], [{"x": 3}]]
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = RunFolder.open(place, Question("squares", "quick", sweep_seed=0))
    ...     print(run_chunks(folder, chunks[:1], square))
    ...     print(run_chunks(folder, chunks, square))
    SweepSummary(networks=2, found=0, computed=2, set_aside=())
    SweepSummary(networks=3, found=2, computed=1, set_aside=())
    """
    # All names first: settings that cannot be written down are refused before anything is trained.
    files = [folder.shards / f"{chunk_name(chunk, folder.question.engine)}.npz" for chunk in chunks]
    positions = _positions(chunks)
    total = sum(len(chunk) for chunk in chunks)
    set_aside: list[str] = []
    missing = [k for k, file in enumerate(files) if not _is_whole(file, set_aside)]
    done = total - sum(len(chunks[k]) for k in missing)
    computed = 0
    report = progress or _unreported
    report(done, total)

    def finish(k: int) -> int:
        if _is_whole(files[k], set_aside):
            return 0
        outcomes, made_by = _timed(compute, chunks[k])
        networks = tuple(dict(settings) for settings in chunks[k])
        shard = Shard(networks, outcomes, variables or {}, folder.question.engine, positions[k], made_by)
        write_shard(folder.shards, shard)
        return len(networks)

    for k, trained in _in_threads(finish, missing, require_integer("workers", workers, minimum=1), stop or Event()):
        computed += trained
        done += len(chunks[k])
        report(done, total)
    return SweepSummary(total, total - computed, computed, tuple(set_aside))


def _in_threads(
    finish: Callable[[int], int], missing: Sequence[int], workers: int, stop: Event
) -> Iterator[tuple[int, int]]:
    """Yield every missing chunk with what `finish` returns for it, as they are done.

    Where one fails or the caller is interrupted, nothing more is begun, and what is under way is told to stop.
    """
    if workers == 1:
        yield from ((k, finish(k)) for k in missing)
        return
    pool = ThreadPoolExecutor(workers)
    try:
        under_way = {pool.submit(finish, k): k for k in missing}
        for future in as_completed(under_way):
            yield under_way[future], future.result()
    except BaseException:
        stop.set()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _is_whole(file: Path, set_aside: list[str]) -> bool:
    """Whether the shard exists and is whole; a damaged one is renamed and noted, which makes its chunk missing."""
    try:
        read_shard(file)
    except FileNotFoundError:
        return False
    except DamagedShard as trouble:
        # Another process may have found the damage first and renamed the file; then it is gone, which is as good.
        with contextlib.suppress(FileNotFoundError):
            file.replace(file.with_name(file.name + ".corrupt"))
        set_aside.append(file.name)
        _log.warning("shard %s is damaged (%s): set aside as *.corrupt and computed again", file.name, trouble)
        return False
    return True


def _timed(compute: Compute, chunk: Chunk) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return the outcomes of a chunk, and with what and in what time they were made."""
    started = time.perf_counter()
    outcomes = dict(compute(chunk))
    wall_seconds = round(time.perf_counter() - started, 3)
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    # Asked after the computation: only then is torch loaded for certain, and its thread count known.
    return outcomes, provenance() | {"wall_seconds": wall_seconds, "finished": finished}


def _unreported(done_networks: int, total: int) -> None:
    """Take the place of a progress report that nobody asked for."""


def _positions(chunks: Sequence[Chunk]) -> list[int]:
    """Return for each chunk how many networks stand before it in the sweep."""
    positions, before = [], 0
    for chunk in chunks:
        positions.append(before)
        before += len(chunk)
    return positions
