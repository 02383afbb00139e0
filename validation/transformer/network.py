"""K transformers of one shape as one computation, every tensor with the transformer as its first axis.

Two tokens under a causal mask need no table of attention: the first attends to itself alone, and the second divides
its attention between the two by a logistic function of the difference of two scores. That is softmax, written out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from validation.transformer.initial import CLASSIFIER, EMBEDDINGS, POSITIONS, initial_parameters, shapes
from validation.transformer.settings import TransformerSettings

Dropout = Callable[[Tensor], Tensor]
NORM_EPSILON = 1e-5


class Transformers:
    """The parameters of K transformers in one buffer, and what they compute.

    Parameters
    ----------
    networks : sequence of TransformerSettings
        They share all sizes.
    device : torch.device
        Where they live.

    Attributes
    ----------
    values : Tensor, shape (K, parameters)
        Every parameter of every transformer; the embeddings of the symbols come first.
    embedding_count : int
        How many of the parameters of one those are.
    """

    def __init__(self, networks: Sequence[TransformerSettings], device: torch.device) -> None:
        self._settings = networks[0]
        self._shapes = shapes(self._settings)
        self._sizes = [math.prod(shape) for shape in self._shapes.values()]
        rows = [np.concatenate([each.ravel() for each in initial_parameters(one).values()]) for one in networks]
        self.values = torch.from_numpy(np.stack(rows)).to(device).requires_grad_()
        self.embedding_count = self._sizes[0]

    def parameters(self) -> dict[str, Tensor]:
        """Return views of all parameters by name, each with the transformer as first axis."""
        parts = torch.split(self.values, self._sizes, dim=1)
        return {name: part.view(-1, *shape) for (name, shape), part in zip(self._shapes.items(), parts, strict=True)}

    def embeddings(self) -> NDArray[np.float32]:
        """Return a copy of the embeddings of the symbols, shape (K, modulus, embedding_dimension)."""
        table = self.values.detach()[:, : self.embedding_count].cpu().numpy().copy()
        return np.asarray(table.reshape(-1, *self._shapes[EMBEDDINGS]))

    def logits(self, pairs: Tensor, dropout: Dropout | None = None) -> Tensor:
        """Return the outputs of the classifier, shape (K, pairs, modulus).

        Parameters
        ----------
        pairs : Tensor of int64, shape (K, 2, pairs)
            First and second symbols.
        dropout : callable, optional
            Is applied to the sum of the embeddings and to what each block adds, shape (K, 2, pairs, width).
        """
        drop = dropout if dropout is not None else _as_it_is
        parameters = self.parameters()
        stream = drop(_looked_up(parameters[EMBEDDINGS], pairs) + parameters[POSITIONS].unsqueeze(2))
        for layer in range(self._settings.layers):
            own = {name: parameters[f"layer{layer}.{name}"] for name in _names_of_a_layer(parameters)}
            stream = stream + drop(_attention(own, stream, self._settings.heads))
            stream = stream + drop(_mlp(own, stream, self._settings.activation))
        both = _normalised(parameters, "norm", stream)
        return _linear(parameters, CLASSIFIER, torch.cat([both[:, 0], both[:, 1]], dim=2))


def _names_of_a_layer(parameters: dict[str, Tensor]) -> list[str]:
    return [name.removeprefix("layer0.") for name in parameters if name.startswith("layer0.")]


def _as_it_is(values: Tensor) -> Tensor:
    return values


def _looked_up(tables: Tensor, pairs: Tensor) -> Tensor:
    """Return the rows of K tables, one table a transformer."""
    count, rows = tables.shape[:2]
    first_rows = torch.arange(0, count * rows, rows, device=pairs.device).view(-1, 1, 1)
    return functional.embedding(pairs + first_rows, tables.reshape(count * rows, -1))


def _linear(parameters: dict[str, Tensor], name: str, inputs: Tensor) -> Tensor:
    """Return inputs times weight plus bias; the inputs' axes between the first and the last are samples."""
    weight, bias = parameters[f"{name}.weight"], parameters[f"{name}.bias"]
    if weight.shape[0] == 1:
        # One matrix product takes a faster path through the library than a batch of one.
        return functional.linear(inputs, weight[0].t(), bias[0])
    outputs = torch.baddbmm(bias.unsqueeze(1), inputs.flatten(1, -2), weight)
    return outputs.view(*inputs.shape[:-1], -1)


def _normalised(parameters: dict[str, Tensor], name: str, values: Tensor) -> Tensor:
    scale, shift = parameters[f"{name}.scale"], parameters[f"{name}.shift"]
    if scale.shape[0] == 1:
        return functional.layer_norm(values, values.shape[-1:], scale[0], shift[0], NORM_EPSILON)
    whitened = functional.layer_norm(values, values.shape[-1:], eps=NORM_EPSILON)
    return torch.addcmul(shift.view(-1, 1, 1, shift.shape[-1]), whitened, scale.view(-1, 1, 1, scale.shape[-1]))


def _attention(own: dict[str, Tensor], stream: Tensor, heads: int) -> Tensor:
    """Return what causal self-attention adds to the streams of two tokens, shape (K, 2, pairs, width)."""
    values = _normalised(own, "attention.norm", stream)
    # The first token's query decides nothing: it can attend to itself only.
    query = _linear(own, "attention.query", values[:, 1])
    key, value = _linear(own, "attention.key", values), _linear(own, "attention.value", values)
    apart = _by_head(query * (key[:, 0] - key[:, 1]), heads).sum(-1, keepdim=True)
    on_first = torch.sigmoid(apart / math.sqrt(stream.shape[-1] // heads))
    first, second = value[:, 0], value[:, 1]
    mixed = torch.lerp(_by_head(second, heads), _by_head(first, heads), on_first).flatten(-2)
    return _linear(own, "attention.output", torch.stack([first, mixed], dim=1))


def _by_head(values: Tensor, heads: int) -> Tensor:
    """Return values with the width divided among the heads, the last axis within one."""
    return values.reshape(*values.shape[:-1], heads, -1)


def _mlp(own: dict[str, Tensor], stream: Tensor, activation: str) -> Tensor:
    hidden = _linear(own, "mlp.hidden", _normalised(own, "mlp.norm", stream))
    hidden = functional.relu(hidden) if activation == "relu" else functional.gelu(hidden)
    return _linear(own, "mlp.output", hidden)
