"""Exponential, logistic function, tanh and erf of 16 numbers, and the hidden layers' non-linearities.

Absolute errors, against exact values: tanh, logistic and erf below 3e-7, about what the product before them has
rounded away.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from validation.training.compiled.lanes import (
    LANES,
    WHOLE,
    absolute,
    at_least,
    at_most,
    fill,
    fused_multiply_add,
    load,
    power_of_two,
    store,
    where_positive,
)

TANH, RELU, GELU = 0, 1, 2
ACTIVATIONS = {"tanh": TANH, "relu": RELU, "gelu": GELU}

_F = np.float32
ZERO, ONE, TWO, HALF = _F(0), _F(1), _F(2), _F(0.5)
LOG2_E = _F(1 / math.log(2))
# Beyond these exponents of 2 the result is no longer a normal float32 number.
LOWEST, HIGHEST = _F(-126), _F(127)
ROUNDING = _F(WHOLE)
# 2**f on [-1/2, 1/2]: interpolation at the Chebyshev points, relative error 2e-7; see tests/validation.
_POWERS = np.polynomial.chebyshev.Chebyshev.interpolate(np.exp2, 6, [-0.5, 0.5]).convert(kind=np.polynomial.Polynomial)
C0, C1, C2, C3, C4, C5, C6 = (_F(c) for c in _POWERS.coef)
# erf(x) = 1 - (a1 t + ... + a5 t^5) exp(-x^2), t = 1 / (1 + p x), for x >= 0: Abramowitz & Stegun (1964), 7.1.26.
ERF_P = _F(0.3275911)
ERF_1, ERF_2, ERF_3 = _F(0.254829592), _F(-0.284496736), _F(1.421413741)
ERF_4, ERF_5 = _F(-1.453152027), _F(1.061405429)
ROOT_HALF, GAUSS = _F(math.sqrt(0.5)), _F(1 / math.sqrt(2 * math.pi))


@njit(inline="always")
def exp2(x: Any) -> Any:
    """Return 2**x; x is taken into [-126, 127] first."""
    x = at_least(fill(LOWEST), at_most(fill(HIGHEST), x))
    biased = x + fill(ROUNDING)
    f = x - (biased - fill(ROUNDING))
    p = fused_multiply_add(fill(C6), f, fill(C5))
    p = fused_multiply_add(p, f, fill(C4))
    p = fused_multiply_add(p, f, fill(C3))
    p = fused_multiply_add(p, f, fill(C2))
    p = fused_multiply_add(p, f, fill(C1))
    p = fused_multiply_add(p, f, fill(C0))
    return p * power_of_two(biased)


@njit(inline="always")
def logistic_of_minus(x: Any) -> Any:
    """Return 1 / (1 + exp(x))."""
    return fill(ONE) / (fill(ONE) + exp2(x * fill(LOG2_E)))


@njit(inline="always")
def tanh(x: Any) -> Any:
    """Return 1 - 2 / (1 + exp(2 x))."""
    return fill(ONE) - fill(TWO) / (fill(ONE) + exp2(x * fill(TWO * LOG2_E)))


@njit(inline="always")
def gaussian(x: Any) -> Any:
    """Return exp(-x^2 / 2)."""
    return exp2(x * x * fill(-HALF * LOG2_E))


@njit(inline="always")
def normal_distribution(x: Any) -> Any:
    """Return Phi(x), the distribution function of a standard normal number."""
    y = absolute(x) * fill(ROOT_HALF)
    t = fill(ONE) / fused_multiply_add(fill(ERF_P), y, fill(ONE))
    p = fused_multiply_add(fill(ERF_5), t, fill(ERF_4))
    p = fused_multiply_add(p, t, fill(ERF_3))
    p = fused_multiply_add(p, t, fill(ERF_2))
    p = fused_multiply_add(p, t, fill(ERF_1))
    upper = p * t * gaussian(x) * fill(HALF)
    return upper + where_positive(x, fill(ONE) - fill(TWO) * upper)


@njit(nogil=True)
def activate(kind: int, values: Any, slopes: Any, first: int, end: int) -> None:
    """Replace pre-activations, from the first place to the end, by activations; gelu leaves its slopes besides."""
    if kind == TANH:
        for place in range(first, end, LANES):
            store(values, place, tanh(load(values, place)))
    elif kind == RELU:
        for place in range(first, end, LANES):
            store(values, place, at_least(fill(ZERO), load(values, place)))
    else:
        for place in range(first, end, LANES):
            z = load(values, place)
            below = normal_distribution(z)
            store(values, place, z * below)
            store(slopes, place, fused_multiply_add(z * fill(GAUSS), gaussian(z), below))


@njit(nogil=True)
def times_slope(kind: int, gradients: Any, values: Any, slopes: Any, first: int, end: int) -> None:
    """Turn gradients of activations, from the first place to the end, into those of the pre-activations."""
    if kind == TANH:
        for place in range(first, end, LANES):
            value = load(values, place)
            slope = fused_multiply_add(fill(ZERO) - value, value, fill(ONE))
            store(gradients, place, load(gradients, place) * slope)
    elif kind == RELU:
        for place in range(first, end, LANES):
            store(gradients, place, where_positive(load(values, place), load(gradients, place)))
    else:
        for place in range(first, end, LANES):
            store(gradients, place, load(gradients, place) * load(slopes, place))
