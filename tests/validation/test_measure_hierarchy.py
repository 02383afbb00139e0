"""Intervals over seeds and over training sets: how often they hold the truth, and what they are in limiting cases."""

import numpy as np
import pytest
import xarray
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory.errors import InvalidInput
from validation.measure import (
    PHASES,
    aggregate,
    bootstrap_means,
    clustered_interval,
    difference_interval,
    hierarchical_mean,
    varying_settings,
    wilson_interval,
)

REPEATS = 500


@pytest.mark.parametrize(
    ("sets", "seeds", "between", "within"), [(8, 4, 1.0, 1.0), (6, 3, 1.0, 0.2), (12, 2, 0.5, 1.0), (10, 1, 1.0, 1.0)]
)
def test_the_interval_of_a_nested_mean_holds_the_truth_as_often_as_it_says(sets, seeds, between, within):
    generator = np.random.default_rng(1)
    # Many samples at once, as the further axis of the values.
    values = generator.normal(0, between, (sets, 1, REPEATS)) + generator.normal(0, within, (sets, seeds, REPEATS))
    labels = np.repeat(np.arange(sets), seeds)
    seen = hierarchical_mean(values.reshape(-1, REPEATS), labels)
    covered = float(((seen.low <= 0) & (seen.high >= 0)).mean())
    # Three binomial standard errors of 500 trials are 0.029; the bootstrap itself is good to about 0.02.
    assert covered == pytest.approx(0.95, abs=0.05)
    truth = (between**2 + within**2 / seeds) / sets
    # The variance of an estimated variance is at most 2/(sets - 1): four standard errors.
    spread = 4 * np.sqrt(2 / (sets - 1) / REPEATS)
    assert float((seen.standard_error**2).mean()) / truth == pytest.approx(1, abs=spread)


def test_both_levels_are_told_apart():
    generator = np.random.default_rng(2)
    sets, seeds = 400, 5
    values = generator.normal(0, 0.7, (sets, 1)) + generator.normal(0, 0.3, (sets, seeds))
    seen = hierarchical_mean(values.ravel(), np.repeat(np.arange(sets), seeds))
    # Relative errors are about 1/sqrt(2 * 400) and 1/sqrt(2 * 1600): four of them.
    assert float(seen.between_sets) == pytest.approx(0.7, rel=0.15)
    assert float(seen.within_sets) == pytest.approx(0.3, rel=0.08)


def test_networks_on_one_set_do_not_pass_for_independent_ones():
    generator = np.random.default_rng(3)
    sets = np.repeat(np.arange(6), 50)
    values = generator.normal(0, 1, 6)[sets] + 0.01 * generator.normal(size=300)
    nested = hierarchical_mean(values, sets)
    alone = hierarchical_mean(values, np.arange(300))
    assert float(nested.standard_error) > 5 * float(alone.standard_error)
    # With one network a set it is the bootstrap over seeds.
    assert np.isnan(alone.within_sets)
    resampled = bootstrap_means(values, draws=4000, seed=0).std()
    assert float(alone.standard_error) == pytest.approx(resampled, rel=0.05)


def test_the_plain_two_level_bootstrap_would_count_the_scatter_twice():
    # Where training sets do not matter the right variance is that of a mean over all networks.
    generator = np.random.default_rng(4)
    sets, seeds = 20, 4
    values = generator.normal(size=(sets, seeds, REPEATS))
    seen = hierarchical_mean(values.reshape(-1, REPEATS), np.repeat(np.arange(sets), seeds))
    variance = float((seen.standard_error**2).mean()) * sets * seeds
    plain = float(values.mean(1).var(axis=0, ddof=1).mean() * seeds + values.var(axis=1, ddof=1).mean())
    # A variance component cannot be negative, which makes the estimate a little too large on average.
    assert 1 <= variance < 1.2
    assert plain > 1.9


