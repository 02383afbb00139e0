"""Phases of learning over the decoder's rate and weight decay, and what random training sets allow."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput
from validation.report.canvas import finish, house_style, new_figure
from validation.report.labels import decimal, plain
from validation.report.palette import BLUE, THEORY, VERMILLION
from validation.report.phase_diagram import LIGHT_FROM, PHASE_COLOURS
from validation.report.table import require_variables

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CELL, DECAY = ("eta_decoder", "weight_decay_decoder"), ("weight_decay_decoder",)
FORM: dict[str, tuple[str, ...]] = {
    "share": (*CELL, "phase"),
    "memorizing": CELL,
    "learned": CELL,
    **dict.fromkeys(("half_rate", "half_rate_low", "half_rate_high"), DECAY),
}
SPLITS_FORM = dict.fromkeys(("networks", "generalizing", "share", "low", "high"), ("ideal_accuracy",))
LETTERS = {"generalization": "C", "grokking": "G", "memorization": "M", "confusion": "X"}
"""C: comprehension, the paper's word for generalization."""
MOST_NAMED = 4
"""Rates that the answer names one by one."""
CAP = 0.16
"""Half the height of the bar at the end of an interval, in rows."""


def decay_diagram_figure(data: xr.Dataset) -> Figure:
    """Draw how often each phase occurs in every cell (left), and how many of the learning networks memorize (right).

    Parameters
    ----------
    data : xarray.Dataset
        share over (eta_decoder, weight_decay_decoder, phase), with the four phases of `validation.measure.PHASES`;
        memorizing and learned over (eta_decoder, weight_decay_decoder): how many networks memorize of how many that
        learned their training pairs; half_rate, half_rate_low and half_rate_high over (weight_decay_decoder): the rate
        at which half of them do and its interval, nan where there is none; optionally released over (eta_decoder,
        weight_decay_decoder): a published phase, or "". Attributes diagram, label, kind, replicates, steps, delay.

    Returns
    -------
    Figure
        Two panels over the same axes: the decoder's rate to the right, its weight decays upwards, a row each.

    Raises
    ------
    InvalidInput
        When a variable or a phase is missing.

    Examples
    --------
    >>> from validation.report.specimen_grokking_phases import specimen_decay_diagram
    >>> figure = decay_diagram_figure(specimen_decay_diagram())
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['weight decay of the decoder', '']
    """
    require_variables("data", data, FORM)
    phases = [str(phase) for phase in data["phase"].values]
    if set(phases) != set(PHASE_COLOURS):
        raise InvalidInput(f"data must hold the phases {', '.join(PHASE_COLOURS)}; got {', '.join(phases)}")
    with house_style():
        figure, (left, right) = new_figure(2.3 + 0.3 * max(data.sizes[CELL[1]], 3), ncols=2, sharex=True, sharey=True)
        handles = _draw_shares(left, data)
        _draw_memorizing(right, data)
        for axes in (left, right):
            _plane(axes, data)
            _draw_half_rates(axes, data)
        handles += _further_handles(data)
        left.set_title("share of networks in each phase", loc="left")
        right.set_title("memorizing, of those that learned", loc="left")
        left.set_ylabel("weight decay of the decoder")
        finish(
            figure,
            question=f"Which decoders memorize, and which learn nothing? ({plain(data.attrs['label'])})",
            answer=_answer(data),
            note=_note(data),
            handles=handles,
        )
    return figure


