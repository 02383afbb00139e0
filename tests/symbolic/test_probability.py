"""The probability of a side: closed form, quadrature and simulation say the same."""

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from geneft_theory import InvalidInput
from geneft_theory.symbolic import Flow, Gaussian, GradientFlow, SignFlow, boundary, probability
from geneft_theory.symbolic.boundary import Boundary
from geneft_theory.symbolic.probability import Probability

a, c = sympy.symbols("a c", real=True)
rate_a, rate_c, sigma_a, sigma_c, k = sympy.symbols("rate_a rate_c sigma_a sigma_c k", positive=True)
mu_a, mu_c = sympy.symbols("mu_a mu_c", real=True)
PAIR = boundary(Flow({a: -2 * rate_a * c**2 * a, c: -rate_c * a**2 * c}))
SIGN = boundary(SignFlow((a * c) ** 2, {a: rate_a, c: rate_c}))
CENTRED = {a: Gaussian(0, sigma_a), c: Gaussian(0, sigma_c)}
SHIFTED = {a: Gaussian(mu_a, sigma_a), c: Gaussian(mu_c, sigma_c)}
PAIR_SHIFTED = probability(PAIR, SHIFTED)
SWAPPED = probability(boundary(Flow({c: -rate_c * a**2 * c, a: -2 * rate_a * c**2 * a})), SHIFTED)
LAWS = [probability(PAIR, CENTRED), probability(SIGN, CENTRED)]
UNIT = {a: Gaussian(0, 1), c: Gaussian(0, 1)}
DRAWS = 200_000


def with_side(side):
    """Return a boundary that is given by its equation alone."""
    return Boundary((a, c), sympy.sympify(side), {a: 0, c: 0}, {1: (), -1: ()})


HOMOGENEOUS = [
    PAIR.side,
    SIGN.side,
    a * sympy.sqrt(rate_c) + c,
    a * abs(c) - c**2,
    a * c * (a - k * c),
    a**4 - 5 * a**2 * c**2 + 4 * c**4,
    a**3 - 3 * a * c**2 + c**3,
    (a - c) ** 2 * (a + k * c),
    a**2 + c**2,
]
GENERAL = [
    *HOMOGENEOUS,
    a * c - 1,
    c**2 / 2 - a**3 / 3,
    c**2 / 2 - a**2 / 2 + a**3 / 3,
    a**2 - k * a * c - c**2,
    1 / a - c,
    abs(a) - c**2 + k * abs(c),
    (a**2 + c**2) ** 2 - k * (a**2 - c**2),
]


def random_parameters(law, count, seed, spread=1.0):
    generator = np.random.default_rng(seed)
    return {
        str(symbol): 10 ** generator.uniform(-spread, spread, count)
        if symbol.is_positive
        else generator.uniform(-2, 2, count)
        for symbol in law.parameters
    }


def simulated(law, values, generator):
    """Return the share of random starts that lie on the positive side."""
    numbers = {symbol: float(values[str(symbol)]) for symbol in law.parameters}
    starts = {}
    for variable, prior in zip(law.boundary.variables, law.priors, strict=True):
        mean, sigma = (float(term.subs(numbers)) for term in (prior.mean, prior.standard_deviation))
        starts[str(variable)] = generator.normal(mean, sigma, DRAWS)
    own = {str(symbol): numbers[symbol] for symbol in law.boundary.parameters}
    return float(np.mean(law.boundary(**starts, **own) > 0))


def test_the_arctangent_law():
    law = probability(PAIR, CENTRED)
    rho = sigma_a / sigma_c * sympy.sqrt(rate_c / (2 * rate_a))
    assert sympy.simplify(law.expression - 2 / sympy.pi * sympy.atan(rho)) == 0
    assert law.method == "closed form"
    # Equal standard deviations and rates, to the digits of an independent table.
    value, error = law.evaluate(rate_a=[0.01, 0.1, 1, 3, 10], rate_c=1, sigma_a=1, sigma_c=1)
    np.testing.assert_allclose(value, [0.9106, 0.7323, 0.3918, 0.2468, 0.1400], atol=5e-5)
    assert np.all(error == 0)


def test_the_law_of_the_sign_flow():
    law = probability(SIGN, CENTRED)
    rho = sigma_a / sigma_c * rate_c / rate_a
    assert sympy.simplify(law.expression - 2 / sympy.pi * sympy.atan(rho)) == 0


def test_one_repon_against_a_cluster():
    # With s = 2 c the distance of one repon from N others, whose decoder moves N/(N + 1) as fast.
    number = sympy.Symbol("N", positive=True)
    flow = Flow({a: -rate_a * number / (number + 1) * a * c**2, c: -rate_c * a**2 * c})
    law = probability(boundary(flow), {a: Gaussian(0, sigma_a), c: Gaussian(0, 2 * sigma_c)})
    rho = sigma_a / sigma_c * sympy.sqrt(rate_c * (1 + 1 / number) / (4 * rate_a))
    assert sympy.simplify((sympy.tan(law.expression * sympy.pi / 2) / rho) ** 2) == 1


