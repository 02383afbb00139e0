"""When have two symbols merged? Distances within classes, measured by the distance between classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.errors import InvalidInput, require_array

Array = NDArray[np.float64]

MERGED_BELOW = 0.1
"""Symbols of one class count as merged when they are closer than this fraction of the rms distance between classes."""


def relative_distances(embeddings: ArrayLike, pairs: ArrayLike) -> Array:
    """Return the distance of each same-class pair as a fraction of the rms distance between symbols of other pairs.

    Parameters
    ----------
    embeddings : array_like, shape (..., n, d)
        Embeddings; nan is passed on.
    pairs : array_like of int, shape (k, 2)
        All pairs i < j of symbols that share a class.

    Returns
    -------
    ndarray, shape (..., k)
        |x_i - x_j| over the root mean square distance of all pairs of symbols in different classes. nan where there
        are none, or where these all coincide.

    Raises
    ------
    InvalidInput
        When shapes do not fit together.

    Examples
    --------
    >>> relative_distances([[0.0, 0.0], [0.3, 0.0], [0.0, 3.0], [0.3, 3.0]], [[0, 1], [2, 3]]).round(4)
    array([0.0998, 0.0998])
    """
    table = np.asarray(embeddings, dtype=np.float64)
    if table.ndim < 2:
        raise InvalidInput(f"embeddings must have shape (..., symbols, dimensions); got {table.shape}")
    chosen = require_array("pairs", pairs, low=0, high=table.shape[-2] - 1).astype(np.int64)
    if chosen.ndim != 2 or chosen.shape[1] != 2:
        raise InvalidInput(f"pairs must have shape (k, 2); got {chosen.shape}")
    different = np.triu(np.ones((table.shape[-2],) * 2, dtype=np.bool_), k=1)
    different[chosen.min(axis=1), chosen.max(axis=1)] = False
    first, second = np.nonzero(different)
    others = np.square(table[..., first, :] - table[..., second, :]).sum(axis=-1)
    scale = np.sqrt(others.mean(axis=-1)) if first.size else np.full(table.shape[:-2], np.nan)
    distance = np.linalg.norm(table[..., chosen[:, 0], :] - table[..., chosen[:, 1], :], axis=-1)
    ratio: Array = distance / np.where(scale > 0, scale, np.nan)[..., None]
    return ratio
