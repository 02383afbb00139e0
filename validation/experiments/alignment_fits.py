"""What the theory makes of recorded courses: fitted rates, the courses that follow, and four wrong systems."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geneft_theory import alignment
from geneft_theory.alignment import History, RatesNotIdentifiable

Array = NDArray[np.float64]
SYSTEMS = ("right", "y' doubled", "h' doubled", "sign in w' flipped", "term of y' dropped")
"""The theory's equations, and the four ways in which the official code corrupts them as a control."""
# How far around the right system's rates the others are looked for, in natural logarithms, and how finely.
RATIO_REACH, RATE_REACH = np.log(30), np.log(4)
COARSE, FINE, ZOOMS = 25, 9, 4
RATE_POINTS = 41
INTEGRATION_STEPS = 800


@dataclass(frozen=True)
class FittedCourse:
    """The theory's course through a recorded one.

    Attributes
    ----------
    eta_h, eta_y, eta_mean : float
        Rates per unit of learning rate; nan where there is none.
    identifiable : bool
        Whether the theory's own estimator trusts its rates.
    course : ndarray, shape (4, times)
        h, y, w and the loss.
    r_squared : ndarray, shape (4,)
        The share of the variance over time that each explains.
    """

    eta_h: float
    eta_y: float
    eta_mean: float
    identifiable: bool
    course: Array
    r_squared: Array

    @property
    def misfit(self) -> float:
        """The mean over h, y and w of what is not explained."""
        return float(np.mean(1 - self.r_squared[:3]))


def fit(history: History) -> FittedCourse:
    """Return the theory's course with fitted rates.

    Examples
    --------
    >>> times = np.arange(0, 3001, 50)
    >>> h, y, w = alignment.trajectory(times, 0.01, 1e-4, -0.00697107, eta_h=0.002, eta_y=0.01, X=1, Y=0.5)
    >>> found = fit(History(times, h, y, w, 1, 0.5, loss=alignment.loss(y, w, 0.5, 0.2 * np.exp(-0.02 * times))))
    >>> round(found.eta_h, 5), round(found.eta_y, 5), round(found.eta_mean, 5), found.r_squared.round(5).tolist()
    (0.002, 0.01, 0.01, [1.0, 1.0, 1.0, 1.0])
    """
    with warnings.catch_warnings():
        # It is in the result.
        warnings.simplefilter("ignore", RatesNotIdentifiable)
        rates = alignment.estimate_rates(history)
    h, y, w = alignment.trajectory(
        history.elapsed,
        history.h[0],
        history.y[0],
        history.w[0],
        rates.eta_h.value,
        rates.eta_y.value,
        history.X,
        history.Y,
    )
    eta_mean = np.nan if rates.eta_mean is None else rates.eta_mean.value
    loss = np.full_like(h, np.nan)
    if history.loss is not None and history.mean_error is not None:
        decayed = 0.0 if rates.eta_mean is None else np.exp(-2 * eta_mean * history.elapsed)
        loss = alignment.loss(y, w, history.Y, history.mean_error[0] * decayed)
    course = np.stack([h, y, w, loss])
    measured = np.stack([history.h, history.y, history.w, loss if history.loss is None else history.loss])
    return FittedCourse(
        rates.eta_h.value, rates.eta_y.value, eta_mean, rates.identifiable, course, explained(measured, course)
    )


