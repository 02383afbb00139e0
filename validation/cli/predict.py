"""`geneft predict`: the theory alone, with no network trained."""

from __future__ import annotations

import argparse
from typing import Any

from validation.cli import options


def add(subparsers: Any) -> None:
    """Add the command and its theories to the parser."""
    parser = subparsers.add_parser("predict", help="print what a theory predicts", allow_abbrev=False)
    theories = parser.add_subparsers(dest="theory", metavar="THEORY", required=True)
    statics = theories.add_parser("statics", help="how much data does a relation need?", allow_abbrev=False)
    options.add_relation(statics)
    statics.add_argument("--accuracy", type=float, default=0.9, help="fraction of bits to be known (default: 0.9)")
    statics.add_argument("--fractions", metavar="P,P,...", help="also print the accuracy estimate at these fractions")
    statics.add_argument("--ideal", type=int, default=0, metavar="DRAWS", help="and the ideal learner's accuracy")
    statics.add_argument("--seed", type=int, default=0, help="seed of the ideal learner's training sets (default: 0)")
    statics.add_argument("--json", action="store_true", help="print one JSON object")
    statics.set_defaults(execute=execute_statics)


def execute_statics(arguments: argparse.Namespace) -> None:
    """Print the statics of one relation."""
    from validation.experiments.prediction import predict_statics

    fractions = options.comma_separated_numbers("fractions", arguments.fractions) if arguments.fractions else ()
    prediction = predict_statics(
        arguments.relation,
        30 if arguments.n is None else arguments.n,
        accuracy=arguments.accuracy,
        fractions=fractions,
        ideal_draws=arguments.ideal,
        seed=arguments.seed,
    )
    if arguments.json:
        options.print_json(prediction)
    else:
        print_statics(prediction)


def print_statics(prediction: dict[str, Any]) -> None:
    """Print a prediction for a person to read."""
    curves = prediction.pop("curves")
    for name, value in prediction.items():
        if isinstance(value, list):
            value = ", ".join(map(str, value)) or "none"
        print(
            f"{name.replace('_', ' '):<28} {value:.6g}"
            if isinstance(value, float)
            else f"{name.replace('_', ' '):<28} {value}"
        )
    for row in curves:
        print("  ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in row.items()))
