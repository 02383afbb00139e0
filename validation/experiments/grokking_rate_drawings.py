"""The figures of the experiment on grokking rates, with what a page says of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from validation.experiments.grokking_rate_conclusions import WORDS, CaseConclusions
from validation.experiments.presentation import Drawing
from validation.measure import MeasuredCriticalFraction, wilson_interval

if TYPE_CHECKING:
    import xarray as xr

CASES = ("loss", "optimizer")


def draw(results: xr.Dataset, theory: xr.Dataset, concluded: Sequence[CaseConclusions]) -> list[Drawing]:
    """Return every figure of a run."""
    note = (
        f"{results.sizes['seed']} replicates of each of {results.sizes['training_pairs']} sizes, every one with a "
        f"training set and a start of its own; {results.attrs['symbols']} symbols, {results.attrs['steps']} steps at "
        "most. Structure: a representation quality index above 0.95."
    )
    return [
        _accuracy(results, concluded, note),
        _structure(results, theory, concluded, note),
        _steps(results, theory, concluded, note),
        _official(results, theory),
    ]


def _labels(results: xr.Dataset) -> dict[str, Any]:
    return {f"{name}_label": (name, [WORDS[str(value)] for value in results[name].values]) for name in CASES}


def _flat(results: xr.Dataset, names: Sequence[str]) -> xr.Dataset:
    """Return variables over loss, optimizer and a network's number."""
    over = (*CASES, "network")
    chosen = results[list(names)].transpose(*CASES, "training_pairs", "seed")
    arrays = {name: (over, chosen[name].values.reshape(*(results.sizes[case] for case in CASES), -1)) for name in names}
    made = chosen.drop_vars([name for name in chosen.coords if name not in CASES])
    made = made.drop_vars(list(names)).assign(arrays)
    return made.assign_coords(_labels(results) | {"network": np.arange(made.sizes["network"])})


def _accuracy(results: xr.Dataset, concluded: Sequence[CaseConclusions], note: str) -> Drawing:
    from validation.report import grokking_accuracy_figure

    data = _flat(results, ("accuracy", "predicted_accuracy"))
    seen = [
        f"{each.case.label}: {each.row['mean_absolute_difference']:.3f}"
        + ("" if each.row["correlation"] is None else f" (correlation {each.row['correlation']:.3f})")
        for each in concluded
    ]
    question = "Is the accuracy of a network that of its parallelograms?"
    answer = f"Mean distance of the two. {'; '.join(seen)}."
    figure = grokking_accuracy_figure(data, question=question, answer=answer, note=note)
    caption = "Every point is a network after its last step; the prediction uses its embeddings and training set only."
    return Drawing("accuracy", question, caption, answer, figure, data)


def _structure(results: xr.Dataset, theory: xr.Dataset, concluded: Sequence[CaseConclusions], note: str) -> Drawing:
    import xarray as xr

    from validation.report import grokking_structure_figure

    shape = tuple(results.sizes[name] for name in (*CASES, "training_pairs"))
    counts = np.array([each.case.structured.sum(1) for each in concluded]).reshape(shape)
    seeds = results.sizes["seed"]
    bounds = np.array([wilson_interval(int(count), seeds) for count in counts.ravel()]).T.reshape(2, *shape)
    over = (*CASES, "fraction")
    data = xr.Dataset(
        {
            "share": (over, counts / seeds),
            "share_low": (over, bounds[0]),
            "share_high": (over, bounds[1]),
            "forcing": ("fraction", theory["forcing"].values),
            "critical_fraction": theory["critical_fraction"],
        },
        {
            **{name: results[name].values for name in CASES},
            "fraction": theory["training_pairs"].values / theory.attrs["samples"],
            **_labels(results),
        },
    )
    halves = [f"{each.case.label} {shown_threshold(each.threshold)}" for each in concluded]
    question = "Which share of networks forms structure?"
    answer = (
        f"Half of the training sets force it at r = {float(theory['critical_fraction']):.3f}; half of the networks "
        f"have it at {'; '.join(halves)}."
    )
    figure = grokking_structure_figure(
        data,
        question=question,
        answer=answer,
        note=f"{note} Bars and brackets: 95% intervals; ? beyond the measured range.",
    )
    caption = "Share of networks with structure within the budget of steps, beside the share of sets that force it."
    return Drawing("structure", question, caption, answer, figure, data)


