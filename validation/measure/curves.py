"""The shape in which curves come in, and its check: one row a seed, one column a training fraction."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.errors import InvalidInput, require_array


def require_fractions(fractions: ArrayLike, *, minimum: int) -> NDArray[np.float64]:
    """Return at least `minimum` training fractions in (0, 1], strictly increasing, or refuse them."""
    array = require_array("fractions", fractions, low=0, high=1, open_low=True)
    if array.ndim != 1 or array.size < minimum:
        raise InvalidInput(
            f"fractions must be at least {minimum} values in one row; got an array of shape {array.shape}"
        )
    if np.any(np.diff(array) <= 0):
        raise InvalidInput(f"fractions must increase from each to the next; got {array.tolist()}")
    return array


def require_curves(accuracies: ArrayLike, fractions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return accuracies in [0, 1] of shape (seed, fraction) for at least 2 seeds, or refuse them."""
    array = require_array("accuracies", accuracies, low=0, high=1)
    if array.ndim != 2 or array.shape[1] != fractions.size:
        raise InvalidInput(f"accuracies must have shape (seeds, {fractions.size}); got {array.shape}")
    if array.shape[0] < 2:
        raise InvalidInput(f"accuracies must hold at least 2 seeds, to have a standard error; got {array.shape[0]}")
    return array
