"""What `geneft run goldilocks` writes and prints: tables, figures, the page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from validation.experiments import goldilocks
from validation.experiments.goldilocks import NAME, GoldilocksOptions
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
from validation.measure import Verdict, mean_band
from validation.sweeps import Execution, RunFolder

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["NAME", "OPTIONS", "as_text", "drawings", "outcome", "reduced", "run", "verdicts"]

OPTIONS = GoldilocksOptions
DIMS = ("relation", "depth", "width", "fraction", "seed")


def run(folder: RunFolder, options: GoldilocksOptions, execution: Execution | None) -> dict[str, Any]:
    """Train, compare, write everything into the folder, and return the tables."""
    results = _results(folder, options, execution)
    verdicts = goldilocks.conclude(results)
    rows = accuracy_rows(results)
    summary = {"accuracies": rows, "verdicts": [verdict.to_dict() for verdict in verdicts]}
    for name, table in summary.items():
        write_table(folder, name, table)
    _write_report(folder, options, results, rows, verdicts)
    return {"experiment": NAME, "networks": len(goldilocks.networks(options)), "out": str(folder.path)} | summary


def outcome(folder: RunFolder, options: GoldilocksOptions) -> tuple[xr.Dataset, xr.Dataset]:
    """Return the results of a finished run, and an empty dataset: this claim has no predicted curve."""
    return _results(folder, options, None), _no_theory()


def _no_theory() -> xr.Dataset:
    import xarray as xr

    return xr.Dataset()


def _results(folder: RunFolder, options: GoldilocksOptions, execution: Execution | None) -> xr.Dataset:
    results = train_all(folder, goldilocks.networks(options), execution, DIMS)
    results.attrs |= {
        "n": options.n,
        "steps": options.steps,
        "decoder_mode": options.mode,
        "base_rate": goldilocks.base_rate(options.relations[0], options.n),
    }
    return results


def accuracy_rows(results: xr.Dataset) -> list[dict[str, Any]]:
    """Return mean and standard error of the held-out and the training accuracy for every decoder."""
    rows = []
    for relation in results["relation"].values:
        for width in results["width"].values:
            for depth in results["depth"].values:
                here = results.sel(relation=relation, width=width, depth=depth).squeeze("fraction")
                held_out, train = mean_band(here["held_out_accuracy"].values), mean_band(here["train_accuracy"].values)
                rows.append(
                    {
                        "relation": str(relation),
                        "width": int(width),
                        "depth": int(depth),
                        "held_out_accuracy": float(held_out.mean),
                        "standard_error": float(held_out.standard_error),
                        "train_accuracy": float(train.mean),
                        "seeds": held_out.draws,
                    }
                )
    return rows


def verdicts(results: xr.Dataset, theory: xr.Dataset) -> list[Verdict]:
    """Return what these results say of the claim."""
    return goldilocks.conclude(results)


def reduced(options: GoldilocksOptions) -> GoldilocksOptions:
    """Return a reduced form: the first 2 seeds and a few decoders, the same steps and streams."""
    return replace(options, seeds=2, depths=options.depths[::3], widths=options.widths[:2])


def drawings(results: xr.Dataset, theory: xr.Dataset) -> list[Drawing]:
    """Return one figure a relation."""
    from validation.report import goldilocks_data, goldilocks_figure, relation_label

    drawn = []
    for relation in map(str, results["relation"].values):
        rows = [row for row in accuracy_rows(results) if row["relation"] == relation]
        seen = "; ".join(f"width {r['width']}, depth {r['depth']}: {r['held_out_accuracy']:.3f}" for r in rows)
        drawn.append(
            Drawing(
                relation.replace(":", "-"),
                f"Which decoder learns “{relation_label(relation)}” best?",
                "Held-out accuracy against the decoder's depth, one line a width, and as a map of depth and width.",
                f"Mean held-out accuracy. {seen}.",
                goldilocks_figure(results, relation),
                goldilocks_data(results, relation),
            )
        )
    return drawn


def _write_report(
    folder: RunFolder,
    options: GoldilocksOptions,
    results: xr.Dataset,
    rows: list[dict[str, Any]],
    verdicts: list[Verdict],
) -> None:
    from geneft_theory.citation import bibtex
    from validation.report import Report, Section, Table, relation_label, write_csv, write_report

    write_csv(numbers_of(results, DIMS), folder.tables / "networks.csv")
    header = ["relation", "width", "depth", "held-out accuracy", "standard error", "training accuracy", "seeds"]
    table = Table(
        header,
        [[relation_label(row["relation"]), *list(row.values())[1:]] for row in rows],
        "Means over seeds at the end of training.",
    )
    networks = len(goldilocks.networks(options))
    report = Report(
        "Is there a Goldilocks zone of decoders?",
        (
            f"{networks} networks on n = {options.n} symbols: {', '.join(map(relation_label, options.relations))}; "
            f"training fraction {options.fraction:g}, {options.seeds} seeds, {options.steps} steps.",
            tally(verdicts),
            "The claim of Appendix E: too simple a decoder finds no useful gradient, too complex a one memorises, and "
            "the best lies in between. Each side is held against the best depth, seed by seed.",
        ),
        verdicts,
        [
            Section(
                "Held-out accuracy by depth and width",
                (),
                save_drawings(folder, drawings(results, _no_theory())),
                [table],
            )
        ],
        provenance_rows(folder, command_of(folder)),
        bibtex("baek2024geneft", "kingma2015adam"),
    )
    write_report(folder.report, report)


def as_text(summary: dict[str, Any]) -> str:
    """Return the accuracies and the verdicts as lines for the terminal."""
    lines = [f"{'relation':<14} {'width':>5} {'depth':>5}  held-out accuracy"]
    for row in summary["accuracies"]:
        accuracy = f"{row['held_out_accuracy']:.3f} ± {row['standard_error']:.3f}"
        lines.append(f"{row['relation']:<14} {row['width']:>5} {row['depth']:>5}  {accuracy}")
    return "\n".join([*lines, "", *verdict_lines(summary["verdicts"])])
