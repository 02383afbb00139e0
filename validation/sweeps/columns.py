"""One setting of all networks as an array that says exactly what was set, collected chunk by chunk."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from validation.sweeps.identity import canonical_json

Kind = Literal["boolean", "integer", "number", "text"]

LARGEST_EXACT_INTEGER = 2**53
"""Integers beyond it are kept as text: neither float64 nor the netCDF-3 format holds them exactly."""

_NONE, _BOOLEAN, _INTEGER, _NUMBER, _TEXT = range(5)
_KIND_OF_TYPE = {type(None): _NONE, bool: _BOOLEAN, int: _INTEGER, float: _NUMBER, str: _TEXT}


class Column:
    """The values of one setting, in as little memory as they need.

    Most settings are the same for all networks: those take no memory at all. The others take nine bytes a network,
    and each different text once.

    Examples
    --------
    >>> column = Column()
    >>> column.extend([0.5, None])
    >>> column.extend([1])
    >>> column.kind, column.values()
    ('number', array([0.5, nan, 1. ]))
    """

    def __init__(self) -> None:
        self._count = 0
        self._same: Any = None
        self._numbers: array[float] | None = None
        self._types = bytearray()
        self._seen: set[int] = set()
        self._texts: dict[str, int] = {}

    def __len__(self) -> int:
        """Return the number of networks so far."""
        return self._count

    def extend(self, values: Sequence[Any]) -> None:
        """Append the values of a few networks; None stands for a setting that was not given."""
        plain = [plain_value(value) for value in values]
        if not plain:
            return
        if not self._count:
            self._same = plain[0]
        self._seen.update(_KIND_OF_TYPE[type(value)] for value in plain)
        if self._numbers is None and all(_identical(value, self._same) for value in plain):
            self._count += len(plain)
            return
        if self._numbers is None:
            self._numbers = array("d", [self._number(self._same)]) * self._count
            self._types = bytearray([_KIND_OF_TYPE[type(self._same)]]) * self._count
        self._numbers.extend(self._number(value) for value in plain)
        self._types.extend(_KIND_OF_TYPE[type(value)] for value in plain)
        self._count += len(plain)

    def pad(self, count: int) -> None:
        """Append None until there are `count` values."""
        if count > self._count:
            self.extend([None] * (count - self._count))

    @property
    def kind(self) -> Kind:
        """What all values are together; text where they do not agree, or where there are none."""
        if self._seen == {_BOOLEAN}:
            return "boolean"
        if self._seen == {_INTEGER}:
            return "integer"
        if self._seen <= {_NONE, _INTEGER, _NUMBER} and self._seen != {_NONE}:
            return "number"
        return "text"

    def values(self, order: NDArray[np.intp] | None = None) -> NDArray[Any]:
        """Return all values, in another order if one is given; None is nan among numbers and "" among texts.

        The array cannot be written to where all values are the same: it then holds that value once.
        """
        if self._numbers is None:
            count = self._count if order is None else order.size
            return np.broadcast_to(np.array(as_kind(self._same, self.kind, for_array=True)), (count,))
        numbers = np.frombuffer(self._numbers, dtype=np.float64)
        numbers = numbers.copy() if order is None else numbers[order]
        if self.kind == "text":
            types = np.frombuffer(bytes(self._types), dtype=np.uint8)
            return self._as_texts(numbers, types if order is None else types[order])
        types_of_numbers = {"boolean": np.bool_, "integer": np.int64, "number": np.float64}
        return numbers.astype(types_of_numbers[self.kind], copy=False)

    def _as_texts(self, numbers: NDArray[np.float64], types: NDArray[np.uint8]) -> NDArray[np.str_]:
        """Return texts, each different value written once."""
        codes = numbers.view(np.int64) + 0
        codes[np.isnan(numbers)] = 0
        pairs = np.stack([types.astype(np.int64), codes], axis=1)
        different, place = np.unique(pairs, axis=0, return_inverse=True)
        names = list(self._texts)
        written = []
        for kind, bits in different.tolist():
            number = float(np.int64(bits).view(np.float64))
            value: Any = {
                _NONE: None,
                _BOOLEAN: bool(number),
                _INTEGER: int(number),
                _NUMBER: number,
                _TEXT: names[int(number)] if kind == _TEXT else "",
            }[kind]
            written.append(as_kind(value, "text", for_array=True))
        return np.array(written, dtype=np.str_)[place.ravel()]

    def _number(self, value: Any) -> float:
        if value is None:
            return float("nan")
        if isinstance(value, str):
            return float(self._texts.setdefault(value, len(self._texts)))
        return float(value)


def plain_value(value: Any) -> bool | int | float | str | None:
    """Return a setting as one of the plain types; lists, dictionaries and integers beyond 2**53 become JSON text.

    Examples
    --------
    >>> plain_value([3, 4]), plain_value(2**64), plain_value(7)
    ('[3,4]', '18446744073709551616', 7)
    """
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST_EXACT_INTEGER:
        return str(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return canonical_json(value)


def as_kind(value: Any, kind: Kind, *, for_array: bool = False) -> Any:
    """Return a plain value as its column's kind; None stays None, or becomes nan or "" for an array.

    Examples
    --------
    >>> as_kind(1, "number"), as_kind(True, "text"), as_kind(None, "text"), as_kind(None, "text", for_array=True)
    (1.0, 'true', None, '')
    """
    if value is None:
        return None if not for_array else "" if kind == "text" else float("nan")
    if kind == "text":
        return value if isinstance(value, str) else canonical_json(value)
    return {"boolean": bool, "integer": int, "number": float}[kind](value)


def column_values(values: Iterable[Any], kind: Kind) -> list[Any]:
    """Return settings of a few networks as their column's kind, None where one was not given."""
    return [as_kind(plain_value(value), kind) for value in values]


def _identical(value: Any, other: Any) -> bool:
    return type(value) is type(other) and value == other
