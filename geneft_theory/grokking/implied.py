"""What a training set implies: the parallelograms and answers that follow from zero loss on it, exactly.

A parallelogram is implied if its row lies in the row space of those of the training set. No tolerance decides that: a
row is in the row space over the rationals if and only if it does not raise the largest of the ranks modulo enough
primes.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.citation import based_on
from geneft_theory.errors import require_choice
from geneft_theory.grokking.angles import lattice_of
from geneft_theory.grokking.elimination import blocks, constraints_of, first_shown, solve
from geneft_theory.grokking.lattices import Lattice
from geneft_theory.grokking.operations import Integers, Operation
from geneft_theory.grokking.parallelograms import equal_pairs, parallelogram_count
from geneft_theory.grokking.training_set import Booleans, TrainingSet, TrainingSets, as_masks, as_training_set

Values = Literal["reals", "angles"]


@based_on("grokking.implied")
def implied(
    training_set: TrainingSet | ArrayLike,
    *,
    p: int | None = None,
    operation: Operation | ArrayLike | None = None,
    values: Values = "reals",
) -> Integers:
    """Return P(D): all parallelograms, also of samples that are not shown, that hold in every solution.

    Parameters
    ----------
    training_set : TrainingSet or array_like of int, shape (m, 2)
        What is shown.
    p, operation
        For plain pairs: the number of symbols, or the operation (addition by default).
    values : {"reals", "angles"}
        What an embedding is: a real number (or vector), or an angle, for modular operations (see `solution_group`).

    Returns
    -------
    ndarray of int, shape (k, 4)
        Rows (i, j, m, n), as in `parallelograms`, which are among them.

    Raises
    ------
    InvalidInput
        For training sets or operations that are none.

    Notes
    -----
    Liu et al. (2022), App. E. For an operation with matrices: implied to first order around its representation.

    Examples
    --------
    >>> implied([(0, 4), (1, 3), (1, 5), (2, 4)], p=6).tolist()
    [[0, 4, 1, 3], [0, 5, 2, 3], [1, 5, 2, 4]]
    """
    chosen = as_training_set(training_set, p, operation)
    keys = _solution_keys(chosen, require_choice("values", values, ("reals", "angles")))
    return equal_pairs(keys, chosen.operation.samples)


@based_on("grokking.implied", "grokking.rqi")
def ideal_rqi(
    training_set: TrainingSet | ArrayLike,
    *,
    p: int | None = None,
    operation: Operation | ArrayLike | None = None,
    values: Values = "reals",
) -> float:
    """Return |P(D)| / |P_0|, the share of all parallelograms that a training set implies; 1 where there are none.

    Parameters, errors: as in `implied`.

    Examples
    --------
    >>> round(ideal_rqi([(0, 4), (1, 3), (1, 5), (2, 4)], p=6), 6)
    0.230769
    """
    chosen = as_training_set(training_set, p, operation)
    total = parallelogram_count(TrainingSet.complete(chosen.operation))
    return float(len(implied(chosen, values=values)) / total) if total else 1.0


@based_on("grokking.ideal_accuracy", "grokking.implied")
def ideal_accuracy(
    training_set: TrainingSet | TrainingSets | ArrayLike,
    *,
    p: int | None = None,
    operation: Operation | ArrayLike | None = None,
    held_out: bool = False,
    values: Values = "reals",
) -> float | NDArray[np.float64]:
    """Return the accuracy of a learner that answers exactly what its training set implies.

    A sample is answered if it is shown, or forms an implied parallelogram with a shown one.

    Parameters
    ----------
    training_set : TrainingSet, TrainingSets, or array_like of int, shape (m, 2)
        One training set, thousands of them, or plain pairs.
    p, operation
        For plain pairs: the number of symbols, or the operation (addition by default).
    held_out : bool
        Whether to count only the samples that are not shown; 1 where all are.
    values : {"reals", "angles"}
        As in `implied`.

    Returns
    -------
    float, or ndarray of float, shape (n,), for a batch
        In [0, 1].

    Raises
    ------
    InvalidInput
        For training sets or operations that are none.

    Notes
    -----
    Liu et al. (2022), App. E. A sample whose label is not shown can never be answered: many forced structures
    (`nullity` 2) have an ideal accuracy well below 1.

    Examples
    --------
    >>> ideal_accuracy([(0, 2), (1, 1), (0, 3)], p=4), ideal_accuracy([(0, 2), (1, 1), (0, 3)], p=4, held_out=True)
    (0.3, 0.0)
    >>> ideal_accuracy([(0, 4), (1, 3), (1, 5), (2, 4), (0, 5)], p=6, held_out=True)
    0.0625
    """
    masks, chosen, batch = as_masks(training_set, p, operation)
    answers = answered(masks, chosen, values)
    if held_out:
        hidden = (~masks).sum(axis=1)
        found = np.where(hidden > 0, (answers & ~masks).sum(axis=1) / np.maximum(hidden, 1), 1.0)
    else:
        found = answers.mean(axis=1)
    return found if batch else float(found[0])


def answered(masks: Booleans, operation: Operation, values: Values = "reals") -> Booleans:
    """Return which samples each training set answers, (n, s): those shown, and those one implied step away."""
    require_choice("values", values, ("reals", "angles"))
    if values == "angles":
        return np.array([_answered_in_angles(mask, operation) for mask in masks], dtype=np.bool_).reshape(masks.shape)
    found = [_answered_block(block, operation) for block in blocks(masks, operation)]
    return np.concatenate(found) if found else masks.copy()


def _answered_block(masks: Booleans, operation: Operation) -> Booleans:
    first = first_shown(masks, operation)[:, operation.classes]
    systems, samples = np.nonzero(~masks & (first >= 0))
    references = first[systems, samples]
    excess, raises = [], []
    for prime in constraints_of(operation).primes:
        spaces = solve(masks, operation, prime)
        raised = np.zeros(len(systems), dtype=np.bool_)
        for component in range(operation.components):
            mine = spaces.images(systems, samples, component)
            # Both are balanced residues, equal modulo the prime if and only if their difference reduces to 0.
            raised |= (np.remainder(mine - spaces.images(systems, references, component), prime) != 0).any(axis=1)
        excess.append(spaces.dimension[systems])
        raises.append(raised)
    # Only the moduli that reach the rational rank can raise it.
    best = np.array(excess) == np.min(excess, axis=0)
    known = masks.copy()
    known[systems, samples] = ~(np.array(raises) & best).any(axis=0)
    return known


def _answered_in_angles(mask: Booleans, operation: Operation) -> Booleans:
    lattice = lattice_of(mask, operation)
    first = first_shown(mask[None], operation)[0][operation.classes]
    known = mask.copy()
    for sample in np.flatnonzero(~mask & (first >= 0)):
        rows = operation.features[sample] - operation.features[first[sample]]
        known[sample] = all(row in lattice for row in rows.tolist())
    return known


def _solution_keys(training_set: TrainingSet, values: Values | str) -> Integers:
    """Return a number for each sample: equal for samples of one label whose sums agree in every solution."""
    operation = training_set.operation
    if values == "angles":
        return _angular_keys(lattice_of(training_set.mask, operation), operation)
    solved = [solve(training_set.mask[None], operation, prime) for prime in constraints_of(operation).primes]
    least = min(int(spaces.dimension[0]) for spaces in solved)
    every = np.arange(len(operation.samples))
    columns = [operation.classes.astype(np.float64)[:, None]]
    for spaces in solved:
        if spaces.dimension[0] == least:
            for component in range(operation.components):
                images = spaces.images(np.zeros_like(every), every, component)
                columns.append(np.remainder(images, spaces.prime))
    keys: Integers = np.unique(np.hstack(columns), axis=0, return_inverse=True)[1].reshape(-1)
    return keys


def _angular_keys(lattice: Lattice, operation: Operation) -> Integers:
    keys = np.empty(len(operation.samples), dtype=np.int64)
    leaders: dict[int, list[int]] = {}
    for sample, label in enumerate(operation.classes.tolist()):
        for leader in leaders.setdefault(label, []):
            if all(row in lattice for row in (operation.features[sample] - operation.features[leader]).tolist()):
                keys[sample] = leader
                break
        else:
            keys[sample] = sample
            leaders[label].append(sample)
    return keys
