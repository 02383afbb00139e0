"""The fit of the theory's course to a recorded one, and how much of it is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from geneft_theory.alignment.history import History
from geneft_theory.alignment.state import ROUNDING, Array, cosine
from geneft_theory.alignment.trajectory import solved

# So many stretches of a run, of equal information each, say how much a rate may be off.
STRETCHES = 5
# In powers of ten around the natural scale of each rate: what is scanned, and where a fit ends.
SCANNED, FARTHEST = 4.0, 8.0
SCAN_POINTS, SCAN_TIMES = 25, 64
VARIABLES = ("h", "y", "w")
# Of a fit: to rounding.
TOLERANCE = 1e-12


class Fit:
    """Least squares for log eta_h and log eta_y, in a box around their natural scales."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._cosine = cosine(history.y[0], history.w[0], np.asarray(history.Y))
        self._data = np.stack([history.h, history.y, history.w])
        spread = np.maximum(self._data.std(axis=1), ROUNDING * np.abs(self._data).max(axis=1))
        self._scale = np.where(spread > 0, spread, 1.0)[:, None]
        h, y = history.h.max(), max(history.Y, history.y.max())
        eta_y = 1 / (history.elapsed[-1] * h)
        ratio = h * (h / (history.X * y)) if y > 0 else h / history.X
        self.centre = np.log([eta_y * ratio, eta_y])

    def course(self, log_rates: Array, elapsed: Array) -> Array:
        """Return h, y and w, shape (3, ..., times), for log rates of shape (..., 2)."""
        eta_h, eta_y = np.exp(np.moveaxis(log_rates, -1, 0))[..., None]
        at, X, Y = self._history, np.asarray(self._history.X), np.asarray(self._history.Y)
        arrays = np.broadcast_arrays(elapsed, at.h[0], at.y[0], self._cosine, eta_h, eta_y, X, Y)
        return np.stack(solved(*arrays))

    def residuals(self, log_rates: Array) -> Array:
        """Return (3, times) residuals in units of the data's spread."""
        return np.asarray((self.course(log_rates, self._history.elapsed) - self._data) / self._scale)

    def slopes(self, log_rates: Array) -> Array:
        """Return derivatives of the residuals with respect to both logarithms, shape (3, times, 2)."""
        step = np.finfo(float).eps ** (1 / 3)
        columns = [
            (self.residuals(log_rates + step * unit) - self.residuals(log_rates - step * unit)) / (2 * step)
            for unit in np.eye(2)
        ]
        slopes = np.stack(columns, axis=-1)
        # A difference that rounding makes says nothing.
        rounding = 8 * np.finfo(float).eps * np.abs(self._data).max(axis=1)[:, None] / self._scale / step
        return np.where(np.abs(slopes) > rounding[..., None], slopes, 0.0)

    def fit(self, integral: tuple[float, float]) -> Array:
        """Return the log rates with the smallest sum of squares that is found."""

        def flat(log_rates: Array) -> Array:
            return self.residuals(log_rates).ravel()

        def flat_slopes(log_rates: Array) -> Array:
            return self.slopes(log_rates).reshape(-1, 2)

        starts = self._scan()
        if min(integral) > 0:
            limit = FARTHEST * np.log(10)
            starts.append(self.centre + np.clip(np.log(integral) - self.centre, 1e-3 - limit, limit - 1e-3))
        bounds = self.centre - FARTHEST * np.log(10), self.centre + FARTHEST * np.log(10)
        fits = [
            least_squares(
                flat,
                start,
                jac=flat_slopes,
                bounds=bounds,
                xtol=TOLERANCE,
                ftol=TOLERANCE,
                gtol=TOLERANCE,
            )
            for start in starts
        ]
        best = min(fits, key=lambda fit: float(fit.cost))
        return np.asarray(best.x, dtype=np.float64)

    def _scan(self) -> list[Array]:
        """Return the best points of a grid over both rates, none beside another."""
        chosen = np.unique(np.linspace(0, len(self._history) - 1, SCAN_TIMES).round().astype(int))
        powers = np.linspace(-SCANNED, SCANNED, SCAN_POINTS) * np.log(10)
        eta_y, ratio = np.meshgrid(powers, powers, indexing="ij")
        grid = self.centre + np.stack([eta_y + ratio, eta_y], axis=-1)
        course = self.course(grid, self._history.elapsed[chosen])
        misses = (course - self._data[:, None, None, chosen]) / self._scale[:, None, None]
        cost = np.sum(misses**2, axis=(0, -1))
        # A point that has no better neighbour is a valley of its own.
        padded = np.pad(cost, 1, constant_values=np.inf)
        around = [np.roll(padded, shift, (0, 1))[1:-1, 1:-1] for shift in ((0, 1), (0, -1), (1, 0), (-1, 0))]
        valleys = np.argwhere(cost <= np.minimum.reduce(around))
        order = np.argsort([cost[tuple(valley)] for valley in valleys], kind="stable")[:3]
        return [np.asarray(grid[tuple(valleys[index])]) for index in order]

    def r_squared(self, residuals: Array) -> dict[str, float]:
        """Return the explained share of each variable's variance over time."""
        spread = self._data.std(axis=1)
        misses = np.mean((residuals * self._scale) ** 2, axis=1)
        return {
            name: float(1 - miss / one**2) if one > 0 else float("nan")
            for name, miss, one in zip(VARIABLES, misses, spread, strict=True)
        }

    def at_the_edge(self, log_rates: Array) -> bool:
        """Return whether a fit ended at the edge of its box."""
        return bool(np.any(np.abs(log_rates - self.centre) > (FARTHEST - 0.01) * np.log(10)))


def covariance_of(slopes: Array, residuals: Array) -> tuple[Array, int]:
    """Return the covariance of k fitted logarithms, infinite where they have no influence, and its degrees of freedom.

    The jackknife, linearised: the run is cut into stretches that say equally much, each is left out in turn, and the
    scatter of what the others say is the error, whatever correlation there is inside a stretch. Slopes are
    (v, times, k), residuals (v, times).
    """
    count = min(STRETCHES, slopes.shape[1] - 1)
    unknown = np.diag(np.full(slopes.shape[-1], np.inf)), count - 1
    at_times = np.einsum("vti,vtj->tij", slopes, slopes)
    information = at_times.sum(axis=0)
    if not np.diagonal(information).min() > 0:
        return unknown
    weight = np.cumsum(np.diagonal(at_times, axis1=1, axis2=2) @ (1 / np.diagonal(information)))
    stretch: NDArray[np.intp] = np.minimum(count * weight / weight[-1], count - 1).astype(np.intp)
    member = stretch == np.arange(count)[:, None]
    others = information - np.einsum("gt,tij->gij", member, at_times)
    pulls = np.einsum("gt,vti,vt->gi", member, slopes, residuals)
    # Beyond, the slopes' own rounding errors decide.
    if np.linalg.cond(others).max() > 1e12:
        return unknown
    shifts = np.linalg.solve(others, pulls[..., None])[..., 0]
    return np.asarray((count - 1) / count * shifts.T @ shifts), count - 1
