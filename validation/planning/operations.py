"""How many floating-point operations a training step of a network takes, counted from its architecture."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from validation.networks import NetworkSettings
from validation.tasks import training_count

# Additions, multiplications, divisions and roots for one parameter, as torch.optim and the engines write the update.
# Adam: 3 for the first moment, 4 for the second, 3 for its root, the constant, 4 for the step.
OPTIMISER_OPERATIONS = {"adam": 14, "adamw": 14, "sgd": 2}
MOMENTUM_OPERATIONS = 2
DECAY_OPERATIONS = {"adam": 2, "adamw": 3, "sgd": 2}


@dataclass(frozen=True)
class Operations:
    """Floating-point operations of one training step of one network.

    A product of matrices counts a multiplication and an addition for every term: 2 S m k for S samples, m inputs and k
    outputs, the bias being the first term of a sum. Counted are the training pairs themselves, not the padding to whole
    blocks. What is done to single numbers (`elementwise`) counts each arithmetic operation and each value of a function
    as one and is not part of the total: it is a matter of definition, and a fortieth of the default network's step.
    Measurements are no part of a step.

    Attributes
    ----------
    forward : int
        Products from the features of the pairs to the outputs.
    backward : int
        Products that carry the gradient from the outputs to the features.
    weight_gradients : int
        Products that give the gradients of the weights.
    optimiser : int
        The update of all parameters, embeddings and biases included.
    elementwise : int
        Everything else: features, non-linearities and their slopes, the loss, biases' and embeddings' gradients.
    """

    forward: int
    backward: int
    weight_gradients: int
    optimiser: int
    elementwise: int

    @property
    def total(self) -> int:
        """Products and optimiser."""
        return self.forward + self.backward + self.weight_gradients + self.optimiser

    def to_dict(self) -> dict[str, int]:
        """Return all counts as plain numbers."""
        names = ("forward", "backward", "weight_gradients", "optimiser", "total", "elementwise")
        return {name: getattr(self, name) for name in names}


def step_operations(settings: NetworkSettings) -> Operations:
    """Return the operations of one full-batch training step.

    Parameters
    ----------
    settings : NetworkSettings
        The network.

    Returns
    -------
    Operations
        Exact for the architecture: no measurement enters.

    Examples
    --------
    >>> operations = step_operations(NetworkSettings(relation="modulo:3", fraction=0.75, seed=0))
    >>> operations.forward, operations.total
    (7087500, 21338954)
    """
    samples = training_count(settings.n, settings.fraction)
    sizes = [settings.features, *[settings.width] * settings.depth, 1] if settings.has_decoder else []
    weights = sum(inputs * outputs for inputs, outputs in pairwise(sizes))
    biases = sum(sizes[1:])
    products = 2 * samples * weights
    embeddings = settings.n * settings.embedding_dimension
    return Operations(
        forward=products,
        backward=products,
        weight_gradients=products,
        optimiser=_optimiser(settings, embeddings, weights + biases),
        elementwise=samples * _single_numbers(settings, biases),
    )


def _optimiser(settings: NetworkSettings, embeddings: int, decoder: int) -> int:
    each = OPTIMISER_OPERATIONS[settings.optimizer]
    if settings.optimizer == "sgd" and settings.momentum:
        each += MOMENTUM_OPERATIONS
    decay = DECAY_OPERATIONS[settings.optimizer]
    decayed = embeddings * (settings.weight_decay_encoder > 0) + decoder * (settings.weight_decay_decoder > 0)
    return each * (embeddings + decoder) + decay * decayed


def _single_numbers(settings: NetworkSettings, biases: int) -> int:
    """Return the operations on single numbers for one pair."""
    dimensions = settings.embedding_dimension
    # The difference of two embeddings and its square; on the way back the factor of the square; sums over partners.
    features = {"concatenation": 0, "difference": 1, "squared_difference": 2 + 2}.get(settings.mode, 1) * dimensions
    features += 2 * dimensions
    # Error and weight, and where it is a function its value: logistic, quotient or clamp.
    loss = 2 if settings.loss == "mean_squared_error" else 3
    if not settings.has_decoder:
        # Squares or not, their sum, the two bounds, and the same on the way back.
        return features + loss + (4 if settings.mode == "equality_head" else 2) * dimensions + 4
    # A value, its slope, the product with the gradient; the read-out has none. Biases gather gradients.
    slope = {"tanh": 2, "relu": 1, "gelu": 3}[settings.activation]
    return features + loss + (1 + slope + 1) * settings.width * settings.depth + biases
