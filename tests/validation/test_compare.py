"""`geneft compare`: equal to the last bit, equal in distribution, different; and how often it is wrong."""

import json
import re

import numpy as np
import pytest
from rich.console import Console

from tests.validation.stored_runs import generalizes_at_small_rates, networks, write_run
from validation.cli import main
from validation.sweeps import Question, compare_runs


def coin(probability):
    """Outcomes that do not depend on the rate: a network generalizes with this probability."""

    def outcome(generator, rate):
        good = generator.random() < probability
        return {"train": 100.0, "test": 200.0 if good else np.nan, "accuracy": 0.7 + 0.1 * generator.normal()}

    return outcome


def test_the_same_run_again_is_identical(tmp_path):
    first, second = write_run(tmp_path / "a"), write_run(tmp_path / "b", chunk_size=4)
    comparison = compare_runs(first, second)
    assert comparison["verdict"] == "identical"
    assert comparison["question"] == comparison["versions"] == comparison["settings"] == []
    assert comparison["networks"] == {"first": 12, "second": 12, "in_common": 12}
    rows = comparison["outcomes"]
    assert {"train_loss", "train_loss_curve", "phase"} <= rows.keys()
    assert all(
        row["equal"] == 12 and row["largest_difference"] == 0 for name, row in rows.items() if name != "embeddings"
    )


def test_one_bit_of_one_network_is_found(tmp_path):
    def nudged(generator, rate):
        found = generalizes_at_small_rates(generator, rate)
        return found | ({"accuracy": np.nextafter(found["accuracy"], 1)} if rate == 0.1 else {})

    plan = networks()
    comparison = compare_runs(write_run(tmp_path / "a", plan), write_run(tmp_path / "b", plan, outcome=nudged))
    assert comparison["verdict"] == "agrees"
    accuracy = comparison["outcomes"]["held_out_accuracy"]
    assert (accuracy["equal"], accuracy["networks"]) == (8, 12)
    assert 0 < accuracy["largest_difference"] < 1e-15
    assert comparison["outcomes"]["steps_to_test_threshold"]["equal"] == 12
    assert comparison["phases"]["changed"] == 0


def test_changed_phases_are_counted_by_kind(tmp_path):
    def worse(generator, rate):
        found = generalizes_at_small_rates(generator, rate)
        return found | ({"test": np.nan} if rate == 1e-3 else {})

    comparison = compare_runs(write_run(tmp_path / "a"), write_run(tmp_path / "b", outcome=worse))
    assert comparison["phases"] == {
        "networks": 12,
        "changed": 4,
        "changes": [{"first": "generalization", "second": "memorization", "networks": 4}],
    }


def test_what_was_asked_and_with_what_it_was_made(tmp_path):
    question = Question("rates", "standard", 0, {"rates": [1e-3], "steps": 7}, "2")
    first = write_run(tmp_path / "a")
    second = write_run(tmp_path / "b", networks((1e-3, 1.0)), question=question, made_by={"versions": {"numpy": "2.1"}})
    comparison = compare_runs(first, second)
    assert [row["name"] for row in comparison["question"]] == ["engine", "options.rates", "options.steps", "preset"]
    assert {"name": "versions.numpy", "first": "2.0", "second": "2.1"} in comparison["versions"]
    assert comparison["settings"] == [{"name": "eta_decoder", "first": [1e-2, 1e-1], "second": [1.0]}]
    assert comparison["networks"]["in_common"] == 4
    assert comparison["reason"] == "the 4 networks in common are equal bit for bit; 12 others are in one run only"


@pytest.mark.parametrize("seeds", [range(40), range(1000, 1040)], ids=["the same seeds", "other seeds"])
def test_a_large_difference_is_a_disagreement(tmp_path, seeds):
    rates = (1e-3, 1e-2)
    first = write_run(tmp_path / "a", networks(rates, range(40)), outcome=coin(0.2))
    second = write_run(tmp_path / "b", networks(rates, seeds), outcome=coin(0.8), noise=1)
    comparison = compare_runs(first, second)
    assert comparison["verdict"] == "disagrees"
    assert "phase generalization" in comparison["reason"]
    row = next(row for row in comparison["distributions"]["quantities"] if row["quantity"] == "phase generalization")
    assert row["low"] < 0.6 < row["high"]
    assert [group["eta_decoder"] for group in comparison["distributions"]["groups"]] == list(rates)


