"""Random proper colourings by Kempe chains, for many chains on many graphs at once.

One sweep, in each chain, pairs the colours off at random. In the subgraph of the vertices that have either colour of a
pair, exchanging the two colours within a connected component (a Kempe change) keeps a proper colouring proper; every
component is exchanged with probability 1/2, independently. This is the antiferromagnetic cluster algorithm of Wang,
Swendsen & Kotecky (1989) at temperature zero; given the pairing a move is as likely as its reverse, so the uniform
distribution is stationary. A component of one vertex is a single-site move.

* With a fixed number of colours Kempe changes do not join all colourings of every graph (the triangular prism with
  three colours is an example); they do if every subgraph has a vertex with fewer neighbours in it than there are
  colours (Las Vergnas & Meyniel 1981). Each chain therefore starts from its own random colouring.
* With the number of colours free, the target is uniform over set partitions with linked vertices in different blocks.
  Before each sweep a partition into b blocks is written with K = b + Poisson(1) colours, of which K - b are empty.
  Under weights 1/K! for a colouring with K colours, a partition has K! / (K - b)! colourings, total weight
  sum over K of 1/(K - b)! = e, the same for every partition, and b + Poisson(1) is the law of K given the partition.
  K exceeds every bound now and then, so these chains do join all partitions.

An improper start heals by the same sweeps: a satisfied edge stays satisfied, and an edge whose ends share a colour
becomes satisfied with probability 1/2 when they lie in different components.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from geneft_theory.citation import based_on
from geneft_theory.statics.inference.colouring import find_colouring, neighbour_masks

Integers = NDArray[np.int64]

RECORDS = 32
"""States recorded of each chain, `THINNING` sweeps apart; a power of two, so that float32 frequencies are exact."""

THINNING = 2

HEALING = 40
"""Sweeps from a random, improper colouring; chains that are still improper then get a colouring by search."""

BURN_IN = 40
"""Sweeps of proper colourings before the first record."""

SPARE = 20
"""Most empty colours ever offered where their number is free; Poisson(1) exceeds it with probability 1e-20."""

BLOCK = 16
"""Sweeps whose random numbers are drawn at once."""


@dataclass(frozen=True)
class _Layout:
    """All chains of all graphs as one graph: node start[g] + c * sizes[g] + v is vertex v of graph g in chain c."""

    sizes: list[int]
    start: Integers
    chain_of_node: Integers
    tail: Integers
    head: Integers
    first_edge: Integers

    @classmethod
    def of(cls, graphs: Sequence[NDArray[np.bool_]], chains: int) -> _Layout:
        sizes = [len(graph) for graph in graphs]
        start = np.concatenate([[0], np.cumsum(sizes)]) * chains
        tails, heads = [], []
        for graph, first in zip(graphs, start, strict=False):
            u, v = np.nonzero(np.triu(graph))
            copies = first + len(graph) * np.arange(chains)[:, None]
            tails.append((copies + u).ravel())
            heads.append((copies + v).ravel())
        tail, head = np.concatenate(tails), np.concatenate(heads)
        first_edge = np.concatenate([[0], np.cumsum(np.bincount(tail, minlength=start[-1]))])
        chain_of_node = np.repeat(np.arange(len(graphs) * chains), np.repeat(sizes, chains))
        return cls(sizes, start, chain_of_node, tail, head, first_edge)


@based_on(methods=["wang1989antiferromagnetic"])
def sample_colourings(
    graphs: Sequence[NDArray[np.bool_]],
    colours: int | None,
    streams: Sequence[np.random.Generator],
    chains: int,
) -> list[Integers]:
    """Return for each colourable graph the recorded colourings, as (`RECORDS`, chains, vertices).

    `colours` None samples set partitions. A graph's colourings depend on its own stream only.
    """
    layout = _Layout.of(graphs, chains)
    colour = np.concatenate(
        [stream.integers(0, colours or m, size=chains * m) for stream, m in zip(streams, layout.sizes, strict=True)]
    )
    records = []
    for step, (keys, empty, coins) in enumerate(_random_numbers(layout, colours, streams, chains)):
        if step == HEALING:
            _replace_improper(layout, colour, graphs, colours, streams, chains)
        partner = _partners(layout, colour, keys, None if colours else empty)
        colour = _exchange(layout, colour, partner, coins)
        if step >= HEALING + BURN_IN and (step - HEALING - BURN_IN) % THINNING == THINNING - 1:
            records.append(colour)
    recorded = np.stack(records)
    return [
        recorded[:, first : first + chains * m].reshape(RECORDS, chains, m)
        for first, m in zip(layout.start, layout.sizes, strict=False)
    ]


def _random_numbers(
    layout: _Layout, colours: int | None, streams: Sequence[np.random.Generator], chains: int
) -> Iterator[tuple[NDArray[np.float64], Integers, NDArray[np.bool_]]]:
    """Yield for each sweep: a key for each colour of each chain, a number of empty colours, a coin for each node."""
    steps = HEALING + BURN_IN + RECORDS * THINNING
    palette = colours or max(layout.sizes) + SPARE
    for begin in range(0, steps, BLOCK):
        block = min(BLOCK, steps - begin)
        keys = np.ones((block, len(streams), chains, palette))
        for g, (stream, m) in enumerate(zip(streams, layout.sizes, strict=True)):
            keys[:, g, :, : colours or m + SPARE] = stream.random((block, chains, colours or m + SPARE))
        empty = np.concatenate([np.minimum(stream.poisson(1.0, (block, chains)), SPARE) for stream in streams], axis=1)
        coins = np.concatenate(
            [
                stream.integers(0, 2, size=(block, chains * m), dtype=np.bool_)
                for stream, m in zip(streams, layout.sizes, strict=True)
            ],
            axis=1,
        )
        yield from zip(keys.reshape(block, len(streams) * chains, palette), empty, coins, strict=True)


def _partners(layout: _Layout, colour: Integers, keys: NDArray[np.float64], empty: Integers | None) -> Integers:
    """Return for each chain a random pairing of its colours: partner[chain, c], c itself where c stays alone.

    With `empty`, only the colours in use and that many empty ones take part.
    """
    eligible = np.ones(keys.shape, dtype=np.bool_)
    if empty is not None:
        unused = np.ones(keys.shape, dtype=np.bool_)
        unused[layout.chain_of_node, colour] = False
        eligible = ~unused | (np.cumsum(unused, axis=1) <= empty[:, None])
    order = np.argsort(np.where(eligible, keys, 2.0), axis=1)
    pairs = keys.shape[1] // 2
    left, right = order[:, 0 : 2 * pairs : 2], order[:, 1 : 2 * pairs : 2]
    paired = 2 * np.arange(pairs) + 1 < eligible.sum(axis=1)[:, None]
    partner = np.tile(np.arange(keys.shape[1]), (len(keys), 1))
    np.put_along_axis(partner, left, np.where(paired, right, left), axis=1)
    np.put_along_axis(partner, right, np.where(paired, left, right), axis=1)
    return partner


def _exchange(layout: _Layout, colour: Integers, partner: Integers, coins: NDArray[np.bool_]) -> Integers:
    """Return the colouring after each Kempe component has exchanged its two colours, or not, as its coin says."""
    other = partner[layout.chain_of_node, colour]
    active = other[layout.tail] == colour[layout.head]
    ends = np.concatenate([[0], np.cumsum(active)])[layout.first_edge]
    links = csr_array((np.ones(ends[-1], dtype=np.int8), layout.head[active], ends), shape=(colour.size, colour.size))
    count, component = connected_components(links, directed=False)
    # The coin of a component is that of its first node, so that it comes from the stream of its own graph.
    first = np.empty(count, dtype=np.int64)
    first[component[::-1]] = np.arange(colour.size)[::-1]
    return np.where(coins[first[component]], other, colour)


def _replace_improper(
    layout: _Layout,
    colour: Integers,
    graphs: Sequence[NDArray[np.bool_]],
    colours: int | None,
    streams: Sequence[np.random.Generator],
    chains: int,
) -> None:
    """Give each chain that has not healed a colouring found by random search, in place."""
    clash = layout.tail[colour[layout.tail] == colour[layout.head]]
    for chain in np.unique(layout.chain_of_node[clash]).tolist():
        g, c = divmod(chain, chains)
        first = layout.start[g] + c * layout.sizes[g]
        found = find_colouring(neighbour_masks(graphs[g]), colours or layout.sizes[g], streams[g])
        if found is None:
            raise AssertionError("graphs are checked to be colourable before they are sampled")
        colour[first : first + layout.sizes[g]] = found