def splits_figure(data: xr.Dataset) -> Figure:
    """Draw how many networks generalize against what their training set implies.

    Parameters
    ----------
    data : xarray.Dataset
        networks, generalizing, share, low and high over (ideal_accuracy). Attributes steps, networks, hopeless (the
        share of training sets that cannot tell) and failed (that of networks that do not generalize).

    Returns
    -------
    Figure
        One panel; points are labelled with their counts.

    Raises
    ------
    InvalidInput
        When a variable is missing.

    Examples
    --------
    >>> from validation.report.specimen_grokking_phases import specimen_splits
    >>> figure = splits_figure(specimen_splits())
    >>> figure.axes[0].get_xlabel()
    'ideal accuracy on held-out pairs, from the training set alone'
    """
    require_variables("data", data, SPLITS_FORM)
    ideal, share = data["ideal_accuracy"].values, data["share"].values
    errors = np.clip([share - data["low"].values, data["high"].values - share], 0, None)
    with house_style():
        figure, axes = new_figure(3.3)
        axes.axvspan(-0.05, 0.85, color="#F4F4F4", linewidth=0, zorder=0)
        axes.axvline(0.85, color=THEORY, linewidth=1.0)
        axes.errorbar(ideal, share, yerr=errors, color=BLUE, marker="o", linestyle="none", elinewidth=1.0, capsize=2)
        for x, y, won, run in zip(ideal, share, data["generalizing"].values, data["networks"].values, strict=True):
            axes.annotate(f"{won}/{run}", (x, y), (5, 3), textcoords="offset points", fontsize=6.5)
        axes.text(0.843, 0.9, "cannot be told", ha="right", fontsize=7)
        axes.text(0.857, 0.9, "can", ha="left", fontsize=7)
        axes.set_xlim(min(0.45, float(ideal.min()) - 0.05), 1.06)
        axes.set_ylim(-0.03, 1.03)
        axes.set_xlabel("ideal accuracy on held-out pairs, from the training set alone")
        axes.set_ylabel("share that generalizes or groks")
        a = data.attrs
        finish(
            figure,
            question="Do networks generalize from training sets that cannot tell?",
            answer=f"{a['failed']:.0%} of these networks do not generalize; {a['hopeless']:.0%} of all training sets "
            "of this size cannot tell nine of ten held-out pairs.",
            note=f"{a['networks']} networks, each on 45 of 55 sums of its own; {a['steps']} training steps; encoder "
            "rate 1e−3, decoder rate 1e−4, no weight decay. Bars: Wilson 95% intervals.",
        )
    return figure


def _draw_shares(axes: Axes, data: xr.Dataset) -> list[Artist]:
    """Fill every cell with its phases, side by side, each as wide as its share; and name the published phase."""
    from matplotlib.collections import PolyCollection
    from matplotlib.patches import Patch

    across = np.log(_edges(data[CELL[0]].values))
    done = np.zeros((data.sizes[CELL[0]], data.sizes[CELL[1]]))
    handles: list[Artist] = []
    for phase, colour in PHASE_COLOURS.items():
        share = data["share"].sel(phase=phase).transpose(*CELL).fillna(0).values
        boxes = []
        for i, j in np.argwhere(share > 0):
            ends = across[i] + (across[i + 1] - across[i]) * np.array([done[i, j], done[i, j] + share[i, j]])
            low, high = np.exp(ends)
            boxes.append([(low, j - 0.5), (high, j - 0.5), (high, j + 0.5), (low, j + 0.5)])
        axes.add_collection(PolyCollection(boxes, facecolors=colour, linewidths=0), autolim=False)
        done += share
        handles.append(Patch(facecolor=colour, label=phase))
    if "released" in data:
        _draw_letters(axes, data)
    return handles


def _draw_letters(axes: Axes, data: xr.Dataset) -> None:
    from matplotlib.patheffects import Normal, Stroke

    released = data["released"].transpose(*CELL).values
    for i, j in np.ndindex(released.shape):
        look: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 6.5, "weight": "bold", "zorder": 4}
        halo = [Stroke(linewidth=1.8, foreground="white"), Normal()]
        letter = LETTERS.get(str(released[i, j]), "")
        axes.text(float(data[CELL[0]].values[i]), j - 0.22, letter, path_effects=halo, **look)


def _draw_memorizing(axes: Axes, data: xr.Dataset) -> None:
    import matplotlib

    wins, learned = (data[name].transpose(*CELL).values for name in ("memorizing", "learned"))
    share = np.divide(wins, learned, out=np.full(wins.shape, np.nan), where=learned > 0)
    colours = matplotlib.colormaps["viridis"].with_extremes(bad="#EDEDED")
    rates, decays = (data[name].values for name in CELL)
    rows = np.arange(decays.size + 1) - 0.5
    axes.pcolormesh(_edges(rates), rows, share.T, cmap=colours, vmin=0, vmax=1, linewidth=0)
    for i, j in itertools.product(range(rates.size), range(decays.size)):
        dark = np.isnan(share[i, j]) or share[i, j] > LIGHT_FROM
        text = f"{wins[i, j]:.0f}/{learned[i, j]:.0f}" if learned[i, j] else "–"
        look: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 6 if rates.size < 10 else 4.5, "zorder": 4}
        axes.text(rates[i], j - 0.22, text, color="black" if dark else "white", **look)


