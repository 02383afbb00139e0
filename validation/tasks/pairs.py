"""Ordered pairs of symbols, numbered i * n + j: their targets, and the order in which a replicate learns them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import require_integer, require_number
from validation.tasks.streams import random_stream


@lru_cache(maxsize=256)
def relation_targets(relation: str, n: int) -> NDArray[np.bool_]:
    """Return R(i, j) for all n^2 ordered pairs, diagonal included, as a read-only flat array.

    Parameters
    ----------
    relation : str
        A name that `geneft_theory.relations.parse` understands, such as ``"modulo:3"``.
    n : int
        Number of symbols, >= 1.

    Returns
    -------
    numpy.ndarray of bool, shape (n * n,)
        Entry i * n + j is R(i, j).

    Raises
    ------
    InvalidInput
        When the relation is unknown or does not exist on n symbols.

    Examples
    --------
    >>> relation_targets("modulo:3", 6).reshape(6, 6)[0].astype(int).tolist()
    [1, 0, 0, 1, 0, 0]
    """
    from geneft_theory.relations import parse

    targets = np.array(parse(relation, n).matrix, dtype=np.bool_).ravel()
    targets.flags.writeable = False
    return targets


def training_count(n: int, fraction: float) -> int:
    """Return how many of the n^2 pairs are trained on: fraction * n^2 to the nearest integer, and at least one.

    Parameters
    ----------
    n : int
        Number of symbols, >= 1.
    fraction : float
        Training fraction in (0, 1].

    Returns
    -------
    int
        Between 1 and n^2.

    Raises
    ------
    InvalidInput
        When n or the fraction lies outside its domain.

    Examples
    --------
    >>> training_count(30, 0.75), training_count(30, 1e-6)
    (675, 1)
    """
    n = require_integer("n", n, minimum=1)
    fraction = require_number("fraction", fraction, low=0, high=1, open_low=True)
    return max(1, round(fraction * n * n))


def training_order(n: int, *, seed: int, sweep_seed: int = 0) -> NDArray[np.int64]:
    """Return all pairs in the random order in which replicate `seed` takes them into its training set.

    Parameters
    ----------
    n : int
        Number of symbols, >= 1.
    seed, sweep_seed : int
        The replicate and its sweep, as in `random_stream`.

    Returns
    -------
    numpy.ndarray of int64, shape (n * n,)
        A uniform random permutation of the pairs i * n + j.

    Raises
    ------
    InvalidInput
        When n < 1 or a seed is negative.

    Examples
    --------
    >>> sorted(training_order(2, seed=0).tolist())
    [0, 1, 2, 3]
    """
    n = require_integer("n", n, minimum=1)
    return random_stream("pairs", seed=seed, sweep_seed=sweep_seed).permutation(n * n)


def training_pairs(n: int, fraction: float, *, seed: int, sweep_seed: int = 0) -> NDArray[np.int64]:
    """Return the training set of a replicate: the first `training_count(n, fraction)` pairs of its order.

    The training sets of one replicate are nested over fractions and equal over relations, modes and learning rates
    (common random numbers).

    Parameters
    ----------
    n : int
        Number of symbols, >= 1.
    fraction : float
        Training fraction in (0, 1].
    seed, sweep_seed : int
        The replicate and its sweep, as in `random_stream`.

    Returns
    -------
    numpy.ndarray of int64, shape (training_count(n, fraction),)
        Distinct pairs i * n + j.

    Raises
    ------
    InvalidInput
        When an argument lies outside its domain.

    Examples
    --------
    >>> few, many = training_pairs(10, 0.2, seed=0), training_pairs(10, 0.5, seed=0)
    >>> few.tolist() == many[:20].tolist()
    True
    """
    return training_order(n, seed=seed, sweep_seed=sweep_seed)[: training_count(n, fraction)]
