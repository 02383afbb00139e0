"""Training networks that learn an operation: the compiled engine against autograd, the official runs, its course."""

import numpy as np
import pytest
import torch

from geneft_theory import grokking
from geneft_theory.errors import InvalidInput
from validation.operations import OperationSettings, train_operations, training_set
from validation.operations.batched import train_batched
from validation.operations.compiled.network import CompiledNetwork
from validation.operations.outcomes import gather
from validation.operations.reference import ReferenceNetwork, train_reference
from validation.sweeps import Interrupted
from validation.sweeps.executors.cores import single_threaded

SMALL = {"operation": "addition:6", "training_pairs": 15, "width": 20, "training_seed": 0, "steps": 60}
GROUP = SMALL | {"operation": "symmetric-group:3", "training_pairs": 24, "embedding_scale": 0.5}
CASES = {
    "regression": SMALL,
    "classification": SMALL | {"loss": "cross_entropy"},
    "matrices": GROUP | {"penalty": 0.05},
    "odd shapes": SMALL | {"embedding_dimension": 3, "width": 7, "depth": 1, "template_dimension": 4},
    "linear": SMALL | {"depth": 0, "loss": "cross_entropy", "embedding_dimension": 2},
    "decay": SMALL | {"weight_decay_decoder": 2.0, "weight_decay_encoder": 0.5, "eta_decoder": 1e-2},
    "sgd": SMALL | {"optimizer": "sgd", "eta_encoder": 0.1, "eta_decoder": 0.1, "weight_decay_decoder": 0.1},
    "everything shown": SMALL | {"training_pairs": 21},
    "one pair": SMALL | {"training_pairs": 1, "loss": "cross_entropy"},
    "modular": SMALL | {"operation": "modular-addition:9", "training_pairs": 40},
}


def network(case, seed=3):
    return OperationSettings(**CASES[case], seed=seed)


@pytest.mark.parametrize("case", CASES)
def test_gradients_are_those_of_automatic_differentiation(case):
    settings = network(case)
    reference = ReferenceNetwork(settings)
    shown, operation = reference.start.training_set, settings.table
    classes = torch.tensor(operation.classes[shown.indices])
    loss = reference.loss(reference(torch.tensor(shown.pairs)), classes)
    torch.autograd.backward(loss + settings.penalty * reference.embeddings.abs().mean())
    compiled = CompiledNetwork(settings)
    table, *layers = compiled.gradients()
    assert compiled.look().train_loss == pytest.approx(loss.item(), rel=2e-6)
    expected = reference.embeddings.grad.numpy().T
    assert np.abs(table - expected).max() <= 1e-6 * max(1, np.abs(expected).max())
    modules = [module for module in reference.decoder if isinstance(module, torch.nn.Linear)]
    for own, module in zip(layers, modules, strict=True):
        assert np.abs(own[1:] - module.weight.grad.numpy().T).max() < 1e-6
        assert np.abs(own[0] - module.bias.grad.numpy()).max() < 1e-6


@pytest.mark.parametrize("case", CASES)
def test_the_engine_follows_the_plain_loop(case):
    settings = network(case)
    course = train_reference(settings)
    outcomes = train_operations([settings], record_steps=range(settings.steps))
    assert outcomes.train_loss[0, :-1] == pytest.approx(course.train_losses, rel=2e-4, abs=1e-6)
    assert np.abs(outcomes.embeddings[0, 1:] - course.embeddings).max() < 1e-4


def test_the_engine_for_other_devices_agrees():
    networks = [network(case, seed) for case in CASES for seed in (1, 2)]
    expected = train_operations(networks)
    steps = tuple(expected.record_steps.tolist())
    with single_threaded():
        courses = train_batched(networks, steps, False, lambda steps: None, lambda: None, "cpu")
    found = gather(tuple(networks), expected.record_steps.tolist(), courses)
    for name in ("train_loss", "embeddings"):
        assert np.nanmax(np.abs(getattr(found, name) - getattr(expected, name))) < 2e-4
    # A rounding may decide one answer, or one parallelogram.
    for name in ("train_accuracy", "held_out_accuracy", "rqi"):
        one, other = getattr(found, name), getattr(expected, name)
        assert np.array_equal(np.isnan(one), np.isnan(other))
        assert np.nanmean(np.abs(one - other) > 1e-6) < 0.02
    assert np.array_equal(found.diverged, expected.diverged)


def test_the_official_run_ends_its_phases_at_the_published_steps():
    settings = OperationSettings(draws="official", training_seed=58, seed=58, steps=5000)
    course = train_reference(settings, steps=1600)
    # Liu et al.'s code counts from 0 and looks at held-out pairs before a step, at all else after it.
    assert (course.steps_to_train, course.steps_to_test, course.steps_to_structure) == (1130, 1530, 800)
    assert course.train_losses[0] == pytest.approx(0.98126620, abs=2e-6)
    assert course.train_losses[1000] == pytest.approx(0.43041229, abs=2e-6)
    outcomes = train_operations([settings], record_steps=[1000, 2000, 3000, 4000])
    assert outcomes.steps_to_train_threshold == 1131
    assert outcomes.steps_to_test_threshold == 1530
    assert outcomes.steps_to_structure == 801
    published = [0.98126620, 0.43041229, 0.10177837, 0.02234229, 0.00274832]
    assert outcomes.train_loss[0, :5] == pytest.approx(published, abs=1e-5)


