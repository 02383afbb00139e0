"""Multilayer perceptrons, plain and residual, trained together: one batched product a layer, gradients written out.

Numbers of units are padded with zeros to whole cache lines. Padded units stay at 0, as every activation has f(0) = 0;
and where all rows begin on cache lines, no product of matrices depends on who else is in the ensemble.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from validation.two_points.settings import LEAK, DeepSettings
from validation.two_points.start import dropping_stream, initial_weights

LINE = 16
# Up to so many points a sum of outer products is faster than a product of matrices.
FEW_POINTS = 4
MASKS_AT_ONCE = 32

Array = NDArray[np.float64]
Slope = Callable[[Tensor, Tensor], Tensor]


class Perceptrons:
    """K networks of one shape, on the CPU.

    Parameters
    ----------
    networks : sequence of DeepSettings
        Alike in all but gain, eta and seeds.
    inputs, targets : ndarray, shapes (K, n, d) and (K, n, m)
        The points of each.

    Attributes
    ----------
    weights, biases : list of Tensor, shapes (K, inputs, outputs) and (K, 1, outputs)
        One a layer, padded.
    eta : Tensor, shape (K, 1, 1)
        Learning rates; a network whose rate is set to 0 rests.
    """

    def __init__(self, networks: Sequence[DeepSettings], inputs: Array, targets: Array) -> None:
        first = self._settings = networks[0]
        self._type = getattr(torch, first.precision)
        self._inputs, self._targets = self._padded(inputs, 1), self._padded(targets, 1)
        self._coordinates = targets.shape[2]
        starts = [initial_weights(settings, inputs.shape[2], targets.shape[2]) for settings in networks]
        self.weights = [self._padded(np.stack(layer), 2) for layer in zip(*starts, strict=True)]
        self.biases = [torch.zeros_like(weights[:, :1]) for weights in self.weights]
        self.eta = torch.tensor([settings.eta for settings in networks], dtype=self._type)[:, None, None]
        self._active, self._slope = _activation(first.activation)
        self._streams = [dropping_stream(settings) for settings in networks] if first.dropout else []
        self._waiting: list[list[Tensor]] = []
        self._masks: list[Tensor] = []
        self._sums: list[Tensor] = []
        self._seen: list[Tensor] = []
        self._hidden: list[Tensor] = []
        self._ending = self._inputs

    def _padded(self, values: Array, dimensions: int) -> Tensor:
        shape = list(values.shape)
        for k in range(len(shape) - dimensions, len(shape)):
            shape[k] = -(-shape[k] // LINE) * LINE
        whole = torch.zeros(shape, dtype=self._type)
        whole[tuple(slice(length) for length in values.shape)] = torch.from_numpy(values).to(self._type)
        return whole

    def forward(self) -> None:
        """Compute representations and outputs of the whole networks, nothing dropped."""
        self._masks = []
        self._pass()

    def _pass(self) -> None:
        self._sums, self._seen, self._hidden = [], [], []
        values, last = self._inputs, len(self.weights) - 1
        for k, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            seen = values * self._masks[k] if self._masks else values
            values = torch.baddbmm(biases, seen, weights)
            self._seen.append(seen)
            if k == last:
                break
            self._sums.append(values)
            values = self._active(values)
            if self._skips(k):
                values = values + self._hidden[k - 2]
            self._hidden.append(values)
        self._ending = values

    def _skips(self, layer: int) -> bool:
        return self._settings.architecture == "residual" and layer >= 2

    def hidden(self, layer: int) -> Tensor:
        """Return the representations (K, n, width) of a hidden layer, from 0 on, in the last forward pass."""
        return self._hidden[layer][..., : self._settings.width]

    def outputs(self) -> Tensor:
        """Return the outputs (K, n, m) of the last forward pass."""
        return self._ending[..., : self._coordinates]

    def step(self) -> None:
        """Take a step down the gradient; `forward` must have been called since the last one."""
        if self._streams:
            self._masks = self._next_masks()
            self._pass()
        # The rate goes with the error, since all that follows is linear in it.
        pull = (self._targets - self._ending) * (self.eta / self._targets.shape[1])
        through_skips: dict[int, Tensor] = {}
        for k in range(len(self.weights) - 1, 0, -1):
            arriving = torch.bmm(pull, self.weights[k].mT)
            if self._masks:
                arriving = arriving * self._masks[k]
            if k - 1 in through_skips:
                arriving = arriving + through_skips[k - 1]
            if self._skips(k - 1):
                through_skips[k - 3] = arriving
            self._learn(k, pull)
            pull = self._slope(arriving, self._sums[k - 1])
        self._learn(0, pull)

    def _learn(self, layer: int, pull: Tensor) -> None:
        weights, seen = self.weights[layer], self._seen[layer]
        points = seen.shape[1]
        if points <= FEW_POINTS:
            for k in range(points):
                weights.addcmul_(seen[:, k, :, None], pull[:, k, None, :])
        else:
            weights.baddbmm_(seen.mT, pull)
        if self._settings.hidden_biases or layer == len(self.weights) - 1:
            self.biases[layer] += pull.sum(1, keepdim=True)

    def _next_masks(self) -> list[Tensor]:
        """Return what the inputs of each layer are multiplied by in this step."""
        if not self._waiting:
            widths = [weights.shape[1] for weights in self.weights]
            shape = (MASKS_AT_ONCE, self._inputs.shape[1], sum(widths))
            dropped = self._settings.dropout
            drawn = np.stack([stream.random(shape, dtype=np.float32) >= dropped for stream in self._streams], axis=1)
            factors = torch.from_numpy(drawn).to(self._type) / (1 - dropped)
            self._waiting = [[part.contiguous() for part in step.split(widths, dim=2)] for step in factors]
        return self._waiting.pop()

    def finite(self) -> NDArray[np.bool_]:
        """Return whether all parameters of each network are finite, shape (K,)."""
        parts = (*self.weights, *self.biases)
        finite = torch.stack([part.isfinite().flatten(1).all(1) for part in parts]).all(0)
        return np.asarray(finite.numpy(), dtype=np.bool_)


def _activation(name: str) -> tuple[Callable[[Tensor], Tensor], Slope]:
    """Return an activation, and what makes of its output's pull the one on its argument."""
    aten = torch.ops.aten
    known: dict[str, tuple[Callable[[Tensor], Tensor], Slope]] = {
        "leaky_relu": (
            partial(functional.leaky_relu, negative_slope=LEAK),
            lambda pull, z: aten.leaky_relu_backward(pull, z, LEAK, False),
        ),
        "relu": (torch.relu, lambda pull, z: aten.threshold_backward(pull, z, 0)),
        "tanh": (torch.tanh, lambda pull, z: aten.tanh_backward(pull, torch.tanh(z))),
        "elu": (functional.elu, lambda pull, z: aten.elu_backward(pull, 1, 1, 1, False, z)),
        "silu": (functional.silu, aten.silu_backward),
        "linear": (lambda z: z, lambda pull, z: pull),
    }
    return known[name]
