"""Options that several commands share, and how their text is read."""

from __future__ import annotations

import argparse
import json
from typing import Any


def comma_separated_numbers(name: str, text: str) -> tuple[float, ...]:
    """Return the numbers of "0.1,0.2,0.3", or refuse the text."""
    from geneft_theory.errors import InvalidInput, shown

    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise InvalidInput(f"{name} must be numbers separated by commas; got {shown(text)}") from None


def comma_separated_integers(name: str, text: str) -> tuple[int, ...]:
    """Return the integers of "1,2,3", or refuse the text."""
    from geneft_theory.errors import InvalidInput, shown

    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise InvalidInput(f"{name} must be integers separated by commas; got {shown(text)}") from None


RELATION_HELP = "a relation such as modulo:3, greater-than, complete-bipartite:10, or expression:(i + j) %% 3 == 0"


def add_relation(parser: argparse.ArgumentParser) -> None:
    """Add --relation for one relation, and --n."""
    parser.add_argument("--relation", default="modulo:3", metavar="NAME", help=f"{RELATION_HELP} (default: modulo:3)")
    _add_n(parser)


def add_relations(parser: argparse.ArgumentParser, default: str) -> None:
    """Add --relation, to be repeated for several, and --n."""
    text = f"{RELATION_HELP}; repeat it for several (default: {default})"
    parser.add_argument("--relation", action="append", metavar="NAME", help=text)
    _add_n(parser)


def _add_n(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--n", type=int, default=None, metavar="N", help="number of symbols (default: 30)")


def add_training(parser: argparse.ArgumentParser) -> None:
    """Add --seeds and --steps."""
    parser.add_argument("--seeds", type=int, metavar="K", help="replicates of every network")
    parser.add_argument("--steps", type=int, metavar="K", help="training steps")


def as_tuple(values: list[str] | None) -> tuple[str, ...] | None:
    """Return what a repeated option collected, or None where it was not given."""
    return None if values is None else tuple(values)


def print_json(value: Any) -> None:
    """Print one JSON document on standard output; not-a-number is not JSON and becomes null."""
    print(json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and value != value:
        return None
    return value