def _draw_half_rates(axes: Axes, data: xr.Dataset) -> None:
    """Draw the rate at which half memorize in every row, with its interval, cut off where the axis ends."""
    from matplotlib.patheffects import Normal, Stroke

    halo = [Stroke(linewidth=3.2, foreground="white", alpha=0.8), Normal()]
    first, last = _edges(data[CELL[0]].values)[[0, -1]]
    for j in range(data.sizes[CELL[1]]):
        middle, low, high = (float(data[name].values[j]) for name in ("half_rate", "half_rate_low", "half_rate_high"))
        if np.isnan(middle):
            continue
        ends = max(low, first), min(high, last)
        look: dict[str, Any] = {"color": VERMILLION, "path_effects": halo, "zorder": 3, "linewidth": 1.4}
        axes.plot(ends, [j + 0.22] * 2, **look)
        for end, inside in ((ends[0], low >= first), (ends[1], high <= last)):
            if inside:
                axes.plot([end] * 2, [j + 0.22 - CAP, j + 0.22 + CAP], **look)
        axes.plot(middle, j + 0.22, "o", color=VERMILLION, markeredgecolor="white", markersize=5, zorder=3.5)


def _further_handles(data: xr.Dataset) -> list[Artist]:
    from matplotlib.lines import Line2D

    label = "half memorize, 95%"
    handles: list[Artist] = [Line2D([], [], color=VERMILLION, marker="o", markersize=4, linewidth=1.4, label=label)]
    if "released" in data:
        shown = "letters: released network (C: generalization)"
        handles.append(Line2D([], [], color="none", marker="$G$", markerfacecolor=THEORY, mew=0, label=shown))
    return handles


def _plane(axes: Axes, data: xr.Dataset) -> None:
    rates, decays = (data[name].values for name in CELL)
    axes.set(xscale="log", xlabel="decoder learning rate")
    axes.xaxis.set_ticks(rates, labels=[_rate(rate) for rate in rates], fontsize=7 if rates.size < 8 else 5.5)
    if rates.size >= 8:
        axes.tick_params(axis="x", labelrotation=60)
    axes.xaxis.set_ticks([], minor=True)
    axes.set_yticks(range(decays.size), [f"{decay:g}" for decay in decays], fontsize=7)
    axes.set_xlim(*_edges(rates)[[0, -1]])
    axes.set_ylim(-0.5, decays.size - 0.5)
    axes.grid(visible=False)
    for edge in _edges(rates)[1:-1]:
        axes.axvline(edge, color="white", linewidth=1.0, zorder=1.5)
    for j in range(decays.size - 1):
        axes.axhline(j + 0.5, color="white", linewidth=1.0, zorder=1.5)


def _edges(rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where cells meet: half-way between neighbours in the logarithm, and as far beyond the ends."""
    logs = np.log(rates)
    inner = (logs[1:] + logs[:-1]) / 2
    return np.asarray(np.exp(np.concatenate([[2 * logs[0] - inner[0]], inner, [2 * logs[-1] - inner[-1]]])))


def _rate(rate: float) -> str:
    digits, power = f"{rate:.1e}".split("e")
    return f"{float(digits):g}e{int(power)}".replace("-", "−")


def _answer(data: xr.Dataset) -> str:
    seen = [
        f"{decimal(float(rate), 2) if rate >= 1e-2 else _rate(float(rate))} (decay {decay:g})"
        for rate, decay in zip(data["half_rate"].values, data[CELL[1]].values, strict=True)
        if np.isfinite(rate)
    ]
    if not seen:
        return "No decoder rate in this grid at which half of the networks memorize."
    shown = ", ".join(seen) if len(seen) <= MOST_NAMED else f"{seen[0]} ... {seen[-1]}"
    return f"Half of the networks that learn memorize at a decoder rate of {shown}."


def _note(data: xr.Dataset) -> str:
    a = data.attrs
    released = " Letters: the phase of the one released network, after 100000 steps." if "released" in data else ""
    kind = plain(str(a["kind"]))
    return (
        f"{kind[:1].upper()}{kind[1:]}; {a['replicates']} networks a cell; {a['steps']} training steps; encoder rate "
        f"1e−3. Grokking: held-out accuracy 0.9 at least {a['delay']} steps after training accuracy. Right: networks "
        f"that memorize, of those that learned their training pairs.{released}"
    )
