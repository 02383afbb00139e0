"""What `geneft run grokking-phases` writes and prints: tables, figures, the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from geneft_theory.grokking import ideal_accuracy
from validation.experiments import grokking_phases, grokking_phases_conclusions
from validation.experiments.grokking_phases import NAME, GrokkingPhasesOptions
from validation.experiments.grokking_phases_diagrams import Case, cases_of, splits_of
from validation.experiments.grokking_phases_drawings import draw
from validation.experiments.grokking_phases_texts import (
    AGREEMENT_TEXT,
    BOUNDARY_TEXT,
    DIAGRAM_TEXT,
    HALF_TEXT,
    SPLITS_TEXT,
    SUMMARY_SETS,
)
from validation.experiments.grokking_phases_theory import theory as predict
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
from validation.experiments.running import device_of, phases, run_all
from validation.experiments.running_operations import OperationTraining, plan
from validation.measure import Verdict
from validation.operations import training_set
from validation.sweeps import Execution, RunFolder, load

if TYPE_CHECKING:
    import xarray as xr

    from validation.report import Section, Table

__all__ = ["NAME", "OPTIONS", "as_text", "drawings", "outcome", "reduced", "run", "verdicts"]

OPTIONS = GrokkingPhasesOptions
STATEMENTS = ("grokking.ideal_accuracy", "grokking.implied")
METHODS = ("kingma2015adam", "firth1993bias", "heinze2002solution")
SETTINGS = ("eta_encoder", "eta_decoder", "weight_decay_decoder", "training_seed", "seed")
KEY = ("operation", "loss", *SETTINGS)
KEPT = (
    "steps_to_train_threshold",
    "steps_to_test_threshold",
    "steps_to_structure",
    "train_accuracy",
    "held_out_accuracy",
    "diverged",
    "steps_taken",
)


def run(folder: RunFolder, options: GrokkingPhasesOptions, execution: Execution | None) -> dict[str, Any]:
    """Train, compare, write everything into the folder, and return the tables."""
    results, theory = _results(folder, options, execution), predict(options)
    found = grokking_phases_conclusions.conclude(results, theory)
    cases = cases_of(results)
    summary: dict[str, list[dict[str, Any]]] = {
        "phases": grokking_phases_conclusions.phase_rows(cases),
        "boundaries": grokking_phases_conclusions.boundary_rows(cases),
        "agreement": grokking_phases_conclusions.agreement_rows(cases, options.steps),
        "splits": grokking_phases_conclusions.splits_rows(splits_of(results)),
        "verdicts": [verdict.to_dict() for verdict in found],
    }
    for name, rows in summary.items():
        write_table(folder, name, rows)
    _write_report(folder, options, results, theory, found, summary)
    networks = len(grokking_phases.networks(options))
    return {"experiment": NAME, "networks": networks, "out": str(folder.path)} | summary


def outcome(folder: RunFolder, options: GrokkingPhasesOptions) -> tuple[xr.Dataset, xr.Dataset]:
    """Return the results of a finished run, one row a network and place it belongs to, and what training sets say."""
    return _results(folder, options, None), predict(options)


def _results(folder: RunFolder, options: GrokkingPhasesOptions, execution: Execution | None) -> xr.Dataset:
    """Train, and return the outcomes in long form: every network as often as there are diagrams it belongs to."""
    how = execution or Execution()
    device = device_of(how)
    steps = grokking_phases.record_steps(options)
    training = OperationTraining(record_steps=steps, until_learned=True, device=device)
    networks = grokking_phases.networks(options)
    run_all(folder, plan(networks, device), training, training.variables, how, phases)
    return arrange(load(folder, [*KEPT]), options)


def arrange(stored: xr.Dataset, options: GrokkingPhasesOptions) -> xr.Dataset:
    """Return stored outcomes, a row for every diagram and kind of training sets that a network belongs to."""
    rows = {key: row for row, key in enumerate(zip(*(stored[name].values.tolist() for name in KEY), strict=True))}
    members = grokking_phases.members(options)
    order = [rows[tuple(getattr(settings, name) for name in KEY)] for _, settings in members]
    results = stored[list(KEPT)].isel(network=order)
    results = results.drop_vars([name for name in results.coords if name not in SETTINGS])
    ideal = {}
    for _, settings in members:
        own = settings.operation, settings.training_seed
        if own not in ideal:
            ideal[own] = ideal_accuracy(training_set(settings), held_out=True)
    results["ideal_accuracy"] = (
        "network",
        [ideal[settings.operation, settings.training_seed] for _, settings in members],
        {"long_name": "ideal held-out accuracy of the training set"},
    )
    results = results.assign_coords(
        diagram=("network", [place[0] for place, _ in members]),
        training_sets=("network", [place[1] for place, _ in members]),
    )
    results.attrs |= {name: getattr(options, name) for name in ("steps", "delay", "width")}
    results.attrs["made_from"] = "networks trained by validation.operations"
    return results


def verdicts(results: xr.Dataset, theory: xr.Dataset) -> Sequence[Verdict]:
    """Return what these results say of the paper's claims."""
    return grokking_phases_conclusions.conclude(results, theory)


