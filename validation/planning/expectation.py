"""What a run was expected to take, written into its folder before it began, and held against what it took."""

from __future__ import annotations

import logging
import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from geneft_theory.errors import require_integer, require_number
from validation.planning.experiments import Listener
from validation.planning.forecast import plan_groups
from validation.planning.groups import groups_of
from validation.sweeps.arrays import read_regular
from validation.sweeps.atomic import write_atomically
from validation.sweeps.executors.cluster import Dask
from validation.sweeps.executors.cores import available_cores

if TYPE_CHECKING:
    from validation.sweeps.execution import Execution
    from validation.sweeps.folder import RunFolder
    from validation.sweeps.variables import Variable
    from validation.sweeps.work import Chunk, Compute

_log = logging.getLogger(__name__)

FILE = "expectation.toml"
CALIBRATION_SECONDS = 0.5
SMALLEST_SWEEP = 500_000
"""Training steps below which a run is over before it pays to ask how long it will take."""

MOST_CHUNKS = 4000
"""Chunks that are looked at; of a larger sweep every second, third and so on."""

_LARGEST_FILE = 2**16


@dataclass(frozen=True)
class Expectation:
    """What a run was expected to take.

    Attributes
    ----------
    chunks, networks : int
        How many were still to be computed; networks or ensembles.
    workers : int
        How many chunks at once.
    seconds, low, high : float
        Computation of all chunks together, each on one worker: the median of the calibration's rounds, and their ends.
    at_most : bool
        Whether networks may end early, so that it can only be less.
    """

    chunks: int
    networks: int
    workers: int
    seconds: float
    low: float
    high: float
    at_most: bool = False

    def __post_init__(self) -> None:
        for name in ("chunks", "networks", "workers"):
            require_integer(name, getattr(self, name), minimum=1)
        for name in ("seconds", "low", "high"):
            require_number(name, getattr(self, name), low=0, open_low=True)


