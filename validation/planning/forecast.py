"""What a sweep will cost, before anything is spent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from geneft_theory.errors import require_integer
from validation.networks import NetworkSettings
from validation.planning.calibration import Calibration, calibrate
from validation.planning.groups import ENSEMBLES, NETWORKS, OTHERS, Group, groups_of
from validation.planning.memory import peak_device_memory, peak_memory, store_bytes
from validation.planning.operations import Operations
from validation.sweeps.executors.cores import available_cores

if TYPE_CHECKING:
    from validation.sweeps.variables import Variable
    from validation.sweeps.work import Compute
    from validation.training.storing import Kept


class Expected(NamedTuple):
    """Seconds: the median of the calibration's rounds, and the least and the most that one of them gives."""

    seconds: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        """Return all three by name."""
        return self._asdict()


class Architecture(NamedTuple):
    """Some of a sweep's networks, or ensembles: those whose steps cost the same.

    Attributes
    ----------
    label : str
        What they are, in words.
    kind : str
        "networks", "ensembles" or "others".
    chunks, members, steps : int
        How many, and the training steps of all members together.
    operations : Operations or None
        Of one step of one network; None where they are not counted.
    seconds_a_step : float
        What a step of one member takes on one worker, with its share of preparation and measurements.
    measured : bool
        Whether that was measured; otherwise it lies between measurements of other sizes.
    """

    label: str
    kind: str
    chunks: int
    members: int
    steps: int
    operations: Operations | None
    seconds_a_step: float
    measured: bool

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return self._asdict() | {"operations": None if self.operations is None else self.operations.to_dict()}


@dataclass(frozen=True)
class Plan:
    """What a sweep will cost; training only, without the theory, the figures and the page that follow it.

    Attributes
    ----------
    networks, ensembles, others : int
        Networks that learn relations, ensembles of repons, and what other computations train.
    chunks : int
        Chunks they are computed in, each a shard of the store.
    network_steps, ensemble_steps, other_steps : int
        Training steps of all networks, of all ensembles, and of all others, as far as these say.
    operations : int
        Floating-point operations of all network-steps (`Operations.total`); ensembles are not counted.
    elementwise : int
        Operations on single numbers, which are not in `operations`.
    workers : int
        How many chunks at once were asked for.
    device : str
        Where they are computed.
    work : Expected
        Seconds of computation of all chunks together, one after the other, each on one worker.
    longest_chunk : float
        Seconds of the longest chunk: no number of workers makes the sweep shorter.
    memory : int or None
        Bytes that this process has held at most, after it computed what a worker computes, on as many threads as the
        calibration used. A process that holds other data shows these too. None where the system does not say.
    device_memory : int or None
        The same on a GPU.
    store, largest_shard : int
        Bytes of all shards, and of the largest.
    architectures : tuple of Architecture
        What the sweep consists of.
    calibration : Calibration
        What the times rest on.
    ends_early : bool
        Whether training ends where a network's phase is decided: then steps, operations and times are the most that it
        can come to.
    found : int
        Networks of the sweep that are there already; they are in no other number.

    Examples
    --------
    >>> networks = [NetworkSettings(relation="modulo:3", fraction=0.75, seed=seed, steps=1000) for seed in range(80)]
    >>> sweep = plan(networks, seconds=0.5)
    >>> sweep.networks, sweep.chunks, sweep.network_steps, sweep.operations == 80_000 * 21_338_954
    (80, 10, 80000, True)
    >>> bool(0 < sweep.seconds(workers=4).seconds <= sweep.seconds(workers=1).seconds)
    True
    """

    networks: int
    ensembles: int
    chunks: int
    network_steps: int
    ensemble_steps: int
    operations: int
    elementwise: int
    workers: int
    device: str
    work: Expected
    longest_chunk: float
    memory: int | None
    device_memory: int | None
    store: int
    largest_shard: int
    architectures: tuple[Architecture, ...]
    calibration: Calibration = field(repr=False)
    ends_early: bool = False
    found: int = 0
    others: int = 0
    other_steps: int = 0

    def seconds(self, workers: int | None = None) -> Expected:
        """Return how long the sweep takes on a number of workers, each as fast as one of this machine's.

        The work shared evenly, and at least the longest chunk. More workers than cores do not help on one machine.

        Raises
        ------
        InvalidInput
            When `workers` is not an integer >= 1.
        """
        count = self.workers if workers is None else require_integer("workers", workers, minimum=1)
        return Expected(*(max(work / count, self.longest_chunk) for work in self.work))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        counts = sorted({self.calibration.at_once, self.workers})
        return plain | {
            "work": self.work.to_dict(),
            "time": [{"workers": count} | self.seconds(count).to_dict() for count in counts],
            "architectures": [each.to_dict() for each in self.architectures],
            "calibration": {
                "seconds": self.calibration.seconds,
                "at_once": self.calibration.at_once,
                "rounds": self.calibration.rounds,
                "measured": len(self.calibration.paces),
                "architectures": len(self.architectures),
            },
        }


