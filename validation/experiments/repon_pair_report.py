"""What `geneft run repon-pair` writes and prints: tables, figures, the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from validation.experiments import repon_pair, repon_pair_conclusions
from validation.experiments.presentation import (
    Drawing,
    command_of,
    provenance_rows,
    save_drawings,
    tally,
    verdict_lines,
    write_table,
)
from validation.experiments.repon_pair import CASES, DIMS, NAME, OUTCOMES, ReponPairOptions
from validation.experiments.running import on_grid, run_all
from validation.measure import Verdict
from validation.sweeps import Execution, RunFolder

if TYPE_CHECKING:
    import xarray as xr

    from validation.report import Table

__all__ = ["NAME", "OPTIONS", "as_text", "drawings", "outcome", "reduced", "run", "verdicts"]

OPTIONS = ReponPairOptions
STATEMENTS = ("repons.pair.collapse_probability", "repons.cluster.collapse_probability")
INVARIANT_STATEMENT = "repons.pair.general_invariant"
MATRIX_STATEMENT, SIGN_STATEMENT = "repons.matrix.collapse_probability", "repons.pair.sign_flow.probability"


class Group(NamedTuple):
    """The cases of one figure: its name, heading, question, the formula's name, and what a page says of it."""

    name: str
    heading: str
    question: str
    cases: tuple[str, ...]
    law: str
    text: tuple[str, ...]


def run(folder: RunFolder, options: ReponPairOptions, execution: Execution | None) -> dict[str, Any]:
    """Train, compare, write everything into the folder, and return the tables."""
    results, theory = _results(folder, options, execution), repon_pair.theory(options)
    found = repon_pair_conclusions.conclude(results, theory)
    rows = repon_pair_conclusions.rows(results, theory)
    summary = {"probabilities": rows, "verdicts": [verdict.to_dict() for verdict in found]}
    for name, table in summary.items():
        write_table(folder, name, table)
    _write_report(folder, options, results, theory, found)
    return {"experiment": NAME, "ensembles": len(rows), "out": str(folder.path)} | summary


def outcome(folder: RunFolder, options: ReponPairOptions) -> tuple[xr.Dataset, xr.Dataset]:
    """Return results and laws of a finished run."""
    return _results(folder, options, None), repon_pair.theory(options)


def verdicts(results: xr.Dataset, theory: xr.Dataset) -> Sequence[Verdict]:
    """Return what these results say of the laws."""
    return repon_pair_conclusions.conclude(results, theory)


