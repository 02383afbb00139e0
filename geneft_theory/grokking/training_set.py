"""Training sets: which pairs of symbols a network is shown, one set as a value or thousands of them as masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.errors import InvalidInput, require_integer, shown
from geneft_theory.grokking.operations import Integers, Operation, as_operation

Booleans = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, repr=False)
class TrainingSet:
    """The pairs that a network is trained on; two are equal if they show the same pairs of the same operation.

    Parameters
    ----------
    pairs : array_like of int, shape (m, 2)
        Pairs (i, j) of symbols 0 ... p-1, each at most once; for a commutative operation (j, i) is (i, j), and pairs
        are kept with i <= j. The order is kept. There may be none.
    operation : Operation
        What is learned.

    Raises
    ------
    InvalidInput
        When a pair is repeated or names a symbol that does not exist.

    Examples
    --------
    >>> from geneft_theory.grokking.operations import addition
    >>> training_set = TrainingSet([(0, 2), (1, 1), (3, 0)], addition(4))
    >>> training_set, training_set.pairs.tolist(), training_set.labels.tolist()
    (TrainingSet(3 of 10 pairs, addition, p=4), [[0, 2], [1, 1], [0, 3]], [2, 2, 3])
    """

    pairs: Integers
    operation: Operation

    def __post_init__(self) -> None:
        if not isinstance(self.operation, Operation):
            raise InvalidInput(f"operation must be an Operation; got {shown(self.operation)}")
        pairs = _require_pairs(self.pairs, self.operation)
        object.__setattr__(self, "pairs", np.frombuffer(pairs.tobytes(), dtype=np.int64).reshape(pairs.shape))

    @classmethod
    def complete(cls, operation: Operation) -> TrainingSet:
        """Return the training set of all samples of an operation."""
        return cls(operation.samples, operation)

    @property
    def p(self) -> int:
        """The number of symbols."""
        return self.operation.p

    @property
    def fraction(self) -> float:
        """The share of all samples that is shown, in [0, 1]."""
        return len(self.pairs) / len(self.operation.samples)

    @cached_property
    def indices(self) -> Integers:
        """Where the pairs stand in `operation.samples`, (m,)."""
        first, second = self.pairs.T
        indices: Integers = self.operation.positions[first, second]
        return indices

    @cached_property
    def mask(self) -> Booleans:
        """Which of `operation.samples` are shown, (s,)."""
        mask = np.zeros(len(self.operation.samples), dtype=np.bool_)
        mask[self.indices] = True
        mask.flags.writeable = False
        return mask

    @property
    def labels(self) -> Integers:
        """The label of each pair, (m,)."""
        first, second = self.pairs.T
        labels: Integers = self.operation.table[first, second]
        return labels

    @property
    def held_out(self) -> Integers:
        """The samples that are not shown, (s - m, 2), in lexical order."""
        samples: Integers = self.operation.samples[~self.mask]
        return samples

    def __len__(self) -> int:
        return len(self.pairs)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TrainingSet):
            return NotImplemented
        return self.operation == other.operation and np.array_equal(self.mask, other.mask)

    def __hash__(self) -> int:
        return hash((self.operation, self.mask.tobytes()))

    def __repr__(self) -> str:
        total = len(self.operation.samples)
        return f"TrainingSet({len(self)} of {total} pairs, {self.operation.name}, p={self.p})"

    def __reduce__(self) -> tuple[Any, ...]:
        return TrainingSet, (np.array(self.pairs), self.operation)


@dataclass(frozen=True, eq=False, repr=False)
class TrainingSets:
    """Many training sets of one operation at once, for functions that treat thousands in one call.

    Parameters
    ----------
    masks : array_like of bool, shape (n, s)
        Row k says which of `operation.samples` training set k shows.
    operation : Operation
        What is learned.

    Examples
    --------
    >>> from geneft_theory.grokking.operations import addition
    >>> sets = TrainingSets.draw(addition(10), size=45, draws=1000, seed=0)
    >>> sets, sets.masks.shape, sets[7]
    (TrainingSets(1000 sets, addition, p=10), (1000, 55), TrainingSet(45 of 55 pairs, addition, p=10))
    """

    masks: Booleans
    operation: Operation

    def __post_init__(self) -> None:
        if not isinstance(self.operation, Operation):
            raise InvalidInput(f"operation must be an Operation; got {shown(self.operation)}")
        masks = np.array(self.masks)
        if masks.dtype != np.bool_ or masks.ndim != 2 or masks.shape[1] != len(self.operation.samples):
            domain = f"booleans of shape (n, {len(self.operation.samples)})"
            raise InvalidInput(f"masks must be {domain}; got {masks.dtype} of shape {masks.shape}")
        masks.flags.writeable = False
        object.__setattr__(self, "masks", masks)

    @classmethod
    def draw(cls, operation: Operation, size: int, draws: int, seed: int) -> TrainingSets:
        """Return `draws` training sets of `size` pairs each, uniformly without replacement from one seed."""
        total = len(operation.samples)
        size = require_integer("size", size, minimum=0, maximum=total)
        draws, seed = require_integer("draws", draws, minimum=1), require_integer("seed", seed, minimum=0)
        orders = random_orders(total, draws, np.random.default_rng(seed))
        masks = np.zeros(orders.shape, dtype=np.bool_)
        np.put_along_axis(masks, orders[:, :size], True, axis=1)
        return cls(masks, operation)

    @classmethod
    def of(cls, training_sets: Sequence[TrainingSet]) -> TrainingSets:
        """Return training sets of one operation as a batch."""
        if not training_sets or any(each.operation != training_sets[0].operation for each in training_sets):
            raise InvalidInput(f"training_sets must share one operation; got {shown(training_sets)}")
        return cls(np.stack([each.mask for each in training_sets]), training_sets[0].operation)

    def __len__(self) -> int:
        return len(self.masks)

    def __getitem__(self, index: int) -> TrainingSet:
        return TrainingSet(self.operation.samples[self.masks[index]], self.operation)

    def __repr__(self) -> str:
        return f"TrainingSets({len(self)} sets, {self.operation.name}, p={self.operation.p})"


def random_orders(total: int, draws: int, generator: np.random.Generator) -> Integers:
    """Return `draws` independent uniformly random orders of 0 ... total-1, (draws, total)."""
    # Sorting random numbers is several times faster than shuffling row by row; equal keys have probability 1e-13.
    return np.argsort(generator.random((draws, total)), axis=1)


def as_training_set(
    training_set: TrainingSet | ArrayLike, p: int | None = None, operation: Operation | ArrayLike | None = None
) -> TrainingSet:
    """Return a training set as it is, or plain pairs with `p` or `operation` (addition by default) as one."""
    if isinstance(training_set, TrainingSet):
        if p is not None or operation is not None:
            expected = as_operation(training_set.operation if operation is None else operation, p)
            if expected != training_set.operation:
                raise InvalidInput(f"operation must be that of the training set; got {shown(expected)}")
        return training_set
    return TrainingSet(training_set, as_operation(operation, p))  # type: ignore[arg-type]


def as_masks(
    training_set: TrainingSet | TrainingSets | ArrayLike,
    p: int | None = None,
    operation: Operation | ArrayLike | None = None,
) -> tuple[Booleans, Operation, bool]:
    """Return masks (n, s), the operation, and whether it was a batch: the common door of the batched functions."""
    if isinstance(training_set, TrainingSets):
        if p is not None or operation is not None:
            raise InvalidInput("p and operation must be left out for TrainingSets, which has its own; got one of them")
        return training_set.masks, training_set.operation, True
    one = as_training_set(training_set, p, operation)
    return one.mask[None], one.operation, False


def _require_pairs(pairs: ArrayLike, operation: Operation) -> Integers:
    try:
        array = np.asarray(pairs)
    except ValueError:
        raise InvalidInput(f"pairs must be integers of shape (m, 2); got {shown(pairs)}") from None
    if array.size == 0 and array.ndim in (1, 2):
        return np.empty((0, 2), dtype=np.int64)
    if array.ndim != 2 or array.shape[1] != 2 or array.dtype.kind not in "iu":
        raise InvalidInput(f"pairs must be integers of shape (m, 2); got {array.dtype} of shape {array.shape}")
    outside = np.any((array < 0) | (array >= operation.p), axis=1)
    if outside.any():
        offender = tuple(array[outside][0].tolist())
        raise InvalidInput(f"pairs must hold symbols 0 ... {operation.p - 1}; got {offender}")
    ordered = array.astype(np.int64)
    if operation.commutative:
        ordered = np.sort(ordered, axis=1)
    distinct, counts = np.unique(ordered, axis=0, return_counts=True)
    if np.any(counts > 1):
        offender = tuple(distinct[counts > 1][0].tolist())
        raise InvalidInput(f"pairs must be distinct; got {offender} {counts.max()} times")
    return ordered
