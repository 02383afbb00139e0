"""The Gram matrix by classes and the exact nullity, against enumeration, rational arithmetic and published values."""

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory import InvalidInput
from geneft_theory.grokking import (
    Operation,
    TrainingSet,
    TrainingSets,
    addition,
    gram,
    ideal_accuracy,
    modular_addition,
    nullity,
    parallelogram_count,
    parallelograms,
    symmetric_group,
)

OPERATIONS = {
    "addition": addition(7),
    "modular": modular_addition(6),
    "table": Operation([[0, 1, 1], [2, 0, 1], [0, 0, 2]]),
    "constant": Operation(np.zeros((4, 4), dtype=int)),
    "S3": symmetric_group(3),
}


def enumerated(training_set):
    """Return G and the rows of A by going through all parallelograms one by one."""
    operation, mask = training_set.operation, training_set.mask
    shown = np.flatnonzero(mask)
    rows = [
        operation.features[q] - operation.features[r]
        for position, q in enumerate(shown)
        for r in shown[:position]
        if operation.classes[q] == operation.classes[r]
    ]
    matrix = np.array(rows).reshape(-1, operation.unknowns)
    return matrix.T @ matrix, matrix


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_the_batch_equals_brute_force_exactly(operation):
    total = len(operation.samples)
    random = np.random.default_rng(3)
    sets = TrainingSets(random.random((20, total)) < random.random((20, 1)), operation)
    matrices, dimensions, counts = gram(sets), nullity(sets), parallelogram_count(sets)
    for k in range(len(sets)):
        expected, rows = enumerated(sets[k])
        assert np.array_equal(matrices[k], expected)
        assert np.array_equal(gram(sets[k]), expected)
        rank = np.linalg.matrix_rank(rows) if rows.size else 0
        assert dimensions[k] == operation.unknowns - rank == nullity(sets[k])
        assert counts[k] * operation.components == len(rows)


