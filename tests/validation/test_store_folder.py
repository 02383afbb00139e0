"""Run folders: what may be opened, what is refused, and that a refusal changes nothing."""

import contextlib
import getpass
import os
import platform
import re
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory.errors import InvalidInput
from validation.sweeps import Question, RunFolder, provenance
from validation.sweeps.migrations import LAYOUT_VERSION

QUESTION = Question("statics", "quick", 0, {"n": 30, "fractions": [0.1, 0.3], "seeds": 5, "relation": None}, "1")


def listing(folder: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def test_a_new_folder_is_made_with_its_parents_and_its_plan(tmp_path: Path) -> None:
    run = RunFolder.open(tmp_path / "deep" / "run", QUESTION)
    plan = tomllib.loads(run.plan.read_text())
    assert plan["schema_version"] == LAYOUT_VERSION
    assert plan["question"]["options"] == {"n": 30, "fractions": [0.1, 0.3], "seeds": 5}
    assert (plan["question"]["experiment"], plan["question"]["sweep_seed"]) == ("statics", 0)
    assert {"python", "numpy", "torch", "geneft"} <= plan["begun_with"]["versions"].keys()
    assert run.shards.is_dir()
    assert run.figures.is_dir()
    assert run.tables.is_dir()
    assert not run.report.exists()


def test_the_plan_names_neither_the_person_nor_the_machine(tmp_path: Path) -> None:
    words = set(re.split(r"[^\w.-]+", RunFolder.open(tmp_path / "run", QUESTION).plan.read_text()))
    assert "statics" in words
    assert not words & {getpass.getuser(), platform.node(), tmp_path.name, Path.home().name}


def test_the_same_question_resumes_and_keeps_the_first_plan(tmp_path: Path) -> None:
    first = RunFolder.open(tmp_path / "run", QUESTION)
    (first.shards / "a.npz").write_bytes(b"shard")
    before = listing(first.path)
    again = RunFolder.open(str(tmp_path / "run"), Question.from_dict(QUESTION.to_dict()))
    assert again == first
    assert listing(first.path) == before


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    assert RunFolder.open(tmp_path, QUESTION).plan.exists()


def test_versions_may_differ_on_resume(tmp_path: Path) -> None:
    run = RunFolder.open(tmp_path, QUESTION)
    version = provenance()["versions"]["numpy"]
    run.plan.write_text(run.plan.read_text().replace(f'numpy = "{version}"', 'numpy = "0.1"'))
    assert RunFolder.open(tmp_path, QUESTION).question == QUESTION


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        (Question("goldilocks", "quick", 0, QUESTION.options, "1"), "experiment is 'statics' there, 'goldilocks' here"),
        (Question("statics", "paper", 0, QUESTION.options, "1"), "preset is 'quick' there, 'paper' here"),
        (Question("statics", "quick", 1, QUESTION.options, "1"), "sweep_seed is 0 there, 1 here"),
        (Question("statics", "quick", 0, QUESTION.options, "2"), "engine is '1' there, '2' here"),
        (Question("statics", "quick", 0, {**QUESTION.options, "seeds": 3}, "1"), "options.seeds is 5 there, 3 here"),
        (
            Question("statics", "quick", 0, {**QUESTION.options, "n": None}, "1"),
            "options.n is 30 there, not given here",
        ),
        (
            Question("goldilocks", "paper", 1, {"n": 30}, "2"),
            "engine is '1' there, '2' here; experiment is 'statics' there, 'goldilocks' here; "
            "options.fractions is [0.1, 0.3] there, not given here and 3 more",
        ),
    ],
)
def test_another_run_is_refused_and_untouched(tmp_path: Path, other: Question, difference: str) -> None:
    RunFolder.open(tmp_path, QUESTION)
    before = listing(tmp_path)
    with pytest.raises(InvalidInput) as refusal:
        RunFolder.open(tmp_path, other)
    message = str(refusal.value)
    assert message.startswith("out must be a new folder, an empty one, or one that holds this same run; ")
    assert message.endswith(f"holds another run: {difference}")
    assert "\n" not in message
    assert listing(tmp_path) == before


