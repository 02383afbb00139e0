"""The main job in a reduced form: what it writes, that it resumes, and that its conclusions follow from its numbers."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import xarray as xr

from geneft_theory import InvalidInput
from validation.cli import main
from validation.experiments import goldilocks, statics
from validation.experiments.statics_conclusions import conclude
from validation.sweeps import grid, load

SMALL = (
    *("run", "statics", "--n", "9", "--relation", "modulo:3", "--relation", "greater-than"),
    *("--fractions", "0.2,0.5,0.9", "--seeds", "2", "--steps", "60", "--draws", "4"),
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "small"
    assert main([*SMALL, "--out", str(folder)]) == 0
    return folder


def test_a_run_folder_holds_everything(finished):
    names = {str(path.relative_to(finished)) for path in finished.rglob("*") if path.is_file()}
    assert {"plan.toml", "report.html", "tables/verdicts.json", "tables/networks.csv"} <= names
    for figure in ("modulo-3", "greater-than", "critical-fractions", "induction-gap"):
        assert {f"figures/{figure}.{suffix}" for suffix in ("png", "svg", "csv")} <= names
    page = (finished / "report.html").read_text(encoding="utf-8")
    assert "baek2024geneft" in page
    assert "geneft run statics --preset quick --n 9" in page


def test_the_same_command_again_trains_nothing_and_says_the_same(finished, capsys):
    before = {path.name: path.stat().st_mtime_ns for path in (finished / "shards").iterdir()}
    assert main([*SMALL, "--out", str(finished), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert before == {path.name: path.stat().st_mtime_ns for path in (finished / "shards").iterdir()}
    stored = json.loads((finished / "tables" / "critical_fractions.json").read_text(encoding="utf-8"))
    assert summary["critical_fractions"] == stored
    assert summary["networks"] == load(finished).sizes["network"] == 48


def test_another_run_does_not_enter_the_folder(finished, capsys):
    before = sorted(path.name for path in finished.rglob("*"))
    assert main([*SMALL, "--out", str(finished), "--sweep-seed", "1"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("geneft: out must be")
    assert "sweep_seed is 0 there, 1 here" in error
    assert sorted(path.name for path in finished.rglob("*")) == before


def test_results_load_with_named_axes(finished):
    results = grid(load(finished), dims=("relation", "mode", "fraction", "seed"))
    assert results["accuracy"].sel(relation="modulo:3", mode="concatenation").sizes == {"fraction": 3, "seed": 2}
    assert results["accuracy"].attrs["long_name"]
    assert np.isnan(results["accuracy"].sel(relation="modulo:3", mode="order_head")).all()
    symmetric = results["accuracy"].sel(relation="greater-than", mode="squared_difference")
    assert symmetric.max() <= (9 * 8 / 2 + 9) / 81 + 1e-6


def test_an_interrupted_run_stops_cleanly_and_goes_on(tmp_path):
    """Ctrl-C in the middle: exit code 130, one line, whole shards only; then the same command finishes the job."""
    words = [sys.executable, "-m", "validation", *SMALL, "--out", str(tmp_path / "run")]
    words[words.index("60")] = "4000"
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    shards = tmp_path / "run" / "shards"
    deadline = time.monotonic() + 120
    while not (shards.exists() and any(shards.glob("*.npz"))) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error == "geneft: stopped; the same command goes on where it was\n"
    done = {path.name for path in shards.iterdir()}
    assert done
    assert all(name.endswith(".npz") for name in done)
    subprocess.run(words, check=True, capture_output=True)
    assert done < {path.name for path in shards.iterdir()}
    assert (tmp_path / "run" / "report.html").exists()


def made_up(curve, modes=("concatenation",)):
    """Results and theory in which networks follow `curve(fraction)` and the ideal learner is always right."""
    fractions = np.geomspace(0.05, 0.8, 8)
    noise = np.random.default_rng(0).normal(0, 0.005, (1, len(modes), 8, 6))
    accuracy = np.clip(curve(fractions)[None, None, :, None] + noise, 0, 1)
    dims = ("relation", "mode", "fraction", "seed")
    coords = {"relation": ["modulo:3"], "mode": list(modes), "fraction": fractions, "seed": np.arange(6)}
    attrs = {"n": 30, "steps": 1, "threshold": 0.9}
    results = xr.Dataset({"accuracy": (dims, accuracy)}, coords, attrs)
    theory = xr.Dataset(
        {
            "bits": ("relation", [40.0]),
            "chance": ("relation", [1 / 3]),
            "pairs": ("relation", [900]),
            "critical_fraction": ("relation", [0.2]),
            "accuracy_estimate_measured_at": (("relation", "fraction"), np.full((1, 8), 0.95)),
            "ideal_accuracy": (("relation", "fraction"), np.ones((1, 8))),
            "ideal_accuracy_error": (("relation", "fraction"), np.full((1, 8), 1e-3)),
        },
        {"relation": ["modulo:3"], "fraction": fractions},
        {"draws": 10},
    )
    return results, theory


def crossing_at(place):
    # Reaches 0.9 = 0.6 + 0.4 * 0.75 where the logistic function is 0.75, at slope * log(p / midpoint) = log 3.
    return lambda p: 0.6 + 0.4 / (1 + np.exp(-8 * np.log(p / place) - np.log(3)))


def test_conclusions_follow_the_numbers():
    agreeing = conclude(*made_up(crossing_at(0.2)), 0.9)
    verdicts = {verdict.claim: verdict.verdict for verdict in agreeing.verdicts}
    assert verdicts["equal modulo 3: networks (concatenation) reach the threshold at p_c"] == "agrees"
    late = conclude(*made_up(crossing_at(0.4)), 0.9)
    verdicts = {verdict.claim: verdict.verdict for verdict in late.verdicts}
    assert verdicts["equal modulo 3: networks (concatenation) reach the threshold at p_c"] == "disagrees"
    assert verdicts["equal modulo 3: networks (concatenation) need at least p_c"] == "agrees"
    assert float(late.measured["critical_fraction"].squeeze()) == pytest.approx(0.4, rel=0.03)
    bound = next(verdict for verdict in late.verdicts if "f_UB bounds" in verdict.claim)
    assert (bound.verdict, bound.theory, bound.measured) == ("disagrees", 0.95, 1.0)


def test_what_is_never_reached_is_said_to_be_so():
    conclusions = conclude(*made_up(lambda p: np.full_like(p, 0.6)), 0.9)
    assert conclusions.measured["status"].item() == "not reached"
    verdicts = {verdict.claim: verdict.verdict for verdict in conclusions.verdicts}
    assert verdicts["equal modulo 3: networks (concatenation) reach the threshold at p_c"] == "not measured"
    assert float(conclusions.measured["gap"].squeeze()) == pytest.approx(0.4, abs=0.01)


def goldilocks_results(means):
    accuracy = np.array(means)[None, :, None, None, None] + np.random.default_rng(1).normal(0, 0.01, (1, 3, 1, 1, 8))
    dims = ("relation", "depth", "width", "fraction", "seed")
    coords = {"relation": ["modulo:3"], "depth": [0, 2, 4], "width": [10], "fraction": [0.3], "seed": np.arange(8)}
    return xr.Dataset({"held_out_accuracy": (dims, accuracy)}, coords)


@pytest.mark.parametrize(
    ("means", "expected"),
    [
        ((0.6, 0.9, 0.6), ["agrees", "agrees"]),
        ((0.9, 0.8, 0.6), ["disagrees", "agrees"]),
        ((0.6, 0.8, 0.9), ["agrees", "disagrees"]),
        ((0.7, 0.7, 0.7), ["undecided", "undecided"]),
    ],
)
def test_a_goldilocks_zone_needs_both_sides(means, expected):
    assert [verdict.verdict for verdict in goldilocks.conclude(goldilocks_results(means))] == expected


def test_goldilocks_runs(tmp_path):
    words = ["--depths", "0,1", "--widths", "4", "--seeds", "2", "--steps", "30", "--n", "6"]
    assert main(["run", "goldilocks", *words, "--out", str(tmp_path / "run")]) == 0
    assert (tmp_path / "run" / "report.html").exists()


def test_presets_are_valid_and_grow():
    for module in (statics, goldilocks):
        counts = [len(module.networks(module.options_from(preset))) for preset in ("quick", "standard")]
        assert counts[0] < counts[1]
        module.options_from("paper")
    with pytest.raises(InvalidInput, match="preset must be one of quick, standard, paper"):
        statics.options_from("nonsense")
