"""How well a score tells two kinds apart: the area under its ROC curve, with intervals from resampled groups."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.errors import InvalidInput, require_array, require_integer, require_number
from geneft_theory.estimate import Estimate
from validation.measure.bootstrap import bootstrap_means, expanded_levels

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RocArea:
    """The area under a ROC curve: how often a positive case has the higher score than a negative one.

    Attributes
    ----------
    value : float or None
        The area in [0, 1], ties counted half; 1/2 for a score that knows nothing. None where there was nothing to
        compare: no case of one kind, or none that share a stratum.
    standard_error : float or None
        Standard deviation over resamples of groups, times sqrt(groups / (groups - 1)); None without a value, with
        fewer than 2 groups, or where less than half of the resamples had anything to compare.
    low, high : float or None
        Confidence interval at `level`; None as the standard error.
    level : float
        Confidence level.
    positives, negatives, groups : int
        Number of cases of each kind, and of groups that were resampled.
    resamples : ndarray, shape (bootstrap,)
        The areas of the resamples, nan where there was nothing to compare. Two scores of the same cases with the same
        seed share their resamples, so that `exceeds` can pair them.
    """

    value: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    level: float
    positives: int
    negatives: int
    groups: int
    resamples: Array = field(repr=False)

    @property
    def estimate(self) -> Estimate | None:
        """The area with its standard error, for `compare`; None where there is none."""
        if self.value is None or self.standard_error is None:
            return None
        return Estimate(self.value, self.standard_error, self.groups)

    def exceeds(self, other: RocArea) -> Estimate | None:
        """Return by how much this area exceeds that of another score of the same cases; None where one has no value.

        Raises
        ------
        InvalidInput
            When the other score was not resampled alongside.
        """
        if (self.positives, self.negatives, self.groups) != (other.positives, other.negatives, other.groups) or len(
            self.resamples
        ) != len(other.resamples):
            raise InvalidInput("other must be an area over the same cases with the same resamples; got another one")
        if self.value is None or other.value is None:
            return None
        error = _standard_error(self.resamples - other.resamples, self.groups)
        return None if error is None else Estimate(self.value - other.value, error, self.groups)

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers, without the resamples, as JSON values."""
        names = ("value", "standard_error", "low", "high", "level", "positives", "negatives", "groups")
        return {name: getattr(self, name) for name in names}


