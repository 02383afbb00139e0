"""The arguments of `geneft run alignment-structure`."""

from __future__ import annotations

import argparse
from typing import Any

from validation.cli import options

HELP = "do many points keep the distances that pairs would have: XOR, identical targets, digits (quick: some minutes)"
INTEGERS = (
    *("seeds", "depth", "width", "layer", "steps", "identical_width", "identical_steps", "digits_width"),
    *("digits_steps", "images"),
)
NUMBERS = ("identical_eta", "digits_gain", "digits_eta")
LISTS = ("gains", "etas", "identical_gains")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment understands."""
    parser.add_argument("--tasks", metavar="NAME,...", help="xor, identical, digits (default: all)")
    options.add_training(parser)
    parser.add_argument("--gains", metavar="G,G,...", help="XOR: initial gains, from rich to lazy")
    parser.add_argument("--etas", metavar="LR,LR,...", help="XOR: the learning rate of each gain")
    parser.add_argument("--depth", type=int, metavar="L", help="XOR: hidden layers")
    parser.add_argument("--width", type=int, metavar="W", help="XOR: units in each")
    parser.add_argument("--layer", type=int, metavar="K", help="XOR: the layer looked at, from 0 on")
    parser.add_argument("--identical-gains", metavar="G,G,...", help="identical targets: initial gains, increasing")
    parser.add_argument("--outputs", metavar="M,M,...", help="identical targets: numbers of outputs, increasing")
    parser.add_argument("--identical-eta", type=float, metavar="LR", help="identical targets: learning rate")
    parser.add_argument("--identical-width", type=int, metavar="W", help="identical targets: units in each layer")
    parser.add_argument("--identical-steps", type=int, metavar="S", help="identical targets: training steps")
    parser.add_argument("--digits-gain", type=float, metavar="G", help="images: initial gain")
    parser.add_argument("--digits-eta", type=float, metavar="LR", help="images: learning rate")
    parser.add_argument("--digits-width", type=int, metavar="W", help="images: units in each layer")
    parser.add_argument("--digits-steps", type=int, metavar="S", help="images: training steps")
    parser.add_argument("--images", type=int, metavar="K", help="images of each class")


def choose(arguments: argparse.Namespace) -> tuple[Any, Any]:
    """Return the experiment and its options."""
    from validation.experiments import alignment_structure, alignment_structure_report

    lists = {name: getattr(arguments, name) for name in LISTS}
    return alignment_structure_report, alignment_structure.options_from(
        arguments.preset,
        tasks=options.comma_separated_names(arguments.tasks),
        outputs=options.comma_separated_integers("outputs", arguments.outputs),
        **{name: getattr(arguments, name) for name in (*INTEGERS, *NUMBERS, "sweep_seed")},
        **{name: options.comma_separated_numbers(name, text) for name, text in lists.items()},
    )
