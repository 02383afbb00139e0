"""What holds of a relation as a statement of logic: the properties that an ideal learner may know beforehand."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray


class LogicalProperties:
    """The logical properties of a relation R given by its boolean `matrix`; each is decided exactly.

    Quantifiers run over all symbols i, j, k. A property that demands something of distinct symbols only holds
    for a single symbol.
    """

    matrix: NDArray[np.bool_]

    @property
    def is_reflexive(self) -> bool:
        """Whether R(i, i) always."""
        return bool(self.matrix.diagonal().all())

    @property
    def is_irreflexive(self) -> bool:
        """Whether R(i, i) never."""
        return not self.matrix.diagonal().any()

    @property
    def is_symmetric(self) -> bool:
        """Whether R(i, j) implies R(j, i)."""
        return bool(np.array_equal(self.matrix, self.matrix.T))

    @property
    def is_antisymmetric(self) -> bool:
        """Whether R(i, j) and R(j, i) only for i = j."""
        mutual = self.matrix & self.matrix.T
        return int(np.count_nonzero(mutual)) == int(np.count_nonzero(mutual.diagonal()))

    @property
    def is_asymmetric(self) -> bool:
        """Whether R(i, j) excludes R(j, i); so there is no loop either."""
        return not np.any(self.matrix & self.matrix.T)

    # The one property that costs a product of matrices, and most others ask for it.
    @cached_property
    def is_transitive(self) -> bool:
        """Whether R(i, j) and R(j, k) imply R(i, k)."""
        # Sums of ones in float32 never cancel, so "> 0" is exact; the product runs at BLAS speed.
        adjacency = self.matrix.astype(np.float32)
        return not np.any((adjacency @ adjacency > 0) & ~self.matrix)

    @property
    def is_connected(self) -> bool:
        """Whether R(i, j) or R(j, i) for all *distinct* i, j (semiconnex; loops are not asked for)."""
        related = self.matrix | self.matrix.T
        np.fill_diagonal(related, True)
        return bool(related.all())

    @property
    def is_strongly_connected(self) -> bool:
        """Whether R(i, j) or R(j, i) for all i, j (connex: connected and reflexive); not a statement about paths."""
        return self.is_reflexive and self.is_connected

    @property
    def is_equivalence(self) -> bool:
        """Whether R is reflexive, symmetric and transitive."""
        return self.is_reflexive and self.is_symmetric and self.is_transitive

    @property
    def is_partial_order(self) -> bool:
        """Whether R is reflexive, antisymmetric and transitive, like <= ."""
        return self.is_reflexive and self.is_antisymmetric and self.is_transitive

    @property
    def is_strict_partial_order(self) -> bool:
        """Whether R is asymmetric and transitive, like < ."""
        return self.is_asymmetric and self.is_transitive

    @property
    def is_total_order(self) -> bool:
        """Whether R is a partial order that compares any two symbols."""
        return self.is_partial_order and self.is_connected

    @property
    def is_strict_total_order(self) -> bool:
        """Whether R is a strict partial order that compares any two distinct symbols."""
        return self.is_strict_partial_order and self.is_connected

    @property
    def is_tournament(self) -> bool:
        """Whether exactly one of R(i, j), R(j, i) holds for distinct i, j, and R(i, i) never."""
        return self.is_asymmetric and self.is_connected

    @property
    def is_complete_bipartite(self) -> bool:
        """Whether R(i, j) means that exactly one of i, j lies in some set, neither empty nor everything."""
        side = self.matrix[0]
        return bool(side.any() and not side[0] and np.array_equal(self.matrix, side[:, None] ^ side[None, :]))

    def logical_properties(self) -> tuple[str, ...]:
        """Return the names of the properties that hold, without their `is_`, in the order of their definition.

        Examples
        --------
        >>> from geneft_theory.relations import complete_bipartite
        >>> complete_bipartite(5, 2).logical_properties()
        ('irreflexive', 'symmetric', 'complete_bipartite')
        """
        names = [name for name in vars(LogicalProperties) if name.startswith("is_")]
        return tuple(name.removeprefix("is_") for name in names if getattr(self, name))
