"""Threads share the networks of a chunk, not the arithmetic of one operation.

Each thread trains a part of the chunk with single-threaded operations. Operations as short as these lose more by
meeting at a barrier a hundred times a step than they gain, and where other programs want the same cores they lose
nearly everything, since every barrier then waits for the slowest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from threading import Event
from typing import TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")


def side_by_side(work: Callable[[Part, Event], Result], parts: Sequence[Part]) -> list[Result]:
    """Return what `work` makes of each part, with one thread a part.

    The event given to `work` is set when another part has failed or the caller is interrupted; `work` then ends early
    with any exception. The first failure is raised.
    """
    import torch

    # Asked first, since it also makes the calling thread keep its own count while the others set theirs.
    callers_threads = torch.get_num_threads()
    stop = Event()
    try:
        with ThreadPoolExecutor(len(parts), initializer=_prepare_arithmetic) as executor:
            futures = [executor.submit(work, part, stop) for part in parts]
            try:
                finished, _ = wait(futures, return_when=FIRST_EXCEPTION)
            finally:
                stop.set()
            for future in finished:
                future.result()
            return [future.result() for future in futures]
    finally:
        # Threads that are yet to start take their count from whoever set it last.
        torch.set_num_threads(callers_threads)


def _prepare_arithmetic() -> None:
    import torch

    torch.set_num_threads(1)
    # Denormal numbers can slow an operation a hundredfold. The mode belongs to a thread and to those it starts: set
    # in the calling thread it would miss torch's own workers if they are already up, and outlive the training.
    torch.set_flush_denormal(True)
