"""Which expressions are zero: the decision on which every search for invariants rests."""

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy import Abs, Heaviside, I, Max, Min, Rational, cos, cosh, exp, log, root, sign, sin, sqrt, symbols, tan, tanh

from geneft_theory.errors import InvalidInput
from geneft_theory.symbolic.elimination import PRIME, Elimination
from geneft_theory.symbolic.kernels import signs
from geneft_theory.symbolic.rational import polynomial_system, vanishes

x, y, z = symbols("x y z", real=True)
k, n = symbols("k n")
eta = symbols("eta", positive=True)
i, N = symbols("i N", integer=True, positive=True)
t = sympy.IndexedBase("t")

ZEROS = [
    (x + y) ** 3 - x**3 - 3 * x * y * (x + y) - y**3,
    1 / x - y / (x * y),
    1 / (x - y) - 1 / x - y / (x * (x - y)),
    tanh(x) - (1 - exp(-2 * x)) / (1 + exp(-2 * x)),
    cosh(x / 2) ** 2 - (cosh(x) + 1) / 2,
    exp(x - 1) * sympy.E - exp(x),
    exp(x + y / 2) ** 2 - exp(2 * x) * exp(y),
    sin(x) ** 2 + cos(x) ** 2 - 1,
    tan(x) ** 2 + 1 - 1 / cos(x) ** 2,
    1 / sqrt(1 + x**2) - sqrt(1 + x**2) / (1 + x**2),
    root(1 + x**2, 3) ** 2 * root(1 + x**2, 6) ** 2 - 1 - x**2,
    (x + sqrt(1 + tanh(x) ** 2)) ** 2 - x**2 - 2 * x * sqrt(1 + tanh(x) ** 2) - tanh(x) ** 2 - 1,
    (x + sqrt(2 / tan(x) - tanh(y))) ** 2 - x**2 - 2 * x * sqrt(2 / tan(x) - tanh(y)) - 2 / tan(x) + tanh(y),
    (x + exp(1 / (2 + 2 * x**2))) ** 2 - x**2 - 2 * x * exp(1 / (2 + 2 * x**2)) - exp(1 / (1 + x**2)),
    sqrt(1 + sqrt(1 + x**2)) ** 4 - 2 - x**2 - 2 * sqrt(1 + x**2),
    (1 + sqrt(2)) * (1 - sqrt(2)) + 1,
    (1 + I * x) * (1 - I * x) - 1 - x**2,
    sqrt(eta) * (sqrt(eta) + 1) - eta - sqrt(eta),
    x**k * x - x ** (k + 1),
    2 ** (x + n) - 2**x * 2**n,
    Abs(x) * Abs(y) - Abs(x * y),
    sign(x * y**2 + x**3) - sign(x),
    Max(x, y) + Min(x, y) - x - y,
    Max(0, x) * Heaviside(-x),
    Max(0, x) - x * Heaviside(x),
    0.1 * x - x / 10,
    log(1 + exp(x)) / 2 - log(1 + exp(x)) * Rational(1, 2),
    sympy.Sum(x * t[i] + y, (i, 1, N)) - x * sympy.Sum(t[i], (i, 1, N)) - N * y,
]


@pytest.mark.parametrize("zero", ZEROS)
def test_zeros_are_recognised_and_what_is_near_is_not(zero):
    assert vanishes(zero)
    assert not vanishes(zero + Rational(1, 10**9))
    assert not vanishes(zero + k * 10**-9)


expressions = st.recursive(
    st.sampled_from([x, y, eta, sympy.Integer(2), Rational(-1, 3)]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(sum),
        st.tuples(inner, inner).map(lambda pair: pair[0] * pair[1]),
        inner.map(lambda own: 1 / (1 + own**2)),
        inner.map(lambda own: exp(own / 2)),
        inner.map(tanh),
        inner.map(sin),
        inner.map(lambda own: sqrt(1 + own**2)),
    ),
    max_leaves=4,
)


@given(expressions, expressions)
def test_the_decision_agrees_with_numbers(first, second):
    assert vanishes((first + second) ** 2 - sympy.expand((first + second) ** 2))
    assert vanishes(first / (1 + second**2) * (1 + second**2) - first)
    difference = first - second
    points = [{x: 0.3, y: -1.2, eta: 0.7}, {x: -2.1, y: 0.4, eta: 1.9}]
    numbers = [abs(complex(difference.subs(point))) for point in points]
    assert vanishes(difference) == (max(numbers) < 1e-12)


def test_a_polynomial_system_has_one_common_denominator():
    system = polynomial_system([x / (1 + y), 1 / (k * y)], [x, y])
    numerators = [own.as_expr(*system.meaning) for own in system.numerators]
    assert sympy.simplify(numerators[0] / numerators[1] - k * x * y / (1 + y)) == 0
    assert (system.kernels, system.variables) == (0, 2)


def test_the_sign_of_a_product_is_the_product_of_signs():
    assert vanishes(signs(-2 * x**3 * y + eta * x**2 * y) - sign(y) * sign(eta - 2 * x))
    assert signs(sympy.Integer(-3)) == -1


@pytest.mark.parametrize("expression", [sympy.zoo * x, sympy.nan, 1 / (exp(x) ** 2 - exp(2 * x)), 1 / sympy.S(0)])
def test_what_is_not_finite_is_refused(expression):
    with pytest.raises(InvalidInput, match="expression must be finite"):
        vanishes(expression)


@given(st.lists(st.lists(st.integers(-3, 3), min_size=4, max_size=4), min_size=1, max_size=6))
def test_elimination_finds_rank_and_relations(rows):
    columns = [dict(enumerate(row)) for row in rows]
    seen = Elimination()
    relations = [seen.add(place, column) for place, column in enumerate(columns)]
    assert sum(own is None for own in relations) == sympy.Matrix(rows).rank() == len(seen.pivots)
    for place, relation in enumerate(relations):
        if relation is not None:
            assert relation[place] == 1
            assert max(relation) == place
            for row in range(4):
                assert sum(own * columns[name][row] for name, own in relation.items()) % PRIME == 0
