"""Settings, names, training sets and starts of networks that learn an operation."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory.errors import InvalidInput
from geneft_theory.grokking import addition, modular_addition, symmetric_group
from validation.operations import OperationSettings, parse_operation, start, training_set


def settings(**changes):
    return OperationSettings(**({"training_seed": 0, "seed": 0} | changes))


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        ("addition:10", addition(10)),
        ("modular-addition:7", modular_addition(7)),
        ("symmetric-group:3", symmetric_group()),
    ],
)
def test_operations_have_names(name, operation):
    assert parse_operation(name) == operation


@pytest.mark.parametrize(
    "name", ["addition", "addition:", "addition:x", "addition:1", "sum:10", "addition:²", 10, None]
)
def test_names_that_name_nothing_are_refused(name):
    with pytest.raises(InvalidInput):
        parse_operation(name)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"training_pairs": 0}, "training_pairs"),
        ({"training_pairs": 56}, "training_pairs"),
        ({"training_seed": -1}, "training_seed"),
        ({"seed": 1.5}, "seed"),
        ({"width": 0}, "width"),
        ({"width": 10**8}, "width"),
        ({"depth": -1}, "depth"),
        ({"depth": 10**6}, "depth"),
        ({"steps": 0}, "steps"),
        ({"steps": 10**20}, "steps"),
        ({"embedding_dimension": 10**8}, "embedding_dimension"),
        ({"template_dimension": 10**8}, "template_dimension"),
        ({"loss": "hinge"}, "loss"),
        ({"optimizer": "adam"}, "optimizer"),
        ({"eta_encoder": -1e-3}, "eta_encoder"),
        ({"eta_decoder": float("nan")}, "eta_decoder"),
        ({"weight_decay_decoder": float("inf")}, "weight_decay_decoder"),
        ({"penalty": -1}, "penalty"),
        ({"embedding_scale": 0}, "embedding_scale"),
        ({"embedding_dimension": 0}, "embedding_dimension"),
        ({"template_dimension": 0}, "template_dimension"),
        ({"operation": "symmetric-group:3", "training_pairs": 24, "embedding_dimension": 4}, "embedding_dimension"),
        ({"operation": "symmetric-group:3", "training_pairs": 24, "draws": "official"}, "draws"),
        ({"draws": "official", "training_seed": 1}, "training_seed"),
        ({"draws": "official", "sweep_seed": 1}, "sweep_seed"),
        ({"draws": "official", "training_seed": 2**32, "seed": 2**32}, "seed"),
        ({"draws": "dice"}, "draws"),
        ({"operation": "addition:300"}, "operation"),
    ],
)
def test_a_setting_outside_its_domain_is_refused_by_name(changes, named):
    with pytest.raises(InvalidInput, match=f"^{named} must"):
        settings(**changes)


def test_settings_survive_a_dictionary_and_a_pickle():
    one = settings(operation="symmetric-group:3", training_pairs=24, penalty=1e-3, loss="cross_entropy")
    assert OperationSettings.from_dict(one.to_dict()) == one == pickle.loads(pickle.dumps(one))
    assert one.embedding_dimension == 9
    assert (one.labels, one.outputs, one.multiplies) == (6, 6, True)


@given(st.integers(1, 55), st.integers(0, 10**6))
def test_the_training_set_is_a_function_of_its_own_seed(count, seed):
    one = training_set(settings(training_pairs=count, training_seed=seed))
    other = training_set(settings(training_pairs=count, training_seed=seed, seed=5, loss="cross_entropy", width=3))
    assert one == other
    assert len(one) == count


def test_the_model_seed_moves_the_start_and_leaves_the_training_set():
    one, other = start(settings(seed=1)), start(settings(seed=2))
    assert one.training_set == other.training_set
    assert not np.array_equal(one.embeddings, other.embeddings)
    assert not np.array_equal(one.templates, other.templates)


def test_both_losses_start_from_the_same_embeddings_and_hidden_layers():
    regression, classification = start(settings()), start(settings(loss="cross_entropy"))
    assert np.array_equal(regression.embeddings, classification.embeddings)
    for one, other in zip(regression.layers[:-1], classification.layers[:-1], strict=True):
        assert np.array_equal(one.weight, other.weight)
    assert np.array_equal(classification.templates, np.eye(19))


def test_embeddings_are_uniform_on_an_interval_of_the_given_width():
    table = start(settings(operation="addition:100", embedding_dimension=100, embedding_scale=3.0, width=2)).embeddings
    assert np.abs(table).max() <= 1.5
    # Ten thousand uniform numbers: four standard errors of mean and variance.
    assert abs(table.mean()) < 4 * 3 / np.sqrt(12 * table.size)
    assert abs(table.var() - 9 / 12) < 4 * 9 * np.sqrt(1 / 180 / table.size)


def test_official_draws_leave_the_global_generator_alone():
    import torch

    before = torch.random.get_rng_state()
    start(settings(draws="official"))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_official_split_is_the_published_one():
    held_out = training_set(settings(draws="official", seed=58, training_seed=58)).held_out
    expected = [(0, 2), (0, 4), (1, 5), (1, 7), (2, 4), (4, 4), (4, 6), (5, 5), (5, 8), (5, 9)]
    assert held_out.tolist() == [list(pair) for pair in expected]
