"""`geneft predict`: the theory alone, with no network trained."""

from __future__ import annotations

import argparse
from typing import Any

from validation.cli import options

OPTIMISERS = ("gradient_flow", "sign")


def add(subparsers: Any) -> None:
    """Add the command and its theories to the parser."""
    parser = subparsers.add_parser("predict", help="print what a theory predicts", allow_abbrev=False)
    theories = parser.add_subparsers(dest="theory", metavar="THEORY", required=True)
    _add_statics(theories.add_parser("statics", help="how much data does a relation need?", allow_abbrev=False))
    _add_collapse(
        theories.add_parser("collapse", help="how likely do two embeddings of one class merge?", allow_abbrev=False)
    )
    _add_boundary(
        theories.add_parser("boundary", help="which learning rates lead to generalization?", allow_abbrev=False)
    )


def _add_statics(statics: argparse.ArgumentParser) -> None:
    options.add_relation(statics)
    statics.add_argument("--accuracy", type=float, default=0.9, help="fraction of bits to be known (default: 0.9)")
    statics.add_argument("--fractions", metavar="P,P,...", help="also print the accuracy estimate at these fractions")
    statics.add_argument("--ideal", type=int, default=0, metavar="DRAWS", help="and the ideal learner's accuracy")
    statics.add_argument("--seed", type=int, default=0, help="seed of the ideal learner's training sets (default: 0)")
    _add_json(statics)
    statics.set_defaults(execute=execute_statics)


def _add_collapse(collapse: argparse.ArgumentParser) -> None:
    collapse.add_argument("--eta-decoder", type=float, required=True, metavar="ETA", help="decoder's learning rate")
    collapse.add_argument("--eta-encoder", type=float, required=True, metavar="ETA", help="embeddings' learning rate")
    _add_start(collapse)
    collapse.add_argument("--horizon", type=float, metavar="T", help="time by which to collapse (default: for ever)")
    collapse.add_argument("--separation", type=float, metavar="EPS", help="half-separation that counts as collapsed")
    collapse.add_argument("--dimension", type=int, default=1, metavar="D", help="components of a repon (default: 1)")
    collapse.add_argument("--outputs", type=int, default=1, metavar="P", help="outputs of the decoder (default: 1)")
    _add_json(collapse)
    collapse.set_defaults(execute=execute_collapse)


def _add_boundary(boundary: argparse.ArgumentParser) -> None:
    boundary.add_argument("--probability", type=float, default=0.5, help="probability on the line (default: 0.5)")
    _add_start(boundary)
    boundary.add_argument("--eta-encoder", metavar="ETA,ETA,...", help="also print the line's points there")
    _add_json(boundary)
    boundary.set_defaults(execute=execute_boundary)


def _add_start(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sigma-a", type=float, default=1.0, metavar="S", help="spread of the decoder (default: 1)")
    parser.add_argument("--sigma-c", type=float, default=1.0, metavar="S", help="of the half-separation (default: 1)")
    parser.add_argument("--cluster", type=int, default=1, metavar="N", help="repons that one joins (default: 1)")
    parser.add_argument(
        "--optimiser",
        choices=OPTIMISERS,
        default="gradient_flow",
        help="plain gradient descent, or the sign flow that Adam approximates (default: gradient_flow)",
    )


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def execute_statics(arguments: argparse.Namespace) -> None:
    """Print the statics of one relation."""
    from validation.experiments.prediction import predict_statics

    fractions = options.comma_separated_numbers("fractions", arguments.fractions) or ()
    prediction = predict_statics(
        arguments.relation,
        30 if arguments.n is None else arguments.n,
        accuracy=arguments.accuracy,
        fractions=fractions,
        ideal_draws=arguments.ideal,
        seed=arguments.seed,
    )
    _print(prediction, arguments, rows="curves")


def execute_collapse(arguments: argparse.Namespace) -> None:
    """Print the probability of collapse at one pair of learning rates."""
    from validation.experiments.prediction_repons import predict_collapse

    names = ("sigma_a", "sigma_c", "cluster", "optimiser", "horizon", "separation", "dimension", "outputs")
    given = {name: getattr(arguments, name) for name in names}
    _print(predict_collapse(arguments.eta_decoder, arguments.eta_encoder, **given), arguments)


def execute_boundary(arguments: argparse.Namespace) -> None:
    """Print the line of a given probability of collapse in the plane of the learning rates."""
    from validation.experiments.prediction_repons import predict_boundary

    names = ("sigma_a", "sigma_c", "cluster", "optimiser")
    rates = options.comma_separated_numbers("eta_encoder", arguments.eta_encoder) or ()
    given = {name: getattr(arguments, name) for name in names}
    _print(predict_boundary(arguments.probability, **given, eta_encoder=rates), arguments, rows="points")


def _print(prediction: dict[str, Any], arguments: argparse.Namespace, rows: str = "") -> None:
    if arguments.json:
        options.print_json(prediction)
    else:
        print_prediction(prediction, rows)


def print_prediction(prediction: dict[str, Any], rows: str = "") -> None:
    """Print a prediction for a person to read: a line an entry, then a line for each of its rows."""
    for name, value in prediction.items():
        if name != rows:
            print(f"{name.replace('_', ' '):<28} {_as_text(value)}")
    for row in prediction.get(rows, ()):
        print("  ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in row.items()))


def _as_text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, dict):
        return " ".join(map(str, value.values()))
    if isinstance(value, list):
        return ", ".join(map(_as_text, value)) or "none"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
