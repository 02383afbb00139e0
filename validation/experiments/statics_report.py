"""What `geneft run statics` writes and prints: tables, figures, the page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from validation.experiments import statics
from validation.experiments.presentation import command_of, provenance_rows, verdict_lines
from validation.experiments.running import train_all
from validation.experiments.statics import NAME, StaticsOptions
from validation.experiments.statics_conclusions import StaticsConclusions, conclude, tables
from validation.sweeps import Progress, RunFolder

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["NAME", "as_text", "drawings", "outcome", "run"]

DIMS = ("relation", "mode", "fraction", "seed")
STATEMENTS = ("statics.description_length", "statics.critical_fraction", "statics.accuracy_estimate")
METHODS = ("mckay2014practical", "wang1989antiferromagnetic", "karzanov1991conductance", "kingma2015adam")


def run(folder: RunFolder, options: StaticsOptions, progress: Progress | None) -> dict[str, Any]:
    """Train, compare, write everything into the folder, and return the tables."""
    results = _results(folder, options, progress)
    theory = statics.theory(options)
    conclusions = conclude(results, theory, options.accuracy)
    summary = tables(conclusions, theory)
    _write_tables(folder, results, theory, conclusions, summary)
    _write_report(folder, options, results, theory, conclusions)
    return {"experiment": NAME, "networks": len(statics.networks(options)), "out": str(folder.path)} | summary


def outcome(folder: RunFolder, options: StaticsOptions) -> tuple[xr.Dataset, xr.Dataset]:
    """Return results and theory of a finished run."""
    return _results(folder, options, None), statics.theory(options)


def _results(folder: RunFolder, options: StaticsOptions, progress: Progress | None) -> xr.Dataset:
    results = train_all(folder, statics.networks(options), progress, DIMS)
    # In the order in which they were asked for, which is that of the page.
    modes = [mode for mode in options.modes if mode in results["mode"].values]
    results = results.sel(relation=[relation.name for relation in options.parsed()], mode=modes)
    results.attrs |= {"n": options.n, "steps": options.steps, "threshold": options.accuracy}
    return results


def drawings(results: xr.Dataset, theory: xr.Dataset) -> list[tuple[str, str, str, Figure]]:
    """Return name, title, caption and figure of everything there is to see."""
    from validation.report import accuracy_figure, critical_fraction_figure, gap_figure, relation_label

    measured = conclude(results, theory, float(results.attrs["threshold"])).measured
    drawn = [
        (
            str(relation).replace(":", "-"),
            f"How much data does “{relation_label(str(relation))}” need?",
            "Measured accuracy of real networks against the training fraction, beside the paper's estimate, the ideal "
            "learner and the predicted critical fraction.",
            accuracy_figure(results, theory, measured, str(relation)),
        )
        for relation in results["relation"].values
    ]
    if measured["critical_fraction"].notnull().any():
        caption = "The training fraction at which networks reach the accuracy threshold, against the theory's p_c."
        title = "Do networks generalize where the theory says?"
        drawn.append(("critical-fractions", title, caption, critical_fraction_figure(measured, theory)))
    if measured["gap"].notnull().any():
        caption = "Mean accuracy that a network lacks against the ideal learner, over the measured training fractions."
        drawn.append(("induction-gap", "What does not knowing the relation cost?", caption, gap_figure(measured)))
    return drawn


def _write_tables(
    folder: RunFolder,
    results: xr.Dataset,
    theory: xr.Dataset,
    conclusions: StaticsConclusions,
    summary: dict[str, list[dict[str, Any]]],
) -> None:
    from validation.report import write_csv

    for name, rows in summary.items():
        (folder.tables / f"{name}.json").write_text(json.dumps(rows, indent=2), encoding="utf-8")
    measured = results[["accuracy", "held_out_accuracy", "train_accuracy"]].drop_vars(
        [name for name in results.coords if name not in DIMS]
    )
    write_csv(measured, folder.tables / "networks.csv")
    write_csv(conclusions.measured, folder.tables / "measured.csv")
    write_csv(theory.drop_dims("fine_fraction"), folder.tables / "theory.csv")


def _write_report(
    folder: RunFolder, options: StaticsOptions, results: xr.Dataset, theory: xr.Dataset, conclusions: StaticsConclusions
) -> None:
    from geneft_theory.citation import bibtex
    from validation.report import Report, ReportFigure, Section, save, write_report

    pictures = {}
    for name, title, caption, figure in drawings(results, theory):
        save(figure, folder.figures / f"{name}.png")
        pictures[name] = ReportFigure.from_figure(figure, title, f"{title} {caption}", caption=caption)
    by_relation = [picture for name, picture in pictures.items() if name not in ("critical-fractions", "induction-gap")]
    critical, gaps = _tables_of_the_page(conclusions, theory)
    sections = [
        Section("Accuracy against training fraction", ACCURACY_TEXT, by_relation),
        Section("Critical fraction", CRITICAL_TEXT, _present(pictures, "critical-fractions"), [critical]),
        Section("Induction gap", GAP_TEXT, _present(pictures, "induction-gap"), [gaps]),
    ]
    disagreeing = sum(verdict.verdict == "disagrees" for verdict in conclusions.verdicts)
    count = len(statics.networks(options))
    summary = (
        f"{count} networks, trained on {len(options.relations)} relations of {options.n} symbols at "
        f"{len(options.fractions)} training fractions with {options.seeds} seeds each, {options.steps} steps.",
        f"Of {len(conclusions.verdicts)} claims held against them, {disagreeing} disagree.",
    )
    report = Report(
        "How much data does generalization need?",
        summary,
        conclusions.verdicts,
        sections,
        provenance_rows(folder, command_of(folder)),
        bibtex(*STATEMENTS, *METHODS),
    )
    write_report(folder.report, report)


def _present(pictures: dict[str, Any], name: str) -> list[Any]:
    return [pictures[name]] if name in pictures else []


def _tables_of_the_page(conclusions: StaticsConclusions, theory: xr.Dataset) -> tuple[Any, Any]:
    from validation.report import Table, mode_label, relation_label

    rows = tables(conclusions, theory)
    critical = Table(
        ["relation", "decoder", "bits b", "predicted p_c", "measured, with 95 % interval"],
        [
            [
                relation_label(row["relation"]),
                mode_label(row["mode"]),
                row["bits"],
                row["p_c"],
                str(conclusions.fits[row["relation"], row["mode"]]),
            ]
            for row in rows["critical_fractions"]
        ],
        "Critical fractions: logistic fit over all seeds, interval from resampling seeds.",
    )
    gaps = Table(
        ["relation", "decoder", "gap", "standard error"],
        [
            [relation_label(row["relation"]), mode_label(row["mode"]), row["gap"], row["standard_error"]]
            for row in rows["induction_gaps"]
        ],
        "Induction gaps: area between ideal learner and network over the measured range, divided by its length.",
    )
    return critical, gaps


def as_text(summary: dict[str, Any]) -> str:
    """Return the critical fractions and the verdicts as lines for the terminal."""
    lines = [f"{'relation':<22} {'decoder':<19} {'p_c':>7}  measured (95 %)"]
    for row in summary["critical_fractions"]:
        interval = f"{_ends(row['low'])} to {_ends(row['high'])}" if row["measured"] is not None else ""
        measured = row["status"] if row["measured"] is None else f"{row['measured']:.3f}  {interval}"
        lines.append(f"{row['relation']:<22} {row['mode']:<19} {row['p_c']:>7.4f}  {measured}")
    return "\n".join([*lines, "", *verdict_lines(summary["verdicts"])])


def _ends(value: float | None) -> str:
    return "outside" if value is None else f"{value:.3f}"


ACCURACY_TEXT = (
    "Each point is the mean over seeds with its 95 % interval; a seed fixes the order in which pairs are shown and the "
    "initial parameters, so that its training sets are nested over the fractions and the same for every decoder.",
    "The dashed line is the paper's estimate f_UB. The solid line is the accuracy of an ideal learner that knows the "
    "kind of relation and infers the rest: for little data it lies below the estimate where pairs fall into classes, "
    "so that f_UB, in spite of its name, is no upper bound everywhere. Over all pairs the training pairs count too.",
)
CRITICAL_TEXT = (
    "The theory's critical fraction is where a fraction of the bits equal to the threshold is known. The measured one "
    "is where a logistic curve, fitted to the accuracy over all pairs in the logarithm of the fraction, crosses the "
    "threshold; where it does not within the measured range, the table says so.",
)
GAP_TEXT = (
    "The ideal learner knows what kind of relation it looks at; a network has to find out. The gap is the accuracy "
    "that this costs, averaged over the measured training fractions. An ideal head has the relation built in.",
)
