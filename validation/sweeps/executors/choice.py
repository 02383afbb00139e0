"""Which executor a few plain words mean, as on the command line."""

from __future__ import annotations

from geneft_theory.errors import InvalidInput, require_choice
from validation.sweeps.executors.cluster import Dask
from validation.sweeps.executors.interface import Executor
from validation.sweeps.executors.processes import Processes
from validation.sweeps.executors.threads import Threads

EXECUTORS = ("threads", "processes", "dask")


def executor(name: str | None = None, workers: int | None = None, scheduler: str | None = None) -> Executor:
    """Return an executor by its name.

    Parameters
    ----------
    name : str, optional
        "threads", "processes" or "dask". By default Dask where a scheduler is given, processes where a number of
        workers is, and threads otherwise.
    workers : int, optional
        How many chunks are computed at once on this machine, >= 1; by default one on every core.
    scheduler : str, optional
        The address of a running Dask scheduler.

    Raises
    ------
    InvalidInput
        When a name is unknown, `workers` is not an integer >= 1, or the arguments contradict each other.

    Examples
    --------
    >>> executor(workers=4)
    Processes(workers=4)
    >>> executor("threads", workers=4)
    Threads(workers=4)
    >>> executor(scheduler="tcp://host:8786")
    Dask(address='tcp://host:8786', workers=None)
    """
    usual = "dask" if scheduler is not None else "threads" if workers is None else "processes"
    chosen = require_choice("executor", name or usual, EXECUTORS)
    if chosen == "dask":
        return Dask(scheduler, workers)
    if scheduler is not None:
        raise InvalidInput(f"executor must be dask where a scheduler is given; got {chosen}")
    return Threads(workers) if chosen == "threads" else Processes(workers)