@pytest.mark.parametrize(
    ("pairs", "seed", "structure", "accuracy"),
    # Released by the authors (zero-based) for sets that fit one batch; accuracy after 5000 steps.
    [(30, 2, 739, 0.927), (35, 2, 1171, 0.982), (40, 0, 867, 0.909), (45, 1, 1071, 1.0), (30, 0, None, 0.709)],
)
def test_released_runs_form_their_structure_at_the_released_steps(pairs, seed, structure, accuracy):
    settings = OperationSettings(draws="official", training_seed=seed, seed=seed, training_pairs=pairs, steps=5000)
    outcomes = train_operations([settings], record_steps=[])
    right = outcomes.train_accuracy[0, -1] * pairs + outcomes.held_out_accuracy[0, -1] * (55 - pairs)
    assert right / 55 == pytest.approx(accuracy, abs=1e-3)
    assert outcomes.steps_to_structure[0] == (
        pytest.approx(np.nan, nan_ok=True) if structure is None else structure + 1
    )


def test_outcomes_depend_neither_on_company_nor_order_nor_records_nor_threads():
    networks = [network(case) for case in CASES]
    together = train_operations(networks)
    with single_threaded():
        backwards = train_operations(networks[::-1], record_steps=[7])
    for k, settings in enumerate(networks):
        p, d = settings.table.p, settings.embedding_dimension
        one, other = together.embeddings[k, -1, :p, :d], backwards.embeddings[len(networks) - 1 - k, -1, :p, :d]
        assert np.array_equal(one, other)
    names = ("steps_to_train_threshold", "steps_to_test_threshold", "steps_to_structure")
    for name in names:
        assert np.array_equal(getattr(together, name), getattr(backwards, name)[::-1], equal_nan=True)


def test_the_representation_is_measured_as_the_theory_does():
    networks = [OperationSettings(**SMALL | {"embedding_dimension": d, "seed": d, "eta_encoder": 0.02}) for d in (1, 2)]
    outcomes = train_operations(networks, record_steps=range(0, 60, 5))
    for k, settings in enumerate(networks):
        tables = outcomes.embeddings[k, :, :, : settings.embedding_dimension]
        assert outcomes.rqi[k] == pytest.approx(grokking.rqi(tables, settings.table))


def test_accuracies_are_counted_on_their_own_pairs():
    settings = network("regression")
    reference = ReferenceNetwork(settings)
    seen = train_operations([settings], record_steps=[])
    shown, operation = training_set(settings), settings.table
    for pairs, accuracy in ((shown.pairs, seen.train_accuracy), (shown.held_out, seen.held_out_accuracy)):
        classes = torch.tensor(operation.classes[operation.positions[tuple(pairs.T)]])
        with torch.no_grad():
            assert accuracy[0, 0] == pytest.approx(reference.accuracy(reference(torch.tensor(pairs)), classes))


def test_an_early_end_decides_the_same_phase_and_counts_all_steps():
    settings = OperationSettings(training_pairs=54, training_seed=2, seed=2, steps=4000)
    reported = []
    whole = train_operations([settings], record_steps=range(0, 4000, 100))
    short = train_operations([settings], record_steps=range(0, 4000, 100), until_learned=True, progress=reported.append)
    assert whole.steps_taken == 4000
    assert short.steps_taken < 4000
    assert sum(reported) == 4000
    for name in ("steps_to_train_threshold", "steps_to_test_threshold"):
        assert getattr(short, name) == getattr(whole, name)
    taken = int(short.steps_taken[0]) // 100
    assert np.array_equal(short.train_loss[0, : taken + 1], whole.train_loss[0, : taken + 1])
    assert np.all(short.train_loss[0, taken:] == short.train_loss[0, taken])


def test_a_network_that_diverges_says_so():
    wild = OperationSettings(**SMALL | {"seed": 0, "optimizer": "sgd", "eta_encoder": 1e6, "eta_decoder": 1e6})
    outcomes = train_operations([wild, network("regression")], until_learned=True)
    assert outcomes.diverged.tolist() == [True, False]
    assert outcomes.steps_taken[0] < wild.steps


def test_training_gives_up_when_told_to():
    with pytest.raises(Interrupted):
        train_operations([OperationSettings(training_seed=0, seed=0, steps=10**6)], stopped=lambda: True)


@pytest.mark.parametrize(
    ("networks", "records"),
    [
        ([], None),
        ([OperationSettings(training_seed=0, seed=0), "network"], None),
        ([OperationSettings(training_seed=0, seed=0, steps=s) for s in (5, 6)], None),
        ([OperationSettings(training_seed=0, seed=0, steps=5)], [6]),
        ([OperationSettings(training_seed=0, seed=0, steps=5)], [-1]),
        ([OperationSettings(training_seed=0, seed=0, steps=5)], [2.5]),
    ],
)
def test_what_cannot_be_trained_is_refused(networks, records):
    with pytest.raises(InvalidInput):
        train_operations(networks, record_steps=records)
