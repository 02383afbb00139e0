"""What the experiment on many points concludes: correlations, ratios of distances, and a verdict on every claim."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.estimate import Estimate
from validation.experiments.alignment_structure import DIMS
from validation.measure import Verdict, compare, for_choice, for_draws

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
REGIMES = ("rich", "intermediate", "lazy")


def conclude(results: xr.Dataset, theory: xr.Dataset) -> list[Verdict]:
    """Return a verdict on every claim."""
    return [*_xor(results, theory), *_identical(results, theory), *_digits(results, theory)]


def names_of(theory: xr.Dataset, task: str) -> list[str]:
    """Return the conditions of a task, in their order."""
    return [str(name) for name in theory["condition"].values[theory["task"].values == task]]


def regime_names(theory: xr.Dataset) -> dict[str, str]:
    """Return XOR's conditions in words: the first is called rich, the last lazy, what lies between intermediate."""
    own = names_of(theory, "xor")
    words = dict.fromkeys(own, REGIMES[1])
    words |= {own[0]: REGIMES[0]} | ({own[-1]: REGIMES[2]} if len(own) > 1 else {}) if own else {}
    return {name: f"{word}, gain {float(theory['gain'].sel(condition=name)):g}" for name, word in words.items()}


def pairs_of(results: xr.Dataset, condition: str) -> dict[str, Array]:
    """Return what is known of the pairs of points of a condition, each of shape (seed, pairs): roots of squares."""
    own = results.sel(condition=condition).transpose("seed", "pair", ...)
    known = np.isfinite(own["h_end"].values).any(0)
    names = ("h_start", "h_end", "predicted", "block", "input_distance", "target_distance")
    return {name: np.sqrt(own[name].values[:, known]) for name in names}


def correlations(first: Array, second: Array, chosen: NDArray[np.bool_] | None = None) -> Array:
    """Return Pearson's correlation of two rows, shape (seeds, pairs), for every seed; nan where one does not vary.

    Examples
    --------
    >>> correlations(np.array([[1.0, 2.0, 3.0]]), np.array([[2.0, 4.0, 6.5]])).round(3).tolist()
    [0.998]
    """
    found = []
    for k, (x, y) in enumerate(zip(first, second, strict=True)):
        own = np.isfinite(x) & np.isfinite(y) & (True if chosen is None else chosen[k])
        varied = own.sum() > 2 and np.ptp(x[own]) > 0 and np.ptp(y[own]) > 0
        found.append(float(np.corrcoef(x[own], y[own])[0, 1]) if varied else np.nan)
    return np.array(found)


def log_ratios(measured: Array, predicted: Array, chosen: NDArray[np.bool_]) -> Array:
    """Return the mean logarithm of measured/predicted among chosen pairs, for every seed; nan where there is none."""
    own = chosen & (measured > 0) & (predicted > 0)
    logs = np.log(np.where(own, measured, 1)) - np.log(np.where(own, predicted, 1))
    counts = own.sum(1)
    return np.asarray(np.divide(logs.sum(1), counts, out=np.full(len(counts), np.nan), where=counts > 0))


def mean(values: Array) -> Estimate | None:
    """Return the mean over the seeds that have a value, None for fewer than two."""
    known = values[np.isfinite(values)]
    return Estimate.from_samples(known) if known.size > 1 else None


def rows(results: xr.Dataset, theory: xr.Dataset) -> list[dict[str, Any]]:
    """Return the numbers of every condition as plain values."""
    found = []
    for condition in map(str, theory["condition"].values):
        own, at = results.sel(condition=condition), theory.sel(condition=condition)
        pairs = pairs_of(results, condition)
        equal = pairs["target_distance"] == 0
        row: dict[str, Any] = {
            "condition": condition,
            "task": str(at["task"].values),
            "gain": float(at["gain"]),
            "outputs": int(at["outputs"]),
            "networks": own.sizes["seed"],
            "identifiable": int(own["identifiable"].sum()),
            "ratio": _median(own["ratio"].values),
            "loss": _median(own["loss"].values),
            "diverged": int(own["diverged"].sum()),
        }
        measures = {
            "correlation": correlations(pairs["predicted"], pairs["h_end"]),
            "correlation_of_start": correlations(pairs["h_start"], pairs["h_end"]),
            "factor_equal": log_ratios(pairs["h_end"], pairs["predicted"], equal),
            "factor_different": log_ratios(pairs["h_end"], pairs["predicted"], ~equal),
        }
        if row["task"] == "identical":
            measures = {name: kept_share(own, name) for name in ("h_end", "law", "exact")}
        for name, values in measures.items():
            estimate = mean(values)
            row[name] = None if estimate is None else estimate.value
            row[f"{name}_error"] = None if estimate is None else estimate.standard_error
        for name in ("factor_equal", "factor_different"):
            if row.get(name) is not None:
                row[name] = float(np.exp(row[name]))
        found.append(row)
    return found


