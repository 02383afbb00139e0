"""The recurrent networks of an ensemble, their states and their gradients, by batched products of matrices."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from validation.parity.settings import ParitySettings
from validation.parity.strings import bits
from validation.tasks.streams import random_stream

Array = NDArray[np.float64]


class Ensemble:
    """K networks of one shape.

    The weights of a state and of a bit are one matrix, of shape (K, units + 2, units), so that a step in time is one
    product; every bit's row has the bias added to it.
    """

    def __init__(self, networks: Sequence[ParitySettings], device: str) -> None:
        first = networks[0]
        drawn = [_initial(settings) for settings in networks]
        self._tanh = first.activation == "tanh"
        self.units = first.units

        def stacked(part: int) -> Tensor:
            return torch.as_tensor(np.stack([draws[part] for draws in drawn]), dtype=torch.float32, device=device)

        self.weights, self.read_out = stacked(0), stacked(1)
        self.bias = torch.zeros(len(networks), 1, self.units, device=device)
        self.offset = torch.zeros(len(networks), 1, 2, device=device)
        self._eta = torch.tensor([settings.eta for settings in networks], device=device)[:, None, None]

    def parts(self) -> dict[str, Tensor]:
        """Return all parameters by name."""
        return {"weights": self.weights, "bias": self.bias, "read_out": self.read_out, "offset": self.offset}

    def _matrix(self, kind: torch.dtype = torch.float32) -> Tensor:
        matrix = self.weights.to(kind, copy=True)
        matrix[:, self.units :] += self.bias.to(kind)
        return matrix

    def _activate_(self, values: Tensor) -> Tensor:
        return values.tanh_() if self._tanh else values.clamp_(min=0)

    def step(self, batch: Batch, targets: Tensor) -> None:
        """Take a gradient step on the mean squared error of a batch, targets of shape (K, strings, 2)."""
        matrix, states, length, units = self._matrix(), batch.states, batch.length, self.units
        for t in range(length):
            states[:, t + 1, :, :units] = self._activate_(torch.bmm(states[:, t], matrix))
        last = states[:, length, :, :units]
        error = torch.baddbmm(self.offset, last, self.read_out).sub_(targets)
        # d/dy of the mean over strings and both outputs.
        error *= 2 / (error.shape[1] * error.shape[2])
        backward, slopes = self.weights[:, :units].mT, batch.slopes
        gradient = torch.bmm(error, self.read_out.mT)
        for t in reversed(range(length)):
            after = states[:, t + 1, :, :units]
            slope = 1 - after.square() if self._tanh else after > 0
            torch.mul(gradient, slope, out=slopes[:, t])
            if t:
                gradient = torch.bmm(slopes[:, t], backward)
        change = torch.bmm(states[:, :length].flatten(1, 2).mT, slopes.flatten(1, 2))
        self.read_out -= self._eta * torch.bmm(last.mT, error)
        self.offset -= self._eta * error.sum(1, keepdim=True)
        self.weights -= self._eta * change
        # The two biases of torch's network have the same gradient, that of the bits' rows together.
        self.bias -= 2 * self._eta * change[:, units:].sum(1, keepdim=True)

    def tree(self, length: int) -> tuple[Array, Array]:
        """Return states (K, n, units) and outputs (K, n, 2) of all strings up to a length, in float64."""
        matrix, units = self._matrix(torch.float64), self.units
        level = torch.ones(len(matrix), 1, units, dtype=torch.float64, device=matrix.device)
        levels = []
        for _ in range(length):
            moved = torch.bmm(level, matrix[:, :units])
            after = [self._activate_(moved + matrix[:, units + bit : units + bit + 1]) for bit in (0, 1)]
            level = torch.stack(after, 2).flatten(1, 2)
            levels.append(level)
        states = torch.cat(levels, 1)
        outputs = torch.baddbmm(self.offset.double(), states, self.read_out.double())
        return states.cpu().numpy(), outputs.cpu().numpy()

    def answers(self, strings: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the outputs (K, S, 2) for strings of one length, own ones for each network, shape (K, S, length)."""
        matrix, units = self._matrix(), self.units
        zero, one = matrix[:, units : units + 1], matrix[:, units + 1 :]
        state = torch.ones(*strings.shape[:2], units, device=matrix.device)
        order = torch.as_tensor(strings.transpose(2, 0, 1).copy(), device=matrix.device)
        for now in order:
            arriving = torch.where(now[..., None] == 1, one, zero)
            state = self._activate_(torch.baddbmm(arriving, state, matrix[:, :units]))
        outputs: NDArray[np.float32] = torch.baddbmm(self.offset, state, self.read_out).cpu().numpy()
        return outputs


class Batch:
    """Room for the states of a batch of strings of one length, with the strings themselves beside them.

    Parameters
    ----------
    members : Tensor of int, shape (K, S)
        Which strings of their length.
    length : int
        Their length.
    units : int
        Components of a state.
    """

    def __init__(self, members: Tensor, length: int, units: int) -> None:
        networks, strings = members.shape
        self.length = length
        self.states = torch.empty(networks, length + 1, strings, units + 2, device=members.device)
        self.states[:, 0, :, :units] = 1
        self.slopes = torch.empty(networks, length, strings, units, device=members.device)
        self._bits = torch.as_tensor(bits(length), device=members.device)
        self.fill(members)

    def fill(self, members: Tensor) -> None:
        """Put other strings of the same length in."""
        ones = self._bits[members].mT.to(self.states.dtype)
        units = self.slopes.shape[-1]
        self.states[:, : self.length, :, units] = 1 - ones
        self.states[:, : self.length, :, units + 1] = ones


def _initial(settings: ParitySettings) -> tuple[Array, Array]:
    """Return the weights of state and bit, shape (units + 2, units), and of the read-out, shape (units, 2)."""
    stream = random_stream("parameters", seed=settings.seed, sweep_seed=settings.sweep_seed)
    units = settings.units
    parts = []
    for shape in ((units, units), (2, units), (units, 2)):
        parts.append(settings.gain * np.sqrt(2 / sum(shape)) * stream.standard_normal(shape))
    return np.concatenate(parts[:2]), parts[2]


def batches(count: int, size: int) -> list[slice]:
    """Return the batches of an epoch among `count` strings.

    Examples
    --------
    >>> [(part.start, part.stop) for part in batches(300, 128)]
    [(0, 128), (128, 256), (256, 300)]
    """
    return [slice(*ends) for ends in pairwise([*range(0, count, size), count])]
