"""Reproductions: specs and stored results belong together, and running one again in reduced form agrees with it."""

import json
from math import sqrt

import numpy as np
import pytest

from geneft_theory import InvalidInput
from validation.cli import main
from validation.experiments.registry import experiment
from validation.reproduce import build_figures, reproductions, require_reproduction, stored_result, table
from validation.reproduce.registry import experiment_options
from validation.reproduce.training import reproduce

TRAINED = [key for key, reproduction in reproductions().items() if reproduction.experiment != "computed"]


@pytest.mark.parametrize("key", TRAINED)
def test_a_stored_result_is_that_of_its_spec(key):
    reproduction = require_reproduction(key)
    options, results = experiment_options(reproduction), stored_result(reproduction).results
    asked = json.loads(results.attrs["question"])
    # What is None was left to its default, and is not in a question.
    given = {name: value for name, value in options.to_dict().items() if value is not None}
    assert asked["options"] == json.loads(json.dumps(given))
    if "seed" in results.dims or not hasattr(options, "seeds"):
        assert results.sizes.get("seed") == getattr(options, "seeds", None)
    else:
        # One row a network.
        assert set(range(options.seeds)) <= set(results["seed"].values.tolist())
    assert results["diverged"].max() == 0


def test_the_table_speaks_of_every_reproduction_and_of_disagreement_too():
    rows = table()
    assert {row["key"] for row in rows} == set(reproductions())
    assert {"agrees", "disagrees"} <= {row["verdict"] for row in rows}
    for row in rows:
        assert row["claim"]
        assert row["command"] == f"geneft reproduce {row['key']}"


def test_figures_are_rebuilt_without_training(tmp_path):
    built = build_figures(tmp_path)
    assert {figure.key for figure in built} == set(TRAINED)
    for figure in built:
        assert figure.path.read_bytes().startswith(b"\x89PNG")
        assert figure.title
        assert figure.caption


def test_a_changed_stored_file_is_refused(tmp_path, monkeypatch):
    from validation.reproduce import stored

    for name in ("fig7.nc", stored.CHECKSUMS):
        (tmp_path / name).write_bytes((stored.FOLDER / name).read_bytes())
    with (tmp_path / "fig7.nc").open("ab") as file:
        file.write(b"\0")
    monkeypatch.setattr(stored, "FOLDER", tmp_path)
    with pytest.raises(InvalidInput, match="sha256 must be that of"):
        stored.stored_result.__wrapped__(require_reproduction("fig7"))


def test_running_again_in_reduced_form_agrees_with_the_stored_networks(tmp_path, long):
    """The reduced form's networks are among the stored ones: equal but for what another machine rounds differently.

    Training amplifies rounding, so that single networks may differ; the mean difference must lie within 4 standard
    errors of 0, and 0.02 for the case that nearly all networks agree to the bit.
    """
    reproduction = require_reproduction("fig7")
    options = experiment_options(reproduction)
    if not long:
        options = experiment(reproduction.experiment).reduced(options)
    reproduce(reproduction, tmp_path / "run", quick=not long, keep=False, progress=None)
    from validation.experiments import goldilocks_report
    from validation.sweeps import RunFolder

    again, _ = goldilocks_report.outcome(RunFolder.existing(tmp_path / "run"), options)
    stored = stored_result(reproduction).results
    same = stored["accuracy"].sel(depth=again["depth"], width=again["width"], seed=again["seed"])
    difference = np.ravel(again["accuracy"].values - same.values)
    assert abs(difference.mean()) < 4 * difference.std(ddof=1) / sqrt(difference.size) + 0.02
    assert (tmp_path / "run" / "report.html").exists()


def test_the_reduced_form_is_never_stored(capsys, tmp_path):
    assert main(["reproduce", "fig7", "--quick", "--store", "--out", str(tmp_path / "run")]) == 2
    assert "quick" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_table_that_needs_no_training(capsys):
    assert main(["reproduce", "table2", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    verdicts = {row["claim"].split(": ")[0]: row["verdict"] for row in rows}
    assert verdicts == {
        "modulo:3": "disagrees",
        "modulo:5": "disagrees",
        "greater-than": "agrees",
        "complete-bipartite:10": "agrees",
    }
