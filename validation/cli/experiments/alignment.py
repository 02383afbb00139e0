"""The arguments of `geneft run alignment`."""

from __future__ import annotations

import argparse
from typing import Any

from validation.cli import options

HELP = "do the representations of two points go where the universal theory says? (quick: about three minutes)"
LISTS = ("input_distances", "target_distances", "gains", "gain_etas")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment understands."""
    parser.add_argument("--size", metavar="SIZE", help="small (8 layers of 100 units) or official (20 of 500)")
    parser.add_argument(
        "--cases",
        metavar="NAME,...",
        help="kinds of networks, leaky-relu among them: relu, tanh, elu, silu, linear, shallow, narrow, residual, "
        "dropout, convolutional (default: all)",
    )
    parser.add_argument("--seeds", type=int, metavar="K", help="initial weights of every network")
    parser.add_argument("--steps", type=int, metavar="S", help="training steps of the courses")
    parser.add_argument("--records", type=int, metavar="R", help="how often courses are recorded")
    parser.add_argument("--input-distances", metavar="D,D,...", help="distances of the inputs on the grid")
    parser.add_argument("--target-distances", metavar="D,D,...", help="distances of the targets on the grid")
    parser.add_argument("--grid-eta", type=float, metavar="LR", help="learning rate on the grid")
    parser.add_argument("--grid-steps", type=int, metavar="S", help="the most steps on the grid")
    parser.add_argument("--gains", metavar="G,G,...", help="gains of the initial weights, with --gain-etas")
    parser.add_argument("--gain-etas", metavar="LR,LR,...", help="learning rate at each gain")
    parser.add_argument("--gain-steps", type=int, metavar="S", help="the most steps at each gain")


def choose(arguments: argparse.Namespace) -> tuple[Any, Any]:
    """Return the experiment and its options."""
    from validation.experiments import alignment, alignment_report

    numbers = ("size", "seeds", "steps", "records", "grid_eta", "grid_steps", "gain_steps", "sweep_seed")
    given = {name: getattr(arguments, name) for name in LISTS}
    return alignment_report, alignment.options_from(
        arguments.preset,
        cases=options.comma_separated_names(arguments.cases),
        **{name: options.comma_separated_numbers(name, text) for name, text in given.items()},
        **{name: getattr(arguments, name) for name in numbers},
    )
