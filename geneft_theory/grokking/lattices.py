"""Lattices of integer vectors, exactly: triangular bases, membership, Smith's invariant factors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import gcd, prod

Vector = list[int]


class Lattice:
    """All integer combinations of the vectors that have been added, kept as a triangular basis.

    Parameters
    ----------
    size : int
        Length of the vectors.

    Examples
    --------
    >>> lattice = Lattice(2)
    >>> lattice.add([2, 0]), lattice.add([1, 2]), lattice.add([3, 2])
    (True, True, False)
    >>> lattice.rank, [0, 4] in lattice, [0, 2] in lattice, lattice.torsion()
    (2, True, False, (4,))
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.rows: dict[int, Vector] = {}

    @property
    def rank(self) -> int:
        """The number of independent vectors."""
        return len(self.rows)

    @property
    def pivot_product(self) -> int:
        """The product of the pivots: for a lattice of full rank its index in all integer vectors."""
        return prod(row[column] for column, row in self.rows.items())

    def add(self, vector: Sequence[int]) -> bool:
        """Add one vector; return whether the lattice has grown."""
        rest, grown = list(vector), False
        for column in range(self.size):
            if rest[column] == 0:
                continue
            row = self.rows.get(column)
            if row is None:
                self.rows[column] = self._shortened(rest if rest[column] > 0 else [-x for x in rest], column)
                return True
            pivot, entry = row[column], rest[column]
            if entry % pivot == 0:
                factor = entry // pivot
                rest = [x - factor * y for x, y in zip(rest, row, strict=True)]
                continue
            divisor, left, right = extended_gcd(pivot, entry)
            merged = [left * x + right * y for x, y in zip(row, rest, strict=True)]
            rest = [(pivot // divisor) * y - (entry // divisor) * x for x, y in zip(row, rest, strict=True)]
            self.rows[column] = self._shortened(merged, column)
            rest, grown = self._shortened(rest, column), True
        return grown

    def coordinates(self, vector: Sequence[int]) -> Vector | None:
        """Return the coefficients of a vector in the basis, pivots ascending, or None if it lies outside."""
        rest, coefficients = list(vector), []
        for column in range(self.size):
            row = self.rows.get(column)
            factor, remainder = (0, rest[column]) if row is None else divmod(rest[column], row[column])
            if remainder:
                return None
            if row is not None:
                coefficients.append(factor)
                if factor:
                    rest = [x - factor * y for x, y in zip(rest, row, strict=True)]
        return coefficients

    def __contains__(self, vector: Sequence[int]) -> bool:
        return self.coordinates(vector) is not None

    def torsion(self) -> tuple[int, ...]:
        """Return the invariant factors above 1, each a divisor of the next: the finite part of Z^size / lattice."""
        # Rows with pivot 1 remove one generator each and nothing else, once their column is cleared elsewhere.
        for column in sorted(self.rows):
            self.rows[column] = self._shortened(self.rows[column], column)
        units = {column for column, row in self.rows.items() if row[column] == 1}
        kept = [column for column in range(self.size) if column not in units]
        core = [[row[place] for place in kept] for column, row in self.rows.items() if column not in units]
        return tuple(factor for factor in smith_factors(core) if factor > 1)

    def _shortened(self, vector: Vector, column: int) -> Vector:
        """Reduce the entries behind `column` by later rows, which keeps all numbers small."""
        for later in sorted(self.rows):
            if later > column:
                row = self.rows[later]
                factor = vector[later] // row[later]
                if factor:
                    vector = [x - factor * y for x, y in zip(vector, row, strict=True)]
        return vector


def extended_gcd(a: int, b: int) -> tuple[int, int, int]:
    """Return (g, x, y) with g = gcd(a, b) = x a + y b > 0.

    Examples
    --------
    >>> extended_gcd(6, -4)
    (2, -1, -2)
    """
    x, next_x, y, next_y = 1, 0, 0, 1
    while b:
        quotient = a // b
        a, b = b, a - quotient * b
        x, next_x = next_x, x - quotient * next_x
        y, next_y = next_y, y - quotient * next_y
    return (a, x, y) if a > 0 else (-a, -x, -y)


def smith_factors(matrix: Iterable[Sequence[int]]) -> tuple[int, ...]:
    """Return the nonzero invariant factors of an integer matrix, each a divisor of the next.

    Examples
    --------
    >>> smith_factors([[2, 0], [0, 3]]), smith_factors([[2, 4], [6, 8]])
    ((1, 6), (2, 4))
    """
    rows = [list(row) for row in matrix if any(row)]
    factors: list[int] = []
    while rows:
        rows, factor = _split_off(rows)
        factors.append(factor)
        rows = [row for row in rows if any(row)]
    # A diagonal matrix becomes Smith's by exchanging pairs for their gcd and lcm.
    for i in range(len(factors)):
        for j in range(i + 1, len(factors)):
            divisor = gcd(factors[i], factors[j])
            factors[i], factors[j] = divisor, factors[i] * factors[j] // divisor
    return tuple(factors)


def _split_off(rows: list[Vector]) -> tuple[list[Vector], int]:
    """Clear the row and column of one entry by integer operations; return the rest and that entry."""
    while True:
        _, top, left = min((abs(x), i, j) for i, row in enumerate(rows) for j, x in enumerate(row) if x)
        pivot = rows[top]
        value = pivot[left]
        rows = [
            row if i == top else [x - (row[left] // value) * y for x, y in zip(row, pivot, strict=True)]
            for i, row in enumerate(rows)
        ]
        if any(row[left] for i, row in enumerate(rows) if i != top):
            continue
        quotients = [0 if j == left else x // value for j, x in enumerate(pivot)]
        # Columns j less quotient times the pivot's column, which is 0 outside the pivot's row by now.
        rows[top] = [x - quotient * value for x, quotient in zip(pivot, quotients, strict=True)]
        if sum(x != 0 for x in rows[top]) == 1:
            return [row[:left] + row[left + 1 :] for i, row in enumerate(rows) if i != top], abs(value)
