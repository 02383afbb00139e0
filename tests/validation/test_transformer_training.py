"""Training of transformers: what is measured, what it depends on, how it stops and goes on."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from geneft_theory import InvalidInput
from validation.measure import effective_dimension, fourier_concentration
from validation.sweeps import Checkpoint, Interrupted
from validation.tasks import training_pairs
from validation.transformer import VARIABLES, TransformerSettings, train_transformers
from validation.transformer import batch as batch_module
from validation.transformer.batch import Batch
from validation.transformer.initial import initial_parameters
from validation.transformer.measuring import all_pairs

SMALL = {"modulus": 7, "embedding_dimension": 12, "heads": 3, "hidden_width": 16, "frequencies": 2, "steps": 60}
FAST = {"eta_encoder": 1e-2, "eta_decoder": 1e-2, "check_every": 3, "records": 6}
BASE = TransformerSettings(seed=1, training_seed=2, **SMALL, **FAST)
DROPPING = replace(BASE, dropout=0.2)


@pytest.fixture(autouse=True)
def one_thread():
    """Operations as short as these lose more by meeting at a barrier than they gain."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def same(one, other):
    first, second = one.arrays(), other.arrays()
    assert first.keys() == second.keys() == VARIABLES.keys()
    return all(np.array_equal(first[name], second[name], equal_nan=True) for name in first)


@pytest.fixture(scope="module")
def outcomes():
    return train_transformers([BASE, DROPPING][:1])


def test_outcomes_have_the_shapes_that_they_describe(outcomes):
    arrays = outcomes.arrays()
    sizes = {"step": outcomes.step.shape[1], "frequency": 3, "symbol": 7, "component": 2}
    for name, variable in VARIABLES.items():
        assert arrays[name].shape == (1, *(sizes[axis] for axis in variable.axes)), name
    assert outcomes.step[0, 0] == 0
    assert outcomes.step[0, -1] == 60


def test_training_learns_and_measures_the_start(outcomes):
    table = initial_parameters(BASE)["embeddings"]
    assert outcomes.effective_dimension_curve[0, 0] == effective_dimension(table)
    assert outcomes.fourier_concentration_curve[0, 0] == fourier_concentration(table, 2)
    assert outcomes.fourier_concentration_curve[0, -1] == pytest.approx(np.sort(outcomes.final_power[0])[-2:].sum())
    assert outcomes.train_accuracy_curve[0, -1] == 1
    assert outcomes.train_loss_curve[0, -1] < 0.1 * outcomes.train_loss_curve[0, 0]
    assert not outcomes.diverged.any()


def test_the_time_to_the_threshold_is_the_first_look_at_or_above_it():
    found = train_transformers([replace(BASE, check_every=1, records=1000)])
    accuracy, step = found.train_accuracy_curve[0], found.step[0]
    np.testing.assert_array_equal(step, np.arange(61))
    first = int(step[np.argmax(accuracy >= 0.9)])
    assert found.steps_to_train_threshold[0] == first > 0
    assert found.effective_dimension_at_train_threshold[0] == found.effective_dimension_curve[0, first]
    # Rarer looks see it at the next look, records being looks as well.
    rare = train_transformers([replace(BASE, check_every=7, records=2)])
    assert rare.steps_to_train_threshold[0] == 7 * np.ceil(first / 7)
    never = train_transformers([replace(BASE, eta_encoder=0.0, eta_decoder=0.0)])
    assert np.isnan(never.steps_to_train_threshold[0])
    assert np.isnan(never.effective_dimension_at_train_threshold[0])


def test_pairs_are_divided_into_the_training_set_and_all_others():
    pairs = all_pairs([BASE, replace(BASE, training_seed=5)], torch.device("cpu"))
    for row, seed in enumerate((2, 5)):
        first, second = pairs.symbols[row].numpy()
        numbers = first * 7 + second
        assert np.array_equal(numbers[: pairs.trained], training_pairs(7, 0.8, seed=seed))
        assert sorted(numbers) == list(range(49))
        assert np.array_equal(pairs.sums[row].numpy(), (first + second) % 7)


@pytest.mark.parametrize("settings", [BASE, DROPPING])
def test_a_network_does_not_depend_on_its_companions(settings):
    others = [replace(settings, seed=8), replace(settings, training_seed=9, weight_decay=0.0)]
    together = train_transformers([others[0], settings, others[1]])
    alone = train_transformers([settings])
    middle = {name: values[1:2] for name, values in together.arrays().items()}
    assert all(np.array_equal(middle[name], values, equal_nan=True) for name, values in alone.arrays().items())
    assert same(alone, train_transformers([settings]))


