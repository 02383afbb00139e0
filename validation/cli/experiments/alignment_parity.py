"""The arguments of `geneft run alignment-parity`."""

from __future__ import annotations

import argparse
from typing import Any

from validation.cli import options

HELP = "do the states of recurrent networks merge into an automaton that reads strings of any length? (quick: minutes)"
NUMBERS = (
    *("seeds", "length", "units", "activation", "eta", "batch_size", "epochs", "records", "merge_distance"),
    *("long_length", "long_strings", "sweep_seed"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment understands."""
    parser.add_argument("--gains", metavar="G,G,...", help="factors of the initial weights, increasing, at least 2")
    parser.add_argument("--fractions", metavar="P,P,...", help="shares of all strings, increasing, at least 2")
    parser.add_argument("--seeds", type=int, metavar="K", help="replicates of every network")
    parser.add_argument("--length", type=int, metavar="L", help="bits of the longest strings of the training set")
    parser.add_argument("--units", type=int, metavar="P", help="components of a state")
    parser.add_argument("--activation", metavar="NAME", help="relu or tanh")
    parser.add_argument("--eta", type=float, metavar="LR", help="learning rate")
    parser.add_argument("--batch-size", type=int, metavar="B", help="most strings in a batch")
    parser.add_argument("--epochs", type=int, metavar="K", help="how often all strings are seen")
    parser.add_argument("--records", type=int, metavar="K", help="how often states are measured")
    parser.add_argument(
        "--merge-distance", type=float, metavar="D", help="states closer than D of their spread are one (default: 0.01)"
    )
    parser.add_argument("--long-length", type=int, metavar="L", help="bits of the long strings")
    parser.add_argument("--long-strings", type=int, metavar="K", help="how many long strings")


def choose(arguments: argparse.Namespace) -> tuple[Any, Any]:
    """Return the experiment and its options."""
    from validation.experiments import alignment_parity, alignment_parity_report

    lists = {name: getattr(arguments, name) for name in ("gains", "fractions")}
    return alignment_parity_report, alignment_parity.options_from(
        arguments.preset,
        **{name: getattr(arguments, name) for name in NUMBERS},
        **{name: options.comma_separated_numbers(name, text) for name, text in lists.items()},
    )
