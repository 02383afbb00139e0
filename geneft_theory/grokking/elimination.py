"""Exact integer rank of many training sets at once, by elimination modulo primes.

The rank over the rationals is the largest of the ranks modulo several primes, provided that their product exceeds
every minor of the matrix: then some nonzero minor of full size survives modulo one of them. Hadamard's inequality
bounds the minors, so that the number of primes is known beforehand and the answer is exact, not merely very probable.

What is eliminated is the null space, not the matrix: a basis of all embeddings that obey the constraints met so far
costs nothing where a new constraint is already implied, and its constraints have few terms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from geneft_theory.grokking.operations import Integers, Operation

Floats = NDArray[np.float64]

# Balanced residues of primes below 2^27 have products below 2^52: float64 holds the difference of two exactly, and
# vectorised floating-point arithmetic is several times faster than integer division.
LARGEST_PRIME_BITS = 27
# Bounds how much memory a batch takes: numbers in one block of null-space bases.
BLOCK_NUMBERS = 1 << 18


@dataclass(frozen=True, eq=False)
class Constraints:
    """The integer vectors of all samples of an operation, written for elimination.

    Parameters
    ----------
    unknowns, coefficients : ndarray of int, shape (s, components, terms)
        Sample q contributes, in component c, the sum of coefficients[q, c] * E[unknowns[q, c]].
    free : ndarray of int
        The unknowns that remain when the symmetries of the complete table (constants and slope for addition) are
        fixed by setting as many unknowns to 0.
    total : int
        The number of unknowns.
    primes : tuple of int
        Primes whose product exceeds every minor.
    """

    unknowns: Integers
    coefficients: Floats
    free: Integers
    total: int
    primes: tuple[int, ...]

    @property
    def symmetries(self) -> int:
        """The nullity of the complete table: 2 for addition."""
        return self.total - len(self.free)


class SolutionSpaces:
    """Bases, modulo one prime, of the solutions of many systems of constraints to which more are added.

    Parameters
    ----------
    constraints : Constraints
        The samples' vectors.
    prime : int
        The modulus, below 2^27.
    systems : int
        How many systems are solved side by side; each starts without a constraint.
    """

    def __init__(self, constraints: Constraints, prime: int, systems: int) -> None:
        self.constraints, self.prime = constraints, prime
        self.dimension = np.full(systems, len(constraints.free), dtype=np.int64)
        # Unused columns, behind the first `dimension`, are 0. Unknowns that are fixed at 0 have a row, too.
        self.basis = np.zeros((systems, constraints.total, len(constraints.free)))
        self.basis[:, constraints.free, np.arange(len(constraints.free))] = 1

    def images(self, systems: Integers, samples: Integers, component: int) -> Floats:
        """Return x_q times the basis for one sample q of each of the systems named, (k, columns)."""
        unknowns = self.constraints.unknowns[samples, component]
        coefficients = self.constraints.coefficients[samples, component]
        image = np.zeros((len(systems), self.basis.shape[2]))
        for term in range(unknowns.shape[1]):
            image += coefficients[:, term, None] * self.basis[systems, unknowns[:, term]]
        return self._reduced(image)

    def impose(self, systems: Integers, samples: Integers, references: Integers) -> None:
        """Add to each system named the constraint that `samples` and `references` have the same sum."""
        for component in range(self.constraints.unknowns.shape[1]):
            difference = self.images(systems, samples, component) - self.images(systems, references, component)
            self._remove(systems, self._reduced(difference))

    def keep(self, chosen: NDArray[np.bool_]) -> None:
        """Drop all systems but the chosen ones, and columns that none of these uses."""
        self.dimension = self.dimension[chosen]
        self.basis = self.basis[chosen][:, :, : int(self.dimension.max(initial=0))]

    def _remove(self, systems: Integers, image: Floats) -> None:
        """Intersect each solution space with the kernel of a functional whose values on the basis are `image`."""
        changed = image.any(axis=1)
        systems, image = systems[changed], image[changed]
        if not systems.size:
            return
        pivot = (image != 0).argmax(axis=1)
        lanes = np.arange(len(systems))
        basis = self.basis[systems]
        pivot_column = basis[lanes, :, pivot]
        pivot_value = image[lanes, pivot].copy()
        basis *= pivot_value[:, None, None]
        basis -= pivot_column[:, :, None] * image[:, None, :]
        basis = self._reduced(basis)
        # The pivot's column is 0 now; the last one moves into its place.
        last = self.dimension[systems] - 1
        basis[lanes, :, pivot] = basis[lanes, :, last]
        basis[lanes, :, last] = 0
        self.basis[systems] = basis
        self.dimension[systems] = last
        columns = int(self.dimension.max(initial=0))
        if columns < self.basis.shape[2]:
            self.basis = self.basis[:, :, :columns]

    def _reduced(self, values: Floats) -> Floats:
        """Return balanced residues: between -prime/2 and prime/2, and 0 exactly for multiples of the prime."""
        reduced: Floats = values - self.prime * np.rint(values * (1 / self.prime))
        return reduced


def informative(masks: NDArray[np.bool_], operation: Operation) -> tuple[Integers, Integers, NDArray[np.bool_]]:
    """Return a minimal list of constraints of each training set: a shown sample and the first shown one of its class.

    Returns
    -------
    samples, references : ndarray of int, shape (n, k)
        Sample numbers; rows are padded with 0.
    valid : ndarray of bool, shape (n, k)
        What is not padding.
    """
    first = first_shown(masks, operation)[:, operation.classes]
    extra = masks & (first != np.arange(masks.shape[1]))
    count = extra.sum(axis=1)
    width = int(count.max(initial=0))
    samples = np.zeros((len(masks), width), dtype=np.int64)
    valid = np.arange(width) < count[:, None]
    samples[valid] = np.nonzero(extra)[1]
    references = np.take_along_axis(first, samples, axis=1)
    return samples, np.where(valid, references, 0), valid


def first_shown(masks: NDArray[np.bool_], operation: Operation) -> Integers:
    """Return the first shown sample of each class, (n, classes), -1 where none is shown."""
    order = np.argsort(operation.classes, kind="stable")
    starts = np.concatenate([[0], np.cumsum(operation.class_sizes)[:-1]])
    absent = masks.shape[1]
    numbers = np.where(masks[:, order], order, absent)
    first = np.minimum.reduceat(numbers, starts, axis=1)
    return np.where(first == absent, -1, first)


def solve(masks: NDArray[np.bool_], operation: Operation, prime: int) -> SolutionSpaces:
    """Return the solution spaces modulo a prime of the training sets with these masks, symmetries fixed."""
    samples, references, valid = informative(masks, operation)
    spaces = SolutionSpaces(constraints_of(operation), prime, len(masks))
    for step in range(samples.shape[1]):
        systems = np.flatnonzero(valid[:, step] & (spaces.dimension > 0))
        spaces.impose(systems, samples[systems, step], references[systems, step])
    return spaces


def excess_nullity(masks: NDArray[np.bool_], operation: Operation) -> Integers:
    """Return the nullity of each training set's constraints less that of the complete table, (n,), exactly."""
    return np.concatenate(
        [
            np.min([solve(block, operation, prime).dimension for prime in constraints_of(operation).primes], axis=0)
            for block in blocks(masks, operation)
        ]
        or [np.empty(0, dtype=np.int64)]
    )


