"""The default network trained by other means: a plain torch loop, torch.func's vmap, and JAX.

Every function here takes settings and a number of steps, starts from the networks' own initial parameters on their own
training pairs, and returns the training loss after each step, shape (K, steps).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import torch

from validation.networks import NetworkSettings, initial_decoder, initial_embeddings
from validation.networks.reference import ReferenceNetwork
from validation.tasks import relation_targets, training_pairs

Networks = Sequence[NetworkSettings]


def plain_loop(networks: Networks, steps: int) -> np.ndarray:
    """One network after the other, modules and torch.optim.Adam; its learning rates in two groups."""
    losses = np.empty((len(networks), steps))
    for k, settings in enumerate(networks):
        model = ReferenceNetwork(settings)
        first, second, targets = model.training_data()
        optimizer = model.optimizer()
        for step in range(steps):
            optimizer.zero_grad()
            loss = model.loss(model(first, second), targets)
            torch.autograd.backward(loss)
            optimizer.step()
            losses[k, step] = loss.item()
    return losses


def _data(networks: Networks) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return first symbols, second symbols and targets, each of shape (K, samples)."""
    pairs = np.stack([training_pairs(s.n, s.fraction, seed=s.seed, sweep_seed=s.sweep_seed) for s in networks])
    targets = np.stack([relation_targets(s.relation, s.n)[own] for s, own in zip(networks, pairs, strict=True)]).astype(
        np.float32
    )
    return pairs // networks[0].n, pairs % networks[0].n, targets


def _parameters(networks: Networks) -> tuple[np.ndarray, ...]:
    """Return embeddings, and weights (inputs, outputs) and biases of each layer, stacked over networks."""
    decoders = [initial_decoder(settings) for settings in networks]
    tables = [np.stack([initial_embeddings(settings) for settings in networks])]
    for layers in zip(*decoders, strict=True):
        tables += [np.stack([layer.weight.T for layer in layers]), np.stack([layer.bias for layer in layers])]
    return tuple(tables)


def torch_vmap(networks: Networks, steps: int) -> np.ndarray:
    """All networks at once: torch.func.vmap of grad_and_value, and Adam on the stacked parameters."""
    first, second, targets = (torch.from_numpy(part) for part in _data(networks))
    values = [torch.from_numpy(part) for part in _parameters(networks)]
    rates = _rates(networks, [value.ndim - 1 for value in values], torch.tensor)

    def loss(parameters: list[torch.Tensor], i: torch.Tensor, j: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        embeddings, *layers = parameters
        x = torch.stack([embeddings[i], embeddings[j]], dim=2).flatten(1)
        for k in range(0, len(layers), 2):
            x = x @ layers[k] + layers[k + 1]
            x = torch.tanh(x) if k < len(layers) - 2 else x
        return torch.nn.functional.binary_cross_entropy_with_logits(x.squeeze(1), y)

    gradients_of = torch.func.vmap(torch.func.grad_and_value(loss))
    first_moment, second_moment = ([torch.zeros_like(value) for value in values] for _ in range(2))
    losses = torch.empty(steps, len(networks))
    for step in range(steps):
        gradients, losses[step] = gradients_of(values, first, second, targets)
        for value, gradient, m, v, rate in zip(values, gradients, first_moment, second_moment, rates, strict=True):
            m.lerp_(gradient, 0.1)
            v.mul_(0.999).addcmul_(gradient, gradient, value=0.001)
            denominator = v.sqrt().div_(math.sqrt(1 - 0.999 ** (step + 1))).add_(1e-8)
            value.sub_(rate / (1 - 0.9 ** (step + 1)) * m / denominator)
    return losses.T.double().numpy()


def _rates(networks: Networks, axes: Sequence[int], array: Callable[[Any], Any]) -> list[Any]:
    """Return the learning rates of each table's networks, with as many further axes as the table has."""
    encoder, decoder = (
        np.array([getattr(settings, name) for settings in networks], dtype=np.float32)
        for name in ("eta_encoder", "eta_decoder")
    )
    numbers = [encoder, *[decoder] * (len(axes) - 1)]
    return [array(rate.reshape(-1, *[1] * further)) for rate, further in zip(numbers, axes, strict=True)]


@cache
def _jax_training(steps: int, form: str) -> Callable[..., Any]:
    """Return the jitted training of a chunk: vmapped, or mapped with one or two networks at a time."""
    import jax
    import jax.numpy as jnp

    def loss(parameters: Any, i: Any, j: Any, y: Any) -> Any:
        embeddings, *layers = parameters
        x = jnp.stack([embeddings[i], embeddings[j]], axis=2).reshape(len(i), -1)
        for k in range(0, len(layers), 2):
            x = x @ layers[k] + layers[k + 1]
            x = jnp.tanh(x) if k < len(layers) - 2 else x
        z = x[:, 0]
        return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))

    def train(parameters: Any, rates: Any, i: Any, j: Any, y: Any) -> Any:
        def step(state: Any, count: Any) -> Any:
            values, first, second = state
            value, gradients = jax.value_and_grad(loss)(values, i, j, y)
            first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
            second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
            scale, root = 1 / (1 - 0.9**count), jnp.sqrt(1 - 0.999**count)
            values = jax.tree.map(
                lambda p, m, v, rate: p - rate * scale * m / (jnp.sqrt(v) / root + 1e-8), values, first, second, rates
            )
            return (values, first, second), value

        zeros = jax.tree.map(jnp.zeros_like, parameters)
        _, losses = jax.lax.scan(step, (parameters, zeros, zeros), jnp.arange(1, steps + 1, dtype=jnp.float32))
        return losses

    if form == "vmap":
        return jax.jit(jax.vmap(train))
    at_once = int(form)
    return jax.jit(lambda *chunk: jax.lax.map(lambda own: train(*own), chunk, batch_size=at_once))


def jax_form(form: str) -> Callable[[Networks, int], np.ndarray]:
    """Return training in JAX, `form` being "vmap", or "1" or "2" networks at a time."""

    def run(networks: Networks, steps: int) -> np.ndarray:
        tables = list(_parameters(networks))
        rates = _rates(networks, [table.ndim - 1 for table in tables], np.asarray)
        first, second, targets = _data(networks)
        return np.asarray(_jax_training(steps, form)(tables, rates, first, second, targets))

    return run
