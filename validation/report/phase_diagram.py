"""Phases of learning over the two learning rates, with the fitted boundary and the theory's lines."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput
from validation.report.canvas import finish, house_style, new_figure
from validation.report.labels import decimal, plain, relation_label, sample_sizes
from validation.report.palette import BLUE, ORANGE, THEORY, VERMILLION, Style, ordered_style
from validation.report.table import require_variables

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Four lightnesses as well as four hues: light blue, dark blue, orange and nearly black.
PHASE_COLOURS = {"generalization": "#A6D8F5", "grokking": BLUE, "memorization": ORANGE, "confusion": "#333333"}
PREDICTION_DASHES = ((0, ()), (0, (5, 1.5)), (0, (3, 1.2, 1, 1.2)), (0, (1.2, 1.2)))
LINES = tuple(f"{end}_{rate}" for end in ("line", "low", "high") for rate in ("eta_encoder", "eta_decoder"))
CELL = ("eta_encoder", "eta_decoder")
FORM: dict[str, tuple[str, ...]] = {
    "share": (*CELL, "phase"),
    "generalizing": CELL,
    "learned": CELL,
    **dict.fromkeys(LINES, ("place",)),
    "predicted_log_ratio": ("prediction",),
}
LIGHT_FROM = 0.55
"""Where viridis turns light enough for black digits."""


def phase_diagram_figure(data: xr.Dataset) -> Figure:
    """Draw how often each phase occurs in every cell (left), and how many learning networks generalize (right).

    Parameters
    ----------
    data : xarray.Dataset
        share over (eta_encoder, eta_decoder, phase), nan where not run, with the four phases of
        `validation.measure.PHASES`; generalizing and learned over (eta_encoder, eta_decoder): how many networks
        generalize of how many that learned their training pairs; line_eta_encoder, line_eta_decoder and the same with
        `low_` and `high_` over (place): the fitted boundary and the ends of its interval, nan without a fit;
        predicted_log_ratio over (prediction), with a coordinate words. Attributes relation, optimizer, weight_decay,
        n, seeds, steps, fraction, delay, and status, slope, slope_low, slope_high, log_ratio, log_ratio_low,
        log_ratio_high, excluded.

    Returns
    -------
    Figure
        Two panels over the same axes, both logarithmic, the encoder's rate to the right, the decoder's upwards.

    Raises
    ------
    InvalidInput
        When a variable or a phase is missing.

    Examples
    --------
    >>> from validation.report import specimen_phases
    >>> figure = phase_diagram_figure(specimen_phases.specimen_phase_diagram())
    >>> [axes.get_xlabel() for axes in figure.axes[:2]]
    ['encoder learning rate', 'encoder learning rate']
    """
    require_variables("data", data, FORM)
    phases = [str(phase) for phase in data["phase"].values]
    if set(phases) != set(PHASE_COLOURS):
        raise InvalidInput(f"data must hold the phases {', '.join(PHASE_COLOURS)}; got {', '.join(phases)}")
    tall = data.sizes["eta_decoder"] / data.sizes["eta_encoder"]
    with house_style():
        figure, (left, right) = new_figure(2.55 + 2.75 * min(max(tall, 0.4), 1.4), ncols=2, sharex=True, sharey=True)
        handles = [*_draw_shares(left, data), *_draw_fit(left, data)]
        _draw_generalizing(right, data)
        _draw_fit(right, data)
        for axes in (left, right):
            _plane(axes, data["eta_encoder"].values, data["eta_decoder"].values)
        handles += _draw_predictions(left, data)
        _spaced(figure)
        left.set_title("share of networks in each phase", loc="left")
        right.set_title("generalizing, of those that learned", loc="left")
        left.set_ylabel("decoder learning rate")
        finish(
            figure,
            question=f"Which learning rates generalize on {_subject(data)}?",
            answer=_answer(data),
            note=_note(data),
            handles=handles,
        )
    return figure


def weight_decay_figure(diagrams: Sequence[xr.Dataset]) -> Figure:
    """Draw the fitted boundaries of several weight decays (left) and their places (right).

    Parameters
    ----------
    diagrams : sequence of xarray.Dataset
        As `phase_diagram_figure` takes them, of one relation and optimiser, at least one; each with another weight
        decay.

    Returns
    -------
    Figure
        Two panels; a weight decay without a fitted boundary is missing in both.

    Raises
    ------
    InvalidInput
        When there is none, or a variable is missing.

    Examples
    --------
    >>> from validation.report import specimen_phases
    >>> figure = weight_decay_figure([specimen_phases.specimen_phase_diagram(decay) for decay in (0.0, 0.1)])
    >>> [axes.get_xlabel() for axes in figure.axes]
    ['encoder learning rate', 'weight decay of the decoder']
    """
    if not diagrams:
        raise InvalidInput("diagrams must hold at least one; got none")
    for data in diagrams:
        require_variables("diagrams", data, FORM)
    first = diagrams[0]
    with house_style():
        figure, (left, right) = new_figure(4.6, ncols=2)
        handles = []
        for index, data in enumerate(diagrams):
            style = ordered_style(index, len(diagrams))
            label = f"weight decay {data.attrs['weight_decay']:g}"
            handles += _draw_fit(left, data, colour=style.colour, dashes=style.dashes, label=label, filled=True)
            _draw_place(right, index, data, style)
        _plane(left, first["eta_encoder"].values, first["eta_decoder"].values)
        _spaced(figure)
        left.set_title("fitted boundaries, 95% intervals", loc="left")
        left.set_ylabel("decoder learning rate")
        right.set_title("its place, in mid-grid", loc="left")
        right.set_xticks(range(len(diagrams)), [f"{data.attrs['weight_decay']:g}" for data in diagrams])
        right.set_xlim(-0.5, len(diagrams) - 0.5)
        right.set_xlabel("weight decay of the decoder")
        right.set_ylabel(r"$\log_{10}$(decoder rate / encoder rate)")
        right.set_ylim(*_ratios_of_the_grid(first))
        finish(
            figure,
            question=f"Does weight decay move the boundary of {_subject(first, decay=False)}?",
            answer=_places_in_words(diagrams),
            note=_note(first, cells=False),
            handles=handles,
        )
    return figure


def _draw_place(axes: Axes, index: int, data: xr.Dataset, style: Style) -> None:
    """Draw the place of a boundary with its interval; what leaves the grid becomes an arrow at its edge."""
    place, low, high = (data.attrs[f"log_ratio{end}"] for end in ("", "_low", "_high"))
    if not np.isfinite(place):
        return
    lowest, highest = _ratios_of_the_grid(data)
    bottom, top = max(low, lowest), min(high, highest)
    axes.plot([index, index], [bottom, top], color=style.colour, linewidth=1.2)
    for end, beyond, marker in ((bottom, low < lowest, "v"), (top, high > highest, "^")):
        axes.plot(index, end, marker if beyond else "_", color=style.colour, markersize=5, clip_on=False)
    if lowest <= place <= highest:
        axes.plot(index, place, style.marker, color=style.colour, markersize=5)


def _draw_shares(axes: Axes, data: xr.Dataset) -> list[Artist]:
    """Fill every cell with its phases, side by side, each as wide as its share."""
    from matplotlib.collections import PolyCollection
    from matplotlib.patches import Patch

    across, up = (np.log(_edges(data[name].values)) for name in CELL)
    handles: list[Artist] = []
    done = np.zeros((data.sizes["eta_encoder"], data.sizes["eta_decoder"]))
    for phase, colour in PHASE_COLOURS.items():
        share = data["share"].sel(phase=phase).transpose(*CELL).fillna(0).values
        boxes = []
        for i, j in np.argwhere(share > 0):
            ends = across[i] + (across[i + 1] - across[i]) * np.array([done[i, j], done[i, j] + share[i, j]])
            corners = [(ends[0], up[j]), (ends[1], up[j]), (ends[1], up[j + 1]), (ends[0], up[j + 1])]
            boxes.append(np.exp(corners))
        axes.add_collection(PolyCollection(boxes, facecolors=colour, linewidths=0), autolim=False)
        done += share
        handles.append(Patch(facecolor=colour, label=phase))
    _draw_grid(axes, data)
    return handles


def _draw_grid(axes: Axes, data: xr.Dataset) -> None:
    for name, line in (("eta_encoder", axes.axvline), ("eta_decoder", axes.axhline)):
        for edge in _edges(data[name].values):
            line(edge, color="white", linewidth=1.0, zorder=1.5)


def _draw_generalizing(axes: Axes, data: xr.Dataset) -> None:
    import matplotlib

    wins, learned = (data[name].transpose(*CELL).values for name in ("generalizing", "learned"))
    share = np.divide(wins, learned, out=np.full(wins.shape, np.nan), where=learned > 0)
    colours = matplotlib.colormaps["viridis"].with_extremes(bad="#EDEDED")
    encoder, decoder = (data[name].values for name in CELL)
    axes.pcolormesh(_edges(encoder), _edges(decoder), share.T, cmap=colours, vmin=0, vmax=1, linewidth=0)
    _draw_grid(axes, data)
    for i, j in itertools.product(range(encoder.size), range(decoder.size)):
        dark = np.isnan(share[i, j]) or share[i, j] > LIGHT_FROM
        text = f"{wins[i, j]:.0f}/{learned[i, j]:.0f}" if learned[i, j] else "–"
        look: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 6, "zorder": 4}
        axes.text(encoder[i], decoder[j], text, color="black" if dark else "white", **look)


def _draw_fit(
    axes: Axes,
    data: xr.Dataset,
    colour: str = VERMILLION,
    dashes: Any = "-",
    label: str = "fitted boundary, 95%",
    filled: bool = False,
) -> list[Artist]:
    """Draw the fitted line with its interval, filled or as two thin lines; nothing where there is none."""
    places = data[list(LINES)].dropna("place")
    if not places.sizes["place"]:
        return []
    ends = {name: places[name].values for name in LINES}
    if filled:
        band = [np.concatenate([ends[f"low_{rate}"], ends[f"high_{rate}"][::-1]]) for rate in CELL]
        axes.fill(*band, facecolor=colour, alpha=0.25, linewidth=0, zorder=2)
    else:
        for end in ("low", "high"):
            edge = ends[f"{end}_eta_encoder"], ends[f"{end}_eta_decoder"]
            axes.plot(*edge, color=colour, linewidth=0.8, zorder=3, path_effects=_halo(2.0))
    line = axes.plot(
        ends["line_eta_encoder"],
        ends["line_eta_decoder"],
        color=colour,
        linestyle=dashes,
        linewidth=1.8,
        label=label,
        zorder=3,
        path_effects=_halo(),
    )
    return list(line)


def _draw_predictions(axes: Axes, data: xr.Dataset) -> list[Artist]:
    """Draw a line of slope +1 for each predicted ratio, and say which lie outside of the grid."""
    from matplotlib.lines import Line2D

    handles: list[Artist] = []
    span = np.array(axes.get_xlim())
    bottom, top = axes.get_ylim()
    shown = data.dropna("prediction", subset=["predicted_log_ratio"])
    for index, (ratio, words) in enumerate(
        zip(10 ** shown["predicted_log_ratio"].values, shown["words"].values, strict=True)
    ):
        look: dict[str, Any] = {"color": THEORY, "linestyle": PREDICTION_DASHES[index % len(PREDICTION_DASHES)]}
        outside = bool(ratio * span[1] <= bottom or ratio * span[0] >= top)
        if not outside:
            axes.plot(span, ratio * span, linewidth=1.2, zorder=2.5, path_effects=_halo(), **look)
        text = f"{words}: {decimal(ratio, 2)}" + " (outside)" * outside
        handles.append(Line2D([], [], linewidth=1.2, label=text, **look))
    axes.set_xlim(*span)
    axes.set_ylim(bottom, top)
    return handles


def _halo(width: float = 3.2) -> list[Any]:
    from matplotlib.patheffects import Normal, Stroke

    return [Stroke(linewidth=width, foreground="white", alpha=0.8), Normal()]


def _spaced(figure: Figure) -> None:
    """Keep panels of fixed proportions away from the lines above and below them."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.set(h_pad=0.09)  # type: ignore[call-arg]