@pytest.mark.parametrize(
    ("side", "expected"),
    [
        (a + c, sympy.Rational(1, 2)),
        (a**2 + c**2, 1),
        (-(a**2) - c**2, 0),
        (a**4 - 5 * a**2 * c**2 + 4 * c**4, 1 - 2 / sympy.pi * (sympy.atan(k) - sympy.atan(k / 2))),
        (a * abs(c) - c**2, sympy.atan(k) / sympy.pi),
        (a * abs(c) - c * abs(c) / k, sympy.Rational(1, 2)),
        ((a - c) ** 2 * (a + c), sympy.Rational(1, 2)),
    ],
)
def test_closed_forms_with_any_number_of_roots(side, expected):
    law = probability(with_side(side), {a: Gaussian(0, k), c: Gaussian(0, 1)})
    assert sympy.simplify(law.expression - expected) == 0


@pytest.mark.parametrize("side", HOMOGENEOUS)
def test_quadrature_agrees_with_the_closed_form(side):
    law = probability(with_side(side), CENTRED)
    assert law.method == "closed form"
    values = random_parameters(law, 20, seed=1, spread=3)
    exact, _ = law.evaluate(**values)
    integral, error = Probability(law.boundary, law.priors, None).evaluate(**values)
    assert np.all(error < 1e-9)
    np.testing.assert_allclose(integral, exact, atol=1e-9, rtol=0)


@pytest.mark.parametrize("side", GENERAL)
def test_theory_agrees_with_simulation(side):
    for number, priors in enumerate((CENTRED, SHIFTED)):
        law = probability(with_side(side), priors)
        values = random_parameters(law, 4, seed=10 + number)
        theory, error = law.evaluate(**values)
        assert np.all(error < 1e-9)
        generator = np.random.default_rng(20 + number)
        for index in range(4):
            share = simulated(law, {name: value[index] for name, value in values.items()}, generator)
            # A law of 0 or 1 leaves no room for chance; otherwise at most 4 standard errors, and a count of 4.
            deviation = np.sqrt(theory[index] * (1 - theory[index]) / DRAWS)
            assert abs(share - theory[index]) <= 4 * max(deviation, 1 / DRAWS)


TRANSCENDENTAL = [
    a**2 - sympy.sinh(c) ** 2,
    sympy.log(a**2) - c,
    abs(a) ** sympy.Rational(3, 2) - c,
    (a - sympy.tanh(c)) ** 2 * (a + k * c),
    abs(a - c) - k,
    sympy.tanh(a) - k * sympy.tanh(c) ** 2,
    sympy.exp(a) - c * sympy.exp(c) - k,
    sympy.sqrt(a**2 + c**2) - k,
    abs(a) ** sympy.Rational(3, 2) - k * sympy.cbrt(abs(c)),
    sympy.Max(a, c) - k,
]


@pytest.mark.parametrize("side", TRANSCENDENTAL)
def test_theory_agrees_with_simulation_where_no_formula_gives_the_roots(side):
    for number, mean in enumerate((0, sympy.Rational(7, 10))):
        law = probability(with_side(side), {a: Gaussian(mean, 1.3), c: Gaussian(-mean, 0.8)})
        assert law.method == "quadrature"
        values = {"k": np.array([0.3, 1.2])} if law.parameters else {}
        theory, error = map(np.atleast_1d, law.evaluate(**values))
        assert np.all(error < 1e-8)
        generator = np.random.default_rng(40 + number)
        for index in range(len(theory)):
            share = simulated(law, {name: value[index] for name, value in values.items()}, generator)
            # At most 4 standard errors, and a count of 4.
            deviation = np.sqrt(theory[index] * (1 - theory[index]) / DRAWS)
            assert abs(share - theory[index]) <= 4 * max(deviation, 1 / DRAWS)


@pytest.mark.parametrize(
    ("side", "polynomial"),
    [
        (sympy.tanh(a**2 - k * a * c - c**2), a**2 - k * a * c - c**2),
        (sympy.exp(a * c) - sympy.E, a * c - 1),
        (sympy.atan(a**2 + c**2 - k), a**2 + c**2 - k),
        (sympy.sinh(abs(a) - c**2 + k * abs(c)), abs(a) - c**2 + k * abs(c)),
    ],
)
def test_searched_roots_agree_with_exact_ones(side, polynomial):
    values = {"k": [0.02, 0.5, 3.0]}
    priors = {a: Gaussian(0.4, 1), c: Gaussian(-0.2, k)}
    exact, _ = probability(with_side(polynomial), priors).evaluate(**values)
    searched, error = probability(with_side(side), priors).evaluate(**values)
    assert np.all(np.abs(searched - exact) <= 1e-9 + error)
    assert np.all(error < 1e-7)


