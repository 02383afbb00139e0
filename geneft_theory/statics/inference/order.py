"""The ideal learner of strict total orders: R(i, j) = 1 iff i stands above j.

Facts close transitively to a partial order. Every total order that extends it is equally likely, so an undetermined
pair has the probability that i stands above j in a uniformly random linear extension.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geneft_theory.statics.inference.contradiction import refuse, shortest_chain
from geneft_theory.statics.inference.ideals import pair_probabilities
from geneft_theory.statics.inference.learner import Answer, strictly_inside
from geneft_theory.statics.inference.observations import Facts
from geneft_theory.statics.inference.transpositions import sample_before


@dataclass(frozen=True)
class OrderSampler:
    """Adjacent transpositions over the linear extensions of the observed partial order."""

    def sample(
        self, facts: Sequence[Facts], streams: Sequence[np.random.Generator], chains: int
    ) -> NDArray[np.float32]:
        """Return, as (sets, chains, n, n), how often i stands above j in each chain of each set of facts."""
        return sample_before([_above(each) for each in facts], streams, chains)

    def settle(self, facts: Facts, frequency: NDArray[np.float64]) -> Answer:
        """Return the comparable pairs, and 1/2 for symbols that the partial order does not tell apart."""
        above = _above(facts)
        determined = above | above.T | np.eye(len(facts), dtype=np.bool_)
        return Answer(np.where(determined, above, np.where(_twins(above), 0.5, np.nan)), determined, "exact")


@dataclass(frozen=True)
class OrderLearner:
    """Knows that R is a strict total order."""

    sampler: OrderSampler = OrderSampler()

    def check(self, facts: Facts) -> None:
        """Raise `InvalidInput` if a symbol would stand above itself."""
        circular = np.flatnonzero(np.diagonal(_above(facts)))
        if circular.size:
            links = [(i, j, (i, j, 1)) for i, j in np.argwhere(facts == 1).tolist()]
            links += [(j, i, (i, j, 0)) for i, j in np.argwhere(facts == 0).tolist() if i != j]
            refuse("a strict total order", shortest_chain(links, int(circular[0]), int(circular[0])))

    def exact(self, facts: Facts, limit: int) -> Answer | None:
        """Return the exact posterior if its order ideals have at most `limit` steps between them."""
        closed_form = self.sampler.settle(facts, np.zeros(facts.shape))
        if not np.isnan(closed_form.probability).any():
            return closed_form
        above = _above(facts)
        counted = pair_probabilities(above, limit)
        if counted is None:
            return None
        upper = np.triu(strictly_inside(counted, ~closed_form.determined), 1)
        # One triangle is computed from the other, so that the two probabilities of a pair add up to exactly 1.
        probability = upper + np.tril(1 - upper.T, -1)
        known = ~np.isnan(closed_form.probability)
        probability = np.where(known, closed_form.probability, probability)
        return Answer(probability, closed_form.determined, "enumeration")


def _above(facts: Facts) -> NDArray[np.bool_]:
    """Return the transitive closure of "i stands above j"; its diagonal is false unless the facts are circular."""
    n = len(facts)
    above: NDArray[np.bool_] = (facts == 1) | ((facts == 0).T & ~np.eye(n, dtype=np.bool_))
    while True:
        paths = above.astype(np.float32)
        longer = above | (paths @ paths > 0)
        if np.array_equal(longer, above):
            return above
        above = longer


def _twins(above: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which pairs have the same symbols above and below them: exchanging the two is a symmetry."""
    profile = np.concatenate([above, above.T], axis=1)
    _, kind = np.unique(profile, axis=0, return_inverse=True)
    return np.asarray(kind.ravel()[:, None] == kind.ravel())
