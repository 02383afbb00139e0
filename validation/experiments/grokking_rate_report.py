"""What `geneft run grokking-rate` writes and prints: tables, figures, the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from geneft_theory import grokking
from validation.experiments import grokking_rate
from validation.experiments.grokking_rate import DIMS, NAME, GrokkingRateOptions
from validation.experiments.grokking_rate_conclusions import CaseConclusions, conclude
from validation.experiments.grokking_rate_drawings import draw, shown_threshold
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
from validation.experiments.running_operations import OperationTraining, train_all_operations
from validation.measure import Verdict
from validation.operations import OperationSettings, training_set
from validation.sweeps import Execution, RunFolder

if TYPE_CHECKING:
    import xarray as xr

    from validation.report import Table

__all__ = ["NAME", "OPTIONS", "as_text", "drawings", "outcome", "reduced", "run", "verdicts"]

OPTIONS = GrokkingRateOptions
STATEMENTS = (
    "grokking.predicted_accuracy",
    "grokking.rqi",
    "grokking.effective_loss",
    "grokking.rate",
    "grokking.trajectory",
)
WHAT = {
    "mean_squared_error": "as regression onto random vectors",
    "cross_entropy": "as classification",
    "adamw": "by AdamW",
    "sgd": "by plain gradient descent",
}


def run(folder: RunFolder, options: GrokkingRateOptions, execution: Execution | None) -> dict[str, Any]:
    """Train, compare, write everything into the folder, and return the tables."""
    results, theory = outcome(folder, options, execution)
    concluded, found = conclude(results, theory)
    summary = {"cases": [each.row for each in concluded], "verdicts": [verdict.to_dict() for verdict in found]}
    for name, rows in summary.items():
        write_table(folder, name, rows)
    _write_report(folder, options, results, theory, concluded, found)
    return {"experiment": NAME, "networks": len(grokking_rate.networks(options)), "out": str(folder.path)} | summary


def outcome(
    folder: RunFolder, options: GrokkingRateOptions, execution: Execution | None = None
) -> tuple[xr.Dataset, xr.Dataset]:
    """Return the results of a run, and what the theory says of its training sets."""
    results, theory = _results(folder, options, execution), grokking_rate.theory(options)
    theory.attrs["samples"] = options.symbols * (options.symbols + 1) // 2
    return results, theory


def verdicts(results: xr.Dataset, theory: xr.Dataset) -> Sequence[Verdict]:
    """Return what these results say of the theory."""
    return conclude(results, theory)[1]


def reduced(options: GrokkingRateOptions) -> GrokkingRateOptions:
    """Return a reduced form: every second size, the first 3 seeds, the first loss, the same streams."""
    sizes = options.sizes[::2] if len(options.sizes) > 5 else options.sizes
    return replace(options, sizes=sizes, seeds=min(3, options.seeds), losses=options.losses[:1])


def _results(folder: RunFolder, options: GrokkingRateOptions, execution: Execution | None) -> xr.Dataset:
    import xarray as xr

    networks = grokking_rate.networks(options)
    training = OperationTraining(curves=True, tables=True, record_steps=grokking_rate.record_steps(options))
    further = ("embeddings", "embeddings_curve")
    results = train_all_operations(folder, networks, execution, DIMS, training, further=further)
    results = _with_predictions(results, options).drop_vars([*further, "step"])
    results.attrs |= {name: getattr(options, name) for name in ("symbols", "steps", "width")}
    for optimizer in options.optimizers:
        rates = dict(zip(("eta_encoder", "eta_decoder"), options.rates(optimizer), strict=True))
        results.attrs |= {f"{name}_{optimizer}": rate for name, rate in rates.items()}
    attributes = results.attrs
    return xr.merge([results, grokking_rate.official_run()]).assign_attrs(attributes)


def _with_predictions(results: xr.Dataset, options: GrokkingRateOptions) -> xr.Dataset:
    """Return results with what follows from the embeddings: the predicted accuracy, and how far they have moved."""
    results = results.transpose("training_pairs", "seed", "loss", "optimizer", ...)
    predicted, moved = (np.full(results["accuracy" if "accuracy" in results else "rqi"].shape, np.nan) for _ in "ab")
    for j, size in enumerate(results["training_pairs"].values):
        for k, seed in enumerate(results["seed"].values):
            known = training_set(
                OperationSettings(
                    operation=options.operation,
                    training_pairs=int(size),
                    training_seed=int(seed),
                    seed=int(seed),
                    sweep_seed=options.sweep_seed,
                )
            )
            own = results.isel(training_pairs=j, seed=k)
            predicted[j, k] = grokking.predicted_accuracy(own["embeddings"].values.astype(np.float64), known)
            moved[j, k] = _displacement(own)
    over = results["rqi"].dims
    size = results["training_pairs"].astype(float)
    total = options.symbols * (options.symbols + 1) // 2
    right = results["train_accuracy"] * size + results["held_out_accuracy"] * (total - size)
    made = results.assign(accuracy=right / total, predicted_accuracy=(over, predicted), displacement=(over, moved))
    return made.transpose(*DIMS, ...)


def _displacement(networks: xr.Dataset) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return how far the embedding that moved most had moved when structure appeared, between records by a line."""
    steps, tables = networks["step"].values, networks["embeddings_curve"].values.astype(np.float64)
    reached = networks["steps_to_structure"].values
    moved = np.full(reached.shape, np.nan)
    for place in zip(*np.nonzero(np.isfinite(reached)), strict=True):
        away = np.linalg.norm(tables[place] - tables[place][0], axis=-1).max(-1)
        moved[place] = np.interp(reached[place], steps, away)
    return moved


