"""`geneft run repon-pair` in a reduced form: what it writes, that it resumes, and that verdicts follow from counts."""

import json
import shlex

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from geneft_theory import InvalidInput
from geneft_theory.repons import pair
from validation.cli import main, run
from validation.cli.main import build_parser
from validation.experiments import repon_pair, repon_pair_conclusions, repon_pair_report
from validation.experiments.presentation import command_of
from validation.experiments.repon_pair import CASES, ensembles, options_from, sufficient_probability
from validation.experiments.running import open_folder
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


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("--cases pair,nonsense", "cases must be one of"),
        ("--cases pair,pair", "cases must name at least one, each once"),
        ("--ratios 3,1", "ratios must be increasing"),
        ("--ratios 0,1", "ratio must lie in (0, inf); got 0"),
        ("--ratios a", "ratios must be numbers"),
        ("--draws 1", "draws must be an integer >= 2"),
        ("--horizon 0", "horizon must lie in"),
        ("--learning-rate 1e-9", "horizon must take at most"),
        ("--separation -1", "separation must lie in"),
    ],
)
def test_bad_input_is_one_line_exit_code_2_and_leaves_nothing(words, names, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "repon-pair", *words.split()]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert names in captured.err
    assert captured.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_the_figure_shows_counts_and_laws_and_fits_its_page():
    made_up = specimen_collapse(("pair", "cluster-2", "trained-bias"))
    labels = {"pair": "a pair", "cluster-2": "one against two", "trained-bias": "off centre"}
    words = {"question": "How often?", "answer": "Often.", "law": "arctangent law", "horizon": 100.0}
    figure = collapse_figure(*made_up, labels, **words)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    for part in [*figure.axes, *figure.legends]:
        box = part.get_tightbbox(canvas.get_renderer())
        assert figure.bbox.x0 - 1 <= box.x0
        assert box.x1 <= figure.bbox.x1 + 1
    data = collapse_data(*made_up, ["pair"])
    drawn = figure.axes[0].lines
    assert any(np.array_equal(line.get_ydata(), data["probability"].sel(case="pair")) for line in drawn)
    assert "400 members" in figure.texts[2].get_text()
    with pytest.raises(InvalidInput, match="labels must name at most 5 cases; got 6"):
        collapse_figure(*made_up, {str(k): "" for k in range(6)}, **words)
    with pytest.raises(InvalidInput, match="cases must name at least one"):
        collapse_data(*made_up, [])


@pytest.mark.parametrize(
    "words",
    [
        "",
        "--preset standard --cases adam,pair --ratios 0.5,2 --draws 10 --sweep-seed 3",
        "--horizon 7 --adam-learning-rate 1e-4 --target 2 --decoder-scale 0.5",
    ],
)
def test_a_report_names_the_command_that_asks_the_same_again(words, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(run, "_run", lambda arguments, report, options: asked.append((report.NAME, arguments, options)))

    def ask(command):
        arguments = build_parser().parse_args(command)
        arguments.execute(arguments)
        return asked.pop()

    name, arguments, options = ask(["run", "repon-pair", *words.split()])
    folder = open_folder(name, arguments.preset, options, tmp_path / "run")
    again_name, again_arguments, again = ask(shlex.split(command_of(folder))[1:])
    assert (again_name, again_arguments.preset, again) == (name, arguments.preset, options)
