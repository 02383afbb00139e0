"""The arguments of `geneft run statics`."""

from __future__ import annotations

import argparse
from typing import Any

from validation.cli import options

HELP = "how much data does generalization need? (quick: about two minutes)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment understands."""
    options.add_relations(parser, default="those of Table I")
    options.add_training(parser)
    parser.add_argument("--fractions", metavar="P,P,...", help="training fractions in (0, 1]")
    parser.add_argument("--mode", action="append", metavar="MODE", help="decoder mode; repeat it for several")
    parser.add_argument("--draws", type=int, metavar="K", help="random training sets for the ideal learner")
    parser.add_argument("--accuracy", type=float, help="accuracy that counts as generalization (default: 0.9)")


def choose(arguments: argparse.Namespace) -> tuple[Any, Any]:
    """Return the experiment and its options."""
    from validation.experiments import statics, statics_report

    return statics_report, statics.options_from(
        arguments.preset,
        relations=options.as_tuple(arguments.relation),
        n=arguments.n,
        seeds=arguments.seeds,
        steps=arguments.steps,
        sweep_seed=arguments.sweep_seed,
        draws=arguments.draws,
        accuracy=arguments.accuracy,
        modes=options.as_tuple(arguments.mode),
        fractions=options.comma_separated_numbers("fractions", arguments.fractions),
    )
