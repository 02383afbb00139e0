"""The loss of a member and its gradient, written out: autograd would take several times as long at these sizes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor


class Members:
    """The parameters of all members in one buffer, their gradients in another, with views into both.

    Parameters
    ----------
    decoder : Tensor, shape (outputs, dimension, draws)
        A.
    offset : Tensor, shape (outputs, draws)
        Bias minus target.
    embeddings : Tensor, shape (repons, dimension, draws)
        The repons.
    bias_trained : bool
        Whether the offset has a gradient.
    """

    def __init__(self, decoder: Tensor, offset: Tensor, embeddings: Tensor, *, bias_trained: bool) -> None:
        parts, draws = (decoder, offset, embeddings), decoder.shape[-1]
        self.rows = [part.numel() // draws for part in parts]
        self.values = torch.cat([part.reshape(-1, draws) for part in parts])
        self.gradient = torch.zeros_like(self.values)
        ends = np.cumsum([0, *self.rows]).tolist()
        views = [
            [buffer[first:last].view(part.shape) for (first, last), part in zip(pairwise(ends), parts, strict=True)]
            for buffer in (self.values, self.gradient)
        ]
        self.decoder, self.offset, self.embeddings = views[0]
        self._decoder, self._offset, self._embeddings = views[1]
        self._bias_trained = bias_trained

    def loss(self) -> Tensor:
        """Return each member's loss, shape (draws,)."""
        return self._residuals().square().sum((0, 1)) / 2

    def compute_gradients(self) -> None:
        """Write the gradient of each member's loss into the gradient buffer."""
        residuals = self._residuals()
        torch.sum(residuals.unsqueeze(2) * self.embeddings.unsqueeze(1), 0, out=self._decoder)
        torch.sum(residuals.unsqueeze(2) * self.decoder, 1, out=self._embeddings)
        if self._bias_trained:
            torch.sum(residuals, 0, out=self._offset)

    def _residuals(self) -> Tensor:
        """Return A x_i + b - y, shape (repons, outputs, draws)."""
        products: Tensor = self.decoder * self.embeddings.unsqueeze(1)
        return products.sum(2).add_(self.offset)
