"""One chunk as a computation: parameters, the forward and backward pass over the training pairs, the optimiser."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from validation.networks import NetworkSettings
from validation.tasks import relation_targets, training_pairs
from validation.training.batched.activations import ACTIVATIONS
from validation.training.batched.decoders import Decoder, EqualityHead, OrderHead, Perceptron
from validation.training.batched.lookup import PairLookup
from validation.training.batched.losses import loss_gradient
from validation.training.batched.optimizers import optimizer
from validation.training.batched.parameters import Parameters
from validation.training.chunking import padded


class Ensemble:
    """K networks in training; all of them share what `validation.training.chunking.computation` lists.

    Parameters
    ----------
    networks : sequence of NetworkSettings
        The networks.
    device : torch.device
        Where they are trained.
    dtype : torch.dtype
        Precision. Training is in float32; float64 is there to check the gradients.
    """

    def __init__(
        self, networks: Sequence[NetworkSettings], device: torch.device, dtype: torch.dtype = torch.float32
    ) -> None:
        self._networks, self._settings = tuple(networks), networks[0]
        self.parameters = Parameters(networks, device, dtype)
        pairs, targets, weights = _training_data(networks)
        self._lookup, self._decoder = self._reader(torch.from_numpy(pairs).to(device))
        floating = self.parameters.values
        self._loss_gradient = loss_gradient(
            self._settings, torch.from_numpy(targets).to(floating), torch.from_numpy(weights).to(floating)
        )
        self._optimizer = optimizer(self.parameters, networks)
        everything = np.zeros((1, padded(self._settings.n**2)), dtype=np.int64)
        everything[0, : self._settings.n**2] = np.arange(self._settings.n**2)
        self._full_lookup, self._full_decoder = self._reader(torch.from_numpy(everything).to(device))

    def advance(self) -> None:
        """Take one training step."""
        self.compute_gradients()
        self._optimizer.step()

    def compute_gradients(self) -> None:
        """Write the gradient of the training loss into the parameters' gradient buffer."""
        self._lookup.forward()
        output = self._decoder.forward()
        self._lookup.backward(self._decoder.backward(self._loss_gradient.of(output)))

    def kept(self, chosen: Sequence[int]) -> Ensemble:
        """Return some of the networks, in the state they are in."""
        device, dtype = self.parameters.values.device, self.parameters.values.dtype
        fewer = Ensemble([self._networks[k] for k in chosen], device, dtype)
        fewer._optimizer.steps = self._optimizer.steps
        places = torch.tensor(chosen, device=device)
        ours = (self.parameters.values, *self._optimizer.moments)
        theirs = (fewer.parameters.values, *fewer._optimizer.moments)
        for mine, other in zip(ours, theirs, strict=True):
            for old, new in zip(self.parameters.parts(mine), fewer.parameters.parts(other), strict=True):
                new.copy_(old[places])
        return fewer

    def outputs(self) -> NDArray[np.float64]:
        """Return the outputs for all n^2 pairs, shape (K, n^2)."""
        self._full_lookup.forward()
        return self._full_decoder.forward()[:, : self._settings.n**2].double().cpu().numpy()

    def embeddings(self) -> NDArray[np.float32]:
        """Return the embeddings, shape (K, n, embedding_dimension)."""
        return self.parameters.embeddings.mT.float().cpu().numpy().copy()

    def finite(self) -> NDArray[np.bool_]:
        """Return for each network whether all its parameters are finite, shape (K,)."""
        return self.parameters.finite().cpu().numpy()

    def _reader(self, pairs: Tensor) -> tuple[PairLookup, Decoder]:
        """Return the lookup of the given pairs, shape (K or 1, S), and the decoder that reads it."""
        parameters, settings, samples = self.parameters, self._settings, pairs.shape[1]
        decoder: Decoder
        if settings.has_decoder:
            activation = ACTIVATIONS[settings.activation]
            decoder = Perceptron(parameters.layers, parameters.layer_gradients, activation, samples)
        else:
            head = EqualityHead if settings.mode == "equality_head" else OrderHead
            decoder = head(parameters.embeddings, samples)
        tables = (parameters.embeddings, parameters.embedding_gradients)
        return PairLookup(settings.mode, *tables, pairs, decoder.features), decoder


def _training_data(
    networks: Sequence[NetworkSettings],
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return pairs, targets and weights of all networks, shape (K, padded samples); padding is pair 0 with weight 0."""
    chosen = [training_pairs(s.n, s.fraction, seed=s.seed, sweep_seed=s.sweep_seed) for s in networks]
    shape = (len(networks), padded(len(chosen[0])))
    pairs, weights = np.zeros(shape, dtype=np.int64), np.zeros(shape)
    targets = np.zeros(shape)
    for k, (settings, own) in enumerate(zip(networks, chosen, strict=True)):
        pairs[k, : len(own)] = own
        weights[k, : len(own)] = 1 / len(own)
        targets[k, : len(own)] = relation_targets(settings.relation, settings.n)[own]
    return pairs, targets, weights
