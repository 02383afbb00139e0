"""The modes of the flow: eigenvectors of G, with the ground states told from slow modes by exact arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from geneft_theory.grokking.conventions import Array
from geneft_theory.grokking.gram import gram, nullity
from geneft_theory.grokking.operations import Operation
from geneft_theory.grokking.training_set import Booleans, TrainingSet

# Eigenvalues of an integer matrix that agree to so many digits of the largest are one, split by rounding.
SAME = 1e-12


@dataclass(frozen=True, eq=False)
class Modes:
    """Eigenvalues of G in increasing order, zeros exact, its orthonormal eigenvectors as columns, and |P_0(D)|."""

    values: Array
    vectors: Array
    parallelograms: int

    def amplitudes(self, embeddings: Array) -> Array:
        """Return the components (..., p, d) of embeddings; what is no more than rounding is 0.

        Times may be so long that a mode would grow from nothing but a rounding error.
        """
        amplitudes = np.asarray(self.vectors.T @ embeddings)
        lengths = np.sqrt(np.sum(embeddings**2, axis=-2, keepdims=True))
        negligible = np.abs(amplitudes) <= len(self.values) * np.finfo(float).eps * lengths
        return np.where(negligible, 0.0, amplitudes)


@lru_cache(maxsize=64)
def modes_of(training_set: TrainingSet) -> Modes:
    """Return the modes of a training set."""
    values, vectors = np.linalg.eigh(gram(training_set).astype(np.float64))
    ground = int(nullity(training_set))
    values[:ground] = 0.0
    new = np.concatenate([[True], np.diff(values) > SAME * values[-1]])
    # The zeros keep their exact value: what is not zero lies far above the tolerance.
    groups = np.cumsum(new) - 1
    means = np.bincount(groups, weights=values) / np.bincount(groups)
    parallelograms = permissible(training_set.mask[None], training_set.operation)
    return Modes(means[groups], vectors, int(parallelograms[0]))


def permissible(masks: Booleans, operation: Operation) -> Array:
    """Return |P_0(D)| for training sets (n, s) of an operation."""
    members = operation.classes[:, None] == np.arange(len(operation.class_sizes))
    counts = masks.astype(np.float64) @ members
    return np.asarray((counts * (counts - 1) / 2).sum(axis=1))


def decayed(amplitudes: Array, rates: Array, t: Array, *, each_dimension: bool) -> Array:
    """Return amplitudes (..., p, d) at time t as directions of unit length, in each dimension or in all.

    `rates` is (..., p, 1) and `t` (..., 1, 1). Relative to the slowest mode that is there at the start, everything
    decays, so that no time is too long.
    """
    axis = (-2,) if each_dimension else (-2, -1)
    there = amplitudes != 0
    slowest = np.min(np.where(there, rates, np.inf), axis=axis, keepdims=True)
    with np.errstate(over="ignore", under="ignore"):
        exponents = np.where(there, rates - np.where(np.isfinite(slowest), slowest, 0.0), 0.0) * t
        left = amplitudes * np.exp(-exponents)
        length = np.sqrt(np.sum(left**2, axis=axis, keepdims=True))
        return np.asarray(left / np.where(length > 0, length, 1.0))
