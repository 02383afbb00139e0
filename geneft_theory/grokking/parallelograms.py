"""Parallelograms: pairs of samples with equal label, whose embeddings a trained network brings to equal sums."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from geneft_theory.citation import based_on
from geneft_theory.grokking.operations import Integers, Operation
from geneft_theory.grokking.training_set import TrainingSet, TrainingSets, as_masks, as_training_set


@based_on("grokking.permissible")
def parallelograms(
    training_set: TrainingSet | ArrayLike,
    *,
    p: int | None = None,
    operation: Operation | ArrayLike | None = None,
) -> Integers:
    """Return P_0(D): all unordered pairs of different training samples with the same label.

    Parameters
    ----------
    training_set : TrainingSet or array_like of int, shape (m, 2)
        What is shown.
    p, operation
        For plain pairs: the number of symbols, or the operation (addition by default).

    Returns
    -------
    ndarray of int, shape (k, 4)
        Rows (i, j, m, n) with the label of (i, j) that of (m, n), in the order of the samples. The trivial ones, where
        both samples are the same, are left out, as in the authors' code and unlike the paper's set-builder.

    Raises
    ------
    InvalidInput
        For training sets or operations that are none.

    Notes
    -----
    Liu et al. (2022), the permissible parallelograms. Addition of ten symbols has 70.

    Examples
    --------
    >>> parallelograms([(0, 2), (1, 1), (0, 3), (1, 2)], p=4).tolist()
    [[0, 2, 1, 1], [0, 3, 1, 2]]
    >>> from geneft_theory.grokking.operations import addition
    >>> len(parallelograms(TrainingSet.complete(addition(10))))
    70
    """
    chosen = as_training_set(training_set, p, operation)
    return equal_pairs(chosen.operation.classes[chosen.mask], chosen.operation.samples[chosen.mask])


@based_on("grokking.permissible.count")
def parallelogram_count(
    training_set: TrainingSet | TrainingSets | ArrayLike,
    *,
    p: int | None = None,
    operation: Operation | ArrayLike | None = None,
) -> int | Integers:
    """Return |P_0(D)| = sum over labels of m_c (m_c - 1) / 2 for one training set or, (n,), for a batch.

    Parameters, errors: as in `parallelograms`, which lists them.

    Examples
    --------
    >>> parallelogram_count([(0, 2), (1, 1), (0, 3), (1, 2)], p=4)
    2
    """
    masks, chosen, batch = as_masks(training_set, p, operation)
    order = np.argsort(chosen.classes, kind="stable")
    starts = np.concatenate([[0], np.cumsum(chosen.class_sizes)[:-1]])
    shown = np.add.reduceat(masks[:, order].astype(np.int64), starts, axis=1)
    count: Integers = (shown * (shown - 1) // 2).sum(axis=1)
    return count if batch else int(count[0])


def equal_pairs(keys: Integers, samples: Integers) -> Integers:
    """Return (k, 4): all pairs of samples, the earlier one first, whose keys are equal."""
    order = np.argsort(keys, kind="stable")
    sizes = np.unique(keys, return_counts=True)[1]
    starts = np.cumsum(sizes) - sizes
    left, right = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for size in np.unique(sizes):
        members = order[starts[sizes == size, None] + np.arange(size)]
        first, second = np.triu_indices(int(size), k=1)
        left.append(members[:, first].ravel())
        right.append(members[:, second].ravel())
    earlier, later = np.concatenate(left), np.concatenate(right)
    ranking = np.lexsort((later, earlier))
    return np.concatenate([samples[earlier[ranking]], samples[later[ranking]]], axis=1)
