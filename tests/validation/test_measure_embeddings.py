"""Effective dimension and Fourier concentration: known spectra, circles, invariances, refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory import InvalidInput
from validation.measure import (
    chance_concentration,
    effective_dimension,
    fourier_concentration,
    fourier_power,
    principal_plane,
    variance_shares,
)


def circles(symbols, amplitudes, dimensions=None, seed=0):
    """Embeddings that are a sum of circles {frequency: amplitude} in planes at right angles, turned at random."""
    angle = 2 * np.pi * np.arange(symbols) / symbols
    columns = [a * f(k * angle) for k, a in amplitudes.items() for f in (np.cos, np.sin)]
    table = np.stack(columns, axis=1)
    size = dimensions or table.shape[1]
    turned, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))
    return table @ turned[: table.shape[1]]


def with_shares(shares, symbols, seed=0):
    """A table of which the principal components have the given shares of the variance."""
    generator = np.random.default_rng(seed)
    columns = generator.standard_normal((symbols, len(shares)))
    directions, _ = np.linalg.qr(columns - columns.mean(0))
    turned, _ = np.linalg.qr(generator.standard_normal((len(shares), len(shares))))
    return directions * np.sqrt(shares) @ turned + generator.standard_normal(len(shares))


@pytest.mark.parametrize(
    ("shares", "expected"),
    [([1.0], 1.0), ([0.5, 0.5], 2.0), ([0.25] * 4, 4.0), ([0.9, 0.1], np.exp(-0.9 * np.log(0.9) - 0.1 * np.log(0.1)))],
)
def test_the_effective_dimension_of_a_known_spectrum(shares, expected):
    table = with_shares(np.array(shares), symbols=9)
    assert float(effective_dimension(table)) == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(variance_shares(table)[: len(shares)], sorted(shares, reverse=True), atol=1e-12)


@pytest.mark.parametrize("symbols", [3, 7, 8, 31])
def test_a_circle_has_two_dimensions_and_one_frequency(symbols):
    for frequency in range(1, (symbols - 1) // 2 + 1):
        table = circles(symbols, {frequency: 2.0}, dimensions=5)
        assert float(effective_dimension(table)) == pytest.approx(2.0, rel=1e-12)
        assert float(fourier_concentration(table, 1)) == pytest.approx(1.0, rel=1e-12)
        assert int(fourier_power(table).argmax()) + 1 == frequency


def test_power_is_shared_by_the_squares_of_radii():
    power = fourier_power(circles(31, {2: 1.0, 5: 3.0, 11: 2.0}, dimensions=20))
    expected = np.zeros(15)
    expected[[1, 4, 10]] = np.array([1, 9, 4]) / 14
    np.testing.assert_allclose(power, expected, atol=1e-12)
    table = circles(31, {2: 1.0, 5: 3.0, 11: 2.0})
    assert float(fourier_concentration(table, 2)) == pytest.approx(13 / 14)
    assert float(fourier_concentration(table, 3)) == pytest.approx(1.0)


def test_parseval_the_frequencies_share_the_variance():
    """Also of an even number of symbols, whose last frequency is its own opposite."""
    for symbols in (6, 7):
        alternating = np.cos(np.pi * np.arange(symbols))[:, None]
        table = np.random.default_rng(3).standard_normal((symbols, 4)) + alternating
        power = np.abs(np.fft.fft(table - table.mean(0), axis=0)) ** 2
        by_frequency = [
            power[[k, symbols - k]].sum() if 2 * k != symbols else power[k].sum() for k in range(1, symbols // 2 + 1)
        ]
        np.testing.assert_allclose(fourier_power(table), by_frequency / power.sum(), rtol=1e-12)


@given(st.integers(3, 12), st.integers(1, 9), st.floats(1e-3, 1e3), st.integers(0, 10**6))
def test_measures_do_not_see_shifts_scales_and_turns(symbols, dimensions, scale, seed):
    generator = np.random.default_rng(seed)
    table = generator.standard_normal((symbols, dimensions))
    turned, _ = np.linalg.qr(generator.standard_normal((dimensions, dimensions)))
    changed = scale * table @ turned + generator.standard_normal(dimensions)
    np.testing.assert_allclose(effective_dimension(changed), effective_dimension(table), rtol=1e-6)
    np.testing.assert_allclose(fourier_power(changed), fourier_power(table), rtol=1e-6, atol=1e-9)
    # A symbol called by its neighbour's name is the same circle.
    np.testing.assert_allclose(fourier_power(np.roll(table, 1, axis=0)), fourier_power(table), rtol=1e-9, atol=1e-12)


@given(st.integers(3, 12), st.integers(1, 9), st.integers(0, 10**6))
def test_measures_stay_within_their_bounds(symbols, dimensions, seed):
    table = np.random.default_rng(seed).standard_normal((2, symbols, dimensions))
    dimension = effective_dimension(table)
    assert dimension.shape == (2,)
    assert np.all((dimension >= 1 - 1e-12) & (dimension <= min(symbols - 1, dimensions) + 1e-9))
    np.testing.assert_allclose(variance_shares(table).sum(-1), 1.0)
    power = fourier_power(table)
    assert power.shape == (2, symbols // 2)
    np.testing.assert_allclose(power.sum(-1), 1.0)
    shares = [fourier_concentration(table, k) for k in range(1, symbols // 2 + 1)]
    assert np.all(np.diff(shares, axis=0) >= 0)
    np.testing.assert_allclose(shares[-1], 1.0)
    assert np.all(shares[0] >= 1 / (symbols // 2) - 1e-12)


def test_tables_together_are_as_each_by_itself():
    tables = np.random.default_rng(0).standard_normal((2, 3, 11, 4))
    for measure in (effective_dimension, fourier_power, fourier_concentration, variance_shares, principal_plane):
        together = measure(tables)
        for place in np.ndindex(2, 3):
            np.testing.assert_allclose(together[place], measure(tables[place]), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("factor", [1e-300, 1e-30, 1.0, 1e30, 1e300])
def test_numbers_of_any_size_are_measured(factor):
    table = np.random.default_rng(0).standard_normal((7, 3))
    np.testing.assert_allclose(effective_dimension(factor * table), effective_dimension(table), rtol=1e-9)
    np.testing.assert_allclose(fourier_power(factor * table), fourier_power(table), rtol=1e-9)
    np.testing.assert_allclose(principal_plane(factor * table) / factor, principal_plane(table), rtol=1e-9)


def test_the_principal_plane_of_a_circle_is_the_circle():
    table = circles(13, {3: 2.0, 5: 0.5}, dimensions=9)
    plane = principal_plane(table)
    np.testing.assert_allclose(np.hypot(*plane.T), 2.0, rtol=1e-9)
    assert float(fourier_power(plane)[2]) == pytest.approx(1.0, rel=1e-9)
    assert np.all(plane[np.abs(plane).argmax(0), [0, 1]] > 0)


def test_chance_is_what_random_tables_have():
    """Within 4 standard errors of two independent means; and more than an equal share, since the best are counted."""
    chance = chance_concentration(31, 64, 5, draws=200, seed=1)
    again = chance_concentration(31, 64, 5, draws=200, seed=2)
    assert abs(chance.value - again.value) < 4 * np.hypot(chance.standard_error, again.standard_error)
    assert chance.value > 5 / 15
    assert chance.draws == 200
    assert chance_concentration(31, 64, 5, draws=200, seed=1) == chance
    few, many = (chance_concentration(31, dimensions, 5, draws=50).value for dimensions in (2, 500))
    assert few > many


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([1.0, 2.0], "embeddings must have the shape"),
        ([[1.0, 2.0]], "embeddings must have the shape"),
        (np.zeros((0, 3)), "embeddings must have the shape"),
        (np.zeros((0, 4, 3)), "embeddings must have the shape"),
        (np.zeros((4, 0)), "embeddings must have the shape"),
        (np.ones((4, 3)), "embeddings must not all be at one place"),
        (np.full((4, 3), 0.1), "embeddings must not all be at one place"),
        (np.zeros((4, 3)), "embeddings must not all be at one place"),
        ([[1.0], [np.nan]], "embeddings must lie in"),
        ([[1.0], [np.inf]], "embeddings must lie in"),
        ([["a"], ["b"]], "embeddings must be a number or an array"),
    ],
)
def test_what_is_no_table_is_refused(table, message):
    for measure in (effective_dimension, fourier_power, fourier_concentration, variance_shares, principal_plane):
        with pytest.raises(InvalidInput, match=message):
            measure(table)


def test_other_bad_input_is_refused():
    table = np.random.default_rng(0).standard_normal((7, 3))
    for frequencies in (0, 4, 1.0, True):
        with pytest.raises(InvalidInput, match="frequencies must be an integer >= 1 and <= 3"):
            fourier_concentration(table, frequencies)
    with pytest.raises(InvalidInput, match="embeddings must have at least 2 dimensions"):
        principal_plane(table[:, :1])
    for arguments, message in (((1, 3), "symbols"), ((7, 0), "dimensions"), ((7, 3, 9), "frequencies")):
        with pytest.raises(InvalidInput, match=message):
            chance_concentration(*arguments)
    with pytest.raises(InvalidInput, match="draws must be an integer >= 2"):
        chance_concentration(7, 3, 1, draws=1)
    with pytest.raises(InvalidInput, match="seed must be an integer >= 0"):
        chance_concentration(7, 3, 1, seed=-1)
