"""One repon against N partners of its class that already coincide.

The N partners keep their separate embeddings and move together. Let s = x1 - x2 be the distance between the repon and
the cluster. On the set on which the *weighted* centroid (x1 + N x2)/(N + 1) is 0 and the bias is on target, ds/dt =
-eta_encoder a^2 s, as for a pair, but da/dt = -eta_decoder N/(N + 1) a s^2. With c = s/2, the half-distance as for a
pair, that is the pair with eta_decoder replaced by eta_decoder 2 N/(N + 1): everything here follows from `pair`.

The centroid is weighted because each partner's residual pulls on the decoder: x1 sits N times as far from the centroid
as the cluster does, and has N times its residual.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.citation import based_on
from geneft_theory.errors import require_broadcast
from geneft_theory.repons import pair
from geneft_theory.repons.pair.collapse import cluster_size, slowing
from geneft_theory.repons.pair.rates import positive


@based_on(
    "repons.cluster.decoder_motion",
    "repons.cluster.separation_motion",
    "repons.pair.trajectory.separation",
    "repons.pair.trajectory.decoder",
)
def trajectory(
    t: ArrayLike, a: ArrayLike, c: ArrayLike, eta_decoder: ArrayLike, eta_encoder: ArrayLike, cluster: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return decoder and half-distance between a repon and a cluster at time t, the exact solution.

    Parameters
    ----------
    t : array_like
        Time >= 0.
    a, c : array_like
        Decoder coefficient and half-distance (x1 - x2)/2 at t = 0, any sign.
    eta_decoder, eta_encoder : array_like
        Learning rates > 0.
    cluster : array_like
        Number N >= 1 of coincident partners. All arguments broadcast.

    Returns
    -------
    a, c : numpy.ndarray
        The state at time t, as in `pair.trajectory`.

    Raises
    ------
    InvalidInput
        If an argument lies outside its domain.

    Notes
    -----
    Source: the premises of Baek, Liu & Tegmark (2024), Eq. 13, derived again; statement
    `repons.cluster.decoder_motion`.

    Examples
    --------
    >>> a, c = trajectory(20, 1, 0.4, 0.1, 0.1, cluster=[1, 2, 8])
    >>> a.round(4), c.round(4)
    (array([0.8335, 0.774 , 0.6927]), array([0.0856, 0.0984, 0.117 ]))
    """
    return pair.trajectory(t, a, c, _effective(eta_decoder, cluster), eta_encoder)


@based_on("repons.cluster.invariant")
def invariant(
    a: ArrayLike, c: ArrayLike, eta_decoder: ArrayLike, eta_encoder: ArrayLike, cluster: ArrayLike
) -> NDArray[np.float64]:
    """Return the conserved quantity (1 + 1/N) a^2/(4 eta_decoder) - c^2/eta_encoder; collapse iff it is positive.

    Parameters
    ----------
    a, c : array_like
        Decoder coefficient and half-distance (x1 - x2)/2.
    eta_decoder, eta_encoder : array_like
        Learning rates > 0.
    cluster : array_like
        Number N >= 1 of coincident partners. All arguments broadcast.

    Returns
    -------
    numpy.ndarray
        The invariant; for N = 1 that of the pair.

    Raises
    ------
    InvalidInput
        If an argument lies outside its domain.

    Notes
    -----
    Source: derived here; statement `repons.cluster.invariant`.

    Examples
    --------
    >>> invariant(1, 0.65, 0.1, 0.1, cluster=[1, 2, 4]).round(3)
    array([ 0.775, -0.475, -1.1  ])
    """
    return pair.invariant(a, c, _effective(eta_decoder, cluster), eta_encoder)


@based_on("repons.cluster.decoder_motion", "repons.cluster.separation_motion", "repons.pair.collapse_time")
def collapse_time(
    separation: ArrayLike,
    a: ArrayLike,
    c: ArrayLike,
    eta_decoder: ArrayLike,
    eta_encoder: ArrayLike,
    cluster: ArrayLike,
) -> NDArray[np.float64]:
    """Return the time at which the half-distance between a repon and a cluster has come down to a given value.

    Parameters
    ----------
    separation : array_like
        Half-distance eps > 0 to be reached.
    a, c : array_like
        Decoder coefficient and half-distance (x1 - x2)/2 at t = 0, any sign.
    eta_decoder, eta_encoder : array_like
        Learning rates > 0.
    cluster : array_like
        Number N >= 1 of coincident partners. All arguments broadcast.

    Returns
    -------
    numpy.ndarray
        The time: 0 where |c| <= eps already, infinite where it never comes so close.

    Raises
    ------
    InvalidInput
        If an argument lies outside its domain.

    Notes
    -----
    Source: derived here; statements `repons.cluster.decoder_motion` and `repons.pair.collapse_time`.

    Examples
    --------
    >>> collapse_time(1e-3, 1, 0.4, 0.1, 0.1, cluster=[1, 2, 8]).round(2)
    array([ 85.27,  99.65, 129.22])
    """
    return pair.collapse_time(separation, a, c, _effective(eta_decoder, cluster), eta_encoder)


@based_on("repons.cluster.collapse_probability")
def collapse_probability(
    eta_decoder: ArrayLike,
    eta_encoder: ArrayLike,
    cluster: ArrayLike,
    *,
    sigma_a: ArrayLike = 1.0,
    sigma_c: ArrayLike = 1.0,
    horizon: ArrayLike | None = None,
    separation: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Return the probability that a repon with Gaussian start is absorbed by a cluster of N, under gradient flow.

    Parameters
    ----------
    eta_decoder, eta_encoder : array_like
        Learning rates > 0.
    cluster : array_like
        Number N >= 1 of coincident partners.
    sigma_a, sigma_c : array_like
        Standard deviations > 0 of the decoder's coefficient and of the half-distance c = (x1 - x2)/2 at the start.
    horizon, separation : array_like, optional
        Time T >= 0 by which the half-distance must be down to a value eps > 0; both or neither.

    Returns
    -------
    numpy.ndarray
        Probability, in the broadcast shape; it falls with N, to what twice the decoder's rate gives for a pair.

    Raises
    ------
    InvalidInput
        If an argument lies outside its domain.

    Notes
    -----
    The same as `pair.collapse_probability` with `cluster`. Source: Baek, Liu & Tegmark (2024), Eq. 13, corrected;
    statement `repons.cluster.collapse_probability`.

    Examples
    --------
    >>> collapse_probability(1, 1, cluster=[1, 2, 4]).round(3)
    array([0.392, 0.35 , 0.325])
    """
    return pair.collapse_probability(
        eta_decoder, eta_encoder, sigma_a, sigma_c, cluster=cluster, horizon=horizon, separation=separation
    )


def _effective(eta_decoder: ArrayLike, cluster: ArrayLike) -> NDArray[np.float64]:
    """Return the decoder's learning rate of the pair that moves like a repon and a cluster."""
    rate, size = positive("eta_decoder", eta_decoder), cluster_size(cluster)
    require_broadcast({"eta_decoder": rate, "cluster": size})
    return rate * slowing(size)
