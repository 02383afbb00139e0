"""How often something happens, with intervals that know which networks share a seed."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtrit

from geneft_theory.errors import InvalidInput, require_array, require_number
from validation.measure.bands import wilson_interval


def clustered_interval(successes: ArrayLike, trials: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """Return an interval for the probability behind successes counted seed by seed.

    Networks of one seed share their training pairs and their initial parameters: at several learning rates they
    succeed or fail together, and as many independent networks would tell more. Wilson's interval is therefore taken
    for an effective number of trials, the actual one divided by how much more the seeds scatter than independent
    networks would (the design effect), and shortened as Student's t asks for with few seeds (Korn & Graubard, Survey
    Methodology 24, 193 (1998); with Wilson's interval, Dean & Pagano, J. Survey Statistics and Methodology 3, 484
    (2015)). Where every seed has one network this is Wilson's interval itself.

    Parameters
    ----------
    successes : array_like of int, shape (seeds,)
        How many networks of each seed succeeded.
    trials : array_like of int, shape (seeds,)
        How many networks each seed has, >= 1.
    level : float
        Confidence level, in (0, 1).

    Returns
    -------
    tuple of float
        Lower and upper end, in [0, 1]. From a single seed nothing is known of other seeds: it counts as one network.

    Raises
    ------
    InvalidInput
        When there is no seed, or an argument lies outside its domain.

    Examples
    --------
    >>> [round(end, 3) for end in clustered_interval([1, 0, 1, 1], [1, 1, 1, 1])]
    [0.301, 0.954]
    >>> [round(end, 3) for end in clustered_interval([9, 0, 9, 9], [9, 9, 9, 9])]
    [0.131, 0.984]
    """
    counted, run = _counts("successes", successes), _counts("trials", trials)
    level = require_number("level", level, low=0, high=1, open_low=True, open_high=True)
    if run.ndim != 1 or run.shape != counted.shape or not run.size:
        raise InvalidInput(f"trials must hold one number a seed; got shapes {counted.shape} and {run.shape}")
    if (run < 1).any() or (counted > run).any():
        raise InvalidInput("trials must be at least 1 in every seed, and at least as many as its successes")
    total = float(run.sum())
    share = float(counted.sum()) / total
    if (run == 1).all():
        return wilson_interval(int(counted.sum()), int(total), level)
    return _score_interval(share, _effective_trials(counted, run, share, level), level)


def difference_interval(
    first: tuple[float, float, float], second: tuple[float, float, float]
) -> tuple[float, float, float]:
    """Return the difference of two frequencies, second minus first, with the interval that follows from theirs.

    Newcombe's hybrid score interval (Statistics in Medicine 17, 873 (1998), method 10). It takes the two for
    independent; where they share seeds it is wider than it need be.

    Parameters
    ----------
    first, second : tuple of float
        A frequency, and the lower and upper end of its interval, both at one level.

    Returns
    -------
    tuple of float
        The difference and the ends of its interval.

    Raises
    ------
    InvalidInput
        When the numbers are no frequencies, or an interval does not hold its own.

    Examples
    --------
    >>> from validation.measure import wilson_interval
    >>> seen = (0.5, *wilson_interval(10, 20)), (0.9, *wilson_interval(18, 20))
    >>> [round(value, 3) for value in difference_interval(*seen)]
    [0.4, 0.116, 0.613]
    """
    for name, value in (("first", first), ("second", second)):
        share, low, high = require_array(name, value, low=0, high=1).tolist()
        if not low <= share <= high:
            raise InvalidInput(f"{name} must be a frequency and the ends of its interval; got {value}")
    (p, p_low, p_high), (q, q_low, q_high) = first, second
    down, up = math.hypot(q - q_low, p_high - p), math.hypot(q_high - q, p - p_low)
    return q - p, q - p - down, q - p + up


def _counts(name: str, values: ArrayLike) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    array = require_array(name, values, low=0)
    if (array != np.floor(array)).any():
        raise InvalidInput(f"{name} must be whole numbers; got {array[array != np.floor(array)].flat[0]:g}")
    return array


def _effective_trials(
    counted: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    run: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    share: float,
    level: float,
) -> float:
    seeds, total = run.size, float(run.sum())
    if seeds == 1:
        return 1.0
    if share in (0.0, 1.0):
        # All agree, so that nothing tells how much seeds scatter: the cautious answer is that they do so fully.
        return float(seeds)
    scatter = counted - share * run
    variance = seeds / (seeds - 1) * float((scatter**2).sum()) / total**2
    independent = share * (1 - share) / total
    student = (float(ndtri(0.5 + level / 2)) / float(stdtrit(seeds - 1, 0.5 + level / 2))) ** 2
    # Seeds that happen to scatter less than independent networks are not worth more than those.
    effective = total if variance <= independent else total * independent / variance
    return max(1.0, effective * student)


def _score_interval(share: float, trials: float, level: float) -> tuple[float, float]:
    """Return Wilson's interval for a number of trials that need not be whole."""
    z = float(ndtri(0.5 + level / 2))
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    low = 0.0 if share == 0 else max(0.0, middle - half)
    return min(low, share), max(1.0 if share == 1 else min(1.0, middle + half), share)
