"""The matrix of the effective loss, by classes of equal label instead of by parallelograms."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from geneft_theory.citation import based_on
from geneft_theory.errors import InvalidInput
from geneft_theory.grokking.elimination import blocks, constraints_of, excess_nullity
from geneft_theory.grokking.operations import Integers, Operation
from geneft_theory.grokking.training_set import Booleans, TrainingSet, TrainingSets, as_masks

# Every sum in the class formula is an integer below this, which float64 holds exactly.
EXACT = 2**53


@based_on("grokking.gram")
def gram(
    training_set: TrainingSet | TrainingSets | ArrayLike,
    *,
    p: int | None = None,
    operation: Operation | ArrayLike | None = None,
) -> Integers:
    """Return G, whose quadratic form E^T G E is the sum of the squared defects of a training set's parallelograms.

    With x_q = e_i + e_j for a pair q = (i, j), G = sum over labels c of m_c sum_q x_q x_q^T - X_c X_c^T, where q runs
    over the m_c training pairs of label c and X_c is the sum of their x_q. Each unordered pair of training pairs counts
    once, without a mean over them: conventions differ, see the documentation of the theory.

    Parameters
    ----------
    training_set : TrainingSet, TrainingSets, or array_like of int, shape (m, 2)
        One training set, thousands of them, or plain pairs.
    p, operation
        For plain pairs: the number of symbols, or the operation (addition by default).

    Returns
    -------
    ndarray of int, shape (p, p), or (n, p, p) for a batch
        Exact. For an operation with matrices, (p d^2, p d^2): the Gauss-Newton matrix at the representation, with the
        entries of the matrices in row-major order.

    Raises
    ------
    InvalidInput
        For training sets or operations that are none.

    Notes
    -----
    Liu et al. (2022), the effective loss; the class formula is ours.

    Examples
    --------
    >>> gram([(0, 2), (1, 1)], p=3).tolist()
    [[1, -2, 1], [-2, 4, -2], [1, -2, 1]]
    """
    masks, chosen, batch = as_masks(training_set, p, operation)
    size = chosen.unknowns
    result = np.empty((len(masks), size, size), dtype=np.int64)
    done = 0
    for block in blocks(masks, chosen):
        result[done : done + len(block)] = _gram_of_block(block, chosen)
        done += len(block)
    return result if batch else result[0]


@based_on("grokking.ground_states")
def nullity(
    training_set: TrainingSet | TrainingSets | ArrayLike,
    *,
    p: int | None = None,
    operation: Operation | ArrayLike | None = None,
) -> int | Integers:
    """Return n_0, the dimension of the embeddings of zero effective loss, exactly.

    The complete table of an addition has 2 (a constant and the slope): a training set with nullity 2 leaves no other
    solution, its lambda_3 is positive.

    Parameters
    ----------
    training_set, p, operation
        As in `gram`.

    Returns
    -------
    int, or ndarray of int, shape (n,), for a batch
        The nullity over the rational numbers of `gram`, by exact integer arithmetic.

    Raises
    ------
    InvalidInput
        For training sets or operations that are none.

    Examples
    --------
    >>> nullity([(0, 2), (1, 1)], p=3), nullity([(0, 2)], p=3)
    (2, 3)
    """
    masks, chosen, batch = as_masks(training_set, p, operation)
    found = excess_nullity(masks, chosen) + constraints_of(chosen).symmetries
    return found if batch else int(found[0])


def _gram_of_block(masks: Booleans, operation: Operation) -> Integers:
    to_class, to_sums, to_squares = _sums(operation)
    shown = masks.astype(np.float64)
    count = shown @ to_class
    weight = shown * count[:, operation.classes]
    size, classes = operation.unknowns, len(operation.class_sizes)
    squares = (weight @ to_squares).reshape(len(masks), size, size)
    sums = (shown @ to_sums).reshape(len(masks), classes * operation.components, size)
    exact: Integers = (squares - sums.transpose(0, 2, 1) @ sums).astype(np.int64)
    return exact


@lru_cache(maxsize=32)
def _sums(operation: Operation) -> tuple[Any, Any, Any]:
    """Return sparse matrices that sum over samples: m_c, X_c (flattened) and x_q x_q^T (flattened)."""
    unknowns, coefficients = operation.sparse_features
    samples, components, terms = unknowns.shape
    largest, most = int(np.abs(coefficients).max()), int(operation.class_sizes.max())
    if (2 * most * terms * largest) ** 2 * components >= EXACT:
        raise InvalidInput(f"operation must have a Gram matrix that 53 bits hold; got {operation!r}")
    size, classes = operation.unknowns, operation.classes
    number, component = np.indices(unknowns.shape)[:2]
    place = (classes[number] * components + component) * size + unknowns
    sums = _summing(number, place, coefficients, (samples, len(operation.class_sizes) * components * size))
    left, right = unknowns[..., :, None], unknowns[..., None, :]
    products = coefficients[..., :, None] * coefficients[..., None, :]
    squares = _summing(
        np.broadcast_to(number[..., None], products.shape), left * size + right, products, (samples, size * size)
    )
    counts = _summing(np.arange(samples), classes, np.ones(samples), (samples, len(operation.class_sizes)))
    return counts, sums, squares


def _summing(row: Any, column: Any, value: Any, shape: tuple[int, int]) -> Any:
    entries = np.asarray(value, dtype=np.float64).ravel(), (np.ravel(row), np.ravel(column))
    return sparse.csr_array(sparse.coo_array(entries, shape=shape))
