"""What shrinks a coloured relation before anything is searched: refine its colours, thin it out, let it fall apart.

A relation is a boolean matrix here, its diagonal without meaning (loops are part of the colours); colours are small
integers. Each step commutes with renaming the symbols, so it keeps all automorphisms, and isomorphic relations stay
isomorphic by the same maps.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geneft_theory.relations.twins import Labels, Matrix, relabelled

Hashes = NDArray[np.uint64]


def refine(matrix: Matrix, colours: Labels) -> tuple[Labels, bytes]:
    """Split colours by how many arcs a symbol sends to and receives from each colour, until nothing splits.

    The counts enter through a sum of one hash a colour, modulo 2^64. Symbols that an automorphism exchanges get equal
    sums, so they are never told apart; a hash collision could only leave a split undone. Returned are the colours
    0, 1, ... and a table that is the same for isomorphic relations.
    """
    sources, targets = np.nonzero(matrix)
    receivers, senders = np.nonzero(matrix.T)
    sent_end = np.cumsum(np.bincount(sources, minlength=len(matrix)))
    received_end = np.cumsum(np.bincount(receivers, minlength=len(matrix)))
    colours = relabelled(colours)
    while True:
        hashes = scrambled(colours)
        sums = sums_up_to(hashes[targets], sent_end), sums_up_to(hashes[senders], received_end)
        table, finer, sizes = np.unique(
            np.stack([colours, *sums], axis=1), axis=0, return_inverse=True, return_counts=True
        )
        if len(table) == int(colours.max()) + 1:
            return colours, table.tobytes() + sizes.tobytes()
        colours = finer.reshape(-1).astype(np.int64)


def scrambled(values: NDArray[np.int64] | Hashes) -> Hashes:
    """Return one fixed pseudo-random 64-bit integer for each value (two multiply-and-shift rounds)."""
    hashes = (values.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    hashes = (hashes ^ (hashes >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return hashes ^ (hashes >> np.uint64(32))


def sums_up_to(values: Hashes, ends: Labels) -> Labels:
    """Return the sums modulo 2^64 of consecutive stretches of `values`, the k-th stretch ending before `ends[k]`."""
    running = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(values)])[ends]
    return np.diff(running, prepend=np.uint64(0)).view(np.int64)


def thinned(matrix: Matrix, colours: Labels) -> tuple[Matrix, bytes]:
    """Return a sparser, more often disconnected matrix with the same automorphisms, and the ones in each block before.

    An automorphism maps the block of entries between two colours, or inside one, to itself. So it preserves a block
    exactly if it preserves the block's complement: blocks more than half full are complemented, and complete ones
    vanish. If every colour is single, the counts of ones in the blocks are the matrix in the order of the colours.
    """
    count = int(colours.max()) + 1
    outside_diagonal = matrix & ~np.eye(len(matrix), dtype=np.bool_)
    rows, columns = np.nonzero(outside_diagonal)
    ones = np.bincount(colours[rows] * count + colours[columns], minlength=count**2).reshape(count, count)
    sizes = np.bincount(colours, minlength=count)
    places = np.outer(sizes, sizes) - np.diag(sizes)
    sparse: Matrix = outside_diagonal ^ (2 * ones > places)[np.ix_(colours, colours)]
    np.fill_diagonal(sparse, False)
    return sparse, ones.astype(np.int32).tobytes()


def components(matrix: Matrix) -> Labels:
    """Return for each symbol the smallest symbol that it is linked to, directly or not, in whatever direction."""
    linked = matrix | matrix.T
    label = np.where(linked.any(axis=0), -1, np.arange(len(matrix)))
    for symbol in np.flatnonzero(label < 0):
        frontier = np.flatnonzero(label[symbol : symbol + 1] < 0) + symbol
        while frontier.size:
            label[frontier] = symbol
            frontier = np.flatnonzero(linked[frontier].any(axis=0) & (label < 0))
    return label
