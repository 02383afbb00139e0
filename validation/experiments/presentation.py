"""What the reports of all experiments share: the command that made them, their provenance, their verdicts in words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from validation.sweeps import RunFolder, provenance


def command_of(folder: RunFolder) -> str:
    """Return the command that asks a folder's question again, without the options that the preset gives anyway."""
    question = folder.question
    if question.preset == "full":
        return f"geneft reproduce {question.experiment}"
    return f"geneft run {question.experiment} --preset {question.preset}"


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
    options = {name.replace("_", " "): _shown(value) for name, value in question.options.items()}
    return rows | options


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else json.dumps(value).strip('"')


def verdict_lines(verdicts: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return one line a verdict, with the numbers behind it."""
    lines = []
    for verdict in verdicts:
        measured = "-" if verdict["measured"] is None else f"{verdict['measured']:.4g}"
        error = "" if verdict["standard_error"] is None else f" ± {verdict['standard_error']:.2g}"
        z = "" if verdict["z"] is None else f", z = {verdict['z']:.1f}"
        comparison = f"{measured}{error} against {verdict['side']} {verdict['theory']:.4g}{z}"
        lines.append(f"{verdict['verdict']:<13} {verdict['claim']}: {comparison}")
    return lines
