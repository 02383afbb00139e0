"""A fitted line between generalization and memorization: its direction, its place, and how sure both are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from geneft_theory.errors import InvalidInput, require_number
from geneft_theory.estimate import Estimate
from validation.measure import line_quotients
from validation.measure.bootstrap import expanded_levels
from validation.measure.line_quotients import TILT, Array, Quotient, is_turned

BEYOND = 308.0
"""Decades that no learning rate spans: more than a floating-point number can."""


@dataclass(frozen=True)
class Measured:
    """A number read off a fitted line: value, standard error, ends of its interval (which may be infinite)."""

    value: float
    standard_error: float
    low: float
    high: float

    def moved(self, offset: float) -> Measured:
        """Return the number counted from another origin."""
        return Measured(self.value + offset, self.standard_error, self.low + offset, self.high + offset)

    def bounded(self) -> Measured:
        """Return the number with ends, and error, made infinite where they are beyond all learning rates."""
        low = self.low if self.low > -BEYOND else -math.inf
        high = self.high if self.high < BEYOND else math.inf
        # An error from a quantile that was cut off there is at least half of what lies between.
        error = self.standard_error if self.standard_error < BEYOND / 4 else math.inf
        return Measured(self.value, error, low, high)

    def __str__(self) -> str:
        bounded = math.isfinite(self.low) and math.isfinite(self.high)
        interval = f"{self.low:.2f} to {self.high:.2f}" if bounded else "not bounded"
        return f"{self.value:.2f} ({interval})".replace("-", "−")


@dataclass(frozen=True, eq=False)
class BoundaryLine:
    """A fitted line, P(generalize) = 1/2, with u, v the decimal logarithms of the encoder's and the decoder's rate.

    Attributes
    ----------
    coefficients, covariance : numpy.ndarray, shape (3,) and (3, 3)
        Of P = expit(b0 + b1 (u - u_middle) + b2 (v - v_middle)); the covariance takes all networks as independent.
    resampled : numpy.ndarray, shape (draws, 3)
        Coefficients of the bootstrap samples, nan for one whose networks lie on one line.
    separated : numpy.ndarray, shape (cells, 3), or None
        What every line satisfies that separates the two phases without exception (`line_quotients.separated_points`);
        None where no line does.
    middle : tuple of float
        u and v in the middle of the grid.
    misplaced : int
        Networks on the wrong side of this line.
    seeds : int
        Number of seeds.
    level : float
        Confidence level of the intervals.
    """

    coefficients: Array
    covariance: Array
    resampled: Array
    separated: Array | None
    middle: tuple[float, float]
    misplaced: int
    seeds: int
    level: float

    @cached_property
    def angle(self) -> Measured:
        """The line's direction in degrees, with memorization on its left.

        45 is slope +1 with memorization where the decoder is the faster; -135 the same line with the phases exchanged;
        0 a line at one decoder rate; 90 a line at one encoder rate. Unlike the slope it has no pole, so that it is
        what theory is held against.
        """
        tilt, slopes = TILT(self.coefficients)
        value = _degrees(tilt, is_turned(self.coefficients))
        resampled = _degrees(TILT(self.resampled)[0], is_turned(self.resampled))
        # The turn that is nearest to the estimate.
        resampled = resampled - 360 * np.rint((resampled - value) / 360)
        own = math.degrees(self._likelihood_error(slopes) / (1 + float(tilt) ** 2))
        ends = [float(_degrees(np.array(end), is_turned(self.coefficients))) for end in self._extent(TILT)]
        return self._measured(float(value), resampled, own, (ends[0], ends[1]))

    @cached_property
    def slope(self) -> Measured:
        """The slope dv/du = tan(angle); its interval is infinite where that of the angle holds a vertical line."""
        angle = self.angle
        value = math.tan(math.radians(angle.value))
        error = math.radians(angle.standard_error) * (1 + value**2)
        if math.floor((angle.low + 90) / 180) != math.floor((angle.high + 90) / 180):
            return Measured(value, error, -math.inf, math.inf)
        return Measured(value, error, math.tan(math.radians(angle.low)), math.tan(math.radians(angle.high)))

    @cached_property
    def intercept(self) -> Measured:
        """Logarithm v on the line at u = 0, that is at eta_encoder = 1, which is usually far outside of the grid."""
        u, v = self.middle
        return self._read(line_quotients.intercept(-u)).moved(v)

    @cached_property
    def log_ratio(self) -> Measured:
        """The boundary's place: v - u where the line crosses the diagonal of slope -1 through the middle of the grid.

        The same all along a line of slope +1, and well defined for every angle but -45 and 135.
        """
        return self.log_ratio_at(0.0)

    def log_ratio_at(self, along: float) -> Measured:
        """Return v - u where the line crosses the diagonal that passes (u + v)/2 = `along`, counted from the middle."""
        u, v = self.middle
        return self._read(line_quotients.log_ratio(require_number("along", along))).moved(v - u)

    @property
    def turned(self) -> bool:
        """Whether memorization lies where the decoder is the slower one, against the theory."""
        return bool(is_turned(self.coefficients))

    def estimate(self, name: str) -> Estimate | None:
        """Return angle, slope, intercept or log_ratio for `compare`; None where its error is not bounded."""
        measured: Measured = getattr(self, name)
        if not math.isfinite(measured.standard_error):
            return None
        return Estimate(measured.value, measured.standard_error, self.seeds)

    def _read(self, quotient: Quotient) -> Measured:
        value, slopes = quotient(self.coefficients)
        own = self._likelihood_error(slopes)
        return self._measured(float(value), self._decades(quotient), own, self._extent(quotient)).bounded()

    def _decades(self, quotient: Quotient) -> Array:
        """Return a number of every resample, kept finite where a line hardly meets what it is read off at."""
        return np.clip(quotient(self.resampled)[0], -BEYOND, BEYOND)

    def resolution(self, quotient: Quotient) -> float:
        """Return the error of a number that remains if all seeds agree: from the likelihood, or from the grid."""
        low, high = self._extent(quotient)
        return max(self._likelihood_error(quotient(self.coefficients)[1]), (high - low) / math.sqrt(12))

    def _likelihood_error(self, slopes: Array) -> float:
        return float(np.sqrt(slopes @ self.covariance @ slopes))

    def _extent(self, quotient: Quotient) -> tuple[float, float]:
        """Return the range over all lines that separate the phases; without any, no range but the value itself."""
        if self.separated is None:
            value = float(quotient(self.coefficients)[0])
            return value, value
        return quotient.extent(self.separated, self.coefficients)

    def _measured(self, value: float, resampled: Array, own: float, extent: tuple[float, float]) -> Measured:
        """Return a number with the largest of its three errors, and the interval that covers all three."""
        usable = resampled[~np.isnan(resampled)]
        outer = np.quantile(usable, expanded_levels(self.level, self.seeds))
        within = np.quantile(usable, ndtr([-1.0, 1.0]))
        between_seeds = float(within[1] - within[0]) / 2 * math.sqrt(self.seeds / (self.seeds - 1))
        # The standard deviation of what is anywhere in its range.
        grid = (extent[1] - extent[0]) / math.sqrt(12)
        reach = float(ndtri(0.5 + self.level / 2)) * own
        low = min(float(outer[0]), value - reach, extent[0])
        return Measured(value, max(between_seeds, own, grid), low, max(float(outer[1]), value + reach, extent[1]))


def boundary_shift(moved: BoundaryLine, reference: BoundaryLine) -> Estimate | None:
    """Return by how much log10(eta_decoder/eta_encoder) on one boundary exceeds that on another, from the same seeds.

    Both are taken where they cross the diagonal through the middle of the grid. The error is that of the difference in
    the paired resamples; where it is smaller than what grid and likelihood leave open of both places, these count. None
    where the error is not bounded.

    Raises
    ------
    InvalidInput
        If the two do not rest on the same number of seeds and resamples, and on the same grid.

    Examples
    --------
    >>> from validation.measure import fit_boundary
    >>> rates = np.geomspace(1e-4, 1e-1, 7)
    >>> ratio = rates[np.newaxis, :] / rates[:, np.newaxis]
    >>> lines = [fit_boundary(rates, rates, np.stack([ratio < 5 * k, ratio < 20 * k])).line for k in (1, 10)]
    >>> round(boundary_shift(lines[1], lines[0]).value, 1)
    1.0
    """
    kept = ("seeds", "middle", "resampled")
    here, there = ((line.seeds, line.middle, line.resampled.shape) for line in (moved, reference))
    for name, one, other in zip(kept, here, there, strict=True):
        if one != other:
            raise InvalidInput(f"moved and reference must agree in {name}; got {one} and {other}")
    place = line_quotients.log_ratio()
    difference = float(place(moved.coefficients)[0] - place(reference.coefficients)[0])
    resampled = moved._decades(place) - reference._decades(place)
    own = math.hypot(moved.resolution(place), reference.resolution(place))
    shift = moved._measured(difference, resampled, own, (difference, difference)).bounded()
    return Estimate(difference, shift.standard_error, moved.seeds) if math.isfinite(shift.standard_error) else None


def _degrees(tilt: Array, turned: NDArray[np.bool_]) -> Array:
    return np.asarray(45 + np.degrees(np.arctan(tilt)) - 180 * turned)
