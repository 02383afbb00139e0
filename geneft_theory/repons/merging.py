r"""Which same-class symbols of a real network will merge? The matrix law, applied at initialisation.

A symbol i meets the decoder in both positions of a pair, with every partner k. Stack these 2n outputs,
F(x) = (D(x, E_1), ..., D(x, E_n), D(E_1, x), ..., D(E_n, x)). Two symbols i, j of one class have the same targets, so
that with xbar = (x_i + x_j)/2, r = (x_i - x_j)/2 and F linear between them, F = F(xbar) + A (x - xbar), their loss is

    1/2 |F(x_i) - y|^2 + 1/2 |F(x_j) - y|^2 = |F(xbar) - y|^2 + |A r|^2 :

the pair of `geneft_theory.repons.matrix`, with A the Jacobian of the stacked outputs at the midpoint. It merges iff
M = A^T A / (2 eta_A) - r r^T / eta_x has no negative eigenvalue. Nothing is fitted.

**What eta_A is.** In the theory the entries of A are free, and u = A r decays at du/dt = -2 eta_A |r|^2 u. In a network
the rows of A share parameters theta, trained at eta_decoder: du/dt = -2 eta_decoder K u, with the kernel
K = (du/dtheta)(du/dtheta)^T. Along u that is the rate of the theory at

    eta_A = kappa eta_decoder,    kappa = u^T K u / (|u|^2 |r|^2) = |grad_theta (|u|^2 / 2)|^2 / (|u|^2 |r|^2),

the argument `decoder_gain`; kappa = 1 where the entries of A are the parameters. kappa has no fitted number either, but
takes K and u at initialisation, and of K only its action along u.

**Signs do not see the loss's prefactor.** A mean over S pairs or a factor 1/2 multiplies both rates alike, as does a
common output curvature (1/4 for the logistic loss at output 0), and M >= 0 compares them.

**What is left out**: partners move, other pairs pull, the midpoint is not on target, and D is not linear. How much
that costs is measured by `geneft run merging`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.citation import based_on
from geneft_theory.errors import InvalidInput, require_array, require_choice
from geneft_theory.repons import matrix
from geneft_theory.repons.linearisation import (
    Array,
    Decoder,
    DecoderJacobian,
    require_embeddings,
    require_pairs,
    stacked_jacobian,
)
from geneft_theory.repons.matrix.modes import rate

OPTIMISERS = ("gradient_flow", "sign")


@dataclass(frozen=True, eq=False)
class MergingPrediction:
    """What the theory expects of k pairs of symbols.

    Attributes
    ----------
    pairs : ndarray of int, shape (k, 2)
        The symbols of each pair.
    merges : ndarray of bool, shape (k,)
        Whether the pair is predicted to merge: margin >= 0.
    margin : ndarray, shape (k,)
        log(critical_ratio) - log(eta_decoder / eta_encoder): how far inside (> 0) or outside (< 0) the merging region
        the pair starts; -inf where no ratio of rates makes it merge, since r does not lie in the range of A^T, and
        +inf where every ratio does, since r = 0.
    critical_ratio : ndarray, shape (k,)
        eta_decoder / eta_encoder at which the margin is 0; 0 and infinite where the margin is infinite.
    final_separation : ndarray, shape (k,)
        Predicted |x_i - x_j| / 2 at the end; 0 where the pair merges.
    separation : ndarray, shape (k,)
        |r| = |x_i - x_j| / 2 at the start.
    invariant : ndarray, shape (k, d, d)
        The matrix M, conserved by gradient flow (not by the sign flow).
    """

    pairs: NDArray[np.int64]
    merges: NDArray[np.bool_]
    margin: Array
    critical_ratio: Array
    final_separation: Array
    separation: Array
    invariant: Array


@based_on(
    "repons.matrix.collapse",
    "repons.matrix.collapse.criterion",
    "repons.matrix.final_separation",
    "repons.pair.sign_flow.boundary",
)
def predict_merging(
    embeddings: ArrayLike,
    decoder: Decoder | ArrayLike | None,
    pairs: ArrayLike,
    *,
    eta_decoder: float,
    eta_encoder: float,
    decoder_gain: ArrayLike = 1.0,
    optimiser: str = "gradient_flow",
    training: ArrayLike | None = None,
    jacobian: DecoderJacobian | None = None,
    step: float | None = None,
) -> MergingPrediction:
    """Predict which pairs of same-class symbols a network will merge, from its parameters at initialisation.

    Parameters
    ----------
    embeddings : array_like, shape (n, d)
        Initial embeddings of the n symbols.
    decoder : callable or array_like, shape (k, p, d)
        ``decoder(first, second)`` returns the outputs, shape (m,), of m pairs of embeddings, shape (m, d) each. Or the
        pairs' Jacobians A themselves, as `stacked_jacobian` returns them; or None where `jacobian` is given.
    pairs : array_like of int, shape (k, 2)
        Pairs of different symbols of one class, such as `same_class_pairs` returns.
    eta_decoder, eta_encoder : float
        Learning rates, between 1e-100 and 1e100. Only their ratio enters whether a pair merges.
    decoder_gain : array_like, shape () or (k,)
        kappa > 0, by which A learns faster than if its entries were the decoder's parameters (see the module). Under
        the sign flow |grad_theta (|u|^2 / 2)|_1 / (|u|_1 |r|_1) in its place. 1 is the theory taken literally.
    optimiser : {"gradient_flow", "sign"}
        "sign" is the flow that Adam approximates, every parameter at its full learning rate. Its prediction is a
        comparison of two times, exact only for one dimension and one output: the largest component of r vanishes after
        |r|_max / eta_encoder, the decoder's dependence on r after |u|^2 / (eta_decoder decoder_gain |u|_1 |r|_1).
    training : array_like of bool, shape (n, n), optional
        Which ordered pairs of symbols are trained on. An output then counts if it is trained for both members of a
        pair: only then the residuals cancel in the difference. By default all count.
    jacobian : callable, optional
        ``jacobian(first, second)`` returns the derivatives of the outputs in the first and the second embedding,
        shape (m, d) each, in place of central differences.
    step : float, optional
        Step of the central differences, > 0; see `stacked_jacobian`.

    Returns
    -------
    MergingPrediction
        One entry a pair.

    Raises
    ------
    InvalidInput
        When an argument lies outside its domain or shapes do not fit together.

    Notes
    -----
    Derived here for networks; the law for free A extends Baek, Liu & Tegmark (2024), Eq. 11 and Theorem 2, to many
    dimensions and outputs.

    Examples
    --------
    A bilinear decoder, x1 . x2, and four symbols in the plane: the first pair is close, the second far apart.

    >>> embeddings = [[1.0, 0.1], [1.0, -0.1], [0.5, 2.0], [0.5, -2.0]]
    >>> def decoder(first, second):
    ...     return (first * second).sum(axis=1)
    >>> prediction = predict_merging(embeddings, decoder, [[0, 1], [2, 3]], eta_decoder=2.5, eta_encoder=1.0)
    >>> prediction.merges, prediction.critical_ratio.round(3)
    (array([ True, False]), array([802.   ,   2.005]))
    >>> prediction.final_separation.round(3)
    array([0.  , 0.89])
    """
    table = require_embeddings(embeddings)
    chosen = require_pairs(pairs, len(table))
    eta_decoder, eta_encoder = _require_rate("eta_decoder", eta_decoder), _require_rate("eta_encoder", eta_encoder)
    gain = _require_gain(decoder_gain, len(chosen))
    require_choice("optimiser", optimiser, OPTIMISERS)
    if callable(decoder) or decoder is None:
        slopes = stacked_jacobian(table, decoder, chosen, training=training, jacobian=jacobian, step=step)
    else:
        if training is not None or jacobian is not None:
            raise InvalidInput("decoder must be a callable where training or jacobian is given; got Jacobians")
        slopes = _require_slopes(decoder, len(chosen), table.shape[1])
    difference = (table[chosen[:, 0]] - table[chosen[:, 1]]) / 2
    rates = gain * eta_decoder, eta_encoder
    if optimiser == "gradient_flow":
        margin = matrix.margin(slopes, difference, *rates)
        final = matrix.final_separation(slopes, difference, *rates)
    else:
        margin, final = _race(slopes, difference, *rates)
    with np.errstate(over="ignore"):
        critical = np.exp(margin) * (eta_decoder / eta_encoder)
    invariant = matrix.invariant(slopes, difference, *rates)
    length = np.linalg.norm(difference, axis=1)
    return MergingPrediction(chosen, margin >= 0, margin, critical, final, length, invariant)


def _race(slopes: Array, difference: Array, eta_decoder: Array, eta_encoder: float) -> tuple[Array, Array]:
    """Return margin and final separation under the sign flow: which of two linear decays ends first."""
    output = np.abs((slopes @ difference[:, :, None])[..., 0])
    size = np.abs(difference)
    encoder_time = size.max(axis=1) / eta_encoder
    resistance = eta_decoder * output.sum(axis=1) * size.sum(axis=1)
    decoder_time = np.square(output).sum(axis=1) / np.where(resistance > 0, resistance, 1)
    with np.errstate(divide="ignore"):
        logarithm = np.log(decoder_time) - np.log(np.where(encoder_time > 0, encoder_time, 1))
    margin = np.where(encoder_time > 0, logarithm, np.inf)
    left = np.maximum(size - eta_encoder * decoder_time[:, None], 0)
    return margin, np.where(margin >= 0, 0, np.linalg.norm(left, axis=1))


def _require_rate(name: str, value: float) -> float:
    number = rate(name, value)
    if number.ndim:
        raise InvalidInput(f"{name} must be a single number; got an array of shape {number.shape}")
    return float(number)


def _require_gain(value: ArrayLike, pairs: int) -> Array:
    gain = require_array("decoder_gain", value, low=0, open_low=True)
    if gain.shape not in ((), (pairs,)):
        raise InvalidInput(f"decoder_gain must be one number or one a pair, ({pairs},); got shape {gain.shape}")
    return gain


def _require_slopes(jacobians: ArrayLike, pairs: int, dimension: int) -> Array:
    array = require_array("decoder", jacobians)
    if array.ndim != 3 or array.shape[0] != pairs or array.shape[2] != dimension or not array.shape[1]:
        raise InvalidInput(
            f"decoder must be a callable or Jacobians of shape ({pairs}, outputs, {dimension}); got shape {array.shape}"
        )
    return array
