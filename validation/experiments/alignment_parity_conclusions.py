"""What the experiment on merging states concludes: who merges, where, what it gains, and a verdict on every claim."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.estimate import Estimate
from validation.experiments.alignment_parity import DIMS
from validation.measure import RocArea, Verdict, compare, roc_area

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
CHANCE = 0.5


def conclude(results: xr.Dataset, theory: xr.Dataset) -> list[Verdict]:
    """Return a verdict on every claim."""
    return [*_mergers(results), *_boundary(results, theory), *_extrapolation(results), *_forecasts(results)]


def rows(results: xr.Dataset, theory: xr.Dataset) -> list[dict[str, Any]]:
    """Return the numbers of every gain and fraction, means over seeds, as plain values."""
    total = float(theory["agreeing_pairs"])
    found = []
    for gain in results["gain"].values:
        for fraction in results["fraction"].values:
            own = results.sel(gain=gain, fraction=fraction)
            found.append(
                {
                    "gain": float(gain),
                    "fraction": float(fraction),
                    "networks": own.sizes["seed"],
                    "learned": int(learned(own).sum()),
                    "merged": float(own["agreeing_mergers"].mean()) / total,
                    "disagreeing_mergers": int(own["disagreeing_mergers"].sum()),
                    "states": float(own["states"].mean()),
                    "closed": int(own["closed"].sum()),
                    "long_accuracy": float(own["long_accuracy"].mean()),
                    "perfect": int(perfect(own).sum()),
                    "diverged": int(own["diverged"].sum()),
                }
            )
    return found


def learned(results: xr.Dataset) -> Mask:
    """Return which networks answer their whole training set correctly at the end."""
    return np.asarray(results["train_accuracy"].values == 1)


def perfect(results: xr.Dataset) -> Mask:
    """Return which networks answer every long string correctly."""
    return np.asarray(results["long_accuracy"].values == 1)


def corner(results: xr.Dataset, gain: int, fraction: int) -> xr.Dataset:
    """Return the networks at one corner of the scan: 0 for the smallest, -1 for the largest."""
    return results.isel(gain=gain, fraction=fraction)


def merged_share(results: xr.Dataset, theory: xr.Dataset) -> Array:
    """Return which share of the pairs of equal parity has merged in every network."""
    return np.asarray(results["agreeing_mergers"].values / float(theory["agreeing_pairs"]))


def over_seeds(values: Array, chosen: Mask) -> Estimate | None:
    """Return the mean of values, shape (..., seed), among the chosen, with its error over seeds.

    A seed counts as often as networks of it are chosen; None where fewer than two seeds have any.

    Examples
    --------
    >>> found = over_seeds(np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([[True, True], [True, True]]))
    >>> found.value, round(found.standard_error, 2), found.draws
    (0.75, 0.25, 2)
    """
    counts = chosen.reshape(-1, chosen.shape[-1]).sum(0).astype(np.float64)
    sums = np.where(chosen, values, 0).reshape(-1, chosen.shape[-1]).sum(0)
    draws = int((counts > 0).sum())
    if draws < 2:
        return None
    mean = sums.sum() / counts.sum()
    # The linearised error of a ratio of sums over independent seeds.
    residuals = (sums - mean * counts)[counts > 0] / (counts.sum() / draws)
    return Estimate(float(mean), float(np.sqrt(np.square(residuals).sum() / (draws - 1) / draws)), draws)


def _paired(first: Array, second: Array) -> Estimate:
    return Estimate.from_samples(first - second)


def _mergers(results: xr.Dataset) -> Iterator[Verdict]:
    own = results.transpose(*DIMS, ...)
    counts = {name: own[f"{name}_mergers"].values for name in ("agreeing", "disagreeing")}
    known = learned(own)
    for words, chosen in (
        ("of all networks", np.ones_like(known)),
        (f"of the {known.sum()} networks that learned their training set", known),
    ):
        wrong = int(counts["disagreeing"][chosen].sum())
        total = wrong + int(counts["agreeing"][chosen].sum())
        claim = f"only pairs with equal futures merge: share of others in the {total} mergers {words}"
        # Of "only" a single exception is a refutation: there is no sampling error to be granted.
        yield compare(0.0, Estimate(wrong / total, 0.0, 1) if total else None, claim, side="at most")


def _boundary(results: xr.Dataset, theory: xr.Dataset) -> Iterator[Verdict]:
    best = merged_share(corner(results, 0, -1), theory)
    gains, fractions = results["gain"].values, results["fraction"].values
    place = f"gain {gains[0]:g} and {fractions[-1]:.0%} of the strings"
    for gain, fraction, words in ((-1, -1, f"gain {gains[-1]:g}"), (0, 0, f"{fractions[0]:.0%} of them")):
        other = merged_share(corner(results, gain, fraction), theory)
        claim = f"more pairs merge at {place} than with {words}: difference of the shares"
        yield compare(0.0, _paired(best, other), claim, side="more than")


def _extrapolation(results: xr.Dataset) -> Iterator[Verdict]:
    gains, fractions = results["gain"].values, results["fraction"].values
    own = results.transpose(*DIMS, ...)
    accuracy = own["long_accuracy"].values
    best, worst = accuracy[0, -1], accuracy[-1, 0]
    at_best, at_worst = (Estimate.from_samples(each) for each in (best, worst))
    claim = "accuracy on long strings"
    yield compare(
        1.0, at_best, f"{claim} is 1 at gain {gains[0]:g} and {fractions[-1]:.0%} of the strings", side="at least"
    )
    yield compare(CHANCE, at_worst, f"{claim} is chance at gain {gains[-1]:g} and {fractions[0]:.0%} of the strings")
    closed = own["closed"].values.astype(bool)
    among = f"of the {closed.sum()} networks whose states are a finite automaton"
    yield compare(1.0, over_seeds(accuracy, closed), f"{claim} {among} is 1", side="at least")
    found = perfect(own)
    among = f"share of an automaton among the {found.sum()} networks that make no mistake on long strings"
    yield compare(1.0, over_seeds(closed.astype(np.float64), found), among, side="at least")
    area = states_area(own)
    claim = "networks with fewer states are those that make no mistake on long strings, area under the ROC curve"
    yield compare(CHANCE, area.estimate, claim, side="more than")


def states_area(results: xr.Dataset) -> RocArea:
    """Return how well few states tell which networks make no mistake on long strings."""
    own = results.transpose(*DIMS, ...)
    groups = np.broadcast_to(own["seed"].values, own["states"].shape)
    return roc_area(-own["states"].values.ravel().astype(np.float64), perfect(own).ravel(), groups.ravel())


def _forecasts(results: xr.Dataset) -> Iterator[Verdict]:
    claim = "the merge condition N y/h^2 tells which pairs of equal parity are together at the end"
    for words, apart, within in (
        ("among all networks", False, False),
        ("within a network", False, True),
        ("within a network, among pairs that are apart before training", True, True),
    ):
        area = forecast_area(results, apart=apart, within=within)
        yield compare(CHANCE, area.estimate, f"{claim}: {words}, area under the ROC curve", side="more than")


def forecast_area(results: xr.Dataset, *, apart: bool, within: bool) -> RocArea:
    """Return how well the merge condition tells which pairs of equal parity are together at the end.

    Parameters
    ----------
    results : xarray.Dataset
        pair_score, pair_apart and pair_together over (gain, fraction, seed, pair).
    apart : bool
        Whether only pairs count that are apart before training.
    within : bool
        Whether only pairs of one network are compared with each other.
    """
    own = results.transpose(*DIMS, "pair", ...)
    score, together = own["pair_score"].values, own["pair_together"].values.astype(bool)
    shape = score.shape
    chosen = own["pair_apart"].values.astype(bool) if apart else np.ones(shape, dtype=np.bool_)
    seeds = np.broadcast_to(own["seed"].values[:, None], shape)
    strata = np.broadcast_to(np.arange(np.prod(shape[:-1])).reshape(*shape[:-1], 1), shape)
    if not chosen.any():
        return roc_area([0.0], [True], [0])
    return roc_area(
        score[chosen], together[chosen], seeds[chosen], strata=strata[chosen] if within else None, bootstrap=400
    )
