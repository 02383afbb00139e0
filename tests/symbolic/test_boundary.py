"""Boundaries of planar flows: exact curves, the sides, where each side ends, and what is refused."""

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from geneft_theory import InvalidInput
from geneft_theory.symbolic import Flow, GradientFlow, SignFlow, boundary

a, c, x, y = sympy.symbols("a c x y", real=True)
rate_a, rate_c, k = sympy.symbols("rate_a rate_c k", positive=True)
C = sympy.Symbol("C", real=True)

# Two repons of one class with the centroid on target: the loss is (a c)^2, and c is half their distance; the rate of c
# is half that of the two embeddings together.
PAIR = Flow({a: -2 * rate_a * c**2 * a, c: -rate_c * a**2 * c})
PAIR_INVARIANT = a**2 / (2 * rate_a) - c**2 / rate_c
SIGN = SignFlow((a * c) ** 2, {a: rate_a, c: rate_c})
COLLAPSE = boundary(PAIR, PAIR_INVARIANT)
SIGN_COLLAPSE = boundary(SIGN)
rates = st.floats(1e-3, 1e3)
values = st.floats(1e-3, 1e3) | st.floats(-1e3, -1e-3)


def same(one, other):
    return sympy.simplify(one - other) == 0


@pytest.mark.parametrize("invariant", [None, PAIR_INVARIANT])
def test_the_pair(invariant):
    collapse = boundary(PAIR, invariant)
    assert same(collapse.side, PAIR_INVARIANT)
    assert collapse.relation == sympy.Eq(collapse.side, 0, evaluate=False)
    (size,) = collapse.solve(abs(c))
    assert same(size, abs(a) * sympy.sqrt(rate_c / (2 * rate_a)))
    assert {sympy.simplify(root**2 / c**2) for root in collapse.solve(a)} == {2 * rate_a / rate_c}
    assert collapse.solve(rate_a) == [rate_c * a**2 / (2 * c**2)]
    assert collapse.solve(rate_c) == [2 * rate_a * c**2 / a**2]


def test_where_the_pair_ends():
    ends = boundary(PAIR).limits
    assert set(ends[1]) == {(sign * sympy.sqrt(2) * sympy.sqrt(C) * sympy.sqrt(rate_a), 0) for sign in (1, -1)}
    assert set(ends[-1]) == {(0, sign * sympy.sqrt(-C) * sympy.sqrt(rate_c)) for sign in (1, -1)}


@given(st.floats(0.2, 2), st.floats(0.2, 2), rates, rates)
def test_the_pair_ends_where_its_invariant_says(start_a, start_c, eta_decoder, eta_encoder):
    collapse = COLLAPSE
    numbers = {a: start_a, c: start_c, rate_a: eta_decoder, rate_c: eta_encoder}
    side = int(collapse(a=start_a, c=start_c, rate_a=eta_decoder, rate_c=eta_encoder))
    level = float(collapse.conserved.subs(numbers))
    relaxation = 2 * eta_decoder * eta_encoder * abs(level)
    # Within 1 % of the boundary the slowing down would make the integration long.
    if abs(level) < 0.01 * (start_a**2 / (2 * eta_decoder) + start_c**2 / eta_encoder):
        return
    solution = solve_ivp(
        lambda _, state: (-2 * eta_decoder * state[1] ** 2 * state[0], -eta_encoder * state[0] ** 2 * state[1]),
        (0, 40 / relaxation),
        (start_a, start_c),
        rtol=1e-9,
        atol=1e-12,
        method="LSODA",
    )
    ends = [[float(coordinate.subs({**numbers, C: level})) for coordinate in end] for end in collapse.limits[side]]
    assert min(np.abs(np.subtract(end, solution.y[:, -1])).max() for end in ends) < 1e-5


@pytest.mark.parametrize("invariant", [None, abs(a) / rate_a - abs(c) / rate_c])
def test_the_sign_flow_comes_out_of_the_same_door(invariant):
    collapse = boundary(SIGN, invariant)
    assert same(collapse.side, abs(a) / rate_a - abs(c) / rate_c)
    assert collapse.solve(abs(c)) == [rate_c * abs(a) / rate_a]
    assert set(collapse.solve(c)) == {rate_c * abs(a) / rate_a, -rate_c * abs(a) / rate_a}
    assert set(collapse.limits[1]) == {(C * rate_a, 0), (-C * rate_a, 0)}
    assert set(collapse.limits[-1]) == {(0, C * rate_c), (0, -C * rate_c)}


