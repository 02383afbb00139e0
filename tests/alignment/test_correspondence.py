"""Repons and aligning representations: the same trajectories, the same fates, and where they part."""

from dataclasses import asdict

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory import InvalidInput, alignment, catalogue
from geneft_theory.alignment import from_repon_pair, to_repon_pair
from geneft_theory.alignment.derivations import correspondence as derivations
from geneft_theory.repons import matrix, pair
from geneft_theory.symbolic import GradientFlow

amplitude = st.floats(0.05, 3) | st.floats(-3, -0.05)
rate = st.floats(0.01, 2)
inputs = st.floats(0.1, 10)


@given(amplitude, amplitude, rate, rate, inputs, st.floats(0, 200))
def test_both_theories_give_one_trajectory(a, c, eta_decoder, eta_encoder, X, t):
    later_a, later_c = pair.trajectory(t, a, c, eta_decoder, eta_encoder)
    h, y, w = alignment.trajectory(t, **asdict(from_repon_pair(a, c, eta_decoder, eta_encoder, X)))
    assert abs(h - 4 * later_c**2) < 1e-10
    assert abs(y - 4 * (later_a * later_c) ** 2) < 1e-10
    assert abs(w - y) < 1e-10


@given(st.floats(1e-3, 5), st.floats(1e-3, 5), rate, rate, inputs, st.floats(0, 200))
def test_and_back(h, y, eta_h, eta_y, X, t):
    repons = to_repon_pair(h, y, eta_h, eta_y, X)
    a, c = pair.trajectory(t, **asdict(repons))
    later = alignment.trajectory(t, h, y, y, eta_h, eta_y, X, 0)
    np.testing.assert_allclose(later, [4 * c**2, 4 * (a * c) ** 2, 4 * (a * c) ** 2], atol=1e-10)


def test_a_whole_plane_of_starts_at_once():
    generator = np.random.default_rng(0)
    a, c = generator.uniform(-2, 2, (2, 50, 1))
    eta_decoder, eta_encoder = np.exp(generator.normal(-2, 1, (2, 50, 1)))
    t = np.linspace(0, 100, 20)
    later_a, later_c = pair.trajectory(t, a, c, eta_decoder, eta_encoder)
    state = from_repon_pair(a, c, eta_decoder, eta_encoder, X=0.3)
    h, y, _ = alignment.trajectory(t, **asdict(state))
    assert h.shape == (50, 20)
    np.testing.assert_allclose(h, 4 * later_c**2, atol=1e-10)
    np.testing.assert_allclose(y, 4 * (later_a * later_c) ** 2, atol=1e-10)


@given(amplitude, amplitude, rate, rate, inputs)
def test_there_and_back_is_the_same_but_for_signs(a, c, eta_decoder, eta_encoder, X):
    state = from_repon_pair(a, c, eta_decoder, eta_encoder, X)
    back = to_repon_pair(state.h, state.y, state.eta_h, state.eta_y, state.X)
    np.testing.assert_allclose(
        [back.a, back.c, back.eta_decoder, back.eta_encoder], [abs(a), abs(c), eta_decoder, eta_encoder], rtol=1e-13
    )


@given(amplitude, amplitude, rate, rate)
def test_one_boundary_one_end_and_one_rate(a, c, eta_decoder, eta_encoder):
    state = from_repon_pair(a, c, eta_decoder, eta_encoder)
    ratio = state.eta_h / state.eta_y
    conserved = pair.invariant(a, c, eta_decoder, eta_encoder)
    terms = state.h + ratio * state.y / state.h
    assert abs(alignment.invariant(state.h, state.y, ratio) + 4 * eta_encoder * conserved) < 1e-13 * terms
    if abs(conserved) * 4 * eta_encoder > 1e-12 * terms:
        assert alignment.merges(state.h, state.y, ratio) == (conserved > 0)
    _, left = pair.final(a, c, eta_decoder, eta_encoder)
    assert alignment.final_distance(state.h, state.y, ratio, 1, 0) == pytest.approx(4 * float(left) ** 2, abs=1e-12)
    # h is a square: its rate is twice that of the separation, or of the decoder.
    rates = alignment.fixed_point_rates(state.h, state.y, state.eta_h, state.eta_y, 1, 0)
    relaxation = float(pair.relaxation_rate(a, c, eta_decoder, eta_encoder))
    fastest = max(float(rates.escape), -float(rates.contraction))
    assert fastest == pytest.approx(2 * relaxation, abs=1e-12 * float(terms))


