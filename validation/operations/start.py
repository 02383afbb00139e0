"""What a network starts from: its training set, its targets, and its initial parameters."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geneft_theory.grokking import TrainingSet
from validation.networks import Layer
from validation.operations.settings import OperationSettings
from validation.tasks import random_stream


class Start(NamedTuple):
    """A network before its first step.

    Attributes
    ----------
    training_set : TrainingSet
        The pairs that it is shown.
    templates : ndarray of float32, shape (labels, outputs)
        What it should say for each label: a random template, or, under cross-entropy, the label's unit vector.
    embeddings : ndarray of float32, shape (p, embedding_dimension)
        One row a symbol; a matrix is written row by row.
    layers : list of Layer
        depth + 1 layers of the decoder.
    """

    training_set: TrainingSet
    templates: NDArray[np.float32]
    embeddings: NDArray[np.float32]
    layers: list[Layer]


def start(settings: OperationSettings) -> Start:
    """Return what a network starts from.

    Parameters
    ----------
    settings : OperationSettings
        The network.

    Returns
    -------
    Start
        A function of the settings alone.

    Examples
    --------
    >>> begin = start(OperationSettings(training_seed=0, seed=0))
    >>> begin.training_set, begin.templates.shape, [layer.weight.shape for layer in begin.layers]
    (TrainingSet(45 of 55 pairs, addition, p=10), (19, 30), [(200, 1), (200, 200), (30, 200)])
    """
    if settings.draws == "official":
        return _official(settings)
    stream = random_stream("parameters", seed=settings.seed, sweep_seed=settings.sweep_seed)
    shape = (settings.table.p, settings.embedding_dimension)
    embeddings = settings.embedding_scale * (stream.random(shape) - 0.5)
    layers = []
    for inputs, outputs in pairwise(_widths(settings)):
        # The rule of torch's Linear.
        bound = 1 / np.sqrt(inputs)
        weight, bias = stream.uniform(-bound, bound, (outputs, inputs)), stream.uniform(-bound, bound, outputs)
        layers.append(Layer(weight.astype(np.float32), bias.astype(np.float32)))
    # Last, so that both losses start from the same hidden layers.
    templates = stream.standard_normal((settings.labels, settings.outputs))
    return Start(training_set(settings), _targets(settings, templates), embeddings.astype(np.float32), layers)


def training_set(settings: OperationSettings) -> TrainingSet:
    """Return the pairs that a network is shown: the first ones of a random order of all samples.

    Training sets of one seed that differ in size contain each other.

    Examples
    --------
    >>> small, large = (OperationSettings(training_pairs=m, training_seed=3, seed=0) for m in (20, 45))
    >>> bool((training_set(small).mask <= training_set(large).mask).all())
    True
    """
    if settings.draws == "official":
        return _official(settings).training_set
    operation = settings.table
    stream = random_stream("pairs", seed=settings.training_seed, sweep_seed=settings.sweep_seed)
    chosen = stream.permutation(len(operation.samples))[: settings.training_pairs]
    return TrainingSet(operation.samples[chosen], operation)


def _official(settings: OperationSettings) -> Start:
    """Return a start as the official code draws it: templates, training set and, by torch, parameters, in this order.

    Its classifier draws templates, too, which it does not use; they move the training set.
    """
    import torch

    operation = settings.table
    legacy = np.random.RandomState(settings.seed)
    templates = legacy.normal(0, 1, (settings.labels, settings.outputs))
    chosen = legacy.choice(len(operation.samples), settings.training_pairs, replace=False)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        embeddings = (torch.rand(operation.p, settings.embedding_dimension) - 1 / 2) * settings.embedding_scale
        modules = [torch.nn.Linear(*shape) for shape in pairwise(_widths(settings))]
    layers = [Layer(module.weight.detach().numpy(), module.bias.detach().numpy()) for module in modules]
    shown = TrainingSet(operation.samples[chosen], operation)
    return Start(shown, _targets(settings, templates), embeddings.numpy(), layers)


def _widths(settings: OperationSettings) -> list[int]:
    return [settings.embedding_dimension, *[settings.width] * settings.depth, settings.outputs]


def _targets(settings: OperationSettings, templates: NDArray[np.float64]) -> NDArray[np.float32]:
    if settings.loss == "cross_entropy":
        return np.eye(settings.labels, dtype=np.float32)
    return templates.astype(np.float32)
