"""To GenEFT's pair of repons and back: two points with identical targets, aligned, are the same system.

Two repons of one class, with centroid 0 and bias on target, and two aligning representations with identical targets
obey the same equations. What one theory calls collapse the other calls merging. Statements `alignment.repons`; the
documentation has the dictionary and the conditions, which are exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.citation import based_on
from geneft_theory.errors import InvalidInput, require_array, require_broadcast

_KEYS = tuple(f"alignment.repons.{name}" for name in ("conditions", "h", "y", "eta_h", "eta_y", "invariant"))


@dataclass(frozen=True)
class ReponPair:
    """A pair of repons and its learning rates; the fields are the arguments of `geneft_theory.repons.pair`.

    Attributes
    ----------
    a, c : numpy.ndarray
        Decoder coefficient and half-separation (x1 - x2)/2.
    eta_decoder, eta_encoder : numpy.ndarray
        Learning rates of the repons' theory.
    """

    a: NDArray[np.float64]
    c: NDArray[np.float64]
    eta_decoder: NDArray[np.float64]
    eta_encoder: NDArray[np.float64]


@dataclass(frozen=True)
class AlignedPair:
    """A state of two aligning representations with its rates; the fields are the arguments of `trajectory`.

    Attributes
    ----------
    h, y, w : numpy.ndarray
        Squared distance of the representations, of the outputs, and |dy|^2 - dy . dy*, here equal to y.
    eta_h, eta_y : numpy.ndarray
        Rates 1/(2 tau_h) and 1/(2 tau_y).
    X, Y : numpy.ndarray
        Squared distance of the inputs, and of the targets, here 0.
    """

    h: NDArray[np.float64]
    y: NDArray[np.float64]
    w: NDArray[np.float64]
    eta_h: NDArray[np.float64]
    eta_y: NDArray[np.float64]
    X: NDArray[np.float64]
    Y: NDArray[np.float64]


@based_on(*_KEYS)
def to_repon_pair(h: ArrayLike, y: ArrayLike, eta_h: ArrayLike, eta_y: ArrayLike, X: ArrayLike = 1) -> ReponPair:
    """Return the pair of repons that is the same system as two aligning representations with identical targets.

    Parameters
    ----------
    h : array_like
        Squared distance of the representations, > 0.
    y : array_like
        Squared distance of the outputs, >= 0. The targets being identical, w = y and Y = 0.
    eta_h, eta_y : array_like
        Rates 1/(2 tau_h) of the encoder and 1/(2 tau_y) of the decoder, > 0.
    X : array_like
        Squared distance of the inputs, > 0; 1 for discrete inputs. All arguments broadcast.

    Returns
    -------
    ReponPair
        a = sqrt(y/h), c = sqrt(h)/2, eta_decoder = eta_y, eta_encoder = eta_h X/2, in the broadcast shape. Both a and
        c are >= 0: squares do not know the signs that repons have.

    Raises
    ------
    InvalidInput
        If h, X or a rate is not positive, y is negative, an entry is not finite or eta_h X is not representable.

    Notes
    -----
    Source: derived here; statements `alignment.repons`.

    Examples
    --------
    >>> to_repon_pair(h=0.16, y=0.16, eta_h=0.2, eta_y=0.1)
    ReponPair(a=array(1.), c=array(0.2), eta_decoder=array(0.1), eta_encoder=array(0.1))
    """
    arrays = {
        "h": _positive("h", h),
        "y": require_array("y", y, low=0),
        "eta_h": _positive("eta_h", eta_h),
        "eta_y": _positive("eta_y", eta_y),
        "X": _positive("X", X),
    }
    require_broadcast(arrays)
    distance, output, encoder, decoder, inputs = np.broadcast_arrays(*arrays.values())
    length = np.sqrt(distance)
    # The root before the quotient: y/h may leave the range that its root does not.
    return ReponPair(
        a=np.asarray(np.sqrt(output) / length),
        c=np.asarray(length / 2),
        eta_decoder=decoder.copy(),
        eta_encoder=_representable("eta_h X/2", encoder, inputs / 2),
    )


@based_on(*_KEYS)
def from_repon_pair(
    a: ArrayLike, c: ArrayLike, eta_decoder: ArrayLike, eta_encoder: ArrayLike, X: ArrayLike = 1
) -> AlignedPair:
    """Return the two aligning representations that are the same system as a pair of repons of one class.

    Parameters
    ----------
    a, c : array_like
        Decoder coefficient, and half-separation (x1 - x2)/2, not 0; any sign.
    eta_decoder, eta_encoder : array_like
        Learning rates > 0 of the repons' theory.
    X : array_like
        Squared distance of the inputs that the representations are to have, > 0. Only eta_h depends on it. All
        arguments broadcast.

    Returns
    -------
    AlignedPair
        h = 4 c^2, y = w = 4 a^2 c^2, eta_h = 2 eta_encoder/X, eta_y = eta_decoder and Y = 0, in the broadcast shape.

    Raises
    ------
    InvalidInput
        If c is 0, X or a rate is not positive, an entry is not finite, or h, y or eta_h is not representable. A pair
        that has collapsed has no image: at h = 0 the state does not know the decoder any more.

    Notes
    -----
    Source: derived here; statements `alignment.repons`.

    Examples
    --------
    The course of one pair by both theories:

    >>> from dataclasses import asdict
    >>> from geneft_theory.alignment import from_repon_pair, trajectory
    >>> state = from_repon_pair(a=1, c=0.4, eta_decoder=0.1, eta_encoder=0.1)
    >>> h, y, w = trajectory(20, **asdict(state))
    >>> from geneft_theory.repons import pair
    >>> a, c = pair.trajectory(20, 1, 0.4, 0.1, 0.1)
    >>> bool(abs(h - 4 * c**2) < 1e-12)
    True
    """
    arrays = {
        "a": require_array("a", a),
        "c": require_array("c", c),
        "eta_decoder": _positive("eta_decoder", eta_decoder),
        "eta_encoder": _positive("eta_encoder", eta_encoder),
        "X": _positive("X", X),
    }
    require_broadcast(arrays)
    if np.any(arrays["c"] == 0):
        raise InvalidInput("c must not be 0: a pair that has collapsed does not know its decoder; got 0")
    decoder, half, eta_y, encoder, inputs = np.broadcast_arrays(*arrays.values())
    difference = 2 * half
    output = _finite("a c", decoder, difference)
    return AlignedPair(
        h=_representable("4 c^2", difference, difference),
        y=_finite("4 a^2 c^2", output, output),
        w=_finite("4 a^2 c^2", output, output),
        eta_h=_representable("2 eta_encoder/X", 2 * encoder, 1 / inputs),
        eta_y=eta_y.copy(),
        X=inputs.copy(),
        Y=np.zeros(inputs.shape),
    )


def _positive(name: str, value: ArrayLike) -> NDArray[np.float64]:
    return require_array(name, value, low=0, open_low=True)


def _finite(name: str, left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(over="ignore", under="ignore"):
        product = np.asarray(left * right)
    if not np.all(np.isfinite(product)):
        raise InvalidInput(f"{name} must be representable as float64; got an overflow")
    return product


def _representable(name: str, left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a product of numbers that are not 0, which must not become 0 either."""
    product = _finite(name, left, right)
    if np.any(product == 0):
        raise InvalidInput(f"{name} must be representable as float64; got an underflow")
    return product