@pytest.mark.parametrize("how", ["network by network", "seed by seed", "two samples of seeds"])
def test_two_runs_of_one_law_hardly_ever_disagree(tmp_path, how):
    # A verdict that errs once in 370 times errs twice or more among 20 pairs of runs in one of 700 tests.
    wrong = 0
    for k in range(20):
        plan = networks((1e-3, 1e-2), range(8))
        other = {
            "network by network": plan,
            "seed by seed": [settings | {"width": 51} for settings in plan],
            "two samples of seeds": networks((1e-3, 1e-2), range(100, 108)),
        }[how]
        first = write_run(tmp_path / f"a{k}", plan, outcome=coin(0.5), noise=2 * k, chunk_size=16)
        second = write_run(tmp_path / f"b{k}", other, outcome=coin(0.5), noise=2 * k + 1, chunk_size=16)
        comparison = compare_runs(first, second)
        assert comparison["distributions"]["compared"] == how
        wrong += comparison["verdict"] == "disagrees"
    assert wrong <= 1


def test_a_setting_in_which_the_runs_differ_is_what_is_compared(tmp_path):
    plan = networks((1e-3,), range(20))
    first = write_run(tmp_path / "a", plan)
    second = write_run(tmp_path / "b", networks((1e-1,), range(20)))
    comparison = compare_runs(first, second)
    assert comparison["distributions"]["compared"] == "seed by seed"
    assert comparison["distributions"]["by"] == []
    assert comparison["verdict"] == "disagrees"
    assert compare_runs(first, second, by=["eta_decoder"])["verdict"] == "nothing to compare"


def test_one_seed_tells_nothing(tmp_path):
    first = write_run(tmp_path / "a", networks((1e-3,), (0,)))
    second = write_run(tmp_path / "b", networks((1e-3,), (1,)))
    assert compare_runs(first, second)["verdict"] == "undecided"


def test_the_command_prints_all_parts(tmp_path, capsys):
    def worse(generator, rate):
        found = generalizes_at_small_rates(generator, rate)
        return found | ({"test": np.nan} if rate == 1e-3 else {})

    runs = [str(write_run(tmp_path / "a").path), str(write_run(tmp_path / "b", outcome=worse).path)]
    assert main(["compare", *runs]) == 0
    out = capsys.readouterr().out
    for text in (
        "question  the same",
        "versions  the same",
        "networks in common  12",
        "8 of 12",
        "4 of 12 networks changed phase: 4 generalization to memorization",
        "distributions  network by network",
        "3 groups",
    ):
        assert text in out
    assert main(["compare", *runs, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["networks"]["in_common"] == 12
    assert main(["compare", runs[0], str(tmp_path / "c")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["compare", *runs, "--by", "colour"]) == 2
    assert capsys.readouterr().err.startswith("geneft: by must be settings of both runs")


def test_two_seeds_are_too_few_to_agree(tmp_path, capsys):
    plan = networks((1e-3,), (0, 1))
    first = write_run(tmp_path / "a", plan, outcome=coin(1.0))
    second = write_run(tmp_path / "b", [row | {"width": 51} for row in plan], outcome=coin(0.0), noise=1)
    runs = [str(first.path), str(second.path)]
    assert main(["compare", *runs, "--json"]) == 0
    comparison = json.loads(capsys.readouterr().out)
    rows = {row["quantity"]: row for row in comparison["distributions"]["quantities"]}
    share = rows["phase generalization"]
    assert (share["low"], share["high"], share["verdict"]) == (-1, 1, "undecided")
    for row in rows.values():
        if row["quantity"] in ("train_accuracy", "held_out_accuracy"):
            assert -1 <= row["low"] <= row["high"] <= 1
    assert main(["compare", *runs]) == 0
    out = capsys.readouterr().out
    assert "too few seeds to tell" in out
    assert re.search(r"phase generalization.*\[-1\.000, 1\.000\] +too few seeds to tell", out)


def test_many_seeds_may_agree(tmp_path, capsys):
    plan = networks((1e-3,), range(40))
    first = write_run(tmp_path / "a", plan, outcome=coin(0.5))
    second = write_run(tmp_path / "b", [row | {"width": 51} for row in plan], outcome=coin(0.5), noise=1)
    assert main(["compare", str(first.path), str(second.path)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("agrees: no difference beyond chance in ")
    assert "too few" not in out


@pytest.mark.parametrize("columns", [60, 80])
def test_nothing_is_cut_on_a_narrow_terminal(tmp_path, capsys, monkeypatch, columns):
    rates = (0.0010001, 0.0010002)
    first = write_run(tmp_path / "a", networks(rates, range(5)), outcome=coin(0.5))
    second = write_run(tmp_path / "b", networks(rates, range(5)), outcome=coin(0.5), noise=1)
    monkeypatch.setattr("validation.cli.compare.terminal", lambda: Console(highlight=False, width=columns))
    assert main(["compare", str(first.path), str(second.path)]) == 0
    out = capsys.readouterr().out
    assert "…" not in out
    for text in ("0.0010001", "0.0010002", "equal bit for bit", "largest difference", "quantity", "verdict"):
        assert text in out
