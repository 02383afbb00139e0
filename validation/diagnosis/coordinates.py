"""Repon coordinates of a history: separations, the decoder's grip on them, what should stay constant, rates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import cumulative_trapezoid

Array = NDArray[np.float64]


class Conserved(NamedTuple):
    """The matrix Q at every record, (T, d, d), and its relative drift since the first, (T,)."""

    matrix: Array
    drift: Array


def half_differences(embeddings: Array, pairs: NDArray[np.int64]) -> Array:
    """Return r = (x_i - x_j) / 2 for every pair, shape (T, k, d).

    Examples
    --------
    >>> half_differences(np.array([[[0.0], [4.0]]]), np.array([[0, 1]]))
    array([[[-2.]]])
    """
    halves: Array = (embeddings[:, pairs[:, 0]] - embeddings[:, pairs[:, 1]]) / 2
    return halves


def grip_of_weights(decoder: Array, differences: Array) -> Array:
    """Return a = |A r| / |r| for the weights (T, p, d) as A, shape (T, k); nan where r = 0.

    Examples
    --------
    >>> grip_of_weights(np.array([[[3.0, 0.0], [0.0, 4.0]]]), np.array([[[0.5, 0.0], [0.0, 0.1]]]))
    array([[3., 4.]])
    """
    moved = np.einsum("tpd,tkd->tkp", decoder, differences)
    return _quotient(np.linalg.norm(moved, axis=-1), np.linalg.norm(differences, axis=-1))


def grip_of_outputs(
    outputs: Array, differences: Array, pairs: NDArray[np.int64], training: NDArray[np.bool_] | None
) -> Array:
    """Return a = |u| / |r|, with u half the difference of a pair's outputs with all partners in both positions.

    Where it is known what is trained on, only partners count that are trained for both symbols of the pair.

    Examples
    --------
    >>> outputs = np.array([[[1.0, 3.0], [5.0, 3.0]]])
    >>> grip_of_outputs(outputs, np.array([[[0.5]]]), np.array([[0, 1]]), None).round(3)
    array([[4.899]])
    """
    stacked = np.concatenate([outputs, np.swapaxes(outputs, -1, -2)], axis=-1)
    if training is not None:
        positions = np.hstack([training, training.T])
        stacked_mask = (positions[pairs[:, 0]] & positions[pairs[:, 1]]).astype(np.float64)
    else:
        stacked_mask = np.ones((len(pairs), stacked.shape[-1]))
    change = (stacked[:, pairs[:, 0]] - stacked[:, pairs[:, 1]]) / 2 * stacked_mask
    return _quotient(np.linalg.norm(change, axis=-1), np.linalg.norm(differences, axis=-1))


def conserved_matrix(embeddings: Array, decoder: Array, eta_encoder: float, eta_decoder: float) -> Conserved:
    r"""Return Q = W^T W / eta_decoder - sum_i x_i x_i^T / eta_encoder, which gradient flow conserves for any loss.

    The loss sees the embeddings only through W x; then d(W^T W)/dt / eta_decoder and d(X^T X)/dt / eta_encoder are the
    same matrix. The drift is |Q - Q_0| over the sum of the changes of both terms: 0 where they balance, 1 where nothing
    balances (Frobenius norms; 0 where nothing has moved).

    Examples
    --------
    >>> still = np.ones((2, 3, 1))
    >>> conserved_matrix(still, still, 1.0, 1.0).drift
    array([0., 0.])
    """
    weights, table = _gram(decoder) / eta_decoder, _gram(embeddings) / eta_encoder
    matrix = weights - table
    parts = sum(np.linalg.norm(part - part[0], axis=(1, 2)) for part in (weights, table))
    drift = np.linalg.norm(matrix - matrix[0], axis=(1, 2))
    return Conserved(matrix, np.where(parts > 0, drift / np.where(parts > 0, parts, 1), 0.0))


def effective_rate(steps: Array, logarithm: Array, driver: Array) -> Array:
    """Return eta in d(logarithm)/dt = -eta driver, by least squares over the history, for every pair.

    Parameters
    ----------
    steps : ndarray, shape (T,)
        Time.
    logarithm, driver : ndarray, shape (T, k)
        What decays, and what drives it.

    Returns
    -------
    ndarray, shape (k,)
        Slope of -(logarithm - its first value) against the integral of the driver (trapezoidal rule), over the
        records before either ceases to be finite; nan where the driver vanishes throughout.

    Examples
    --------
    >>> time = np.linspace(0, 1, 5)
    >>> effective_rate(time, -3 * time[:, None], np.ones((5, 1)))
    array([3.])
    """
    # A pair that has met, r = 0, has nothing more to say.
    alive = np.logical_and.accumulate(np.isfinite(logarithm) & np.isfinite(driver), axis=0)
    exposure = cumulative_trapezoid(np.where(alive, driver, 0), steps, axis=0, initial=0) * alive
    start = np.where(alive[0], logarithm[0], 0)
    fallen = start - np.where(alive, logarithm, start)
    return _quotient((exposure * fallen).sum(axis=0), np.square(exposure).sum(axis=0))


def _gram(rows: Array) -> Array:
    gram: Array = np.swapaxes(rows, -1, -2) @ rows
    return gram


def _quotient(numerator: Array, denominator: Array) -> Array:
    positive = denominator > 0
    ratio: Array = np.where(positive, numerator / np.where(positive, denominator, 1), np.nan)
    return ratio
