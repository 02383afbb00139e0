"""What the reports of all experiments share: the command that made them, their provenance, their verdicts in words."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from validation.experiments import EXPERIMENTS
from validation.planning import expectation_line
from validation.sweeps import RunFolder, provenance

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from validation.measure import Verdict
    from validation.report import ReportFigure

FEW_SEEDS = 8


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure with all that a page says of it.

    Attributes
    ----------
    name : str
        The figure's file name, without suffix.
    title, caption : str
        What it asks, and what is drawn.
    alternative : str
        What is seen in it, in words and numbers.
    figure : matplotlib.figure.Figure
        The drawing.
    data : xarray.Dataset
        The numbers drawn.
    """

    name: str
    title: str
    caption: str
    alternative: str
    figure: Figure
    data: xr.Dataset


def save_drawings(folder: RunFolder, drawings: Sequence[Drawing]) -> list[ReportFigure]:
    """Write all figures with the numbers behind them into the folder, and return them for its page."""
    from validation.report import ReportFigure, save, write_csv

    pictures = []
    for drawing in drawings:
        save(drawing.figure, folder.figures / f"{drawing.name}.png")
        write_csv(drawing.data, folder.figures / f"{drawing.name}.csv")
        pictures.append(
            ReportFigure.from_figure(
                drawing.figure,
                drawing.title,
                drawing.alternative,
                caption=drawing.caption,
                data=drawing.data,
                command=command_of(folder),
            )
        )
    return pictures


def write_table(folder: RunFolder, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows of plain values as a JSON table of the run."""
    from validation.sweeps.atomic import write_atomically

    write_atomically(folder.tables / f"{name}.json", json.dumps(list(rows), indent=2).encode())


def numbers_of(results: xr.Dataset, dims: Sequence[str]) -> xr.Dataset:
    """Return the accuracies of every network without the settings that are the same for all."""
    accuracies = results[["accuracy", "held_out_accuracy", "train_accuracy"]]
    return accuracies.drop_vars([name for name in accuracies.coords if name not in dims])


def command_of(folder: RunFolder) -> str:
    """Return the command that asks a folder's question again: the preset, and every option that differs from it."""
    question = folder.question
    if question.experiment not in EXPERIMENTS:
        return f"geneft reproduce {question.experiment}" + (" --quick" if question.preset == "quick" else "")
    words = ["geneft", "run", question.experiment, "--preset", question.preset]
    options_from = import_module(f"validation.experiments.{question.experiment.replace('-', '_')}").options_from
    preset = options_from(question.preset)
    usual = json.loads(json.dumps(preset.to_dict()))
    # The default relations may depend on n: where it is not the usual one, they are named.
    named = ("relations",) if question.options.get("n") != usual.get("n") else ()
    for name, value in sorted(question.options.items(), key=lambda item: item[0] != "n"):
        if value != usual[name] or name in named:
            words += _as_option(name, value)
    if question.sweep_seed != preset.sweep_seed:
        words += ["--sweep-seed", str(question.sweep_seed)]
    return shlex.join(words)


def _as_option(name: str, value: Any) -> list[str]:
    """Return an option as words of the command line; some lists are given one by one."""
    if name in ("relations", "modes"):
        return [word for each in value for word in (f"--{name[:-1]}", str(each))]
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return [f"--{name.replace('_', '-')}", text]


def provenance_rows(folder: RunFolder, command: str) -> dict[str, str]:
    """Return the run's options, seed, versions and training time, as a page shows them."""
    made_by = provenance()
    versions = made_by["versions"]
    question = folder.question
    rows = {
        "command": command,
        "sweep seed": str(question.sweep_seed),
        "trainer": question.engine,
        "platform": f"{made_by['platform']}, {made_by['processors']} processors, {made_by['threads']} threads",
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
    }
    expectation = expectation_line(folder)
    if expectation:
        rows["time"] = expectation.removeprefix("training: ")
    options = {name.replace("_", " "): _shown(value) for name, value in question.options.items()}
    return rows | options


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else json.dumps(value).strip('"')


def tally(verdicts: Sequence[Verdict]) -> str:
    """Return how many claims agree, disagree, are undecided and could not be measured, as a sentence.

    Examples
    --------
    >>> from validation.measure import compare
    >>> tally([compare(1.0, None, "one is one")])
    'Of 1 claims, 0 agree as far as the data can tell, 0 disagree, 0 are undecided and 1 could not be measured.'
    """
    found = [verdict.verdict for verdict in verdicts]
    return (
        f"Of {len(found)} claims, {found.count('agrees')} agree as far as the data can tell, "
        f"{found.count('disagrees')} disagree, {found.count('undecided')} are undecided and "
        f"{found.count('not measured')} could not be measured."
    )


def few_seeds(seeds: int) -> list[str]:
    """Return the warning that belongs to a run with few seeds, as paragraphs: one or none.

    Examples
    --------
    >>> len(few_seeds(3)), len(few_seeds(8))
    (1, 0)
    """
    if seeds >= FEW_SEEDS:
        return []
    return [
        f"With {seeds} seeds hardly anything can be shown to disagree: standard errors are so uncertain that a verdict "
        "has to allow many of them. Take --preset standard for numbers to rely on."
    ]


def verdict_lines(verdicts: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return one line a verdict, with the numbers behind it."""
    lines = []
    for verdict in verdicts:
        measured = "-" if verdict["measured"] is None else f"{verdict['measured']:.4g}"
        error = "" if verdict["standard_error"] is None else f" ± {verdict['standard_error']:.2g}"
        z = "" if verdict["z"] is None else f", z = {verdict['z']:.1f} where {verdict['allowed']:.1f} is allowed"
        side = "" if verdict["side"] == "equal" else f"{verdict['side']} "
        granted = f" (+ {verdict['model_error']:.2g} granted)" if verdict["model_error"] else ""
        comparison = f"{measured}{error} against {side}{verdict['theory']:.4g}{granted}{z}"
        lines.append(f"{verdict['verdict']:<13} {verdict['claim']}: {comparison}")
    return lines
