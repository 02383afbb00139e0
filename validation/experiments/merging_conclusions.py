"""What `geneft run merging` concludes: how well each score at initialisation tells the pairs that merge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.estimate import Estimate
from validation.diagnosis.distances import relative_distances
from validation.measure import RocArea, Verdict, compare, roc_area, roc_band, roc_curve
from validation.report.labels import relation_label
from validation.training.outcomes import THRESHOLD

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

PRIMARY = {"adam": "sign flow", "sgd": "network gain"}
"""Which prediction the verdicts are about: that of the flow which the optimiser approximates, with the decoder's own
gain. Chosen before any network was looked at."""
BASELINES = ("distance", "distance and ratio")
"""Scores that know nothing of the decoder: -|r|, and the margin with a constant in the place of A^T A."""
RATES = np.linspace(0, 1, 101)
BINS = 12


@dataclass(frozen=True, eq=False)
class Cases:
    """All same-class pairs of all networks of one relation and optimiser, in a row.

    Attributes
    ----------
    scores : dict of str to ndarray, shape (cases,)
        The margin of each prediction, and the baselines; more means sooner merged.
    distance : ndarray, shape (cases,)
        Final distance, in units of the rms distance between classes.
    seed, network : ndarray of int, shape (cases,)
        Replicate and network of each case.
    networks, left_out, fitted : int
        Networks that count; those left out since they diverged or their classes coincide; and those of the counted
        that learned their training pairs.
    """

    scores: dict[str, Array]
    distance: Array
    seed: NDArray[np.int64]
    network: NDArray[np.int64]
    networks: int
    left_out: int
    fitted: int


def cases_of(results: xr.Dataset, theory: xr.Dataset, relation: str, optimizer: str) -> Cases:
    """Return the pairs of one relation and optimiser."""
    here = results.sel(relation=relation, optimizer=optimizer).transpose("ratio", "seed", "symbol", "dimension")
    known = theory.sel(relation=relation, seed=here["seed"].values)
    known = known.isel(pair=np.flatnonzero(known["first"].values >= 0))
    pairs = np.stack([known["first"].values, known["second"].values], axis=1)
    distance = relative_distances(here["embeddings"].values, pairs)
    counted = np.isfinite(distance).all(axis=-1) & (here["diverged"].values == 0)
    shape = distance.shape
    ratio, half = here["ratio"].values[:, None, None], known["separation"].transpose("seed", "pair").values
    margins = np.log(known["critical_ratio"].transpose("prediction", "seed", "pair").values)
    scores = {str(name): margins[k] - np.log(ratio) for k, name in enumerate(known["prediction"].values)}
    scores |= {"distance": np.broadcast_to(-half, shape), "distance and ratio": -2 * np.log(half) - np.log(ratio)}
    place = np.arange(shape[0] * shape[1]).reshape(shape[:2])
    return Cases(
        {name: np.broadcast_to(score, shape)[counted].ravel() for name, score in scores.items()},
        distance[counted].ravel(),
        np.repeat(np.broadcast_to(here["seed"].values, shape[:2])[counted], shape[2]),
        np.repeat(place[counted], shape[2]),
        int(counted.sum()),
        int((~counted).sum()),
        int((here["train_accuracy"].values[counted] > THRESHOLD).sum()),
    )


@dataclass(frozen=True, eq=False)
class Judged:
    """The ROC areas of one relation and optimiser.

    Attributes
    ----------
    relation, optimizer, primary : str
        What is judged, and which prediction the verdicts are about.
    cases : Cases
        The pairs.
    pooled, within : dict of str to RocArea
        For each score: over all networks, and over comparisons inside a network only.
    other_thresholds : dict of float to RocArea
        The primary prediction, pooled, where another distance counts as merged.
    below : float
        The distance, in units of that between classes, below which two symbols count as merged.
    merged, predicted : float
        Fraction of the pairs that merged, and that the primary prediction says merge.
    """

    relation: str
    optimizer: str
    primary: str
    cases: Cases
    pooled: dict[str, RocArea]
    within: dict[str, RocArea]
    other_thresholds: dict[float, RocArea]
    below: float
    merged: float
    predicted: float


def judge(results: xr.Dataset, theory: xr.Dataset) -> list[Judged]:
    """Return the areas for every relation and optimiser; those without a network that counts are left out."""
    return list(_judged(results, theory))


def _judged(results: xr.Dataset, theory: xr.Dataset) -> Iterator[Judged]:
    below, others = float(results.attrs["merged_below"]), np.atleast_1d(results.attrs["also_below"])
    for relation in map(str, results["relation"].values):
        for optimizer in map(str, results["optimizer"].values):
            cases, primary = cases_of(results, theory, relation, optimizer), PRIMARY[optimizer]
            if not cases.networks:
                continue
            merged, margin = cases.distance < below, cases.scores[primary]
            yield Judged(
                relation,
                optimizer,
                primary,
                cases,
                {name: roc_area(score, merged, cases.seed) for name, score in cases.scores.items()},
                {
                    name: roc_area(score, merged, cases.seed, strata=cases.network)
                    for name, score in cases.scores.items()
                },
                {float(other): roc_area(margin, cases.distance < other, cases.seed) for other in others},
                below,
                float(merged.mean()),
                float((margin >= 0).mean()),
            )


def verdicts_on(judged: list[Judged]) -> list[Verdict]:
    """Return for every relation and optimiser whether as many pairs merge as predicted, and whether the right ones.

    Over all networks, knowing the learning rates is worth much by itself: what the decoder adds is seen against the
    baseline that knows them, too, and among the pairs of one network, where they are equal.
    """
    verdicts = []
    for each in judged:
        name = f"{relation_label(each.relation)}, {each.optimizer}"
        area, own = each.pooled[each.primary], each.within[each.primary]
        claims = (
            (0.5, area.estimate, "pairs that merge have the larger margin (ROC area)"),
            (0.0, area.exceeds(each.pooled["distance"]), "ROC area of the margin beyond that of the initial distance"),
            (
                0.0,
                area.exceeds(each.pooled["distance and ratio"]),
                "ROC area of the margin beyond that of distance and learning rates without the decoder",
            ),
            (0.5, own.estimate, "among the pairs of one network, those that merge have the larger margin (ROC area)"),
            (
                0.0,
                own.exceeds(each.within["distance"]),
                "among the pairs of one network, ROC area beyond that of the initial distance",
            ),
        )
        verdicts.append(_share_verdict(each, name))
        verdicts += [
            compare(theory, measured, f"{name}: {claim}", side="more than") for theory, measured, claim in claims
        ]
    return verdicts


def _share_verdict(each: Judged, name: str) -> Verdict:
    """Compare how many pairs merge with how many are predicted to, replicate by replicate."""
    cases, seeds = each.cases, np.unique(each.cases.seed)
    merged, predicted = cases.distance < each.below, cases.scores[each.primary] >= 0
    shares = np.array([[kind[cases.seed == seed].mean() for kind in (merged, predicted)] for seed in seeds])
    label = f"{name}: as large a fraction of the pairs merges as is predicted to"
    if len(seeds) < 2:
        return compare(each.predicted, None, label)
    error = Estimate.from_samples(shares[:, 0] - shares[:, 1]).standard_error
    return compare(float(shares[:, 1].mean()), Estimate(float(shares[:, 0].mean()), error, len(seeds)), label)


def area_rows(judged: list[Judged]) -> list[dict[str, Any]]:
    """Return one row a relation, optimiser and score."""
    rows = []
    for each in judged:
        for name in each.pooled:
            area, own = each.pooled[name], each.within[name]
            rows.append(
                {
                    "relation": each.relation,
                    "optimizer": each.optimizer,
                    "score": name,
                    "primary": name == each.primary,
                    "roc_area": _number(area.value),
                    "low": _number(area.low),
                    "high": _number(area.high),
                    "within_networks": _number(own.value),
                    "within_low": _number(own.low),
                    "within_high": _number(own.high),
                }
            )
    return rows


def sample_rows(judged: list[Judged]) -> list[dict[str, Any]]:
    """Return what lies behind the areas of each relation and optimiser, and how they depend on the threshold."""
    rows = []
    for each in judged:
        row: dict[str, Any] = {
            "relation": each.relation,
            "optimizer": each.optimizer,
            "networks": each.cases.networks,
            "left_out": each.cases.left_out,
            "learned_training_pairs": each.cases.fitted,
            "pairs": int(each.cases.distance.size),
            "merged": each.merged,
            "predicted_to_merge": each.predicted,
        }
        for below, area in each.other_thresholds.items():
            row[f"roc_area_below_{below:g}"] = _number(area.value)
        rows.append(row)
    return rows


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def curves(judged: list[Judged], relation: str) -> xr.Dataset:
    """Return the ROC curves of one relation, and the final distance by bins of the margin, for `merging_figure`.

    Returns
    -------
    xarray.Dataset
        Over (optimizer, false_positive_rate): true_positive_rate of the primary margin with ..._low and ..._high, and
        of the initial distance alone, distance_rate, and with the learning rates, no_decoder_rate. Over
        (optimizer, bin), equally many pairs each: the median margin, median and quartiles of the final distance. Over
        optimizer: the areas, sample sizes, prediction.
    """
    import xarray as xr

    own = [each for each in judged if each.relation == relation]
    return xr.concat([_curve(each) for each in own], "optimizer", coords="minimal", compat="equals", join="outer")


def _curve(each: Judged) -> xr.Dataset:
    import xarray as xr

    cases, below = each.cases, each.below
    merged, margin = cases.distance < below, cases.scores[each.primary]
    area = each.pooled[each.primary]
    low, high = roc_band(margin, merged, cases.seed, RATES)
    parts = np.array_split(np.argsort(margin, kind="stable"), min(BINS, margin.size))
    middle = np.array([np.median(margin[part]) for part in parts])
    quartiles = np.array([np.quantile(cases.distance[part], (0.25, 0.5, 0.75)) for part in parts])
    rate, bins = "false_positive_rate", "bin"
    return xr.Dataset(
        {
            "true_positive_rate": (rate, roc_curve(margin, merged, RATES)),
            "true_positive_rate_low": (rate, low),
            "true_positive_rate_high": (rate, high),
            "distance_rate": (rate, roc_curve(cases.scores["distance"], merged, RATES)),
            "no_decoder_rate": (rate, roc_curve(cases.scores["distance and ratio"], merged, RATES)),
            "margin": (bins, middle),
            "final_distance_low": (bins, quartiles[:, 0]),
            "final_distance": (bins, quartiles[:, 1]),
            "final_distance_high": (bins, quartiles[:, 2]),
            "roc_area": _number(area.value),
            "roc_area_low": _number(area.low),
            "roc_area_high": _number(area.high),
            "distance_area": _number(each.pooled["distance"].value),
            "no_decoder_area": _number(each.pooled["distance and ratio"].value),
            "networks": cases.networks,
            "pairs": cases.distance.size,
            "merged": each.merged,
            "prediction": each.primary,
        },
        {rate: RATES, bins: np.arange(len(parts)), "optimizer": each.optimizer},
    )
