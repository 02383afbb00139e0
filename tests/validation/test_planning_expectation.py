"""What a run was expected to take is kept in its folder and held against what it took."""

import numpy as np
import pytest

from validation.planning import Expectation, duration, expectation, expectation_line, read_expectation
from validation.planning.expectation import FILE, record_expectation
from validation.planning.experiments import Listener
from validation.sweeps import Execution, Interrupted, Question, RunFolder, Threads, run_chunks

CHUNKS = [[{"seed": 4 * chunk + k} for k in range(4)] for chunk in range(25)]


def compute(chunk, context):
    for _ in range(4):
        if context.stopped():
            raise Interrupted
        context.advance(0.25)
    return {"accuracy": np.array([float(settings["seed"]) for settings in chunk])}


@pytest.fixture
def folder(tmp_path):
    return RunFolder.open(tmp_path / "run", Question("by hand", "quick", sweep_seed=0))


@pytest.fixture
def any_size(monkeypatch):
    monkeypatch.setattr(expectation, "SMALLEST_SWEEP", 0)


def record(folder, executor=None):
    return record_expectation(folder, CHUNKS, compute, {}, Execution(executor or Threads(2), device="cpu"))


def test_an_expectation_is_written_and_read(folder, any_size):
    written = record(folder)
    assert read_expectation(folder) == written
    assert (written.chunks, written.networks, written.workers) == (25, 100, 2)
    assert 0 < written.low <= written.seconds <= written.high


def test_short_runs_are_not_measured(folder):
    assert record(folder) is None
    assert not (folder.path / FILE).exists()


def test_planning_leaves_nothing_in_the_folder(folder, any_size):
    assert record(folder, Listener()) is None
    assert not (folder.path / FILE).exists()


def test_a_run_that_goes_on_keeps_its_first_expectation(folder, any_size):
    first = record(folder)
    run_chunks(folder, CHUNKS[:3], compute)
    assert record(folder) == first


def test_a_run_begun_without_an_expectation_gets_none(folder, any_size):
    run_chunks(folder, CHUNKS[:3], compute)
    assert record(folder) is None


def test_of_a_large_sweep_some_chunks_are_looked_at(folder, any_size, monkeypatch):
    monkeypatch.setattr(expectation, "MOST_CHUNKS", 5)
    seen = []

    class Lazy(list):
        def __getitem__(self, k):
            seen.append(k)
            return super().__getitem__(k)

    written = record_expectation(folder, Lazy(CHUNKS), compute, {}, Execution(Threads(1), device="cpu"))
    assert seen == [0, 5, 10, 15, 20]
    assert written.networks == 100


def test_the_line_compares_with_the_shards(folder, any_size):
    assert expectation_line(folder) is None
    expected = record(folder)
    assert expectation_line(folder) is None
    run_chunks(folder, CHUNKS[:5], compute)
    line = expectation_line(folder, seconds=10.0, networks=20)
    assert line.endswith("; 20 % of the networks took 5.0 s")
    took = expectation_line(folder, seconds=2 * expected.seconds, networks=100)
    assert took.startswith(f"training: expected {duration(expected.seconds / 2)} on 2 workers (")
    assert took.endswith("100 % more")
    assert expectation_line(folder, seconds=expected.seconds, networks=100).endswith("as expected")


def test_an_upper_bound_is_called_one(folder):
    import tomli_w

    values = {"chunks": 1, "networks": 8, "workers": 1, "seconds": 60.0, "low": 50.0, "high": 70.0, "at_most": True}
    (folder.path / FILE).write_text(tomli_w.dumps(values))
    line = expectation_line(folder, seconds=15.0, networks=8)
    assert line == "training: expected at most 1.0 min on 1 worker (50 s to 1.2 min), took 15 s, 75 % less"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not toml [",
        "chunks = 1",
        'chunks = "many"\nnetworks = 8\nworkers = 1\nseconds = 1.0\nlow = 1.0\nhigh = 1.0',
    ],
)
def test_what_cannot_be_read_is_no_expectation(folder, text):
    (folder.path / FILE).write_text(text)
    assert read_expectation(folder) is None
    assert expectation_line(folder) is None


def test_a_link_is_not_followed(folder, tmp_path, any_size):
    record(folder)
    (folder.path / FILE).rename(tmp_path / "elsewhere.toml")
    (folder.path / FILE).symlink_to(tmp_path / "elsewhere.toml")
    assert read_expectation(folder) is None


def test_a_full_disk_costs_the_expectation_only(folder, any_size, monkeypatch, caplog):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(expectation, "write_atomically", full)
    assert isinstance(record(folder), Expectation)
    assert "No space left on device" in caplog.text
    assert read_expectation(folder) is None
