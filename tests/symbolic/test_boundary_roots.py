"""Real roots of arrays of polynomials."""

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory import InvalidInput
from geneft_theory.symbolic.roots import RealRoots, halves, real_roots

x, y = sympy.symbols("x y", real=True)


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=5, unique=True), st.integers(0, 3))
def test_simple_roots_are_found_behind_leading_zeros(roots, zeros):
    coefficients = np.concatenate([np.zeros(zeros), np.poly(roots)])
    found = real_roots(coefficients)
    np.testing.assert_allclose(found[: len(roots)], sorted(roots), atol=1e-8)
    assert np.isnan(found[len(roots) :]).all()


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e3))
def test_complex_pairs_are_left_out(real, imaginary):
    quadratic = [1, -2 * real, real**2 + imaginary**2]
    # At |real| > 1e8 imaginary the pair cannot be told from a double root.
    found = real_roots(quadratic)
    np.testing.assert_allclose(found, np.where(abs(real) < 1e7 * imaginary, np.nan, found))
    cubic = real_roots(np.polymul([1, 1], [1, -2 * 0.5, 0.25 + imaginary**2]))
    np.testing.assert_allclose(cubic, [-1, np.nan, np.nan], atol=1e-9)


def test_small_roots_do_not_cancel():
    np.testing.assert_allclose(real_roots([1, -1e9, 1]), [1e-9, 1e9], rtol=1e-15)
    np.testing.assert_array_equal(real_roots([[3, 0, 0], [0, 0, 1], [0, 0, 0]]), [[0, 0], [np.nan] * 2, [np.nan] * 2])


def test_a_batch_equals_a_loop():
    coefficients = np.random.default_rng(0).normal(size=(4, 3, 5))
    coefficients[1, :, 0] = 0
    batch = real_roots(coefficients)
    for index in np.ndindex(4, 3):
        np.testing.assert_array_equal(batch[index], real_roots(coefficients[index]))


def test_absolute_values_fall_away_on_half_lines():
    assert halves(x**2 + y, x) == [(0, x**2 + y)]
    assert halves(abs(x * y) - sympy.sign(x), x) == [(1, x * abs(y) - 1), (-1, -x * abs(y) + 1)]
    with pytest.raises(InvalidInput, match="absolute values must be those of one variable each"):
        halves(abs(x - 1), x)
    with pytest.raises(InvalidInput, match="expression must be a polynomial in x"):
        RealRoots(sympy.exp(x), x, [])