def blocks(masks: NDArray[np.bool_], operation: Operation) -> list[NDArray[np.bool_]]:
    """Split a batch into blocks whose null-space bases fit the cache."""
    size = max(1, BLOCK_NUMBERS // operation.unknowns**2)
    return [masks[start : start + size] for start in range(0, len(masks), size)]


@lru_cache(maxsize=32)
def constraints_of(operation: Operation) -> Constraints:
    """Return an operation's samples for elimination, with the symmetries of its complete table fixed."""
    unknowns, coefficients = operation.sparse_features
    everything = np.arange(operation.unknowns)
    primes = primes_beyond(_minor_bits(operation, operation.unknowns))
    whole = Constraints(unknowns, coefficients.astype(np.float64), everything, operation.unknowns, primes)
    # The modulus with the smallest null space has the rational one; its leading entries are fixed.
    spaces = min((_solve_complete(whole, operation, prime) for prime in primes), key=lambda s: int(s.dimension[0]))
    fixed = _leading(spaces.basis[0, :, : int(spaces.dimension[0])], spaces.prime)
    free = np.setdiff1d(everything, fixed)
    enough = primes_beyond(_minor_bits(operation, len(free)))
    return Constraints(unknowns, whole.coefficients, free, operation.unknowns, enough)


def primes_beyond(bits: float) -> tuple[int, ...]:
    """Return the largest primes below 2^27, as many as needed for a product of more than `bits` bits."""
    from sympy import prevprime

    primes: list[int] = []
    candidate, reached = 1 << LARGEST_PRIME_BITS, 0.0
    while not primes or reached <= bits:
        candidate = int(prevprime(candidate))
        primes.append(candidate)
        reached += math.log2(candidate)
    return tuple(primes)


def _solve_complete(constraints: Constraints, operation: Operation, prime: int) -> SolutionSpaces:
    spaces = SolutionSpaces(constraints, prime, 1)
    samples, references, _ = informative(np.ones((1, len(operation.samples)), dtype=np.bool_), operation)
    for sample, reference in zip(samples[0], references[0], strict=True):
        spaces.impose(np.array([0]), np.array([sample]), np.array([reference]))
    return spaces


def _minor_bits(operation: Operation, rank: int) -> float:
    """Return Hadamard's bound on the minors of up to `rank` rows, in bits."""
    if operation.representation is not None:
        # Exact for the longest difference of two samples of one class in one component.
        longest = math.sqrt(max(_longest_difference(operation.features[members]) for members in _classes(operation)))
    else:
        first, second = operation.samples.T
        doubles = operation.classes[first == second]
        # Two doubled symbols differ by 2 e_i - 2 e_j; otherwise 2 e_i - e_j - e_k is the longest difference.
        longest = math.sqrt(8 if len(np.unique(doubles)) < len(doubles) else 6)
    return rank * math.log2(longest)


def _longest_difference(vectors: Integers) -> int:
    """Return the largest squared distance of two of the vectors, (k, components, unknowns), in any component; >= 1."""
    rows = vectors.transpose(1, 0, 2)
    products = rows @ rows.transpose(0, 2, 1)
    squares = np.diagonal(products, axis1=1, axis2=2)
    return max(1, int((squares[:, :, None] + squares[:, None, :] - 2 * products).max()))


def _classes(operation: Operation) -> list[Integers]:
    order = np.argsort(operation.classes, kind="stable")
    return np.split(order, np.cumsum(operation.class_sizes)[:-1])


def _leading(basis: Floats, prime: int) -> Integers:
    """Return unknowns on which the columns of a basis are independent modulo a prime, one a column."""
    rows = [[int(value) % prime for value in column] for column in basis.T]
    leading = []
    while rows:
        pivot = rows.pop(0)
        place = next(index for index, value in enumerate(pivot) if value)
        leading.append(place)
        inverse = pow(pivot[place], -1, prime)
        rows = [
            [(value - row[place] * inverse * lead) % prime for value, lead in zip(row, pivot, strict=True)]
            for row in rows
        ]
    return np.array(sorted(leading), dtype=np.int64)
