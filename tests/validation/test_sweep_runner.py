"""Running and resuming: only what is missing is computed, and the result does not show where a run was stopped."""

import io
import logging
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory.errors import InvalidInput
from validation.sweeps import (
    Context,
    Question,
    RunFolder,
    Threads,
    Variable,
    load,
    progress_bar,
    read_shard,
    run_chunks,
)

QUESTION = Question("fake", "quick", 0)
CHUNKS = [[{"fraction": 0.1 * c, "seed": 2 * c + k} for k in range(2)] for c in range(4)]
VARIABLES = {"accuracy": Variable((), "1", "accuracy on all pairs"), "noise": Variable(("draw",))}


def compute(chunk: Sequence[Mapping[str, Any]], context: Context) -> dict[str, np.ndarray]:
    """Numbers that depend on a network's own settings and stream only."""
    noise = np.stack([np.random.default_rng(settings["seed"]).standard_normal(5) for settings in chunk])
    return {"accuracy": np.array([settings["fraction"] for settings in chunk]), "noise": noise}


class Counted:
    """The computation, noting which networks it was asked for, and failing at a given call."""

    def __init__(self, stop_at: int | None = None, stop: Callable[[], BaseException] = KeyboardInterrupt) -> None:
        self.seeds: list[int] = []
        self.calls, self.stop_at, self.stop = 0, stop_at, stop

    def __call__(self, chunk: Sequence[Mapping[str, Any]], context: Context) -> dict[str, np.ndarray]:
        self.calls += 1
        if self.calls == self.stop_at:
            raise self.stop()
        self.seeds += [settings["seed"] for settings in chunk]
        return compute(chunk, context)


def test_a_second_run_computes_nothing(tmp_path: Path) -> None:
    run = RunFolder.open(tmp_path, QUESTION)
    first = run_chunks(run, CHUNKS, compute)
    counted = Counted()
    second = run_chunks(run, CHUNKS, counted)
    assert (first.found, first.computed) == (0, 8)
    assert (second.found, second.computed, counted.seeds) == (8, 0, [])


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ZeroDivisionError, SystemExit])
def test_a_stopped_run_leaves_whole_shards_and_resumes_bit_for_bit(
    tmp_path: Path, stop: Callable[[], BaseException]
) -> None:
    whole = RunFolder.open(tmp_path / "whole", QUESTION)
    run_chunks(whole, CHUNKS, compute, variables=VARIABLES)
    stopped = RunFolder.open(tmp_path / "stopped", QUESTION)
    with pytest.raises(stop):
        run_chunks(stopped, CHUNKS, Counted(stop_at=3, stop=stop), variables=VARIABLES, executor=Threads(1))
    assert len(list(stopped.shards.iterdir())) == len(stopped.shard_files()) == 2
    counted = Counted()
    again = RunFolder.open(tmp_path / "stopped", QUESTION)
    summary = run_chunks(again, CHUNKS, counted, variables=VARIABLES, executor=Threads(1))
    assert (summary.found, summary.computed, counted.seeds) == (4, 4, [4, 5, 6, 7])
    assert load(stopped).identical(load(whole))


@given(damage=st.sampled_from(["truncate", "alter", "empty", "swap"]), which=st.integers(0, 3))
def test_a_damaged_shard_is_set_aside_and_computed_again(
    damage: str, which: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = RunFolder.open(tmp_path_factory.mktemp("run"), QUESTION)
    run_chunks(run, CHUNKS, compute)
    before, files = load(run), run.shard_files()
    content = files[which].read_bytes()
    middle = len(content) // 2
    altered = {
        "truncate": content[:middle],
        "alter": content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :],
        "empty": b"",
        "swap": files[which - 1].read_bytes(),
    }
    files[which].write_bytes(altered[damage])
    counted, log = Counted(), io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger("validation.sweeps").addHandler(handler)
    try:
        summary = run_chunks(run, CHUNKS, counted)
    finally:
        logging.getLogger("validation.sweeps").removeHandler(handler)
    assert summary.set_aside == (files[which].name,)
    assert len(counted.seeds) == summary.computed == 2
    assert files[which].with_name(files[which].name + ".corrupt").read_bytes() == altered[damage]
    assert log.getvalue().startswith(f"shard {files[which].name} is damaged (")
    assert load(run).identical(before)


def test_a_damaged_shard_is_not_loaded_as_if_it_were_missing(tmp_path: Path) -> None:
    run = RunFolder.open(tmp_path, QUESTION)
    run_chunks(run, CHUNKS, compute)
    run.shard_files()[0].write_bytes(b"")
    with pytest.raises(InvalidInput, match=r"folder must hold whole shards; \w+\.npz is damaged"):
        load(run)


def test_a_run_can_be_extended_and_divided_otherwise(tmp_path: Path) -> None:
    run = RunFolder.open(tmp_path, QUESTION)
    run_chunks(run, CHUNKS[:2], compute, variables=VARIABLES)
    networks = [settings for chunk in CHUNKS for settings in chunk]
    run_chunks(run, [networks[:3], networks[3:]], compute, variables=VARIABLES)
    whole = RunFolder.open(tmp_path / "whole", QUESTION)
    run_chunks(whole, CHUNKS, compute, variables=VARIABLES)
    assert load(run).sizes["network"] == 8
    assert load(run).sortby("seed").identical(load(whole))