_PLAIN = (
    *("networks", "ensembles", "others", "found", "chunks", "network_steps", "ensemble_steps", "other_steps"),
    *("operations", "elementwise"),
    *("workers", "device", "ends_early", "longest_chunk", "memory", "device_memory", "store", "largest_shard"),
)


def plan(
    networks: Sequence[NetworkSettings],
    workers: int | None = None,
    *,
    record_steps: Sequence[int] | None = None,
    until_learned: bool = False,
    kept: Kept | None = None,
    device: str = "cpu",
    seconds: float = 6.0,
    calibration: Calibration | None = None,
) -> Plan:
    """Return what it will cost to train networks as a sweep.

    Parameters
    ----------
    networks : sequence of NetworkSettings
        At least one, in any mixture.
    workers : int, optional
        Chunks at once, >= 1; by default one on every core.
    record_steps, until_learned
        As for `validation.training.train`.
    kept : Kept, optional
        What is stored; the usual outcomes by default.
    device : str
        "cpu", the name of another torch device, or "auto".
    seconds : float
        About how long the calibration takes, in (0, 8].
    calibration : Calibration, optional
        One that was made before, instead of a new one.

    Raises
    ------
    InvalidInput
        When there is no network, or an argument lies outside its domain.

    Examples
    --------
    >>> few = [NetworkSettings(relation="modulo:3", n=12, fraction=0.5, seed=seed, steps=200) for seed in range(16)]
    >>> sweep = plan(few, workers=4, seconds=0.3)
    >>> [(each.label, each.members) for each in sweep.architectures]
    [('concatenation, depth 3, width 50, 72 pairs, adam', 16)]
    """
    from validation.experiments.running import Plan as Chunks
    from validation.experiments.running import Training
    from validation.training import ENGINE, chunks, require_device, suitable_chunk_size
    from validation.training.storing import Kept

    stored, name = Kept() if kept is None else kept, require_device(device)
    divided = Chunks(chunks(networks, chunk_size=suitable_chunk_size(len(networks), name)))
    recorded = None if record_steps is None else tuple(record_steps)
    training = Training(kept=stored, record_steps=recorded, until_learned=until_learned, device=name)
    return plan_groups(
        groups_of((divided[k] for k in range(len(divided))), training),
        training,
        stored.variables,
        ENGINE,
        workers=workers,
        device=name,
        seconds=seconds,
        calibration=calibration,
    )


def plan_groups(
    groups: Iterable[Group],
    compute: Compute,
    variables: Mapping[str, Variable],
    engine: str,
    *,
    workers: int | None = None,
    device: str = "cpu",
    seconds: float = 6.0,
    calibration: Calibration | None = None,
    found: int = 0,
    store: bool = True,
) -> Plan:
    """Return what it will cost to compute the chunks of some groups; the arguments are those of a sweep.

    Without `store` its size is left out, which for some experiments takes a moment.
    """
    groups = list(groups)
    ends_early = False
    asked: Any = compute
    if "until_learned" in getattr(asked, "__dataclass_fields__", ()):
        # How soon the networks that are measured end says nothing of the others.
        ends_early, compute = asked.until_learned, replace(asked, until_learned=False)
    count = available_cores() if workers is None else require_integer("workers", workers, minimum=1)
    if calibration is None:
        calibration = calibrate(groups, compute, at_once=count, device=device, seconds=seconds)
    whole, largest = store_bytes(groups, compute, variables, engine) if store else (0, 0)
    each = [calibration.of(group) for group in groups]
    work, paces = (
        np.sum(each, axis=0),
        [float(np.median(time)) / group.steps for group, time in zip(groups, each, strict=True)],
    )
    members, steps = Counter[str](), Counter[str]()
    for group in groups:
        members[group.kind] += group.members
        steps[group.kind] += group.steps
    counted = [(group.steps, group.operations) for group in groups if group.operations is not None]
    return Plan(
        networks=members[NETWORKS],
        ensembles=members[ENSEMBLES],
        chunks=sum(group.chunks for group in groups),
        network_steps=steps[NETWORKS],
        ensemble_steps=steps[ENSEMBLES],
        others=members[OTHERS],
        other_steps=steps[OTHERS],
        operations=sum(count * step.total for count, step in counted),
        elementwise=sum(count * step.elementwise for count, step in counted),
        workers=count,
        device=device,
        work=Expected(float(np.median(work)), float(work.min()), float(work.max())),
        longest_chunk=max(group.longest * pace for group, pace in zip(groups, paces, strict=True)),
        memory=peak_memory(),
        device_memory=peak_device_memory(device),
        store=whole,
        largest_shard=largest,
        architectures=tuple(
            _architecture(group, pace, group.key in calibration.paces)
            for group, pace in zip(groups, paces, strict=True)
        ),
        calibration=calibration,
        ends_early=ends_early,
        found=found,
    )


def _architecture(group: Group, seconds: float, measured: bool) -> Architecture:
    counts = (group.chunks, group.members, group.steps)
    return Architecture(group.label, group.kind, *counts, group.operations, seconds, measured)
