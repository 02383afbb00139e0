"""Where the members of an ensemble start."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from validation.repons.settings import ReponSettings

# The second entry of a stream's key; `validation.tasks.streams` uses 0 and 1.
REPONS = 2
# The largest ensemble may not lack any of the small one's members: draws are made in blocks of this size.
BLOCK = 1000

Array = NDArray[np.float64]


class Start(NamedTuple):
    """Initial values, the member always the last axis.

    Attributes
    ----------
    decoder : ndarray, shape (outputs, dimension, draws)
        A.
    offset : ndarray, shape (outputs, draws)
        b - y: a bias matters only by its distance from the target, and starting this at an exact 0 keeps the
        invariant set exactly invariant in floating-point arithmetic.
    embeddings : ndarray, shape (1 + cluster, dimension, draws)
        The one repon, then its cluster.
    """

    decoder: Array
    offset: Array
    embeddings: Array

    @property
    def half_separation(self) -> Array:
        """Half the way from the cluster to the one, shape (dimension, draws)."""
        return half_separation(self.embeddings)


def draw_start(settings: ReponSettings) -> Start:
    """Return the members' initial values, drawn from the settings' own random streams.

    Examples
    --------
    >>> start = draw_start(ReponSettings(ratio=1.0, draws=3, cluster=4))
    >>> start.embeddings.shape, bool(abs(start.embeddings.sum(axis=0)).max() < 1e-15)
    ((5, 1, 3), True)
    """
    shapes = [(settings.outputs, settings.dimension), (settings.dimension,), (settings.dimension,)]
    blocks = [_block(settings, number, shapes) for number in range(-(-settings.draws // BLOCK))]
    decoder, one, others = (
        np.concatenate(parts, axis=-1)[..., : settings.draws] for parts in zip(*blocks, strict=True)
    )
    decoder = settings.decoder_scale * decoder
    one, others = settings.embedding_scale * one, settings.embedding_scale * others
    offset = np.full((settings.outputs, settings.draws), -settings.target)
    if settings.start == "centred":
        apart, count = one - others, settings.cluster + 1
        one, others = apart * (settings.cluster / count), -apart / count
        offset[:] = 0
    embeddings = np.concatenate([one[np.newaxis], np.repeat(others[np.newaxis], settings.cluster, axis=0)])
    return Start(decoder, offset, embeddings)


def half_separation(embeddings: Array) -> Array:
    """Return half the way from the mean of a cluster to the one repon, shape (dimension, draws)."""
    return np.asarray((embeddings[0] - embeddings[1:].mean(axis=0)) / 2)


def _block(settings: ReponSettings, number: int, shapes: list[tuple[int, ...]]) -> list[Array]:
    sequence = np.random.SeedSequence(settings.sweep_seed, spawn_key=(settings.seed, REPONS, number))
    generator = np.random.default_rng(sequence)
    return [generator.standard_normal((*shape, BLOCK)) for shape in shapes]
