"""What `geneft run grokking-transformer` writes and prints: tables, figures, the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from validation.experiments import grokking_transformer
from validation.experiments.grokking_transformer import (
    DIMS,
    GPU_CHUNK_SIZE,
    NAME,
    GrokkingTransformerOptions,
    options_of,
)
from validation.experiments.grokking_transformer_conclusions import conclude, condition, delays, rows, steps_of
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
from validation.experiments.running import device_of, on_grid, phases, run_all
from validation.measure import Verdict
from validation.sweeps import Execution, RunFolder

if TYPE_CHECKING:
    import xarray as xr

    from validation.report import ReportFigure, Section

__all__ = ["NAME", "OPTIONS", "as_text", "drawings", "outcome", "reduced", "run", "verdicts"]

OPTIONS = GrokkingTransformerOptions
LEARNING, DELAY, CIRCLE = "learning", "delay", "circles"


def run(folder: RunFolder, options: GrokkingTransformerOptions, execution: Execution | None) -> dict[str, Any]:
    """Train, compare, write everything into the folder, and return the tables."""
    results, theory = _results(folder, options, execution), grokking_transformer.theory(options)
    found = conclude(results, theory)
    summary = {"conditions": rows(results, theory), "verdicts": [verdict.to_dict() for verdict in found]}
    for name, table in summary.items():
        write_table(folder, name, table)
    _write_report(folder, options, results, theory, found)
    trained = len(grokking_transformer.networks(options))
    return {"experiment": NAME, "networks": trained, "out": str(folder.path)} | summary


def outcome(folder: RunFolder, options: GrokkingTransformerOptions) -> tuple[xr.Dataset, xr.Dataset]:
    """Return results of a finished run, and what they are held against."""
    return _results(folder, options, None), grokking_transformer.theory(options)


def verdicts(results: xr.Dataset, theory: xr.Dataset) -> Sequence[Verdict]:
    """Return what these results say of the claims."""
    return conclude(results, theory)


def reduced(options: GrokkingTransformerOptions) -> GrokkingTransformerOptions:
    """Return a reduced form: 2 seeds, the first and the usual weight decay, the first and the last dropout."""
    decays = {options.weight_decay, options.weight_decays[0]}
    return replace(
        options, seeds=2, weight_decays=tuple(sorted(decays)), dropouts=options.dropouts[:1] + options.dropouts[1:][-1:]
    )


def _results(folder: RunFolder, options: GrokkingTransformerOptions, execution: Execution | None) -> xr.Dataset:
    """Return the outcomes over (weight decay, dropout, seed), and their curves over step."""
    from validation.transformer import VARIABLES

    how = execution or Execution()
    device = device_of(how)
    chunks = grokking_transformer.plan(options, 1 if device == "cpu" else GPU_CHUNK_SIZE)
    run_all(folder, chunks, grokking_transformer.TransformerTraining(device), VARIABLES, how, phases)
    results = on_grid(folder, DIMS, [name for name in VARIABLES if name != "step"])
    return results.drop_vars([name for name in results.coords if name not in (*DIMS, "step")])


def drawings(results: xr.Dataset, theory: xr.Dataset) -> list[Drawing]:
    """Return the figures of the curves, of the delays, and of the embeddings where some network has generalized."""
    drawn = [_learning_drawing(results, theory), _delay_drawing(results, theory)]
    return [*drawn, *_circle_drawing(results, theory)]


def _usual(results: xr.Dataset, options: GrokkingTransformerOptions) -> xr.Dataset:
    return condition(results, options.weight_decay, options.dropouts[0])


def _attributes(options: GrokkingTransformerOptions) -> dict[str, Any]:
    names = ("modulus", "threshold", "frequencies", "weight_decay")
    return {name: getattr(options, name) for name in names} | {"dropout": options.dropouts[0]}


def _learning_drawing(results: xr.Dataset, theory: xr.Dataset) -> Drawing:
    from validation.report.grokking_transformer import CURVES, grokking_learning_figure

    options = options_of(theory)
    usual = _usual(results, options)
    data = usual[[f"{name}_curve" for name in CURVES]].rename({f"{name}_curve": name for name in CURVES})
    data = data.drop_vars(("weight_decay", "dropout"), errors="ignore")
    data["steps_to_generalize"] = ("seed", usual["steps_to_test_threshold"].values)
    data["dimension_then"] = ("seed", usual["effective_dimension_at_test_threshold"].values)
    data.attrs = _attributes(options) | {"chance": float(theory["chance_concentration"])}
    row = _usual_row(results, theory)
    answer = (
        f"{row['generalized']} of {row['seeds']} seeds generalized. Mean effective dimension: "
        f"{_shown(row['dimension_at_start'])} at the start, {_shown(row['dimension_midway'])} midway to "
        f"generalization, {_shown(row['dimension_at_generalization'])} there, {_shown(row['dimension_at_end'])} at the "
        "end."
    )
    title = "Does the effective dimension rise until generalization, and then fall?"
    return Drawing(
        LEARNING,
        title,
        "Accuracies, effective dimension of the embeddings and their Fourier concentration against training steps.",
        answer,
        grokking_learning_figure(data, question=title, answer=answer),
        data,
    )


def _delay_drawing(results: xr.Dataset, theory: xr.Dataset) -> Drawing:
    import xarray as xr

    from validation.report.grokking_transformer import grokking_delay_figure

    options = options_of(theory)
    series = {
        "weight_decay": [(decay, options.dropouts[0]) for decay in options.weight_decays],
        "dropout": [(options.weight_decay, dropout) for dropout in options.dropouts],
    }
    columns: dict[str, Any] = {}
    for name, places in series.items():
        steps = np.stack([steps_of(condition(results, *place)) for place in places])
        columns[f"delay_by_{name}"] = ((name, "seed"), [delays(each, options.steps) for each in steps])
        columns[f"beyond_by_{name}"] = ((name, "seed"), np.isnan(steps[:, 1]) & ~np.isnan(steps[:, 0]))
    axes = {"weight_decay": list(options.weight_decays), "dropout": list(options.dropouts)}
    data = xr.Dataset(columns, axes | {"seed": results["seed"].values}, _attributes(options))
    data.attrs |= {"budget": options.steps, "resolution": options.check_every}
    answer = f"Mean delay in steps (at the least), by {'; by '.join(_delays_in_words(rows(results, theory), series))}."
    title = "Do dropout and weight decay of the decoder shorten the delay?"
    return Drawing(
        DELAY,
        title,
        "Delay of generalization against weight decay of the decoder and against dropout, seed by seed.",
        answer,
        grokking_delay_figure(data, question=title, answer=answer),
        data,
    )


def _delays_in_words(
    table: Sequence[dict[str, Any]], series: Mapping[str, Sequence[tuple[float, float]]]
) -> Iterator[str]:
    mean = {(row["weight_decay"], row["dropout"]): _shown(row["mean_delay"], 0) for row in table}
    for number, places in enumerate(series.values()):
        numbers = ", ".join(f"{mean[place]} at {place[number]:g}" for place in places)
        yield f"{'dropout' if number else 'weight decay'}: {numbers}"


def _circle_drawing(results: xr.Dataset, theory: xr.Dataset) -> list[Drawing]:
    import xarray as xr

    from validation.measure import fourier_power
    from validation.report.grokking_transformer import grokking_circle_figure

    options = options_of(theory)
    usual = _usual(results, options)
    generalized = usual.isel(seed=np.isfinite(usual["steps_to_test_threshold"].values))
    best = _most_concentrated(results)
    if best is None or not generalized.sizes["seed"]:
        return []
    plane = best["final_plane"].transpose("symbol", "component").values
    columns: dict[str, Any] = {"plane": (("symbol", "component"), plane)}
    for when, name in (("start", "initial_power"), ("end", "final_power")):
        power = generalized[name].transpose("seed", "frequency").values
        columns[f"power_at_{when}"] = (("seed", "rank"), np.sort(power, axis=1)[:, ::-1])
    axes = {"symbol": np.arange(options.modulus), "component": [1, 2], "seed": generalized["seed"].values}
    data = xr.Dataset(columns, axes | {"rank": np.arange(1, options.modulus // 2 + 1)}, _attributes(options))
    power = fourier_power(plane)
    data.attrs |= {"frequency": int(power.argmax()) + 1, "purity": float(power.max())}
    data.attrs |= {"share": float(best["final_plane_share"].sum())}
    data.attrs |= {f"plane_{name}": float(best[name]) for name in ("weight_decay", "dropout")}
    data.attrs |= {"plane_seed": int(best["seed"])}
    row = _usual_row(results, theory)
    answer = (
        f"Share of the embeddings' power at their {options.frequencies} strongest frequencies: "
        f"{_shown(row['concentration_at_start'], 2)} at the start, {_shown(row['concentration_at_end'], 2)} at the "
        f"end; {float(theory['chance_concentration']):.2f} for random embeddings."
    )
    title = "Do the symbols find circles?"
    drawing = Drawing(
        CIRCLE,
        title,
        "A network's symbols in the plane of their two largest principal components, and the power of the embeddings "
        "by rank of their frequencies over Z_p.",
        answer,
        grokking_circle_figure(data, question=title, answer=answer),
        data,
    )
    return [drawing]


def _most_concentrated(results: xr.Dataset) -> xr.Dataset | None:
    """Return the results of the network, of those that generalized, with the highest Fourier concentration."""
    one_by_one = results.stack(network=DIMS, create_index=False)
    concentration = one_by_one["fourier_concentration_curve"].isel(step=-1)
    known = concentration.where(one_by_one["steps_to_test_threshold"].notnull())
    if not known.notnull().any():
        return None
    return one_by_one.isel(network=int(np.argmax(known.fillna(0.0).values)))


def _usual_row(results: xr.Dataset, theory: xr.Dataset) -> dict[str, Any]:
    options = options_of(theory)
    usual = (options.weight_decay, options.dropouts[0])
    return next(row for row in rows(results, theory) if (row["weight_decay"], row["dropout"]) == usual)


def _shown(value: float | None, digits: int = 1) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _write_report(
    folder: RunFolder,
    options: GrokkingTransformerOptions,
    results: xr.Dataset,
    theory: xr.Dataset,
    found: Sequence[Verdict],
) -> None:
    from geneft_theory.citation import bibtex
    from validation.report import Report, write_report

    drawn = drawings(results, theory)
    pictures = dict(zip((drawing.name for drawing in drawn), save_drawings(folder, drawn), strict=True))
    report = Report(
        "When does a transformer grok modular addition?",
        [
            f"{len(grokking_transformer.networks(options))} decoder-only transformers on addition modulo "
            f"{options.modulus}, {options.seeds} seeds each at {len(options.weight_decays)} weight decays of the "
            f"decoder and at {len(options.dropouts)} probabilities of dropout; training fraction {options.fraction:g} "
            f"of the ordered pairs, eta_encoder {options.eta_encoder:g}, eta_decoder {options.eta_decoder:g}, "
            f"{options.steps} steps.",
            tally(found),
            *few_seeds(options.seeds),
            *SUMMARY,
        ],
        found,
        _sections(results, theory, pictures),
        provenance_rows(folder, command_of(folder)),
        bibtex("liu2022grokking", "kingma2015adam"),
    )
    write_report(folder.report, report)


def _sections(results: xr.Dataset, theory: xr.Dataset, pictures: dict[str, ReportFigure]) -> list[Section]:
    from validation.report import Section, Table

    table = rows(results, theory)
    names = ["weight decay", "dropout", "seeds"]

    def of(row: dict[str, Any]) -> list[Any]:
        return [row["weight_decay"], row["dropout"], row["seeds"]]

    times = Table(
        [
            *names,
            "learned",
            "generalized",
            "lost it",
            "diverged",
            "steps to learn",
            "to generalize",
            "mean delay, at least",
        ],
        [
            [
                *of(row),
                *(row[name] for name in ("learned", "generalized", "lost", "diverged")),
                *(_number(row[f"median_steps_to_{what}"]) for what in ("learn", "generalize")),
                _with_error(row, "mean_delay", 0),
            ]
            for row in table
        ],
        "Steps are medians over all seeds. The mean of delays has its standard error; a network that had not "
        "generalized at the end counts with the rest of the training. Lost it: had learned the training pairs, and no "
        "longer knows them at the end.",
    )
    dimensions = Table(
        [*names, "start", "midway", "at generalization", "end"],
        [[*of(row), *(_with_error(row, f"dimension_{when}", 2) for when in DIMENSIONS)] for row in table],
        "Mean effective dimension of the embeddings, with its standard error; midway and at generalization over those "
        "that generalized.",
    )
    concentrations = Table(
        [*names, "start", "end"],
        [[*of(row), *(_with_error(row, f"concentration_at_{when}", 3) for when in ("start", "end"))] for row in table],
        "Mean Fourier concentration of all networks, with its standard error.",
    )
    return [
        Section("What is learned, and when", DIMENSION_TEXT, [pictures[LEARNING]], [dimensions]),
        Section("The delay", DELAY_TEXT, [pictures[DELAY]], [times]),
        Section("Circles", CIRCLE_TEXT, [pictures[CIRCLE]] if CIRCLE in pictures else [], [concentrations]),
    ]


def _number(value: float | None) -> Any:
    return "beyond the end" if value is None else round(value)


def _with_error(row: dict[str, Any], name: str, digits: int) -> str:
    if row[name] is None:
        return "–"
    return f"{row[name]:.{digits}f} ± {row[f'{name}_error']:.{digits}f}"


def as_text(summary: dict[str, Any]) -> str:
    """Return what the replicates learned, and the verdicts, as lines for the terminal."""
    lines = [f"{'decay':>7} {'dropout':>8} {'learned':>8} {'generalized':>12} {'to learn':>9} {'to generalize':>14}"]
    for row in summary["conditions"]:
        medians = (row[f"median_steps_to_{what}"] for what in ("learn", "generalize"))
        learn, generalize = ("beyond" if median is None else f"{median:.0f}" for median in medians)
        lines.append(
            f"{row['weight_decay']:>7g} {row['dropout']:>8g} {row['learned']:>8} {row['generalized']:>12} "
            f"{learn:>9} {generalize:>14}"
        )
    return "\n".join([*lines, "", *verdict_lines(summary["verdicts"])])


DIMENSIONS = ("at_start", "midway", "at_generalization", "at_end")
SUMMARY = (
    "The paper's transformer is not known in full: its depth, heads, normalisation, initial values and the places of "
    "its dropout are not; what stands in their place here is a common choice, and only the preset paper has the sizes "
    "and rates that are known. The others are smaller and start from smaller embeddings with larger rates, so that "
    "generalization comes sooner.",
)
DIMENSION_TEXT = (
    "The effective dimension is the exponential of the entropy of the shares that principal components have of the "
    "embeddings' variance. Random embeddings in many dimensions start near the largest value that it can have, which "
    "is the number of symbols less one, so that there is little room to rise.",
    "Midway is the geometric mean of the steps at which training pairs and held-out pairs are learned. The curve "
    "has no part in choosing this point; the largest value on the way would exceed the start in any case.",
)
DELAY_TEXT = (
    "The delay is that between the first steps at which the training pairs and the others are answered right often "
    "enough, without dropout. Differences are taken seed by seed. Where a network has not generalized at the end, its "
    "delay is only known to be longer. If that is the one without dropout or decay, the difference is the least that "
    "it can be; if it is the other one, the most, but no gain, so that a mean with such a one in it supports nothing; "
    "and none if it is both.",
)
CIRCLE_TEXT = (
    "A circle in the embeddings is a single frequency over Z_p. The concentration is the share of the embeddings' "
    "power, without their mean, that the strongest few frequencies have together. Random embeddings have a share too, "
    "since the strongest are chosen after the fact; chance is that of tables of independent normal numbers.",
)
