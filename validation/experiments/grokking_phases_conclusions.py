"""What the phase diagrams say of the paper's claims: a verdict on each, and tables of numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.estimate import Estimate
from validation.experiments.grokking_phases_diagrams import (
    Array,
    Bools,
    Case,
    Splits,
    agreement,
    cases_of,
    consistency,
    earlier,
    splits_of,
)
from validation.experiments.grokking_phases_released import BUDGET, SMALLEST_RATIOS
from validation.experiments.grokking_phases_theory import SLACK
from validation.experiments.learning_rates_conclusions import ANY_DIRECTION
from validation.measure import PHASES, Verdict, compare, wilson_interval
from validation.operations.settings import THRESHOLD

if TYPE_CHECKING:
    import xarray as xr

GENERALIZATION, GROKKING, MEMORIZATION, CONFUSION = PHASES


def conclude(results: xr.Dataset, theory: xr.Dataset) -> list[Verdict]:
    """Return the verdicts of a run, diagram by diagram.

    Parameters
    ----------
    results : xarray.Dataset
        As `validation.experiments.grokking_phases_report.outcome` returns it.
    theory : xarray.Dataset
        As `validation.experiments.grokking_phases_theory.theory` returns it.
    """
    found: list[Verdict] = []
    for case in cases_of(results):
        found += _boundary_verdicts(case) if case.over_rates else _corner_verdicts(case)
        found += _order_verdicts(case)
        found += _agreement_verdicts(case, int(results.attrs["steps"]))
    splits = splits_of(results)
    return found if splits is None else [*found, *_splits_verdicts(splits, theory)]


def _boundary_verdicts(case: Case) -> Iterator[Verdict]:
    """Hold the line between memorization and the rest against a straight one of slope +1, and its place."""
    line = case.fit.line
    angle = None if line is None else line.estimate("angle")
    if angle is not None and angle.standard_error >= ANY_DIRECTION:
        angle = None
    yield compare(45.0, angle, f"{case.name}: the boundary has slope +1, in degrees")
    ends = sorted(-math.log10(ratio) for ratio in SMALLEST_RATIOS)
    place = None if line is None or not placed(case) else line.estimate("log_ratio")
    yield compare(
        sum(ends) / 2,
        place,
        f"{case.name}: log10(eta_decoder/eta_encoder) on the boundary is that of the released map",
        model_error=(ends[1] - ends[0]) / 2,
    )


def placed(case: Case) -> bool:
    """Whether the fitted line is turned as claimed, and meets the middle diagonal within the grid."""
    line = case.fit.line
    if line is None or line.turned:
        return False
    u, v = line.middle
    logs = [np.log10(values) for values in case.values]
    # Cells reach half of their width beyond the outermost rates.
    reach = min(float(np.ptp(each) + np.mean(np.diff(each)[[0, -1]])) for each in logs)
    return bool(abs(line.log_ratio.value - (v - u)) <= reach)


def _corner_verdicts(case: Case) -> Iterator[Verdict]:
    """Hold the four corners of the diagram against each other: what is there more of where?"""
    (slow, fast), (weak, strong) = (halves(values) for values in case.values)
    corners = {
        "fast, weakly decayed": (fast, weak),
        "slow, weakly decayed": (slow, weak),
        "fast, strongly decayed": (fast, strong),
        "slow, strongly decayed": (slow, strong),
    }
    for phase, here, others in (
        (MEMORIZATION, "fast, weakly decayed", ("slow, weakly decayed", "fast, strongly decayed")),
        (CONFUSION, "fast, strongly decayed", ("slow, strongly decayed", "fast, weakly decayed")),
    ):
        for other in others:
            gained = case.mean_of(case.share_of(phase, *corners[here]) - case.share_of(phase, *corners[other]))
            label = f"{case.name}: share of {phase}, {here} decoders minus {other} ones"
            yield compare(0.0, _with_rounding(gained, corners[here]), label, side="more than")


def halves(values: Array) -> tuple[Bools, Bools]:
    """Return which values of an axis are in its lower and which in its upper half, a middle one in neither.

    Examples
    --------
    >>> [half.tolist() for half in halves(np.array([0.0, 2.0, 50.0]))]
    [[True, False, False], [False, False, True]]
    """
    place = np.arange(values.size)
    return place < values.size // 2, place >= (values.size + 1) // 2


def _with_rounding(gained: Estimate | None, cells: tuple[Bools, Bools]) -> Estimate | None:
    """Return a difference of shares with the error that is left where all replicates agree: a cell is whole."""
    if gained is None:
        return None
    count = int(cells[0].sum() * cells[1].sum())
    return Estimate(gained.value, max(gained.standard_error, 1 / (count * math.sqrt(12))), gained.draws)


def _order_verdicts(case: Case) -> Iterator[Verdict]:
    """Hold grokking against its place between generalization and memorization, along the decoder's rate and decay."""
    along = "encoder rate" if case.over_rates else "weight decay"
    pairs = (GENERALIZATION, GROKKING), (GROKKING, MEMORIZATION)
    for first, second in pairs:
        label = f"{case.name}: at one {along}, {second} has a faster decoder than {first}, in decades"
        yield compare(0.0, earlier(case, first, second, "eta_decoder"), label, side="more than")
    for first, second in () if case.over_rates else pairs:
        label = f"{case.name}: at one decoder rate, {second} has more weight decay than {first}, in rows of the diagram"
        yield compare(0.0, earlier(case, first, second, "weight_decay_decoder"), label, side="more than")


