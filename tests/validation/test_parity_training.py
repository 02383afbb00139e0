"""Recurrent networks on parity: the numbers of torch's own network, each as if it were alone."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from geneft_theory import alignment
from geneft_theory.errors import InvalidInput
from validation.measure import roc_area
from validation.parity import ParitySettings, Strings, train_parity, training_mask
from validation.parity.network import Ensemble
from validation.parity.states import is_closed, merged_states, pairs_before, spread, together
from validation.parity.strings import bits, long_strings
from validation.sweeps import Interrupted

SMALL = ParitySettings(
    seed=0, length=4, units=12, gain=0.6, eta=0.05, epochs=12, records=3, batch_size=5, long_length=60, long_strings=9
)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Plain:
    """The same network as torch's recurrent one, trained by its SGD, in float64."""

    def __init__(self, settings):
        ensemble = Ensemble([settings], "cpu")
        units = settings.units
        self.rnn = torch.nn.RNN(2, units, nonlinearity=settings.activation, batch_first=True, dtype=torch.float64)
        self.read_out = torch.nn.Linear(units, 2, dtype=torch.float64)
        with torch.no_grad():
            weights = ensemble.weights[0].double()
            self.rnn.weight_hh_l0.copy_(weights[:units].T)
            self.rnn.weight_ih_l0.copy_(weights[units:].T)
            self.read_out.weight.copy_(ensemble.read_out[0].double().T)
            for bias in (self.rnn.bias_hh_l0, self.rnn.bias_ih_l0, self.read_out.bias):
                bias.zero_()
        self.optimizer = torch.optim.SGD([*self.rnn.parameters(), *self.read_out.parameters()], lr=settings.eta)

    def answers(self, strings):
        one_hot = torch.eye(2, dtype=torch.float64)[torch.as_tensor(strings)]
        start = torch.ones(1, len(strings), self.rnn.hidden_size, dtype=torch.float64)
        states, _ = self.rnn(one_hot, start)
        return self.read_out(states[:, -1])

    def learn(self, strings):
        targets = torch.eye(2, dtype=torch.float64)[torch.as_tensor(strings.sum(1) % 2)]
        self.optimizer.zero_grad()
        torch.nn.functional.mse_loss(self.answers(strings), targets).backward()
        self.optimizer.step()


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_steps_are_those_of_torch(activation):
    # One batch a length, so that there is no order of batches.
    settings = replace(SMALL, activation=activation, batch_size=128, fraction=0.75, epochs=60, records=1)
    plain, mask = Plain(settings), training_mask(settings)
    strings = Strings.upto(settings.length)
    for _ in range(settings.epochs):
        for length in range(1, settings.length + 1):
            plain.learn(bits(length)[mask[strings.of_length(length)]])
    ours = train_parity([settings])
    answers = torch.cat([plain.answers(bits(length)) for length in range(1, settings.length + 1)]).detach().numpy()
    loss = np.square(answers - np.eye(2)[strings.parity])[mask].mean()
    # 240 steps in float32.
    assert ours.train_loss[0] == pytest.approx(loss, rel=1e-4)
    right = (answers.argmax(1) == strings.parity)[mask].mean()
    assert ours.train_accuracy[0] == pytest.approx(right)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_all_strings_of_the_tree_are_read_one_by_one(activation):
    settings = replace(SMALL, activation=activation)
    states, outputs = Ensemble([settings, replace(settings, seed=1)], "cpu").tree(settings.length)
    assert states.shape == (2, settings.strings, settings.units)
    plain = Plain(settings)
    answers = torch.cat([plain.answers(bits(length)) for length in range(1, settings.length + 1)]).detach().numpy()
    np.testing.assert_allclose(outputs[0], answers, rtol=0, atol=1e-12)


def test_long_strings_are_read_as_the_tree_is():
    ensemble = Ensemble([SMALL], "cpu")
    _, outputs = ensemble.tree(SMALL.length)
    answers = ensemble.answers(bits(SMALL.length)[None])
    np.testing.assert_allclose(answers[0], outputs[0, -(2**SMALL.length) :], rtol=0, atol=1e-5)


def test_a_network_does_not_notice_its_companions():
    networks = [replace(SMALL, seed=seed, gain=gain) for seed in range(3) for gain in (0.2, 0.9)]
    every = train_parity(networks).arrays()
    for k in (0, 3, 5):
        alone = train_parity([networks[k]]).arrays()
        for name, values in alone.items():
            np.testing.assert_array_equal(values[0], every[name][k], err_msg=name)


def test_smaller_training_sets_are_parts_of_larger_ones():
    masks = [training_mask(replace(SMALL, fraction=fraction)) for fraction in (0.1, 0.4, 0.8, 1.0)]
    for smaller, larger in itertools.pairwise(masks):
        assert (smaller <= larger).all()
        assert smaller.sum() < larger.sum()
    assert masks[-1].all()
    assert not np.array_equal(masks[1], training_mask(replace(SMALL, fraction=0.4, seed=1)))


def test_gains_share_their_draws():
    small, large = (Ensemble([replace(SMALL, gain=gain)], "cpu") for gain in (0.2, 0.8))
    for name, values in small.parts().items():
        np.testing.assert_allclose(4 * values, large.parts()[name], rtol=1e-6)


