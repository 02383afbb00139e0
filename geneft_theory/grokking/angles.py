"""Modular operations in angles, where the real-valued theory knows collapse only.

Over the reals the complete table of a modular addition has nullity 1: E_i + E_j depends on i + j mod p only if all
embeddings agree, so that the ground state of the effective loss is total collapse and lambda_3 says nothing about
structure. Angles may wrap: with E_k in R/Z the constraints A E = 0 have the solution group

    Hom(Z^p / L, R/Z) = (R/Z)^n_0 x Z/d_1 x ... x Z/d_k,

where L is the lattice that the rows of A generate and d_1 | ... | d_k are its invariant factors (Smith). The complete
table has R/Z x Z/p: one common rotation, and p winding numbers m, E_k = E_0 + m k / p. A training set
*forces* the structure if and only if its lattice is that of the complete table. Its real nullity decides less: n_0 = 1
makes every solution rigid, but wrong circles remain beside the right ones, as many times over as the index of one
lattice in the other says.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod

import numpy as np
from numpy.typing import ArrayLike

from geneft_theory.citation import based_on
from geneft_theory.grokking.elimination import informative
from geneft_theory.grokking.lattices import Lattice, Vector
from geneft_theory.grokking.operations import Integers, Operation
from geneft_theory.grokking.training_set import Booleans, TrainingSet, as_training_set


@dataclass(frozen=True)
class SolutionGroup:
    """All embeddings in angles, R/Z, that obey a training set's parallelograms, as an abstract group.

    Parameters
    ----------
    dimension : int
        The number of continuous directions, the real nullity n_0.
    torsion : tuple of int
        Orders > 1 of the finite cyclic factors, each a divisor of the next.

    Examples
    --------
    >>> print(SolutionGroup(1, (5,)))
    R/Z x Z/5
    """

    dimension: int
    torsion: tuple[int, ...]

    @property
    def components(self) -> int:
        """How many separate families of solutions there are."""
        return prod(self.torsion)

    def __str__(self) -> str:
        continuous = [] if not self.dimension else ["R/Z" if self.dimension == 1 else f"(R/Z)^{self.dimension}"]
        return " x ".join([*continuous, *(f"Z/{order}" for order in self.torsion)]) or "0"


@based_on("grokking.permissible")
def solution_group(
    training_set: TrainingSet | ArrayLike,
    *,
    p: int | None = None,
    operation: Operation | ArrayLike | None = None,
) -> SolutionGroup:
    """Return the group of the embeddings in angles that obey all parallelograms of a training set.

    Parameters
    ----------
    training_set : TrainingSet or array_like of int, shape (m, 2)
        What is shown.
    p, operation
        For plain pairs: the number of symbols, or the operation (addition by default).

    Returns
    -------
    SolutionGroup
        Exact. For an operation with matrices, of the equations linearised at its representation.

    Raises
    ------
    InvalidInput
        For training sets or operations that are none.

    Examples
    --------
    >>> from geneft_theory.grokking.operations import modular_addition
    >>> print(solution_group(TrainingSet.complete(modular_addition(5))))
    R/Z x Z/5
    >>> print(solution_group([(0, 1), (2, 4), (1, 1), (0, 2)], operation=modular_addition(5)))
    (R/Z)^3
    """
    chosen = as_training_set(training_set, p, operation)
    lattice = lattice_of(chosen.mask, chosen.operation)
    return SolutionGroup(chosen.operation.unknowns - lattice.rank, lattice.torsion())


@based_on("grokking.permissible")
def forces_angles(
    training_set: TrainingSet | ArrayLike,
    *,
    p: int | None = None,
    operation: Operation | ArrayLike | None = None,
) -> bool:
    """Return whether a training set leaves no solution in angles that the complete table does not have.

    Parameters, errors: as in `solution_group`.

    Examples
    --------
    >>> from geneft_theory.grokking.operations import modular_addition
    >>> forces_angles([(0, 0), (1, 4), (2, 3), (0, 1), (2, 4), (3, 3)], operation=modular_addition(5))
    True
    """
    chosen = as_training_set(training_set, p, operation)
    # One lattice lies in the other, so that equal quotients make them equal.
    return solution_group(chosen) == complete_group(chosen.operation)


@lru_cache(maxsize=32)
def complete_group(operation: Operation) -> SolutionGroup:
    """Return the solution group of the complete table."""
    lattice = _complete_lattice(operation)
    return SolutionGroup(operation.unknowns - lattice.rank, lattice.torsion())


def lattice_of(mask: Booleans, operation: Operation) -> Lattice:
    """Return the lattice that the parallelograms of one training set generate."""
    samples, references, _ = informative(mask[None], operation)
    rows = (operation.features[samples[0]] - operation.features[references[0]]).reshape(-1, operation.unknowns)
    lattice = Lattice(operation.unknowns)
    for row in rows.tolist():
        lattice.add(row)
    return lattice


def angular_sizes(orders: Integers, operation: Operation) -> Integers:
    """Return how many samples of each order, (n, s), it takes to generate the lattice of the complete table."""
    coordinates = _coordinates(operation)
    rank = _complete_lattice(operation).rank
    return np.array([_completing_size(order, operation.classes, coordinates, rank) for order in orders.tolist()])


def _completing_size(order: list[int], classes: Integers, coordinates: list[list[Vector]], rank: int) -> int:
    lattice, first = Lattice(rank), dict[int, int]()
    for size, sample in enumerate(order, start=1):
        reference = first.setdefault(int(classes[sample]), sample)
        if reference != sample:
            for mine, theirs in zip(coordinates[sample], coordinates[reference], strict=True):
                lattice.add([x - y for x, y in zip(mine, theirs, strict=True)])
        if lattice.rank == rank and lattice.pivot_product == 1:
            return 0 if rank == 0 else size
    raise AssertionError("the complete table generates its own lattice")


@lru_cache(maxsize=8)
def _complete_lattice(operation: Operation) -> Lattice:
    return lattice_of(np.ones(len(operation.samples), dtype=np.bool_), operation)


@lru_cache(maxsize=8)
def _coordinates(operation: Operation) -> list[list[Vector]]:
    """Return each sample less the first one of its class, in a basis of the complete lattice: (s, components, rank)."""
    lattice = _complete_lattice(operation)
    _, first = np.unique(operation.classes, return_index=True)
    differences = operation.features - operation.features[first[operation.classes]]
    found = []
    for sample in differences.tolist():
        rows = [lattice.coordinates(row) for row in sample]
        found.append([row for row in rows if row is not None])
    return found
