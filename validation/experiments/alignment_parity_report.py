"""What `geneft run alignment-parity` writes and prints: tables, figures, the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from validation.experiments import alignment_parity
from validation.experiments.alignment_parity import (
    CHUNK_SIZE,
    DIMS,
    GPU_CHUNK_SIZE,
    NAME,
    AlignmentParityOptions,
)
from validation.experiments.alignment_parity_conclusions import conclude, rows
from validation.experiments.alignment_parity_drawings import draw
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
from validation.experiments.running import device_of, on_grid, run_all
from validation.measure import Verdict
from validation.sweeps import Execution, RunFolder

if TYPE_CHECKING:
    import xarray as xr

    from validation.report import Table

__all__ = ["NAME", "OPTIONS", "as_text", "drawings", "outcome", "reduced", "run", "verdicts"]

OPTIONS = AlignmentParityOptions
STATEMENTS = ("alignment.merging", "alignment.merging.continuations", "alignment.low")


def run(folder: RunFolder, options: AlignmentParityOptions, execution: Execution | None) -> dict[str, Any]:
    """Train, compare, write everything into the folder, and return the tables."""
    results, theory = outcome(folder, options, execution)
    found = conclude(results, theory)
    summary = {"cells": rows(results, theory), "verdicts": [verdict.to_dict() for verdict in found]}
    for name, table in summary.items():
        write_table(folder, name, table)
    _write_report(folder, options, results, theory, found)
    return {"experiment": NAME, "networks": len(alignment_parity.networks(options)), "out": str(folder.path)} | summary


def outcome(
    folder: RunFolder, options: AlignmentParityOptions, execution: Execution | None = None
) -> tuple[xr.Dataset, xr.Dataset]:
    """Return the results of a run over (gain, fraction, seed), and what is known without training."""
    from validation.parity import VARIABLES

    how = execution or Execution()
    device = device_of(how)
    chunks = alignment_parity.plan(options, CHUNK_SIZE if device == "cpu" else GPU_CHUNK_SIZE)
    run_all(folder, chunks, partial(alignment_parity.compute, device), VARIABLES, how)
    results = on_grid(folder, DIMS, [name for name in VARIABLES if name != "epoch"])
    results = results.drop_vars([name for name in results.coords if name not in (*DIMS, "epoch")])
    results.attrs["made_from"] = "networks trained by validation.parity"
    return results, alignment_parity.theory(options)


def verdicts(results: xr.Dataset, theory: xr.Dataset) -> Sequence[Verdict]:
    """Return what these results say of the theory."""
    return conclude(results, theory)


def drawings(results: xr.Dataset, theory: xr.Dataset) -> list[Drawing]:
    """Return every figure."""
    return draw(results, theory)


def reduced(options: AlignmentParityOptions) -> AlignmentParityOptions:
    """Return a reduced form: the corners of the scan, 2 seeds, the same streams."""
    gains, fractions = ((values[0], values[-1]) for values in (options.gains, options.fractions))
    return replace(options, seeds=2, gains=gains, fractions=fractions)


def _write_report(
    folder: RunFolder,
    options: AlignmentParityOptions,
    results: xr.Dataset,
    theory: xr.Dataset,
    found: Sequence[Verdict],
) -> None:
    from geneft_theory.citation import bibtex
    from validation.report import Report, Section, write_report

    drawn = drawings(results, theory)
    pictures = dict(zip((drawing.name for drawing in drawn), save_drawings(folder, drawn), strict=True))
    sections = [
        Section(heading, text, [pictures[name]], [_table(results, theory)] if name == "boundary" else [])
        for name, heading, text in SECTIONS
    ]
    report = Report(
        "Do states merge as the theory says, and what is gained?",
        _summary(options, found),
        found,
        sections,
        provenance_rows(folder, command_of(folder)),
        bibtex(*STATEMENTS),
    )
    write_report(folder.report, report)


def _summary(options: AlignmentParityOptions, found: Sequence[Verdict]) -> list[str]:
    return [
        f"{len(alignment_parity.networks(options))} recurrent networks of {options.units} units learn to tell the "
        f"parity of strings of up to {options.length} bits, at {len(options.gains)} initial gains and from "
        f"{len(options.fractions)} shares of all strings, {options.seeds} seeds each, by plain gradient descent; then "
        f"they read {options.long_strings} random strings of {options.long_length:,} bits.",
        f"{tally(found)} The theory is about single pairs of strings: the states of two strings with the same answers "
        "to all continuations merge where the decoder starts ahead of the encoder: where N y/h² exceeds the ratio of "
        "their rates. Small differences at the start (a small gain) and many shared continuations (much data) make it "
        "so.",
        *few_seeds(options.seeds),
    ]


def _table(results: xr.Dataset, theory: xr.Dataset) -> Table:
    from validation.report import Table

    header = [
        *("gain", "strings", "learned", "pairs merged", "with other futures", "states", "automata"),
        *("accuracy on long strings", "without mistake"),
    ]
    body: list[list[str | int | float]] = [
        [
            f"{row['gain']:g}",
            f"{row['fraction']:.0%}",
            f"{row['learned']} of {row['networks']}",
            f"{row['merged']:.1%}",
            row["disagreeing_mergers"],
            f"{row['states']:.0f}",
            row["closed"],
            f"{row['long_accuracy']:.3f}",
            row["perfect"],
        ]
        for row in rows(results, theory)
    ]
    return Table(
        header,
        body,
        "Pairs merged: share of the pairs of equal parity that were apart at a record and are together at the end, "
        "mean over seeds. With other futures: such pairs of different parity. Automata: networks in which every "
        "longest string shares its state with a shorter one.",
    )


def as_text(summary: dict[str, Any]) -> str:
    """Return the numbers of each gain and fraction and the verdicts as lines for the terminal."""
    lines = [f"{'gain':>6} {'strings':>7}  {'learned':>7} {'merged':>7} {'states':>6} {'automata':>8}  accuracy (long)"]
    for row in summary["cells"]:
        lines.append(
            f"{row['gain']:>6g} {row['fraction']:>7.0%}  {row['learned']:>4}/{row['networks']:<2} {row['merged']:>7.1%}"
            f" {row['states']:>6.0f} {row['closed']:>8}  {row['long_accuracy']:.3f}"
        )
    return "\n".join([*lines, "", *verdict_lines(summary["verdicts"])])


SECTIONS = (
    (
        "course",
        "From strings to states",
        (
            "Before training at a small gain a state tells little more than the last bit, so that many strings are "
            "together, whatever their parity. While the training set is learned they are taken apart; then strings of "
            "equal parity, and only these, come together again.",
        ),
    ),
    (
        "boundary",
        "Gain and data",
        (
            "Where every longest string shares its state with a shorter one, the states are a finite automaton, and "
            "what it does to short strings it does to strings of any length. That it is needed for that is a stronger "
            "claim, and is held against the networks, too.",
        ),
    ),
    (
        "forecast",
        "Which pairs",
        (
            "The theory takes a pair's squared distance h of states and y of outputs before training, y being a mean "
            "over the N continuations that the training set has for both, and lets it merge where N y/h² exceeds a "
            "ratio of rates. The ratio is not known, but to rank pairs none is needed. Pairs that start together have "
            "a small h by themselves; the last number leaves them out.",
        ),
    ),
)
