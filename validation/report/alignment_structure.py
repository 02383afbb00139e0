"""Many points: each pair's distance beside that of two points alone, and what becomes of identical targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from validation.report.canvas import finish, house_style, new_figure, plain_ticks
from validation.report.palette import BLUE, THEORY, VERMILLION
from validation.report.table import require_variables

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KINDS = ((False, BLUE, "o", "different targets"), (True, VERMILLION, "s", "equal targets"))
DENSE = 400


def structure_pairs_figure(
    data: xr.Dataset,
    *,
    question: str,
    answer: str,
    note: str,
    axes_label: str = "distance of a single pair",
    logarithmic: bool = False,
) -> Figure:
    """Draw the measured distance of every pair of points against a predicted one.

    Parameters
    ----------
    data : xarray.Dataset
        predicted, measured and equal (whether targets are) over (panel, seed, pair).
    question, answer, note : str
        The title line, what the data say, sample sizes and definitions.
    axes_label : str
        What is predicted, in words.
    logarithmic : bool
        Whether axes are.

    Returns
    -------
    Figure
        One panel each, with the line of equality.

    Raises
    ------
    InvalidInput
        When a variable is missing.

    Examples
    --------
    >>> from validation.report import specimen_structure
    >>> words = {"question": "Are they?", "answer": "Nearly.", "note": "made up"}
    >>> figure = structure_pairs_figure(specimen_structure.specimen_pairs(), **words)
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['rich, gain 0.8', 'lazy, gain 2']
    """
    require_variables("data", data, dict.fromkeys(("predicted", "measured", "equal"), ("panel", "seed", "pair")))
    with house_style():
        panels = data["panel"].values
        columns = min(len(panels), 3)
        lines = -(-len(panels) // columns)
        # Over decades the panels compare formulas, and on one scale; else every panel has its own.
        shared = {"sharex": logarithmic, "sharey": logarithmic}
        figure, grid = new_figure(1.4 + 2.6 * lines, ncols=columns, nrows=lines, squeeze=False, **shared)
        handles: list[Artist] = []
        for axes, panel in zip(grid.ravel(), panels, strict=False):
            handles = _pairs(axes, data.sel(panel=panel), logarithmic)
            # Three stand side by side.
            axes.set_title(str(panel), loc="left", fontsize=7.5)
        if logarithmic:
            _mark_decades(grid[0, 0])
        for axes in grid.ravel()[len(panels) :]:
            axes.set_axis_off()
        for axes in grid[:, 0]:
            axes.set_ylabel("measured distance")
        grid[-1, (columns - 1) // 2].set_xlabel(axes_label)
        finish(figure, question=question, answer=answer, note=note, handles=handles, columns=3)
    return figure


def _pairs(axes: Axes, data: xr.Dataset, logarithmic: bool) -> list[Artist]:
    handles: list[Artist] = []
    equal = data["equal"].values.astype(bool)
    dense = equal.size > DENSE
    for kind, colour, marker, label in KINDS:
        chosen = equal == kind
        handles += axes.plot(
            data["predicted"].values[chosen],
            data["measured"].values[chosen],
            linestyle="none",
            marker=marker,
            markerfacecolor="none",
            markeredgecolor=colour,
            markersize=2.0 if dense else 4.0,
            alpha=0.25 if dense else 0.8,
            label=label,
            # Thousands of paths would make the page heavy.
            rasterized=dense,
        )
    known = np.concatenate([data[name].values.ravel() for name in ("predicted", "measured")])
    known = known[np.isfinite(known) & (known > 0)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.1, 1.0)
    line = axes.plot([low, high], [low, high], color=THEORY, linewidth=1.0, label="measured = predicted")
    if logarithmic:
        axes.set(xscale="log", yscale="log")
    else:
        axes.set(xlim=(0, 1.05 * high), ylim=(0, 1.05 * high))
    return [*line, *handles]


def _mark_decades(axes: Axes) -> None:
    for axis, (first, last) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        powers = [power for power in range(-9, 9) if first <= 10.0**power <= last]
        axis.set_ticks([10.0**power for power in powers], labels=[f"{10.0**power:g}" for power in powers])
        axis.set_ticks([], minor=True)


def structure_merging_figure(data: xr.Dataset, *, question: str, answer: str, note: str) -> Figure:
    """Draw what is left of the distance of two points with the same target, beside both laws.

    Parameters
    ----------
    data : xarray.Dataset
        measured, law and exact over (outputs, gain, seed), nan where unknown.
    question, answer, note : str
        As in `structure_pairs_figure`.

    Returns
    -------
    Figure
        One panel for each number of outputs.

    Raises
    ------
    InvalidInput
        When a variable is missing.

    Examples
    --------
    >>> from validation.report import specimen_structure
    >>> words = {"question": "Do they?", "answer": "Some.", "note": "made up"}
    >>> figure = structure_merging_figure(specimen_structure.specimen_merging(), **words)
    >>> figure.axes[0].get_ylabel()
    'share of h left'
    """
    require_variables("data", data, dict.fromkeys(("measured", "law", "exact"), ("outputs", "gain", "seed")))
    series = (("law", (5, 1.5), "law of the aligned pair"), ("exact", (), "exact linear model"))
    with house_style():
        outputs = data["outputs"].values
        columns = min(len(outputs), 3)
        lines = -(-len(outputs) // columns)
        figure, grid = new_figure(1.6 + 2.2 * lines, ncols=columns, nrows=lines, sharey=True, squeeze=False)
        gains = data["gain"].values
        handles: list[Artist] = []
        for axes, count in zip(grid.ravel(), outputs, strict=False):
            own = data.sel(outputs=count).transpose("gain", "seed")
            handles = axes.plot(
                np.repeat(gains, own.sizes["seed"]),
                own["measured"].values.ravel(),
                linestyle="none",
                marker="o",
                markerfacecolor="none",
                markeredgecolor=BLUE,
                alpha=0.8,
                label="networks",
            )
            for name, dashes, label in series:
                handles += axes.plot(
                    gains, own[name].median("seed"), color=THEORY, linestyle=(0, dashes), linewidth=1.2, label=label
                )
            axes.set_xscale("log")
            plain_ticks(axes.xaxis, gains[0] / 1.2, gains[-1] * 1.2)
            axes.set_xlim(gains[0] / 1.2, gains[-1] * 1.2)
            axes.set_title(f"{count} {'output' if count == 1 else 'outputs'}", loc="left")
        for axes in grid.ravel()[len(outputs) :]:
            axes.set_axis_off()
        for axes in grid[:, 0]:
            axes.set_ylabel("share of h left")
        grid[-1, (columns - 1) // 2].set_xlabel("gain of the initial weights")
        finish(figure, question=question, answer=answer, note=note, handles=handles, columns=3)
    return figure
