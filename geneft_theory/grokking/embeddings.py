"""Embeddings as functions take them: checked at the door, centred, and brought to a norm."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from geneft_theory.errors import InvalidInput, require_array
from geneft_theory.grokking.conventions import Array, Convention
from geneft_theory.grokking.operations import Operation, as_operation
from geneft_theory.grokking.training_set import TrainingSet, as_training_set

# The square of such a number, times a few thousand, is still finite.
LARGEST = 1e100


def operation_of(embeddings: ArrayLike, operation: Operation | ArrayLike | None) -> Operation:
    """Return the operation that is meant: by default addition of as many symbols as there are embeddings."""
    if operation is not None:
        return as_operation(operation, None)
    try:
        shape = np.shape(embeddings)
    except ValueError:
        raise InvalidInput("embeddings must be an array of numbers; got rows of different lengths") from None
    p = shape[0] if len(shape) == 1 else shape[-2] if shape else 0
    if p < 2:
        raise InvalidInput(f"embeddings must be those of at least 2 symbols, (p,) or (..., p, d); got shape {shape}")
    return as_operation(None, p)


def training_set_of(
    embeddings: ArrayLike, training_set: TrainingSet | ArrayLike, operation: Operation | ArrayLike | None
) -> TrainingSet:
    """Return the training set that is meant; plain pairs are of `operation_of` the embeddings."""
    if isinstance(training_set, TrainingSet):
        return as_training_set(training_set, operation=operation)
    return as_training_set(training_set, operation=operation_of(embeddings, operation))


def checked_embeddings(embeddings: ArrayLike, operation: Operation) -> Array:
    """Return embeddings as an array (..., p, d), or refuse them; a plain list of p numbers becomes (p, 1)."""
    if operation.representation is not None:
        raise InvalidInput(f"operation must add embeddings, not multiply matrices; got {operation!r}")
    array = require_array("embeddings", embeddings, low=-LARGEST, high=LARGEST)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim < 2 or array.shape[-2] != operation.p or 0 in array.shape:
        domain = f"({operation.p},) or (..., {operation.p}, d), one row a symbol"
        raise InvalidInput(f"embeddings must have shape {domain}; got {np.shape(embeddings)}")
    return array


def centred(embeddings: Array, *, each_dimension: bool) -> Array:
    """Return embeddings (..., p, d) with mean 0 and largest entry near 1, in each dimension or in all."""
    axis = (-2,) if each_dimension else (-2, -1)
    largest = np.max(np.abs(embeddings), axis=axis, keepdims=True)
    scaled = embeddings / np.where(largest > 0, largest, 1.0)
    shifted = scaled - scaled.mean(axis=-2, keepdims=True)
    spread = np.max(np.abs(shifted), axis=axis, keepdims=True)
    # A smaller spread is the rounding of a constant.
    if np.any(spread <= embeddings.shape[-2] * np.finfo(float).eps):
        where = "in every dimension" if each_dimension else "in some dimension"
        raise InvalidInput(f"embeddings must differ between symbols {where}; got constant ones")
    shifted = shifted / spread
    return np.asarray(shifted - shifted.mean(axis=-2, keepdims=True))


def normalised(embeddings: Array, convention: Convention) -> tuple[Array, Array]:
    """Return embeddings (..., p, d) as a convention wants them, and their squared norms Z_0, shape (...)."""
    if convention.norm != "as_given":
        shape = centred(embeddings, each_dimension=False)
        target = convention.squared_norm(embeddings.shape[-2])
        scale = np.sqrt(target / np.sum(shape**2, axis=(-2, -1), keepdims=True))
        return np.asarray(shape * scale), np.full(embeddings.shape[:-2], target)
    largest = np.max(np.abs(embeddings), axis=(-2, -1))
    if np.any(largest < 1 / LARGEST):
        offender = largest[largest < 1 / LARGEST].flat[0]
        raise InvalidInput(f"embeddings must have an entry of at least {1 / LARGEST:g}; got at most {offender:g}")
    return embeddings, np.asarray(np.sum(embeddings**2, axis=(-2, -1)))
