"""Any number of outputs and any start: the exact course of two representations, and where it ends.

Encoder and decoder need not be aligned, so that no closure is assumed; the encoder-decoder is still linearised.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.alignment.pull import Pull, matrices, reduced, remaining
from geneft_theory.alignment.scalar_output import scalar_final_distance
from geneft_theory.alignment.state import Array, positive
from geneft_theory.citation import based_on
from geneft_theory.errors import InvalidInput, require_array, require_broadcast
from geneft_theory.numerics import integrate

# Of one step of the integration; what is promised of its result is a hundred times as much.
TOLERANCE = 1e-11
# A pair has settled after so many lifetimes of its slowest error, if next to nothing is left of what was missing.
LIFETIMES = 25.0
SETTLED = 1e-6


@based_on("alignment.reduced.separation", "alignment.reduced.pull", "alignment.reduced.invariant")
def exact_trajectory(
    t: ArrayLike,
    separation: ArrayLike,
    decoder: ArrayLike,
    target: ArrayLike,
    eta_h: ArrayLike,
    eta_y: ArrayLike,
    X: ArrayLike = 1.0,
) -> tuple[Array, Array, Array]:
    """Return the state (h, y, w) of two points at times t, from the matrices of a linearised encoder-decoder.

    Parameters
    ----------
    t : array_like, shape (times,) or a number
        Times >= 0, rising, in the unit of 1/eta.
    separation : array_like, shape (..., P)
        Difference dh of the two representations at t = 0, not 0.
    decoder : array_like, shape (..., m, P)
        Matrix D_y of the linearised decoder at t = 0.
    target : array_like, shape (..., m)
        Difference dy* of the targets.
    eta_h, eta_y : array_like, shape (...)
        Rates > 0 of encoder and decoder, 1/(2 tau_h) and 1/(2 tau_y).
    X : array_like, shape (...)
        Squared distance > 0 of the inputs. All leading axes broadcast.

    Returns
    -------
    h, y, w : numpy.ndarray, shape (..., times), or (...) for one number t
        |dh|^2, |dy|^2 and |dy|^2 - dy . dy*: h to about 1e-9 of itself, y and w to about 1e-9 of the largest of y,
        |dy*|^2 and h^2/(r X), of which they are a difference in the lazy regime.

    Raises
    ------
    InvalidInput
        If an argument lies outside its domain or shapes do not fit.
    IntegrationError
        If rates are so far apart that 100 000 steps do not suffice.

    Notes
    -----
    Integrates two variables for each of min(P, m + 1) directions. For one output `scalar_trajectory` is its closed
    form, for an aligned start `trajectory`. Source: derived here; statements `alignment.reduced.separation` and
    `alignment.reduced.pull`.

    Examples
    --------
    >>> h, y, w = exact_trajectory([0, 100, 1000], [0.1, 0], [[0.5, 1], [0, 0.2]], [0.7, 0.1], 0.01, 0.01)
    >>> h.round(4), y.round(4)
    (array([0.01  , 0.1103, 0.3205]), array([0.0025, 0.1421, 0.4999]))
    """
    eta_h, eta_y = positive("eta_h", eta_h), positive("eta_y", eta_y)
    require_broadcast({"eta_h": eta_h, "eta_y": eta_y})
    times = require_array("t", t, low=0)
    if times.ndim > 1 or times.size == 0 or np.any(np.diff(times.ravel()) <= 0):
        raise InvalidInput(
            f"t must be a number or a rising array of times; got shape {times.shape}, or times that fall"
        )
    given = matrices(separation, decoder, target, np.asarray(eta_h / eta_y), X)
    start = reduced(given)
    # In units of it nothing is far from 1, so that tolerances mean the same for all.
    scale = np.sum(start.separation**2, axis=-1) + np.sqrt(start.goal)
    states = _integrated(start.scaled(scale), times, np.broadcast_to(eta_y / 2 * scale, scale.shape))
    h, y, w = _observed(states, start.scaled(scale), np.broadcast_to(given.strength, scale.shape))
    h, y, w = h * scale[..., None], y * scale[..., None] ** 2, w * scale[..., None] ** 2
    return (h[..., 0], y[..., 0], w[..., 0]) if times.ndim == 0 else (h, y, w)


@based_on("alignment.merging.exact", "alignment.scalar.final_distance", "alignment.reduced.separation")
def exact_final_distance(
    separation: ArrayLike,
    decoder: ArrayLike,
    target: ArrayLike | None = None,
    ratio: ArrayLike = 1.0,
    X: ArrayLike = 1.0,
) -> Array:
    r"""Return the squared distance of two representations after training, from any start.

    Parameters
    ----------
    separation, decoder, target
        As in `exact_trajectory`; without a target, targets are identical.
    ratio : array_like, shape (...)
        eta_h/eta_y = tau_y/tau_h > 0. For several continuations stack their decoders and leave the ratio as it is.
    X : array_like, shape (...)
        Squared distance > 0 of the inputs.

    Returns
    -------
    numpy.ndarray, shape (...)
        The squared distance >= 0. For identical targets, and for one output, in closed form and to full precision;
        otherwise integrated, to about 1e-9.

    Raises
    ------
    InvalidInput
        If an argument lies outside its domain or shapes do not fit.
    IntegrationError
        As in `exact_trajectory`.

    Notes
    -----
    For identical targets :math:`\max[0, \lambda_{max}(dh\, dh^T - r X D_y^T D_y)]`. Source: derived here; statements
    `alignment.merging.exact` and `alignment.scalar.final_distance`.

    Examples
    --------
    Two decoders of the same norm, one alike in all directions, one blind in half of them:

    >>> exact_final_distance([0.5, 0.5], [[[1, 0], [0, 1]], [[2**0.5, 0], [0, 0]]]).round(4)
    array([0.    , 0.2808])
    """
    ratio = positive("ratio", ratio)
    given = matrices(separation, decoder, target, ratio, X)
    if given.decoder.shape[-2] == 1:
        return scalar_final_distance(
            np.sum(given.separation**2, axis=-1),
            np.sum(given.decoder[..., 0, :] ** 2, axis=-1),
            np.sum(given.decoder[..., 0, :] * given.separation, axis=-1),
            given.strength,
            1.0,
            given.target[..., 0] ** 2,
        )
    left = np.asarray(remaining(given)[0])
    open_ended = np.broadcast_to(np.any(given.target != 0, axis=-1), left.shape)
    if np.any(open_ended):
        start = reduced(given).of(open_ended)
        scale = np.sqrt(start.goal)
        left = left.copy()
        left[open_ended] = scale * _settled(start.scaled(scale))
    return left


@based_on("alignment.merging.exact", "alignment.merging.criterion")
def exact_merges(
    separation: ArrayLike, decoder: ArrayLike, ratio: ArrayLike = 1.0, X: ArrayLike = 1.0
) -> NDArray[np.bool_]:
    r"""Return whether two representations with identical targets merge, from any start.

    Parameters
    ----------
    separation, decoder, ratio, X
        As in `exact_final_distance`.

    Returns
    -------
    numpy.ndarray of bool, shape (...)
        True where dh lies in the row space of the decoder, up to rounding, and
        :math:`dh^T (D_y^T D_y)^+ dh \le r X`.

    Raises
    ------
    InvalidInput
        If an argument lies outside its domain or shapes do not fit.

    Notes
    -----
    `merges` is its approximation for a decoder that treats all directions alike. Source: derived here; statement
    `alignment.merging.criterion`.

    Examples
    --------
    >>> exact_merges([0.5, 0.5], [[1, 0], [0, 1]], ratio=[0.1, 1])
    array([False,  True])
    """
    return remaining(matrices(separation, decoder, None, positive("ratio", ratio), X))[1]


def _integrated(start: Pull, times: Array, rate: Array) -> Array:
    """Return dh and u, shape (..., times, 2 k); `rate` is eta_y/2, shape (...)."""
    k = start.curvature.shape[-1]

    def velocities(time: Array, state: Array, goal: Array, rate: Array, **curvature: Array) -> NDArray[np.float64]:
        dh, u = state[:k], state[k:]
        rows = np.stack([np.broadcast_to(curvature[f"curvature_{i}"], time.shape) for i in range(k)])
        missing = goal - np.sum(u * dh, axis=0)
        return np.asarray(rate * np.concatenate([u - (rows + np.sum(dh**2, axis=0)) * dh, missing * dh]))

    return (
        integrate(
            velocities,
            np.concatenate([start.separation, start.pull], axis=-1),
            times,
            {f"curvature_{i}": start.curvature[..., i] for i in range(k)} | {"goal": start.goal, "rate": rate},
            start=0.0,
            relative_tolerance=TOLERANCE,
            absolute_tolerance=TOLERANCE * np.sqrt(np.sum(start.separation**2, axis=-1)),
            max_steps=100_000,
        )
        .raise_for_status()
        .states
    )


def _settled(start: Pull) -> Array:
    """Return |dh|^2, shape (n,), where n members with a goal of 1 settle: each is followed for longer and longer.

    In units of 2/eta_y the error dies out at least as exp(-integral |dh|^2 dt).
    """
    left, moving, k = np.zeros(len(start.goal)), np.arange(len(start.goal)), start.curvature.shape[-1]
    before = np.sum(start.separation**2, axis=-1)
    pace = 1 / (1 + before + np.max(np.abs(start.curvature), axis=-1))
    duration = 16.0
    while moving.size:
        state = _integrated(start, np.asarray(duration), pace)[:, 0]
        dh, u = state[:, :k], state[:, k:]
        left[moving] = after = np.sum(dh**2, axis=-1)
        lifetimes = np.minimum(before, after) * pace * duration
        missing = np.abs(1 - np.sum(u * dh, axis=-1))
        still = np.flatnonzero((missing > SETTLED) | (lifetimes < LIFETIMES))
        start = Pull(start.curvature, dh, u, start.goal).of(still)
        moving, before, pace, duration = moving[still], after[still], pace[still], 2 * duration
    return left


def _observed(states: Array, start: Pull, strength: Array) -> tuple[Array, Array, Array]:
    """Return h, y and w from dh and u; y by the conserved K, since r X |D_y dh|^2 = dh . (K + |dh|^2) dh."""
    k = start.curvature.shape[-1]
    dh, u, strength = states[..., :k], states[..., k:], strength[..., None]
    h = np.sum(dh**2, axis=-1)
    y = np.maximum(np.sum(start.curvature[..., None, :] * dh**2, axis=-1) + h**2, 0) / strength
    return np.asarray(h), np.asarray(y), np.asarray(y - np.sum(u * dh, axis=-1) / strength)
