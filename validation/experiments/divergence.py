"""A time that diverges at a critical ratio, fitted to medians of which some lie beyond the end of the measurement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.errors import InvalidInput, require_array, require_integer, require_number
from geneft_theory.estimate import Estimate
from validation.measure import expanded_levels

Array = NDArray[np.float64]

# Where the critical ratio is looked for, in units of the largest ratio that is fitted; it lies beyond that.
BEYOND = np.geomspace(1e-3, 100, 4001)
FEWEST_POINTS = 4


@dataclass(frozen=True)
class Divergence:
    """The curve ln t = log_scale - exponent ln(critical_ratio - ratio), through the medians of some ratios.

    Attributes
    ----------
    exponent, critical_ratio, log_scale : float
        The three fitted parameters.
    residual : float
        Root of the mean squared residual of log t.
    fitted : tuple of float
        The ratios whose medians were fitted: from the fastest on, up to the first whose median is censored.
    """

    exponent: float
    critical_ratio: float
    log_scale: float
    residual: float
    fitted: tuple[float, ...]

    def __call__(self, ratios: ArrayLike) -> Array:
        """Return the time at ratios below the critical one, infinity from there on."""
        gap = np.maximum(self.critical_ratio - np.asarray(ratios, dtype=np.float64), 0)
        with np.errstate(divide="ignore", over="ignore"):
            return np.asarray(np.where(gap > 0, np.exp(self.log_scale - self.exponent * np.log(gap)), np.inf))


@dataclass(frozen=True)
class MeasuredDivergence:
    """A fit with what resampling the seeds says of it.

    Attributes
    ----------
    free : Divergence
        All three parameters fitted.
    predicted : Divergence
        The exponent held at 1, as for a pair: two fitted parameters.
    exponent : Estimate
        The free exponent; its standard error is half the length of the middle 68 % of the resamples that could be
        fitted, since some of them give an exponential, which is the limit of a large exponent.
    exponent_low, exponent_high, critical_low, critical_high : float
        95 % bootstrap intervals of the free exponent and the free critical ratio.
    power, power_residual : float
        What does not diverge: the exponent of a power law of the ratio through the same medians, with as many
        parameters as `predicted`, and the root of its mean squared residual of ln t.
    share_fitted : float
        Fraction of the resamples that could be fitted.
    """

    free: Divergence
    predicted: Divergence
    exponent: Estimate
    exponent_low: float
    exponent_high: float
    critical_low: float
    critical_high: float
    power: float
    power_residual: float
    share_fitted: float


def median_times(times: ArrayLike) -> Array:
    """Return the median over seeds at each ratio, infinite where at most half of them have a time.

    Of an even number of seeds the upper middle one counts, so that a median is always somebody's time.

    Parameters
    ----------
    times : array_like, shape (seeds, ratios)
        Times > 0; infinity for a seed that did not get there.

    Examples
    --------
    >>> median_times([[300, 500], [400, np.inf], [350, np.inf]])
    array([350.,  inf])
    """
    ordered = np.sort(np.asarray(times, dtype=np.float64), axis=0)
    return np.asarray(ordered[ordered.shape[0] // 2])


def fit_divergence(
    ratios: ArrayLike, medians: ArrayLike, budget: float, exponent: float | None = None
) -> Divergence | None:
    """Fit a divergence to median times, by least squares in log time.

    Before the fastest ratio something else than the boundary limits the time, so that the fit begins there. A median
    beyond the budget is not fitted, but not forgotten either: the curve may not predict less than the budget there.

    Parameters
    ----------
    ratios : array_like, shape (ratios,)
        Increasing, > 0.
    medians : array_like, shape (ratios,)
        Times > 0; infinite where censored.
    budget : float
        How long was waited, > 0.
    exponent : float, optional
        Held at this value instead of being fitted.

    Returns
    -------
    Divergence or None
        None where fewer than 4 medians can be fitted, or the best critical ratio lies at the end of those tried (0.1 %
        to 100 times beyond the largest ratio), which means that the medians do not show one.

    Examples
    --------
    >>> ratios = np.array([1.0, 2.0, 4.0, 6.0, 8.0, 12.0])
    >>> medians = np.where(ratios < 10, 3000 / np.maximum(10 - ratios, 1e-9), np.inf)
    >>> fit = fit_divergence(ratios, medians, budget=10_000)
    >>> round(fit.exponent, 2), round(fit.critical_ratio, 2), len(fit.fitted)
    (1.0, 10.0, 5)
    """
    x, y = require_array("ratios", ratios, low=0, open_low=True), np.asarray(medians, dtype=np.float64)
    budget = require_number("budget", budget, low=0, open_low=True)
    if x.shape != y.shape or x.ndim != 1 or np.any(np.diff(x) <= 0):
        raise InvalidInput(f"ratios must be increasing, one a median; got {x.size} for {y.size} medians")
    first = int(np.argmin(y))
    beyond = first + int(np.argmin(np.isfinite(y[first:]))) if np.any(np.isinf(y[first:])) else x.size
    if beyond - first < FEWEST_POINTS:
        return None
    fitted, times = x[first:beyond], np.log(y[first:beyond])
    critical = fitted[-1] * (1 + BEYOND)
    gaps = np.log(critical[:, np.newaxis] - fitted)
    centred = gaps - gaps.mean(axis=1, keepdims=True)
    slopes = -exponent if exponent is not None else centred @ times / (centred**2).sum(axis=1)
    slopes = np.broadcast_to(slopes, critical.shape)
    intercepts = times.mean() - slopes * gaps.mean(axis=1)
    residuals = np.sqrt(np.mean((times - intercepts[:, np.newaxis] - slopes[:, np.newaxis] * gaps) ** 2, axis=1))
    if beyond < x.size:
        left = critical - x[beyond]
        with np.errstate(invalid="ignore", divide="ignore"):
            expected = intercepts + slopes * np.log(np.where(left > 0, left, np.nan))
        residuals = np.where((left > 0) & (expected < np.log(budget)), np.inf, residuals)
    best = int(np.argmin(residuals))
    if best in (0, critical.size - 1) or not np.isfinite(residuals[best]):
        return None
    return Divergence(
        float(-slopes[best]),
        float(critical[best]),
        float(intercepts[best]),
        float(residuals[best]),
        tuple(fitted.tolist()),
    )


def measure_divergence(
    ratios: ArrayLike, times: ArrayLike, budget: float, *, draws: int = 400, seed: int = 0
) -> MeasuredDivergence | None:
    """Fit a divergence to the medians over seeds, and resample the seeds for its errors.

    A seed is resampled with its times at all ratios, and every resample chooses anew which ratios are fitted.

    Parameters
    ----------
    ratios : array_like, shape (ratios,)
        Increasing, > 0.
    times : array_like, shape (seeds, ratios)
        Times > 0; infinite for a seed that did not get there. At least 3 seeds.
    budget : float
        How long was waited.
    draws : int
        Resamples.
    seed : int
        Seed of the resampling.

    Returns
    -------
    MeasuredDivergence or None
        None where the medians themselves, or fewer than half of the resamples, can be fitted.
    """
    table = np.asarray(times, dtype=np.float64)
    seeds = table.shape[0]
    require_integer("seeds", seeds, minimum=3)
    free = fit_divergence(ratios, median_times(table), budget)
    predicted = fit_divergence(ratios, median_times(table), budget, exponent=1.0)
    if free is None or predicted is None:
        return None
    generator = np.random.default_rng(require_integer("seed", seed, minimum=0))
    rows = generator.integers(0, seeds, size=(draws, seeds))
    fits = [fit for row in rows if (fit := fit_divergence(ratios, median_times(table[row]), budget)) is not None]
    if len(fits) < draws / 2:
        return None
    exponents = np.array([fit.exponent for fit in fits])
    low, high = np.quantile(exponents, [0.16, 0.84])
    error = (high - low) / 2 * np.sqrt(seeds / (seeds - 1))
    levels = expanded_levels(0.95, seeds)
    exponent_low, exponent_high = np.quantile(exponents, levels)
    critical_low, critical_high = np.quantile([fit.critical_ratio for fit in fits], levels)
    power, residual = _power_law(free.fitted, median_times(table)[np.isin(ratios, free.fitted)])
    return MeasuredDivergence(
        free=free,
        predicted=predicted,
        exponent=Estimate(free.exponent, float(error), seeds),
        exponent_low=float(exponent_low),
        exponent_high=float(exponent_high),
        critical_low=float(critical_low),
        critical_high=float(critical_high),
        power=power,
        power_residual=residual,
        share_fitted=len(fits) / draws,
    )


def _power_law(ratios: tuple[float, ...], medians: Array) -> tuple[float, float]:
    """Return the exponent of a power law through median times, and the root of the mean squared residual of ln t."""
    x, y = np.log(ratios), np.log(medians)
    power, constant = np.polyfit(x, y, 1)
    return float(power), float(np.sqrt(np.mean((y - constant - power * x) ** 2)))
