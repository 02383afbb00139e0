"""How well the ideal learner does on one training set: against the truth, and by its own lights.

It answers every pair with the more probable value; a tie, p = 1/2, counts one half. By its own lights the answer is
right with probability max(p, 1 - p). A probability from Markov chains is noisy, and the larger of two noisy numbers is
too large on average. So each chain is scored with the answers that the *other* chains give, which is too low only
where they mistake a near tie.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geneft_theory.statics.inference.learner import Learner, Sampler
from geneft_theory.statics.inference.observations import Facts

ENUMERATION_LIMIT = 3000
"""Most structures listed for one of many training sets; beyond it, sampling them in one batch is faster."""

BATCH_CELLS = 10_000_000
"""Most (set, chain, i, j) cells sampled at once, which bounds the memory at some 100 MB."""


@dataclass(frozen=True)
class Answers:
    """Of each pair: the learner's probability of R = 1, its own expected score, and whether it is certain."""

    probability: NDArray[np.float64]
    expected: NDArray[np.float64]
    determined: NDArray[np.bool_]


def answer_all(
    learner: Learner, facts: Sequence[Facts], streams: Sequence[np.random.Generator], chains: int
) -> list[Answers]:
    """Return the learner's answers for each training set: exact where that is quick, else all sampled together."""
    answers: dict[int, Answers] = {}
    for index, each in enumerate(facts):
        exact = learner.exact(each, ENUMERATION_LIMIT)
        if exact is not None:
            p = exact.probability
            answers[index] = Answers(p, np.maximum(p, 1 - p), exact.determined)
    waiting = [index for index in range(len(facts)) if index not in answers]
    batch = max(1, BATCH_CELLS // (chains * facts[0].size))
    for begin in range(0, len(waiting), batch):
        chosen = waiting[begin : begin + batch]
        answers.update(zip(chosen, _sampled(learner.sampler, facts, streams, chosen, chains), strict=True))
    return [answers[index] for index in range(len(facts))]


def _sampled(
    sampler: Sampler | None,
    facts: Sequence[Facts],
    streams: Sequence[np.random.Generator],
    chosen: Sequence[int],
    chains: int,
) -> list[Answers]:
    if sampler is None:
        raise AssertionError("a family without Markov chains answers exactly")
    frequencies = sampler.sample([facts[index] for index in chosen], [streams[index] for index in chosen], chains)
    answers = []
    for index, frequency in zip(chosen, frequencies, strict=True):
        mean = frequency.mean(axis=0, dtype=np.float64)
        known = sampler.settle(facts[index], mean)
        open_pairs = np.isnan(known.probability)
        p = np.where(open_pairs, mean, known.probability)
        expected = np.where(open_pairs, _cross_scored(frequency), np.maximum(p, 1 - p))
        answers.append(Answers(p, expected, known.determined))
    return answers


def _cross_scored(frequency: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the mean over chains of the chain's score under the answers of the other chains."""
    others = frequency.sum(axis=0) - frequency
    lean = np.sign(others - np.float32((len(frequency) - 1) / 2))
    score: NDArray[np.float64] = (0.5 + lean * (frequency - np.float32(0.5))).mean(axis=0, dtype=np.float64)
    return score


def correct(answers: Answers, truth: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return for each pair 1 where the more probable value is the true one, 1/2 at a tie, else 0."""
    score: NDArray[np.float64] = 0.5 + 0.5 * np.sign(answers.probability - 0.5) * np.where(truth, 1, -1)
    return score
