"""A transformer's parameters by name: their shapes, and their initial values, drawn in NumPy."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from validation.tasks import random_stream
from validation.transformer.settings import TransformerSettings

EMBEDDINGS = "embeddings"
POSITIONS = "positions"
CLASSIFIER = "classifier"


def shapes(settings: TransformerSettings) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter, the embeddings of the symbols first; a weight is (inputs, outputs).

    Examples
    --------
    >>> settings = TransformerSettings(modulus=11, embedding_dimension=8, hidden_width=16, seed=0, training_seed=0)
    >>> [name for name, shape in shapes(settings).items() if shape == (8, 16)]
    ['layer0.mlp.hidden.weight']
    """
    width, hidden = settings.embedding_dimension, settings.hidden_width
    found: dict[str, tuple[int, ...]] = {EMBEDDINGS: (settings.modulus, width), POSITIONS: (2, width)}

    def add_linear(name: str, inputs: int, outputs: int) -> None:
        found[f"{name}.weight"], found[f"{name}.bias"] = (inputs, outputs), (outputs,)

    def add_norm(name: str) -> None:
        found[f"{name}.scale"], found[f"{name}.shift"] = (width,), (width,)

    for layer in range(settings.layers):
        add_norm(f"layer{layer}.attention.norm")
        for part in ("query", "key", "value", "output"):
            add_linear(f"layer{layer}.attention.{part}", width, width)
        add_norm(f"layer{layer}.mlp.norm")
        add_linear(f"layer{layer}.mlp.hidden", width, hidden)
        add_linear(f"layer{layer}.mlp.output", hidden, width)
    add_norm("norm")
    add_linear(CLASSIFIER, 2 * width, settings.modulus)
    return found


def initial_parameters(settings: TransformerSettings) -> dict[str, NDArray[np.float32]]:
    """Return the initial values, from the replicate's own stream of random numbers.

    Embeddings of symbols are normal with the settings' standard deviation, those of the two positions with 0.01;
    weights and biases are uniform in +-1/sqrt(inputs), the rule of torch's Linear; layer normalisations start as such.

    Examples
    --------
    >>> settings = TransformerSettings(modulus=11, embedding_dimension=8, seed=0, training_seed=0)
    >>> initial_parameters(settings)["embeddings"].shape
    (11, 8)
    """
    stream = random_stream("parameters", seed=settings.seed, sweep_seed=settings.sweep_seed)
    values: dict[str, NDArray[np.float32]] = {}
    bound = math.nan
    for name, shape in shapes(settings).items():
        if name == EMBEDDINGS:
            drawn = settings.embedding_scale * stream.standard_normal(shape)
        elif name == POSITIONS:
            drawn = 0.01 * stream.standard_normal(shape)
        elif name.endswith((".scale", ".shift")):
            drawn = np.full(shape, float(name.endswith(".scale")))
        else:
            # The weight comes before its bias and has the number of inputs.
            bound = 1 / math.sqrt(shape[0]) if len(shape) == 2 else bound
            drawn = stream.uniform(-bound, bound, shape)
        values[name] = drawn.astype(np.float32)
    return values
