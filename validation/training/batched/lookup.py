"""From embeddings to the features of each pair, and back from their gradient to the embeddings' gradient.

Gathering beats the product with a one-hot matrix by three times at 30 symbols and thirty times at 100, and
scatter_add_ along the last axis adds in a fixed order on the CPU, so that it is reproducible.
"""

from __future__ import annotations

import torch
from torch import Tensor

from validation.networks import MODES


class PairLookup:
    """The features (K, features, S) that K networks compute from S pairs each.

    Parameters
    ----------
    mode : str
        One of `validation.networks.MODES`.
    embeddings, gradients : Tensor, shape (K, d, n)
        The tables that are read, and where `backward` writes their gradient.
    pairs : Tensor of int64, shape (K or 1, S)
        Pairs, numbered i * n + j.
    features : Tensor, shape (K, features, S)
        Where `forward` writes.
    """

    def __init__(self, mode: str, embeddings: Tensor, gradients: Tensor, pairs: Tensor, features: Tensor) -> None:
        self._embeddings, self._gradients, self._features = embeddings, gradients, features
        networks, dimensions, symbols = embeddings.shape
        first, second = pairs // symbols, pairs % symbols
        # Both members of every pair in one row: one gather instead of two.
        both = torch.cat([first, second], dim=1)
        self._index = both.unsqueeze(1).expand(networks, dimensions, -1)
        self._gathered = embeddings.new_empty(networks, dimensions, both.shape[1])
        samples = pairs.shape[1]
        self._first, self._second = self._gathered[..., :samples], self._gathered[..., samples:]
        self._concatenates = MODES[mode].features_per_dimension == 2
        self._squares = mode == "squared_difference"
        self._difference = embeddings.new_empty(0 if self._concatenates else (networks, dimensions, samples))

    def forward(self) -> None:
        """Write the features of all pairs."""
        torch.gather(self._embeddings, 2, self._index, out=self._gathered)
        if self._concatenates:
            # (K, d, 2 S) is (K, 2 d, S) in memory: components in turn, for each of them first member, second member.
            self._features.copy_(self._gathered.view(self._features.shape))
        elif self._squares:
            torch.sub(self._first, self._second, out=self._difference)
            torch.mul(self._difference, self._difference, out=self._features)
        else:
            torch.sub(self._first, self._second, out=self._features)

    def backward(self, gradient: Tensor) -> None:
        """Write the gradient of the embeddings, given that of the features; overwrites its argument."""
        if self._concatenates:
            gathered = gradient.view(self._gathered.shape)
        else:
            if self._squares:
                gradient.mul_(self._difference).mul_(2)
            self._first.copy_(gradient)
            torch.neg(gradient, out=self._second)
            gathered = self._gathered
        self._gradients.zero_().scatter_add_(2, self._index, gathered)
