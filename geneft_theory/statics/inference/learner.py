"""What every family of relations offers the ideal learner: exact reasoning first, sampling where that is too long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from geneft_theory.statics.inference.observations import Facts

Method = Literal["exact", "enumeration", "markov_chain"]


@dataclass(frozen=True)
class Answer:
    """What is known of every pair: `probability` is nan where only sampling can tell, `determined` where certain."""

    probability: NDArray[np.float64]
    determined: NDArray[np.bool_]
    method: Method


def strictly_inside(probability: NDArray[np.float64], undetermined: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the probabilities with undetermined ones kept off 0 and 1, which rounding could make of them."""
    inside = np.clip(probability, np.finfo(np.float64).tiny, 1 - np.finfo(np.float64).epsneg)
    return np.where(undetermined, inside, probability)


class Sampler(Protocol):
    """Markov chains over the relations of one family that are consistent with given facts."""

    def sample(
        self, facts: Sequence[Facts], streams: Sequence[np.random.Generator], chains: int
    ) -> NDArray[np.float32]:
        """Return, as (sets, chains, n, n), how often R(i, j) = 1 in each independent chain of each set of facts.

        A set of facts draws only from its own stream, so that its outcome does not depend on its companions.
        """

    def settle(self, facts: Facts, frequency: NDArray[np.float64]) -> Answer:
        """Return what logic and symmetry alone tell of each pair, given the (n, n) frequencies that chains saw."""


class Learner(Protocol):
    """The ideal learner of one family of relations."""

    @property
    def sampler(self) -> Sampler | None:
        """The family's Markov chains; None for a family whose posterior is always exact."""

    def check(self, facts: Facts) -> None:
        """Raise `InvalidInput`, naming contradictory facts, if no relation of the family satisfies them all."""

    def exact(self, facts: Facts, limit: int) -> Answer | None:
        """Return the exact posterior of consistent facts, or None if more than `limit` structures would be listed."""
