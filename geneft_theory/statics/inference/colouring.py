"""Colourings of small graphs, decided exactly: is there one, which pairs does every one of them settle?

Graphs are lists of neighbour sets as bit masks: bit w of `neighbours[v]` is set where v and w must differ. The search
is exponential in the worst case and fast for the graphs that n = 30 symbols lead to: vertices with fewer neighbours
than there are colours are put aside first, and of the others the one with the fewest colours left goes next (DSATUR,
Brelaz 1979), with backtracking.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Neighbours = list[int]


def neighbour_masks(apart: NDArray[np.bool_]) -> Neighbours:
    """Return the bit masks of a symmetric adjacency matrix."""
    return [sum(1 << w for w in np.flatnonzero(row).tolist()) for row in apart]


def find_colouring(neighbours: Neighbours, colours: int, stream: np.random.Generator | None = None) -> list[int] | None:
    """Return a proper colouring with the given number of colours, or None if there is none.

    With a stream the choice among colours and among equally urgent vertices is random.
    """
    aside, core = _put_aside(neighbours, colours)
    colouring = _search(neighbours, core, colours, stream)
    if colouring is None:
        return None
    for vertex in reversed(aside):
        taken = {colouring[w] for w in bits(neighbours[vertex])}
        free = [colour for colour in range(colours) if colour not in taken]
        colouring[vertex] = free[0] if stream is None else free[int(stream.integers(len(free)))]
    return colouring


def bits(mask: int) -> list[int]:
    """Return the positions of the set bits of a mask."""
    positions = []
    while mask:
        lowest = mask & -mask
        positions.append(lowest.bit_length() - 1)
        mask ^= lowest
    return positions


def _put_aside(neighbours: Neighbours, colours: int) -> tuple[list[int], list[int]]:
    """Return the vertices that can always be coloured last, in the order of their removal, and the others."""
    present = (1 << len(neighbours)) - 1
    aside: list[int] = []
    waiting = list(range(len(neighbours)))
    while waiting:
        vertex = waiting.pop()
        if present >> vertex & 1 and (neighbours[vertex] & present).bit_count() < colours:
            present ^= 1 << vertex
            aside.append(vertex)
            waiting += bits(neighbours[vertex] & present)
    return aside, bits(present)


def _search(
    neighbours: Neighbours, core: list[int], colours: int, stream: np.random.Generator | None
) -> list[int] | None:
    """Return a colouring of the core, -1 elsewhere: depth first on a stack of (colouring, closed colours, used)."""
    nuisance = np.zeros(len(neighbours)) if stream is None else stream.random(len(neighbours))
    tie_break = [neighbours[v].bit_count() + float(noise) for v, noise in enumerate(nuisance)]
    stack = [([-1] * len(neighbours), [0] * len(neighbours), 0)]
    while stack:
        colouring, closed, used = stack.pop()
        uncoloured = [v for v in core if colouring[v] < 0]
        if not uncoloured:
            return colouring
        vertex = max(uncoloured, key=lambda v: (closed[v].bit_count(), tie_break[v]))
        # Colours not yet used are interchangeable, so only the first of them is tried.
        options = [c for c in range(min(colours, used + 1)) if not closed[vertex] >> c & 1]
        if stream is not None:
            options = stream.permutation(options).tolist()
        for colour in options:
            painted, narrowed = colouring.copy(), closed.copy()
            painted[vertex] = colour
            for w in bits(neighbours[vertex]):
                narrowed[w] |= 1 << colour
            stack.append((painted, narrowed, max(used, colour + 1)))
    return None


def settled_pairs(
    apart: NDArray[np.bool_], colours: int, equal: NDArray[np.bool_], different: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return which pairs of vertices every proper colouring treats alike.

    `equal` and `different` tell for which pairs some colouring is already known to use one colour or two. A pair with
    both is open; for any other a colouring with the missing answer is searched, and each one found settles more pairs.
    """
    neighbours = neighbour_masks(apart)
    equal, different = equal | np.eye(len(apart), dtype=np.bool_), different | apart
    for u, v in np.argwhere(np.triu(~(equal & different) & ~apart, 1)).tolist():
        if equal[u, v] and different[u, v]:
            continue
        if equal[u, v]:
            found = find_colouring(_with_edge(neighbours, u, v), colours)
        else:
            found = find_colouring(_merged(neighbours, u, v), colours)
            if found is not None:
                found[v] = found[u]
        if found is not None:
            alike = np.equal.outer(found, found)
            equal, different = equal | alike, different | ~alike
    return ~(equal & different)


def _with_edge(neighbours: Neighbours, u: int, v: int) -> Neighbours:
    linked = neighbours.copy()
    linked[u] |= 1 << v
    linked[v] |= 1 << u
    return linked


def _merged(neighbours: Neighbours, u: int, v: int) -> Neighbours:
    """Return the graph with v's neighbours given to u, and v isolated."""
    merged = neighbours.copy()
    merged[u] |= merged[v]
    for w in bits(merged[v]):
        merged[w] = merged[w] & ~(1 << v) | 1 << u
    merged[v] = 0
    return merged


def critical_vertices(neighbours: Neighbours, colours: int) -> list[int]:
    """Return vertices of an uncolourable graph that are uncolourable together, though not without any one of them."""
    kept = (1 << len(neighbours)) - 1
    for vertex in range(len(neighbours)):
        fewer = kept & ~(1 << vertex)
        if (
            find_colouring([mask & fewer if fewer >> v & 1 else 0 for v, mask in enumerate(neighbours)], colours)
            is None
        ):
            kept = fewer
    return bits(kept)