def test_what_the_grid_cannot_see_is_in_the_error():
    # The waves are about as long as the gaps of the grid. Half of the plane is positive, and the error admits a guess.
    law = probability(with_side(sympy.sin(700 * c + sympy.tanh(a))), {a: Gaussian(0.7, 0.1), c: Gaussian(0, 0.1)})
    value, error = law.evaluate()
    assert error > 1e-3
    assert abs(value - 0.5) < error


def test_a_nonlinear_decoder_from_loss_to_probability():
    flow = GradientFlow((a * sympy.tanh(c)) ** 2, {a: rate_a, c: rate_c})
    collapse = boundary(flow, invariant=a**2 / rate_a - sympy.sinh(c) ** 2 / rate_c)
    value, error = probability(collapse, UNIT).evaluate(rate_a=[0.5, 1.0], rate_c=1.0)
    # |a| > sqrt(rate_a / rate_c) |sinh c|
    for index, ratio in enumerate([0.5, 1.0]):
        expected, _ = quad(lambda c, r=ratio: 4 * norm.pdf(c) * norm.sf(np.sqrt(r) * np.sinh(c)), 0, 12, epsabs=1e-13)
        assert abs(value[index] - expected) < 1e-10 + error[index]


def test_a_line_has_a_closed_form_for_any_means():
    law = probability(with_side(a - k * c - 1), SHIFTED)
    assert law.method == "closed form"
    values = random_parameters(law, 20, seed=5)
    exact, _ = law.evaluate(**values)
    z = (values["mu_a"] - values["k"] * values["mu_c"] - 1) / np.hypot(
        values["sigma_a"], values["k"] * values["sigma_c"]
    )
    np.testing.assert_allclose(exact, norm.cdf(z), rtol=1e-12)
    integral, error = Probability(law.boundary, law.priors, None).evaluate(**values)
    assert np.all(np.abs(integral - exact) < 1e-9 + error)
    centred = probability(with_side(a - k * c), {a: Gaussian(0.0, sigma_a), c: Gaussian(0.0, sigma_c)})
    assert centred.expression == sympy.Rational(1, 2)


def test_undeclared_rates_have_the_closed_form_of_declared_ones():
    one, other = sympy.symbols("one other")
    law = probability(boundary(GradientFlow((a * c) ** 2, {a: one, c: other})), CENTRED)
    assert law.expression == 2 / sympy.pi * sympy.atan(sigma_a * sympy.sqrt(other) / (sigma_c * sympy.sqrt(one)))
    with pytest.raises(InvalidInput, match=r"one must lie in \(0, inf\)"):
        law.evaluate(one=-1, other=1, sigma_a=1, sigma_c=1)


def test_shifted_means_against_an_independent_integral():
    law = PAIR_SHIFTED
    assert law.method == "quadrature"
    assert law.expression is None
    values = random_parameters(law, 6, seed=3)
    computed, error = law.evaluate(**values)
    for index in range(6):
        one = {name: value[index] for name, value in values.items()}
        slope = np.sqrt(2 * one["rate_a"] / one["rate_c"])
        across, along = norm(one["mu_a"], one["sigma_a"]), norm(one["mu_c"], one["sigma_c"])

        def integrand(place, across=across, along=along, slope=slope):
            return along.pdf(place) * (across.sf(slope * abs(place)) + across.cdf(-slope * abs(place)))

        low, high = along.ppf(1e-17), along.isf(1e-17)
        expected, _ = quad(integrand, low, high, points=[0, along.mean()], epsabs=1e-12, epsrel=1e-12, limit=500)
        assert abs(computed[index] - expected) < 1e-9 + error[index]


def test_narrow_priors_are_not_missed():
    law = PAIR_SHIFTED
    sharp = {"rate_a": 0.5, "rate_c": 1.0, "sigma_a": 1e-6, "sigma_c": 1e-6}
    value, _ = law.evaluate(mu_a=[1.0, 1.0, 1.0], mu_c=[1 - 1e-5, 1.0, 1 + 1e-5], **sharp)
    # |a| - |c| is normal with deviation sqrt(2) 1e-6.
    np.testing.assert_allclose(value, norm.cdf(np.array([10, 0, -10]) / np.sqrt(2)), atol=1e-9)


