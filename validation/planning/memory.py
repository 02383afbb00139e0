"""How much room a sweep takes: in memory, and on the disk."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from validation.networks import NetworkSettings
from validation.planning.groups import Group, shortened
from validation.sweeps.context import Context
from validation.sweeps.provenance import provenance
from validation.sweeps.shards import Shard, shard_content
from validation.sweeps.variables import Variable
from validation.sweeps.work import Chunk, Compute, Outcomes


def peak_memory() -> int | None:
    """Return the most memory that this process has held so far, in bytes; None where the system does not say."""
    try:
        import resource
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(most if sys.platform == "darwin" else most * 1024)


def peak_device_memory(device: str) -> int | None:
    """Return the most memory that this process has held on a GPU so far, in bytes; None for a CPU."""
    import torch

    from validation.training.devices import require_device

    name = require_device(device)
    return int(torch.cuda.max_memory_allocated(name)) if name.startswith("cuda") else None


def store_bytes(
    groups: Sequence[Group], compute: Compute, variables: Mapping[str, Variable], engine: str
) -> tuple[int, int]:
    """Return the size of all shards of a sweep, and of the largest, in bytes.

    A shard is written down whose arrays have the right shapes, once for the sample chunk of a group and once for its
    first member; the others follow in proportion. Where shapes are not known beforehand, two steps of training show
    them.
    """
    whole = largest = 0
    for group in groups:
        chunk = group.sample
        one, all_of_them = (_shard_bytes(part, compute, variables, engine) for part in (chunk[:1], chunk))
        each = (all_of_them - one) / (len(chunk) - 1) if len(chunk) > 1 else 0.0
        whole += round(group.chunks * (one - each) + group.members * each)
        largest = max(largest, all_of_them)
    return whole, largest


def _shard_bytes(chunk: Chunk, compute: Compute, variables: Mapping[str, Variable], engine: str) -> int:
    made_by = provenance() | {"wall_seconds": 10.123, "finished": "2000-01-01T00:00:00+00:00"}
    settings = tuple(dict(values) for values in chunk)
    return len(shard_content(Shard(settings, _shaped(chunk, compute), variables, engine, 1000, made_by)))


def _shaped(chunk: Chunk, compute: Compute) -> Outcomes:
    from validation.experiments.running import Training

    if isinstance(compute, Training):
        return compute.kept.arrays(_blank(chunk, compute.record_steps))
    return compute(shortened(chunk), Context())


def _blank(chunk: Chunk, record_steps: Sequence[int] | None) -> Any:
    """Return outcomes with the shapes of a chunk's and nothing in them."""
    from validation.training.outcomes import Outcomes as Trained
    from validation.training.records import Record, require_record_steps

    networks = tuple(NetworkSettings.from_dict(values) for values in chunk)
    steps = np.array(require_record_steps(record_steps, networks[0].steps))
    count, first = len(networks), networks[0]
    curves: dict[str, Any] = {f"{name}_curve": np.zeros((count, steps.size)) for name in Record._fields}
    curves["diverged_curve"] = np.zeros((count, steps.size), dtype=np.bool_)
    return Trained(
        networks=networks,
        record_steps=np.tile(steps, (count, 1)),
        embeddings=np.zeros((count, first.n, first.embedding_dimension), dtype=np.float32),
        **curves,
    )
