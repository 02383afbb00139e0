"""Which pairs merge: ROC curves of the predicted margin, and the final distance against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geneft_theory.errors import InvalidInput
from validation.report.canvas import finish, house_style, new_figure
from validation.report.labels import decimal, plain, relation_label, sample_sizes
from validation.report.palette import BLUE, QUIET, THEORY, VERMILLION, Style
from validation.report.table import require_variables

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OPTIMIZER_STYLES = {"adam": Style(BLUE, "o", (0, ())), "sgd": Style(VERMILLION, "s", (0, (5, 1.5)))}
OPTIMIZER_LABELS = {"adam": "Adam", "sgd": "SGD"}
BASELINES = {
    "no_decoder": ((0, (4, 1, 1, 1)), "distance and learning rates, no decoder"),
    "distance": ((0, (1, 1.4)), "initial distance alone"),
}
CURVES = (
    *("true_positive_rate", "true_positive_rate_low", "true_positive_rate_high"),
    *(f"{name}_rate" for name in BASELINES),
)
DISTANCES = ("margin", "final_distance", "final_distance_low", "final_distance_high")
NUMBERS = (
    *("roc_area", "roc_area_low", "roc_area_high", "networks", "pairs", "merged"),
    *(f"{name}_area" for name in BASELINES),
)
DIMENSIONS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(CURVES, ("optimizer", "false_positive_rate")),
    **dict.fromkeys(DISTANCES, ("optimizer", "bin")),
    **dict.fromkeys(NUMBERS, ("optimizer",)),
}


def merging_figure(curves: xr.Dataset) -> Figure:
    """Draw ROC curves with their bands (left), and the final distance against the predicted margin (right).

    Parameters
    ----------
    curves : xarray.Dataset
        As `validation.experiments.merging_conclusions.curves` returns it; attributes relation, merged_below, n, seeds
        and steps.

    Returns
    -------
    Figure
        A line an optimiser. Where nothing merged, or everything did, there is no ROC curve, and the legend says so.

    Raises
    ------
    InvalidInput
        When a variable is missing.

    Examples
    --------
    >>> import xarray
    >>> sizes = {"optimizer": 1, "false_positive_rate": 3, "bin": 2}
    >>> numbers = {name: (axes, np.full([sizes[axis] for axis in axes], 0.5)) for name, axes in DIMENSIONS.items()}
    >>> numbers["prediction"] = ("optimizer", ["network gain"])
    >>> places = {"optimizer": ["sgd"], "false_positive_rate": [0, 0.5, 1], "bin": [0, 1]}
    >>> figure = merging_figure(xarray.Dataset(numbers, places, {"relation": "modulo:3", "merged_below": 0.1}))
    >>> [axes.get_yscale() for axes in figure.axes]
    ['linear', 'log']
    """
    require_variables("curves", curves, DIMENSIONS)
    if "merged_below" not in curves.attrs:
        raise InvalidInput("curves must have an attribute merged_below; got none")
    with house_style():
        figure, (left, right) = new_figure(4.8, ncols=2, width_ratios=(1, 1.15))
        handles: list[Artist] = []
        for optimizer in map(str, curves["optimizer"].values):
            series = curves.sel(optimizer=optimizer)
            handles += _draw_curve(left, series)
            _draw_distances(right, series)
        handles += _draw_references(left, right, float(curves.attrs["merged_below"]))
        left.set_title("pairs that merge, told by the margin", loc="left")
        left.set_xlabel("fraction of the other pairs taken wrongly")
        left.set_ylabel("fraction of merging pairs found")
        left.set_xlim(0, 1)
        left.set_ylim(0, 1.01)
        right.set_title("median and quartiles, equally many pairs a point", loc="left")
        right.set_xlabel("predicted margin, log(critical ratio / ratio)")
        right.set_ylabel("final distance / that between classes")
        right.set_yscale("log")
        finish(
            figure,
            question=f"Which symbols merge on “{plain(relation_label(str(curves.attrs['relation'])))}”?",
            answer=_answer(curves),
            note=_note(curves),
            handles=handles,
            columns=2,
        )
    return figure


def _draw_curve(axes: Axes, series: xr.Dataset) -> list[Artist]:
    from matplotlib.lines import Line2D

    name = str(series["optimizer"].values)
    style, label = OPTIMIZER_STYLES[name], OPTIMIZER_LABELS[name]
    if not np.isfinite(series["true_positive_rate"]).all():
        share = "none" if float(series["merged"]) == 0 else "all"
        return [Line2D([], [], color=style.colour, marker=style.marker, label=f"{label}: no ROC curve, {share} merged")]
    rate = series["false_positive_rate"]
    low, high = series["true_positive_rate_low"], series["true_positive_rate_high"]
    axes.fill_between(rate, low, high, color=style.colour, alpha=0.18, linewidth=0)
    (line,) = axes.plot(
        rate,
        series["true_positive_rate"],
        color=style.colour,
        linestyle=style.dashes,
        marker=style.marker,
        markevery=20,
        label=f"{label}: margin ({series['prediction'].values}), area {decimal(float(series['roc_area']))}",
    )
    lines: list[Artist] = [line]
    for baseline, (dashes, words) in BASELINES.items():
        (other,) = axes.plot(
            rate,
            series[f"{baseline}_rate"],
            color=style.colour,
            linestyle=dashes,
            linewidth=0.9,
            label=f"{label}: {words}, area {decimal(float(series[f'{baseline}_area']))}",
        )
        lines.append(other)
    return lines


def _draw_distances(axes: Axes, series: xr.Dataset) -> None:
    style = OPTIMIZER_STYLES[str(series["optimizer"].values)]
    series = series.dropna("bin", subset=["margin", "final_distance"])
    middle = series["final_distance"]
    reach = [middle - series["final_distance_low"], series["final_distance_high"] - middle]
    axes.errorbar(
        series["margin"],
        middle,
        yerr=np.array(reach),
        color=style.colour,
        marker=style.marker,
        linestyle=style.dashes,
        linewidth=0.9,
        elinewidth=0.9,
    )


def _draw_references(left: Axes, right: Axes, below: float) -> list[Artist]:
    (chance,) = left.plot([0, 1], [0, 1], color=QUIET, linestyle=(0, (1, 2)), linewidth=1.0, label="chance, area 0.500")
    boundary = right.axvline(0, color=THEORY, linewidth=1.1, label="theory: merges to the right of margin 0")
    limit = right.axhline(
        below, color=QUIET, linestyle=(0, (4, 2)), linewidth=0.9, label=f"counts as merged below {below:g}"
    )
    return [chance, boundary, limit]


def _answer(curves: xr.Dataset) -> str:
    parts = []
    for optimizer in map(str, curves["optimizer"].values):
        series = curves.sel(optimizer=optimizer)
        area, low, high = (float(series[name]) for name in ("roc_area", "roc_area_low", "roc_area_high"))
        text = f"ROC area {decimal(area)}" + f" ({decimal(low)} to {decimal(high)})" * bool(np.isfinite(low))
        text = text if np.isfinite(area) else "no ROC area"
        parts.append(
            f"{OPTIMIZER_LABELS[optimizer]}: {text}, {100 * float(series['merged']):.0f} % of the pairs merged"
        )
    return "; ".join(parts) + "."


def _note(curves: xr.Dataset) -> str:
    networks = " and ".join(f"{int(count)}" for count in curves["networks"].values)
    pairs = " and ".join(f"{int(count)}" for count in curves["pairs"].values)
    return (
        f"{sample_sizes(curves.attrs)}{networks} networks with {pairs} pairs. The margin is computed from initial "
        "parameters, without fit. Bands: 95% interval from resampling seeds; bars: quartiles over pairs."
    )
