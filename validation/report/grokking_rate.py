"""Structure in learned additions: accuracy and parallelograms, who forms structure, how fast, and the official run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from validation.report.canvas import finish, house_style, new_figure, plain_ticks
from validation.report.palette import BLUE, QUIET, THEORY, VERMILLION
from validation.report.table import require_variables

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colour, marker and dashes of the first and the second optimiser.
SERIES = ((BLUE, "o", ()), (VERMILLION, "s", (5, 1.5)))
RATE_LABEL = r"grokking rate $\lambda_3$ of the training set (paper's convention)"
FLOWS = {"all": ((5, 1.5), "flow, all parallelograms"), "shown": ((1.2, 1.2), "flow, those of the training set")}


def grokking_accuracy_figure(data: xr.Dataset, *, question: str, answer: str, note: str) -> Figure:
    """Draw the measured accuracy of every network against the accuracy that its parallelograms predict.

    Parameters
    ----------
    data : xarray.Dataset
        accuracy and predicted_accuracy over (loss, optimizer, network), with loss_label and optimizer_label.
    question, answer, note : str
        The title line, what the data say, sample sizes and definitions.

    Returns
    -------
    Figure
        One panel a loss.

    Raises
    ------
    InvalidInput
        When a variable is missing.

    Examples
    --------
    >>> from validation.report import specimen_grokking
    >>> words = {"question": "Is it?", "answer": "It is.", "note": "made up"}
    >>> figure = grokking_accuracy_figure(specimen_grokking.specimen_accuracies(), **words)
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['regression', 'classification']
    """
    over = ("loss", "optimizer", "network")
    require_variables("data", data, {"accuracy": over, "predicted_accuracy": over})
    with house_style():
        figure, panels = new_figure(4.2, ncols=data.sizes["loss"], sharex=True, sharey=True, squeeze=False)
        handles: list[Artist] = []
        for axes, loss in zip(panels[0], data["loss"].values, strict=True):
            line = axes.plot([0, 1], [0, 1], color=THEORY, linewidth=1.0, label="measured = predicted")
            handles = line + [
                axes.plot(
                    data["predicted_accuracy"].sel(loss=loss, optimizer=optimizer),
                    data["accuracy"].sel(loss=loss, optimizer=optimizer),
                    linestyle="none",
                    marker=marker,
                    markerfacecolor="none",
                    markeredgecolor=colour,
                    markersize=3.6,
                    alpha=0.7,
                    label=str(data["optimizer_label"].sel(optimizer=optimizer).values),
                )[0]
                for optimizer, (colour, marker, _) in zip(data["optimizer"].values, SERIES, strict=False)
            ]
            axes.set_title(str(data["loss_label"].sel(loss=loss).values), loc="left")
            axes.set(xlabel="accuracy predicted by the parallelograms", xlim=(0, 1.03), ylim=(0, 1.03))
            axes.set_aspect("equal")
        panels[0][0].set_ylabel("accuracy over all pairs")
        finish(figure, question=question, answer=answer, note=note, handles=handles, columns=3)
    return figure


def grokking_structure_figure(data: xr.Dataset, *, question: str, answer: str, note: str) -> Figure:
    """Draw the share of networks with structure against the fraction of pairs shown, beside the theory.

    Parameters
    ----------
    data : xarray.Dataset
        share, share_low and share_high over (loss, optimizer, fraction); forcing over fraction; critical_fraction;
        loss_label, optimizer_label.
    question, answer, note : str
        As in `grokking_accuracy_figure`.

    Returns
    -------
    Figure
        One panel a loss; bars are intervals.

    Raises
    ------
    InvalidInput
        When a variable is missing.

    Examples
    --------
    >>> from validation.report import specimen_grokking
    >>> words = {"question": "Who?", "answer": "Many.", "note": "made up"}
    >>> figure = grokking_structure_figure(specimen_grokking.specimen_shares(), **words)
    >>> figure.axes[0].get_ylabel()
    'share of networks with structure'
    """
    over = ("loss", "optimizer", "fraction")
    require_variables("data", data, dict.fromkeys(("share", "share_low", "share_high"), over))
    require_variables("data", data, {"forcing": ("fraction",), "critical_fraction": ()})
    fraction = data["fraction"].values
    aside = 0.08 * np.diff(fraction).min()
    with house_style():
        figure, panels = new_figure(4.3, ncols=data.sizes["loss"], sharey=True, squeeze=False)
        for axes, loss in zip(panels[0], data["loss"].values, strict=True):
            handles: list[Artist] = axes.plot(
                fraction, data["forcing"], color=THEORY, label=r"theory: probability of $\lambda_3 > 0$"
            )
            for k, (optimizer, series) in enumerate(zip(data["optimizer"].values, SERIES, strict=False)):
                own = data.sel(loss=loss, optimizer=optimizer)
                bars = [own["share"] - own["share_low"], own["share_high"] - own["share"]]
                handles.append(
                    axes.errorbar(
                        fraction + (2 * k - 1) * aside,
                        own["share"],
                        yerr=np.clip(bars, 0, None),
                        color=series[0],
                        marker=series[1],
                        linestyle=(0, series[2]),
                        linewidth=0.9,
                        label=str(data["optimizer_label"].sel(optimizer=optimizer).values),
                    )
                )
            handles.append(
                axes.axvline(
                    float(data["critical_fraction"]),
                    color=QUIET,
                    linewidth=1.0,
                    linestyle=(0, (1, 2)),
                    label="theory: critical fraction",
                )
            )
            axes.set_title(str(data["loss_label"].sel(loss=loss).values), loc="left")
            axes.set(xlabel="fraction of pairs shown", ylim=(-0.03, 1.03))
        panels[0][0].set_ylabel("share of networks with structure")
        finish(figure, question=question, answer=answer, note=note, handles=handles, columns=2)
    return figure


def grokking_steps_figure(data: xr.Dataset, *, question: str, answer: str, note: str) -> Figure:
    """Draw the steps to structure against lambda_3, with fitted lines and the theory's slope.

    Parameters
    ----------
    data : xarray.Dataset
        steps and rate over (loss, optimizer, network), nan where there is no structure; slope and centre_log_rate,
        centre_log_steps over (loss, optimizer), nan where there is no fit; loss_label, optimizer_label.
    question, answer, note : str
        As in `grokking_accuracy_figure`.

    Returns
    -------
    Figure
        One panel a loss, logarithmic in both directions.

    Raises
    ------
    InvalidInput
        When a variable is missing.

    Examples
    --------
    >>> from validation.report import specimen_grokking
    >>> words = {"question": "How fast?", "answer": "Fast.", "note": "made up"}
    >>> figure = grokking_steps_figure(specimen_grokking.specimen_steps(), **words)
    >>> figure.axes[0].get_ylabel()
    'steps to structure'
    """
    over, cases = ("loss", "optimizer", "network"), ("loss", "optimizer")
    require_variables("data", data, {"steps": over, "rate": over})
    require_variables("data", data, dict.fromkeys(("slope", "centre_log_rate", "centre_log_steps"), cases))
    with house_style():
        figure, panels = new_figure(4.0, ncols=data.sizes["loss"], sharey=True, squeeze=False)
        for axes, loss in zip(panels[0], data["loss"].values, strict=True):
            handles: list[Artist] = []
            for optimizer, (colour, marker, dashes) in zip(data["optimizer"].values, SERIES, strict=False):
                own = data.sel(loss=loss, optimizer=optimizer)
                label = str(data["optimizer_label"].sel(optimizer=optimizer).values)
                handles += axes.plot(
                    own["rate"], own["steps"], marker, color=colour, alpha=0.6, markersize=3.6, label=label
                )
                handles += _draw_slopes(axes, own, colour, dashes, label)
            axes.set(xscale="log", yscale="log", xlabel=RATE_LABEL)
            plain_ticks(axes.xaxis, *axes.get_xlim())
            axes.set_title(str(data["loss_label"].sel(loss=loss).values), loc="left")
        panels[0][0].set_ylabel("steps to structure")
        plain_ticks(panels[0][0].yaxis, *panels[0][0].get_ylim())
        shown = {handle.get_label(): handle for handle in handles}
        finish(figure, question=question, answer=answer, note=note, handles=list(shown.values()), columns=3)
    return figure


def _draw_slopes(axes: Axes, data: xr.Dataset, colour: str, dashes: tuple[float, ...], label: str) -> list[Artist]:
    """Draw the fitted line, and one of slope -1 through its middle."""
    if not np.isfinite(data["slope"]):
        return []
    rates = data["rate"].values[np.isfinite(data["steps"].values)]
    ends = np.array([rates.min(), rates.max()])
    along = np.log(ends) - float(data["centre_log_rate"])
    handles: list[Artist] = []
    for slope, tint, style, words in (
        (float(data["slope"]), colour, (0, dashes), f"{label}: fitted slope"),
        (-1.0, THEORY, "-", "theory: slope −1 through the middle"),
    ):
        steps = np.exp(float(data["centre_log_steps"]) + slope * along)
        handles += axes.plot(ends, steps, color=tint, linewidth=1.0, linestyle=style, label=words)
    return handles


def grokking_official_figure(data: xr.Dataset, *, question: str, answer: str, note: str) -> Figure:
    """Draw the official run beside the flow of the effective theory: embeddings, their effective loss, their quality.

    Parameters
    ----------
    data : xarray.Dataset
        official_embeddings (official_step, symbol), official_effective_loss, official_rqi (official_step), and the
        same with `flow_` over (parallelograms, flow_step).
    question, answer, note : str
        As in `grokking_accuracy_figure`.

    Returns
    -------
    Figure
        Three panels.

    Raises
    ------
    InvalidInput
        When a variable is missing.

    Examples
    --------
    >>> from validation.report import specimen_grokking
    >>> words = {"question": "Same?", "answer": "Same.", "note": "made up"}
    >>> figure = grokking_official_figure(specimen_grokking.specimen_official(), **words)
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['normalised embeddings', 'effective loss', 'representation quality index']
    """
    names = ("effective_loss", "rqi")
    require_variables("data", data, {f"official_{name}": ("official_step",) for name in names})
    require_variables("data", data, {f"flow_{name}": ("parallelograms", "flow_step") for name in names})
    with house_style():
        figure, (left, middle, right) = new_figure(3.9, ncols=3)
        handles: list[Artist] = []
        left.plot(data["official_step"], data["official_embeddings"], color=BLUE, linewidth=1.0)
        left.plot(data["flow_step"], data["flow_embeddings"].sel(parallelograms="all"), color=THEORY, linewidth=0.7,
                  linestyle=(0, FLOWS["all"][0]))  # fmt: skip
        for axes, name in ((middle, "effective_loss"), (right, "rqi")):
            handles = axes.plot(data["official_step"], data[f"official_{name}"], color=BLUE, label="network")
            for kind, (dashes, label) in FLOWS.items():
                course = data[f"flow_{name}"].sel(parallelograms=kind)
                handles += axes.plot(
                    data["flow_step"], course, color=THEORY, linewidth=1.0, linestyle=(0, dashes), label=label
                )
        for axes in (left, middle, right):
            axes.set_xlabel("training steps")
        left.set_ylabel("normalised embeddings")
        middle.set(ylabel="effective loss", yscale="log", ylim=(1e-3, None))
        right.set(ylabel="representation quality index", ylim=(-0.03, 1.03))
        finish(figure, question=question, answer=answer, note=note, handles=handles, columns=3)
    return figure
