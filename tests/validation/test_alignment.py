"""`geneft run alignment`: what it concludes from courses that are known, its options, a small run."""

import json

import numpy as np
import pytest

from geneft_theory import alignment
from geneft_theory.alignment import History
from geneft_theory.errors import InvalidInput
from validation.experiments import alignment as experiment
from validation.experiments import alignment_report
from validation.experiments.alignment_conclusions import conclude, crossings, jackknife
from validation.experiments.alignment_fits import SYSTEMS, fit, misfits, velocity
from validation.experiments.alignment_results import measured, predicted
from validation.experiments.running import open_folder
from validation.two_points import TwoPointSettings

START = {"h": 0.02, "y": 3e-4, "w": -0.01}
RATES = {"eta_h": 0.4, "eta_y": 1.8, "X": 1.0, "Y": 0.5}


def course(times):
    states = alignment.trajectory(times, **START, **RATES)
    return History(
        times, *states, X=1.0, Y=0.5, loss=alignment.loss(states[1], states[2], 0.5, 0.8 * np.exp(-4 * times))
    )


def test_the_right_system_has_the_velocity_of_the_theory():
    step = 1e-4
    times = np.array([3.0 - step, 3.0, 3.0 + step])
    before, now, after = np.moveaxis(alignment.trajectory(times, **START, **RATES), 1, 0)
    states = np.broadcast_to(now[:, None], (3, len(SYSTEMS)))
    found = velocity(states, np.full(len(SYSTEMS), 0.4 / 1.8), 1.0, 0.5)[:, 0] * 1.8
    assert found == pytest.approx((after - before) / (2 * step), rel=1e-6)


def test_every_wrong_system_differs_in_one_velocity():
    states = np.array([0.3, 0.2, -0.1])[:, None] * np.ones(len(SYSTEMS))
    found = velocity(states, np.ones(len(SYSTEMS)), 1.0, 0.5)
    differing = [np.nonzero(found[:, k] != found[:, 0])[0].tolist() for k in range(1, len(SYSTEMS))]
    assert differing == [[1], [0], [2], [1]]
    assert found[1, 1] == 2 * found[1, 0]
    assert found[0, 2] == 2 * found[0, 0]
    h, y, w = 0.3, 0.2, -0.1
    assert found[2, 3] - found[2, 0] == pytest.approx((y + w) * w / h)
    assert found[1, 4] == pytest.approx(-w * h)


def test_a_course_of_the_theory_is_fitted_with_its_rates():
    found = fit(course(np.linspace(0, 30, 101)))
    assert (found.eta_h, found.eta_y, found.eta_mean) == pytest.approx((0.4, 1.8, 2.0), rel=1e-6)
    assert found.r_squared == pytest.approx(np.ones(4), abs=1e-9)
    assert found.identifiable
    assert found.misfit < 1e-9


def test_controls_are_looked_for_as_well_as_the_theory_is_fitted():
    run = course(np.linspace(0, 30, 101))
    misfit, courses = misfits(run, fit(run))
    # What integration, interpolation and the search leave.
    assert misfit[0] < 1e-6
    assert courses[0, 0] == pytest.approx(run.h, abs=1e-3)
    assert (misfit[1:] > 100 * misfit[0]).all()


def test_the_jackknife_of_a_mean_is_its_standard_error():
    values = np.random.default_rng(0).normal(size=9)
    found = jackknife(lambda chosen: float(values[chosen].mean()), 9)
    assert found.standard_error == pytest.approx(values.std(ddof=1) / 3)
    assert jackknife(lambda chosen: float("nan"), 9) is None
    assert jackknife(lambda chosen: 1.0, 2) is None


def test_crossings_of_the_exact_law_are_at_the_critical_gain():
    gains = np.geomspace(0.8, 2, 200)
    start = 0.03 * (gains / 0.9) ** 10
    growth = alignment.final_distance(start, 0.0, 0.2, 1.0, 0.5) / start
    expected = 0.9 * (2 * np.sqrt(0.1) / 0.03) ** 0.1
    assert np.exp(crossings(gains, growth[:, None])) == pytest.approx([expected], rel=1e-4)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"size": "large"}, "size"),
        ({"cases": ("relu",)}, "cases"),
        ({"cases": ("leaky-relu", "leaky-relu")}, "cases"),
        ({"cases": ("leaky-relu", "gelu")}, "cases"),
        ({"seeds": 1}, "seeds"),
        ({"records": 3}, "records"),
        ({"steps": 100}, "steps"),
        ({"input_distances": (1.0,)}, "input_distances"),
        ({"input_distances": (0.0, 1.0)}, "input_distances"),
        ({"target_distances": (1.0, 0.5)}, "target_distances"),
        ({"target_distances": (-1.0, 0.5)}, "target_distances"),
        ({"gains": (1.0, 1.1)}, "gains"),
        ({"gains": (0.9, 1.0, 1.1)}, "gain_etas"),
        ({"grid_eta": -1.0}, "eta"),
        ({"sweep_seed": -1}, "sweep_seed"),
    ],
)
def test_options_outside_their_domain_are_refused_by_name(changes, named):
    with pytest.raises(InvalidInput, match=f"^{named}"):
        experiment.options_from("quick", **changes)


