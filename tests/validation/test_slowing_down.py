"""`geneft run slowing-down`: the fit of a divergence, verdicts from made-up times, and a reduced run."""

import json

import numpy as np
import pytest
import xarray as xr
from hypothesis import assume, given
from hypothesis import strategies as st

from geneft_theory import InvalidInput
from tests.validation.layout import require_layout
from validation.cli import main
from validation.experiments import slowing_down, slowing_down_report
from validation.experiments.divergence import fit_divergence, measure_divergence, median_times
from validation.experiments.slowing_down import SIDES, decay_time, options_from, pair_settings, starts, step_shift
from validation.experiments.slowing_down_conclusions import conclude, slope
from validation.repons import first_times
from validation.report import slowing_networks_figure, slowing_pairs_figure
from validation.report.specimen_repons import specimen_slowing_networks, specimen_slowing_pairs
from validation.sweeps import RunFolder

SMALL = (
    *("run", "slowing-down", "--n", "6", "--relation", "modulo:2", "--seeds", "4", "--steps", "40", "--records", "10"),
    *("--eta-decoders", "0.003,0.01", "--distances", "0.05,0.1,0.2", "--draws", "5"),
    *("--adam-learning-rate", "0.003", "--learning-rate", "0.05"),
)
SMALL_OPTIONS = {
    "n": 6,
    "relation": "modulo:2",
    "seeds": 4,
    "steps": 40,
    "records": 10,
    "eta_decoders": (0.003, 0.01),
    "distances": (0.05, 0.1, 0.2),
    "draws": 5,
    "adam_learning_rate": 0.003,
    "learning_rate": 0.05,
}
RATIOS = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "small"
    assert main([*SMALL, "--out", str(folder)]) == 0
    return folder


def test_a_run_folder_holds_everything(finished):
    names = {str(path.relative_to(finished)) for path in finished.rglob("*") if path.is_file()}
    tables = {f"tables/{name}.json" for name in ("pairs", "networks", "fitted", "verdicts")}
    assert {"plan.toml", "report.html"} | tables <= names
    for figure in ("pairs", "networks"):
        assert {f"figures/{figure}.{suffix}" for suffix in ("png", "svg", "csv")} <= names
    page = (finished / "report.html").read_text(encoding="utf-8")
    assert "repons.pair.relaxation_rate" in page
    assert "censored" in page


