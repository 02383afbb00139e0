"""What `geneft run slowing-down` writes and prints: tables, figures, the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from validation.experiments import slowing_down
from validation.experiments.presentation import (
    Drawing,
    command_of,
    few_seeds,
    provenance_rows,
    save_drawings,
    tally,
    verdict_lines,
    write_table,
)
from validation.experiments.running import on_grid, run_all
from validation.experiments.slowing_down import NAME, NETWORK_OUTCOMES, PAIR_OUTCOMES, SIDES, SlowingDownOptions
from validation.experiments.slowing_down_conclusions import SlowingDown, censored_times, conclude
from validation.measure import Verdict
from validation.sweeps import Execution, RunFolder

if TYPE_CHECKING:
    import xarray as xr

    from validation.report import Section

__all__ = ["NAME", "OPTIONS", "as_text", "drawings", "outcome", "reduced", "run", "verdicts"]

OPTIONS = SlowingDownOptions
STATEMENTS = ("repons.pair.collapse_time", "repons.pair.relaxation_rate", "repons.pair.sign_flow.boundary")
PAIR_DIMS, NETWORK_DIMS = ("side", "distance"), ("eta_decoder", "seed")


def run(folder: RunFolder, options: SlowingDownOptions, execution: Execution | None) -> dict[str, Any]:
    """Train, compare, write everything into the folder, and return the tables."""
    results, theory = _results(folder, options, execution), _theory(options)
    found = _conclusions(results, theory)
    tables: dict[str, list[dict[str, Any]]] = {
        "pairs": found.pairs,
        "networks": found.networks,
        "fitted": fitted_rows(found),
        "verdicts": [verdict.to_dict() for verdict in found.verdicts],
    }
    for name, table in tables.items():
        write_table(folder, name, table)
    _write_report(folder, options, results, theory, found)
    trained = len(slowing_down.networks(options))
    return {"experiment": NAME, "trained_networks": trained, "out": str(folder.path)} | tables


def outcome(folder: RunFolder, options: SlowingDownOptions) -> tuple[xr.Dataset, xr.Dataset]:
    """Return results of a finished run, and the predicted times as a dataset of their own."""
    return _results(folder, options, None), _theory(options)


def verdicts(results: xr.Dataset, theory: xr.Dataset) -> Sequence[Verdict]:
    """Return what these results say of the theory."""
    return _conclusions(results, theory).verdicts


def reduced(options: SlowingDownOptions) -> SlowingDownOptions:
    """Return a reduced form: the first 3 seeds and every third learning rate, the same steps and streams."""
    return replace(options, seeds=3, eta_decoders=options.eta_decoders[::3])


def _results(folder: RunFolder, options: SlowingDownOptions, execution: Execution | None) -> xr.Dataset:
    """Return the outcomes of pairs, over (side, distance, member), and of networks, over (eta_decoder, seed)."""
    run_all(
        folder,
        slowing_down.plan(options),
        partial(slowing_down.compute, options, (execution or Execution()).device),
        PAIR_OUTCOMES | NETWORK_OUTCOMES,
        execution,
    )
    pairs = on_grid(folder, PAIR_DIMS, PAIR_OUTCOMES, level="pairs").sel(side=list(SIDES))
    networks = on_grid(folder, NETWORK_DIMS, NETWORK_OUTCOMES, level="networks")
    pairs, networks = (part.drop_vars(set(part.coords) - set(part.dims)) for part in (pairs, networks))
    results = pairs.merge(networks, combine_attrs="override")
    results.attrs |= {"relation": options.relation, "n": options.n, "optimizer": options.optimizer}
    return results


def _theory(options: SlowingDownOptions) -> xr.Dataset:
    """Return an empty dataset that carries the options: the predicted times are those of each start, in the results."""
    import json

    import xarray as xr

    asked = options.to_dict() | {"sweep_seed": options.sweep_seed}
    return xr.Dataset(attrs={"options": json.dumps(asked)})


def _conclusions(results: xr.Dataset, theory: xr.Dataset) -> SlowingDown:
    return conclude(results[list(PAIR_OUTCOMES)], results[list(NETWORK_OUTCOMES)], _options(theory))


def _options(theory: xr.Dataset) -> SlowingDownOptions:
    import json

    asked: dict[str, Any] = json.loads(theory.attrs["options"])
    lists: dict[str, Any] = {name: tuple(value) for name, value in asked.items() if isinstance(value, list)}
    return SlowingDownOptions(**(asked | lists))


def fitted_rows(found: SlowingDown) -> list[dict[str, Any]]:
    """Return every fitted parameter of the networks' curve, with its error where it has one."""
    fit = found.divergence
    if fit is None:
        return []
    errors = {
        "exponent_error": fit.exponent.standard_error,
        "exponent_low": fit.exponent_low,
        "exponent_high": fit.exponent_high,
        "critical_low": fit.critical_low,
        "critical_high": fit.critical_high,
        "share_of_resamples_fitted": fit.share_fitted,
    }
    rows: list[dict[str, Any]] = [
        {
            "curve": label,
            "exponent": curve.exponent,
            "critical_ratio": curve.critical_ratio,
            "residual_of_log": curve.residual,
            "fitted_parameters": parameters,
            "medians": len(curve.fitted),
        }
        for label, curve, parameters in (
            ("divergence, exponent fitted", fit.free, 3),
            ("divergence, exponent 1", fit.predicted, 2),
        )
    ]
    power = {"curve": "power law of the ratio", "exponent": fit.power, "critical_ratio": None}
    power |= {"residual_of_log": fit.power_residual, "fitted_parameters": 2, "medians": len(fit.free.fitted)}
    return [rows[0] | errors, *(row | dict.fromkeys(errors) for row in (rows[1], power))]


