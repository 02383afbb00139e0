"""What a worker must not inherit: more threads than one, since those of two chunks on a core wait for each other at
every step, and the Ctrl-C of a terminal, which reaches all its processes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator

_COUNTS = ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "NUMBA_NUM", "VECLIB_MAXIMUM")
ONE_THREAD = {f"{count}_THREADS": "1" for count in _COUNTS}
"""What the numerical libraries read when they are loaded, and not again."""


def available_cores() -> int:
    """Return how many cores this process may use, which can be fewer than the machine has.

    Examples
    --------
    >>> 1 <= available_cores() <= (os.cpu_count() or 1)
    True
    """
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


@contextlib.contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Let processes that are started in the block find these environment variables."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def single_threaded() -> Iterator[None]:
    """Let PyTorch, where it is loaded, use one thread an operation in the block."""
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextlib.contextmanager
def without_interrupts() -> Iterator[None]:
    """Let processes and threads that are started in the block never see a Ctrl-C, nor a batch system's SIGTERM.

    Terminals and batch systems signal all processes of a run. The first of them tells the others to stop, after they
    have kept their state.
    """
    if os.name == "nt":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def deaf() -> None:
    """Ignore Ctrl-C and SIGTERM from now on: what a worker process does that is told otherwise to stop."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
