"""A checkpoint can be saved at any moment of a training and resumed to the last bit; others' are not used."""

from dataclasses import fields, replace

import numpy as np
import pytest

from validation.networks import NetworkSettings
from validation.sweeps import Checkpoint, Interrupted
from validation.training import Outcomes, train_chunk

ARRAYS = [field.name for field in fields(Outcomes) if field.name != "networks"]
BASE = NetworkSettings(relation="modulo:3", n=6, fraction=0.7, seed=0, width=7, depth=1, steps=60, eta_decoder=0.05)
RECORDS = [1, 7, 20, 21]
KINDS = {
    "adam": BASE,
    "sgd": replace(BASE, optimizer="sgd", momentum=0.9, activation="gelu", eta_encoder=0.05),
    "adamw": replace(BASE, optimizer="adamw", weight_decay_decoder=0.1, activation="relu"),
    "head": replace(BASE, mode="equality_head", depth=0, embedding_scale=0.1, eta_encoder=0.01),
    "diverging": replace(BASE, optimizer="sgd", activation="relu", loss="mean_squared_error", eta_decoder=1e6),
}


class Memory:
    """A checkpoint that is due at every moment and forgets nothing."""

    def __init__(self, loaded=None):
        self.loaded, self.saved = loaded, []

    def load(self):
        return self.loaded

    def due(self):
        return True

    def save(self, arrays):
        self.saved.append({name: array.copy() for name, array in arrays.items()})


def chunk_of(kind):
    return [replace(KINDS[kind], seed=seed) for seed in range(3)]


def trained(networks, checkpoint=None, **choices):
    """Return the outcomes, and the network-steps of each report."""
    reports = []
    options = {"record_steps": RECORDS, "progress": reports.append, **choices}
    return train_chunk(networks, checkpoint=checkpoint, **options), reports


def assert_same(outcomes, reference):
    for name in ARRAYS:
        value, expected = getattr(outcomes, name), getattr(reference, name)
        assert value.dtype == expected.dtype
        assert value.shape == expected.shape
        assert value.tobytes() == expected.tobytes(), name


@pytest.mark.parametrize("until_learned", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_resumed_at_every_moment(kind, until_learned):
    networks = chunk_of(kind)
    reference, _ = trained(networks, until_learned=until_learned)
    whole = Memory()
    outcomes, reports = trained(networks, whole, until_learned=until_learned)
    assert_same(outcomes, reference)
    assert sum(reports) == 3 * BASE.steps
    # Before the first step of each network, and after every few.
    assert len(whole.saved) == len(reports)
    done = np.cumsum([0, *reports])
    for state, before in zip(whole.saved, done, strict=False):
        again = Memory(state)
        outcomes, reports = trained(networks, again, until_learned=until_learned)
        assert_same(outcomes, reference)
        assert sum(reports) == 3 * BASE.steps
        # It goes on from where it was: what is reported before the first of the moments that follow.
        assert sum(reports[: len(reports) - len(again.saved)]) == before


@pytest.mark.parametrize("until_learned", [False, True])
def test_stopped_and_resumed_again_and_again_through_a_file(tmp_path, until_learned):
    networks = chunk_of("adam")
    reference, _ = trained(networks, until_learned=until_learned)
    file = tmp_path / "chunk.checkpoint"
    stops = 0
    while True:
        asked = []

        def stopped(asked=asked):
            asked.append(None)
            return len(asked) > 2

        # Never due by its interval: what is kept is kept because the training is stopped.
        try:
            outcomes, _ = trained(networks, Checkpoint(file, 1e9), until_learned=until_learned, stopped=stopped)
        except Interrupted:
            stops += 1
            assert file.exists()
            continue
        break
    assert_same(outcomes, reference)
    assert stops > 3


def stopped_at_once(file, networks, **choices):
    calls = iter([False] * 5 + [True])
    with pytest.raises(Interrupted):
        trained(networks, Checkpoint(file, 0.0), stopped=lambda: next(calls), **choices)
    assert file.exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        lambda content: content[:200] + bytes([content[200] ^ 255]) + content[201:],
        lambda content: b"not what it was",
    ],
)
def test_damaged_files_are_not_used(tmp_path, caplog, damage):
    file = tmp_path / "chunk.checkpoint"
    networks = chunk_of("adam")
    reference, _ = trained(networks)
    stopped_at_once(file, networks)
    file.write_bytes(damage(file.read_bytes()))
    outcomes, reports = trained(networks, Checkpoint(file))
    assert_same(outcomes, reference)
    assert reports[0] == 1
    assert "chunk.checkpoint is ignored" in caplog.text


@pytest.mark.parametrize(
    ("others", "choices"),
    [
        (chunk_of("sgd"), {}),
        ([replace(network, seed=7 + network.seed) for network in chunk_of("adam")], {}),
        ([replace(network, eta_decoder=0.06) for network in chunk_of("adam")], {}),
        (chunk_of("adam")[::-1], {}),
        (chunk_of("adam")[:2], {}),
        ([replace(network, width=8) for network in chunk_of("adam")], {}),
        (chunk_of("adam"), {"record_steps": [2, 7, 20, 21]}),
        (chunk_of("adam"), {"until_learned": True}),
    ],
)
def test_anothers_checkpoint_is_not_used(caplog, others, choices):
    networks = chunk_of("adam")
    reference, _ = trained(networks)
    states = Memory()
    trained(others, states, **choices)
    for state in (states.saved[1], states.saved[-1], {}, {"of": np.zeros(32, dtype=np.uint8)}):
        caplog.clear()
        outcomes, reports = trained(networks, Memory(state))
        assert_same(outcomes, reference)
        assert reports[0] == 1
        assert "does not fit" in caplog.text
