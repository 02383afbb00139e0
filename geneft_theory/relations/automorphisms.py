"""The symmetry group of a relation: its exact order, its orbits, and the symbols that may be exchanged alone."""

from __future__ import annotations

from dataclasses import dataclass

from geneft_theory.errors import InvalidInput, shown
from geneft_theory.relations.relation import Relation
from geneft_theory.relations.search import Coloured
from geneft_theory.relations.twins import Labels, collapse_twins

Partition = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class AutomorphismGroup:
    """What is known of the group of all permutations p of the symbols with R(p(i), p(j)) = R(i, j).

    Parameters
    ----------
    order : int
        How many such permutations there are, exactly, whatever its size.
    orbits : tuple of tuples of int
        The symbols, parted into sets within which the group can move any symbol to any other.
    twin_classes : tuple of tuples of int
        The symbols, parted into sets within which any two can be exchanged while all other symbols stay.

    Examples
    --------
    >>> from geneft_theory.relations import complete_bipartite
    >>> automorphism_group(complete_bipartite(5, 2))
    AutomorphismGroup(order=12, orbits=((0, 1), (2, 3, 4)), twin_classes=((0, 1), (2, 3, 4)))
    """

    order: int
    orbits: Partition
    twin_classes: Partition


def automorphism_group(relation: Relation) -> AutomorphismGroup:
    """Return order, orbits and twin classes of the symmetry group of a relation, direction and loops respected.

    Twins are collapsed first, again and again; the rest is searched. An equivalence, an order or a dense random
    relation on 1000 symbols takes well under a second, a cycle, a hypercube or a random regular graph about one.
    Without twins, graphs of huge groups (rooks on a 30 x 30 board) and some designs of that size can take many seconds.

    Parameters
    ----------
    relation : Relation
        Any relation.

    Returns
    -------
    AutomorphismGroup
        Parts are in the order of their smallest symbols.

    Raises
    ------
    InvalidInput
        When `relation` is not a `Relation`.

    Examples
    --------
    >>> from geneft_theory.relations import cycle
    >>> automorphism_group(cycle(5))
    AutomorphismGroup(order=10, orbits=((0, 1, 2, 3, 4),), twin_classes=((0,), (1,), (2,), (3,), (4,)))
    """
    if not isinstance(relation, Relation):
        raise InvalidInput(f"relation must be a Relation; got {shown(relation)}")
    quotient = collapse_twins(relation.matrix)
    order, orbits = Coloured(quotient.matrix, quotient.colours).symmetry
    # Every automorphism of the quotient lifts, so symbols share an orbit iff their representatives do.
    return AutomorphismGroup(quotient.factor * order, parts(orbits[quotient.member_of]), parts(quotient.twin_class))


def automorphism_order(relation: Relation) -> int:
    """Return |Aut(R)|, the exact number of permutations of the symbols that leave a relation unchanged.

    Parameters
    ----------
    relation : Relation
        Any relation; direction and loops count.

    Returns
    -------
    int
        At least 1, and a divisor of n!; never rounded.

    Raises
    ------
    InvalidInput
        When `relation` is not a `Relation`.

    Notes
    -----
    n! / |Aut(R)| is the number of relations that differ from R only in the names of the symbols; its logarithm is
    the description length of arXiv:2402.05916, section II.

    Examples
    --------
    >>> from geneft_theory.relations import greater_than, modulo
    >>> automorphism_order(modulo(30, 3))
    286708355039232000000
    >>> automorphism_order(greater_than(30))
    1
    """
    return automorphism_group(relation).order


def parts(labels: Labels) -> Partition:
    """Return the sets of equally labelled symbols, in the order of their smallest members."""
    members: dict[int, list[int]] = {}
    for symbol, label in enumerate(labels.tolist()):
        members.setdefault(label, []).append(symbol)
    return tuple(tuple(part) for part in members.values())
