"""Resampling seeds: the one bootstrap of all measurements."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, stdtrit

from geneft_theory.errors import InvalidInput, require_array, require_integer, require_number


def bootstrap_means(samples: ArrayLike, draws: int, seed: int) -> NDArray[np.float64]:
    """Return the means of resampled seeds, each seed with all that belongs to it.

    Parameters
    ----------
    samples : array_like, shape (seeds, ...)
        One entry for each of at least 2 seeds, for example a whole curve: what one seed gave is never torn apart.
    draws : int
        Number of resamples, >= 1.
    seed : int
        Seed of the random numbers, >= 0.

    Returns
    -------
    numpy.ndarray, shape (draws, ...)
        The mean over seeds of each resample.

    Raises
    ------
    InvalidInput
        When there are fewer than 2 seeds, or draws or seed lie outside their domain.

    Examples
    --------
    >>> curves = np.array([[0.5, 0.9], [0.7, 0.9], [0.6, 0.9]])
    >>> means = bootstrap_means(curves, draws=500, seed=0)
    >>> means.shape, bool(np.all(np.abs(means[:, 1] - 0.9) < 1e-12))
    ((500, 2), True)
    """
    array = require_array("samples", samples)
    if array.ndim == 0 or array.shape[0] < 2:
        raise InvalidInput(f"samples must hold at least 2 seeds; got an array of shape {array.shape}")
    draws = require_integer("draws", draws, minimum=1)
    generator = np.random.default_rng(require_integer("seed", seed, minimum=0))
    seeds = array.shape[0]
    counts = generator.multinomial(seeds, np.full(seeds, 1 / seeds), size=draws)
    return np.asarray(np.tensordot(counts / seeds, array, axes=1))


def expanded_levels(level: float, seeds: int) -> tuple[float, float]:
    """Return the two quantiles of a bootstrap distribution that bound a confidence interval.

    The plain quantiles (0.025 and 0.975 at level 0.95) give intervals that are too short for few seeds: the bootstrap
    distribution is narrower than the sampling distribution by sqrt((seeds - 1) / seeds), and normal where Student's t
    is due. Both are undone here: the "expanded percentile interval" of Hesterberg, The American Statistician 69, 371
    (2015), Section 4.2.

    Parameters
    ----------
    level : float
        Confidence level, in (0, 1).
    seeds : int
        Number of independent seeds, >= 2.

    Returns
    -------
    tuple of float
        Lower and upper quantile, adding up to 1.

    Raises
    ------
    InvalidInput
        When an argument lies outside its domain.

    Examples
    --------
    >>> [round(quantile, 4) for quantile in expanded_levels(0.95, seeds=10)]
    [0.0086, 0.9914]
    >>> [round(quantile, 4) for quantile in expanded_levels(0.95, seeds=100000)]
    [0.025, 0.975]
    """
    level = require_number("level", level, low=0, high=1, open_low=True, open_high=True)
    seeds = require_integer("seeds", seeds, minimum=2)
    reach = float(stdtrit(seeds - 1, 0.5 + level / 2)) * math.sqrt(seeds / (seeds - 1))
    return float(ndtr(-reach)), float(ndtr(reach))