@pytest.mark.parametrize(("outputs", "hidden"), [(1, 3), (3, 3), (6, 2)])
def test_the_exact_final_distances_agree_in_any_dimension(outputs, hidden):
    generator = np.random.default_rng(outputs)
    decoder = generator.normal(size=(40, outputs, hidden))
    half = generator.normal(0, 0.7, (40, hidden))
    left = matrix.final_separation(decoder, half, 0.2, 0.3)
    # dh = 2 r, r X = 2 eta_encoder/eta_decoder; the largest eigenvalue by another route.
    scale = 2 * 0.3 / 0.2
    square = 4 * half[:, :, None] * half[:, None, :] - scale * np.swapaxes(decoder, 1, 2) @ decoder
    largest = np.linalg.eigvalsh(square)[:, -1]
    np.testing.assert_allclose(4 * left**2, np.maximum(largest, 0), atol=1e-12)
    if outputs < hidden:
        assert np.all(left > 0)
    else:
        assert np.any(left == 0)


def line():
    return derivations.line_flow()


def test_the_conditions_are_needed():
    # Each alone is no invariant set; both are.
    a, c, xbar, e = sympy.symbols("a c xbar e", real=True)
    for other in ({xbar: 0}, {e: 0}):
        with pytest.raises(InvalidInput, match="invariant"):
            line().restrict(other)
    assert set(line().restrict({xbar: 0, e: 0}).variables) == {a, c}


def test_two_derivatives_are_needed_for_the_theorem():
    a, c, xbar, e, sigma = sympy.symbols("a c xbar e sigma", real=True)
    product = e * xbar
    velocity = -a * (a * c - sigma) * xbar
    assert derivations.vanishes_with(derivations.at_all_times(product), velocity)
    # With one derivative less a state is left over at which the product is instantaneously stationary.
    assert not derivations.vanishes_with(derivations.at_all_times(product)[:2], velocity)
    assert not derivations.vanishes_with([product], velocity)


def test_a_centroid_that_the_decoder_does_not_see_is_harmless():
    # Two dimensions, one output: A xbar = 0, r . xbar = 0, e = 0 is invariant with xbar different from 0.
    decoder, first, second = (sympy.Matrix(sympy.symbols(f"{name}_1:3", real=True)) for name in ("A", "x", "z"))
    centroid, half = (sympy.Matrix(sympy.symbols(f"{name}_1:3", real=True)) for name in ("m", "r"))
    b, mean, sigma = sympy.symbols("b ybar sigma", real=True)
    rates = sympy.symbols("eta_A eta_x eta_b", positive=True)
    loss = ((decoder.dot(first) + b - mean - sigma) ** 2 + (decoder.dot(second) + b - mean + sigma) ** 2) / 2
    trained = dict.fromkeys(decoder, rates[0]) | dict.fromkeys([*first, *second], rates[1]) | {b: rates[2]}
    flow = GradientFlow(loss, trained)
    places = dict(zip([*first, *second], [*(centroid + half), *(centroid - half)], strict=True))
    flow = flow.transform(places).restrict({decoder[1]: 0, half[1]: 0, centroid[0]: 0, b: mean})
    motion = flow.equations_of_motion
    assert motion[centroid[1]] == 0
    expected = -2 * rates[0] * (decoder[0] * half[0] - sigma) * half[0]
    assert sympy.expand(motion[decoder[0]] - expected) == 0


def run_full_pair(eta_bias, targets, step, time=4.0, centroid=0.8):
    """Integrate decoder, bias and both embeddings of two repons by classical Runge-Kutta steps."""
    targets = np.array(targets)

    def motion(state):
        residual = state[0] * state[2:] + state[1] - targets
        pull = np.array([residual @ state[2:], residual.sum(), *(state[0] * residual)])
        return -np.array([0.5, eta_bias, 0.8, 0.8]) * pull

    # The bias starts on the mean target at the centroid.
    state = np.array([0.7, targets.mean() - 0.7 * centroid, centroid + 0.6, centroid - 0.6])
    for _ in range(int(time / step)):
        first = motion(state)
        second = motion(state + step / 2 * first)
        third = motion(state + step / 2 * second)
        state = state + step / 6 * (first + 2 * second + 2 * third + motion(state + step * third))
    return state