def drawings(results: xr.Dataset, theory: xr.Dataset) -> list[Drawing]:
    """Return the figure of the pairs and that of the networks."""
    options = _options(theory)
    found = _conclusions(results, theory)
    return [_pairs_drawing(found, options), _networks_drawing(results, found, options)]


def _pairs_drawing(found: SlowingDown, options: SlowingDownOptions) -> Drawing:
    import xarray as xr

    from validation.report import slowing_pairs_figure

    numbers = [name for name in found.pairs[0] if name not in ("side", "distance")]
    shape = (len(options.distances), len(SIDES))
    order = sorted(found.pairs, key=lambda row: (row["distance"], list(SIDES).index(row["side"])))
    columns = {
        name: (("distance", "side"), np.array([row[name] for row in order], dtype=float).reshape(shape))
        for name in numbers
    }
    data = xr.Dataset(columns, {"distance": list(options.distances), "side": list(SIDES)})
    data.attrs |= {"pairs": options.draws, "separation": options.separation}
    exponents = {verdict.claim: verdict.measured for verdict in found.verdicts}
    values = [f"{value:.3f}" for claim, value in exponents.items() if "relaxation" in claim and value is not None]
    adam = next(value for claim, value in exponents.items() if "does not grow" in claim)
    answer = (
        f"Exponent of the relaxation time: {' and '.join(values) or 'not measured'} (theory −1). "
        f"Under Adam the time itself: {'not measured' if adam is None else f'{adam:.3f}'}."
    )
    title = "Does a pair take longer near its boundary?"
    return Drawing(
        "pairs",
        title,
        "Times of pairs of repons against their distance from the boundary, on a doubly logarithmic scale.",
        answer,
        slowing_pairs_figure(
            data, {side: each.label for side, each in SIDES.items()}, question=title, answer=answer.replace("-", "−")
        ),
        data,
    )


