"""That the conclusions on the phase diagram follow from its numbers."""

import math

import numpy as np
import pytest
import xarray as xr

from validation.experiments.learning_rates_conclusions import conclude
from validation.experiments.learning_rates_diagram import phase_diagram
from validation.experiments.learning_rates_report import DIMS
from validation.experiments.learning_rates_theory import PLACES

RATES = np.geomspace(1e-4, 1e-1, 7)


def made_up(place=1.0, slope=1.0, decays=((0.0, 0.0),), seeds=10, speed=1.0, confused=False):
    """Results in which a seed memorizes above a line of its own, moved by every weight decay."""
    u, v = np.meshgrid(np.log10(RATES), np.log10(RATES), indexing="ij")
    own = np.random.default_rng(0).normal(0, 0.1, seeds)
    train = np.full((1, 1, len(decays), 7, 7, seeds), 100.0)
    test = np.empty_like(train)
    for index, moved in enumerate(dict(decays).values()):
        line = place + moved - 2.5 + slope * (u + 2.5)[..., None] + own
        test[0, 0, index] = np.where(v[..., None] < line, 200.0 / (speed if index else 1.0), np.nan)
    if confused:
        train[:, :, :, :, -1] = test[:, :, :, :, -1] = np.nan
    coords = {
        "relation": ["modulo:3"],
        "optimizer": ["adam"],
        "weight_decay_decoder": list(dict(decays)),
        "eta_encoder": RATES,
        "eta_decoder": RATES,
        "seed": np.arange(seeds),
    }
    outcomes = {"steps_to_train_threshold": train, "steps_to_test_threshold": test}
    outcomes |= {"train_accuracy": np.ones_like(train), "diverged": np.zeros_like(train)}
    attrs = {"n": 30, "steps": 8000, "delay": 1000, "fraction": 0.75}
    return xr.Dataset({name: (DIMS, values) for name, values in outcomes.items()}, coords, attrs)


def predicted(**places):
    dims = ("relation", "optimizer", "prediction")
    values = np.array([[[places.get(name.replace(" ", "_"), math.nan) for name in PLACES]]])
    coords = {"relation": ["modulo:3"], "optimizer": ["adam"], "prediction": list(PLACES)}
    return xr.Dataset(
        {"log_ratio": (dims, values), "log_ratio_error": (dims, np.where(values == 0, 0.0, 0.01))},
        coords,
        {"draws": 10},
    )


THEORY = predicted(unit_widths=0.0, initial_widths=-1.0, rule_of_thumb=1.0)


def by_words(conclusions):
    return {verdict.claim.split(": ", 1)[1]: verdict for verdict in conclusions.verdicts}


def test_conclusions_follow_the_numbers():
    verdicts = by_words(conclude(made_up(place=1.0), THEORY))
    assert verdicts["the boundary has slope +1, in degrees"].verdict == "agrees"
    places = {name: verdicts[claim] for name, words in PLACES.items() for claim in verdicts if claim.endswith(words)}
    assert {name: each.verdict for name, each in places.items()} == {
        "unit widths": "disagrees",
        "initial widths": "disagrees",
        "rule of thumb": "agrees",
    }
    assert places["rule of thumb"].measured == pytest.approx(1.0, abs=0.1)


def test_a_steep_boundary_is_not_of_slope_one():
    conclusions = conclude(made_up(place=0.5, slope=3.0), THEORY)
    verdict = by_words(conclusions)["the boundary has slope +1, in degrees"]
    assert verdict.verdict == "disagrees"
    assert verdict.measured == pytest.approx(math.degrees(math.atan(3)), abs=3)


def test_confused_networks_are_left_out_and_counted():
    sure, unsure = (conclude(made_up(confused=confused), THEORY).cases[0] for confused in (False, True))
    assert (sure.fit.excluded, unsure.fit.excluded) == (0, 70)
    assert unsure.fit.line.log_ratio.value == pytest.approx(sure.fit.line.log_ratio.value, abs=0.1)
    diagram = phase_diagram(unsure, THEORY)
    assert float(diagram["share"].sel(phase="confusion").isel(eta_decoder=-1).min()) == 1
    assert int(diagram["learned"].isel(eta_decoder=-1).max()) == 0