def test_both_seeds_matter_and_each_for_its_part():
    found = [train_transformers([each]) for each in (BASE, replace(BASE, seed=8), replace(BASE, training_seed=8))]
    starts = [each.initial_power for each in found]
    assert not np.array_equal(starts[0], starts[1])
    assert np.array_equal(starts[0], starts[2])
    assert not same(found[0], found[2])


def test_dropout_drops_its_share_keeps_the_mean_and_has_a_stream_for_each_network():
    networks = [DROPPING, replace(DROPPING, seed=8, dropout=0.5)]
    drop = batch_module.Dropout(networks, torch.device("cpu"))
    ones = torch.ones(2, 2, 400, 25)
    dropped = drop(ones)
    for values, share in zip(dropped, (0.2, 0.5), strict=True):
        kept = values > 0
        # 20 000 values: 4 standard errors of the share.
        assert abs(1 - kept.double().mean() - share) < 4 * np.sqrt(share * (1 - share) / 20_000)
        torch.testing.assert_close(values[kept].unique(), torch.tensor([1 / (1 - share)]))
    alone = batch_module.Dropout(networks[1:], torch.device("cpu"))(ones[1:])
    assert torch.equal(alone[0], dropped[1])
    assert not torch.equal(drop(ones), dropped)


def test_dropout_changes_training_but_not_measurements():
    plain, dropping = Batch([BASE], "cpu"), Batch([DROPPING], "cpu")
    assert plain.arrays()["train_loss_curve"][0, 0] == dropping.arrays()["train_loss_curve"][0, 0]
    assert not torch.equal(plain.gradient(), dropping.gradient())
    assert not torch.equal(dropping.gradient(), dropping.gradient())


def stopping_after(looks):
    """Return a function that says stop after so many looks."""
    count = iter(range(10**6))
    return lambda: next(count) >= looks


@pytest.mark.parametrize("settings", [BASE, DROPPING])
def test_a_stopped_training_goes_on_to_the_last_bit(settings, tmp_path):
    networks = [settings, replace(settings, seed=4)]
    whole, told = train_transformers(networks), []
    # In the first network, before its end, and in the second.
    for looks in (25, 60, 20):
        checkpoint = Checkpoint(tmp_path / "state", interval=0.0)
        with pytest.raises(Interrupted):
            train_transformers(networks, checkpoint=checkpoint, stopped=stopping_after(looks))
    resumed = train_transformers(networks, checkpoint=Checkpoint(tmp_path / "state"), progress=told.append)
    assert same(whole, resumed)
    assert sum(told) == 120


def test_a_checkpoint_of_something_else_is_not_used(tmp_path, caplog):
    with pytest.raises(Interrupted):
        train_transformers([BASE], checkpoint=Checkpoint(tmp_path / "state", 0.0), stopped=stopping_after(10))
    other = replace(BASE, eta_encoder=2e-2)
    assert same(train_transformers([other], checkpoint=Checkpoint(tmp_path / "state")), train_transformers([other]))
    assert "does not fit" in caplog.text


def test_progress_adds_up_and_its_exceptions_stop_the_training():
    told = []
    train_transformers([BASE, replace(BASE, seed=3)], progress=told.append)
    assert sum(told) == 120

    def give_up(steps):
        raise InterruptedError("enough")

    with pytest.raises(InterruptedError):
        train_transformers([BASE], progress=give_up)


def test_what_diverges_is_said_to_and_has_no_numbers():
    found = train_transformers([replace(BASE, eta_encoder=1e30, eta_decoder=1e30)])
    assert found.diverged.all()
    assert np.isnan(found.effective_dimension_curve[0, -1])
    assert np.isnan(found.final_power).all()
    assert found.train_accuracy_curve[0, -1] == 0
    assert np.isfinite(found.effective_dimension_curve[0, 0])


@pytest.mark.parametrize(
    ("networks", "message"),
    [
        ([], "networks must hold at least one network"),
        ([BASE, "nonsense"], "networks must be a sequence of TransformerSettings; got 'nonsense' in it"),
        ([BASE, replace(BASE, steps=61)], "networks must share shapes, steps and measurements"),
        ([BASE, DROPPING], "networks must share shapes"),
    ],
)
def test_what_cannot_be_trained_is_refused(networks, message):
    with pytest.raises(InvalidInput, match=message):
        train_transformers(networks)


def test_an_unknown_device_is_refused():
    with pytest.raises(InvalidInput, match="device must be auto, cpu, or a device"):
        train_transformers([BASE], device="abacus")
