"""What `geneft run alignment-structure` writes and prints: tables, figures, the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from validation.experiments import alignment_structure
from validation.experiments.alignment_structure import DIMS, NAME, AlignmentStructureOptions
from validation.experiments.alignment_structure_conclusions import conclude, rows
from validation.experiments.alignment_structure_drawings import draw
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
from validation.measure import Verdict
from validation.sweeps import Execution, RunFolder

if TYPE_CHECKING:
    import xarray as xr

    from validation.report import Table

__all__ = ["NAME", "OPTIONS", "as_text", "drawings", "outcome", "reduced", "run", "verdicts"]

OPTIONS = AlignmentStructureOptions
STATEMENTS = (
    "alignment.final_distance",
    "alignment.low",
    "alignment.merging",
    "alignment.merging.trajectory",
    "alignment.merging.exact",
    "vanrossem2024align",
)


def run(folder: RunFolder, options: AlignmentStructureOptions, execution: Execution | None) -> dict[str, Any]:
    """Train, compare, write everything into the folder, and return the tables."""
    results, theory = outcome(folder, options, execution)
    found = conclude(results, theory)
    summary = {"conditions": rows(results, theory), "verdicts": [verdict.to_dict() for verdict in found]}
    for name, table in summary.items():
        write_table(folder, name, table)
    _write_report(folder, options, results, theory, found)
    trained = len(alignment_structure.networks(options))
    return {"experiment": NAME, "networks": trained, "out": str(folder.path)} | summary


def outcome(
    folder: RunFolder, options: AlignmentStructureOptions, execution: Execution | None = None
) -> tuple[xr.Dataset, xr.Dataset]:
    """Return the results of a run over (condition, seed), and what the conditions are."""
    from validation.structure import VARIABLES

    plan = alignment_structure.plan(options)
    run_all(folder, plan, alignment_structure.compute, VARIABLES, execution or Execution())
    results = on_grid(folder, DIMS, VARIABLES)
    results = results.drop_vars([name for name in results.coords if name not in DIMS])
    results.attrs["made_from"] = "networks trained by validation.structure"
    theory = alignment_structure.theory(options)
    # In the order of the conditions, not of their names.
    return results.sel(condition=theory["condition"].values), theory


def verdicts(results: xr.Dataset, theory: xr.Dataset) -> Sequence[Verdict]:
    """Return what these results say of the theory."""
    return conclude(results, theory)


def drawings(results: xr.Dataset, theory: xr.Dataset) -> list[Drawing]:
    """Return every figure."""
    return draw(results, theory)


def reduced(options: AlignmentStructureOptions) -> AlignmentStructureOptions:
    """Return a reduced form: the ends of every series, 2 seeds, the same streams."""

    def ends(values: tuple[Any, ...]) -> tuple[Any, ...]:
        return values[:1] + values[1:][-1:]

    return replace(
        options,
        seeds=2,
        gains=ends(options.gains),
        etas=ends(options.etas),
        identical_gains=ends(options.identical_gains),
        outputs=ends(options.outputs),
    )


def _write_report(
    folder: RunFolder,
    options: AlignmentStructureOptions,
    results: xr.Dataset,
    theory: xr.Dataset,
    found: Sequence[Verdict],
) -> None:
    from geneft_theory.citation import bibtex
    from validation.report import Report, Section, write_report

    drawn = drawings(results, theory)
    table = rows(results, theory)
    sections = [
        Section(*TEXTS[drawing.name], [picture], [_table([row for row in table if row["task"] == drawing.name])])
        for drawing, picture in zip(drawn, save_drawings(folder, drawn), strict=True)
    ]
    report = Report(
        "Do many points keep the distances that pairs would have?",
        _summary(options, found),
        found,
        sections,
        provenance_rows(folder, command_of(folder)),
        bibtex(*STATEMENTS),
    )
    write_report(folder.report, report)


def _summary(options: AlignmentStructureOptions, found: Sequence[Verdict]) -> list[str]:
    return [
        f"{len(alignment_structure.networks(options))} networks, {options.seeds} seeds of every condition, each with a "
        "twin: the same initial weights, trained on two points only, which shows the ratio of its effective learning "
        "rates. With that, and with what a pair's distances are before training, the theory of two points is applied "
        "to every pair of points as if there were no others.",
        f"{tally(found)} The theory promises nothing for many points; that pairs may be looked at one by one is "
        "an assumption, and this page says where it holds.",
        *few_seeds(options.seeds),
    ]


def _table(table: Sequence[dict[str, Any]]) -> Table:
    from validation.report import Table

    if table[0]["task"] == "identical":
        header = ["outputs", "gain", "rates known", "left of h", "by the law", "by the linear model"]
        body = [
            [
                str(row["outputs"]),
                f"{row['gain']:g}",
                f"{row['identifiable']} of {row['networks']}",
                *(_with_error(row, name) for name in ("h_end", "law", "exact")),
            ]
            for row in table
        ]
        return Table(
            header,
            body,
            "What is left of h: means over seeds ± standard error; of theories over the seeds whose rates are known.",
        )
    header = [
        "gain",
        "median loss",
        "ratio of rates",
        "correlation",
        "of the start",
        "equal targets",
        "different targets",
    ]
    body = [
        [
            f"{row['gain']:g}",
            _shown(row["loss"], ".1e"),
            _shown(row["ratio"], ".3f"),
            _with_error(row, "correlation"),
            _with_error(row, "correlation_of_start"),
            _shown(row["factor_equal"], ".2f"),
            _shown(row["factor_different"], ".2f"),
        ]
        for row in table
    ]
    return Table(
        header,
        body,
        "Correlations of the distances at the end with those predicted and with those before training, means over "
        "seeds ± standard error. Last columns: measured over predicted distance, geometric mean, for points with equal "
        "and with different targets.",
    )


def _with_error(row: dict[str, Any], name: str) -> str:
    if row[name] is None:
        return "–"
    return f"{row[name]:.3f} ± {row[f'{name}_error']:.3f}".replace("-", "−")


def _shown(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def as_text(summary: dict[str, Any]) -> str:
    """Return the numbers of each condition and the verdicts as lines for the terminal."""
    lines = []
    for row in summary["conditions"]:
        if row["task"] == "identical":
            numbers = ", ".join(
                f"{words} {_with_error(row, name)}"
                for name, words in (("h_end", "left of h"), ("law", "law"), ("exact", "linear model"))
            )
        else:
            numbers = (
                f"correlation {_with_error(row, 'correlation')}, of the start "
                f"{_with_error(row, 'correlation_of_start')}, measured/predicted "
                f"{_shown(row['factor_equal'], '.2f')} (equal targets), "
                f"{_shown(row['factor_different'], '.2f')} (different)"
            )
        lines.append(f"{row['condition']:<18} {numbers}")
    return "\n".join([*lines, "", *verdict_lines(summary["verdicts"])])


TEXTS = {
    "xor": (
        "XOR",
        (
            "Four points make six pairs. In the lazy regime distances hardly move, and any theory with that limit is "
            "right. In the rich regime a pair with equal targets would by itself stay close together; whether it does "
            "with two more points around is the question.",
        ),
    ),
    "identical": (
        "Identical targets",
        (
            "The law of the aligned pair lets two points merge wherever the decoder starts ahead of the encoder. "
            "It takes for granted that all of the difference of representations is seen by the decoder: with one "
            "output it sees a single direction, and the rest stays. The exact linear model takes the read-out's whole "
            "matrix; it treats the encoder as free and knows nothing of the training of the mean.",
        ),
    ),
    "digits": (
        "Images of digits",
        (
            "Ten classes, one-hot, a handful of images of each. Of images of one class the pair's theory knows the "
            "distance before training only; the official formula averages over classes instead.",
        ),
    ),
}
