"""Compiled expressions: several at once, statements, caching, refusals."""

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory import InvalidInput, catalogue
from geneft_theory.numerics import compile

X, Y = sympy.symbols("x y", real=True)


@pytest.mark.parametrize("key", ["statics.known_fraction", "statics.critical_fraction"])
def test_a_statement_compiles_to_its_right_side(key):
    statement = catalogue[key]
    names = [quantity.name for quantity in statement.arguments]
    inside = {"samples": 300.0, "bits": 40.0, "accuracy": 0.9, "pairs": 900.0}
    values = [inside[name] for name in names]
    expected = statement(**dict(zip(names, values, strict=True)))
    assert compile(statement)(*values) == expected
    symbols = [quantity.symbol for quantity in statement.arguments]
    assert compile(statement, symbols[::-1])(*values[::-1]) == expected


def test_several_expressions_come_back_together():
    product, exponential, one = compile((X * Y, sympy.exp(X * Y), sympy.Integer(1)), [X, Y])([1.0, 2.0], 3.0)
    np.testing.assert_array_equal(product, [3, 6])
    np.testing.assert_allclose(exponential, np.exp([3, 6]), rtol=1e-15)
    np.testing.assert_array_equal(one, [1, 1])
    assert compile([], [X])(1.0) == ()


def test_the_result_is_a_new_array():
    x = np.ones(3)
    value = compile(X, [X])(x)
    value[0] = 5
    assert x[0] == 1


def test_the_same_expression_is_compiled_once():
    assert compile(X * Y + 1, [X, Y]) is compile(1 + Y * X, [X, Y])
    assert compile((X, Y), [X, Y]) is compile([X, Y], [X, Y])


@given(st.floats(0, 0.999))
def test_elliptic_integrals(parameter):
    first, second = compile((sympy.elliptic_k(X), sympy.elliptic_e(X)), [X])(parameter)
    assert float(first) == pytest.approx(float(mpmath.ellipk(parameter)), rel=1e-14)
    assert float(second) == pytest.approx(float(mpmath.ellipe(parameter)), rel=1e-14)
    incomplete = compile(sympy.elliptic_e(1, X) + sympy.elliptic_f(1, X), [X])(parameter)
    assert float(incomplete) == pytest.approx(
        float(mpmath.ellipe(1, parameter) + mpmath.ellipf(1, parameter)), rel=1e-13
    )


def test_bad_input_is_refused():
    with pytest.raises(InvalidInput, match="backend must be one of numpy, torch; got 'jax'"):
        compile(X, [X], backend="jax")
    with pytest.raises(InvalidInput, match="got none for x, y"):
        compile((X, Y), [])
    with pytest.raises(InvalidInput, match="arguments must be given"):
        compile(X)
    with pytest.raises(InvalidInput, match="expression must be a scalar"):
        compile(sympy.Eq(X, Y), [X, Y])
    with pytest.raises(InvalidInput, match="arguments must have different names; got x twice"):
        compile(X * Y, [X, X, Y])
    with pytest.raises(InvalidInput, match="arguments must be SymPy symbols; got 1"):
        compile(X, [X, 1])
    with pytest.raises(InvalidInput, match="arguments must be a sequence of symbols; got x"):
        compile(X, X)
    with pytest.raises(InvalidInput, match=r"expression must be real and finite; got I\*x"):
        compile(sympy.I * X, [X])
    with pytest.raises(InvalidInput, match="values must be given for x, y; got 1"):
        compile(X * Y, [X, Y])(1.0)
    with pytest.raises(InvalidInput, match="values must be numbers and arrays that broadcast"):
        compile(X * Y, [X, Y])([1, 2], [1, 2, 3])
    with pytest.raises(InvalidInput, match="values must be numbers and arrays that broadcast"):
        compile(X * Y, [X, Y])("one", 2)
    with pytest.raises(InvalidInput, match="SciPy has; it lacks zeta_of_nobody"):
        compile(sympy.Function("zeta_of_nobody")(X), [X])


def test_entries_of_matrices_and_of_sequences_are_arguments():
    matrix, sequence = sympy.MatrixSymbol("A", 2, 2), sympy.IndexedBase("x")
    function = compile(matrix[0, 0] * sequence[1], [matrix[0, 0], sequence[1]])
    assert function(2.0, 3.0) == 6.0
    with pytest.raises(InvalidInput, match="got none for A"):
        compile(matrix[0, 0] * sequence[1], [sequence[1]])
