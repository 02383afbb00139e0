"""The arguments of `geneft run grokking-phases`."""

from __future__ import annotations

import argparse
from typing import Any

from validation.cli import options

HELP = "when does a network that adds grok, generalize, memorize or neither? (quick: about three minutes)"
NUMBERS = {
    "eta_encoder": "encoder learning rates of diagram a",
    "eta_decoder": "decoder learning rates of diagram a",
    "eta_decoder_decayed": "decoder learning rates of diagrams b, c and d",
    "weight_decays_b": "weight decays of the decoder in diagram b",
    "weight_decays_c": "in diagram c",
    "weight_decays_d": "in diagram d",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment understands."""
    parser.add_argument(
        "--diagrams",
        metavar="X,X,...",
        help="a: sums, regression, both rates; over decoder rate and weight decay b: sums, regression, c: sums, "
        "classification, d: permutations of three things (default: a,b; standard: all)",
    )
    parser.add_argument(
        "--training-sets", metavar="KIND,...", help="of ideal (they imply all answers; default) and random"
    )
    parser.add_argument("--sets", type=int, metavar="K", help="ideal training sets (default: 1)")
    options.add_training(parser)
    parser.add_argument("--splits", type=int, metavar="K", help="random training sets at the rates of the default run")
    for name, text in NUMBERS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", metavar="R,R,...", help=text)
    parser.add_argument("--width", type=int, metavar="W", help="units in a hidden layer of the decoder (default: 200)")
    parser.add_argument("--delay", type=int, metavar="K", help="steps from which it is grokking (default: 1000)")


def choose(arguments: argparse.Namespace) -> tuple[Any, Any]:
    """Return the experiment and its options."""
    from validation.experiments import grokking_phases, grokking_phases_report

    given = {name: getattr(arguments, name) for name in NUMBERS}
    names = {name: getattr(arguments, name) for name in ("diagrams", "training_sets")}
    same = ("sets", "seeds", "splits", "width", "steps", "delay", "sweep_seed")
    return grokking_phases_report, grokking_phases.options_from(
        arguments.preset,
        **{name: tuple(text.split(",")) for name, text in names.items() if text is not None},
        **{name: getattr(arguments, name) for name in same},
        **{name: options.comma_separated_numbers(name, text) for name, text in given.items()},
    )
