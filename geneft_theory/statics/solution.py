"""The statics as numbers: known fraction, critical fraction and accuracy estimate on arrays.

Each function evaluates its statement; only the limits at which the statement's formula is 0/0 or a logarithm of zero
are filled in by hand, and each says so.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.citation import based_on
from geneft_theory.errors import InvalidInput, require_array, require_broadcast, shown
from geneft_theory.relations import Relation
from geneft_theory.statements.catalogue import catalogue


@based_on("statics.known_fraction")
def known_fraction(samples: ArrayLike, bits: ArrayLike) -> NDArray[np.float64]:
    r"""Return the expected fraction of the bits known after some samples, f = 1 - (1 - 1/b)^m.

    Parameters
    ----------
    samples : array_like
        Number of training pairs m >= 0; need not be an integer.
    bits : array_like
        Description length b, 0 or >= 1 (the logarithm of an integer is never in between); broadcasts with `samples`.

    Returns
    -------
    numpy.ndarray
        f in [0, 1], in the broadcast shape. f(0) = 0; with b = 1 one sample tells all; with b = 0 there is nothing to
        know, and f = 1.

    Raises
    ------
    InvalidInput
        If an entry lies outside its domain.

    Notes
    -----
    Source: Baek, Liu & Tegmark (2024), Eq. 3; statement `statics.known_fraction`.

    Examples
    --------
    >>> known_fraction([0, 45, 90], 47.549).round(4)
    array([0.    , 0.6158, 0.8524])
    """
    samples = require_array("samples", samples, low=0)
    bits = _bits(bits)
    require_broadcast({"samples": samples, "bits": bits})
    one_bit = np.where(samples > 0, 1.0, 0.0)
    known = catalogue["statics.known_fraction"](samples=samples, bits=np.where(bits > 1, bits, 2.0))
    return np.select([bits == 0, bits == 1], [np.ones_like(known), one_bit * np.ones_like(known)], known)


@based_on("statics.critical_fraction")
def critical_fraction(bits: ArrayLike, pairs: ArrayLike, accuracy: ArrayLike = 0.9) -> NDArray[np.float64]:
    r"""Return the training fraction at which a given fraction of the bits is known, f(N p_c) = alpha.

    Parameters
    ----------
    bits : array_like
        Description length b, 0 or >= 1.
    pairs : array_like
        Number N of ordered pairs, >= 1; n^2 for a relation on n symbols.
    accuracy : array_like
        The fraction alpha of bits to be known, in [0, 1).

    Returns
    -------
    numpy.ndarray
        p_c >= 0, in the broadcast shape. Above 1 the formula has lost its meaning, because pairs do not repeat in a
        training set; the value is returned all the same, so that one sees it. It is 0 for b = 0, and for b = 1, where
        a single pair reveals everything.

    Raises
    ------
    InvalidInput
        If an entry lies outside its domain.

    Notes
    -----
    Source: Baek, Liu & Tegmark (2024), Eq. 4, obtained by solving Eq. 3; statement `statics.critical_fraction`.

    Examples
    --------
    >>> critical_fraction([47.549, 107.709], 900).round(4)
    array([0.1204, 0.2743])
    """
    bits = _bits(bits)
    pairs = require_array("pairs", pairs, low=1)
    accuracy = require_array("accuracy", accuracy, low=0, high=1, open_high=True)
    require_broadcast({"bits": bits, "pairs": pairs, "accuracy": accuracy})
    fraction = catalogue["statics.critical_fraction"](
        accuracy=accuracy, pairs=pairs, bits=np.where(bits > 1, bits, 2.0)
    )
    # log(1 - 0) / (negative) is -0.0.
    return np.where(bits > 1, fraction, 0.0) + 0.0


@based_on("statics.accuracy_estimate", "statics.known_fraction")
def accuracy_estimate(samples: ArrayLike, bits: ArrayLike, chance: ArrayLike) -> NDArray[np.float64]:
    r"""Return the paper's f_UB, the accuracy over all pairs if known bits are known pairs and the rest is guessed.

    Parameters
    ----------
    samples : array_like
        Number of training pairs m >= 0.
    bits : array_like
        Description length b, 0 or >= 1.
    chance : array_like
        Probability p_* in [0, 1] that an undetermined pair is related; p_* and 1 - p_* give the same estimate.

    Returns
    -------
    numpy.ndarray
        f_UB in [1/2, 1], in the broadcast shape.

    Raises
    ------
    InvalidInput
        If an entry lies outside its domain.

    Notes
    -----
    Source: Baek, Liu & Tegmark (2024), Eq. 5. In spite of its name it is no upper bound: compare
    `achievable_accuracy`, the limit itself. It lies above that limit for little data and below it for more where
    pairs fall into classes, and the other way round for orders.

    Examples
    --------
    >>> accuracy_estimate([45, 90], 47.549, 1 / 3).round(4)
    array([0.8719, 0.9508])
    """
    chance = require_array("chance", chance, low=0, high=1)
    known = known_fraction(samples, bits)
    require_broadcast({"samples and bits": known, "chance": chance})
    return catalogue["statics.accuracy_estimate"](known_fraction=known, chance=chance)


def chance(relation: Relation) -> float:
    """Return p_*, the probability that an undetermined pair is related, as the accuracy estimate takes it.

    1/k for an equivalence relation with k classes, 1/3 for a total order, 1/2 for a complete bipartite graph, and the
    share of related pairs for anything else.

    Raises
    ------
    InvalidInput
        If `relation` is not a `Relation`.

    Notes
    -----
    Source: Baek, Liu & Tegmark (2024), below Eq. 5; the last case is ours.

    Examples
    --------
    >>> from geneft_theory.relations import complete_bipartite, modulo
    >>> chance(complete_bipartite(30, 10)), round(chance(modulo(30, 5)), 3)
    (0.5, 0.2)
    """
    if not isinstance(relation, Relation):
        raise InvalidInput(f"relation must be a Relation; got {shown(relation)}")
    if relation.is_equivalence:
        return 1 / len(np.unique(relation.matrix, axis=0))
    if relation.is_strict_total_order:
        return float(catalogue["statics.total_order.chance"]())
    if relation.is_complete_bipartite:
        return 0.5
    return float(relation.matrix.mean())


def _bits(bits: ArrayLike) -> NDArray[np.float64]:
    array = require_array("bits", bits, low=0)
    between = (array > 0) & (array < 1)
    if np.any(between):
        raise InvalidInput(f"bits must be 0 or >= 1; got {array[between].flat[0]:g}")
    return array
