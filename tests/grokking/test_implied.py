"""What training sets imply: against rational arithmetic, the official sets, and what must hold for every set."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory import Estimate, InvalidInput
from geneft_theory.grokking import (
    Operation,
    TrainingSet,
    TrainingSets,
    addition,
    elimination,
    gram,
    ideal_accuracy,
    ideal_rqi,
    implied,
    modular_addition,
    nullity,
    parallelogram_count,
    parallelograms,
    symmetric_group,
)
from geneft_theory.grokking.implied import answered

# The authors' released runs, recomputed: size, seed, nullity, third eigenvalue of G, |P_0(D)|, ideal accuracy.
OFFICIAL = [
    (20, 2, 3, 0.0, 10, 0.582),
    (25, 0, 2, 0.278, 13, 0.836),
    (30, 0, 2, 1.306, 19, 0.909),
    (30, 2, 2, 3.090, 24, 0.927),
    (35, 0, 2, 6.841, 32, 0.909),
    (40, 0, 2, 10.862, 40, 0.909),
    (40, 1, 2, 3.529, 33, 1.0),
    (45, 0, 2, 15.547, 50, 0.909),
    (45, 1, 2, 10.048, 43, 1.0),
    (45, 2, 2, 13.296, 46, 1.0),
]


def official_set(size, seed):
    # The authors' protocol, on a generator of its own instead of the global one.
    state = np.random.RandomState(seed)
    state.normal(size=(19, 30))
    operation = addition(10)
    return TrainingSet(operation.samples[state.choice(55, size, replace=False)], operation)


@pytest.mark.parametrize(("size", "seed", "dimension", "third", "count", "accuracy"), OFFICIAL)
def test_the_official_training_sets(size, seed, dimension, third, count, accuracy):
    training_set = official_set(size, seed)
    assert nullity(training_set) == dimension
    assert np.linalg.eigvalsh(gram(training_set).astype(float))[2] == pytest.approx(third, abs=6e-4)
    assert parallelogram_count(training_set) == count
    assert ideal_accuracy(training_set) == pytest.approx(accuracy, abs=6e-4)


def by_rational_arithmetic(training_set):
    """Return the implied parallelograms by comparing ranks over the rationals, one at a time."""
    operation = training_set.operation
    vector = {tuple(q): x for q, x in zip(operation.samples.tolist(), operation.features[:, 0], strict=True)}
    rows = [(vector[i, j] - vector[m, n]).tolist() for i, j, m, n in parallelograms(training_set).tolist()]
    rank = sympy.Matrix(rows).rank() if rows else 0
    return [
        row
        for row in parallelograms(TrainingSet.complete(operation)).tolist()
        if sympy.Matrix([*rows, (vector[row[0], row[1]] - vector[row[2], row[3]]).tolist()]).rank() == rank
    ]


@pytest.mark.parametrize("operation", [addition(5), modular_addition(5), Operation([[0, 1, 1], [2, 0, 1], [0, 0, 2]])])
@pytest.mark.parametrize("share", [0.4, 0.6])
def test_membership_is_that_of_rational_arithmetic(operation, share):
    sets = TrainingSets.draw(operation, size=round(share * len(operation.samples)), draws=4, seed=7)
    for k in range(len(sets)):
        assert implied(sets[k]).tolist() == by_rational_arithmetic(sets[k])


@pytest.mark.parametrize("operation", [addition(7), modular_addition(7), symmetric_group(3)])
def test_many_small_primes_decide_as_few_large_ones(operation, monkeypatch):
    # Each of the small moduli is wrong for many of these sets; together they exceed every minor and must be right.
    sets = TrainingSets.draw(operation, size=len(operation.samples) * 2 // 5, draws=25, seed=1)
    expected = nullity(sets), answered(sets.masks, operation)
    pairs = [implied(sets[k]).tolist() for k in range(5)]
    usual = elimination.constraints_of(operation)
    bits = sum(np.log2(prime) for prime in usual.primes)
    primes = list(sympy.primerange(2, 200))
    while sum(np.log2(primes[:-1])) > bits:
        primes.pop()
    small = replace(usual, primes=tuple(primes))
    for module in ("elimination", "gram", "implied"):
        monkeypatch.setattr(
            import_module(f"geneft_theory.grokking.{module}"), "constraints_of", lambda operation: small
        )
    assert np.array_equal(nullity(sets), expected[0])
    assert np.array_equal(answered(sets.masks, operation), expected[1])
    assert [implied(sets[k]).tolist() for k in range(5)] == pairs


@pytest.mark.parametrize("operation", [addition(8), modular_addition(7), symmetric_group(3)])
def test_a_batch_equals_its_members_and_the_parallelograms_they_imply(operation):
    sets = TrainingSets.draw(operation, size=len(operation.samples) * 2 // 5, draws=25, seed=4)
    accuracies = ideal_accuracy(sets)
    for k in range(len(sets)):
        known = {tuple(pair) for pair in sets[k].pairs.tolist()}
        steps = implied(sets[k]).tolist()
        reached = {(m, n) for i, j, m, n in steps if (i, j) in known} | {
            (i, j) for i, j, m, n in steps if (m, n) in known
        }
        assert accuracies[k] == ideal_accuracy(sets[k]) == len(known | reached) / len(operation.samples)


@given(st.integers(3, 8), st.integers(0, 2**32 - 1), st.sampled_from(["reals", "angles"]), st.booleans())
def test_accuracy_grows_with_the_training_set(p, seed, values, modular):
    operation = modular_addition(p) if modular else addition(p)
    order = np.random.default_rng(seed).permutation(len(operation.samples))
    sets = [TrainingSet(operation.samples[order[:size]], operation) for size in range(0, len(order) + 1, 3)]
    accuracies = [ideal_accuracy(each, values=values) for each in sets]
    assert accuracies == sorted(accuracies)
    assert all(accuracy >= each.fraction for accuracy, each in zip(accuracies, sets, strict=True))
    qualities = [ideal_rqi(each, values=values) for each in sets]
    assert qualities == sorted(qualities)


@given(st.integers(2, 9), st.integers(0, 2**32 - 1))
def test_what_is_implied_may_be_shown_without_a_change(p, seed):
    operation = addition(p)
    training_set = TrainingSets(np.random.default_rng(seed).random((1, len(operation.samples))) < 0.4, operation)[0]
    known = answered(training_set.mask[None], operation)[0]
    larger = TrainingSet(operation.samples[known], operation)
    assert np.array_equal(implied(larger), implied(training_set))
    assert nullity(larger) == nullity(training_set)
    reflected = TrainingSet(p - 1 - training_set.pairs, operation)
    assert ideal_accuracy(reflected) == ideal_accuracy(training_set)


@given(st.integers(3, 9), st.integers(0, 2**32 - 1))
def test_angles_imply_no_more_than_reals(p, seed):
    # Integer combinations are rational ones.
    operation = modular_addition(p)
    training_set = TrainingSets(np.random.default_rng(seed).random((1, len(operation.samples))) < 0.5, operation)[0]
    angles = {tuple(row) for row in implied(training_set, values="angles").tolist()}
    assert angles <= {tuple(row) for row in implied(training_set).tolist()}
    assert {tuple(row) for row in parallelograms(training_set).tolist()} <= angles


def test_the_first_step_of_the_worked_example():
    # Liu et al. (2022), App. C, from memory: its lists of eight samples hold one twice; these seven do suffice.
    pairs = [(0, 4), (1, 3), (1, 5), (2, 4), (0, 2), (1, 1), (3, 3)]
    assert nullity(pairs, p=6) == 2
    assert len(implied(pairs, p=6)) == 13
    assert implied([(0, 4), (1, 3), (1, 5), (2, 4)], p=6).tolist() == [[0, 4, 1, 3], [0, 5, 2, 3], [1, 5, 2, 4]]


@pytest.mark.parametrize(
    ("size", "accuracy", "held_out", "perfect"),
    [(25, 0.806, 0.645, 0.0), (35, 0.940, 0.834, 0.05), (45, 0.981, 0.898, 0.37)],
)
def test_mean_accuracy_of_ten_symbols(size, accuracy, held_out, perfect):
    sets = TrainingSets.draw(addition(10), size=size, draws=4000, seed=0)
    tests = ideal_accuracy(sets, held_out=True)
    for found, expected, digits in (
        (ideal_accuracy(sets), accuracy, 3),
        (tests, held_out, 3),
        ((tests == 1).astype(float), perfect, 2),
    ):
        estimate = Estimate.from_samples(found)
        # 4 standard errors of both samples of 4,000, and the rounding of the quoted number.
        assert abs(estimate.value - expected) <= 4 * np.sqrt(2) * estimate.standard_error + 0.5 * 10.0**-digits


def test_isolated_labels_of_a_45_10_split_are_hypergeometric():
    from scipy.stats import hypergeom

    sets = TrainingSets.draw(addition(10), size=45, draws=20_000, seed=3)
    single = np.flatnonzero(addition(10).class_sizes[addition(10).classes] == 1)
    assert single.tolist() == [0, 1, 53, 54]
    held_out = (~sets.masks[:, single]).sum(axis=1)
    for number, quoted in enumerate((0.437, 0.416, 0.131)):
        expected = hypergeom(55, 4, 10).pmf(number)
        assert expected == pytest.approx(quoted, abs=6e-4)
        # 4 standard errors of a share of 20,000.
        assert abs(np.mean(held_out == number) - expected) < 4 * np.sqrt(expected * (1 - expected) / 20_000)


def test_edges():
    complete = TrainingSet.complete(addition(4))
    assert ideal_accuracy(complete) == ideal_accuracy(complete, held_out=True) == ideal_rqi(complete) == 1
    assert ideal_accuracy([], p=4) == ideal_rqi([], p=4) == 0
    assert ideal_rqi([], p=2) == 1
    assert implied([], p=4).shape == (0, 4)
    none = TrainingSets(np.empty((0, 10), dtype=bool), addition(4))
    for values in ("reals", "angles"):
        assert ideal_accuracy(none, values=values, held_out=True).shape == (0,)


@pytest.mark.parametrize("function", [implied, ideal_accuracy, ideal_rqi])
def test_bad_input_is_refused(function):
    with pytest.raises(InvalidInput, match="values must be one of reals, angles"):
        function([(0, 1)], p=3, values="degrees")
    with pytest.raises(InvalidInput, match="pairs must hold symbols"):
        function([(0, 3)], p=3)
    with pytest.raises(InvalidInput, match="table must be square"):
        function([(0, 1)], operation=[[0, 1, 2], [1, 2, 3]])
