"""What the experiment on slowing down concludes: exponents of pairs and of networks, and the verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.estimate import Estimate
from validation.experiments.divergence import MeasuredDivergence, measure_divergence, median_times
from validation.experiments.slowing_down import SIDES, SlowingDownOptions, pair_settings, starts, step_shift
from validation.measure import Verdict, compare, wilson_interval

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SlowingDown:
    """The measurements of one run and what follows.

    Attributes
    ----------
    pairs : list of dict
        One row a side and distance: geometric mean times with the standard errors of their logarithms, None where
        there are none.
    networks : list of dict
        One row a learning rate of the decoder: how many seeds generalized, and the median time.
    divergence : MeasuredDivergence or None
        The fit to the medians; None where they do not show a divergence.
    verdicts : list of Verdict
        Every claim.
    """

    pairs: list[dict[str, Any]]
    networks: list[dict[str, Any]]
    divergence: MeasuredDivergence | None
    verdicts: list[Verdict]


def conclude(pairs: xr.Dataset, networks: xr.Dataset, options: SlowingDownOptions) -> SlowingDown:
    """Return exponents and verdicts.

    Parameters
    ----------
    pairs : xarray.Dataset
        time, predicted_time and relaxation_time over (side, distance, member).
    networks : xarray.Dataset
        steps_to_test_threshold over (eta_decoder, seed), nan where a seed did not generalize within the budget.
    options : SlowingDownOptions
        What was asked.
    """
    times = censored_times(networks)
    ratios = networks["eta_decoder"].values / options.eta_encoder
    divergence = measure_divergence(ratios, times, options.steps)
    verdicts = [
        *(verdict for side in ("collapse", "memorization") for verdict in _pair_verdicts(pairs, side, options)),
        _adam_verdict(pairs),
        _growth_verdict(ratios, times, options.steps),
        _exponent_verdict(divergence),
    ]
    return SlowingDown(_pair_rows(pairs), _network_rows(networks, ratios, times), divergence, verdicts)


def censored_times(networks: xr.Dataset) -> Array:
    """Return the steps to the test threshold, infinite for seeds that did not get there, shape (seeds, ratios)."""
    steps = networks["steps_to_test_threshold"].transpose("seed", "eta_decoder").values
    return np.where(np.isnan(steps), np.inf, steps)


def slope(logarithms: Array, distances: Array) -> Estimate | None:
    """Return the slope of log time against log distance: the mean over pairs, each of which is fitted by itself.

    None where fewer than two pairs have a time at every distance.

    Parameters
    ----------
    logarithms : ndarray, shape (distances, members)
        Logarithms of times; members without a time at every distance are left out.
    distances : ndarray, shape (distances,)
        Distances > 0.

    Examples
    --------
    >>> times = np.array([[8.0, 16.0], [4.0, 8.0], [2.0, 4.0]])
    >>> float(round(slope(np.log(times), np.array([1.0, 2.0, 4.0])).value, 12))
    -1.0
    """
    x = np.log(distances) - np.log(distances).mean()
    whole = logarithms[:, np.isfinite(logarithms).all(axis=0)]
    return _mean(x @ whole / (x**2).sum())


def _mean(samples: Array) -> Estimate | None:
    return Estimate.from_samples(samples) if samples.size > 1 else None


def _logarithms(pairs: xr.Dataset, side: str, name: str) -> Array:
    return np.asarray(np.log(pairs[name].sel(side=side).transpose("distance", "member").values))


def _pair_verdicts(pairs: xr.Dataset, side: str, options: SlowingDownOptions) -> Iterator[Verdict]:
    """Hold the exponents of one side against the theory's, and the times against its formula."""
    distances, label = pairs["distance"].values, f"pairs, {SIDES[side].label}"
    step = pair_settings(options, side, float(distances[-1])).time_step
    # In steps a rate k becomes -ln(1 - h k)/h, larger by a factor 1 + h k/2; it is largest at the largest distance.
    of_steps = step * float(distances[-1]) / np.log(distances[-1] / distances[0])
    relaxation = slope(_logarithms(pairs, side, "relaxation_time"), distances)
    claim = f"{label}: the relaxation time grows like 1/|C|, exponent"
    yield compare(-1.0, relaxation, claim, model_error=of_steps)
    measured, formula = (_logarithms(pairs, side, name) for name in ("time", "predicted_time"))
    predicted, difference = slope(formula, distances), slope(measured - formula, distances)
    exponent, expected = None, np.nan if predicted is None else predicted.value
    if difference is not None:
        exponent = Estimate(expected + difference.value, difference.standard_error, difference.draws)
    claim = f"{label}: the time to the threshold has the exponent of the formula"
    yield compare(expected, exponent, claim, model_error=of_steps)
    shift = np.mean([step_shift(pair_settings(options, side, d), side, *starts(options, side, d)) for d in distances])
    claim = f"{label}: mean ln(measured time / formula)"
    yield compare(0.0, _mean((measured - formula)[np.isfinite(measured)]), claim, model_error=float(shift))