def test_other_files_are_refused_and_untouched(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt", "c.txt", "thesis.tex"):
        (tmp_path / name).write_text("mine")
    before = listing(tmp_path)
    with pytest.raises(InvalidInput, match=r"holds other files: a\.txt, b\.txt, c\.txt and 1 more$"):
        RunFolder.open(tmp_path, QUESTION)
    assert listing(tmp_path) == before


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("mine")
    with pytest.raises(InvalidInput, match=r"is a file$"):
        RunFolder.open(tmp_path / "run", QUESTION)
    with pytest.raises(InvalidInput, match=r"out must be a folder that can be written; .*Not a directory$"):
        RunFolder.open(tmp_path / "run" / "inside", QUESTION)


@pytest.mark.parametrize(
    ("plan", "complaint"),
    [
        (b"schema_version = ", "holds a plan.toml that cannot be read"),
        (b"\xff\xfe", "holds a plan.toml that cannot be read"),
        (
            b"schema_version = 99",
            "holds a plan.toml of schema version 99; this version reads up to 2: geneft must be newer",
        ),
        (b"a = 1", "holds a plan.toml of schema version None"),
        (b"schema_version = 1", "holds a plan.toml without a readable question"),
        (b"schema_version = 1\nquestion = 3", "holds a plan.toml without a readable question"),
        (b"schema_version = 1\n[question]\ncolour = 3", "holds a plan.toml without a readable question"),
    ],
)
def test_a_broken_plan_is_refused_and_untouched(tmp_path: Path, plan: bytes, complaint: str) -> None:
    (tmp_path / "plan.toml").write_bytes(plan)
    with pytest.raises(InvalidInput, match=complaint):
        RunFolder.open(tmp_path, QUESTION)
    with pytest.raises(InvalidInput, match=complaint):
        RunFolder.existing(tmp_path)
    assert listing(tmp_path) == {"plan.toml": plan}


def test_what_is_no_run_cannot_be_read(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(InvalidInput, match=r"folder must be a run folder; .* holds no plan\.toml$"):
            RunFolder.existing(folder)


@contextlib.contextmanager
def without_permissions(folder: Path) -> Iterator[None]:
    """Let the folder be read and not written, also by an administrator, who is made a nobody for the block."""
    administrator = os.geteuid() == 0
    closed = [place for place in folder.parents if administrator and not place.stat().st_mode & 0o001]
    modes = {place: place.stat().st_mode for place in (folder, *closed)}
    for place in closed:
        place.chmod(modes[place] | 0o055)
    folder.chmod(0o555)
    if administrator:
        os.seteuid(65534)
    try:
        yield
    finally:
        if administrator:
            os.seteuid(0)
        for place, earlier in modes.items():
            place.chmod(earlier)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "locked"
    place.mkdir()
    RunFolder.open(tmp_path / "finished", QUESTION)
    for folder, out in ((place, place), (place, place / "run"), (tmp_path / "finished", tmp_path / "finished")):
        before = listing(folder)
        refusal = "out must be a folder that can be written; .*: Permission denied$"
        with without_permissions(folder), pytest.raises(InvalidInput, match=refusal):
            RunFolder.open(out, QUESTION)
        assert listing(folder) == before


def test_a_folder_made_in_vain_is_removed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InvalidInput, match=r"deep/run': No space left on device$"):
        RunFolder.open(tmp_path / "deep" / "run", QUESTION)
    assert listing(tmp_path) == {}


def test_temporary_files_of_the_dead_go_and_of_the_living_stay(tmp_path: Path) -> None:
    run = RunFolder.open(tmp_path, QUESTION)
    old, young = run.shards / "a.npz.1-aa.tmp", run.shards / "b.npz.2-bb.tmp"
    for file in (old, young):
        file.write_bytes(b"half")
    two_hours_ago = time.time() - 7200
    os.utime(old, (two_hours_ago, two_hours_ago))
    RunFolder.open(tmp_path, QUESTION)
    assert not old.exists()
    assert young.exists()
    assert run.shard_files() == []


def test_a_folder_with_only_a_half_written_plan_is_as_good_as_empty(tmp_path: Path) -> None:
    (tmp_path / "plan.toml.1-aa.tmp").write_bytes(b"schema_ver")
    assert RunFolder.open(tmp_path, QUESTION).plan.exists()


options = st.dictionaries(
    st.text(min_size=1),
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.lists(st.integers(0, 9)),
    max_size=4,
)


@given(options=options, seed=st.integers(0, 2**128))
def test_a_question_comes_back_from_its_folder(
    options: dict[str, object], seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    question = Question("statics", "quick", seed, {"options": options}, "1")
    path = tmp_path_factory.mktemp("run")
    RunFolder.open(path, question)
    assert RunFolder.existing(path).question == question
    assert question.differences(question) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"sweep_seed": -1}, "sweep_seed must be an integer >= 0"),
        ({"options": {"rate": float("nan")}}, "settings must be JSON values"),
        ({"options": {"path": Path("x")}}, "settings must be JSON values"),
        ({"options": {"widths": [3, None]}}, "options.widths must be a list without None"),
        ({"options": {3: 4}}, "options must have text as keys"),
        ({"experiment": None}, "experiment must be a text"),
    ],
)
def test_questions_that_cannot_be_written_down_are_refused(change: dict[str, object], complaint: str) -> None:
    good = {"experiment": "statics", "preset": "quick", "sweep_seed": 0}
    with pytest.raises(InvalidInput, match=complaint):
        Question(**(good | change))
