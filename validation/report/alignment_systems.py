"""Two points in deep networks: their layers, wrong systems of equations, and a linear network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from validation.report.alignment import QUANTITIES, mean_of_known
from validation.report.canvas import finish, house_style, new_figure, plain_ticks
from validation.report.palette import BLUE, QUIET, THEORY, ordered_style
from validation.report.table import require_variables

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure


def alignment_layers_figure(data: xr.Dataset, *, question: str, answer: str, note: str) -> Figure:
    """Draw misfit and rates of every hidden layer.

    Parameters
    ----------
    data : xarray.Dataset
        misfit, eta_h and eta_y over (hidden_layer, seed).
    question, answer, note : str
        As in `validation.report.alignment_courses_figure`.

    Returns
    -------
    Figure
        Three panels; a thin line a network.

    Raises
    ------
    InvalidInput
        When a variable is missing.

    Examples
    --------
    >>> from validation.report import specimen_alignment
    >>> words = {"question": "Which?", "answer": "The middle.", "note": "made up"}
    >>> figure = alignment_layers_figure(specimen_alignment.specimen_layers(), **words)
    >>> figure.axes[0].get_xlabel()
    'hidden layer'
    """
    over = ("hidden_layer", "seed")
    names = {
        "misfit": r"misfit: mean of $1-R^2$",
        "eta_h": r"encoder's rate $\eta_h$",
        "eta_y": r"decoder's rate $\eta_y$",
    }
    require_variables("data", data, dict.fromkeys(names, over))
    with house_style():
        figure, panels = new_figure(3.3, ncols=3)
        handles: list[Artist] = []
        for axes, (name, label) in zip(panels, names.items(), strict=True):
            own, layers = data[name].transpose(*over), data["hidden_layer"]
            thin = axes.plot(layers, own, color=BLUE, alpha=0.35, linewidth=0.8, label="a network")[:1]
            middle = np.exp(mean_of_known(np.log(own.values)))
            mean = axes.plot(layers, middle, color=BLUE, marker="o", label="geometric mean")
            handles = [*thin, *mean]
            axes.set(xlabel="hidden layer", ylabel=label, yscale="log")
            axes.xaxis.get_major_locator().set_params(integer=True)
            plain_ticks(axes.yaxis, *axes.get_ylim())
        finish(figure, question=question, answer=answer, note=note, handles=handles, columns=2)
    return figure


def alignment_controls_figure(data: xr.Dataset, *, question: str, answer: str, note: str) -> Figure:
    """Draw how much worse than the theory's equations four that are wrong on purpose fit the same courses.

    Parameters
    ----------
    data : xarray.Dataset
        misfit over (system, seed), the right one first.
    question, answer, note : str
        As in `validation.report.alignment_courses_figure`.

    Returns
    -------
    Figure
        One point a network: each system's misfit over that of the right one.

    Raises
    ------
    InvalidInput
        When a variable is missing.

    Examples
    --------
    >>> from validation.report import specimen_alignment
    >>> words = {"question": "Worse?", "answer": "Yes.", "note": "made up"}
    >>> figure = alignment_controls_figure(specimen_alignment.specimen_controls(), **words)
    >>> figure.axes[0].get_xscale()
    'log'
    """
    require_variables("data", data, {"misfit": ("system", "seed")})
    own = data["misfit"].transpose("system", "seed").values
    worse, names = own[1:] / own[0], data["system"].values[1:]
    places = np.arange(len(names))
    with house_style():
        figure, axes = new_figure(2.7)
        rows = np.broadcast_to(places[:, None], worse.shape)
        points = axes.plot(worse.ravel(), rows.ravel(), "o", color=BLUE, alpha=0.5, markersize=3.6, label="a network")
        middle = np.exp(mean_of_known(np.log(worse)))
        means = axes.plot(middle, places, "|", color=THEORY, markersize=14, markeredgewidth=1.6, label="geometric mean")
        line = axes.axvline(1, color=QUIET, linestyle=(0, (1, 2)), linewidth=1.0, label="no worse than the theory")
        axes.set(xscale="log", xlabel="misfit over that of the theory, each at its best rates")
        plain_ticks(axes.xaxis, *axes.get_xlim())
        axes.set_yticks(places, labels=[str(name) for name in names])
        axes.set_ylim(len(names) - 0.5, -0.5)
        finish(figure, question=question, answer=answer, note=note, handles=[*points, *means, line], columns=3)
    return figure


def alignment_linear_figure(data: xr.Dataset, *, question: str, answer: str, note: str) -> Figure:
    """Draw a linear network beside the exact solution, in which nothing is fitted, and their difference.

    Parameters
    ----------
    data : xarray.Dataset
        measured over (quantity, eta, seed, time), exact over (quantity, seed, time), for h, y and loss.
    question, answer, note : str
        As in `validation.report.alignment_courses_figure`.

    Returns
    -------
    Figure
        A panel for h, one for y, and the differences in h at each learning rate.

    Raises
    ------
    InvalidInput
        When a variable is missing.

    Examples
    --------
    >>> from validation.report import specimen_alignment
    >>> words = {"question": "Exact?", "answer": "Yes.", "note": "made up"}
    >>> figure = alignment_linear_figure(specimen_alignment.specimen_linear(), **words)
    >>> len(figure.axes)
    3
    """
    over = ("quantity", "seed", "time")
    require_variables("data", data, {"measured": ("quantity", "eta", "seed", "time"), "exact": over})
    with house_style():
        figure, (left, middle, right) = new_figure(3.4, ncols=3)
        handles: list[Artist] = []
        for axes, quantity in ((left, "h"), (middle, "y")):
            seen = data["measured"].sel(quantity=quantity).isel(eta=-1).transpose("time", "seed")
            said = data["exact"].sel(quantity=quantity).transpose("time", "seed")
            handles = axes.plot(data["time"], seen, color=BLUE, alpha=0.55, linewidth=1.8, label="network")[:1]
            dashed: dict[str, Any] = {"color": THEORY, "linewidth": 0.9, "linestyle": (0, (4, 2))}
            handles += axes.plot(data["time"], said, label="exact solution", **dashed)[:1]
            axes.set(ylabel=QUANTITIES[quantity], xlim=(0, None), ylim=(0, None))
        for k, eta in enumerate(data["eta"].values):
            style = ordered_style(k, data.sizes["eta"])
            apart = (data["measured"].sel(eta=eta) - data["exact"]).sel(quantity="h").transpose("time", "seed")
            handles += right.plot(
                data["time"],
                apart,
                color=style.colour,
                linestyle=style.dashes,
                linewidth=0.9,
                label=f"difference, η = {eta:g}",
            )[:1]
        right.set_ylabel("h of network minus exact")
        for axes in (left, middle, right):
            axes.set_xlabel("time: steps × learning rate")
        finish(figure, question=question, answer=answer, note=note, handles=handles, columns=4)
    return figure
