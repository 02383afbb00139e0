"""The figures of the experiment on two points, with what a page says of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from validation.experiments.alignment import LINEAR_ETAS, MAIN
from validation.experiments.alignment_conclusions import AT_THE_BOUNDARY, EXPLAINED, Conclusions
from validation.experiments.alignment_results import COURSE
from validation.experiments.presentation import Drawing

if TYPE_CHECKING:
    import xarray as xr

# Courses of more would hide each other.
SEEDS_SHOWN = 4


def draw(results: xr.Dataset, theory: xr.Dataset, concluded: Conclusions) -> list[Drawing]:
    """Return every figure of a run."""
    width, depth, layer = (int(results.attrs[name]) for name in ("width", "depth", "main_layer"))
    layers = f"{depth} layers of {width} leaky rectifiers"
    network = f"{layers}, gain {results.attrs['main_gain']:g}"
    seeds = f"{results.sizes['seed']} seeds"
    note = (
        f"{network}, layer {layer} counted from 0, {seeds}. Full-batch gradient descent, 0.5 MSE, X = 1, Y = 0.5. "
        "R²: the share of the variance over time."
    )
    fresh = f"layer {layer} counted from 0, {seeds} that were not used to fit the ratio of the rates."
    return [
        _courses(results, theory, concluded, note),
        _explained(theory, concluded, seeds),
        _final(results, theory, concluded, f"{network}, {fresh}"),
        _gains(results, theory, concluded, f"{layers}, {fresh}"),
        _layers(theory, concluded, note),
        _controls(theory, concluded, note),
        _linear(results, theory, concluded, width, seeds),
    ]


def _stacked(results: xr.Dataset, prefix: str = "") -> xr.DataArray:
    import xarray as xr

    stacked = xr.concat([results[f"{prefix}{name}"] for name in COURSE], dim="quantity")
    return stacked.assign_coords(quantity=list(COURSE))


def shown(value: Mapping[str, Any] | None, form: str = ".3g") -> str:
    """Return an estimate in few digits, with its standard error.

    Examples
    --------
    >>> shown({"value": -1.234, "standard_error": 0.01234}), shown(None)
    ('−1.23 ± 0.012', '–')
    """
    if value is None:
        return "–"
    return f"{value['value']:{form}} ± {value['standard_error']:.2g}".replace("-", "−")


def _courses(results: xr.Dataset, theory: xr.Dataset, concluded: Conclusions, note: str) -> Drawing:
    import xarray as xr

    from validation.report import alignment_courses_figure

    data = xr.Dataset(
        {
            "measured": _stacked(results.sel(case=MAIN)),
            "theory": theory["fitted"].sel(case=MAIN),
            "time": results["time"].sel(case=MAIN),
        }
    )
    data = data.drop_vars("case", errors="ignore").transpose("quantity", "seed", "record")
    data = data.isel(seed=slice(SEEDS_SHOWN))
    data = data.assign_coords(record=np.arange(data.sizes["record"]))
    row = next(row for row in concluded.cases if row["case"] == MAIN)
    question = "Do two points follow the theory's course?"
    answer = f"Share of the variance explained: {', '.join(_share(row, name) for name in COURSE)}."
    note = f"{note} The first {data.sizes['seed']} seeds are drawn; the numbers are of all."
    figure = alignment_courses_figure(data, question=question, answer=answer, note=note)
    caption = "Two rates are fitted to h, y and w of each network, a third one, of the mean output, to its loss."
    return Drawing("courses", question, caption, answer, figure, data)


def _share(row: Mapping[str, Any], name: str) -> str:
    share = row[f"r_squared_{name}"]
    return f"{name} –" if share is None else f"{name} {share['value']:.3f}".replace("-", "−")


def _explained(theory: xr.Dataset, concluded: Conclusions, seeds: str) -> Drawing:
    import xarray as xr

    from validation.report import alignment_explained_figure

    data = xr.Dataset({"unexplained": 1 - theory["r_squared"], "threshold": 1 - EXPLAINED})
    question = "In which networks does the theory hold?"
    seen = []
    for name in COURSE:
        rows = [row for row in concluded.cases if row[f"r_squared_{name}"] is not None]
        enough = sum(row[f"r_squared_{name}"]["value"] >= EXPLAINED for row in rows)
        seen.append(f"{name} in {enough} of {len(rows)}")
    answer = f"On average at least {EXPLAINED:g} of the course is explained of {', '.join(seen)} kinds of networks."
    note = f"{seeds} of each kind; dotted: a share of {EXPLAINED:g} explained. Points to the left are better."
    figure = alignment_explained_figure(data, question=question, answer=answer, note=note)
    return Drawing("explained", question, "The unexplained share of the variance over time.", answer, figure, data)


def _final(results: xr.Dataset, theory: xr.Dataset, concluded: Conclusions, note: str) -> Drawing:
    import xarray as xr

    from validation.report import alignment_final_figure

    data = xr.Dataset({"measured": results["h_end"], "predicted": theory["final"]})
    grid = concluded.grid
    question = "Does one ratio of rates predict all final distances?"
    answer = (
        f"Slope {shown(grid['slope'])}, explained {shown(grid['explained'])}, correlation "
        f"{shown(grid['correlation'])}; measured over predicted goes like the inputs' distance to the power "
        f"{shown(grid['tilt'])}."
    )
    ratio = f"Ratio of the rates: {float(theory['ratio']):.3g}."
    figure = alignment_final_figure(data, question=question, answer=answer, note=f"{note} {ratio} Bars: one SE.")
    caption = "A point is a network; to the right the mean of the quotient over seeds."
    return Drawing("final", question, caption, answer, figure, data)


def _gains(results: xr.Dataset, theory: xr.Dataset, concluded: Conclusions, note: str) -> Drawing:
    import xarray as xr

    from validation.report import alignment_gains_figure

    start = results["gain_h_start"]
    data = xr.Dataset(
        {
            "measured": results["gain_h_end"] / start,
            "predicted": theory["gain_final"] / start,
            "critical_gain": theory["critical_gain"],
            "boundary": AT_THE_BOUNDARY,
        }
    )
    verdict = next(each for each in concluded.verdicts if each.claim.startswith("gains: rich becomes lazy at"))
    seen = "nowhere" if verdict.measured is None else f"at gain {np.exp(verdict.measured):.3f}"
    question = "At which initial scale do rich networks become lazy?"
    answer = f"In the mean {seen}; the theory's critical gain is {float(theory['critical_gain']):.3f}."
    figure = alignment_gains_figure(data, question=question, answer=answer, note=note)
    caption = "Each seed has the same weights at all gains, up to the factor."
    return Drawing("gains", question, caption, answer, figure, data)


def _layers(theory: xr.Dataset, concluded: Conclusions, note: str) -> Drawing:
    import xarray as xr

    from validation.report import alignment_layers_figure

    data = xr.Dataset({name: theory[f"layer_{name}"] for name in ("misfit", "eta_h", "eta_y")})
    known = [row for row in concluded.layers if row["misfit"] is not None]
    best = min(known, key=lambda row: row["misfit"]["value"])["layer"] if known else "–"
    fastest = max(known, key=lambda row: row["eta_y"]["value"])["layer"] if known else "–"
    question = "At which depth does the theory hold?"
    answer = f"The misfit is least at layer {best}; eta_y is largest at layer {fastest}."
    figure = alignment_layers_figure(data, question=question, answer=answer, note=note)
    caption = "The same networks looked at in every hidden layer; the two rates are fitted to each."
    return Drawing("layers", question, caption, answer, figure, data)


def _controls(theory: xr.Dataset, concluded: Conclusions, note: str) -> Drawing:
    import xarray as xr

    from validation.report import alignment_controls_figure

    data = xr.Dataset({"misfit": theory["system_misfit"]})
    question = "Would wrong equations fit as well?"
    answer = f"Mean misfit: {'; '.join(_misfit(row) for row in concluded.systems)}."
    figure = alignment_controls_figure(data, question=question, answer=answer, note=note)
    caption = "The theory and four corrupted systems, two rates each, fitted in the same way to the same courses."
    return Drawing("controls", question, caption, answer, figure, data)


def _misfit(row: Mapping[str, Any]) -> str:
    return f"{row['system']} –" if row["misfit"] is None else f"{row['system']} {row['misfit']['value']:.3g}"


def _linear(results: xr.Dataset, theory: xr.Dataset, concluded: Conclusions, width: int, seeds: str) -> Drawing:
    import xarray as xr

    from validation.report import alignment_linear_figure

    over = {"linear_record": "time"}
    data = xr.Dataset({"measured": _stacked(results, "linear_"), "exact": theory["exact"]}).rename(over)
    data = data.assign_coords(time=results["linear_time"].values).isel(seed=slice(SEEDS_SHOWN))
    linear = concluded.linear
    question = "Is the theory exact where its premises hold, with nothing fitted?"
    answer = (
        f"The largest difference in h goes like the learning rate to the power {shown(linear['order_h'], '.4f')}. The "
        "formula for aligned starts misses the final distance by a share of "
        f"{shown(linear['aligned_final'])}, the exact one by {shown(linear['exact_final'], '.0e')}."
    )
    note = (
        f"One hidden layer of {width} linear units, inputs on both sides of 0, {seeds}; "
        f"learning rates {' and '.join(f'{eta:g}' for eta in LINEAR_ETAS)}, the latter to the left and in the middle. "
        f"The first {data.sizes['seed']} seeds are drawn."
    )
    figure = alignment_linear_figure(data, question=question, answer=answer, note=note)
    caption = "The exact solution for one output, from the initial weights and the learning rate alone."
    return Drawing("linear", question, caption, answer, figure, data)
