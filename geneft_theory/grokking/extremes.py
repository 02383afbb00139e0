"""Which pairs to show: training sets of a given size from which most, or least, of the table follows.

For addition of p >= 4 symbols:

* p samples are the fewest that force the structure: all pairs with sum p - 1 and all with sum p. Two reflections of the
  symbols generate every shift. Fewer cannot do: h labels leave m - h <= p - 2 constraints, one label has too few pairs.
* 3p - 3 samples are the fewest that imply the whole table: each of the 2p - 1 labels must be shown, and p - 2
  further samples must give the p - 2 independent constraints. So r = 6 (p - 1) / (p (p + 1)) could do where random data
  need all labels of one pair each, that is nearly everything.
* A structure on q of the symbols needs q - 2 constraints and one sample more for each label that is to be
  answered; its h largest labels are the best. Choosing q and h for a given size is optimal for every size up to p = 6
  (exhaustively) and the best we know beyond: at p = 8 and 10 a search found nothing better.
* Nothing at all is implied by whole classes: all pairs of some labels and none of the others. Since the sizes of the
  classes add up to every number, the worst accuracy of m samples is m / s for every m: even all samples but (0, 0)
  imply no answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, islice
from math import comb
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from geneft_theory.citation import based_on
from geneft_theory.errors import require_integer
from geneft_theory.grokking.implied import answered, ideal_accuracy
from geneft_theory.grokking.operations import Operation, addition, as_operation
from geneft_theory.grokking.training_set import Booleans, TrainingSet

Method = Literal["construction", "exhaustive", "search"]

# Up to this number of symbols the construction for addition was compared with all training sets.
EXHAUSTED_SYMBOLS = 6
# Training sets that an exhaustive search may look at: seconds.
EXHAUSTIVE_LIMIT = 100_000
EXHAUSTIVE_BATCH = 10_000


@dataclass(frozen=True)
class ExtremeTrainingSet:
    """A training set that is best, or worst, for generalization at its size, and how far that is certain.

    Parameters
    ----------
    training_set : TrainingSet
        What to show.
    accuracy : float
        Its ideal accuracy on all samples, exact.
    exact : bool
        Whether no training set of this size is better (or worse): by a proof or by having looked at all.
    method : {"construction", "exhaustive", "search"}
        How it was found; a search alone proves nothing.
    """

    training_set: TrainingSet
    accuracy: float
    exact: bool
    method: Method


@based_on("grokking.ideal_accuracy")
def best_training_set(
    size: int, *, p: int | None = None, operation: Operation | ArrayLike | None = None
) -> ExtremeTrainingSet:
    """Return a training set of a given size with the highest ideal accuracy that is known.

    Parameters
    ----------
    size : int
        Number of samples, 0 to all.
    p, operation
        The number of symbols, or the operation. Addition has a construction for any p. Anything else is looked at in
        full where there are up to 100,000 training sets, and searched otherwise: from the complete table, that sample
        is left out again and again whose loss costs least (s^2 / 2 ideal accuracies).

    Returns
    -------
    ExtremeTrainingSet
        For addition, `exact` where the accuracy is 1 or p <= 6.

    Raises
    ------
    InvalidInput
        For a size that does not exist, and for operations that are none.

    Examples
    --------
    >>> best = best_training_set(27, p=10)
    >>> best.accuracy, best.exact, best.method
    (1.0, True, 'construction')
    >>> best_training_set(26, p=10).accuracy, best_training_set(26, p=10).exact
    (0.9818181818181818, False)
    """
    chosen = as_operation(operation, p)
    size = require_integer("size", size, minimum=0, maximum=len(chosen.samples))
    if chosen == addition(chosen.p):
        mask = _best_for_addition(size, chosen)
        return _result(mask, chosen, "construction", upper=1.0, known=chosen.p <= EXHAUSTED_SYMBOLS)
    if comb(len(chosen.samples), size) <= EXHAUSTIVE_LIMIT:
        return _result(_look_at_all(size, chosen, sign=1), chosen, "exhaustive", upper=1.0, known=True)
    return _result(_leave_out(size, chosen, sign=1), chosen, "search", upper=1.0, known=False)


@based_on("grokking.ideal_accuracy")
def worst_training_set(
    size: int, *, p: int | None = None, operation: Operation | ArrayLike | None = None
) -> ExtremeTrainingSet:
    """Return a training set of a given size with the lowest ideal accuracy that is known.

    Where the sizes of some classes of equal label add up to `size`, which they always do for addition of three or more
    symbols, it shows these classes in full, and its accuracy is its fraction: nothing unseen follows.

    Parameters, errors: as in `best_training_set`.

    Returns
    -------
    ExtremeTrainingSet
        `exact` where the accuracy equals the fraction that is shown, or all training sets were looked at.

    Examples
    --------
    >>> worst = worst_training_set(54, p=10)
    >>> worst.training_set.held_out.tolist(), ideal_accuracy(worst.training_set, held_out=True), worst.exact
    ([[9, 9]], 0.0, True)
    """
    chosen = as_operation(operation, p)
    size = require_integer("size", size, minimum=0, maximum=len(chosen.samples))
    classes = _classes_of_total(size, chosen.class_sizes.tolist())
    lower = size / len(chosen.samples)
    if classes is not None:
        return _result(np.isin(chosen.classes, classes), chosen, "construction", lower=lower)
    if comb(len(chosen.samples), size) <= EXHAUSTIVE_LIMIT:
        return _result(_look_at_all(size, chosen, sign=-1), chosen, "exhaustive", lower=lower, known=True)
    return _result(_leave_out(size, chosen, sign=-1), chosen, "search", lower=lower)


@based_on("grokking.ground_states")
def smallest_forcing_set(p: int) -> TrainingSet:
    """Return a smallest training set that forces the structure of an addition: p samples (2 for p = 3, 0 for p = 2).

    Raises
    ------
    InvalidInput
        For p < 2.

    Examples
    --------
    >>> smallest_forcing_set(5).pairs.tolist()
    [[0, 4], [1, 3], [1, 4], [2, 2], [2, 3]]
    """
    operation = addition(p)
    labels = {2: [], 3: [2]}.get(operation.p, [operation.p - 1, operation.p])
    first, second = operation.samples.T
    return TrainingSet(operation.samples[np.isin(first + second, labels)], operation)


@based_on("grokking.ideal_accuracy")
def smallest_complete_set(p: int) -> TrainingSet:
    """Return a smallest training set of an addition that implies the whole table: 3p - 3 samples.

    It shows (k - 1, k - 1) and (k - 2, k) for k = 2 ... p - 1, which make the embeddings an arithmetic progression
    step by step, and one pair of each other label.

    Raises
    ------
    InvalidInput
        For p < 2.

    Examples
    --------
    >>> smallest_complete_set(4).pairs.tolist()
    [[0, 0], [0, 1], [0, 2], [0, 3], [1, 1], [1, 3], [2, 2], [2, 3], [3, 3]]
    """
    operation = addition(p)
    steps = [(k - 1, k - 1) for k in range(1, p + 1)] + [(k - 2, k) for k in range(2, p)]
    others = [(max(0, label - p + 1), min(label, p - 1)) for label in range(1, 2 * p - 2, 2)]
    return TrainingSet(np.array(sorted(steps + others)), operation)


def _best_for_addition(size: int, operation: Operation) -> Booleans:
    """Return the best structure on an interval of symbols, filled up with any other samples."""
    p = operation.p
    mask = np.zeros(len(operation.samples), dtype=np.bool_)
    gains = []
    for symbols in range(3, p + 1):
        labels = min(size - (symbols - 2), 2 * symbols - 1)
        # Fewer than two labels do not hold the constraints of more than three symbols.
        if labels >= (1 if symbols == 3 else 2):
            covered = sum(_largest_classes(symbols)[index][0] for index in range(labels))
            gains.append((covered - (symbols - 2) - labels, -symbols, labels))
    if gains and max(gains)[0] > 0:
        _, negative, labels = max(gains)
        symbols = -negative
        chosen = _progression(symbols, [label for _, label in _largest_classes(symbols)[:labels]])
        shift = (p - symbols) // 2
        mask[[operation.positions[i + shift, j + shift] for i, j in chosen]] = True
    rest = np.flatnonzero(~mask)[: size - int(mask.sum())]
    # Samples that are already implied would be wasted while others are not.
    open_samples = np.flatnonzero(~answered(mask[None], operation)[0])[: len(rest)]
    fill = np.concatenate([open_samples, np.setdiff1d(rest, open_samples)])[: len(rest)]
    mask[fill] = True
    return mask


def _largest_classes(symbols: int) -> list[tuple[int, int]]:
    """Return (size, label) of the classes of an addition, the largest first, the central ones before others."""
    classes = [(min(label, 2 * symbols - 2 - label) // 2 + 1, label) for label in range(2 * symbols - 1)]
    return sorted(classes, key=lambda entry: (-entry[0], abs(entry[1] - symbols + 0.75)))


def _progression(symbols: int, labels: list[int]) -> list[tuple[int, int]]:
    """Return pairs that show each label and determine `symbols` embeddings up to constant and slope."""
    full = {symbols - 1} if symbols == 3 else {symbols - 1, symbols}
    pairs = [(i, label - i) for label in sorted(full & set(labels)) for i in range(label + 1)]
    pairs = [(i, j) for i, j in pairs if i <= j < symbols]
    return pairs + [((label // 2), label - label // 2) for label in labels if label not in full]


def _classes_of_total(size: int, sizes: list[int]) -> list[int] | None:
    """Return classes whose sizes add up to a total, or None where no choice does."""
    chosen: dict[int, list[int]] = {0: []}
    # From the largest class to the smallest: single samples then fill the gaps.
    for number in sorted(range(len(sizes)), key=lambda index: -sizes[index]):
        for total in sorted(chosen, reverse=True):
            larger = total + sizes[number]
            if larger <= size and larger not in chosen:
                chosen[larger] = [*chosen[total], number]
    return chosen.get(size)


def _look_at_all(size: int, operation: Operation, sign: int) -> Booleans:
    """Return the mask of the best (sign 1) or worst (-1) of all training sets of a size."""
    total = len(operation.samples)
    best, found = -np.inf, np.zeros(total, dtype=np.bool_)
    remaining = combinations(range(total), size)
    while batch := list(islice(remaining, EXHAUSTIVE_BATCH)):
        masks = np.zeros((len(batch), total), dtype=np.bool_)
        np.put_along_axis(masks, np.array(batch, dtype=np.int64).reshape(len(batch), size), True, axis=1)
        score = sign * answered(masks, operation).sum(axis=1)
        if score.max() > best:
            best, found = score.max(), masks[score.argmax()]
    return found


def _leave_out(size: int, operation: Operation, sign: int) -> Booleans:
    """Return the mask that is left when samples are removed one by one, each time the one that costs least."""
    mask = np.ones(len(operation.samples), dtype=np.bool_)
    while mask.sum() > size:
        candidates = np.flatnonzero(mask)
        masks = np.repeat(mask[None], len(candidates), axis=0)
        masks[np.arange(len(candidates)), candidates] = False
        mask = masks[(sign * answered(masks, operation).sum(axis=1)).argmax()]
    return mask


def _result(
    mask: Booleans,
    operation: Operation,
    method: Method,
    upper: float | None = None,
    lower: float | None = None,
    known: bool = False,
) -> ExtremeTrainingSet:
    training_set = TrainingSet(operation.samples[mask], operation)
    accuracy = ideal_accuracy(training_set)
    if not isinstance(accuracy, float):
        raise AssertionError("one training set has one accuracy")
    return ExtremeTrainingSet(training_set, accuracy, known or accuracy in (upper, lower), method)
