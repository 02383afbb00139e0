"""Operation tables: what the network learns to compute, and what a pair of symbols says about their embeddings.

A pair (i, j) enters the theory through one thing only, the *sum* E_i + E_j of trainable embeddings, or, where the
operation has a matrix representation, the product E_i E_j near that representation. Both are linear in the unknowns
with integer coefficients, so that every question of the theory is one of integer linear algebra.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.errors import InvalidInput, require_integer, shown

Integers = NDArray[np.int64]

# Matrices of 1,000 symbols have 500,500 samples; a Gram matrix of more would not help anybody.
MAXIMUM_SYMBOLS = 1_000
# Sums of products of coefficients stay exact in 64 bits below this.
MAXIMUM_COEFFICIENT = 1_000


@dataclass(frozen=True, eq=False, repr=False)
class Operation:
    """A binary operation on the symbols 0 ... p-1; two are equal if their tables and representations are.

    Parameters
    ----------
    table : array_like of int, shape (p, p)
        Entry (i, j) is the label of i and j; any integers.
    name : str
        What reports call it.
    representation : array_like of int, shape (p, d, d), optional
        Integer matrices rho_i, one a symbol, whose products rho_i rho_j depend only on the label of (i, j). With it the
        embeddings are d x d matrices that are multiplied; without it they are vectors that are added.

    Attributes
    ----------
    p : int
        The number of symbols.
    commutative : bool
        Whether the table is symmetric and embeddings are added; then (i, j) and (j, i) are one sample.
    samples : ndarray of int, shape (s, 2)
        All samples in lexical order: pairs i <= j of a commutative operation, all ordered pairs otherwise.

    Raises
    ------
    InvalidInput
        When the table is not a square of integers with at least two rows, or the representation does not represent it.

    Examples
    --------
    >>> operation = Operation([[0, 1], [1, 2]], name="addition")
    >>> operation, operation.commutative, operation.samples.tolist()
    (Operation('addition', p=2), True, [[0, 0], [0, 1], [1, 1]])
    """

    table: Integers
    name: str = "unnamed"
    representation: Integers | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise InvalidInput(f"name must be a non-empty string; got {shown(self.name)}")
        object.__setattr__(self, "table", _require_table(self.table))
        if self.representation is not None:
            matrices = _require_integers("representation", self.representation)
            object.__setattr__(self, "representation", _require_representation(matrices, self.table))

    @property
    def p(self) -> int:
        """The number of symbols."""
        return len(self.table)

    @cached_property
    def commutative(self) -> bool:
        """Whether (i, j) and (j, i) are the same sample."""
        return self.representation is None and bool(np.array_equal(self.table, self.table.T))

    @cached_property
    def samples(self) -> Integers:
        """All samples, (s, 2), in lexical order."""
        first, second = np.triu_indices(self.p) if self.commutative else np.indices((self.p, self.p)).reshape(2, -1)
        return _frozen(np.stack([first, second], axis=1))

    @cached_property
    def positions(self) -> Integers:
        """Where pair (i, j) stands in `samples`, (p, p)."""
        positions = np.empty((self.p, self.p), dtype=np.int64)
        first, second = self.samples.T
        count = np.arange(len(self.samples))
        if self.commutative:
            positions[second, first] = count
        positions[first, second] = count
        return _frozen(positions)

    @cached_property
    def classes(self) -> Integers:
        """The class, 0 ... number of labels - 1, of each sample, (s,): samples of one label are in one class."""
        first, second = self.samples.T
        return _frozen(np.unique(self.table[first, second], return_inverse=True)[1].reshape(-1))

    @cached_property
    def class_sizes(self) -> Integers:
        """How many samples each class has, in the order of the labels."""
        return _frozen(np.bincount(self.classes))

    @property
    def unknowns(self) -> int:
        """The number of unknown numbers in one embedding dimension: p, or p d^2 for matrices."""
        return self.p if self.representation is None else self.representation.size

    @property
    def components(self) -> int:
        """The number of equations of a parallelogram in one embedding dimension: 1, or d^2 for matrices."""
        return 1 if self.representation is None else int(self.representation[0].size)

    @cached_property
    def sparse_features(self) -> tuple[Integers, Integers]:
        """Unknowns and coefficients, each (s, components, terms), of what a sample contributes: its vector x_q."""
        if self.representation is None:
            unknowns = self.samples[:, None, :]
            return _frozen(unknowns), _frozen(np.ones_like(unknowns))
        return _product_features(self.representation, self.samples)

    @cached_property
    def features(self) -> Integers:
        """The vectors x_q of all samples, (s, components, unknowns): e_i + e_j for embeddings that are added."""
        unknowns, coefficients = self.sparse_features
        dense = np.zeros((len(self.samples), self.components, self.unknowns), dtype=np.int64)
        sample, component = np.indices(unknowns.shape)[:2]
        np.add.at(dense, (sample, component, unknowns), coefficients)
        return _frozen(dense)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Operation):
            return NotImplemented
        mine, theirs = self.representation, other.representation
        same = (mine is None) == (theirs is None) and (mine is None or np.array_equal(mine, theirs))  # type: ignore[arg-type]
        return same and np.array_equal(self.table, other.table)

    def __hash__(self) -> int:
        return hash(self.table.tobytes())

    def __repr__(self) -> str:
        return f"Operation({shown(self.name)}, p={self.p})"

    def __reduce__(self) -> tuple[Any, ...]:
        matrices = None if self.representation is None else np.array(self.representation)
        return Operation, (np.array(self.table), self.name, matrices)


def addition(p: int) -> Operation:
    """Return ordinary addition of 0 ... p-1, with 2p - 1 labels: the task of Liu et al. (2022).

    Examples
    --------
    >>> len(addition(10).samples), len(addition(10).class_sizes)
    (55, 19)
    """
    count = np.arange(_require_symbols(p))
    return Operation(count[:, None] + count, name="addition")


def modular_addition(p: int) -> Operation:
    """Return addition modulo p.

    Examples
    --------
    >>> modular_addition(5).table[4].tolist()
    [4, 0, 1, 2, 3]
    """
    count = np.arange(_require_symbols(p))
    return Operation((count[:, None] + count) % len(count), name="modular addition")


def symmetric_group(degree: int = 3) -> Operation:
    """Return the composition of permutations, each represented by its permutation matrix.

    Parameters
    ----------
    degree : int
        How many things are permuted, 2 to 4; symbols are the degree! permutations in lexical order, and the label of
        (a, b) is the permutation that first does b, then a. Degree 4 has 384 unknowns: seconds a training set.

    Examples
    --------
    >>> group = symmetric_group(3)
    >>> group.p, len(group.samples), group.commutative, group.representation.shape
    (6, 36, False, (6, 3, 3))
    """
    degree = require_integer("degree", degree, minimum=2, maximum=4)
    elements = list(permutations(range(degree)))
    order = {element: index for index, element in enumerate(elements)}
    table = [[order[tuple(a[image] for image in b)] for b in elements] for a in elements]
    # Column k of the matrix of a has its one in row a(k), so that matrices multiply as permutations compose.
    matrices = np.eye(degree, dtype=np.int64)[np.array(elements)].transpose(0, 2, 1)
    return Operation(np.array(table), name=f"symmetric group S{degree}", representation=matrices)


def as_operation(operation: Operation | ArrayLike | None, p: int | None) -> Operation:
    """Return what a caller means by `operation` and `p`: a table is taken as it is, nothing means addition."""
    if operation is None:
        if p is None:
            raise InvalidInput("p must be given where there is no operation; got None")
        return addition(p)
    chosen = operation if isinstance(operation, Operation) else Operation(operation)  # type: ignore[arg-type]
    if p is not None and require_integer("p", p, minimum=2) != chosen.p:
        raise InvalidInput(f"p must be {chosen.p}, the number of symbols of the operation; got {p}")
    return chosen


def _require_symbols(p: int) -> int:
    return require_integer("p", p, minimum=2, maximum=MAXIMUM_SYMBOLS)


def _require_integers(name: str, value: ArrayLike) -> Integers:
    try:
        array = np.asarray(value)
    except ValueError:
        raise InvalidInput(f"{name} must be an array of integers; got {shown(value)}") from None
    if array.dtype.kind not in "iu":
        raise InvalidInput(f"{name} must be an array of integers; got entries of type {array.dtype}")
    return array.astype(np.int64)


def _require_table(table: ArrayLike) -> Integers:
    array = _require_integers("table", table)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise InvalidInput(f"table must be square; got shape {array.shape}")
    if not 2 <= len(array) <= MAXIMUM_SYMBOLS:
        raise InvalidInput(f"table must have 2 to {MAXIMUM_SYMBOLS} rows; got {len(array)}")
    return _frozen(array)


def _require_representation(matrices: Integers, table: Integers) -> Integers:
    if matrices.ndim != 3 or matrices.shape[0] != len(table) or matrices.shape[1] != matrices.shape[2]:
        raise InvalidInput(f"representation must have shape ({len(table)}, d, d); got {matrices.shape}")
    if matrices.size == 0 or np.abs(matrices).max() > MAXIMUM_COEFFICIENT:
        raise InvalidInput(f"representation must have entries of at most {MAXIMUM_COEFFICIENT}; got {shown(matrices)}")
    products = np.einsum("aij,bjk->abik", matrices, matrices).reshape(table.size, -1)
    labels, first = np.unique(table.reshape(-1), return_index=True)
    if not np.array_equal(products, products[first[np.searchsorted(labels, table.reshape(-1))]]):
        raise InvalidInput("representation must give equal products to pairs of equal labels; got different ones")
    return _frozen(matrices)


def _product_features(matrices: Integers, samples: Integers) -> tuple[Integers, Integers]:
    """Return the derivative of E_i E_j at the representation: dE_i rho_j + rho_i dE_j, entry by entry."""
    size = matrices.shape[1]
    row, column, inner = np.indices((size, size, size))
    first, second = (side[:, None, None, None] for side in samples.T)
    left = (first * size + row) * size + inner, matrices[second, inner, column]
    right = (second * size + inner) * size + column, matrices[first, row, inner]
    shape = (len(samples), size * size, 2 * size)
    unknowns = np.concatenate([left[0], right[0]], axis=3).reshape(shape)
    coefficients = np.concatenate([left[1], right[1]], axis=3).reshape(shape)
    # Zero coefficients go last and are cut: a permutation matrix leaves two of the 2 d terms.
    order = np.argsort(coefficients == 0, axis=2, kind="stable")
    terms = int((coefficients != 0).sum(axis=2).max())
    kept = np.take_along_axis(unknowns, order, axis=2)[:, :, :terms]
    return _frozen(kept), _frozen(np.take_along_axis(coefficients, order, axis=2)[:, :, :terms])


def _frozen(array: Integers) -> Integers:
    """Return the array as a view of immutable bytes, whose write protection cannot be lifted."""
    whole = np.ascontiguousarray(array, dtype=np.int64)
    return np.frombuffer(whole.tobytes(), dtype=np.int64).reshape(whole.shape)
