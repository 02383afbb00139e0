"""How far a sweep is: one line on standard error, and only where a person is looking."""

from __future__ import annotations

import contextlib
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from threading import Lock
from typing import Protocol, TextIO

_REPORT_SECONDS = 0.2
_BAR = (10, 20)
"""The bar's width: the least that it keeps beside long kinds, and the most."""


class Progress(Protocol):
    """Anything that can be told how many networks of how many are done, and of which kinds they are."""

    def __call__(self, done_networks: float, total: int, tally: Mapping[str, int]) -> None:
        """Take note of the networks done so far, those of an earlier run included, and shares of those under way.

        `tally` counts the finished ones by kind, such as their phases; empty where nobody counts.
        """


class Meter:
    """How far a sweep is, from what its chunks report; told from any thread, it tells one at a time.

    Parameters
    ----------
    total : int
        Networks of the sweep.
    progress : Progress, optional
        Who is told.

    Examples
    --------
    >>> meter = Meter(10, lambda done, total, tally: print(done, total, tally))
    >>> meter.finish(0, 4, {"memorization": 4})
    4 10 {'memorization': 4}
    """

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total, self._progress = total, progress
        self._done = 0
        self._under_way: dict[int, float] = {}
        self._tally: Counter[str] = Counter()
        self._lock, self._last = Lock(), float("-inf")

    def found(self, networks: int, tally: Mapping[str, int]) -> None:
        """Count networks that were there already, and tell nobody yet."""
        self._done += networks
        self._tally.update(tally)

    def advance(self, index: int, networks: float) -> None:
        """Take note of how many networks' worth of a chunk is done."""
        with self._lock:
            self._under_way[index] = networks
            if time.monotonic() - self._last >= _REPORT_SECONDS:
                self._tell()

    def finish(self, index: int, networks: int, tally: Mapping[str, int]) -> None:
        """Take note of a finished chunk."""
        with self._lock:
            self._under_way.pop(index, None)
            self.found(networks, tally)
            self._tell()

    def tell(self) -> None:
        """Say how far the sweep is."""
        with self._lock:
            self._tell()

    def _tell(self) -> None:
        self._last = time.monotonic()
        if self._progress is not None:
            self._progress(self._done + sum(self._under_way.values()), self._total, dict(self._tally))


@contextlib.contextmanager
def progress_bar(title: str = "networks", stream: TextIO | None = None, *, quiet: bool = False) -> Iterator[Progress]:
    """Show trained networks, their rate, the time left and the kinds so far while the block runs.

    Parameters
    ----------
    title : str
        What stands before the bar.
    stream : text stream, optional
        Where to write; standard error by default. Nothing is written to a stream that is not a terminal, so logs and
        pipes stay clean.
    quiet : bool
        Write nothing at all.

    Yields
    ------
    Progress
        To hand to `run_chunks`.

    Examples
    --------
    >>> import io
    >>> log = io.StringIO()
    >>> with progress_bar(stream=log) as progress:
    ...     progress(3, 10, {})
    >>> log.getvalue()
    ''
    """
    target = sys.stderr if stream is None else stream
    if quiet or not target.isatty():
        yield _silent
        return

    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar
    from rich.table import Column

    whole = (TextColumn(f"{{task.{name}}}", markup=False) for name in ("description", "fields[count]", "fields[pace]"))
    title_column, count_column, pace_column = whole
    # What is left of the line is the kinds'; rich cuts every column alike where none gives way.
    last = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    kinds_column = TextColumn("{task.fields[kinds]}", markup=False, table_column=last)
    bar_column, console = BarColumn(bar_width=_BAR[1]), Console(file=target)
    columns = (title_column, bar_column, count_column, pace_column, kinds_column)
    with Bar(*columns, console=console, expand=True) as bar:
        task = bar.add_task(title, total=None, count="", pace="", kinds="")
        pace = _Pace()

        def show(done_networks: float, total: int, tally: Mapping[str, int]) -> None:
            count, speed = f"{int(done_networks)}/{total}", pace.after(done_networks, total)
            kinds = tally_text(tally)
            # A blank between columns, and one that the kinds keep.
            room = console.width - len(title) - len(count) - len(speed) - len(columns)
            bar_column.bar_width = _bar_width(room, len(kinds))
            bar.update(task, completed=done_networks, total=total, count=count, pace=speed, kinds=kinds)

        yield show


def _bar_width(room: int, kinds: int) -> int:
    """Return how wide the bar is in the room that it shares with the kinds.

    Examples
    --------
    >>> _bar_width(100, 30), _bar_width(30, 30), _bar_width(4, 30), _bar_width(-3, 30)
    (20, 10, 4, 1)
    """
    least, most = _BAR
    return max(1, min(room, max(least, min(most, room - kinds))))


class _Pace:
    """Rate and time left, counted from the first report: networks found on disk say nothing about the speed."""

    def __init__(self) -> None:
        self._start: tuple[float, float] | None = None

    def after(self, done_networks: float, total: int) -> str:
        now = time.monotonic()
        if self._start is None:
            self._start = (now, done_networks)
        seconds, trained = now - self._start[0], done_networks - self._start[1]
        return pace_text(trained, seconds, total - done_networks)


def pace_text(trained: float, seconds: float, remaining: float) -> str:
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


def tally_text(tally: Mapping[str, int]) -> str:
    """Return how many networks are of which kind as text, the most frequent kind first.

    Examples
    --------
    >>> tally_text({"grokking": 2, "memorization": 30, "confusion": 0})
    'memorization 30, grokking 2'
    """
    return ", ".join(f"{kind} {count}" for kind, count in Counter(tally).most_common() if count)


def _silent(done_networks: float, total: int, tally: Mapping[str, int]) -> None:
    """Say nothing: nobody is looking."""
