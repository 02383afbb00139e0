"""The curve that is fitted to accuracy against training fraction, for many data sets at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from geneft_theory.errors import InvalidInput, require_array, require_number
from validation.measure.curves import require_fractions

Array = NDArray[np.float64]

SLOPE_STARTS, MIDPOINT_STARTS = 40, 81
ROUNDS = 60
CONVERGED = 1e-10


@dataclass(frozen=True, eq=False)
class LogisticCurves:
    """Curves accuracy(p) = low + (1 - low) expit(slope (log p - log midpoint)), one an entry of the arrays.

    Attributes
    ----------
    low : numpy.ndarray, shape (curves,)
        Accuracy far below the transition, in [0, 1]; far above it is 1.
    slope : numpy.ndarray, shape (curves,)
        Steepness per unit of log fraction, > 0.
    midpoint : numpy.ndarray, shape (curves,)
        The fraction at which half of the way from `low` to 1 is done.

    Examples
    --------
    >>> curve = LogisticCurves(low=np.array([0.5]), slope=np.array([4.0]), midpoint=np.array([0.2]))
    >>> curve([0.02, 0.2, 1.0]).round(4)
    array([[0.5   , 0.75  , 0.9992]])
    >>> curve(curve.crossing(0.9)).round(12)
    array([[0.9]])
    """

    low: Array
    slope: Array
    midpoint: Array

    def __call__(self, fractions: ArrayLike) -> Array:
        """Return the accuracy of every curve at fractions > 0, shape (curves, fractions)."""
        logs = np.log(require_array("fractions", fractions, low=0, open_low=True))
        rise: Array = expit(self.slope[:, np.newaxis] * (logs - np.log(self.midpoint)[:, np.newaxis]))
        return self.low[:, np.newaxis] + (1 - self.low[:, np.newaxis]) * rise

    def crossing(self, threshold: float) -> Array:
        """Return the fraction at which each curve crosses a threshold in (0, 1); 0 where all of it lies above.

        The crossing is that of the formula, wherever it lies: also beyond a fraction of 1, up to infinity for a curve
        that hardly rises.
        """
        threshold = require_number("threshold", threshold, low=0, high=1, open_low=True, open_high=True)
        # Share of the way from low to 1; a curve with low >= threshold crosses nowhere, its share is set to 0.
        share = np.clip((threshold - self.low) / np.maximum(1 - self.low, 1 - threshold), 0, None)
        with np.errstate(over="ignore"):
            return np.exp(np.log(self.midpoint) + logit(share) / self.slope)


def fit_logistic(fractions: ArrayLike, accuracies: ArrayLike) -> LogisticCurves:
    """Fit a logistic curve in log fraction to each row of accuracies, by least squares.

    The search is global: every row starts from the best point of a grid over slope and midpoint (`low` is linear, and
    solved for), then damped Gauss-Newton steps follow, for all rows at once. What the fractions cannot resolve is
    bounded: the midpoint to one measured range and a factor of 10 beyond the measured fractions, the slope to a rise
    of 10 units of expit between the two closest fractions at most.

    Parameters
    ----------
    fractions : array_like, shape (fractions,)
        In (0, 1], increasing, at least 3.
    accuracies : array_like, shape (curves, fractions)
        In [0, 1]. Where several seeds were measured at the same fractions, the fit to their mean is the least-squares
        fit to all of them.

    Returns
    -------
    LogisticCurves
        One curve a row.

    Raises
    ------
    InvalidInput
        When the shapes do not fit together or a value lies outside its domain.

    Notes
    -----
    scipy fits one data set a call (about 1 ms with bounds); a bootstrap needs a thousand fits. The tests hold this
    function against `scipy.optimize.least_squares`.

    Examples
    --------
    >>> fractions = np.geomspace(0.05, 0.8, 9)
    >>> truth = LogisticCurves(np.array([0.6]), np.array([5.0]), np.array([0.2]))
    >>> fitted = fit_logistic(fractions, truth(fractions))
    >>> fitted.low.round(6), fitted.slope.round(6), fitted.midpoint.round(6)
    (array([0.6]), array([5.]), array([0.2]))
    """
    logs = np.log(require_fractions(fractions, minimum=3))
    errors = 1 - require_array("accuracies", accuracies, low=0, high=1)
    if errors.ndim != 2 or errors.shape[1] != logs.size:
        raise InvalidInput(f"accuracies must have shape (curves, {logs.size}); got {errors.shape}")
    fit = _Fit(logs, errors)
    height, log_slope, position = fit.refined(fit.best_start()).T
    return LogisticCurves(1 - height, np.exp(log_slope), np.exp(position))


class _Fit:
    """Least squares for 1 - accuracy = height expit(-slope (log p - position)), rows side by side.

    A point is an array (rows, 3) of height, log slope and position; the box keeps it where the data can say something.
    """

    def __init__(self, logs: Array, errors: Array) -> None:
        self.logs, self.errors = logs, errors
        reach = logs[-1] - logs[0]
        margin = reach + np.log(10)
        self.lowest = np.array([0.0, np.log(0.1 / reach), logs[0] - margin])
        self.highest = np.array([1.0, np.log(10 / np.diff(logs).min()), logs[-1] + margin])

    def best_start(self) -> Array:
        """Return for each row the best point of a grid, with the best height solved for."""
        log_slopes = np.linspace(self.lowest[1], self.highest[1], SLOPE_STARTS)
        positions = np.linspace(self.lowest[2], self.highest[2], MIDPOINT_STARTS)
        grid = np.stack(np.meshgrid(log_slopes, positions, indexing="ij"), axis=-1).reshape(-1, 2)
        falls = self._fall(grid[:, 0], grid[:, 1])
        norms = np.maximum((falls**2).sum(axis=1), np.finfo(np.float64).tiny)
        overlaps = self.errors @ falls.T
        heights = np.clip(overlaps / norms, 0, 1)
        # Up to the rows' own sums of squares, which choose nothing.
        best = np.argmin(heights * (heights * norms - 2 * overlaps), axis=1)
        return np.column_stack([heights[np.arange(best.size), best], grid[best]])

    def refined(self, point: Array) -> Array:
        """Return the minimum near each row's point: Levenberg-Marquardt steps, clipped to the box, never uphill."""
        damping = np.full(len(point), 1e-3)
        residuals, slopes = self._linearised(point)
        for _ in range(ROUNDS):
            normal = np.einsum("rfk,rfl->rkl", slopes, slopes)
            gradient = np.einsum("rfk,rf->rk", slopes, residuals)
            # Parameters that push against the box, or change nothing, must not bend the step of the others.
            stuck = ((point <= self.lowest) & (gradient > 0)) | ((point >= self.highest) & (gradient < 0))
            gradient[stuck] = 0
            normal *= (~stuck)[:, :, np.newaxis] & (~stuck)[:, np.newaxis, :]
            diagonal = np.einsum("rkk->rk", normal)
            diagonal += damping[:, np.newaxis] * diagonal + 1e-12 + stuck
            step = np.linalg.solve(normal, -gradient[:, :, np.newaxis])[:, :, 0]
            tried = np.clip(point + step, self.lowest, self.highest)
            tried_residuals, tried_slopes = self._linearised(tried)
            better = (tried_residuals**2).sum(axis=1) < (residuals**2).sum(axis=1)
            moved = np.where(better, np.abs(tried - point).max(axis=1), np.abs(step).max(axis=1))
            point = np.where(better[:, np.newaxis], tried, point)
            residuals = np.where(better[:, np.newaxis], tried_residuals, residuals)
            slopes = np.where(better[:, np.newaxis, np.newaxis], tried_slopes, slopes)
            damping = np.clip(np.where(better, damping / 5, damping * 5), 1e-9, 1e9)
            if np.all(moved < CONVERGED):
                break
        return point

    def _fall(self, log_slope: Array, position: Array) -> Array:
        """Return how much of the height is left at each fraction, shape (points, fractions)."""
        fall: Array = expit(-np.exp(log_slope)[:, np.newaxis] * (self.logs - position[:, np.newaxis]))
        return fall

    def _linearised(self, point: Array) -> tuple[Array, Array]:
        """Return the residuals (rows, fractions) and their derivatives (rows, fractions, 3)."""
        height, log_slope, position = point.T[:, :, np.newaxis]
        fall = self._fall(point[:, 1], point[:, 2])
        bend = height * fall * (1 - fall) * np.exp(log_slope)
        return height * fall - self.errors, np.stack([fall, -bend * (self.logs - position), bend], axis=2)
