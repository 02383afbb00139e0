"""The arguments of `geneft run merging`."""

from __future__ import annotations

import argparse
from typing import Any

from validation.cli import options

HELP = "can a network's initial parameters tell which symbols will merge?"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment understands."""
    options.add_relations(parser, default="modulo:3, modulo:5, complete-bipartite:10")
    options.add_training(parser)
    parser.add_argument("--fraction", type=float, metavar="P", help="training fraction in (0, 1]")
    parser.add_argument("--mode", metavar="MODE", help="decoder mode")
    parser.add_argument("--loss", metavar="LOSS", help="binary_cross_entropy or mean_squared_error")
    parser.add_argument("--optimizers", metavar="NAME,...", help="of adam and sgd")
    parser.add_argument("--ratios", metavar="R,R,...", help="eta_decoder / eta_encoder, increasing")
    parser.add_argument("--merged-below", type=float, metavar="X", help="distance that counts as merged (default: 0.1)")
    parser.add_argument("--also-below", metavar="X,X,...", help="other such distances, for comparison")


def choose(arguments: argparse.Namespace) -> tuple[Any, Any]:
    """Return the experiment and its options."""
    from validation.experiments import merging, merging_report

    return merging_report, merging.options_from(
        arguments.preset,
        relations=options.as_tuple(arguments.relation),
        n=arguments.n,
        seeds=arguments.seeds,
        steps=arguments.steps,
        sweep_seed=arguments.sweep_seed,
        fraction=arguments.fraction,
        mode=arguments.mode,
        loss=arguments.loss,
        optimizers=options.comma_separated_names(arguments.optimizers),
        ratios=options.comma_separated_numbers("ratios", arguments.ratios),
        merged_below=arguments.merged_below,
        also_below=options.comma_separated_numbers("also_below", arguments.also_below),
    )
