"""The two rates of a pair, which decide its fate, to full precision and without overflow.

At any moment the half-separation shrinks at the rate P = eta_encoder a^2 and the decoder at Q = 2 eta_decoder c^2. Both
rates fall alike, dP/dt = dQ/dt = -2 P Q, so P - Q is conserved (it is 2 eta_decoder eta_encoder C) and the faster one
wins. Close to C = 0 the difference of two rounded products would be noise; here it keeps its digits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.errors import require_array, require_broadcast

# Below the exponent of any product of float64 numbers: what a rate of zero has.
_OF_ZERO = -100_000
# 2^27 + 1 cuts a float64 into two halves whose products are exact.
_SPLITTER = 134217729.0


@dataclass(frozen=True)
class Rates:
    """The rates P (separation) and Q (decoder) and P - Q, each divided by 2**exponent; the exponent is even."""

    separation: NDArray[np.float64]
    decoder: NDArray[np.float64]
    difference: NDArray[np.float64]
    exponent: NDArray[np.intc]


def checked_pair(
    a: ArrayLike, c: ArrayLike, eta_decoder: ArrayLike, eta_encoder: ArrayLike, **others: NDArray[np.float64]
) -> tuple[NDArray[np.float64], ...]:
    """Return state and learning rates of a pair as float64 arrays, or refuse them; `others` must broadcast too."""
    arrays = {
        "a": require_array("a", a),
        "c": require_array("c", c),
        "eta_decoder": positive("eta_decoder", eta_decoder),
        "eta_encoder": positive("eta_encoder", eta_encoder),
    }
    require_broadcast(others | arrays)
    return tuple(arrays.values())


def positive(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """Return `value` as an array of positive numbers, or refuse it."""
    return require_array(name, value, low=0, open_low=True)


def slope(
    eta_decoder: NDArray[np.float64],
    eta_encoder: NDArray[np.float64],
    sigma_a: NDArray[np.float64],
    sigma_c: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return rho, the ratio |c|/|a| on the boundary in units of the standard deviations; never nan."""
    with np.errstate(over="ignore", under="ignore"):
        roots = np.minimum(np.sqrt(eta_encoder) / np.sqrt(eta_decoder), np.finfo(float).max)
        return np.asarray(sigma_a / sigma_c * (roots / np.sqrt(2)))


def rates(
    a: NDArray[np.float64],
    c: NDArray[np.float64],
    eta_decoder: NDArray[np.float64],
    eta_encoder: NDArray[np.float64],
) -> Rates:
    """Return the two rates of a pair; the difference is accurate to its last digits however close they are."""
    separation, separation_rest, separation_exponent = _rate(eta_encoder, a)
    decoder, decoder_rest, decoder_exponent = _rate(eta_decoder, c)
    decoder_exponent = decoder_exponent + 1
    exponent = np.maximum(separation_exponent, decoder_exponent)
    exponent = np.where(exponent < _OF_ZERO // 2, 0, exponent + exponent % 2).astype(np.intc)
    with np.errstate(under="ignore"):
        separation, separation_rest = (
            np.ldexp(part, separation_exponent - exponent) for part in (separation, separation_rest)
        )
        decoder, decoder_rest = (np.ldexp(part, decoder_exponent - exponent) for part in (decoder, decoder_rest))
    # The first difference is exact where the rates are within a factor of two.
    difference = (separation - decoder) + (separation_rest - decoder_rest)
    return Rates(separation, decoder, difference, exponent)


def _rate(
    learning_rate: NDArray[np.float64], amplitude: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intc]]:
    """Return learning rate times squared amplitude as (high + low) 2**exponent, right to about 32 digits."""
    rate_mantissa, rate_exponent = np.frexp(learning_rate)
    mantissa, exponent = np.frexp(amplitude)
    square, square_rest = _exact_product(mantissa, mantissa)
    high, low = _exact_product(rate_mantissa, square)
    total = rate_exponent + 2 * exponent
    return high, low + rate_mantissa * square_rest, np.where(amplitude == 0, _OF_ZERO, total).astype(np.intc)


def _exact_product(
    left: NDArray[np.float64], right: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a product and its rounding error (Dekker's algorithm, by Veltkamp's splitting)."""
    product = left * right
    left_high, left_low = _halves(left)
    right_high, right_low = _halves(right)
    error = ((left_high * right_high - product) + left_high * right_low + left_low * right_high) + left_low * right_low
    return product, error


def _halves(value: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    spread = _SPLITTER * value
    high = spread - (spread - value)
    return high, value - high
