"""One figure of a diagnosis: separations, the plane of separation and grip, what should stay constant, accuracies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geneft_theory.errors import InvalidInput
from validation.report.canvas import finish, house_style, new_figure
from validation.report.labels import plain, relation_label
from validation.report.palette import BLUE, BLUISH_GREEN, QUIET, REDDISH_PURPLE, THEORY, VERMILLION

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# What was predicted of a pair: how it is drawn, and how it is called.
KINDS = {
    1: (BLUE, "-", "predicted to merge"),
    0: (VERMILLION, (0, (4, 1.5)), "predicted to stay apart"),
    -1: (QUIET, "-", "no prediction"),
}
MOST_LINES = 60
"""Pairs drawn: more are one grey mass. They are taken evenly from the list."""
ACCURACIES = {
    "train_accuracy": (BLUE, "-", "training pairs"),
    "test_accuracy": (VERMILLION, (0, (4, 1.5)), "other pairs"),
    "accuracy": (BLUISH_GREEN, (0, (1.2, 1.2)), "all pairs"),
}


def diagnosis_figure(diagnosis: xr.Dataset) -> Figure:
    """Draw what `diagnose` found: four panels, each left empty with a word where its numbers are not known.

    Parameters
    ----------
    diagnosis : xarray.Dataset
        As `diagnose` returns it.

    Returns
    -------
    Figure
        Separations against steps; pairs in the plane of separation and grip with the separatrix of the theory; the
        drift of the conserved quantity; accuracies.

    Raises
    ------
    InvalidInput
        When it is no diagnosis.

    Examples
    --------
    >>> from validation.diagnosis import diagnose
    >>> still = diagnose({"steps": [0, 1], "embeddings": np.eye(2)[None] * [[[2]], [[1]]], "relation": np.ones((2, 2))})
    >>> [axes.get_title(loc="left") for axes in diagnosis_figure(still).axes[:2]]
    ['separation of each pair', 'separation and grip']
    """
    if "separation" not in diagnosis or "phase" not in diagnosis.attrs:
        raise InvalidInput("diagnosis must be what diagnose returns; got a dataset without separation or phase")
    with house_style():
        figure, axes = new_figure(6.3, nrows=2, ncols=2)
        handles = _draw_separations(axes[0, 0], diagnosis)
        handles += _draw_plane(axes[0, 1], diagnosis)
        _draw_drift(axes[1, 0], diagnosis)
        _draw_accuracies(axes[1, 1], diagnosis)
        finish(
            figure,
            question=f"What became of the classes of “{plain(relation_label(diagnosis.attrs['relation']))}”?",
            answer=_answer(diagnosis),
            note=_note(diagnosis),
            handles=handles,
        )
    return figure


def _drawn(diagnosis: xr.Dataset) -> list[int]:
    pairs = diagnosis.sizes["pair"]
    return np.unique(np.linspace(0, pairs - 1, min(pairs, MOST_LINES)).round().astype(int)).tolist() if pairs else []


def _draw_separations(axes: Axes, diagnosis: xr.Dataset) -> list[Artist]:
    axes.set_title("separation of each pair", loc="left")
    axes.set_xlabel("steps")
    axes.set_ylabel("half the distance, |r|")
    handles: dict[int, Artist] = {}
    for pair in _drawn(diagnosis):
        series = diagnosis.isel(pair=pair)
        kind = int(series["predicted"])
        colour, dashes, label = KINDS[kind]
        values = series["separation"].where(series["separation"] > 0)
        (line,) = axes.plot(diagnosis["step"], values, color=colour, linestyle=dashes, linewidth=0.8, alpha=0.6)
        line.set_label(label)
        handles.setdefault(kind, line)
    if handles:
        axes.set_yscale("log")
    else:
        _say(axes, "no two symbols share a class")
    return [handles[kind] for kind in sorted(handles, reverse=True)]


def _draw_plane(axes: Axes, diagnosis: xr.Dataset) -> list[Artist]:
    axes.set_title("separation and grip", loc="left")
    if "grip" not in diagnosis or not diagnosis.sizes["pair"]:
        _say(axes, "needs decoder weights or outputs")
        return []
    axes.set_xlabel("half the distance, |r|")
    axes.set_ylabel(f"grip, |A r| / |r| (from the {diagnosis.attrs['grip_from']})")
    for pair in _drawn(diagnosis):
        series = diagnosis.isel(pair=pair)
        colour, dashes, _ = KINDS[int(series["predicted"])]
        axes.plot(series["separation"], series["grip"], color=colour, linestyle=dashes, linewidth=0.8, alpha=0.5)
        axes.plot(series["separation"][0], series["grip"][0], color=colour, marker="o", markersize=2.5, alpha=0.7)
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    if not {"eta_encoder", "eta_decoder"} <= diagnosis.attrs.keys():
        return []
    reach = axes.get_xlim()[1], axes.get_ylim()[1]
    slope = float(np.sqrt(2 * diagnosis.attrs["eta_decoder"] / diagnosis.attrs["eta_encoder"]))
    axes.set_xlim(0, reach[0])
    axes.set_ylim(0, reach[1])
    (line,) = axes.plot([0, reach[0]], [0, slope * reach[0]], color=THEORY, linewidth=1.1)
    line.set_label("theory: merges above (one dimension, free decoder)")
    return [line]


def _draw_drift(axes: Axes, diagnosis: xr.Dataset) -> None:
    axes.set_title("what should stay constant", loc="left")
    axes.set_xlabel("steps")
    if "conserved_drift" in diagnosis:
        largest = float(diagnosis["conserved_drift"].max())
        axes.plot(diagnosis["step"], diagnosis["conserved_drift"], color=THEORY)
        axes.set_ylabel("drift of Q / change of its terms")
        axes.set_ylim(0, 1.25 * largest or 1)
        words = f"largest: {largest:.2g}  (0: conserved, 1: nothing balances)"
        axes.text(0.02, 0.97, words, transform=axes.transAxes, va="top", color=QUIET)
    elif "pair_invariant" in diagnosis and diagnosis.sizes["pair"]:
        for pair in _drawn(diagnosis):
            series = diagnosis.isel(pair=pair)
            colour, dashes, _ = KINDS[int(series["predicted"])]
            axes.plot(diagnosis["step"], series["pair_invariant"], color=colour, linestyle=dashes, linewidth=0.8)
        axes.set_ylabel("C of each pair")
    else:
        _say(axes, "needs learning rates, and decoder weights or outputs")


def _draw_accuracies(axes: Axes, diagnosis: xr.Dataset) -> None:
    axes.set_title("accuracy", loc="left")
    axes.set_xlabel("steps")
    axes.set_ylim(0, 1.02)
    known = [name for name in ACCURACIES if name in diagnosis]
    for name in known:
        colour, dashes, label = ACCURACIES[name]
        axes.plot(diagnosis["step"], diagnosis[name], color=colour, linestyle=dashes, label=label)
    if known:
        axes.axhline(0.9, color=REDDISH_PURPLE, linewidth=0.8, linestyle=(0, (1, 2)), label="learned above 0.9")
        axes.legend(loc="lower right")
    else:
        _say(axes, "needs outputs or accuracies")


def _say(axes: Axes, words: str) -> None:
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", color=QUIET)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlabel("")
    axes.set_ylabel("")


def _answer(diagnosis: xr.Dataset) -> str:
    pairs, merged = diagnosis.sizes["pair"], int(diagnosis["merged"].sum())
    text = f"Phase: {diagnosis.attrs['phase']}. {merged} of {pairs} same-class pairs merged"
    predicted = diagnosis["predicted"].values
    if pairs and (predicted >= 0).all():
        right = int((predicted == diagnosis["merged"].values).sum())
        text += f"; the prediction is right for {right}"
    return text + "."


def _note(diagnosis: xr.Dataset) -> str:
    shown = len(_drawn(diagnosis))
    some = f" {shown} of {diagnosis.sizes['pair']} pairs are drawn." if shown < diagnosis.sizes["pair"] else ""
    source = diagnosis.attrs["predicted_from"]
    said = (
        "No prediction: learning rates or decoder are not known."
        if source == "nothing"
        else f"Predicted from the {source}."
    )
    below = diagnosis.attrs["merged_below"]
    return (
        f"n = {diagnosis.attrs['n']} symbols; {diagnosis.sizes['step']} records. {said} Merged: closer at the end than "
        f"{below:g} of the rms distance between classes.{some}"
    )
