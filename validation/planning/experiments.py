"""What `geneft run` would do: the experiment itself is asked, and stopped before it computes anything."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geneft_theory.errors import InvalidInput
from validation.planning.forecast import Plan, plan_groups
from validation.planning.groups import Group, groups_of
from validation.sweeps.execution import Execution

if TYPE_CHECKING:
    from validation.sweeps.executors.interface import Report
    from validation.sweeps.work import Finished, Task, Work

_log = logging.getLogger(__name__)


class Complete(Exception):
    """Everything that was asked for is there already.

    Attributes
    ----------
    networks : int
        How many.
    """

    def __init__(self, networks: int) -> None:
        super().__init__(f"all {networks} networks are there")
        self.networks = networks


def plan_run(
    experiment: Any,
    options: Any,
    *,
    preset: str = "quick",
    out: Path | None = None,
    workers: int | None = None,
    shard: tuple[int, int] | None = None,
    device: str = "auto",
    seconds: float = 6.0,
) -> Plan:
    """Return what a run of an experiment will cost.

    The experiment runs as ever, up to the point where its chunks would be computed: what is planned is what would run.

    Parameters
    ----------
    experiment : module
        One with the protocol of `validation.experiments.registry`.
    options : its OPTIONS
        What is asked.
    preset : str
        The preset that the options come from.
    out : Path, optional
        The run's folder; where it holds this run already, what is left is planned. It is not made, nor is
        anything in it changed.
    workers : int, optional
        Chunks at once, >= 1; by default one on every core.
    shard : pair of int, optional
        As for `validation.sweeps.run_chunks`.
    device : str
        "cpu", "cuda" or "auto".
    seconds : float
        About how long the calibration takes.

    Raises
    ------
    InvalidInput
        When an argument lies outside its domain, or `out` holds another run.
    Complete
        When nothing is left to compute.

    Examples
    --------
    >>> from validation.experiments import goldilocks, goldilocks_report
    >>> quick = goldilocks.options_from("quick")
    >>> plan_run(goldilocks_report, quick, device="cpu", seconds=0.5).networks == len(goldilocks.networks(quick))
    True
    """
    from validation.experiments.running import open_folder
    from validation.training import require_device

    listener = Listener()
    execution = Execution(listener, shard, device, listener.progress)
    with _double(out) as place:
        folder = open_folder(experiment.NAME, preset, options, place)
        with contextlib.suppress(_Heard):
            experiment.run(folder, options, execution)
    if listener.work is None:
        raise Complete(listener.total)
    return plan_groups(
        listener.groups,
        listener.work.compute,
        listener.work.variables,
        listener.work.engine,
        workers=workers,
        device=require_device(device),
        seconds=seconds,
        found=listener.found,
    )


@contextlib.contextmanager
def _double(out: Path | None) -> Iterator[Path]:
    """Make a folder that holds what a run holds, for an experiment to enter as if it were the run.

    Entering a run brings it up to date, clears up after killed writers and sets damaged shards aside. That is for those
    who go on with it; who only asks what it costs leaves it as it is.
    """
    there = out is not None and (out / "plan.toml").exists()
    # A link needs the same file system.
    beside = out.absolute().parent if there and out is not None else None
    beside = beside if beside is not None and os.access(beside, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix=".geneft-plan-", dir=beside) as scratch:
        place = Path(scratch) / "run"
        if not there or out is None:
            yield place
            return
        (place / "shards").mkdir(parents=True)
        _doubled(out / "plan.toml", place / "plan.toml")
        for shard in (out / "shards").glob("*.npz"):
            _doubled(shard, place / "shards" / shard.name)
        work = logging.getLogger("validation.sweeps.work")
        work.addFilter(_nothing_set_aside)
        try:
            yield place
        except InvalidInput as refusal:
            raise type(refusal)(str(refusal).replace(str(place), str(out))) from None
        finally:
            work.removeFilter(_nothing_set_aside)
            for damaged in sorted((place / "shards").glob("*.corrupt")):
                _log.warning("shard %s is damaged: the run will compute it again", damaged.stem)


def _doubled(file: Path, double: Path) -> None:
    """Link a file, or copy it where files cannot be linked; a symbolic link stays one, which no reader follows."""
    try:
        os.link(file, double, follow_symlinks=False)
    except FileNotFoundError:
        return
    except (OSError, NotImplementedError):
        shutil.copy2(file, double, follow_symlinks=False)


def _nothing_set_aside(record: logging.LogRecord) -> bool:
    """Drop what is said of shards set aside, which the double's are and the run's are not."""
    return "set aside" not in str(record.msg)


class _Heard(Exception):
    """What there is to compute is known; it is not computed."""


class Listener:
    """An executor that listens to what it should do, and does not do it."""

    def __init__(self) -> None:
        self.work: Work | None = None
        self.groups: list[Group] = []
        self.found = self.total = 0

    def run(self, work: Work, tasks: Iterator[Task], report: Report) -> Generator[Finished]:
        """Take note of what should be computed."""
        self.work, self.groups = work, groups_of((task.chunk for task in tasks), work.compute)
        raise _Heard

    def progress(self, done_networks: float, total: int, tally: Mapping[str, int]) -> None:
        """Listen to how much of the run is there; where it is all of it, no executor is asked."""
        self.found, self.total = int(done_networks), total
        if self.found >= total:
            raise _Heard
