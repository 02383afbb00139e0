"""What reads the features of a pair: an MLP, or one of the two ideal heads; forward and hand-derived backward.

Everything is feature-major, (K, features, S): the sample axis is the long one and lies contiguous, which suits matrix
products and element-wise loops alike. All buffers are made once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from validation.training.batched.activations import Activation


class Decoder(Protocol):
    """Maps features (K, features, S) to outputs (K, S).

    `features` is the buffer that the lookup writes into. `forward` returns the outputs; `backward` takes their
    gradient (K, S), writes the gradients of the decoder's parameters, and returns that of the features. Both return
    buffers that the next call overwrites.
    """

    features: Tensor

    def forward(self) -> Tensor:
        """Return the outputs (K, S)."""

    def backward(self, gradient: Tensor) -> Tensor:
        """Return the gradient of the features, given that of the outputs."""


class Perceptron:
    """K multilayer perceptrons of one shape.

    A constant row of ones below each layer's inputs lets one batched product give weights and bias their due, in both
    directions.

    Parameters
    ----------
    layers, gradients : sequence of Tensor, each (K, inputs + 1, outputs)
        Parameters, and where `backward` writes their gradients.
    activation : Activation
        Non-linearity of the hidden layers.
    samples : int
        S.
    """

    def __init__(
        self, layers: Sequence[Tensor], gradients: Sequence[Tensor], activation: Activation, samples: int
    ) -> None:
        self._layers, self._gradients, self._activation = layers, gradients, activation
        networks = layers[0].shape[0]
        self._inputs = [layer.new_ones(networks, layer.shape[1], samples) for layer in layers]
        self._values = [inputs[:, :-1] for inputs in self._inputs]
        self._pre_activations = [layer.new_empty(networks, layer.shape[2], samples) for layer in layers]
        self._below = [layer.new_empty(networks, layer.shape[1] - 1, samples) for layer in layers]
        self.features = self._values[0]

    def forward(self) -> Tensor:
        """Return the outputs (K, S)."""
        *hidden, last = range(len(self._layers))
        for i in hidden:
            torch.bmm(self._layers[i].mT, self._inputs[i], out=self._pre_activations[i])
            self._activation.value(self._pre_activations[i], self._values[i + 1])
        torch.bmm(self._layers[last].mT, self._inputs[last], out=self._pre_activations[last])
        return self._pre_activations[last].squeeze(1)

    def backward(self, gradient: Tensor) -> Tensor:
        """Write the layers' gradients and return that of the features, (K, features, S)."""
        above = gradient.unsqueeze(1)
        for i in reversed(range(len(self._layers))):
            torch.bmm(self._inputs[i], above.mT, out=self._gradients[i])
            torch.bmm(self._layers[i][:, :-1], above, out=self._below[i])
            if i > 0:
                self._activation.chain(self._below[i], self._pre_activations[i - 1], self._values[i])
            above = self._below[i]
        return above


class EqualityHead:
    """10 ReLU(0.1 - x) of the squared distance x: 1 where the embeddings coincide, 0 beyond a distance of 0.316."""

    def __init__(self, embeddings: Tensor, samples: int) -> None:
        self.features = embeddings.new_empty(*embeddings.shape[:2], samples)
        self._below = torch.empty_like(self.features)
        self._output = embeddings.new_empty(len(embeddings), samples)

    def forward(self) -> Tensor:
        """Return the outputs (K, S)."""
        torch.mul(self.features, self.features, out=self._below)
        torch.sum(self._below, dim=1, out=self._output)
        return self._output.neg_().add_(0.1).clamp_(min=0).mul_(10)

    def backward(self, gradient: Tensor) -> Tensor:
        """Return the gradient of the differences; zero where the ReLU is at rest."""
        slope = torch.sign(self._output).mul_(-20).mul_(gradient)
        return torch.mul(self.features, slope.unsqueeze(1), out=self._below)


class OrderHead:
    """min(1, ReLU(x)) of the sum x of the differences."""

    def __init__(self, embeddings: Tensor, samples: int) -> None:
        self.features = embeddings.new_empty(*embeddings.shape[:2], samples)
        self._below = torch.empty_like(self.features)
        self._sum = embeddings.new_empty(len(embeddings), samples)

    def forward(self) -> Tensor:
        """Return the outputs (K, S)."""
        torch.sum(self.features, dim=1, out=self._sum)
        return self._sum.clamp(0, 1)

    def backward(self, gradient: Tensor) -> Tensor:
        """Return the gradient of the differences; zero where the sum lies outside (0, 1]."""
        inside = (self._sum > 0) & (self._sum <= 1)
        slope = gradient * inside
        return self._below.copy_(slope.unsqueeze(1))
