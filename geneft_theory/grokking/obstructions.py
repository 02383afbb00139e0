"""What stands between a random training set and a forced structure: embeddings that few constraints see.

A vector v over the symbols is a solution that the data do not exclude if and only if v . x_q is the same for all
shown samples q of each class. For a uniformly random set of m samples the probability of that is exact: the sets that
allow v are counted, class by class, by the generating function

    prod_c [ sum_u (1 + z)^(k_cu) - (V_c - 1) ],

where k_cu of the k_c samples of class c have v . x_q = u and V_c is the number of different values. Its coefficient
of z^m, over that of (1 + z)^s, is the probability; it is read off by Cauchy's integral on the circle through the
saddle point.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput
from geneft_theory.grokking.elimination import Floats
from geneft_theory.grokking.operations import Integers, Operation

# The integrand is a Gaussian in the angle, of width 1 / sd of a binomial count; this many sd are sampled.
ALIASING_WIDTH = 20


@dataclass(frozen=True, eq=False)
class Allowed:
    """For each of some sets of vectors: in how many classes of each kind they are seen.

    Parameters
    ----------
    kinds : tuple of tuple of int
        The sizes k_cu of the groups of equal value in a class; one kind is one multiset of sizes.
    counts : ndarray of float, shape (sets, kinds)
        How many classes of each kind a set of vectors meets; classes in which it is constant are left out.
    """

    kinds: tuple[tuple[int, ...], ...]
    counts: Floats


def probabilities(allowed: Allowed, size: float, operation: Operation) -> Floats:
    """Return, for each set of vectors, the probability that a random training set of a size excludes none of them.

    `size` lies strictly between 0 and the number of samples; between whole numbers it is interpolated analytically.
    """
    total = len(operation.samples)
    share = size / total
    deviation = np.sqrt(total * share * (1 - share))
    nodes = ALIASING_WIDTH // 2 * int(np.ceil(deviation)) + 20
    # Integrands at opposite angles are conjugate: half of the circle is enough. Midpoints avoid its ends, where 1 + z
    # may vanish.
    angle = np.pi * (np.arange(nodes) + 0.5) / nodes
    z = share / (1 - share) * np.exp(1j * angle)
    log_weight = total * np.log((1 + z) * (1 - share)) - 1j * angle * size
    logarithms = np.array([_log_factor(kind, z) for kind in allowed.kinds]).reshape(len(allowed.kinds), nodes)
    # Far from the saddle point the factors have poles that the weight cancels: their logarithms are added first.
    exponent = log_weight + allowed.counts @ logarithms.real + 1j * (allowed.counts @ logarithms.imag)
    chances: Floats = np.exp(exponent).real.sum(axis=1) / np.exp(log_weight).real.sum()
    return np.clip(chances, 0, 1)


@lru_cache(maxsize=8)
def single_symbols(operation: Operation) -> Allowed:
    """Return the p unit vectors: symbols that no constraint determines."""
    require_sums(operation)
    return _allowed([coefficients[:, None] for coefficients in _coefficients(operation).T], operation)


@lru_cache(maxsize=8)
def symbol_pairs(operation: Operation) -> tuple[Allowed, Allowed, Allowed]:
    """Return e_a - e_b, e_a + e_b, and both e_a and e_b, for all pairs of symbols."""
    require_sums(operation)
    columns = _coefficients(operation).T
    pairs = list(combinations(columns, 2))
    return (
        _allowed([(a - b)[:, None] for a, b in pairs], operation),
        _allowed([(a + b)[:, None] for a, b in pairs], operation),
        _allowed([np.stack([a, b], axis=1) for a, b in pairs], operation),
    )


def require_sums(operation: Operation) -> None:
    """Refuse an operation whose embeddings are multiplied: its solutions do not belong to single symbols."""
    if operation.representation is not None:
        raise InvalidInput(f"operation must be one whose embeddings are added; got {operation!r}")


def _coefficients(operation: Operation) -> Integers:
    return operation.features[:, 0, :]


def _allowed(values: list[Integers], operation: Operation) -> Allowed:
    """Sort the classes that each set of vectors meets into kinds; `values` are v . x_q, (samples, vectors)."""
    kinds: dict[tuple[int, ...], int] = {}
    rows: list[NDArray[np.int64]] = []
    classes = len(operation.class_sizes)
    for value in values:
        # Coefficients are 0, 1 or 2, so that v . x_q lies between -2 and 4: one digit a vector.
        code = np.zeros(len(value), dtype=np.int64)
        for column in value.T:
            code = code * 8 + column + 2
        names, code = np.unique(code, return_inverse=True)
        groups = np.bincount(operation.classes * len(names) + code.reshape(-1), minlength=classes * len(names))
        sizes = np.sort(groups.reshape(classes, len(names)), axis=1)
        seen = sizes[sizes[:, :-1].any(axis=1)] if len(names) > 1 else sizes[:0]
        distinct, count = np.unique(seen, axis=0, return_counts=True)
        row = np.zeros(len(kinds) + len(distinct), dtype=np.int64)
        for kind, number in zip(distinct.tolist(), count, strict=True):
            row[kinds.setdefault(tuple(size for size in kind if size), len(kinds))] = number
        rows.append(row)
    counts = np.zeros((len(rows), len(kinds)))
    for place, row in enumerate(rows):
        counts[place, : min(len(row), len(kinds))] = row[: len(kinds)]
    return Allowed(tuple(kinds), counts)


def _log_factor(kind: tuple[int, ...], z: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Return log of [sum_u (1+z)^k_u - (V - 1)] / (1+z)^k."""
    logarithm = np.log(1 + z)
    # The largest term is taken out, so that no power overflows.
    largest = np.where(np.abs(1 + z) > 1, max(kind), 0)
    powers = np.sum([np.exp((size - largest) * logarithm) for size in kind], axis=0)
    powers -= (len(kind) - 1) * np.exp(-largest * logarithm)
    factor: NDArray[np.complex128] = np.log(powers) + (largest - sum(kind)) * logarithm
    return factor
