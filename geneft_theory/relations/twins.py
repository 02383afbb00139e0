"""Twin reduction: symbols that may be exchanged alone make the symmetry group huge and are counted by factorials.

Two symbols u, v of equal colour are *twins* if the transposition (u v) is an automorphism. Being twins is an
equivalence relation, for (u v) and (v w) generate (u w).

Lemma. |Aut(R)| = prod |class|! * |Aut(Q)|, where Q is R on one representative a class, coloured by (old colour,
class size, inner entry). Proof: an automorphism maps twin classes onto twin classes, so Aut(R) acts on Q and keeps
its colours; the kernel of the action is every permutation inside classes, since transpositions generate those; and
the action is onto, since between two classes the entry of R depends on the classes alone, so that any bijections
between equally coloured classes lift an automorphism of Q.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.bool_]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Quotient:
    """A relation with its twins collapsed until none are left.

    `matrix` and `colours` describe the representatives; loops live in the colours. `member_of[u]` is the
    representative that symbol u ended in, `twin_class[u]` a label of its class in the first round, and `factor`
    the product of all factorials: |Aut(relation)| = factor * |Aut(quotient)|.
    """

    matrix: Matrix
    colours: Labels
    member_of: Labels
    twin_class: Labels
    factor: int


def collapse_twins(matrix: Matrix) -> Quotient:
    """Collapse twins again and again (a quotient may have new ones) and return what is left."""
    colours = matrix.diagonal().astype(np.int64)
    label, inner = twin_classes(matrix, colours)
    twin_class, member_of, factor = label, np.arange(len(matrix)), 1
    while True:
        representatives, position, sizes = np.unique(label, return_inverse=True, return_counts=True)
        if len(representatives) == len(matrix):
            return Quotient(matrix, colours, member_of, twin_class, factor)
        factor *= math.prod(math.factorial(size) for size in sizes.tolist())
        member_of = position[member_of]
        colours = relabelled(colours[representatives], sizes, inner[representatives])
        matrix = matrix[np.ix_(representatives, representatives)]
        label, inner = twin_classes(matrix, colours)


def twin_classes(matrix: Matrix, colours: Labels) -> tuple[Labels, Labels]:
    """Return for each symbol the first member of its twin class, and the entry between members (0 for a single one).

    With every diagonal entry set to s, u and v are twins with R(u, v) = R(v, u) = s iff their rows are equal and
    their columns are equal: the entries at u and v then say s = R(v, u) and R(u, v) = s, the others the rest. No
    symbol has twins for both s (they would be twins of each other with two different entries).
    """
    label = np.arange(len(matrix))
    inner = np.zeros(len(matrix), dtype=np.int64)
    for entry in (False, True):
        filled = matrix.copy()
        np.fill_diagonal(filled, entry)
        profile = np.hstack([np.packbits(filled, axis=1), np.packbits(filled.T, axis=1), byte_columns(colours)])
        first: dict[bytes, int] = {}
        found = np.array([first.setdefault(row.tobytes(), symbol) for symbol, row in enumerate(profile)])
        label = np.minimum(label, found)
        if entry:
            inner = (np.bincount(found, minlength=len(matrix))[found] > 1).astype(np.int64)
    return label, inner


def byte_columns(colours: Labels) -> NDArray[np.uint8]:
    """Return each colour as one row of bytes."""
    return np.ascontiguousarray(colours, dtype=np.int64).view(np.uint8).reshape(len(colours), 8)


def relabelled(*columns: Labels) -> Labels:
    """Return one colour 0, 1, ... a symbol: equal exactly where all the given columns are equal."""
    return np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
