"""How good is a representation? Parallelograms counted in the embeddings of a network, and what they predict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from geneft_theory.citation import based_on
from geneft_theory.errors import InvalidInput, require_number
from geneft_theory.grokking.conventions import Array
from geneft_theory.grokking.embeddings import centred, checked_embeddings, operation_of, training_set_of
from geneft_theory.grokking.operations import Integers, Operation
from geneft_theory.grokking.training_set import TrainingSet

# The tolerance of the paper's code: a hundredth of the variance in a squared defect.
DELTA = 0.1
# Numbers in one block of defects; bounds how much memory a batch takes.
BLOCK_NUMBERS = 1 << 20


@based_on("grokking.rqi", "grokking.parallelogram", "grokking.permissible")
def rqi(embeddings: ArrayLike, operation: Operation | ArrayLike | None = None, *, delta: float = DELTA) -> Array:
    """Return the representation quality index: the share of the permissible parallelograms that embeddings make.

    Every dimension is brought to mean 0 and unbiased standard deviation 1; a parallelogram is made if the root mean
    square of its defect over the dimensions is at most `delta`. So the index does not change if a dimension is shifted
    or rescaled, and a collapsed representation, for which every parallelogram closes, is refused instead of praised.

    Parameters
    ----------
    embeddings : array_like, shape (p,) or (..., p, d)
        One embedding a row; leading axes are an ensemble. A plain list of p numbers is one dimension.
    operation : Operation or array_like of int, shape (p, p), optional
        What is learned; addition of 0 ... p-1 by default. For an operation that closes on itself, as modular addition
        does, no representation on real numbers makes all parallelograms.
    delta : float
        Tolerance >= 0, in units of the embeddings' standard deviation.

    Returns
    -------
    ndarray, shape (...)
        Between 0 and 1.

    Raises
    ------
    InvalidInput
        When embeddings are not finite, have the wrong shape, or do not differ between symbols in some dimension; when
        the operation has matrices, or no two samples with one label (p = 2 for addition).

    Notes
    -----
    Liu et al. (2022), Eqs. 2-3, over parallelograms of two different samples; the normalisation and the tolerance are
    those of the paper's code, which calls a representation good above 0.95. Statements `grokking.rqi`,
    `grokking.permissible`.

    Examples
    --------
    >>> import numpy as np
    >>> float(rqi(3 - 2 * np.arange(10)))
    1.0
    >>> float(rqi(np.arange(10.0) ** 2).round(4))
    0.1143
    """
    delta = require_number("delta", delta, low=0)
    chosen = operation_of(embeddings, operation)
    if chosen.class_sizes.max() < 2:
        raise InvalidInput(f"operation must have two samples with one label; got {chosen!r}")
    standard = standardised(checked_embeddings(embeddings, chosen))
    return quality(standard, chosen, delta)


@based_on("grokking.predicted_accuracy", "grokking.predicted_accuracy.held_out", "grokking.parallelogram")
def predicted_accuracy(
    embeddings: ArrayLike,
    training_set: TrainingSet | ArrayLike,
    *,
    delta: float = DELTA,
    held_out: bool = False,
    operation: Operation | ArrayLike | None = None,
) -> Array:
    """Return the accuracy that a representation should have: training pairs, and what closes a parallelogram with one.

    Parameters
    ----------
    embeddings : array_like, shape (p,) or (..., p, d)
        As in `rqi`; leading axes are an ensemble trained on the same set.
    training_set : TrainingSet or array_like of int, shape (m, 2)
        The pairs that were trained on.
    delta : float
        Tolerance >= 0, as in `rqi`.
    held_out : bool
        Whether to count held-out pairs only, instead of all; 1 where none are, as for `ideal_accuracy`.
    operation : Operation or array_like of int, optional
        For plain pairs; addition by default.

    Returns
    -------
    ndarray, shape (...)
        Between the fraction of training pairs and 1; with `held_out`, between 0 and 1. It grows with `delta` and with
        the training set.

    Raises
    ------
    InvalidInput
        As in `rqi`, and for training sets that are none.

    Notes
    -----
    Liu et al. (2022), Appendix D: one hop from the training set, all training pairs counted as correct. Statements
    `grokking.predicted_accuracy`, `grokking.predicted_accuracy.held_out`.

    Examples
    --------
    >>> embeddings = [0.0, 1.0, 2.0, 5.0]
    >>> float(predicted_accuracy(embeddings, [(0, 2), (0, 3), (3, 3)]))
    0.4
    """
    delta = require_number("delta", delta, low=0)
    chosen = training_set_of(embeddings, training_set, operation)
    standard = standardised(checked_embeddings(embeddings, chosen.operation))
    reached = np.full(standard.shape[:-2], float(len(chosen)))
    for members in _classes(chosen.operation):
        shown = chosen.mask[members]
        if shown.any() and not shown.all():
            sums = _sums(standard, chosen.operation.samples[members])
            closest = _closest(sums[..., ~shown, :], sums[..., shown, :])
            reached += np.count_nonzero(closest <= delta**2, axis=-1)
    total = len(chosen.operation.samples)
    if held_out and len(chosen) < total:
        return np.asarray((reached - len(chosen)) / (total - len(chosen)))
    return np.asarray(reached / total)


def standardised(embeddings: Array) -> Array:
    """Return embeddings (..., p, d) with mean 0 and unbiased standard deviation 1 in each dimension."""
    shape = centred(embeddings, each_dimension=True)
    deviation = np.sqrt(np.sum(shape**2, axis=-2, keepdims=True) / (shape.shape[-2] - 1))
    return np.asarray(shape / deviation)


def quality(standard: Array, operation: Operation, delta: float) -> Array:
    """Return the share of parallelograms that standardised embeddings make."""
    made, permissible = np.zeros(standard.shape[:-2]), 0
    members, counts = standard.reshape(-1, *standard.shape[-2:]), made.reshape(-1)
    for corners in _parallelograms(operation):
        permissible += len(corners)
        i, j, m, n = corners.T
        size = max(1, BLOCK_NUMBERS // (len(corners) * standard.shape[-1]))
        for start in range(0, len(members), size):
            block = members[start : start + size]
            defects = (block[:, i] + block[:, j]) - (block[:, m] + block[:, n])
            closed = np.mean(defects**2, axis=-1) <= delta**2
            counts[start : start + size] += np.count_nonzero(closed, axis=-1)
    return np.asarray(made / permissible)


def _classes(operation: Operation) -> Iterator[Integers]:
    """Yield the samples of each label that has at least two."""
    order = np.argsort(operation.classes, kind="stable")
    for members in np.split(order, np.cumsum(operation.class_sizes)[:-1]):
        if len(members) > 1:
            yield members


def _sums(embeddings: Array, samples: Integers) -> Array:
    first, second = samples.T
    return np.asarray(embeddings[..., first, :] + embeddings[..., second, :])


def _closest(points: Array, targets: Array) -> Array:
    """Return the smallest mean squared distance of each point (..., a, d) from targets (..., b, d)."""
    found = np.full(points.shape[:-1], np.inf)
    for index in range(targets.shape[-2]):
        np.minimum(found, np.mean((points - targets[..., index, None, :]) ** 2, axis=-1), out=found)
    return found


def _parallelograms(operation: Operation) -> Iterable[Integers]:
    """Return the corners (i, j, m, n) of all permissible parallelograms, in blocks (k, 4)."""
    sizes = operation.class_sizes
    total = int(np.sum(sizes * (sizes - 1) // 2))
    return _corners(operation) if total <= BLOCK_NUMBERS else _corners_by_class(operation)


@lru_cache(maxsize=16)
def _corners(operation: Operation) -> tuple[Integers]:
    return (np.concatenate(list(_corners_by_class(operation))),)


def _corners_by_class(operation: Operation) -> Iterator[Integers]:
    for members in _classes(operation):
        first, second = np.triu_indices(len(members), 1)
        samples = operation.samples[members]
        yield np.concatenate([samples[first], samples[second]], axis=1)
