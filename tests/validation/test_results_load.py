"""Loading in one sweep over the shards: what is asked for, phases, memory, contradictions."""

import tracemalloc

import numpy as np
import pytest

import validation
from geneft_theory.errors import InvalidInput
from tests.validation.stored_runs import networks, write_run
from validation.measure import PHASES, phase_of
from validation.sweeps import Question, RunFolder, Shard, Variable, grid, load, write_shard


def test_the_package_itself_loads(tmp_path):
    assert validation.load(write_run(tmp_path).path).identical(load(tmp_path))


def test_only_the_outcomes_asked_for_are_loaded(tmp_path):
    run = write_run(tmp_path)
    assert list(load(run, ["phase", "train_loss"]).data_vars) == ["train_loss", "phase"]
    assert list(load(run, "train_loss_curve").coords)[-1] == "step"
    assert "step" not in load(run, ["train_loss"]).coords
    assert list(load(run, []).data_vars) == []
    with pytest.raises(InvalidInput, match=r"outcomes must be of held_out_accuracy, .*; got 'loss'"):
        load(run, ["loss"])


def test_phases_are_codes_with_their_meanings(tmp_path):
    results = load(write_run(tmp_path))
    phase = results["phase"]
    assert phase.dtype == np.int8
    meanings = dict(zip(phase.attrs["flag_values"].tolist(), phase.attrs["flag_meanings"].split(), strict=True))
    assert meanings == {-1: "unknown", **dict(enumerate(PHASES))}
    expected = phase_of(results["steps_to_train_threshold"], results["steps_to_test_threshold"])
    assert [meanings[code] for code in phase.values.tolist()] == expected.tolist()
    assert set(expected) == {"generalization", "memorization", "confusion"}


def test_the_delay_of_grokking_is_the_runs_own_unless_another_is_asked_for(tmp_path):
    usual = load(write_run(tmp_path / "usual"))["phase"].values
    asked = write_run(tmp_path / "asked", question=Question("rates", "quick", 0, {"delay": 100}, "1"))
    grokking = load(asked)["phase"].values
    assert set(usual[usual != grokking]) == {PHASES.index("generalization")}
    assert set(grokking[usual != grokking]) == {PHASES.index("grokking")}
    np.testing.assert_array_equal(load(asked, delay=1000)["phase"], usual)
    assert load(asked)["phase"].attrs["delay"] == 100
    with pytest.raises(InvalidInput, match="delay must"):
        load(asked, delay=0)


def test_where_nothing_is_held_out_or_measured_there_is_no_phase(tmp_path):
    run = RunFolder.open(tmp_path, Question("mixed", "quick", 0))
    steps = {"steps_to_train_threshold": np.array([10.0, 10.0, 0.0]), "steps_to_test_threshold": np.full(3, np.nan)}
    held_out = {"held_out_accuracy": np.array([0.5, np.nan, 0.5])}
    write_shard(run.shards, Shard(tuple({"seed": k} for k in range(3)), steps | held_out, position=0))
    write_shard(run.shards, Shard(({"seed": 3},), {"collapsed": np.array([7])}, position=3))
    assert load(run)["phase"].values.tolist() == [PHASES.index("memorization"), -1, -1, -1]
    pivoted = grid(load(run), dims=("seed",))
    assert pivoted["phase"].dtype == np.int8


def test_a_hole_in_a_grid_is_an_unknown_phase(tmp_path):
    results = load(write_run(tmp_path, networks()[:-1]))
    pivoted = grid(results, dims=("eta_decoder", "seed"))["phase"]
    assert pivoted.dtype == np.int8
    assert (pivoted.values == -1).sum() == 1
    assert pivoted.sel(eta_decoder=0.1, seed=3) == -1


def test_a_phase_that_the_run_stored_itself_is_left_alone(tmp_path):
    run = RunFolder.open(tmp_path, Question("mixed", "quick", 0))
    steps = {"steps_to_train_threshold": np.array([10.0]), "steps_to_test_threshold": np.array([10.0])}
    write_shard(run.shards, Shard(({"seed": 0},), steps | {"phase": np.array([2.5])}))
    assert load(run)["phase"].values.tolist() == [2.5]
    assert "flag_values" not in load(run)["phase"].attrs
    other = RunFolder.open(tmp_path / "setting", Question("mixed", "quick", 0))
    write_shard(other.shards, Shard(({"phase": "late"},), steps))
    assert load(other)["phase"].values.tolist() == ["late"]


def test_memory_is_that_of_the_dataset(tmp_path):
    run = RunFolder.open(tmp_path, Question("large", "quick", 0))
    variables = {"curve": Variable(("step",)), "step": Variable(("step",))}
    steps, size, chunks = 400, 100, 60
    for k in range(chunks):
        plan = tuple({"relation": "modulo:3", "width": 50, "rate": 0.1, "seed": k * size + j} for j in range(size))
        curve = np.full((size, steps), float(k), dtype=np.float32)
        step = np.tile(np.arange(steps, dtype=np.int32), (size, 1))
        write_shard(run.shards, Shard(plan, {"step": step, "curve": curve}, variables, "", k * size))
    load(run, [])
    tracemalloc.start()
    results = load(run)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert results["curve"].nbytes == 4 * steps * size * chunks
    # A shard of 320 kB is read at a time, and held a few times over (bytes, arrays, rows).
    assert peak < 1.3 * results["curve"].nbytes
    # Settings that all share take no memory.
    assert results["relation"].variable.values.strides == (0,)
    tracemalloc.start()
    load(run, [])
    _, little = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert little < 0.3 * results["curve"].nbytes


def test_columns_of_any_mixture_say_what_was_set(tmp_path):
    run = RunFolder.open(tmp_path, Question("mixed", "quick", 0))
    values = ["a", 1, 1.0, True, None, "1.0", [1], 2**60, "", float(2**53)]
    for k, value in enumerate(values):
        settings = {"mixed": value, "k": k} if k != 4 else {"k": k}
        write_shard(run.shards, Shard((settings,), {"x": np.array([k])}, position=k))
    results = load(run)
    assert results["k"].values.tolist() == list(range(len(values)))
    expected = ["a", "1", "1.0", "true", "", "1.0", "[1]", "1152921504606846976", "", "9007199254740992.0"]
    assert results["mixed"].values.tolist() == expected


@pytest.mark.parametrize(
    ("second", "complaint"),
    [
        (Shard(({"seed": 1},), {"x": np.zeros((1, 2))}), "folder must hold one meaning of 'x'"),
        (
            Shard(({"seed": 1},), {"curve": np.zeros((1, 2))}, {"curve": Variable(("step",))}),
            "folder must say of every chunk which values of 'step' it recorded",
        ),
    ],
)
def test_shards_that_contradict_each_other_are_refused(tmp_path, second, complaint):
    run = RunFolder.open(tmp_path, Question("mixed", "quick", 0))
    variables = {"step": Variable(("step",)), "curve": Variable(("step",))}
    first = {"x": np.array([1.0]), "step": np.array([[1, 2]]), "curve": np.array([[0.1, 0.2]])}
    write_shard(run.shards, Shard(({"seed": 0},), first, variables))
    write_shard(run.shards, second)
    with pytest.raises(InvalidInput, match=complaint):
        load(run)


def test_a_damaged_shard_is_named(tmp_path):
    run = write_run(tmp_path)
    shard = run.shard_files()[0]
    shard.write_bytes(shard.read_bytes()[:-20])
    with pytest.raises(InvalidInput, match=f"folder must hold whole shards; {shard.name} is damaged .*: the same run"):
        load(run)
