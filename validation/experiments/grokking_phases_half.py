"""The decoder rate at which half of the networks memorize, measured at one weight decay."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from validation.measure import bootstrap_means, fit_firth
from validation.measure.bootstrap import expanded_levels

Array = NDArray[np.float64]
BOOTSTRAP, LEVEL = 1000, 0.95
BEYOND = 10.0
"""Decades from the middle of the grid beyond which an end of an interval says nothing."""


@dataclass(frozen=True)
class HalfRate:
    """log10 of the decoder rate at which half of the networks that learn their training pairs memorize.

    Attributes
    ----------
    status : str
        "fitted", or why there is no such rate: "only memorization", "only generalization" (grokking included),
        "nothing learned", "one rate" (all that learn have the same), "below the grid" or "above the grid" (it would lie
        beyond the cells), or "falling" (there is less memorization at larger rates).
    value, standard_error, low, high : float
        The rate, nan unless fitted; the ends of the 95 % interval may be infinite.
    memorized, learned : int
        Networks that memorize, of those that learn their training pairs.
    """

    status: str
    value: float
    standard_error: float
    low: float
    high: float
    memorized: int
    learned: int


def half_rate(eta_decoder: Array, memorized: Array, *, seed: int = 0) -> HalfRate:
    """Fit the decoder rate at which half of the networks that learn their training pairs memorize.

    Parameters
    ----------
    eta_decoder : ndarray of float, shape (rates,)
        Increasing, > 0, at least 2.
    memorized : ndarray of float, shape (replicates, rates)
        1 for memorization, 0 for generalization or grokking, nan for neither; at least 2 replicates.
    seed : int
        Seed of the resampling.

    Returns
    -------
    HalfRate
        The rate, or why there is none.

    Notes
    -----
    Logistic regression in log10 of the rate with Firth's correction. The error is the largest of three, as in
    `validation.measure.fit_boundary`, and the interval covers all of them: whole replicates resampled, the likelihood's
    own error, and, where the rates separate the phases without exception, the gap between them.

    Examples
    --------
    >>> rates = np.array([1e-4, 1e-3, 1e-2, 1e-1])
    >>> found = half_rate(rates, np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 1.0, np.nan]]))
    >>> found.status, round(found.value, 2)
    ('fitted', -2.98)
    """
    logs = np.log10(eta_decoder)
    seen, won = ~np.isnan(memorized), memorized == 1
    trials, successes = seen.sum(0).astype(float), won.sum(0).astype(float)
    counts = int(successes.sum()), int(trials.sum())
    status = _status(trials, *counts)
    if status != "fitted":
        return HalfRate(status, math.nan, math.nan, math.nan, math.nan, *counts)
    middle = float(logs[[0, -1]].mean())
    design = np.column_stack([np.ones_like(logs), logs - middle])
    coefficients, covariance = fit_firth(design, successes, trials)
    constant, slope = coefficients.tolist()
    value = middle - constant / slope if slope > 0 else math.nan
    status = _place(value, logs)
    if status != "fitted":
        return HalfRate(status, math.nan, math.nan, math.nan, math.nan, *counts)
    slopes = np.array([-1 / slope, constant / slope**2])
    own = math.sqrt(slopes @ covariance @ slopes)
    replicates = len(memorized)
    resampled = _resampled(design, won, seen, seed) + middle
    outer = np.quantile(resampled, expanded_levels(LEVEL, replicates))
    within = np.quantile(resampled, ndtr([-1.0, 1.0]))
    between = float(within[1] - within[0]) / 2 * math.sqrt(replicates / (replicates - 1))
    gap = _gap(logs, trials, successes, value)
    reach = float(ndtri(0.5 + LEVEL / 2)) * own
    error = max(between, own, (gap[1] - gap[0]) / math.sqrt(12))
    low, high = min(float(outer[0]), value - reach, gap[0]), max(float(outer[1]), value + reach, gap[1])
    low, high = (low if low > middle - BEYOND else -math.inf), (high if high < middle + BEYOND else math.inf)
    return HalfRate("fitted", value, error if error < BEYOND / 4 else math.inf, low, high, *counts)


def _status(trials: Array, successes: int, learned: int) -> str:
    if not learned:
        return "nothing learned"
    if successes in (0, learned):
        return "only memorization" if successes else "only generalization"
    return "fitted" if np.count_nonzero(trials) > 1 else "one rate"


def _place(value: float, logs: Array) -> str:
    half_cell = np.diff(logs)[[0, -1]] / 2
    if math.isnan(value):
        return "falling"
    if value < logs[0] - half_cell[0]:
        return "below the grid"
    return "above the grid" if value > logs[-1] + half_cell[1] else "fitted"


def _resampled(design: Array, won: NDArray[np.bool_], seen: NDArray[np.bool_], seed: int) -> Array:
    """Return the rate of every resample of replicates, counted from the middle.

    A resample in which the networks that learn all have one rate is left out. One with no rise puts the rate beyond all
    rates, on the side that its networks tell.
    """
    each = np.stack([won, seen], axis=1).astype(float)
    sums = np.rint(bootstrap_means(each, BOOTSTRAP, seed) * len(won))
    sums = sums[np.count_nonzero(sums[:, 1], axis=1) > 1]
    coefficients, _ = fit_firth(design, sums[:, 0], sums[:, 1])
    constant, slope = coefficients.T
    with np.errstate(divide="ignore", over="ignore"):
        rate = np.where(slope > 0, -constant / np.where(slope > 0, slope, 1.0), np.copysign(np.inf, -constant))
    return np.asarray(np.clip(rate, -BEYOND, BEYOND))


def _gap(logs: Array, trials: Array, successes: Array, value: float) -> tuple[float, float]:
    """Return between which rates the change lies where no rate holds both phases and they do not overlap."""
    memorizing, others = logs[successes > 0], logs[trials > successes]
    return (float(others[-1]), float(memorizing[0])) if others[-1] < memorizing[0] else (value, value)
