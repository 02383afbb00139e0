"""How far a sweep is: one line on standard error, and only where a person is looking."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Protocol, TextIO


class Progress(Protocol):
    """Anything that can be told how many networks of how many are done."""

    def __call__(self, done_networks: int, total: int) -> None:
        """Take note of the networks done so far, those of an earlier run included."""


@contextlib.contextmanager
def progress_bar(title: str = "networks", stream: TextIO | None = None) -> Iterator[Progress]:
    """Show trained networks, their rate and the time left while the block runs.

    Parameters
    ----------
    title : str
        What stands before the bar.
    stream : text stream, optional
        Where to write; standard error by default. Nothing is written to a stream that is not a terminal, so logs and
        pipes stay clean.

    Yields
    ------
    Progress
        To hand to `run_chunks`.

    Examples
    --------
    >>> import io
    >>> log = io.StringIO()
    >>> with progress_bar(stream=log) as progress:
    ...     progress(3, 10)
    >>> log.getvalue()
    ''
    """
    target = sys.stderr if stream is None else stream
    if not target.isatty():
        yield _silent
        return

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[pace]}"))
    with Bar(*columns, console=Console(file=target)) as bar:
        task = bar.add_task(title, total=None, pace="")
        pace = _Pace()

        def show(done_networks: int, total: int) -> None:
            bar.update(task, completed=done_networks, total=total, pace=pace.after(done_networks, total))

        yield show


class _Pace:
    """Rate and time left, counted from the first report: networks found on disk say nothing about the speed."""

    def __init__(self) -> None:
        self._start: tuple[float, int] | None = None

    def after(self, done_networks: int, total: int) -> str:
        now = time.monotonic()
        if self._start is None:
            self._start = (now, done_networks)
        seconds, trained = now - self._start[0], done_networks - self._start[1]
        return pace_text(trained, seconds, total - done_networks)


def pace_text(trained: int, seconds: float, remaining: int) -> str:
    """Return the rate and the time left as text; nothing while nothing has been trained.

    Examples
    --------
    >>> pace_text(trained=40, seconds=20.0, remaining=150)
    '2.0 networks/s, 0:01:15 left'
    >>> pace_text(trained=3, seconds=60.0, remaining=3)
    '3.0 networks/min, 0:01:00 left'
    >>> pace_text(trained=0, seconds=5.0, remaining=150)
    ''
    """
    if trained <= 0 or seconds <= 0:
        return ""
    rate = trained / seconds
    shown = f"{rate:.1f} networks/s" if rate >= 1 else f"{60 * rate:.1f} networks/min"
    hours, rest = divmod(round(remaining / rate), 3600)
    return f"{shown}, {hours}:{rest // 60:02d}:{rest % 60:02d} left"


def _silent(done_networks: int, total: int) -> None:
    """Say nothing: nobody is looking."""
