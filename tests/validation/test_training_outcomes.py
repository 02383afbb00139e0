"""What training returns, what it refuses, and what a network of this kind must and cannot learn."""

from dataclasses import replace

import numpy as np
import pytest

from geneft_theory.errors import InvalidInput
from validation.networks import NetworkSettings
from validation.training import chunks, default_record_steps, train, train_chunk

SMALL = NetworkSettings(relation="modulo:3", n=12, fraction=0.5, seed=0, width=10, depth=1, steps=40)


def replicates(settings, count):
    return [replace(settings, seed=seed) for seed in range(count)]


def test_shapes_and_the_relation_between_the_accuracies():
    outcomes = train(replicates(SMALL, 3), record_steps=[5, 10])
    assert outcomes.record_steps.tolist() == [[5, 10, 40]] * 3
    assert outcomes.embeddings.shape == (3, 12, 2)
    for curve in (outcomes.train_accuracy_curve, outcomes.train_loss_curve, outcomes.diverged_curve):
        assert curve.shape == (3, 3)
    assert outcomes.train_accuracy.shape == outcomes.train_loss.shape == outcomes.diverged.shape == (3,)
    assert not outcomes.diverged.any()
    np.testing.assert_allclose(
        outcomes.accuracy_curve, 0.5 * outcomes.train_accuracy_curve + 0.5 * outcomes.held_out_accuracy_curve
    )


def test_a_single_trained_pair_is_learned_first():
    outcomes = train([replace(SMALL, fraction=1e-6, eta_decoder=0.1)])
    assert outcomes.train_accuracy[0] == 1
    assert outcomes.accuracy[0] == pytest.approx((1 + 143 * outcomes.held_out_accuracy[0]) / 144)


def test_no_held_out_pair_means_no_held_out_accuracy():
    outcomes = train([replace(SMALL, fraction=1.0)])
    assert np.isnan(outcomes.held_out_accuracy).all()
    assert np.isnan(outcomes.steps_to_test_threshold).all()
    np.testing.assert_array_equal(outcomes.accuracy_curve, outcomes.train_accuracy_curve)


def test_steps_to_a_threshold_lie_on_the_recorded_grid():
    outcomes = train(replicates(replace(SMALL, eta_encoder=0.03, eta_decoder=0.03, steps=300, fraction=0.9), 3))
    curve, steps = outcomes.train_accuracy_curve, outcomes.record_steps
    for k, first in enumerate(outcomes.steps_to_train_threshold):
        assert first == steps[k][curve[k] > 0.9][0]
    assert np.all(outcomes.steps_to(curve, 0.6) <= outcomes.steps_to_train_threshold)
    assert np.isnan(outcomes.steps_to(curve, 1.0)).all()
    with pytest.raises(InvalidInput, match="threshold"):
        outcomes.steps_to(curve, 1.5)


@pytest.mark.parametrize("steps", [1, 2, 29, 4000, 100_000])
def test_default_records_grow_geometrically(steps):
    recorded = default_record_steps(steps)
    assert recorded[0] == 1
    assert recorded[-1] == steps
    assert list(recorded) == sorted(set(recorded))
    assert len(recorded) <= 30


def test_different_lengths_of_training_repeat_their_last_record():
    outcomes = train([replace(SMALL, steps=3), replace(SMALL, steps=40)])
    assert outcomes.record_steps.shape == outcomes.accuracy_curve.shape
    assert outcomes.record_steps[0].tolist() == [1, 2, *[3] * (outcomes.record_steps.shape[1] - 2)]
    assert outcomes.train_loss_curve[0, 2] == outcomes.train_loss_curve[0, -1]


def test_every_network_is_in_one_chunk_with_its_equals():
    networks = [replace(SMALL, seed=seed, fraction=fraction) for seed in range(5) for fraction in (0.2, 0.5, 0.51)]
    divided = chunks(networks, chunk_size=4)
    assert sorted(i for chunk in divided for i in chunk.positions) == list(range(15))
    for chunk in divided:
        assert [networks[i] for i in chunk.positions] == list(chunk.networks)
        assert train_chunk(chunk.networks, record_steps=[1]).networks == chunk.networks
    # 72 and 73 pairs round to the same padded length, 29 to another; parts of a group are even.
    assert sorted(len(chunk.networks) for chunk in divided) == [2, 3, 3, 3, 4]


def test_progress_adds_up_to_all_steps():
    done = []
    train([*replicates(replace(SMALL, steps=250), 3), SMALL], progress=done.append)
    assert sum(done) == 3 * 250 + 40
    assert len(done) >= 4
    assert min(done) > 0


def test_an_error_in_progress_ends_the_training():
    def give_up(network_steps):
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        train([replace(SMALL, steps=100_000)], progress=give_up)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: train([]), "networks"),
        (lambda: train([SMALL.to_dict()]), "networks"),
        (lambda: chunks([SMALL], chunk_size=0), "chunk_size"),
        (lambda: train([SMALL], record_steps=[41]), "record_steps"),
        (lambda: train([SMALL, replace(SMALL, steps=5)], record_steps=[10]), "record_steps"),
        (lambda: train([SMALL], record_steps=[0.5]), "record_steps"),
        (lambda: train([SMALL], device="abacus"), "device"),
        (lambda: train_chunk([SMALL, replace(SMALL, width=11)]), "networks"),
        (lambda: default_record_steps(0), "steps"),
    ],
)
def test_bad_input_is_refused_by_name(call, name):
    with pytest.raises(InvalidInput, match=name) as refusal:
        call()
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("fraction", [0.1, 0.5, 1.0])
def test_a_symmetric_decoder_cannot_learn_an_order(fraction):
    # Its answer to (i, j) is its answer to (j, i): at most one right of each two, and the 30 pairs (i, i).
    network = NetworkSettings(
        relation="greater-than", fraction=fraction, seed=0, mode="squared_difference", width=20, steps=200
    )
    outcomes = train(replicates(network, 4))
    assert outcomes.accuracy_curve.max() <= 465 / 900


def test_the_default_network_learns_modulo_3():
    outcomes = train([NetworkSettings(relation="modulo:3", fraction=0.75, seed=seed, steps=1500) for seed in range(2)])
    assert np.all(outcomes.train_accuracy > 0.98)
    assert outcomes.held_out_accuracy.max() > 0.9
    assert np.nanmin(outcomes.steps_to_test_threshold) < 1500


def test_the_ideal_heads_learn_their_relation():
    equality = NetworkSettings(
        relation="modulo:3", fraction=0.5, seed=0, mode="equality_head", eta_encoder=3e-3, steps=1000
    )
    order = replace(
        equality, relation="greater-than", mode="order_head", embedding_dimension=1, loss="mean_squared_error"
    )
    outcomes = train([*replicates(equality, 4), *replicates(order, 4)])
    assert outcomes.accuracy[:4].mean() > 0.9
    assert outcomes.accuracy[4:].mean() > 0.8
