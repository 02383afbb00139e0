"""What a computation of one chunk may ask and tell while it is under way: stop, how far, and where it was.

>>> context = Context()
>>> context.stopped(), context.checkpoint.load(), context.checkpoint.due()
(False, None, False)
"""

from __future__ import annotations

import contextlib
import json
import logging
import platform
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from validation.sweeps.arrays import UNREADABLE, pack, read_regular, unpack
from validation.sweeps.atomic import write_atomically
from validation.sweeps.provenance import provenance

_log = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 60.0
_HEADER = "header"
_ARRAY = "array."


class Interrupted(Exception):
    """A computation gave up because it was told to stop."""


def never() -> bool:
    """Return False: nothing stops a computation that runs by itself."""
    return False


def untold(share: float) -> None:
    """Take note of nothing."""


class Checkpoint:
    """The state of a part of a chunk under way, kept in a file so that a killed process loses a minute and not a day.

    What is damaged, cut short, or made with other versions of Python, NumPy or PyTorch is not loaded: a chunk's numbers
    come from one version. A disk that cannot take a checkpoint costs a warning and nothing else.

    Parameters
    ----------
    file : Path, optional
        Where it is kept; without one nothing is.
    interval : float
        Seconds between two of them.
    stopped : callable
        Whether the run is being stopped.

    Attributes
    ----------
    spent : float
        Seconds that earlier processes spent on what was loaded.
    """

    def __init__(
        self, file: Path | None = None, interval: float = CHECKPOINT_SECONDS, stopped: Callable[[], bool] = never
    ) -> None:
        self._file, self._interval, self._stopped = file, interval, stopped
        self._began = self._last = time.monotonic()
        self.spent = 0.0

    def due(self) -> bool:
        """Return whether the interval has passed, or the run is being stopped: then this is the last chance to save."""
        if self._file is None:
            return False
        return time.monotonic() - self._last >= self._interval or self._stopped()

    def save(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep these arrays of numbers, and forget those kept before."""
        if self._file is None:
            return
        written = _maker() | {"of": self._file.name, "seconds": self.spent + time.monotonic() - self._began}
        header = np.frombuffer(json.dumps(written).encode("ascii"), dtype=np.uint8)
        content = pack({_HEADER: header} | {_ARRAY + name: np.asarray(values) for name, values in arrays.items()})
        try:
            self._file.parent.mkdir(exist_ok=True)
            write_atomically(self._file, content)
        except OSError as trouble:
            # A run that is being stopped says why once, and elsewhere.
            level = logging.INFO if self._stopped() else logging.WARNING
            _log.log(level, "no checkpoint can be kept (%s); training goes on", trouble.strerror or trouble)
        # Counted from the end of the writing, which on a slow disk takes its time.
        self._last = time.monotonic()

    def load(self) -> dict[str, NDArray[Any]] | None:
        """Return the arrays that were saved last, or None where there are none that can be trusted."""
        if self._file is None:
            return None
        try:
            content = read_regular(self._file)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as trouble:
            self._ignore(f"it cannot be read: {trouble}")
            return None
        try:
            members = unpack(content)
            header = json.loads(members.pop(_HEADER).tobytes())
            seconds = float(header.pop("seconds"))
            arrays = {name.removeprefix(_ARRAY): values for name, values in members.items()}
        except UNREADABLE as trouble:
            self._ignore(f"it is damaged: {trouble}")
            return None
        if header != _maker() | {"of": self._file.name}:
            self._ignore("it was made for something else or with other versions")
            return None
        self.spent = seconds
        return arrays

    def discard(self) -> None:
        """Forget what was saved."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.unlink()

    def _ignore(self, reason: str) -> None:
        file = self._file
        assert file is not None
        _log.warning("checkpoint %s is ignored and its chunk begun anew; %s", file.name, reason)
        self.discard()


class Context:
    """What `compute` is handed beside its chunk.

    Parameters
    ----------
    checkpoint : Checkpoint, optional
        Where the state is kept; nowhere by default.
    stopped : callable, optional
        Says whether the run is being stopped.
    report : callable, optional
        Is told the share of the chunk's work that is done.

    Attributes
    ----------
    checkpoint : Checkpoint
        `load()` at the beginning; where `due()`, `save(arrays)`. Ask `due` before `stopped`, so that a stopped run
        keeps its state too.
    """

    def __init__(
        self,
        checkpoint: Checkpoint | None = None,
        stopped: Callable[[], bool] = never,
        report: Callable[[float], None] = untold,
    ) -> None:
        self.checkpoint = Checkpoint() if checkpoint is None else checkpoint
        self._stopped, self._report = stopped, report
        self._share, self._lock = 0.0, Lock()

    def stopped(self) -> bool:
        """Return whether to give up, by raising `Interrupted`; to be asked about every hundred steps."""
        return self._stopped()

    def advance(self, amount: float) -> None:
        """Take note that this share of the chunk's work has been done since the last call; they add up to 1."""
        with self._lock:
            self._share = min(1.0, self._share + amount)
            self._report(self._share)


def _maker() -> dict[str, Any]:
    """Return what a state depends on beside the chunk, which its file's name stands for."""
    versions = {name: version for name, version in provenance()["versions"].items() if name != "commit"}
    return {"schema_version": 1, "versions": versions, "machine": platform.machine()}
