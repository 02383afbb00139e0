"""A network's outcome is a function of its own settings: bit for bit the same in any company and on any threads."""

from dataclasses import fields, replace
from threading import Thread

import numpy as np
import pytest
import torch

from validation.networks import NetworkSettings
from validation.training import Outcomes, train

ARRAYS = [field.name for field in fields(Outcomes) if field.name != "networks"]
CASES = {
    "default": {},
    "large": {"fraction": 1.0, "n": 41},
    "linear": {"depth": 0, "fraction": 0.3},
    "difference": {"mode": "difference", "width": 37, "optimizer": "adamw"},
    "linear difference": {"mode": "difference", "depth": 0, "optimizer": "sgd", "loss": "mean_squared_error"},
    "squared": {"mode": "squared_difference", "width": 10, "loss": "mean_squared_error", "fraction": 0.02},
    "linear squared": {"mode": "squared_difference", "depth": 0, "embedding_dimension": 7, "fraction": 0.4},
    "narrow": {"width": 10, "fraction": 1.0, "optimizer": "sgd", "momentum": 0.9},
    "odd": {"width": 37, "fraction": 0.32, "loss": "mean_squared_error", "embedding_dimension": 3},
    "relu": {"width": 10, "activation": "relu", "mode": "squared_difference", "optimizer": "adamw"},
    "gelu": {"width": 37, "activation": "gelu", "fraction": 0.5, "optimizer": "sgd"},
    "few symbols": {"n": 7, "width": 50, "depth": 1},
    "equality head": {"mode": "equality_head", "embedding_dimension": 5},
    "order head": {"mode": "order_head", "loss": "mean_squared_error", "optimizer": "sgd", "fraction": 0.1},
}


@pytest.fixture
def use_threads():
    """Return a function that sets torch's thread count until the end of the test."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def varied(**choices):
    """Return eight networks of one shape that differ in everything a chunk allows."""
    rng = np.random.default_rng(1)
    return [
        NetworkSettings(
            relation=["modulo:3", "greater-than", "modulo:2"][seed % 3],
            seed=seed,
            steps=6,
            eta_encoder=10 ** rng.uniform(-3, -1),
            eta_decoder=10 ** rng.uniform(-3, -1),
            weight_decay_decoder=0.1 * (seed % 2),
            **{"fraction": 0.75, **choices},
        )
        for seed in range(8)
    ]


def assert_bitwise_equal(outcomes, order, reference):
    for name in ARRAYS:
        value, expected = getattr(outcomes, name), getattr(reference, name)[order]
        assert value.tobytes() == expected.tobytes(), name


@pytest.mark.parametrize("case", CASES)
def test_neither_companions_nor_order_nor_threads_matter(case, use_threads):
    networks = varied(**CASES[case])
    use_threads(1)
    reference = train(networks, chunk_size=1)
    assert len(np.unique(reference.train_loss)) == len(networks)
    for threads in (1, 2):
        use_threads(threads)
        for chunk_size in (1, 2, 3, 5, 8):
            order = np.random.default_rng(chunk_size).permutation(len(networks))
            outcomes = train([networks[i] for i in order], chunk_size=chunk_size)
            assert_bitwise_equal(outcomes, order, reference)


def test_other_shapes_in_the_same_call_do_not_matter():
    networks = [network for case in ("odd", "linear", "order head", "few symbols") for network in varied(**CASES[case])]
    shuffled = np.random.default_rng(0).permutation(len(networks))
    together = train([networks[i] for i in shuffled])
    for position, i in enumerate(shuffled):
        alone = train([networks[i]])
        n, dimensions = alone.embeddings.shape[1:]
        assert together.networks[position] == networks[i]
        assert together.embeddings[position, :n, :dimensions].tobytes() == alone.embeddings[0].tobytes()
        assert np.all(np.isnan(together.embeddings[position, n:]))
        assert together.train_loss_curve[position].tobytes() == alone.train_loss_curve[0].tobytes()


def test_a_diverging_network_leaves_its_companions_alone():
    healthy = varied(activation="relu", loss="mean_squared_error", optimizer="sgd")
    healthy = [replace(network, eta_encoder=0.01, eta_decoder=0.01, steps=30) for network in healthy]
    wild = replace(healthy[0], eta_encoder=1e6, eta_decoder=1e6)
    reference = train(healthy)
    mixed = train([*healthy[:3], wild, *healthy[3:]], chunk_size=9)
    others = np.array([0, 1, 2, 4, 5, 6, 7, 8])
    assert mixed.diverged.tolist() == [i == 3 for i in range(9)]
    assert not np.isfinite(mixed.train_loss[3])
    assert mixed.accuracy[3] == 0
    for name in ARRAYS:
        assert getattr(mixed, name)[others].tobytes() == getattr(reference, name).tobytes()


def test_the_callers_threads_stay_as_they_were(use_threads):
    use_threads(2)
    seen = []
    train(varied(), progress=lambda network_steps: seen.append(torch.get_num_threads()))
    assert set(seen) == {1}
    assert torch.get_num_threads() == 2
    later = Thread(target=lambda: seen.append(torch.get_num_threads()))
    later.start()
    later.join()
    assert seen[-1] == 2


def test_denormal_numbers_are_flushed_on_every_thread_and_only_in_training(use_threads):
    # Weight decay takes embeddings of 1e-37 to 1e-41, which is 0 where the mode is set.
    use_threads(2)
    shrinking = NetworkSettings(
        relation="modulo:3",
        fraction=0.1,
        seed=0,
        mode="squared_difference",
        depth=0,
        embedding_dimension=200,
        embedding_scale=1e-37,
        optimizer="sgd",
        weight_decay_encoder=999.9,
        steps=1,
    )
    outcomes = train([replace(shrinking, seed=seed) for seed in range(8)])
    assert np.all(outcomes.embeddings == 0)
    assert np.all((torch.full((1_000_000,), 1e-40) * 0.5).numpy() > 0)
