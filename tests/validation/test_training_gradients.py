"""The hand-derived gradients against automatic differentiation of the plain module."""

import numpy as np
import pytest
import torch

from validation.networks import NetworkSettings
from validation.networks.reference import ReferenceNetwork
from validation.training.batched.computation import Ensemble
from validation.training.compiled.network import CompiledNetwork

ARCHITECTURES = [
    {"mode": mode, "depth": depth, "activation": activation}
    for mode in ("concatenation", "difference", "squared_difference")
    for depth, activation in [(0, "tanh"), (1, "relu"), (3, "tanh"), (3, "relu"), (3, "gelu")]
] + [{"mode": "equality_head"}, {"mode": "order_head"}]
LOSSES = ["binary_cross_entropy", "mean_squared_error"]


def ensemble_of(architecture, loss, fraction):
    return [
        NetworkSettings(relation=relation, fraction=fraction, seed=seed, loss=loss, width=20, **architecture)
        for seed, relation in enumerate(["modulo:3", "greater-than", "complete-bipartite:10"])
    ]


def gradients_compiled(settings):
    """Return the gradients of one network by the CPU's engine, in the same form as the others."""
    embeddings, *layers = CompiledNetwork(settings).gradients()
    turned = [torch.from_numpy(np.roll(layer, -1, axis=0)).double() for layer in layers]
    return [torch.from_numpy(embeddings.copy()).double(), *turned]


def gradients_by_hand(networks, dtype):
    """Return for each network the gradients of embeddings and layers, the bias as the last row of a layer."""
    ensemble = Ensemble(networks, torch.device("cpu"), dtype)
    ensemble.compute_gradients()
    parts = [ensemble.parameters.embedding_gradients, *ensemble.parameters.layer_gradients]
    return [[part[k].double() for part in parts] for k in range(len(networks))]


def gradients_by_autograd(settings, dtype, answers=(0, 1)):
    """Return the gradients to which the training pairs with the given answers contribute."""
    network = ReferenceNetwork(settings).to(dtype)
    first, second, targets = network.training_data()
    counted = torch.isin(targets, torch.tensor(answers))
    loss = network.loss(network(first[counted], second[counted]), targets[counted].to(dtype))
    torch.autograd.backward(loss * counted.double().mean())
    linear = [module for module in network.decoder if isinstance(module, torch.nn.Linear)]
    layers = [torch.vstack([module.weight.grad.T, module.bias.grad]) for module in linear]
    return [gradient.double() for gradient in (network.embeddings.grad.T, *layers)]


def relative_error(value, reference):
    return float((value - reference).norm() / reference.norm())


@pytest.mark.parametrize("fraction", [0.02, 0.3, 1.0])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda choice: "-".join(map(str, choice.values())))
def test_gradients_are_exact_in_float64(architecture, loss, fraction):
    networks = ensemble_of(architecture, loss, fraction)
    for settings, by_hand in zip(networks, gradients_by_hand(networks, torch.float64), strict=True):
        for value, reference in zip(by_hand, gradients_by_autograd(settings, torch.float64), strict=True):
            assert reference.norm() > 0
            assert relative_error(value, reference) < 1e-12


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda choice: "-".join(map(str, choice.values())))
def test_gradients_in_float32_agree_to_its_rounding(architecture, loss):
    # What rounds are the contributions of the two answers, which pull in opposite directions and may nearly cancel.
    networks = ensemble_of(architecture, loss, 0.3)
    engines = [gradients_by_hand(networks, torch.float32), map(gradients_compiled, networks)]
    for settings, by_hand in ((s, g) for engine in engines for s, g in zip(networks, engine, strict=True)):
        by_autograd, no, yes = (gradients_by_autograd(settings, torch.float32, a) for a in [(0, 1), (0,), (1,)])
        for value, reference, *contributions in zip(by_hand, by_autograd, no, yes, strict=True):
            assert (value - reference).norm() < 1e-6 * sum(part.norm() for part in contributions)


def test_dead_heads_have_no_gradient():
    # So far apart, all pairs lie beyond the head's reach.
    network = NetworkSettings(relation="modulo:3", fraction=0.05, seed=1, mode="equality_head", embedding_scale=50)
    for gradients in (gradients_by_hand([network], torch.float32)[0], gradients_compiled(network)):
        assert gradients[0].norm() == 0