def reduced(options: GrokkingPhasesOptions) -> GrokkingPhasesOptions:
    """Return a reduced form: the first diagram, 2 seeds, every second rate and decay, few splits, the same steps."""
    names = ("eta_encoder", "eta_decoder", "eta_decoder_decayed", "weight_decays_b", "weight_decays_c")
    axes = (*names, "weight_decays_d")
    return replace(
        options,
        diagrams=options.diagrams[:1],
        training_sets=options.training_sets[:1],
        sets=1,
        seeds=2,
        splits=min(options.splits, 4),
        **{name: getattr(options, name)[::2] for name in axes if len(getattr(options, name)) > 2},
    )


def drawings(results: xr.Dataset, theory: xr.Dataset) -> list[Drawing]:
    """Return one figure a diagram and kind of training sets, and one of many random training sets."""
    return draw(cases_of(results), splits_of(results), theory, dict(results.attrs))


def _write_report(
    folder: RunFolder,
    options: GrokkingPhasesOptions,
    results: xr.Dataset,
    theory: xr.Dataset,
    found: Sequence[Verdict],
    summary: dict[str, list[dict[str, Any]]],
) -> None:
    from geneft_theory.citation import bibtex
    from validation.report import Report, Section, write_csv, write_report

    write_csv(results, folder.tables / "networks.csv")
    drawn = drawings(results, theory)
    pictures = dict(zip((drawing.name for drawing in drawn), save_drawings(folder, drawn), strict=True))
    random = [picture for name, picture in pictures.items() if name == "random-training-sets"]
    diagrams = [picture for picture in pictures.values() if picture not in random]
    cases = cases_of(results)
    sections: list[Section] = [
        Section("Phase diagrams", DIAGRAM_TEXT, diagrams, [_phase_table(cases)]),
        Section("Where memorization begins", _boundary_text(cases), (), _boundary_tables(summary["boundaries"])),
    ]
    if summary["agreement"]:
        sections.append(Section("The published map", AGREEMENT_TEXT, (), [_agreement_table(summary["agreement"])]))
    if random:
        sections.append(Section("Random training sets", SPLITS_TEXT, random, [_splits_table(summary["splits"])]))
    report = Report(
        "When does a network that adds grok, generalize, memorize, or do neither?",
        _summary(options, results, found),
        found,
        sections,
        provenance_rows(folder, command_of(folder)),
        bibtex(*STATEMENTS, *METHODS),
    )
    write_report(folder.report, report)


def _summary(options: GrokkingPhasesOptions, results: xr.Dataset, found: Sequence[Verdict]) -> list[str]:
    replicates = options.seeds * options.sets
    seeds = ", ".join(map(str, np.unique(results["training_seed"].values[results["training_sets"].values == "ideal"])))
    kinds = [SUMMARY_SETS[kind].format(seeds=seeds) for kind in options.training_sets]
    return [
        f"{len(grokking_phases.networks(options))} networks, {replicates} in every cell of diagrams "
        f"{', '.join('6' + diagram for diagram in options.diagrams)}, {options.steps} steps; {'; '.join(kinds)}.",
        tally(found),
        *few_seeds(replicates),
    ]


def _phase_table(cases: Sequence[Case]) -> Table:
    from validation.report import Table

    rows: list[list[str | int | float]] = []
    shares = grokking_phases_conclusions.phase_rows(list(cases))
    for case in cases:
        own = [row for row in shares if row["label"] == case.name]
        cells: list[str | int | float] = [
            f"{row['share']:.3f}" + ("" if row["standard_error"] is None else f" ± {row['standard_error']:.3f}")
            for row in own
        ]
        rows.append([case.name, own[0]["networks"], *cells, own[0]["consistency"]])
    header = ["diagram", "networks", *(row["phase"] for row in shares[:4]), "alike"]
    caption = (
        "Share of all networks of a diagram in each phase, with standard error over replicates; alike: how often a "
        "network is in the phase that is the most frequent one of the others in its cell."
    )
    return Table(header, rows, caption)