def reduced(options: ReponPairOptions) -> ReponPairOptions:
    """Return a reduced form: the first ratio of every four, with the same draws."""
    # The number of a ratio decides its draws, so that only a beginning of the ratios keeps them.
    return replace(options, ratios=options.ratios[: max(1, len(options.ratios) // 4)])


def _results(folder: RunFolder, options: ReponPairOptions, execution: Execution | None) -> xr.Dataset:
    run_all(folder, repon_pair.plan(options), repon_pair.compute, OUTCOMES, execution)
    # In the order in which they were asked for, which is that of the page.
    results = on_grid(folder, DIMS, OUTCOMES).sel(case=list(options.cases))
    names = ("draws", "separation", "horizon", "adam_horizon", "learning_rate", "adam_learning_rate")
    results.attrs |= {name: getattr(options, name) for name in names}
    return results


def drawings(results: xr.Dataset, theory: xr.Dataset) -> list[Drawing]:
    """Return one figure a group of cases."""
    from validation.report import collapse_data, collapse_figure

    drawn = []
    for group in GROUPS:
        cases = [case for case in group.cases if case in results["case"].values]
        if not cases:
            continue
        labels = {case: CASES[case].label for case in cases}
        adam = CASES[cases[0]].adam
        figure = collapse_figure(
            results,
            theory,
            labels,
            question=group.question,
            answer=_answer(results, theory, cases),
            law=group.law,
            horizon=float(results.attrs["adam_horizon" if adam else "horizon"]),
        )
        drawn.append(
            Drawing(
                group.name,
                group.question,
                "Measured probability of collapse against the ratio of the learning rates, beside the law, and the "
                "difference of the two.",
                " ".join(_in_words(results, theory, case) for case in cases),
                figure,
                collapse_data(results, theory, cases),
            )
        )
    return drawn


def _answer(results: xr.Dataset, theory: xr.Dataset, cases: Sequence[str]) -> str:
    """Return the largest difference of each case, as one line."""
    difference = results["collapsed"] / results.attrs["draws"] - theory["law"]
    largest = "; ".join(f"{float(abs(difference.sel(case=case)).max()):.3f} ({CASES[case].label})" for case in cases)
    return f"Largest distance from the law: {largest}."


def _in_words(results: xr.Dataset, theory: xr.Dataset, case: str) -> str:
    probability = results["collapsed"].sel(case=case) / results.attrs["draws"]
    law = theory["law"].sel(case=case)
    numbers = "; ".join(
        f"{ratio:.3g}: {float(probability.sel(ratio=ratio)):.3f} (law {float(law.sel(ratio=ratio)):.3f})"
        for ratio in results["ratio"].values
    )
    return f"{CASES[case].label}, by ratio: {numbers}."


def _write_report(
    folder: RunFolder, options: ReponPairOptions, results: xr.Dataset, theory: xr.Dataset, found: Sequence[Verdict]
) -> None:
    from geneft_theory.citation import bibtex
    from validation.report import Report, Section, write_report

    drawn = drawings(results, theory)
    pictures = dict(zip((drawing.name for drawing in drawn), save_drawings(folder, drawn), strict=True))
    sections = [
        Section(group.heading, group.text, [pictures[group.name]], [_table(results, theory, group)])
        for group in GROUPS
        if group.name in pictures
    ]
    statements = [*STATEMENTS]
    statements += [MATRIX_STATEMENT] * any(case.startswith("plane") for case in options.cases)
    statements += [INVARIANT_STATEMENT] * any(case.endswith("bias") for case in options.cases)
    adam = any(CASES[case].adam for case in options.cases)
    statements += [SIGN_STATEMENT, "kingma2015adam"] * adam
    report = Report(
        "Do repons collapse as often as the theory says?",
        _summary(options, found),
        found,
        sections,
        provenance_rows(folder, command_of(folder)),
        bibtex(*statements),
    )
    write_report(folder.report, report)


def _summary(options: ReponPairOptions, found: Sequence[Verdict]) -> list[str]:
    members = len(options.cases) * len(options.ratios) * options.draws
    return [
        f"{members:,} small systems of repons and a linear decoder, {options.draws:,} at each of "
        f"{len(options.ratios)} ratios of learning rates in {len(options.cases)} set-ups, each trained by full-batch "
        f"gradient steps from a Gaussian start. The larger of the two learning rates is {options.learning_rate:g} "
        f"(SGD) and {options.adam_learning_rate:g} (Adam). A centred pair's boundary does not depend on the step: a "
        "step multiplies the invariant by a positive number, so that its sign is kept.",
        f"{tally(found)} Off the centre the law's premises do not hold, and a "
        "disagreement there is what the theory expects; how large it is, is the result.",
        f"A finite training misses those that collapse slowly. Each count is therefore held against the law for the "
        f"same horizon and threshold; the law for infinite time is shown beside it. Ratios at which fewer than "
        f"{repon_pair_conclusions.FEWEST_EXPECTED} members of either fate are expected are shown but not judged.",
    ]


def _table(results: xr.Dataset, theory: xr.Dataset, group: Group) -> Table:
    from validation.report import Table

    header = ["set-up", "ratio", "collapsed", "95 % interval", "law at horizon", "law, for ever", "z", "forecast"]
    rows = [
        [
            CASES[row["case"]].label,
            f"{row['ratio']:.3g}",
            f"{row['probability']:.4f}",
            f"{row['low']:.3f}–{row['high']:.3f}",
            f"{row['law']:.4f}" + f" ± {row['law_error']:.4f}" * (row["law_error"] > 0),
            f"{row['law_forever']:.4f}",
            _shown_z(row),
            f"{row['as_forecast']:.4f}",
        ]
        for row in repon_pair_conclusions.rows(results, theory)
        if row["case"] in group.cases
    ]
    return Table(
        header,
        rows,
        "z: distance from the law at the horizon in its own binomial standard errors, in brackets where too few "
        "members of one fate are expected; forecast: fraction of the members whose single fate the theory tells "
        "right from where they start.",
    )


def _shown_z(row: dict[str, Any]) -> str:
    """Return z as text, in brackets where the verdict leaves it out."""
    if row["z"] is None:
        return "–"
    text = f"{row['z']:+.1f}".replace("-", "−")
    return text if row["judged"] else f"({text})"


def as_text(summary: dict[str, Any]) -> str:
    """Return the probabilities and the verdicts as lines for the terminal."""
    lines = [f"{'case':<18} {'ratio':>8}  measured    law  forever       z"]
    for row in summary["probabilities"]:
        z = "" if row["z"] is None else f"{row['z']:.2f}"
        numbers = f"{row['probability']:>8.4f} {row['law']:.4f}   {row['law_forever']:.4f} {z:>7}"
        lines.append(f"{row['case']:<18} {row['ratio']:>8.3g}  {numbers}")
    return "\n".join([*lines, "", *verdict_lines(summary["verdicts"])])


GROUPS = (
    Group(
        "clusters",
        "A pair, and clusters",
        "Does a repon join another, or a cluster of N?",
        ("pair", "cluster-2", "cluster-4"),
        "arctangent law",
        (
            "On the invariant set of the theory: the centroid of all repons at 0, the bias on the target. A pair "
            "collapses with probability (2/π) arctan((σ_a/σ_c) √(η_encoder (1 + 1/N)/(4 η_decoder))); N = 1 is "
            "Eq. 12, other N the corrected Eq. 13.",
        ),
    ),
    Group(
        "dimensions",
        "Two dimensions",
        "Does a pair in the plane collapse?",
        ("plane-2", "plane-5"),
        "F-distribution law",
        (
            "Two dimensions, and a decoder with as many outputs or more: collapse needs a positive semidefinite "
            "invariant matrix, whose probability is that of an F distribution. At a finite horizon there is no "
            "formula; the exact solution is averaged over "
            f"{repon_pair.FORECAST_DRAWS:,} other starts.",
        ),
    ),
    Group(
        "off-centre",
        "Off the invariant set",
        "What if centroid and bias are not where the law wants them?",
        ("trained-bias", "frozen-bias"),
        "arctangent law",
        (
            "Both embeddings and the decoder drawn at random, the bias at 0, the target at 1. With a trained bias more "
            "pairs collapse than the law says where the decoder is the slower of the two; with a frozen one nearly all "
            "do in the end, since the decoder cannot die while it has to produce the target. So Eq. 12 is no upper "
            "bound outside its premises. The dotted lower bound holds without them: a positive a²/(2 η_decoder) − "
            "(c² + centroid²)/η_encoder suffices for a collapse.",
        ),
    ),
    Group(
        "adam",
        "Adam",
        "Is Adam a sign flow?",
        ("adam", "adam-trained-bias"),
        "sign-flow law",
        (
            "Adam moves a parameter at about its learning rate in the direction of the gradient's sign. A pair then "
            "collapses where |c|/η_encoder < |a|/η_decoder, with probability (2/π) arctan((σ_a/σ_c) "
            "η_encoder/η_decoder): a boundary of slope one as under gradient flow, at another place.",
        ),
    ),
)