def _adam_verdict(pairs: xr.Dataset) -> Verdict:
    exponent = slope(_logarithms(pairs, "adam", "time"), pairs["distance"].values)
    return compare(0.0, exponent, f"pairs, {SIDES['adam'].label}: the time does not grow, as in the sign flow")


def _growth_verdict(ratios: Array, times: Array, budget: int) -> Verdict:
    """Whether times grow towards the boundary: the last ratio with a median against the fastest one.

    The fastest ratio is chosen on every other seed, the others judge, seed by seed; a censored time counts as the
    budget, which can only make the growth smaller.
    """
    choosing, judging = times[::2], times[1::2]
    medians = median_times(choosing)
    fastest, known = int(np.argmin(medians)), np.flatnonzero(np.isfinite(medians))
    last = int(known[-1]) if known.size else 0
    label = "networks: seeds need longer next to the boundary"
    if judging.shape[0] < 2 or last <= fastest:
        return compare(0.0, None, label, side="more than")
    growth = np.log(np.minimum(judging[:, last], budget) / np.minimum(judging[:, fastest], budget))
    label += f" (ratio {ratios[last]:.3g}) than at the fastest ratio ({ratios[fastest]:.3g}), mean of ln"
    return compare(0.0, Estimate.from_samples(growth), label, side="more than")


def _exponent_verdict(divergence: MeasuredDivergence | None) -> Verdict:
    label = "networks: the time to generalize diverges like 1/(critical ratio - ratio), exponent"
    return compare(1.0, None if divergence is None else divergence.exponent, label)


def _pair_rows(pairs: xr.Dataset) -> list[dict[str, Any]]:
    rows = []
    for side in map(str, pairs["side"].values):
        columns = {name: _logarithms(pairs, side, name) for name in ("time", "predicted_time", "relaxation_time")}
        for index, distance in enumerate(pairs["distance"].values):
            row: dict[str, Any] = {"side": side, "distance": float(distance), "pairs": columns["time"].shape[1]}
            for name, logarithms in columns.items():
                known = logarithms[index][np.isfinite(logarithms[index])]
                row[name] = float(np.exp(known.mean())) if known.size else None
                row[f"{name}_log_error"] = float(known.std(ddof=1) / np.sqrt(known.size)) if known.size > 1 else None
            row["not_reached"] = int(np.isnan(columns["time"][index]).sum())
            rows.append(row)
    return rows


def _network_rows(networks: xr.Dataset, ratios: Array, times: Array) -> list[dict[str, Any]]:
    rows = []
    for index, (ratio, median) in enumerate(zip(ratios, median_times(times), strict=True)):
        own = times[:, index]
        generalized = int(np.isfinite(own).sum())
        low, high = wilson_interval(generalized, own.size)
        trained = networks["steps_to_train_threshold"].isel(eta_decoder=index).values
        rows.append(
            {
                "eta_decoder": float(networks["eta_decoder"].values[index]),
                "ratio": float(ratio),
                "seeds": own.size,
                "generalized": generalized,
                "censored": own.size - generalized,
                "share_generalized": generalized / own.size,
                "share_low": low,
                "share_high": high,
                "median_steps": float(median) if np.isfinite(median) else None,
                "mean_log_steps_of_those": float(np.log(own[np.isfinite(own)]).mean()) if generalized else None,
                "memorized": int((np.isinf(own) & np.isfinite(trained)).sum()),
            }
        )
    return rows
