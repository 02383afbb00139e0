"""What the theory predicts of the networks that `geneft run merging` trains, from their initial parameters alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.relations import parse
from geneft_theory.repons.linearisation import Decoder, same_class_pairs, stacked_jacobian
from geneft_theory.repons.merging import predict_merging
from validation.networks import NetworkSettings, initial_embeddings
from validation.tasks import training_pairs

if TYPE_CHECKING:
    from torch import Tensor, nn

Array = NDArray[np.float64]

PREDICTIONS = {
    "free decoder": "gradient flow, the entries of A as parameters (decoder_gain 1)",
    "network gain": "gradient flow, the decoder's own gain kappa",
    "sign flow": "sign flow, the decoder's own gain",
}
"""The predictions that are compared, by name; none has a fitted parameter."""

PAIRS_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class InitialPairs:
    """The same-class pairs of a network at initialisation.

    Attributes
    ----------
    pairs : ndarray of int, shape (k, 2)
        The pairs.
    separation : ndarray, shape (k,)
        Half their distance.
    critical_ratio : ndarray, shape (predictions, k)
        eta_decoder / eta_encoder below which each of `PREDICTIONS` lets them merge.
    gain : ndarray, shape (k,)
        kappa of gradient flow.
    """

    pairs: NDArray[np.int64]
    separation: Array
    critical_ratio: Array
    gain: Array


def initial_pairs(settings: NetworkSettings) -> InitialPairs:
    """Return what the theory says of a network's same-class pairs; its learning rates do not enter.

    Examples
    --------
    >>> predicted = initial_pairs(NetworkSettings(relation="modulo:3", n=9, fraction=0.75, seed=0))
    >>> predicted.pairs.shape, predicted.critical_ratio.shape
    ((9, 2), (3, 9))
    """
    embeddings = initial_embeddings(settings).astype(np.float64)
    pairs = same_class_pairs(parse(settings.relation, settings.n).matrix)
    slopes = stacked_jacobian(embeddings, initial_decoder_function(settings), pairs, training=training_mask(settings))
    flow, sign = decoder_gains(settings, pairs)
    cases: dict[str, dict[str, Any]] = {
        "free decoder": {},
        "network gain": {"decoder_gain": flow},
        "sign flow": {"decoder_gain": sign, "optimiser": "sign"},
    }
    made = [
        predict_merging(embeddings, slopes, pairs, eta_decoder=1.0, eta_encoder=1.0, **cases[name])
        for name in PREDICTIONS
    ]
    return InitialPairs(pairs, made[0].separation, np.array([each.critical_ratio for each in made]), flow)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread: on products as small as these, more of them mostly wait for each other."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def training_mask(settings: NetworkSettings) -> NDArray[np.bool_]:
    """Return which ordered pairs of symbols a network is trained on, shape (n, n)."""
    mask = np.zeros(settings.n**2, dtype=np.bool_)
    mask[training_pairs(settings.n, settings.fraction, seed=settings.seed, sweep_seed=settings.sweep_seed)] = True
    return mask.reshape(settings.n, settings.n)


def initial_decoder_function(settings: NetworkSettings) -> Decoder:
    """Return a network's initial decoder as a function of embeddings, in float64.

    Examples
    --------
    >>> decoder = initial_decoder_function(NetworkSettings(relation="modulo:3", fraction=0.75, seed=0))
    >>> np.asarray(decoder(np.zeros((4, 2)), np.ones((4, 2)))).shape
    (4,)
    """
    import torch

    module = _initial_module(settings)

    def decode(first: Array, second: Array) -> Array:
        with torch.no_grad():
            inputs = _features(settings.mode, torch.from_numpy(first), torch.from_numpy(second))
            outputs: Array = module(inputs)[:, 0].numpy()
        return outputs

    return decode


def decoder_gains(settings: NetworkSettings, pairs: NDArray[np.int64]) -> tuple[Array, Array]:
    """Return by how much faster than a free matrix A a network's initial decoder forgets the difference of each pair.

    With u = A r for the outputs that are trained for both symbols of the pair, and g the gradient of |u|^2 / 2 in all
    weights and biases of the decoder: |g|^2 / (|u|^2 |r|^2) under gradient flow, |g|_1 / (|u|_1 |r|_1) under the sign
    flow; see `geneft_theory.repons.merging`.

    Parameters
    ----------
    settings : NetworkSettings
        A network with an MLP.
    pairs : ndarray of int, shape (k, 2)
        Pairs of symbols.

    Returns
    -------
    tuple of ndarray, shape (k,)
        The two gains, by automatic differentiation in float64; 1 where u or r vanishes.

    Examples
    --------
    >>> settings = NetworkSettings(relation="modulo:3", fraction=0.75, seed=0)
    >>> flow, sign = decoder_gains(settings, np.array([[0, 3], [1, 4]]))
    >>> flow.shape, bool((flow > 0).all())
    ((2,), True)
    """
    import torch
    from torch.func import functional_call, grad, vmap

    module = _initial_module(settings)
    weights = {name: weight.detach() for name, weight in module.named_parameters()}
    table = torch.from_numpy(initial_embeddings(settings)).double()
    mask = training_mask(settings)
    positions = np.hstack([mask, mask.T])
    trained = torch.from_numpy((positions[pairs[:, 0]] & positions[pairs[:, 1]]).astype(np.float64))

    def total(moved: Tensor, parameters: dict[str, Tensor]) -> Tensor:
        # Every row meets a partner of its own, so that the gradient of the sum holds the slope of each output.
        ahead, behind = moved.chunk(2)
        inputs = torch.cat([_features(settings.mode, ahead, table), _features(settings.mode, table, behind)])
        outputs: Tensor = functional_call(module, parameters, (inputs,))
        return outputs.sum()

    def half_square(
        parameters: dict[str, Tensor], midpoint: Tensor, half: Tensor, kept: Tensor
    ) -> tuple[Tensor, Tensor]:
        slopes = grad(total)(midpoint.expand(2 * len(table), -1), parameters)
        difference = kept * (slopes @ half)
        return difference.square().sum() / 2, difference

    first, second = table[pairs[:, 0]], table[pairs[:, 1]]
    half = (first - second) / 2
    gradient = vmap(grad(half_square, has_aux=True), in_dims=(None, 0, 0, 0), chunk_size=PAIRS_AT_ONCE)
    slopes, difference = gradient(weights, (first + second) / 2, half, trained)
    flat = torch.cat([part.flatten(1) for part in slopes.values()], dim=1)
    flow = _ratio(flat.square().sum(1), difference.square().sum(1) * half.square().sum(1))
    return flow, _ratio(flat.abs().sum(1), difference.abs().sum(1) * half.abs().sum(1))


def _ratio(numerator: Tensor, denominator: Tensor) -> Array:
    above, below = numerator.numpy(), denominator.numpy()
    quotient: Array = np.where((above > 0) & (below > 0), above / np.where(below > 0, below, 1), 1.0)
    return quotient


def _initial_module(settings: NetworkSettings) -> nn.Module:
    from validation.networks.reference import ReferenceNetwork

    return ReferenceNetwork(settings).decoder.double()


def _features(mode: str, first: Tensor, second: Tensor) -> Tensor:
    import torch

    if mode == "concatenation":
        return torch.stack([first, second], dim=2).flatten(1)
    difference = first - second
    return difference if mode == "difference" else difference.square()