def _boundary_text(cases: Sequence[Case]) -> tuple[str, ...]:
    lines = BOUNDARY_TEXT if any(case.over_rates for case in cases) else ()
    return lines + (HALF_TEXT if any(not case.over_rates for case in cases) else ())


def _boundary_tables(rows: Sequence[dict[str, Any]]) -> list[Table]:
    from validation.report import Table

    lines = [
        [row["label"], row["learned"], row["memorized"], _dash(row["misplaced"]), *_line_numbers(row)]
        for row in rows
        if "slope" in row
    ]
    halves = [
        [row["label"], row["weight_decay"], row["learned"], row["memorized"], _number(row, "log_rate", "low", "high")]
        for row in rows
        if "log_rate" in row
    ]
    header = ["diagram", "learned", "memorize", "misplaced", "slope", "log10 ratio"]
    tables = []
    if lines:
        tables.append(Table(header, lines, "Fitted lines with 95 % intervals; ratio: eta_decoder/eta_encoder."))
    if halves:
        header = ["diagram", "weight decay", "learned", "memorize", "log10 rate"]
        tables.append(Table(header, halves, "Decoder rate at which half of the networks memorize; 95 % intervals."))
    return tables


def _line_numbers(row: dict[str, Any]) -> list[str]:
    return [_number(row, name, f"{name}_low", f"{name}_high") for name in ("slope", "log_ratio")]


def _number(row: dict[str, Any], name: str, low: str, high: str) -> str:
    if row[name] is None:
        return str(row["status"]) if row["status"] != "fitted" else "–"
    bounded = row[low] is not None and row[high] is not None
    interval = f"{row[low]:.2f} to {row[high]:.2f}" if bounded else "not bounded"
    return f"{row[name]:.2f} ({interval})".replace("-", "−")


def _dash(value: int | None) -> str | int:
    return "–" if value is None else value


def _agreement_table(rows: Sequence[dict[str, Any]]) -> Table:
    from validation.report import Table

    return Table(
        ["diagram", "steps here", "cells", "released network", "one replicate of ours", "its scatter"],
        [[*(row[name] for name in ("label", "steps", "cells", "released", "one_replicate", "spread"))] for row in rows],
        "Share of cells whose most frequent phase is that of a single network.",
    )


def _splits_table(rows: Sequence[dict[str, Any]]) -> Table:
    from validation.report import Table

    return Table(
        ["ideal held-out accuracy", "networks", "generalize or grok", "share", "95 % interval"],
        [
            [row["ideal_accuracy"], row["networks"], row["generalizing"], row["share"], _ends(row["low"], row["high"])]
            for row in rows
        ],
        "Networks on random training sets, by what their training set implies.",
    )


def _ends(low: float, high: float) -> str:
    return f"{low:.2f} to {high:.2f}"


def as_text(summary: dict[str, Any]) -> str:
    """Return the shares of phases, where memorization begins, and the verdicts as lines for the terminal."""
    labels = list(dict.fromkeys(row["label"] for row in summary["phases"]))
    wide = max(map(len, labels), default=0)
    lines = [f"{'diagram':<{wide}} {'generalize':>10} {'grok':>6} {'memorize':>9} {'confused':>9}"]
    for label in labels:
        shares = [row["share"] for row in summary["phases"] if row["label"] == label]
        lines.append(f"{label:<{wide}} {shares[0]:>10.3f} {shares[1]:>6.3f} {shares[2]:>9.3f} {shares[3]:>9.3f}")
    lines += ["", f"{'memorization begins':<{wide}} {'decay':>5}  log10 rate, or slope and log10 ratio (95 %)"]
    for row in summary["boundaries"]:
        decay = f"{row['weight_decay']:g}" if "weight_decay" in row else ""
        numbers = [_number(row, "log_rate", "low", "high")] if "log_rate" in row else _line_numbers(row)
        lines.append(f"{row['label']:<{wide}} {decay:>5}  {'; '.join(numbers)}".replace("−", "-"))
    return "\n".join([*lines, "", *verdict_lines(summary["verdicts"])])
