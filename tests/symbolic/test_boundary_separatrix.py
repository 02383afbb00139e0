"""The separatrix in numbers: against known curves, and against the fates of orbits on either side."""

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad, solve_ivp

from geneft_theory import InvalidInput
from geneft_theory.symbolic import Flow, GradientFlow, SignFlow, boundary, separatrix

x, y = sympy.symbols("x y", real=True)
k = sympy.Symbol("k", positive=True)


BENT = Flow({x: -k * x, y: y + x**2})
BENT_CURVE = boundary(BENT)


@given(st.floats(0.1, 5))
def test_it_follows_a_curved_stable_manifold(rate):
    for branch in separatrix(BENT, (0, 0), {"k": rate}, length=5, points=50):
        np.testing.assert_allclose(branch[:, 1], -(branch[:, 0] ** 2) / (1 + 2 * rate), atol=1e-8)
        exact = BENT_CURVE.curve(x=branch[:, 0], k=rate)
        np.testing.assert_allclose(branch[:, 1], exact[0], atol=1e-8)


def test_it_follows_a_straight_stable_manifold_in_both_directions():
    one, other = separatrix(Flow({x: x, y: -y + x**2}), (0.01, 0.02), length=3, points=4)
    np.testing.assert_allclose(np.abs([one[:, 0], other[:, 0]]), 0, atol=1e-9)
    np.testing.assert_allclose(sorted([one[-1, 1], other[-1, 1]]), [-3, 3], atol=1e-5)
    assert one.shape == other.shape == (4, 2)


def test_points_are_equally_far_apart():
    one, _ = separatrix(Flow({x: -x, y: y + x**2}), (0, 0), length=1, points=1001)
    steps = np.linalg.norm(np.diff(one, axis=0), axis=1)
    np.testing.assert_allclose(steps, 0.001, rtol=2e-3)


def test_a_branch_ends_at_the_fixed_point_it_comes_from():
    # Two wells at (1, 0) and (-1, 0), saddle at 0, sources at (0, 1) and (0, -1).
    flow = Flow({x: x * (1 - x**2 - 3 * y**2), y: -y * (1 - y**2)})
    branches = separatrix(flow, (0, 0), length=50)
    np.testing.assert_allclose(sorted(branch[-1, 1] for branch in branches), [-1, 1], atol=1e-4)


def test_fates_differ_on_the_two_sides_where_no_curve_is_algebraic():
    # A damped particle in a double well: the stable manifold of the hill winds around both wells.
    flow = Flow({x: y, y: x - x**3 - y / 2})
    with pytest.raises(InvalidInput, match="separatrix"):
        boundary(flow)
    one, _ = separatrix(flow, (0, 0), length=4, points=5)
    for place, before in zip(one[2:], one[1:-1], strict=True):
        tangent = (place - before) / np.linalg.norm(place - before)
        normal = np.array([-tangent[1], tangent[0]])
        wells = [
            solve_ivp(
                lambda _, state: (state[1], state[0] - state[0] ** 3 - state[1] / 2),
                (0, 80),
                place + shift * normal,
                rtol=1e-10,
                atol=1e-10,
            ).y[0, -1]
            for shift in (1e-6, -1e-6)
        ]
        np.testing.assert_allclose(sorted(wells), [-1, 1], atol=1e-6)


@pytest.mark.parametrize("decoder", [y, sympy.tanh(y), y**3, sympy.sinh(y), sympy.exp(y) - 1, y / (1 + y**2), y + y**3])
def test_lines_of_fixed_points_may_cross_in_the_saddle(decoder):
    # Orbits come in along four branches, on the level set of what is conserved: dx/dy = 2 D / (x D').
    flow = GradientFlow((x * decoder) ** 2, {x: 1, y: sympy.Rational(1, 2)})
    integrand = sympy.lambdify(y, 2 * decoder / decoder.diff(y))
    branches = separatrix(flow, (0, 0), length=0.8, points=5)
    assert {tuple(np.sign(branch[-1])) for branch in branches} == {(1, 1), (1, -1), (-1, 1), (-1, -1)}
    for branch in branches:
        for place in branch[1:]:
            np.testing.assert_allclose(place[0] ** 2 / 2, quad(integrand, 0, place[1])[0], rtol=1e-7)


