"""The figures of the experiment on merging states, with what a page says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from validation.experiments.alignment_parity import DIMS
from validation.experiments.alignment_parity_conclusions import (
    forecast_area,
    learned,
    merged_share,
    perfect,
    states_area,
)
from validation.experiments.presentation import Drawing

if TYPE_CHECKING:
    import xarray as xr

    from validation.measure import RocArea

# Decades of N y/h^2; what lies beyond is counted at the ends.
EDGES = np.arange(-3.0, 8.5, 0.5)
FEWEST_PAIRS = 30


def draw(results: xr.Dataset, theory: xr.Dataset) -> list[Drawing]:
    """Return every figure of a run."""
    note = (
        f"All strings up to {theory.attrs['length']} bits, {results.sizes['seed']} seeds, each with initial weights "
        f"and a training set of its own. Together: closer than {theory.attrs['merge_distance']:g} of the standard "
        "deviation of all states."
    )
    return [_course(results, theory, note), _boundary(results, theory, note), _forecast(results, note)]


def _course(results: xr.Dataset, theory: xr.Dataset, note: str) -> Drawing:
    from validation.report import parity_course_figure

    own = results.isel(gain=0, fraction=-1)
    names = ("agreeing_curve", "disagreeing_curve", "train_loss_curve", "validation_accuracy_curve", "states_curve")
    data = own[list(names)].rename({name: name.removesuffix("_curve") for name in names})
    data = data.drop_vars([name for name in data.coords if name not in ("seed", "epoch")])
    for name in ("agreeing", "disagreeing"):
        data[name] = data[name] / float(theory[f"{name}_pairs"])
    states = data["states"].transpose("seed", "epoch").values
    question = "When do states merge?"
    answer = (
        f"At gain {float(own['gain']):g} and {float(own['fraction']):.0%} of the strings: {states[:, 0].mean():.0f} "
        f"states before training, {states.max(1).mean():.0f} when they are most, {states[:, -1].mean():.0f} at the "
        f"end; {perfect(own).sum()} of {own.sizes['seed']} networks make no mistake on strings of "
        f"{theory.attrs['long_length']:,} bits."
    )
    figure = parity_course_figure(data, question=question, answer=answer, note=f"{note} Thin lines: single networks.")
    caption = "Share of pairs of strings whose states are together, error, and accuracy on random strings of 50 bits."
    return Drawing("course", question, caption, answer, figure, data)


def _boundary(results: xr.Dataset, theory: xr.Dataset, note: str) -> Drawing:
    import xarray as xr

    from validation.report import parity_boundary_figure

    own = results.transpose(*DIMS, ...)
    over = ("gain", "fraction")
    data = xr.Dataset(
        {
            "merged": (over, merged_share(own, theory).mean(-1)),
            "states": (over, own["states"].values.mean(-1)),
            "long_accuracy": (over, own["long_accuracy"].values.mean(-1)),
        },
        {name: own[name].values for name in over},
        {"strings": 2 ** (theory.attrs["length"] + 1) - 2},
    )
    count = own["long_accuracy"].size
    strings = theory.attrs["long_strings"]
    # Two standard deviations of guessing.
    guessing = own["long_accuracy"].values < 0.5 + 1 / np.sqrt(strings)
    right, automata = perfect(own), own["closed"].values.astype(bool)
    area = states_area(own)
    told = "" if area.value is None else f" Few states tell who makes none: area {area.value:.2f}."
    question = "Who forms an automaton, and who reads strings of any length?"
    answer = (
        f"Of {count} networks {learned(own).sum()} learned their training set, {right.sum()} make no mistake on "
        f"strings of {theory.attrs['long_length']:,} bits, {guessing.sum()} guess; {automata.sum()} form a finite "
        f"automaton, {(automata & right).sum()} of them without mistakes.{told}"
    )
    note += (
        " To guess: to be right no more than two standard deviations of a coin more often than in half of the cases."
    )
    figure = parity_boundary_figure(data, question=question, answer=answer, note=note)
    caption = "Means over seeds: pairs of equal parity that merged, states left, accuracy on long strings."
    return Drawing("boundary", question, caption, answer, figure, data)


def _forecast(results: xr.Dataset, note: str) -> Drawing:
    import xarray as xr

    from validation.report import parity_forecast_figure

    own = results.transpose(*DIMS, "pair", ...)
    shares = np.full((own.sizes["gain"], len(EDGES) - 1), np.nan)
    for k in range(own.sizes["gain"]):
        with np.errstate(divide="ignore"):
            score = np.log10(own["pair_score"].values[k].ravel())
        together = own["pair_together"].values[k].ravel().astype(bool)
        place = np.clip(np.digitize(score, EDGES) - 1, 0, len(EDGES) - 2)
        pairs = np.bincount(place, minlength=len(EDGES) - 1)
        found = np.bincount(place[together], minlength=len(EDGES) - 1)
        enough = pairs >= FEWEST_PAIRS
        shares[k, enough] = found[enough] / pairs[enough]
    data = xr.Dataset(
        {"together": (("gain", "log_score"), shares)},
        {"gain": own["gain"].values, "log_score": (EDGES[1:] + EDGES[:-1]) / 2},
    )
    words = [
        f"{_shown(forecast_area(results, apart=apart, within=within))} {where}"
        for where, apart, within in (
            ("among all networks", False, False),
            ("within a network", False, True),
            ("there among pairs that start apart", True, True),
        )
    ]
    question = "Does the merge condition tell which pairs end together?"
    answer = f"Area under the ROC curve: {', '.join(words)}; 0.5 is chance."
    figure = parity_forecast_figure(
        data,
        question=question,
        answer=answer,
        note=f"{note} Pairs of equal parity of all fractions; h and y before training, N shared continuations in the "
        f"training set. Bins with fewer than {FEWEST_PAIRS} pairs are left out; the last ones hold all beyond.",
    )
    caption = "Share of pairs that are together at the end, against what the theory looks at before training."
    return Drawing("forecast", question, caption, answer, figure, data)


def _shown(area: RocArea) -> str:
    if area.value is None:
        return "nothing to compare"
    if area.low is None:
        return f"{area.value:.2f}"
    return f"{area.value:.2f} ({area.low:.2f}–{area.high:.2f})"
