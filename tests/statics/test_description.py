"""Description length: symmetry and closed forms agree; relabelling changes nothing; the bounds hold."""

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from geneft_theory import InvalidInput
from geneft_theory.relations import (
    automorphism_order,
    complete_bipartite,
    equivalence,
    from_matrix,
    greater_than,
    modulo,
)
from geneft_theory.statics import (
    any_relation_bits,
    complete_bipartite_bits,
    description_length,
    equivalence_bits,
    modulo_bits,
    number_of_relabellings,
    published_description_length,
    symmetric_relation_bits,
    total_order_bits,
)

matrices = st.integers(1, 7).flatmap(lambda n: hnp.arrays(bool, (n, n)))


@given(matrices, st.randoms(use_true_random=False))
def test_relabelling_changes_neither_symmetry_nor_bits(matrix, random):
    relation = from_matrix(matrix)
    order = list(range(relation.n))
    random.shuffle(order)
    relabelled = relation.relabel(order)
    assert automorphism_order(relabelled) == automorphism_order(relation)
    assert description_length(relabelled) == description_length(relation)


@given(matrices)
def test_bits_lie_between_none_and_those_of_an_order(matrix):
    bits = description_length(from_matrix(matrix))
    assert 0 <= bits <= math.log2(math.factorial(len(matrix))) + 1e-12


@given(st.integers(1, 4).flatmap(lambda n: hnp.arrays(bool, (n, n))))
def test_the_orbit_has_as_many_members_as_the_formula_says(matrix):
    n = len(matrix)
    relabelled = {matrix[np.ix_(order, order)].tobytes() for order in permutations(range(n))}
    assert number_of_relabellings(from_matrix(matrix)) == len(relabelled)


@given(st.integers(1, 40), st.integers(1, 45))
def test_modulo_in_closed_form(n, k):
    assert modulo_bits(n, k) == pytest.approx(description_length(modulo(n, k)), abs=1e-9)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6))
def test_classes_in_closed_form(sizes):
    assert equivalence_bits(sizes) == pytest.approx(description_length(equivalence(sizes)), abs=1e-9)


@given(st.integers(2, 40).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n - 1))))
def test_complete_bipartite_in_closed_form(sizes):
    assert complete_bipartite_bits(*sizes) == pytest.approx(description_length(complete_bipartite(*sizes)), abs=1e-9)


@given(st.integers(1, 60))
def test_total_order_in_closed_form(n):
    assert total_order_bits(n) == pytest.approx(description_length(greater_than(n)), abs=1e-9)


def test_a_million_symbols():
    n = 10**6
    closed = [total_order_bits(n), modulo_bits(n, 3), complete_bipartite_bits(n, n // 3)]
    assert np.all(np.isfinite(closed))
    # Stirling with its first correction is good to 1e-13 there.
    stirling = (n * math.log(n) - n + math.log(2 * math.pi * n) / 2 + 1 / (12 * n)) / math.log(2)
    assert closed[0] == pytest.approx(stirling, rel=1e-12)


def test_counts_of_whole_families():
    np.testing.assert_array_equal(any_relation_bits([1, 30]), [1, 900])
    np.testing.assert_array_equal(symmetric_relation_bits([1, 30]), [1, 465])
    for n in (1, 2, 3):
        both = [m for m in np.ndindex(*(2,) * n**2) if np.array_equal(np.reshape(m, (n, n)), np.reshape(m, (n, n)).T)]
        assert len(both) == 2 ** float(symmetric_relation_bits(n))


def test_the_table_rounds_classes_up_by_a_fifth():
    ratio = published_description_length(modulo(30, 3)) / description_length(modulo(30, 3))
    assert 1.15 < ratio < 1.25


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: description_length(np.eye(3)), "relation must be a Relation"),
        (lambda: number_of_relabellings("modulo:3"), "relation must be a Relation"),
        (lambda: published_description_length(3), "relation must be a Relation"),
        (lambda: modulo_bits(0, 3), r"n must lie in \[1, inf\); got 0"),
        (lambda: modulo_bits(30, 2.5), "k must be an integer >= 1; got 2.5"),
        (lambda: complete_bipartite_bits(30, 30), r"a must lie in \[1, n - 1\]; got 30 for n = 30"),
        (lambda: equivalence_bits([]), "class_sizes must name at least one class"),
        (lambda: equivalence_bits([3, 0]), "class_sizes must be an integer >= 1; got 0"),
        (lambda: total_order_bits(np.inf), "n must lie in"),
    ],
)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()
