"""`geneft run alignment-parity`: what it concludes from data that say something, its options, a small run."""

import json

import numpy as np
import pytest
import xarray as xr

from geneft_theory.errors import InvalidInput
from tests.validation.layout import require_layout
from validation.experiments import alignment_parity, alignment_parity_report
from validation.experiments.alignment_parity_conclusions import conclude, forecast_area, over_seeds, rows
from validation.experiments.running import open_folder
from validation.report import parity_boundary_figure, parity_course_figure, parity_forecast_figure, specimen_parity

GAINS, FRACTIONS, SEEDS, PAIRS = (0.1, 0.5, 1.0), (0.5, 1.0), 10, 200


def made_up(*, wrong=0, automata=True, knows=True, seed=0):
    """Return results in which states merge and long strings are read at small gain and much data only."""
    generator = np.random.default_rng(seed)
    dims, shape = alignment_parity.DIMS, (len(GAINS), len(FRACTIONS), SEEDS)
    good = np.zeros(shape, dtype=bool)
    good[0, 1] = True
    good[1, 1, ::2] = True
    merged = np.where(good, 500 + generator.integers(0, 50, shape), 0)
    score = 10 ** generator.uniform(-3, 8, (*shape, PAIRS))
    together = good[..., None] & (score > 1e4) if knows else good[..., None] & (generator.random(score.shape) < 0.3)
    guesses = np.clip(generator.normal(0.5, 0.05, shape), 0, 0.9)
    disagreeing = np.zeros(shape, dtype=int)
    disagreeing[2, 0, 0] = wrong
    return xr.Dataset(
        {
            "agreeing_mergers": (dims, merged),
            "disagreeing_mergers": (dims, disagreeing),
            "states": (dims, np.where(good, 20, 126)),
            "closed": (dims, good & automata),
            "long_accuracy": (dims, np.where(good, 1.0, guesses)),
            "train_accuracy": (dims, np.where(disagreeing > 0, 0.9, 1.0)),
            "diverged": (dims, np.zeros(shape, dtype=bool)),
            "pair_score": ((*dims, "pair"), score),
            "pair_apart": ((*dims, "pair"), generator.random(score.shape) < 0.5),
            "pair_together": ((*dims, "pair"), together),
        },
        {"gain": list(GAINS), "fraction": list(FRACTIONS), "seed": np.arange(SEEDS)},
    )


def known():
    return alignment_parity.theory(alignment_parity.options_from("quick"))


def outcomes_of(verdicts):
    return [each.verdict for each in verdicts]


def test_all_claims_agree_where_they_were_built_in():
    found = conclude(made_up(), known())
    assert outcomes_of(found) == ["agrees"] * len(found)
    assert len(found) == 12


def test_one_merger_of_others_refutes_that_only_equals_merge():
    found = conclude(made_up(wrong=1), known())
    assert outcomes_of(found)[:2] == ["disagrees", "agrees"]


def test_extrapolation_without_automata_is_seen():
    found = {each.claim: each.verdict for each in conclude(made_up(automata=False), known())}
    assert [verdict for claim, verdict in found.items() if "share of an automaton" in claim] == ["disagrees"]
    assert [verdict for claim, verdict in found.items() if "are a finite automaton" in claim] == ["not measured"]


def test_a_condition_that_knows_nothing_is_no_better_than_chance():
    area = forecast_area(made_up(knows=False), apart=False, within=True)
    # About 40 000 pairs: four standard errors.
    assert abs(area.value - 0.5) < 4 * area.standard_error
    found = conclude(made_up(knows=False), known())
    assert outcomes_of(found)[-2:] == ["undecided", "undecided"]


def test_the_mean_over_chosen_networks_has_the_error_of_its_seeds():
    generator = np.random.default_rng(0)
    found = []
    for _ in range(400):
        values = generator.normal(0, 0.1, (4, 12)) + generator.normal(0, 1, 12)
        found.append(over_seeds(values, generator.random((4, 12)) < 0.7))
    spread = np.std([each.value for each in found], ddof=1)
    claimed = np.sqrt(np.mean([each.standard_error**2 for each in found]))
    # A spread of 400 has a relative error of 3.5 %; the error's linearisation is good to some per cent with 12 seeds.
    assert claimed == pytest.approx(spread, rel=0.2)
    assert over_seeds(np.ones((2, 3)), np.array([[True, False, False]] * 2)) is None


