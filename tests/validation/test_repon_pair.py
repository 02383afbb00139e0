"""`geneft run repon-pair` in a reduced form: what it writes, that it resumes, and that verdicts follow from counts."""

import json

import numpy as np
import pytest

from geneft_theory import InvalidInput
from geneft_theory.repons import pair
from tests.validation.layout import require_layout
from validation.cli import main
from validation.experiments import repon_pair, repon_pair_conclusions, repon_pair_report
from validation.experiments.repon_pair import CASES, ensembles, options_from, sufficient_probability
from validation.report import collapse_data, collapse_figure
from validation.report.specimen_repons import specimen_collapse
from validation.sweeps import RunFolder

SMALL = (
    *(
        "run",
        "repon-pair",
        "--cases",
        "pair,cluster-4,frozen-bias",
        "--ratios",
        "0.5,5",
        "--draws",
        "300",
        "--horizon",
        "15",
        "--separation",
        "0.05",
    ),
    *("--learning-rate", "0.05"),
)


@pytest.fixture(scope="module", autouse=True)
def coarse():
    """Fewer starts for the sampled law, and fewer points for the lines of the figures."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"FORECAST_DRAWS": 20_000, "FINE_FORECAST_DRAWS": 1000, "FINE_RATIOS": 5}.items():
            patch.setattr(repon_pair, name, value)
        yield


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "small"
    assert main([*SMALL, "--out", str(folder)]) == 0
    return folder


def test_a_run_folder_holds_everything(finished):
    names = {str(path.relative_to(finished)) for path in finished.rglob("*") if path.is_file()}
    assert {"plan.toml", "report.html", "tables/verdicts.json", "tables/probabilities.json"} <= names
    for figure in ("clusters", "off-centre"):
        assert {f"figures/{figure}.{suffix}" for suffix in ("png", "svg", "csv")} <= names
    page = (finished / "report.html").read_text(encoding="utf-8")
    assert "repons.cluster.collapse_probability" in page
    assert "CORRECTED" in page


def test_the_same_command_again_trains_nothing_and_says_the_same(finished, capsys):
    before = {path.name: path.stat().st_mtime_ns for path in (finished / "shards").iterdir()}
    assert main([*SMALL, "--out", str(finished), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert before == {path.name: path.stat().st_mtime_ns for path in (finished / "shards").iterdir()}
    assert len(before) == summary["ensembles"] == 3 * 2
    stored = json.loads((finished / "tables" / "probabilities.json").read_text(encoding="utf-8"))
    assert summary["probabilities"] == stored


def test_counts_follow_the_laws_on_the_invariant_set_and_not_with_a_frozen_bias(finished):
    """Within 4 standard errors where the law is proven; a frozen bias misses it by more than 10."""
    rows = json.loads((finished / "tables" / "probabilities.json").read_text(encoding="utf-8"))
    for row in rows:
        assert row["diverged"] == 0
        assert row["low"] <= row["probability"] <= row["high"]
        if CASES[row["case"]].on_invariant_set and not CASES[row["case"]].adam:
            assert abs(row["z"]) < 4
            assert row["as_forecast"] > 0.99
        if row["case"] == "frozen-bias":
            assert row["z"] > 10


def test_every_case_is_computed_and_drawn_beside_its_law():
    options = options_from("quick", ratios=(0.5, 5.0), draws=100, horizon=5.0, adam_horizon=2.0, separation=0.1)
    theory = repon_pair.theory(options)
    assert (theory["law"] > 0).all()
    assert (theory["law"] < 1).all()
    bounded = theory["bound"].notnull().all("ratio")
    assert theory["case"].values[bounded.values].tolist() == ["trained-bias", "frozen-bias"]
    # Counts as the law has them stand in for training; every group of cases has its figure.
    results = theory[["law"]].map(np.rint, keep_attrs=True).rename(law="collapsed").astype(int)
    results = results.assign_attrs(options.to_dict(), draws=options.draws)
    names = [drawing.name for drawing in repon_pair_report.drawings(results, theory)]
    assert names == ["clusters", "dimensions", "off-centre", "adam"]


def test_outcome_gives_the_verdicts_again(finished):
    options = options_from(
        "quick",
        cases=("pair", "cluster-4", "frozen-bias"),
        ratios=(0.5, 5.0),
        draws=300,
        horizon=15.0,
        separation=0.05,
        learning_rate=0.05,
    )
    found = repon_pair_report.verdicts(*repon_pair_report.outcome(RunFolder.existing(finished), options))
    stored = json.loads((finished / "tables" / "verdicts.json").read_text(encoding="utf-8"))
    assert [verdict.to_dict() for verdict in found] == stored
    frozen = next(verdict for verdict in found if "frozen bias: P(collapse) follows" in verdict.claim)
    assert frozen.verdict == "disagrees"


def test_verdicts_follow_the_counts():
    results, theory = specimen_collapse(("pair", "trained-bias"), draws=2000)
    assert [verdict.verdict for verdict in repon_pair_conclusions.conclude(results, theory)] == ["agrees"] * 3
    results["collapsed"] = (results["collapsed"] + 150).clip(max=2000)
    off = repon_pair_conclusions.conclude(results, theory)[0]
    assert off.verdict == "disagrees"
    assert off.z > 3.6
    # A law that puts all members on one side cannot be judged by counts.
    certain = theory.copy()
    certain["law"] = theory["law"] * 0 + 1.0
    assert repon_pair_conclusions.conclude(results, certain)[0].verdict == "not measured"


def test_a_sampled_law_adds_its_error():
    results, theory = specimen_collapse(("plane-2",), draws=1000)
    exact = repon_pair_conclusions.rows(results, theory)
    sampled = repon_pair_conclusions.rows(results, theory.assign(law_error=theory["law_error"] + 0.05))
    assert all(abs(after["z"]) < abs(before["z"]) for before, after in zip(exact, sampled, strict=True))


def test_a_positive_invariant_has_the_probability_of_the_formula():
    """Within 4 standard errors of 200 000 draws, and always below the law of the invariant set."""
    settings = ensembles(options_from("quick", ratios=(0.7,), decoder_scale=1.3), "trained-bias")[0]
    a, x1, x2 = np.random.default_rng(1).normal(size=(3, 200_000)) * [[1.3], [1], [1]]
    c, centroid = (x1 - x2) / 2, (x1 + x2) / 2
    share = (
        pair.invariant(a, c, settings.eta_decoder, settings.eta_encoder) > centroid**2 / settings.eta_encoder
    ).mean()
    expected = sufficient_probability(settings)
    assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / 200_000)
    law = pair.collapse_probability(settings.eta_decoder, settings.eta_encoder, 1.3, settings.sigma_c)
    assert expected < law


def test_presets_are_valid_and_grow():
    sizes = [len(repon_pair.plan(options_from(preset))) for preset in ("quick", "standard", "paper")]
    assert sizes[0] < sizes[1] <= sizes[2]
    assert options_from("standard").draws == 4000
    few = repon_pair_report.reduced(options_from("standard"))
    whole = [cell for chunk in repon_pair.plan(options_from("standard")) for cell in chunk]
    assert all(cell in whole for chunk in repon_pair.plan(few) for cell in chunk)


def test_the_figure_shows_counts_and_laws_and_fits_its_page():
    made_up = specimen_collapse(("pair", "cluster-2", "trained-bias"))
    labels = {"pair": "a pair", "cluster-2": "one against two", "trained-bias": "off centre"}
    words = {"question": "How often?", "answer": "Often.", "law": "arctangent law", "horizon": 100.0}
    figure = collapse_figure(*made_up, labels, **words)
    require_layout(figure)
    data = collapse_data(*made_up, ["pair"])
    drawn = figure.axes[0].lines
    assert any(np.array_equal(line.get_ydata(), data["probability"].sel(case="pair")) for line in drawn)
    assert "400 members" in figure.texts[2].get_text()
    with pytest.raises(InvalidInput, match="labels must name at most 5 cases; got 6"):
        collapse_figure(*made_up, {str(k): "" for k in range(6)}, **words)
    with pytest.raises(InvalidInput, match="cases must name at least one"):
        collapse_data(*made_up, [])