def drawings(results: xr.Dataset, theory: xr.Dataset) -> list[Drawing]:
    """Return every figure."""
    return draw(results, theory, conclude(results, theory)[0])


def _write_report(
    folder: RunFolder,
    options: GrokkingRateOptions,
    results: xr.Dataset,
    theory: xr.Dataset,
    concluded: Sequence[CaseConclusions],
    found: Sequence[Verdict],
) -> None:
    from geneft_theory.citation import bibtex
    from validation.report import Report, Section, write_report

    drawn = drawings(results, theory)
    pictures = dict(zip((drawing.name for drawing in drawn), save_drawings(folder, drawn), strict=True))
    sections = [
        Section(heading, text, [pictures[name]], [_table(concluded)] if name == "steps" else [])
        for name, heading, text in SECTIONS
    ]
    report = Report(
        "Is structure formed where the effective theory says, and as fast?",
        _summary(options, found),
        found,
        sections,
        provenance_rows(folder, command_of(folder)),
        bibtex(*STATEMENTS),
    )
    write_report(folder.report, report)


def _summary(options: GrokkingRateOptions, found: Sequence[Verdict]) -> list[str]:
    total = options.symbols * (options.symbols + 1) // 2
    networks = len(grokking_rate.networks(options))
    return [
        f"{networks} networks learn to add {options.symbols} numbers from sums of embeddings, each from "
        f"{options.sizes[0]} to {options.sizes[-1]} of {total} pairs, in {options.steps} steps: {options.seeds} "
        "replicates of every size, each with a training set and a start of its own, "
        f"{' and '.join(WHAT[loss] for loss in options.losses)}, "
        f"{' and '.join(WHAT[optimizer] for optimizer in options.optimizers)}.",
        f"{tally(found)} The theory is about gradient descent on an effective loss of the embeddings alone. What it "
        "says of which structure can form, and of which accuracy it gives, needs no dynamics; how fast it forms does.",
        *few_seeds(options.seeds),
    ]


