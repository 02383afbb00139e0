r"""How a balanced swarm grows along the modes of its targets, for any time without overflow.

Here a swarm is the matrix Z^T, shape (m, d), m = p + n: the decoder's rows over sqrt(eta_A), then the embeddings over
sqrt(eta_x). With the targets' singular values sigma and h = lambda s/2, F has the eigenvalues +-sqrt(sigma^2 + h^2),
and +-h for outputs and repons that no target couples. Along the mode k with the eigenvalue phi_k the start would grow
as exp(s phi_k t); what the others have grown to holds it back,

    G(t) = D z^T (1 + z W z^T)^(-1) z D,    D = exp(s phi t),    W = (s/2) (exp(2 s phi t) - 1)/phi,

with z the start in the modes. Factors up to exp(10^12) stand in there. So the d directions of the embedding space are
turned to follow the modes in the order of z W^(1/2), largest first, as in a QR decomposition with pivoting; each row is
then divided by its pivot, and no large number remains.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geneft_theory.repons.swarm.losses import Array


@dataclass(frozen=True)
class Growth:
    """The eigenvalues phi (..., m) and eigenvectors, as columns (..., m, m), of F, and the speed s (...)."""

    eigenvalues: Array
    vectors: Array
    speed: Array

    @classmethod
    def of(cls, targets: Array, imbalance: Array, speed: Array) -> Growth:
        """Diagonalise F for targets (..., p, n) by their singular values, which keeps zeros and pairs exact."""
        p, n = targets.shape[-2:]
        shape = np.broadcast_shapes(targets.shape[:-2], imbalance.shape)
        targets = np.broadcast_to(targets, (*shape, p, n))
        left, singular, right = np.linalg.svd(targets, full_matrices=True)
        singular = _without_rounding(singular, 4 * max(p, n) * np.finfo(float).eps)
        half = np.broadcast_to(imbalance * speed / 2, shape)[..., None]
        coupled = min(p, n)
        # (cos u, sin v) and (-sin u, cos v) for each singular pair (u, v); a single u has phi = h, a single v -h.
        angle = np.arctan2(singular, half) / 2
        phi = np.hypot(singular, half)
        vectors = np.zeros((*shape, p + n, p + n))
        rows = np.swapaxes(right, -1, -2)
        vectors[..., :p, :coupled] = left[..., :coupled] * np.cos(angle)[..., None, :]
        vectors[..., p:, :coupled] = rows[..., :coupled] * np.sin(angle)[..., None, :]
        vectors[..., :p, coupled : 2 * coupled] = -left[..., :coupled] * np.sin(angle)[..., None, :]
        vectors[..., p:, coupled : 2 * coupled] = rows[..., :coupled] * np.cos(angle)[..., None, :]
        vectors[..., :p, 2 * coupled : p + coupled] = left[..., coupled:]
        vectors[..., p:, p + coupled :] = rows[..., coupled:]
        singles = (*shape, p - coupled), (*shape, n - coupled)
        eigenvalues = np.concatenate(
            [phi, -phi, np.broadcast_to(half, singles[0]), np.broadcast_to(-half, singles[1])], axis=-1
        )
        return cls(eigenvalues, vectors, speed)


def _without_rounding(singular: Array, rounding: float) -> Array:
    """Make singular values equal, or zero, that differ by rounding: time would multiply the difference."""
    unit = rounding * singular[..., :1]
    result = singular.copy()
    for index in range(1, singular.shape[-1]):
        before = result[..., index - 1]
        result[..., index] = np.where(before - result[..., index] <= unit[..., 0], before, result[..., index])
    return np.where(singular > unit, result, 0.0)


def grown(start: Array, growth: Growth, times: Array) -> Array:
    """Return the swarm at the times, shape (..., T, m, d), turned as closely as possible to its start (..., m, d)."""
    modes = np.swapaxes(growth.vectors, -1, -2) @ start
    rounding = 8 * modes.shape[-2] * np.finfo(float).eps
    modes = np.where(np.abs(modes) > rounding * np.abs(modes).max(axis=(-1, -2), keepdims=True), modes, 0.0)
    rows = np.swapaxes(modes, -1, -2)[..., None, :, :]

    # log D = moved phi and log W^(1/2) = moved max(phi, 0) + weight. The first terms reach 10^12 and more, and are only
    # ever used as differences between two modes.
    phi, moved = growth.eigenvalues[..., None, :], (growth.speed[..., None] * times)[..., None]
    rising = np.maximum(phi, 0.0)
    weight = _weight(phi, moved, growth.speed[..., None, None])
    rows = np.broadcast_to(rows, (*weight.shape[:-1], *rows.shape[-2:]))
    turned, pivots = echelon(rows, weight + moved * (rising - rising.max(axis=-1, keepdims=True)), rounding)

    with np.errstate(divide="ignore"):
        size = np.log(np.abs(turned))
    at_pivot = [np.take_along_axis(np.broadcast_to(each, weight.shape), pivots, axis=-1) for each in (rising, weight)]
    rising_there, weight_there = (each[..., None] for each in at_pivot)
    size_there = np.take_along_axis(size, pivots[..., None], axis=-1)
    scale = size_there + weight_there + moved[..., None] * rising_there
    large = scale > 0
    # Rows that have not grown beyond 1 are left as they are.
    reference = np.where(large, size_there + weight_there, 0.0), np.where(large, rising_there, 0.0)
    held = size + weight[..., None, :] - reference[0] + moved[..., None] * (rising[..., None, :] - reference[1])
    free = size - reference[0] + moved[..., None] * (phi[..., None, :] - reference[1])
    held, free = np.sign(turned) * np.exp(held), np.sign(turned) * np.exp(free)
    middle = np.exp(-2 * np.maximum(scale, 0.0)) * np.eye(turned.shape[-2]) + held @ np.swapaxes(held, -1, -2)
    state = growth.vectors[..., None, :, :] @ np.swapaxes(np.linalg.solve(np.linalg.cholesky(middle), free), -1, -2)
    return state @ _rotation(state, start[..., None, :, :])


def _weight(phi: Array, moved: Array, speed: Array) -> Array:
    """Return log W^(1/2) less its growing part, half of log[s moved (1 - exp(-|x|))/|x|] with x = 2 moved phi."""
    size = np.abs(2 * moved * phi)
    share = np.where(size > 0, -np.expm1(-size) / np.where(size > 0, size, 1.0), 1.0)
    with np.errstate(divide="ignore"):
        result: Array = (np.log(moved * speed) + np.log(share)) / 2
    return result


def echelon(rows: Array, weight: Array, rounding: float) -> tuple[Array, NDArray[np.intp]]:
    """Turn d rows (..., d, m) so that each has a pivot, a column in which all rows below it are zero.

    The pivot is the column that is largest, its size times exp(weight), in the rows that are left. What is left of a
    column after turning, and is of rounding size, is set to zero: the weight would blow it up.
    """
    rows = rows.copy()
    pivots = np.zeros(rows.shape[:-1], dtype=np.intp)
    original = np.sqrt(np.sum(rows**2, axis=-2))
    for first in range(rows.shape[-2]):
        rest = rows[..., first:, :]
        norm = np.sqrt(np.sum(rest**2, axis=-2))
        with np.errstate(divide="ignore"):
            # At time 0 every weight is -inf and any order will do.
            rank = np.log(norm) + np.where(np.isfinite(weight), weight, 0.0)
        pivots[..., first] = np.argmax(rank, axis=-1)
        vector = np.take_along_axis(rest, pivots[..., first, None, None], axis=-1)
        length = np.sqrt(np.sum(vector**2, axis=-2, keepdims=True))
        # Householder's reflection that turns the column into the first direction of those left.
        mirror = vector.copy()
        mirror[..., :1, :] += np.where(vector[..., :1, :] < 0, -length, length)
        square = np.sum(mirror**2, axis=-2, keepdims=True)
        rest = rest - 2 * mirror * (np.swapaxes(mirror, -1, -2) @ rest) / np.where(square > 0, square, 1.0)
        rows[..., first:, :] = np.where(np.abs(rest) > rounding * original[..., None, :], rest, 0.0)
    return rows, pivots


def _rotation(state: Array, start: Array) -> Array:
    """Return the orthogonal matrix that brings a state closest to the start."""
    left, _, right = np.linalg.svd(np.swapaxes(state, -1, -2) @ start)
    result: Array = left @ right
    return result