def _plane(axes: Axes, encoder: NDArray[np.float64], decoder: NDArray[np.float64]) -> None:
    """Make both axes logarithmic with equal decades, ending where the cells end."""
    axes.set(xscale="log", yscale="log", xlabel="encoder learning rate")
    for axis, rates in ((axes.xaxis, encoder), (axes.yaxis, decoder)):
        axis.set_ticks(rates, labels=[_rate(rate) for rate in rates], fontsize=7)
        axis.set_ticks([], minor=True)
    axes.set_xlim(*_edges(encoder)[[0, -1]])
    axes.set_ylim(*_edges(decoder)[[0, -1]])
    axes.set_aspect("equal")
    axes.grid(visible=False)


def _edges(rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where cells meet: half-way between neighbours in the logarithm, and as far beyond the ends."""
    logs = np.log(rates)
    inner = (logs[1:] + logs[:-1]) / 2
    outer = [2 * logs[0] - inner[0]], inner, [2 * logs[-1] - inner[-1]]
    return np.asarray(np.exp(np.concatenate(outer)))


def _rate(rate: float) -> str:
    if 0.01 <= rate < 1000:
        return f"{rate:g}"
    digits, power = f"{rate:.0e}".split("e")
    return f"{digits}e{int(power)}".replace("-", "−")


def _subject(data: xr.Dataset, decay: bool = True) -> str:
    shown = f", weight decay {data.attrs['weight_decay']:g}" if decay and data.attrs["weight_decay"] else ""
    return f"“{plain(relation_label(data.attrs['relation']))}” ({data.attrs['optimizer']}{shown})"


def _places_in_words(diagrams: Sequence[xr.Dataset]) -> str:
    words = []
    for data in diagrams:
        place, (lowest, highest) = data.attrs["log_ratio"], _ratios_of_the_grid(data)
        seen = decimal(place, 2) if lowest <= place <= highest else "off the grid" if np.isfinite(place) else "none"
        words.append(f"{seen} (weight decay {data.attrs['weight_decay']:g})")
    return f"Place of the boundary, below which most networks that learn generalize: {', '.join(words)}."


def _answer(data: xr.Dataset) -> str:
    a = data.attrs
    if not np.isfinite(a["log_ratio"]):
        return f"No boundary between generalization and memorization in this grid: {a['status']}."
    slope = _interval(a["slope"], a["slope_low"], a["slope_high"])
    place = _interval(a["log_ratio"], a["log_ratio_low"], a["log_ratio_high"], *_ratios_of_the_grid(data))
    return f"Boundary: slope {slope}, theory: 1; log10(decoder rate / encoder rate) {place}."


def _interval(value: float, low: float, high: float, lowest: float = -np.inf, highest: float = np.inf) -> str:
    """Return a number with its interval; an end beyond what the grid can tell is not given as a number."""
    if not np.isfinite([low, high]).all():
        return f"{decimal(value, 2)} (not bounded)"
    ends = [decimal(end, 2) if lowest <= end <= highest else "off the grid" for end in (low, high)]
    return f"{decimal(value, 2)} ({ends[0]} to {ends[1]})"


def _ratios_of_the_grid(data: xr.Dataset) -> tuple[float, float]:
    """Return log10 of the least and the largest ratio of rates in the grid's cells."""
    encoder, decoder = (np.log10(_edges(data[name].values)) for name in CELL)
    return float(decoder[0] - encoder[-1]), float(decoder[-1] - encoder[0])


def _note(data: xr.Dataset, cells: bool = True) -> str:
    a = data.attrs
    sizes = sample_sizes({"n": a["n"], "seeds": a["seeds"], "steps": a["steps"]})
    text = f"{sizes}Training fraction {a['fraction']:g}. "
    if not cells:
        return (
            f"{text}95% intervals: the widest of seeds resampled, likelihood, and grid. Arrows: beyond the ratios of "
            "the grid; a place beyond them is not drawn."
        )
    return (
        f"{text}Seeds are those of each cell. Grokking: held-out accuracy above 0.9 at least {a['delay']} steps after "
        f"training accuracy. Right: networks that generalize or grok, of those that learned their training pairs; "
        f"{a['excluded']} did not and are left out of the fit. Ratios in the legend: "
        "decoder rate / encoder rate; that of the boundary is taken in the middle of the grid."
    )
