"""The phase diagrams of a run: which network is in which phase, how often each occurs, where memorization begins."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.estimate import Estimate
from validation.experiments.grokking_phases import DIAGRAMS, RATES, SPLITS
from validation.experiments.grokking_phases_half import HalfRate, half_rate
from validation.experiments.grokking_phases_released import released_phases
from validation.experiments.learning_rates_conclusions import generalized
from validation.measure import (
    PHASES,
    BoundaryFit,
    clustered_interval,
    fit_boundary,
    hierarchical_mean,
    phase_frequencies,
    phase_of,
)

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
Phases = NDArray[np.str_]
Bools = NDArray[np.bool_]
KINDS = {"ideal": "ideal training set", "random": "random training sets"}


@dataclass(frozen=True, eq=False)
class Shares:
    """How often each phase was seen in every cell, with 95 % intervals; arrays (first axis, second axis, phase)."""

    share: Array
    low: Array
    high: Array


@dataclass(frozen=True, eq=False)
class Case:
    """One phase diagram over one kind of training sets.

    Attributes
    ----------
    diagram, sets : str
        A key of `DIAGRAMS`, and "ideal" or "random".
    values : tuple of ndarray
        The values along both of its axes.
    training_sets : ndarray of int, shape (replicates,)
        The seed of every replicate's training set.
    phases : ndarray of str, shape (replicates, first axis, second axis)
        The phase of every network.
    """

    diagram: str
    sets: str
    values: tuple[Array, Array]
    training_sets: NDArray[np.int64]
    phases: Phases

    @property
    def axes(self) -> tuple[str, str]:
        """Names of both axes."""
        return DIAGRAMS[self.diagram].axes

    @property
    def over_rates(self) -> bool:
        """Whether the axes are the two learning rates."""
        return self.axes == RATES

    @property
    def name(self) -> str:
        """What the case is, in claims and tables."""
        return f"6{self.diagram} {DIAGRAMS[self.diagram].label}, {self.kind}"

    @property
    def kind(self) -> str:
        """Its training sets, in words."""
        several = self.sets == "ideal" and self.several_sets
        return f"{np.unique(self.training_sets).size} ideal training sets" if several else KINDS[self.sets]

    @property
    def several_sets(self) -> bool:
        """Whether there are several training sets with several networks on each, so that both levels vary."""
        return 1 < np.unique(self.training_sets).size < self.training_sets.size

    @cached_property
    def learned(self) -> Array:
        """1 for networks that generalize or grok, 0 for those that memorize, nan for others."""
        return generalized(self.phases)

    @cached_property
    def shares(self) -> Shares:
        """How often each phase occurs: Wilson's interval over networks, or, with several sets, one clustered by set."""
        if not self.several_sets:
            seen = phase_frequencies(self.phases, axis=0)
            return Shares(seen.share, seen.low, seen.high)
        unit = np.unique(self.training_sets, return_inverse=True)[1]
        trials = np.bincount(unit)
        numbers = np.empty((3, *self.phases.shape[1:], len(PHASES)))
        for i, j, k in np.ndindex(numbers.shape[1:]):
            successes = np.bincount(unit[self.phases[:, i, j] == PHASES[k]], minlength=trials.size)
            numbers[:, i, j, k] = successes.sum() / trials.sum(), *clustered_interval(successes, trials)
        return Shares(*numbers)

    @cached_property
    def fit(self) -> BoundaryFit:
        """The line between memorization and the rest in the plane of the learning rates (diagram a)."""
        return fit_boundary(*self.values, self.learned)

    @cached_property
    def half_rates(self) -> list[HalfRate]:
        """The decoder rate at which half of the networks memorize, for every weight decay (diagrams b to d)."""
        return [half_rate(self.values[0], 1 - self.learned[:, :, k]) for k in range(self.values[1].size)]

    @cached_property
    def released(self) -> Phases | None:
        """Phases of the released networks on these axes, "" where there are none; None for other diagrams than b."""
        return released_phases(*self.values) if self.diagram == "b" else None

    def mean_of(self, each: Array) -> Estimate | None:
        """Return the mean of one number a replicate, nan where it has none; None of fewer than two.

        With several networks on each of several training sets, the error is that of both levels, and the draws are the
        training sets.
        """
        known = ~np.isnan(each)
        if np.count_nonzero(known) < 2:
            return None
        sets = self.training_sets[known]
        if self.several_sets and np.unique(sets).size > 1:
            seen = hierarchical_mean(each[known], sets)
            return Estimate(float(seen.mean), float(seen.standard_error), seen.training_sets)
        return Estimate.from_samples(each[known])

    def share_of(self, phase: str, first: Bools, second: Bools) -> Array:
        """Return the share of a phase among some cells, for every replicate."""
        return np.asarray((self.phases[:, first][:, :, second] == phase).mean(axis=(1, 2)))


