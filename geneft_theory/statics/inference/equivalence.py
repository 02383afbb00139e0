"""The ideal learner of equivalence relations: R(i, j) = 1 iff i and j are in one class.

Facts R(i, j) = 1 join symbols into groups that are in one class for certain, facts R(i, j) = 0 keep two groups apart.
What is left is a graph on the groups. With the number of classes known to be at most k, every symbol has a uniform
class label, so every proper k-colouring of that graph is equally likely. With the number unknown, every set partition
that keeps linked groups apart is equally likely.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geneft_theory.errors import InvalidInput
from geneft_theory.statics.inference.colour_counting import shared_block, shared_colour
from geneft_theory.statics.inference.colouring import (
    critical_vertices,
    find_colouring,
    neighbour_masks,
    settled_pairs,
)
from geneft_theory.statics.inference.contradiction import refuse, shortest_chain
from geneft_theory.statics.inference.kempe import RECORDS, sample_colourings
from geneft_theory.statics.inference.learner import Answer
from geneft_theory.statics.inference.observations import Facts


@dataclass(frozen=True)
class EquivalenceSampler:
    """Kempe chains over the classes of the groups."""

    classes: int | None

    def sample(
        self, facts: Sequence[Facts], streams: Sequence[np.random.Generator], chains: int
    ) -> NDArray[np.float32]:
        """Return, as (sets, chains, n, n), how often i and j share a class in each chain of each set of facts."""
        groups, graphs = zip(*(_contract(each) for each in facts), strict=True)
        frequencies = []
        for group, colourings in zip(groups, sample_colourings(graphs, self.classes, streams, chains), strict=True):
            labels = colourings[:, :, group].astype(np.int16)
            alike = np.zeros((chains, group.size, group.size), dtype=np.uint8)
            for state in labels:
                alike += state[:, :, None] == state[:, None, :]
            frequencies.append(alike.astype(np.float32) / np.float32(RECORDS))
        return np.stack(frequencies)

    def settle(self, facts: Facts, frequency: NDArray[np.float64]) -> Answer:
        """Return the determined pairs, and 1/classes for pairs that no chain of facts connects.

        With the number of classes given, a pair for which the chains saw both answers is undetermined; any other is
        decided by a search for a colouring with the other answer.
        """
        group, apart = _contract(facts)
        representative = np.unique(group, return_index=True)[1]
        if self.classes is None:
            settled = apart | np.eye(len(apart), dtype=np.bool_)
            closed_form = np.full(apart.shape, np.nan)
        else:
            seen = frequency[np.ix_(representative, representative)]
            settled = settled_pairs(apart, self.classes, seen > 0, seen < 1)
            island = connected_components(coo_array(apart), directed=False)[1]
            closed_form = np.where(np.equal.outer(island, island), np.nan, 1 / self.classes)
            closed_form[settled] = np.rint(seen[settled])
        closed_form[apart] = 0.0
        np.fill_diagonal(closed_form, 1.0)
        return Answer(closed_form[group[:, None], group], settled[group[:, None], group], "exact")


@dataclass(frozen=True)
class EquivalenceLearner:
    """Knows that R is an equivalence relation, with at most `classes` classes unless that is None."""

    classes: int | None

    @property
    def sampler(self) -> EquivalenceSampler:
        """The Markov chains of this learner."""
        return EquivalenceSampler(self.classes)

    def check(self, facts: Facts) -> None:
        """Raise `InvalidInput` if joined symbols are kept apart, or if too few classes are allowed."""
        group, apart = _contract(facts)
        if apart.diagonal().any():
            _refuse_broken_group(facts, group)
        if self.classes is None or find_colouring(neighbour_masks(apart), self.classes) is not None:
            return
        critical = critical_vertices(neighbour_masks(apart), self.classes)
        symbols = ", ".join(str(np.flatnonzero(group == site)[0]) for site in critical)
        raise InvalidInput(
            f"observed must be consistent with at most {self.classes} classes; got facts that symbols {symbols} "
            f"satisfy only with more"
        )

    def exact(self, facts: Facts, limit: int) -> Answer | None:
        """Return the exact posterior if it needs at most `limit` colourings of a block, or set partitions."""
        group, apart = _contract(facts)
        shared = shared_block(apart, limit) if self.classes is None else shared_colour(apart, self.classes, limit)
        if shared is None:
            return None
        determined = (shared == 0) | (shared == 1)
        return Answer(shared[group[:, None], group], determined[group[:, None], group], "enumeration")


def _contract(facts: Facts) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return each symbol's group and the (groups, groups) matrix of which are kept apart."""
    together = coo_array(facts == 1)
    count, label = connected_components(together, directed=False)
    group = label.astype(np.int64)
    apart = np.zeros((count, count), dtype=np.bool_)
    i, j = np.nonzero(facts == 0)
    apart[group[i], group[j]] = True
    return group, apart | apart.T


def _refuse_broken_group(facts: Facts, group: NDArray[np.int64]) -> None:
    links = [(i, j, (i, j, 1)) for i, j in np.argwhere(facts == 1).tolist()]
    links += [(j, i, fact) for i, j, fact in links]
    i, j = next(pair for pair in np.argwhere(facts == 0).tolist() if group[pair[0]] == group[pair[1]])
    chain = [] if i == j else shortest_chain(links, i, j)
    refuse("an equivalence relation", [*chain, (i, j, 0)])
