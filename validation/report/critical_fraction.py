"""Measured critical fractions against the theory's, for all relations in one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, require_choice
from validation.report.accuracy_data import MEASURED_FORM
from validation.report.canvas import LINE_SPACING, POINTS_PER_INCH, finish, fraction_axis, house_style, new_figure
from validation.report.labels import decimal, mode_label, plain, relation_label, sample_sizes
from validation.report.palette import GRID, THEORY, Style, mode_style
from validation.report.table import require_variables

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHIFT = 1.04
ARROW = 1.16
ALWAYS_EXCEEDED = "always exceeded"
STATUSES = ("reached", "not reached", ALWAYS_EXCEEDED)
NAME_SIZE = 7.5
NAME_OFFSET = 1.08
AXES_WIDTH, AXES_HEIGHT = 6.3, 3.0
"""Inches that the axes have at least, for placing names."""


def critical_fraction_figure(measured: xr.Dataset, theory: xr.Dataset) -> Figure:
    """Draw the measured critical fractions against the theory's p_c, with the line on which they would agree.

    Parameters
    ----------
    measured : xarray.Dataset
        critical_fraction, critical_fraction_low and critical_fraction_high (a 95% interval), and gap, over
        (relation, mode); nan in all of them where nothing was run. A variable status, if there is one, says "reached",
        "not reached" or "always exceeded" (see `validation.measure.MeasuredCriticalFraction`), anything else where
        nothing was run. What lies beyond the measured range, the fractions of `theory`, is nan and drawn as an arrow
        at its end: the lower one if always exceeded, else the upper one. Of the attributes, n, seeds, steps and
        threshold are named with the figure.
    theory : xarray.Dataset
        critical_fraction (Baek, Liu & Tegmark, Eq. 4) over (relation), with a coordinate fraction.

    Returns
    -------
    Figure
        One column of points a relation, one colour and marker a mode, both axes logarithmic; relations with p_c = 0 are
        left out.

    Raises
    ------
    InvalidInput
        When a variable or a relation is missing.

    Examples
    --------
    >>> from validation.report import specimen
    >>> figure = critical_fraction_figure(specimen.specimen_measured(), specimen.specimen_theory())
    >>> figure.axes[0].get_ylabel()
    'measured critical fraction'
    """
    require_variables("measured", measured, {**MEASURED_FORM, "gap": ("relation", "mode")})
    require_variables("theory", theory, {"critical_fraction": ("relation",)})
    known = [str(relation) for relation in theory["relation"].values]
    for relation in measured["relation"].values:
        require_choice("relation", str(relation), known)
    if "fraction" not in theory.coords:
        raise InvalidInput("theory must have a coordinate fraction; got none")
    # Where the theory needs no data at all, a logarithmic axis has no place.
    needs_data = theory["critical_fraction"].sel(relation=measured["relation"].values).values > 0
    if not needs_data.any():
        raise InvalidInput("theory must have a relation with critical_fraction > 0; got none")
    measured = measured.isel(relation=needs_data)
    modes = [str(mode) for mode in measured["mode"].values]
    predicted = theory["critical_fraction"].sel(relation=measured["relation"].values)
    measured_range = float(theory["fraction"].min()), float(theory["fraction"].max())
    with house_style():
        figure, axes = new_figure(4.8)
        handles = []
        for index, mode in enumerate(modes):
            shift = SHIFT ** (index - (len(modes) - 1) / 2)
            handles.append(_draw_mode(axes, predicted * shift, measured.sel(mode=mode), measured_range))
        handles.append(_draw_agreement(axes, predicted))
        axes.set_xlabel(r"theory's critical fraction $p_\mathrm{c}$")
        axes.set_ylabel("measured critical fraction")
        finish(
            figure,
            question="Does the theory say how much data networks need?",
            answer=_answer(predicted, measured),
            note=f"{sample_sizes(measured.attrs)}Bars: 95% bootstrap intervals. Arrows: beyond the measured range. "
            "Modes are drawn side by side; all of a relation belong to the p of its grey line.",
            handles=handles,
            columns=4,
        )
    return figure


def was_run(measured: xr.Dataset) -> xr.DataArray:
    """Return for which combinations there are networks: those with a status, or a gap, or any end of an interval.

    Examples
    --------
    >>> from validation.report import specimen
    >>> was_run(specimen.specimen_measured()).sum("mode").values
    array([3, 3, 3, 1])
    """
    if "status" in measured:
        return measured["status"].isin(STATUSES)
    return measured[[*MEASURED_FORM, "gap"]].notnull().to_array().any("variable")


def _draw_agreement(axes: Axes, predicted: xr.DataArray) -> Artist:
    """Draw the identity, and name each relation beneath it, where points lie only if networks beat the theory."""
    order = predicted.sortby(predicted, ascending=False)
    names = [plain(relation_label(str(relation))) for relation in order["relation"].values]
    low, high = min(axes.dataLim.ymin, float(order.min())), max(axes.dataLim.ymax, float(order.max()))
    line_height = (high / low) ** (NAME_SIZE * LINE_SPACING / POINTS_PER_INCH / AXES_HEIGHT)
    heights: list[float] = []
    for value in order.values:
        heights.append(min(float(value), heights[-1] if heights else float(value)) / line_height)
    left_end = float(order.min()) / ARROW
    fraction_axis(axes, left_end, _right_end(left_end, order.values, names))
    fraction_axis(axes, min(low, heights[-1]), high, "y")
    for value, height, name in zip(order.values, heights, names, strict=True):
        axes.axvline(value, color=GRID, linewidth=5, zorder=0)
        backing = {"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8}
        axes.text(value * NAME_OFFSET, height, name, va="center", fontsize=NAME_SIZE, bbox=backing, zorder=1.5)
    return axes.axline((low, low), (high, high), color=THEORY, linewidth=1.0, label="measured = predicted")


def _right_end(left_end: float, places: NDArray[np.float64], names: list[str]) -> float:
    """Return where a logarithmic axis must end for each name, which starts at its place, to fit on it."""
    widths = np.array([min(0.6 * NAME_SIZE * len(name) / POINTS_PER_INCH / AXES_WIDTH, 0.8) for name in names])
    ends = (np.log(places * NAME_OFFSET) - widths * np.log(left_end)) / (1 - widths)
    return float(np.exp(ends.max()))


def _draw_mode(axes: Axes, x: xr.DataArray, series: xr.Dataset, measured_range: tuple[float, float]) -> Artist:
    from matplotlib.lines import Line2D

    mode = str(series["mode"].values)
    style = mode_style(mode)
    for place, relation in zip(x.values, x["relation"].values, strict=True):
        case = series.sel(relation=relation)
        if was_run(case):
            _draw_case(axes, float(place), case, style, measured_range)
    return Line2D([], [], color=style.colour, marker=style.marker, markersize=5, label=mode_label(mode))


def _draw_case(axes: Axes, x: float, case: xr.Dataset, style: Style, measured_range: tuple[float, float]) -> None:
    """Draw one point with its interval; what lies beyond the measured range becomes an arrow at the range's end."""
    from matplotlib.markers import CARETDOWN, CARETUP

    smallest, largest = measured_range
    value, low, high = (float(case[name]) for name in MEASURED_FORM)
    reached = np.isfinite(value)
    exceeded = not reached and "status" in case and str(case["status"].values) == ALWAYS_EXCEEDED
    y = value if reached else smallest if exceeded else largest
    bottom = low if np.isfinite(low) else smallest if reached else y
    top = high if np.isfinite(high) else largest if reached else y
    axes.plot([x, x], [bottom, top], color=style.colour, linewidth=1.2)
    if np.isnan(low) and (reached or exceeded):
        axes.plot([x, x], [smallest, smallest / ARROW], color=style.colour, marker=CARETDOWN, markevery=[1])
    if np.isnan(high) and not exceeded:
        axes.plot([x, x], [largest, largest * ARROW], color=style.colour, marker=CARETUP, markevery=[1])
    face = style.colour if reached else "white"
    axes.plot(x, y, style.marker, color=style.colour, markerfacecolor=face, markersize=5)


def _answer(predicted: xr.DataArray, measured: xr.Dataset) -> str:
    ratio = (measured["critical_fraction"] / predicted).values
    reached = ratio[np.isfinite(ratio)]
    run = int(was_run(measured).sum())
    threshold = f"accuracy {measured.attrs['threshold']:g}" if "threshold" in measured.attrs else "the threshold"
    cases = f"{reached.size} of {run} cases cross {threshold} in the measured range"
    if not reached.size:
        return cases + "."
    return f"{cases}; they need {decimal(reached.min(), 2)} to {decimal(reached.max(), 2)} times the predicted data."
