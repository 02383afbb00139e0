"""A linearised encoder-decoder in the few coordinates that its exact flow needs.

With dh the difference of the representations, D_y the decoder's matrix, dy* the difference of the targets and
r = eta_h/eta_y, K = r X D_y^T D_y - dh dh^T is conserved, and with the pull u = r X D_y^T dy* the flow is closed,

    d(dh)/dt = -(eta_y/2) [(K + |dh|^2) dh - u],    du/dt = (eta_y/2) (r X |dy*|^2 - u . dh) dh.

In the eigenvectors of K, of which only those matter that dh and the rows of D_y span, K is a list of numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.alignment.state import LARGEST, Array, bounded, positive
from geneft_theory.errors import InvalidInput, require_broadcast


@dataclass(frozen=True)
class Pull:
    """A checked state in the eigenvectors of K; leading axes (...) are an ensemble, k <= m + 1 are left.

    Parameters
    ----------
    curvature : numpy.ndarray, shape (..., k)
        The eigenvalues of K, rising; at most the first is negative.
    separation : numpy.ndarray, shape (..., k)
        dh.
    pull : numpy.ndarray, shape (..., k)
        u.
    goal : numpy.ndarray, shape (...)
        r X |dy*|^2 = A_low^2.
    """

    curvature: Array
    separation: Array
    pull: Array
    goal: Array

    def of(self, members: NDArray[np.bool_] | NDArray[np.intp]) -> Pull:
        """Return some of the members, in one row."""
        return Pull(self.curvature[members], self.separation[members], self.pull[members], self.goal[members])

    def scaled(self, unit: Array) -> Pull:
        """Return the same with squared distances in a unit, shape (...)."""
        rows = unit[..., None]
        root = np.sqrt(rows)
        return Pull(self.curvature / rows, self.separation / root, self.pull / rows / root, self.goal / unit / unit)


@dataclass(frozen=True)
class Matrices:
    """Checked arguments, not yet broadcast: separation (..., P), decoder (..., m, P), target (..., m), r X (...)."""

    separation: Array
    decoder: Array
    target: Array
    strength: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """The ensemble's shape."""
        return np.broadcast_shapes(
            self.separation.shape[:-1], self.decoder.shape[:-2], self.target.shape[:-1], self.strength.shape
        )


def matrices(
    separation: ArrayLike, decoder: ArrayLike, target: ArrayLike | None, ratio: Array, X: ArrayLike
) -> Matrices:
    """Return checked arguments, the target 0 if there is none, or refuse them."""
    dh, D_y = bounded("separation", separation), bounded("decoder", decoder)
    if D_y.ndim < 2 or 0 in D_y.shape or dh.ndim < 1 or dh.shape[-1] != D_y.shape[-1]:
        raise InvalidInput(
            f"separation and decoder must have shapes (..., P) and (..., m, P); got {dh.shape} and {D_y.shape}"
        )
    dy = np.zeros(D_y.shape[-2]) if target is None else bounded("target", target)
    if dy.ndim < 1 or dy.shape[-1] != D_y.shape[-2]:
        raise InvalidInput(f"target must have shape (..., m) with m = {D_y.shape[-2]}; got {dy.shape}")
    if np.any(np.max(np.abs(dh), axis=-1) < 1 / LARGEST):
        raise InvalidInput(f"separation must not vanish; got a vector shorter than {1 / LARGEST:g}")
    strength = ratio * positive("X", X)
    require_broadcast(
        {"separation": dh[..., 0], "decoder": D_y[..., 0, 0], "target": dy[..., 0], "ratio and X": strength}
    )
    return Matrices(dh, D_y, dy, strength)


def reduced(given: Matrices) -> Pull:
    """Return the state in the eigenvectors of K, of at most m + 1 directions."""
    shape, (m, P) = given.shape, given.decoder.shape[-2:]
    dh = np.broadcast_to(given.separation, (*shape, P))
    root = np.sqrt(given.strength)[..., None, None]
    D_y = np.broadcast_to(root * given.decoder, (*shape, m, P))
    if m + 1 < P:
        rows = np.concatenate([dh[..., None, :], D_y], axis=-2)
        triangle = np.asarray(np.linalg.qr(np.swapaxes(rows, -1, -2), mode="r"))
        dh, D_y = triangle[..., :, 0], np.swapaxes(triangle[..., :, 1:], -1, -2)
    curvature, axes = np.linalg.eigh(np.swapaxes(D_y, -1, -2) @ D_y - dh[..., :, None] * dh[..., None, :])
    goal = root[..., 0] * given.target
    pull = np.einsum("...mk,...m->...k", D_y, np.broadcast_to(goal, (*shape, m)))
    turned = np.swapaxes(axes, -1, -2)
    return Pull(
        curvature,
        np.asarray((turned @ dh[..., None])[..., 0]),
        np.asarray((turned @ pull[..., None])[..., 0]),
        np.broadcast_to(np.sum(goal**2, axis=-1), shape),
    )


def remaining(given: Matrices) -> tuple[Array, NDArray[np.bool_]]:
    """Return the squared distance left for identical targets, and whether it is 0.

    It is the one positive eigenvalue of -K, if there is one, from sum_i (v_i . dh)^2/(lambda + r X s_i^2) = 1, with the
    singular values and right singular vectors of the decoder: a sum of positive terms, which no cancellation spoils.
    """
    shape, (m, P) = given.shape, given.decoder.shape[-2:]
    root = np.sqrt(given.strength)[..., None, None]
    D_y = np.broadcast_to(root * given.decoder, (*shape, m, P))
    dh = np.broadcast_to(given.separation, (*shape, P))
    length = np.sqrt(np.sum(dh**2, axis=-1, keepdims=True))
    _, values, axes = np.linalg.svd(D_y, full_matrices=False)
    shares = (axes @ (dh / length)[..., None])[..., 0]
    outside = dh / length - (np.swapaxes(axes, -1, -2) @ shares[..., None])[..., 0]
    # Below this, singular values and components are rounding errors.
    cut = 4 * max(m, P) * np.finfo(float).eps
    reached = values > cut * values[..., :1]
    across = np.sum(outside**2, axis=-1) + np.sum(np.where(reached, 0.0, shares) ** 2, axis=-1)
    across = np.where(across > cut**2, across, 0.0)[..., None]
    weights = np.concatenate([across, np.where(reached, shares, 0.0) ** 2], axis=-1)
    stiffness = np.concatenate([np.zeros_like(across), (np.where(reached, values, 0.0) / length) ** 2], axis=-1)
    left = _secular_root(weights, stiffness)
    return np.asarray(left * length[..., 0] ** 2), np.asarray(left == 0)


def _secular_root(weights: Array, stiffness: Array) -> Array:
    """Return the largest x >= 0 with sum_i weights_i/(x + stiffness_i) = 1, or 0 where the sum is smaller everywhere.

    Newton's iteration for the reciprocal of the sum, which is concave: from the left it never overshoots.
    """
    x = np.zeros(weights.shape[:-1])
    for _ in range(200):
        terms = stiffness + x[..., None]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            pieces = np.where(weights > 0, weights / terms, 0.0)
            total = np.sum(pieces, axis=-1)
            slope = np.sum(np.where(weights > 0, pieces / terms, 0.0), axis=-1)
            # With a component that the decoder does not see, the sum is infinite at 0, and its weight the first step.
            step = np.where(np.isfinite(slope), (total - 1) * total / np.where(slope > 0, slope, 1.0), weights[..., 0])
        new = np.maximum(x + np.maximum(step, 0.0), x)
        if np.array_equal(new, x):
            break
        x = new
    return x
