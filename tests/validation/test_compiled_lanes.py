"""Sixteen numbers as one value: each operation against NumPy's, and the functions made of them against exact values."""

import numpy as np
import pytest
from numba import njit
from scipy.special import expit, ndtr

from validation.training.compiled import elementwise, lanes
from validation.training.compiled.elementwise import activate, times_slope

COUNT = 16 * lanes.LANES
SPECIAL = np.array([0, -0.0, 1, -1, np.inf, -np.inf, np.nan, 3.4e38, -3.4e38, 1e-38, -1e-38, 0.5], dtype=np.float32)
TINY = np.finfo(np.float32).tiny


@njit
def every_operation(x, y, z, out):
    """Write what each operation makes of the numbers, one operation a row."""
    count = x.size
    for k in range(0, count, 16):
        a, b, c = lanes.load(x, k), lanes.load(y, k), lanes.load(z, k)
        lanes.store(out, k, a + b)
        lanes.store(out, count + k, a - b)
        lanes.store(out, 2 * count + k, a * b)
        lanes.store(out, 3 * count + k, a / b)
        lanes.store(out, 4 * count + k, lanes.fused_multiply_add(a, b, c))
        lanes.store(out, 5 * count + k, lanes.square_root(a))
        lanes.store(out, 6 * count + k, lanes.absolute(a))
        lanes.store(out, 7 * count + k, lanes.at_most(a, b))
        lanes.store(out, 8 * count + k, lanes.at_least(a, b))
        lanes.store(out, 9 * count + k, lanes.where_positive(a, b))
        lanes.store(out, 10 * count + k, lanes.fill(lanes.take(x, k + 3)))
        lanes.put(out, 11 * count + k, lanes.total(a))


@njit
def powers(biased, out):
    for k in range(0, biased.size, 16):
        lanes.store(out, k, lanes.power_of_two(lanes.load(biased, k)))


@njit
def every_function(x, out):
    count = x.size
    for k in range(0, count, 16):
        a = lanes.load(x, k)
        lanes.store(out, k, elementwise.exp2(a))
        lanes.store(out, count + k, elementwise.logistic_of_minus(a))
        lanes.store(out, 2 * count + k, elementwise.tanh(a))
        lanes.store(out, 3 * count + k, elementwise.gaussian(a))
        lanes.store(out, 4 * count + k, elementwise.normal_distribution(a))


@pytest.fixture(scope="module")
def operands():
    rng = np.random.default_rng(0)
    x, y, z = (rng.normal(size=(3, COUNT)) * 10.0 ** rng.uniform(-6, 6, size=(3, COUNT))).astype(np.float32)
    # All pairs of special numbers, too.
    pairs = np.stack(np.meshgrid(SPECIAL, SPECIAL), -1).reshape(-1, 2)
    x[: len(pairs)], y[: len(pairs)] = pairs.T
    return x, y, z


@pytest.fixture(scope="module")
def results(operands):
    out = np.zeros(12 * COUNT, dtype=np.float32)
    every_operation(*operands, out)
    return out.reshape(12, COUNT)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (0, lambda x, y: x + y),
        (1, lambda x, y: x - y),
        (2, lambda x, y: x * y),
        (3, lambda x, y: x / y),
        (5, lambda x, y: np.sqrt(x)),
        (6, lambda x, y: np.abs(x)),
        (7, lambda x, y: np.where(x < y, x, y)),
        (8, lambda x, y: np.where(x > y, x, y)),
        (9, lambda x, y: np.where(x > 0, y, np.float32(0))),
        (10, lambda x, y: np.repeat(x[3::16], 16)),
    ],
)
def test_operations_round_as_numpys(results, operands, row, expected):
    with np.errstate(all="ignore"):
        wanted = expected(*operands[:2])
    assert wanted.dtype == np.float32
    # Equal bits; of what is not a number only that it is none.
    wrong = (results[row].view(np.int32) != wanted.view(np.int32)) & ~(np.isnan(results[row]) & np.isnan(wanted))
    assert not wrong.any()


def test_products_and_sums_are_fused():
    # What a product has rounded away is exact in float64, and shows only where nothing is rounded in between.
    x, y = np.random.default_rng(1).uniform(1, 2, size=(2, COUNT)).astype(np.float32)
    out = np.zeros(12 * COUNT, dtype=np.float32)
    every_operation(x, y, -(x * y), out)
    lost = x.astype(np.float64) * y - (x * y)
    np.testing.assert_array_equal(out[4 * COUNT : 5 * COUNT], lost)
    assert np.count_nonzero(lost) > COUNT / 2


def test_totals_add_halves(operands):
    x = np.random.default_rng(2).normal(size=COUNT).astype(np.float32)
    out = np.zeros(12 * COUNT, dtype=np.float32)
    every_operation(x, x, x, out)
    expected = x.reshape(-1, 16)
    while expected.shape[1] > 1:
        low, high = np.split(expected, 2, axis=1)
        expected = low + high
    np.testing.assert_array_equal(out[11 * COUNT :: 16], expected[:, 0])


def test_every_power_of_two_that_is_a_normal_number():
    k = np.arange(-126, 128)
    exponents = np.resize(k, 256)
    out = np.zeros(256, dtype=np.float32)
    powers((exponents + lanes.WHOLE).astype(np.float32), out)
    np.testing.assert_array_equal(out, np.ldexp(np.float32(1), exponents))
    assert out.min() == TINY


