"""`geneft run`: train an experiment's networks and write its run folder with the report."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from typing import Any

from validation.cli import options
from validation.experiments import EXPERIMENTS

PRESETS = ("quick", "standard", "paper")


def add(subparsers: Any) -> None:
    """Add the command and its experiments to the parser."""
    parser = subparsers.add_parser("run", help="train networks and hold them against the theory", allow_abbrev=False)
    experiments = parser.add_subparsers(dest="experiment", metavar="EXPERIMENT", required=True)
    for name in EXPERIMENTS:
        experiment = import_module(f"validation.cli.experiments.{name.replace('-', '_')}")
        own = experiments.add_parser(name, help=experiment.HELP, allow_abbrev=False)
        experiment.add_arguments(own)
        _add_common(own)
        own.set_defaults(
            execute=lambda arguments, experiment=experiment: _run(arguments, *experiment.choose(arguments))
        )


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--preset", choices=PRESETS, default="quick", help="default: quick")
    parser.add_argument("--sweep-seed", type=int, metavar="S", help="root of every random stream (default: 0)")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="run folder: new, or this same run's to go on (default: below runs/)"
    )
    parser.add_argument("--json", action="store_true", help="print the results as one JSON object")


def _run(arguments: argparse.Namespace, experiment: Any, chosen: Any) -> None:
    from validation.experiments.running import open_folder
    from validation.sweeps import progress_bar

    folder = open_folder(experiment.NAME, arguments.preset, chosen, arguments.out)
    with progress_bar("training networks") as progress:
        summary = experiment.run(folder, chosen, progress)
    if arguments.json:
        options.print_json(summary)
    else:
        print(experiment.as_text(summary))
        print(f"\nreport: {folder.report}")