@pytest.mark.parametrize("operation", [addition(6), modular_addition(5), Operation([[0, 1, 1], [2, 0, 1], [0, 0, 2]])])
def test_the_nullity_is_that_of_rational_arithmetic(operation):
    sets = TrainingSets.draw(operation, size=len(operation.samples) // 2, draws=30, seed=5)
    for k, found in enumerate(nullity(sets)):
        _, rows = enumerated(sets[k])
        assert found == operation.unknowns - (sympy.Matrix(rows).rank() if rows.size else 0)


@pytest.mark.parametrize("p", [10, 24, 30])
def test_exact_rank_is_the_float_rank_away_from_the_cut(p):
    # 24 symbols need two primes, 30 too.
    sets = TrainingSets.draw(addition(p), size=round(2.3 * p), draws=200, seed=1)
    values = np.linalg.eigvalsh(gram(sets).astype(float))
    clear = ~((np.abs(values) > 1e-9) & (np.abs(values) < 1e-6)).any(axis=1)
    assert clear.mean() > 0.95
    assert np.array_equal((np.abs(values) < 1e-7).sum(axis=1)[clear], nullity(sets)[clear])


def test_a_rank_that_one_prime_would_miss():
    # The complete table of addition modulo 7 has a winding solution modulo 7, which is no rational one.
    from geneft_theory.grokking.elimination import constraints_of, solve

    sets = TrainingSets.draw(modular_addition(7), size=16, draws=400, seed=2)
    modulo_7 = solve(sets.masks, sets.operation, 7).dimension + constraints_of(sets.operation).symmetries
    assert (modulo_7 > nullity(sets)).any()
    values = np.linalg.eigvalsh(gram(sets).astype(float))
    assert np.array_equal((np.abs(values) < 1e-8).sum(axis=1), nullity(sets))


def test_published_spectrum_of_ten_symbols():
    complete = TrainingSet.complete(addition(10))
    matrix = gram(complete)
    assert np.diagonal(matrix).tolist() == [20, 27, 33, 38, 42, 42, 38, 33, 27, 20]
    assert matrix[0].tolist() == [20, -9, -7, -6, -4, -2, 0, 1, 3, 4]
    expected = [0, 0, 30, 31.271584, 36.547151, 38.376525, 42.138022, 45.728416, 47.314827, 48.623475]
    assert np.linalg.eigvalsh(matrix.astype(float)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("p", "count"), [(2, 0), (3, 1), (4, 3), (5, 7), (6, 13), (7, 22), (8, 34), (10, 70)])
def test_number_of_parallelograms(p, count):
    complete = TrainingSet.complete(addition(p))
    assert len(parallelograms(complete)) == parallelogram_count(complete) == count


def test_s3_has_36_samples_and_90_parallelograms():
    complete = TrainingSet.complete(symmetric_group(3))
    assert (len(complete), len(parallelograms(complete))) == (36, 90)
    # Conjugations and factors that commute with the representation: d^2 directions in all.
    assert nullity(complete) == 9


def test_real_modular_addition_knows_collapse_only():
    for p in (5, 6, 13, 53):
        assert nullity(TrainingSet.complete(modular_addition(p))) == 1


def test_the_official_training_set():
    held_out = [(0, 2), (0, 4), (1, 5), (1, 7), (2, 4), (4, 4), (4, 6), (5, 5), (5, 8), (5, 9)]
    pairs = [pair for pair in map(tuple, addition(10).samples.tolist()) if pair not in held_out]
    assert parallelogram_count(pairs, p=10) == 44
    assert np.linalg.eigvalsh(gram(pairs, p=10).astype(float))[2] == pytest.approx(12.42966, abs=1e-5)


@given(st.integers(3, 7), st.integers(0, 2**32 - 1))
def test_the_quadratic_form_is_the_sum_of_squared_defects(p, seed):
    random = np.random.default_rng(seed)
    operation = addition(p)
    training_set = TrainingSets(random.random((1, len(operation.samples))) < 0.6, operation)[0]
    embeddings = random.integers(-9, 10, size=p)
    i, j, m, n = parallelograms(training_set).T
    defects = embeddings[i] + embeddings[j] - embeddings[m] - embeddings[n]
    assert embeddings @ gram(training_set) @ embeddings == np.sum(defects**2)
    progression = 3 + 2 * np.arange(p)
    assert not (gram(training_set) @ progression).any()


@given(st.integers(3, 9), st.integers(0, 2**32 - 1))
def test_reflection_of_the_symbols_reflects_the_matrix(p, seed):
    operation = addition(p)
    random = np.random.default_rng(seed)
    training_set = TrainingSets(random.random((1, len(operation.samples))) < 0.5, operation)[0]
    reflected = TrainingSet(p - 1 - training_set.pairs, operation)
    assert np.array_equal(gram(reflected), gram(training_set)[::-1, ::-1])
    assert nullity(reflected) == nullity(training_set)


@given(st.integers(3, 7), st.integers(0, 2**32 - 1), st.booleans())
def test_names_of_symbols_and_labels_do_not_matter(p, seed, modular):
    random = np.random.default_rng(seed)
    operation = modular_addition(p) if modular else addition(p)
    name, label = random.permutation(p), random.permutation(2 * p)
    table = np.empty((p, p), dtype=int)
    table[np.ix_(name, name)] = label[operation.table]
    training_set = TrainingSets(random.random((1, len(operation.samples))) < 0.5, operation)[0]
    renamed = TrainingSet(name[training_set.pairs], Operation(table))
    assert nullity(renamed) == nullity(training_set)
    assert np.array_equal(gram(renamed)[np.ix_(name, name)], gram(training_set))
    assert ideal_accuracy(renamed) == ideal_accuracy(training_set)


@pytest.mark.parametrize("function", [gram, nullity, parallelogram_count, parallelograms])
def test_bad_input_is_refused(function):
    with pytest.raises(InvalidInput, match="p must be given"):
        function([(0, 1)])
    with pytest.raises(InvalidInput, match="pairs must be distinct"):
        function([(0, 1), (0, 1)], p=3)
    with pytest.raises(InvalidInput, match="table must be square"):
        function([(0, 1)], operation=[[0, 1, 2], [1, 2, 3]])
    with pytest.raises(InvalidInput, match="p must be 3"):
        function([(0, 1)], p=4, operation=addition(3))


def test_an_empty_training_set_constrains_nothing():
    assert nullity([], p=5) == 5
    assert not gram([], p=5).any()
    assert parallelograms([], p=5).shape == (0, 4)