@given(st.floats(0.01, 100), st.floats(0.01, 100), st.floats(0.01, 100), st.floats(0.01, 100), st.floats(0.01, 100))
def test_only_ratios_matter(eta_decoder, eta_encoder, first, second, factor):
    for law in LAWS:
        reference, _ = law.evaluate(rate_a=eta_decoder, rate_c=eta_encoder, sigma_a=first, sigma_c=second)
        rates, _ = law.evaluate(rate_a=factor * eta_decoder, rate_c=factor * eta_encoder, sigma_a=first, sigma_c=second)
        units, _ = law.evaluate(rate_a=eta_decoder, rate_c=eta_encoder, sigma_a=factor * first, sigma_c=factor * second)
        np.testing.assert_allclose([rates, units], reference, rtol=1e-9)
        assert 0 < reference < 1


@given(st.floats(0.01, 100), st.floats(0.1, 10), st.floats(-2, 2), st.floats(-2, 2))
def test_swapping_roles_mirrors_the_probability(ratio, sigma, mean_a, mean_c):
    assert SWAPPED.boundary.variables == (c, a)
    values = {"rate_a": ratio, "rate_c": 1.0, "sigma_a": sigma, "sigma_c": 1.0, "mu_a": mean_a, "mu_c": mean_c}
    one, error = PAIR_SHIFTED.evaluate(**values)
    other, other_error = SWAPPED.evaluate(**values)
    assert abs(one + other - 1) < 1e-10 + error + other_error


def test_shapes_follow_broadcasting():
    for priors in (CENTRED, {a: Gaussian(1, sigma_a), c: Gaussian(0, sigma_c)}):
        law = probability(PAIR, priors)
        value, error = law.evaluate(rate_a=np.ones((3, 1)), rate_c=np.ones(2), sigma_a=1, sigma_c=1)
        assert value.shape == error.shape == (3, 2)
        value, _ = law.evaluate(rate_a=1, rate_c=1, sigma_a=1, sigma_c=1)
        assert value.shape == ()
        value, _ = law.evaluate(rate_a=np.ones(0), rate_c=1, sigma_a=1, sigma_c=1)
        assert value.shape == (0,)
    value, _ = probability(with_side(a * c - 1), {a: Gaussian(0, 1), c: Gaussian(0, 1)}).evaluate()
    assert value.shape == ()


def test_names_may_stand_for_symbols():
    by_name = probability(PAIR, {"a": Gaussian(0, sigma_a), "c": Gaussian(0, sigma_c)})
    assert by_name.expression == probability(PAIR, CENTRED).expression
    assert by_name.latex().startswith(r"P\left(")
    assert r"\operatorname{atan}" in by_name._repr_latex_()
    assert probability(PAIR, SHIFTED).latex().endswith(r"> 0\right)")


UNDECLARED = sympy.Symbol("s")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Gaussian(0, 0), "standard_deviation must be > 0; got 0"),
        (lambda: Gaussian(0, -sigma_a), "standard_deviation must be > 0; got -sigma_a"),
        (lambda: Gaussian(0, float("nan")), "standard_deviation must be a real number"),
        (lambda: Gaussian(sympy.I, 1), "mean must be a real number or expression"),
        (lambda: Gaussian("zero", 1), "mean must be a real number or expression"),
        (lambda: probability(PAIR.side, CENTRED), "boundary must be a Boundary"),
        (lambda: probability(PAIR, {a: Gaussian(0, 1)}), "priors must give a Gaussian for each of a, c"),
        (lambda: probability(PAIR, {a: 1, c: 1}), "priors must give a Gaussian for each of a, c"),
        (lambda: probability(PAIR, [Gaussian(0, 1), Gaussian(0, 1)]), "priors must give a Gaussian for each of a, c"),
        (lambda: probability(PAIR, None), "priors must give a Gaussian for each of a, c"),
        (lambda: probability(PAIR, {a: Gaussian(c, 1), c: Gaussian(0, 1)}), "priors must not depend on a and c"),
        (
            lambda: probability(with_side(sympy.log(a) - sympy.sinh(c) ** 3 + c), UNIT).evaluate(),
            "boundary must have a side that is real wherever the priors reach; .* with probability 0.5",
        ),
        (lambda: probability(with_side(sympy.sqrt(a) - c), UNIT).evaluate(), "boundary must have a side that is real"),
        (lambda: with_side(sympy.log(a) - c)(a=[1.0, -1.0], c=0.0), "values must be such that .* is a real number"),
        (lambda: probability(PAIR, CENTRED).evaluate(rate_a=1), "values must be given for"),
        (
            lambda: probability(PAIR, CENTRED).evaluate(rate_a=1, rate_c=1, sigma_a=0, sigma_c=1),
            r"sigma_a must lie in \(0, inf\); got 0",
        ),
        (
            lambda: probability(PAIR, {a: Gaussian(0, UNDECLARED), c: Gaussian(0, 1)}).evaluate(
                rate_a=1, rate_c=1, s=-1
            ),
            r"standard_deviation of a must lie in \(0, inf\); got -1",
        ),
    ],
)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()
