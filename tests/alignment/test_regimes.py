"""Rich, lazy, decoder-dominated: names, limits, and the start of a multilayer perceptron."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory import InvalidInput
from geneft_theory.alignment.distance import final_distance, invariant
from geneft_theory.alignment.initialisation import critical_gain, expected_start
from geneft_theory.alignment.regimes import regime, regime_parameter

wide = st.floats(-6, 6).map(lambda power: 10**power)


@given(wide, wide, wide, wide, wide)
def test_the_parameter_gives_the_final_distance(h, y, ratio, X, Y):
    rho, low = regime_parameter(h, y, ratio, X, Y), np.sqrt(ratio * X * Y)
    # asinh and exp cost the digits of rho's size.
    assert final_distance(h, y, ratio, X, Y) == pytest.approx(low * np.exp(np.arcsinh(rho)), rel=1e-12)


@given(wide, wide, wide, wide, wide)
def test_names_say_where_it_ends(h, y, ratio, X, Y):
    name, left = regime(h, y, ratio, X, Y), final_distance(h, y, ratio, X, Y)
    high, low = invariant(h, y, ratio, X), np.sqrt(ratio * X * Y)
    expected = {"rich": low, "lazy": high, "decoder-dominated": low**2 / max(-high, 1e-300)}[str(name)]
    factor = {"rich": 1 + np.sqrt(2), "lazy": 1.2072, "decoder-dominated": 1.2072}[str(name)]
    assert 1 / factor <= left / expected * (1 + 1e-12) <= factor * (1 + 2e-12)
    assert (name == "rich") == (abs(regime_parameter(h, y, ratio, X, Y)) <= 1)


def test_the_boundaries_belong_to_the_rich_regime():
    assert regime([2, 2.001], 0, 1, 1, 1).tolist() == ["rich", "lazy"]
    assert regime(1, [3, 3.001], 1, 1, 1).tolist() == ["rich", "decoder-dominated"]


def test_identical_targets_have_no_scale():
    assert regime([2, 1, 1], [1, 1, 4], 1, 1, 0).tolist() == ["lazy", "rich", "decoder-dominated"]
    assert regime_parameter([2, 1, 1], [1, 1, 4], 1, 1, 0).tolist() == [np.inf, 0, -np.inf]


@pytest.mark.parametrize(
    ("gain", "h", "y"),
    [
        (0.9, 9.61e-5, 9.1e-11),
        (1.0, 9.757e-4, 7.61e-9),
        (1.1, 7.94e-3, 4.2e-7),
        (1.2, 0.0539, 1.6e-5),
        (1.3, 0.313, 4.6e-4),
        (1.4, 1.60, 0.0104),
        (1.6, 30.2, 2.85),
    ],
)
def test_the_reference_starts(gain, h, y):
    """R5, to the digits that are given there."""
    found = expected_start(gain, layer=10, depth=20, width=500, slope=0.01)
    assert found[0] == pytest.approx(h, rel=1.2e-3)
    assert found[1] == pytest.approx(y, rel=1.1e-2)


def features(weights, inputs, slope):
    """Return the last hidden layer's activations and the outputs, shape (draws, ...)."""
    at = inputs
    for matrix in weights[:-1]:
        at = np.einsum("dij,dj->di", matrix, at)
        at = np.where(at > 0, at, slope * at)
    return at, np.einsum("dij,dj->di", weights[-1], at)


@pytest.mark.parametrize(("slope", "inputs", "outputs"), [(0.0, 1, 1), (0.2, 3, 2), (1.0, 2, 1)])
def test_the_start_of_real_weights(slope, inputs, outputs):
    generator = np.random.default_rng(5)
    draws, width, depth, gain = 4000, 6, 3, 1.1
    sizes = [inputs, *[width] * depth, outputs]
    weights = [
        generator.standard_normal((draws, after, before)) * gain * np.sqrt(2 / (before + after))
        for before, after in itertools.pairwise(sizes)
    ]
    point = generator.standard_normal(inputs)
    h, y = expected_start(gain, depth - 1, depth, width, point @ point, slope, inputs, outputs)
    # The other point is 0, and so is all that follows from it.
    for sample, expected in zip(features(weights, np.tile(point, (draws, 1)), slope), (h, y), strict=True):
        squares = np.sum(sample**2, axis=-1)
        assert abs(squares.mean() - expected) < 4 * squares.std() / np.sqrt(draws)


@given(
    st.integers(0, 30),
    st.floats(-3, 3).map(lambda power: 10**power),
    st.floats(-2, 2).map(lambda power: 10**power),
    st.floats(-2, 2).map(lambda power: 10**power),
    st.floats(-1, 1),
    st.integers(1, 1000),
    st.integers(1, 100),
)
def test_the_critical_gain_starts_at_twice_the_rich_distance(layer, ratio, X, Y, slope, width, inputs):
    gain = critical_gain(layer, ratio, X, Y, slope, width, inputs)
    h, _ = expected_start(gain, layer, layer + 1, width, X, slope, inputs)
    assert regime_parameter(h, 0, ratio, X, Y) == pytest.approx(1, rel=1e-10)
    wide_layers = critical_gain(layer, ratio, X, Y, slope)
    assert wide_layers == pytest.approx(
        np.sqrt(2 / (1 + slope**2)) * np.sqrt(ratio * Y / X) ** (1 / (2 * layer + 2)), rel=1e-12
    )
    assert critical_gain(layer, ratio, X, Y, slope, 10**12) == pytest.approx(wide_layers, rel=1e-10)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"gain": 0}, "gain"),
        ({"layer": -1}, "layer"),
        ({"layer": 0.5}, "layer"),
        ({"layer": 3}, "layer"),
        ({"depth": 0}, "depth"),
        ({"width": 1.5}, "width"),
        ({"slope": 2}, "slope"),
        ({"X": 0}, "X"),
        ({"inputs": 0}, "inputs"),
        ({"outputs": np.nan}, "outputs"),
    ],
)
def test_bad_starts_are_refused_by_name(change, name):
    with pytest.raises(InvalidInput, match=rf"^{name} must [^\n]*$"):
        expected_start(**({"gain": 1, "layer": 1, "depth": 3, "width": 10} | change))


def test_bad_states_are_refused_by_name():
    for function in (regime, regime_parameter):
        for index, name in enumerate(("h", "y", "ratio", "X", "Y")):
            arguments = [0.1, 0.1, 1, 1, 0.5]
            arguments[index] = -1
            with pytest.raises(InvalidInput, match=rf"^{name} must [^\n]*$"):
                function(*arguments)
    with pytest.raises(InvalidInput, match=r"^Y must"):
        critical_gain(1, 1, Y=0)