def test_the_same_command_again_trains_nothing_and_says_the_same(finished, capsys):
    before = {path.name: path.stat().st_mtime_ns for path in (finished / "shards").iterdir()}
    assert main([*SMALL, "--out", str(finished), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert before == {path.name: path.stat().st_mtime_ns for path in (finished / "shards").iterdir()}
    assert summary["trained_networks"] == 8
    assert len(summary["pairs"]) == 3 * len(SIDES)
    for row in summary["networks"]:
        assert row["generalized"] + row["censored"] == row["seeds"] == 4
    again = slowing_down_report.outcome(RunFolder.existing(finished), options_from("quick", **SMALL_OPTIONS))
    assert [verdict.to_dict() for verdict in slowing_down_report.verdicts(*again)] == summary["verdicts"]


@pytest.mark.parametrize("side", ["collapse", "memorization"])
def test_pairs_take_the_time_of_the_formula_and_of_the_step(side):
    """The mean deviation is the first-order effect of the steps , and no pair is slower, to a quarter."""
    options = options_from("quick", distances=(0.05, 0.1, 0.2), draws=100)
    settings = pair_settings(options, side, 0.05)
    a, c = starts(options, side, 0.05)
    (times,) = first_times(settings, a, c, [options.separation], watched=SIDES[side].watched)
    assert np.isfinite(times).all()
    predicted = decay_time(side, options.separation, a, c)
    deviation, shift = np.log(times / predicted), step_shift(settings, side, a, c)
    assert deviation.mean() == pytest.approx(shift.mean(), rel=0.25)
    assert np.all(deviation < 1.25 * shift + settings.time_step / predicted)


@given(st.floats(0.3, 4), st.floats(10.5, 60), st.floats(100, 5000))
def test_a_divergence_without_noise_is_found(exponent, critical, scale):
    times = scale * (critical - RATIOS) ** -exponent
    fit = fit_divergence(RATIOS, times, budget=1e9)
    assert fit is not None
    assert fit.critical_ratio == pytest.approx(critical, rel=0.02)
    assert fit.exponent == pytest.approx(exponent, rel=0.05)
    np.testing.assert_allclose(fit(RATIOS), times, rtol=1e-2)
    assert np.isinf(fit([critical * 2])).all()


@given(st.floats(0.5, 2), st.floats(6.2, 7.8))
def test_a_censored_median_is_not_fitted_but_bounds_the_curve(exponent, critical):
    times = 1000 * np.maximum(critical - RATIOS, 1e-12) ** -exponent
    times = np.where(critical > RATIOS, times, np.inf)
    fit = fit_divergence(RATIOS, times, budget=1e6)
    assert fit.fitted == (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
    assert fit.exponent == pytest.approx(exponent, rel=0.05)
    # A curve that has not diverged at the first censored ratio, 8, reaches the budget there.
    assert fit([8.0])[0] >= 1e6


def test_times_that_do_not_diverge_are_not_fitted():
    assert fit_divergence(RATIOS, np.full(8, 300.0) * RATIOS**-0.3, budget=1e4) is None
    assert fit_divergence(RATIOS[:3], [1.0, 2.0, 4.0], budget=1e4) is None
    assert measure_divergence(RATIOS, np.full((5, 8), 300.0), budget=1e4) is None


def test_an_exponent_held_fixed_stays():
    times = 1000 * (12 - RATIOS) ** -2.0
    held = fit_divergence(RATIOS, times, budget=1e9, exponent=1.0)
    assert held.exponent == 1.0
    assert held.residual > fit_divergence(RATIOS, times, budget=1e9).residual


def test_bad_input_to_the_fit_is_refused():
    with pytest.raises(InvalidInput, match="ratios must be increasing"):
        fit_divergence([2.0, 1.0], [1.0, 1.0], budget=1.0)
    with pytest.raises(InvalidInput, match="budget must lie in"):
        fit_divergence(RATIOS, RATIOS, budget=0.0)
    with pytest.raises(InvalidInput, match="seeds must be an integer >= 3"):
        measure_divergence(RATIOS, np.ones((2, 8)), budget=1.0)


@given(st.lists(st.floats(1, 1e4), min_size=3, max_size=9), st.integers(0, 9))
def test_a_median_outlives_censoring_of_fewer_than_half(times, censored):
    assume(censored < len(times) / 2)
    table = np.array(times)[:, np.newaxis]
    cut = np.sort(table, axis=0)
    cut[len(times) - censored :] = np.inf
    assert median_times(cut)[0] == median_times(table)[0]
    cut[:] = np.inf
    assert np.isinf(median_times(cut)[0])


@given(st.floats(-3, 3), st.floats(1, 100))
def test_a_slope_is_that_of_a_power_law(exponent, scale):
    distances = np.geomspace(1e-3, 0.1, 5)
    noise = np.random.default_rng(0).normal(0, 0.01, (5, 30))
    found = slope(np.log(scale * distances**exponent)[:, np.newaxis] + noise, distances)
    assert abs(found.value - exponent) < 4 * found.standard_error
    assert found.draws == 30


def made_up(options, relaxation=-1.0, growth=0.0):
    """Pairs that follow a power law and networks whose times grow by a factor e^growth over the ratios."""
    random = np.random.default_rng(2)
    distances = np.array(options.distances)
    logs = -np.log(distances)[:, np.newaxis, np.newaxis] * np.array([1.0, 1.0, 0.0])[:, np.newaxis]
    noise = random.normal(0, 0.002, (distances.size, 3, options.draws))
    dims = ("distance", "side", "member")
    predicted = np.exp(0.9 * logs + 0 * noise)
    pairs = xr.Dataset(
        {
            "time": (dims, predicted * np.exp(noise)),
            "predicted_time": (dims, predicted),
            "relaxation_time": (dims, np.exp(-relaxation * logs + noise) / 2),
        },
        {"distance": distances, "side": list(SIDES)},
    )
    count = len(options.eta_decoders)
    rise = np.concatenate([np.linspace(growth, 0, 3), growth * np.linspace(0, 1, count - 3)])
    steps = 500 * np.exp(np.abs(rise)[:, np.newaxis] + random.normal(0, 0.05, (count, options.seeds)))
    steps[-1] = np.nan
    dims = ("eta_decoder", "seed")
    networks = xr.Dataset(
        {"steps_to_test_threshold": (dims, steps), "steps_to_train_threshold": (dims, np.full_like(steps, 300))},
        {"eta_decoder": list(options.eta_decoders), "seed": np.arange(options.seeds)},
    )
    return pairs, networks


def test_verdicts_follow_the_times():
    options = options_from("quick", seeds=12)
    found = conclude(*made_up(options, growth=1.0), options)
    words = {verdict.claim: verdict for verdict in found.verdicts}
    for side in ("collapse", "memorization"):
        assert words[f"pairs, {SIDES[side].label}: the relaxation time grows like 1/|C|, exponent"].verdict == "agrees"
    assert next(v for c, v in words.items() if "does not grow" in c).verdict == "agrees"
    assert next(v for c, v in words.items() if "need longer" in c).verdict == "agrees"
    assert found.networks[-1]["median_steps"] is None
    assert found.networks[-1]["censored"] == found.networks[-1]["memorized"] == 12
    wrong = conclude(*made_up(options, relaxation=-0.8, growth=0.0), options).verdicts
    assert wrong[0].verdict == "disagrees"
    growth = next(verdict for verdict in wrong if "need longer" in verdict.claim)
    assert growth.verdict in ("undecided", "not measured")


def test_pairs_without_a_time_leave_nothing_to_judge():
    options = options_from("quick", seeds=12)
    pairs, networks = made_up(options)
    pairs["time"][:, :, 1:] = np.nan
    pairs["relaxation_time"][:, :, 1:] = np.nan
    verdicts = [verdict for verdict in conclude(pairs, networks, options).verdicts if "exponent" in verdict.claim]
    assert [verdict.verdict for verdict in verdicts[:4]] == ["not measured"] * 4


def test_starts_lie_at_their_distance_from_the_boundary():
    options = options_from("quick")
    for distance in options.distances:
        a, c = starts(options, "collapse", distance)
        np.testing.assert_allclose(a**2 / 2 - c**2, distance, rtol=1e-9)
        a, c = starts(options, "memorization", distance)
        np.testing.assert_allclose(a**2 / 2 - c**2, -distance, rtol=1e-9)
        a, c = starts(options, "adam", distance)
        np.testing.assert_allclose(a - c, distance, rtol=1e-9)


def test_presets_are_valid_and_a_reduced_form_is_part_of_the_whole():
    sizes = [len(slowing_down.networks(options_from(preset))) for preset in ("quick", "standard")]
    assert sizes[0] < sizes[1]
    options_from("paper")
    few = slowing_down.networks(slowing_down_report.reduced(options_from("standard")))
    assert set(few) <= set(slowing_down.networks(options_from("standard")))


def test_figures_show_censored_seeds_and_fit_their_page():
    data = specimen_slowing_networks()
    fit = fit_divergence(data["ratio"].values, data["median_steps"].fillna(np.inf).values, budget=4000)
    networks = slowing_networks_figure(
        data, {"fit": fit}, question="How long?", answer="Long.", critical=(10.0, 9.0, 12.0)
    )
    pairs = slowing_pairs_figure(
        specimen_slowing_pairs(), {side: each.label for side, each in SIDES.items()}, question="How?", answer="So."
    )
    for figure in (networks, pairs):
        require_layout(figure)
    censored = next(line for line in networks.axes[0].lines if line.get_marker() == "^")
    assert len(censored.get_xdata()) == int(data["steps"].isnull().sum())
    assert set(censored.get_ydata()) == {4000.0}
    with pytest.raises(InvalidInput, match="labels must name at most 3 sides"):
        slowing_pairs_figure(specimen_slowing_pairs(), dict.fromkeys("abcd", ""), question="", answer="")
