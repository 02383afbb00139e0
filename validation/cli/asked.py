"""What a run folder was asked, as far as this version knows its experiment: the command, and how many networks."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from validation.experiments import EXPERIMENTS
from validation.sweeps.folder import RunFolder
from validation.sweeps.question import Question


def networks_asked(question: Question) -> int | None:
    """Return how many networks a question asks for; None for an experiment or options of another version."""
    from validation.reproduce import reproductions

    name = question.experiment
    if name in reproductions():
        name = reproductions()[name].experiment
    if name not in EXPERIMENTS:
        return None
    module = import_module(f"validation.experiments.{name.replace('-', '_')}")
    report = import_module(f"validation.experiments.{name.replace('-', '_')}_report")
    try:
        options = report.OPTIONS(**_tuples(question.options), sweep_seed=question.sweep_seed)
    except (TypeError, ValueError):
        return None
    if hasattr(module, "plan"):
        return sum(len(chunk) for chunk in module.plan(options))
    return len(module.networks(options))


def command_asked(run: RunFolder) -> str | None:
    """Return the command that asks the same again; None where this version does not know it."""
    from validation.experiments.presentation import command_of
    from validation.reproduce import reproductions

    name = run.question.experiment
    if name not in EXPERIMENTS and name not in reproductions():
        return None
    try:
        return command_of(run)
    except (KeyError, TypeError, ValueError):
        return None


def _tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _tuples(entry) for name, entry in value.items()}
    return tuple(_tuples(entry) for entry in value) if isinstance(value, list) else value
