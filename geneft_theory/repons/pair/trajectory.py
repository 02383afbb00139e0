"""Where a pair of repons goes: trajectory, conserved quantity, end point and rate, in closed form."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import exprel

from geneft_theory.citation import based_on
from geneft_theory.errors import require_array
from geneft_theory.repons.pair.rates import checked_pair, rates


@based_on("repons.pair.trajectory.separation", "repons.pair.trajectory.decoder", "repons.pair.trajectory.critical")
def trajectory(
    t: ArrayLike, a: ArrayLike, c: ArrayLike, eta_decoder: ArrayLike, eta_encoder: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Return decoder and half-separation of a pair at time t, the exact solution of the reduced system.

    Solves da/dt = -2 eta_decoder c^2 a, dc/dt = -eta_encoder a^2 c.

    Parameters
    ----------
    t : array_like
        Time >= 0 (learning rates times steps, in the limit of small steps).
    a, c : array_like
        Decoder coefficient and half-separation (x1 - x2)/2 at t = 0, any sign.
    eta_decoder, eta_encoder : array_like
        Learning rates > 0. All arguments broadcast.

    Returns
    -------
    a, c : numpy.ndarray
        The state at time t. Signs never change, magnitudes never grow, and a^2/(2 eta_decoder) - c^2/eta_encoder stays
        what it was, to rounding of its terms.

    Raises
    ------
    InvalidInput
        If t < 0, a learning rate is not positive, or an entry is not finite.

    Notes
    -----
    With P = eta_encoder a^2, Q = 2 eta_decoder c^2 at t = 0, the smaller of the two is min, the larger max:

    .. math::
        \min(t) = \frac{\min\, e^{-x}}{W}, \qquad \max(t) = \frac{\max}{W}, \qquad
        W = 1 + 2 t \min \frac{1 - e^{-x}}{x}, \qquad x = 2 t\, |P - Q|.

    Nothing cancels, at C = 0 no more than elsewhere, and the difference P - Q is computed to full precision, so that
    the result is right for the numbers given even where x is large and P and Q agree in all but their last digits.
    Squares need not be representable: amplitudes from 1e-150 to 1e150 with t up to 1e12 are tested.

    Source: the solution of Baek, Liu & Tegmark (2024), Eq. 10, derived here.

    Examples
    --------
    >>> a, c = trajectory([0, 20, 1e12], 1, 0.4, 0.1, 0.1)
    >>> a.round(6), c.round(6)
    (array([1.      , 0.833452, 0.824621]), array([0.4     , 0.085566, 0.      ]))
    """
    t = require_array("t", t, low=0)
    a, c, eta_decoder, eta_encoder = checked_pair(a, c, eta_decoder, eta_encoder, t=t)
    pair = rates(a, c, eta_decoder, eta_encoder)
    separates = pair.difference < 0
    slower = np.where(separates, pair.separation, pair.decoder)
    gap = np.abs(pair.difference)
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        # The square root of time keeps products in range that time itself would not.
        root_time = np.ldexp(np.sqrt(2.0) * np.sqrt(t), pair.exponent // 2)
        root_time = np.minimum(root_time, np.finfo(float).max)
        x = np.where(gap > 0, root_time * gap * root_time, 0.0)
        excess = np.where(x < 1, root_time * np.sqrt(slower * exprel(-x)), np.sqrt(slower * -np.expm1(-x) / gap))
        slowed = np.hypot(1.0, excess)
        decay = np.exp(-x / 2)
        return (
            np.asarray(a * np.where(separates, decay, 1.0) / slowed),
            np.asarray(c * np.where(separates, 1.0, decay) / slowed),
        )


@based_on("repons.pair.invariant")
def invariant(a: ArrayLike, c: ArrayLike, eta_decoder: ArrayLike, eta_encoder: ArrayLike) -> NDArray[np.float64]:
    """Return the conserved quantity C = a^2/(2 eta_decoder) - c^2/eta_encoder.

    Positive: the pair collapses. Negative: it stays apart. The sign is right however close the two terms are.

    Parameters
    ----------
    a, c : array_like
        Decoder coefficient and half-separation.
    eta_decoder, eta_encoder : array_like
        Learning rates > 0. All arguments broadcast.

    Returns
    -------
    numpy.ndarray
        C, in the broadcast shape; it must be representable, which |a|, |c| < 1e150 with rates near 1 ensure.

    Raises
    ------
    InvalidInput
        If a learning rate is not positive, or an entry is not finite.

    Notes
    -----
    Source: Baek, Liu & Tegmark (2024), Eq. 11; statement `repons.pair.invariant`.

    Examples
    --------
    >>> invariant(1, [0.4, 0.65, 1.5], 0.1, 0.1).round(6)
    array([  3.4  ,   0.775, -17.5  ])
    """
    a, c, eta_decoder, eta_encoder = checked_pair(a, c, eta_decoder, eta_encoder)
    pair = rates(a, c, eta_decoder, eta_encoder)
    decoder_mantissa, decoder_exponent = np.frexp(eta_decoder)
    encoder_mantissa, encoder_exponent = np.frexp(eta_encoder)
    with np.errstate(under="ignore"):
        mantissa = pair.difference / (2 * decoder_mantissa * encoder_mantissa)
        return np.asarray(np.ldexp(mantissa, pair.exponent - decoder_exponent - encoder_exponent))


@based_on("repons.pair.fate.separation", "repons.pair.fate.decoder")
def final(
    a: ArrayLike, c: ArrayLike, eta_decoder: ArrayLike, eta_encoder: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return decoder and half-separation after infinite time.

    Parameters
    ----------
    a, c : array_like
        Decoder coefficient and half-separation at the start, any sign.
    eta_decoder, eta_encoder : array_like
        Learning rates > 0. All arguments broadcast.

    Returns
    -------
    a, c : numpy.ndarray
        (sgn(a) sqrt(2 eta_decoder C), 0) where C > 0, (0, sgn(c) sqrt(-eta_encoder C)) where C < 0, (0, 0) at C = 0.

    Raises
    ------
    InvalidInput
        If a learning rate is not positive, or an entry is not finite.

    Notes
    -----
    Source: Baek, Liu & Tegmark (2024), Theorem 2; statements `repons.pair.fate.separation` and `.decoder`.

    Examples
    --------
    >>> a, c = final(1, [0.4, 1.5], 0.1, 0.1)
    >>> a.round(6), c.round(6)
    (array([0.824621, 0.      ]), array([0.      , 1.322876]))
    """
    a, c, eta_decoder, eta_encoder = checked_pair(a, c, eta_decoder, eta_encoder)
    pair = rates(a, c, eta_decoder, eta_encoder)
    gap = pair.difference
    kept_decoder = np.sqrt(np.maximum(gap, 0) / np.where(gap > 0, pair.separation, 1.0))
    kept_separation = np.sqrt(np.maximum(-gap, 0) / np.where(gap < 0, pair.decoder, 1.0))
    # Adding zero turns -0.0 into 0.0.
    return np.asarray(a * kept_decoder + 0.0), np.asarray(c * kept_separation + 0.0)


@based_on("repons.pair.relaxation_rate")
def relaxation_rate(a: ArrayLike, c: ArrayLike, eta_decoder: ArrayLike, eta_encoder: ArrayLike) -> NDArray[np.float64]:
    """Return the rate of the exponential approach to the end point, 2 eta_decoder eta_encoder |C|.

    It is the rate at which the separation decays where the pair collapses, and the decoder where it does not. It
    vanishes at C = 0, where the approach is algebraic: |c| ~ (4 eta_decoder t)^(-1/2).

    Parameters
    ----------
    a, c : array_like
        Decoder coefficient and half-separation.
    eta_decoder, eta_encoder : array_like
        Learning rates > 0. All arguments broadcast.

    Returns
    -------
    numpy.ndarray
        The rate >= 0, in 1/time.

    Raises
    ------
    InvalidInput
        If a learning rate is not positive, or an entry is not finite.

    Notes
    -----
    Source: derived here from Baek, Liu & Tegmark (2024), Eq. 10; statement `repons.pair.relaxation_rate`.

    Examples
    --------
    >>> relaxation_rate(1, [0.4, 0.65, 1.5], 0.1, 0.1).round(6)
    array([0.068 , 0.0155, 0.35  ])
    """
    a, c, eta_decoder, eta_encoder = checked_pair(a, c, eta_decoder, eta_encoder)
    pair = rates(a, c, eta_decoder, eta_encoder)
    with np.errstate(under="ignore"):
        return np.asarray(np.ldexp(np.abs(pair.difference), pair.exponent))
