"""What `geneft run alignment` writes and prints: tables, figures, the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from validation.experiments.alignment import MAIN, NAME, PARTS, AlignmentOptions, networks
from validation.experiments.alignment_conclusions import Conclusions, conclude
from validation.experiments.alignment_drawings import draw, shown
from validation.experiments.alignment_results import COURSE, measured, predicted
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
from validation.measure import Verdict
from validation.sweeps import Execution, RunFolder

if TYPE_CHECKING:
    import xarray as xr

    from validation.report import Table

__all__ = ["NAME", "OPTIONS", "as_text", "drawings", "outcome", "reduced", "run", "verdicts"]

OPTIONS = AlignmentOptions
STATEMENTS = (
    "alignment.trajectory",
    "alignment.loss",
    "alignment.final_distance",
    "alignment.critical_gain",
    "alignment.estimates.eta_h",
    "alignment.scalar.h",
)


def run(folder: RunFolder, options: AlignmentOptions, execution: Execution | None) -> dict[str, Any]:
    """Train, compare, write everything into the folder, and return the tables."""
    results, theory = outcome(folder, options, execution)
    concluded = conclude(results, theory)
    rows = {name: getattr(concluded, name) for name in ("cases", "layers", "gains", "systems")}
    summary = {
        **rows,
        "grid": [{"quantity": name, "estimate": value} for name, value in concluded.grid.items()],
        "linear": [{"quantity": name, "estimate": value} for name, value in concluded.linear.items()],
        "verdicts": [verdict.to_dict() for verdict in concluded.verdicts],
    }
    for name, table in summary.items():
        write_table(folder, name, table)
    _write_report(folder, options, results, theory, concluded)
    return {"experiment": NAME, "networks": _networks(options), "out": str(folder.path)} | summary


def _networks(options: AlignmentOptions) -> int:
    return sum(len(networks(options, part)) for part in PARTS)


def outcome(
    folder: RunFolder, options: AlignmentOptions, execution: Execution | None = None
) -> tuple[xr.Dataset, xr.Dataset]:
    """Return what the networks of a run did, and what the theory says of them."""
    results = measured(folder, options, execution)
    return results, predicted(results, options)


def verdicts(results: xr.Dataset, theory: xr.Dataset) -> Sequence[Verdict]:
    """Return what these results say of the theory."""
    return conclude(results, theory).verdicts


def drawings(results: xr.Dataset, theory: xr.Dataset) -> list[Drawing]:
    """Return every figure."""
    return draw(results, theory, conclude(results, theory))


def reduced(options: AlignmentOptions) -> AlignmentOptions:
    """Return a reduced form: two seeds, the first two kinds of networks, a coarser grid, every second gain."""
    return replace(
        options,
        seeds=2,
        cases=tuple(dict.fromkeys((MAIN, *options.cases[:2]))),
        input_distances=options.input_distances[:: max(1, len(options.input_distances) // 2)],
        target_distances=options.target_distances[:: max(1, len(options.target_distances) // 2)],
        gains=options.gains[::2] if len(options.gains) > 4 else options.gains,
        gain_etas=options.gain_etas[::2] if len(options.gains) > 4 else options.gain_etas,
    )


def _write_report(
    folder: RunFolder, options: AlignmentOptions, results: xr.Dataset, theory: xr.Dataset, concluded: Conclusions
) -> None:
    from geneft_theory.citation import bibtex
    from validation.report import Report, Section, write_report

    drawn = draw(results, theory, concluded)
    pictures = dict(zip((drawing.name for drawing in drawn), save_drawings(folder, drawn), strict=True))
    tables = {"explained": [_case_table(concluded)], "layers": [_layer_table(concluded)]}
    sections = [
        Section(heading, text, [pictures[name] for name in names], tables.get(names[-1], []))
        for names, heading, text in SECTIONS
    ]
    report = Report(
        "Do the representations of two points go where the universal theory says?",
        _summary(options, results, concluded),
        concluded.verdicts,
        sections,
        provenance_rows(folder, command_of(folder)),
        bibtex(*STATEMENTS),
    )
    write_report(folder.report, report)


def _summary(options: AlignmentOptions, results: xr.Dataset, concluded: Conclusions) -> list[str]:
    settings = options.main.settings
    lines = [
        f"{_networks(options)} networks learn two points by full-batch gradient descent: {len(options.cases)} kinds, "
        f"the main one with {settings['depth']} layers of {settings['width']} leaky rectifiers, {options.seeds} seeds "
        "of each. Squared distances of both representations (h) and outputs (y) are held against the theory of van "
        "Rossem & Saxe (2024), in which the architecture is two rates.",
        f"{tally(concluded.verdicts)} Rates are fitted to each course; the ratio of those of the main kind then "
        "predicts networks that were not fitted. The linear network has no fitted parameter.",
        *few_seeds(options.seeds),
    ]
    if int(results["diverged"]):
        lines.append(f"{int(results['diverged'])} networks diverged and are left out.")
    return lines


def _case_table(concluded: Conclusions) -> Table:
    from validation.report import Table

    header = [
        "network",
        "seeds",
        *(f"R² of {name}" for name in COURSE),
        "η_h",
        "η_y",
        "ratio",
        "h at the end",
        "in theory",
    ]
    rows = [
        [
            row["case"],
            str(row["seeds"]),
            *(_value(row[f"r_squared_{name}"]) for name in COURSE),
            *(_number(row[name]) for name in ("eta_h", "eta_y", "ratio", "h_end", "h_end_theory")),
        ]
        for row in concluded.cases
    ]
    return Table(
        header,
        rows,
        "Means over the seeds that have learned. Rates are per unit of learning rate: the time is steps times learning "
        "rate. In theory: the end of the fitted course.",
    )


def _layer_table(concluded: Conclusions) -> Table:
    from validation.report import Table

    rows = [
        [str(row["layer"]), *(shown(row[name]) for name in ("misfit", "eta_h", "eta_y"))] for row in concluded.layers
    ]
    return Table(["hidden layer", "misfit", "η_h", "η_y"], rows, "Means over seeds, with standard errors.")


def _value(estimate: dict[str, Any] | None) -> str:
    return "–" if estimate is None else f"{estimate['value']:.3f}".replace("-", "−")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def as_text(summary: dict[str, Any]) -> str:
    """Return the numbers of each kind of network and the verdicts as lines for the terminal."""
    lines = [
        f"{'network':<14} {'R2 h':>7} {'R2 y':>7} {'R2 w':>7} {'R2 loss':>7} {'eta_h':>8} {'eta_y':>8} {'ratio':>8}"
    ]
    for row in summary["cases"]:
        shares = [row[f"r_squared_{name}"] for name in COURSE]
        numbers = ["-" if share is None else f"{share['value']:.3f}" for share in shares]
        rates = ["-" if row[name] is None else f"{row[name]:.3g}" for name in ("eta_h", "eta_y", "ratio")]
        lines.append(
            f"{row['case']:<14} " + " ".join(f"{each:>7}" for each in numbers) + " "
            + " ".join(f"{each:>8}" for each in rates)
        )  # fmt: skip
    return "\n".join([*lines, "", *verdict_lines(summary["verdicts"])])


SECTIONS = (
    (
        ("courses", "explained"),
        "Courses",
        (
            "Two points are described by three numbers: the squared distances h of their representations and y of "
            "their outputs, and w = |Δy|² − Δy·Δy*. Their course follows from the start and two rates, which are "
            "fitted; the loss needs a third one, of the mean output. That a share of 0.95 counts as explained is our "
            "choice. Networks whose loss ends above 0.01 have not learned, and are left out, as in the official code.",
        ),
    ),
    (
        ("final",),
        "Final distances",
        (
            "The end does not depend on the rates but through their ratio. The one ratio, mean η_h over mean η_y of "
            "the main kind at one pair of distances, predicts other networks at other distances; it is taken to be the "
            "same whatever the inputs are, which only a linear network warrants.",
        ),
    ),
    (
        ("gains",),
        "Rich and lazy",
        (
            "Small initial weights are forgotten: the task decides the final distance. Large ones are kept. The "
            "critical gain is where the mean distance at the start is twice what the task asks for.",
        ),
    ),
    (
        ("layers",),
        "Depth",
        (
            "The theory supposes that encoder and decoder can both change freely. Close to the input the first, close "
            "to the output the second is hardly more than a linear map.",
        ),
    ),
    (
        ("controls",),
        "Controls",
        (
            "Equations with two free rates might fit anything. These four are corrupted as in the official code. A "
            "control that fits nearly as well shows what such courses cannot decide.",
        ),
    ),
    (
        ("linear",),
        "No parameter fitted",
        (
            "In a linear network with one hidden layer, inputs on both sides of 0 and no hidden biases, both rates "
            "follow from the learning rate, η_h = η_y = η/2. What remains is the length of the steps, and that random "
            "initial weights are not aligned: for one output the course is known for any start, and the formula for "
            "aligned ones is an approximation.",
        ),
    ),
)