def test_equal_relative_weight_decay_leaves_the_curve_where_it_was():
    decayed = Flow({a: -2 * rate_a * c**2 * a - k * a, c: -rate_c * a**2 * c - k * c})
    collapse = boundary(decayed)
    assert same(collapse.side, PAIR_INVARIANT * 2 * rate_a * rate_c)
    assert same(decayed.rate_of_change(PAIR_INVARIANT), -2 * k * PAIR_INVARIANT)
    assert collapse.limits == {1: ((0, 0),), -1: ((0, 0),)}
    assert collapse.conserved is None


@pytest.mark.parametrize("invariant", [None, 3 * x * y - x**3])
@pytest.mark.parametrize("degree", [1, 2, 3])
def test_only_what_ends_in_the_saddle_separates(invariant, degree):
    # The unstable manifold y = x^2/3 is on the same level of x y - x^3/3, but no fates change there.
    side = boundary(Flow({x: x, y: -y + x**2}), invariant, degree).side
    assert side == x


@pytest.mark.parametrize("rate", [1, sympy.Rational(3, 2), k])
def test_a_curved_stable_manifold(rate):
    flow = Flow({x: -rate * x, y: y + x**2})
    (curve,) = boundary(flow, degree=2).solve(y)
    assert same(curve, -(x**2) / (1 + 2 * rate))
    with pytest.raises(InvalidInput, match=r"raise degree, or use geneft_theory\.symbolic\.separatrix"):
        boundary(flow, degree=1)


def test_a_double_well():
    flow = GradientFlow((x**2 - 1) ** 2 / 4 + y**2 / 2, {x: rate_a, y: rate_c})
    wells = boundary(flow)
    assert wells.side == x
    assert wells.point == {x: 0, y: 0}
    assert wells.limits == {1: ((1, 0),), -1: ((-1, 0),)}


def test_a_skewed_double_well():
    # Both wells lie on a slanted line; the ridge between them is the other one.
    along, across = x + 2 * y, 2 * x - y
    flow = GradientFlow((along**2 - 5) ** 2 / 20 + across**2 / 2, {x: 1, y: 1})
    wells = boundary(flow)
    assert wells.side == along
    assert wells.limits == {
        1: ((1 / sympy.sqrt(5), 2 / sympy.sqrt(5)),),
        -1: ((-1 / sympy.sqrt(5), -2 / sympy.sqrt(5)),),
    }


def test_a_line_of_minima_with_two_branches():
    # The scalar two-layer network (a c - 1)^2/2 ends with a and c of one sign. Of the two lines on which its invariant
    # vanishes only one ends in the saddle at 0; along the other one leaves it.
    flow = GradientFlow((a * c - 1) ** 2 / 2, {a: rate_a, c: rate_c})
    branch = boundary(flow)
    assert same(branch.side, a * sympy.sqrt(rate_c) + c * sympy.sqrt(rate_a))
    assert branch.solve(c) == [-a * sympy.sqrt(rate_c) / sympy.sqrt(rate_a)]
    assert branch.limits == {1: ((1 / abs(c), abs(c)),), -1: ((-1 / abs(c), -abs(c)),)}
    assert same(branch.conserved, a**2 / rate_a - c**2 / rate_c)


@pytest.mark.parametrize(
    "loss", [sympy.log(1 + sympy.exp(-a * c)), sympy.exp(-a * c), (sympy.tanh(a * c) - 1) ** 2, (a * c - 1) ** 4]
)
def test_losses_that_want_one_sign_of_the_product(loss):
    smooth = boundary(GradientFlow(loss, {a: rate_a, c: rate_c}))
    assert smooth.complete
    assert smooth.solve(c) == [-a * sympy.sqrt(rate_c) / sympy.sqrt(rate_a)]
    signed = boundary(SignFlow(loss, {a: rate_a, c: rate_c}))
    assert signed.complete
    assert signed.solve(c) == [-a * rate_c / rate_a]


@pytest.mark.parametrize("loss", [(a * c) ** 4, sympy.tanh(a * c) ** 2, sympy.log(1 + (a * c) ** 2)])
def test_losses_of_the_product_alone_share_the_boundary_of_the_pair(loss):
    collapse = boundary(GradientFlow(loss, {a: rate_a, c: rate_c}))
    assert collapse.solve(abs(c)) == [sympy.sqrt(rate_c) * abs(a) / sympy.sqrt(rate_a)]
    assert {sign: len(ends) for sign, ends in collapse.limits.items()} == {1: 2, -1: 2}


