"""What `geneft run learning-rates` writes and prints: tables, figures, the page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from validation.experiments import learning_rates
from validation.experiments.learning_rates import NAME, LearningRatesOptions
from validation.experiments.learning_rates_conclusions import (
    Case,
    LearningRatesConclusions,
    boundary_rows,
    conclude,
    reference_of,
)
from validation.experiments.learning_rates_diagram import SHORT_WORDS, phase_diagram
from validation.experiments.learning_rates_theory import PLACES
from validation.experiments.learning_rates_theory import theory as predict
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
from validation.experiments.running import train_all
from validation.measure import Verdict
from validation.sweeps import Execution, RunFolder

if TYPE_CHECKING:
    import xarray as xr

    from validation.report import Section, Table

__all__ = ["NAME", "OPTIONS", "as_text", "drawings", "outcome", "reduced", "run", "verdicts"]

OPTIONS = LearningRatesOptions
DIMS = ("relation", "optimizer", "weight_decay_decoder", "eta_encoder", "eta_decoder", "seed")
STATEMENTS = ("repons.pair.critical_ratio", "repons.pair.slope", "repons.pair.sign_flow.probability")
METHODS = ("kingma2015adam", "firth1993bias", "heinze2002solution")


def run(folder: RunFolder, options: LearningRatesOptions, execution: Execution | None) -> dict[str, Any]:
    """Train, compare, write everything into the folder, and return the tables."""
    results, theory = _results(folder, options, execution), predict(options)
    conclusions = conclude(results, theory)
    summary = {
        "boundaries": boundary_rows(conclusions),
        "verdicts": [verdict.to_dict() for verdict in conclusions.verdicts],
    }
    for name, rows in summary.items():
        write_table(folder, name, rows)
    _write_report(folder, options, results, theory, conclusions)
    return {"experiment": NAME, "networks": len(learning_rates.networks(options)), "out": str(folder.path)} | summary


def outcome(folder: RunFolder, options: LearningRatesOptions) -> tuple[xr.Dataset, xr.Dataset]:
    """Return the results of a finished run, and where the theory puts the boundary."""
    return _results(folder, options, None), predict(options)


def _results(folder: RunFolder, options: LearningRatesOptions, execution: Execution | None) -> xr.Dataset:
    networks, steps = learning_rates.networks(options), learning_rates.record_steps(options)
    results = train_all(folder, networks, execution, DIMS, record_steps=steps, until_learned=options.until_learned)
    results.attrs |= {name: getattr(options, name) for name in ("n", "steps", "delay", "fraction", "record_every")}
    return results


def verdicts(results: xr.Dataset, theory: xr.Dataset) -> list[Verdict]:
    """Return what these results say of the theory."""
    return conclude(results, theory).verdicts


def reduced(options: LearningRatesOptions) -> LearningRatesOptions:
    """Return a reduced form: the first relation, the first 2 seeds, every second rate, the same steps and streams."""
    names = ("eta_encoder", "eta_decoder", "eta_encoder_sgd", "eta_decoder_sgd")
    return replace(
        options,
        relations=options.relations[:1],
        optimizers=options.optimizers[:1],
        seeds=2,
        **{name: getattr(options, name)[::2] for name in names if len(getattr(options, name)) > 2},
    )


def drawings(results: xr.Dataset, theory: xr.Dataset) -> list[Drawing]:
    """Return one phase diagram a case, and the boundaries of each relation and optimiser with several weight decays."""
    return _drawings(conclude(results, theory), theory)


def _drawings(conclusions: LearningRatesConclusions, theory: xr.Dataset) -> list[Drawing]:
    cases = conclusions.cases
    diagrams = {case.name: phase_diagram(case, theory) for case in cases}
    drawn = [_diagram_drawing(case, diagrams[case.name]) for case in cases]
    for reference in cases:
        family = [case for case in cases if reference_of(case, cases) is reference]
        if len(family) > 1:
            drawn.append(_decay_drawing(reference, [diagrams[case.name] for case in family]))
    return drawn


def _diagram_drawing(case: Case, diagram: xr.Dataset) -> Drawing:
    from validation.report import phase_diagram_figure, relation_label

    line = case.fit.line
    seen = f"no boundary: {case.fit.status}" if line is None else f"slope {line.slope}, log10 ratio {line.log_ratio}"
    decay = f", decoder weight decay {case.weight_decay:g}" if case.weight_decay else ""
    return Drawing(
        _file_name(case) + (f"-decay-{case.weight_decay:g}" if case.weight_decay else ""),
        f"Which learning rates generalize on “{relation_label(case.relation)}” ({case.optimizer}{decay})?",
        "Left: every cell is divided by the phases of its networks; black lines are predicted boundaries, all of slope "
        "+1. Right: how many of the networks that learned their training pairs learned the others too. Red: the fitted "
        "line on which half of them do, with its 95 % interval.",
        f"Phase diagram over encoder and decoder learning rate. Fitted boundary: {seen}. {case.fit.generalized} "
        f"networks generalize, {case.fit.memorized} memorize, {case.fit.excluded} do neither.",
        phase_diagram_figure(diagram),
        diagram,
    )


def _decay_drawing(case: Case, diagrams: list[xr.Dataset]) -> Drawing:
    import xarray as xr

    from validation.report import relation_label, weight_decay_figure

    names = ("log_ratio", "log_ratio_low", "log_ratio_high", "slope", "slope_low", "slope_high")
    decays = [diagram.attrs["weight_decay"] for diagram in diagrams]
    numbers = {name: ("weight_decay", [diagram.attrs[name] for diagram in diagrams]) for name in names}
    seen = "; ".join(
        f"{decay:g}: {diagram.attrs['log_ratio']:.2f}" for decay, diagram in zip(decays, diagrams, strict=True)
    )
    return Drawing(
        _file_name(case) + "-weight-decay",
        f"Does weight decay of the decoder move the boundary of “{relation_label(case.relation)}” ({case.optimizer})?",
        "Left: the fitted boundaries of all weight decays. Right: their places on the diagonal through the grid.",
        f"Place of the boundary, log10 of decoder rate / encoder rate, by weight decay. {seen}.",
        weight_decay_figure(diagrams),
        xr.Dataset(numbers, {"weight_decay": decays}),
    )


def _file_name(case: Case) -> str:
    return f"{case.relation.replace(':', '-').replace(',', '-').replace(' ', '')}-{case.optimizer}"


def _write_report(
    folder: RunFolder,
    options: LearningRatesOptions,
    results: xr.Dataset,
    theory: xr.Dataset,
    conclusions: LearningRatesConclusions,
) -> None:
    from geneft_theory.citation import bibtex
    from validation.report import Report, Section, write_csv, write_report

    steps = results[["steps_to_train_threshold", "steps_to_test_threshold", "train_accuracy", "held_out_accuracy"]]
    write_csv(steps.drop_vars([name for name in steps.coords if name not in DIMS]), folder.tables / "networks.csv")
    drawn = _drawings(conclusions, theory)
    pictures = save_drawings(folder, drawn)
    decay = [picture for drawing, picture in zip(drawn, pictures, strict=True) if drawing.name.endswith("weight-decay")]
    diagrams = [picture for picture in pictures if picture not in decay]
    sections: list[Section] = [
        Section("Phase diagrams", DIAGRAM_TEXT, diagrams),
        Section("Where the boundary lies", BOUNDARY_TEXT, (), _tables(conclusions, theory)),
    ]
    if decay:
        sections.append(Section("Weight decay of the decoder", DECAY_TEXT, decay))
    report = Report(
        "Which learning rates lead to generalization?",
        _summary(options, conclusions),
        conclusions.verdicts,
        sections,
        provenance_rows(folder, command_of(folder)),
        bibtex(*STATEMENTS, *METHODS),
    )
    write_report(folder.report, report)


def _summary(options: LearningRatesOptions, conclusions: LearningRatesConclusions) -> list[str]:
    from validation.report import relation_label

    return [
        f"{len(learning_rates.networks(options))} networks on n = {options.n} symbols: "
        f"{', '.join(map(relation_label, options.relations))}; {', '.join(options.optimizers)}; {options.seeds} seeds "
        f"in every cell of the grid of learning rates, {options.steps} steps, training fraction {options.fraction:g}.",
        tally(conclusions.verdicts),
        *few_seeds(options.seeds),
    ]


def _tables(conclusions: LearningRatesConclusions, theory: xr.Dataset) -> list[Table]:
    from validation.report import Table, relation_label

    header = ["networks", "generalize", "memorize", "neither", "misplaced", "slope", "log10 ratio", "moved since half"]
    rows = [_table_row(case, row) for case, row in zip(conclusions.cases, boundary_rows(conclusions), strict=True)]
    places = [
        [
            relation_label(str(relation)),
            str(optimizer),
            *(
                _number(float(here["log_ratio"]), float(here["log_ratio_error"]))
                for here in (theory.sel(relation=relation, optimizer=optimizer, prediction=name) for name in PLACES)
            ),
        ]
        for relation in theory["relation"].values
        for optimizer in theory["optimizer"].values
    ]
    seeds = conclusions.cases[0].phases.shape[0]
    return [
        Table(
            header,
            rows,
            f"Fitted boundaries with 95 % intervals, {seeds} seeds in every cell; ratio: eta_decoder/eta_encoder in "
            "mid-grid; moved: in decades of the ratio, with its standard error. Beyond the grid a place is "
            "extrapolated, and not judged.",
        ),
        Table(
            ["relation", "optimizer", *SHORT_WORDS.values()],
            places,
            "Predicted log10(eta_decoder/eta_encoder) on the boundary; ±: standard error of the mean over "
            f"{theory.attrs['draws']} initial networks.",
        ),
    ]


def _table_row(case: Case, row: dict[str, Any]) -> list[str | int | float]:
    line = case.fit.line
    measured = [case.fit.status, ""] if line is None else [str(line.slope), str(line.log_ratio)]
    moved, error = row["moved_since_half_of_the_steps"], row["moved_standard_error"]
    shift = "–" if moved is None else f"{moved:+.2f} ± {error:.2f}".replace("-", "−")
    misplaced = "–" if row["misplaced"] is None else row["misplaced"]
    return [case.name, row["generalized"], row["memorized"], row["excluded"], misplaced, *measured, shift]


def _number(value: float, error: float) -> str:
    return "–" if value != value else (f"{value:.2f}" + f" ± {error:.2f}" * (error > 0)).replace("-", "−")


def as_text(summary: dict[str, Any]) -> str:
    """Return the boundaries and the verdicts as lines for the terminal."""
    lines = [f"{'relation':<22} {'optimizer':<9} {'decay':>6}  {'slope (95 %)':<26} log10 ratio (95 %)"]
    for row in summary["boundaries"]:
        numbers = row["status"]
        if row["slope"] is not None:
            numbers = f"{_interval(row, 'slope'):<26} {_interval(row, 'log_ratio')}"
        lines.append(f"{row['relation']:<22} {row['optimizer']:<9} {row['weight_decay']:>6g}  {numbers}")
    return "\n".join([*lines, "", *verdict_lines(summary["verdicts"])])


def _interval(row: dict[str, Any], name: str) -> str:
    low, high = (row[f"{name}_{end}"] for end in ("low", "high"))
    ends = " to ".join("unbounded" if end is None else f"{end:.2f}" for end in (low, high))
    return "" if row[name] is None else f"{row[name]:.2f} ({ends})"


DIAGRAM_TEXT = (
    "Phases as in Table IV: generalization, if training pairs and held-out pairs are both learned (accuracy above 0.9 "
    "at some time within the budget) with less than the delay in between; grokking, if it is more; memorization, if "
    "only the training pairs are learned; confusion, if they are not, or if training diverged.",
    "A seed has the same training pairs and the same initial parameters in every cell.",
)
BOUNDARY_TEXT = (
    "The boundary is where half of the networks that learn their training pairs generalize or grok: a logistic "
    "regression over single networks in the logarithms of both rates, with Firth's correction. Confused networks are "
    "counted and left out. Errors are the largest of three: whole seeds resampled, the likelihood's, and the range of "
    "lines that separate the phases without exception, where there are such. Networks on the wrong side of the fitted "
    "line are counted as misplaced: a straight line need not be the true form.",
    "The slope is judged as an angle, which has no pole: slope +1 is 45 degrees, a boundary at one encoder rate 90. "
    "The place is judged as the ratio of the rates where the line crosses the diagonal of slope -1 through the middle "
    "of the grid. The theory says where half of the pairs of symbols collapse; that half of the networks generalize "
    "there is an identification made here, since Eq. 12 singles out no probability.",
    "The boundary is one within a budget: the last column says by how much its place has moved, in decades, between "
    "half of the steps and all of them.",
)
DECAY_TEXT = (
    "Fig. 8 claims that weight decay of the decoder makes learning faster and leaves the boundary where it is. In adam "
    "and sgd the decay is added to the gradient, in adamw it shrinks the parameters by themselves. The comparison is "
    "paired: the same seeds with and without.",
)
