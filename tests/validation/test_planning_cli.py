"""`geneft plan` as a user meets it."""

import json
import re

import pytest

from validation.cli import main
from validation.cli.main import build_parser
from validation.experiments import EXPERIMENTS
from validation.planning import experiments

SMALL = ("--n", "8", "--depths", "1,2", "--widths", "5", "--seeds", "4", "--steps", "30", "--device", "cpu")


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Calibrate for a moment only."""
    whole = experiments.plan_groups
    monkeypatch.setattr(experiments, "plan_groups", lambda *args, **more: whole(*args, **(more | {"seconds": 0.2})))


def run(capsys, *words):
    try:
        code = main(list(words))
    except SystemExit as stop:
        code = stop.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_plan_in_words(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, "plan", "goldilocks", *SMALL, "--workers", "16")
    assert (code, err) == (0, "")
    assert "8 networks in 2 chunks" in out
    assert "240 training steps of a network" in out
    assert "with 16 workers, each as fast as one here" in out
    assert "nothing has been trained" in out
    assert not list(tmp_path.iterdir())


def test_a_plan_in_json(capsys):
    code, out, err = run(capsys, "plan", "goldilocks", *SMALL, "--json")
    values = json.loads(out)
    assert (code, err) == (0, "")
    assert (values["experiment"], values["preset"], values["networks"]) == ("goldilocks", "quick", 8)
    assert values["work"]["low"] <= values["work"]["seconds"] <= values["work"]["high"]


def test_a_finished_run_has_no_plan(capsys, tmp_path):
    out = str(tmp_path / "run")
    assert run(capsys, "run", "goldilocks", *SMALL, "--out", out)[0] == 0
    code, text, _ = run(capsys, "plan", "goldilocks", *SMALL, "--out", out)
    assert (code, text) == (0, "nothing is left to train: all 8 networks are there\n")
    code, text, _ = run(capsys, "plan", "goldilocks", *SMALL, "--out", out, "--json")
    assert json.loads(text) == {"networks": 0, "found": 8}


@pytest.mark.parametrize(
    "words",
    [
        ("--workers", "0"),
        ("--executor", "abacus"),
        ("--shard", "5/4"),
        ("--device", "abacus"),
        ("--n", "1"),
        ("--executor", "threads", "--scheduler", "tcp://host:8786"),
    ],
)
def test_what_a_run_refuses_a_plan_refuses(capsys, words):
    code, out, err = run(capsys, "plan", "goldilocks", *SMALL, *words)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1


def test_another_run_in_the_folder_is_refused(capsys, tmp_path):
    out = str(tmp_path / "run")
    assert run(capsys, "run", "goldilocks", *SMALL, "--out", out)[0] == 0
    code, _, err = run(capsys, "plan", "goldilocks", *SMALL, "--sweep-seed", "1", "--out", out)
    assert code == 2
    assert "holds another run" in err
    assert out in err


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_plan_takes_the_options_of_run(name):
    parsed = [vars(build_parser().parse_args([command, name])) for command in ("run", "plan")]
    assert parsed[0].keys() == parsed[1].keys()


def test_a_plan_changes_nothing_in_the_run(capsys, tmp_path, caplog):
    out = tmp_path / "run"
    assert run(capsys, "run", "goldilocks", *SMALL, "--out", str(out))[0] == 0
    first = next((out / "shards").glob("*.npz"))
    first.write_bytes(first.read_bytes()[:-100])
    (out / "tables").rename(tmp_path / "tables")

    def contents():
        files = sorted(out.rglob("*"))
        return [(file, file.stat().st_mtime_ns, file.read_bytes() if file.is_file() else b"") for file in files]

    before = contents()
    code, text, _ = run(capsys, "plan", "goldilocks", *SMALL, "--out", str(out))
    assert code == 0
    assert "4 networks in 1 chunk\n" in text
    assert "4 more are there already" in text
    assert contents() == before
    assert f"{first.name} is damaged (not a whole shard" in caplog.text
    assert "): the run will compute it again\n" in caplog.text
    assert "set aside" not in caplog.text


def test_one_of_a_kind_is_no_plural(capsys):
    one = ("--n", "8", "--depths", "1", "--widths", "5", "--seeds", "2", "--steps", "30", "--device", "cpu")
    code, out, _ = run(capsys, "plan", "goldilocks", *one, "--workers", "1")
    assert code == 0
    assert "2 networks in 1 chunk\n" in out
    assert ": 1 architecture, " in out
    assert " in 1 shard\n" in out
    assert not re.search(r"\b1 (networks|chunks|workers|shards|architectures|rounds)\b", out)
