"""The measured critical fraction: against scipy, against known curves, and its interval against simulations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.optimize import least_squares
from scipy.special import expit

from geneft_theory.errors import InvalidInput
from validation.measure import (
    LogisticCurves,
    bootstrap_means,
    critical_fraction_fit,
    expanded_levels,
    fit_logistic,
)

FRACTIONS = np.geomspace(0.03, 0.9, 10)


def simulated(seeds: int, generator: np.random.Generator) -> np.ndarray:
    """Accuracies of seeds whose curves scatter as a whole, with some noise at each fraction."""
    midpoint = np.log(0.2) + 0.25 * generator.standard_normal((seeds, 1))
    slope = np.exp(np.log(4) + 0.3 * generator.standard_normal((seeds, 1)))
    noise = 0.03 * generator.standard_normal((seeds, FRACTIONS.size))
    return np.clip(0.6 + 0.4 * expit(slope * (np.log(FRACTIONS) - midpoint)) + noise, 0, 1)


def sum_of_squares(curves: LogisticCurves, accuracies: np.ndarray) -> np.ndarray:
    return ((curves(FRACTIONS) - accuracies) ** 2).sum(axis=1)


def test_noiseless_curves_are_recovered() -> None:
    low, slope, midpoint = (grid.ravel() for grid in np.meshgrid([0.0, 0.5, 0.7], [1.5, 4, 10], [0.08, 0.2, 0.5]))
    fitted = fit_logistic(FRACTIONS, LogisticCurves(low, slope, midpoint)(FRACTIONS))
    np.testing.assert_allclose(fitted.low, low, atol=1e-6)
    np.testing.assert_allclose(fitted.slope, slope, rtol=1e-5)
    np.testing.assert_allclose(fitted.midpoint, midpoint, rtol=1e-6)


@pytest.mark.parametrize("kind", ["rising", "noise", "flat", "falling", "step"])
def test_no_least_squares_of_scipy_finds_a_better_curve(kind: str) -> None:
    generator = np.random.default_rng(3)
    rows = {
        "rising": simulated(6, generator),
        "noise": generator.uniform(0, 1, (6, 10)),
        "flat": np.clip(0.5 + 0.02 * generator.standard_normal((6, 10)), 0, 1),
        "falling": np.sort(generator.uniform(0, 1, (6, 10)), axis=1)[:, ::-1],
        "step": np.where(np.arange(10) < np.arange(1, 7)[:, np.newaxis], 0.5, 1.0),
    }[kind]
    ours = sum_of_squares(fit_logistic(FRACTIONS, rows), rows)
    logs = np.log(FRACTIONS)
    bounds = ([0, -8, logs[0] - 6], [1, np.log(10 / np.diff(logs).min()), logs[-1] + 5])
    for accuracies, found in zip(rows, ours, strict=True):

        def residuals(point: np.ndarray, accuracies: np.ndarray = accuracies) -> np.ndarray:
            return point[0] + (1 - point[0]) * expit(np.exp(point[1]) * (logs - point[2])) - accuracies

        starts = [(0.5, log_slope, np.log(midpoint)) for log_slope in (-1.0, 1.0, 2.0) for midpoint in (0.05, 0.2, 0.6)]
        theirs = min(2 * least_squares(residuals, start, bounds=bounds).cost for start in starts)
        assert found <= theirs + 1e-6


def test_a_batch_of_curves_equals_a_loop() -> None:
    rows = simulated(20, np.random.default_rng(0))
    together = fit_logistic(FRACTIONS, rows).crossing(0.9)
    alone = [fit_logistic(FRACTIONS, rows[k : k + 1]).crossing(0.9)[0] for k in range(20)]
    # Sums of squares tell two points apart down to the square root of the rounding error, 1.5e-8.
    np.testing.assert_allclose(together, alone, rtol=1e-7)


def test_the_fit_to_all_seeds_is_the_fit_to_their_mean() -> None:
    accuracies = simulated(7, np.random.default_rng(1))
    logs = np.log(FRACTIONS)

    def residuals(point: np.ndarray) -> np.ndarray:
        curve = point[0] + (1 - point[0]) * expit(point[1] * (logs - point[2]))
        return (accuracies - curve).ravel()

    low, slope, position = least_squares(residuals, (0.5, 4.0, -1.6), xtol=1e-12, ftol=1e-12, gtol=1e-12).x
    curve = critical_fraction_fit(FRACTIONS, accuracies, bootstrap=100).curve
    np.testing.assert_allclose([curve.low[0], curve.slope[0], np.log(curve.midpoint[0])], [low, slope, position], 1e-5)


def test_identical_seeds_give_the_exact_crossing_without_error() -> None:
    truth = LogisticCurves(np.full(4, 0.6), np.full(4, 5.0), np.full(4, 0.2))
    measured = critical_fraction_fit(FRACTIONS, truth(FRACTIONS))
    crossing = 0.2 * 3 ** (1 / 5)  # expit(z) = (0.9 - 0.6) / 0.4 at z = log 3
    assert measured.reached
    assert measured.value == pytest.approx(crossing, rel=1e-6)
    assert measured.standard_error == pytest.approx(0, abs=1e-6)
    assert (measured.low, measured.high) == (pytest.approx(crossing, rel=1e-5), pytest.approx(crossing, rel=1e-5))
    assert measured.share_reached == 1
    assert measured.bracket is not None
    assert measured.bracket[0] <= crossing <= measured.bracket[1]


def test_a_threshold_that_is_not_reached_gives_a_lower_bound_only() -> None:
    accuracies = 0.6 + 0.05 * np.random.default_rng(0).uniform(size=(5, 10))
    measured = critical_fraction_fit(FRACTIONS, accuracies)
    assert (measured.reached, measured.status) == (False, "not reached")
    assert measured.value is measured.standard_error is measured.estimate is measured.high is measured.bracket is None
    assert measured.largest == FRACTIONS[-1]
    assert measured.share_not_reached == 1
    assert str(measured) == "> 0.9 (accuracy 0.9 not reached)"


def test_a_threshold_that_is_always_exceeded_gives_an_upper_bound_only() -> None:
    measured = critical_fraction_fit(FRACTIONS, np.ones((5, 10)))
    assert (measured.reached, measured.status) == (False, "always exceeded")
    assert measured.value is measured.low is measured.high is None
    assert measured.share_always_exceeded == 1
    assert str(measured) == "< 0.03 (accuracy 0.9 always exceeded)"


def curves_with_midpoints(first: float, last: float) -> np.ndarray:
    return LogisticCurves(np.full(8, 0.6), np.full(8, 5.0), np.geomspace(first, last, 8))(FRACTIONS)


def test_where_only_some_resamples_reach_it_the_interval_is_open_and_the_share_says_so() -> None:
    measured = critical_fraction_fit(FRACTIONS, curves_with_midpoints(0.2, 1.2))
    assert 0.5 < measured.share_reached < 1
    assert measured.share_reached + measured.share_not_reached + measured.share_always_exceeded == pytest.approx(1)
    assert measured.low is not None
    assert measured.high is None
    assert measured.estimate is not None
    assert (measured.estimate.value, measured.estimate.draws) == (measured.value, 8)
    assert str(measured) == f"{measured.value:.4f} (95 %: {measured.low:.4f} to beyond the range, 8 seeds)"


def test_a_bound_that_some_resamples_contradict_says_so() -> None:
    measured = critical_fraction_fit(FRACTIONS, curves_with_midpoints(0.3, 1.3))
    assert measured.value is None
    assert 0 < measured.share_reached < 0.5
    assert measured.low is not None
    share = round(100 * measured.share_reached)
    assert str(measured) == f"> 0.9 (accuracy 0.9 not reached; {share} % of resamples cross it inside)"


@given(
    accuracies=arrays(np.float64, st.tuples(st.integers(2, 4), st.just(10)), elements=st.floats(0, 1, width=32)),
    threshold=st.floats(0.05, 0.95),
)
def test_any_accuracies_give_a_consistent_answer(accuracies: np.ndarray, threshold: float) -> None:
    measured = critical_fraction_fit(FRACTIONS, accuracies, threshold, bootstrap=100)
    assert measured.share_reached + measured.share_not_reached + measured.share_always_exceeded == pytest.approx(1)
    assert 0 <= measured.curve.low[0] <= 1
    assert measured.curve.slope[0] > 0
    assert measured.reached == (measured.value is not None) == (measured.bracket is not None)
    if measured.value is not None:
        assert FRACTIONS[0] <= measured.value <= FRACTIONS[-1]
        assert measured.curve([measured.value])[0, 0] == pytest.approx(threshold, abs=1e-9)
    if measured.low is not None and measured.high is not None:
        assert FRACTIONS[0] <= measured.low <= measured.high <= FRACTIONS[-1]


@given(factor=st.floats(0.2, 1.1))
def test_scaling_all_fractions_scales_the_critical_fraction(factor: float) -> None:
    accuracies = simulated(5, np.random.default_rng(2))
    here = critical_fraction_fit(FRACTIONS, accuracies, bootstrap=100)
    there = critical_fraction_fit(factor * FRACTIONS, accuracies, bootstrap=100)
    np.testing.assert_allclose(
        [there.value, there.low, there.high], [factor * value for value in (here.value, here.low, here.high)], rtol=1e-5
    )


@given(order=st.permutations(range(5)))
def test_the_order_of_the_seeds_changes_nothing_in_the_value(order: list[int]) -> None:
    accuracies = simulated(5, np.random.default_rng(2))
    values = [critical_fraction_fit(FRACTIONS, rows, bootstrap=100).value for rows in (accuracies, accuracies[order])]
    # Sums of squares tell two points apart down to the square root of the rounding error, 1.5e-8.
    assert values[0] == pytest.approx(values[1], rel=1e-7)


def test_a_higher_threshold_needs_more_data() -> None:
    accuracies = simulated(5, np.random.default_rng(4))
    values = [critical_fraction_fit(FRACTIONS, accuracies, t, bootstrap=100).value for t in (0.7, 0.8, 0.9, 0.95)]
    assert values == sorted(values)
    assert None not in values


def test_the_same_seed_gives_the_same_interval_and_another_nearly() -> None:
    accuracies = simulated(10, np.random.default_rng(5))
    first, again, other = (critical_fraction_fit(FRACTIONS, accuracies, seed=seed) for seed in (0, 0, 1))
    assert (first.low, first.high, first.standard_error) == (again.low, again.high, again.standard_error)
    assert (first.low, first.high) != (other.low, other.high)
    # A standard deviation over 1000 draws has a relative standard error of 1 / sqrt(2000); five of them, twice.
    assert first.standard_error == pytest.approx(other.standard_error, rel=5 * np.sqrt(2 / 2000))


def test_the_interval_covers_and_the_standard_error_is_right(long: bool) -> None:
    trials = 1000 if long else 150
    seeds, resamples = 8, 150
    generator = np.random.default_rng(11)
    population = simulated(200_000, generator).mean(axis=0, keepdims=True)
    truth = fit_logistic(FRACTIONS, population).crossing(0.9)[0]
    results = [
        critical_fraction_fit(FRACTIONS, simulated(seeds, generator), bootstrap=resamples, seed=trial)
        for trial in range(trials)
    ]
    covered = np.mean([r.low is not None and r.low <= truth and (r.high is None or truth <= r.high) for r in results])
    # Four standard errors of a counted 95 %, plus 3 % that the interval is known to fall short by with 8 seeds.
    assert covered > 0.95 - 0.03 - 4 * np.sqrt(0.95 * 0.05 / trials)
    assert covered < 0.95 + 4 * np.sqrt(0.95 * 0.05 / trials)
    values = np.array([r.value for r in results], dtype=float)
    errors = np.array([r.standard_error for r in results], dtype=float)
    # The mean of the stated errors is the observed scatter, to 10 % and four standard errors of that scatter.
    assert errors.mean() == pytest.approx(values.std(ddof=1), rel=0.1 + 4 / np.sqrt(2 * trials))
    assert abs(values.mean() - truth) < 4 * values.std(ddof=1) / np.sqrt(trials) + 0.005


def test_bootstrap_means_have_the_known_mean_and_spread() -> None:
    samples = np.array([0.0, 1.0, 2.0, 5.0])
    means = bootstrap_means(samples, draws=20_000, seed=0)
    spread = samples.std() / 2
    assert means.mean() == pytest.approx(2.0, abs=4 * spread / np.sqrt(20_000))
    assert means.std() == pytest.approx(spread, rel=4 / np.sqrt(40_000))
    assert set(means * 4) <= set(range(21))


@pytest.mark.parametrize("samples", [0.5, [0.5], [[0.5, 0.6]]])
def test_resampling_needs_two_seeds(samples: object) -> None:
    with pytest.raises(InvalidInput, match="samples must hold at least 2 seeds"):
        bootstrap_means(samples, draws=100, seed=0)


@pytest.mark.parametrize("accuracies", [[0.5, 0.6, 0.7], [[0.5, 0.6]]])
def test_rows_of_another_length_are_not_fitted(accuracies: object) -> None:
    with pytest.raises(InvalidInput, match=r"accuracies must have shape \(curves, 3\)"):
        fit_logistic([0.1, 0.2, 0.3], accuracies)


@given(level=st.floats(0.5, 0.99), seeds=st.integers(4, 1000))
def test_expanded_levels_make_the_bootstrap_of_a_normal_mean_exact(level: float, seeds: int) -> None:
    lower, upper = expanded_levels(level, seeds)
    assert lower + upper == pytest.approx(1)
    # The bootstrap distribution of a mean has the standard deviation s / sqrt(n) with n, not n - 1, below the s.
    half_width = stats.norm.ppf(upper) * np.sqrt((seeds - 1) / seeds)
    assert half_width == pytest.approx(stats.t.ppf(0.5 + level / 2, seeds - 1), rel=1e-6)


def test_the_standard_error_of_two_seeds_is_half_their_difference() -> None:
    truth = LogisticCurves(np.full(2, 0.6), np.full(2, 5.0), np.array([0.200, 0.201]))
    measured = critical_fraction_fit(FRACTIONS, truth(FRACTIONS), bootstrap=10_000)
    one, other = truth.crossing(0.9)
    # Half of the resamples give the middle, a quarter each end: the relative error of that spread is 1 / sqrt(4 draws).
    assert measured.standard_error == pytest.approx(abs(one - other) / 2, rel=4 / np.sqrt(4 * 10_000) + 0.01)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"fractions": [0.1, 0.2]}, "fractions must be at least 3 values in one row"),
        ({"fractions": [0.1, 0.3, 0.2]}, "fractions must increase"),
        ({"fractions": [0.1, 0.3, 1.5]}, r"fractions must lie in \(0, 1\]; got 1.5"),
        ({"accuracies": [[0.1, 0.2, 0.3]]}, "accuracies must hold at least 2 seeds"),
        ({"accuracies": [[0.1, 0.2], [0.1, 0.2]]}, r"accuracies must have shape \(seeds, 3\)"),
        ({"accuracies": [[0.1, 0.2, np.nan]] * 2}, r"accuracies must lie in \[0, 1\]; got nan"),
        ({"threshold": 1.0}, r"threshold must lie in \(0, 1\); got 1"),
        ({"bootstrap": 5}, "bootstrap must be an integer >= 100; got 5"),
        ({"level": 0}, r"level must lie in \(0, 1\); got 0"),
        ({"seed": -1}, "seed must be an integer >= 0; got -1"),
    ],
)
def test_bad_input_is_refused_by_name(change: dict[str, object], complaint: str) -> None:
    good = {"fractions": [0.1, 0.2, 0.3], "accuracies": [[0.1, 0.5, 0.9]] * 3}
    with pytest.raises(InvalidInput, match=complaint):
        critical_fraction_fit(**(good | change))