@pytest.mark.parametrize("count", [8, 9])
def test_long_strings_are_balanced(count):
    strings = long_strings(replace(SMALL, long_strings=count), 33)
    assert strings.shape == (count, 33)
    assert abs((strings.sum(1) % 2).sum() - count / 2) <= 0.5
    assert not np.array_equal(strings, long_strings(replace(SMALL, long_strings=count, seed=1), 33))


def test_states_are_together_by_their_distance():
    generator = np.random.default_rng(0)
    states = generator.normal(size=(20, 5))
    states[7] = states[3] + 1e-3 * spread(states) / np.sqrt(5)
    distances = np.linalg.norm(states[:, None] - states, axis=-1)
    np.testing.assert_array_equal(together(states, 0.01), distances < 0.01 * spread(states))
    count, labels = merged_states(together(states, 0.01))
    assert count == 19
    assert labels[7] == labels[3]


def test_a_parity_automaton_is_closed_and_a_memory_is_not():
    strings = Strings.upto(4)
    assert is_closed(strings.parity, strings)
    assert not is_closed(np.arange(len(strings)), strings)
    # States that also know whether the string is one of the longest have no successors.
    assert not is_closed(strings.parity + 2 * (strings.lengths == 4), strings)


def test_the_merge_condition_is_that_of_the_theory():
    settings = replace(SMALL, fraction=0.7)
    strings, mask = Strings.upto(settings.length), training_mask(settings)
    ensemble = Ensemble([settings], "cpu")
    states, outputs = (values[0] for values in ensemble.tree(settings.length))
    first, second = np.array([0, 2, 6, 3, 0]), np.array([5, 13, 12, 4, 29])
    pairs = pairs_before(states, outputs, mask, strings, first, second)
    for k, (one, other) in enumerate(zip(first, second, strict=True)):
        words = ["".join(map(str, bits(length)[j])) for length in range(1, 5) for j in range(2**length)]
        shared = [
            (words.index(words[one] + tail), words.index(words[other] + tail))
            for tail in ["", *words]
            if words[one] + tail in words and words[other] + tail in words
        ]
        shared = [(a, b) for a, b in shared if mask[a] and mask[b]]
        distances = [np.square(outputs[a] - outputs[b]).sum() for a, b in shared]
        assert pairs.continuations[k] == len(shared)
        assert pairs.y[k] == pytest.approx(np.mean(distances) if shared else 0)
        assert pairs.h[k] == pytest.approx(np.square(states[one] - states[other]).sum())
        for ratio in (1e-4, 1.0, 1e4) if shared else ():
            law = alignment.merges(pairs.h[k], pairs.y[k], ratio, continuations=len(shared))
            assert law == (pairs.score[k] * ratio >= 1)


def test_states_merge_at_small_gain_only_and_the_condition_says_which():
    networks = [
        ParitySettings(seed=seed, length=5, units=30, gain=gain, eta=0.05, epochs=1000, records=10, long_length=300)
        for gain in (0.1, 1.2)
        for seed in range(2)
    ]
    outcomes = train_parity(networks)
    assert (outcomes.train_accuracy == 1).all()
    assert (outcomes.agreeing_mergers[:2] > 20).all()
    assert (outcomes.agreeing_mergers[2:] == 0).all()
    assert (outcomes.disagreeing_mergers == 0).all()
    assert (outcomes.long_accuracy[:2] == 1).all()
    scores, kept = outcomes.pair_score[:2], outcomes.pair_together[:2]
    groups = np.repeat(np.arange(2), scores.shape[1])
    assert roc_area(scores.ravel(), kept.ravel(), groups).value > 0.7


def test_a_network_that_diverges_has_no_states_and_answers_nothing_right():
    outcomes = train_parity([replace(SMALL, gain=5.0, eta=100.0, epochs=20, records=2)])
    assert outcomes.diverged.all()
    assert outcomes.states_curve[0, -1] == SMALL.strings
    assert outcomes.agreeing_mergers[0] == 0
    assert outcomes.long_accuracy[0] == 0
    assert np.isnan(outcomes.train_loss[0])


def test_a_training_stops_when_told():
    with pytest.raises(Interrupted):
        train_parity([SMALL], stopped=lambda: True)


def test_progress_adds_up():
    steps = []
    train_parity([SMALL, replace(SMALL, seed=1)], progress=steps.append)
    assert sum(steps) == 2 * SMALL.steps


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"length": 1}, "length"),
        ({"length": 12}, "length"),
        ({"fraction": 0.0}, "fraction"),
        ({"fraction": 1.1}, "fraction"),
        ({"units": 0}, "units"),
        ({"gain": 0.0}, "gain"),
        ({"eta": -1.0}, "eta"),
        ({"records": 13}, "records"),
        ({"activation": "elu"}, "activation"),
        ({"merge_distance": 0.0}, "merge_distance"),
        ({"seed": -1}, "seed"),
        ({"long_strings": 0}, "long_strings"),
    ],
)
def test_settings_outside_their_domain_are_refused_by_name(changes, named):
    with pytest.raises(InvalidInput, match=f"^{named}"):
        replace(SMALL, **changes)


def test_networks_that_share_no_computation_are_refused():
    with pytest.raises(InvalidInput, match="networks"):
        train_parity([SMALL, replace(SMALL, units=13)])
    with pytest.raises(InvalidInput, match="networks"):
        train_parity([])
