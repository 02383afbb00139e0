"""The training fraction from which a network generalizes, measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.errors import require_integer, require_number
from geneft_theory.estimate import Estimate
from validation.measure.bootstrap import bootstrap_means, expanded_levels
from validation.measure.curves import require_curves, require_fractions
from validation.measure.logistic import LogisticCurves, fit_logistic

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MeasuredCriticalFraction:
    """Where the fitted accuracy crosses a threshold, with what is known of its error, and what is not.

    Attributes
    ----------
    threshold : float
        The accuracy to be reached.
    status : str
        "reached": the fit crosses the threshold inside the measured range; "not reached": it stays below it, so that
        the critical fraction is estimated to exceed `largest`; "always exceeded": it stays above it, so that the
        critical fraction is estimated to lie below `smallest`. The interval says how sure that is.
    value : float or None
        The critical fraction; None unless reached.
    standard_error : float or None
        Standard deviation over those bootstrap samples that reached the threshold, times
        sqrt(seeds / (seeds - 1)); None unless reached. Too small where `share_reached` is well below 1.
    low, high : float or None
        Confidence interval at `level`; None for an end that lies beyond the measured range.
    level : float
        Confidence level.
    share_reached, share_not_reached, share_always_exceeded : float
        What became of the bootstrap samples; adds up to 1.
    bracket : tuple of float or None
        The neighbouring measured fractions between which the value lies: no fit is finer than its grid, and the
        bootstrap does not see this. None unless reached.
    smallest, largest : float
        The measured range of fractions.
    seeds : int
        Number of seeds.
    curve : LogisticCurves
        The fitted curve (one), with its parameters `low`, `slope` and `midpoint`.
    """

    threshold: float
    status: str
    value: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    level: float
    share_reached: float
    share_not_reached: float
    share_always_exceeded: float
    bracket: tuple[float, float] | None
    smallest: float
    largest: float
    seeds: int
    curve: LogisticCurves

    @property
    def reached(self) -> bool:
        """Whether the threshold is crossed inside the measured range."""
        return self.status == "reached"

    @property
    def estimate(self) -> Estimate | None:
        """The value with its standard error, for `compare`; None unless reached."""
        if self.value is None or self.standard_error is None:
            return None
        return Estimate(self.value, self.standard_error, self.seeds)

    def __str__(self) -> str:
        if not self.reached:
            bound = f"> {self.largest:g}" if self.status == "not reached" else f"< {self.smallest:g}"
            doubt = f"; {100 * self.share_reached:.0f} % of resamples cross it inside" if self.share_reached else ""
            return f"{bound} (accuracy {self.threshold:g} {self.status}{doubt})"
        low = "below the range" if self.low is None else f"{self.low:.4f}"
        high = "beyond the range" if self.high is None else f"{self.high:.4f}"
        return f"{self.value:.4f} ({100 * self.level:g} %: {low} to {high}, {self.seeds} seeds)"


def critical_fraction_fit(
    fractions: ArrayLike,
    accuracies: ArrayLike,
    threshold: float = 0.9,
    *,
    bootstrap: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> MeasuredCriticalFraction:
    """Return the training fraction at which the accuracy, fitted over all seeds, crosses a threshold.

    The fit is accuracy = low + (1 - low) expit(slope (log p - log midpoint)) by least squares over all seeds
    (`fit_logistic`). The error comes from resampling seeds as whole curves, because the training sets of one seed are
    nested over the fractions; the interval is the expanded percentile interval (`expanded_levels`).

    Parameters
    ----------
    fractions : array_like, shape (fractions,)
        In (0, 1], increasing, at least 3.
    accuracies : array_like, shape (seeds, fractions)
        In [0, 1], at least 2 seeds, better 5: fewer have too few different resamples.
    threshold : float
        In (0, 1).
    bootstrap : int
        Number of bootstrap samples, >= 100.
    seed : int
        Seed of the resampling, >= 0; the same seed gives the same interval.
    level : float
        Confidence level, in (0, 1).

    Returns
    -------
    MeasuredCriticalFraction
        The value where the threshold is reached inside the measured range, a bound where it is not.

    Raises
    ------
    InvalidInput
        When the shapes do not fit together or a value lies outside its domain.

    Notes
    -----
    Coverage of the 95 % interval in simulations (curves with scattered midpoints and slopes, 300 data sets each): 73 %
    with 3 seeds, 86 % with 4, 92 % with 5, 94 % with 10; standard errors of these 1 to 3 %. The plain percentile
    interval covers 71, 79, 84 and 90 %.

    The logistic form is a description, not a prediction: compare the result at another threshold before reading much
    into it. The threshold 0.9 is that of the predicted critical fraction (Baek, Liu & Tegmark, arXiv:2402.05916,
    Eq. 4).

    Examples
    --------
    >>> fractions = np.geomspace(0.05, 0.8, 9)
    >>> truth = LogisticCurves(np.full(6, 0.6), np.full(6, 5.0), np.linspace(0.18, 0.22, 6))
    >>> measured = critical_fraction_fit(fractions, truth(fractions))
    >>> print(measured)
    0.2498 (95 %: 0.2310 to 0.2663, 6 seeds)
    >>> print(critical_fraction_fit(fractions[:4], truth(fractions[:4])))
    > 0.141421 (accuracy 0.9 not reached)
    """
    places = require_fractions(fractions, minimum=3)
    curves = require_curves(accuracies, places)
    threshold = require_number("threshold", threshold, low=0, high=1, open_low=True, open_high=True)
    draws = require_integer("bootstrap", bootstrap, minimum=100)
    # The mean of probabilities may miss 1 by rounding.
    resampled = np.clip(bootstrap_means(curves, draws, seed), 0, 1)
    crossings = _censored(fit_logistic(places, resampled).crossing(threshold), places)
    # Order statistics, since interpolating between finite and infinite values gives neither.
    ranks = np.ceil(np.multiply(expanded_levels(level, len(curves)), draws)).clip(1, draws).astype(int) - 1
    low, high = (float(end) if np.isfinite(end) else None for end in np.sort(crossings)[ranks])
    curve = fit_logistic(places, curves.mean(axis=0, keepdims=True).clip(0, 1))
    value = float(_censored(curve.crossing(threshold), places)[0])
    inside = np.isfinite(crossings)
    reached = bool(np.isfinite(value))
    return MeasuredCriticalFraction(
        threshold=threshold,
        status="reached" if reached else "not reached" if value > 0 else "always exceeded",
        value=value if reached else None,
        standard_error=_standard_error(crossings[inside], len(curves)) if reached else None,
        low=low,
        high=high,
        level=level,
        share_reached=float(inside.mean()),
        share_not_reached=float((crossings == np.inf).mean()),
        share_always_exceeded=float((crossings == -np.inf).mean()),
        bracket=_bracket(value, places) if reached else None,
        smallest=float(places[0]),
        largest=float(places[-1]),
        seeds=len(curves),
        curve=curve,
    )


def _censored(crossings: Array, places: Array) -> Array:
    """Return crossings with -inf for those before and inf for those beyond the measured range, which is all we know."""
    return np.where(crossings > places[-1], np.inf, np.where(crossings < places[0], -np.inf, crossings))


def _standard_error(crossings: Array, seeds: int) -> float | None:
    if crossings.size < 2:
        return None
    return float(crossings.std(ddof=1) * np.sqrt(seeds / (seeds - 1)))


def _bracket(value: float, places: Array) -> tuple[float, float]:
    upper = int(np.clip(np.searchsorted(places, value), 1, places.size - 1))
    return float(places[upper - 1]), float(places[upper])
