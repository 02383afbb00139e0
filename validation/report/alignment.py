"""Two points in deep networks: courses beside the theory's, and final distances over data and initial scales."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from validation.report.canvas import finish, house_style, new_figure
from validation.report.palette import BLUE, QUIET, THEORY, VERMILLION, ordered_style
from validation.report.table import require_variables

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

QUANTITIES = {
    "h": r"representations $h=|\Delta h|^2$",
    "y": r"outputs $y=|\Delta y|^2$",
    "w": r"$w$",
    "loss": "loss",
}
SHORT = {"h": "h", "y": "y", "w": "w", "loss": "loss"}


def alignment_courses_figure(data: xr.Dataset, *, question: str, answer: str, note: str) -> Figure:
    """Draw the courses of two points in several networks, each beside the theory's.

    Parameters
    ----------
    data : xarray.Dataset
        measured and theory over (quantity, seed, record), and time over record; quantities are h, y, w and loss.
    question, answer, note : str
        The title line, what the data say, sample sizes and definitions.

    Returns
    -------
    Figure
        One panel a quantity.

    Raises
    ------
    InvalidInput
        When a variable is missing.

    Examples
    --------
    >>> from validation.report import specimen_alignment
    >>> words = {"question": "Same?", "answer": "Nearly.", "note": "made up"}
    >>> figure = alignment_courses_figure(specimen_alignment.specimen_courses(), **words)
    >>> figure.axes[3].get_ylabel()
    'loss'
    """
    over = ("quantity", "seed", "record")
    require_variables("data", data, {"measured": over, "theory": over, "time": ("record",)})
    with house_style():
        figure, panels = new_figure(4.9, nrows=2, ncols=2, sharex=True)
        handles: list[Artist] = []
        for axes, quantity in zip(panels.ravel(), data["quantity"].values, strict=True):
            own = data.sel(quantity=quantity)
            handles = []
            for name, settings in (
                ("measured", {"color": BLUE, "linewidth": 1.6, "alpha": 0.55, "label": "network, one line a seed"}),
                ("theory", {"color": THEORY, "linewidth": 0.9, "linestyle": (0, (4, 2)), "label": "theory, two rates"}),
            ):
                handles += axes.plot(data["time"], own[name].T, **settings)[:1]
            axes.set_ylabel(QUANTITIES[str(quantity)])
        for axes in panels[-1]:
            axes.set_xlabel("time: steps × learning rate")
        finish(figure, question=question, answer=answer, note=note, handles=handles, columns=2)
    return figure


def alignment_explained_figure(data: xr.Dataset, *, question: str, answer: str, note: str) -> Figure:
    """Draw for every kind of network how much of the courses of h, y, w and the loss is not explained.

    Parameters
    ----------
    data : xarray.Dataset
        unexplained over (quantity, case, seed), shares of variance; threshold, a number.
    question, answer, note : str
        As in `alignment_courses_figure`.

    Returns
    -------
    Figure
        One panel a quantity; a point a network.

    Raises
    ------
    InvalidInput
        When a variable is missing.

    Examples
    --------
    >>> from validation.report import specimen_alignment
    >>> words = {"question": "How much?", "answer": "Little.", "note": "made up"}
    >>> figure = alignment_explained_figure(specimen_alignment.specimen_explained(), **words)
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['h', 'y', 'w', 'loss']
    """
    require_variables("data", data, {"unexplained": ("quantity", "case", "seed"), "threshold": ()})
    cases = [str(case) for case in data["case"].values]
    places = np.arange(len(cases))
    with house_style():
        figure, panels = new_figure(1.5 + 0.24 * len(cases), ncols=data.sizes["quantity"], sharey=True)
        handles: list[Artist] = []
        for axes, quantity in zip(panels, data["quantity"].values, strict=True):
            own = data["unexplained"].sel(quantity=quantity).transpose("case", "seed").values
            rows = np.broadcast_to(places[:, None], own.shape)
            points = axes.plot(own.ravel(), rows.ravel(), "o", color=BLUE, alpha=0.4, markersize=3.2, label="a network")
            means = axes.plot(mean_of_known(own), places, "|", color=THEORY, markersize=10, label="mean")
            line = axes.axvline(
                float(data["threshold"]),
                color=QUIET,
                linestyle=(0, (1, 2)),
                linewidth=1.0,
                label="what the claim grants",
            )
            axes.set(xscale="log", xlabel=r"$1-R^2$")
            axes.set_title(SHORT[str(quantity)], loc="left")
            handles = [*points, *means, line]
        panels[0].set_yticks(places, labels=cases)
        panels[0].invert_yaxis()
        finish(figure, question=question, answer=answer, note=note, handles=handles, columns=3)
    return figure


def alignment_final_figure(data: xr.Dataset, *, question: str, answer: str, note: str) -> Figure:
    """Draw measured against predicted final distances over distances of inputs and of targets.

    Parameters
    ----------
    data : xarray.Dataset
        measured and predicted over (dx, dy, seed).
    question, answer, note : str
        As in `alignment_courses_figure`.

    Returns
    -------
    Figure
        All networks, and beside them the means of the quotient over the distances of the targets.

    Raises
    ------
    InvalidInput
        When a variable is missing.

    Examples
    --------
    >>> from validation.report import specimen_alignment
    >>> words = {"question": "As said?", "answer": "Yes.", "note": "made up"}
    >>> figure = alignment_final_figure(specimen_alignment.specimen_final(), **words)
    >>> figure.axes[0].get_ylabel()
    'measured final distance, squared'
    """
    over = ("dx", "dy", "seed")
    require_variables("data", data, {"measured": over, "predicted": over})
    with house_style():
        figure, (left, right) = new_figure(3.9, ncols=2)
        both = np.concatenate([data[name].values.ravel() for name in ("measured", "predicted")])
        most = 1.05 * float(np.max(both, initial=0.0, where=np.isfinite(both))) or 1.0
        handles: list[Artist] = left.plot([0, most], [0, most], color=THEORY, linewidth=1.0, label="as predicted")
        right.axhline(1, color=THEORY, linewidth=1.0)
        for k, dx in enumerate(data["dx"].values):
            own, style = data.sel(dx=dx), ordered_style(k, data.sizes["dx"])
            handles += left.plot(
                own["predicted"].values.ravel(),
                own["measured"].values.ravel(),
                style.marker,
                color=style.colour,
                alpha=0.6,
                markersize=3.4,
                label=f"inputs {dx:g} apart",
            )
            quotient = (own["measured"] / own["predicted"]).transpose("dy", "seed").values
            known = np.isfinite(quotient).all(1)
            right.errorbar(
                data["dy"].values[known],
                quotient[known].mean(1),
                yerr=quotient[known].std(1, ddof=1) / quotient.shape[1] ** 0.5,
                color=style.colour,
                marker=style.marker,
                linestyle=style.dashes,
                linewidth=0.9,
            )
        left.set(xlabel="predicted final distance, squared", ylabel="measured final distance, squared")
        left.set(xlim=(0, most), ylim=(0, most))
        right.set(xlabel="distance of the targets", ylabel="measured / predicted", ylim=(0, None))
        finish(figure, question=question, answer=answer, note=note, handles=handles, columns=3)
    return figure


def alignment_gains_figure(data: xr.Dataset, *, question: str, answer: str, note: str) -> Figure:
    """Draw how far distances of representations grow in training, over the scale of the initial weights.

    Parameters
    ----------
    data : xarray.Dataset
        measured and predicted over (gain, seed), the final distance over that of the start; critical_gain and boundary,
        numbers.
    question, answer, note : str
        As in `alignment_courses_figure`.

    Returns
    -------
    Figure
        One panel, logarithmic upwards.

    Raises
    ------
    InvalidInput
        When a variable is missing.

    Examples
    --------
    >>> from validation.report import specimen_alignment
    >>> words = {"question": "Where?", "answer": "There.", "note": "made up"}
    >>> figure = alignment_gains_figure(specimen_alignment.specimen_gains(), **words)
    >>> figure.axes[0].get_xlabel()
    'gain of the initial weights'
    """
    over = ("gain", "seed")
    require_variables("data", data, {"measured": over, "predicted": over, "critical_gain": (), "boundary": ()})
    with house_style():
        figure, axes = new_figure(3.9)
        gains = data["gain"].values
        handles: list[Artist] = []
        for name, settings in (
            ("predicted", {"color": THEORY, "linewidth": 0.8, "label": "theory, each start, one ratio"}),
            ("measured", {"color": BLUE, "marker": "o", "alpha": 0.6, "markersize": 3.6, "linestyle": "none",
                          "label": "network"}),
        ):  # fmt: skip
            handles += axes.plot(gains, data[name].transpose(*over), **settings)[:1]
        critical = float(data["critical_gain"])
        handles.append(
            axes.axvline(
                critical, color=VERMILLION, linestyle=(0, (5, 1.5)), linewidth=1.1, label="theory: critical gain"
            )
        )
        handles.append(
            axes.axhline(
                float(data["boundary"]),
                color=QUIET,
                linestyle=(0, (1, 2)),
                linewidth=1.0,
                label=r"growth where $A_{high}=2A_{low}$",
            )
        )
        axes.set(yscale="log", xlabel="gain of the initial weights")
        axes.set_ylabel("final over initial distance, squared")
        finish(figure, question=question, answer=answer, note=note, handles=handles, columns=2)
    return figure


def mean_of_known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return means along the last axis, of what is finite; nan where nothing is.

    Examples
    --------
    >>> mean_of_known(np.array([[1.0, np.nan, 3.0], [np.nan] * 3])).tolist()
    [2.0, nan]
    """
    known = np.isfinite(values)
    count = known.sum(-1)
    total = np.sum(values, axis=-1, where=known)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