@pytest.mark.parametrize("kind", [GradientFlow, SignFlow])
def test_rates_are_positive_whether_declared_or_not(kind):
    one, other = sympy.symbols("one other")
    plain = boundary(kind((a * c) ** 2, {a: one, c: 2 * other}))
    known = boundary(kind((a * c) ** 2, {a: rate_a, c: 2 * rate_c}))
    names = {rate_a: one, rate_c: other}
    assert plain.rates == (one, other)
    assert plain.side == known.side.xreplace(names)
    assert plain.limits == {
        side: tuple((x.xreplace(names), y.xreplace(names)) for x, y in ends) for side, ends in known.limits.items()
    }
    assert plain.solve(other) == [solution.xreplace(names) for solution in known.solve(rate_c)]
    np.testing.assert_array_equal(plain.curve(a=1.0, one=2.0, other=3.0), known.curve(a=1.0, rate_a=2.0, rate_c=3.0))
    with pytest.raises(InvalidInput, match=r"one must lie in \(0, inf\)"):
        plain(a=1, c=1, one=-1, other=1)


def test_numbers_may_be_floating_point():
    # 0 and 0.0 are no two points.
    assert boundary(GradientFlow((a * c**3) ** 2, {a: 0.1, c: 0.3})).side == 9 * a**2 - c**2
    assert boundary(GradientFlow((a * c) ** 2, {a: 0.1, c: 0.3}), a**2 / 0.1 - c**2 / 0.3).solve(abs(c)) == [
        sympy.sqrt(3) * abs(a)
    ]


@pytest.mark.parametrize("invariant", [None, PAIR_INVARIANT, -PAIR_INVARIANT])
def test_the_positive_side_may_be_chosen(invariant):
    for place, sign in (({a: 1, c: 0}, 1), ({"a": 0, "c": rate_a}, -1)):
        chosen = boundary(PAIR, invariant, positive=place)
        assert same(abs(chosen.side), abs(PAIR_INVARIANT))
        assert chosen(a=[1.0, 0.0], c=[0.0, 1.0], rate_a=1, rate_c=1).tolist() == [sign, -sign]
        assert all(end[0] == 0 for end in chosen.limits[-sign])
    swapped = Flow(dict(reversed(PAIR.equations_of_motion.items())))
    assert same(boundary(swapped).side, -PAIR_INVARIANT)
    assert same(boundary(swapped, positive={a: 1, c: 0}).side, PAIR_INVARIANT)


def test_lines_that_attract_from_one_side_are_limits_too():
    # The loss a^2 c^3 falls to 0 from c > 0 and to minus infinity on the other side.
    half = boundary(GradientFlow(a**2 * c**3, {a: rate_a, c: rate_c}))
    assert set(half.limits[1]) == {(sign * sympy.sqrt(2) * sympy.sqrt(C) * sympy.sqrt(rate_a), 0) for sign in (1, -1)}
    assert half.limits[-1] == ((0, sympy.sqrt(3) * sympy.sqrt(rate_c) * sympy.sqrt(-C)),)
    start = (1.0, 0.3)
    level = float(half.conserved.subs({a: start[0], c: start[1], rate_a: 1, rate_c: 1}))
    end = solve_ivp(
        lambda _, state: (-2 * state[0] * state[1] ** 3, -3 * state[0] ** 2 * state[1] ** 2),
        (0, 1e5),
        start,
        method="LSODA",
    ).y[:, -1]
    np.testing.assert_allclose(end, (np.sqrt(2 * level), 0), atol=1e-3)


def test_solve_takes_names():
    for name, symbol in (("rate_a", rate_a), ("c", c), (sympy.Symbol("rate_c"), rate_c)):
        assert COLLAPSE.solve(name) == COLLAPSE.solve(symbol)
    assert COLLAPSE.solve(abs(sympy.Symbol("c"))) == COLLAPSE.solve(abs(c))


@pytest.mark.parametrize("kind", [GradientFlow, SignFlow])
def test_a_saddle_that_only_repels_divides_nothing(kind):
    # |a c| grows towards 1 from everywhere near 0.
    with pytest.raises(InvalidInput, match="flow must have a saddle"):
        boundary(kind((a**2 * c**2 - 1) ** 2, {a: rate_a, c: rate_c}))


def test_a_sign_flow_in_a_double_well():
    wells = boundary(SignFlow((x**2 - 1) ** 2 / 4 + y**2 / 2, {x: rate_a, y: rate_c}))
    assert wells.side == x
    assert wells.limits == {1: ((1, 0),), -1: ((-1, 0),)}


def test_a_line_of_fixed_points_is_no_boundary():
    with pytest.raises(InvalidInput, match="flow must have a saddle"):
        boundary(SignFlow(a**2 * (c - 1) ** 2, {a: rate_a, c: rate_c}))


