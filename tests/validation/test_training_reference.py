"""The first steps of both engines against the plain loop with torch.optim."""

from dataclasses import replace

import numpy as np
import pytest

from validation.networks import NetworkSettings, initial_embeddings
from validation.networks.reference import train_reference
from validation.training import train_chunk
from validation.training.batched.training import train_batched
from validation.training.course import Course

STEPS = 50
OPTIMIZERS = [
    {"optimizer": "adam"},
    {"optimizer": "adam", "weight_decay_encoder": 0.01, "weight_decay_decoder": 0.1},
    {"optimizer": "adamw", "weight_decay_encoder": 0.3, "weight_decay_decoder": 1.0},
    {"optimizer": "adam", "beta_first": 0.5, "beta_second": 0.9, "adam_epsilon": 1e-3},
    {"optimizer": "sgd", "eta_encoder": 0.1, "eta_decoder": 0.3},
    {"optimizer": "sgd", "eta_encoder": 0.1, "eta_decoder": 0.3, "momentum": 0.9, "weight_decay_decoder": 0.02},
]
ARCHITECTURES = [
    {"mode": "concatenation"},
    {"mode": "difference", "activation": "relu", "depth": 2, "width": 17},
    {"mode": "squared_difference", "activation": "gelu", "depth": 1},
    {"mode": "concatenation", "depth": 0, "embedding_dimension": 3},
    {"mode": "equality_head"},
    {"mode": "order_head"},
]


def assert_same_beginning(**choices):
    settings = NetworkSettings(relation="modulo:3", fraction=0.4, steps=STEPS, **{"seed": 0, **choices})
    network, losses = train_reference(settings)
    embeddings = network.embeddings.detach().numpy()
    course = Course(tuple(range(1, STEPS + 1)), False, lambda steps: None, lambda: False)
    for outcomes in (
        train_chunk([settings], record_steps=range(1, STEPS)),
        train_batched((settings,), course, "cpu"),
    ):
        # The loop notes the loss before a step, the ensemble after it.
        np.testing.assert_allclose(outcomes.train_loss_curve[0, :-1], losses[1:], rtol=1e-5)
        np.testing.assert_allclose(outcomes.embeddings[0], embeddings, atol=1e-4 * np.abs(embeddings).max())


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda choice: "-".join(map(str, choice.values())))
def test_optimizers(optimizer):
    assert_same_beginning(**optimizer)


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "mean_squared_error"])
@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda choice: "-".join(map(str, choice.values())))
def test_architectures(architecture, loss):
    assert_same_beginning(**architecture, loss=loss)


def test_learning_rates_belong_to_their_part():
    frozen = NetworkSettings(relation="modulo:3", fraction=0.4, seed=0, steps=5, eta_encoder=0.0)
    still = replace(frozen, eta_encoder=1e-3, eta_decoder=0.0)
    outcomes = train_chunk([frozen, still])
    np.testing.assert_array_equal(outcomes.embeddings[0], initial_embeddings(frozen))
    assert not np.any(outcomes.embeddings[1] == initial_embeddings(still))
    assert np.all(np.diff(outcomes.train_loss_curve) < 0)
