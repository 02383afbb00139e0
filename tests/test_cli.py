"""The command as a user meets it: what it prints, where it prints it, and how it refuses."""

import json
import re
import subprocess
import sys

import pytest

from geneft_theory import catalogue
from validation.cli import main


def run(capsys, *words):
    try:
        code = main(list(words))
    except SystemExit as stop:
        code = stop.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_predict_prints_one_json_object_and_nothing_else(capsys):
    code, out, err = run(capsys, "predict", "statics", "--relation", "modulo:3", "--n", "30", "--json")
    prediction = json.loads(out)
    assert (code, err) == (0, "")
    assert prediction["relation"] == "modulo:3"
    assert (prediction["n"], prediction["pairs"]) == (30, 900)
    assert prediction["automorphism_order"] == "286708355039232000000"
    assert prediction["bits"] == pytest.approx(39.751, abs=5e-4)
    assert prediction["critical_fraction"] == pytest.approx(0.1004, abs=5e-5)


def test_predict_gives_curves_on_demand(capsys):
    words = ("predict", "statics", "--relation", "greater-than", "--n", "6", "--fractions", "0.2,0.8", "--ideal", "4")
    _, out, _ = run(capsys, *words, "--json")
    curves = json.loads(out)["curves"]
    assert [row["fraction"] for row in curves] == [0.2, 0.8]
    assert curves[0]["ideal_accuracy"] < curves[1]["ideal_accuracy"] <= 1
    code, out, _ = run(capsys, *words)
    assert code == 0
    assert "critical fraction" in out


def test_equations_in_every_format(capsys):
    _, text, _ = run(capsys, "equations", "statics.critical_fraction", "--derive")
    assert "Eq. 4" in text
    assert "REDERIVED" in text
    assert "Solve for p_c." in text
    _, latex, _ = run(capsys, "equations", "statics.critical_fraction", "--format", "latex")
    assert catalogue["statics.critical_fraction"].latex() in latex
    _, document, _ = run(capsys, "equations", "--format", "json")
    assert [statement["key"] for statement in json.loads(document)] == list(catalogue)


def test_cite(capsys):
    _, everything, _ = run(capsys, "cite")
    _, one, _ = run(capsys, "cite", "statics.known_fraction")
    # The software and the paper; without a key, the papers of all statements.
    assert everything.count("@") >= one.count("@") == 2
    assert "statics.clustering" in everything
    assert "statics.clustering" not in one


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("predict statics --n 0", "n must be an integer"),
        ("predict statics --relation nonsense", "relation must be"),
        ("predict statics --accuracy 1.5", "accuracy must lie in [0, 1); got 1.5"),
        ("predict statics --fractions 0.5,1.5", "fractions must lie in [0, 1]; got 1.5"),
        ("predict statics --fractions a,b", "fractions must be numbers"),
        ("predict statics --relation expression:print(1)", "relation"),
        ("predict statics --relation expression:i.real==0", "relation"),
        ("predict statics --n many", "--n"),
        ("predict", "THEORY"),
        ("nonsense", "COMMAND"),
        ("equations nonsense", "key must be one of"),
        ("cite nonsense", "key must be"),
        ("run statics --fractions 0.5,1.5", "fractions must lie in (0, 1]; got 1.5"),
        ("run statics --fractions 0.5", "fractions must be at least 3"),
        ("run statics --relation nonsense", "relation must be"),
        ("run statics --seeds 0", "seeds must be an integer >= 2; got 0"),
        ("run statics --mode nonsense", "mode must be one of"),
        ("run statics --relation greater-than --mode equality_head", "mode must suit"),
        ("run statics --steps 0", "steps must be an integer"),
        ("run statics --relation modulo:3 --relation modulo:03", "relation must name each one once"),
        ("run statics --mode difference --mode difference", "mode must name each one once"),
        ("run statics --n 9999", "n must be an integer >= 2 and <= 400"),
        ("predict statics --ideal 5", "fractions must be given"),
        ("reproduce table1 --out somewhere", "out and quick must not be given"),
        ("run goldilocks --depths 1,99", "depths must be an integer"),
        ("run goldilocks --fraction 1", "fraction must"),
        ("run goldilocks --depths 3,1", "depths must be increasing"),
        ("run goldilocks --mode order_head", "mode must have a decoder"),
        ("reproduce nonsense", "figure must be one of"),
    ],
)
def test_bad_input_is_one_line_exit_code_2_and_leaves_nothing(words, names, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, *words.split(" "))
    assert code == 2
    assert out == ""
    assert names in err
    assert err.startswith("geneft")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_help_lists_the_commands():
    done = subprocess.run([sys.executable, "-m", "validation", "--help"], capture_output=True, text=True, check=True)
    for command in ("run", "predict", "equations", "cite", "reproduce", "doctor"):
        assert re.search(rf"^    {command}\s", done.stdout, re.MULTILINE)


def test_a_closed_pipe_is_no_error():
    command = f"{sys.executable} -m validation equations --format json | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_doctor(capsys, monkeypatch):
    from validation.experiments import diagnosis

    quick = diagnosis.diagnose_machine
    monkeypatch.setattr(diagnosis, "diagnose_machine", lambda: quick(matrix_size=64, networks=1, steps=1))
    code, out, _ = run(capsys, "doctor", "--json")
    findings = json.loads(out)
    assert code == 0
    assert {"python", "torch", "torch_threads", "numpy_blas", "matrix_product_peak_gflops"} <= set(findings)
    assert findings["training_rate_network_steps_per_second"] > 0


@pytest.mark.parametrize(
    ("experiment", "option"),
    [
        ("goldilocks", "--depths"),
        ("statics", "--fractions"),
        ("merging", "--ratios"),
        ("merging", "--also-below"),
        ("repon-pair", "--cases"),
        ("learning-rates", "--eta-encoder"),
        ("slowing-down", "--distances"),
        ("alignment", "--cases"),
        ("alignment-structure", "--tasks"),
        ("alignment-parity", "--gains"),
    ],
)
def test_an_empty_list_is_refused_and_not_taken_for_the_preset(experiment, option, tmp_path, capsys):
    out = tmp_path / "run"
    assert main(["run", experiment, option, "", "--out", str(out)]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not out.exists()


def test_more_steps_than_anybody_can_wait_for_are_refused(tmp_path, capsys):
    assert main(["run", "goldilocks", "--steps", str(10**20), "--out", str(tmp_path / "run")]) == 2
    assert "steps must be an integer" in capsys.readouterr().err
