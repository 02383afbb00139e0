"""Bands, counted successes, gaps and verdicts: known values, properties, coverage."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from geneft_theory.errors import InvalidInput
from geneft_theory.estimate import Estimate
from validation.measure import compare, induction_gap, mean_band, wilson_interval

ACCURACIES = arrays(np.float64, (4, 3), elements=st.floats(0, 1))
numbers = st.floats(-100, 100)
estimates = st.builds(Estimate, numbers, st.floats(1e-3, 10), st.integers(2, 50))


# Bands


@given(values=arrays(np.float64, (5, 4), elements=st.floats(-10, 10)), level=st.floats(0.1, 0.99))
def test_a_band_is_the_t_interval_of_scipy(values: np.ndarray, level: float) -> None:
    band = mean_band(values + np.arange(5)[:, np.newaxis], level=level)
    for column in range(4):
        samples = values[:, column] + np.arange(5)
        low, high = stats.t.interval(level, 4, loc=samples.mean(), scale=stats.sem(samples))
        assert band.low[column] == pytest.approx(low, abs=1e-9)
        assert band.high[column] == pytest.approx(high, abs=1e-9)


@given(values=ACCURACIES, axis=st.sampled_from([0, 1, -1, -2]))
def test_a_band_runs_along_the_axis_it_is_told(values: np.ndarray, axis: int) -> None:
    band, moved = mean_band(values, axis=axis), mean_band(np.moveaxis(values, axis, 0))
    np.testing.assert_allclose(band.low, moved.low, atol=1e-12)
    assert band.mean.shape == np.delete(values.shape, axis)
    assert band.draws == values.shape[axis]
    assert np.all(band.low <= band.mean)
    assert np.all(band.mean <= band.high)


def test_a_band_covers_the_mean_of_normal_values() -> None:
    trials = 20_000
    band = mean_band(np.random.default_rng(0).standard_normal((3, trials)), level=0.9)
    covered = np.mean((band.low <= 0) & (band.high >= 0))
    assert covered == pytest.approx(0.9, abs=4 * np.sqrt(0.9 * 0.1 / trials))


def test_a_band_needs_two_seeds() -> None:
    with pytest.raises(InvalidInput, match="values must hold at least 2 seeds along axis 0; got 1"):
        mean_band([[0.5, 0.6]])
    with pytest.raises(InvalidInput, match="axis must be an integer"):
        mean_band([[0.5, 0.6]] * 2, axis=2)


# Counted successes


@given(trials=st.integers(1, 500), share=st.floats(0, 1), level=st.floats(0.5, 0.99))
def test_wilson_ends_solve_their_equation(trials: int, share: float, level: float) -> None:
    successes = round(share * trials)
    quantile = stats.norm.ppf(0.5 + level / 2)
    low, high = wilson_interval(successes, trials, level)
    assert 0 <= low < high <= 1
    for end in (low, high):
        distance = abs(successes / trials - end)
        assert distance == pytest.approx(quantile * np.sqrt(end * (1 - end) / trials), abs=1e-7)


@given(trials=st.integers(1, 500), share=st.floats(0, 1))
def test_wilson_of_failures_mirrors_that_of_successes(trials: int, share: float) -> None:
    successes = round(share * trials)
    low, high = wilson_interval(successes, trials)
    assert wilson_interval(trials - successes, trials) == (pytest.approx(1 - high), pytest.approx(1 - low))


def test_more_successes_than_trials_are_refused() -> None:
    with pytest.raises(InvalidInput, match="successes must be an integer >= 0 and <= 3; got 4"):
        wilson_interval(4, 3)


# Induction gap


def test_the_gap_of_a_constant_deficit_is_the_deficit() -> None:
    accuracies = [[0.5, 0.6, 0.7], [0.5, 0.6, 0.7]]
    gap = induction_gap([0.1, 0.2, 0.9], accuracies, [0.7, 0.8, 0.9])
    assert (gap.value, gap.standard_error) == (pytest.approx(0.2), pytest.approx(0))


@given(accuracies=ACCURACIES, ideal=arrays(np.float64, 3, elements=st.floats(0, 1)))
def test_the_gap_is_the_area_over_the_range_seed_by_seed(accuracies: np.ndarray, ideal: np.ndarray) -> None:
    fractions = np.array([0.05, 0.2, 0.8])
    gap = induction_gap(fractions, accuracies, ideal)
    areas = np.trapezoid(ideal - accuracies, fractions, axis=1) / 0.75
    assert gap.value == pytest.approx(areas.mean(), abs=1e-12)
    assert gap.standard_error == pytest.approx(areas.std(ddof=1) / 2, abs=1e-12)
    swapped = induction_gap(fractions, 1 - accuracies, 1 - ideal)
    assert swapped.value == pytest.approx(-gap.value, abs=1e-12)


def test_the_error_of_the_ideal_learner_adds_in_quadrature() -> None:
    fractions, accuracies, ideal = [0.1, 0.3, 0.5], [[0.6, 0.8, 0.9], [0.6, 0.9, 0.9]], [0.9, 1.0, 1.0]
    exact = induction_gap(fractions, accuracies, ideal)
    uncertain = induction_gap(fractions, accuracies, ideal, 0.03)
    assert uncertain.value == exact.value
    assert uncertain.standard_error == pytest.approx(math.hypot(exact.standard_error, 0.03))
    only_middle = induction_gap(fractions, accuracies, ideal, [0, 0.04, 0])
    assert only_middle.standard_error == pytest.approx(math.hypot(exact.standard_error, 0.02))


def test_the_stated_error_of_the_gap_is_its_scatter() -> None:
    generator = np.random.default_rng(0)
    gaps = []
    for _ in range(400):
        curves = 0.7 + 0.05 * generator.standard_normal((10, 1)) + 0.02 * generator.standard_normal((10, 3))
        gaps.append(induction_gap([0.1, 0.2, 0.5], curves.clip(0, 1), [0.9, 0.9, 0.9]))
    scatter = np.std([gap.value for gap in gaps], ddof=1)
    # A standard deviation over 400 has a relative standard error of 1 / sqrt(800); 2 % is the bias of s at 10 seeds.
    assert np.mean([gap.standard_error for gap in gaps]) == pytest.approx(scatter, rel=4 / np.sqrt(800) + 0.03)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"ideal": [0.9, 1.0]}, r"ideal must have shape \(3,\)"),
        ({"ideal": [0.9, 1.0, 1.2]}, r"ideal must lie in \[0, 1\]; got 1.2"),
        ({"ideal_error": [0.1, 0.1]}, "ideal_error must have shape"),
        ({"ideal_error": -0.1}, "ideal_error must lie in"),
        ({"fractions": [0.3]}, "fractions must be at least 2 values in one row"),
    ],
)
def test_bad_gaps_are_refused_by_name(change: dict[str, object], complaint: str) -> None:
    good = {"fractions": [0.1, 0.2, 0.3], "accuracies": [[0.1, 0.5, 0.9]] * 3, "ideal": [0.5, 0.6, 0.9]}
    with pytest.raises(InvalidInput, match=complaint):
        induction_gap(**(good | change))


# Verdicts


@pytest.mark.parametrize(
    ("theory", "side", "verdict"),
    [
        (0.5, "equal", "agrees"),
        (0.53, "equal", "agrees"),
        (0.536, "equal", "disagrees"),
        (0.464, "equal", "disagrees"),
        (0.4, "at least", "agrees"),
        (0.53, "at least", "agrees"),
        (0.536, "at least", "disagrees"),
        (0.6, "at most", "agrees"),
        (0.46, "at most", "disagrees"),
    ],
)
def test_verdicts_at_three_standard_errors(theory: float, side: str, verdict: str) -> None:
    # From 20 draws Student's t allows 3.45 standard errors for 3 known ones. A hair is added to 3, since 0.53 - 0.5 is
    # not exactly 0.03 in binary.
    assert compare(theory, Estimate(0.5, 0.01, 20), "accuracy", side=side, allowed=3 + 1e-9).verdict == verdict


@given(theory=numbers, estimate=estimates, allowed=st.floats(0.5, 5), model_error=st.floats(0, 1))
def test_an_equality_agrees_where_both_bounds_do(
    theory: float, estimate: Estimate, allowed: float, model_error: float
) -> None:
    equal, least, most = (
        compare(theory, estimate, "claim", side=side, allowed=allowed, model_error=model_error).verdict
        for side in ("equal", "at least", "at most")
    )
    assert (equal == "agrees") == (least == "agrees" and most == "agrees")
    assert "agrees" in (least, most)


@given(theory=numbers, estimate=estimates)
def test_z_is_that_of_the_estimate_and_changes_sign_with_both(theory: float, estimate: Estimate) -> None:
    z = compare(theory, estimate, "claim").z
    assert z == pytest.approx(estimate.z(theory))
    mirrored = Estimate(-estimate.value, estimate.standard_error, estimate.draws)
    assert compare(-theory, mirrored, "claim").z == pytest.approx(-z)


def test_errors_of_theory_and_measurement_add_in_quadrature() -> None:
    verdict = compare(Estimate(0.5, 0.03, 100), Estimate(0.6, 0.04, 10), "claim")
    assert (verdict.standard_error, verdict.z) == (pytest.approx(0.05), pytest.approx(2))


def test_a_model_error_is_granted_before_standard_errors_count() -> None:
    assert compare(0.5, Estimate(0.6, 0.01, 10), "claim").verdict == "disagrees"
    granted = compare(0.5, Estimate(0.6, 0.01, 10), "claim", model_error=0.08)
    assert (granted.verdict, granted.z) == ("agrees", pytest.approx(2))
    assert compare(0.5, Estimate(0.6, 0.01, 10), "claim", model_error=0.2).z == 0


def test_exact_numbers_are_compared_as_they_are() -> None:
    exact = Estimate(465 / 900, 0.0, 1)
    assert compare(465 / 900, exact, "claim").verdict == "agrees"
    assert compare(0.5, exact, "claim").verdict == "disagrees"
    assert compare(0.5, exact, "claim", side="at least").verdict == "agrees"
    assert compare(0.5, exact, "claim", side="at most").verdict == "disagrees"
    assert compare(0.5, exact, "claim").z is None


def test_what_was_not_measured_has_no_verdict_and_is_still_json() -> None:
    verdict = compare(0.12, None, "critical fraction")
    assert (verdict.verdict, verdict.measured, verdict.z) == ("not measured", None, None)
    assert json.loads(json.dumps(verdict.to_dict(), allow_nan=False))["theory"] == 0.12


def test_bad_verdicts_are_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="side must be one of equal, at least, at most, more than; got 'about'"):
        compare(0.5, Estimate(0.6, 0.01, 10), "claim", side="about")
    with pytest.raises(InvalidInput, match="allowed must lie in"):
        compare(0.5, Estimate(0.6, 0.01, 10), "claim", allowed=0)