def aligned(targets, time=4.0):
    """Return what this theory says of the same pair, with the dictionary."""
    X, gap = 1.0, targets[0] - targets[1]
    h, dy = (2 * 0.6) ** 2, 2 * 0.6 * 0.7
    return alignment.trajectory(time, h, dy**2, dy**2 - dy * gap, 2 * 0.8 / X, 0.5, X, gap**2)


@pytest.mark.parametrize("targets", [(1.0, 1.0), (1.5, -0.2), (-0.5, 0.5)])
def test_on_the_set_repons_with_any_targets_obey_this_theory(targets):
    state = run_full_pair(1.0, targets, 0.002, centroid=0.0)
    h, y, _ = aligned(targets)
    np.testing.assert_allclose([(state[2] - state[3]) ** 2, (state[0] * (state[2] - state[3])) ** 2], [h, y], atol=1e-9)


@pytest.mark.parametrize("targets", [(1.0, 1.0), (1.5, -0.2)])
def test_off_the_set_they_do_not_and_a_fast_bias_mends_it(targets):
    h, _, _ = aligned(targets)
    off = []
    for eta_bias in (1.0, 30.0, 60.0, 120.0):
        state = run_full_pair(eta_bias, targets, 0.2 / max(20.0, 2 * eta_bias))
        off.append(abs((state[2] - state[3]) ** 2 - h))
    assert off[0] > 0.01
    # The error falls as 1/eta_bias.
    np.testing.assert_allclose([off[1] / off[2], off[2] / off[3]], 2, atol=0.2)


def test_the_statement_on_a_fast_bias_is_the_error_that_is_left():
    eta_bias = 200.0
    a, bias, first, second = run_full_pair(eta_bias, (1.5, -0.2), 5e-4, time=1.0)
    values = {"a": a, "separation": (first - second) / 2, "centroid": (first + second) / 2}
    stated = catalogue["alignment.repons.fast_bias"](**values, half_target=0.85, eta_decoder=0.5, eta_bias=eta_bias)
    assert a * values["centroid"] + bias - 0.65 == pytest.approx(float(stated), rel=0.02)


def test_the_dictionary_is_what_the_functions_do():
    state = from_repon_pair(-0.7, 0.4, 0.2, 0.3, X=2.0)
    ratio = catalogue["alignment.repons.ratio"](eta_encoder=0.3, eta_decoder=0.2, X=2.0)
    assert state.eta_h / state.eta_y == pytest.approx(float(ratio))
    assert state.h == pytest.approx(float(catalogue["alignment.repons.h"](separation=0.4)))
    assert state.y == pytest.approx(float(catalogue["alignment.repons.y"](a=-0.7, separation=0.4)))
    assert state.eta_h == pytest.approx(float(catalogue["alignment.repons.eta_h"](eta_encoder=0.3, X=2.0)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"h": 0}, r"h must lie in \(0, inf\); got 0"),
        ({"h": -1}, "h must lie in"),
        ({"y": -1}, r"y must lie in \[0, inf\); got -1"),
        ({"y": np.nan}, "y must lie in"),
        ({"eta_y": 0}, "eta_y must lie in"),
        ({"X": 0}, "X must lie in"),
        ({"h": [1, 2], "y": [1, 2, 3]}, "must have shapes that broadcast"),
        ({"eta_h": 1e-300, "X": 1e-300}, "eta_h X/2 must be representable"),
    ],
)
def test_what_is_no_aligned_pair_is_refused(arguments, message):
    with pytest.raises(InvalidInput, match=message):
        to_repon_pair(**({"h": 1, "y": 1, "eta_h": 1, "eta_y": 1} | arguments))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"c": 0}, "c must not be 0"),
        ({"c": 1e200}, r"4 c\^2 must be representable"),
        ({"c": 1e-200}, r"4 c\^2 must be representable"),
        ({"a": np.inf}, "a must lie in"),
        ({"eta_decoder": -1}, "eta_decoder must lie in"),
        ({"eta_encoder": "fast"}, "eta_encoder must be a number"),
    ],
)
def test_what_is_no_pair_of_repons_is_refused(arguments, message):
    with pytest.raises(InvalidInput, match=message):
        from_repon_pair(**({"a": 1, "c": 1, "eta_decoder": 1, "eta_encoder": 1} | arguments))
