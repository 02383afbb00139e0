"""The induction gap: how far each decoder's networks stay below the ideal learner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput
from validation.report.canvas import finish, house_style
from validation.report.intervals import NORMAL_95
from validation.report.labels import decimal, mode_label, plain, relation_label, sample_sizes
from validation.report.palette import THEORY, mode_style
from validation.report.rows import Rows
from validation.report.table import require_variables

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DEFINITION = (
    "Gap: the ideal learner's accuracy over all pairs minus the networks', mean over the measured range of p. "
    "Bars: 95% intervals (1.96 standard errors)."
)


def gap_figure(measured: xr.Dataset) -> Figure:
    """Draw the induction gap of each decoder mode on each relation, with its 95% interval.

    Parameters
    ----------
    measured : xarray.Dataset
        gap, the mean accuracy deficit against the ideal learner over the measured range of training fractions, and
        gap_error, its standard error, both over (relation, mode); nan where not run. Of its attributes, n, seeds and
        steps are named under the figure.

    Returns
    -------
    Figure
        One row of dots a relation, one colour and marker a mode; 0 is the ideal learner.

    Raises
    ------
    InvalidInput
        When a variable is missing or every gap is nan.

    Examples
    --------
    >>> from validation.report import specimen
    >>> figure = gap_figure(specimen.specimen_measured())
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()][:2]
    ['equal modulo 3', 'equal modulo 5']
    """
    require_variables("measured", measured, dict.fromkeys(("gap", "gap_error"), ("relation", "mode")))
    run = measured["gap"].transpose("relation", "mode").notnull()
    if not run.any():
        raise InvalidInput("measured must hold a gap that is not nan; got none")
    measured = measured.isel(relation=run.any("mode").values, mode=run.any("relation").values)
    modes = [str(mode) for mode in measured["mode"].values]
    relations = [str(relation) for relation in measured["relation"].values]
    rows = Rows(relations, len(modes))
    with house_style():
        figure, axes = rows.new_figure(-(-len(modes) // 3))
        handles = [
            _draw_mode(
                axes, measured["gap"].sel(mode=mode), measured["gap_error"].sel(mode=mode), rows.centres + rows.place(k)
            )
            for k, mode in enumerate(modes)
        ]
        axes.axvline(0, color=THEORY, linewidth=1.3)
        rows.label(axes)
        axes.set_xlim(left=min(0.0, axes.get_xlim()[0]))
        axes.set_xlabel("induction gap (accuracy below the ideal learner)")
        finish(
            figure,
            question="How far do networks stay below the ideal learner?",
            answer=_answer(measured),
            note=sample_sizes(measured.attrs) + DEFINITION,
            handles=handles,
        )
    return figure


def _draw_mode(axes: Axes, gap: xr.DataArray, error: xr.DataArray, places: NDArray[np.float64]) -> Artist:
    mode = str(gap["mode"].values)
    style = mode_style(mode)
    container: Artist = axes.errorbar(  # type: ignore[assignment]
        gap.values,
        places,
        xerr=NORMAL_95 * error.values,
        color=style.colour,
        marker=style.marker,
        linestyle="none",
        markersize=5,
        elinewidth=1.2,
        label=mode_label(mode),
    )
    return container


def _answer(measured: xr.Dataset) -> str:
    gaps = measured["gap"].stack(case=("relation", "mode")).dropna("case")
    ends = [("Largest", gaps[int(gaps.argmax("case"))]), ("smallest", gaps[int(gaps.argmin("case"))])]
    return (
        "; ".join(
            f"{word} gap: {decimal(float(gap), 2)} ({mode_label(str(gap['mode'].values))} on "
            f"“{plain(relation_label(str(gap['relation'].values)))}”)"
            for word, gap in ends
        )
        + "."
    )
