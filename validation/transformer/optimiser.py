"""AdamW on the buffer of K transformers: a learning rate and a weight decay for embeddings, others for the decoder.

The arithmetic is that of torch.optim.AdamW, in its order of operations.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from validation.transformer.network import Transformers
from validation.transformer.settings import TransformerSettings


class AdamW:
    """Moves the parameters of K transformers, each by its own rates.

    Attributes
    ----------
    first, second : Tensor, shape (K, parameters)
        Moments of the gradient.
    steps : int
        Steps taken.
    """

    def __init__(self, transformers: Transformers, networks: Sequence[TransformerSettings]) -> None:
        self._values, common = transformers.values, networks[0]
        self._betas, self._epsilon = (common.beta_first, common.beta_second), common.adam_epsilon

        def spread(encoder: Sequence[float], decoder: Sequence[float]) -> Tensor:
            ends = torch.tensor([encoder, decoder], dtype=torch.float64).t().unsqueeze(2)
            counts = transformers.embedding_count, self._values.shape[1] - transformers.embedding_count
            parts = [ends[:, k].expand(-1, count) for k, count in enumerate(counts)]
            return torch.cat(parts, dim=1).float().to(self._values.device)

        rates = [each.eta_encoder for each in networks], [each.eta_decoder for each in networks]
        self._rates = spread(*rates)
        kept = [1 - each.eta_decoder * each.weight_decay for each in networks]
        self._kept = None if all(each.weight_decay == 0 for each in networks) else spread([1.0] * len(networks), kept)
        self.first, self.second = torch.zeros_like(self._values), torch.zeros_like(self._values)
        self.steps = 0

    def step(self, gradient: Tensor) -> None:
        """Take one step along the gradient, shape (K, parameters)."""
        self.steps += 1
        beta_first, beta_second = self._betas
        with torch.no_grad():
            if self._kept is not None:
                self._values.mul_(self._kept)
            self.first.lerp_(gradient, 1 - beta_first)
            self.second.mul_(beta_second).addcmul_(gradient, gradient, value=1 - beta_second)
            spread = (self.second.sqrt() / (1 - beta_second**self.steps) ** 0.5).add_(self._epsilon)
            self._values.addcmul_(self.first / spread, self._rates, value=-1 / (1 - beta_first**self.steps))