def _table(concluded: Sequence[CaseConclusions]) -> Table:
    from validation.report import Table

    header = [
        "networks",
        "structure where λ₃ > 0",
        "where λ₃ = 0",
        "half of them at r =",
        "slope, paper's λ₃",
        "slope, code's λ₃",
        "median steps",
        "moved / (steps · η)",
        "steps / flow's steps",
    ]
    rows = [
        [
            each.case.label,
            _shown_share(each.row["forced"]),
            _shown_share(each.row["not_forced"]),
            shown_threshold(each.threshold),
            _shown_slope(each.row["slope"]),
            _shown_slope(each.row["slope_of_sum"]),
            _shown(each.row["median_steps"], ".0f"),
            _shown(each.row["median_speed"], ".2f"),
            _shown(each.row["median_steps_over_flow"], ".2g"),
        ]
        for each in concluded
    ]
    return Table(
        header,
        rows,
        "Structure: a representation quality above 0.95 within the budget; shares with 95 % intervals over replicates. "
        "Slopes of log steps against log λ₃ among the structured networks, with 95 % intervals from resampled "
        "replicates. Moved / (steps · η): the way of the embedding that moved most, in units of the way that Adam goes "
        "at full speed. Flow's steps: the effective theory from the same start, in the code's convention.",
    )


def _shown_share(row: dict[str, Any]) -> str:
    counts = f"{row['successes']} of {row['networks']}"
    return counts if row["share"] is None else f"{counts} ({row['low']:.2f}–{row['high']:.2f})"


def _shown_slope(row: dict[str, Any] | None) -> str:
    if row is None:
        return "too few"
    return f"{row['value']:.2f} ({row['low']:.2f} to {row['high']:.2f})".replace("-", "−")


def _shown(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def as_text(summary: dict[str, Any]) -> str:
    """Return the numbers of each case and the verdicts as lines for the terminal."""
    lines = [f"{'loss':<20} {'optimizer':<9} {'structure if forced':>19} {'else':>9} {'correlation':>11} {'slope':>16}"]
    for row in summary["cases"]:
        forced, rest = (f"{row[name]['successes']}/{row[name]['networks']}" for name in ("forced", "not_forced"))
        slope = "-" if row["slope"] is None else f"{row['slope']['value']:.2f} ± {row['slope']['standard_error']:.2f}"
        correlation = _shown(row["correlation"], ".4f")
        lines.append(f"{row['loss']:<20} {row['optimizer']:<9} {forced:>19} {rest:>9} {correlation:>11} {slope:>16}")
    return "\n".join([*lines, "", *verdict_lines(summary["verdicts"])])


SECTIONS = (
    (
        "accuracy",
        "Accuracy is parallelograms",
        (
            "A pair that was not shown is predicted to be answered correctly if the embeddings make a parallelogram "
            "of it and a pair that was shown. Nothing is fitted, and training does not enter but through the "
            "embeddings at its end.",
        ),
    ),
    (
        "structure",
        "Who forms structure",
        (
            "Where lambda_3 = 0 the training set does not force the embeddings onto a line; where it is positive, any "
            "representation that makes all parallelograms of the training set is one. The black curve is the share of "
            "random training sets that force it.",
        ),
    ),
    (
        "steps",
        "How fast",
        (
            "The flow of the effective loss approaches its ground state at the rate lambda_3, so that the steps to "
            "structure should fall like 1/lambda_3. Under AdamW an embedding moves at about its learning rate "
            "whatever the size of the gradient: as far as that holds, the time is a way divided by a speed, and the "
            "rate has no part in it. "
            "Plain gradient descent is closer to the premises; but there the effective loss is seen through the "
            "decoder, whose slope is learned at the same time.",
        ),
    ),
    (
        "official",
        "The default run of the official code",
        (
            "Seed 58, with the random numbers of the official code: the same thresholds, to the step. The paper's "
            "figure of the effective theory uses all parallelograms of the table; with those of the training set, "
            "which the theory is about, the flow is slower than the network.",
        ),
    ),
)
