"""Whether and when a pair of repons collapses: time, probability, and the ratio of learning rates in between."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.citation import based_on
from geneft_theory.errors import InvalidInput, require_array, require_broadcast, require_choice
from geneft_theory.repons.pair.horizon import gradient_flow_probability, sign_flow_probability
from geneft_theory.repons.pair.rates import checked_pair, positive, rates, slope

OPTIMISERS = ("gradient_flow", "sign")


@based_on("repons.pair.collapse_time")
def collapse_time(
    separation: ArrayLike, a: ArrayLike, c: ArrayLike, eta_decoder: ArrayLike, eta_encoder: ArrayLike
) -> NDArray[np.float64]:
    r"""Return the time at which the half-separation |c| has come down to a given value.

    Parameters
    ----------
    separation : array_like
        Half-separation eps > 0 to be reached.
    a, c : array_like
        Decoder coefficient and half-separation at t = 0, any sign.
    eta_decoder, eta_encoder : array_like
        Learning rates > 0. All arguments broadcast.

    Returns
    -------
    numpy.ndarray
        The time: 0 where |c| <= eps already, infinite where the pair never comes so close.

    Raises
    ------
    InvalidInput
        If eps or a learning rate is not positive, or an entry is not finite.

    Notes
    -----
    With P = eta_encoder a^2, Q = 2 eta_decoder c^2, G = P - Q at t = 0 and r = (eps/c)^2,

    .. math:: t = \frac{1}{2 G} \ln\left(1 + \frac{G}{P} \frac{1 - r}{r}\right),

    evaluated without cancellation on either side of G = 0. Source: derived here from Baek, Liu & Tegmark (2024),
    Eq. 10; statement `repons.pair.collapse_time`.

    Examples
    --------
    >>> collapse_time(1e-3, 1, [0, 0.4, 0.65, 1.5], 0.1, 0.1).round(3)
    array([  0.   ,  85.274, 357.73 ,     inf])
    """
    separation = positive("separation", separation)
    a, c, eta_decoder, eta_encoder = checked_pair(a, c, eta_decoder, eta_encoder, separation=separation)
    pair = rates(a, c, eta_decoder, eta_encoder)
    distance = np.abs(c)
    near = distance <= separation
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        shrink = np.where(near, 1.0, separation / distance)
        r = shrink**2
        # 1 - r from the difference of the distances, which is exact where they are close.
        gone = (distance - separation) / distance * (1 + shrink)
        gap = pair.difference
        # P when |c| = eps has been reached, in units of its first value; where it is not positive, that never happens.
        rate_left = np.where(r < 0.5, gap + r * pair.decoder, pair.separation - gone * pair.decoder) / pair.separation
        never = (pair.separation == 0) | ((gap < 0) & (rate_left <= 0))
        time = gone / (r * pair.separation)
        z = gap * time
        logarithm = np.where(z < -0.5, np.log(rate_left) - 2 * np.log(shrink), np.log1p(z))
        logarithm = np.where(z > 1e300, np.log(gap / pair.separation) - 2 * np.log(shrink), logarithm)
        scaled = np.where(np.abs(z) < 0.5, time * np.where(z == 0, 1.0, np.log1p(z) / z), logarithm / gap)
        time = np.ldexp(scaled / 2, -pair.exponent)
    return np.where(near, 0.0, np.where(never, np.inf, time))


@based_on(
    "repons.pair.collapse_probability", "repons.cluster.collapse_probability", "repons.pair.sign_flow.probability"
)
def collapse_probability(
    eta_decoder: ArrayLike,
    eta_encoder: ArrayLike,
    sigma_a: ArrayLike = 1.0,
    sigma_c: ArrayLike = 1.0,
    cluster: ArrayLike = 1,
    horizon: ArrayLike | None = None,
    separation: ArrayLike | None = None,
    optimiser: str = "gradient_flow",
) -> NDArray[np.float64]:
    r"""Return the probability that a pair with Gaussian start collapses, in the end or within a given time.

    Parameters
    ----------
    eta_decoder, eta_encoder : array_like
        Learning rates > 0.
    sigma_a, sigma_c : array_like
        Standard deviations > 0 of the decoder's coefficient and of the half-separation c = (x1 - x2)/2 at the start,
        both with mean 0. Embeddings with standard deviation s each have sigma_c = s/sqrt(2).
    cluster : array_like
        Number N >= 1 of coincident partners that the repon meets; 1 is the pair.
    horizon : array_like, optional
        Time T >= 0 by which the half-separation must be down to `separation`. Without it, the probability of exact
        collapse after infinite time. Both or neither must be given.
    separation : array_like, optional
        Half-separation eps > 0 that counts as collapsed at the horizon.
    optimiser : str
        "gradient_flow" (plain gradient descent with small steps), or "sign": every coordinate moves at its learning
        rate against its gradient's sign and stops at 0, a caricature of Adam, for a pair only.

    Returns
    -------
    numpy.ndarray
        Probability, in the broadcast shape of all the arrays.

    Raises
    ------
    InvalidInput
        If a rate, a standard deviation or the separation is not positive, the cluster is not an integer >= 1 (or, for
        "sign", not 1), one of horizon and separation is missing, or the optimiser is unknown.

    Notes
    -----
    Without a horizon, the arctangent laws

    .. math::
        p = \frac{2}{\pi} \arctan\left(\frac{\sigma_a}{\sigma_c}
            \sqrt{\frac{\eta_{x} (1 + 1/N)}{4 \eta_{A}}}\right), \qquad
        p_{\mathrm{sign}} = \frac{2}{\pi} \arctan\left(\frac{\sigma_a}{\sigma_c} \frac{\eta_{x}}{\eta_{A}}\right);

    with one, quadrature over the start (gradient flow, to an absolute error below 1e-10) or Owen's T function (sign).

    Source: Baek, Liu & Tegmark (2024), Eq. 12 and 13, the latter corrected; the sign flow and the horizon are ours.

    Examples
    --------
    >>> collapse_probability([0.1, 1, 10], 1).round(4)
    array([0.7323, 0.3918, 0.14  ])
    >>> collapse_probability(1, 1, cluster=[1, 2, 4]).round(4)
    array([0.3918, 0.3498, 0.3245])
    >>> collapse_probability(0.1, 0.2, horizon=[400, 4000], separation=1e-3).round(4)
    array([0.4555, 0.4946])
    """
    require_choice("optimiser", optimiser, OPTIMISERS)
    if (horizon is None) != (separation is None):
        given, missing = ("horizon", "separation") if separation is None else ("separation", "horizon")
        raise InvalidInput(f"horizon and separation must be given together; got {given} without {missing}")
    arrays = {
        "eta_decoder": positive("eta_decoder", eta_decoder),
        "eta_encoder": positive("eta_encoder", eta_encoder),
        "sigma_a": positive("sigma_a", sigma_a),
        "sigma_c": positive("sigma_c", sigma_c),
        "cluster": cluster_size(cluster, optimiser),
    }
    if horizon is not None and separation is not None:
        arrays["horizon"] = require_array("horizon", horizon, low=0)
        arrays["separation"] = positive("separation", separation)
    require_broadcast(arrays)
    decoder, encoder, start_a, start_c, size, *ending = np.broadcast_arrays(*arrays.values())
    if optimiser == "sign":
        if ending:
            return sign_flow_probability(decoder, encoder, start_a, start_c, *ending)
        with np.errstate(over="ignore", under="ignore"):
            return np.asarray(2 / np.pi * np.arctan((start_a / decoder) / (start_c / encoder)))
    decoder = decoder * slowing(size)
    if ending:
        return gradient_flow_probability(decoder, encoder, start_a, start_c, *ending)
    return np.asarray(2 / np.pi * np.arctan(slope(decoder, encoder, start_a, start_c)))


@based_on("repons.pair.critical_ratio")
def critical_ratio(
    probability: ArrayLike = 0.5,
    sigma_a: ArrayLike = 1.0,
    sigma_c: ArrayLike = 1.0,
    cluster: ArrayLike = 1,
    optimiser: str = "gradient_flow",
) -> NDArray[np.float64]:
    """Return the ratio eta_decoder/eta_encoder at which the collapse has a given probability.

    Lines of equal probability are lines of equal ratio: slope +1 in a log-log plane of the two learning rates.

    Parameters
    ----------
    probability : array_like
        Probability of collapse, in (0, 1).
    sigma_a, sigma_c : array_like
        Standard deviations > 0 of the decoder's coefficient and of the half-separation at the start.
    cluster : array_like
        Number N >= 1 of coincident partners.
    optimiser : str
        "gradient_flow" or "sign", as in `collapse_probability`.

    Returns
    -------
    numpy.ndarray
        The ratio > 0, in the broadcast shape; a smaller ratio collapses more often.

    Raises
    ------
    InvalidInput
        If the probability is not inside (0, 1), a standard deviation is not positive, the cluster is not an
        integer >= 1 (or, for "sign", not 1), or the optimiser is unknown.

    Notes
    -----
    Source: Baek, Liu & Tegmark (2024), Theorem 3, solved for the ratio; statement `repons.pair.critical_ratio`.

    Examples
    --------
    >>> critical_ratio([0.14, 0.5]).round(4)
    array([10.0072,  0.5   ])
    >>> critical_ratio([0.5, 0.9], optimiser="sign").round(4)
    array([1.    , 0.1584])
    """
    require_choice("optimiser", optimiser, OPTIMISERS)
    probability = require_array("probability", probability, low=0, high=1, open_low=True, open_high=True)
    arrays = {
        "probability": probability,
        "sigma_a": positive("sigma_a", sigma_a),
        "sigma_c": positive("sigma_c", sigma_c),
        "cluster": cluster_size(cluster, optimiser),
    }
    require_broadcast(arrays)
    probability, start_a, start_c, size = np.broadcast_arrays(*arrays.values())
    ratio = start_a / start_c / np.tan(np.pi / 2 * probability)
    return np.asarray(ratio if optimiser == "sign" else ratio**2 / (2 * slowing(size)))


def cluster_size(cluster: ArrayLike, optimiser: str = "gradient_flow") -> NDArray[np.float64]:
    """Return numbers of partners as an array, or refuse what is not an integer >= 1, or not 1 for the sign flow."""
    size = require_array("cluster", cluster, low=1)
    fractional = size != np.floor(size)
    if np.any(fractional):
        raise InvalidInput(f"cluster must be an integer >= 1; got {size[fractional].flat[0]:g}")
    if optimiser == "sign" and np.any(size != 1):
        # Signs forget that x1 has N times the residual of each partner: the weighted centroid does not stay.
        raise InvalidInput(f"cluster must be 1 with optimiser 'sign', which has no law for more; got {size.max():g}")
    return size


def slowing(size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 2 N/(N + 1), the factor on the decoder's learning rate that turns a pair into one repon against N."""
    return 2 * (size / (size + 1))