@pytest.mark.parametrize("preset", experiment.PRESETS)
def test_a_plan_holds_every_network_once(preset):
    options = experiment.options_from(preset)
    planned = [values for chunk in experiment.plan(options) for values in chunk]
    made = [settings for part in experiment.PARTS for _, settings in experiment.networks(options, part)]
    assert sorted(map(repr, map(TwoPointSettings.from_dict, planned))) == sorted(map(repr, made))
    json.dumps(planned)


def test_the_reduced_form_is_a_part_of_the_whole():
    options = experiment.options_from("standard")
    for part in experiment.PARTS:
        few = {settings for _, settings in experiment.networks(alignment_report.reduced(options), part)}
        assert few <= {settings for _, settings in experiment.networks(options, part)}


@pytest.fixture(scope="module")
def small():
    return experiment.options_from(
        "quick",
        cases=("leaky-relu", "linear"),
        seeds=3,
        steps=1200,
        records=40,
        input_distances=(1.0, 1.5),
        target_distances=(0.0, 0.75),
        grid_steps=1000,
        gains=(1.0, 1.2, 1.5),
        gain_etas=(0.01, 0.005, 0.001),
        gain_steps=600,
    )


@pytest.fixture(scope="module")
def finished(small, tmp_path_factory):
    folder = open_folder("alignment", "quick", small, tmp_path_factory.mktemp("run") / "alignment")
    return folder, alignment_report.run(folder, small, None)


def test_a_run_writes_its_tables_its_figures_and_its_page(finished):
    folder, summary = finished
    assert summary["networks"] == 3 * (2 + 4 + 3 + 2)
    names = {path.name for path in folder.figures.iterdir()}
    for figure in ("courses", "explained", "final", "gains", "layers", "controls", "linear"):
        assert {f"{figure}.png", f"{figure}.svg", f"{figure}.csv"} <= names
    assert json.loads((folder.tables / "verdicts.json").read_text()) == summary["verdicts"]
    assert "nan" not in alignment_report.as_text(summary)
    assert "fitted in the same way" in folder.report.read_text()


def test_what_the_run_says_is_what_its_networks_did(small, finished):
    folder, summary = finished
    results, theory = alignment_report.outcome(folder, small)
    assert [each.to_dict() for each in conclude(results, theory).verdicts] == summary["verdicts"]
    case = results.sel(case="leaky-relu")
    assert case["y"].values[:, -1] == pytest.approx(np.full(3, 0.5), abs=0.05)
    assert case["time"].values[-1] == pytest.approx(1200 * 0.01)
    # What is fitted starts where the network does.
    for name in ("h", "y", "w", "loss"):
        fitted = theory["fitted"].sel(case="leaky-relu", quantity=name).values[:, 0]
        assert fitted == pytest.approx(case[name].values[:, 0], rel=1e-4, abs=1e-7)


def test_the_linear_network_needs_no_fit(finished):
    _, summary = finished
    linear = {row["quantity"]: row["estimate"] for row in summary["linear"]}
    for name in ("h", "y", "w", "loss"):
        assert linear[f"explained_{name}"]["value"] > 0.999
        assert linear[f"order_{name}"]["value"] == pytest.approx(1, abs=0.04)
    assert linear["exact_final"]["value"] == pytest.approx(0, abs=1e-4)
    assert abs(linear["aligned_final"]["value"]) > 0.01


def test_where_nothing_has_learned_nothing_is_claimed(small, finished):
    folder, _ = finished
    results = measured(folder, small)
    results = results.assign(
        loss=results["loss"] * 0 + 1, h_end=results["h_end"] * np.nan, gain_h_end=results["gain_h_end"] * np.nan
    )
    theory = predicted(results, small)
    for verdict in alignment_report.verdicts(results, theory):
        expected = "not measured" if not verdict.claim.startswith("linear network") else verdict.verdict
        assert verdict.verdict == expected
    assert len(alignment_report.drawings(results, theory)) == 7
