"""Chunks on a Dask cluster: one that runs already, or one of this machine's processes.

A worker that sees the run folder writes its shards there itself; one that does not sends them back. Which it is, is
found out by a file with a random word that lies in the run folder for as long as the run goes on. What no longer runs
anywhere because a worker was lost, the scheduler gives to another.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import secrets
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from geneft_theory._version import __version__
from geneft_theory.errors import InvalidInput, require_integer, shown
from validation.sweeps.atomic import TEMPORARY_SUFFIX, write_atomically
from validation.sweeps.executors.cores import (
    ONE_THREAD,
    available_cores,
    environment,
    single_threaded,
    without_interrupts,
)
from validation.sweeps.executors.interface import Report
from validation.sweeps.work import Finished, LostWorkers, StoreFailed, Task, Work, store_failed

_log = logging.getLogger(__name__)

RETRIES = 2
"""How often a chunk is tried again after an exception; the scheduler counts lost workers by itself."""

PARTS = 4
"""In how many parts a chunk is computed that ended every worker that tried it whole."""

_ADDRESS = re.compile(r"([a-z]+://)?[^\s/]+:\d+")
_CONNECT_SECONDS = 20.0
_VISIBLE_SECONDS = 90.0
"""How long a network file system may take to show a file that another machine wrote."""

_COUNT_SECONDS = 5.0


@dataclass(frozen=True)
class Dask:
    """An executor that sends chunks to a Dask cluster.

    Parameters
    ----------
    address : str, optional
        A scheduler's address, such as "tcp://host:8786"; without one a cluster of this machine's processes is started.
    workers : int, optional
        How many processes the local cluster has, >= 1; by default one on every core.

    Raises
    ------
    InvalidInput
        When both are given or `workers` is not an integer >= 1; when run, if Dask is not installed or the scheduler
        does not answer.

    Examples
    --------
    >>> Dask(workers=2)
    Dask(address=None, workers=2)
    """

    address: str | None = None
    workers: int | None = None

    def __post_init__(self) -> None:
        if self.address is not None and not _ADDRESS.fullmatch(self.address):
            raise InvalidInput(
                f"scheduler must be the address of a running one, such as tcp://host:8786; got {shown(self.address)}"
            )
        if self.workers is not None:
            require_integer("workers", self.workers, minimum=1)
            if self.address is not None:
                raise InvalidInput(f"workers must not be given with a scheduler, which has its own; got {self.workers}")

    def run(self, work: Work, tasks: Iterator[Task], report: Report) -> Generator[Finished]:
        """Yield what becomes of every task; see `Executor`."""
        with self._client() as client, _probe(work.folder) as probe:
            sent = _Sent(client, work, probe)
            try:
                yield from sent.run(tasks)
            finally:
                sent.withdraw()

    @contextlib.contextmanager
    def _client(self) -> Iterator[Any]:
        try:
            distributed = _distributed()
        except ImportError as missing:
            raise InvalidInput(
                f'executor dask must be installed: pip install "geneft-theory[cluster]" ({missing})'
            ) from None
        _silence("distributed")
        if self.address is None:
            with self._local_cluster() as cluster, distributed.Client(cluster, set_as_default=False) as client:
                yield client
            return
        try:
            client = distributed.Client(self.address, timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as trouble:
            reason = " ".join(str(trouble).split()) or type(trouble).__name__
            raise InvalidInput(
                f"scheduler must be the address of a running one; {shown(self.address)}: {shown(reason, 120)}"
            ) from None
        with client:
            yield client

    def _local_cluster(self) -> Any:
        with (
            import_module("dask").config.set(
                {
                    "distributed.nanny.pre-spawn-environ": ONE_THREAD,
                    "distributed.worker.preload": ["validation.sweeps.executors.worker"],
                }
            ),
            without_interrupts(),
        ):
            return _distributed().LocalCluster(
                n_workers=self.workers or available_cores(),
                threads_per_worker=1,
                processes=True,
                # Any free port: another program may have the usual one.
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL + 1,
            )


class _Sent:
    """The tasks that the scheduler has; never more than keep every worker busy twice over."""

    def __init__(self, client: Any, work: Work, probe: tuple[str, str]) -> None:
        self._client, self._work, self._probe = client, work, probe
        self._tasks: dict[str, Task] = {}
        self._futures: dict[str, Any] = {}
        self._counted, self._limit = float("-inf"), 0

    def run(self, tasks: Iterator[Task]) -> Generator[Finished]:
        """Yield what becomes of every task."""
        accused: list[Task] = []
        yield from self._answers(tasks, accused)
        # The scheduler blames every task that a lost worker had. Alone, and in parts since what takes workers down most
        # often wants too much memory, only the guilty do so again.
        guilty: list[Task] = []
        for task in accused:
            yield from self._answers(iter([replace(task, parts=PARTS)]), guilty)
        if guilty:
            first = guilty[0]
            raise LostWorkers(
                f"chunks must not end the process that computes them; {len(guilty)} did, on one worker after another "
                f"(the first is {first.name[:12]}, networks {first.position} to "
                f"{first.position + len(first.chunk) - 1} of the sweep); all others are finished"
            )

    def _answers(self, tasks: Iterator[Task], accused: list[Task]) -> Generator[Finished]:
        answers = _distributed().as_completed(loop=self._client.loop)
        self._fill(answers, tasks)
        for future in answers:
            task = self._tasks.pop(future.key)
            del self._futures[future.key]
            finished = self._result(future, task)
            # Let go of it: the scheduler forgets a task that nobody wants any more.
            future.release()
            if finished is None:
                accused.append(task)
            else:
                yield finished
            self._fill(answers, tasks)

    def _fill(self, answers: Any, tasks: Iterator[Task]) -> None:
        # The cluster may grow and shrink; asked each time, the scheduler would hear more questions than tasks.
        if time.monotonic() - self._counted > _COUNT_SECONDS:
            threads = sum(self._client.nthreads().values())
            self._counted, self._limit = time.monotonic(), max(2, 2 * threads)
            # Kept young: whoever opens the folder removes what nobody has touched for an hour.
            with contextlib.suppress(OSError):
                os.utime(self._work.folder / self._probe[0])
        while len(self._tasks) < self._limit:
            task = next(tasks, None)
            if task is None:
                return
            answers.add(self._submitted(task))

    def _submitted(self, task: Task) -> Any:
        # The word keeps two runs apart that ask one scheduler for the same chunk and have other folders.
        key = f"geneft-{task.name}-{self._probe[1]}-{task.parts}"
        self._tasks[key] = task
        future = self._client.submit(on_worker, self._work, task, self._probe, key=key, retries=RETRIES, pure=False)
        self._futures[key] = future
        return future

    def _result(self, future: Any, task: Task) -> Finished | None:
        distributed = _distributed()
        try:
            finished: Finished = future.result()
        except distributed.KilledWorker as trouble:
            _log.warning("chunk %s ended the workers that tried it: %s", task.name[:12], shown(str(trouble), 200))
            return None
        except distributed.CancelledError:
            raise InvalidInput(
                "scheduler must go on as long as the run does; it was lost (finished networks are kept: the same "
                "command goes on)"
            ) from None
        if finished.content is not None:
            self._work.store(finished.name, finished.content)
        elif finished.computed:
            _await(self._work.shards / f"{finished.name}.npz")
        return replace(finished, content=None)

    def withdraw(self) -> None:
        """Take back what is not finished; workers that are at it notice."""
        if self._futures:
            # The scheduler may be what was lost.
            with contextlib.suppress(Exception):
                self._client.cancel(list(self._futures.values()), force=True)


def on_worker(work: Work, task: Task, probe: tuple[str, str]) -> Finished:
    """Finish a task: what a worker of the cluster runs."""
    if work.version != __version__:
        raise InvalidInput(f"workers must have the geneft of the run, {work.version}; one has {__version__}")
    with environment(ONE_THREAD), single_threaded():
        return work.finish(task, _withdrawn(), here=sees(work.folder, probe))


def sees(folder: Path, probe: tuple[str, str]) -> bool:
    """Return whether this process sees the run folder: the very one, not another of the same name."""
    name, word = probe
    try:
        return (folder / name).read_text(encoding="ascii") == word
    except (OSError, ValueError):
        return False


def _withdrawn() -> Callable[[], bool]:
    """Return what tells a worker's thread that its task is no longer wanted, without asking the scheduler."""
    worker = _distributed().get_worker()
    key = worker.get_current_task()

    def withdrawn() -> bool:
        held = worker.state.tasks.get(key)
        return held is None or held.state == "cancelled"

    return withdrawn


