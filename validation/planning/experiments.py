"""What `geneft run` would do: the experiment itself is asked, and stopped before it computes anything."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from validation.planning.forecast import Plan, plan_groups
from validation.planning.groups import Group, groups_of
from validation.sweeps.execution import Execution
from validation.sweeps.folder import RunFolder

if TYPE_CHECKING:
    from validation.sweeps.executors.interface import Report
    from validation.sweeps.work import Finished, Task, Work


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
    from validation.experiments.running import question_of
    from validation.training import require_device

    listener = Listener()
    execution = Execution(listener, shard, device, listener.progress)
    with tempfile.TemporaryDirectory() as scratch, contextlib.suppress(_Heard):
        question = question_of(experiment.NAME, preset, options)
        there = out is not None and out.exists()
        folder = RunFolder.entered(out if there and out is not None else scratch, question)
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


class _Heard(Exception):
    """What there is to compute is known; it is not computed."""


class Listener:
    """An executor that listens to what it should do, and does not do it."""

    only_listens = True

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
