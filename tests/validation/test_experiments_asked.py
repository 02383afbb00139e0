"""How experiments are asked: a report names its command, and bad input is refused before anything is made."""

import re
import shlex

import pytest

from geneft_theory import Estimate
from validation.cli import main, run
from validation.cli.main import build_parser
from validation.experiments.presentation import command_of, verdict_lines
from validation.experiments.running import open_folder
from validation.measure import compare


@pytest.mark.parametrize(
    "words",
    [
        ["statics"],
        ["statics", "--preset", "standard", "--seeds", "3"],
        ["statics", "--n", "12", "--sweep-seed", "4", "--fractions", "0.2,0.4,0.9", "--mode", "difference"],
        ["statics", "--relation", "expression:(i + j) % 3 == 0", "--relation", "cycle", "--accuracy", "0.8"],
        ["goldilocks", "--depths", "0,2", "--widths", "4", "--fraction", "0.4", "--steps", "7"],
        ["merging", "--ratios", "0.1,1", "--n", "12", "--relation", "modulo:3", "--also-below", "0.3"],
        ["learning-rates", "--preset", "standard", "--optimizers", "sgd", "--eta-decoder-sgd", "0.3,1", "--seeds", "2"],
        ["learning-rates", "--preset", "standard", "--n", "12", "--optimizers", "adamw", "--weight-decays", "0,0.01"],
        ["learning-rates", "--eta-encoder", "0.00001,0.5", "--record-every", "7", "--sweep-seed", "4"],
        ["repon-pair", "--preset", "standard", "--draws", "100", "--cases", "adam,pair", "--ratios", "0.5,2"],
        ["repon-pair", "--horizon", "7", "--adam-learning-rate", "1e-4", "--target", "2", "--decoder-scale", "0.5"],
        ["slowing-down", "--preset", "standard", "--seeds", "4", "--eta-decoders", "1e-4,1e-3", "--sweep-seed", "2"],
        ["slowing-down", "--relation", "greater-than", "--optimizer", "sgd", "--distances", "0.01,0.02,0.03"],
    ],
)
def test_a_report_names_the_command_that_asks_the_same_again(words, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(run, "_run", lambda arguments, report, options: asked.append((report.NAME, arguments, options)))

    def ask(command):
        arguments = build_parser().parse_args(command)
        arguments.execute(arguments)
        return asked.pop()

    name, arguments, options = ask(["run", *words])
    folder = open_folder(name, arguments.preset, options, tmp_path / "run")
    again_name, again_arguments, again = ask(shlex.split(command_of(folder))[1:])
    assert (again_name, again_arguments.preset, again) == (name, arguments.preset, options)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("repon-pair --cases pair,nonsense", "cases must be one of"),
        ("repon-pair --cases pair,pair", "cases must name at least one, each once"),
        ("repon-pair --ratios 3,1", "ratios must be increasing"),
        ("repon-pair --ratios 0,1", "ratio must lie in (0, inf); got 0"),
        ("repon-pair --ratios a", "ratios must be numbers"),
        ("repon-pair --draws 1", "draws must be an integer >= 2"),
        ("repon-pair --horizon 0", "horizon must lie in"),
        ("repon-pair --learning-rate 1e-9", "horizon must take at most"),
        ("repon-pair --separation -1", "separation must lie in"),
        ("slowing-down --distances 0.1,0.2", "distances must be increasing numbers, at least 3"),
        ("slowing-down --distances 0.3,0.2,0.1", "distances must be increasing"),
        ("slowing-down --eta-decoders 0.1", "eta_decoders must be increasing numbers, at least 2"),
        ("slowing-down --eta-decoders 0,1", "eta_decoders must lie in (0, inf); got 0"),
        ("slowing-down --seeds 2", "seeds must be an integer >= 3; got 2"),
        ("slowing-down --draws 1", "draws must be an integer >= 2"),
        ("slowing-down --records 1", "records must be an integer >= 2"),
        ("slowing-down --steps 0", "steps must be an integer"),
        ("slowing-down --relation nonsense", "relation must be"),
        ("slowing-down --fraction 1", "fraction must leave pairs to hold out"),
        ("slowing-down --optimizer nonsense", "optimizer must be one of"),
        ("slowing-down --learning-rate 1e-9", "horizon must take at most"),
    ],
)
def test_bad_input_is_one_line_exit_code_2_and_leaves_nothing(words, names, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["run", *words.split()]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert names in captured.err
    assert captured.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        "statics --n 8 --relation modulo:3 --fractions 0.2,0.5,0.9 --seeds 2 --steps 5 --draws 4",
        "goldilocks --n 8 --depths 0,1 --widths 4 --seeds 2 --steps 5",
        "merging --n 8 --relation modulo:3 --ratios 0.1,1 --seeds 2 --steps 5",
        "learning-rates --n 8 --seeds 2 --steps 5 --eta-encoder 0.001,0.01 --eta-decoder 0.001,0.01",
        "slowing-down --n 8 --seeds 3 --steps 5 --draws 2 --distances 0.1,0.2,0.4 --adam-learning-rate 0.01",
    ],
)
def test_a_report_says_first_how_many_networks_symbols_and_seeds_and_how_claims_stand(words, tmp_path):
    assert main(["run", *words.split(), "--out", str(tmp_path / "run")]) == 0
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    first, second = re.findall(r'<p class="summary">(.*?)</p>', page, re.DOTALL)[:2]
    assert re.match(r"\d+ networks on n = 8 symbols[:,] equal modulo 3", first)
    assert "seeds" in first
    assert "5 steps" in first
    assert re.match(r"Of \d+ claims, \d+ agree .* are undecided and \d+ could not be measured", second)


def test_a_line_on_a_verdict_says_what_was_granted():
    verdict = compare(1.0, Estimate(1.5, 0.01, 1000), "one is one", model_error=0.6)
    assert verdict_lines([verdict.to_dict()]) == [
        "agrees        one is one: 1.5 ± 0.01 against 1 (+ 0.6 granted), z = 0.0 where 3.0 is allowed"
    ]
