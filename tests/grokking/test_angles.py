"""Solutions in angles: lattices against SymPy, the groups of known tables, and circles that obey what they should."""

import itertools

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy.matrices.normalforms import smith_normal_form

from geneft_theory import InvalidInput
from geneft_theory.grokking import (
    TrainingSet,
    TrainingSets,
    addition,
    forces_angles,
    modular_addition,
    nullity,
    parallelograms,
    solution_group,
)
from geneft_theory.grokking.lattices import Lattice, smith_factors

matrices = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(st.integers(-6, 6), min_size=width, max_size=width), min_size=1, max_size=5)
)


@given(matrices)
def test_invariant_factors_are_those_of_sympy(rows):
    expected = smith_normal_form(sympy.Matrix(rows), domain=sympy.ZZ)
    diagonal = sorted(abs(int(expected[i, i])) for i in range(min(expected.shape)) if expected[i, i])
    assert sorted(smith_factors(rows)) == diagonal
    lattice = Lattice(len(rows[0]))
    for row in rows:
        lattice.add(row)
    assert lattice.rank == len(diagonal)
    assert lattice.torsion() == tuple(factor for factor in smith_factors(rows) if factor > 1)


@given(matrices, st.lists(st.integers(-3, 3), min_size=5, max_size=5), st.integers(0, 2**32 - 1))
def test_a_lattice_holds_its_combinations_in_any_order(rows, coefficients, seed):
    lattice, other = Lattice(len(rows[0])), Lattice(len(rows[0]))
    for row in rows:
        lattice.add(row)
    for index in np.random.default_rng(seed).permutation(len(rows)):
        other.add(rows[index])
    combination = [sum(c * row[k] for c, row in zip(coefficients, rows, strict=False)) for k in range(len(rows[0]))]
    assert combination in lattice
    assert combination in other
    assert lattice.pivot_product == other.pivot_product
    assert not lattice.add(combination)


@pytest.mark.parametrize("p", [2, 3, 5, 6, 12])
def test_complete_tables(p):
    assert str(solution_group(TrainingSet.complete(modular_addition(p)))) == f"R/Z x Z/{p}"
    # Without wrapping nothing finite is left: constant and slope are free.
    assert str(solution_group(TrainingSet.complete(addition(p)))) == "(R/Z)^2"


@pytest.mark.parametrize(("p", "size", "order"), [(4, 4, 12), (5, 6, 20), (6, 9, 12)])
def test_the_group_counts_the_solutions_on_a_grid_of_angles(p, size, order):
    """Solutions among multiples of 1/order number order^dimension times the product of gcd(order, d_i)."""
    random = np.random.default_rng(p)
    operation = modular_addition(p)
    for _ in range(3):
        training_set = TrainingSet(
            operation.samples[random.choice(len(operation.samples), size, replace=False)], operation
        )
        group = solution_group(training_set)
        grid = np.array(list(itertools.product(range(order), repeat=p - 1)), dtype=np.int16)
        # One common rotation is always free: E_0 = 0 without loss of generality.
        grid = np.hstack([np.zeros((len(grid), 1), dtype=np.int16), grid])
        i, j, m, n = parallelograms(training_set).T
        solved = ((grid[:, i] + grid[:, j] - grid[:, m] - grid[:, n]) % order == 0).all(axis=1)
        expected = order ** (group.dimension - 1) * np.prod([np.gcd(order, each) for each in group.torsion])
        assert solved.sum() == expected


@given(st.integers(3, 9), st.integers(0, 2**32 - 1))
def test_the_dimension_is_the_real_nullity_and_more_data_leave_fewer_solutions(p, seed):
    operation = modular_addition(p)
    masks = np.random.default_rng(seed).random((1, len(operation.samples))) < 0.6
    training_set = TrainingSets(masks, operation)[0]
    group = solution_group(training_set)
    assert group.dimension == nullity(training_set)
    # Every winding number solves every training set: p divides the finite part once nothing else is free.
    if group.dimension == 1:
        assert group.components % p == 0
        assert forces_angles(training_set) == (group.components == p)
    else:
        assert not forces_angles(training_set)


def test_a_real_nullity_of_one_leaves_wrong_circles():
    sets = TrainingSets.draw(modular_addition(7), size=14, draws=100, seed=3)
    groups = [solution_group(sets[k]) for k in range(100)]
    rigid = [group for group in groups if group.dimension == 1]
    wrong = [group for group in rigid if group.components > 7]
    assert 0 < len(wrong) < len(rigid)


def test_circles_have_no_real_parallelogram_and_every_angular_one():
    p = 7
    rows = parallelograms(TrainingSet.complete(modular_addition(p)))
    for winding in range(1, p):
        circle = np.exp(2j * np.pi * winding * np.arange(p) / p)
        i, j, m, n = rows.T
        assert np.abs(circle[i] + circle[j] - circle[m] - circle[n]).min() > 0.1
        angles = winding * np.arange(p)
        assert not ((angles[i] + angles[j] - angles[m] - angles[n]) % p).any()


def test_bad_input_is_refused():
    for function in (solution_group, forces_angles):
        with pytest.raises(InvalidInput, match="pairs must be distinct"):
            function([(0, 1), (1, 0)], operation=modular_addition(5))
