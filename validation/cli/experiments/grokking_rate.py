"""The arguments of `geneft run grokking-rate`."""

from __future__ import annotations

import argparse
from typing import Any

from validation.cli import options

HELP = "is structure formed where the effective theory of grokking says, and as fast? (quick: about two minutes)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment understands."""
    parser.add_argument("--symbols", type=int, metavar="P", help="how many numbers are added")
    parser.add_argument("--sizes", metavar="M,M,...", help="training pairs, increasing, at least 3")
    parser.add_argument(
        "--seeds", type=int, metavar="K", help="replicates, each with a training set and start of its own"
    )
    parser.add_argument("--losses", metavar="LOSS,...", help="mean_squared_error, cross_entropy (default: both)")
    parser.add_argument("--optimizers", metavar="NAME,...", help="adamw, sgd (default: both)")
    parser.add_argument("--steps", type=int, metavar="S", help="training steps")
    parser.add_argument("--eta-encoder", type=float, metavar="LR", help="learning rate of the embeddings (adamw)")
    parser.add_argument("--eta-decoder", type=float, metavar="LR", help="learning rate of the decoder (adamw)")
    parser.add_argument("--eta-encoder-sgd", type=float, metavar="LR", help="learning rate of the embeddings (sgd)")
    parser.add_argument("--eta-decoder-sgd", type=float, metavar="LR", help="learning rate of the decoder (sgd)")
    parser.add_argument("--width", type=int, metavar="W", help="units in each of the two hidden layers")
    parser.add_argument("--embedding-dimension", type=int, metavar="D", help="components of an embedding")


def choose(arguments: argparse.Namespace) -> tuple[Any, Any]:
    """Return the experiment and its options."""
    from validation.experiments import grokking_rate, grokking_rate_report

    rates = ("eta_encoder", "eta_decoder", "eta_encoder_sgd", "eta_decoder_sgd")
    numbers = ("symbols", "seeds", "steps", "width", "embedding_dimension", "sweep_seed", *rates)
    return grokking_rate_report, grokking_rate.options_from(
        arguments.preset,
        sizes=options.comma_separated_integers("sizes", arguments.sizes),
        losses=options.comma_separated_names(arguments.losses),
        optimizers=options.comma_separated_names(arguments.optimizers),
        **{name: getattr(arguments, name) for name in numbers},
    )
