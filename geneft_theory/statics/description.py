"""Description length: exact from a relation's symmetry, and in closed form by family for any n."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.citation import based_on
from geneft_theory.errors import InvalidInput, require_array, require_integer, shown
from geneft_theory.relations import Relation, automorphism_order
from geneft_theory.statements.catalogue import catalogue

METHOD = "mckay2014practical"


@based_on("statics.description_length", methods=[METHOD])
def description_length(relation: Relation) -> float:
    """Return the bits that single a relation out among its relabellings, log2(n!/|Aut|).

    Parameters
    ----------
    relation : Relation
        Any relation on n symbols.

    Returns
    -------
    float
        The description length b in bits, in [0, log2 n!]. The quotient is an exact integer; only its logarithm is a
        float.

    Raises
    ------
    InvalidInput
        If `relation` is not a `Relation`.

    Notes
    -----
    Source: Baek, Liu & Tegmark (2024), Table II; statement `statics.description_length`.

    Examples
    --------
    >>> from geneft_theory.relations import greater_than, modulo
    >>> round(description_length(modulo(30, 3)), 3)
    39.751
    >>> round(description_length(greater_than(30)), 3)
    107.709
    """
    return math.log2(number_of_relabellings(relation))


def number_of_relabellings(relation: Relation) -> int:
    """Return the exact number of distinct relabellings of a relation, n!/|Aut|.

    Examples
    --------
    >>> from geneft_theory.relations import complete_bipartite
    >>> number_of_relabellings(complete_bipartite(30, 10)) == math.comb(30, 10)
    True
    """
    if not isinstance(relation, Relation):
        raise InvalidInput(f"relation must be a Relation; got {shown(relation)}")
    return math.factorial(relation.n) // automorphism_order(relation)


@based_on("statics.any_relation.description_length")
def any_relation_bits(n: ArrayLike) -> NDArray[np.float64]:
    """Return the bits of an arbitrary relation on n symbols, n^2; `n` is an array of integers >= 1.

    Examples
    --------
    >>> float(any_relation_bits(30))
    900.0
    """
    return catalogue["statics.any_relation.description_length"](n=_integers("n", n))


@based_on("statics.symmetric_relation.description_length")
def symmetric_relation_bits(n: ArrayLike) -> NDArray[np.float64]:
    """Return the bits of an arbitrary symmetric relation on n symbols, n(n+1)/2; `n` is an array of integers >= 1.

    Examples
    --------
    >>> float(symmetric_relation_bits(30))
    465.0
    """
    return catalogue["statics.symmetric_relation.description_length"](n=_integers("n", n))


@based_on("statics.total_order.description_length")
def total_order_bits(n: ArrayLike) -> NDArray[np.float64]:
    """Return the bits of a total order of n symbols, log2 n!; `n` is an array of integers >= 1.

    Examples
    --------
    >>> round(float(total_order_bits(30)), 3)
    107.709
    """
    return catalogue["statics.total_order.description_length"](n=_integers("n", n))


@based_on("statics.complete_bipartite.description_length")
def complete_bipartite_bits(n: ArrayLike, a: ArrayLike) -> NDArray[np.float64]:
    """Return the bits of a complete bipartite graph with parts of a and n - a symbols.

    It is log2 C(n, a), and one bit less where the parts are equal, since they can then be exchanged.

    Parameters
    ----------
    n, a : array_like of int
        Number of symbols and size of one part, 1 <= a < n; they broadcast.

    Raises
    ------
    InvalidInput
        If an entry is not an integer in its range.

    Notes
    -----
    Source: Baek, Liu & Tegmark (2024), Table II; the exact form with the exchange of equal parts is ours.

    Examples
    --------
    >>> complete_bipartite_bits(30, [10, 15]).round(3)
    array([24.841, 26.209])
    """
    n, a = np.broadcast_arrays(_integers("n", n), _integers("a", a))
    if np.any(a >= n):
        raise InvalidInput(f"a must lie in [1, n - 1]; got {a[a >= n].flat[0]:g} for n = {n[a >= n].flat[0]:g}")
    exchange = np.where(2 * a == n, 1.0, 0.0)
    return catalogue["statics.complete_bipartite.description_length"](n=n, a=a) - exchange


@based_on("statics.equivalence.automorphism_order")
def modulo_bits(n: ArrayLike, k: ArrayLike) -> NDArray[np.float64]:
    """Return the bits of equality modulo k on n symbols, whether k divides n or not.

    The classes differ in size by at most one: n mod k of them have one symbol more than the others. For k >= n
    every class has one symbol, and nothing remains to be described.

    Parameters
    ----------
    n, k : array_like of int
        Number of symbols and modulus, >= 1; they broadcast.

    Raises
    ------
    InvalidInput
        If an entry is not an integer >= 1.

    Notes
    -----
    Source: Baek, Liu & Tegmark (2024), Table II, in its exact form.

    Examples
    --------
    >>> modulo_bits(30, [3, 5, 30]).round(3)
    array([39.751, 53.343,  0.   ])
    """
    from scipy.special import gammaln

    n, k = np.broadcast_arrays(_integers("n", n), _integers("k", k))
    classes = np.minimum(n, k)
    small, larger_classes = np.divmod(n, classes)
    log_symmetry = larger_classes * gammaln(small + 2) + (classes - larger_classes) * gammaln(small + 1)
    log_symmetry += gammaln(larger_classes + 1) + gammaln(classes - larger_classes + 1)
    return np.asarray(np.maximum(0.0, (gammaln(n + 1) - log_symmetry) / math.log(2)))


@based_on("statics.equivalence.automorphism_order")
def equivalence_bits(class_sizes: Sequence[int]) -> float:
    """Return the bits of an equivalence relation with the given class sizes.

    Parameters
    ----------
    class_sizes : sequence of int
        The number of symbols in each class, all >= 1.

    Raises
    ------
    InvalidInput
        If there is no class or a size is not an integer >= 1.

    Examples
    --------
    >>> round(equivalence_bits([10, 10, 10]), 3), equivalence_bits([5])
    (39.751, 0.0)
    """
    if np.ndim(class_sizes) != 1:
        raise InvalidInput(f"class_sizes must be a sequence of integers >= 1; got {shown(class_sizes)}")
    sizes = np.array([require_integer("class_sizes", size, minimum=1) for size in class_sizes], dtype=np.float64)
    if not sizes.size:
        raise InvalidInput("class_sizes must name at least one class; got none")
    from scipy.special import gammaln

    multiplicities = np.unique(sizes, return_counts=True)[1]
    log_symmetry = gammaln(sizes + 1).sum() + gammaln(multiplicities + 1).sum()
    return max(0.0, float(gammaln(sizes.sum() + 1) - log_symmetry) / math.log(2))


@based_on(
    "statics.equivalence.description_length.approximate",
    "statics.total_order.description_length",
    "statics.complete_bipartite.description_length",
)
def published_description_length(relation: Relation) -> float | None:
    """Return the bits that Table II gives for a relation's family, or None where the table has no row for it.

    n log2 k for an equivalence relation with k classes (20 to 30 % above the exact value at n = 30), log2 n! for a
    strict total order, log2 C(n, a) for a complete bipartite graph.

    Raises
    ------
    InvalidInput
        If `relation` is not a `Relation`.

    Notes
    -----
    Source: Baek, Liu & Tegmark (2024), Table II. `description_length` is exact for every relation.

    Examples
    --------
    >>> from geneft_theory.relations import cycle, modulo
    >>> round(published_description_length(modulo(30, 3)), 3), published_description_length(cycle(5))
    (47.549, None)
    """
    if not isinstance(relation, Relation):
        raise InvalidInput(f"relation must be a Relation; got {shown(relation)}")
    if relation.is_equivalence:
        classes = len(np.unique(relation.matrix, axis=0))
        return float(catalogue["statics.equivalence.description_length.approximate"](n=relation.n, k=classes))
    if relation.is_strict_total_order:
        return float(total_order_bits(relation.n))
    if relation.is_complete_bipartite:
        part = int(relation.matrix[0].sum())
        return float(catalogue["statics.complete_bipartite.description_length"](n=relation.n, a=part))
    return None


def _integers(name: str, value: ArrayLike) -> NDArray[np.float64]:
    array = require_array(name, value, low=1)
    fractional = array != np.floor(array)
    if np.any(fractional):
        raise InvalidInput(f"{name} must be an integer >= 1; got {array[fractional].flat[0]:g}")
    return array
