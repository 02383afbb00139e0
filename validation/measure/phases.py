"""The four phases of learning: what a network made of its task within its budget of steps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.errors import InvalidInput, require_broadcast, require_integer, require_number, shown
from validation.measure.bands import wilson_interval

PHASES = ("generalization", "grokking", "memorization", "confusion")
DELAY = 1000
"""How many steps later grokking comes than memorization (Table IV)."""


def phase_of(
    steps_to_train: ArrayLike, steps_to_test: ArrayLike, delay: float = DELAY, *, diverged: ArrayLike = False
) -> NDArray[np.str_]:
    """Return the phase of each network, from when it learned its training pairs and when the others.

    ================  =================  ================  =======================
    phase             training pairs     held-out pairs    steps in between
    ================  =================  ================  =======================
    generalization    learned            learned           fewer than `delay`
    grokking          learned            learned           `delay` or more
    memorization      learned            not learned
    confusion         not learned        either
    ================  =================  ================  =======================

    Parameters
    ----------
    steps_to_train, steps_to_test : array_like
        First step with an accuracy above 0.9, > 0; nan where the budget ended before.
    delay : float
        Steps between the two from which it is grokking, > 0.
    diverged : array_like of bool
        Whether the network left the finite numbers. What it had reached before is lost: it is confused.

    Returns
    -------
    numpy.ndarray of str
        Entries of `PHASES`, in the broadcast shape.

    Raises
    ------
    InvalidInput
        If a step is not positive, `diverged` is not of booleans, or the shapes do not broadcast.

    Notes
    -----
    Source: Baek, Liu & Tegmark (2024), Table IV, which leaves three cases open that are settled here. Held-out pairs
    learned before the training pairs: generalization, the delay being negative. Held-out pairs learned but never the
    training pairs (just below their threshold): confusion, since both are asked of the first two phases and the
    training pairs of the third. Accuracy that is reached and lost again while the numbers stay finite: it was reached.

    Steps are known on the grid of records only, so that a delay is uncertain by as much as that grid is wide.

    Examples
    --------
    >>> phase_of([300, 300, 300, np.nan, 900], [400, 1300, np.nan, np.nan, 700])
    array(['generalization', 'grokking', 'memorization', 'confusion',
           'generalization'], dtype='<U14')
    >>> str(phase_of(300, 400, diverged=True))
    'confusion'
    """
    train, test = _steps("steps_to_train", steps_to_train), _steps("steps_to_test", steps_to_test)
    delay = require_number("delay", delay, low=0, open_low=True)
    lost = np.asarray(diverged)
    if lost.dtype != np.bool_:
        raise InvalidInput(f"diverged must be true or false; got {shown(diverged)}")
    require_broadcast({"steps_to_train": train, "steps_to_test": test, "diverged": lost})
    generalization, grokking, memorization, confusion = PHASES
    # A comparison with nan is false.
    late = test - train >= delay
    learned = np.where(np.isnan(test), memorization, np.where(late, grokking, generalization))
    return np.asarray(np.where(np.isnan(train) | lost, confusion, learned))


@dataclass(frozen=True, eq=False)
class PhaseFrequencies:
    """How often each phase was seen.

    Attributes
    ----------
    counts : numpy.ndarray of int, shape (..., 4)
        Networks in each of `PHASES`, in that order.
    share, low, high : numpy.ndarray, shape (..., 4)
        The counts divided by the networks, and Wilson's interval of each share by itself; nan where no network was
        run.
    level : float
        Confidence level of each interval by itself; four that hold at once are wider.
    """

    counts: NDArray[np.int64]
    share: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    level: float


def phase_frequencies(phases: ArrayLike, axis: int = -1, level: float = 0.95) -> PhaseFrequencies:
    """Return how often each phase occurs along an axis, with intervals.

    Parameters
    ----------
    phases : array_like of str
        Entries of `PHASES`, and "" for a network that was not run.
    axis : int
        The axis of the seeds.
    level : float
        Confidence level, in (0, 1).

    Returns
    -------
    PhaseFrequencies
        Over the other axes, with the phases last.

    Raises
    ------
    InvalidInput
        If an entry is no phase, there is no such axis, or the level lies outside its domain.

    Examples
    --------
    >>> seen = phase_frequencies(["grokking", "memorization", "memorization", "memorization"])
    >>> seen.counts, seen.share, seen.low.round(3)
    (array([0, 1, 3, 0]), array([0.  , 0.25, 0.75, 0.  ]), array([0.   , 0.046, 0.301, 0.   ]))
    """
    array = np.asarray(phases)
    unknown = array[~np.isin(array, [*PHASES, ""])] if array.dtype.kind == "U" else array.ravel()
    if unknown.size:
        raise InvalidInput(f"phases must be of {', '.join(PHASES)}, or empty; got {shown(unknown.flat[0])}")
    if array.ndim == 0:
        raise InvalidInput("phases must have an axis of seeds; got a single phase")
    axis = require_integer("axis", axis, minimum=-array.ndim, maximum=array.ndim - 1)
    level = require_number("level", level, low=0, high=1, open_low=True, open_high=True)
    counts = np.stack([(array == phase).sum(axis) for phase in PHASES], axis=-1)
    run = np.broadcast_to(counts.sum(-1, keepdims=True), counts.shape)
    interval = cache(wilson_interval)
    low, high = np.full(counts.shape, np.nan), np.full(counts.shape, np.nan)
    for place in np.argwhere(run > 0):
        spot = tuple(place)
        low[spot], high[spot] = interval(int(counts[spot]), int(run[spot]), level)
    share = np.divide(counts, run, out=np.full(counts.shape, np.nan), where=run > 0)
    return PhaseFrequencies(counts, share, low, high, level)


def _steps(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """Return numbers of steps as an array in which nan stands for never, or refuse them."""
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidInput(f"{name} must be numbers of steps, or nan for never; got {shown(value)}") from None
    wrong = ~(np.isnan(array) | ((array > 0) & np.isfinite(array)))
    if wrong.any():
        raise InvalidInput(f"{name} must be > 0 and finite, or nan for never; got {array[wrong].flat[0]:g}")
    return array
