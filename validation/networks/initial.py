"""Initial parameters, drawn in numpy, so that they depend on no torch version and on no other network."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from validation.networks.settings import NetworkSettings
from validation.tasks import random_stream


class Layer(NamedTuple):
    """Weight (outputs, inputs) and bias (outputs,) of a fully connected layer, in float32."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]


def initial_embeddings(settings: NetworkSettings) -> NDArray[np.float32]:
    """Return the initial embeddings: independent normal numbers with standard deviation `embedding_scale`.

    They come first in the replicate's parameter stream, so that replicates which differ only in their mode or
    decoder start from the same embeddings.

    Parameters
    ----------
    settings : NetworkSettings
        The network.

    Returns
    -------
    numpy.ndarray of float32, shape (n, embedding_dimension)
        Row i is the embedding of symbol i.

    Examples
    --------
    >>> initial_embeddings(NetworkSettings(relation="modulo:3", fraction=0.75, seed=0)).shape
    (30, 2)
    """
    return _draw_embeddings(settings, _parameter_stream(settings))


def initial_decoder(settings: NetworkSettings) -> list[Layer]:
    """Return the decoder's initial layers: weights and biases uniform in +-1/sqrt(inputs), the rule of torch's Linear.

    A pair's features are ordered component by component, (E1_0, E2_0, E1_1, E2_1, ...), under concatenation.

    Parameters
    ----------
    settings : NetworkSettings
        The network.

    Returns
    -------
    list of Layer
        depth + 1 layers from the features to the single output; none for an ideal head.

    Examples
    --------
    >>> settings = NetworkSettings(relation="modulo:3", fraction=0.75, seed=0)
    >>> [layer.weight.shape for layer in initial_decoder(settings)]
    [(50, 4), (50, 50), (50, 50), (1, 50)]
    """
    if not settings.has_decoder:
        return []
    stream = _parameter_stream(settings)
    _draw_embeddings(settings, stream)
    sizes = [settings.features, *[settings.width] * settings.depth, 1]
    layers = []
    for inputs, outputs in pairwise(sizes):
        bound = 1 / np.sqrt(inputs)
        weight, bias = stream.uniform(-bound, bound, (outputs, inputs)), stream.uniform(-bound, bound, outputs)
        layers.append(Layer(weight.astype(np.float32), bias.astype(np.float32)))
    return layers


def _parameter_stream(settings: NetworkSettings) -> np.random.Generator:
    return random_stream("parameters", seed=settings.seed, sweep_seed=settings.sweep_seed)


def _draw_embeddings(settings: NetworkSettings, stream: np.random.Generator) -> NDArray[np.float32]:
    normal = stream.standard_normal((settings.n, settings.embedding_dimension))
    return (settings.embedding_scale * normal).astype(np.float32)