def test_weight_decay_is_compared_seed_by_seed():
    still = by_words(conclude(made_up(decays={0.0: 0.0, 0.1: 0.0}, speed=2.0), THEORY))
    shifts = {claim: each for claim, each in still.items() if "weight decay 0.1" in claim}
    assert [each.verdict for each in shifts.values()] == ["agrees", "agrees", "agrees"]
    assert list(shifts.values())[2].measured == pytest.approx(math.log10(2))
    moved = by_words(conclude(made_up(decays={0.0: 0.0, 0.1: 1.0}), THEORY))
    assert [each.verdict for claim, each in moved.items() if "weight decay 0.1" in claim] == [
        "disagrees",
        "disagrees",
        "undecided",
    ]


def test_a_boundary_that_left_the_grid_is_still_seen():
    gone = by_words(conclude(made_up(decays={0.0: 0.0, 1.0: 9.0}), THEORY))
    verdicts = [each.verdict for claim, each in gone.items() if "weight decay 1" in claim]
    assert verdicts[:2] == ["not measured", "disagrees"]


def test_nothing_is_said_of_a_boundary_that_was_never_there():
    conclusions = conclude(made_up(place=9.0, decays={0.0: 0.0, 0.1: 0.0}), THEORY)
    assert conclusions.cases[0].fit.status == "only generalization"
    assert {each.verdict for each in conclusions.verdicts[:-1]} == {"not measured"}


def test_a_boundary_that_is_extrapolated_has_no_place():
    """One network in a corner memorizes: a line can be fitted, but the diagonal meets it far outside of the grid."""
    results = made_up(place=9.0, decays={0.0: 0.0, 0.1: 0.0})
    results["steps_to_test_threshold"][0, 0, 1] = results["steps_to_test_threshold"][0, 0, 0]
    results["steps_to_test_threshold"][0, 0, 1, 0, :, 0] = np.nan
    results["steps_to_test_threshold"][0, 0, 1, 1:, -1, 0] = np.nan
    results["steps_to_test_threshold"][0, 0, 0] = made_up(place=1.0)["steps_to_test_threshold"][0, 0, 0]
    cases = conclude(results, THEORY).cases
    assert [case.fit.status for case in cases] == ["fitted", "fitted"]
    assert [case.placed for case in cases] == [True, False]
    moved = by_words(conclude(results, THEORY))
    assert next(each.verdict for claim, each in moved.items() if "does not move" in claim) == "not measured"


def test_a_direction_of_which_nothing_is_known_is_not_judged():
    results = made_up(seeds=2)
    test = results["steps_to_test_threshold"]
    # One seed generalizes where the other memorizes, nearly.
    test[..., 1] = test[..., 1].fillna(200.0).where(test[..., 1].isnull())
    verdict = by_words(conclude(results, THEORY))["the boundary has slope +1, in degrees"]
    assert verdict.verdict == "not measured"


def test_a_turned_boundary_has_no_place():
    results = made_up()
    test = results["steps_to_test_threshold"]
    results["steps_to_test_threshold"] = test.fillna(200.0).where(test.isnull())
    verdicts = by_words(conclude(results, THEORY))
    assert verdicts["the boundary has slope +1, in degrees"].measured == pytest.approx(-135, abs=3)
    assert {each.verdict for claim, each in verdicts.items() if "log10" in claim} == {"not measured"}


def test_half_of_the_steps_is_a_smaller_budget():
    results = made_up()
    late = results["steps_to_test_threshold"].where(results["eta_encoder"] > 1e-3, 5000.0)
    results["steps_to_test_threshold"] = late.where(results["steps_to_test_threshold"].notnull())
    case = conclude(results, THEORY).cases[0]
    assert case.early_fit.generalized < case.fit.generalized
    assert set(np.unique(case.phases)) == {"generalization", "grokking", "memorization"}
