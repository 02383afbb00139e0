"""Held-out accuracy against the decoder's depth and width: is there a size that is just right?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geneft_theory.errors import InvalidInput, require_choice, shown
from validation.report.canvas import finish, house_style, new_figure
from validation.report.intervals import replicates, seed_mean
from validation.report.labels import decimal, plain, relation_label, sample_sizes
from validation.report.palette import QUIET, ordered_style
from validation.report.table import require_variables

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RESULTS = ("held_out_accuracy", "train_accuracy")
DIMENSIONS = ("relation", "depth", "width", "fraction", "seed")
MEAN = "held_out_accuracy"
LIGHT_FROM = 0.55
"""Where viridis turns light enough for black digits."""
SMALLEST_RANGE = 0.02


def goldilocks_data(results: xr.Dataset, relation: str | None = None, fraction: float | None = None) -> xr.Dataset:
    """Return the numbers that `goldilocks_figure` draws; parameters and errors are the same.

    Returns
    -------
    xarray.Dataset
        held_out_accuracy and train_accuracy, means over seeds, with ..._low, ..._high (95% intervals) and
        ..._standard_error, and seeds, over (depth, width).

    Examples
    --------
    >>> from validation.report import specimen
    >>> data = goldilocks_data(specimen.specimen_goldilocks())
    >>> dict(data.sizes), int(data["seeds"].min())
    ({'depth': 6, 'width': 3}, 5)
    """
    import xarray as xr

    require_variables("results", results, dict.fromkeys(RESULTS, DIMENSIONS))
    chosen = _only(_only(results, "relation", relation), "fraction", fraction)
    parts = []
    for name in RESULTS:
        band = seed_mean(chosen[name].transpose("depth", "width", "seed")).rename(mean=name)
        parts.append(band.rename({end: f"{name}_{end}" for end in ("low", "high", "standard_error")}))
    parts[1] = parts[1].drop_vars("seeds")
    data = xr.merge(parts, join="exact", compat="no_conflicts", combine_attrs="drop").sortby(["depth", "width"])
    if not data[MEAN].notnull().any():
        raise InvalidInput(f"results must hold {MEAN} at this relation and fraction; got only nan")
    return data.assign_attrs(results.attrs)


def goldilocks_figure(results: xr.Dataset, relation: str | None = None, fraction: float | None = None) -> Figure:
    """Draw held-out accuracy against the decoder's depth, a line a width (left), and as a map of both (right).

    Parameters
    ----------
    results : xarray.Dataset
        held_out_accuracy and train_accuracy in [0, 1] over (relation, depth, width, fraction, seed), nan where not run;
        attributes n and steps, and base_rate, the accuracy of the best constant answer, if it shall be drawn.
    relation : str, optional
        Which relation, where there are several.
    fraction : float, optional
        Which training fraction, where there are several.

    Returns
    -------
    Figure
        The map names the mean and its standard error in each cell.

    Raises
    ------
    InvalidInput
        When a variable is missing, relation or fraction is not in the data, or several are and none is named.

    Examples
    --------
    >>> from validation.report import specimen
    >>> figure = goldilocks_figure(specimen.specimen_goldilocks())
    >>> [axes.get_title(loc="left") for axes in figure.axes[:2]]
    ['mean over seeds, 95% interval', 'mean ± standard error']
    """
    data = goldilocks_data(results, relation, fraction)
    depth, width = data["depth"].values, data["width"].values
    with house_style():
        figure, (left, right) = new_figure(max(3.7, 2.4 + 0.3 * depth.size), ncols=2, width_ratios=(1, 1))
        handles = [_draw_width(left, data, index) for index in range(width.size)]
        handles += _draw_base_rate(left, data)
        left.set_title("mean over seeds, 95% interval", loc="left")
        left.set_xlabel("hidden layers of the decoder")
        left.set_ylabel("accuracy (fraction of held-out pairs)")
        left.set_xticks(depth)
        _draw_map(right, data)
        finish(
            figure,
            question=f"Which decoders generalize on “{plain(relation_label(str(data['relation'].values)))}”?",
            answer=_answer(data),
            note=_note(data),
            handles=handles,
        )
    return figure


def _only(results: xr.Dataset, name: str, value: str | float | None) -> xr.Dataset:
    """Return the results at one value of a dimension, which must be named where there are several."""
    values = results[name].values.tolist()
    if value is None and len(values) == 1:
        value = values[0]
    if isinstance(value, str):
        require_choice(name, value, map(str, values))
    elif value not in values:
        raise InvalidInput(f"{name} must be one of {', '.join(map(str, values))}; got {shown(value)}")
    return results.sel({name: value})


def _draw_width(axes: Axes, data: xr.Dataset, index: int) -> Artist:
    style = ordered_style(index, data["width"].size)
    series = data.isel(width=index).dropna("depth", subset=[MEAN])
    depth = series["depth"]
    low, high = (series[f"{MEAN}_{end}"].clip(0, 1) for end in ("low", "high"))
    axes.fill_between(depth, low, high, color=style.colour, alpha=0.15, linewidth=0)
    axes.plot(depth, series["train_accuracy"], color=style.colour, linestyle=style.dashes, linewidth=0.8, alpha=0.4)
    (line,) = axes.plot(
        depth,
        series[MEAN],
        color=style.colour,
        linestyle=style.dashes,
        marker=style.marker,
        label=f"width {series['width'].values}",
    )
    return line


def _draw_base_rate(axes: Axes, data: xr.Dataset) -> list[Artist]:
    from matplotlib.lines import Line2D

    faint: list[Artist] = [Line2D([], [], color=QUIET, linewidth=0.8, alpha=0.5, label="training pairs (faint)")]
    if "base_rate" not in data.attrs:
        return faint
    rate = float(data.attrs["base_rate"])
    label = f"best constant answer, {decimal(rate)}"
    return [*faint, axes.axhline(rate, color=QUIET, linestyle=(0, (1, 2)), linewidth=1.0, label=label)]


def _draw_map(axes: Axes, data: xr.Dataset) -> None:
    mean, error = data[MEAN].values, data[f"{MEAN}_standard_error"].values
    lowest, highest = np.nanmin(mean), np.nanmax(mean)
    image = axes.imshow(
        mean, cmap="viridis", aspect="auto", origin="lower", vmin=lowest, vmax=max(highest, lowest + SMALLEST_RANGE)
    )
    axes.grid(visible=False)
    axes.set_xticks(range(mean.shape[1]), [str(width) for width in data["width"].values])
    axes.set_yticks(range(mean.shape[0]), [str(depth) for depth in data["depth"].values])
    axes.set_xlabel("width of a hidden layer")
    axes.set_ylabel("hidden layers of the decoder")
    axes.set_title("mean ± standard error", loc="left")
    lightness = np.asarray(image.norm(mean))
    for row, column in np.argwhere(np.isfinite(mean)):
        value = mean[row, column]
        text = f"{value:.3f}" + f"\n± {error[row, column]:.3f}" * bool(np.isfinite(error[row, column]))
        colour = "black" if lightness[row, column] > LIGHT_FROM else "white"
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=6.5)
    bar = axes.figure.colorbar(image, ax=axes, label="held-out accuracy")
    bar.outline.set_visible(False)


def _answer(data: xr.Dataset) -> str:
    best = data[MEAN].stack(case=("depth", "width")).dropna("case")
    best = best[int(best.argmax("case"))]
    depth, width = best["depth"].item(), best["width"].item()
    error = float(data[f"{MEAN}_standard_error"].sel(depth=depth, width=width))
    text = f"Best mean held-out accuracy: {float(best):.3f}" + f" ± {error:.3f}" * bool(np.isfinite(error))
    return f"{text} at depth {depth}, width {width}, training on p = {float(data['fraction']):g} of the pairs."


def _note(data: xr.Dataset) -> str:
    bands = "" if int(data["seeds"].max()) == 1 else "Bands: Student t 95% interval of the mean. "
    sizes = sample_sizes({**data.attrs, "seeds": replicates(data["seeds"])})
    return f"{sizes}{bands}Depth 0 is a linear read-out."
