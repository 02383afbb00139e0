"""The arguments of `geneft run learning-rates`."""

from __future__ import annotations

import argparse
from typing import Any

from validation.cli import options

HELP = "which learning rates lead to generalization? (quick: about two minutes)"
NUMBERS = ("eta_encoder", "eta_decoder", "eta_encoder_sgd", "eta_decoder_sgd", "weight_decays")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment understands."""
    options.add_relations(parser, default="modulo:3; standard: those of Table I")
    options.add_training(parser)
    parser.add_argument("--fraction", type=float, metavar="P", help="training fraction in (0, 1)")
    parser.add_argument("--optimizers", metavar="NAME,...", help="of adam, adamw and sgd")
    parser.add_argument("--eta-encoder", metavar="R,R,...", help="encoder learning rates of adam and adamw")
    parser.add_argument("--eta-decoder", metavar="R,R,...", help="decoder learning rates of adam and adamw")
    parser.add_argument("--eta-encoder-sgd", metavar="R,R,...", help="encoder learning rates of sgd")
    parser.add_argument("--eta-decoder-sgd", metavar="R,R,...", help="decoder learning rates of sgd")
    parser.add_argument("--weight-decays", metavar="D,D,...", help="weight decays of the decoder")
    parser.add_argument("--record-every", type=int, metavar="K", help="steps between measurements")
    parser.add_argument("--delay", type=int, metavar="K", help="steps from which it is grokking (default: 1000)")
    parser.add_argument(
        "--to-the-end", action="store_true", help="train on those networks, too, whose phase is decided"
    )
    parser.add_argument("--loss", metavar="LOSS", help="binary_cross_entropy or mean_squared_error")


def choose(arguments: argparse.Namespace) -> tuple[Any, Any]:
    """Return the experiment and its options."""
    from validation.experiments import learning_rates, learning_rates_report

    given = {name: getattr(arguments, name) for name in NUMBERS}
    numbers = {name: options.comma_separated_numbers(name, text) for name, text in given.items()}
    return learning_rates_report, learning_rates.options_from(
        arguments.preset,
        relations=options.as_tuple(arguments.relation),
        n=arguments.n,
        seeds=arguments.seeds,
        steps=arguments.steps,
        sweep_seed=arguments.sweep_seed,
        fraction=arguments.fraction,
        optimizers=options.comma_separated_names(arguments.optimizers),
        record_every=arguments.record_every,
        delay=arguments.delay,
        until_learned=False if arguments.to_the_end else None,
        loss=arguments.loss,
        **numbers,
    )
