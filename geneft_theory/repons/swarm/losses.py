"""The losses of a swarm: their gradients by the outputs, which are all that the forces and the integrator need."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Array = NDArray[np.float64]

LOSSES = ("squared", "logistic")


def prediction(outputs: Array, loss: str, axis: int = -1) -> Array:
    """Return what the loss compares with the target: the outputs, or their softmax (sigmoid for a single output)."""
    if loss == "squared":
        return outputs
    if outputs.shape[axis] == 1:
        return np.asarray(expit(outputs), dtype=np.float64)
    weights = np.exp(outputs - outputs.max(axis=axis, keepdims=True))
    normalised: Array = weights / weights.sum(axis=axis, keepdims=True)
    return normalised


def gradient(outputs: Array, targets: Array, loss: str, axis: int = -1) -> Array:
    """Return the derivatives of the loss by the outputs, prediction - target for both losses."""
    return prediction(outputs, loss, axis) - targets