def test_a_writer_that_comes_first_is_not_overtaken(tmp_path: Path) -> None:
    run = RunFolder.open(tmp_path, QUESTION)
    counted = Counted()

    def with_a_second_writer(chunk: Sequence[Mapping[str, Any]], context: Context) -> dict[str, np.ndarray]:
        if chunk[0]["seed"] == 0:
            run_chunks(run, CHUNKS[1:3], compute)
        return counted(chunk, context)

    summary = run_chunks(run, CHUNKS, with_a_second_writer, executor=Threads(1))
    assert counted.seeds == [0, 1, 6, 7]
    assert (summary.computed, summary.found) == (4, 4)


def test_progress_counts_networks_and_begins_with_those_found(tmp_path: Path) -> None:
    run = RunFolder.open(tmp_path, QUESTION)
    run_chunks(run, CHUNKS[2:3], compute)
    told: list[tuple[int, int]] = []
    run_chunks(run, CHUNKS, compute, lambda done, total, tally: told.append((done, total)), executor=Threads(1))
    assert told == [(2, 8), (4, 8), (6, 8), (8, 8)]


def test_each_shard_says_with_what_it_was_made(tmp_path: Path) -> None:
    run = RunFolder.open(tmp_path, Question("fake", "quick", 0, engine="7"))
    run_chunks(run, CHUNKS, compute)
    shard = read_shard(run.shard_files()[0])
    assert shard.engine == "7"
    assert shard.provenance["versions"]["numpy"] == np.__version__
    assert shard.provenance["threads"] >= 1
    assert shard.provenance["wall_seconds"] >= 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", shard.provenance["finished"])


def test_settings_that_cannot_be_named_are_refused_before_anything_is_computed(tmp_path: Path) -> None:
    run, counted = RunFolder.open(tmp_path, QUESTION), Counted()
    with pytest.raises(InvalidInput, match="settings must be JSON values"):
        run_chunks(run, [*CHUNKS, [{"fraction": float("nan"), "seed": 9}]], counted)
    assert counted.seeds == []
    assert run.shard_files() == []


def test_outcomes_without_one_entry_a_network_are_refused(tmp_path: Path) -> None:
    run = RunFolder.open(tmp_path, QUESTION)
    with pytest.raises(
        InvalidInput, match=r"outcome 'accuracy' must have first axis 2, the networks; got shape \(1,\)"
    ):
        run_chunks(run, CHUNKS, lambda chunk, context: {"accuracy": np.array([0.5])})
    assert list(run.shards.iterdir()) == []


class Terminal(io.StringIO):
    """A text stream that claims to be looked at."""

    def isatty(self) -> bool:
        return True


def test_the_bar_shows_networks_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    terminal = Terminal()
    with progress_bar("training", stream=terminal) as progress:
        progress(3, 12, {})
        progress(7.5, 12, {"grokking": 3})
        progress(12, 12, {"grokking": 3, "confusion": 9})
    shown = terminal.getvalue()
    for text in ("training", "12/12", "networks/s, 0:00:00 left", "confusion 9, grokking 3"):
        assert text in shown


@pytest.mark.parametrize("columns", [70, 80, 100, 200])
def test_only_the_kinds_are_cut_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    terminal, kinds = Terminal(), {"memorization": 34, "generalization": 23, "grokking": 11, "confusion": 2}
    clock = iter(range(0, 10**6, 70))
    monkeypatch.setattr("validation.sweeps.progress.time.monotonic", lambda: next(clock))
    with progress_bar("training networks", stream=terminal) as progress:
        progress(0, 1200, {})
        progress(70, 1200, kinds)
    last = [line for line in re.split(r"[\r\n]", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue())) if line][
        -1
    ]
    assert len(last) <= columns
    assert re.search(r"^training networks +[━╸╺]+ +70/1200 +1\.0 networks/s, 0:18:50 left", last)
    assert ("confusion 2" in last) == (columns == 200)


def test_the_bar_is_silent_where_nobody_looks(capfd: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as progress:
        progress(3, 12, {})
    assert capfd.readouterr() == ("", "")


def test_the_bar_is_silent_where_somebody_wants_it_so() -> None:
    terminal = Terminal()
    with progress_bar(stream=terminal, quiet=True) as progress:
        progress(3, 12, {})
    assert terminal.getvalue() == ""


def test_chunks_under_way_count_by_their_share(tmp_path: Path) -> None:
    run = RunFolder.open(tmp_path, QUESTION)
    told: list[float] = []

    def in_halves(chunk: Sequence[Mapping[str, Any]], context: Context) -> dict[str, np.ndarray]:
        for _ in range(2):
            time.sleep(0.3)
            context.advance(0.5)
        return compute(chunk, context)

    run_chunks(run, CHUNKS[:2], in_halves, lambda done, total, tally: told.append(done), executor=Threads(1))
    assert told == [0, 1, 2, 2, 3, 4, 4]


def test_the_package_loads_neither_torch_nor_xarray() -> None:
    code = """
import sys
import validation.sweeps, validation.sweeps.runner, validation.sweeps.results, validation.sweeps.stored
import validation.sweeps.executors.choice
validation.sweeps.load, validation.sweeps.grid, validation.sweeps.progress_bar
heavy = ("torch", "xarray", "pandas", "matplotlib", "rich", "scipy", "distributed", "dask")
print([name for name in heavy if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
