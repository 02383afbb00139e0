"""How far apart a pair ends up: on average over Gaussian starts, and with weight decay of the decoder."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import elliprd, wrightomega

from geneft_theory.citation import based_on
from geneft_theory.errors import InvalidInput, require_array, require_broadcast, shown
from geneft_theory.repons.pair.rates import checked_pair, positive, rates, slope
from geneft_theory.repons.pair.trajectory import final

# Beyond, moments underflow.
_LARGE = 1e300


@based_on("repons.pair.expected_separation.first", "repons.pair.expected_separation.second")
def expected_separation(
    eta_decoder: ArrayLike,
    eta_encoder: ArrayLike,
    sigma_a: ArrayLike = 1.0,
    sigma_c: ArrayLike = 1.0,
    moment: int = 1,
    conditional: bool = False,
) -> NDArray[np.float64]:
    r"""Return the first or second moment of the half-separation |c| after infinite time.

    Parameters
    ----------
    eta_decoder, eta_encoder : array_like
        Learning rates > 0.
    sigma_a, sigma_c : array_like
        Standard deviations > 0 of the decoder's coefficient and of the half-separation at the start.
    moment : int
        1 for the mean of |c|, 2 for that of c^2. Full distances |x1 - x2| have twice, or four times, the value.
    conditional : bool
        Whether to average over the pairs that stay apart only; otherwise a collapsed pair counts with 0.

    Returns
    -------
    numpy.ndarray
        The moment, in the broadcast shape.

    Raises
    ------
    InvalidInput
        If a rate or a standard deviation is not positive, or the moment is neither 1 nor 2.

    Notes
    -----
    With rho = (sigma_a/sigma_c) sqrt(eta_encoder/(2 eta_decoder)), m = 1 + rho^2 and the complete elliptic integrals
    of parameter 1/m,

    .. math::
        \langle |c| \rangle = \sigma_c \sqrt{\frac{2 m}{\pi}} \left[E - (1 - 1/m) K\right], \qquad
        \langle c^2 \rangle = \frac{2 \sigma_c^2}{\pi} \left[(1 - \rho^2) \arctan\frac{1}{\rho} + \rho\right],

    both in forms that keep their digits for large and small rho (Carlson's R_D, a power series). Source: derived here.

    Examples
    --------
    >>> expected_separation(0.1, [0.002, 0.2, 20]).round(4)
    array([0.7852, 0.478 , 0.0624])
    >>> expected_separation(0.1, [0.002, 0.2, 20], conditional=True).round(4)
    array([0.8384, 0.956 , 0.9839])
    """
    if not isinstance(moment, int | np.integer) or isinstance(moment, bool) or moment not in (1, 2):
        raise InvalidInput(f"moment must be 1 or 2; got {shown(moment)}")
    arrays = {
        "eta_decoder": positive("eta_decoder", eta_decoder),
        "eta_encoder": positive("eta_encoder", eta_encoder),
        "sigma_a": positive("sigma_a", sigma_a),
        "sigma_c": positive("sigma_c", sigma_c),
    }
    require_broadcast(arrays)
    decoder, encoder, start_a, start_c = np.broadcast_arrays(*arrays.values())
    rho = np.minimum(slope(decoder, encoder, start_a, start_c), _LARGE)
    scaled = _mean(rho) if moment == 1 else _mean_square(rho)
    if conditional:
        scaled = scaled / (2 / np.pi * np.arctan2(1, rho))
    return np.asarray(scaled * start_c**moment)


@based_on("repons.pair.weight_decay.separation", "repons.pair.fate.separation")
def separation_with_decay(
    a: ArrayLike, c: ArrayLike, eta_decoder: ArrayLike, eta_encoder: ArrayLike, decay_decoder: ArrayLike
) -> NDArray[np.float64]:
    r"""Return the half-separation after infinite time when the decoder, and only it, has weight decay.

    Then no pair collapses exactly: the decoder that pulls it together dies before. What counts as collapsed needs a
    threshold, and the boundary depends on it, weakly as long as the decay is weak.

    Parameters
    ----------
    a, c : array_like
        Decoder coefficient and half-separation at the start, any sign.
    eta_decoder, eta_encoder : array_like
        Learning rates > 0.
    decay_decoder : array_like
        Coefficient >= 0 of the decoder's weight decay: decay_decoder a^2/2 is added to the loss. All arguments
        broadcast.

    Returns
    -------
    numpy.ndarray
        The half-separation, with the sign of c; the second value of `final` where the decay is 0.

    Raises
    ------
    InvalidInput
        If a learning rate is not positive, the decay is negative, or an entry is not finite.

    Notes
    -----
    .. math:: c_\infty^2 = \frac{\lambda_A}{2}
              W\left(\frac{2 c^2}{\lambda_A} e^{-2 \eta_x C/\lambda_A}\right)

    with Lambert's W. Source: derived here; statement `repons.pair.weight_decay.separation`.

    Examples
    --------
    >>> separation_with_decay(1, 0.5, 0.1, 0.1, [0, 1e-2, 1e-1, 1]).round(4)
    array([0.    , 0.    , 0.0404, 0.3456])
    """
    decay = require_array("decay_decoder", decay_decoder, low=0)
    a, c, eta_decoder, eta_encoder = checked_pair(a, c, eta_decoder, eta_encoder, decay_decoder=decay)
    pair = rates(a, c, eta_decoder, eta_encoder)
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        exponent = -np.ldexp(pair.difference, pair.exponent) / eta_decoder / decay
        w = wrightomega(np.log(2.0) + 2 * np.log(np.abs(c)) - np.log(decay) + exponent)
        # Two forms of the same value, by W exp(W): the first without cancellation, the second without underflow.
        left = np.where(exponent > 1, np.sign(c) * np.sqrt(decay / 2) * np.sqrt(w), c * np.exp((exponent - w) / 2))
    # A decay that vanishes beside C leaves what no decay leaves.
    return np.where(np.isfinite(left) & (c != 0), left, final(a, c, eta_decoder, eta_encoder)[1])


def _mean(rho: NDArray[np.float64]) -> NDArray[np.float64]:
    # E - (1 - 1/m) K = R_D(0, 1, 1 - 1/m) (1 - 1/m)/(3 m), without a difference.
    complement = (rho / np.hypot(1.0, rho)) ** 2
    tiny = complement < 1e-30
    bracket = np.where(tiny, 1.0, complement * elliprd(0.0, 1.0, np.where(tiny, 1.0, complement)) / 3)
    return np.asarray(np.sqrt(2 / np.pi) * bracket / np.hypot(1.0, rho))


def _mean_square(rho: NDArray[np.float64]) -> NDArray[np.float64]:
    # For rho > 2 the closed form is a difference of large numbers; its series in 1/rho^2 has shrunk by 4^-30 then.
    order = np.arange(30)
    coefficients = (-1.0) ** order * (1 / (2 * order + 1) + 1 / (2 * order + 3))
    inverse = 1 / np.maximum(rho, 2.0)
    series = inverse * np.polynomial.polynomial.polyval(inverse**2, coefficients)
    small = np.minimum(rho, 2.0)
    closed = (1 - small**2) * np.arctan2(1, small) + small
    return np.asarray(2 / np.pi * np.where(rho > 2, series, closed))
