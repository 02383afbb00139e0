"""The separatrix in numbers: against known curves, and against the fates of orbits on either side."""

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from geneft_theory import InvalidInput
from geneft_theory.symbolic import Flow, SignFlow, boundary, separatrix

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


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: separatrix(Flow({x: -x}), (0, 0)), "flow must be a Flow of exactly 2 variables"),
        (lambda: separatrix(SignFlow(x**2 - y**2, {x: 1, y: 1}), (0, 0)), "flow must have smooth velocities"),
        (lambda: separatrix(Flow({x: -x, y: -2 * y}), (0, 0)), "saddle must have one negative and one positive"),
        (lambda: separatrix(Flow({x: y, y: -x}), (0, 0)), "saddle must have one negative and one positive"),
        (lambda: separatrix(Flow({x: -x * y**2, y: -y * x**2}), (0, 0)), "saddle must be hyperbolic"),
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
