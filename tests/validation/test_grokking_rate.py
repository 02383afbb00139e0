"""`geneft run grokking-rate`: what it concludes from data that are made to say something, its options, a small run."""

import json
from dataclasses import replace

import numpy as np
import pytest

from geneft_theory.errors import InvalidInput
from validation.experiments import grokking_rate, grokking_rate_report
from validation.experiments.grokking_rate_conclusions import Case, _plain, conclude, resampled, share, slope
from validation.experiments.running import open_folder

SIZES, SEEDS = 6, 12


def made_up(exponent=-1.0, noise=0.05, structured=1.0, excess=0.0, seed=0):
    """Return a case whose steps go like a power of the rate, apart from the first size, which forces nothing."""
    generator = np.random.default_rng(seed)
    shape = (SIZES, SEEDS)
    rate = generator.uniform(0.02, 0.1, shape)
    rate[0] = 0
    forced = rate > 0
    chosen = forced & (generator.random(shape) < structured)
    with np.errstate(divide="ignore"):
        steps = 100 * (rate / 0.05) ** exponent * np.exp(generator.normal(0, noise, shape))
    predicted = generator.uniform(0.4, 0.9, shape)
    return Case(
        loss="cross_entropy",
        optimizer="sgd",
        structured=chosen,
        steps=np.where(chosen, steps, np.nan),
        accuracy=np.clip(predicted + excess + generator.normal(0, 0.01, shape), 0, 1),
        predicted=predicted,
        ideal=np.ones(shape),
        speed=np.where(chosen, 1.0, np.nan),
        forced=forced,
        rate=rate,
        rate_of_sum=40 * rate,
        flow_steps=np.where(forced, steps, np.inf),
    )


@pytest.mark.parametrize("exponent", [-1.0, -0.3, 0.0])
def test_the_slope_is_recovered_within_its_error(exponent):
    case = made_up(exponent)
    found = slope(case, case.rate)
    # Four standard errors, of the order of 0.05 / sqrt(60) / (spread of the logarithm).
    assert abs(found.value - exponent) < 4 * found.standard_error
    assert 0 < found.standard_error < 0.05
    assert found.draws == SEEDS
    assert slope(case, case.rate_of_sum).value == pytest.approx(found.value)


def test_the_error_of_the_slope_is_the_spread_over_new_experiments():
    slopes = [slope(made_up(noise=0.3, seed=seed), made_up(noise=0.3, seed=seed).rate) for seed in range(60)]
    spread = np.std([each.value for each in slopes], ddof=1)
    claimed = np.mean([each.standard_error for each in slopes])
    # A spread from 60 experiments has a relative error of 9 %; four of them.
    assert claimed == pytest.approx(spread, rel=0.37)


def test_too_few_successes_have_no_slope():
    case = made_up(structured=0.05)
    assert slope(case, case.rate) is None


def test_shares_count_what_they_say():
    case = made_up(structured=0.5)
    row = share(case.structured, case.forced)
    assert row["networks"] == (SIZES - 1) * SEEDS
    assert row["successes"] == case.structured.sum()
    assert row["share"] == row["successes"] / row["networks"]
    assert row["low"] < row["share"] < row["high"]
    empty = share(case.structured, np.zeros_like(case.forced))
    assert empty["share"] is None


def test_few_replicates_with_a_structure_count_as_few():
    case = made_up(noise=0.3)
    chosen = case.structured.copy()
    chosen[:, 3:] = False
    found = slope(replace(case, structured=chosen), case.rate)
    assert found.draws == 3
    row = _plain(found)
    # Student's 97.5 % quantile with two degrees of freedom.
    assert (row["high"] - row["low"]) / 2 == pytest.approx(4.3027 * found.standard_error, rel=1e-4)


def test_the_page_names_what_was_trained(small):
    only = replace(small, losses=("cross_entropy",), optimizers=("sgd",))
    words = grokking_rate_report._summary(only, [])[0]
    assert words.endswith("as classification, by plain gradient descent.")
    assert "regression" not in words


def test_resampling_one_unit_says_nothing():
    assert resampled(lambda weights: weights.sum(1) * np.nan, np.arange(3), 3) is None


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"sizes": (20, 30)}, "sizes"),
        ({"sizes": (20, 30, 30)}, "sizes"),
        ({"sizes": (20, 30, 55)}, "sizes"),
        ({"sizes": (0, 20, 30)}, "sizes"),
        ({"symbols": 3}, "symbols"),
        ({"seeds": 1}, "seeds"),
        ({"losses": ()}, "losses"),
        ({"losses": ("hinge",)}, "losses"),
        ({"optimizers": ("adamw", "adamw")}, "optimizers"),
        ({"eta_encoder": 0.0}, "eta_encoder"),
        ({"eta_decoder_sgd": -1.0}, "eta_decoder_sgd"),
        ({"steps": 0}, "steps"),
        ({"width": 0}, "width"),
        ({"width": 10**8}, "width"),
        ({"embedding_dimension": 10**8}, "embedding_dimension"),
        ({"steps": 10**20}, "steps"),
        ({"seeds": 10**11}, "seeds"),
    ],
)
def test_options_outside_their_domain_are_refused_by_name(changes, named):
    with pytest.raises(InvalidInput, match=f"^{named}"):
        grokking_rate.options_from("quick", **changes)


