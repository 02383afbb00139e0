"""Relations of logic: equivalences, orders, bipartite graphs. Symbols are numbered 0 ... n-1.

The four relations that GenEFT trains networks on (Baek, Liu and Tegmark, arXiv:2402.05916, Table I) are
`modulo(30, 3)`, `modulo(30, 5)`, `greater_than(30)` and `complete_bipartite(30, a)`.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from geneft_theory.errors import InvalidInput, require_integer, require_number, shown
from geneft_theory.relations.relation import Relation, require_symbols


def modulo(n: int, k: int) -> Relation:
    """Congruence modulo k: R(i, j) = 1 iff i = j (mod k); an equivalence relation with min(n, k) classes.

    Parameters
    ----------
    n : int
        Number of symbols, 1 to 10,000.
    k : int
        Modulus, >= 1.

    Returns
    -------
    Relation
        Its name is "modulo:K".

    Raises
    ------
    InvalidInput
        When n or k lies outside its domain.

    Notes
    -----
    arXiv:2402.05916, Table I ("equivalent modulo 3" and "modulo 5").

    Examples
    --------
    >>> modulo(4, 2).matrix.astype(int).tolist()
    [[1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1]]
    """
    n, k = require_symbols(n), require_integer("k", k, minimum=1)
    remainder = np.array([symbol % k for symbol in range(n)])
    return Relation(remainder[:, None] == remainder, f"modulo:{k}", "modulo", {"k": k})


def greater_than(n: int) -> Relation:
    """The strict total order: R(i, j) = 1 iff i > j.

    Parameters
    ----------
    n : int
        Number of symbols, 1 to 10,000.

    Returns
    -------
    Relation
        Its name is "greater-than".

    Raises
    ------
    InvalidInput
        When n lies outside its domain.

    Notes
    -----
    arXiv:2402.05916, Table I. Accounts of the paper differ in the direction of the order; reversing the symbols
    turns one into the other, so that symmetry, description length and learning are the same.

    Examples
    --------
    >>> greater_than(3).matrix.astype(int).tolist()
    [[0, 0, 0], [1, 0, 0], [1, 1, 0]]
    """
    n = require_symbols(n)
    return Relation(np.tri(n, k=-1, dtype=np.bool_), "greater-than", "greater-than")


def complete_bipartite(n: int, a: int) -> Relation:
    """The complete bipartite graph: R(i, j) = 1 iff exactly one of i, j is among the first `a` symbols.

    Parameters
    ----------
    n : int
        Number of symbols, 2 to 10,000.
    a : int
        Size of one part, 1 to n - 1.

    Returns
    -------
    Relation
        Its name is "complete-bipartite:A".

    Raises
    ------
    InvalidInput
        When n or a lies outside its domain.

    Notes
    -----
    arXiv:2402.05916, Table I.

    Examples
    --------
    >>> complete_bipartite(3, 1).matrix.astype(int).tolist()
    [[0, 1, 1], [1, 0, 0], [1, 0, 0]]
    """
    n = require_symbols(n, minimum=2)
    a = require_integer("a", a, minimum=1, maximum=n - 1)
    first = np.arange(n) < a
    return Relation(first[:, None] ^ first, f"complete-bipartite:{a}", "complete-bipartite", {"a": a})


def equivalence(class_sizes: Iterable[int]) -> Relation:
    """The equivalence relation with the given class sizes; the first symbols form the first class, and so on.

    Parameters
    ----------
    class_sizes : iterable of int
        Sizes, each >= 1; their sum is n, at most 10,000.

    Returns
    -------
    Relation
        Its name is "equivalence:S1,S2,...".

    Raises
    ------
    InvalidInput
        When there is no class, or a size is no positive integer, or n would exceed 10,000.

    Examples
    --------
    >>> equivalence([2, 1]).matrix.astype(int).tolist()
    [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    """
    try:
        sizes = tuple(require_integer("class_sizes entry", size, minimum=1) for size in class_sizes)
    except TypeError:
        raise InvalidInput(f"class_sizes must be a sequence of integers >= 1; got {shown(class_sizes)}") from None
    if not sizes:
        raise InvalidInput("class_sizes must hold at least one size; got none")
    require_symbols(sum(sizes))
    label = np.repeat(np.arange(len(sizes)), sizes)
    name = "equivalence:" + ",".join(map(str, sizes))
    return Relation(label[:, None] == label, name, "equivalence", {"class_sizes": sizes})


def divisibility(n: int) -> Relation:
    """Divisibility among 1 ... n, a partial order: R(i, j) = 1 iff i + 1 divides j + 1.

    Parameters
    ----------
    n : int
        Number of symbols, 1 to 10,000; symbol i stands for the number i + 1.

    Returns
    -------
    Relation
        Its name is "divisibility".

    Raises
    ------
    InvalidInput
        When n lies outside its domain.

    Examples
    --------
    >>> divisibility(4).matrix.astype(int).tolist()
    [[1, 1, 1, 1], [0, 1, 0, 1], [0, 0, 1, 0], [0, 0, 0, 1]]
    """
    # 16 bits hold every number up to MAXIMUM_SYMBOLS and keep the n x n remainders small.
    number = np.arange(1, require_symbols(n) + 1, dtype=np.int16)
    return Relation(number % number[:, None] == 0, "divisibility", "divisibility")


def random_relation(n: int, density: float, seed: int, symmetric: bool = False) -> Relation:
    """A random relation: each pair holds independently with probability `density`, loops included.

    Parameters
    ----------
    n : int
        Number of symbols, 1 to 10,000.
    density : float
        Probability of R(i, j) = 1, in [0, 1].
    seed : int
        Seed of the generator, >= 0; the same seed gives the same relation.
    symmetric : bool
        Whether R(i, j) = R(j, i) is one draw instead of two.

    Returns
    -------
    Relation
        Its name is "random:DENSITY:SEED", followed by ":symmetric" where it is.

    Raises
    ------
    InvalidInput
        When an argument lies outside its domain.

    Examples
    --------
    >>> random_relation(30, 0.3, seed=7) == random_relation(30, 0.3, seed=7)
    True
    """
    n, seed = require_symbols(n), require_integer("seed", seed, minimum=0)
    density = require_number("density", density, low=0, high=1)
    if not isinstance(symmetric, (bool, np.bool_)):
        raise InvalidInput(f"symmetric must be True or False; got {shown(symmetric)}")
    matrix = np.random.default_rng(seed).random((n, n)) < density
    if symmetric:
        matrix = np.triu(matrix) | np.triu(matrix, 1).T
    name = f"random:{density!r}:{seed}" + ":symmetric" * bool(symmetric)
    parameters = {"density": density, "seed": seed, "symmetric": bool(symmetric)}
    return Relation(matrix, name, "random", parameters)
