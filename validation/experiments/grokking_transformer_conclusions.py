"""What the experiment on transformers concludes: delays, the shape of the embeddings, and the verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.estimate import Estimate
from validation.experiments.grokking_transformer import GrokkingTransformerOptions, conditions, options_of
from validation.measure import Verdict, compare

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]


def condition(results: xr.Dataset, decay: float, dropout: float) -> xr.Dataset:
    """Return the results of one set of replicates, over `seed` alone."""
    return results.sel(weight_decay=decay, dropout=dropout)


def delays(steps: Array, budget: float) -> Array:
    """Return the delay of each network, t_val - t_train; if t_val lies beyond the budget, the least it can be.

    Parameters
    ----------
    steps : ndarray, shape (2, seeds)
        First steps at the threshold on the training pairs and on the others; nan where there is none.
    budget : float
        Steps of the training.

    Returns
    -------
    ndarray, shape (seeds,)
        nan for a network that has not learned its training pairs, whose delay means nothing.

    Examples
    --------
    >>> delays(np.array([[30.0, 40.0, np.nan], [500.0, np.nan, np.nan]]), budget=1000)
    array([470., 960.,  nan])
    """
    return np.asarray(np.where(np.isnan(steps[1]), budget, steps[1]) - steps[0])


def shortening(reference: Array, treated: Array, budget: float) -> Array:
    """Return by how many steps the delay of each treated network is shorter than that of its reference.

    Where a delay is known only to be longer than the rest of the budget, so is the difference in part: if that is the
    reference's, it is the least that it can be; if the treated one's, the most, but no gain; nothing if both are.

    Parameters
    ----------
    reference, treated : ndarray, shape (2, seeds)
        As for `delays`, seed by seed.
    budget : float
        Steps of the training.

    Returns
    -------
    ndarray, shape (pairs,)
        Of the seeds both of whose networks have learned their training pairs.

    Examples
    --------
    >>> never = np.nan
    >>> reference = np.array([[30.0, 30.0, 30.0, 30.0], [500.0, never, never, 500.0]])
    >>> treated = np.array([[40.0, 40.0, 900.0, 900.0], [200.0, 200.0, never, never]])
    >>> shortening(reference, treated, budget=1000)
    array([310., 810.,   0.,   0.])
    """
    difference = delays(reference, budget) - delays(treated, budget)
    beyond = np.isnan(reference[1]), np.isnan(treated[1])
    difference = np.where(beyond[1], np.minimum(difference, 0.0), difference)
    difference = np.where(beyond[0] & beyond[1], 0.0, difference)
    return np.asarray(difference[~(np.isnan(reference[0]) | np.isnan(treated[0]))])


def judged_shortening(reference: Array, treated: Array, budget: float, claim: str) -> Verdict:
    """Return the verdict on the claim that a treatment shortens the delay.

    Where a treated network has not generalized and its reference has, the mean is only the most that it can be: that
    can refute the claim, and not support it.

    Parameters
    ----------
    reference, treated, budget
        As for `shortening`.
    claim : str
        In words.
    """
    found = compare(0.0, _mean(shortening(reference, treated, budget)), claim, side="more than")
    learned = ~(np.isnan(reference[0]) | np.isnan(treated[0]))
    at_most = learned & np.isnan(treated[1]) & ~np.isnan(reference[1])
    return compare(0.0, None, claim, side="more than") if found.verdict == "agrees" and at_most.any() else found


def steps_of(results: xr.Dataset) -> Array:
    """Return the steps to both thresholds, shape (2, seeds)."""
    return np.stack([results[f"steps_to_{kind}_threshold"].values for kind in ("train", "test")])


def halfway(results: xr.Dataset) -> Array:
    """Return the effective dimension midway, on a logarithmic scale, from learning to generalizing, shape (seeds,).

    Interpolated between records; nan where a network has not done both.
    """
    step, (train, test) = results["step"].values, steps_of(results)
    curves = results["effective_dimension_curve"].transpose("seed", "step").values
    places = np.log(np.sqrt(train * test))
    later = step > 0
    rows = [np.interp(place, np.log(step[later]), curve[later]) for place, curve in zip(places, curves, strict=True)]
    return np.where(np.isnan(places), np.nan, rows)


def conclude(results: xr.Dataset, theory: xr.Dataset) -> list[Verdict]:
    """Return the verdicts: on the effective dimension, the circles, dropout, and weight decay of the decoder."""
    options = options_of(theory)
    usual = condition(results, options.weight_decay, options.dropouts[0])
    chance = Estimate(float(theory["chance_concentration"]), float(theory["chance_error"]), int(theory.attrs["draws"]))
    return [
        *_dimension_verdicts(usual),
        _fourier_verdict(usual, chance),
        *_delay_verdicts(results, options),
    ]


def _dimension_verdicts(usual: xr.Dataset) -> Iterator[Verdict]:
    curves = usual["effective_dimension_curve"].transpose("seed", "step").values
    start, end, there = curves[:, 0], curves[:, -1], usual["effective_dimension_at_test_threshold"].values
    for claim, difference in (
        (
            "effective dimension: midway from learning to generalizing it has risen since the start, by",
            halfway(usual) - start,
        ),
        ("effective dimension: it rises until generalization, where it lies above the start by", there - start),
        ("effective dimension: it falls after generalization, until the end by", there - end),
    ):
        yield compare(0.0, _mean(difference), claim, side="more than")


def _fourier_verdict(usual: xr.Dataset, chance: Estimate) -> Verdict:
    generalized = np.isfinite(usual["steps_to_test_threshold"].values)
    concentration = usual["fourier_concentration_curve"].transpose("seed", "step").values[generalized, -1]
    claim = "embeddings: after generalization they are more concentrated in Fourier space than chance"
    return compare(chance, _mean(concentration), claim, side="more than")


def _delay_verdicts(results: xr.Dataset, options: GrokkingTransformerOptions) -> Iterator[Verdict]:
    first_decay, first_dropout = options.weight_decays[0], options.dropouts[0]
    without = steps_of(condition(results, first_decay, first_dropout))
    usual = steps_of(condition(results, options.weight_decay, first_dropout))
    for decay in options.weight_decays[1:]:
        with_decay = steps_of(condition(results, decay, first_dropout))
        claim = f"decoder weight decay {decay:g} shortens the delay against {first_decay:g}, by steps"
        yield judged_shortening(without, with_decay, options.steps, claim)
    for dropout in options.dropouts[1:]:
        with_dropout = steps_of(condition(results, options.weight_decay, dropout))
        claim = f"dropout {dropout:g} shortens the delay against {first_dropout:g}, by steps"
        yield judged_shortening(usual, with_dropout, options.steps, claim)


def _mean(samples: Array) -> Estimate | None:
    """Return the mean over those that are known; None where fewer than two are."""
    known = samples[np.isfinite(samples)]
    return Estimate.from_samples(known) if known.size > 1 else None


def rows(results: xr.Dataset, theory: xr.Dataset) -> list[dict[str, Any]]:
    """Return one row a weight decay and dropout: what the replicates learned, when, and the shape of embeddings.

    Medians of steps count a network that did not get there as later than all others, and are None where it is one of
    those; of an even number it is the later of the two in the middle. `mean_delay` is the mean of the least that each
    delay can be. `lost` counts those that had learned their training pairs and do not know them at the end.
    """
    options = options_of(theory)
    return [
        _row(condition(results, *each), *each, options.steps, options.threshold) for each in sorted(conditions(options))
    ]


def _row(own: xr.Dataset, decay: float, dropout: float, budget: int, threshold: float) -> dict[str, Any]:
    steps = steps_of(own)
    learned, generalized = (int(np.isfinite(each).sum()) for each in steps)
    least = _mean(delays(steps, budget))
    row: dict[str, Any] = {"weight_decay": decay, "dropout": dropout, "seeds": own.sizes["seed"]}
    row |= {"learned": learned, "generalized": generalized, "diverged": int(own["diverged"].sum())}
    at_end = own["train_accuracy_curve"].transpose("seed", "step").values[:, -1]
    row["lost"] = int((np.isfinite(steps[0]) & (at_end < threshold)).sum())
    row |= {"median_steps_to_learn": _median(steps[0]), "median_steps_to_generalize": _median(steps[1])}
    row |= {
        "mean_delay": None if least is None else least.value,
        "mean_delay_error": None if least is None else least.standard_error,
    }
    dimensions = own["effective_dimension_curve"].transpose("seed", "step").values
    concentrations = own["fourier_concentration_curve"].transpose("seed", "step").values
    means = {
        "dimension_at_start": dimensions[:, 0],
        "dimension_midway": halfway(own),
        "dimension_at_generalization": own["effective_dimension_at_test_threshold"].values,
        "dimension_at_end": dimensions[:, -1],
        "concentration_at_start": concentrations[:, 0],
        "concentration_at_end": concentrations[:, -1],
    }
    for name, samples in means.items():
        mean = _mean(samples)
        row[name] = None if mean is None else mean.value
        row[f"{name}_error"] = None if mean is None else mean.standard_error
    return row


def _median(steps: Array) -> float | None:
    """Return the median over all networks, those that did not get there last; None where it is one of them."""
    median = float(np.sort(np.where(np.isnan(steps), np.inf, steps))[steps.size // 2])
    return median if np.isfinite(median) else None
