"""What `geneft run merging` writes and prints: tables, figures, the page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from validation.experiments import merging
from validation.experiments.merging import NAME, MergingOptions
from validation.experiments.merging_conclusions import (
    Judged,
    area_rows,
    curves,
    judge,
    sample_rows,
    verdicts_on,
)
from validation.experiments.presentation import (
    Drawing,
    command_of,
    few_seeds,
    numbers_of,
    provenance_rows,
    save_drawings,
    tally,
    verdict_lines,
    write_table,
)
from validation.experiments.running import train_all
from validation.measure import Verdict
from validation.sweeps import Execution, RunFolder, Variable

if TYPE_CHECKING:
    import xarray as xr

    from validation.report import Table

__all__ = ["NAME", "OPTIONS", "as_text", "drawings", "outcome", "reduced", "run", "verdicts"]

OPTIONS = MergingOptions
DIMS = ("relation", "optimizer", "ratio", "seed")
EMBEDDINGS = {"embeddings": Variable(("symbol", "dimension"), long_name="embeddings after the last step")}


def run(folder: RunFolder, options: MergingOptions, execution: Execution | None) -> dict[str, Any]:
    """Train, compare, write everything into the folder, and return the tables."""
    results, theory = _results(folder, options, execution), merging.predictions(options)
    judged = judge(results, theory)
    concluded = verdicts_on(judged)
    summary = {
        "areas": area_rows(judged),
        "samples": sample_rows(judged),
        "verdicts": [verdict.to_dict() for verdict in concluded],
    }
    for name, table in summary.items():
        write_table(folder, name, table)
    _write_report(folder, options, results, judged, concluded)
    return {"experiment": NAME, "networks": len(merging.networks(options)), "out": str(folder.path)} | summary


def outcome(folder: RunFolder, options: MergingOptions) -> tuple[xr.Dataset, xr.Dataset]:
    """Return the results of a finished run, and what was predicted from the initial parameters."""
    return _results(folder, options, None), merging.predictions(options)


def _results(folder: RunFolder, options: MergingOptions, execution: Execution | None) -> xr.Dataset:
    dims = ("relation", "optimizer", "eta_encoder", "seed")
    results = merging.by_ratio(train_all(folder, merging.networks(options), execution, dims, EMBEDDINGS), options)
    results.attrs |= {
        "n": options.n,
        "steps": options.steps,
        "decoder_mode": options.mode,
        "merged_below": options.merged_below,
        "also_below": list(options.also_below),
    }
    return results


def verdicts(results: xr.Dataset, theory: xr.Dataset) -> list[Verdict]:
    """Return what these results say of the prediction."""
    return verdicts_on(judge(results, theory))


def reduced(options: MergingOptions) -> MergingOptions:
    """Return a reduced form: the first 2 seeds, the first relation and every third ratio."""
    return replace(options, seeds=2, relations=options.relations[:1], ratios=options.ratios[::3])


def drawings(results: xr.Dataset, theory: xr.Dataset) -> list[Drawing]:
    """Return one figure a relation."""
    return _drawings(results, judge(results, theory))


def _drawings(results: xr.Dataset, judged: list[Judged]) -> list[Drawing]:
    from validation.report import merging_figure, relation_label

    drawn = []
    for relation in dict.fromkeys(each.relation for each in judged):
        data = curves(judged, relation)
        attributes = {name: results.attrs[name] for name in ("n", "steps", "merged_below")}
        data.attrs |= attributes | {"relation": relation, "seeds": results.sizes["seed"]}
        seen = "; ".join(
            f"{row['optimizer']}, {row['score']}: {row['roc_area']:.3f}"
            for row in area_rows(judged)
            if row["relation"] == relation
        )
        drawn.append(
            Drawing(
                f"merging-{relation.replace(':', '-')}",
                f"Which symbols merge on “{relation_label(relation)}”?",
                "ROC curves of the margin predicted from the initial parameters, and the final distance against it.",
                f"ROC areas of every score, by optimiser. {seen}.",
                merging_figure(data),
                data,
            )
        )
    return drawn


def _write_report(
    folder: RunFolder, options: MergingOptions, results: xr.Dataset, judged: list[Judged], concluded: list[Verdict]
) -> None:
    from geneft_theory.citation import bibtex
    from validation.report import Report, Section, relation_label, write_csv, write_report

    write_csv(numbers_of(results, DIMS), folder.tables / "networks.csv")
    report = Report(
        "Which symbols will merge?",
        (
            f"{len(merging.networks(options))} networks on n = {options.n} symbols: "
            f"{', '.join(map(relation_label, options.relations))}; {', '.join(options.optimizers)}; {options.seeds} "
            f"seeds, {options.steps} steps, training fraction {options.fraction:g}, eta_decoder / eta_encoder "
            f"{', '.join(f'{ratio:g}' for ratio in options.ratios)}.",
            tally(concluded),
            *few_seeds(options.seeds),
            "For every pair of symbols of one class, the initial decoder is linearised at the pair's midpoint, and the "
            "invariant of the pair says whether it merges. Nothing is fitted. A pair has merged when its final "
            f"distance is below {options.merged_below:g} of the rms distance between symbols of different classes.",
            *PREDICTIONS_TEXT,
        ),
        concluded,
        [Section("Which pairs merge", (), save_drawings(folder, _drawings(results, judged)), _tables(judged))],
        provenance_rows(folder, command_of(folder)),
        bibtex("baek2024geneft", "kingma2015adam"),
    )
    write_report(folder.report, report)


AREAS_CAPTION = (
    "ROC areas with 95 % intervals from resampling seeds: over the pairs of all networks, and over pairs of one "
    "network only, where learning rates are equal. 0.5 is chance. *: the prediction that the verdicts are about."
)
SAMPLES_CAPTION = (
    "Networks that count (neither diverged nor collapsed to a point) and those left out; those that count with "
    "training accuracy above 0.9; fraction of the pairs that merged and that were predicted to; and the ROC area of "
    "the judged prediction where another distance counts as merged."
)
PREDICTIONS_TEXT = (
    "Scores: “free decoder” takes the theory literally; “network gain” multiplies the decoder's learning rate by the "
    "decoder's own gain; “sign flow” is the same for the flow that Adam approximates. Verdicts are about the network "
    "gain for SGD and the sign flow for Adam. Baselines: the initial distance, alone and with the ratio of learning "
    "rates.",
)


def _tables(judged: list[Judged]) -> list[Table]:
    from validation.report import Table, relation_label

    if not judged:
        return []
    areas = [
        [
            relation_label(row["relation"]),
            row["optimizer"],
            row["score"] + " *" * row["primary"],
            _interval(row["roc_area"], row["low"], row["high"]),
            _interval(row["within_networks"], row["within_low"], row["within_high"]),
        ]
        for row in area_rows(judged)
    ]
    samples = [
        [relation_label(row["relation"]), *(value for name, value in row.items() if name != "relation")]
        for row in sample_rows(judged)
    ]
    others = [f"area below {below:g}" for below in judged[0].other_thresholds]
    header = ["relation", "optimizer", "networks", "left out", "fitted", "pairs", "merged", "predicted", *others]
    return [
        Table(["relation", "optimizer", "score", "all networks", "within a network"], areas, AREAS_CAPTION),
        Table(header, samples, SAMPLES_CAPTION),
    ]


def _interval(value: float, low: float, high: float) -> str:
    return f"{value:.3f} ({low:.3f} to {high:.3f})" if value == value else "–"


def as_text(summary: dict[str, Any]) -> str:
    """Return the areas and the verdicts as lines for the terminal."""
    lines = [f"{'relation':<22} {'':<5} {'score':<18} ROC area"]
    for row in summary["areas"]:
        area = f"{row['roc_area']:.3f} ({row['low']:.3f} to {row['high']:.3f})"
        own = f"within networks {row['within_networks']:.3f}"
        mark = " *" if row["primary"] else ""
        lines.append(f"{row['relation']:<22} {row['optimizer']:<5} {row['score']:<18} {area}, {own}{mark}")
    lines += ["* the prediction that the verdicts are about", ""]
    for row in summary["samples"]:
        lines.append(
            f"{row['relation']:<22} {row['optimizer']:<5} {row['networks']} networks, {100 * row['merged']:.1f} % of "
            f"{row['pairs']} pairs merged, {100 * row['predicted_to_merge']:.1f} % were predicted to"
        )
    return "\n".join([*lines, "", *verdict_lines(summary["verdicts"])])
