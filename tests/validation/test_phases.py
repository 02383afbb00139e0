"""Phases: every combination of what a network can have learned, and the counts of a cell."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory import InvalidInput
from validation.measure import PHASES, phase_frequencies, phase_of, wilson_interval

NEVER = float("nan")
steps = st.one_of(st.just(NEVER), st.integers(1, 10**5).map(float))


@pytest.mark.parametrize(
    ("train", "test", "expected"),
    [
        (300, 300, "generalization"),
        (300, 1299, "generalization"),
        (300, 1300, "grokking"),
        (300, 90_000, "grokking"),
        (300, NEVER, "memorization"),
        (NEVER, NEVER, "confusion"),
        # What Table IV leaves open.
        (5000, 300, "generalization"),
        (NEVER, 300, "confusion"),
    ],
)
def test_every_row_of_table_iv_and_what_it_leaves_open(train, test, expected):
    assert str(phase_of(train, test)) == expected
    assert str(phase_of(train, test, diverged=True)) == "confusion"


@given(steps, steps, st.floats(1, 1e5), st.booleans())
def test_a_phase_is_what_the_table_says(train, test, delay, diverged):
    learned, generalized = not np.isnan(train) and not diverged, not np.isnan(test)
    if not learned:
        expected = "confusion"
    elif not generalized:
        expected = "memorization"
    else:
        expected = "grokking" if test - train >= delay else "generalization"
    assert str(phase_of(train, test, delay, diverged=diverged)) == expected


@given(st.lists(st.tuples(steps, steps), min_size=1, max_size=8))
def test_an_array_is_a_loop_and_a_longer_delay_only_unmakes_grokking(pairs):
    train, test = np.array(pairs).T
    phases = phase_of(train[:, None], test[:, None], delay=100)
    assert phases.tolist() == [[str(phase_of(*pair, delay=100))] for pair in pairs]
    later = phase_of(train[:, None], test[:, None], delay=1000)
    changed = phases != later
    assert set(phases[changed]) <= {"grokking"}
    assert set(later[changed]) <= {"generalization"}


@given(st.lists(st.sampled_from([*PHASES, ""]), min_size=1, max_size=12))
def test_frequencies_count_what_was_run(phases):
    seen = phase_frequencies(phases)
    run = sum(phase != "" for phase in phases)
    assert seen.counts.tolist() == [phases.count(phase) for phase in PHASES]
    if not run:
        assert np.isnan(seen.share).all()
        return
    assert seen.share.sum() == pytest.approx(1)
    for count, low, high in zip(seen.counts, seen.low, seen.high, strict=True):
        assert (low, high) == wilson_interval(int(count), run)


def test_the_axis_of_the_seeds_can_be_any():
    phases = np.array(list(itertools.product(PHASES, repeat=2)))
    first, last = phase_frequencies(phases, axis=0), phase_frequencies(phases.T, axis=-1)
    assert first.counts.shape == (2, 4)
    np.testing.assert_array_equal(first.counts, last.counts)
    np.testing.assert_array_equal(first.counts, 4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: phase_of(0, 10), "steps_to_train must be > 0"),
        (lambda: phase_of(10, np.inf), "steps_to_test must be > 0 and finite"),
        (lambda: phase_of("soon", 10), "steps_to_train must be numbers"),
        (lambda: phase_of(10, 10, delay=0), "delay must lie in"),
        (lambda: phase_of([1, 2], [1, 2, 3]), "shapes that broadcast"),
        (lambda: phase_of(10, 10, diverged=1.0), "diverged must be true or false"),
        (lambda: phase_frequencies(["asleep"]), "phases must be of generalization"),
        (lambda: phase_frequencies([1.0]), "phases must be of"),
        (lambda: phase_frequencies("grokking"), "axis of seeds"),
        (lambda: phase_frequencies(["grokking"], axis=1), "axis must be"),
        (lambda: phase_frequencies(["grokking"], level=1), "level must lie in"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()