def test_loads_and_stores_touch_sixteen_numbers():
    numbers = np.arange(64, dtype=np.float32)
    out = np.zeros(12 * 64, dtype=np.float32)
    every_operation(numbers[16:32], numbers[16:32], numbers[16:32], out[64 : 64 + 12 * 16])
    assert not out[:64].any()
    # A total takes one place of its row of 16.
    assert not out[64 + 11 * 16 + 1 :].any()
    np.testing.assert_array_equal(out[64 + 6 * 16 : 64 + 7 * 16], numbers[16:32])


def whole_range():
    """Return numbers of every size and sign, dense where the functions bend."""
    sizes = 10.0 ** np.linspace(-44, 38.5, 40_000)
    return np.concatenate([sizes, -sizes, np.linspace(-150, 150, 400_000), np.linspace(-8, 8, 400_000)]).astype(
        np.float32
    )


def values_of(numbers):
    padded = np.zeros(-(-numbers.size // 16) * 16, dtype=np.float32)
    padded[: numbers.size] = numbers
    out = np.zeros(5 * padded.size, dtype=np.float32)
    every_function(padded, out)
    return dict(
        zip(("exp2", "minus", "tanh", "gaussian", "normal"), out.reshape(5, -1)[:, : numbers.size], strict=True)
    )


def test_functions_are_as_accurate_as_stated():
    x = whole_range()
    computed, exact = values_of(x), x.astype(np.float64)
    with np.errstate(over="ignore"):
        power = np.exp2(np.clip(exact, -126, 127))
        density = np.exp(-np.square(exact) / 2)
    assert np.abs(computed["exp2"] / power - 1).max() < 2e-7
    for name, expected in {
        "minus": expit(-exact),
        "tanh": np.tanh(exact),
        "gaussian": density,
        "normal": ndtr(exact),
    }.items():
        assert np.abs(computed[name] - expected).max() < 3e-7, name
    # What is learned counts little, but not 0: relative accuracy, up to the rounding of the exponent.
    small = (exact > 0) & (exact < 80)
    assert np.abs(computed["minus"][small] / expit(-exact[small]) - 1).max() < 1e-5


def test_functions_at_their_ends():
    computed = values_of(np.array([0, np.inf, -np.inf, np.nan, 200, -200], dtype=np.float32))
    largest, least = np.float32(2.0**127), TINY
    assert computed["exp2"][:3].tolist() == [1, largest, least]
    np.testing.assert_allclose(computed["minus"][[0, 1, 2, 4, 5]], [0.5, 0, 1, 0, 1], atol=1e-38)
    assert computed["tanh"][[0, 1, 2, 4, 5]].tolist() == [0, 1, -1, 1, -1]
    assert computed["gaussian"][0] == 1
    assert np.all(computed["gaussian"][[1, 2, 4, 5]] <= least)
    np.testing.assert_allclose(computed["normal"][[4, 5]], [1, 0], atol=1e-37)
    for values in computed.values():
        assert np.isnan(values[3])


@pytest.mark.parametrize("kind", ["tanh", "relu", "gelu"])
def test_activations_and_slopes(kind):
    z = np.concatenate([np.linspace(-30, 30, 16 * 500), np.zeros(16), 10.0 ** np.linspace(-30, 30, 16)])
    z = np.concatenate([z, -z]).astype(np.float32)
    exact = z.astype(np.float64)
    density = np.exp(-np.square(exact) / 2) / np.sqrt(2 * np.pi)
    value, slope = {
        "tanh": (np.tanh(exact), 1 - np.tanh(exact) ** 2),
        "relu": (np.maximum(exact, 0), (exact > 0).astype(float)),
        "gelu": (exact * ndtr(exact), ndtr(exact) + exact * density),
    }[kind]
    code = elementwise.ACTIVATIONS[kind]
    guard = np.full(16, 7, dtype=np.float32)
    values, slopes = np.concatenate([guard, z, guard]), np.full(z.size + 32, 7, dtype=np.float32)
    gradients = np.full(z.size + 32, 2, dtype=np.float32)
    activate(code, values, slopes, 16, 16 + z.size)
    times_slope(code, gradients, values, slopes, 16, 16 + z.size)
    # tanh and relu take the slope from the value; what lies before and after is untouched.
    for array, untouched in ((values, 7), (slopes, 7), (gradients, 2)):
        assert np.all(array[:16] == untouched)
        assert np.all(array[-16:] == untouched)
    np.testing.assert_allclose(values[16:-16], value, rtol=3e-7, atol=1e-6)
    np.testing.assert_allclose(gradients[16:-16], 2 * slope, atol=3e-6)


@pytest.mark.parametrize("kind", ["tanh", "relu", "gelu"])
def test_what_is_not_a_number_shows(kind):
    values, slopes = np.full((2, 16), np.nan, dtype=np.float32)
    gradients = np.ones(16, dtype=np.float32)
    activate(elementwise.ACTIVATIONS[kind], values, slopes, 0, 16)
    assert np.isnan(values).all()
    times_slope(elementwise.ACTIVATIONS[kind], gradients, values, slopes, 0, 16)
    assert np.isnan(gradients).all() if kind != "relu" else np.all(gradients == 0)