def test_rows_count_what_they_say():
    results = made_up()
    table = rows(results, known())
    assert [(row["gain"], row["fraction"]) for row in table] == [(g, f) for g in GAINS for f in FRACTIONS]
    assert sum(row["perfect"] for row in table) == int((results["long_accuracy"] == 1).sum())
    assert sum(row["closed"] for row in table) == int(results["closed"].sum())


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"gains": (0.1,)}, "gains"),
        ({"gains": (0.5, 0.1)}, "gains"),
        ({"gains": (0.0, 0.1)}, "gain"),
        ({"fractions": (0.5, 1.5)}, "fraction"),
        ({"fractions": (1.0, 0.5)}, "fractions"),
        ({"seeds": 1}, "seeds"),
        ({"seeds": 99_999_999_999}, "seeds"),
        ({"units": 100_000_000}, "units"),
        ({"long_length": 99_999_999_999}, "long_length"),
        ({"long_strings": 99_999_999_999}, "long_strings"),
        ({"epochs": 0}, "epochs"),
    ],
)
def test_options_outside_their_domain_are_refused_by_name(changes, named):
    with pytest.raises(InvalidInput, match=f"^{named}"):
        alignment_parity.options_from("quick", **changes)


def test_chunks_hold_every_network_once():
    for preset in alignment_parity.PRESETS:
        options = alignment_parity.options_from(preset)
        members = [settings for chunk in alignment_parity.plan(options) for settings in chunk]
        assert len(members) == len(alignment_parity.networks(options))
        assert len({json.dumps(settings, sort_keys=True) for settings in members}) == len(members)


def test_the_reduced_form_is_a_part_of_the_whole():
    options = alignment_parity.options_from("standard")
    few = alignment_parity.networks(alignment_parity_report.reduced(options))
    assert set(few) <= set(alignment_parity.networks(options))
    assert len(few) == 8


@pytest.mark.parametrize(
    "figure",
    [
        pytest.param(lambda words: parity_course_figure(specimen_parity.specimen_course(), **words), id="course"),
        pytest.param(lambda words: parity_course_figure(specimen_parity.specimen_course(1), **words), id="one seed"),
        pytest.param(lambda words: parity_boundary_figure(specimen_parity.specimen_boundary(), **words), id="boundary"),
        pytest.param(
            lambda words: parity_boundary_figure(specimen_parity.specimen_boundary(20, 20), **words), id="many cells"
        ),
        pytest.param(lambda words: parity_forecast_figure(specimen_parity.specimen_forecast(), **words), id="forecast"),
        pytest.param(lambda words: parity_forecast_figure(specimen_parity.specimen_forecast(9), **words), id="gains"),
    ],
)
def test_everything_fits_on_the_page(figure):
    require_layout(figure({"question": "What?", "answer": "This. " * 30, "note": "Made up. " * 30}))


@pytest.fixture(scope="module")
def small():
    return alignment_parity.options_from(
        "quick", gains=(0.1, 1.2), fractions=(0.5, 1.0), seeds=2, length=4, units=16, epochs=150, records=5,
        eta=0.05, long_length=100, long_strings=10,
    )  # fmt: skip


@pytest.fixture(scope="module")
def finished(small, tmp_path_factory):
    folder = open_folder("alignment-parity", "quick", small, tmp_path_factory.mktemp("run") / "parity")
    return folder, alignment_parity_report.run(folder, small, None)


def test_a_run_writes_its_tables_its_figures_and_its_page(finished):
    folder, summary = finished
    assert summary["networks"] == 8
    names = {path.name for path in folder.figures.iterdir()}
    for figure in ("course", "boundary", "forecast"):
        assert {f"{figure}.png", f"{figure}.svg", f"{figure}.csv"} <= names
    assert json.loads((folder.tables / "verdicts.json").read_text()) == summary["verdicts"]
    page = folder.report.read_text()
    assert "vanrossem2025algorithm" in page
    assert "geneft run alignment-parity --preset quick" in page
    assert "nan" not in alignment_parity_report.as_text(summary)


def test_what_the_run_says_is_what_its_networks_did(small, finished):
    folder, summary = finished
    results, theory = alignment_parity_report.outcome(folder, small)
    assert [each.to_dict() for each in alignment_parity_report.verdicts(results, theory)] == summary["verdicts"]
    assert results.sizes["epoch"] == 6
    # Nobody holds out anything of a whole training set, and nobody has more states than strings.
    assert np.isnan(results["held_out_accuracy"].sel(fraction=1.0)).all()
    assert (results["states"] <= 30).all()
    assert (results["agreeing_mergers"] <= theory["agreeing_pairs"]).all()
