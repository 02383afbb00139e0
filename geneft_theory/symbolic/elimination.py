"""Which columns of a sparse matrix depend on the columns before them: elimination modulo a large prime."""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Mapping
from typing import Generic, TypeVar

Row = TypeVar("Row", bound=Hashable)
Name = TypeVar("Name", bound=Hashable)

# A Mersenne prime: what is not zero vanishes at a random point with a probability of the order of 1e-18.
PRIME = 2**61 - 1


class Elimination(Generic[Row, Name]):
    """Columns that arrive one at a time, each reduced by those before it.

    Examples
    --------
    >>> seen = Elimination()
    >>> seen.add("x", {0: 1, 1: 2}), seen.add("y", {1: 1}), seen.add("z", {0: 1, 1: 2 + PRIME - 5})
    (None, None, {'z': 1, 'x': 2305843009213693950, 'y': 5})
    """

    def __init__(self) -> None:
        self.pivots: dict[Row, int] = {}
        self._columns: list[dict[Row, int]] = []
        self._combinations: list[dict[Name, int]] = []

    def add(self, name: Name, column: Mapping[Row, int]) -> dict[Name, int] | None:
        """Return the combination with earlier columns that is zero, its own coefficient 1; None if there is none."""
        rest = {row: value % PRIME for row, value in column.items() if value % PRIME}
        combination: dict[Name, int] = {name: 1}
        pending = [self.pivots[row] for row in rest if row in self.pivots]
        heapq.heapify(pending)
        while pending:
            # A stored column has no entry in the pivot rows of those stored before it, so the order is of creation.
            index = heapq.heappop(pending)
            pivot = next(iter(self._columns[index]))
            factor = PRIME - rest.get(pivot, 0)
            if factor == PRIME:
                continue
            for row in _add_multiple(rest, factor, self._columns[index]):
                if row in self.pivots:
                    heapq.heappush(pending, self.pivots[row])
            _add_multiple(combination, factor, self._combinations[index])
        if not rest:
            return combination
        pivot = min(rest, key=str)
        scale = pow(rest.pop(pivot), -1, PRIME)
        self.pivots[pivot] = len(self._columns)
        self._columns.append({pivot: 1} | {row: value * scale % PRIME for row, value in rest.items()})
        self._combinations.append({key: value * scale % PRIME for key, value in combination.items()})
        return None


def _add_multiple(target: dict[Row, int], factor: int, source: Mapping[Row, int]) -> list[Row]:
    """Add in place; return the rows that were empty before."""
    filled = []
    for row, value in source.items():
        old = target.get(row)
        new = ((old or 0) + factor * value) % PRIME
        if new:
            target[row] = new
            if old is None:
                filled.append(row)
        elif old is not None:
            del target[row]
    return filled
