"""The accuracy that an ideal learner reaches on random training sets: the limit that f_UB estimates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.citation import based_on
from geneft_theory.errors import InvalidInput, require_array, require_choice, require_integer, require_number
from geneft_theory.estimate import Estimate
from geneft_theory.statics.inference.families import learner_of_relation
from geneft_theory.statics.inference.observations import UNOBSERVED, HasMatrix, relation_matrix
from geneft_theory.statics.inference.scoring import Answers, answer_all, correct

Knowledge = Literal["known", "unknown"]


@dataclass(frozen=True)
class AchievableAccuracy:
    """The ideal learner's accuracy at one training fraction; every `Estimate` is over random training sets.

    Parameters
    ----------
    fraction : float
        The training fraction asked for.
    samples : int
        Observed pairs of each training set, round(fraction * n^2).
    all_pairs, held_out : Estimate
        Fraction of pairs answered as the given relation has them, of all n^2 pairs and of the unobserved ones. A pair
        on which the learner is exactly undecided counts 1/2. Without unobserved pairs (fraction 1) `held_out` is 1,
        its limit.
    expected_all_pairs, expected_held_out : Estimate
        The same as the learner itself expects: the mean of max(p, 1 - p) over its posterior probabilities p.
    determined : Estimate
        Fraction of all pairs of which the learner is certain.
    """

    fraction: float
    samples: int
    all_pairs: Estimate
    held_out: Estimate
    expected_all_pairs: Estimate
    expected_held_out: Estimate
    determined: Estimate


@based_on(methods=["baek2024geneft"])
def achievable_accuracy(
    relation: HasMatrix | ArrayLike,
    fraction: float,
    draws: int = 40,
    seed: int = 0,
    *,
    classes: Knowledge = "known",
    part_size: Knowledge = "unknown",
    chains: int = 16,
) -> AchievableAccuracy:
    """Return how well a learner that knows the family of a relation can do from a random fraction of its pairs.

    Parameters
    ----------
    relation : Relation or (n, n) array of 0 and 1
        An equivalence relation, a strict total order or a complete bipartite graph; the family is recognised from the
        matrix.
    fraction : float in [0, 1]
        Training fraction: round(fraction * n^2) of the n^2 ordered pairs are observed, drawn without replacement.
    draws : int >= 2
        Number of random training sets.
    seed : int >= 0
        Seed. A training set and its chains draw from a stream of their own, made from the seed, the number of samples
        and the number of the draw.
    classes : {"known", "unknown"}
        Whether the learner knows how many classes an equivalence relation has.
    part_size : {"unknown", "known"}
        Whether the learner knows the size of the parts of a complete bipartite graph.
    chains : int >= 2
        Independent Markov chains, each recorded 32 times, for a training set whose posterior is not exact.

    Returns
    -------
    AchievableAccuracy
        Estimates over the training sets.

    Raises
    ------
    InvalidInput
        If an argument is outside its domain, or the relation belongs to none of the three families.

    See Also
    --------
    infer : The posterior for one training set, and the priors.

    Notes
    -----
    The two scorings measure the same thing where the relation is a typical draw from the learner's prior: for total
    orders, of which all are relabellings of each other, and for complete bipartite graphs, whose undetermined pairs
    are all ties. They differ for classes. The prior gives every symbol an independent label, while the classes of
    `modulo(n, k)` are as equal as can be: before any observation the learner expects to be right on a fraction
    max(1/k, 1 - 1/k) of the pairs i != j, and is right on all that lie in different classes.

    f_UB (Baek, Liu & Tegmark, arXiv:2402.05916, Eq. 5) estimates this limit; it is not a bound. With the exact bits
    log2(n!/|Aut|) and n = 30, measured over 200 training sets a fraction:

    * classes: f_UB is too high up to fraction 0.08 (modulo 3, by up to 0.11) or 0.24 (modulo 5, by up to 0.08), and
      slightly too low after that. (Up to fraction 0.01 it can be too low as well: f_UB starts at 1 - 1/k, while
      "different" is right on more pairs i != j of equal classes than that, and the diagonal is known.)
    * complete bipartite: too high up to 0.04 (by up to 0.16), then too low (by up to 0.03): one more fact settles
      more and more pairs as components of facts percolate.
    * total order: too high below 0.02, since the first undetermined pairs are even and not 2 to 1; too low up to 0.3
      (by up to 0.05), since transitivity settles some pairs nearly; then slightly too high.

    From Markov chains, `expected_all_pairs` takes the answers of all chains but one and scores them on that one, since
    the larger of two noisy probabilities is too large on average. What is left is too low, where the others mistake a
    near tie: by less than 0.001 for 16 chains and n = 30.

    References
    ----------
    Baek, Liu & Tegmark, arXiv:2402.05916, Appendix D.

    Examples
    --------
    Before any observation a learner of three classes knows the diagonal, and says "different" elsewhere:

    >>> import numpy as np
    >>> modulo_3 = np.equal.outer(np.arange(6) % 3, np.arange(6) % 3)
    >>> achievable_accuracy(modulo_3, 0.0, draws=2).all_pairs.value == (6 + 24) / 36
    True
    """
    fraction = require_number("fraction", fraction, low=0, high=1)
    return achievable_accuracy_curve(
        relation, [fraction], draws, seed, classes=classes, part_size=part_size, chains=chains
    )[0]


@based_on(methods=["baek2024geneft"])
def achievable_accuracy_curve(
    relation: HasMatrix | ArrayLike,
    fractions: ArrayLike,
    draws: int = 40,
    seed: int = 0,
    *,
    classes: Knowledge = "known",
    part_size: Knowledge = "unknown",
    chains: int = 16,
) -> tuple[AchievableAccuracy, ...]:
    """Return `achievable_accuracy` at several training fractions, with all training sets computed together.

    Parameters
    ----------
    relation, draws, seed, classes, part_size, chains
        As for `achievable_accuracy`.
    fractions : (m,) array in [0, 1]
        Training fractions, in any order.

    Returns
    -------
    tuple of AchievableAccuracy
        One for each fraction, the same as `achievable_accuracy` gives for it alone.

    Raises
    ------
    InvalidInput
        As for `achievable_accuracy`, and if `fractions` is empty or not one-dimensional.

    References
    ----------
    Baek, Liu & Tegmark, arXiv:2402.05916, Fig. 2 and Appendix D.

    Examples
    --------
    >>> import numpy as np
    >>> order = np.greater.outer(np.arange(8), np.arange(8))
    >>> nothing, everything = achievable_accuracy_curve(order, [0.0, 1.0], draws=2)
    >>> nothing.all_pairs.value, everything.all_pairs.value
    (0.5625, 1.0)
    """
    matrix = relation_matrix(relation)
    grid = require_array("fractions", fractions, low=0, high=1)
    if grid.ndim != 1 or not grid.size:
        raise InvalidInput(f"fractions must be a one-dimensional array, not empty; got shape {grid.shape}")
    draws = require_integer("draws", draws, minimum=2)
    seed = require_integer("seed", seed, minimum=0)
    known = [
        require_choice(name, value, ("known", "unknown")) == "known"
        for name, value in (("classes", classes), ("part_size", part_size))
    ]
    learner = learner_of_relation(matrix, *known)
    samples = [round(float(fraction) * matrix.size) for fraction in grid]
    # One stream for each training set, keyed by what it is: it is the same in whatever company it is computed.
    streams = [_stream(seed, count, draw) for count in samples for draw in range(draws)]
    seen = [
        _training_mask(stream, count, len(matrix))
        for stream, count in zip(streams, np.repeat(samples, draws).tolist(), strict=True)
    ]
    facts = [np.where(mask, matrix, UNOBSERVED).astype(np.int8) for mask in seen]
    answers = answer_all(learner, facts, streams, require_integer("chains", chains, minimum=2))
    return tuple(
        _summary(float(fraction), count, matrix, seen[begin : begin + draws], answers[begin : begin + draws])
        for fraction, count, begin in zip(grid, samples, range(0, len(seen), draws), strict=True)
    )


def _stream(seed: int, samples: int, draw: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(samples, draw)))


def _training_mask(stream: np.random.Generator, samples: int, n: int) -> NDArray[np.bool_]:
    mask = np.zeros(n * n, dtype=np.bool_)
    mask[stream.permutation(n * n)[:samples]] = True
    return mask.reshape(n, n)


def _summary(
    fraction: float,
    samples: int,
    truth: NDArray[np.bool_],
    seen: Sequence[NDArray[np.bool_]],
    answers: Sequence[Answers],
) -> AchievableAccuracy:
    scores = [correct(each, truth) for each in answers]
    expected = [each.expected for each in answers]
    return AchievableAccuracy(
        fraction=fraction,
        samples=samples,
        all_pairs=Estimate.from_samples([score.mean() for score in scores]),
        held_out=Estimate.from_samples(_on_unseen(scores, seen)),
        expected_all_pairs=Estimate.from_samples([score.mean() for score in expected]),
        expected_held_out=Estimate.from_samples(_on_unseen(expected, seen)),
        determined=Estimate.from_samples([each.determined.mean() for each in answers]),
    )


def _on_unseen(scores: Sequence[NDArray[np.float64]], seen: Sequence[NDArray[np.bool_]]) -> list[float]:
    return [1.0 if mask.all() else float(score[~mask].mean()) for score, mask in zip(scores, seen, strict=True)]