@given(st.lists(st.integers(1, 4), min_size=2, max_size=6), st.integers(0, 100))
def test_unequal_numbers_of_networks_weigh_sets_equally(sizes, seed):
    generator = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(sizes)), sizes)
    values = generator.normal(size=labels.size)
    shuffled = generator.permutation(labels.size)
    seen = hierarchical_mean(values[shuffled], labels[shuffled], draws=200)
    assert float(seen.mean) == pytest.approx(np.mean([values[labels == k].mean() for k in range(len(sizes))]))
    assert seen.low <= seen.mean <= seen.high
    assert (seen.training_sets, seen.networks) == (len(sizes), labels.size)
    shifted = hierarchical_mean(values[shuffled] + 7, labels[shuffled], draws=200)
    assert float(shifted.low) == pytest.approx(float(seen.low) + 7)


def test_a_seed_gives_the_same_numbers():
    values = np.random.default_rng(0).normal(size=12)
    first, second, other = (hierarchical_mean(values, np.arange(12) // 2, seed=seed) for seed in (5, 5, 6))
    assert (first.low, first.high) == (second.low, second.high)
    assert first.low != other.low


@pytest.mark.parametrize(
    ("seeds", "networks", "a", "b"), [(10, 5, 2, 2), (10, 9, 0.5, 0.5), (5, 9, 0.5, 0.5), (20, 10, 0.2, 0.8)]
)
def test_a_share_over_seeds_holds_the_truth_where_one_over_networks_does_not(seeds, networks, a, b):
    generator = np.random.default_rng(0)
    truth, held, naive = a / (a + b), 0, 0
    for _ in range(1000):
        successes = generator.binomial(networks, generator.beta(a, b, seeds))
        low, high = clustered_interval(successes, np.full(seeds, networks))
        held += low <= truth <= high
        low, high = wilson_interval(int(successes.sum()), seeds * networks)
        naive += low <= truth <= high
    # Four binomial standard errors of 1000 trials are 0.028.
    assert held / 1000 > 0.95 - 0.028
    assert naive / 1000 < 0.9


@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_with_one_network_a_seed_it_is_wilsons_interval(outcomes):
    counted = np.array(outcomes, dtype=int)
    assert clustered_interval(counted, np.ones_like(counted)) == wilson_interval(int(counted.sum()), counted.size)


@given(st.lists(st.integers(1, 9).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1, max_size=9))
def test_an_interval_holds_its_share_and_is_not_shorter_than_wilsons(pairs):
    successes, trials = np.array(pairs).T
    low, high = clustered_interval(successes, trials)
    share = successes.sum() / trials.sum()
    assert 0 <= low <= share <= high <= 1
    assert high > low
    plain = wilson_interval(int(successes.sum()), int(trials.sum()))
    assert high - low >= plain[1] - plain[0] - 1e-12
    mirrored = clustered_interval(trials - successes, trials)
    assert mirrored == pytest.approx((1 - high, 1 - low))


def test_a_single_seed_counts_as_one_network():
    assert clustered_interval([9], [9]) == pytest.approx(wilson_interval(1, 1))


def test_the_difference_of_shares_is_newcombes_example():
    # Newcombe (1998), Table II, (a): 56/70 - 48/80 = 0.2, method 10: 0.0524 to 0.3339.
    second, first = ((share, *wilson_interval(count, of)) for share, count, of in ((0.8, 56, 70), (0.6, 48, 80)))
    assert difference_interval(first, second) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: hierarchical_mean([1.0, 2.0], [0, 0]), "training_sets must be at least 2"),
        (lambda: hierarchical_mean([1.0, 2.0], [0]), "training_sets must hold one entry a network"),
        (lambda: hierarchical_mean([1.0, np.nan], [0, 1]), "values must lie in"),
        (lambda: hierarchical_mean([1.0, 2.0], [0, 1], draws=9), "draws must be an integer >= 100"),
        (lambda: hierarchical_mean([1.0, 2.0], [0, 1], level=1), "level must lie in"),
        (lambda: clustered_interval([2], [1]), "trials must be at least 1"),
        (lambda: clustered_interval([0.5], [1]), "successes must be whole numbers"),
        (lambda: clustered_interval([], []), "trials must hold one number a seed"),
        (lambda: difference_interval((0.5, 0.6, 0.7), (0.5, 0.4, 0.6)), "first must be a frequency"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()


def results(**changes):
    seeds, rates = np.tile(np.arange(6), 2), np.repeat([0.1, 0.2], 6)
    settings = {"rate": rates, "seed": seeds, "n": np.full(12, 30)} | changes
    accuracy = seeds / 10 + (rates > 0.15)
    data = {"accuracy": ("network", accuracy), "phase": ("network", (rates > 0.15).astype(np.int8) * 3)}
    return xarray.Dataset(data, {name: ("network", values) for name, values in settings.items()})


def test_groups_have_shares_and_means_over_seeds():
    groups = aggregate(results(), "rate")
    assert groups["rate"].values.tolist() == [0.1, 0.2]
    assert groups["networks"].values.tolist() == groups["seeds"].values.tolist() == [6, 6]
    assert groups["phase"].values.tolist() == list(PHASES)
    np.testing.assert_array_equal(groups["share"], [[1, 0, 0, 0], [0, 0, 0, 1]])
    assert (groups["share_low"].values[0, 0], groups["share_high"].values[0, 0]) == wilson_interval(6, 6)
    expected = hierarchical_mean(np.arange(6) / 10, np.arange(6))
    assert [float(groups[f"accuracy{end}"][0]) for end in ("", "_low", "_high")] == pytest.approx(
        [float(expected.mean), float(expected.low), float(expected.high)]
    )


def test_pooled_groups_know_that_their_networks_share_seeds():
    pooled = aggregate(results())
    assert (int(pooled["networks"][0]), int(pooled["seeds"][0])) == (12, 6)
    low, high = clustered_interval([1] * 6, [2] * 6)
    assert (pooled["share_low"].values[0, 0], pooled["share_high"].values[0, 0]) == (low, high)
    # The rates differ by 1 within every seed, which is no uncertainty of the mean.
    expected = hierarchical_mean(np.arange(6) / 10 + 0.5, np.arange(6))
    assert float(pooled["accuracy_high"][0]) == pytest.approx(float(expected.high))


def test_training_sets_are_the_upper_level_where_they_vary_separately():
    sets = np.tile([0, 0, 1, 1, 2, 2], 2)
    groups = aggregate(results(task=sets), "rate", training_sets="task")
    expected = hierarchical_mean(np.arange(6) / 10, sets[:6])
    assert float(groups["accuracy_low"][0]) == pytest.approx(float(expected.low))
    low, high = clustered_interval([2] * 3, [2] * 3)
    assert (groups["share_low"].values[0, 0], groups["share_high"].values[0, 0]) == (low, high)


def test_what_was_not_measured_is_not_averaged():
    data = results()
    data["accuracy"][0] = np.nan
    data["phase"][:6] = -1
    groups = aggregate(data, "rate")
    assert np.isnan(groups["accuracy"][0])
    assert np.isfinite(groups["accuracy_low"][1])
    assert np.isnan(groups["share"][0]).all()


def test_settings_that_vary_by_intention_are_found():
    count = 12
    doubled = {"twice": np.repeat([0.2, 0.4], 6), "stream": np.arange(count), "mode": np.array(["a", "b"] * 6)}
    assert varying_settings(results(**doubled)) == ["rate", "mode"]
    with pytest.raises(InvalidInput, match="by must be settings"):
        aggregate(results(), "colour")
    with pytest.raises(InvalidInput, match="outcomes must be of accuracy"):
        aggregate(results(), outcomes=["colour"])
