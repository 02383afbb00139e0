"""Uniformly random linear extensions by adjacent transpositions, for many chains of many partial orders at once.

One half sweep looks at the disjoint neighbours in positions (0, 1), (2, 3), ... or (1, 2), (3, 4), ... and exchanges
each two that are incomparable with probability 7/8, independently. An exchange keeps a linear extension one and is as
likely as its reverse, so the kernel is symmetric and the uniform distribution stationary (Karzanov & Khachiyan 1991
exchange one random pair at a time, with probability 1/2). Any two linear extensions are joined by such exchanges, and
a half sweep may do nothing, so the chain converges to it.

Why 7/8: an element that has just moved up is next paired with the element above, so it keeps its direction while
exchanges succeed. Alone among unrelated elements it diffuses with constant q / (1 - q) / 2 for exchange probability q:
the slowest mode of n positions decays in about 2 n^2 (1 - q) / (pi^2 q) half sweeps, or n where that is less.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from geneft_theory.citation import based_on

EXCHANGE_THRESHOLD = 224
"""Of 256 equally likely bytes, those below it exchange: probability 7/8."""

RECORDS = 32
"""States recorded of each chain, n half sweeps apart; a power of two, so that float32 frequencies are exact."""

BLOCK = 64
"""Half sweeps whose random bytes are drawn at once."""


def relaxation_half_sweeps(n: int) -> int:
    """Return a generous estimate of the relaxation time of the chain on n elements, in half sweeps."""
    return n + -(-2 * n * n // 69)


@based_on(methods=["karzanov1991conductance"])
def sample_before(
    before: Sequence[NDArray[np.bool_]], streams: Sequence[np.random.Generator], chains: int
) -> NDArray[np.float32]:
    """Return, as (sets, chains, n, n), how often i stands before j in each independent chain of each partial order.

    `before` holds transitive closures of one size n. A chain starts at its own random linear extension, runs 8
    relaxation times unrecorded, and is then recorded `RECORDS` times.
    """
    n = before[0].shape[0]
    order = np.concatenate([_random_starts(*task, chains) for task in zip(before, streams, strict=True)], axis=1)
    free = np.stack([~(closure | closure.T) for closure in before]).ravel()
    base = np.repeat(np.arange(len(before), dtype=np.int32) * (n * n), chains)
    burn_in = 8 * relaxation_half_sweeps(n)
    earlier = np.zeros((len(before), chains, n, n), dtype=np.uint8)
    for step, coins in enumerate(_coins(streams, n // 2, chains, burn_in + RECORDS * n)):
        _exchange(order[step % 2 :], free, base, coins, n)
        if step >= burn_in and (step - burn_in) % n == n - 1:
            rank = np.argsort(order.T, axis=1).reshape(len(before), chains, n).astype(np.int16)
            earlier += rank[..., :, None] < rank[..., None, :]
    return earlier.astype(np.float32) / np.float32(RECORDS)


def _random_starts(before: NDArray[np.bool_], stream: np.random.Generator, chains: int) -> NDArray[np.int32]:
    """Return linear extensions as columns: elements in order of a random mixture of depth from below and from above."""
    n = len(before)
    mixture = stream.random((chains, 1))
    # Both counts grow by at least 1 along the order, so noise below 1 never breaks it.
    depth = (1 - mixture) * before.sum(axis=0) - mixture * before.sum(axis=1)
    return np.argsort(depth + stream.random((chains, n)), axis=1).T.astype(np.int32)


def _coins(streams: Sequence[np.random.Generator], pairs: int, chains: int, steps: int) -> Iterator[NDArray[np.bool_]]:
    """Yield, for each half sweep, a (pairs, sets * chains) array of exchange decisions, each set from its stream."""
    for start in range(0, steps, BLOCK):
        shape = (min(BLOCK, steps - start), pairs, chains)
        drawn = [stream.integers(0, 256, size=shape, dtype=np.uint8) for stream in streams]
        yield from np.concatenate(drawn, axis=2) < np.uint8(EXCHANGE_THRESHOLD)


def _exchange(
    order: NDArray[np.int32],
    free: NDArray[np.bool_],
    base: NDArray[np.int32],
    coins: NDArray[np.bool_],
    n: int,
) -> None:
    """Exchange incomparable neighbours in rows (0, 1), (2, 3), ... of `order`, in place, where the coins say so."""
    pairs = len(order) // 2
    upper, lower = order[0 : 2 * pairs : 2], order[1 : 2 * pairs : 2]
    exchanging = free[upper * n + lower + base] & coins[:pairs]
    change = (upper ^ lower) * exchanging
    upper ^= change
    lower ^= change
