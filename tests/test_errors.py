"""The checks at the door and the type of a sampled number: what passes, what is refused, and in which words."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory import Estimate, InvalidInput
from geneft_theory.errors import require_array, require_choice, require_integer, require_number, shown

finite = st.floats(-1e9, 1e9)


@given(st.integers(-100, 100), st.integers(-100, 100), st.integers(-100, 100))
def test_an_integer_passes_exactly_within_its_bounds(value, minimum, maximum):
    if minimum <= value <= maximum:
        assert require_integer("n", np.int64(value), minimum=minimum, maximum=maximum) == value
    else:
        with pytest.raises(InvalidInput, match=rf"^n must be an integer >= {minimum} and <= {maximum}; got"):
            require_integer("n", value, minimum=minimum, maximum=maximum)


@pytest.mark.parametrize("value", [True, 1.0, "1", None, [1], np.bool_(True)])
def test_what_is_no_integer_is_refused(value):
    with pytest.raises(InvalidInput, match="n must be an integer"):
        require_integer("n", value)


@pytest.mark.parametrize("value", ["0.5", b"1", [[1], [1, 2]], ["a"], np.datetime64("2024-01-01"), 1j, object()])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(InvalidInput, match=r"^p must be a number"):
        require_number("p", value)


@given(finite, finite, finite)
def test_a_number_passes_exactly_within_its_interval(value, low, high):
    if low <= value <= high:
        assert require_number("p", value, low=low, high=high) == value
    else:
        with pytest.raises(InvalidInput, match=r"^p must lie in \["):
            require_number("p", value, low=low, high=high)


def test_open_ends_and_infinities_are_said():
    with pytest.raises(InvalidInput, match=r"^p must lie in \(0, 1\]; got 0$"):
        require_array("p", [0.5, 0.0], low=0, high=1, open_low=True)
    with pytest.raises(InvalidInput, match=r"^p must lie in \[0, inf\); got nan$"):
        require_array("p", [0.5, math.nan], low=0)
    with pytest.raises(InvalidInput, match=r"^p must be a single number; got an array of shape"):
        require_number("p", [1, 2])


def test_choices_are_listed():
    assert require_choice("mode", "a", ("a", "b")) == "a"
    with pytest.raises(InvalidInput, match=r"^mode must be one of a, b; got 'c'$"):
        require_choice("mode", "c", ("a", "b"))


@given(st.text())
def test_a_message_stays_on_one_short_line(text):
    assert len(shown(text)) <= 60
    assert "\n" not in shown(text)


def test_it_is_a_value_error():
    assert issubclass(InvalidInput, ValueError)


@given(st.lists(finite, min_size=2, max_size=20))
def test_an_estimate_from_samples(samples):
    estimate = Estimate.from_samples(samples)
    assert estimate.draws == len(samples)
    assert estimate.value == pytest.approx(np.mean(samples), rel=1e-9, abs=1e-6)
    low, high = estimate.interval(0.95)
    assert low <= estimate.value <= high
    assert high - low == pytest.approx(2 * 1.959964 * estimate.standard_error, rel=1e-5)


@given(finite, st.floats(1e-6, 1e6), finite)
def test_z_counts_standard_errors(value, error, theory):
    assert Estimate(value, error, 5).z(theory) == pytest.approx((value - theory) / error)


def test_an_exact_estimate_differs_infinitely_or_not_at_all():
    exact = Estimate(1.0, 0.0, 1)
    assert (exact.z(1.0), exact.z(2.0), exact.z(0.0)) == (0, -math.inf, math.inf)
    assert str(exact) == "1 (exact)"
    assert str(Estimate(0.5, 0.0123, 7)) == "0.500 ± 0.012 (7 draws)"


@pytest.mark.parametrize(
    "call",
    [
        lambda: Estimate(math.nan, 0, 1),
        lambda: Estimate(1, -1, 1),
        lambda: Estimate(1, 1, 0),
        lambda: Estimate.from_samples([1]),
        lambda: Estimate(1, 1, 1).interval(1),
        lambda: Estimate(1, 1, 1).z(math.inf),
    ],
)
def test_estimates_refuse_what_makes_no_sense(call):
    with pytest.raises(InvalidInput):
        call()
