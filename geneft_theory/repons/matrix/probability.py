"""How likely a pair of repons with Gaussian start collapses in d dimensions, and at which ratio of learning rates."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betainccinv, betaincinv, expit

from geneft_theory.citation import based_on
from geneft_theory.errors import InvalidInput, require_array, require_broadcast
from geneft_theory.repons.matrix.modes import rate
from geneft_theory.repons.pair.collapse import cluster_size, slowing


@based_on("repons.matrix.collapse_probability", "repons.matrix.cluster")
def collapse_probability(
    eta_decoder: ArrayLike,
    eta_encoder: ArrayLike,
    dimension: ArrayLike,
    outputs: ArrayLike,
    sigma_a: ArrayLike = 1.0,
    sigma_c: ArrayLike = 1.0,
    cluster: ArrayLike = 1,
) -> NDArray[np.float64]:
    r"""Return the probability that a pair with Gaussian start collapses in d dimensions with p outputs.

    Parameters
    ----------
    eta_decoder, eta_encoder : array_like
        Learning rates, between 1e-100 and 1e100.
    dimension, outputs : array_like
        d and p, integers >= 1.
    sigma_a, sigma_c : array_like
        Standard deviations > 0 of every entry of the decoder and of the half-separation, all independent with mean 0.
        Embeddings with standard deviation s each have sigma_c = s/sqrt(2).
    cluster : array_like
        Number N >= 1 of coincident partners. All arguments broadcast.

    Returns
    -------
    numpy.ndarray
        The probability, 0 for p < d: fewer outputs than dimensions leave directions in which nothing pulls.

    Raises
    ------
    InvalidInput
        If an argument lies outside its domain.

    Notes
    -----
    r^T (A^T A)^(-1) r is Hotelling's statistic: (sigma_c/sigma_a)^2 d/(p - d + 1) times a variable with the
    F distribution with d and p - d + 1 degrees of freedom. With rho^2 = (sigma_a/sigma_c)^2 eta_x/(2 eta_A) the
    probability is the regularised incomplete beta function I_x(d/2, (p - d + 1)/2) at x = rho^2/(1 + rho^2), and
    (2/pi) arctan(rho) for d = p = 1, Eq. 12 of Baek, Liu & Tegmark (2024). Source: derived here; statement
    `repons.matrix.collapse_probability`.

    Examples
    --------
    >>> collapse_probability(0.5, 1, dimension=[1, 1, 2, 3, 2], outputs=[1, 3, 2, 5, 1]).round(3)
    array([0.5  , 0.818, 0.293, 0.5  , 0.   ])
    """
    arrays = {
        "eta_decoder": rate("eta_decoder", eta_decoder),
        "eta_encoder": rate("eta_encoder", eta_encoder),
        "dimension": _whole("dimension", dimension),
        "outputs": _whole("outputs", outputs),
        "sigma_a": require_array("sigma_a", sigma_a, low=0, open_low=True),
        "sigma_c": require_array("sigma_c", sigma_c, low=0, open_low=True),
        "cluster": cluster_size(cluster),
    }
    require_broadcast(arrays)
    decoder, encoder, d, p, start_a, start_c, size = np.broadcast_arrays(*arrays.values())
    log_square = 2 * (np.log(start_a) - np.log(start_c)) + np.log(encoder) - np.log(2 * decoder * slowing(size))
    freedom = np.maximum(p - d + 1, 1)
    return np.where(p < d, 0.0, betainc(d / 2, freedom / 2, expit(log_square)))


@based_on("repons.matrix.collapse_probability", "repons.matrix.cluster")
def critical_ratio(
    probability: ArrayLike = 0.5,
    dimension: ArrayLike = 1,
    outputs: ArrayLike = 1,
    sigma_a: ArrayLike = 1.0,
    sigma_c: ArrayLike = 1.0,
    cluster: ArrayLike = 1,
) -> NDArray[np.float64]:
    """Return the ratio eta_decoder/eta_encoder at which the collapse has a given probability.

    Parameters
    ----------
    probability : array_like
        Probability of collapse, at least 1e-30 and below 1.
    dimension, outputs : array_like
        d and p >= d, integers >= 1.
    sigma_a, sigma_c : array_like
        Standard deviations at the start, between 1e-50 and 1e50.
    cluster : array_like
        Number N >= 1 of coincident partners. All arguments broadcast.

    Returns
    -------
    numpy.ndarray
        The ratio > 0; a smaller one collapses more often.

    Raises
    ------
    InvalidInput
        If an argument lies outside its domain; for p < d no ratio has a positive probability.

    Notes
    -----
    The inverse of `collapse_probability`. Source: derived here; for d = p = 1 Baek, Liu & Tegmark (2024), Theorem 3.

    Examples
    --------
    >>> critical_ratio([0.5, 0.14]).round(4)
    array([ 0.5   , 10.0072])
    >>> critical_ratio(0.5, dimension=2, outputs=[2, 30]).round(4)
    array([ 0.1667, 10.2115])
    """
    arrays = {
        "probability": require_array("probability", probability, low=1e-30, high=1, open_high=True),
        "dimension": _whole("dimension", dimension),
        "outputs": _whole("outputs", outputs),
        "sigma_a": require_array("sigma_a", sigma_a, low=1e-50, high=1e50),
        "sigma_c": require_array("sigma_c", sigma_c, low=1e-50, high=1e50),
        "cluster": cluster_size(cluster),
    }
    require_broadcast(arrays)
    chance, d, p, start_a, start_c, size = np.broadcast_arrays(*arrays.values())
    if np.any(p < d):
        raise InvalidInput(f"outputs must be >= dimension for a collapse to be possible; got {p[p < d].flat[0]:g}")
    below = betaincinv(d / 2, (p - d + 1) / 2, chance)
    above = betainccinv((p - d + 1) / 2, d / 2, chance)
    ratio: NDArray[np.float64] = (start_a / start_c) ** 2 * (above / below) / (2 * slowing(size))
    return ratio


def _whole(name: str, value: ArrayLike) -> NDArray[np.float64]:
    array = require_array(name, value, low=1)
    fractional = array != np.floor(array)
    if np.any(fractional):
        raise InvalidInput(f"{name} must be an integer >= 1; got {array[fractional].flat[0]:g}")
    return array
