"""Transformers that grok modular addition: what they learn and when, their embeddings, and what shortens the delay."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from validation.report.canvas import finish, house_style, new_figure
from validation.report.palette import BLUE, BLUISH_GREEN, QUIET, THEORY, VERMILLION
from validation.report.table import require_variables

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CURVES = ("train_accuracy", "held_out_accuracy", "effective_dimension", "fourier_concentration")
SPREAD = 0.3
"""How wide, in units of the distance of two conditions, the seeds of one are spread."""


def grokking_learning_figure(data: xr.Dataset, *, question: str, answer: str) -> Figure:
    """Draw accuracies (top), effective dimension (middle) and Fourier concentration (bottom) while training.

    Parameters
    ----------
    data : xarray.Dataset
        train_accuracy, held_out_accuracy, effective_dimension and fourier_concentration over (seed, step);
        steps_to_generalize and dimension_then over seed, nan where a seed did not; attributes modulus, threshold,
        frequencies, chance (the concentration of random embeddings), weight_decay and dropout.
    question, answer : str
        The title line and what the data say.

    Returns
    -------
    Figure
        Seeds as thin lines, their mean as a thick one.

    Raises
    ------
    InvalidInput
        When a variable is missing.

    Examples
    --------
    >>> from validation.report import specimen_transformers
    >>> figure = grokking_learning_figure(specimen_transformers.specimen_learning(), question="When?", answer="Late.")
    >>> len(figure.axes)
    3
    """
    require_variables("data", data, dict.fromkeys(CURVES, ("seed", "step")))
    require_variables("data", data, dict.fromkeys(("steps_to_generalize", "dimension_then"), ("seed",)))
    # A logarithmic axis has no place for the start: it is drawn where half a step would be.
    step = np.where(data["step"].values > 0, data["step"].values, 0.5)
    with house_style():
        figure, (top, middle, bottom) = new_figure(6.2, nrows=3, sharex=True)
        handles = _draw_curves(top, step, data["train_accuracy"], BLUE, (5, 1.5), "training pairs (mean)")
        handles += _draw_curves(top, step, data["held_out_accuracy"], VERMILLION, (), "held-out pairs (mean)")
        handles += _draw_curves(middle, step, data["effective_dimension"], BLUISH_GREEN, (), "embeddings (mean)")
        _draw_curves(bottom, step, data["fourier_concentration"], BLUISH_GREEN, (), "")
        handles += middle.plot(
            data["steps_to_generalize"],
            data["dimension_then"],
            linestyle="none",
            marker="o",
            color=VERMILLION,
            markersize=4,
            label="where a seed generalizes",
        )
        line = bottom.axhline(data.attrs["chance"], color=THEORY, linestyle=(0, (1, 2)), linewidth=1.0)
        line.set_label("random embeddings")
        handles.append(line)
        top.axhline(data.attrs["threshold"], color=QUIET, linewidth=0.7, linestyle=(0, (3, 1.2, 1, 1.2)))
        top.set(ylabel="accuracy", ylim=(-0.03, 1.03), xscale="log")
        middle.set_ylabel("effective dimension")
        bottom.set(ylabel="Fourier concentration", xlabel="training step (start drawn at one half)")
        bottom.set_ylim(0, 1.03)
        finish(figure, question=question, answer=answer, note=_learning_note(data), handles=handles, columns=3)
    return figure


def _draw_curves(
    axes: Axes, step: Any, curves: xr.DataArray, colour: str, dashes: tuple[float, ...], label: str
) -> list[Artist]:
    for curve in curves.transpose("seed", "step").values:
        axes.plot(step, curve, color=colour, linewidth=0.5, alpha=0.45)
    return list(
        axes.plot(step, curves.mean("seed"), color=colour, linewidth=1.8, linestyle=(0, dashes), label=label or None)
    )


def _learning_note(data: xr.Dataset) -> str:
    attributes = data.attrs
    return (
        f"Addition modulo {attributes['modulus']}; {data.sizes['seed']} seeds (thin lines), decoder weight decay "
        f"{attributes['weight_decay']:g}, dropout {attributes['dropout']:g}. Effective dimension: exponential of the "
        "entropy of the embeddings' principal variances. Fourier concentration: share of the embeddings' power at "
        f"their {attributes['frequencies']} strongest frequencies. A seed generalizes at {attributes['threshold']:g} "
        "held-out accuracy."
    )


def grokking_delay_figure(data: xr.Dataset, *, question: str, answer: str) -> Figure:
    """Draw the delay of generalization against the decoder's weight decay (left) and against dropout (right).

    Parameters
    ----------
    data : xarray.Dataset
        delay and beyond over (weight_decay, seed) as delay_by_weight_decay and beyond_by_weight_decay, and the same
        over (dropout, seed): steps from learning the training pairs to generalizing, and whether this is but the rest
        of the budget; nan where the training pairs were not learned. Attributes modulus, threshold, budget,
        resolution (steps), weight_decay and dropout (the usual ones).
    question, answer : str
        The title line and what the data say.

    Returns
    -------
    Figure
        Seeds as points, open triangles where the delay is longer than drawn; medians joined.

    Raises
    ------
    InvalidInput
        When a variable is missing.

    Examples
    --------
    >>> from validation.report import specimen_transformers
    >>> figure = grokking_delay_figure(specimen_transformers.specimen_delays(), question="What helps?", answer="Both.")
    >>> [axes.get_xlabel() for axes in figure.axes]
    ['weight decay of the decoder', 'probability of dropout']
    """
    for name in ("weight_decay", "dropout"):
        require_variables("data", data, {f"{kind}_by_{name}": (name, "seed") for kind in ("delay", "beyond")})
    resolution = data.attrs["resolution"]
    with house_style():
        figure, panels = new_figure(4.0, ncols=2, sharey=True)
        handles: list[Artist] = []
        for axes, name, words in zip(
            panels, ("weight_decay", "dropout"), ("weight decay of the decoder", "probability of dropout"), strict=True
        ):
            handles = _draw_delays(axes, data, name, resolution)
            axes.set_xlabel(words)
            axes.xaxis.set_ticks(range(data.sizes[name]), labels=[f"{value:g}" for value in data[name].values])
            axes.set_xlim(-0.5, data.sizes[name] - 0.5)
        panels[0].set_ylabel("delay of generalization, steps")
        _plain_ticks(panels[0], resolution, max(data.attrs["budget"], 5 * resolution))
        panels[0].set_title(f"dropout {data.attrs['dropout']:g}", loc="left")
        panels[1].set_title(f"decoder weight decay {data.attrs['weight_decay']:g}", loc="left")
        finish(figure, question=question, answer=answer, note=_delay_note(data), handles=handles, columns=3)
    return figure


def _draw_delays(axes: Axes, data: xr.Dataset, name: str, resolution: float) -> list[Artist]:
    delay = np.maximum(data[f"delay_by_{name}"].transpose(name, "seed").values, resolution)
    beyond = data[f"beyond_by_{name}"].transpose(name, "seed").values.astype(bool)
    seeds = delay.shape[1]
    places = np.arange(delay.shape[0])[:, np.newaxis] + SPREAD * (np.arange(seeds) / max(seeds - 1, 1) - 0.5)
    handles: list[Artist] = []
    handles += axes.plot(places[~beyond], delay[~beyond], ".", color=BLUE, alpha=0.6, markersize=5, label="a seed")
    handles += axes.plot(
        places[beyond],
        delay[beyond],
        linestyle="none",
        marker="^",
        mfc="none",
        mec=VERMILLION,
        markersize=4.5,
        label="a seed that had not generalized at the end",
    )
    medians = np.array([_median(*row) for row in zip(delay, beyond, strict=True)])
    handles += axes.plot(
        places.mean(1), medians, color=BLUE, marker="o", linewidth=1.2, mfc="none", markersize=8, label="median"
    )
    return handles


def _plain_ticks(axes: Axes, low: float, high: float) -> None:
    """Make a logarithmic axis from `low` to `high`, with plain numbers."""
    ticks = [digit * 10.0**power for power in range(-1, 8) for digit in (1, 2, 5)]
    ticks = [tick for tick in ticks if low <= tick <= high]
    axes.set_yscale("log")
    axes.yaxis.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    axes.yaxis.set_ticks([], minor=True)
    axes.set_ylim(low / 1.2, 1.2 * high)


def _median(delay: Any, beyond: Any) -> float:
    """Return the median delay, nan where it is one of those that are longer than known."""
    known = np.isfinite(delay)
    ordered = np.sort(np.where(beyond, np.inf, delay)[known])
    median = float(ordered[ordered.size // 2]) if ordered.size else math.nan
    return median if math.isfinite(median) else math.nan


def _delay_note(data: xr.Dataset) -> str:
    attributes = data.attrs
    return (
        f"Addition modulo {attributes['modulus']}; {data.sizes['seed']} seeds a point, {attributes['budget']} training "
        f"steps. Delay: steps from {attributes['threshold']:g} accuracy on the training pairs to the same on the "
        f"others, both without dropout, known to {attributes['resolution']} steps. Triangles stand at the rest of the "
        "training, and the delay is longer. The median counts them as longest and is left out where it is one of them."
    )


def grokking_circle_figure(data: xr.Dataset, *, question: str, answer: str) -> Figure:
    """Draw the plane of a network's two largest principal components (left), and the power by frequency (right).

    Parameters
    ----------
    data : xarray.Dataset
        plane over (symbol, component): a network's symbols at the end; power_at_start and power_at_end over (seed,
        rank): shares of the power of the strongest frequency (rank 1), the second, and so on. Attributes modulus,
        frequency (the strongest in the plane), purity (the share of the plane's power that it has), share (of the
        variance that lies in the plane), weight_decay and dropout, and plane_seed, plane_weight_decay and
        plane_dropout, those of the plane's network.
    question, answer : str
        The title line and what the data say.

    Returns
    -------
    Figure
        Symbols at their places, joined in the order of a circle of that frequency; means over seeds with their range.

    Raises
    ------
    InvalidInput
        When a variable is missing.

    Examples
    --------
    >>> from validation.report import specimen_transformers
    >>> figure = grokking_circle_figure(specimen_transformers.specimen_circle(), question="Circles?", answer="Yes.")
    >>> len(figure.axes)
    2
    """
    require_variables("data", data, {"plane": ("symbol", "component")})
    require_variables("data", data, dict.fromkeys(("power_at_start", "power_at_end"), ("seed", "rank")))
    with house_style():
        figure, (left, right) = new_figure(4.3, ncols=2)
        _draw_plane(left, data)
        handles: list[Artist] = []
        for name, label, colour, marker in (
            ("power_at_start", "at the start (random)", QUIET, "s"),
            ("power_at_end", "at the end", BLUISH_GREEN, "o"),
        ):
            power, rank = data[name], data["rank"].values
            handles += right.plot(rank, power.mean("seed"), color=colour, marker=marker, markersize=3.5, label=label)
            right.fill_between(rank, power.min("seed"), power.max("seed"), color=colour, alpha=0.2, linewidth=0)
        right.set(xlabel="rank of a frequency, strongest first", ylabel="share of the embeddings' power")
        right.set_ylim(bottom=0)
        finish(figure, question=question, answer=answer, note=_circle_note(data), handles=handles, columns=2)
    return figure


def _draw_plane(axes: Axes, data: xr.Dataset) -> None:
    modulus, frequency = int(data.attrs["modulus"]), int(data.attrs["frequency"])
    plane = data["plane"].transpose("symbol", "component").values
    if math.gcd(modulus, frequency) == 1:
        # On a circle of this frequency the neighbour of a symbol is the one whose multiple is one more.
        onward = pow(frequency, -1, modulus)
        order = [(onward * k) % modulus for k in range(modulus + 1)]
        axes.plot(plane[order, 0], plane[order, 1], color=QUIET, linewidth=0.6, alpha=0.6)
    angle = (frequency * np.arange(modulus)) % modulus
    axes.scatter(plane[:, 0], plane[:, 1], c=angle, cmap="twilight", s=70, edgecolors=QUIET, linewidths=0.4, zorder=3)
    for symbol, place in enumerate(plane):
        light = not 0.25 < angle[symbol] / modulus < 0.75
        axes.annotate(
            str(symbol), place, ha="center", va="center", fontsize=5, color=THEORY if light else "white", zorder=4
        )
    axes.set_aspect("equal", adjustable="datalim")
    axes.set(xlabel="principal component 1", ylabel="principal component 2")
    purity, share = data.attrs["purity"], data.attrs["share"]
    axes.set_title(f"{share:.0%} of the variance; {purity:.0%} of it at frequency {frequency}", loc="left")


def _circle_note(data: xr.Dataset) -> str:
    attributes = data.attrs
    return (
        f"Addition modulo {attributes['modulus']}. Left: embeddings of the symbols at the end, of the one network that "
        f"is most concentrated of all (decoder weight decay {attributes['plane_weight_decay']:g}, dropout "
        f"{attributes['plane_dropout']:g}, seed {attributes['plane_seed']}), joined and coloured by their place on a "
        "circle of the frequency that is strongest in this plane. Right: mean over the "
        f"{data.sizes['seed']} seeds that generalized at weight decay {attributes['weight_decay']:g} and dropout "
        f"{attributes['dropout']:g}, shaded from the smallest to the largest."
    )
