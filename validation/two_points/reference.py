"""The same networks as plain torch functions, one at a time, differentiated by torch.

The readable form that the ensemble of perceptrons is tested against; and convolutional networks are trained by it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from validation.two_points.settings import LEAK, DeepSettings
from validation.two_points.start import initial_weights

Array = NDArray[np.float64]


class Network:
    """One network without dropout, and its points, on the CPU.

    Parameters
    ----------
    settings : DeepSettings
        The network.
    inputs, targets : ndarray, shapes (n, d) and (n, m)
        Its points.

    Attributes
    ----------
    weights, biases : list of Tensor
        One a layer; linear ones have shape (inputs, outputs), convolutions (outputs, inputs, taps).
    eta : float
        Learning rate.
    """

    def __init__(self, settings: DeepSettings, inputs: Array, targets: Array) -> None:
        self.settings, self.eta = settings, settings.eta
        self._type = getattr(torch, settings.precision)
        self._inputs, self._targets = (torch.from_numpy(values).to(self._type) for values in (inputs, targets))
        starts = initial_weights(settings, inputs.shape[1], targets.shape[1])
        self.weights = [torch.from_numpy(weights).to(self._type).requires_grad_() for weights in starts]
        self.biases = [
            torch.zeros(shape[0] if len(shape) == 3 else shape[1], dtype=self._type, requires_grad=True)
            for shape in (weights.shape for weights in self.weights)
        ]
        self.hidden: list[Tensor] = []
        self.outputs = self._inputs

    def forward(self) -> None:
        """Compute the representations (n, units) of all hidden layers, and the outputs (n, m)."""
        self.hidden, values, last = [], self._inputs, len(self.weights) - 1
        for k, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            if weights.dim() == 3:
                # The first convolution finds one channel.
                channels = values.view(len(values), weights.shape[1], -1)
                values = functional.conv1d(channels, weights, biases).flatten(1)
            else:
                values = values @ weights + biases
            if k < last:
                values = activated(self.settings.activation, values)
                if self.settings.architecture == "residual" and k >= 2:
                    values = values + self.hidden[k - 2]
                self.hidden.append(values)
        self.outputs = values

    def loss(self) -> Tensor:
        """Return the loss at the last forward pass."""
        return (self.outputs - self._targets).square().sum(1).mean() / 2

    def gradients(self) -> tuple[list[Tensor], list[Tensor]]:
        """Return the gradients of the loss by weights and biases."""
        found = torch.autograd.grad(self.loss(), [*self.weights, *self.biases])
        return list(found[: len(self.weights)]), list(found[len(self.weights) :])

    def step(self) -> None:
        """Take a step down the gradient; `forward` must have been called since the last one."""
        by_weights, by_biases = self.gradients()
        if not self.settings.hidden_biases:
            by_biases = [*(torch.zeros_like(slope) for slope in by_biases[:-1]), by_biases[-1]]
        parameters = (*self.weights, *self.biases)
        with torch.no_grad():
            for values, slope in zip(parameters, (*by_weights, *by_biases), strict=True):
                values.sub_(slope, alpha=self.eta)


class OneByOne:
    """Several networks with the methods of `Perceptrons`, each computed by itself."""

    def __init__(self, networks: Sequence[DeepSettings], inputs: Array, targets: Array) -> None:
        self._networks = [Network(*each) for each in zip(networks, inputs, targets, strict=True)]
        self.eta = torch.tensor([settings.eta for settings in networks], dtype=torch.float64)[:, None, None]

    def forward(self) -> None:
        """Compute all representations and outputs."""
        for network in self._networks:
            network.forward()

    def hidden(self, layer: int) -> Tensor:
        """Return the representations (K, n, units) of a hidden layer, channels after channels."""
        return torch.stack([network.hidden[layer].detach() for network in self._networks])

    def outputs(self) -> Tensor:
        """Return the outputs (K, n, m)."""
        return torch.stack([network.outputs.detach() for network in self._networks])

    def step(self) -> None:
        """Take a step down the gradient."""
        for network, eta in zip(self._networks, self.eta.flatten().tolist(), strict=True):
            network.eta = eta
            if eta > 0:
                network.step()

    def finite(self) -> NDArray[np.bool_]:
        """Return whether all parameters of each network are finite, shape (K,)."""
        return np.array(
            [all(bool(part.isfinite().all()) for part in (*each.weights, *each.biases)) for each in self._networks]
        )


def activated(name: str, values: Tensor) -> Tensor:
    """Return the values after an activation.

    Examples
    --------
    >>> activated("leaky_relu", torch.tensor([-1.0, 2.0]))
    tensor([-0.0100,  2.0000])
    """
    if name == "linear":
        return values
    if name == "leaky_relu":
        return functional.leaky_relu(values, LEAK)
    functions = {"relu": torch.relu, "tanh": torch.tanh, "elu": functional.elu, "silu": functional.silu}
    return functions[name](values)
