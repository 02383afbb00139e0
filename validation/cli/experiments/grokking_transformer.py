"""The arguments of `geneft run grokking-transformer`."""

from __future__ import annotations

import argparse
from typing import Any

from validation.cli import options

HELP = "when does a transformer grok modular addition, and on which circles? (quick: some minutes)"
NUMBERS = (
    *("weight_decay", "seeds", "training_seed", "modulus", "fraction", "embedding_dimension", "layers", "heads"),
    *("hidden_width", "embedding_scale", "eta_encoder", "eta_decoder", "steps", "check_every", "records"),
    *("threshold", "frequencies", "sweep_seed"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this experiment understands."""
    options.add_training(parser)
    parser.add_argument("--modulus", type=int, metavar="P", help="symbols, which are added modulo P")
    parser.add_argument("--fraction", type=float, metavar="P", help="training fraction in (0, 1)")
    parser.add_argument("--training-seed", type=int, metavar="S", help="one training set for all (default: own ones)")
    parser.add_argument("--weight-decays", metavar="D,D,...", help="weight decays of the decoder, increasing")
    parser.add_argument("--weight-decay", type=float, metavar="D", help="that of them with which dropout is varied")
    parser.add_argument("--dropouts", metavar="Q,Q,...", help="probabilities of dropout, increasing")
    parser.add_argument("--eta-encoder", type=float, metavar="ETA", help="learning rate of the embeddings")
    parser.add_argument("--eta-decoder", type=float, metavar="ETA", help="learning rate of all else")
    parser.add_argument("--embedding-dimension", type=int, metavar="K", help="components of an embedding")
    parser.add_argument("--embedding-scale", type=float, metavar="S", help="standard deviation of embeddings at start")
    parser.add_argument("--layers", type=int, metavar="K", help="blocks of attention and MLP")
    parser.add_argument("--heads", type=int, metavar="K", help="heads of each attention")
    parser.add_argument("--hidden-width", type=int, metavar="K", help="hidden units of each MLP")
    parser.add_argument("--threshold", type=float, metavar="A", help="accuracy that counts as learned (default: 0.9)")
    parser.add_argument("--frequencies", type=int, metavar="K", help="frequencies that the concentration counts")
    parser.add_argument("--check-every", type=int, metavar="K", help="steps between two looks at the accuracies")
    parser.add_argument("--records", type=int, metavar="K", help="points of the curves")


def choose(arguments: argparse.Namespace) -> tuple[Any, Any]:
    """Return the experiment and its options."""
    from validation.experiments import grokking_transformer, grokking_transformer_report

    lists = {name: getattr(arguments, name) for name in ("weight_decays", "dropouts")}
    return grokking_transformer_report, grokking_transformer.options_from(
        arguments.preset,
        **{name: getattr(arguments, name) for name in NUMBERS},
        **{name: options.comma_separated_numbers(name, text) for name, text in lists.items()},
    )
