"""What a run keeps of trained networks: every number where it belongs, curves thinned on a logarithmic scale."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory.errors import InvalidInput
from validation.measure import PHASES, phase_of
from validation.networks import NetworkSettings
from validation.sweeps import Question, RunFolder, Shard, Variable, load, write_shard
from validation.training import train
from validation.training.storing import CURVES, SCALARS, Kept, thinned


@pytest.fixture(scope="module")
def outcomes():
    shapes = [{"n": 6, "steps": 60}, {"n": 8, "steps": 120}]
    return train(
        [NetworkSettings(relation="modulo:3", fraction=0.6, seed=k, **shape) for k, shape in enumerate(shapes)]
    )


def test_what_is_stored_loads_with_axes_units_and_numbers(outcomes, tmp_path):
    kept = pickle.loads(pickle.dumps(Kept(points=10, embeddings=True)))
    run = RunFolder.open(tmp_path, Question("stored", "quick", 0))
    settings = tuple(network.to_dict() for network in outcomes.networks)
    write_shard(run.shards, Shard(settings, kept.arrays(outcomes), kept.variables))
    loaded = load(run)
    for name in SCALARS:
        np.testing.assert_array_equal(loaded[name], getattr(outcomes, name))
    for k, network in enumerate(outcomes.networks):
        for name in CURVES:
            curve = loaded[name].isel(network=k).dropna("step")
            at = np.searchsorted(outcomes.record_steps[k], curve["step"])
            np.testing.assert_array_equal(curve, getattr(outcomes, name)[k, at].astype(np.float32))
            assert curve["step"][0] == 1
            assert curve["step"][-1] == network.steps
    assert loaded["step"].attrs["units"] == "steps"
    assert loaded["embeddings"].dims == ("network", "symbol", "dimension")
    np.testing.assert_array_equal(loaded["embeddings"], outcomes.embeddings)
    expected = phase_of(outcomes.steps_to_train_threshold, outcomes.steps_to_test_threshold)
    assert [PHASES[code] for code in loaded["phase"].values] == expected.tolist()


def test_arrays_and_descriptions_fit_whatever_is_kept(outcomes):
    more = {"diverged_curve": Variable(("record",), long_name="whether it has diverged")}
    for kept in (Kept(), Kept(points=0), Kept(points=1), Kept(embeddings=True), Kept(further=more)):
        arrays, variables = kept.arrays(outcomes), kept.variables
        assert list(arrays) == list(variables)
        for name, array in arrays.items():
            assert array.ndim == len(variables[name].dims)
            assert array.shape[0] == 2
            assert array.dtype.kind in "biuf"
    assert not set(CURVES) & set(Kept(points=0).variables)
    with pytest.raises(InvalidInput, match="points must be an integer >= 0"):
        Kept(points=-1)


@given(
    steps=st.sets(st.integers(1, 10**6), min_size=1, max_size=60), points=st.integers(1, 20), repeats=st.integers(0, 3)
)
def test_thinned_records_are_some_of_them_with_the_first_and_the_last(steps, points, repeats):
    ordered = sorted(steps)
    recorded = np.array([ordered + [ordered[-1]] * repeats])
    kept = recorded[0, thinned(recorded, points)[0]]
    assert set(kept) <= steps
    assert kept[-1] == ordered[-1]
    assert len(kept) <= max(points, 1)
    assert len(set(kept)) == len(kept)
    if points > 1:
        assert kept[0] == ordered[0]
    if points >= len(ordered):
        assert kept.tolist() == ordered


def test_dense_records_become_evenly_spaced_on_a_logarithmic_scale():
    recorded = np.arange(1, 100_001)[np.newaxis]
    kept = recorded[0, thinned(recorded, 6)[0]]
    assert kept.tolist() == [1, 10, 100, 1000, 10_000, 100_000]
