"""A swarm as its functions take it: embeddings, decoder and bias, with targets and rates, checked at the door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geneft_theory.errors import InvalidInput, require_array
from geneft_theory.repons.swarm.losses import Array

# Products of three such numbers are still finite.
LARGEST = 1e100


@dataclass(frozen=True)
class Swarm:
    """Embeddings (..., n, d), decoder (..., p, d) and bias (..., p) of one or many swarms, broadcast together."""

    embeddings: Array
    decoder: Array
    bias: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the ensemble: the leading axes."""
        return self.embeddings.shape[:-2]

    @property
    def outputs(self) -> Array:
        """The outputs A x_i + b, shape (..., n, p)."""
        result: Array = self.embeddings @ np.swapaxes(self.decoder, -1, -2) + self.bias[..., None, :]
        return result


def checked_swarm(
    embeddings: ArrayLike, decoder: ArrayLike, bias: ArrayLike | None, **leading: Array
) -> tuple[Swarm, dict[str, Array]]:
    """Return a swarm and further arrays `leading` of shape (...), all broadcast together, or refuse them."""
    embeddings, decoder = _axes("embeddings", embeddings, "n d"), _axes("decoder", decoder, "p d")
    if embeddings.shape[-1] != decoder.shape[-1]:
        raise InvalidInput(
            f"embeddings and decoder must agree in their last axis, d; got {embeddings.shape} and {decoder.shape}"
        )
    offset = np.zeros(decoder.shape[-2]) if bias is None else _axes("bias", bias, "p")
    if offset.shape[-1] != decoder.shape[-2]:
        raise InvalidInput(f"bias must have shape (..., p) for a decoder (..., p, d); got {offset.shape}")
    shape = _ensemble(
        {
            "embeddings": embeddings.shape[:-2],
            "decoder": decoder.shape[:-2],
            "bias": offset.shape[:-1],
            **{name: array.shape for name, array in leading.items()},
        }
    )
    swarm = Swarm(
        np.broadcast_to(embeddings, shape + embeddings.shape[-2:]),
        np.broadcast_to(decoder, shape + decoder.shape[-2:]),
        np.broadcast_to(offset, shape + offset.shape[-1:]),
    )
    return swarm, {name: np.broadcast_to(array, shape) for name, array in leading.items()}


def checked_targets(targets: ArrayLike, swarm: Swarm, loss: str) -> Array:
    """Return targets (..., n, p), broadcast with the swarm, or refuse them; for the logistic loss, probabilities."""
    logistic = loss == "logistic"
    low, high = (0.0, 1.0) if logistic else (-LARGEST, LARGEST)
    array = require_array("targets", targets, low=low, high=high)
    wanted = (swarm.embeddings.shape[-2], swarm.decoder.shape[-2])
    if array.shape[-2:] != wanted:
        raise InvalidInput(f"targets must have shape (..., n, p) = (..., {wanted[0]}, {wanted[1]}); got {array.shape}")
    if _ensemble({"swarms": swarm.shape, "targets": array.shape[:-2]}) != swarm.shape:
        raise InvalidInput(f"targets must not have more swarms than there are, {swarm.shape}; got {array.shape}")
    if logistic and wanted[1] > 1:
        total = array.sum(axis=-1)
        wrong = np.abs(total - 1) > 1e-12
        if np.any(wrong):
            raise InvalidInput(
                f"targets of a softmax must sum to 1 over the outputs; got a sum of {total[wrong].flat[0]:g}"
            )
    return array


def rate(name: str, value: ArrayLike, zero: bool = False) -> Array:
    """Return learning rates as an array, or refuse them; 0, which freezes a parameter, only where it is allowed."""
    array = require_array(name, value, low=0, high=LARGEST, open_low=not zero)
    tiny = (array > 0) & (array < 1 / LARGEST)
    if np.any(tiny):
        raise InvalidInput(f"{name} must be >= {1 / LARGEST:g}; got {array[tiny].flat[0]:g}")
    return array


def _axes(name: str, value: ArrayLike, axes: str) -> Array:
    array = require_array(name, value, low=-LARGEST, high=LARGEST)
    named = axes.split()
    if array.ndim < len(named) or 0 in array.shape[-len(named) :]:
        raise InvalidInput(f"{name} must have shape (..., {', '.join(named)}); got {array.shape}")
    return array


def _ensemble(shapes: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(*shapes.values())
    except ValueError:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise InvalidInput(f"leading axes must broadcast; got {listed}") from None
