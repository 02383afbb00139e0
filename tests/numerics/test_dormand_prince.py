"""The tableau meets every order condition it claims, exactly; the interpolant is continuous with its slope."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import sympy

from geneft_theory.numerics.dormand_prince import ERROR, NODES, QUARTIC, STAGES, Interpolant, without_zeros

MATRIX = [[Fraction(0)] * 7, *([*row, *[Fraction(0)] * (7 - len(row))] for row in STAGES)]
FIFTH = MATRIX[-1]
FOURTH = [weight - error for weight, error in zip(FIFTH, ERROR, strict=True)]


def trees(order):
    """Return every rooted tree with `order` vertices, as sorted nested tuples of subtrees."""
    if order == 1:
        return {()}
    return {tuple(sorted(branches)) for size in range(1, order) for branches in forests(order - 1, size)}


def forests(vertices, size):
    if size == 0:
        return [()] if vertices == 0 else []
    return [
        (tree, *rest)
        for first in range(1, vertices + 1)
        for tree in trees(first)
        for rest in forests(vertices - first, size - 1)
    ]


def order_of(tree):
    return 1 + sum(order_of(branch) for branch in tree)


def density(tree):
    product_of_branches = 1
    for branch in tree:
        product_of_branches *= density(branch)
    return order_of(tree) * product_of_branches


def elementary_weights(tree):
    """Return what the stages make of a tree, one number a stage."""
    weights = [Fraction(1)] * 7
    for branch in tree:
        below = elementary_weights(branch)
        weights = [
            w * sum(a * b for a, b in zip(row, below, strict=True)) for w, row in zip(weights, MATRIX, strict=True)
        ]
    return weights


def test_the_number_of_trees_is_right():
    assert [len(trees(order)) for order in range(1, 6)] == [1, 1, 2, 4, 9]


@pytest.mark.parametrize(("weights", "claimed"), [(FIFTH, 5), (FOURTH, 4)])
def test_order_conditions(weights, claimed):
    for order in range(1, claimed + 1):
        for tree in trees(order):
            total = sum(b * phi for b, phi in zip(weights, elementary_weights(tree), strict=True))
            assert total == Fraction(1, density(tree))


def test_the_embedded_method_is_not_of_order_5():
    misses = [sum(b * p for b, p in zip(FOURTH, elementary_weights(t), strict=True)) * density(t) for t in trees(5)]
    assert any(miss != 1 for miss in misses)


def test_nodes_are_the_sums_of_their_rows():
    assert [sum(row) for row in MATRIX] == list(NODES)


def test_the_interpolant_has_order_4_at_every_fraction():
    theta = sympy.Symbol("theta")
    weights = []
    for stage in range(7):
        first, last = int(stage == 0), int(stage == 6)
        change = sympy.Rational(FIFTH[stage].numerator, FIFTH[stage].denominator)
        quartic = sympy.Rational(QUARTIC[stage].numerator, QUARTIC[stage].denominator)
        cubic = first - change
        skew = change - last - cubic
        weights.append(theta * (change + (1 - theta) * (cubic + theta * (skew + (1 - theta) * quartic))))
    for order in range(1, 5):
        for tree in trees(order):
            phi = [sympy.Rational(p.numerator, p.denominator) for p in elementary_weights(tree)]
            total = sympy.expand(sum(b * p for b, p in zip(weights, phi, strict=True)))
            assert total == theta**order / density(tree)


def test_the_interpolant_meets_both_ends_and_both_slopes():
    generator = np.random.default_rng(1)
    start, end = generator.standard_normal((2, 3, 5))
    increments = generator.standard_normal((7, 3, 5))
    solution = Interpolant.of_step(start, end, increments)
    np.testing.assert_array_equal(solution.at(np.zeros(5)), start)
    np.testing.assert_allclose(solution.at(np.ones(5)), end, rtol=0, atol=1e-14)
    small = 1e-6
    for fraction, stage in product((0.0, 1.0), (0, 6)):
        if (fraction == 1.0) == (stage == 6):
            inside = fraction + np.full(5, small if fraction == 0 else -small)
            slope = (solution.at(inside) - solution.at(np.full(5, fraction))) / (inside - fraction)
            np.testing.assert_allclose(slope, increments[stage], atol=1e-3)
    one = solution.of(np.array([3]))
    np.testing.assert_array_equal(one.at(np.array([0.3])), solution.at(np.full(5, 0.3))[:, [3]])


def test_coefficients_of_zero_are_left_out():
    assert without_zeros((Fraction(1, 2), Fraction(0), Fraction(-1))) == [(0, 0.5), (2, -1.0)]
