"""Runs of earlier layouts open, go on, and keep their numbers; those of later ones are refused unharmed.

`old_runs/layout-1` was written by geneft 0.1.0 (its plan names the commit), which knew layout 1:

    run_chunks(RunFolder.open("layout-1", QUESTION), CHUNKS, squares, variables=VARIABLES)
"""

import json
import shutil
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from geneft_theory.errors import InvalidInput
from validation.sweeps import Question, RunFolder, SweepSummary, Variable, load, read_shard, run_chunks
from validation.sweeps.arrays import pack, unpack
from validation.sweeps.migrations import LAYOUT_VERSION, MIGRATIONS, migrated

OLD = Path(__file__).parent / "old_runs" / "layout-1"
QUESTION = Question("squares", "quick", sweep_seed=7, options={"numbers": [1, 2, 3]}, engine="1")
CHUNKS = [
    [{"x": 1.0, "mode": "sum", "seed": 0}, {"x": 2.0, "mode": "sum", "seed": 1}],
    [{"x": 3.0, "mode": "sum", "seed": 2}],
]
VARIABLES = {"loss": Variable(("step",), "nat", "training loss"), "step": Variable(("step",), "steps", "steps taken")}


def squares(chunk: Sequence[Mapping[str, Any]], context: object = None) -> dict[str, np.ndarray]:
    loss = np.array([[0.5, 0.25 / settings["x"]] for settings in chunk], dtype=np.float32)
    square = np.array([settings["x"] ** 2 for settings in chunk])
    return {"square": square, "step": np.array([[1, 10]] * len(chunk)), "loss": loss}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return Path(shutil.copytree(OLD, tmp_path / "old"))


def test_every_layout_but_this_has_its_migration() -> None:
    for kind in ("shard", "plan"):
        assert sorted(MIGRATIONS[kind]) == list(range(1, LAYOUT_VERSION))


def test_an_old_run_loads_as_a_new_one(old: Path, tmp_path: Path) -> None:
    before = {file: file.read_bytes() for file in old.rglob("*") if file.is_file()}
    new = RunFolder.open(tmp_path / "new", QUESTION)
    run_chunks(new, CHUNKS, squares, variables=VARIABLES)
    assert [file.name for file in new.shard_files()] == sorted(file.name for file in (old / "shards").iterdir())
    assert load(old).drop_attrs(deep=False).identical(load(new).drop_attrs(deep=False))
    assert load(old).attrs["engine"] == "1"
    # Reading changes nothing, byte for byte.
    assert {file: file.read_bytes() for file in old.rglob("*") if file.is_file()} == before


def test_an_old_run_goes_on(old: Path) -> None:
    run = RunFolder.open(old, QUESTION)
    assert run_chunks(run, CHUNKS, squares, variables=VARIABLES) == SweepSummary(3, 3, 0)
    more = [*CHUNKS, [{"x": 4.0, "mode": "sum", "seed": 3}]]
    assert run_chunks(run, more, squares, variables=VARIABLES) == SweepSummary(4, 3, 1)
    assert load(run)["square"].values.tolist() == [1, 4, 9, 16]


def test_a_run_that_goes_on_tells_older_versions_to_keep_away(old: Path) -> None:
    before = tomllib.loads((old / "plan.toml").read_text())
    RunFolder.open(old, QUESTION)
    after = tomllib.loads((old / "plan.toml").read_text())
    assert (before.pop("schema_version"), after.pop("schema_version")) == (1, LAYOUT_VERSION)
    assert before == after


def test_another_question_is_refused_by_an_old_run_too(old: Path) -> None:
    with pytest.raises(InvalidInput, match="holds another run: sweep_seed is 7 there, 8 here"):
        RunFolder.open(old, Question("squares", "quick", sweep_seed=8, options={"numbers": [1, 2, 3]}, engine="1"))
    assert tomllib.loads((old / "plan.toml").read_text())["schema_version"] == 1


def test_a_shard_of_a_later_layout_is_refused_and_left_where_it_is(old: Path) -> None:
    run = RunFolder.open(old, QUESTION)
    file = run.shard_files()[0]
    members = unpack(file.read_bytes())
    header = json.loads(members["header"].tobytes()) | {"schema_version": 99}
    members["header"] = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    file.write_bytes(pack(members))
    complaint = r"it has schema version 99; this version reads up to \d+: geneft must be newer$"
    for read in (lambda: read_shard(file), lambda: load(run), lambda: run_chunks(run, CHUNKS, squares)):
        with pytest.raises(InvalidInput, match=complaint):
            read()
    assert run.shard_files()[0] == file


def test_migrations_are_applied_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = {k: (lambda document, k=k: document | {"seen": [*document.get("seen", []), k]}) for k in (1, 2, 3)}
    monkeypatch.setitem(MIGRATIONS, "shard", steps)
    monkeypatch.setattr("validation.sweeps.migrations.LAYOUT_VERSION", 4)
    assert migrated("shard", {"schema_version": 2}) == {"schema_version": 4, "seen": [2, 3]}
    assert migrated("shard", {"schema_version": 4}) == {"schema_version": 4}
