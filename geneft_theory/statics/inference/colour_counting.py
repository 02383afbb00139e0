"""Exact probability that two vertices share their colour in a uniformly random proper colouring, and its analogue
for set partitions.

Colourings of different connected components are independent, and the colours are interchangeable, so vertices of
different components share a colour with probability 1/k. Given the colour of a vertex x that separates u from w, their
colours are independent too, and each is uniform over the other colours where it is not that of x:

    P(u = w) = P(u = x) P(w = x) + (1 - P(u = x)) (1 - P(w = x)) / (k - 1).

So only the biconnected blocks of the graph need their colourings listed, up to a renaming of the colours.
"""

from __future__ import annotations

from math import perm

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from geneft_theory.statics.inference.learner import strictly_inside


def shared_colour(apart: NDArray[np.bool_], colours: int, limit: int) -> NDArray[np.float64] | None:
    """Return P(u = w) for all pairs of vertices of a colourable graph: exactly 0 or 1 where all colourings agree.

    None if a block has more than `limit` colourings, or partial ones on the way to them.
    """
    probability = np.full(apart.shape, 1 / colours)
    np.fill_diagonal(probability, 1.0)
    graph = nx.Graph(np.argwhere(np.triu(apart)).tolist())
    component_of: dict[int, list[int]] = {}
    # Blocks are found leaves first; reversed, each but the first of a component meets what is joined in one vertex.
    for block in reversed(list(nx.biconnected_components(graph))):
        vertices = _urgent_first(apart, block)
        colourings = list_colourings(apart[np.ix_(vertices, vertices)], colours, limit)
        if colourings is None:
            return None
        probability[np.ix_(vertices, vertices)] = _frequency(*colourings, colours)
        anchor = next((v for v in vertices if v in component_of), None)
        fresh = [v for v in vertices if v != anchor]
        component = [] if anchor is None else component_of[anchor]
        far = [v for v in component if v != anchor]
        if far:
            across = _through(probability[far, anchor][:, None], probability[anchor, fresh], colours)
            probability[np.ix_(far, fresh)] = across
            probability[np.ix_(fresh, far)] = across.T
        component += vertices if anchor is None else fresh
        component_of.update(dict.fromkeys(fresh, component))
    return probability


def shared_block(apart: NDArray[np.bool_], limit: int) -> NDArray[np.float64] | None:
    """Return P(u and w in one block) of a uniformly random set partition that keeps linked vertices apart."""
    vertices = _urgent_first(apart, set(range(len(apart))))
    partitions = list_colourings(apart[np.ix_(vertices, vertices)], len(apart), limit)
    if partitions is None:
        return None
    labels, used = partitions
    probability = np.empty(apart.shape)
    probability[np.ix_(vertices, vertices)] = _frequency(labels, np.zeros_like(used), len(apart))
    return probability


def list_colourings(
    apart: NDArray[np.bool_], colours: int, limit: int
) -> tuple[NDArray[np.int16], NDArray[np.int16]] | None:
    """Return all proper colourings, one a row, up to a renaming of the colours, and how many colours each uses.

    Colours are numbered in the order of their first appearance. None once there are more than `limit` partial ones.
    """
    labels = np.zeros((1, 0), dtype=np.int16)
    used = np.zeros(1, dtype=np.int16)
    for vertex in range(len(apart)):
        open_colours = np.arange(min(colours, vertex + 1)) <= used[:, None]
        np.put_along_axis(open_colours, labels[:, apart[vertex, :vertex]].astype(np.intp), False, axis=1)
        if np.count_nonzero(open_colours) > limit:
            return None
        row, colour = np.nonzero(open_colours)
        labels = np.concatenate([labels[row], colour[:, None].astype(np.int16)], axis=1)
        used = np.maximum(used[row], colour.astype(np.int16) + np.int16(1))
    return labels, used


def _urgent_first(apart: NDArray[np.bool_], vertices: set[int]) -> list[int]:
    """Return the vertices so that each has many neighbours before it: few partial colourings then die late."""
    degree = apart.sum(axis=0)
    waiting, order = sorted(vertices), list[int]()
    placed = np.zeros(len(apart), dtype=np.int64)
    while waiting:
        vertex = max(waiting, key=lambda v: (placed[v], degree[v]))
        waiting.remove(vertex)
        order.append(vertex)
        placed += apart[vertex]
    return order


def _frequency(labels: NDArray[np.int16], used: NDArray[np.int16], colours: int) -> NDArray[np.float64]:
    """Return P(u = w) over colourings, each counted once for every choice of its `used` colours out of all."""
    together = np.zeros((labels.shape[1],) * 2)
    ever = np.zeros_like(together)
    total = 0.0
    for count in np.unique(used).tolist():
        group = labels[used == count]
        alike = np.zeros_like(together)
        for colour in range(int(group.max()) + 1):
            chosen = (group == colour).astype(np.float32 if len(group) < 2**24 else np.float64)
            alike += chosen.T @ chosen
        # Relative to all colours in use, the weight k! / (k - used)! does not overflow.
        weight = perm(colours, count) / perm(colours, int(used.max()))
        together, ever, total = together + weight * alike, ever + alike, total + weight * len(group)
    undetermined = (ever > 0) & (ever < len(labels))
    return np.where(undetermined, strictly_inside(together / total, undetermined), ever > 0)


def _through(to_anchor: NDArray[np.float64], from_anchor: NDArray[np.float64], colours: int) -> NDArray[np.float64]:
    """Return P(u = w) for u and w on two sides of a vertex, from the probabilities that each shares its colour."""
    if colours == 2:
        return np.asarray(to_anchor == from_anchor, dtype=np.float64)
    probability = to_anchor * from_anchor + (1 - to_anchor) * (1 - from_anchor) / (colours - 1)
    certain = (to_anchor * from_anchor == 1) | ((to_anchor + from_anchor == 1) & (to_anchor * from_anchor == 0))
    return strictly_inside(probability, ~certain)