def roc_area(
    scores: ArrayLike,
    positive: ArrayLike,
    groups: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    bootstrap: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> RocArea:
    """Return the area under the ROC curve of a score, with an interval that respects groups of related cases.

    The area is the Mann-Whitney statistic: the fraction of (positive, negative) pairs of cases in which the positive
    one scores higher. Cases of one group (all symbol pairs of a network, all networks of a seed) are not independent,
    so the error comes from resampling whole groups; the interval is the expanded percentile interval
    (`expanded_levels`).

    Parameters
    ----------
    scores : array_like, shape (cases,)
        Any numbers, also infinite ones; only their order counts.
    positive : array_like of bool, shape (cases,)
        Which cases are of the kind that should score high.
    groups : array_like, shape (cases,)
        The group of each case.
    strata : array_like, shape (cases,), optional
        Compare cases of the same stratum only, each of which lies within one group; the area then says nothing of
        differences between strata. By default all cases are compared.
    bootstrap : int
        Number of resamples, >= 100.
    seed : int
        Seed of the resampling, >= 0.
    level : float
        Confidence level, in (0, 1).

    Returns
    -------
    RocArea
        The area with its interval.

    Raises
    ------
    InvalidInput
        When shapes differ, a score is not a number, or a stratum lies in two groups.

    Examples
    --------
    >>> area = roc_area([0.9, 0.4, 0.8, 0.7, 0.6, 0.1], [1, 0, 1, 0, 1, 0], groups=[0, 0, 1, 1, 2, 2])
    >>> round(area.value, 3), area.positives, area.groups
    (0.889, 3, 3)
    >>> roc_area([0.9, 0.4], [1, 0], [0, 0], strata=["a", "b"]).value is None
    True
    """
    values, kind = _require_cases(scores, positive)
    unit, names = _require_labels("groups", groups, values.size)
    draws = require_integer("bootstrap", bootstrap, minimum=100)
    level = require_number("level", level, low=0, high=1, open_low=True, open_high=True)
    higher, comparable = _comparisons(values, kind, unit, len(names), strata)
    count = (int(kind.sum()), int((~kind).sum()), len(names))
    value = float(higher.sum() / comparable.sum()) if comparable.sum() else None
    resampled = np.full(draws, np.nan)
    if len(names) > 1:
        weights = bootstrap_means(np.eye(len(names)), draws, seed)
        with np.errstate(invalid="ignore"):
            resampled = _form(weights, higher) / _form(weights, comparable)
    error = _standard_error(resampled, len(names))
    if value is None or error is None:
        return RocArea(value, None, None, None, level, *count, resampled)
    low, high = np.nanquantile(resampled, expanded_levels(level, len(names)))
    return RocArea(value, error, float(low), float(high), level, *count, resampled)


def roc_curve(
    scores: ArrayLike, positive: ArrayLike, false_positive_rates: ArrayLike, weights: ArrayLike | None = None
) -> Array:
    """Return the fraction of positive cases that are found where a given fraction of negative ones is taken wrongly.

    Parameters
    ----------
    scores, positive
        As in `roc_area`.
    false_positive_rates : array_like
        In [0, 1].
    weights : array_like, shape (cases,), optional
        How often each case counts, >= 0; for a resample.

    Returns
    -------
    ndarray, shape of `false_positive_rates`
        True positive rates, on straight lines between the corners of the curve; nan without both kinds.

    Raises
    ------
    InvalidInput
        When shapes differ or a score is not a number.

    Examples
    --------
    >>> roc_curve([4, 3, 2, 1], [1, 0, 1, 0], [0, 0.25, 0.5, 1])
    array([0.5, 0.5, 1. , 1. ])
    """
    values, kind = _require_cases(scores, positive)
    places = require_array("false_positive_rates", false_positive_rates, low=0, high=1)
    weight = np.ones(values.size) if weights is None else np.asarray(weights, dtype=np.float64)
    right, wrong = weight * kind, weight * ~kind
    if not right.sum() or not wrong.sum():
        return np.full(places.shape, np.nan)
    order = np.argsort(-values, kind="stable")
    # Cases of equal score are taken together.
    ends = np.append(np.flatnonzero(values[order][1:] != values[order][:-1]), values.size - 1)
    found, mistaken = (np.append(0, np.cumsum(part[order])[ends] / part.sum()) for part in (right, wrong))
    # The last corner at or before each place: a vertical piece counts with its upper end.
    before = np.searchsorted(mistaken, places, side="right") - 1
    after = np.minimum(before + 1, mistaken.size - 1)
    width = mistaken[after] - mistaken[before]
    share = np.where(width > 0, (places - mistaken[before]) / np.where(width > 0, width, 1), 0)
    curve: Array = found[before] + share * (found[after] - found[before])
    return curve


def roc_band(
    scores: ArrayLike,
    positive: ArrayLike,
    groups: ArrayLike,
    false_positive_rates: ArrayLike,
    *,
    bootstrap: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[Array, Array]:
    """Return the pointwise confidence band of `roc_curve` from resampled groups.

    Parameters
    ----------
    scores, positive, groups, bootstrap, seed, level
        As in `roc_area`.
    false_positive_rates
        As in `roc_curve`.

    Returns
    -------
    tuple of ndarray, shape of `false_positive_rates`
        Lower and upper end; nan with fewer than 2 groups or without both kinds.

    Raises
    ------
    InvalidInput
        As in `roc_area`.

    Examples
    --------
    >>> low, high = roc_band([4, 3, 2, 1], [1, 0, 1, 0], ["a", "a", "b", "b"], [0.5])
    >>> bool(low[0] <= 1 <= high[0])
    True
    """
    values, kind = _require_cases(scores, positive)
    unit, names = _require_labels("groups", groups, values.size)
    places = require_array("false_positive_rates", false_positive_rates, low=0, high=1)
    if len(names) < 2:
        return np.full(places.shape, np.nan), np.full(places.shape, np.nan)
    # Sorted once here, the sorting of each resample finds nothing left to do.
    order = np.argsort(-values, kind="stable")
    values, kind, unit = values[order], kind[order], unit[order]
    weights = bootstrap_means(np.eye(len(names)), require_integer("bootstrap", bootstrap, minimum=100), seed)
    curves = np.array([roc_curve(values, kind, places, row[unit]) for row in weights])
    curves = curves[np.isfinite(curves).all(axis=tuple(range(1, curves.ndim)))]
    if not len(curves):
        return np.full(places.shape, np.nan), np.full(places.shape, np.nan)
    low, high = np.quantile(curves, expanded_levels(level, len(names)), axis=0)
    return low, high


def _comparisons(
    values: Array, kind: NDArray[np.bool_], unit: NDArray[np.intp], count: int, strata: ArrayLike | None
) -> tuple[Array, Array]:
    """Return, for positives of group g and negatives of group h, how often the first is higher, and how many pairs."""
    if strata is None:
        return _between_groups(values, kind, unit, count)
    inner, names = _require_labels("strata", strata, values.size)
    higher, comparable = np.zeros((count, count)), np.zeros((count, count))
    for stratum in range(len(names)):
        here = inner == stratum
        place = unit[here][0]
        if np.any(unit[here] != place):
            raise InvalidInput(f"strata must lie within one group each; got {names[stratum]} in two")
        own = _between_groups(values[here], kind[here], np.zeros(int(here.sum()), dtype=np.intp), 1)
        higher[place, place] += own[0].sum()
        comparable[place, place] += own[1].sum()
    return higher, comparable


def _between_groups(values: Array, kind: NDArray[np.bool_], unit: NDArray[np.intp], count: int) -> tuple[Array, Array]:
    scores, owner = values[kind], unit[kind]
    higher = np.empty((count, count))
    for group in range(count):
        below = np.sort(values[~kind & (unit == group)])
        wins = (np.searchsorted(below, scores, "left") + np.searchsorted(below, scores, "right")) / 2
        higher[:, group] = np.bincount(owner, wins, count)
    negatives = np.bincount(unit[~kind], minlength=count).astype(np.float64)
    return higher, np.outer(np.bincount(owner, minlength=count), negatives)


def _form(weights: Array, matrix: Array) -> Array:
    """Return w^T matrix w for every row w."""
    form: Array = np.einsum("bi,bi->b", weights @ matrix, weights)
    return form


def _standard_error(resamples: Array, groups: int) -> float | None:
    finite = resamples[np.isfinite(resamples)]
    if groups < 2 or finite.size < max(2, resamples.size / 2):
        return None
    return float(finite.std(ddof=1) * np.sqrt(groups / (groups - 1)))


def _require_cases(scores: ArrayLike, positive: ArrayLike) -> tuple[Array, NDArray[np.bool_]]:
    values, kind = np.asarray(scores, dtype=np.float64), np.asarray(positive)
    if values.ndim != 1 or kind.shape != values.shape or not values.size:
        raise InvalidInput(
            f"scores and positive must be of one length, at least 1; got shapes {values.shape} and {kind.shape}"
        )
    if np.isnan(values).any():
        raise InvalidInput("scores must be numbers; got nan")
    return values, kind.astype(np.bool_)


def _require_labels(name: str, labels: ArrayLike, cases: int) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """Return each case's label as a number from 0, and the labels."""
    array = np.asarray(labels)
    if array.shape != (cases,):
        raise InvalidInput(f"{name} must hold one label a case, ({cases},); got shape {array.shape}")
    names, numbers = np.unique(array, return_inverse=True)
    return numbers.reshape(-1), names
