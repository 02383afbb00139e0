"""The ideal learner of complete bipartite graphs: parity, and counting where the size of a part is known.

R(u, v) = 1 iff exactly one of u, v lies in S. A fact R(u, v) = 0 puts u and v on the same side, R(u, v) = 1 on
opposite sides, so facts link symbols into components in which every pair is determined. How one component is oriented
against another is a free choice: every orientation is equally likely unless |S| is given.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geneft_theory.errors import InvalidInput
from geneft_theory.statics.inference.contradiction import Fact, refuse, shortest_chain
from geneft_theory.statics.inference.learner import Answer, strictly_inside
from geneft_theory.statics.inference.observations import UNOBSERVED, Facts

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class BipartiteLearner:
    """Knows that R is a complete bipartite graph, and the size of one part unless `part_size` is None."""

    part_size: int | None
    sampler: None = None

    def check(self, facts: Facts) -> None:
        """Raise `InvalidInput` if the facts contain an odd cycle, or leave no part of the given size."""
        component, side = _parity_components(facts)
        i, j = np.nonzero(facts != UNOBSERVED)
        wrong = (component[i] == component[j]) & ((side[i] != side[j]) != facts[i, j])
        if np.any(wrong):
            _refuse_odd_cycle(facts, int(i[wrong][0]))
        if self.part_size is not None:
            sizes = _side_sizes(component, side)
            if _orientations(sizes, len(facts), self.part_size) == 0:
                listed = ", ".join(f"{a} + {b}" for a, b in sizes)
                raise InvalidInput(
                    f"observed must leave a part of {self.part_size} symbols possible; got facts that split "
                    f"linked symbols as {listed}"
                )

    def exact(self, facts: Facts, limit: int) -> Answer:
        """Return the posterior, which is always exact; `limit` is not needed."""
        component, side = _parity_components(facts)
        opposite = side[:, None] != side[None, :]
        linked = component[:, None] == component[None, :]
        if self.part_size is None:
            return Answer(np.where(linked, opposite, 0.5), linked, "exact")
        same, different = _orientation_counts(_side_sizes(component, side), len(facts), self.part_size)
        aligned = (same / (same + different)).astype(np.float64)[component[:, None], component]
        determined = linked | ((same == 0) | (different == 0))[component[:, None], component]
        probability = np.where(linked, opposite, np.where(opposite, aligned, 1 - aligned))
        return Answer(strictly_inside(probability, ~determined), determined, "exact")


def _parity_components(facts: Facts) -> tuple[Integers, Integers]:
    """Return each symbol's component and its side, 0 or 1, in it; contradictory facts give inconsistent sides."""
    n = len(facts)
    i, j = np.nonzero(facts != UNOBSERVED)
    tail, head = np.concatenate([i, i + n]), np.concatenate([j, j + n])
    crossing = np.tile(facts[i, j] == 1, 2)
    # The double cover has the nodes (v, side 0) = v and (v, side 1) = v + n: a path in it carries its parity along.
    head = np.where(crossing, (head + n) % (2 * n), head)
    cover = coo_array((np.ones(tail.size, dtype=np.int8), (tail, head)), shape=(2 * n, 2 * n))
    sheet = connected_components(cover, directed=False)[1].reshape(2, n)
    _, component = np.unique(sheet.min(axis=0), return_inverse=True)
    return component.astype(np.int64), (sheet[0] > sheet[1]).astype(np.int64)


def _side_sizes(component: Integers, side: Integers) -> list[tuple[int, int]]:
    count = np.zeros((component.max() + 1, 2), dtype=np.int64)
    np.add.at(count, (component, side), 1)
    return [(int(a), int(b)) for a, b in count]


def _factor(sizes: tuple[int, int], n: int) -> int:
    """Return z^a + z^b at z = 2^(n + 1): a polynomial with coefficients up to 2^n as one integer, digit by digit."""
    return (1 << sizes[0] * (n + 1)) + (1 << sizes[1] * (n + 1))


def _coefficient(polynomial: int, power: int, n: int) -> int:
    return (polynomial >> power * (n + 1)) & ((1 << (n + 1)) - 1) if power >= 0 else 0


def _orientations(sizes: list[tuple[int, int]], n: int, part_size: int) -> int:
    return _coefficient(prod(_factor(pair, n) for pair in sizes), part_size, n)


def _orientation_counts(
    sizes: list[tuple[int, int]], n: int, part_size: int
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Return, for each pair of components, how many orientations put the same or different sides, 0 or 1, into S."""
    everything = prod(_factor(pair, n) for pair in sizes)
    kinds = Counter(sizes)
    counts: dict[tuple[tuple[int, int], tuple[int, int]], tuple[int, int]] = {}
    for first in kinds:
        others = everything // _factor(first, n)
        for second in kinds:
            if first == second and kinds[first] == 1:
                counts[first, second] = (1, 0)
                continue
            rest = others // _factor(second, n)
            same, different = (
                sum(_coefficient(rest, part_size - first[s] - second[s ^ flip], n) for s in (0, 1)) for flip in (0, 1)
            )
            counts[first, second] = (same, different)
    table = np.array([[counts[first, second] for second in sizes] for first in sizes], dtype=np.object_)
    return table[..., 0], table[..., 1]


def _refuse_odd_cycle(facts: Facts, symbol: int) -> None:
    links: list[tuple[tuple[int, int], tuple[int, int], Fact]] = []
    for i, j in np.argwhere(facts != UNOBSERVED).tolist():
        fact = (i, j, int(facts[i, j]))
        for side in (0, 1):
            links.append(((i, side), (j, side ^ fact[2]), fact))
            links.append(((j, side ^ fact[2]), (i, side), fact))
    refuse("a complete bipartite graph", shortest_chain(links, (symbol, 0), (symbol, 1)))
