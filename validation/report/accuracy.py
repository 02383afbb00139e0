"""Accuracy against training fraction: real networks beside the theory's estimate and the ideal learner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from validation.report.accuracy_data import MEASURED_FORM, accuracy_data
from validation.report.canvas import AXIS_SPACE, finish, fraction_axis, house_style, new_figure
from validation.report.intervals import NORMAL_95, replicates
from validation.report.labels import decimal, mode_label, plain, relation_label, sample_sizes
from validation.report.palette import DEFAULT_MODE, QUIET, THEORY, THEORY_BAND, mode_style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DODGE = 1.028


def accuracy_figure(
    results: xr.Dataset,
    theory: xr.Dataset,
    measured: xr.Dataset,
    relation: str,
    mode: str | Sequence[str] | None = None,
) -> Figure:
    """Draw how much data one relation needs: accuracy over all pairs (left) and on held-out pairs (right).

    Parameters
    ----------
    results : xarray.Dataset
        accuracy and held_out_accuracy in [0, 1] over (relation, mode, fraction, seed), nan where not run; attributes
        n, steps and threshold.
    theory : xarray.Dataset
        ideal_accuracy, ideal_held_out_accuracy and their standard errors ..._error over (relation, fraction), nan
        where no ideal learner is known; accuracy_estimate (Baek, Liu & Tegmark, Eq. 5) over (relation,
        fine_fraction); critical_fraction (Eq. 4) over (relation); attribute draws.
    measured : xarray.Dataset
        critical_fraction, critical_fraction_low and critical_fraction_high (a 95% interval) over (relation, mode);
        nan where the threshold is not crossed.
    relation : str
        Which relation; one of the coordinate's values.
    mode : str or sequence of str, optional
        Which decoder modes; by default all that were run on this relation. The measured critical fraction is marked
        for "concatenation" where it is among them, else for the first.

    Returns
    -------
    Figure
        Two panels that share both axes.

    Raises
    ------
    InvalidInput
        When a dataset lacks a variable, or the relation or the mode was not run.

    Examples
    --------
    >>> from validation.report import specimen
    >>> figure = accuracy_figure(
    ...     specimen.specimen_results(), specimen.specimen_theory(), specimen.specimen_measured(), "modulo:3"
    ... )
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['all pairs', 'held-out pairs']
    """
    data = accuracy_data(results, theory, measured, relation, mode)
    modes = [str(name) for name in data["mode"].values]
    default = DEFAULT_MODE if DEFAULT_MODE in modes else modes[0]
    threshold = float(data.attrs.get("threshold", 0.9))
    with house_style():
        figure, (left, right) = new_figure(4.3, ncols=2, sharex=True, sharey=True)
        low, high = _shown_fractions(data, default)
        fraction_axis(left, low, high)
        inside = {"fraction": slice(low, high), "fine_fraction": slice(low / AXIS_SPACE, high * AXIS_SPACE)}
        handles = _draw_theory(left, right, data.sel(inside), threshold)
        for index, name in enumerate(modes):
            # Side by side on the logarithmic axis, so that intervals of several modes do not hide each other.
            shift = DODGE ** (index - (len(modes) - 1) / 2)
            handles.append(_draw_mode(left, data, "accuracy", name, shift))
            _draw_mode(right, data, "held_out_accuracy", name, shift)
        handles.append(_draw_crossing(left, data.sel(mode=default), threshold))
        _label(left, right)
        finish(
            figure,
            question=f"How much data does “{plain(relation_label(relation))}” need?",
            answer=_answer(data.sel(mode=default), threshold),
            note=_note(data),
            handles=handles,
        )
    return figure


def _draw_ideal(axes: Axes, data: xr.Dataset, name: str) -> list[Artist]:
    """Draw the ideal learner, unless none is known for this relation."""
    curve = data[[name, f"{name}_error"]].dropna("fraction")
    if not curve.sizes["fraction"]:
        return []
    half_width = NORMAL_95 * curve[f"{name}_error"]
    low, high = (curve[name] - half_width).clip(0, 1), (curve[name] + half_width).clip(0, 1)
    axes.fill_between(curve["fraction"], low, high, color=THEORY_BAND, linewidth=0)
    return list(axes.plot(curve["fraction"], curve[name], color=THEORY, label="ideal learner"))


def _draw_theory(left: Axes, right: Axes, data: xr.Dataset, threshold: float) -> list[Artist]:
    handles = _draw_ideal(left, data, "ideal_accuracy")
    _draw_ideal(right, data, "ideal_held_out_accuracy")
    handles += left.plot(
        data["fine_fraction"],
        data["accuracy_estimate"],
        color=THEORY,
        linestyle=(0, (5, 2)),
        linewidth=1.1,
        label=r"accuracy estimate $f_\mathrm{UB}$",
    )
    critical = float(data["theory_critical_fraction"])
    left.axhline(threshold, color=QUIET, linestyle=(0, (1, 2)), linewidth=0.8)
    # A theory that asks for more than all pairs, or for none, has no place on the axis; the answer says its number.
    if not 0 < critical <= 1:
        return handles
    label = rf"critical fraction $p_\mathrm{{c}}$ = {decimal(critical)} (theory)"
    line, _ = (
        axes.axvline(critical, color=QUIET, linestyle=(0, (6, 2, 1, 2)), linewidth=1.0, label=label)
        for axes in (left, right)
    )
    return [*handles, line]


def _draw_mode(axes: Axes, data: xr.Dataset, name: str, mode: str, shift: float) -> Artist:
    series = data.sel(mode=mode).dropna("fraction", subset=[name])
    style = mode_style(mode)
    mean = series[name].values
    low = series[f"{name}_low"].clip(0, 1).fillna(series[name]).values
    high = series[f"{name}_high"].clip(0, 1).fillna(series[name]).values
    container: Artist = axes.errorbar(  # type: ignore[assignment]
        series["fraction"].values * shift,
        mean,
        yerr=np.array([mean - low, high - mean]),
        color=style.colour,
        marker=style.marker,
        linestyle=style.dashes,
        linewidth=0.9,
        markeredgecolor="white",
        markeredgewidth=0.4,
        elinewidth=0.9,
        label=f"networks, {mode_label(mode)}",
    )
    return container


def _draw_crossing(axes: Axes, series: xr.Dataset, threshold: float) -> Artist:
    from matplotlib.lines import Line2D

    colour = mode_style(str(series["mode"].values)).colour
    look: dict[str, Any] = {"marker": "*", "markersize": 10, "markerfacecolor": "white", "markeredgecolor": colour}
    crossing, low, high = (float(series[name]) for name in MEASURED_FORM)
    if np.isnan(crossing):
        return Line2D([], [], color=QUIET, linestyle=(0, (1, 2)), linewidth=0.8, label=f"threshold {threshold:g}")
    # An end that lies beyond what was measured is drawn up to the edge.
    ends = [end if np.isfinite(end) else edge for end, edge in zip((low, high), axes.get_xlim(), strict=True)]
    axes.plot(ends, [threshold, threshold], color=colour)
    axes.plot(crossing, threshold, zorder=5, **look)
    return Line2D([], [], color=colour, label=f"networks cross {threshold:g} at {decimal(crossing)}", **look)


def _shown_fractions(data: xr.Dataset, default: str) -> tuple[float, float]:
    """Return the ends of the x axis: all that was trained, and the critical fractions that lie between 0 and 1."""
    run = data["accuracy"].notnull().any("mode")
    critical = [float(data["theory_critical_fraction"]), float(data["critical_fraction"].sel(mode=default))]
    shown = [*data["fraction"].values[run.values], *(value for value in critical if 0 < value <= 1)]
    return float(min(shown)), float(max(shown))


def _label(left: Axes, right: Axes) -> None:
    left.set_title("all pairs", loc="left")
    right.set_title("held-out pairs", loc="left")
    left.set_ylabel("accuracy (fraction of pairs)")
    for axes in (left, right):
        axes.set_xlabel("training fraction $p$ (of all ordered pairs)")


def _answer(series: xr.Dataset, threshold: float) -> str:
    mode = mode_label(str(series["mode"].values))
    crossing, low, high = (float(series[name]) for name in MEASURED_FORM)
    critical = float(series["theory_critical_fraction"])
    theory = f"theory: {decimal(critical)}" + " (more than all pairs)" * (critical > 1)
    means = series["accuracy"].dropna("fraction")
    if np.isfinite(crossing):
        ends = [decimal(end) if np.isfinite(end) else "beyond the range" for end in (low, high)]
        interval = f"95% interval {ends[0]} to {ends[1]}"
        return f"Networks ({mode}) reach accuracy {threshold:g} at p = {decimal(crossing)} ({interval}); {theory}."
    if means.size and float(means[0]) >= threshold:
        smallest = float(means["fraction"][0])
        return f"Networks ({mode}) are above accuracy {threshold:g} from the smallest p = {smallest:g} on; {theory}."
    largest = f" up to p = {float(means['fraction'][-1]):g}" if means.size else ""
    return f"Networks ({mode}) do not reach accuracy {threshold:g}{largest}; {theory}."


def _note(data: xr.Dataset) -> str:
    points = "Points: one network each" if int(data["seeds"].max()) == 1 else "Points: mean with Student t 95% interval"
    known = bool(data["ideal_accuracy"].notnull().any())
    sizes = {**data.attrs, "seeds": replicates(data["seeds"]), "draws": data.attrs["draws"] if known else None}
    band = "Grey band: 95% interval of the ideal learner." if known else "No ideal learner is known for this relation."
    return f"{sample_sizes(sizes)}{points}. {band}"
