"""Running a reproduction again, in full or reduced, and keeping what comes out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from validation.experiments.registry import experiment
from validation.reproduce.registry import Reproduction, experiment_options
from validation.reproduce.stored import store
from validation.reproduce.verdicts import verdicts_of
from validation.sweeps import Execution, Progress
from validation.sweeps.work import store_failed


def reproduce(
    reproduction: Reproduction, out: Path, *, quick: bool, keep: bool, progress: Progress | None
) -> tuple[list[dict[str, Any]], Path]:
    """Train a reproduction's networks, write the run folder, and return the verdicts and the report's path.

    Parameters
    ----------
    reproduction : Reproduction
        One that trains networks.
    out : path
        Run folder.
    quick : bool
        Train the reduced form.
    keep : bool
        Replace the stored result of the package; only for a full run.
    progress : callable or None
        Told how many networks are done.

    Raises
    ------
    InvalidInput
        If the folder holds something else, or the reduced form is to be stored.
    """
    from geneft_theory.errors import InvalidInput
    from validation.experiments.presentation import write_table
    from validation.experiments.running import open_folder, wall_minutes

    if quick and keep:
        raise InvalidInput("store must not be combined with quick: only a full run is stored")
    options = experiment_options(reproduction)
    trained = experiment(reproduction.experiment)
    options = trained.reduced(options) if quick else options
    folder = open_folder(reproduction.key, "quick" if quick else "full", options, out)
    try:
        trained.run(folder, options, Execution(progress=progress))
    except OSError as trouble:
        raise store_failed(folder.path, trouble) from None
    results, theory = trained.outcome(folder, options)
    minutes = wall_minutes(folder)
    if keep:
        store(reproduction, results, theory, minutes)
    about = {
        "key": reproduction.key,
        "title": reproduction.title,
        "command": reproduction.command + (" --quick" if quick else ""),
        "minutes": minutes,
        "seeds": getattr(options, "seeds", None),
    }
    rows = [about | verdict.to_dict() for verdict in verdicts_of(reproduction, results, theory)]
    write_table(folder, "verdicts", rows)
    return rows, folder.report
