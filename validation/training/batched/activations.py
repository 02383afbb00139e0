"""The hidden layers' non-linearities: value and chain rule, each a few element-wise passes.

torch's vectorised loops take whole groups of up to 32 numbers, and some of its functions, sigmoid among them, treat the
rest of a buffer with other arithmetic. Buffers of whole groups (see `validation.training.chunking.padded`) that are not
shared out among threads have no rest, so that a value never depends on where in a batch it stands.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor


class Activation(NamedTuple):
    """A non-linearity.

    Attributes
    ----------
    value : callable
        ``value(z, out)`` writes the activations and leaves in z what `chain` needs of it.
    chain : callable
        ``chain(gradient, z, value)`` turns the gradient of the activations into that of the pre-activations, in place.
    """

    value: Callable[[Tensor, Tensor], None]
    chain: Callable[[Tensor, Tensor, Tensor], None]


def _tanh(z: Tensor, out: Tensor) -> None:
    # tanh z = 2 sigmoid(2 z) - 1, within 2e-7: less than what the product that made z has rounded away, and several
    # times faster than torch.tanh.
    z.mul_(2).sigmoid_().mul_(2)
    torch.sub(z, 1, out=out)


def _chain_tanh(gradient: Tensor, scratch: Tensor, value: Tensor) -> None:
    torch.mul(value, value, out=scratch)
    gradient.addcmul_(gradient, scratch, value=-1)


def _relu(z: Tensor, out: Tensor) -> None:
    torch.clamp(z, min=0, out=out)


def _chain_relu(gradient: Tensor, z: Tensor, value: Tensor) -> None:
    torch.sign(value, out=z)
    gradient.mul_(z)


def _gelu(z: Tensor, out: Tensor) -> None:
    # z Phi(z), whose slope Phi(z) + z phi(z) replaces z.
    torch.mul(z, math.sqrt(0.5), out=out)
    out.erf_().add_(1).mul_(0.5)
    density = torch.square(z).mul_(-0.5).exp_().mul_(1 / math.sqrt(2 * math.pi))
    slope = density.mul_(z).add_(out)
    out.mul_(z)
    z.copy_(slope)


def _chain_slope(gradient: Tensor, slope: Tensor, value: Tensor) -> None:
    gradient.mul_(slope)


ACTIVATIONS = {
    "tanh": Activation(_tanh, _chain_tanh),
    "relu": Activation(_relu, _chain_relu),
    "gelu": Activation(_gelu, _chain_slope),
}
