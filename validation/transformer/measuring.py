"""What is measured of transformers in training: answers on all pairs, and the shape of their embeddings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from validation.measure import effective_dimension, fourier_concentration
from validation.tasks import training_pairs
from validation.transformer.network import Transformers
from validation.transformer.settings import TransformerSettings

Array = NDArray[np.float64]


class Pairs(NamedTuple):
    """All ordered pairs of K transformers, those trained on first.

    Attributes
    ----------
    symbols : Tensor of int64, shape (K, 2, modulus**2)
        First and second symbols.
    sums : Tensor of int64, shape (K, modulus**2)
        Their sums modulo p.
    trained : int
        How many are trained on.
    """

    symbols: Tensor
    sums: Tensor
    trained: int


class Answers(NamedTuple):
    """Accuracies and mean losses of K transformers on the training pairs and on the others, each of shape (K,)."""

    train_accuracy: Array
    held_out_accuracy: Array
    train_loss: Array
    held_out_loss: Array


class Record(NamedTuple):
    """Everything measured of K transformers at one step, each of shape (K,)."""

    train_accuracy: Array
    held_out_accuracy: Array
    train_loss: Array
    held_out_loss: Array
    effective_dimension: Array
    fourier_concentration: Array


def all_pairs(networks: Sequence[TransformerSettings], device: torch.device) -> Pairs:
    """Return the ordered pairs of every transformer, its training set first, then the others in ascending order."""
    modulus = networks[0].modulus
    orders = []
    for settings in networks:
        trained = training_pairs(
            modulus, settings.training_fraction, seed=settings.training_seed, sweep_seed=settings.sweep_seed
        )
        orders.append(np.concatenate([trained, np.setdiff1d(np.arange(modulus**2), trained)]))
    order = np.stack(orders)
    symbols = np.stack([order // modulus, order % modulus], axis=1)
    sums = symbols.sum(1) % modulus
    return Pairs(torch.from_numpy(symbols).to(device), torch.from_numpy(sums).to(device), networks[0].training_pairs)


def answers(transformers: Transformers, pairs: Pairs) -> Answers:
    """Return how well transformers answer now, without dropout."""
    with torch.no_grad():
        logits = transformers.logits(pairs.symbols)
        right = (logits.argmax(2) == pairs.sums).double()
        losses = functional.cross_entropy(logits.transpose(1, 2), pairs.sums, reduction="none").double()
        # An output that is not a number is no answer, wherever argmax finds it.
        right = torch.where(losses.isfinite(), right, 0.0)
        parts = [part.mean(1) for each in (right, losses) for part in _divided(each, pairs.trained)]
    return Answers(*(part.cpu().numpy() for part in parts))


def _divided(values: Tensor, trained: int) -> tuple[Tensor, Tensor]:
    return values[:, :trained], values[:, trained:]


def record(transformers: Transformers, answered: Answers, frequencies: int) -> Record:
    """Return everything that is measured of transformers, given their answers."""
    tables = transformers.embeddings()
    return Record(
        *answered,
        effective_dimension=measured(effective_dimension, tables),
        fourier_concentration=measured(lambda table: fourier_concentration(table, frequencies), tables),
    )


def measured(
    measure: Callable[[NDArray[np.float32]], Array], tables: NDArray[np.float32], shape: tuple[int, ...] = ()
) -> Array:
    """Return a measure of every table, of the given shape each; nan for a table with an entry that is not finite.

    Examples
    --------
    >>> tables = np.array([[[0.0], [1.0]], [[0.0], [np.nan]]], dtype=np.float32)
    >>> measured(effective_dimension, tables)
    array([ 1., nan])
    """
    found = np.full((len(tables), *shape), np.nan)
    for place, table in enumerate(tables):
        if np.isfinite(table).all():
            found[place] = measure(table)
    return found
