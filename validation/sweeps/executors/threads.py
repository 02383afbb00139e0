"""Chunks in threads of this process: nothing to start, and right wherever the arithmetic lets other threads run."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from threading import Event

from geneft_theory.errors import require_integer
from validation.sweeps.executors.cores import available_cores, single_threaded
from validation.sweeps.executors.interface import Report
from validation.sweeps.work import Finished, Task, Work

_LOOK_UP_SECONDS = 1.0


@dataclass(frozen=True)
class Threads:
    """An executor that computes each chunk in a thread of its own.

    Parameters
    ----------
    workers : int, optional
        How many chunks at once, >= 1; by default one on every core.

    Raises
    ------
    InvalidInput
        When `workers` is not an integer >= 1.

    Examples
    --------
    >>> Threads(2)
    Threads(workers=2)
    """

    workers: int | None = None

    def __post_init__(self) -> None:
        if self.workers is not None:
            require_integer("workers", self.workers, minimum=1)

    def run(self, work: Work, tasks: Iterator[Task], report: Report) -> Generator[Finished]:
        """Yield what becomes of every task; see `Executor`."""
        workers = self.workers or available_cores()
        stop = Event()
        with single_threaded():
            pool = ThreadPoolExecutor(workers, thread_name_prefix="chunk")
            try:
                yield from _all(pool, workers, work, tasks, report, stop)
            finally:
                stop.set()
                pool.shutdown(wait=True, cancel_futures=True)


def _all(
    pool: ThreadPoolExecutor, workers: int, work: Work, tasks: Iterator[Task], report: Report, stop: Event
) -> Generator[Finished]:
    under_way: set[Future[Finished]] = set()
    for task in tasks:
        under_way.add(pool.submit(work.finish, task, stop.is_set, partial(report, task.index)))
        if len(under_way) >= workers:
            yield from _some(under_way)
    while under_way:
        yield from _some(under_way)


def _some(under_way: set[Future[Finished]]) -> list[Finished]:
    """Wait for at least one of the futures, and take out those that are done."""
    done: set[Future[Finished]] = set()
    while not done:
        # With an end, since not every system lets a Ctrl-C into a wait without one.
        done, _ = wait(under_way, timeout=_LOOK_UP_SECONDS, return_when=FIRST_COMPLETED)
    under_way -= done
    return [future.result() for future in done]
