"""What an ideal learner that knows the family of a relation can say of every pair, given some observed pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.citation import based_on
from geneft_theory.errors import InvalidInput, require_choice, require_integer
from geneft_theory.statics.inference.families import learner_of_family
from geneft_theory.statics.inference.learner import Answer, Method, Sampler
from geneft_theory.statics.inference.observations import Facts, read_facts

ENUMERATION_LIMIT = 300_000
"""Most colourings of a block, set partitions, or steps between order ideals that `infer` lists instead of sampling."""


@dataclass(frozen=True, eq=False)
class Posterior:
    """The probability that R(i, j) = 1 given the observations, for all n^2 ordered pairs.

    Parameters
    ----------
    family : str
        The family that R is known to belong to.
    probability : (n, n) array of float64
        P(R(i, j) = 1), exactly 0.0 or 1.0 where `determined` and strictly between elsewhere.
    standard_error : (n, n) array of float64
        Its standard error over independent Markov chains; 0 where the probability is exact.
    determined : (n, n) array of bool
        Where the observations leave only one answer, because they contain or imply it.
    method : {"exact", "enumeration", "markov_chain"}
        How undetermined pairs were found: by a closed form, by listing all consistent structures (for orders, their
        ideals), or from samples of them.
    draws : int
        The number of independent Markov chains; 0 if there were none.

    Examples
    --------
    >>> posterior = infer("total_order", {(0, 1): 1}, n=3)
    >>> posterior.determined
    array([[ True,  True, False],
           [ True,  True, False],
           [False, False,  True]])
    """

    family: str
    probability: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    determined: NDArray[np.bool_]
    method: Method
    draws: int

    def __post_init__(self) -> None:
        for array in (self.probability, self.standard_error, self.determined):
            array.flags.writeable = False


@based_on(methods=["baek2024geneft"])
def infer(
    family: str,
    observed: ArrayLike | Mapping[tuple[int, int], int],
    *,
    n: int | None = None,
    classes: int | None = None,
    part_size: int | None = None,
    method: Literal["auto", "enumeration", "markov_chain"] = "auto",
    draws: int = 128,
    seed: int = 0,
) -> Posterior:
    """Return the posterior probability of R = 1 for every pair, given observed pairs and the family of R.

    Parameters
    ----------
    family : {"equivalence", "total_order", "complete_bipartite"}
        What is known of R, with its prior (hyphens are accepted for underscores):

        * "equivalence": R(i, j) = 1 iff i and j share a class. With `classes` = k every symbol has an independent
          uniform label out of k, so at most k classes occur; with `classes` None every set partition is equally
          likely.
        * "total_order": R(i, j) = 1 iff i stands above j; all n! orders are equally likely.
        * "complete_bipartite": R(i, j) = 1 iff exactly one of i, j lies in a set S; every set S is equally likely, or
          every set of `part_size` symbols. (S and its complement give the same R.)
    observed : (n, n) array, or mapping from (i, j) to 0 or 1
        R where observed. Unobserved entries of an array are nan, -1 (integers), or masked (`numpy.ma`); `observe`
        makes such an array. A mapping holds the observed pairs only and needs `n`.
    n : int >= 1, optional
        Number of symbols.
    classes : int >= 1, optional
        Largest possible number of classes of an equivalence relation.
    part_size : int in [0, n], optional
        |S| of a complete bipartite graph.
    method : {"auto", "enumeration", "markov_chain"}
        "enumeration" lists all consistent structures (colourings of each biconnected block of the facts, set
        partitions, steps between order ideals), at most 300,000, and is exact. "markov_chain" samples them. "auto"
        enumerates where that limit allows it. A complete bipartite graph is always exact and takes "auto" only.
    draws : int >= 2
        Independent Markov chains, each recorded 32 times.
    seed : int >= 0
        Seed of the chains.

    Returns
    -------
    Posterior
        Probabilities, standard errors, and which pairs are determined (always exact, whatever the method).

    Raises
    ------
    InvalidInput
        If an argument is outside its domain, if the observations contradict each other (the message names a shortest
        contradiction), or if "enumeration" meets more than 300,000 structures.

    Notes
    -----
    The chains are Kempe changes for classes (Wang, Swendsen & Kotecky 1989) and adjacent transpositions for orders
    (Karzanov & Khachiyan 1991). They start from independent random states and forget them for 80 sweeps, or 8
    relaxation times, before they are recorded. The standard error is that of the mean over chains, so correlation in
    time does not shrink it. Where all chains give one frequency, the error is that of one draw a chain, and an
    undetermined pair whose answer never varied is given the mean of a Beta(1/2, 1/2 + draws) law.

    Kempe changes with k colours do not join all colourings of every graph; they do if no set of groups is linked so
    densely that each has k neighbours in it. Beyond that the independent starts are the only remedy;
    `method="enumeration"` has no such caveat.

    Examples
    --------
    Of three classes, 0 and 1 differ, and 1 and 2 do: do 0 and 2 share a class?

    >>> float(infer("equivalence", {(0, 1): 0, (1, 2): 0}, n=3, classes=3).probability[0, 2])
    0.5
    >>> float(infer("complete_bipartite", {(0, 1): 1, (1, 2): 1}, n=3).probability[0, 2])
    0.0
    >>> infer("total_order", {(0, 1): 1, (1, 2): 1, (0, 2): 0}, n=3)
    Traceback (most recent call last):
        ...
    geneft_theory.errors.InvalidInput: observed must be consistent with a strict total order; got R(0, 1) = 1, \
