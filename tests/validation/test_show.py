"""`geneft show` as a user meets it: finished, unfinished, damaged, grouped, as JSON."""

import json
import re

import numpy as np
import pytest
from rich.console import Console

from geneft_theory.errors import InvalidInput
from tests.validation.stored_runs import RATES, SEEDS, networks, write_run
from validation.cli import main
from validation.experiments import goldilocks
from validation.measure import wilson_interval
from validation.sweeps import Question, RunFolder, load, summarize


def shown(capsys, *words):
    assert main(["show", *map(str, words)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_a_run_at_a_glance(tmp_path, capsys):
    out = shown(capsys, write_run(tmp_path).path)
    assert "rates, quick" in out
    assert "12 done" in out
    assert "4.5 s of training" in out
    assert "2026-01-01 00:00:00 UTC to 2026-01-01 00:00:10 UTC" in out
    assert "numpy 2.0, torch 2.6; Linux x86_64, processors: 2, threads: 1" in out
    low, high = (round(100 * end) for end in wilson_interval(len(SEEDS), len(SEEDS)))
    cell = re.escape(f"100 [{low}, {high}]")
    for rate, phase in zip(RATES, ("generalization", "memorization", "confusion"), strict=True):
        row = next(line for line in out.splitlines() if line.strip().startswith(f"{rate:g} "))
        assert len(re.findall(cell, row)) == 1
        header = next(line for line in out.splitlines() if "generalization" in line)
        assert abs(row.index(f"100 [{low}") - header.index(phase)) < 12
    assert "\nverdicts\n" not in out


def test_json_is_one_object_with_the_numbers(tmp_path, capsys):
    summary = json.loads(shown(capsys, write_run(tmp_path).path, "--json"))
    assert summary["networks"] == {"done": 12, "asked": None}
    assert summary["shards"] == {"whole": 3, "damaged": [], "set_aside": 0}
    assert summary["wall_seconds"] == 4.5
    (table,) = summary["tables"]
    assert table["by"] == ["eta_decoder"]
    first = table["groups"][0]
    assert (first["eta_decoder"], first["networks"], first["seeds"]) == (1e-3, 4, 4)
    low, high = wilson_interval(4, 4)
    assert first["phases"]["generalization"] == {"value": 1.0, "low": low, "high": high}
    mean = first["means"]["held_out_accuracy"]
    assert mean["low"] < mean["value"] < mean["high"]
    assert first["means"]["steps_to_test_threshold"] == {"value": 200.0, "low": 200.0, "high": 200.0}
    assert table["groups"][1]["means"]["steps_to_test_threshold"]["value"] is None


def test_groups_can_be_chosen(tmp_path, capsys):
    run = write_run(tmp_path)
    summary = json.loads(shown(capsys, run.path, "--by", "relation,eta_decoder", "--json"))
    assert summary["tables"][0]["by"] == ["relation", "eta_decoder"]
    (group,) = summarize(run, by=[])["tables"][0]["groups"]
    # All rates and seeds in one group: four seeds, so an interval of four and not of twelve.
    share = group["phases"]["generalization"]
    assert share["value"] == pytest.approx(1 / 3)
    assert (group["networks"], group["seeds"]) == (12, 4)
    assert main(["show", str(run.path), "--by", "colour"]) == 2
    assert capsys.readouterr().err.startswith("geneft: by must be settings of the networks")


def test_many_groups_are_shown_one_setting_after_the_other(tmp_path, capsys):
    plan = [
        settings | {"width": width}
        for width in range(1, 8)
        for settings in networks(rates=(1e-3, 2e-3, 3e-3, 1e-2, 0.1))
    ]
    out = shown(capsys, write_run(tmp_path, plan).path)
    assert "by eta_decoder\n" in re.sub(" +\n", "\n", out)
    assert "by width\n" in re.sub(" +\n", "\n", out)


def test_an_unfinished_run_says_how_much_is_missing(tmp_path, capsys):
    options = goldilocks.options_from("quick", seeds=2, depths=(0, 1, 2), widths=(3,), steps=5, n=6)
    plan = [network.to_dict() for network in goldilocks.networks(options)]
    question = Question("goldilocks", "quick", 0, options.to_dict(), "1")
    empty = shown(capsys, RunFolder.open(tmp_path / "empty", question).path)
    assert "0 of 6 done (0%); the same command goes on" in empty
    assert "geneft run goldilocks --preset quick --n 6 --relation modulo:3 --depths 0,1,2 --widths 3" in empty
    half = write_run(tmp_path / "half", plan[:3], question=question)
    assert "3 of 6 done (50%)" in shown(capsys, half.path)
    whole = write_run(tmp_path / "whole", plan, question=question)
    assert "all 6 done" in shown(capsys, whole.path)


def test_damaged_shards_are_counted_and_the_rest_is_shown(tmp_path, capsys):
    run = write_run(tmp_path)
    first, second = run.shard_files()[:2]
    first.write_bytes(b"half")
    second.replace(second.with_name(second.name + ".corrupt"))
    out = shown(capsys, run.path)
    assert "1 whole, 1 damaged and 1 set aside: the same command mends what is missing" in out
    assert "by " in out


def test_verdicts_are_shown_where_the_run_has_them(tmp_path, capsys):
    run = write_run(tmp_path)
    verdict = {"verdict": "disagrees", "claim": "it is [so]", "theory": 0.5, "side": "equal", "measured": 0.75}
    row = verdict | {"standard_error": 0.01, "z": 25.0, "allowed": 3.0, "model_error": 0.0}
    (run.tables / "verdicts.json").write_text(json.dumps([row]))
    out = shown(capsys, run.path)
    assert "disagrees     it is [so]: 0.75 ± 0.01 against" in out
    assert "z = 25.0 where 3.0 is allowed" in out
    (run.tables / "verdicts.json").write_text("{broken")
    assert "\nverdicts\n" not in shown(capsys, run.path)
    (run.tables / "verdicts.json").write_text('[{"verdict": "agrees"}]')
    assert "\nverdicts\n" not in shown(capsys, run.path)


def test_seeds_that_number_something_else_are_no_replicates(tmp_path):
    plan = [
        {"relation": "modulo:3", "eta_decoder": rate, "width": width, "seed": seed}
        for width in (10, 20)
        for seed, rate in enumerate(RATES)
    ]
    run = write_run(tmp_path, plan)
    for group in summarize(run, by=["width"])["tables"][0]["groups"]:
        assert group["means"]["held_out_accuracy"]["low"] is None
        assert group["phases"]["generalization"]["low"] is None
        assert np.isclose(group["phases"]["generalization"]["value"], 1 / 3)


def test_a_folder_that_is_no_run_is_refused_in_one_line(tmp_path, capsys):
    assert main(["show", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_nothing_to_mend_is_not_called_so(tmp_path, capsys):
    options = goldilocks.options_from("quick", seeds=2, depths=(0, 1, 2), widths=(3,), steps=5, n=6)
    plan = [network.to_dict() for network in goldilocks.networks(options)]
    run = write_run(tmp_path, plan, question=Question("goldilocks", "quick", 0, options.to_dict(), "1"))
    first = run.shard_files()[0]
    mended = first.read_bytes()
    first.replace(first.with_name(first.name + ".corrupt"))
    assert "1 set aside: the same command mends what is missing" in shown(capsys, run.path)
    first.write_bytes(mended)
    out = shown(capsys, run.path)
    assert "all 6 done" in out
    assert "1 set aside\n" in out


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 200])
def test_settings_and_counts_stay_whole_on_any_terminal(tmp_path, capsys, monkeypatch, columns):
    plan = [
        settings | {"weight_decay_decoder": decay}
        for decay in (0.0012345, 0.0012346)
        for settings in networks(rates=(0.0010001, 0.0010002))
    ]
    run = write_run(tmp_path, plan)
    monkeypatch.setattr("validation.cli.show.terminal", lambda: Console(highlight=False, width=columns))
    out = shown(capsys, run.path, "--by", "eta_decoder,weight_decay_decoder")
    assert "…" not in out
    for text in ("0.0010001", "0.0010002", "0.0012345", "0.0012346", "eta_decoder", "weight_decay_decoder", "networks"):
        assert text in out
    assert ("held_out_accuracy" in out) == (columns >= 100)
    assert ("the terminal is too narrow" in out) == (columns < 100)


@pytest.mark.parametrize("names", ["", ",", "eta_decoder,"])
def test_empty_names_are_refused_in_one_line(tmp_path, capsys, names):
    path = str(write_run(tmp_path).path)
    for words in (["show", path, "--by"], ["compare", path, path, "--by"], ["export", path, "--outcomes"]):
        assert main([*words, names]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert "must be names separated by commas" in captured.err
        assert captured.err.count("\n") == 1


def test_a_number_is_no_run():
    with pytest.raises(InvalidInput, match=r"^folder must be a run folder or a path to one; got 3$"):
        load(3)
