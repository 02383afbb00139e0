"""Operation tables and training sets: what is accepted, what is refused, and what is the same."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory import InvalidInput
from geneft_theory.grokking import Operation, TrainingSet, TrainingSets, addition, modular_addition, symmetric_group


@pytest.mark.parametrize(("p", "samples", "labels"), [(2, 3, 3), (6, 21, 11), (10, 55, 19)])
def test_addition_counts(p, samples, labels):
    operation = addition(p)
    assert (len(operation.samples), len(operation.class_sizes)) == (samples, labels)


def test_class_sizes_of_ten_symbols():
    assert addition(10).class_sizes.tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1]


def test_features_of_a_sum_are_its_two_symbols():
    operation = addition(4)
    for (i, j), row in zip(operation.samples, operation.features[:, 0], strict=True):
        assert row.tolist() == (np.eye(4, dtype=int)[i] + np.eye(4, dtype=int)[j]).tolist()


def test_features_of_a_product_are_its_derivative():
    group = symmetric_group(3)
    random = np.random.default_rng(0)
    direction = random.integers(-3, 4, size=group.representation.shape)
    # The product is quadratic: its derivative is half the difference at +direction and -direction, exactly.
    above, below = group.representation + direction, group.representation - direction
    first, second = group.samples.T
    expected = above[first] @ above[second] - below[first] @ below[second]
    found = group.features @ direction.ravel()
    assert np.array_equal(2 * found, expected.reshape(len(found), -1))


def test_s3_is_the_group_of_permutations():
    group = symmetric_group(3)
    products = group.representation[:, None] @ group.representation[None]
    assert np.array_equal(products, group.representation[group.table])
    assert not np.array_equal(group.table, group.table.T)


def test_a_representation_that_represents_nothing_is_refused():
    with pytest.raises(InvalidInput, match="representation must give equal products"):
        Operation(modular_addition(3).table, representation=np.arange(12).reshape(3, 2, 2))
    with pytest.raises(InvalidInput, match="representation must have shape"):
        Operation(modular_addition(3).table, representation=np.ones((2, 2, 2), dtype=int))


@pytest.mark.parametrize("table", [[[0, 1]], [1, 2], [[0]], [[0.5, 1], [1, 2]], [[0, 1], [2]], "ab"])
def test_tables_that_are_none_are_refused(table):
    with pytest.raises(InvalidInput, match="table must"):
        Operation(table)


@pytest.mark.parametrize("p", [1, 0, -3, 2.0, True, None])
def test_fewer_than_two_symbols_are_refused(p):
    for operation in (addition, modular_addition):
        with pytest.raises(InvalidInput, match="p must be an integer >= 2"):
            operation(p)


@pytest.mark.parametrize(
    ("pairs", "complaint"),
    [
        ([(0, 1), (1, 0)], r"pairs must be distinct; got \(0, 1\) 2 times"),
        ([(0, 4)], r"pairs must hold symbols 0 ... 3; got \(0, 4\)"),
        ([(-1, 0)], "pairs must hold symbols"),
        ([(0, 1, 2)], "pairs must be integers of shape"),
        ([(0.0, 1.0)], "pairs must be integers"),
        ([(0, 1), (2,)], "pairs must be integers"),
    ],
)
def test_impossible_pairs_are_refused(pairs, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        TrainingSet(pairs, addition(4))


def test_order_matters_where_the_operation_does_not_commute():
    assert len(TrainingSet([(0, 1), (1, 0)], symmetric_group(3))) == 2


def test_masks_of_another_operation_are_refused():
    with pytest.raises(InvalidInput, match="masks must be booleans"):
        TrainingSets(np.ones((3, 10), dtype=bool), addition(5))
    with pytest.raises(InvalidInput, match="masks must be booleans"):
        TrainingSets(np.ones((3, 10)), addition(4))


@given(st.integers(2, 8), st.randoms(use_true_random=False))
def test_a_training_set_is_its_pairs_whatever_their_order(p, random):
    operation = addition(p)
    pairs = operation.samples.tolist()
    random.shuffle(pairs)
    chosen = pairs[: len(pairs) // 2]
    swapped = [pair[::-1] for pair in reversed(chosen)]
    one, other = TrainingSet(chosen, operation), TrainingSet(swapped, operation)
    assert one == other
    assert hash(one) == hash(other)
    assert one.mask.sum() == len(one) == len(operation.samples) - len(one.held_out)


@pytest.mark.parametrize("operation", [addition(5), symmetric_group(3)])
def test_values_survive_pickling_and_stay_read_only(operation):
    training_set = pickle.loads(pickle.dumps(TrainingSet(operation.samples[:4], operation)))
    assert training_set == TrainingSet(operation.samples[:4], operation)
    with pytest.raises(ValueError, match="read-only"):
        training_set.pairs[0, 0] = 1


def test_drawn_sets_are_uniform():
    sets = TrainingSets.draw(addition(4), size=3, draws=20_000, seed=0)
    assert (sets.masks.sum(axis=1) == 3).all()
    codes = sets.masks @ (1 << np.arange(10))
    count = np.unique(codes, return_counts=True)[1]
    expected = 20_000 / 120
    assert len(count) == 120
    # chi-squared of 119 degrees of freedom: within 4 standard deviations, sqrt(2 * 119), of its mean.
    assert abs(np.sum((count - expected) ** 2) / expected - 119) < 4 * np.sqrt(2 * 119)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"size": 11}, "size must be an integer >= 0 and <= 10"),
        ({"draws": 0}, "draws must be an integer >= 1"),
        ({"seed": -1}, "seed must be an integer >= 0"),
    ],
)
def test_draws_that_are_none_are_refused(arguments, complaint):
    with pytest.raises(InvalidInput, match=complaint):
        TrainingSets.draw(addition(4), **({"size": 3, "draws": 5, "seed": 0} | arguments))
