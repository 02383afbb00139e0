"""Known fraction, critical fraction and accuracy estimate: their limits, their monotony, their own equation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory import InvalidInput
from geneft_theory.relations import complete_bipartite, from_matrix, greater_than, modulo
from geneft_theory.statics import accuracy_estimate, chance, critical_fraction, known_fraction

many_bits = st.floats(1.0001, 1e9)
samples = st.floats(0, 1e9)


@given(many_bits)
def test_nothing_is_known_without_samples(bits):
    assert known_fraction(0, bits) == 0


@given(many_bits, samples, st.floats(1.01, 10))
def test_more_samples_reveal_more(bits, few, factor):
    less, more = known_fraction([few, few * factor + 1], bits)
    assert 0 <= less <= more <= 1
    assert less < more or more > 1 - 1e-12


@given(many_bits, samples, st.floats(1.01, 10))
def test_more_bits_need_more_samples(bits, seen, factor):
    assert known_fraction(seen, bits * factor) <= known_fraction(seen, bits)


@given(st.floats(1.001, 1e7), st.floats(1, 1e9), st.floats(0, 0.999))
def test_the_critical_fraction_solves_its_own_equation(bits, pairs, accuracy):
    fraction = critical_fraction(bits, pairs, accuracy)
    assert known_fraction(fraction * pairs, bits) == pytest.approx(accuracy, rel=1e-9, abs=1e-12)


@given(many_bits, samples, st.floats(0, 1))
def test_the_estimate_lies_between_the_guess_and_certainty(bits, seen, probability):
    estimate = accuracy_estimate(seen, bits, probability)
    assert max(probability, 1 - probability) - 1e-12 <= estimate <= 1
    assert estimate == pytest.approx(float(accuracy_estimate(seen, bits, 1 - probability)), abs=1e-12)


def test_limits_of_little_to_know():
    np.testing.assert_array_equal(known_fraction([0, 0.5, 3], 1), [0, 1, 1])
    np.testing.assert_array_equal(known_fraction([0, 0.5, 3], 0), [1, 1, 1])
    np.testing.assert_array_equal(critical_fraction([0, 1], 900), [0, 0])
    assert critical_fraction(50, 900, 0) == 0
    assert not np.signbit(critical_fraction(50, 900, 0))


def test_everything_broadcasts():
    assert known_fraction(np.ones((3, 1)), np.full(4, 10.0)).shape == (3, 4)
    assert critical_fraction(np.full((2, 1, 1), 10.0), np.full((3, 1), 100.0), [0.5, 0.9]).shape == (2, 3, 2)
    assert accuracy_estimate(np.ones((3, 1, 1)), np.full((4, 1), 10.0), [0.2, 0.5]).shape == (3, 4, 2)


def test_chance_of_the_families_and_of_anything_else():
    assert chance(modulo(30, 3)) == pytest.approx(1 / 3)
    assert chance(greater_than(30)) == pytest.approx(1 / 3)
    assert chance(complete_bipartite(30, 10)) == 0.5
    assert chance(from_matrix([[1, 1], [0, 0]])) == 0.5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: known_fraction(-1, 10), r"samples must lie in \[0, inf\); got -1"),
        (lambda: known_fraction(1, 0.5), "bits must be 0 or >= 1; got 0.5"),
        (lambda: known_fraction(1, np.nan), "bits must lie in"),
        (lambda: known_fraction("many", 10), "samples must be a number"),
        (lambda: critical_fraction(10, 0), r"pairs must lie in \[1, inf\); got 0"),
        (lambda: critical_fraction(10, 900, 1), r"accuracy must lie in \[0, 1\); got 1"),
        (lambda: accuracy_estimate(1, 10, 1.5), r"chance must lie in \[0, 1\]; got 1.5"),
        (lambda: chance(np.eye(3)), "relation must be a Relation"),
    ],
)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()
