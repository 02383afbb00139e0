"""Trainings that end where the phase is decided: the same labels, the same curves up to there, companions unmoved."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from validation.measure import phase_of
from validation.networks import NetworkSettings
from validation.training import Outcomes, train
from validation.training.batched.computation import Ensemble
from validation.training.batched.training import train_batched
from validation.training.course import Course

CURVES = [field.name for field in fields(Outcomes) if field.name.endswith("_curve")]
STEPS = 1500
BASE = NetworkSettings(relation="modulo:3", n=12, fraction=0.7, seed=0, width=20, depth=2, steps=STEPS)
RECORDS = [*range(25, STEPS, 25)]


def sweep():
    """Return networks over four decades of learning rates, half of them under an optimiser that can diverge."""
    rates = np.geomspace(1e-4, 1, 5)
    adam = [
        replace(BASE, eta_encoder=encoder, eta_decoder=decoder, seed=seed)
        for seed, encoder in enumerate(rates)
        for decoder in rates
    ]
    descent = [
        replace(BASE, optimizer="sgd", momentum=0.9, activation="relu", loss="mean_squared_error", seed=seed,
                eta_encoder=30 * encoder, eta_decoder=30 * decoder)
        for seed, encoder in enumerate(rates)
        for decoder in [*rates, 1e4, 1e8]
    ]  # fmt: skip
    return adam + descent


@pytest.fixture(scope="module")
def both():
    networks = sweep()
    return train(networks, record_steps=RECORDS), train(networks, record_steps=RECORDS, until_learned=True)


def labels(outcomes, delay=200):
    learned = (outcomes.steps_to_train_threshold, outcomes.steps_to_test_threshold)
    return phase_of(*learned, delay, diverged=outcomes.diverged)


def ends(outcomes):
    """Return the step at which each network's training ended, and the place of that record."""
    last = outcomes.record_steps.argmax(1)
    return outcomes.record_steps[:, -1], last


def test_the_sweep_has_everything(both):
    whole, _ = both
    assert len(whole.networks) == 60
    assert set(labels(whole)) == {"generalization", "grokking", "memorization", "confusion"}
    assert 3 < whole.diverged.sum() < 40


def test_labels_are_the_same(both):
    whole, short = both
    assert np.array_equal(labels(whole), labels(short))
    np.testing.assert_array_equal(whole.diverged, short.diverged)
    for name in ("steps_to_train_threshold", "steps_to_test_threshold"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(short, name))


def test_what_ends_early_and_what_does_not(both):
    whole, short = both
    steps, _ = ends(short)
    decided = short.diverged | ~np.isnan(short.steps_to_train_threshold + short.steps_to_test_threshold)
    np.testing.assert_array_equal(steps < STEPS, decided & (steps < STEPS))
    assert np.all(steps[~decided] == STEPS)
    learned = ~short.diverged & decided
    later = np.fmax(short.steps_to_train_threshold, short.steps_to_test_threshold)
    np.testing.assert_array_equal(steps[learned], later[learned])
    first = np.array([row[gone][0] for row, gone in zip(whole.record_steps, whole.diverged_curve, strict=True)
                      if gone.any()])  # fmt: skip
    np.testing.assert_array_equal(steps[short.diverged], first)
    assert 10 < (steps < STEPS).sum() < 60


def test_curves_are_those_of_the_whole_training_up_to_the_end_and_keep_their_last_value(both):
    whole, short = both
    _, last = ends(short)
    for name in ("record_steps", *CURVES):
        curve, entire = getattr(short, name), getattr(whole, name)
        assert curve.shape == entire.shape
        for k, end in enumerate(last):
            assert curve[k, : end + 1].tobytes() == entire[k, : end + 1].tobytes()
            assert np.array_equal(curve[k, end:], np.full(curve.shape[1] - end, curve[k, end]), equal_nan=True)


def test_embeddings_are_those_of_the_end(both):
    _, short = both
    steps, _ = ends(short)
    for k in np.flatnonzero(steps < 200)[:4]:
        alone = train([replace(short.networks[k], steps=int(steps[k]))], record_steps=[])
        assert alone.embeddings[0].tobytes() == short.embeddings[k].tobytes()


def test_progress_counts_what_is_saved(both):
    _, short = both
    done = []
    train(short.networks[:10], record_steps=RECORDS, until_learned=True, progress=done.append)
    assert sum(done) == 10 * STEPS


def test_without_held_out_pairs_nothing_ends_early():
    outcomes = train([replace(BASE, fraction=1.0, eta_decoder=0.03, steps=200)], until_learned=True)
    assert outcomes.record_steps[0, -1] == 200
    assert outcomes.train_accuracy[0] > 0.9


@pytest.fixture
def one_thread():
    """Hold torch to the one thread that the batched engine is given."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


BATCH = [
    replace(BASE, eta_encoder=eta, eta_decoder=eta, seed=seed, steps=400, weight_decay_decoder=1e-3)
    for seed, eta in enumerate([1e-3, 1e-2, 0.03, 0.1])
]


def batched(networks, until_learned=True, report=lambda steps: None):
    return train_batched(
        tuple(networks), Course((*range(25, 400, 25), 400), until_learned, report, lambda: False), "cpu"
    )


def test_those_who_leave_a_batch_leave_the_others_as_they_were(one_thread):
    short, whole, reports = batched(BATCH), batched(BATCH, until_learned=False), []
    steps, last = ends(short)
    # They leave at several times, and one is left alone in the end.
    assert len(set(steps)) >= 3
    assert (np.sort(steps)[:-1] < 400).all()
    for name in CURVES:
        for k, end in enumerate(last):
            assert getattr(short, name)[k, : end + 1].tobytes() == getattr(whole, name)[k, : end + 1].tobytes()
    for k, network in enumerate(BATCH):
        alone = batched([network], report=reports.append)
        assert alone.networks == (network,)
        assert alone.embeddings[0].tobytes() == short.embeddings[k].tobytes()
    assert sum(reports) == len(BATCH) * 400


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_some_of_an_ensemble_go_on_as_in_it(optimizer, one_thread):
    networks = [replace(network, optimizer=optimizer, momentum=0.9) for network in BATCH]
    chosen = [3, 0, 2]
    with torch.inference_mode():
        ensemble = Ensemble(networks, torch.device("cpu"))
        for _ in range(5):
            ensemble.advance()
        fewer = ensemble.kept(chosen)
        for _ in range(5):
            ensemble.advance()
            fewer.advance()
        assert fewer.outputs().tobytes() == ensemble.outputs()[chosen].tobytes()
        assert fewer.embeddings().tobytes() == ensemble.embeddings()[chosen].tobytes()
        assert fewer.finite().tolist() == [True] * 3