@dataclass(frozen=True, eq=False)
class Splits:
    """Networks on many random training sets at one place of the diagrams.

    Attributes
    ----------
    ideal : ndarray of float, shape (networks,)
        Ideal held-out accuracy of each one's training set.
    learned : ndarray of bool, shape (networks,)
        Whether it generalized or grokked.
    """

    ideal: Array
    learned: Bools


def cases_of(results: xr.Dataset) -> list[Case]:
    """Return the phase diagrams of a run's results, each over the axes that its networks have."""
    places = zip(results["diagram"].values, results["training_sets"].values, strict=True)
    found = dict.fromkeys((str(diagram), str(sets)) for diagram, sets in places)
    return [_case(results, *place) for place in found if place[1] != SPLITS]


def splits_of(results: xr.Dataset) -> Splits | None:
    """Return the networks on many random training sets, if there are any."""
    own = results.isel(network=np.flatnonzero(results["training_sets"].values == SPLITS))
    if not own.sizes["network"]:
        return None
    return Splits(own["ideal_accuracy"].values, generalized(phases_of(own)) == 1)


def phases_of(results: xr.Dataset) -> Phases:
    """Return the phase of every network."""
    train, test = (results[f"steps_to_{kind}_threshold"].values for kind in ("train", "test"))
    return phase_of(train, test, float(results.attrs["delay"]), diverged=results["diverged"].values.astype(bool))


def _case(results: xr.Dataset, diagram: str, sets: str) -> Case:
    belongs = (results["diagram"].values == diagram) & (results["training_sets"].values == sets)
    own = results.isel(network=np.flatnonzero(belongs))
    axes = [np.unique(own[name].values, return_inverse=True) for name in DIAGRAMS[diagram].axes]
    seeds = np.stack([own["training_seed"].values, own["seed"].values], axis=1)
    pairs, replicate = np.unique(seeds, axis=0, return_inverse=True)
    phases = np.full((len(pairs), *(values.size for values, _ in axes)), "", dtype="<U14")
    phases[replicate.reshape(-1), axes[0][1], axes[1][1]] = phases_of(own)
    return Case(diagram, sets, (axes[0][0], axes[1][0]), pairs[:, 0], phases)


@dataclass(frozen=True)
class Agreement:
    """How far one network a cell, as was released, is one of ours.

    Attributes
    ----------
    cells : int
        Cells that were also released.
    released : float
        Share of these in which the released network's phase is the most frequent of ours.
    expected, spread : float
        The same share for one replicate of ours against the others: mean and standard deviation over replicates.
    replicates : int
        How many there are.
    """

    cells: int
    released: float
    expected: float
    spread: float
    replicates: int


def agreement(case: Case) -> Agreement | None:
    """Return how often released phases are the most frequent ones; None where no cell was released.

    A replicate is compared with the most frequent phase of the *others*: it would help to elect its own. Where several
    phases are equally frequent, each counts as its part.
    """
    if case.released is None or not (case.released != "").any():
        return None
    cells = case.released != ""
    ours, theirs = case.phases[:, cells], case.released[cells]
    counts = np.stack([(ours == phase).sum(0) for phase in PHASES])
    each = consistency(ours)
    released = _elected(counts, np.stack([theirs == phase for phase in PHASES]).astype(int))
    return Agreement(int(cells.sum()), released, float(each.mean()), float(each.std(ddof=1)), len(each))


