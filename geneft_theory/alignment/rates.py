"""The effective learning rates behind a training run: estimators by integrals, and the fit of the whole course."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.integrate import trapezoid
from scipy.optimize import least_squares
from scipy.special import stdtrit

from geneft_theory.alignment.fitting import TOLERANCE, Fit, covariance_of
from geneft_theory.alignment.history import History
from geneft_theory.alignment.state import ROUNDING, Array
from geneft_theory.citation import based_on
from geneft_theory.errors import InvalidInput, require_number, shown

# A rate counts as identified if its 95 % interval spans less than this factor; a convention.
SPAN = 10.0


class RatesNotIdentifiable(UserWarning):
    """The course of a run hardly depends on its rates, or does not follow the theory: the estimates mean little."""


@dataclass(frozen=True)
class Rate:
    """A positive number that was fitted on a logarithmic scale.

    Parameters
    ----------
    value : float
        The estimate.
    log_standard_error : float
        Standard error of its natural logarithm; infinite where the course does not depend on it.
    degrees : int
        Degrees of freedom of that error.
    """

    value: float
    log_standard_error: float
    degrees: int

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the central confidence interval at `level`, in (0, 1), by Student's distribution of the logarithm."""
        level = require_number("level", level, low=0, high=1, open_low=True, open_high=True)
        reach = float(stdtrit(self.degrees, 0.5 + level / 2)) * self.log_standard_error
        with np.errstate(over="ignore", under="ignore"):
            return float(self.value * np.exp(-reach)), float(self.value * np.exp(reach))

    def span(self, level: float = 0.95) -> float:
        """Return by which factor the ends of the interval differ, >= 1, infinite where nothing is known."""
        low, high = self.interval(level)
        return high / low if low > 0 else float("inf")

    def __str__(self) -> str:
        low, high = self.interval()
        return f"{self.value:.4g} ({low:.4g} to {high:.4g})"


@dataclass(frozen=True)
class RateEstimates:
    """What the course of a run says about its rates.

    Parameters
    ----------
    eta_h, eta_y : Rate
        Rates of encoder and decoder, in 1/time of the history.
    ratio : Rate
        eta_h/eta_y, which decides the final distance; often better known than either.
    eta_mean : Rate or None
        Rate of the mean output, where the history has a loss whose mean error moves.
    integral : tuple of float
        eta_h and eta_y by `integral_estimates`, of any sign; nan where there is nothing to divide by.
    r_squared : mapping from str to float
        For "h", "y" and "w" the share of the variance over time that the fitted course explains; negative where a
        constant would do better, nan where nothing moves.
    identifiable : bool
        Whether both intervals at 95 % span less than a factor of 10, the fit ended inside its range, and it explains h
        and y better than constants do.
    """

    eta_h: Rate
    eta_y: Rate
    ratio: Rate
    eta_mean: Rate | None
    integral: tuple[float, float]
    r_squared: Mapping[str, float]
    identifiable: bool


@based_on("alignment.estimates.eta_h", "alignment.estimates.eta_y")
def integral_estimates(history: History) -> tuple[float, float]:
    r"""Return eta_h and eta_y from the two ends of a run and the integral of w between them; nothing is fitted.

    .. math::
        \eta_h = -\frac{h(T) - h(0)}{X \int_0^T w\, dt}, \qquad
        \eta_y = -\frac{y(T)/h(T) - y(0)/h(0)}{\int_0^T w\, dt}

    Parameters
    ----------
    history : History
        A training run.

    Returns
    -------
    eta_h, eta_y : float
        In 1/time of the history, of any sign; nan where the integral vanishes or h ends at 0.

    Raises
    ------
    InvalidInput
        If `history` is none.

    Notes
    -----
    Exact for the aligned system up to the trapezoidal rule. Of real networks only rich ones give a sensible ratio.
    Source: derived here; statements `alignment.estimates.eta_h` and `.eta_y`.

    Examples
    --------
    >>> import numpy as np
    >>> from geneft_theory.alignment.trajectory import trajectory
    >>> times = np.arange(0, 3001, 10)
    >>> states = trajectory(times, 0.01, 1e-4, -0.00697107, eta_h=0.002, eta_y=0.01, X=1, Y=0.5)
    >>> np.round(integral_estimates(History(times, *states, X=1, Y=0.5)), 6).tolist()
    [0.002, 0.01]
    """
    if not isinstance(history, History):
        raise InvalidInput(f"history must be a History; got {shown(history)}")
    h, y = history.h, history.y
    area = float(trapezoid(history.w, history.times))
    if area == 0 or h[-1] == 0:
        return float("nan"), float("nan")
    return float((h[0] - h[-1]) / (history.X * area)), float((y[0] / h[0] - y[-1] / h[-1]) / area)


