"""How often repons collapse against the ratio of their learning rates, beside the laws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from geneft_theory.errors import InvalidInput
from validation.report.canvas import finish, house_style, new_figure
from validation.report.palette import BLUE, BLUISH_GREEN, ORANGE, QUIET, REDDISH_PURPLE, THEORY, VERMILLION
from validation.report.table import require_variables

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DIMENSIONS = ("case", "ratio")
FINE = ("fine_law", "fine_law_forever", "fine_bound")
SERIES = (
    (BLUE, "o", ()),
    (VERMILLION, "s", (5, 1.5)),
    (BLUISH_GREEN, "^", (3, 1.2, 1, 1.2)),
    (REDDISH_PURPLE, "D", (1.2, 1.2)),
    (ORANGE, "v", (7, 1.5, 1, 1.5, 1, 1.5)),
)
DOTTED = (0, (1, 2))
ASIDE = 1.1
"""The factor in ratio between points of neighbouring cases where they would cover each other."""
RATIO_LABEL = r"ratio of learning rates $\eta_\mathrm{decoder}/\eta_\mathrm{encoder}$"
TIME_UNIT = "1/√(eta_decoder eta_encoder)"


def collapse_data(results: xr.Dataset, theory: xr.Dataset, cases: Sequence[str]) -> xr.Dataset:
    """Return the numbers that `collapse_figure` draws; the first three parameters are the same.

    Returns
    -------
    xarray.Dataset
        probability with its Wilson 95% interval low and high, law, law_forever, difference (probability minus law)
        over (case, ratio), and the fine laws over (case, fine_ratio).

    Examples
    --------
    >>> from validation.report import specimen_repons
    >>> data = collapse_data(*specimen_repons.specimen_collapse(), ["pair"])
    >>> bool((data["low"] <= data["probability"]).all())
    True
    """
    from validation.measure import wilson_interval

    require_variables("results", results, {"collapsed": DIMENSIONS})
    require_variables("theory", theory, dict.fromkeys(("law", "law_forever", "bound"), DIMENSIONS))
    require_variables("theory", theory, dict.fromkeys(FINE, ("case", "fine_ratio")))
    if not len(cases):
        raise InvalidInput("cases must name at least one; got none")
    counts, draws = results["collapsed"].sel(case=list(cases)).transpose(*DIMENSIONS), int(results.attrs["draws"])
    intervals = np.array([wilson_interval(int(count), draws) for count in counts.values.ravel()])
    low, high = intervals.T.reshape(2, *counts.shape)
    data = theory.sel(case=list(cases))
    data["probability"] = counts / draws
    data["low"], data["high"] = (DIMENSIONS, low), (DIMENSIONS, high)
    data["difference"] = data["probability"] - data["law"]
    return data.assign_attrs(results.attrs)


def collapse_figure(
    results: xr.Dataset,
    theory: xr.Dataset,
    labels: Mapping[str, str],
    *,
    question: str,
    answer: str,
    law: str,
    horizon: float,
) -> Figure:
    """Draw P(collapse) against the ratio of learning rates (left), and its difference from the law (right).

    Parameters
    ----------
    results : xarray.Dataset
        collapsed, counts over (case, ratio); attributes draws, separation and learning_rate.
    theory : xarray.Dataset
        law, law_forever and bound over (case, ratio); fine_law, fine_law_forever and fine_bound over
        (case, fine_ratio).
    labels : mapping of str to str
        The cases to draw, at most five, with their names in words.
    question, answer : str
        The title line and what the data say.
    law : str
        The formula's name, for the legend.
    horizon : float
        How long these cases were trained.

    Returns
    -------
    Figure
        Points with 95% intervals; the law at the horizon in black, after infinite time in grey, a bound dotted.

    Raises
    ------
    InvalidInput
        When a variable is missing, or there are no cases or more than five.

    Examples
    --------
    >>> from validation.report import specimen_repons
    >>> made_up = specimen_repons.specimen_collapse()
    >>> words = {"question": "How often?", "answer": "Often.", "law": "arctangent law", "horizon": 100.0}
    >>> figure = collapse_figure(*made_up, {"pair": "a pair"}, **words)
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['probability of collapse', 'measured probability minus law']
    """
    if len(labels) > len(SERIES):
        raise InvalidInput(f"labels must name at most {len(SERIES)} cases; got {len(labels)}")
    data = collapse_data(results, theory, list(labels))
    law_of_all = bool(np.allclose(data["fine_law"], data["fine_law"].isel(case=0), rtol=0, atol=1e-12))
    with house_style():
        figure, (left, right) = new_figure(4.0 + 0.16 * (len(labels) // 2), ncols=2, width_ratios=(1, 1))
        for index, case in enumerate(labels):
            _draw_law(left, data.sel(case=case), () if law_of_all else SERIES[index][2])
            _draw_points(left, right, data.sel(case=case), index, len(labels))
        right.axhline(0, color=THEORY, linewidth=1.0)
        for axes in (left, right):
            axes.set_xscale("log")
            axes.set_xlabel(RATIO_LABEL)
        left.set_ylim(-0.03, 1.03)
        left.set_ylabel("probability of collapse")
        right.set_ylabel("measured probability minus law")
        handles = _case_handles(labels, law_of_all=law_of_all) + _law_handles(law, data)
        finish(figure, question=question, answer=answer, note=_note(data, horizon), handles=handles, columns=2)
    return figure


def _draw_law(axes: Axes, data: xr.Dataset, dashes: tuple[float, ...]) -> None:
    fine, style = data["fine_ratio"], (0, dashes)
    axes.plot(fine, data["fine_law_forever"], color=QUIET, linewidth=0.7, alpha=0.6, linestyle=style)
    axes.plot(fine, data["fine_law"], color=THEORY, linewidth=1.1, linestyle=style)
    if data["fine_bound"].notnull().all():
        axes.plot(fine, data["fine_bound"], color=QUIET, linewidth=1.0, linestyle=DOTTED)


def _draw_points(left: Axes, right: Axes, data: xr.Dataset, index: int, count: int) -> None:
    colour, marker, _ = SERIES[index]
    below, above = data["probability"] - data["low"], data["high"] - data["probability"]
    aside = ASIDE ** (index - (count - 1) / 2)
    for axes, centre, factor in ((left, data["probability"], 1.0), (right, data["difference"], aside)):
        axes.errorbar(
            data["ratio"] * factor,
            centre,
            yerr=np.clip([below, above], 0, None),
            color=colour,
            marker=marker,
            markersize=3.8,
            linestyle="none",
            elinewidth=1.0,
        )


def _case_handles(labels: Mapping[str, str], *, law_of_all: bool) -> list[Artist]:
    from matplotlib.lines import Line2D

    return [
        Line2D(
            [],
            [],
            color=THEORY,
            linestyle="none" if law_of_all else (0, dashes),
            marker=marker,
            mfc=colour,
            mec=colour,
            label=label,
        )
        for label, (colour, marker, dashes) in zip(labels.values(), SERIES, strict=False)
    ]


def _law_handles(law: str, data: xr.Dataset) -> list[Artist]:
    from matplotlib.lines import Line2D

    handles: list[Artist] = [
        Line2D([], [], color=THEORY, linewidth=1.1, label=f"{law} at the horizon"),
        Line2D([], [], color=QUIET, linewidth=0.7, alpha=0.6, label=f"{law} after infinite time"),
    ]
    if data["fine_bound"].notnull().any():
        label = r"bound $1 - (1 + \rho^2)^{-1/2}$ (positive invariant)"
        handles.append(Line2D([], [], color=QUIET, linestyle=DOTTED, label=label))
    return handles


def _note(data: xr.Dataset, horizon: float) -> str:
    attributes = data.attrs
    aside = " On the right the points of several cases are set a little aside." * (data.sizes["case"] > 1)
    return (
        f"{attributes['draws']} members a point, each trained by itself; every ratio has draws of its own, which the "
        f"cases share. Collapse: half-separation below {attributes['separation']:g} at the horizon, time {horizon:g} "
        f"in units of {TIME_UNIT}. Bars: Wilson 95% intervals.{aside}"
    )
