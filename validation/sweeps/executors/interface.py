"""What every executor offers, so that the runner need not know which it has."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Protocol

from validation.sweeps.work import Finished, Task, Work

Report = Callable[[int, float], None]
"""Is told the index of a chunk under way and the share of it that is done; from any thread."""


class Executor(Protocol):
    """A place where chunks are computed, several at once.

    One with a true attribute `only_listens` computes nothing; then damaged shards are left where they are.
    """

    def run(self, work: Work, tasks: Iterator[Task], report: Report) -> Generator[Finished]:
        """Yield what becomes of every task, in the order in which they end.

        Tasks are drawn as workers become free, never all at once. Closed before its end, or ended by an exception, it
        begins nothing more and tells what is under way to stop, and returns once that has.
        """
