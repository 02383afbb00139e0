"""Means where two things vary, one within the other: training sets, and the networks trained on each."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit

from geneft_theory.errors import InvalidInput, require_array, require_integer, require_number

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class HierarchicalMean:
    """A mean over training sets, with an interval for other training sets and other networks.

    Attributes
    ----------
    mean : numpy.ndarray
        The mean over training sets of the mean over each one's networks; the shape of one network's values.
    low, high : numpy.ndarray
        Confidence interval.
    standard_error : numpy.ndarray
        Standard error of the mean.
    between_sets, within_sets : numpy.ndarray
        Estimated standard deviation of training sets (of the mean of infinitely many networks on each), and of
        networks on one training set; the second is nan where no set has two networks, and is then part of the first.
    training_sets, networks : int
        How many of each.
    level : float
        Confidence level.
    """

    mean: Array
    low: Array
    high: Array
    standard_error: Array
    between_sets: Array
    within_sets: Array
    training_sets: int
    networks: int
    level: float


def hierarchical_mean(
    values: ArrayLike, training_sets: ArrayLike, *, level: float = 0.95, draws: int = 2000, seed: int = 0
) -> HierarchicalMean:
    r"""Return the mean over training sets with a two-level bootstrap interval.

    Training sets are drawn anew with replacement, and on each drawn one its networks with replacement. Done plainly,
    that counts the scatter of networks twice, since the means of the sets already contain it: the bootstrap variance
    exceeds the true one by :math:`\sigma_w^2 / (A B)` for A sets of B networks. Here the sets' means are first drawn
    together, and the networks' deviations spread, until the variance of a resampled mean is the unbiased estimate of
    that of the mean (Davison & Hinkley, *Bootstrap Methods and their Application* (1997), Section 3.8).
    The quantiles of the resampled means are moved away from the mean by the quotient of Student's and the normal
    quantile: with few sets the resamples scatter too regularly.

    With one network on each set this is the bootstrap over seeds.

    Parameters
    ----------
    values : array_like, shape (networks, ...)
        What each network gave: a number, or a whole curve.
    training_sets : array_like, shape (networks,)
        Which training set each network was trained on: at least 2 different ones.
    level : float
        Confidence level, in (0, 1).
    draws : int
        Resamples, >= 100.
    seed : int
        Seed of the resampling, >= 0.

    Returns
    -------
    HierarchicalMean
        Mean, interval, standard error, and how much of it each level contributes.

    Raises
    ------
    InvalidInput
        When there are fewer than 2 training sets, the shapes do not fit, or an argument lies outside its domain.

    Examples
    --------
    >>> accuracy = [0.90, 0.94, 0.70, 0.74, 0.80, 0.84]
    >>> seen = hierarchical_mean(accuracy, [0, 0, 1, 1, 2, 2])
    >>> round(float(seen.mean), 2), round(float(seen.between_sets), 3), round(float(seen.within_sets), 3)
    (0.82, 0.098, 0.028)
    >>> bool(seen.low < 0.6 < 0.82 < seen.high)
    True
    """
    array = require_array("values", values)
    labels = np.asarray(training_sets)
    if array.ndim == 0 or labels.shape != array.shape[:1]:
        raise InvalidInput(f"training_sets must hold one entry a network; got shape {labels.shape} for {array.shape}")
    level = require_number("level", level, low=0, high=1, open_low=True, open_high=True)
    draws = require_integer("draws", draws, minimum=100)
    generator = np.random.default_rng(require_integer("seed", seed, minimum=0))
    different, place = np.unique(labels, return_inverse=True)
    if different.size < 2:
        raise InvalidInput(f"training_sets must be at least 2 different ones; got {different.size}")
    groups = [array[place == k] for k in range(different.size)]
    levels = _Levels.of(groups)
    resampled = levels.resampled_deviations(draws, generator)
    longer = float(stdtrit(different.size - 1, 0.5 + level / 2)) / float(ndtri(0.5 + level / 2))
    low, high = longer * np.quantile(resampled, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    return HierarchicalMean(
        mean=levels.mean,
        low=levels.mean + low,
        high=levels.mean + high,
        standard_error=np.sqrt(levels.variance),
        between_sets=np.sqrt(levels.between),
        within_sets=np.sqrt(levels.within),
        training_sets=different.size,
        networks=array.shape[0],
        level=level,
    )


@dataclass(frozen=True, eq=False)
class _Levels:
    """The two levels of a sample: the means of its sets, their networks' deviations, and the variances of both."""

    means: Array
    sizes: NDArray[np.intp]
    deviations: list[Array]
    noise: Array
    within: Array

    @classmethod
    def of(cls, groups: list[Array]) -> _Levels:
        means = np.stack([group.mean(axis=0) for group in groups])
        several = [group for group in groups if len(group) > 1]
        # Scaled so that a network drawn from them has the variance of a network, not that of a residual.
        scaled = [(group - group.mean(axis=0)) * math.sqrt(len(group) / (len(group) - 1)) for group in several]
        # A set with one network says nothing of its scatter: it is lent that of the others.
        pooled = np.concatenate(scaled) if scaled else np.zeros((1, *means.shape[1:]))
        own = iter(scaled)
        deviations = [next(own) if len(group) > 1 else pooled for group in groups]
        parts = [(each**2).mean(axis=0) / len(group) for each, group in zip(deviations, groups, strict=True)]
        free = sum(len(group) - 1 for group in several)
        squares = sum((((group - group.mean(axis=0)) ** 2).sum(axis=0) for group in several), np.zeros_like(means[0]))
        within = np.asarray(squares / free if free else np.full_like(means[0], np.nan))
        sizes = np.array([len(group) for group in groups])
        return cls(means, sizes, deviations, np.asarray(np.mean(parts, axis=0)), within)

    @property
    def mean(self) -> Array:
        return np.asarray(self.means.mean(axis=0))

    @property
    def between(self) -> Array:
        """Variance of the sets' own means, the scatter of their networks taken off."""
        return np.asarray(np.maximum(self.means.var(axis=0, ddof=1) - self.noise, 0.0))

    @property
    def variance(self) -> Array:
        """Variance of the mean over sets."""
        return np.asarray((self.between + self.noise) / len(self.means))

    def resampled_deviations(self, draws: int, generator: np.random.Generator) -> Array:
        """Return by how much the mean of each resample deviates from the mean, shape (draws, ...)."""
        sets = len(self.means)
        scatter = self.means.var(axis=0)
        stretch = np.sqrt(np.divide(self.between, scatter, out=np.zeros_like(scatter), where=scatter > 0))
        drawn = generator.multinomial(sets, np.full(sets, 1 / sets), size=draws)
        result = np.tensordot(drawn / sets, (self.means - self.mean) * stretch, axes=1)
        for times, size, deviations in zip(drawn.T, self.sizes, self.deviations, strict=True):
            networks = generator.multinomial(times * size, np.full(len(deviations), 1 / len(deviations)))
            result += np.tensordot(networks / (size * sets), deviations, axes=1)
        return np.asarray(result)