def test_fates_differ_beside_a_branch_of_a_nonlinear_decoder():
    flow = GradientFlow((x * sympy.tanh(y)) ** 2, {x: 1, y: sympy.Rational(1, 2)})
    (place,) = (b[-1] for b in separatrix(flow, {x: 0, y: 0}, length=1, points=2) if np.all(b[-1] > 0))

    def velocity(_, state):
        bent = np.tanh(state[1])
        return -2 * state[0] * bent**2, -(state[0] ** 2) * bent * (1 - bent**2)

    for shift, dies in ((1.05, 1), (0.95, 0)):
        end = solve_ivp(velocity, (0, 1e4), (place[0] * shift, place[1]), method="LSODA", rtol=1e-9, atol=1e-12).y[
            :, -1
        ]
        assert end[dies] < 1e-3 < 0.05 < end[1 - dies]


def test_saddles_and_parameters_may_be_named():
    flow = Flow({x: -k * x, y: y + x**2})
    reference = separatrix(flow, (0.01, 0), {"k": 2.0}, points=5)
    for saddle, parameters in (({x: 0, y: 0}, {k: 2}), ({"y": 0, "x": 0.01}, {"k": 2.0})):
        np.testing.assert_allclose(separatrix(flow, saddle, parameters, points=5), reference, atol=1e-8)


def test_a_branch_ends_on_a_line_of_fixed_points():
    # The factor x - 1 turns the flow around there: of the axis only the part up to 1 runs to the saddle at 0.
    branches = separatrix(Flow({x: -x * (1 - x), y: y * (1 - x)}), (0, 0), length=3, points=4)
    np.testing.assert_allclose(sorted(branch[-1, 0] for branch in branches), [-3, 1], atol=1e-6)


def test_functions_that_saturate_end_no_branch():
    # 1 - tanh^2 is a common factor without zeros, but in floating point it is 0 from an argument of 19 on.
    branches = separatrix(GradientFlow((sympy.tanh(x * y) - 1) ** 2, {x: 1, y: 1}), (0, 0))
    np.testing.assert_allclose([np.linalg.norm(branch[-1]) for branch in branches], 10, rtol=1e-6)


def test_undeclared_rates_are_positive():
    one, other = sympy.symbols("one other")
    flow = GradientFlow((x**2 - 1) ** 2 / 4 + y**2 / 2, {x: one, y: other})
    assert len(separatrix(flow, (0, 0), {"one": 1, "other": 2}, length=1)) == 2
    with pytest.raises(InvalidInput, match=r"one must lie in \(0, inf\)"):
        separatrix(flow, (0, 0), {"one": -1, "other": 2})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: separatrix(Flow({x: -x}), (0, 0)), "flow must be a Flow of exactly 2 variables"),
        (lambda: separatrix(SignFlow(x**2 - y**2, {x: 1, y: 1}), (0, 0)), "flow must have smooth velocities"),
        (lambda: separatrix(Flow({x: -x, y: -2 * y}), (0, 0)), "saddle must have one negative and one positive"),
        (lambda: separatrix(Flow({x: y, y: -x}), (0, 0)), "saddle must have one negative and one positive"),
        (lambda: separatrix(Flow({x: -x * y, y: y**2 - x**3}), (0, 0)), "saddle must be hyperbolic once common"),
        (lambda: separatrix(GradientFlow((x**2 * y**2 - 1) ** 2, {x: 1, y: 1}), (0, 0)), "saddle must have orbits"),
        (lambda: separatrix(Flow({x: 1 / y, y: x}), (0, 0)), "saddle must be close to a fixed point"),
        (lambda: separatrix(Flow({x: x, y: -y}), None), "saddle must lie in"),
        (lambda: separatrix(Flow({x: x, y: -y}), {x: 0}), "saddle must give a value for x and y"),
        (lambda: separatrix(Flow({x: x, y: -y}), {x: 0, y: "0"}), "saddle of y must be a number"),
        (lambda: separatrix(Flow({x: k * x, y: -y}), (0, 0), [1]), "parameters must map names to numbers"),
        (lambda: separatrix(Flow({x: k * x, y: -y}), (0, 0), {"k": [1, 2]}), "k must be a single number"),
        (lambda: separatrix(Flow({x: x, y: -y}), (0, 0, 0)), "saddle must be a point of two coordinates"),
        (lambda: separatrix(Flow({x: x, y: sympy.exp(-y)}), (0, 0)), "saddle must be close to a fixed point"),
        (lambda: separatrix(Flow({x: k * x, y: -y}), (0, 0)), "values must be given for k; got none"),
        (lambda: separatrix(Flow({x: k * x, y: -y}), (0, 0), {"k": -1}), "k must lie in"),
        (lambda: separatrix(Flow({x: x, y: -y}), (0, 0), length=0), "length must lie in"),
        (lambda: separatrix(Flow({x: x, y: -y}), (0, 0), points=1), "points must be an integer >= 2"),
        (lambda: separatrix(Flow({x: x, y: -y}), (0, 0), rtol=0.5), "rtol must lie in"),
    ],
)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()
