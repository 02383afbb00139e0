"""Training sets: nested over fractions, equal over modes, uniform over replicates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory.errors import InvalidInput
from geneft_theory.relations import parse
from validation.tasks import random_stream, relation_targets, training_count, training_order, training_pairs


@given(n=st.integers(1, 20), seed=st.integers(0, 100), fractions=st.tuples(st.floats(1e-4, 1), st.floats(1e-4, 1)))
def test_training_sets_of_a_replicate_are_nested(n, seed, fractions):
    few, many = (training_pairs(n, fraction, seed=seed) for fraction in sorted(fractions))
    assert many[: len(few)].tolist() == few.tolist()
    assert len(set(many.tolist())) == len(many) == training_count(n, max(fractions))


@given(n=st.integers(1, 20), seed=st.integers(0, 100), sweep_seed=st.integers(0, 100))
def test_the_order_is_a_permutation_of_all_pairs(n, seed, sweep_seed):
    assert sorted(training_order(n, seed=seed, sweep_seed=sweep_seed).tolist()) == list(range(n * n))


@pytest.mark.parametrize(
    ("n", "fraction", "count"), [(30, 0.75, 675), (30, 0.1, 90), (30, 1e-9, 1), (30, 1, 900), (1, 0.2, 1)]
)
def test_count(n, fraction, count):
    assert training_count(n, fraction) == count


def test_every_pair_is_equally_likely():
    draws, n, fraction = 2000, 5, 0.4
    chosen = np.zeros(n * n)
    for seed in range(draws):
        chosen[training_pairs(n, fraction, seed=seed)] += 1
    # 25 binomial counts, each within 4 standard deviations.
    assert np.all(np.abs(chosen - draws * fraction) < 4 * np.sqrt(draws * fraction * (1 - fraction)))


def test_streams_differ_by_purpose_and_by_both_seeds():
    streams = [
        random_stream(purpose, seed=seed, sweep_seed=sweep_seed).random()
        for purpose in ("pairs", "parameters")
        for seed in (0, 1)
        for sweep_seed in (0, 1)
    ]
    assert len(set(streams)) == len(streams)


@pytest.mark.parametrize("name", ["modulo:3", "greater-than", "complete-bipartite:10"])
def test_targets_are_the_relation(name):
    targets = relation_targets(name, 30)
    np.testing.assert_array_equal(targets.reshape(30, 30), parse(name, 30).matrix)
    with pytest.raises(ValueError, match="read-only"):
        targets[0] = True


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: training_pairs(0, 0.5, seed=0), "n"),
        (lambda: training_pairs(3, 0, seed=0), "fraction"),
        (lambda: training_pairs(3, 1.5, seed=0), "fraction"),
        (lambda: training_pairs(3, 0.5, seed=-1), "seed"),
        (lambda: training_order(3, seed=0, sweep_seed=-1), "sweep_seed"),
        (lambda: random_stream("noise", seed=0), "purpose"),
        (lambda: relation_targets("unheard-of", 5), "relation"),
    ],
)
def test_bad_input_is_refused_by_name(call, name):
    with pytest.raises(InvalidInput, match=name):
        call()
