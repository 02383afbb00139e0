"""A separation seen along the singular vectors of the decoder: the coordinates in which its fate is decided.

With singular values s_i and right singular vectors v_i of the decoder, the invariant M = A^T A/(2 eta_A) - r r^T/eta_x
of a pair is a diagonal matrix minus one of rank one. It has at most one negative eigenvalue -c^2/eta_x, and c solves
the secular equation

    sum_i (v_i . r)^2 / (s_i^2 eta_x/(2 eta_A) + c^2) = 1,

a sum of positive terms: no cancellation spoils c, as it would if c^2 were read off a rounded eigenvalue.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.errors import InvalidInput, require_array, require_broadcast
from geneft_theory.repons.pair.collapse import cluster_size, slowing

# Products of three such numbers are still finite.
LARGEST = 1e100


@dataclass(frozen=True)
class Pair:
    """A checked state: decoder (..., p, d), separation (..., d), and the two rates (...), all broadcast."""

    decoder: NDArray[np.float64]
    separation: NDArray[np.float64]
    eta_decoder: NDArray[np.float64]
    eta_encoder: NDArray[np.float64]


@dataclass(frozen=True)
class Modes:
    """A separation r in the decoder's singular directions.

    Parameters
    ----------
    length : numpy.ndarray
        |r|, shape (...).
    share : numpy.ndarray
        v_i . r/|r|, shape (..., d); its squares sum to 1 unless r = 0.
    stiffness : numpy.ndarray
        s_i sqrt(eta_x/(2 eta_A))/|r|, shape (..., d).
    directions : numpy.ndarray
        The v_i as rows, shape (..., d, d).
    """

    length: NDArray[np.float64]
    share: NDArray[np.float64]
    stiffness: NDArray[np.float64]
    directions: NDArray[np.float64]


def rate(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """Return learning rates as an array, or refuse them."""
    return require_array(name, value, low=1 / LARGEST, high=LARGEST)


def matrix(name: str, value: ArrayLike, axes: str) -> NDArray[np.float64]:
    """Return an array with at least the named trailing axes, none of them empty, or refuse it."""
    array = require_array(name, value, low=-LARGEST, high=LARGEST)
    trailing = array.shape[-len(axes.split()) :]
    if array.ndim < len(axes.split()) or 0 in trailing:
        raise InvalidInput(f"{name} must have shape (..., {', '.join(axes.split())}); got {array.shape}")
    return array


def checked(
    decoder: ArrayLike, separation: ArrayLike, eta_decoder: ArrayLike, eta_encoder: ArrayLike, cluster: ArrayLike
) -> Pair:
    """Return decoder, separation and effective rates of a pair broadcast together, or refuse them."""
    decoder, separation = matrix("decoder", decoder, "p d"), matrix("separation", separation, "d")
    if decoder.shape[-1] != separation.shape[-1]:
        raise InvalidInput(
            f"decoder and separation must agree in their last axis, d; got {decoder.shape} and {separation.shape}"
        )
    size = cluster_size(cluster)
    rates = {"eta_decoder": rate("eta_decoder", eta_decoder), "eta_encoder": rate("eta_encoder", eta_encoder)}
    leading = {"decoder[..., 0, 0]": decoder[..., 0, 0], "separation[..., 0]": separation[..., 0]}
    leading |= rates | {"cluster": size}
    require_broadcast(leading)
    shape = np.broadcast_shapes(*(array.shape for array in leading.values()))
    return Pair(
        np.broadcast_to(decoder, shape + decoder.shape[-2:]),
        np.broadcast_to(separation, shape + separation.shape[-1:]),
        np.broadcast_to(rates["eta_decoder"] * slowing(size), shape),
        np.broadcast_to(rates["eta_encoder"], shape),
    )


def modes(pair: Pair) -> Modes:
    """Return the separation along the decoder's singular directions.

    A singular value below 4 max(p, d) eps of the largest cannot be told from zero, nor a share of the separation below
    4 max(p, d) eps from none: both are set to zero, so that a rank or a range is decided once, here.
    """
    outputs, dimension = pair.decoder.shape[-2:]
    missing = max(0, dimension - outputs)
    padded = np.concatenate([pair.decoder, np.zeros((*pair.decoder.shape[:-2], missing, dimension))], axis=-2)
    _, singular, directions = np.linalg.svd(padded, full_matrices=False)
    largest = np.max(np.abs(pair.separation), axis=-1)
    unit = pair.separation / np.where(largest > 0, largest, 1.0)[..., None]
    norm = np.sqrt(np.sum(unit**2, axis=-1))
    share = np.einsum("...id,...d->...i", directions, unit) / np.where(norm > 0, norm, 1.0)[..., None]

    smallest = 4 * max(outputs, dimension) * np.finfo(float).eps
    singular = np.where(singular > smallest * singular[..., :1], singular, 0.0)
    share = np.where((singular == 0) & (np.abs(share) <= smallest), 0.0, share)
    length = largest * norm
    with np.errstate(over="ignore", under="ignore"):
        reach = singular * np.sqrt(pair.eta_encoder / pair.eta_decoder / 2)[..., None]
        stiffness = np.minimum(reach / np.where(length > 0, length, 1.0)[..., None], 1 / np.finfo(float).tiny)
    return Modes(length, share, stiffness, directions)


def overstretch(along: Modes) -> NDArray[np.float64]:
    """Return sqrt(r^T (A^T A)^+ r) / sqrt(eta_x/(2 eta_A)): up to 1 a separation collapses; infinite off the range."""
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        terms = np.where(along.share == 0, 0.0, np.abs(along.share) / along.stiffness)
        largest = np.max(terms, axis=-1)
        scaled = terms / np.where((largest > 0) & np.isfinite(largest), largest, 1.0)[..., None]
        total: NDArray[np.float64] = largest * np.sqrt(np.sum(scaled**2, axis=-1))
    return np.where(np.isfinite(largest), total, np.inf)


def remaining(along: Modes) -> NDArray[np.float64]:
    """Return (c/|r|)^2 in [0, 1], c the final separation, from the secular equation; 0 where it collapses."""
    with np.errstate(over="ignore", under="ignore"):
        weight, pole = along.share**2, np.minimum(along.stiffness, LARGEST) ** 2
    # One term alone is a lower bound. From below, Newton's method on 1/sum rises monotonically to the solution, since
    # 1/sum is a concave function; with one term it is a straight line.
    square = np.max(np.maximum(weight - pole, 0.0), axis=-1)
    survives = (overstretch(along) > 1) & (along.length > 0)
    for _ in range(200):
        denominator = pole + square[..., None]
        with np.errstate(over="ignore", under="ignore"):
            terms = weight / np.where(denominator > 0, denominator, np.inf)
            total, slope = terms.sum(axis=-1), (terms / np.where(denominator > 0, denominator, np.inf)).sum(axis=-1)
            step = np.where(survives & (slope > 0), total * (total - 1) / np.where(slope > 0, slope, 1.0), 0.0)
        if np.all(step <= 2 * np.finfo(float).eps * square):
            break
        square = square + np.maximum(step, 0.0)
    return np.where(survives, np.minimum(square, 1.0), 0.0)
