"""The probability to have collapsed within a finite time: the weight of a Gaussian start below a known curve."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad_vec
from scipy.special import erf, erfc, exprel, owens_t

Array = NDArray[np.float64]

# A Gaussian has less than 1e-22 of its weight beyond ten standard deviations.
_FAR = 10.0
_ITERATIONS = 100
_LARGE = 1e300


def gradient_flow_probability(
    eta_decoder: Array, eta_encoder: Array, sigma_a: Array, sigma_c: Array, horizon: Array, separation: Array
) -> Array:
    """Return P(|c(T)| <= eps): all that starts within eps, and farther out all whose decoder is large enough.

    The larger |a| is at the start, the faster c shrinks, so that each c has its least |a|, given by `least_decoder`.
    """
    # Beyond that all starts count already; far beyond, squares would overflow.
    separation = np.minimum(separation, 2 * _FAR * sigma_c)
    span = np.log(np.maximum(_FAR * sigma_c / separation, 1.0))

    def density(root: float) -> Array:
        # c = eps exp(span root^2): all scales of c count, and next to eps the least |a| grows like a square root.
        logarithm = span * root**2
        distance = separation / sigma_c * np.exp(logarithm)
        needed = least_decoder(logarithm, eta_decoder, eta_encoder, horizon, separation)
        weight = np.sqrt(2 / np.pi) * np.exp(-(distance**2) / 2) * distance * 2 * span * root
        return np.asarray(weight * erfc(needed / sigma_a / np.sqrt(2)))

    with np.errstate(over="ignore", under="ignore"):
        farther, _ = quad_vec(density, 0.0, 1.0, epsabs=1e-12, epsrel=1e-12, norm="max", limit=4000)
        return np.asarray(np.minimum(erf(separation / sigma_c / np.sqrt(2)) + farther, 1.0))


def least_decoder(logarithm: Array, eta_decoder: Array, eta_encoder: Array, horizon: Array, separation: Array) -> Array:
    """Return the least |a| with which |c| shrinks from eps exp(logarithm) to eps within the horizon T.

    With q = exp(2 logarithm), h = 4 eta_decoder eps^2 T and y = 2 T (P - Q), the collapse time equals T where
    h (e^y - 1)/y + e^y/q = 1. The logarithm of the left side is increasing and convex in y, so that Newton's method
    converges from either end of the interval -h <= y <= log(q) that holds the root.
    """
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        h = np.minimum(4 * eta_decoder * separation**2 * horizon, _LARGE)
        y = np.where(h < 1, 2 * logarithm, -h)
        for _ in range(_ITERATIONS):
            growing = np.log(h) + np.maximum(y, 0) + np.log(exprel(-np.abs(y)))
            total = np.logaddexp(growing, y - 2 * logarithm)
            step = total / (np.exp(growing - total) * _slope(y) + np.exp(y - 2 * logarithm - total))
            y = y - step
            if np.all(np.abs(step) <= 1e-15 * np.maximum(np.abs(y), 1.0)):
                break
        gap = np.where(horizon > 0, y / 2 / horizon, np.inf)
        needed = 2 * eta_decoder * (separation * np.exp(logarithm)) ** 2 + gap
        return np.asarray(np.sqrt(np.maximum(needed, 0) / eta_encoder))


def _slope(y: Array) -> Array:
    """Return the derivative of log((e^y - 1)/y)."""
    near = np.abs(y) < 1e-2
    far = np.where(near, 1.0, y)
    return np.where(near, 0.5 + y / 12 - y**3 / 720, -1 / np.expm1(-far) - 1 / far)


def sign_flow_probability(
    eta_decoder: Array, eta_encoder: Array, sigma_a: Array, sigma_c: Array, horizon: Array, separation: Array
) -> Array:
    """Return P(|c| <= eps + eta_encoder min(T, |a|/eta_decoder)), in closed form by Owen's T function.

    In units of the standard deviations the region is bounded by two straight lines, the sloping one at distance
    `nearest` from the origin, the flat one at height `top`; each bounds the weight of a sector beyond it.
    """
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        height = separation / sigma_c
        slope = sigma_a / sigma_c * (eta_encoder / eta_decoder)
        top = height + eta_encoder * horizon / sigma_c
        corner = eta_decoder * horizon / sigma_a
        nearest = height / np.hypot(1.0, slope)
        sloping = owens_t(nearest, corner * (1 + slope**2) / height + slope) - owens_t(nearest, slope)
        flat = erfc(top / np.sqrt(2)) / 4 - owens_t(top, corner / top)
        return np.asarray(np.clip(1 - 4 * (sloping + flat), 0.0, 1.0))
