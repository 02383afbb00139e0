"""What `geneft run statics` writes and prints: tables, figures, the page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from validation.experiments import statics
from validation.experiments.presentation import (
    Drawing,
    command_of,
    numbers_of,
    provenance_rows,
    save_drawings,
    tally,
    verdict_lines,
    write_table,
)
from validation.experiments.running import train_all
from validation.experiments.statics import NAME, StaticsOptions
from validation.experiments.statics_conclusions import StaticsConclusions, conclude, tables
from validation.measure import Verdict
from validation.sweeps import Execution, RunFolder

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["NAME", "OPTIONS", "as_text", "drawings", "outcome", "reduced", "run", "verdicts"]

OPTIONS = StaticsOptions
DIMS = ("relation", "mode", "fraction", "seed")
STATEMENTS = ("statics.description_length", "statics.critical_fraction", "statics.accuracy_estimate")
METHODS = ("mckay2014practical", "wang1989antiferromagnetic", "karzanov1991conductance", "kingma2015adam")


def run(folder: RunFolder, options: StaticsOptions, execution: Execution | None) -> dict[str, Any]:
    """Train, compare, write everything into the folder, and return the tables."""
    results = _results(folder, options, execution)
    theory = statics.theory(options)
    conclusions = conclude(results, theory, options.accuracy)
    summary = tables(conclusions, theory)
    _write_tables(folder, results, theory, conclusions, summary)
    _write_report(folder, options, results, theory, conclusions)
    return {"experiment": NAME, "networks": len(statics.networks(options)), "out": str(folder.path)} | summary


def outcome(folder: RunFolder, options: StaticsOptions) -> tuple[xr.Dataset, xr.Dataset]:
    """Return results and theory of a finished run."""
    return _results(folder, options, None), statics.theory(options)


def _results(folder: RunFolder, options: StaticsOptions, execution: Execution | None) -> xr.Dataset:
    results = train_all(folder, statics.networks(options), execution, DIMS)
    # In the order in which they were asked for, which is that of the page.
    modes = [mode for mode in options.modes if mode in results["mode"].values]
    results = results.sel(relation=[relation.name for relation in options.parsed()], mode=modes)
    results.attrs |= {"n": options.n, "steps": options.steps, "threshold": options.accuracy}
    return results


def verdicts(results: xr.Dataset, theory: xr.Dataset) -> list[Verdict]:
    """Return what these results say of the theory."""
    return conclude(results, theory, float(results.attrs["threshold"])).verdicts


def reduced(options: StaticsOptions) -> StaticsOptions:
    """Return a reduced form: the first 2 seeds and a few fractions, the same steps and streams."""
    few = options.fractions[:: max(1, len(options.fractions) // 3)]
    return replace(options, seeds=2, fractions=few, draws=min(options.draws, 10))


def drawings(results: xr.Dataset, theory: xr.Dataset) -> list[Drawing]:
    """Return everything there is to see: a figure a relation, the critical fractions, the induction gaps."""
    from validation.report import critical_fraction_figure, gap_figure, mode_label, relation_label

    conclusions = conclude(results, theory, float(results.attrs["threshold"]))
    measured = conclusions.measured
    drawn = [_accuracy_drawing(results, theory, conclusions, str(relation)) for relation in results["relation"].values]
    seen = "; ".join(
        f"{relation_label(relation)}, {mode_label(mode)}: {fit}" for (relation, mode), fit in conclusions.fits.items()
    )
    if (theory["critical_fraction"] > 0).any():
        drawn.append(
            Drawing(
                "critical-fractions",
                "Do networks generalize where the theory says?",
                "The training fraction at which networks reach the accuracy threshold, beside the theory's p_c.",
                f"Measured critical fractions. {seen}.",
                critical_fraction_figure(measured, theory),
                measured,
            )
        )
    if measured["gap"].notnull().any():
        drawn.append(
            Drawing(
                "induction-gap",
                "What does not knowing the relation cost?",
                "Mean accuracy that a network lacks against the ideal learner, over the measured training fractions.",
                "Induction gap of every decoder on every relation; the numbers are in the table below.",
                gap_figure(measured),
                measured[["gap", "gap_error"]],
            )
        )
    return drawn


def _accuracy_drawing(
    results: xr.Dataset, theory: xr.Dataset, conclusions: StaticsConclusions, relation: str
) -> Drawing:
    from validation.report import accuracy_data, accuracy_figure, mode_label, relation_label

    fits = {mode: fit for (name, mode), fit in conclusions.fits.items() if name == relation}
    crossings = "; ".join(f"{mode_label(mode)} {fit}" for mode, fit in fits.items())
    predicted = float(theory["critical_fraction"].sel(relation=relation))
    return Drawing(
        relation.replace(":", "-").replace(",", "-").replace(" ", ""),
        f"How much data does “{relation_label(relation)}” need?",
        "Measured accuracy of real networks against the training fraction, beside the paper's estimate, the ideal "
        "learner and the predicted critical fraction.",
        f"Accuracy against training fraction. Predicted critical fraction {predicted:.3f}; measured: {crossings}.",
        accuracy_figure(results, theory, conclusions.measured, relation),
        accuracy_data(results, theory, conclusions.measured, relation),
    )


def _write_tables(
    folder: RunFolder,
    results: xr.Dataset,
    theory: xr.Dataset,
    conclusions: StaticsConclusions,
    summary: dict[str, list[dict[str, Any]]],
) -> None:
    from validation.report import write_csv

    for name, rows in summary.items():
        write_table(folder, name, rows)
    write_csv(numbers_of(results, DIMS), folder.tables / "networks.csv")
    write_csv(conclusions.measured, folder.tables / "measured.csv")
    write_csv(theory.drop_dims("fine_fraction"), folder.tables / "theory.csv")


def _write_report(
    folder: RunFolder, options: StaticsOptions, results: xr.Dataset, theory: xr.Dataset, conclusions: StaticsConclusions
) -> None:
    from geneft_theory.citation import bibtex
    from validation.report import Report, Section, write_report

    drawn = drawings(results, theory)
    pictures = dict(zip((drawing.name for drawing in drawn), save_drawings(folder, drawn), strict=True))
    by_relation = [picture for name, picture in pictures.items() if name not in ("critical-fractions", "induction-gap")]
    critical, gaps = _tables_of_the_page(conclusions, theory)
    sections = [
        Section("Accuracy against training fraction", ACCURACY_TEXT, by_relation),
        Section("Critical fraction", CRITICAL_TEXT, _present(pictures, "critical-fractions"), [critical]),
        Section("Induction gap", GAP_TEXT, _present(pictures, "induction-gap"), [gaps]),
    ]
    report = Report(
        "How much data does generalization need?",
        _summary(options, conclusions),
        conclusions.verdicts,
        sections,
        provenance_rows(folder, command_of(folder)),
        bibtex(*STATEMENTS, *METHODS),
    )
    write_report(folder.report, report)


def _summary(options: StaticsOptions, conclusions: StaticsConclusions) -> list[str]:
    from validation.report import relation_label

    paragraphs = [
        f"{len(statics.networks(options))} networks on n = {options.n} symbols: "
        f"{', '.join(map(relation_label, options.relations))}; {len(options.fractions)} training fractions with "
        f"{options.seeds} seeds each, {options.steps} steps.",
        tally(conclusions.verdicts),
    ]
    if options.seeds < 8:
        paragraphs.append(
            f"With {options.seeds} seeds a bootstrap interval is too short: in simulations a nominal 95 % covered 73 % "
            "with 3 seeds, 86 % with 4, 92 % with 5. Take --preset standard for numbers to rely on."
        )
    return paragraphs


def _present(pictures: dict[str, Any], name: str) -> list[Any]:
    return [pictures[name]] if name in pictures else []


def _tables_of_the_page(conclusions: StaticsConclusions, theory: xr.Dataset) -> tuple[Any, Any]:
    from validation.report import Table, mode_label, relation_label

    rows = tables(conclusions, theory)
    critical = Table(
        ["relation", "decoder", "bits b", "predicted p_c", "f_UB reaches it at", "measured, with 95 % interval"],
        [
            [
                relation_label(row["relation"]),
                mode_label(row["mode"]),
                row["bits"],
                row["p_c"],
                row["estimate_reaches_it_at"],
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
    "kind of relation and infers the rest. Where pairs fall into classes it lies below the estimate for little data "
    "and above it for more; for orders it lies above it over a wide range. So f_UB, in spite of its name, is no upper "
    "bound. Over all pairs the training pairs count too.",
)
CRITICAL_TEXT = (
    "The theory's critical fraction is where a fraction of the bits equal to the threshold is known; the accuracy "
    "estimate f_UB, which counts guesses too, reaches the threshold earlier. The measured one is where a logistic "
    "curve, fitted to the accuracy over all pairs in the logarithm of the fraction, crosses the threshold; where it "
    "does not within the measured range, the table says so.",
)
GAP_TEXT = (
    "The ideal learner knows what kind of relation it looks at; a network has to find out. The gap is the accuracy "
    "that this costs, averaged over the measured training fractions. An ideal head has the relation built in.",
)
