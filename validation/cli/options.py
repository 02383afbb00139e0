"""Options that several commands share, and how their text is read."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any, TypeVar

Number = TypeVar("Number", int, float)


def comma_separated_numbers(name: str, text: str | None) -> tuple[float, ...] | None:
    """Return the numbers of "0.1,0.2,0.3", or refuse the text; None, for what was not given, stays None."""
    return _separated(name, text, float, "numbers")


def comma_separated_integers(name: str, text: str | None) -> tuple[int, ...] | None:
    """Return the integers of "1,2,3", or refuse the text; None, for what was not given, stays None."""
    return _separated(name, text, int, "integers")


def comma_separated_names(text: str | None) -> tuple[str, ...] | None:
    """Return the names of "one,two"; None, for what was not given, stays None."""
    return None if text is None else tuple(text.split(","))


def _separated(name: str, text: str | None, kind: Callable[[str], Number], words: str) -> tuple[Number, ...] | None:
    from geneft_theory.errors import InvalidInput, shown

    if text is None:
        return None
    try:
        return tuple(kind(part) for part in text.split(","))
    except ValueError:
        raise InvalidInput(f"{name} must be {words} separated by commas; got {shown(text)}") from None


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
