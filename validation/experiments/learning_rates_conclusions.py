"""What the phase diagram says: phases, the fitted boundary between two of them, and the verdict on each claim."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.estimate import Estimate
from validation.experiments.learning_rates_theory import PLACES
from validation.measure import BoundaryFit, Verdict, boundary_shift, compare, fit_boundary, phase_of
from validation.report.labels import relation_label

if TYPE_CHECKING:
    import xarray as xr

Phases = NDArray[np.str_]
ANY_DIRECTION = 360 / math.sqrt(12)
"""Standard deviation, in degrees, of a direction of which nothing is known."""
OUTCOMES = ("steps_to_train_threshold", "steps_to_test_threshold", "train_accuracy", "diverged")


@dataclass(frozen=True, eq=False)
class Case:
    """One phase diagram: a relation, an optimiser, a weight decay of the decoder.

    Attributes
    ----------
    relation, optimizer : str
        Which networks.
    weight_decay : float
        Of the decoder.
    results : xarray.Dataset
        Their outcomes over (seed, eta_encoder, eta_decoder).
    phases : numpy.ndarray of str, shape (seeds, encoders, decoders)
        The phase of every network; "" for one that was not run.
    fit : BoundaryFit
        The boundary between generalization or grokking and memorization.
    early_fit : BoundaryFit
        The same, had training ended after half of its steps.
    """

    relation: str
    optimizer: str
    weight_decay: float
    results: xr.Dataset
    phases: Phases
    fit: BoundaryFit
    early_fit: BoundaryFit

    @property
    def name(self) -> str:
        """What the case is, in claims and tables."""
        decay = f", weight decay {self.weight_decay:g}" if self.weight_decay else ""
        return f"{relation_label(self.relation)}, {self.optimizer}{decay}"

    @property
    def placed(self) -> bool:
        """Whether the boundary has a place: turned as in the theory, and met on the grid by the diagonal of slope -1.

        Farther out the line is extrapolated, and the ratio of rates there is that of no network.
        """
        if self.fit.line is None or self.fit.line.turned:
            return False
        u, v = self.fit.line.middle
        # Cells reach half of their width beyond the outermost rates.
        reach = min(np.ptp(logs) + np.mean(np.diff(logs)[[0, -1]]) for logs in self.logarithms)
        return bool(abs(self.fit.line.log_ratio.value - (v - u)) <= reach)

    @property
    def logarithms(self) -> list[NDArray[np.float64]]:
        """Decimal logarithms of the encoder's and of the decoder's rates."""
        return [np.log10(self.results[name].values) for name in ("eta_encoder", "eta_decoder")]


@dataclass(frozen=True, eq=False)
class LearningRatesConclusions:
    """All phase diagrams of a run, and what follows.

    Attributes
    ----------
    cases : list of Case
        One for every relation, optimiser and weight decay.
    verdicts : list of Verdict
        Every claim that the run can speak to.
    """

    cases: list[Case]
    verdicts: list[Verdict]


def conclude(results: xr.Dataset, theory: xr.Dataset) -> LearningRatesConclusions:
    """Return the phase diagrams of a run, their boundaries and the verdicts.

    Parameters
    ----------
    results : xarray.Dataset
        steps_to_train_threshold, steps_to_test_threshold, train_accuracy and diverged over (relation, optimizer,
        weight_decay_decoder, eta_encoder, eta_decoder, seed), nan where not run; attributes steps and delay.
    theory : xarray.Dataset
        As `validation.experiments.learning_rates_theory.theory` returns it.
    """
    cases = [
        _case(results, str(relation), str(optimizer), float(decay))
        for relation in results["relation"].values
        for optimizer in results["optimizer"].values
        for decay in results["weight_decay_decoder"].values
    ]
    verdicts: list[Verdict] = []
    for case in cases:
        reference = reference_of(case, cases)
        if reference is case:
            verdicts += [*_slope_verdicts(case), *_place_verdicts(case, theory)]
        else:
            verdicts += _decay_verdicts(case, reference)
    return LearningRatesConclusions(cases, verdicts)


def reference_of(case: Case, cases: Sequence[Case]) -> Case:
    """Return the case with the smallest weight decay, normally none, of the same relation and optimiser."""
    same = [each for each in cases if (each.relation, each.optimizer) == (case.relation, case.optimizer)]
    return min(same, key=lambda each: each.weight_decay)


def generalized(phases: Phases) -> NDArray[np.float64]:
    """Return 1 for networks that generalize, soon or late, 0 for those that memorize, and nan for all others.

    Examples
    --------
    >>> generalized(np.array(["generalization", "grokking", "memorization", "confusion", ""]))
    array([ 1.,  1.,  0., nan, nan])
    """
    learned = np.isin(phases, ["generalization", "grokking"])
    return np.where(learned, 1.0, np.where(phases == "memorization", 0.0, np.nan))


def _case(results: xr.Dataset, relation: str, optimizer: str, decay: float) -> Case:
    chosen = results[list(OUTCOMES)].sel(relation=relation, optimizer=optimizer, weight_decay_decoder=decay)
    run = chosen["train_accuracy"].notnull()
    # Optimisers have grids of their own; each keeps the rates that it was run at.
    chosen = chosen.transpose("seed", "eta_encoder", "eta_decoder").isel(
        eta_encoder=run.any(("seed", "eta_decoder")).values, eta_decoder=run.any(("seed", "eta_encoder")).values
    )
    steps, delay = int(results.attrs["steps"]), int(results.attrs["delay"])
    phases, early = (_phases(chosen, delay, budget) for budget in (steps, steps // 2))
    rates = chosen["eta_encoder"].values, chosen["eta_decoder"].values
    fits = [fit_boundary(*rates, generalized(each)) for each in (phases, early)]
    return Case(relation, optimizer, decay, chosen, phases, fits[0], fits[1])


def _phases(results: xr.Dataset, delay: int, budget: int) -> Phases:
    """Return the phases within a budget of steps.

    A network that diverged has lost what it learned: whether before or after a shorter budget is not recorded.
    """
    train, test = (results[f"steps_to_{kind}_threshold"].values for kind in ("train", "test"))
    in_time = [np.where(steps <= budget, steps, np.nan) for steps in (train, test)]
    run = results["train_accuracy"].notnull().values
    diverged = np.where(run, results["diverged"].values, 0).astype(bool)
    return np.where(run, phase_of(in_time[0], in_time[1], delay, diverged=diverged), "")


def _slope_verdicts(case: Case) -> Iterator[Verdict]:
    """Hold the direction of the boundary against slope +1, as an angle, which has no pole."""
    line = case.fit.line
    angle = None if line is None else line.estimate("angle")
    if angle is not None and angle.standard_error >= ANY_DIRECTION:
        angle = None
    yield compare(45.0, angle, f"{case.name}: the boundary has slope +1, in degrees")


def _place_verdicts(case: Case, theory: xr.Dataset) -> Iterator[Verdict]:
    """Hold the place of the boundary against each prediction that applies."""
    for prediction, words in PLACES.items():
        predicted = predicted_place(theory, case, prediction)
        if predicted is not None:
            label = f"{case.name}: log10(eta_decoder/eta_encoder) on the boundary is that of {words}"
            yield compare(predicted, _place(case), label)


def predicted_place(theory: xr.Dataset, case: Case, prediction: str) -> Estimate | None:
    """Return log10 of the predicted ratio of rates on the boundary; None where the prediction does not apply."""
    chosen = theory.sel(relation=case.relation, optimizer=case.optimizer, prediction=prediction)
    value, error = float(chosen["log_ratio"]), float(chosen["log_ratio_error"])
    if math.isnan(value):
        return None
    return Estimate(value, error, int(theory.attrs["draws"]) if error else 1)


def _place(case: Case) -> Estimate | None:
    return case.fit.line.estimate("log_ratio") if case.fit.line is not None and case.placed else None


def _decay_verdicts(case: Case, reference: Case) -> Iterator[Verdict]:
    """Fig. 8: weight decay of the decoder makes learning faster, and leaves the boundary where it is."""
    here, there = case.fit.line, reference.fit.line
    shift = None
    if here is not None and there is not None and case.placed and reference.placed:
        shift = boundary_shift(here, there)
    decay = f"{relation_label(case.relation)}, {case.optimizer}: decoder weight decay {case.weight_decay:g}"
    yield compare(0.0, shift, f"{decay} does not move the boundary, in decades of eta_decoder/eta_encoder")
    label = f"{decay} does not change how many networks of the grid generalize, as a share"
    yield compare(0.0, _share_gained(case, reference), label)
    label = f"{decay} makes networks generalize sooner, mean log10 of the ratio of steps"
    yield compare(0.0, speed_up(case, reference), label, side="more than")


def _share_gained(case: Case, reference: Case) -> Estimate | None:
    """Return the mean over seeds of the share of cells that generalize, with weight decay minus without.

    It needs no fitted line, so that it also sees a boundary that has left the grid. Cells are whole: where all seeds
    agree, the error is that of rounding to one. None where there was no boundary to move.
    """
    if reference.fit.line is None:
        return None
    shares = [(generalized(each.phases) == 1).mean((1, 2)) for each in (case, reference)]
    gained = Estimate.from_samples(shares[0] - shares[1])
    rounding = 1 / (case.phases[0].size * math.sqrt(12))
    return Estimate(gained.value, max(gained.standard_error, rounding), gained.draws)


def speed_up(case: Case, reference: Case) -> Estimate | None:
    """Return the mean of log10(steps without decay / steps with it) until held-out pairs are learned.

    Over the cells in which both networks of a seed learn them, for each seed, and then over seeds; None with fewer
    than two such seeds.
    """
    steps = [each.results["steps_to_test_threshold"].values for each in (reference, case)]
    both = generalized(reference.phases) + generalized(case.phases) == 2
    logs = np.where(both, np.log10(steps[0]) - np.log10(steps[1]), 0).sum((1, 2))
    cells = both.sum((1, 2))
    if np.count_nonzero(cells) < 2:
        return None
    return Estimate.from_samples(logs[cells > 0] / cells[cells > 0])


def boundary_rows(conclusions: LearningRatesConclusions) -> list[dict[str, Any]]:
    """Return one row a phase diagram: its boundary in numbers, None for what is not known or not finite."""
    return [_boundary_row(case) for case in conclusions.cases]


def _boundary_row(case: Case) -> dict[str, Any]:
    row: dict[str, Any] = {
        "relation": case.relation,
        "optimizer": case.optimizer,
        "weight_decay": case.weight_decay,
        "status": case.fit.status,
        "generalized": case.fit.generalized,
        "memorized": case.fit.memorized,
        "excluded": case.fit.excluded,
    }
    line = case.fit.line
    for name in ("slope", "angle", "intercept", "log_ratio"):
        measured = None if line is None else getattr(line, name)
        for entry in ("value", "standard_error", "low", "high"):
            number = None if measured is None else getattr(measured, entry)
            finite = number is not None and math.isfinite(number)
            row[name if entry == "value" else f"{name}_{entry}"] = number if finite else None
    early = case.early_fit.line
    moved = None if line is None or early is None else boundary_shift(line, early)
    row["moved_since_half_of_the_steps"] = None if moved is None else moved.value
    row["moved_standard_error"] = None if moved is None else moved.standard_error
    row["separable"] = None if line is None else line.separated is not None
    row["misplaced"] = None if line is None else line.misplaced
    row["seeds"] = case.phases.shape[0]
    return row
