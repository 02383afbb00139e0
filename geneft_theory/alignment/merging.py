"""Two inputs with identical targets: do their representations merge? The law of the aligned pair, and its course."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import exprel

from geneft_theory.alignment.state import Array, balance, nonnegative, positive, together
from geneft_theory.citation import based_on
from geneft_theory.errors import InvalidInput, require_array


@based_on("alignment.merging", "alignment.merging.continuations")
def merges(
    h: ArrayLike,
    y: ArrayLike,
    ratio: ArrayLike,
    X: ArrayLike = 1.0,
    Y: ArrayLike = 0.0,
    continuations: ArrayLike = 1,
) -> NDArray[np.bool_]:
    """Return whether two representations merge, h -> 0, by the law of the aligned pair.

    Parameters
    ----------
    h : array_like
        Squared distance > 0 of the two representations at the start.
    y : array_like
        Squared distance >= 0 of the two outputs at the start, its mean over continuations where there are several.
    ratio : array_like
        eta_h/eta_y = tau_y/tau_h > 0.
    X, Y : array_like
        Squared distances of the inputs, > 0 (1 for discrete ones), and of the targets, >= 0 (its mean).
    continuations : array_like of int
        How many shared continuations N >= 1 the pair is trained on. All arguments broadcast.

    Returns
    -------
    numpy.ndarray of bool
        True where Y = 0 and h^2 <= N ratio X y: the targets agree, and the decoder starts ahead of the encoder.

    Raises
    ------
    InvalidInput
        If an argument lies outside its domain.

    Notes
    -----
    Van Rossem & Saxe (2025), Eqs. 5-6 and 34-35, who ask for a strict inequality; at equality the pair merges, too, but
    only as 1/t. **An artefact where outputs are few.** Alignment decides: from a random start, a pair with few outputs
    never merges whatever this law says. `exact_merges` needs the decoder's whole matrix and has no such flaw.

    Examples
    --------
    >>> merges(0.5, [0.1, 0.5], ratio=1)
    array([False,  True])
    >>> merges(0.5, 0.1, ratio=1, continuations=[1, 10])
    array([False,  True])
    """
    arrays = {
        "h": positive("h", h),
        "y": nonnegative("y", y),
        "ratio": positive("ratio", ratio),
        "X": positive("X", X),
        "Y": nonnegative("Y", Y),
        "continuations": counts("continuations", continuations),
    }
    h, y, ratio, X, Y, continuations = together(arrays)
    # Roots, so that nothing overflows and a tie stays one.
    return np.asarray((Y == 0) & (h <= np.sqrt(continuations * ratio * X * y)))


@based_on("alignment.merging.trajectory", "alignment.merging.critical", "alignment.merging.continuations")
def merging_trajectory(
    t: ArrayLike,
    h: ArrayLike,
    y: ArrayLike,
    eta_h: ArrayLike,
    eta_y: ArrayLike,
    X: ArrayLike = 1.0,
    continuations: ArrayLike = 1,
) -> Array:
    r"""Return the squared distance of two representations with identical targets at time t.

    .. math:: h(t) = \frac{A_{high}}{1 + (A_{high}/h_0 - 1)\, e^{-\eta_y A_{high} t/N}}

    Parameters
    ----------
    t : array_like
        Time >= 0, in the unit of 1/eta.
    h, y, X, continuations
        As in `merges`.
    eta_h, eta_y : array_like
        Rates > 0 of encoder and decoder, 1/(2 tau_h) and 1/(2 tau_y); the loss is a mean over continuations, so that
        each one's decoder learns at eta_y/N. All arguments broadcast.

    Returns
    -------
    numpy.ndarray
        h(t), falling from h to max(0, A_high), where A_high = h - N (eta_h/eta_y) X y/h.

    Raises
    ------
    InvalidInput
        If an argument lies outside its domain.

    Notes
    -----
    Van Rossem & Saxe (2025), Eqs. 34-35; the first of what `trajectory` returns for Y = 0.

    Examples
    --------
    >>> merging_trajectory([0, 100, 500, 2000], 0.5, [[0.1], [0.5]], 0.01, 0.01).round(4)
    array([[0.5   , 0.4263, 0.3294, 0.3003],
           [0.5   , 0.2176, 0.0214, 0.    ]])
    """
    arrays = {
        "t": nonnegative("t", t),
        "h": positive("h", h),
        "y": nonnegative("y", y),
        "eta_h": positive("eta_h", eta_h),
        "eta_y": positive("eta_y", eta_y),
        "X": positive("X", X),
        "continuations": counts("continuations", continuations),
    }
    t, h, y, eta_h, eta_y, X, continuations = together(arrays)
    rate = eta_y / continuations
    high = balance(h, y, np.asarray(eta_h / rate), X, np.zeros_like(h)).high
    with np.errstate(over="ignore", under="ignore"):
        x = np.minimum(rate * t * np.abs(high), 1e300)
        # Twice the same, so that the exponential never grows.
        decayed, grown = np.exp(-x), h * rate * t * exprel(-x)
        return np.asarray(np.where(high >= 0, h / (decayed + grown), h * decayed / (1 + grown)))


def counts(name: str, value: ArrayLike) -> Array:
    """Return `value` as an array of whole numbers >= 1, or refuse it."""
    array = require_array(name, value, low=1, high=1e15)
    if np.any(array != np.round(array)):
        raise InvalidInput(f"{name} must be whole numbers; got {array[array != np.round(array)].flat[0]:g}")
    return array