def test_a_curve_on_which_orbits_leave_says_so():
    # For a > 0 both orbits on the level set of 0 come out of the origin, on the way to a c^2 = 1.
    mixed = boundary(GradientFlow((a * c**2 - 1) ** 2, {a: rate_a, c: rate_c}))
    assert not mixed.complete
    assert COLLAPSE.complete


def test_a_cusp():
    cusp = boundary(Flow({x: y, y: x**2}), y**2 / 2 - x**3 / 3)
    assert cusp.point == {x: 0, y: 0}
    assert not cusp.complete
    assert len(cusp.solve(x)) == 1
    np.testing.assert_allclose(cusp.curve(x=[-1.0, 0.0, 1.5]), [[np.nan, 0, -1.5], [np.nan, 0, 1.5]])


@pytest.mark.parametrize("invariant", [None, y**2 / 2 - x**2 / 2 + x**3 / 3])
def test_a_loop_through_a_saddle(invariant):
    loop = boundary(Flow({x: y, y: x - x**2}), invariant, degree=3)
    assert loop.point == {x: 0, y: 0}
    np.testing.assert_allclose(loop.curve(y=0.0), [0, 0, 1.5], atol=1e-8)


def test_one_of_several_boundaries_is_chosen():
    flow = Flow({x: x * (1 - x**2) * (x**2 - 4), y: -y})
    with pytest.raises(InvalidInput, match=r"through must choose one of several boundaries, .*x: -1.*x: 1"):
        boundary(flow)
    assert boundary(flow, through={x: 1, y: 0}).side == x - 1
    assert boundary(flow, through={x: -1, y: 0}).side == x + 1


def test_symbols_need_not_be_declared_real():
    u, v = sympy.symbols("u v")
    collapse = boundary(Flow({u: -2 * u * v**2, v: -v * u**2}))
    assert same(collapse.side, u**2 - 2 * v**2)
    assert set(collapse.solve(u)) == {sympy.sqrt(2) * v, -sympy.sqrt(2) * v}
    assert collapse(u=[2.0, 1.0], v=1.0).tolist() == [1, -1]
    assert boundary(Flow({u: u - u**3, v: -v}), through={u: 0, v: 0}).side == u
    with pytest.raises(InvalidInput, match=r"through its singular points \[{u: 0, v: 0}\]"):
        boundary(Flow({u: -u, v: -v}))


@given(rates, rates, st.floats(0.01, 100), values)
def test_rescaling_all_rates_leaves_the_boundary_as_it_is(eta_decoder, eta_encoder, factor, value):
    for collapse in (COLLAPSE, SIGN_COLLAPSE):
        scaled = {"rate_a": factor * eta_decoder, "rate_c": factor * eta_encoder}
        before = collapse.curve(a=value, rate_a=eta_decoder, rate_c=eta_encoder)
        np.testing.assert_allclose(collapse.curve(a=value, **scaled), before, rtol=1e-9)
        # A millionth off the curve on either side, so that rounding does not decide.
        close = before.max() * np.array([1 - 1e-6, 1 + 1e-6])
        np.testing.assert_array_equal(collapse(a=value, c=close, **scaled), [1, -1])


@given(rates, rates, st.lists(values | st.just(0.0), min_size=1, max_size=5))
def test_points_of_the_curve_lie_on_it(eta_decoder, eta_encoder, several):
    curve = COLLAPSE.curve(a=several, rate_a=eta_decoder, rate_c=eta_encoder)
    assert curve.shape == (2, len(several))
    slope = np.sqrt(eta_encoder / (2 * eta_decoder))
    np.testing.assert_allclose(curve, np.array([[-1], [1]]) * slope * np.abs(several), rtol=1e-12)


def test_sides_and_curves_broadcast():
    collapse = COLLAPSE
    assert collapse(a=np.ones((3, 1)), c=np.zeros(4), rate_a=1.0, rate_c=np.ones((2, 1, 1))).shape == (2, 3, 4)
    assert collapse.curve(c=np.ones((3, 1)), rate_a=np.ones(4), rate_c=1.0).shape == (2, 3, 4)
    assert collapse(a=1.0, c=0.0, rate_a=1.0, rate_c=1.0).dtype == np.int8


