"""The state of two points, checked at the door, and the two numbers that decide where it goes.

h, y and X, Y are *squared* distances, between representations, outputs, inputs and targets; w = |dy|^2 - dy . dy*. The
conserved A_high = h - r X y/h against the scale A_low = sqrt(r X Y) of the task, with r = eta_h/eta_y, decides the
rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.errors import InvalidInput, require_array, require_broadcast

Array = NDArray[np.float64]

# Products of five such numbers are still finite.
LARGEST = 1e50
# How far outside the cone of Cauchy and Schwarz a state may lie: the rounding of distances in single precision.
ROUNDING = 1e-6


@dataclass(frozen=True)
class Balance:
    """The balance of a state; all arrays of one shape.

    Parameters
    ----------
    high, low : numpy.ndarray
        A_high = h - r X y/h, of either sign, and A_low = sqrt(r X Y) >= 0.
    root : numpy.ndarray
        S = sqrt(A_high^2 + 4 A_low^2).
    final, lower : numpy.ndarray
        (S + A_high)/2, the stable fixed point of h, and (S - A_high)/2, both >= 0 and to full precision.
    """

    high: Array
    low: Array
    root: Array
    final: Array
    lower: Array


def positive(name: str, value: ArrayLike) -> Array:
    """Return `value` as an array of positive numbers, or refuse it."""
    return require_array(name, value, low=1 / LARGEST, high=LARGEST)


def nonnegative(name: str, value: ArrayLike) -> Array:
    """Return `value` as an array of numbers >= 0, or refuse it."""
    return require_array(name, value, low=0, high=LARGEST)


def bounded(name: str, value: ArrayLike) -> Array:
    """Return `value` as an array of numbers of either sign, or refuse it."""
    return require_array(name, value, low=-LARGEST, high=LARGEST)


def together(arrays: Mapping[str, Array]) -> tuple[Array, ...]:
    """Return named arrays broadcast to one shape, or refuse them."""
    require_broadcast(arrays)
    return tuple(np.broadcast_arrays(*arrays.values()))


def balance(h: Array, y: Array, ratio: Array, X: Array, Y: Array) -> Balance:
    """Return the balance of a checked state."""
    high = np.asarray(h - ratio * X * (y / h))
    return balanced(high, np.sqrt(ratio) * np.sqrt(X) * np.sqrt(Y))


def balanced(high: Array, low: Array) -> Balance:
    """Return the balance with given A_high and A_low."""
    root = np.hypot(high, 2 * low)
    larger = (root + np.abs(high)) / 2
    # The product of the two is A_low^2: the smaller one without a difference.
    smaller = low * np.divide(low, larger, out=np.zeros_like(larger), where=larger > 0)
    upward = high >= 0
    return Balance(high, low, root, np.where(upward, larger, smaller), np.where(upward, smaller, larger))


def cosine(y: Array, w: Array, Y: Array) -> Array:
    """Return the cosine of the angle between dy and dy*, 0 where either vanishes; refuse w that lies off the cone."""
    length = np.sqrt(y) * np.sqrt(Y)
    product = y - w
    outside = np.abs(product) > length + ROUNDING * (length + y)
    if np.any(outside):
        values = [float(np.broadcast_to(part, outside.shape)[outside][0]) for part in (w, y, Y)]
        found = ", ".join(f"{name} = {value:g}" for name, value in zip("wyY", values, strict=True))
        raise InvalidInput(f"w must satisfy |y - w| <= sqrt(y Y), the inequality of Cauchy and Schwarz; got {found}")
    result = np.divide(product, length, out=np.zeros_like(product + length), where=length > 0)
    return np.asarray(np.clip(result, -1, 1))