@pytest.fixture(scope="module")
def small():
    return grokking_rate.options_from(
        "quick", symbols=6, sizes=(8, 14, 18, 20), seeds=3, steps=400, width=40, eta_encoder=5e-3, eta_decoder=5e-4
    )


@pytest.fixture(scope="module")
def finished(small, tmp_path_factory):
    folder = open_folder("grokking-rate", "quick", small, tmp_path_factory.mktemp("run") / "rate")
    return folder, grokking_rate_report.run(folder, small, None)


def test_a_run_writes_its_tables_its_figures_and_its_page(finished):
    folder, summary = finished
    assert summary["networks"] == 4 * 4 * 3
    names = {path.name for path in folder.figures.iterdir()}
    for figure in ("accuracy", "structure", "steps", "official"):
        assert {f"{figure}.png", f"{figure}.svg", f"{figure}.csv"} <= names
    assert json.loads((folder.tables / "verdicts.json").read_text()) == summary["verdicts"]
    page = folder.report.read_text()
    assert "default run of the official code" in page
    assert "nan" not in grokking_rate_report.as_text(summary)


def test_what_the_run_says_is_what_its_networks_did(small, finished):
    folder, summary = finished
    results, theory = grokking_rate_report.outcome(folder, small)
    assert [each.to_dict() for each in grokking_rate_report.verdicts(results, theory)] == summary["verdicts"]
    concluded, _ = conclude(results, theory)
    for each in concluded:
        case, own = each.case, results.sel(loss=each.case.loss, optimizer=each.case.optimizer)
        assert case.structured.sum() == np.isfinite(own["steps_to_structure"]).sum()
        # Nobody moves faster than Adam's largest step, (1 - beta_1) / sqrt(1 - beta_2) learning rates.
        if case.optimizer == "adamw" and case.structured.any():
            assert np.nanmax(case.speed) < 0.1 / np.sqrt(0.001)
        assert (case.predicted >= own["training_pairs"].values[:, None] / 21 - 1e-9).all()
        # The ideal accuracy allows no less than the training pairs.
        assert (case.ideal >= own["training_pairs"].values[:, None] / 21 - 1e-9).all()


def test_the_official_run_is_reproduced_to_the_step(finished):
    official = [each for each in finished[1]["verdicts"] if each["claim"].startswith("official")]
    assert [each["measured"] for each in official] == [1131, 1530, 801]
    assert {each["verdict"] for each in official} == {"agrees"}


def test_the_flow_of_the_official_run_starts_where_its_code_says():
    flow, run = grokking_rate.official_flow(), grokking_rate.official_run()
    # The official log prints 397.76652391, from embeddings in another rounding.
    assert flow["flow_effective_loss"].sel(parallelograms="all").values[0] == pytest.approx(397.766524, rel=1e-6)
    assert run["official_effective_loss"].sel(official_step=1) == pytest.approx(397.766524, rel=1e-6)
    # With the parallelograms of the training set alone the flow is slower than with all.
    later = flow["flow_rqi"].sel(flow_step=1000)
    assert later.sel(parallelograms="all") > later.sel(parallelograms="shown")


def test_the_reduced_form_is_a_part_of_the_whole():
    options = grokking_rate.options_from("standard")
    few = grokking_rate.networks(grokking_rate_report.reduced(options))
    assert set(few) <= set(grokking_rate.networks(options))
    assert len(few) < 60


def test_a_larger_accuracy_than_predicted_is_seen():
    from validation.experiments.grokking_rate_conclusions import mean_difference

    assert mean_difference(made_up(excess=0.1)).z(0.0) > 10
    assert abs(mean_difference(replace(made_up(), accuracy=made_up().predicted)).value) == 0


def test_a_plan_knows_what_a_step_costs(small):
    from validation.planning.experiments import plan_run

    sweep = plan_run(grokking_rate_report, small, device="cpu", seconds=0.5)
    assert (sweep.networks, sweep.others, sweep.other_steps) == (0, 48, 48 * small.steps)
    # Losses and optimisers differ in what a step takes; training sets do not, as far as they fit the same blocks.
    assert len(sweep.architectures) == 4
    assert all(each.seconds_a_step > 0 for each in sweep.architectures)
