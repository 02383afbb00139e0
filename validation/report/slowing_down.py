"""Times that grow towards the memorization boundary: of pairs of repons, and of networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from geneft_theory.errors import InvalidInput
from validation.report.canvas import finish, house_style, new_figure, plain_ticks
from validation.report.intervals import NORMAL_95
from validation.report.palette import BLUE, BLUISH_GREEN, QUIET, THEORY, THEORY_BAND, VERMILLION
from validation.report.table import require_variables

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Where theory has two sides coincide, the second is drawn open around the first.
PAIR_SERIES = ((BLUE, "o", BLUE), (VERMILLION, "s", "none"), (BLUISH_GREEN, "^", BLUISH_GREEN))
PAIR_VARIABLES = ("time", "time_log_error", "predicted_time", "relaxation_time", "relaxation_time_log_error")
NETWORK_VARIABLES = ("share_generalized", "share_low", "share_high", "median_steps")
SPREAD = 0.012
"""How far apart, in ratio, the seeds at one ratio are drawn."""


def slowing_pairs_figure(data: xr.Dataset, labels: Mapping[str, str], *, question: str, answer: str) -> Figure:
    """Draw times of pairs against their distance from the boundary: to a threshold (left), and of relaxation (right).

    Parameters
    ----------
    data : xarray.Dataset
        time, predicted_time and relaxation_time (nan where there is none) with the standard errors of their
        logarithms, ..._log_error, over (side, distance); attributes pairs (at each distance) and separation.
    labels : mapping of str to str
        The sides, at most three, with their names in words.
    question, answer : str
        The title line and what the data say.

    Returns
    -------
    Figure
        Points with 95% intervals, the formulas as black lines.

    Raises
    ------
    InvalidInput
        When a variable is missing or there are more than three sides.

    Examples
    --------
    >>> from validation.report import specimen_repons
    >>> data = specimen_repons.specimen_slowing_pairs()
    >>> figure = slowing_pairs_figure(data, {"collapse": "C > 0"}, question="How long?", answer="Long.")
    >>> len(figure.axes)
    2
    """
    require_variables("data", data, dict.fromkeys(PAIR_VARIABLES, ("side", "distance")))
    if len(labels) > len(PAIR_SERIES):
        raise InvalidInput(f"labels must name at most {len(PAIR_SERIES)} sides; got {len(labels)}")
    distance = data["distance"].values
    with house_style():
        figure, (left, right) = new_figure(4.2, ncols=2)
        handles: list[Artist] = []
        for (side, label), series in zip(labels.items(), PAIR_SERIES, strict=False):
            own = data.sel(side=side)
            left.plot(distance, own["predicted_time"], color=THEORY, linewidth=1.0)
            handles.append(_draw_times(left, own, "time", series, label))
            if own["relaxation_time"].notnull().any():
                _draw_times(right, own, "relaxation_time", series, label)
        handles += right.plot(distance, 1 / (2 * distance), color=THEORY, linewidth=1.0, label="theory")
        for axes in (left, right):
            axes.set(xscale="log", yscale="log", xlabel=r"distance from the boundary, $|C|$ (Adam: $|a|-|c|$)")
        left.set_ylabel("time to the threshold")
        right.set_ylabel("relaxation time (factor 1/e)")
        left.set_title("theory: formula for the time, sign flow for Adam", loc="left")
        right.set_title(r"theory: $1/(2\,\eta_\mathrm{decoder}\,\eta_\mathrm{encoder}|C|)$", loc="left")
        finish(figure, question=question, answer=answer, note=_pairs_note(data), handles=handles, columns=2)
    return figure


def _draw_times(axes: Axes, data: xr.Dataset, name: str, series: tuple[str, str, str], label: str) -> Artist:
    colour, marker, inside = series
    centre = data[name].values
    spread = np.exp(NORMAL_95 * data[f"{name}_log_error"].values)
    container: Artist = axes.errorbar(  # type: ignore[assignment]
        data["distance"].values,
        centre,
        yerr=[centre - centre / spread, centre * spread - centre],
        color=colour,
        marker=marker,
        markerfacecolor=inside,
        markersize=6.5 if inside == "none" else 4,
        linestyle="none",
        label=label,
    )
    return container


def _pairs_note(data: xr.Dataset) -> str:
    return (
        f"{data.attrs['pairs']} pairs at each distance, both rates 1, trained by gradient steps from centred starts "
        f"with the given C. Threshold {data.attrs['separation']:g}; the relaxation time is measured beyond it. Times "
        "in units of 1/√(eta_decoder eta_encoder); points: geometric means with 95% intervals (1.96 standard errors)."
    )


def slowing_networks_figure(
    data: xr.Dataset,
    curves: Mapping[str, Any],
    *,
    question: str,
    answer: str,
    critical: tuple[float, float, float] | None,
) -> Figure:
    """Draw the steps that networks need to generalize against the ratio of rates (left), and how many do (right).

    Parameters
    ----------
    data : xarray.Dataset
        steps (ratio, seed), nan where a seed did not generalize; share_generalized with share_low and share_high, and
        median_steps, nan where censored, over ratio; attributes budget, n, optimizer, eta_encoder and relation.
    curves : mapping of str to callable
        Fitted times as functions of the ratio, by their label.
    question, answer : str
        The title line and what the data say.
    critical : tuple of float or None
        The fitted critical ratio with the ends of its 95% interval.

    Returns
    -------
    Figure
        Seeds as small points, censored ones as open triangles at the budget, medians joined.

    Raises
    ------
    InvalidInput
        When a variable is missing.

    Examples
    --------
    >>> from validation.report import specimen_repons
    >>> data = specimen_repons.specimen_slowing_networks()
    >>> figure = slowing_networks_figure(data, {}, question="How long?", answer="Long.", critical=None)
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['training steps to 0.9 held-out accuracy', 'share of seeds that generalized']
    """
    require_variables("data", data, {"steps": ("ratio", "seed")} | dict.fromkeys(NETWORK_VARIABLES, ("ratio",)))
    ratio = data["ratio"].values
    with house_style():
        figure, (left, right) = new_figure(4.3, ncols=2, width_ratios=(1.25, 1))
        handles = _draw_seeds(left, data)
        fine = np.geomspace(ratio[0], ratio[-1], 2000)
        for (label, curve), dashes in zip(curves.items(), ((), (5, 1.5)), strict=False):
            times = curve(fine)
            shown = np.where(times <= data.attrs["budget"], times, np.nan)
            handles += left.plot(fine, shown, color=THEORY, linewidth=1.1, linestyle=(0, dashes), label=label)
        below = data["share_generalized"] - data["share_low"]
        above = data["share_high"] - data["share_generalized"]
        error = np.clip([below, above], 0, None)
        right.errorbar(
            ratio, data["share_generalized"], yerr=error, color=BLUE, marker="o", linestyle="-", linewidth=0.8
        )
        right.axhline(0.5, color=QUIET, linewidth=0.8, linestyle=(0, (1, 2)))
        if critical is not None:
            handles += _draw_critical((left, right), *critical)
        for axes in (left, right):
            axes.set(xscale="log", xlabel=r"ratio of learning rates $\eta_\mathrm{decoder}/\eta_\mathrm{encoder}$")
            axes.set_xlim(ratio[0] / 1.1, ratio[-1] * 1.1)
            plain_ticks(axes.xaxis, *axes.get_xlim())
        left.set(yscale="log", ylabel="training steps to 0.9 held-out accuracy")
        plain_ticks(left.yaxis, *left.get_ylim())
        right.set(ylim=(-0.03, 1.03), ylabel="share of seeds that generalized")
        finish(figure, question=question, answer=answer, note=_networks_note(data), handles=handles, columns=3)
    return figure


def _draw_seeds(axes: Axes, data: xr.Dataset) -> list[Artist]:
    steps = data["steps"].transpose("ratio", "seed").values
    seeds = steps.shape[1]
    aside = (1 + SPREAD) ** (np.arange(seeds) - (seeds - 1) / 2)
    places = data["ratio"].values[:, np.newaxis] * aside ** min(1.0, 12 / seeds)
    known = np.isfinite(steps)
    budget = float(data.attrs["budget"])
    censored = places[~known]
    handles: list[Artist] = []
    handles += axes.plot(places[known], steps[known], ".", color=BLUE, alpha=0.45, markersize=4, label="a seed")
    handles += axes.plot(
        censored,
        np.full(censored.size, budget),
        linestyle="none",
        marker="^",
        mfc="none",
        mec=VERMILLION,
        markersize=3.8,
        label="a seed that did not by the budget",
    )
    handles += axes.plot(
        data["ratio"],
        data["median_steps"],
        color=BLUE,
        marker="o",
        linewidth=1.2,
        label="median of all seeds",
    )
    return handles


def _draw_critical(both: tuple[Axes, Axes], value: float, low: float, high: float) -> list[Artist]:
    handles: list[Artist] = []
    for axes in both:
        line = axes.axvline(value, color=QUIET, linewidth=1.0, linestyle=(0, (3, 1.2, 1, 1.2)))
        axes.axvspan(low, high, color=THEORY_BAND, alpha=0.3, linewidth=0)
        handles = [line]
    line.set_label("fitted critical ratio, 95% interval")
    return handles


def _networks_note(data: xr.Dataset) -> str:
    attributes = data.attrs
    return (
        f"{attributes['relation']}, n = {attributes['n']} symbols; {data.sizes['seed']} seeds a ratio, "
        f"{attributes['optimizer']}, eta_encoder = {attributes['eta_encoder']:g}; at most {attributes['budget']} "
        "training steps. The median counts censored seeds as slower than all others and is left out where it is one of "
        "them. Shares: Wilson 95% intervals."
    )
