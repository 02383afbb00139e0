"""The arguments of `geneft run slowing-down`."""

from __future__ import annotations

import argparse
from typing import Any

from validation.cli import options

HELP = "does generalizing take longer near the memorization boundary? (quick: about two minutes)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment understands."""
    options.add_relation(parser)
    parser.set_defaults(relation=None)
    options.add_training(parser)
    parser.add_argument("--fraction", type=float, metavar="P", help="training fraction in (0, 1)")
    parser.add_argument("--eta-encoder", type=float, metavar="ETA", help="learning rate of the networks' embeddings")
    parser.add_argument("--eta-decoders", metavar="ETA,ETA,...", help="learning rates of their decoders, increasing")
    parser.add_argument("--optimizer", metavar="NAME", help="adam, adamw or sgd")
    parser.add_argument("--records", type=int, metavar="K", help="how often a network is looked at")
    parser.add_argument("--distances", metavar="C,C,...", help="distances of the pairs from their boundary, increasing")
    parser.add_argument("--draws", type=int, metavar="K", help="pairs at each distance")
    parser.add_argument("--separation", type=float, metavar="EPS", help="half-separation that a pair has to reach")
    parser.add_argument("--learning-rate", type=float, metavar="LR", help="learning rate of the pairs under SGD")
    parser.add_argument("--adam-learning-rate", type=float, metavar="LR", help="and under Adam")


def choose(arguments: argparse.Namespace) -> tuple[Any, Any]:
    """Return the experiment and its options."""
    from validation.experiments import slowing_down, slowing_down_report

    same = ("relation", "n", "seeds", "steps", "fraction", "eta_encoder", "optimizer", "records", "draws", "separation")
    lists = {name: getattr(arguments, name) for name in ("eta_decoders", "distances")}
    return slowing_down_report, slowing_down.options_from(
        arguments.preset,
        **{name: getattr(arguments, name) for name in (*same, "learning_rate", "adam_learning_rate", "sweep_seed")},
        **{name: options.comma_separated_numbers(name, text) for name, text in lists.items()},
    )