def _steps(results: xr.Dataset, theory: xr.Dataset, concluded: Sequence[CaseConclusions], note: str) -> Drawing:
    from validation.report import grokking_steps_figure

    shape = tuple(results.sizes[name] for name in CASES)
    data = _flat(results.assign(rate=theory["rate"].broadcast_like(results["rqi"])), ("steps_to_structure", "rate"))
    data = data.rename(steps_to_structure="steps")
    # A logarithmic axis has no place for sets that force nothing.
    data["steps"] = data["steps"].where(data["rate"] > 0)
    data["rate"] = data["rate"].where(data["rate"] > 0)
    slopes = [np.nan if each.slope is None else each.slope.value for each in concluded]
    known = np.isfinite(data["steps"])
    data["slope"] = (CASES, np.reshape(slopes, shape))
    for name in ("rate", "steps"):
        chosen = data[name].where(known)
        data[f"centre_log_{name}"] = chosen.copy(data=np.log(chosen.values)).mean("network")
    seen = [
        f"{each.case.label}: "
        + ("too few" if each.slope is None else f"{each.slope.value:.2f} ± {each.slope.standard_error:.2f}")
        for each in concluded
    ]
    question = "Do the steps to structure fall like 1/λ₃?"
    answer = f"Slope of the logarithms, −1 in theory. {'; '.join(seen)}.".replace(": -", ": −")
    figure = grokking_steps_figure(data, question=question, answer=answer, note=note)
    caption = "Every point is a network that formed structure; those that did not within the budget are left out."
    return Drawing("steps", question, caption, answer, figure, data)


def _official(results: xr.Dataset, theory: xr.Dataset) -> Drawing:
    from validation.report import grokking_official_figure

    names = [name for name in results.data_vars if str(name).startswith("official_")]
    flows = [name for name in theory.data_vars if str(name).startswith("flow_") and "flow_step" in theory[name].dims]
    data = results[names].merge(theory[flows]).drop_vars([*CASES, "training_pairs", "seed"], errors="ignore")
    steps = {goal: results["official_reached"].sel(goal=goal).item() for goal in ("structure", "train", "test")}
    question = "Does the effective theory follow the default run of the official code?"
    answer = (
        f"Quality above 0.95 after {steps['structure']:.0f} steps, training accuracy 0.9 after {steps['train']:.0f}, "
        f"held-out accuracy 0.9 after {steps['test']:.0f}; the flow needs {_crossing(theory, 'all')} with all "
        f"parallelograms, {_crossing(theory, 'shown')} with those of the training set."
    )
    note = (
        "Official code: seed 58, 45 of 55 pairs, AdamW, eta_encoder = 0.001, eta_decoder = 0.0001. The flow starts "
        "from the embeddings after the first step, sum over parallelograms, unbiased unit deviation; a unit of time is "
        "1/eta_encoder steps. Effective loss: sum of squared defects of all parallelograms, normalised embeddings."
    )
    figure = grokking_official_figure(data, question=question, answer=answer, note=note)
    return Drawing("official", question, "Embeddings, their effective loss, their quality.", answer, figure, data)


def shown_threshold(threshold: MeasuredCriticalFraction) -> str:
    """Return a measured threshold in few digits."""
    if threshold.value is None:
        return (
            f"beyond {threshold.largest:.2f}"
            if threshold.status == "not reached"
            else f"below {threshold.smallest:.2f}"
        )
    low = "?" if threshold.low is None else f"{threshold.low:.2f}"
    high = "?" if threshold.high is None else f"{threshold.high:.2f}"
    return f"{threshold.value:.2f} ({low}–{high})"


def _crossing(theory: xr.Dataset, kind: str) -> str:
    above = theory["flow_rqi"].sel(parallelograms=kind).values > 0.95
    return str(theory["flow_step"].values[above.argmax()]) if above.any() else "more"
