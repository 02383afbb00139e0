"""One output: the exact course of two representations from any start, aligned or not, in closed form.

The vectors sqrt(eta_y) dh +- sqrt(eta_h X) D_y only change their lengths, by reciprocal factors: q, the square of the
one factor, obeys a Riccati equation with constant coefficients.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import exprel

from geneft_theory.alignment.state import ROUNDING, Array, bounded, nonnegative, positive, together
from geneft_theory.citation import based_on
from geneft_theory.errors import InvalidInput


@based_on("alignment.scalar.q", "alignment.scalar.h", "alignment.scalar.y")
def scalar_trajectory(
    t: ArrayLike,
    h: ArrayLike,
    decoder: ArrayLike,
    dy: ArrayLike,
    eta_h: ArrayLike,
    eta_y: ArrayLike,
    X: ArrayLike,
    target: ArrayLike,
) -> tuple[Array, Array]:
    r"""Return squared distance of the representations and difference of the outputs at time t, for one output.

    Parameters
    ----------
    t : array_like
        Time >= 0, in the unit of 1/eta.
    h : array_like
        Squared distance |dh|^2 > 0 of the two representations at t = 0.
    decoder : array_like
        Squared norm |D_y|^2 >= dy^2/h of the decoder's gradient at t = 0; equal where it points along dh.
    dy : array_like
        Difference of the outputs at t = 0, with its sign.
    eta_h, eta_y : array_like
        Rates > 0 of encoder and decoder, 1/(2 tau_h) and 1/(2 tau_y).
    X : array_like
        Squared distance > 0 of the inputs.
    target : array_like
        Difference dy* of the targets, with its sign. All arguments broadcast.

    Returns
    -------
    h, dy : numpy.ndarray
        |dh|^2 and dy at time t. y = dy^2 and w = dy (dy - target) make the state of `trajectory`.

    Raises
    ------
    InvalidInput
        If an argument lies outside its domain, or |dy| exceeds what |dh| and |D_y| allow.

    Notes
    -----
    With ``U_± = h + r X |D_y|^2 ± 2 sqrt(r X) dy`` and ``K = sqrt(4 r X dy*^2 + U_+ U_-)``, and time in units of
    2/eta_y,

    .. math::
        q = \frac{2 e^{-K t} + f\, (K + 2\sqrt{r X}\, dy^* + U_-)}
                 {2 e^{-K t} + f\, U_+ [1 + U_-/(K + 2\sqrt{r X}\, dy^*)]}, \qquad f = \frac{1 - e^{-K t}}{K},

    ``4 |dh|^2 = U_+ q + U_-/q + 2 (h - r X |D_y|^2)`` and ``4 sqrt(r X) dy = U_+ q - U_-/q``. Source: derived here;
    statements `alignment.scalar.q`, `.h` and `.y`.

    Examples
    --------
    >>> h, dy = scalar_trajectory([0, 100, 1000], 0.01, 1, 0.05, 0.01, 0.01, X=1, target=0.7)
    >>> h.round(4), dy.round(4)
    (array([0.01  , 0.1022, 0.3665]), array([0.05  , 0.3227, 0.6998]))
    """
    arrays = {
        "t": nonnegative("t", t),
        "h": positive("h", h),
        "decoder": nonnegative("decoder", decoder),
        "dy": bounded("dy", dy),
        "eta_h": positive("eta_h", eta_h),
        "eta_y": positive("eta_y", eta_y),
        "X": positive("X", X),
        "target": bounded("target", target),
    }
    t, h, decoder, dy, eta_h, eta_y, X, target = together(arrays)
    _require_reachable(h, decoder, dy)
    sign = np.where(target < 0, -1.0, 1.0)
    unit = np.sqrt(eta_h / eta_y) * np.sqrt(X)
    # In units in which r X = 1: D is |D_y|^2, s and low are dy and dy*, all times powers of sqrt(r X).
    D, s, low = unit * decoder * unit, sign * dy * unit, np.abs(target) * unit
    high, gram = h - D, _gram(h, D, s)
    # Of U+ and U- the smaller one without a difference, by U+ U- = high^2 + 4 gram.
    larger = h + D + 2 * np.abs(s)
    smaller = high * (high / larger) + 4 * gram / larger
    U_plus, U_minus = np.where(s >= 0, larger, smaller), np.where(s >= 0, smaller, larger)
    K = np.hypot(2 * low, np.sqrt(U_plus) * np.sqrt(U_minus))
    time = eta_y * t / 2
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        left, f = np.exp(-K * time), time * exprel(-K * time)
        ahead = K + 2 * low
        numerator = 2 * left + f * (ahead + U_minus)
        denominator = 2 * left + f * (U_plus + np.where(ahead > 0, U_plus * (U_minus / ahead), 0.0))
        forward = np.where(U_plus > 0, U_plus * (numerator / denominator), 0.0)
        backward = np.where(U_minus > 0, U_minus * (denominator / numerator), 0.0)
        reached = (forward - backward) / 4
        total = forward + backward
        # |dh|^2 |D_y|^2 - dy^2 is conserved: it gives |dh|^2 without a difference where |D_y|^2 is the larger one.
        distance = np.where(high >= 0, (total + 2 * high) / 4, 4 * (reached**2 + gram) / (total - 2 * high))
    return np.asarray(distance), np.asarray(sign * reached / unit)


@based_on("alignment.scalar.final_distance")
def scalar_final_distance(
    h: ArrayLike, decoder: ArrayLike, dy: ArrayLike, ratio: ArrayLike, X: ArrayLike, Y: ArrayLike
) -> Array:
    r"""Return the squared distance of two representations after training, exact for one output and any start.

    Parameters
    ----------
    h, decoder, dy
        As in `scalar_trajectory`.
    ratio : array_like
        r = eta_h/eta_y > 0.
    X, Y : array_like
        Squared distances of the inputs, > 0, and of the targets, >= 0. All arguments broadcast.

    Returns
    -------
    numpy.ndarray
        The squared distance > 0; it is that of `final_distance` where |D_y|^2 = dy^2/h, and larger otherwise.

    Raises
    ------
    InvalidInput
        If an argument lies outside its domain, or |dy| exceeds what |dh| and |D_y| allow.

    Notes
    -----
    .. math::
        h_\infty = \frac{A}{2} + \sqrt{\frac{A^2}{4} + r X Y + r X (h |D_y|^2 - dy^2)}, \qquad A = h - r X |D_y|^2

    Source: derived here; statement `alignment.scalar.final_distance`.

    Examples
    --------
    Identical targets and one output: two representations merge only if the decoder is aligned.

    >>> scalar_final_distance(0.5, [0.5, 2], dy=[0.5, 0.4], ratio=1, X=1, Y=0).round(4)
    array([0.    , 0.4343])
    """
    arrays = {
        "h": positive("h", h),
        "decoder": nonnegative("decoder", decoder),
        "dy": bounded("dy", dy),
        "ratio": positive("ratio", ratio),
        "X": positive("X", X),
        "Y": nonnegative("Y", Y),
    }
    h, decoder, dy, ratio, X, Y = together(arrays)
    _require_reachable(h, decoder, dy)
    unit = np.sqrt(ratio) * np.sqrt(X)
    D = unit * decoder * unit
    high, low_squared = h - D, (unit * np.sqrt(Y)) ** 2 + _gram(h, D, unit * dy)
    larger = (np.hypot(high, 2 * np.sqrt(low_squared)) + np.abs(high)) / 2
    smaller = np.divide(low_squared, larger, out=np.zeros_like(larger), where=larger > 0)
    return np.asarray(np.where(high >= 0, larger, smaller))


def _gram(h: Array, decoder: Array, dy: Array) -> Array:
    """Return |dh|^2 |D_y|^2 - dy^2 >= 0, the squared area between the two vectors, which is conserved."""
    length = np.sqrt(h) * np.sqrt(decoder)
    return np.asarray(np.maximum((length - dy) * (length + dy), 0))


def _require_reachable(h: Array, decoder: Array, dy: Array) -> None:
    outside = np.abs(dy) > np.sqrt(h) * np.sqrt(decoder) * (1 + ROUNDING)
    if np.any(outside):
        first = ", ".join(
            f"{name} = {part[outside][0]:g}" for name, part in (("dy", dy), ("h", h), ("decoder", decoder))
        )
        raise InvalidInput(f"dy must satisfy dy^2 <= h decoder, as decoder is |D_y|^2; got {first}")