def consistency(phases: Phases) -> Array:
    """Return in how many cells, as a share, each replicate is in the most frequent phase of the others.

    Parameters
    ----------
    phases : ndarray of str, shape (replicates, ...)
        Entries of `PHASES`, of at least 2 replicates.

    Examples
    --------
    >>> one, other = ["grokking", "grokking"], ["grokking", "confusion"]
    >>> consistency(np.array([one, one, one, other])).tolist()
    [1.0, 1.0, 1.0, 0.5]
    """
    own = np.stack([phases == phase for phase in PHASES], axis=1).astype(np.int64)
    return np.array([_elected(own.sum(0) - one, one) for one in own])


def _elected(counts: NDArray[np.int64], one: NDArray[np.int64]) -> float:
    most = counts == counts.max(axis=0)
    return float(((most * one).sum(0) / most.sum(0)).mean())


def earlier(case: Case, phase: str, later: str, along: str) -> Estimate | None:
    """Return by how much a phase lies before another one along an axis of the diagram.

    In decades of a learning rate; of the weight decays, which are spaced unevenly, in places of the axis. For every
    replicate, over the lines of the diagram along the axis on which both phases occur: the mean place of the networks
    in the later phase, minus that of those in the other.
    """
    axis = case.axes.index(along)
    values = case.values[axis]
    places = np.arange(values.size, dtype=np.float64) if along == "weight_decay_decoder" else np.log10(values)
    # Replicates, lines, places.
    phases = np.moveaxis(case.phases, axis + 1, -1)
    difference = _mean_place(phases == later, places) - _mean_place(phases == phase, places)
    lines = (~np.isnan(difference)).sum(axis=1)
    each = np.divide(np.nansum(difference, axis=1), lines, out=np.full(len(lines), np.nan), where=lines > 0)
    found = case.mean_of(each)
    if found is None:
        return None
    # Places are those of a grid: where all replicates agree, the error is that of its spacing.
    spacing = float(np.diff(places).mean()) / math.sqrt(12 * max(1, int(lines.sum())))
    return Estimate(found.value, max(found.standard_error, spacing), found.draws)


def _mean_place(there: Bools, rates: Array) -> Array:
    counts = there.sum(axis=-1)
    return np.asarray(np.divide(there @ rates, counts, out=np.full(counts.shape, np.nan), where=counts > 0))


def figure_data(case: Case, attributes: dict[str, Any]) -> xr.Dataset:
    """Return what `validation.report.grokking_phases.decay_diagram_figure` takes (diagrams b to d)."""
    import xarray as xr

    seen, outcome = case.shares, case.learned
    cell, decay = case.axes, case.axes[1]
    logs = {name: np.array([getattr(half, name) for half in case.half_rates]) for name in ("value", "low", "high")}
    data = xr.Dataset(
        {
            "share": ((*cell, "phase"), seen.share),
            "share_low": ((*cell, "phase"), seen.low),
            "share_high": ((*cell, "phase"), seen.high),
            "memorizing": (cell, (outcome == 0).sum(0)),
            "learned": (cell, np.isfinite(outcome).sum(0)),
            "half_rate": (decay, 10 ** logs["value"]),
            "half_rate_low": (decay, 10 ** logs["low"]),
            "half_rate_high": (decay, 10 ** logs["high"]),
        },
        {**dict(zip(cell, case.values, strict=True)), "phase": list(PHASES)},
        attributes | {"label": DIAGRAMS[case.diagram].label, "kind": case.kind, "replicates": len(case.phases)},
    )
    if case.released is not None:
        data["released"] = (cell, case.released)
    return data
