"""What a sweep consists of: its chunks, sorted by what decides how long a training step takes."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from validation.networks import NetworkSettings
from validation.planning.operations import Operations, step_operations

if TYPE_CHECKING:
    from validation.sweeps.work import Chunk, Compute

NETWORKS, ENSEMBLES, OTHERS = "networks", "ensembles", "others"
_SEEDS = ("seed", "sweep_seed")
_FEW = 2


class Cost(NamedTuple):
    """What a computation says of the cost of one member of a chunk, by a method `cost` that takes its settings.

    Attributes
    ----------
    key : hashable
        What decides the cost of a step.
    label : str
        The same in words.
    size : float
        Grows with the time of a step.
    steps : int
        How many steps there are; the entry "steps" of the settings may be lowered to see how long one takes.
    """

    key: Hashable
    label: str
    size: float
    steps: int


@dataclass
class Group:
    """Chunks whose steps cost the same.

    Attributes
    ----------
    key : hashable
        What decides the cost of a step.
    label : str
        The same in words.
    kind : str
        "networks", "ensembles" of repons, or "others": what their computation itself says of their cost is known, or
        nothing but their number.
    family : str
        Within a family time grows with `size`.
    size : float
        Operations of a step for networks; numbers that a step changes for ensembles.
    operations : Operations or None
        Of a step of one network; None where they are not counted.
    sample : Chunk
        One of the chunks.
    chunks, members, steps : int
        How many chunks; networks (or ensembles) in them; steps of all of these.
    longest : int
        The most steps that a chunk has.
    measurements : int
        How often networks are measured, all together.
    """

    key: Hashable
    label: str
    kind: str
    family: str
    size: float
    operations: Operations | None
    sample: Chunk
    chunks: int = 0
    members: int = 0
    steps: int = 0
    longest: int = 0
    measurements: int = 0

    def count(self, members: int, steps: int, measurements: int, times: int) -> None:
        """Take note of a chunk, or of several like it."""
        self.chunks += times
        self.measurements += times * measurements
        self.members += times * members
        self.steps += times * steps
        self.longest = max(self.longest, steps)


def groups_of(chunks: Iterable[Chunk], compute: Compute | None = None, times: int = 1) -> list[Group]:
    """Return the groups of a sweep, in the order of their first chunks.

    Memory does not grow with the sweep: each chunk is looked at and let go.

    Parameters
    ----------
    chunks : iterable of chunks
        As `validation.sweeps.run_chunks` takes them. The members of a chunk share what decides their cost.
    compute : callable, optional
        What computes them, which may say how often networks are measured.
    times : int
        How many chunks of the sweep each of these stands for.

    Examples
    --------
    >>> network = NetworkSettings(relation="modulo:3", fraction=0.75, seed=0, steps=100)
    >>> (group,) = groups_of([[network.to_dict()] * 8, [network.to_dict()] * 4])
    >>> group.label, group.chunks, group.members, group.steps, group.longest
    ('concatenation, depth 3, width 50, 675 pairs, adam', 2, 12, 1200, 800)
    """
    found: dict[Hashable, Group] = {}
    for chunk in chunks:
        group, steps = _described(chunk, compute)
        known = found.setdefault(group.key, group)
        measured = _measurements(chunk[0], steps, compute) if group.kind == NETWORKS else 0
        known.count(len(chunk), steps * len(chunk), measured * len(chunk), times)
    return list(found.values())


def steps_of(chunk: Chunk, compute: Compute | None = None) -> int:
    """Return the training steps of all members of a chunk."""
    return _described(chunk, compute)[1] * len(chunk)


def shortened(chunk: Chunk, compute: Compute | None = None) -> Chunk:
    """Return the same chunk with hardly any training: what compiles is compiled by it, and shapes are seen."""
    kind = _described(chunk)[0].kind
    if kind == NETWORKS or _cost(chunk[0], compute) is not None:
        return [dict(values) | {"steps": _FEW} for values in chunk]
    if kind == ENSEMBLES:
        from validation.repons import ReponSettings

        return [dict(values) | {"horizon": _FEW * ReponSettings.from_dict(values).time_step} for values in chunk]
    return chunk


def network_of(values: Mapping[str, Any]) -> NetworkSettings:
    """Return the network that a chunk's settings describe, whatever else they say."""
    known = NetworkSettings.__dataclass_fields__
    return NetworkSettings.from_dict({name: value for name, value in values.items() if name in known})


def _measurements(values: Mapping[str, Any], steps: int, compute: Compute | None) -> int:
    """Return how often a network is measured."""
    if "records" in values:
        from validation.experiments.slowing_down import record_steps

        return len(record_steps(steps, values["records"]))
    from validation.experiments.running import Training
    from validation.training.records import require_record_steps

    asked = compute.record_steps if isinstance(compute, Training) else None
    return len(require_record_steps(asked, steps))


def _cost(values: Mapping[str, Any], compute: Compute | None) -> Cost | None:
    """Return what a computation says of the cost of a member, if it says anything."""
    said = getattr(compute, "cost", None)
    cost: Cost | None = None if said is None else said(values)
    return cost


def _described(chunk: Chunk, compute: Compute | None = None) -> tuple[Group, int]:
    """Return the chunk's group, still without a count, and the steps of one of its members."""
    values = chunk[0]
    cost = _cost(values, compute)
    if cost is not None:
        return Group((OTHERS, cost.key), cost.label, OTHERS, OTHERS, cost.size, None, chunk), cost.steps
    if "fraction" in values and "eta_encoder" in values:
        return _networks(chunk, values)
    if "ratio" in values and "draws" in values and "horizon" in values:
        return _ensembles(chunk, values)
    rest = {name: value for name, value in values.items() if name not in _SEEDS}
    return Group(repr(sorted(rest.items())), "computations", OTHERS, OTHERS, math.nan, None, chunk), 1


def _networks(chunk: Chunk, values: Mapping[str, Any]) -> tuple[Group, int]:
    from validation.training.chunking import computation

    settings = network_of(values)
    operations = step_operations(settings)
    key = (NETWORKS, computation(replace(settings, steps=1)))
    pairs = round(settings.fraction * settings.n**2)
    decoder = f", depth {settings.depth}, width {settings.width}" if settings.has_decoder else ""
    label = f"{settings.mode}{decoder}, {pairs} pairs, {settings.optimizer}"
    family = "decoders" if settings.has_decoder else "heads"
    size = float(operations.total + operations.elementwise)
    return Group(key, label, NETWORKS, family, size, operations, chunk), settings.steps


def _ensembles(chunk: Chunk, values: Mapping[str, Any]) -> tuple[Group, int]:
    from validation.repons import ReponSettings

    settings = ReponSettings.from_dict(values)
    names = ("optimiser", "draws", "cluster", "dimension", "outputs", "start", "bias")
    numbers = settings.outputs * settings.dimension + settings.outputs + 2 * settings.dimension
    label = f"repons: {settings.draws} members, {settings.optimiser}"
    label += "" if numbers == 4 else f", {settings.dimension} dimensions, {settings.outputs} outputs"
    key = (ENSEMBLES, values.get("level"), *(getattr(settings, name) for name in names))
    family = f"repons under {settings.optimiser}"
    return Group(key, label, ENSEMBLES, family, float(numbers * settings.draws), None, chunk), settings.steps
