"""The symmetry of what twin reduction leaves: the exact order of the group, and its orbits.

By the orbit-stabiliser theorem the order is a product of orbit sizes along a chain in which one symbol after another is
fixed. Orbits grow from the end of the chain upwards, by automorphisms that are actually found: an order can be too
small only if the search for an isomorphism misses one, and never too large. No number passes through a float.

Two pairs call each other: `symmetry` and `isomorphism` take any coloured relation apart, and their `connected_` halves
fix a symbol in a part that does not fall apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from geneft_theory.relations.profiles import profiles
from geneft_theory.relations.refinement import components, refine, thinned
from geneft_theory.relations.twins import Labels, Matrix, relabelled


class Symmetry(NamedTuple):
    """The order of a group, and for each symbol one symbol that names its orbit."""

    order: int
    orbits: Labels


class Decomposition(NamedTuple):
    """A coloured relation after refinement: thinned out, and parted into what still hangs together.

    `alone` are the symbols without links, in the order of their `alone_colours`; `pieces` are the symbols of each
    connected part, and `parts` the coloured relations on them. Relations with unequal fingerprints are not
    isomorphic; with equal ones, they are isomorphic by exactly the maps by which the thinned ones are.
    """

    alone: Labels
    alone_colours: Labels
    pieces: list[Labels]
    parts: list[Coloured]
    fingerprint: tuple[bytes, ...]


@dataclass(frozen=True, eq=False)
class Coloured:
    """A relation whose automorphisms must keep the colour of each symbol.

    What is found out about it is kept, because the search compares it with many others.
    """

    matrix: Matrix
    colours: Labels

    def fixing(self, symbol: int) -> Coloured:
        """Return the relation with one symbol in a colour of its own."""
        fixed = np.zeros_like(self.colours)
        fixed[symbol] = 1
        return Coloured(self.matrix, relabelled(self.colours, fixed))

    @cached_property
    def target(self) -> list[int]:
        """The symbols of the most frequent colour, the first of them; none if every colour is single."""
        sizes = np.bincount(self.colours)
        largest = int(sizes.argmax())
        return np.flatnonzero(self.colours == largest).tolist() if sizes[largest] > 1 else []

    @cached_property
    def first_fixed(self) -> Coloured:
        """The relation with the first target fixed."""
        return self.fixing(self.target[0])

    @cached_property
    def profile(self) -> Labels:
        """A number for each symbol that tells more than its colour, at a higher price."""
        return profiles(self.matrix, self.colours)

    @cached_property
    def deeper(self) -> Coloured:
        """The relation with its colours split by profiles."""
        return Coloured(self.matrix, relabelled(self.colours, self.profile))

    @cached_property
    def profile_helps(self) -> bool:
        """Whether profiles split any colour."""
        return len(np.unique(self.deeper.colours)) > len(np.unique(self.colours))

    @cached_property
    def refined(self) -> tuple[Labels, bytes]:
        """The colours as far as refinement splits them, and a table that isomorphic relations share."""
        return refine(self.matrix, self.colours)

    @cached_property
    def decomposition(self) -> Decomposition:
        """The relation refined, thinned out and parted."""
        colours, table = self.refined
        matrix, blocks = thinned(self.matrix, colours)
        component = components(matrix)
        roots, sizes = np.unique(component, return_counts=True)
        alone = roots[sizes == 1]
        alone = alone[np.argsort(colours[alone], kind="stable")]
        pieces = [np.flatnonzero(component == root) for root in roots[sizes > 1]]
        parts = [Coloured(matrix[np.ix_(piece, piece)], colours[piece]) for piece in pieces]
        fingerprint = np.sort(self.colours).tobytes(), table, blocks, colours[alone].tobytes()
        return Decomposition(alone, colours[alone], pieces, parts, fingerprint)

    @cached_property
    def symmetry(self) -> Symmetry:
        """The symmetry: m copies of a part contribute m! |Aut(part)|^m."""
        orbits = np.arange(len(self.matrix))
        if int(self.refined[0].max()) + 1 == len(self.matrix):
            return Symmetry(1, orbits)
        alone, alone_colours, pieces, parts, _ = self.decomposition
        _, first, place, sizes = np.unique(alone_colours, return_index=True, return_inverse=True, return_counts=True)
        orbits[alone] = alone[first][place]
        order = math.prod(math.factorial(size) for size in sizes.tolist())
        copies: dict[int, int] = {}
        for number, (piece, part) in enumerate(zip(pieces, parts, strict=True)):
            for model in copies:
                image = connected_isomorphism(parts[model], part)
                if image is not None:
                    orbits[piece[image]] = orbits[pieces[model]]
                    copies[model] += 1
                    break
            else:
                orbits[piece] = piece[part.connected_symmetry.orbits]
                copies[number] = 1
        for model, count in copies.items():
            order *= math.factorial(count) * parts[model].connected_symmetry.order ** count
        return Symmetry(order, orbits)

    @cached_property
    def connected_symmetry(self) -> Symmetry:
        """The symmetry of a refined connected relation: that of one symbol's stabiliser, times its orbit."""
        if not self.target:
            return Symmetry(1, np.arange(len(self.matrix)))
        fixed, *others = self.target
        stabiliser, orbits = self.first_fixed.symmetry
        refused = np.zeros(len(self.matrix), dtype=np.bool_)
        for partner in others:
            if orbits[partner] == orbits[fixed] or refused[orbits == orbits[partner]].any():
                continue
            image = isomorphism(self.first_fixed, self.fixing(partner))
            if image is not None:
                orbits = joined(orbits, image)
            elif self.profile_helps:
                # Equal colours but no symmetry: look deeper, before more partners are tried in vain.
                return self.deeper.symmetry
            else:
                refused[partner] = True
        return Symmetry(stabiliser * int(np.count_nonzero(orbits == orbits[fixed])), orbits)


