"""Adam, AdamW and SGD on the flat buffer of a chunk, with a learning rate and a weight decay for each parameter.

The arithmetic is that of torch.optim, in its order of operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch

from validation.networks import NetworkSettings
from validation.training.batched.parameters import Parameters


class Optimizer(Protocol):
    """Moves the parameters by one step along their gradients; remembers the steps taken and a few moments."""

    steps: int
    moments: tuple[torch.Tensor, ...]

    def step(self) -> None:
        """Take one step."""


class Adam:
    """Adam with weight decay in the gradient, or, if decoupled (AdamW), on the parameters directly."""

    def __init__(self, parameters: Parameters, networks: Sequence[NetworkSettings], *, decoupled: bool) -> None:
        self._values, self._gradients = parameters.values, parameters.gradients
        self._rates, self._decays = _rates_and_decays(parameters, networks)
        self._decoupled = decoupled
        self._beta_first, self._beta_second = networks[0].beta_first, networks[0].beta_second
        self._epsilon = networks[0].adam_epsilon
        self._first_moment = torch.zeros_like(self._values)
        self._second_moment = torch.zeros_like(self._values)
        self._scratch = torch.zeros_like(self._values)
        self.steps = 0
        self.moments: tuple[torch.Tensor, ...] = (self._first_moment, self._second_moment)

    def step(self) -> None:
        """Take one step."""
        self.steps += 1
        if self._decays is not None:
            if self._decoupled:
                torch.mul(self._rates, self._decays, out=self._scratch)
                self._values.addcmul_(self._values, self._scratch, value=-1)
            else:
                self._gradients.addcmul_(self._values, self._decays)
        self._first_moment.lerp_(self._gradients, 1 - self._beta_first)
        self._second_moment.mul_(self._beta_second)
        self._second_moment.addcmul_(self._gradients, self._gradients, value=1 - self._beta_second)
        correction = 1 - self._beta_second**self.steps
        torch.sqrt(self._second_moment, out=self._scratch)
        self._scratch.div_(correction**0.5).add_(self._epsilon)
        torch.div(self._first_moment, self._scratch, out=self._scratch)
        self._values.addcmul_(self._scratch, self._rates, value=-1 / (1 - self._beta_first**self.steps))


class StochasticGradientDescent:
    """Gradient descent with heavy-ball momentum; full batch, so nothing is stochastic but the name."""

    def __init__(self, parameters: Parameters, networks: Sequence[NetworkSettings]) -> None:
        self._values, self._gradients = parameters.values, parameters.gradients
        self._rates, self._decays = _rates_and_decays(parameters, networks)
        self._momentum = networks[0].momentum
        self._velocity = torch.zeros_like(self._values)
        self.steps = 0
        self.moments: tuple[torch.Tensor, ...] = (self._velocity,)

    def step(self) -> None:
        """Take one step."""
        self.steps += 1
        if self._decays is not None:
            self._gradients.addcmul_(self._values, self._decays)
        self._velocity.mul_(self._momentum).add_(self._gradients)
        self._values.addcmul_(self._velocity, self._rates, value=-1)


def optimizer(parameters: Parameters, networks: Sequence[NetworkSettings]) -> Optimizer:
    """Return the optimiser that the settings name."""
    if networks[0].optimizer == "sgd":
        return StochasticGradientDescent(parameters, networks)
    return Adam(parameters, networks, decoupled=networks[0].optimizer == "adamw")


def _rates_and_decays(
    parameters: Parameters, networks: Sequence[NetworkSettings]
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return learning rate and weight decay of every parameter; None where no network decays."""
    rates = parameters.spread([s.eta_encoder for s in networks], [s.eta_decoder for s in networks])
    decays = parameters.spread([s.weight_decay_encoder for s in networks], [s.weight_decay_decoder for s in networks])
    return rates, decays if bool(decays.any()) else None
