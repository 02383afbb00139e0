"""The parameters of a chunk in one flat buffer, so that an optimiser step is a few element-wise calls.

The buffer is a row of blocks: the embeddings of all networks, then the first layer of all networks, and so on. Each
block is contiguous, which batched matrix products need to write into it without a detour.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from validation.networks import NetworkSettings, initial_decoder, initial_embeddings


class Parameters:
    """Values and gradients of all parameters of K networks, with views of each part.

    Attributes
    ----------
    values, gradients : Tensor, shape (K * parameters of a network,)
        The flat buffers that the optimiser works on.
    embeddings, embedding_gradients : Tensor, shape (K, embedding_dimension, n)
        Views of the first block. Embeddings lie feature-major, like everything that follows from them.
    layers, layer_gradients : list of Tensor, each (K, inputs + 1, outputs)
        Views of the decoder's blocks; the last row is the bias.
    """

    def __init__(self, networks: Sequence[NetworkSettings], device: torch.device, dtype: torch.dtype) -> None:
        blocks = [np.stack([initial_embeddings(network).T for network in networks])]
        decoders = [initial_decoder(network) for network in networks]
        for layers in zip(*decoders, strict=True):
            blocks.append(np.stack([np.vstack([layer.weight.T, layer.bias]) for layer in layers]))
        self.values = torch.from_numpy(np.concatenate([block.ravel() for block in blocks])).to(device, dtype)
        self.gradients = torch.zeros_like(self.values)
        self._shapes = [block.shape for block in blocks]
        self.embeddings, *self.layers = self.parts(self.values)
        self.embedding_gradients, *self.layer_gradients = self.parts(self.gradients)

    def parts(self, flat: Tensor) -> list[Tensor]:
        """Return the blocks of a buffer like `values` as views; the first axis of each is the network."""
        sizes = [math.prod(shape) for shape in self._shapes]
        return [block.view(shape) for block, shape in zip(torch.split(flat, sizes), self._shapes, strict=True)]

    def spread(self, encoder: Sequence[float], decoder: Sequence[float]) -> Tensor:
        """Return a buffer like `values` that holds each network's encoder or decoder number at each parameter."""
        buffer = torch.empty_like(self.values)
        for view, numbers in zip(self.parts(buffer), [encoder, *[decoder] * len(self.layers)], strict=True):
            view.copy_(torch.tensor(numbers, dtype=buffer.dtype).view(-1, 1, 1))
        return buffer

    def finite(self) -> Tensor:
        """Return for each network whether all its parameters are finite, as a bool tensor of shape (K,)."""
        parts = [self.embeddings, *self.layers]
        return torch.stack([part.isfinite().flatten(1).all(1) for part in parts]).all(0)
