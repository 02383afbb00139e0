"""One network that learns an operation, as a plain torch module with automatic differentiation.

It is the oracle of the ensemble engine, and, with official draws, the official run: it measures when the official code
does, and counts as it does.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from geneft_theory import grokking
from validation.operations.settings import (
    ADAM_EPSILON,
    BETA_FIRST,
    BETA_SECOND,
    STRUCTURE,
    THRESHOLD,
    OperationSettings,
)
from validation.operations.start import start
from validation.sweeps.executors.cores import single_threaded

NEVER = -1


class ReferenceNetwork(nn.Module):
    """Embeddings and decoder of one network, with its initial parameters.

    Parameters
    ----------
    settings : OperationSettings
        The network.

    Examples
    --------
    >>> network = ReferenceNetwork(OperationSettings(training_seed=0, seed=0))
    >>> network(torch.tensor([[0, 1], [3, 5]])).shape
    torch.Size([2, 30])
    """

    def __init__(self, settings: OperationSettings) -> None:
        super().__init__()
        self.settings, self.start = settings, start(settings)
        self.embeddings = nn.Parameter(torch.tensor(self.start.embeddings))
        modules: list[nn.Module] = []
        for weight, bias in self.start.layers:
            linear = nn.Linear(weight.shape[1], weight.shape[0])
            linear.load_state_dict({"weight": torch.tensor(weight), "bias": torch.tensor(bias)})
            modules += [linear, nn.Tanh()]
        self.decoder = nn.Sequential(*modules[:-1])
        self.templates = torch.tensor(self.start.templates)

    def forward(self, pairs: Tensor) -> Tensor:
        """Return the outputs, shape (S, outputs), for S pairs of symbols."""
        first, second = self.embeddings[pairs[:, 0]], self.embeddings[pairs[:, 1]]
        if not self.settings.multiplies:
            return torch.as_tensor(self.decoder(first + second))
        size = round(self.settings.embedding_dimension**0.5)
        product = first.view(-1, size, size) @ second.view(-1, size, size)
        return torch.as_tensor(self.decoder(product.flatten(1)))

    def loss(self, outputs: Tensor, labels: Tensor) -> Tensor:
        """Return the mean loss of outputs (S, outputs) against labels (S,), without the penalty."""
        if self.settings.loss == "cross_entropy":
            return nn.functional.cross_entropy(outputs, labels)
        return nn.functional.mse_loss(outputs, self.templates[labels])

    def accuracy(self, outputs: Tensor, labels: Tensor) -> float:
        """Return the fraction of right answers: the nearest template, or the largest logit."""
        if self.settings.loss == "cross_entropy":
            answers = outputs.argmax(1)
        else:
            answers = (outputs[:, None] - self.templates).square().sum(2).argmin(1)
        return (answers == labels).double().mean().item()

    def optimizer(self) -> torch.optim.Optimizer:
        """Return the torch optimiser that the settings describe."""
        settings = self.settings
        groups = [
            ([self.embeddings], settings.eta_encoder, settings.weight_decay_encoder),
            (list(self.decoder.parameters()), settings.eta_decoder, settings.weight_decay_decoder),
        ]
        described = [{"params": own, "lr": rate, "weight_decay": decay} for own, rate, decay in groups]
        if settings.optimizer == "sgd":
            # Without momentum, decay in the gradient and decay of the parameters are the same.
            return torch.optim.SGD(described)
        return torch.optim.AdamW(described, betas=(BETA_FIRST, BETA_SECOND), eps=ADAM_EPSILON)


class OfficialCourse(NamedTuple):
    """A training as the official code counts it: steps from 0, the held-out pairs before a step, all else after it.

    Attributes
    ----------
    steps_to_train, steps_to_test, steps_to_structure : int
        First step with an accuracy of at least 0.9, and with a representation quality above 0.95; -1 for never.
    train_losses : list of float
        Loss before each step.
    embeddings : ndarray, shape (steps, p, embedding_dimension)
        After each step.
    """

    steps_to_train: int
    steps_to_test: int
    steps_to_structure: int
    train_losses: list[float]
    embeddings: NDArray[np.float32]


def train_reference(settings: OperationSettings, steps: int | None = None) -> OfficialCourse:
    """Train one network by the plain loop.

    Parameters
    ----------
    settings : OperationSettings
        The network.
    steps : int, optional
        How many steps to take instead of ``settings.steps``.

    Returns
    -------
    OfficialCourse
        What the official code reports.

    Examples
    --------
    >>> course = train_reference(OperationSettings(training_seed=58, seed=58, draws="official"), steps=20)
    >>> round(course.train_losses[0], 6)
    0.981266
    """
    # Operations as short as these lose more by meeting at barriers than they gain from several cores.
    with single_threaded():
        return _train(settings, settings.steps if steps is None else steps)


def _train(settings: OperationSettings, steps: int) -> OfficialCourse:
    network = ReferenceNetwork(settings)
    trained, tested = network.start.training_set.pairs, network.start.training_set.held_out
    operation = settings.table
    data = [
        (torch.tensor(pairs), torch.tensor(operation.classes[operation.positions[tuple(pairs.T)]]))
        for pairs in (trained, tested)
    ]
    optimizer = network.optimizer()
    first, losses, path = [NEVER] * 3, [], []
    for step in range(steps):
        optimizer.zero_grad()
        outputs = [network(pairs) for pairs, _ in data]
        loss = network.loss(outputs[0], data[0][1])
        torch.autograd.backward(loss + settings.penalty * network.embeddings.abs().mean())
        optimizer.step()
        losses.append(loss.item())
        with torch.no_grad():
            path.append(network.embeddings.numpy().copy())
            reached = (
                network.accuracy(network(data[0][0]), data[0][1]) >= THRESHOLD,
                len(tested) > 0 and network.accuracy(outputs[1], data[1][1]) >= THRESHOLD,
                not settings.multiplies and bool(grokking.rqi(path[-1], settings.table) > STRUCTURE),
            )
        first = [step if now and was == NEVER else was for was, now in zip(first, reached, strict=True)]
    train, test, structure = first
    return OfficialCourse(train, test, structure, losses, np.array(path))