def _networks_drawing(results: xr.Dataset, found: SlowingDown, options: SlowingDownOptions) -> Drawing:
    import xarray as xr

    from validation.report import relation_label, slowing_networks_figure

    times = censored_times(results)
    numbers = ("share_generalized", "share_low", "share_high", "median_steps")
    columns: dict[str, Any] = {
        name: ("ratio", np.array([row[name] for row in found.networks], dtype=float)) for name in numbers
    }
    columns["steps"] = (("ratio", "seed"), np.where(np.isfinite(times), times, np.nan).T)
    data = xr.Dataset(columns, {"ratio": [row["ratio"] for row in found.networks], "seed": results["seed"].values})
    data.attrs |= {"budget": options.steps, "n": options.n, "optimizer": options.optimizer}
    data.attrs |= {"eta_encoder": options.eta_encoder, "relation": relation_label(options.relation)}
    fit, title = found.divergence, "Do networks take longer near the memorization boundary?"
    curves, critical = {}, None
    answer = "The medians do not show a divergence that could be fitted."
    if fit is not None:
        curves = {f"fit, exponent {fit.free.exponent:.2f}": fit.free, "fit, exponent 1 (as for a pair)": fit.predicted}
        critical = (fit.free.critical_ratio, fit.critical_low, fit.critical_high)
        answer = (
            f"Fitted, with 95% intervals: exponent {fit.free.exponent:.2f} ({fit.exponent_low:.2g} to "
            f"{fit.exponent_high:.2g}), critical ratio {fit.free.critical_ratio:.3g} ({fit.critical_low:.3g} to "
            f"{fit.critical_high:.3g})."
        )
    return Drawing(
        "networks",
        title,
        "Steps until networks generalize, and the share of seeds that do, against the ratio of the learning rates.",
        answer,
        slowing_networks_figure(data, curves, question=title, answer=answer, critical=critical),
        data,
    )


def _write_report(
    folder: RunFolder, options: SlowingDownOptions, results: xr.Dataset, theory: xr.Dataset, found: SlowingDown
) -> None:
    from geneft_theory.citation import bibtex
    from validation.report import Report, relation_label, write_report

    pairs, networks = save_drawings(folder, drawings(results, theory))
    censored = sum(row["censored"] for row in found.networks)
    trained = len(slowing_down.networks(options))
    report = Report(
        "Does generalizing take longer near the memorization boundary?",
        [
            f"{trained} networks on n = {options.n} symbols, {relation_label(options.relation)}: {options.seeds} seeds "
            f"at each of {len(options.eta_decoders)} learning rates of the decoder, eta_encoder "
            f"{options.eta_encoder:g}, {options.optimizer}, training fraction {options.fraction:g}, at most "
            f"{options.steps} steps. {len(found.pairs) * options.draws:,} pairs of repons: {options.draws} at each of "
            f"{len(options.distances)} distances from their boundary, approached in {len(SIDES)} ways.",
            tally(found.verdicts),
            *few_seeds(options.seeds),
            f"{censored} of the {trained} networks did not generalize within {options.steps} steps. They are censored, "
            "not dropped: a median over all seeds stands as long as more than half of them got there. Medians of few "
            "seeds jump, and an exponent fitted to them is known within a factor of a few at best.",
        ],
        found.verdicts,
        [_pairs_section(found, pairs), _networks_section(found, networks)],
        provenance_rows(folder, command_of(folder)),
        bibtex(*STATEMENTS, "kingma2015adam"),
    )
    write_report(folder.report, report)


def _pairs_section(found: SlowingDown, picture: Any) -> Section:
    from validation.report import Section, Table

    header = ["approach", "distance", "reached", "time", "by the theory", "relaxation time", "1/(2 |C|)"]
    rows = [
        [
            SIDES[row["side"]].label,
            row["distance"],
            row["pairs"] - row["not_reached"],
            _with_error(row, "time"),
            row["predicted_time"],
            _with_error(row, "relaxation_time"),
            "–" if row["relaxation_time"] is None else f"{1 / (2 * row['distance']):.4g}",
        ]
        for row in found.pairs
    ]
    caption = (
        f"Geometric means over those of {found.pairs[0]['pairs']} pairs that reached the threshold, in units of "
        "1/√(η_decoder η_encoder); in brackets the standard error of the logarithm. Where not all did, a mean is that "
        "of the faster ones; exponents are taken over pairs that did at every distance."
    )
    return Section("Pairs of repons", PAIRS_TEXT, [picture], [Table(header, rows, caption)])


