"""States that merge: when they do, at which gains and with how much data, and whether the theory knows which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from validation.report.canvas import finish, house_style, new_figure
from validation.report.palette import BLUE, THEORY, VERMILLION, ordered_style
from validation.report.table import require_variables

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

PANELS = {
    "merged": ("pairs of equal parity merged, %", "{:.0f}", 100.0),
    "states": ("states left", "{:.0f}", 1.0),
    "long_accuracy": ("accuracy on long strings, %", "{:.0f}", 100.0),
}
DARK = 0.55


def parity_course_figure(data: xr.Dataset, *, question: str, answer: str, note: str) -> Figure:
    """Draw which share of pairs is together while a network learns, with its error and its accuracy.

    Parameters
    ----------
    data : xarray.Dataset
        agreeing, disagreeing (shares of pairs), train_loss and validation_accuracy over (seed, epoch).
    question, answer, note : str
        The title line, what the data say, sample sizes and definitions.

    Returns
    -------
    Figure
        Three panels; thin lines are seeds, thick ones their means.

    Raises
    ------
    InvalidInput
        When a variable is missing.

    Examples
    --------
    >>> from validation.report import specimen_parity
    >>> words = {"question": "When?", "answer": "Then.", "note": "made up"}
    >>> figure = parity_course_figure(specimen_parity.specimen_course(), **words)
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['share of pairs that are together', 'mean squared error', 'accuracy on strings of 50 bits']
    """
    names = ("agreeing", "disagreeing", "train_loss", "validation_accuracy")
    require_variables("data", data, dict.fromkeys(names, ("seed", "epoch")))
    with house_style():
        figure, (left, middle, right) = new_figure(3.8, ncols=3)
        handles: list[Artist] = [
            _course(left, data, "agreeing", BLUE, "-", "equal parity: the same answers for ever"),
            _course(left, data, "disagreeing", VERMILLION, (0, (5, 1.5)), "different parity"),
        ]
        _course(middle, data, "train_loss", BLUE, "-", "")
        _course(right, data, "validation_accuracy", BLUE, "-", "")
        handles.append(right.axhline(0.5, color=THEORY, linewidth=1.0, linestyle=(0, (1, 2)), label="chance"))
        left.set(ylabel="share of pairs that are together", ylim=(-0.01, None))
        middle.set(ylabel="mean squared error", yscale="log")
        right.set(ylabel="accuracy on strings of 50 bits", ylim=(-0.03, 1.03))
        for axes in (left, middle, right):
            axes.set_xlabel("epochs")
        finish(figure, question=question, answer=answer, note=note, handles=handles, columns=3)
    return figure


def _course(axes: Axes, data: xr.Dataset, name: str, colour: str, dashes: Any, label: str) -> Artist:
    values = data[name].transpose("seed", "epoch").values
    axes.plot(data["epoch"], values.T, color=colour, linewidth=0.5, alpha=0.5)
    # Geometric where the axis is logarithmic.
    mean = np.exp(np.log(np.maximum(values, 1e-30)).mean(0)) if name == "train_loss" else values.mean(0)
    return axes.plot(data["epoch"], mean, color=colour, linestyle=dashes, linewidth=1.6, label=label)[0]


def parity_boundary_figure(data: xr.Dataset, *, question: str, answer: str, note: str) -> Figure:
    """Draw mergers, states and accuracy on long strings over gain and fraction.

    Parameters
    ----------
    data : xarray.Dataset
        merged, states and long_accuracy over (gain, fraction); the number of strings as attribute `strings`.
    question, answer, note : str
        As in `parity_course_figure`.

    Returns
    -------
    Figure
        Three panels; where there is room every cell has its number.

    Raises
    ------
    InvalidInput
        When a variable is missing.

    Examples
    --------
    >>> from validation.report import specimen_parity
    >>> words = {"question": "Where?", "answer": "There.", "note": "made up"}
    >>> figure = parity_boundary_figure(specimen_parity.specimen_boundary(), **words)
    >>> figure.axes[0].get_title(loc="left")
    'pairs of equal parity merged, %'
    """
    require_variables("data", data, dict.fromkeys(PANELS, ("gain", "fraction")))
    ranges = {"merged": (0.0, None), "states": (0.0, float(data.attrs["strings"])), "long_accuracy": (50.0, 100.0)}
    with house_style():
        figure, panels = new_figure(3.5, ncols=3, sharey=True)
        for axes, (name, (title, form, factor)) in zip(panels, PANELS.items(), strict=True):
            values = factor * data[name].transpose("fraction", "gain").values
            low, high = ranges[name]
            # Dark is what the theory expects at small gain and much data: merged, few states, right.
            colours = "viridis" if name == "states" else "viridis_r"
            mesh = axes.imshow(
                values,
                origin="lower",
                aspect="auto",
                cmap=colours,
                vmin=low,
                vmax=max(float(np.nanmax(values)), 1.0) if high is None else high,
            )
            _label_cells(axes, values, form, mesh.norm(values), dark_is_high=name != "states")
            _name_cells(axes, data)
            axes.set_title(title, loc="left")
            axes.grid(False)
        panels[0].set_ylabel("share of all strings trained on")
        finish(figure, question=question, answer=answer, note=note)
    return figure


def _name_cells(axes: Axes, data: xr.Dataset) -> None:
    for axis, name in ((axes.xaxis, "gain"), (axes.yaxis, "fraction")):
        values = data[name].values
        every = -(-len(values) // 10)
        places = np.arange(len(values))[::every]
        axis.set_ticks(places, labels=[f"{values[k]:g}" for k in places])
    axes.set_xlabel("gain of the initial weights")


def _label_cells(
    axes: Axes, values: NDArray[np.float64], form: str, shades: NDArray[np.float64], *, dark_is_high: bool
) -> None:
    if values.shape[1] > 10:
        return
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            shade = shades[row, column] if dark_is_high else 1 - shades[row, column]
            colour = "white" if shade > DARK else "black"
            axes.text(column, row, form.format(value), ha="center", va="center", color=colour, fontsize=7)


def parity_forecast_figure(data: xr.Dataset, *, question: str, answer: str, note: str) -> Figure:
    """Draw which share of pairs ends together against the merge condition before training.

    Parameters
    ----------
    data : xarray.Dataset
        together over (gain, log_score), nan where there are too few pairs.
    question, answer, note : str
        As in `parity_course_figure`.

    Returns
    -------
    Figure
        One panel, a line a gain.

    Raises
    ------
    InvalidInput
        When the variable is missing.

    Examples
    --------
    >>> from validation.report import specimen_parity
    >>> words = {"question": "Which?", "answer": "These.", "note": "made up"}
    >>> figure = parity_forecast_figure(specimen_parity.specimen_forecast(), **words)
    >>> figure.axes[0].get_ylabel()
    'share of pairs together at the end'
    """
    require_variables("data", data, {"together": ("gain", "log_score")})
    with house_style():
        figure, axes = new_figure(4.1)
        gains = data["gain"].values
        handles: list[Artist] = []
        for k, gain in enumerate(gains):
            style = ordered_style(k, len(gains))
            handles += axes.plot(
                10.0 ** data["log_score"].values,
                data["together"].sel(gain=gain),
                color=style.colour,
                marker=style.marker,
                linestyle=style.dashes,
                label=f"gain {gain:g}",
            )
        axes.set(xscale="log", xlabel=r"$N y/h^2$ before training", ylim=(-0.02, 1.02))
        axes.set_ylabel("share of pairs together at the end")
        finish(figure, question=question, answer=answer, note=note, handles=handles, columns=5)
    return figure
