"""`geneft run`: train an experiment's networks and write its run folder with the report."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from validation.cli import options

PRESETS = ("quick", "standard", "paper")


def add(subparsers: Any) -> None:
    """Add the command and its experiments to the parser."""
    parser = subparsers.add_parser("run", help="train networks and hold them against the theory", allow_abbrev=False)
    experiments = parser.add_subparsers(dest="experiment", metavar="EXPERIMENT", required=True)
    statics = experiments.add_parser(
        "statics", help="how much data does generalization need? (quick: about two minutes)", allow_abbrev=False
    )
    _add_common(statics, relations="those of Table I")
    statics.add_argument("--fractions", metavar="P,P,...", help="training fractions in (0, 1]")
    statics.add_argument("--mode", action="append", metavar="MODE", help="decoder mode; repeat it for several")
    statics.add_argument("--draws", type=int, metavar="K", help="random training sets for the ideal learner")
    statics.add_argument("--accuracy", type=float, help="accuracy that counts as generalization (default: 0.9)")
    statics.set_defaults(execute=execute_statics)

    goldilocks = experiments.add_parser(
        "goldilocks", help="is there a decoder neither too simple nor too complex?", allow_abbrev=False
    )
    _add_common(goldilocks, relations="modulo:3")
    goldilocks.add_argument("--fraction", type=float, metavar="P", help="training fraction in (0, 1)")
    goldilocks.add_argument("--mode", metavar="MODE", help="decoder mode")
    goldilocks.add_argument("--depths", metavar="D,D,...", help="numbers of hidden layers")
    goldilocks.add_argument("--widths", metavar="W,W,...", help="units of a hidden layer")
    goldilocks.set_defaults(execute=execute_goldilocks)


def _add_common(parser: argparse.ArgumentParser, relations: str) -> None:
    options.add_relations(parser, default=relations)
    parser.add_argument("--preset", choices=PRESETS, default="quick", help="default: quick")
    parser.add_argument("--seeds", type=int, metavar="K", help="replicates of every network")
    parser.add_argument("--steps", type=int, metavar="K", help="training steps")
    parser.add_argument("--sweep-seed", type=int, metavar="S", help="root of every random stream (default: 0)")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="run folder: new, or this same run's to go on (default: below runs/)"
    )
    parser.add_argument("--json", action="store_true", help="print the results as one JSON object")


def execute_statics(arguments: argparse.Namespace) -> None:
    """Run the statics experiment."""
    from validation.experiments import statics, statics_report

    chosen = statics.options_from(
        arguments.preset,
        relations=_tuple(arguments.relation),
        n=arguments.n,
        seeds=arguments.seeds,
        steps=arguments.steps,
        sweep_seed=arguments.sweep_seed,
        draws=arguments.draws,
        accuracy=arguments.accuracy,
        modes=_tuple(arguments.mode),
        fractions=options.comma_separated_numbers("fractions", arguments.fractions) if arguments.fractions else None,
    )
    _run(statics_report, chosen, arguments)


def execute_goldilocks(arguments: argparse.Namespace) -> None:
    """Run the Goldilocks experiment."""
    from validation.experiments import goldilocks, goldilocks_report

    chosen = goldilocks.options_from(
        arguments.preset,
        relations=_tuple(arguments.relation),
        n=arguments.n,
        seeds=arguments.seeds,
        steps=arguments.steps,
        sweep_seed=arguments.sweep_seed,
        fraction=arguments.fraction,
        mode=arguments.mode,
        depths=options.comma_separated_integers("depths", arguments.depths) if arguments.depths else None,
        widths=options.comma_separated_integers("widths", arguments.widths) if arguments.widths else None,
    )
    _run(goldilocks_report, chosen, arguments)


def _run(experiment: Any, chosen: Any, arguments: argparse.Namespace) -> None:
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


def _tuple(values: list[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)
