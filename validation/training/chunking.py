"""Which networks train together: those whose computation has the same shape, a few at a time."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from geneft_theory.errors import InvalidInput, require_integer, shown
from validation.networks import NetworkSettings
from validation.tasks import training_count

# A chunk is what is stored, sent and lost at once: some seconds of work, so that a run of some hundred networks keeps
# all cores busy, but no more than some thousand chunks.
CHUNK_SIZE = 8
LARGEST_CHUNK = 64
NETWORKS_OF_SMALL_CHUNKS = 8192
# A GPU is busy only with thousands of networks at once; 4096 of the default size take 6 GB.
GPU_CHUNK_SIZE = 4096
SAMPLE_ALIGNMENT = 32


@dataclass(frozen=True)
class Chunk:
    """Networks that train as one batched computation, and their positions in the sequence they came from."""

    positions: tuple[int, ...]
    networks: tuple[NetworkSettings, ...]


def suitable_chunk_size(networks: int, device: str = "cpu") -> int:
    """Return how many networks of a sweep to train as one chunk.

    Parameters
    ----------
    networks : int
        How many the sweep has, >= 0.
    device : str
        Name of a torch device.

    Returns
    -------
    int
        Between 8 and 64 on a CPU, the more the larger the sweep; 4096 elsewhere.

    Examples
    --------
    >>> suitable_chunk_size(500), suitable_chunk_size(1_000_000), suitable_chunk_size(500, "cuda")
    (8, 64, 4096)
    """
    if device != "cpu":
        return GPU_CHUNK_SIZE
    return max(CHUNK_SIZE, min(LARGEST_CHUNK, CHUNK_SIZE * (networks // NETWORKS_OF_SMALL_CHUNKS)))


def padded(samples: int) -> int:
    """Return the sample count rounded up to whole groups of 32.

    Two things rest on it. Vectorised kernels treat the odd rest of a row with other instructions than its body, so
    that a rest would make a number depend on where in a batch it stands. And networks whose training sets round to
    the same size can share a chunk.

    Examples
    --------
    >>> padded(675), padded(32)
    (704, 32)
    """
    return -(-samples // SAMPLE_ALIGNMENT) * SAMPLE_ALIGNMENT


def computation(settings: NetworkSettings) -> Hashable:
    """Return what networks of one chunk must share: the shapes, and the operations of a step.

    Relation, seeds, learning rates, weight decays and initial scale are absent: they are data of the computation.
    Whether there is any weight decay is present, since without it the operation is left out.
    """
    decays = settings.weight_decay_encoder > 0 or settings.weight_decay_decoder > 0
    return (
        (settings.n, padded(training_count(settings.n, settings.fraction)), settings.embedding_dimension),
        (settings.mode, settings.depth, settings.width, settings.activation),
        (settings.loss, settings.output_clamp, settings.steps),
        (settings.optimizer, settings.beta_first, settings.beta_second, settings.adam_epsilon, settings.momentum),
        decays,
    )


def require_networks(networks: Sequence[NetworkSettings]) -> tuple[NetworkSettings, ...]:
    """Return the networks as a tuple, or refuse an empty sequence and anything that is not a network's settings."""
    for network in networks:
        if not isinstance(network, NetworkSettings):
            raise InvalidInput(f"networks must be a sequence of NetworkSettings; got {shown(network)} in it")
    if not networks:
        raise InvalidInput("networks must hold at least one network; got none")
    return tuple(networks)


def chunks(networks: Sequence[NetworkSettings], *, chunk_size: int = CHUNK_SIZE) -> list[Chunk]:
    """Return the networks divided into chunks that train as one computation each.

    The division decides the speed only: a network's outcome does not depend on its companions.

    Parameters
    ----------
    networks : sequence of NetworkSettings
        At least one network, in any mixture.
    chunk_size : int
        The most networks in a chunk, >= 1.

    Returns
    -------
    list of Chunk
        Every network in exactly one chunk; chunks in the order of their first network.

    Raises
    ------
    InvalidInput
        When there is no network or the chunk size is not an integer >= 1.

    Examples
    --------
    >>> sparse, dense = (NetworkSettings(relation="modulo:3", fraction=f, seed=0) for f in (0.1, 0.9))
    >>> [chunk.positions for chunk in chunks([sparse, dense, sparse, sparse], chunk_size=2)]
    [(0, 2), (1,), (3,)]
    """
    networks = require_networks(networks)
    chunk_size = require_integer("chunk_size", chunk_size, minimum=1)
    groups: dict[Hashable, list[int]] = {}
    for position, network in enumerate(networks):
        groups.setdefault(computation(network), []).append(position)
    divided = [part for group in groups.values() for part in _divided_evenly(group, chunk_size)]
    return [Chunk(tuple(part), tuple(networks[i] for i in part)) for part in sorted(divided)]


def _divided_evenly(group: list[int], chunk_size: int) -> list[list[int]]:
    """Return the group in as few parts as the chunk size allows; even ones, since a network alone trains slowest."""
    count = -(-len(group) // chunk_size)
    return [part.tolist() for part in np.array_split(group, count)]
