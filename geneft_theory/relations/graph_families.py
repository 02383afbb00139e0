"""Relations drawn as graphs: trees, grids, cycles, chains. Symbols are numbered 0 ... n-1."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, require_integer, shown
from geneft_theory.relations.relation import Relation, require_symbols


def ancestor(parents: Iterable[int | None]) -> Relation:
    """Ancestry in a rooted tree or forest: R(i, j) = 1 iff i is a proper ancestor of j; a strict partial order.

    Parameters
    ----------
    parents : iterable of int or None, (n,)
        The parent of each symbol, 0 to n - 1; None or -1 marks a root.

    Returns
    -------
    Relation
        Its name is "ancestor:P0,P1,..." with -1 for a root.

    Raises
    ------
    InvalidInput
        When `parents` is empty, names a symbol that does not exist, or runs in a circle.

    Examples
    --------
    >>> ancestor([None, 0, 1]).matrix.astype(int).tolist()
    [[0, 1, 1], [0, 0, 1], [0, 0, 0]]
    """
    parent = require_parents(parents)
    name = "ancestor:" + ",".join(map(str, parent))
    return Relation(ancestor_matrix(parent), name, "ancestor", {"parents": tuple(parent)})


def balanced_tree(n: int, branching: int = 2) -> Relation:
    """Ancestry in the complete tree on n symbols, numbered level by level: the parent of i > 0 is (i-1) // branching.

    Parameters
    ----------
    n : int
        Number of symbols, 1 to 10,000; the last level may be partly filled.
    branching : int
        Children of a symbol, >= 1.

    Returns
    -------
    Relation
        R(i, j) = 1 iff i is a proper ancestor of j. Its name is "balanced-tree:BRANCHING".

    Raises
    ------
    InvalidInput
        When n or branching lies outside its domain.

    Examples
    --------
    >>> balanced_tree(7).matrix.sum(axis=1).tolist()
    [6, 2, 2, 0, 0, 0, 0]
    """
    n, branching = require_symbols(n), require_integer("branching", branching, minimum=1)
    parent = [(symbol - 1) // branching if symbol else -1 for symbol in range(n)]
    name = f"balanced-tree:{branching}"
    return Relation(ancestor_matrix(parent), name, "balanced-tree", {"branching": branching})


def require_parents(parents: Iterable[Any]) -> list[int]:
    """Return the parent list with -1 for roots, or refuse it; circles are left to `ancestor_matrix`."""
    try:
        entries = list(parents)
    except TypeError:
        raise InvalidInput(f"parents must be a sequence of integers or None; got {shown(parents)}") from None
    require_symbols(len(entries))
    last = len(entries) - 1
    return [
        -1 if entry is None else require_integer("parents entry", entry, minimum=-1, maximum=last) for entry in entries
    ]


def ancestor_matrix(parent: list[int]) -> NDArray[np.bool_]:
    """Return the ancestor matrix of a parent list (-1 for roots), one generation at a time."""
    matrix = np.zeros((len(parent), len(parent)), dtype=np.bool_)
    symbols, parent_of = np.arange(len(parent)), np.array(parent)
    elder = parent_of.copy()
    for _ in range(len(parent)):
        living = elder >= 0
        if not living.any():
            return matrix
        matrix[elder[living], symbols[living]] = True
        elder[living] = parent_of[elder[living]]
    raise InvalidInput(f"parents must describe a tree or forest; got a circle in {shown(parent)}")


def grid(rows: int, columns: int) -> Relation:
    """Adjacency in a rectangular grid: R(i, j) = 1 iff cells i and j share a side; cells are numbered row by row.

    Parameters
    ----------
    rows, columns : int
        Size of the grid, each >= 1; n = rows * columns is at most 10,000.

    Returns
    -------
    Relation
        Its name is "grid:ROWSxCOLUMNS".

    Raises
    ------
    InvalidInput
        When a side lies outside its domain.

    Examples
    --------
    >>> grid(2, 2).matrix.astype(int).tolist()
    [[0, 1, 1, 0], [1, 0, 0, 1], [1, 0, 0, 1], [0, 1, 1, 0]]
    """
    rows = require_integer("rows", rows, minimum=1)
    columns = require_integer("columns", columns, minimum=1)
    # 16 bits hold every distance below MAXIMUM_SYMBOLS and keep the n x n arrays small.
    row, column = (part.astype(np.int16) for part in np.divmod(np.arange(require_symbols(rows * columns)), columns))
    steps = abs(row[:, None] - row) + abs(column[:, None] - column)
    return Relation(steps == 1, f"grid:{rows}x{columns}", "grid", {"rows": rows, "columns": columns})


def cycle(n: int) -> Relation:
    """Adjacency on a ring: R(i, j) = 1 iff i - j = 1 or -1 (mod n).

    Parameters
    ----------
    n : int
        Number of symbols, 3 to 10,000.

    Returns
    -------
    Relation
        Its name is "cycle".

    Raises
    ------
    InvalidInput
        When n lies outside its domain.

    Examples
    --------
    >>> cycle(4).matrix.astype(int).tolist()
    [[0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0]]
    """
    step_on = np.roll(np.eye(require_symbols(n, minimum=3), dtype=np.bool_), 1, axis=1)
    return Relation(step_on | step_on.T, "cycle", "cycle")


def successor(n: int) -> Relation:
    """The successor relation of a chain: R(i, j) = 1 iff j = i + 1.

    Parameters
    ----------
    n : int
        Number of symbols, 1 to 10,000.

    Returns
    -------
    Relation
        Its name is "successor".

    Raises
    ------
    InvalidInput
        When n lies outside its domain.

    Examples
    --------
    >>> successor(3).matrix.astype(int).tolist()
    [[0, 1, 0], [0, 0, 1], [0, 0, 0]]
    """
    return Relation(np.eye(require_symbols(n), k=1, dtype=np.bool_), "successor", "successor")