def record_expectation(
    folder: RunFolder,
    chunks: Sequence[Chunk],
    compute: Compute,
    variables: Mapping[str, Variable],
    execution: Execution,
) -> Expectation | None:
    """Measure for about a second how fast this machine is, and write what the run will take into its folder.

    To be called before the chunks are computed. Nothing is measured or written where the run is too short for it to
    matter, or was begun before; and what cannot be written is left out, since no number of the run depends on it.

    Parameters
    ----------
    folder : RunFolder
        The run's folder.
    chunks, compute, variables
        As for `validation.sweeps.run_chunks`.
    execution : Execution
        How they will be computed.

    Returns
    -------
    Expectation or None
        What was written, or was there; None where nothing is.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from validation.experiments.running import Training
    >>> from validation.networks import NetworkSettings
    >>> from validation.sweeps import Execution, Question, RunFolder
    >>> from validation.training.storing import Kept
    >>> folder = RunFolder.open(Path(mkdtemp()) / "run", Question("by hand", "quick", sweep_seed=0))
    >>> networks = [NetworkSettings(relation="modulo:3", fraction=0.75, seed=k, steps=10**6) for k in range(8)]
    >>> training = Training(Kept())
    >>> chunks = [[network.to_dict() for network in networks]]
    >>> expected = record_expectation(folder, chunks, training, training.kept.variables, Execution(device="cpu"))
    >>> expected.networks, expected == read_expectation(folder)
    (8, True)
    """
    known = read_expectation(folder)
    # What other machines will take cannot be measured on this one.
    if isinstance(execution.executor, Listener | Dask):
        return known
    if known is not None or not len(chunks) or any(folder.shards.glob("*.npz")):
        return known
    from validation.training import require_device

    stride = -(-len(chunks) // MOST_CHUNKS)
    groups = groups_of(_every(chunks, stride), compute, stride)
    if sum(group.steps for group in groups) < SMALLEST_SWEEP:
        return None
    count = getattr(execution.executor, "workers", None) or available_cores()
    device = require_device(execution.device)
    engine = folder.question.engine
    sweep = plan_groups(
        groups, compute, variables, engine, workers=count, device=device, seconds=CALIBRATION_SECONDS, store=False
    )
    members = sum(group.members for group in groups)
    seconds, low, high = (float(f"{value:.6g}") for value in sweep.work)
    expectation = Expectation(len(chunks), members, count, seconds, low, high, sweep.ends_early)
    try:
        write_atomically(folder.path / FILE, _text(expectation).encode("utf-8"))
    except OSError as trouble:
        _log.warning("what the run is expected to take cannot be written down (%s)", trouble.strerror or trouble)
    return expectation


def read_expectation(folder: RunFolder) -> Expectation | None:
    """Return what a run was expected to take; None where that was not written down or cannot be read.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from validation.sweeps import Question, RunFolder
    >>> folder = RunFolder.open(Path(mkdtemp()) / "run", Question("by hand", "quick", sweep_seed=0))
    >>> read_expectation(folder) is None
    True
    """
    try:
        values = tomllib.loads(read_regular(folder.path / FILE, _LARGEST_FILE).decode("utf-8"))
        return Expectation(**values)
    except (OSError, ValueError, TypeError, RecursionError):
        return None


def expectation_line(folder: RunFolder, seconds: float | None = None, networks: int | None = None) -> str | None:
    """Return one line that holds what a run took against what it was expected to take.

    Both are the computation of all chunks together, as each chunk's worker measured it, shared among the workers that
    were planned: a run that was stopped and resumed, or that ran elsewhere, is compared as well.

    Parameters
    ----------
    folder : RunFolder
        The run.
    seconds : float, optional
        What its chunks took together, where the caller knows (`summarize(...)["wall_seconds"]`); otherwise the shards
        are read.
    networks : int, optional
        How many networks those are.

    Returns
    -------
    str or None
        None where nothing was expected, or nothing is finished.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from validation.sweeps import Question, RunFolder
    >>> folder = RunFolder.open(Path(mkdtemp()) / "run", Question("by hand", "quick", sweep_seed=0))
    >>> expectation_line(folder) is None
    True
    >>> _ = (folder.path / FILE).write_text(_text(Expectation(50, 400, 2, 360.0, 330.0, 420.0)))
    >>> expectation_line(folder, seconds=396.0, networks=400)
    'training: expected 3.0 min on 2 workers (2.8 min to 3.5 min), took 3.3 min, 10 % more'
    """
    expected = read_expectation(folder)
    if expected is None:
        return None
    if seconds is None or networks is None:
        from validation.sweeps.shards import read_shard

        shards = [read_shard(file) for file in folder.shard_files()]
        seconds = sum(float(shard.provenance["wall_seconds"]) for shard in shards)
        networks = sum(len(shard.networks) for shard in shards)
    if not networks or not math.isfinite(seconds) or seconds <= 0:
        return None
    workers = expected.workers
    least = "at most " if expected.at_most else ""
    begun = f"training: expected {least}{duration(expected.seconds / workers)} on {workers} worker{'s' * (workers > 1)}"
    begun += f" ({duration(expected.low / workers)} to {duration(expected.high / workers)})"
    if networks < expected.networks:
        share = networks / expected.networks
        return f"{begun}; {100 * share:.0f} % of the networks took {duration(seconds / workers)}"
    more = seconds / expected.seconds - 1
    comparison = "as expected" if abs(more) < 0.005 else f"{100 * abs(more):.0f} % {'more' if more > 0 else 'less'}"
    return f"{begun}, took {duration(seconds / workers)}, {comparison}"


def duration(seconds: float) -> str:
    """Return a time in words, to two digits.

    Examples
    --------
    >>> [duration(s) for s in (0.034, 47.2, 185, 7300, 200_000, 4e9)]
    ['0.03 s', '47 s', '3.1 min', '2.0 h', '2.3 days', '127 years']
    """
    for size, unit in ((365.25 * 86400, "years"), (86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}" if seconds < 10 * size else f"{seconds / size:.0f} {unit}"
    digits = 0 if seconds >= 10 else 1 if seconds >= 1 else 2
    return f"{seconds:.{digits}f} s"


def _every(chunks: Sequence[Chunk], stride: int) -> Iterator[Chunk]:
    return (chunks[k] for k in range(0, len(chunks), stride))


def _text(expectation: Expectation) -> str:
    import tomli_w

    return tomli_w.dumps(asdict(expectation))