def joined(orbits: Labels, image: Labels) -> Labels:
    """Return the orbits of the group that one more automorphism generates together with a group of given orbits."""
    symbols = np.arange(len(orbits))
    linked = np.zeros((len(orbits), len(orbits)), dtype=np.bool_)
    linked[symbols, orbits] = True
    linked[symbols, image] = True
    return components(linked)


def isomorphism(one: Coloured, other: Coloured) -> Labels | None:
    """Return the image of each symbol of `one` under some isomorphism to `other`, or None if there is none.

    Symbols that stand alone are matched by colour. Being isomorphic is an equivalence relation, so parts may be
    matched greedily: whichever free copy is taken, the others still match.
    """
    first, second = one.decomposition, other.decomposition
    if first.fingerprint != second.fingerprint:
        return None
    image = np.empty(len(one.matrix), dtype=np.int64)
    image[first.alone] = second.alone
    free = list(range(len(second.parts)))
    for piece, part in zip(first.pieces, first.parts, strict=True):
        for candidate in free:
            found = connected_isomorphism(part, second.parts[candidate])
            if found is not None:
                image[piece] = second.pieces[candidate][found]
                free.remove(candidate)
                break
        else:
            return None
    return image


def connected_isomorphism(one: Coloured, other: Coloured) -> Labels | None:
    """Return an isomorphism between two refined connected relations, or None if there is none.

    One symbol of `other` is fixed and its partner is sought. Only when the first candidate fails is more work worth
    its time: first a deeper look at both, then the orbits of `one`, of which one candidate each is enough.
    """
    if not np.array_equal(np.sort(one.colours), np.sort(other.colours)):
        return None
    if not one.target:
        return isomorphism(one, other)
    image = isomorphism(one.first_fixed, other.first_fixed)
    if image is not None:
        return image
    if not np.array_equal(np.sort(one.profile), np.sort(other.profile)):
        return None
    if one.profile_helps or other.profile_helps:
        return isomorphism(one.deeper, other.deeper)
    orbits = one.connected_symmetry.orbits
    representatives = np.unique(orbits[one.target])
    others = representatives[representatives != orbits[one.target[0]]].tolist()
    images = (isomorphism(one.fixing(candidate), other.first_fixed) for candidate in others)
    return next((image for image in images if image is not None), None)