@based_on(
    "alignment.trajectory",
    "alignment.state.h",
    "alignment.state.y",
    "alignment.state.w",
    "alignment.estimates.eta_h",
    "alignment.estimates.eta_y",
)
def estimate_rates(history: History) -> RateEstimates:
    """Return the rates with which the theory follows a training run best, and how well they are known.

    The start is that of the history, only the two rates are fitted: least squares in their logarithms, each of h, y and
    w in units of its standard deviation over time, begun at the integral estimates and at the best points of a scan.

    Parameters
    ----------
    history : History
        A training run.

    Returns
    -------
    RateEstimates
        Rates, ratio, intervals, goodness of fit.

    Raises
    ------
    InvalidInput
        If `history` is none.

    Warns
    -----
    RatesNotIdentifiable
        Where the estimates mean little, as in the lazy regime, where h hardly moves.

    Notes
    -----
    What a network does beside the theory is not noise, but smooth. The intervals therefore do not count points: each
    of five stretches of the run, of equal information, is left out in turn, and the scatter of what the others say is
    the error (a linearised jackknife with Student's t). Of intervals at 95 %, 90 to 95 in a hundred held the truth
    where deviations forget themselves within a tenth of a stretch, and 85 to 90 where they last for half of one. They
    know nothing of a deviation that is the same all along.

    The official code scans one rate with the ratio fixed at its rich value and then fits without bounds.

    Examples
    --------
    >>> import numpy as np
    >>> from geneft_theory.alignment.trajectory import trajectory
    >>> times = np.arange(0, 3001, 100)
    >>> states = trajectory(times, 0.01, 1e-4, -0.00697107, eta_h=0.002, eta_y=0.01, X=1, Y=0.5)
    >>> found = estimate_rates(History(times, *states, X=1, Y=0.5))
    >>> round(found.eta_h.value, 6), round(found.eta_y.value, 6), found.identifiable
    (0.002, 0.01, True)
    """
    integral = integral_estimates(history)
    problem = Fit(history)
    fitted = problem.fit(integral)
    residuals = problem.residuals(fitted)
    covariance, degrees = covariance_of(problem.slopes(fitted), residuals)
    of_ratio = np.array([1.0, -1.0])
    variances = [*np.diagonal(covariance), of_ratio @ covariance @ of_ratio]
    eta_h, eta_y, ratio = (
        Rate(float(value), float(np.sqrt(variance)), degrees)
        for value, variance in zip(np.exp([*fitted, of_ratio @ fitted]), variances, strict=True)
    )
    r_squared = problem.r_squared(residuals)
    identifiable = (
        max(eta_h.span(), eta_y.span()) < SPAN
        and r_squared["h"] > 0
        and r_squared["y"] > 0
        and not problem.at_the_edge(fitted)
    )
    if not identifiable:
        warnings.warn(
            f"eta_h = {eta_h}, eta_y = {eta_y}, R^2 of h and y {r_squared['h']:.3g} and {r_squared['y']:.3g}: "
            "this run does not determine its rates; take one with a smaller initial scale, or a longer one",
            RatesNotIdentifiable,
            stacklevel=3,
        )
    return RateEstimates(eta_h, eta_y, ratio, _mean_rate(history), integral, r_squared, identifiable)


def _mean_rate(history: History) -> Rate | None:
    """Return the rate at which the mean error dies out, from a fit of its exponential course; None if it rests."""
    error = history.mean_error
    if error is None or error[0] <= ROUNDING * max(float(np.max(history.y)), history.Y) or error[-1] >= error[0]:
        return None
    course, elapsed = error / error[0], history.elapsed

    def residuals(log_rate: Array) -> Array:
        return np.asarray(np.exp(-2 * np.exp(log_rate[0]) * elapsed) - course)

    start = np.log((1 - course[-1]) / (2 * float(trapezoid(course, elapsed))))
    fit = least_squares(residuals, [start], method="lm", xtol=TOLERANCE, ftol=TOLERANCE, gtol=TOLERANCE)
    covariance, degrees = covariance_of(np.asarray(fit.jac)[None], np.asarray(fit.fun)[None])
    return Rate(float(np.exp(fit.x[0])), float(np.sqrt(covariance[0, 0])), degrees)