def _distributed() -> Any:
    """Return the module `distributed`, which is optional; typed as Any since it is not typed itself."""
    return import_module("distributed")


def _silence(library: str) -> None:
    """Let a library log nothing more: what happens to chunks and to the cluster is told here, once.

    For good, since its threads may still complain of a lost scheduler after the run has ended.
    """
    for name in (library, *logging.root.manager.loggerDict):
        if name.partition(".")[0] == library:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


@contextlib.contextmanager
def _probe(folder: Path) -> Iterator[tuple[str, str]]:
    """Lay a file with a random word into the run folder, by which a worker knows it."""
    word = secrets.token_hex(8)
    file = folder / f"seen-{word}{TEMPORARY_SUFFIX}"
    try:
        write_atomically(file, word.encode("ascii"))
    except OSError as trouble:
        raise store_failed(folder, trouble) from None
    try:
        yield file.name, word
    finally:
        with contextlib.suppress(OSError):
            file.unlink()


def _await(file: Path) -> None:
    """Wait until a shard that another machine wrote shows here."""
    end = time.monotonic() + _VISIBLE_SECONDS
    while not file.exists():
        if time.monotonic() > end:
            raise StoreFailed(f"out must be a folder that all workers share; a shard they wrote is not here: {file}")
        # A change of our own makes a network file system look at the folder again.
        with contextlib.suppress(OSError):
            write_atomically(file.with_name("look" + TEMPORARY_SUFFIX), b"")
            file.with_name("look" + TEMPORARY_SUFFIX).unlink()
        time.sleep(0.5)
