"""The arguments of `geneft run repon-pair`."""

from __future__ import annotations

import argparse
from typing import Any

from validation.cli import options

HELP = "do pairs of repons collapse as often as the theory says? (quick: about a minute)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment understands."""
    parser.add_argument(
        "--cases", metavar="CASE,CASE,...", help="set-ups, such as pair, cluster-4, adam (default: all)"
    )
    parser.add_argument("--ratios", metavar="R,R,...", help="ratios eta_decoder/eta_encoder, increasing")
    parser.add_argument("--draws", type=int, metavar="K", help="members of every ensemble")
    time = "in units of 1/sqrt(eta_decoder eta_encoder)"
    parser.add_argument("--horizon", type=float, metavar="T", help=f"training time under SGD, {time}")
    parser.add_argument("--learning-rate", type=float, metavar="LR", help="the larger learning rate of SGD")
    parser.add_argument("--adam-horizon", type=float, metavar="T", help="training time under Adam")
    parser.add_argument("--adam-learning-rate", type=float, metavar="LR", help="the larger learning rate of Adam")
    parser.add_argument("--separation", type=float, metavar="EPS", help="half-separation that counts as collapsed")
    parser.add_argument("--target", type=float, metavar="Y", help="the output wanted, for the starts off centre")
    parser.add_argument("--decoder-scale", type=float, metavar="S", help="standard deviation of the decoder")
    parser.add_argument("--embedding-scale", type=float, metavar="S", help="standard deviation of each embedding")


def choose(arguments: argparse.Namespace) -> tuple[Any, Any]:
    """Return the experiment and its options."""
    from validation.experiments import repon_pair, repon_pair_report

    numbers = ("draws", "horizon", "learning_rate", "adam_horizon", "adam_learning_rate", "separation", "target")
    given = {name: getattr(arguments, name) for name in (*numbers, "decoder_scale", "embedding_scale", "sweep_seed")}
    return repon_pair_report, repon_pair.options_from(
        arguments.preset,
        cases=options.comma_separated_names(arguments.cases),
        ratios=options.comma_separated_numbers("ratios", arguments.ratios),
        **given,
    )
