"""What a logistic regression in two logarithms says of the line on which its probability is one half.

Coefficients b0, b1, b2 belong to P = expit(b0 + b1 u + b2 v), with u and v the decimal logarithms of the encoder's and
the decoder's learning rate, counted from a middle. What can be read off the line b0 + b1 u + b2 v = 0 is a quotient of
two linear forms in them, so that its derivative, and its extent over all lines that separate given points, are exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Quotient:
    """A number (above . b) / (below . b) that belongs to a line.

    Examples
    --------
    >>> value, slopes = TILT(np.array([0.0, 3.0, -1.0]))
    >>> float(value), slopes
    (0.5, array([0.   , 0.125, 0.375]))
    """

    above: tuple[float, float, float]
    below: tuple[float, float, float]

    def __call__(self, coefficients: Array) -> tuple[Array, Array]:
        """Return values (...) and their derivatives (..., 3) for coefficients (..., 3)."""
        above, below = np.array(self.above), np.array(self.below)
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = coefficients @ below
            values = coefficients @ above / scale
            return values, (above - values[..., None] * below) / scale[..., None]

    def extent(self, separated: Array, coefficients: Array) -> tuple[float, float]:
        """Return the least and the largest value over all separating lines that are turned like the given one.

        Parameters
        ----------
        separated : ndarray, shape (points, 3)
            What `separated_points` returned.
        coefficients : ndarray, shape (3,)
            Of a line; the sign of its denominator is that of all lines considered.
        """
        from scipy.optimize import linprog

        # Scaled to a denominator of 1 the quotient is linear, and separation a set of linear inequalities.
        sign = np.sign(coefficients @ np.array(self.below))
        settings = {
            "A_ub": -separated,
            "b_ub": np.zeros(len(separated)),
            "A_eq": sign * np.array([self.below]),
            "b_eq": [1.0],
            "bounds": (None, None),
        }
        ends = []
        for direction in (1, -1):
            found = linprog(direction * sign * np.array(self.above), **settings)
            ends.append(direction * float(found.fun) if found.status == 0 else -direction * np.inf)
        return ends[0], ends[1]


TILT = Quotient((0, 1, 1), (0, 1, -1))
"""Tangent of the angle from slope +1, counter-clockwise."""


def log_ratio(along: float = 0.0) -> Quotient:
    """Return v - u where the line crosses the diagonal of slope -1 that passes (u + v)/2 = `along`.

    Examples
    --------
    >>> float(log_ratio()(np.array([1.0, 2.0, -2.0]))[0])
    0.5
    """
    return Quotient((2, 2 * along, 2 * along), (0, 1, -1))


def intercept(u: float) -> Quotient:
    """Return v where the line passes u.

    Examples
    --------
    >>> float(intercept(3.0)(np.array([1.0, 2.0, -2.0]))[0])
    3.5
    """
    return Quotient((-1, -u, 0), (0, 0, 1))


def is_turned(coefficients: Array) -> NDArray[np.bool_]:
    """Say which lines have the larger P where v - u is large; at slope +1 that is against the theory.

    Examples
    --------
    >>> is_turned(np.array([[0.0, 1.0, -1.0], [0.0, -1.0, 1.0]]))
    array([False,  True])
    """
    return np.asarray(coefficients[..., 1] <= coefficients[..., 2])


def separated_points(design: Array, trials: Array, successes: Array) -> Array | None:
    """Return the rows x of a design, with signs such that x . b > 0 for every line b that separates all outcomes.

    Parameters
    ----------
    design : ndarray, shape (points, 3)
        Rows (1, u, v).
    trials, successes : ndarray, shape (points,)
        Counts.

    Returns
    -------
    ndarray or None
        The signed rows of the points with trials; None if no line has all successes strictly on one side and all
        failures strictly on the other.

    Examples
    --------
    >>> design = np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [1.0, 2.0, 0.0]])
    >>> [separated_points(design, np.full(3, 2), np.array(won)) is None for won in ([0, 0, 2], [0, 1, 2], [2, 0, 2])]
    [False, True, True]
    """
    from scipy.optimize import linprog

    if np.any((successes > 0) & (successes < trials)):
        return None
    seen = trials > 0
    signed: Array = np.where(successes > 0, 1.0, -1.0)[seen, None] * design[seen]
    found = linprog(np.zeros(design.shape[1]), -signed, -np.ones(len(signed)), bounds=(None, None))
    return signed if found.status == 0 else None