def test_latex():
    collapse = boundary(PAIR)
    assert collapse.latex().endswith("= 0")
    assert "rate_{a}" in collapse._repr_latex_()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: boundary(PAIR_INVARIANT), "flow must be a Flow"),
        (lambda: boundary(Flow({a: -a})), "flow must have exactly 2 variables; got 1: a"),
        (lambda: boundary(Flow({a: -a, c: -c, x: x})), "flow must have exactly 2 variables; got 3: a, c, x"),
        (lambda: boundary(Flow({a: sympy.S.Zero, c: sympy.S.Zero})), "flow must move"),
        (lambda: boundary(PAIR, a**2 - c**2), "invariant must be conserved; .* changes at rate"),
        (lambda: boundary(PAIR, rate_a), "invariant must depend on the variables"),
        (lambda: boundary(PAIR, degree=0), "degree must be an integer >= 1"),
        (lambda: boundary(PAIR, through={a: 1, c: 1}), "through must be a fixed point"),
        (lambda: boundary(PAIR, through={a: 1}), "through must give a value for a and c"),
        (lambda: boundary(Flow({x: y, y: -x})), "flow must have a saddle"),
        (lambda: boundary(Flow({x: -x, y: -2 * y})), "flow must have a saddle"),
        (lambda: boundary(Flow({x: -x, y: -y})), "flow must have a saddle"),
        (
            lambda: boundary(Flow({x: sympy.Symbol("q") * x, y: -y})),
            "flow must have parameters that tell whether .* is a saddle",
        ),
        (lambda: COLLAPSE.solve(x), "target must be one of a, c, rate_a, rate_c or its absolute value; got x"),
        (lambda: COLLAPSE.solve("eta"), "target must be one of a, c, rate_a, rate_c or its absolute value; got 'eta'"),
        (lambda: COLLAPSE.solve(None), "target must be one of"),
        (lambda: COLLAPSE.solve([a]), "target must be one of"),
        (lambda: boundary(PAIR, "a**2"), "invariant must be a SymPy expression"),
        (lambda: boundary(PAIR, sympy.Matrix([a])), "invariant must be a scalar expression"),
        (lambda: boundary(PAIR, sympy.Eq(a, c)), "invariant must be a SymPy expression"),
        (lambda: boundary(PAIR, through=[0, 0]), "through must give a value for a and c"),
        (lambda: boundary(PAIR, through={a: "0", c: 0}), "through must be a SymPy expression"),
        (lambda: boundary(PAIR, through={a: sympy.oo, c: 0}), "through must be finite"),
        (lambda: boundary(PAIR, through={a: c, c: 0}), "through must be finite, real and without variables"),
        (lambda: boundary(PAIR, positive=a), "positive must give a value for a and c"),
        (lambda: boundary(PAIR, positive={a: 0, c: 0}), "positive must be a point off the boundary .* on the boundary"),
        (lambda: boundary(PAIR, positive={a: 1, c: 1}), "positive must be .* on a side that depends on the parameters"),
        (lambda: boundary(Flow({a: sympy.Piecewise((a, a > 0), (-a, True)), c: -c})), "flow must not have pieces"),
        (lambda: COLLAPSE(a=1, c=1), "values must be given for a, c, rate_a, rate_c; got a, c"),
        (lambda: COLLAPSE(a=1, c=1, rate_a=0, rate_c=1), r"rate_a must lie in \(0, inf\); got 0"),
        (lambda: COLLAPSE.curve(rate_a=1, rate_c=1), "values must leave out one of a, c"),
        (lambda: COLLAPSE.curve(a=1, c=1, rate_a=1, rate_c=1), "values must leave out one of a, c"),
    ],
)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()


def test_a_regular_point_of_a_line_of_fixed_points_is_no_place_for_a_boundary():
    a, c = sympy.symbols("a c", real=True)
    flow = Flow({a: -2 * a * c**2, c: -c * a**2})
    with pytest.raises(InvalidInput, match="through must be a point where fates can change"):
        boundary(flow, through={a: 1, c: 0})
    assert boundary(flow, through={a: 0, c: 0}).side == boundary(flow).side


def test_rates_stay_rates_on_an_invariant_set_in_new_coordinates():
    first, second, decoder, bias, slow, fast, middle, half = sympy.symbols("x1 x2 a b slow fast m c")
    loss = (decoder * first + bias) ** 2 / 2 + (decoder * second + bias) ** 2 / 2
    flow = GradientFlow(loss, {decoder: fast, first: slow, second: slow, bias: fast})
    moved = flow.transform({first: middle + half, second: middle - half})
    pair = moved.restrict({middle: 0, bias: 0})
    assert pair.learning_rates == (fast, slow, slow, fast)
    curve = boundary(pair)
    assert curve.side == decoder**2 / (2 * fast) - half**2 / slow
    assert set(curve.rates) == {slow, fast}
