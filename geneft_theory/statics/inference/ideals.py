"""Exact pair probabilities of a uniformly random linear extension, by a walk through the lattice of order ideals.

A linear extension is a path from the empty ideal to the whole set that adds one element at a time. With u(I) the number
of ways to complete the ideal I, a uniformly random path goes from I to I + x with probability u(I + x) / u(I), and x
comes after y exactly if y is in I when x is added. The work grows with the number of these steps, not
of extensions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class _Level:
    """All ideals of one size, and the steps from them: from `ideal`, adding `element`, to `child` of the next level."""

    members: NDArray[np.bool_]
    ideal: Integers
    element: Integers
    child: Integers


def pair_probabilities(before: NDArray[np.bool_], limit: int) -> NDArray[np.float64] | None:
    """Return P[y, x], the probability that y comes before x in a uniformly random linear extension.

    `before` is the (n, n) transitive closure: before[y, x] where y must come before x. None if there are more than
    `limit` steps between ideals.
    """
    levels = _lattice(before, limit)
    if levels is None:
        return None
    passing: NDArray[np.float64] = np.ones(1)
    probability = np.zeros(before.shape)
    for level, step in zip(levels, _step_probabilities(levels), strict=True):
        weight = passing[level.ideal] * step
        adding = np.zeros(level.members.shape)
        adding[level.ideal, level.element] = weight
        probability += level.members.T.astype(np.float64) @ adding
        passing = np.bincount(level.child, weights=weight).astype(np.float64, copy=False)
    return probability


def _lattice(before: NDArray[np.bool_], limit: int) -> list[_Level] | None:
    n = len(before)
    members = np.zeros((1, n), dtype=np.bool_)
    levels = []
    steps = 0
    for _ in range(n):
        waiting = ~members
        missing = waiting.astype(np.float32) @ before.astype(np.float32)
        addable = waiting & (missing == 0)
        steps += int(np.count_nonzero(addable))
        if steps > limit:
            return None
        ideal, element = np.nonzero(addable)
        grown = members[ideal]
        grown[np.arange(ideal.size), element] = True
        packed = np.packbits(grown, axis=1)
        keys = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1]))).ravel()
        _, first, child = np.unique(keys, return_index=True, return_inverse=True)
        levels.append(_Level(members, ideal, element, child))
        members = grown[first]
    return levels


def _step_probabilities(levels: list[_Level]) -> list[NDArray[np.float64]]:
    """Return u(child) / u(ideal) for the steps of each level; u is rescaled at each level, since n! overflows."""
    completions = np.ones(1)
    steps = []
    for level in reversed(levels):
        reached = completions[level.child]
        total = np.bincount(level.ideal, weights=reached, minlength=len(level.members))
        # An ideal whose completions underflow beside its largest companion's is passed with probability < 1e-300.
        steps.append(np.divide(reached, total[level.ideal], out=np.zeros_like(reached), where=total[level.ideal] > 0))
        completions = total / total.max()
    return steps[::-1]
