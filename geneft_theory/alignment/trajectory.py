"""The course of two representations in training: the aligned system in closed form, and the loss along it.

On the manifold dh = beta v, D_y = p v^T the encoder-decoder has one hidden unit, so that its conserved matrix is the
number A_high, and its flow is that of a normalised linear system. With p_along and p_across, the parts of p along dy*
and across,

    u = (beta, sqrt(r X) p_along, sqrt(r X) p_across),   du/dt = (M - eta_y |u|^2/4) u,
    u(t) = exp(M t) u(0) / sqrt(1 + (eta_y/2) integral_0^t |exp(M s) u(0)|^2 ds),

where M = (eta_y/4) [[A_high, 2 A_low, 0], [2 A_low, -A_high, 0], [0, 0, -A_high]] is constant. beta may change its
sign, which is what the equations of h, y and w cannot pass.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import exprel

from geneft_theory.alignment.state import Array, Balance, balance, cosine, nonnegative, positive, together
from geneft_theory.citation import based_on
from geneft_theory.errors import require_array

# Exponents that are this large have decided; products of them stay finite.
_DECIDED = 1e300


@based_on(
    "alignment.trajectory",
    "alignment.state.h",
    "alignment.state.y",
    "alignment.state.w",
    "alignment.regular.beta",
    "alignment.regular.c",
)
def trajectory(
    t: ArrayLike,
    h: ArrayLike,
    y: ArrayLike,
    w: ArrayLike,
    eta_h: ArrayLike,
    eta_y: ArrayLike,
    X: ArrayLike,
    Y: ArrayLike,
) -> tuple[Array, Array, Array]:
    """Return the state (h, y, w) of two points at time t, the exact solution of the three-variable system.

    Parameters
    ----------
    t : array_like
        Time >= 0, in the unit of 1/eta: steps of gradient descent, for small steps.
    h : array_like
        Squared distance |dh|^2 > 0 of the two representations at t = 0.
    y : array_like
        Squared distance |dy|^2 >= 0 of the two outputs at t = 0.
    w : array_like
        |dy|^2 - dy . dy* at t = 0, of any sign, with |y - w| <= sqrt(y Y) up to a part in a million.
    eta_h, eta_y : array_like
        Rates > 0 of encoder and decoder, 1/(2 tau_h) and 1/(2 tau_y).
    X, Y : array_like
        Squared distances of the inputs, > 0, and of the targets, >= 0. All arguments broadcast.

    Returns
    -------
    h, y, w : numpy.ndarray
        The state at time t. For outputs that start in the wrong order h may touch 0 and rise again.

    Raises
    ------
    InvalidInput
        If an argument lies outside its domain, or w outside the cone.

    Notes
    -----
    Solves dh/dt = -eta_h X w, dy/dt = -w (eta_y h + eta_h X y/h) and
    dw/dt = -eta_y h (3 w - y + Y)/2 - eta_h X (y + w) w/(2 h) of van Rossem & Saxe (2024), for any number of outputs
    and for any start, in closed form. Exact for an encoder and a decoder that are aligned; otherwise an approximation,
    of `exact_trajectory`. w is given to full precision as it dies out.

    Examples
    --------
    >>> h, y, w = trajectory([0, 1000, 5000], 0.01, 1e-4, -0.00697107, eta_h=0.002, eta_y=0.01, X=1, Y=0.5)
    >>> h.round(4).tolist(), y.round(4).tolist(), w.round(4).tolist()
    ([0.01, 0.0942, 0.3203], [0.0001, 0.0406, 0.5], [-0.007, -0.1019, -0.0])
    """
    arrays = {
        "t": nonnegative("t", t),
        "h": positive("h", h),
        "y": nonnegative("y", y),
        "w": require_array("w", w),
        "eta_h": positive("eta_h", eta_h),
        "eta_y": positive("eta_y", eta_y),
        "X": positive("X", X),
        "Y": nonnegative("Y", Y),
    }
    t, h, y, w, eta_h, eta_y, X, Y = together(arrays)
    return solved(t, h, y, cosine(y, w, Y), eta_h, eta_y, X, Y)


@based_on("alignment.loss")
def loss(y: ArrayLike, w: ArrayLike, Y: ArrayLike, mean_error: ArrayLike = 0.0) -> Array:
    """Return the loss of two points, half the mean over both of their squared errors.

    Parameters
    ----------
    y, w : array_like
        Squared distance >= 0 of the outputs, and |dy|^2 - dy . dy*, on the cone.
    Y : array_like
        Squared distance >= 0 of the targets.
    mean_error : array_like
        Squared error >= 0 of the mean of both outputs, |ybar - ybar*|^2; it decays by itself, as exp(-2 eta_mean t).
        All arguments broadcast.

    Returns
    -------
    numpy.ndarray
        mean_error/2 + (2 w - y + Y)/8, >= 0.

    Raises
    ------
    InvalidInput
        If an argument lies outside its domain, or w outside the cone.

    Notes
    -----
    Van Rossem & Saxe (2024), code; statement `alignment.loss`. The sum over outputs counts: a mean over m outputs is
    smaller by a factor m.

    Examples
    --------
    >>> loss([1e-4, 0.5], [-0.00697107, 0], Y=0.5, mean_error=[0.25, 0]).round(6)
    array([0.185745, 0.      ])
    """
    arrays = {
        "y": nonnegative("y", y),
        "w": require_array("w", w),
        "Y": nonnegative("Y", Y),
        "mean_error": nonnegative("mean_error", mean_error),
    }
    y, w, Y, mean_error = together(arrays)
    cosine(y, w, Y)
    return np.asarray(mean_error / 2 + np.maximum(2 * w - y + Y, 0) / 8)


def solved(
    t: Array, h: Array, y: Array, cosines: Array, eta_h: Array, eta_y: Array, X: Array, Y: Array
) -> tuple[Array, Array, Array]:
    """Return the state at time t of a checked start; `cosines` are those between dy and dy*."""
    ratio = np.asarray(eta_h / eta_y)
    at = balance(h, y, ratio, X, Y)
    unit = np.sqrt(ratio) * np.sqrt(X)
    slope = unit * np.sqrt(y) / np.sqrt(h)
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        across = slope * np.sqrt((1 - cosines) * (1 + cosines))
        now = _normalised(np.asarray(eta_y * t), at, np.sqrt(h), slope * cosines, across)
        beta, along, across = now.beta / unit, now.along, now.across
        outputs = beta**2 * (along**2 + across**2)
        return (
            np.asarray(now.beta**2),
            np.asarray(outputs),
            np.asarray(beta * along * (now.missing / unit) + (beta * across) ** 2),
        )


@dataclass(frozen=True)
class _Course:
    """u at a time, and beta u_along - A_low, which vanishes at the solution, without cancellation."""

    beta: Array
    along: Array
    across: Array
    missing: Array


def _normalised(t: Array, at: Balance, beta: Array, along: Array, across: Array) -> _Course:
    """Return u(t) for t in units of 1/eta_y: numerator and denominator are scaled by the largest that either holds.

    M/eta_y has the eigenvalues S/4, -S/4 and -A_high/4, the first two along (cos, sin) and (-sin, cos).
    """
    safe = np.where(at.root > 0, at.root, 1.0)
    cos = np.where(at.root > 0, np.sqrt(at.final / safe), 1.0)
    sin = np.sqrt(at.lower / safe)
    growing, dying = cos * beta + sin * along, cos * along - sin * beta
    # All exponents are counted from that of the growing mode, whose share is left where time is long.
    x = np.minimum(t * at.root / 2, _DECIDED)
    lag = np.minimum(t * at.final / 2, _DECIDED)
    log_growing, log_across, log_one = np.log(np.abs(growing)), np.log(np.abs(across)) - lag, -x / 2
    scale = np.maximum(np.maximum(log_growing, log_across), log_one)
    plus = np.sign(growing) * np.exp(log_growing - scale)
    minus = np.sign(dying) * np.exp(np.log(np.abs(dying)) - x - scale)
    one = np.exp(log_one - scale)
    left = np.exp(-x)
    # The integral of exp(2 rate s) over time, for each mode, divided by its largest value.
    duration = t * exprel(-x)
    duration_across = t * exprel(-np.minimum(t * np.abs(at.high) / 2, _DECIDED))
    transverse = np.exp(log_across - scale)
    across_most = np.where(at.high < 0, transverse, across * one)
    rest = one**2 + (dying * one) ** 2 * duration / 2 + across_most**2 * duration_across / 2
    squared = rest + plus**2 * duration / 2
    norm = np.sqrt(squared)
    # Early, in a form without differences; later, in one that forgets what has died out.
    early, shrunk = left > 0.5, np.exp(-np.where(left > 0.5, scale, 0.0))
    mixed = cos * sin * -np.expm1(-x)
    first = np.where(early, (beta * (cos**2 + left * sin**2) + along * mixed) * shrunk, cos * plus - sin * minus)
    second = np.where(early, (along * (sin**2 + left * cos**2) + beta * mixed) * shrunk, sin * plus + cos * minus)
    excess = (plus**2 * left - at.root * rest) / squared
    missing = at.low / safe * (excess - minus**2 / squared) + at.high / safe * (plus * minus / squared)
    return _Course(first / norm, second / norm, transverse / norm, np.asarray(missing))
