"""What deep networks did while they learned, as arrays in the order in which the networks were given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from validation.two_points.settings import DeepSettings

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Courses:
    """Measurements of K networks along their training, each made before the step of its number.

    A network whose training has ended repeats its last measurement. Nothing is dropped in a measurement.

    Attributes
    ----------
    networks : tuple of DeepSettings, length K
        The networks.
    record_steps : ndarray of int, shape (R,)
        How many steps had been taken.
    layers : tuple of int, length L
        Hidden layers that were looked at, from 0 on.
    loss : ndarray of float, shape (K, R)
        Half the mean over points of the squared errors, summed over outputs.
    outputs : ndarray of float, shape (K, R, n, m)
        What the networks answered.
    distances : ndarray of float, shape (K, R, L, n, n)
        Squared distances of the representations of all pairs of points.
    representations : tuple of ndarray, each of shape (K, R, n, units), or None
        One a layer, in single precision, where they were asked for.
    steps_taken : ndarray of int, shape (K,)
        Fewer than the settings' steps where the training ended early.
    diverged : ndarray of bool, shape (K,)
        Whether a parameter is no longer finite.
    """

    networks: tuple[DeepSettings, ...]
    record_steps: NDArray[np.int64]
    layers: tuple[int, ...]
    loss: Floats
    outputs: Floats
    distances: Floats
    representations: tuple[NDArray[np.float32], ...] | None
    steps_taken: NDArray[np.int64]
    diverged: NDArray[np.bool_]
