"""Relations by name, as on the command line: "modulo:3", "equivalence:10,10,10", "expression:i < j"."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from geneft_theory.errors import InvalidInput, shown
from geneft_theory.relations import families, graph_families
from geneft_theory.relations.expression import from_expression
from geneft_theory.relations.relation import Relation, require_symbols


class NamedFamily(NamedTuple):
    """A family as a user names it: the form of its arguments, what it means, and how n and the text build it."""

    form: str
    meaning: str
    build: Callable[[int, str], Relation]


def known_relations() -> dict[str, str]:
    """Return every relation that `parse` knows: the form of its name, and its meaning in one line.

    Returns
    -------
    dict of str to str
        Such as ``{"modulo:K": "i = j (mod K)", ...}``; words in capitals stand for values.

    Examples
    --------
    >>> known_relations()["modulo:K"]
    'i = j (mod K)'
    """
    return {named.form: named.meaning for named in NAMED_FAMILIES}


def parse(text: str, n: int) -> Relation:
    """Return the relation with the given name on n symbols; the names are those of `known_relations`.

    Parameters
    ----------
    text : str
        A name such as "modulo:3" or "grid:5x6"; for every named family, `relation.name` is one.
    n : int
        Number of symbols, 1 to 10,000. A name that fixes the number of symbols must agree with it.

    Returns
    -------
    Relation
        The relation.

    Raises
    ------
    InvalidInput
        When the name is unknown, its arguments are malformed or out of their domain, or it has not n symbols.

    Examples
    --------
    >>> parse("modulo:3", 30)
    Relation('modulo:3', n=30)
    >>> parse("equivalence:10,10,9", 30)
    Traceback (most recent call last):
        ...
    geneft_theory.errors.InvalidInput: n must be 29 for relation 'equivalence:10,10,9'; got 30
    """
    n = require_symbols(n)
    name, _, arguments = text.partition(":") if isinstance(text, str) else ("", "", "")
    for named in NAMED_FAMILIES:
        family, _, form = named.form.partition(":")
        if name == family:
            if form and not arguments:
                raise InvalidInput(f"relation must have the form {named.form}; got {shown(text)}")
            if arguments and not form:
                raise InvalidInput(f"relation {family} takes no arguments; got {shown(text)}")
            relation = _built(named, n, text, arguments)
            if relation.n != n:
                raise InvalidInput(f"n must be {relation.n} for relation {shown(text)}; got {n}")
            return relation
    raise InvalidInput(f"relation must be one of {', '.join(known_relations())}; got {shown(text)}")


def _built(named: NamedFamily, n: int, text: str, arguments: str) -> Relation:
    """Build the relation; a complaint about a part of its name says which name."""
    try:
        return named.build(n, arguments)
    except InvalidInput as refusal:
        if str(refusal).startswith(("relation ", "n ")):
            raise
        raise InvalidInput(f"relation {shown(text)}: {refusal}") from None


def integer(name: str, text: str) -> int:
    """Return the integer that a piece of a relation's name spells, or refuse it."""
    if not re.fullmatch(r"[+-]?[0-9]{1,100}", text, re.ASCII):
        raise InvalidInput(f"{name} must be an integer; got {shown(text)}")
    return int(text)


def integers(name: str, text: str) -> list[int]:
    """Return the integers of a comma-separated list, or refuse it."""
    return [integer(name, piece) for piece in text.split(",")]


def build_grid(n: int, text: str) -> Relation:
    """Return the grid named ROWSxCOLUMNS."""
    rows, separator, columns = text.partition("x")
    if not separator:
        raise InvalidInput(f"relation must have the form grid:ROWSxCOLUMNS; got {shown('grid:' + text)}")
    return graph_families.grid(integer("rows", rows), integer("columns", columns))


def build_random(n: int, text: str) -> Relation:
    """Return the random relation named DENSITY:SEED or DENSITY:SEED:symmetric."""
    match = re.fullmatch(r"([^:]+):([^:]+)(:symmetric)?", text)
    if not match:
        raise InvalidInput(
            f"relation must have the form random:DENSITY:SEED[:symmetric]; got {shown('random:' + text)}"
        )
    try:
        density = float(match[1])
    except ValueError:
        raise InvalidInput(f"density must be a number; got {shown(match[1])}") from None
    return families.random_relation(n, density, integer("seed", match[2]), symmetric=match[3] is not None)


NAMED_FAMILIES = (
    NamedFamily("modulo:K", "i = j (mod K)", lambda n, text: families.modulo(n, integer("k", text))),
    NamedFamily("greater-than", "i > j", lambda n, text: families.greater_than(n)),
    NamedFamily(
        "complete-bipartite:A",
        "exactly one of i, j is among the first A symbols",
        lambda n, text: families.complete_bipartite(n, integer("a", text)),
    ),
    NamedFamily(
        "equivalence:SIZE,SIZE,...",
        "i and j are in the same class, classes having the given sizes",
        lambda n, text: families.equivalence(integers("class size", text)),
    ),
    NamedFamily("divisibility", "i + 1 divides j + 1", lambda n, text: families.divisibility(n)),
    NamedFamily(
        "ancestor:PARENT,PARENT,...",
        "i is a proper ancestor of j in the forest with the given parents (-1: a root)",
        lambda n, text: graph_families.ancestor(integers("parent", text)),
    ),
    NamedFamily(
        "balanced-tree:BRANCHING",
        "i is a proper ancestor of j in the complete tree with that many children a symbol",
        lambda n, text: graph_families.balanced_tree(n, integer("branching", text)),
    ),
    NamedFamily("grid:ROWSxCOLUMNS", "cells i and j of a grid share a side", build_grid),
    NamedFamily("cycle", "i and j are neighbours on a ring", lambda n, text: graph_families.cycle(n)),
    NamedFamily("successor", "j = i + 1", lambda n, text: graph_families.successor(n)),
    NamedFamily(
        "random:DENSITY:SEED[:symmetric]",
        "each pair at random with probability DENSITY, drawn once from SEED",
        build_random,
    ),
    NamedFamily(
        "expression:TEXT",
        "what a line of arithmetic in i, j, n says, such as (i + j) % 3 == 0",
        lambda n, text: from_expression(n, text),
    ),
)