R(1, 2) = 1, R(0, 2) = 0
    """
    facts = read_facts(observed, n)
    learner = learner_of_family(family, len(facts), classes, part_size)
    require_choice("method", method, ("auto", "enumeration", "markov_chain"))
    chains = require_integer("draws", draws, minimum=2)
    stream = np.random.default_rng(require_integer("seed", seed, minimum=0))
    sampler = learner.sampler
    if sampler is None and method != "auto":
        raise InvalidInput(f'method must be "auto" for a family that is always exact; got {method!r}')
    learner.check(facts)
    if sampler is None or method != "markov_chain":
        answer = learner.exact(facts, ENUMERATION_LIMIT)
        if answer is not None:
            return _posterior(family, answer, np.zeros(facts.shape), 0)
    if sampler is None or method == "enumeration":
        raise InvalidInput(
            f'method must be "auto" or "markov_chain" where there are more than {ENUMERATION_LIMIT} consistent '
            "structures; got 'enumeration'"
        )
    return _sampled(family, sampler, facts, chains, stream)


def _sampled(family: str, sampler: Sampler, facts: Facts, chains: int, stream: np.random.Generator) -> Posterior:
    frequency = sampler.sample([facts], [stream], chains)[0]
    mean = frequency.mean(axis=0, dtype=np.float64)
    known = sampler.settle(facts, mean)
    spread = np.einsum("cij,cij->ij", frequency, frequency, dtype=np.float64) - chains * mean**2
    # Frequencies are multiples of 1/32, so the spread is exactly 0 where all chains agree.
    agree = spread <= 0
    rare = 0.5 / (chains + 1)
    mean = np.where(agree, np.clip(mean, rare, 1 - rare), mean)
    error = np.sqrt(np.where(agree, mean * (1 - mean) / (chains + 2), spread / (chains * (chains - 1))))
    open_pairs = np.isnan(known.probability)
    probability = np.where(open_pairs, mean, known.probability)
    if not open_pairs.any():
        return _posterior(family, known, np.zeros(facts.shape), 0)
    answer = Answer(probability, known.determined, "markov_chain")
    return _posterior(family, answer, np.where(open_pairs, error, 0.0), chains)


def _posterior(family: str, answer: Answer, standard_error: NDArray[np.float64], draws: int) -> Posterior:
    return Posterior(
        family.replace("-", "_"), answer.probability, standard_error, answer.determined, answer.method, draws
    )
