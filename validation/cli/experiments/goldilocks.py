"""The arguments of `geneft run goldilocks`."""

from __future__ import annotations

import argparse
from typing import Any

from validation.cli import options

HELP = "is there a decoder neither too simple nor too complex?"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment understands."""
    options.add_relations(parser, default="modulo:3")
    options.add_training(parser)
    parser.add_argument("--fraction", type=float, metavar="P", help="training fraction in (0, 1)")
    parser.add_argument("--mode", metavar="MODE", help="decoder mode")
    parser.add_argument("--depths", metavar="D,D,...", help="numbers of hidden layers")
    parser.add_argument("--widths", metavar="W,W,...", help="units of a hidden layer")


def choose(arguments: argparse.Namespace) -> tuple[Any, Any]:
    """Return the experiment and its options."""
    from validation.experiments import goldilocks, goldilocks_report

    return goldilocks_report, goldilocks.options_from(
        arguments.preset,
        relations=options.as_tuple(arguments.relation),
        n=arguments.n,
        seeds=arguments.seeds,
        steps=arguments.steps,
        sweep_seed=arguments.sweep_seed,
        fraction=arguments.fraction,
        mode=arguments.mode,
        depths=options.comma_separated_integers("depths", arguments.depths),
        widths=options.comma_separated_integers("widths", arguments.widths),
    )
