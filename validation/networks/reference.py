"""One network as a plain torch module with automatic differentiation: slow, and readable at a glance.

It is the oracle of the ensemble engine (`validation.training`): same settings, same initial parameters, same loss
and optimiser, nothing shared with the engine's arithmetic.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from validation.networks.initial import initial_decoder, initial_embeddings
from validation.networks.settings import NetworkSettings
from validation.tasks import relation_targets, training_pairs

ACTIVATIONS = {"tanh": nn.Tanh, "relu": nn.ReLU, "gelu": nn.GELU}


class ReferenceNetwork(nn.Module):
    """Embeddings and decoder of one network, with its initial parameters.

    Parameters
    ----------
    settings : NetworkSettings
        The network.

    Examples
    --------
    >>> network = ReferenceNetwork(NetworkSettings(relation="modulo:3", fraction=0.75, seed=0))
    >>> network(torch.tensor([0, 1]), torch.tensor([3, 5])).shape
    torch.Size([2])
    """

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        self.embeddings = nn.Parameter(torch.from_numpy(initial_embeddings(settings)))
        modules: list[nn.Module] = []
        for weight, bias in initial_decoder(settings):
            linear = nn.Linear(weight.shape[1], weight.shape[0])
            linear.load_state_dict({"weight": torch.from_numpy(weight), "bias": torch.from_numpy(bias)})
            modules += [linear, ACTIVATIONS[settings.activation]()]
        self.decoder = nn.Sequential(*modules[:-1])

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the outputs, shape (S,), for S pairs of symbols."""
        left, right = self.embeddings[first], self.embeddings[second]
        difference = left - right
        mode = self.settings.mode
        if mode == "equality_head":
            return 10 * torch.relu(0.1 - difference.square().sum(1))
        if mode == "order_head":
            return torch.relu(difference.sum(1)).clamp(max=1)
        if mode == "concatenation":
            features = torch.stack([left, right], dim=2).flatten(1)
        else:
            features = difference if mode == "difference" else difference.square()
        output: Tensor = self.decoder(features)
        return output.squeeze(1)

    def loss(self, output: Tensor, targets: Tensor) -> Tensor:
        """Return the mean loss of the outputs against targets in {0, 1}."""
        settings = self.settings
        if settings.loss == "mean_squared_error":
            return nn.functional.mse_loss(output, targets)
        if settings.has_decoder:
            return nn.functional.binary_cross_entropy_with_logits(output, targets)
        clamped = output.clamp(settings.output_clamp, 1 - settings.output_clamp)
        return nn.functional.binary_cross_entropy(clamped, targets)

    def training_data(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return first symbols, second symbols and targets of the training pairs."""
        settings = self.settings
        pairs = training_pairs(settings.n, settings.fraction, seed=settings.seed, sweep_seed=settings.sweep_seed)
        targets = torch.from_numpy(relation_targets(settings.relation, settings.n)[pairs]).float()
        return torch.from_numpy(pairs // settings.n), torch.from_numpy(pairs % settings.n), targets

    def optimizer(self) -> torch.optim.Optimizer:
        """Return the torch optimiser that the settings describe."""
        settings = self.settings
        groups = [
            {
                "params": [self.embeddings],
                "lr": settings.eta_encoder,
                "weight_decay": settings.weight_decay_encoder,
            },
            {
                "params": list(self.decoder.parameters()),
                "lr": settings.eta_decoder,
                "weight_decay": settings.weight_decay_decoder,
            },
        ]
        groups = [group for group in groups if group["params"]]
        if settings.optimizer == "sgd":
            return torch.optim.SGD(groups, momentum=settings.momentum)
        adam = torch.optim.Adam if settings.optimizer == "adam" else torch.optim.AdamW
        return adam(groups, betas=(settings.beta_first, settings.beta_second), eps=settings.adam_epsilon)


def train_reference(settings: NetworkSettings, steps: int | None = None) -> tuple[ReferenceNetwork, list[float]]:
    """Train one network by the plain loop.

    Parameters
    ----------
    settings : NetworkSettings
        The network.
    steps : int, optional
        How many steps to take instead of ``settings.steps``.

    Returns
    -------
    ReferenceNetwork, list of float
        The trained network, and the training loss before each step.

    Examples
    --------
    >>> _, losses = train_reference(NetworkSettings(relation="modulo:3", fraction=0.75, seed=0), steps=20)
    >>> len(losses), losses[-1] < losses[0]
    (20, True)
    """
    network = ReferenceNetwork(settings)
    first, second, targets = network.training_data()
    optimizer = network.optimizer()
    losses = []
    for _ in range(settings.steps if steps is None else steps):
        optimizer.zero_grad()
        loss = network.loss(network(first, second), targets)
        torch.autograd.backward(loss)
        optimizer.step()
        losses.append(loss.item())
    return network, losses
