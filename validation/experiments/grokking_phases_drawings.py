"""The figures of the grokking phases, and what each shows in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from validation.experiments.grokking_phases import DIAGRAMS
from validation.experiments.grokking_phases_conclusions import splits_rows
from validation.experiments.grokking_phases_diagrams import Case, Splits, figure_data
from validation.experiments.grokking_phases_released import SMALLEST_RATIOS
from validation.experiments.presentation import Drawing
from validation.measure import PHASES, BoundaryLine
from validation.operations import parse_operation

if TYPE_CHECKING:
    import xarray as xr

POINTS = 41


def draw(
    cases: Sequence[Case], splits: Splits | None, theory: xr.Dataset, attributes: Mapping[str, Any]
) -> list[Drawing]:
    """Return one figure a case, and one of the splits where there are any; attributes are those of the results."""
    drawn = [
        _rates_drawing(case, attributes) if case.over_rates else _decay_drawing(case, attributes) for case in cases
    ]
    return drawn if splits is None else [*drawn, _splits_drawing(splits, theory, attributes)]


def _rates_drawing(case: Case, attributes: Mapping[str, Any]) -> Drawing:
    from validation.report import phase_diagram_figure

    data = rates_data(case, attributes)
    line = case.fit.line
    seen = f"no boundary: {case.fit.status}" if line is None else f"slope {line.slope}, log10 ratio {line.log_ratio}"
    return Drawing(
        f"diagram-{case.diagram}-{case.sets}",
        f"Which learning rates generalize in Fig. {case.name}?",
        "Left: every cell is divided by the phases of its networks; black lines: the smallest ratios of rates at "
        "which the released networks generalize. Right: how many of the networks that learned their training pairs "
        "learned the others too. Red: the fitted line on which half of them do, with its 95 % interval.",
        f"Phase diagram over encoder and decoder learning rate. Fitted boundary: {seen}. {case.fit.generalized} "
        f"networks generalize or grok, {case.fit.memorized} memorize, {case.fit.excluded} do neither.",
        phase_diagram_figure(data),
        data,
    )


def rates_data(case: Case, attributes: Mapping[str, Any]) -> xr.Dataset:
    """Return what `validation.report.phase_diagram_figure` takes (diagram a)."""
    import xarray as xr

    seen, outcome, cell, line = case.shares, case.learned, case.axes, case.fit.line
    settings = DIAGRAMS[case.diagram].settings
    operation = parse_operation(settings["operation"])
    numbers: dict[str, Any] = {
        "relation": DIAGRAMS[case.diagram].label + (", random sets" if case.sets == "random" else ""),
        "optimizer": "adamw",
        "weight_decay": 0.0,
        "n": operation.p,
        "seeds": len(case.phases),
        "fraction": round(settings["training_pairs"] / len(operation.samples), 3),
        "status": case.fit.status,
        "excluded": case.fit.excluded,
    }
    for name in ("slope", "log_ratio"):
        measured = None if line is None else getattr(line, name)
        for end, entry in (("", "value"), ("_low", "low"), ("_high", "high")):
            numbers[f"{name}{end}"] = math.nan if measured is None else getattr(measured, entry)
    return xr.Dataset(
        {
            "share": ((*cell, "phase"), seen.share),
            "share_low": ((*cell, "phase"), seen.low),
            "share_high": ((*cell, "phase"), seen.high),
            "generalizing": (cell, (outcome == 1).sum(0)),
            "learned": (cell, np.isfinite(outcome).sum(0)),
            **{name: ("place", values) for name, values in _line(line, case).items()},
            "predicted_log_ratio": ("prediction", [-math.log10(ratio) for ratio in SMALLEST_RATIOS]),
        },
        {
            **dict(zip(cell, case.values, strict=True)),
            "phase": list(PHASES),
            "prediction": [f"released, {ratio:g}" for ratio in SMALLEST_RATIOS],
            "words": ("prediction", [f"released map, encoder {ratio:g} times" for ratio in SMALLEST_RATIOS]),
            "place": np.arange(POINTS),
        },
        {name: attributes[name] for name in ("steps", "delay")} | numbers,
    )


def _line(line: BoundaryLine | None, case: Case) -> dict[str, Any]:
    """Return the fitted line and the ends of its interval along the diagonal of slope +1, as learning rates."""
    names = [f"{end}_{rate}" for end in ("line", "low", "high") for rate in case.axes]
    if line is None:
        return {name: np.full(POINTS, np.nan) for name in names}
    logs = [np.log10(values) for values in case.values]
    # Half of both ranges, and a margin for the cells' outer halves.
    reach = sum(float(np.ptp(each)) for each in logs) / 4 + 0.5
    u, v = line.middle
    points = []
    for along in np.linspace(-reach, reach, POINTS).tolist():
        ratio = line.log_ratio_at(along)
        half = (np.array([ratio.value, ratio.low, ratio.high]) - (v - u)) / 2
        points.append(np.column_stack([u + along - half, v + along + half]))
    rates = 10 ** np.clip(np.stack(points, axis=-1).reshape(6, POINTS), -30, 30)
    return dict(zip(names, rates, strict=True))


def _decay_drawing(case: Case, attributes: Mapping[str, Any]) -> Drawing:
    from validation.report.grokking_phases import decay_diagram_figure

    data = figure_data(case, {name: attributes[name] for name in ("steps", "delay")} | {"diagram": case.diagram})
    halves = "; ".join(
        f"decay {decay:g}: " + (f"{10**half.value:.2g}" if half.status == "fitted" else half.status)
        for decay, half in zip(case.values[1], case.half_rates, strict=True)
    )
    letters = " Letters: the phases of the released networks, one a cell." if case.released is not None else ""
    return Drawing(
        f"diagram-{case.diagram}-{case.sets}",
        f"Which decoders memorize in Fig. {case.name}?",
        "Left: every cell is divided by the phases of its networks. Right: how many of the networks that learned their "
        "training pairs memorize them. Red: the decoder rate at which half do, with its 95 % interval." + letters,
        f"Phase diagram over the decoder's learning rate and weight decay. Rate at which half memorize: {halves}.",
        decay_diagram_figure(data),
        data,
    )


def _splits_drawing(splits: Splits, theory: xr.Dataset, attributes: Mapping[str, Any]) -> Drawing:
    import xarray as xr

    from validation.report.grokking_phases import splits_figure

    rows = splits_rows(splits)
    names = ("networks", "generalizing", "share", "low", "high")
    data = xr.Dataset(
        {name: ("ideal_accuracy", [row[name] for row in rows]) for name in names},
        {"ideal_accuracy": [row["ideal_accuracy"] for row in rows]},
        {
            "steps": attributes["steps"],
            "hopeless": float(theory["hopeless"]),
            "failed": float(1 - splits.learned.mean()),
            "networks": int(splits.learned.size),
        },
    )
    seen = "; ".join(f"{row['ideal_accuracy']:.1f}: {row['generalizing']} of {row['networks']}" for row in rows)
    return Drawing(
        "random-training-sets",
        "Do networks generalize from training sets that cannot tell?",
        "Share of networks that generalize or grok, by the ideal held-out accuracy of their own random training set, "
        "with Wilson's 95 % intervals. Left of the line nine of ten held-out sums do not follow from the training set.",
        f"Networks that generalize, by ideal held-out accuracy. {seen}.",
        splits_figure(data),
        data,
    )