def explained(measured: Array, predicted: Array) -> Array:
    """Return the share of the variance along the last axis that a prediction explains; nan where nothing varies.

    Examples
    --------
    >>> float(explained(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 2.0])))
    0.5
    """
    missed = np.mean((measured - predicted) ** 2, axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(1 - missed / np.var(measured, axis=-1))


def velocity(state: Array, ratio: Array, X: float, Y: float) -> Array:
    """Return the velocities of h, y and w under each of the `SYSTEMS`, in units of 1/eta_y.

    Parameters
    ----------
    state : ndarray, shape (3, systems, ...)
        h, y and w.
    ratio : ndarray, shape (systems, ...)
        eta_h/eta_y.
    X, Y : float
        Squared distances of inputs and targets.

    Examples
    --------
    >>> state = np.ones((3, 5)) * np.array([0.5, 0.2, -0.1])[:, None]
    >>> velocity(state, np.ones(5), 1.0, 0.5).round(2).tolist()[0]
    [0.1, 0.1, 0.2, 0.1, 0.1]
    """
    h, y, w = state
    pull = ratio * X
    by_decoder, by_encoder = w * h, w * pull * y / h
    rise = -(by_decoder + by_encoder)
    approach = -h * (3 * w - y + Y) / 2
    last = -pull * (y + w) * w / (2 * h)
    velocities = np.stack([-pull * w, rise, approach + last])
    velocities[1, 1] *= 2
    velocities[0, 2] *= 2
    velocities[2, 3] = (approach - last)[3]
    velocities[1, 4] = -by_decoder[4]
    return velocities


def misfits(history: History, start: FittedCourse) -> tuple[Array, Array]:
    """Return how much of a course each of the `SYSTEMS` fails to explain at its best rates, and its best course.

    All five are treated alike: integrated by steps for many ratios of the rates around that of the right system, each
    compared at many absolute rates, and then with finer and finer ratios.

    Parameters
    ----------
    history : History
        The recorded course.
    start : FittedCourse
        The right system's fit.

    Returns
    -------
    misfit : ndarray, shape (5,)
        The mean over h, y and w of the unexplained share of the variance.
    courses : ndarray, shape (5, 3, times)
        h, y and w.

    Examples
    --------
    >>> times = np.arange(0, 3001, 50)
    >>> states = alignment.trajectory(times, 0.01, 1e-4, -0.00697107, eta_h=0.002, eta_y=0.01, X=1, Y=0.5)
    >>> run = History(times, *states, X=1, Y=0.5)
    >>> misfit, _ = misfits(run, fit(run))
    >>> bool(misfit[0] < 1e-6), bool(misfit[1:].min() > 5e-4)
    (True, True)
    """
    data = np.stack([history.h, history.y, history.w])
    scale = data.std(axis=1)[:, None]
    # One more than the slowest rate needs, so that every time is inside.
    duration = start.eta_y * history.elapsed[-1] * np.exp(RATE_REACH)
    centre = np.full((len(SYSTEMS), 1), np.log(start.eta_h / start.eta_y))
    rates = start.eta_y * np.exp(np.linspace(-RATE_REACH, RATE_REACH, RATE_POINTS))
    best = np.full(len(SYSTEMS), np.inf)
    courses = np.full((len(SYSTEMS), *data.shape), np.nan)
    reach, count = RATIO_REACH, COARSE
    for _ in range(ZOOMS + 1):
        ratios = np.exp(centre + np.linspace(-reach, reach, count))
        ran = _integrated(data[:, 0], ratios, duration, history.X, history.Y)
        for system in range(len(SYSTEMS)):
            found = [
                _best_rate(ran[..., system, k], duration, rates, history.elapsed, data, scale) for k in range(count)
            ]
            k = int(np.argmin([cost for cost, _ in found]))
            centre[system] = np.log(ratios[system, k])
            if found[k][0] < best[system]:
                best[system], courses[system] = found[k]
        reach, count = 2 * reach / (count - 1), FINE
    return best, courses


def _best_rate(
    ran: Array, duration: float, rates: Array, elapsed: Array, data: Array, scale: Array
) -> tuple[float, Array]:
    """Return the least misfit of an integrated course (steps, 3) over absolute rates, and the course."""
    if not np.isfinite(ran).all():
        return np.inf, np.full_like(data, np.nan)
    clock = np.linspace(0, duration, len(ran))

    def at(rate: float) -> tuple[float, Array]:
        course = np.stack([np.interp(rate * elapsed, clock, ran[:, k]) for k in range(3)])
        return float(np.mean(((course - data) / scale) ** 2)), course

    costs = [at(rate)[0] for rate in rates]
    k = int(np.argmin(costs))
    low, high = rates[max(k - 1, 0)], rates[min(k + 1, len(rates) - 1)]
    for _ in range(20):
        # Thirds: the misfit has one valley between two points of the scan.
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, right) if at(left)[0] < at(right)[0] else (left, high)
    return at((low + high) / 2)


def _integrated(start: Array, ratios: Array, duration: float, X: float, Y: float) -> Array:
    """Return the courses (steps + 1, 3, systems, ratios) of all systems, by the rule of Runge and Kutta."""
    state = np.broadcast_to(start[:, None, None], (3, *ratios.shape)).copy()
    step = duration / INTEGRATION_STEPS
    courses = np.empty((INTEGRATION_STEPS + 1, *state.shape))
    courses[0] = state
    # A wrong system may run away; its course is then left out.
    with np.errstate(all="ignore"):
        for k in range(INTEGRATION_STEPS):
            first = velocity(state, ratios, X, Y)
            second = velocity(state + step / 2 * first, ratios, X, Y)
            third = velocity(state + step / 2 * second, ratios, X, Y)
            fourth = velocity(state + step * third, ratios, X, Y)
            state = state + step / 6 * (first + 2 * second + 2 * third + fourth)
            courses[k + 1] = state
    return courses