def _with_error(row: dict[str, Any], name: str) -> str:
    if row[name] is None:
        return "–"
    error = row[f"{name}_log_error"]
    return f"{row[name]:.4g}" + ("" if error is None else f" ({error:.1g})")


def _networks_section(found: SlowingDown, picture: Any) -> Section:
    from validation.report import Section, Table

    header = ["ratio", "seeds", "generalized", "memorized only", "median steps"]
    rows = [
        [
            f"{row['ratio']:.3g}",
            row["seeds"],
            row["generalized"],
            row["memorized"],
            "beyond the budget" if row["median_steps"] is None else f"{row['median_steps']:.0f}",
        ]
        for row in found.networks
    ]
    tables = [Table(header, rows, "Networks within the budget, by eta_decoder/eta_encoder.")]
    fitted = fitted_rows(found)
    if fitted:
        names = ["curve", "exponent", "critical_ratio", "residual_of_log", "fitted_parameters", "medians"]
        cells = [["–" if row[name] is None else row[name] for name in names] for row in fitted]
        tables.append(Table([name.replace("_", " ") for name in names], cells, _fit_caption(fitted[0])))
    return Section("Networks", NETWORKS_TEXT, [picture], tables)


def _fit_caption(row: dict[str, Any]) -> str:
    return (
        f"Fitted, not predicted. The free exponent's 95 % interval is {row['exponent_low']:.2g} to "
        f"{row['exponent_high']:.2g}, that of the critical ratio {row['critical_low']:.3g} to "
        f"{row['critical_high']:.3g}; {row['share_of_resamples_fitted']:.0%} of the resamples could be fitted. The "
        "power law does not diverge; it has as many parameters as the divergence with exponent 1."
    )


def as_text(summary: dict[str, Any]) -> str:
    """Return the times of networks, the fitted parameters and the verdicts as lines for the terminal."""
    lines = [f"{'ratio':>8} {'generalized':>12} {'censored':>9}  median steps"]
    for row in summary["networks"]:
        median = "beyond the budget" if row["median_steps"] is None else f"{row['median_steps']:.0f}"
        lines.append(f"{row['ratio']:>8.3g} {row['generalized']:>12} {row['censored']:>9}  {median}")
    for row in summary["fitted"]:
        place = "" if row["critical_ratio"] is None else f", critical ratio {row['critical_ratio']:.4g}"
        lines.append(
            f"{row['curve']}: exponent {row['exponent']:.3g}{place}, residual of ln t {row['residual_of_log']:.3f} "
            f"({row['fitted_parameters']} fitted parameters)"
        )
    return "\n".join([*lines, "", *verdict_lines(summary["verdicts"])])


PAIRS_TEXT = (
    "Close to C = 0 a pair relaxes at the rate 2 η_decoder η_encoder |C|, on both sides: the separation goes to 0 for "
    "C > 0, the decoder for C < 0. The relaxation time beyond the threshold therefore grows like 1/|C|. The whole "
    "time to the threshold has a logarithm beside it, so that its exponent over a finite range is smaller; the formula "
    "gives it from each start.",
    "Steps instead of a flow lower ln |C| on the way by the step times η_decoder c² (or η_encoder a²/2), to first "
    "order, so that all times are longer by that much; this is granted as the error of the prediction.",
    "In the sign flow that approximates Adam, a separation goes to 0 at constant speed, however near the boundary is. "
    "Real Adam remembers larger gradients and slows down when they shrink; its times still grow far more slowly.",
)
NETWORKS_TEXT = (
    "For a pair from a given start the rate is proportional to critical ratio minus ratio, so that the time diverges "
    "with exponent 1 where η_encoder is held fixed. A network is many pairs; where its boundary lies is not predicted "
    "here, but fitted, and so is the exponent. The fit begins at the fastest ratio, since below it the decoder limits "
    "the time, and ends before the first ratio at which half of the seeds are censored; that one bounds the curve.",
)
