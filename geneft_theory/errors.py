"""How bad input is refused: one exception, and the few checks that every public function makes at its door.

A message is one line: the argument, what it accepts, what it got.

>>> require_integer("n", 0, minimum=1)
Traceback (most recent call last):
    ...
geneft_theory.errors.InvalidInput: n must be an integer >= 1; got 0
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


class InvalidInput(ValueError):
    """An argument lies outside its domain; the message names the argument, its domain and the value."""


def shown(value: object, width: int = 60) -> str:
    """Return a value as it appears in an error message: on one line and at most `width` characters long."""
    text = " ".join(repr(value).split())
    return text if len(text) <= width else text[: width - 3] + "..."


def require_integer(name: str, value: Any, *, minimum: int | None = None, maximum: int | None = None) -> int:
    """Return `value` as an `int`, or refuse it; booleans and floats are not integers."""
    bounds = [f">= {minimum}"] * (minimum is not None) + [f"<= {maximum}"] * (maximum is not None)
    domain = " and ".join(bounds)
    complaint = f"{name} must be an integer {domain}".rstrip() + f"; got {shown(value)}"
    if isinstance(value, (bool, np.bool_)):
        raise InvalidInput(complaint)
    try:
        integer = operator.index(value)
    except TypeError:
        raise InvalidInput(complaint) from None
    if (minimum is not None and integer < minimum) or (maximum is not None and integer > maximum):
        raise InvalidInput(complaint)
    return integer


def require_array(
    name: str,
    value: ArrayLike,
    *,
    low: float = -np.inf,
    high: float = np.inf,
    open_low: bool = False,
    open_high: bool = False,
) -> NDArray[np.float64]:
    """Return `value` as a float64 array whose every entry is finite and lies between `low` and `high`."""
    left, right = "(" if open_low or low == -np.inf else "[", ")" if open_high or high == np.inf else "]"
    try:
        # NumPy would read "0.5" as a number, and a date as nanoseconds.
        if np.asarray(value).dtype.kind not in "biufO":
            raise TypeError
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(f"{name} must be a number or an array of numbers; got {shown(value)}") from None
    inside = np.isfinite(array)
    inside &= (array > low) if open_low else (array >= low)
    inside &= (array < high) if open_high else (array <= high)
    if not np.all(inside):
        offender = array[~inside].flat[0] if array.ndim else array[()]
        raise InvalidInput(f"{name} must lie in {left}{low:g}, {high:g}{right}; got {offender:g}")
    return array


def require_broadcast(arrays: Mapping[str, NDArray[Any]]) -> None:
    """Refuse named arrays whose shapes do not broadcast together."""
    try:
        np.broadcast_shapes(*(array.shape for array in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise InvalidInput(f"{' and '.join(arrays)} must have shapes that broadcast; got {shapes}") from None


def require_number(
    name: str,
    value: Any,
    *,
    low: float = -np.inf,
    high: float = np.inf,
    open_low: bool = False,
    open_high: bool = False,
) -> float:
    """Return one finite number between `low` and `high` as a float, or refuse it."""
    array = require_array(name, value, low=low, high=high, open_low=open_low, open_high=open_high)
    if array.ndim:
        raise InvalidInput(f"{name} must be a single number; got an array of shape {array.shape}")
    return float(array)


def require_choice(name: str, value: object, choices: Iterable[str]) -> str:
    """Return `value` if it is one of the named choices, or refuse it and list them."""
    known = list(choices)
    if not isinstance(value, str) or value not in known:
        raise InvalidInput(f"{name} must be one of {', '.join(known)}; got {shown(value)}")
    return value
