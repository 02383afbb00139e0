"""The gradient flow of a swarm read as mechanics: forces between repons, and one that they all share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geneft_theory.citation import based_on
from geneft_theory.errors import require_choice
from geneft_theory.repons.swarm.losses import LOSSES, Array, gradient, prediction
from geneft_theory.repons.swarm.state import checked_swarm, checked_targets, rate


@dataclass(frozen=True)
class Forces:
    """What moves each repon: dx_i/dt = common + sum_j (attraction_ij + repulsion_ij).

    Attributes
    ----------
    attraction : numpy.ndarray, shape (..., n, n, d)
        Of repon j on repon i, at [..., i, j, :]: along -A^T S A (x_i - x_j) with a positive semidefinite S. It never
        points apart, and is there between any two.
    repulsion : numpy.ndarray, shape (..., n, n, d)
        Of j on i, along A^T (y_i - y_j): zero between repons with one target. It drives the two outputs in the
        direction in which the targets differ, which is apart once the outputs have the order of the targets.
    common : numpy.ndarray, shape (..., d)
        The same for all repons: it moves their centroid.
    """

    attraction: Array
    repulsion: Array
    common: Array

    @property
    def total(self) -> Array:
        """The velocities dx_i/dt, shape (..., n, d)."""
        result: Array = self.common[..., None, :] + (self.attraction + self.repulsion).sum(axis=-2)
        return result


@based_on("repons.swarm.motion.embeddings", "repons.swarm.forces", "repons.swarm.attraction", "repons.swarm.repulsion")
def forces(
    embeddings: ArrayLike,
    decoder: ArrayLike,
    bias: ArrayLike | None,
    targets: ArrayLike,
    eta_encoder: ArrayLike,
    loss: str = "squared",
) -> Forces:
    r"""Return the forces that repons exert on each other through a shared linear decoder.

    Parameters
    ----------
    embeddings : array_like, shape (..., n, d)
        The repons x_i.
    decoder : array_like, shape (..., p, d)
        The matrix A.
    bias : array_like, shape (..., p), or None
        The bias b; None is zero.
    targets : array_like, shape (..., n, p)
        The targets y_i: any numbers for the squared loss; for the logistic loss probabilities (0 or 1 for classes),
        which sum to 1 over the outputs unless there is a single one.
    eta_encoder : array_like, shape (...)
        Learning rate of the embeddings, between 1e-100 and 1e100.
    loss : str
        "squared", |A x + b - y|^2/2 summed over repons, or "logistic": cross-entropy of the softmax of A x + b, of its
        sigmoid for p = 1.

    Returns
    -------
    Forces
        Attraction, repulsion and the common force. The first two are antisymmetric: action equals reaction.

    Raises
    ------
    InvalidInput
        If shapes do not fit or a value lies outside its domain.

    Notes
    -----
    With the gradient g_i of the loss by the outputs of repon i and its mean gbar,
    dx_i/dt = -eta_x A^T gbar - (eta_x/n) sum_j A^T (g_i - g_j). For both losses g = prediction - target, and the
    difference of predictions is S (z_i - z_j), z = A x + b, with S the identity or the mean of the loss's Hessian on
    the way from z_j to z_i. Source: that unlike repons repel is said of Baek, Liu & Tegmark (2024) without an equation;
    the forces are derived here: statements `repons.swarm.forces`, `.attraction`, `.repulsion`.

    Examples
    --------
    Two classes on a line: like repons attract (0 and 1), unlike ones also repel.

    >>> result = forces([[1.0], [2.0], [-1.0]], [[1.0]], [0.0], [[1], [1], [-1]], eta_encoder=3)
    >>> result.attraction[..., 0]
    array([[ 0.,  1., -2.],
           [-1.,  0., -3.],
           [ 2.,  3.,  0.]])
    >>> result.repulsion[..., 0]
    array([[ 0.,  0.,  2.],
           [ 0.,  0.,  2.],
           [-2., -2.,  0.]])
    """
    require_choice("loss", loss, LOSSES)
    swarm, leading = checked_swarm(embeddings, decoder, bias, eta_encoder=rate("eta_encoder", eta_encoder))
    wanted = checked_targets(targets, swarm, loss)
    guess = prediction(swarm.outputs, loss)
    speed = leading["eta_encoder"][..., None, None, None] / guess.shape[-2]
    mean_gradient = gradient(swarm.outputs, wanted, loss).mean(axis=-2, keepdims=True)
    common = -leading["eta_encoder"][..., None, None] * (mean_gradient @ swarm.decoder)
    return Forces(
        # 0.0 rather than -0.0 where nothing pulls.
        attraction=-speed * _pulled_back(_differences(guess), swarm.decoder) + 0.0,
        repulsion=speed * _pulled_back(_differences(wanted), swarm.decoder),
        common=common[..., 0, :],
    )


def _differences(values: Array) -> Array:
    result: Array = values[..., :, None, :] - values[..., None, :, :]
    return result


def _pulled_back(differences: Array, decoder: Array) -> Array:
    """Return A^T times each difference, (..., n, n, p) to (..., n, n, d).

    Summed output by output: a matrix product may round i, j and j, i differently, and leave a rest of what is zero.
    """
    result: Array = np.zeros((*differences.shape[:-1], decoder.shape[-1]))
    for output in range(decoder.shape[-2]):
        result = result + differences[..., output, None] * decoder[..., None, None, output, :]
    return result