def _agreement_verdicts(case: Case, steps: int) -> Iterator[Verdict]:
    """Hold the released map, one network a cell, against single networks of ours, where the budget is the same."""
    if case.released is None:
        return
    seen = agreement(case) if steps == BUDGET else None
    cells = 0 if seen is None else seen.cells
    label = (
        f"{case.name}: the released networks' phases are the most frequent ones as often as those of one replicate of "
        + (f"ours, of {cells} cells" if cells else f"ours (not asked within {steps} steps: theirs had {BUDGET})")
    )
    if seen is None:
        yield compare(1.0, None, label)
        return
    resolution = 1 / (seen.cells * math.sqrt(12))
    spread = max(seen.spread, resolution)
    # What a single map gives scatters by `spread`; what is expected of it is known better, from all replicates.
    expected = Estimate(seen.expected, spread / math.sqrt(seen.replicates), seen.replicates)
    yield compare(expected, Estimate(seen.released, spread, seen.replicates), label)


def _splits_verdicts(splits: Splits, theory: xr.Dataset) -> Iterator[Verdict]:
    """Hold networks on random training sets against what these allow."""
    count = splits.ideal.size
    failed = 1 - splits.learned.mean()
    hopeless = Estimate(float(theory["hopeless"]), float(theory["hopeless_error"]), int(theory.attrs["draws"]))
    error = math.sqrt(hopeless.value * (1 - hopeless.value) / count)
    yield compare(
        hopeless,
        Estimate(float(failed), error, count),
        "random training sets of 45 of 55 sums: networks fail to generalize at least as often as 0.9 of the held-out "
        "sums cannot be told",
        side="at least",
    )
    told = can_tell(splits)
    lucky = splits.learned[~told]
    estimate = None
    if lucky.size > 1:
        # A count of 0 would have no error of its own: that of one in as many is the least that can be seen.
        share = max(float(lucky.mean()), 1 / (lucky.size + 1))
        estimate = Estimate(float(lucky.mean()), math.sqrt(share * (1 - share) / lucky.size), lucky.size)
    label = f"random training sets that cannot tell 0.9 of the held-out sums: share of {lucky.size} networks that do"
    yield compare(0.0, estimate, label, side="at most")


def can_tell(splits: Splits) -> NDArray[np.bool_]:
    """Return which training sets imply enough answers for generalization."""
    return splits.ideal >= THRESHOLD - SLACK


def phase_rows(cases: list[Case]) -> list[dict[str, Any]]:
    """Return one row a diagram, kind of training sets and phase: its share of all networks, with its error.

    `consistency` is how often a single network has the phase that is the most frequent one of the others in its cell.
    """
    rows = []
    for case in cases:
        alike = float(consistency(case.phases).mean())
        for phase in PHASES:
            each = (case.phases == phase).mean(axis=(1, 2))
            mean = case.mean_of(each)
            rows.append(
                {
                    "diagram": f"6{case.diagram}",
                    "label": case.name,
                    "phase": phase,
                    "networks": int(case.phases.size),
                    "share": float(each.mean()),
                    "standard_error": None if mean is None else mean.standard_error,
                    "consistency": alike,
                }
            )
    return rows


def boundary_rows(cases: list[Case]) -> list[dict[str, Any]]:
    """Return where memorization begins: a line for a diagram over both rates, a decoder rate for every weight decay."""
    rows: list[dict[str, Any]] = []
    for case in cases:
        if case.over_rates:
            rows.append(_line_row(case))
            continue
        for decay, half in zip(case.values[1], case.half_rates, strict=True):
            rows.append(
                {
                    "label": case.name,
                    "weight_decay": float(decay),
                    "status": half.status,
                    "memorized": half.memorized,
                    "learned": half.learned,
                    "log_rate": _finite(half.value),
                    "standard_error": _finite(half.standard_error),
                    "low": _finite(half.low),
                    "high": _finite(half.high),
                }
            )
    return rows


def _line_row(case: Case) -> dict[str, Any]:
    fit, line = case.fit, case.fit.line
    row: dict[str, Any] = {
        "label": case.name,
        "status": fit.status,
        "memorized": fit.memorized,
        "learned": fit.generalized + fit.memorized,
        "misplaced": None if line is None else line.misplaced,
    }
    for name in ("slope", "log_ratio"):
        measured = None if line is None else getattr(line, name)
        for entry in ("value", "standard_error", "low", "high"):
            number = math.nan if measured is None else getattr(measured, entry)
            row[name if entry == "value" else f"{name}_{entry}"] = _finite(number)
    return row


def agreement_rows(cases: list[Case], steps: int) -> list[dict[str, Any]]:
    """Return how often the released phases are the most frequent ones, whatever the budget."""
    rows = []
    for case in cases:
        seen = agreement(case)
        if seen is not None:
            numbers = {"cells": seen.cells, "released": seen.released, "one_replicate": seen.expected}
            rows.append({"label": case.name, "steps": steps, **numbers, "spread": seen.spread})
    return rows


def splits_rows(splits: Splits | None) -> list[dict[str, Any]]:
    """Return one row an ideal accuracy: how many networks on such training sets generalize or grok."""
    if splits is None:
        return []
    rows = []
    for ideal in np.unique(np.round(splits.ideal, 9)):
        own = splits.learned[np.abs(splits.ideal - ideal) < SLACK]
        low, high = wilson_interval(int(own.sum()), own.size)
        numbers = {"networks": int(own.size), "generalizing": int(own.sum()), "share": float(own.mean())}
        rows.append({"ideal_accuracy": float(ideal), **numbers, "low": low, "high": high})
    return rows


def _finite(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None
