"""The gradient of the mean loss over the training pairs with respect to the outputs, (K, S).

Weights are 1 / (number of training pairs of the network) on its pairs and 0 on the padding.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from validation.networks import NetworkSettings


class LossGradient(Protocol):
    """The gradient of one loss on fixed targets."""

    def of(self, output: Tensor) -> Tensor:
        """Return the gradient, given the outputs (K, S); the next call may overwrite it."""


class LogitCrossEntropy:
    """log(1 + exp(-s z)) of a logit z, with s = +1 where the relation holds and -1 elsewhere."""

    def __init__(self, targets: Tensor, weights: Tensor) -> None:
        self._signs = 2 * targets - 1
        self._scale = -self._signs * weights
        self._gradient = torch.zeros_like(weights)

    def of(self, output: Tensor) -> Tensor:
        """Return the gradient."""
        # -s / (1 + exp(s z)) keeps its relative accuracy on pairs that are already learned, for both answers.
        torch.mul(self._signs, output, out=self._gradient)
        return self._gradient.exp_().add_(1).reciprocal_().mul_(self._scale)


class OutputCrossEntropy:
    """Binary cross-entropy of an output clamped to [clamp, 1 - clamp]; the gradient is 0 outside."""

    def __init__(self, targets: Tensor, weights: Tensor, clamp: float) -> None:
        self._targets, self._weights, self._clamp = targets, weights, clamp

    def of(self, output: Tensor) -> Tensor:
        """Return the gradient."""
        clamped = output.clamp(self._clamp, 1 - self._clamp)
        inside = self._weights * (output >= self._clamp) * (output <= 1 - self._clamp)
        return (clamped - self._targets) / (clamped * (1 - clamped)) * inside


class SquaredError:
    """(output - target)^2, without a factor 1/2."""

    def __init__(self, targets: Tensor, weights: Tensor) -> None:
        self._targets, self._scale = targets, 2 * weights
        self._gradient = torch.zeros_like(weights)

    def of(self, output: Tensor) -> Tensor:
        """Return the gradient."""
        torch.sub(output, self._targets, out=self._gradient)
        return self._gradient.mul_(self._scale)


def loss_gradient(settings: NetworkSettings, targets: Tensor, weights: Tensor) -> LossGradient:
    """Return the gradient of the loss that the settings name, for float targets and weights of shape (K, S)."""
    if settings.loss == "mean_squared_error":
        return SquaredError(targets, weights)
    if settings.has_decoder:
        return LogitCrossEntropy(targets, weights)
    return OutputCrossEntropy(targets, weights, settings.output_clamp)