def kept_share(own: xr.Dataset, name: str) -> Array:
    """Return which share of h is left at the end for identical targets, shape (..., seed).

    `name` is "h_end", what was measured, "law" or "exact", what is predicted; this is nan where rates are not known.
    """
    start = own["h_start"].isel(pair=0).values
    if name == "h_end":
        return np.asarray(own[name].isel(pair=0).values / start)
    return np.asarray(np.where(own["identifiable"].values.astype(bool), own[name].values / start, np.nan))


def _median(values: Array) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else None


def _xor(results: xr.Dataset, theory: xr.Dataset) -> Iterator[Verdict]:
    for condition, words in regime_names(theory).items():
        yield from _pairwise(f"XOR, {words}", pairs_of(results, condition))


def _pairwise(label: str, pairs: dict[str, Array]) -> Iterator[Verdict]:
    """Hold the distances of all pairs against what each pair would do by itself."""
    predicted, measured = pairs["predicted"], pairs["h_end"]
    own, start = correlations(predicted, measured), correlations(pairs["h_start"], measured)
    claim = f"{label}: distances follow those predicted for single pairs, Pearson correlation"
    yield compare(0.0, mean(own), claim, side="more than")
    claim = f"{label}: better than the distances before training do, difference of the correlations"
    yield compare(0.0, mean(own - start), claim, side="more than")
    equal = pairs["target_distance"] == 0
    for words, chosen in (("different", ~equal), ("equal", equal)):
        claim = f"{label}: points with {words} targets are as far apart as predicted, mean logarithm of the factor"
        yield compare(0.0, mean(log_ratios(measured, predicted, chosen)), claim)


def _identical(results: xr.Dataset, theory: xr.Dataset) -> Iterator[Verdict]:
    names = names_of(theory, "identical")
    if not names:
        return
    own = results.sel(condition=names).transpose(*DIMS, ...)
    kept = {name: kept_share(own, name) for name in ("h_end", "law", "exact")}
    outputs, gains = (theory[name].sel(condition=names).values for name in ("outputs", "gain"))
    for count in np.unique(outputs):
        for name, words in (("law", "the law of the aligned pair"), ("exact", "the exact linear model")):
            claim = f"identical targets, outputs: {count}: what is left of h is as {words} says, mean excess"
            yield _farthest((kept["h_end"] - kept[name])[outputs == count], gains[outputs == count], claim)
    misses = [np.abs(kept["h_end"] - kept[name]) for name in ("law", "exact")]
    claim = "identical targets: the exact linear model is closer than the law of the aligned pair, mean difference"
    yield compare(0.0, mean(_over_conditions(misses[0] - misses[1])), claim, side="more than")


def _farthest(excess: Array, gains: Array, claim: str) -> Verdict:
    """Return the verdict on the gain at which an excess, shape (gain, seed), is farthest from 0 in its own errors."""
    known = [(estimate, gain) for row, gain in zip(excess, gains, strict=True) if (estimate := mean(row)) is not None]
    if not known:
        return compare(0.0, None, claim)
    allowed = for_choice(3.0, len(known))
    estimate, gain = max(known, key=lambda each: abs(each[0].z(0.0)) / for_draws(allowed, each[0].draws))
    words = f"{claim} at gain {gain:g}" + (", where it is farthest from 0" if len(known) > 1 else "")
    return compare(0.0, estimate, words, allowed=allowed)


def _over_conditions(values: Array) -> Array:
    """Return the mean over conditions, shape (condition, seed), of what is known of every seed."""
    known = np.isfinite(values)
    counts = known.sum(0)
    return np.asarray(
        np.divide(np.where(known, values, 0).sum(0), counts, out=np.full(len(counts), np.nan), where=counts > 0)
    )


def _digits(results: xr.Dataset, theory: xr.Dataset) -> Iterator[Verdict]:
    for condition in names_of(theory, "digits"):
        pairs = pairs_of(results, condition)
        yield from _pairwise("digits", pairs)
        predicted, measured = pairs["predicted"], pairs["h_end"]
        block = correlations(pairs["block"], measured)
        claim = "digits: better than the official formula for classes does, difference of the correlations"
        yield compare(0.0, mean(correlations(predicted, measured) - block), claim, side="more than")
        apart = pairs["target_distance"] > 0
        claim = "digits, images of different classes only: distances follow those predicted, Pearson correlation"
        yield compare(0.0, mean(correlations(predicted, measured, apart)), claim, side="more than")
        claim = "digits, images of one class only: distances follow those predicted, Pearson correlation"
        yield compare(0.0, mean(correlations(predicted, measured, ~apart)), claim, side="more than")
