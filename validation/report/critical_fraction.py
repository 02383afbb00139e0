"""Measured critical fractions beside the theory's, for all relations in one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geneft_theory.errors import InvalidInput, require_choice
from validation.report.accuracy_data import MEASURED_FORM
from validation.report.canvas import finish, fraction_axis, house_style
from validation.report.labels import decimal, mode_label, sample_sizes
from validation.report.palette import THEORY, Style, mode_style
from validation.report.rows import Rows
from validation.report.table import require_variables

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

ARROW = 1.16
COLUMNS = 3
ALWAYS_EXCEEDED = "always exceeded"
STATUSES = ("reached", "not reached", ALWAYS_EXCEEDED)


def critical_fraction_figure(measured: xr.Dataset, theory: xr.Dataset) -> Figure:
    """Draw the measured critical fractions of every relation beside the theory's p_c.

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
        A row a relation with a line a mode, the training fraction on a logarithmic axis, p_c as a black line across
        the row; relations with p_c = 0 are left out.

    Raises
    ------
    InvalidInput
        When a variable or a relation is missing.

    Examples
    --------
    >>> from validation.report import specimen
    >>> figure = critical_fraction_figure(specimen.specimen_measured(), specimen.specimen_theory())
    >>> figure.axes[0].get_xlabel()
    'training fraction p'
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
    rows = Rows([str(relation) for relation in measured["relation"].values], len(modes))
    with house_style():
        figure, axes = rows.new_figure(-(-(len(modes) + 1) // COLUMNS))
        handles = [
            _draw_mode(axes, rows.centres + rows.place(index), measured.sel(mode=mode), measured_range)
            for index, mode in enumerate(modes)
        ]
        ends = rows.centres - rows.height / 2, rows.centres + rows.height / 2
        label = r"theory's critical fraction $p_\mathrm{c}$"
        handles.append(axes.vlines(predicted.values, *ends, color=THEORY, linewidth=1.6, label=label, zorder=1.5))
        rows.label(axes)
        fraction_axis(axes, *axes.dataLim.intervalx)
        axes.set_xlabel("training fraction p")
        finish(
            figure,
            question="Does the theory say how much data networks need?",
            answer=_answer(predicted, measured),
            note=f"{sample_sizes(measured.attrs)}Points: training fraction at which networks reach the threshold. "
            "Bars: 95% bootstrap intervals. Arrows: beyond the measured range.",
            handles=handles,
            columns=COLUMNS,
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


def _draw_mode(
    axes: Axes, places: NDArray[np.float64], series: xr.Dataset, measured_range: tuple[float, float]
) -> Artist:
    from matplotlib.lines import Line2D

    mode = str(series["mode"].values)
    style = mode_style(mode)
    for index, place in enumerate(places):
        case = series.isel(relation=index)
        if was_run(case):
            _draw_case(axes, float(place), case, style, measured_range)
    return Line2D([], [], color=style.colour, marker=style.marker, markersize=5, label=mode_label(mode))


def _draw_case(axes: Axes, y: float, case: xr.Dataset, style: Style, measured_range: tuple[float, float]) -> None:
    """Draw one point with its interval; what lies beyond the measured range becomes an arrow at the range's end."""
    from matplotlib.markers import CARETLEFT, CARETRIGHT

    smallest, largest = measured_range
    value, low, high = (float(case[name]) for name in MEASURED_FORM)
    reached = np.isfinite(value)
    exceeded = not reached and "status" in case and str(case["status"].values) == ALWAYS_EXCEEDED
    x = value if reached else smallest if exceeded else largest
    left = low if np.isfinite(low) else smallest if reached else x
    right = high if np.isfinite(high) else largest if reached else x
    axes.plot([left, right], [y, y], color=style.colour, linewidth=1.2)
    if np.isnan(low) and (reached or exceeded):
        axes.plot([smallest, smallest / ARROW], [y, y], color=style.colour, marker=CARETLEFT, markevery=[1])
    if np.isnan(high) and not exceeded:
        axes.plot([largest, largest * ARROW], [y, y], color=style.colour, marker=CARETRIGHT, markevery=[1])
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
