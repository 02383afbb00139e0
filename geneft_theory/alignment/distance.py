"""Where two representations end up: the conserved quantity, the final distance, and the rates near the fixed points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geneft_theory.alignment.state import Array, balance, nonnegative, positive, together
from geneft_theory.citation import based_on


@based_on("alignment.invariant")
def invariant(h: ArrayLike, y: ArrayLike, ratio: ArrayLike, X: ArrayLike = 1.0) -> Array:
    """Return the conserved quantity A_high = h - ratio X y/h.

    Positive: the encoder starts ahead of the decoder; negative: the decoder does.

    Parameters
    ----------
    h : array_like
        Squared distance > 0 of the two representations.
    y : array_like
        Squared distance >= 0 of the two outputs.
    ratio : array_like
        eta_h/eta_y = tau_y/tau_h > 0.
    X : array_like
        Squared distance > 0 of the two inputs; 1 for discrete ones. All arguments broadcast.

    Returns
    -------
    numpy.ndarray
        A_high, of any sign. Positive numbers lie between 1e-50 and 1e50 here and everywhere in this theory.

    Raises
    ------
    InvalidInput
        If an argument lies outside its domain.

    Notes
    -----
    Van Rossem & Saxe (2025), Eqs. 21-22, where X = 1; statement `alignment.invariant`. Without alignment it is
    conserved as a matrix only: `alignment.matrix_invariant`.

    Examples
    --------
    >>> invariant(1, [0, 1, 4], ratio=0.5)
    array([ 1. ,  0.5, -1. ])
    """
    arrays = {
        "h": positive("h", h),
        "y": nonnegative("y", y),
        "ratio": positive("ratio", ratio),
        "X": positive("X", X),
    }
    h, y, ratio, X = together(arrays)
    return balance(h, y, ratio, X, np.zeros_like(h)).high


@based_on("alignment.final_distance", "alignment.final_distance.stable", "alignment.invariant", "alignment.low")
def final_distance(h: ArrayLike, y: ArrayLike, ratio: ArrayLike, X: ArrayLike, Y: ArrayLike) -> Array:
    r"""Return the squared distance of the two representations after training.

    .. math::
        h_\infty = \frac{A_{high}}{2} + \sqrt{\frac{A_{high}^2}{4} + A_{low}^2}, \qquad
        A_{high} = h - r X \frac{y}{h}, \quad A_{low} = \sqrt{r X Y}

    Parameters
    ----------
    h, y : array_like
        Squared distances of representations, > 0, and of outputs, >= 0, at the start.
    ratio : array_like
        r = eta_h/eta_y = tau_y/tau_h > 0.
    X, Y : array_like
        Squared distances of the inputs, > 0, and of the targets, >= 0. All arguments broadcast.

    Returns
    -------
    numpy.ndarray
        The squared distance >= 0, to full relative precision also where A_high << -A_low.

    Raises
    ------
    InvalidInput
        If an argument lies outside its domain.

    Notes
    -----
    Van Rossem & Saxe (2025), Eqs. 5-6, and the code of van Rossem & Saxe (2024). Exact where encoder and decoder are
    aligned; for other starts see `exact_final_distance`. A start that leads into the saddle h = 0 instead exists only
    on a set of measure zero: outputs in the wrong order, and the balance of encoder and decoder exact.

    Examples
    --------
    A start near 0 is forgotten, a large one is kept, and a strong decoder contracts.

    >>> final_distance([1e-6, 10, 1], [0, 0, 16], ratio=0.25, X=1, Y=0.5).round(4)
    array([ 0.3536, 10.0125,  0.0411])
    """
    arrays = {
        "h": positive("h", h),
        "y": nonnegative("y", y),
        "ratio": positive("ratio", ratio),
        "X": positive("X", X),
        "Y": nonnegative("Y", Y),
    }
    return np.asarray(balance(*together(arrays)).final)


@dataclass(frozen=True)
class FixedPointRates:
    """Rates, in 1/time, near the two fixed points that a pair can come near; all arrays of one shape.

    Parameters
    ----------
    escape : numpy.ndarray
        At which h grows near the saddle h = w = 0, >= 0.
    contraction : numpy.ndarray
        At which h shrinks towards the saddle along its stable direction, as a number <= 0.
    approach : numpy.ndarray
        At which the part of y and w across dy* dies out near the solution. For one output there is none.
    slow_approach : numpy.ndarray
        At which the part along dy* dies out. It is the slower one wherever A_high > 0.
    """

    escape: Array
    contraction: Array
    approach: Array
    slow_approach: Array


@based_on(
    "alignment.rates.escape", "alignment.rates.contraction", "alignment.rates.approach", "alignment.rates.approach.slow"
)
def fixed_point_rates(
    h: ArrayLike, y: ArrayLike, eta_h: ArrayLike, eta_y: ArrayLike, X: ArrayLike, Y: ArrayLike
) -> FixedPointRates:
    """Return how fast a pair leaves the saddle and approaches the solution.

    Parameters
    ----------
    h, y, X, Y
        As in `final_distance`; h and y may be those of any moment.
    eta_h, eta_y : array_like
        Rates > 0 of encoder and decoder, 1/(2 tau_h) and 1/(2 tau_y). All arguments broadcast.

    Returns
    -------
    FixedPointRates
        With S = sqrt(A_high^2 + 4 A_low^2): eta_y (A_high + S)/2, eta_y (A_high - S)/2, eta_y (A_high + S)/2 and
        eta_y S/2.

    Raises
    ------
    InvalidInput
        If an argument lies outside its domain.

    Notes
    -----
    Half of what Eqs. 26-32 of van Rossem & Saxe (2025) say, which do not follow from that paper's own Eqs. 20-23.

    Examples
    --------
    >>> rates = fixed_point_rates(0.01, 1e-4, eta_h=0.002, eta_y=0.01, X=1, Y=0.5)
    >>> float(rates.escape.round(8)), float(rates.slow_approach.round(8))
    (0.00320253, 0.00316253)
    """
    arrays = {
        "h": positive("h", h),
        "y": nonnegative("y", y),
        "eta_h": positive("eta_h", eta_h),
        "eta_y": positive("eta_y", eta_y),
        "X": positive("X", X),
        "Y": nonnegative("Y", Y),
    }
    h, y, eta_h, eta_y, X, Y = together(arrays)
    at = balance(h, y, eta_h / eta_y, X, Y)
    return FixedPointRates(
        escape=np.asarray(eta_y * at.final),
        contraction=np.asarray(-eta_y * at.lower),
        approach=np.asarray(eta_y * at.final),
        slow_approach=np.asarray(eta_y * at.root / 2),
    )
