"""What a process of a local Dask cluster does before it works; Dask loads this module by its name."""

from __future__ import annotations

import contextlib
from typing import Any

from validation.sweeps.executors.cores import deaf


def dask_setup(worker: Any) -> None:
    """Leave it to the run to stop this worker: its event loop has a handler for Ctrl-C that would show a traceback."""
    # Only the main thread may.
    with contextlib.suppress(ValueError):
        deaf()
