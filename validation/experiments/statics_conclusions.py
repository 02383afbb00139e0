"""What the statics experiment concludes: measured critical fractions, induction gaps, and the verdict on each claim."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.estimate import Estimate
from validation.measure import (
    MeasuredCriticalFraction,
    Verdict,
    compare,
    critical_fraction_fit,
    for_choice,
    induction_gap,
    mean_band,
)
from validation.report.labels import mode_label, relation_label

if TYPE_CHECKING:
    import xarray as xr

Curves = NDArray[np.float64]
REFERENCE_MODE = "concatenation"


@dataclass(frozen=True, eq=False)
class StaticsConclusions:
    """The measurements of one run beside the theory, and what follows.

    Attributes
    ----------
    measured : xarray.Dataset
        (relation, mode): critical_fraction with _low and _high, nan where it lies outside the measured range or was
        not run; its status, "" where not run; gap with gap_error.
    fits : dict
        The fit behind each critical fraction, by (relation, mode).
    verdicts : list of Verdict
        Every claim that the run can speak to.
    """

    measured: xr.Dataset
    fits: dict[tuple[str, str], MeasuredCriticalFraction]
    verdicts: list[Verdict]


def conclude(results: xr.Dataset, theory: xr.Dataset, accuracy: float) -> StaticsConclusions:
    """Return critical fractions, induction gaps and verdicts.

    Parameters
    ----------
    results : xarray.Dataset
        accuracy over (relation, mode, fraction, seed), nan where not run.
    theory : xarray.Dataset
        As `validation.experiments.statics.theory` gives it.
    accuracy : float
        The accuracy that counts as generalization.
    """
    fits: dict[tuple[str, str], MeasuredCriticalFraction] = {}
    gaps: dict[tuple[str, str], Estimate] = {}
    fractions = results["fraction"].values
    for relation, mode, curves in each_ensemble(results, "accuracy"):
        fits[relation, mode] = critical_fraction_fit(fractions, curves, accuracy)
        ideal = theory.sel(relation=relation)
        if np.all(np.isfinite(ideal["ideal_accuracy"])):
            errors = ideal["ideal_accuracy_error"].values
            gaps[relation, mode] = induction_gap(fractions, curves, ideal["ideal_accuracy"].values, errors)
    verdicts = [
        *_critical_fraction_verdicts(fits, theory),
        *_limit_verdicts(results, theory),
        *_estimate_verdicts(theory),
        *_mode_verdicts(results),
        *_symmetry_verdicts(results),
    ]
    return StaticsConclusions(_measured(results, fits, gaps), fits, verdicts)


def _measured(
    results: xr.Dataset, fits: dict[tuple[str, str], MeasuredCriticalFraction], gaps: dict[tuple[str, str], Estimate]
) -> xr.Dataset:
    """Lay fits and gaps out on (relation, mode)."""
    import xarray as xr

    relations, modes = (results[name].values for name in ("relation", "mode"))
    measured = xr.Dataset(
        coords={"relation": relations, "mode": modes},
        attrs={name: results.attrs[name] for name in ("n", "steps", "threshold")} | {"seeds": results.sizes["seed"]},
    )
    shape = (len(relations), len(modes))
    for name in ("critical_fraction", "critical_fraction_low", "critical_fraction_high", "gap", "gap_error"):
        measured[name] = (("relation", "mode"), np.full(shape, np.nan))
    measured["status"] = (("relation", "mode"), np.full(shape, "", dtype="<U16"))
    for (relation, mode), fit in fits.items():
        place = {"relation": relation, "mode": mode}
        measured["status"].loc[place] = fit.status
        ends = {"": fit.value, "_low": fit.low, "_high": fit.high}
        for suffix, value in ends.items():
            if value is not None:
                measured[f"critical_fraction{suffix}"].loc[place] = value
    for (relation, mode), gap in gaps.items():
        place = {"relation": relation, "mode": mode}
        measured["gap"].loc[place], measured["gap_error"].loc[place] = gap.value, gap.standard_error
    return measured


def each_ensemble(results: xr.Dataset, variable: str) -> Iterator[tuple[str, str, Curves]]:
    """Yield relation, decoder mode and the (seed, fraction) values of every combination that was run."""
    for relation in results["relation"].values:
        for mode in results["mode"].values:
            values = results[variable].sel(relation=relation, mode=mode).transpose("seed", "fraction").values
            if np.all(np.isfinite(values)):
                yield str(relation), str(mode), values


def _critical_fraction_verdicts(
    fits: dict[tuple[str, str], MeasuredCriticalFraction], theory: xr.Dataset
) -> Iterator[Verdict]:
    """Hold each measured critical fraction against p_c, as an equality and as the lower bound that it may be."""
    for (relation, mode), fit in fits.items():
        if mode == REFERENCE_MODE:
            predicted = float(theory["critical_fraction"].sel(relation=relation))
            yield compare(
                predicted,
                fit.estimate,
                f"{relation_label(relation)}: networks ({mode_label(mode)}) reach the threshold at p_c",
            )
            if fit.status != "always exceeded":
                label = f"{relation_label(relation)}: networks ({mode_label(mode)}) need at least p_c"
                yield compare(predicted, fit.estimate, label, side="at least")


def _limit_verdicts(results: xr.Dataset, theory: xr.Dataset) -> Iterator[Verdict]:
    """No network may beat the ideal learner: for each ensemble, the fraction at which it comes closest to doing so."""
    for relation, mode, curves in each_ensemble(results, "accuracy"):
        ideal = theory.sel(relation=relation)
        if mode.endswith("_head") or not np.all(np.isfinite(ideal["ideal_accuracy"])):
            continue
        band, one_pair = mean_band(curves), 1 / float(ideal["pairs"])
        rows = [
            compare(
                _ideal(ideal, k, theory.attrs["draws"]),
                Estimate(float(band.mean[k]), float(band.standard_error[k]), band.draws),
                f"{relation_label(relation)}: networks ({mode_label(mode)}) stay below the ideal learner "
                f"(worst case at p = {fraction:g})",
                side="at most",
                model_error=one_pair,
                allowed=for_choice(3, results.sizes["fraction"]),
            )
            for k, fraction in enumerate(results["fraction"].values)
        ]
        yield max(rows, key=_excess)


def _estimate_verdicts(theory: xr.Dataset) -> Iterator[Verdict]:
    """The paper calls f_UB an upper bound on the ideal learner: the fraction at which that fails most, if it does.

    One pair in n^2 is granted, here and above: the draws of an ideal learner that is all but certain may all be exactly
    1, which does not mean that its expectation is.
    """
    for relation in theory["relation"].values:
        here = theory.sel(relation=relation)
        if not np.all(np.isfinite(here["ideal_accuracy"])):
            continue
        rows = [
            compare(
                float(here["accuracy_estimate_measured_at"][k]),
                _ideal(here, k, theory.attrs["draws"]),
                f"{relation_label(relation)}: f_UB bounds the ideal learner from above "
                f"(worst case at p = {float(fraction):g})",
                side="at most",
                model_error=1 / float(here["pairs"]),
                allowed=for_choice(3, theory.sizes["fraction"]),
            )
            for k, fraction in enumerate(here["fraction"].values)
        ]
        yield max(rows, key=_excess)


def _ideal(theory_of_relation: xr.Dataset, k: int, draws: int) -> Estimate:
    value, error = (float(theory_of_relation[name][k]) for name in ("ideal_accuracy", "ideal_accuracy_error"))
    return Estimate(value, error, draws)


# Fig. 3 of the paper: which decoder stays closest behind the estimate, nearest first.
PUBLISHED_ORDER = {
    "modulo": ("equality_head", "squared_difference", "difference", "concatenation"),
    "greater-than": ("order_head", "difference", "concatenation"),
}


def _mode_verdicts(results: xr.Dataset) -> Iterator[Verdict]:
    """Hold the induction gaps of neighbouring decoders against their published order.

    The ideal learner cancels in the difference of two gaps, and a seed has the same training sets under every decoder,
    so that the difference is taken seed by seed.
    """
    from scipy.integrate import trapezoid

    fractions = results["fraction"].values
    curves = {(relation, mode): values for relation, mode, values in each_ensemble(results, "accuracy")}
    for relation in dict.fromkeys(relation for relation, _ in curves):
        order = PUBLISHED_ORDER.get(relation.partition(":")[0], ())
        run = [mode for mode in order if (relation, mode) in curves]
        for smaller, larger in itertools.pairwise(run):
            excess = trapezoid(curves[relation, smaller] - curves[relation, larger], fractions, axis=1)
            estimate = Estimate.from_samples(excess / (fractions[-1] - fractions[0]))
            gaps = f"induction gap of {mode_label(larger)} is at least that of {mode_label(smaller)}"
            label = f"{relation_label(relation)}: {gaps}"
            yield compare(0.0, estimate, label, side="at least")


def _symmetry_verdicts(results: xr.Dataset) -> Iterator[Verdict]:
    """A symmetric output cannot follow an antisymmetric relation: at most one pair of each two, and the diagonal."""
    n = int(results.attrs["n"])
    for relation, mode, curves in each_ensemble(results, "accuracy"):
        if relation == "greater-than" and mode == "squared_difference":
            bound = (n * (n - 1) / 2 + n) / n**2
            # Accuracies are float32.
            worst = Estimate(float(curves.max()), 0.0, curves.size)
            reach = "answers at most half of the off-diagonal pairs and the diagonal"
            label = f"{relation_label(relation)}: {mode_label(mode)} {reach}"
            yield compare(bound, worst, label, side="at most", model_error=1e-6)


def _excess(verdict: Verdict) -> float:
    """Return how far beyond what is allowed a bound from above is exceeded; negative where it holds."""
    if verdict.z is not None:
        return verdict.z - verdict.allowed
    beyond = (verdict.measured or 0.0) - verdict.theory - verdict.model_error
    return math.inf if beyond > 0 else -verdict.allowed + beyond


def _crossing(theory_of_relation: xr.Dataset, threshold: float) -> float:
    """Return the fraction at which f_UB is the threshold: where the known fraction f fills what guessing leaves open.

    p_c is another point: there the known fraction itself is the threshold, and f_UB is already above it.
    """
    from geneft_theory.statics import critical_fraction

    chance = float(theory_of_relation["chance"])
    guess = max(chance, 1 - chance)
    needed = max(0.0, (threshold - guess) / (1 - guess)) if guess < 1 else 0.0
    return float(critical_fraction(theory_of_relation["bits"], theory_of_relation["pairs"], needed))


def tables(conclusions: StaticsConclusions, theory: xr.Dataset) -> dict[str, list[dict[str, Any]]]:
    """Return the tables of the run as rows of plain values: critical fractions, induction gaps, verdicts."""
    measured = conclusions.measured
    critical = [
        {
            "relation": relation,
            "mode": mode,
            "bits": float(theory["bits"].sel(relation=relation)),
            "p_c": float(theory["critical_fraction"].sel(relation=relation)),
            "estimate_reaches_it_at": _crossing(theory.sel(relation=relation), measured.attrs["threshold"]),
            "status": fit.status,
            "measured": fit.value,
            "standard_error": fit.standard_error,
            "low": fit.low,
            "high": fit.high,
            "seeds": fit.seeds,
        }
        for (relation, mode), fit in conclusions.fits.items()
    ]
    gaps = [
        {
            "relation": str(relation),
            "mode": str(mode),
            "gap": float(measured["gap"].sel(relation=relation, mode=mode)),
            "standard_error": float(measured["gap_error"].sel(relation=relation, mode=mode)),
        }
        for relation in measured["relation"].values
        for mode in measured["mode"].values
        if np.isfinite(measured["gap"].sel(relation=relation, mode=mode))
    ]
    verdicts = [verdict.to_dict() for verdict in conclusions.verdicts]
    return {"critical_fractions": critical, "induction_gaps": gaps, "verdicts": verdicts}
