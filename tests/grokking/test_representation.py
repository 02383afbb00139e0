"""RQI and predicted accuracy: by brute force, under affine maps, at the limits, and refused where they must be."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory import InvalidInput, grokking
from geneft_theory.grokking import TrainingSet, TrainingSets, addition, modular_addition, symmetric_group

seeds = st.integers(0, 10_000)


def table(p):
    return [(i, j) for i in range(p) for j in range(i, p)]


def gaussian(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


def near_linear(seed, p, d, noise):
    """Return a noisy ramp, of which some parallelograms close and others do not."""
    generator = np.random.default_rng(seed)
    ramp = np.arange(p)[:, None] * generator.standard_normal(d)
    return ramp + noise * generator.standard_normal((p, d))


def made_by_brute_force(embeddings, delta, label=sum):
    """Return the parallelograms of two different pairs with one label that close, and the number permissible."""
    p = len(embeddings)
    standard = (embeddings - embeddings.mean(axis=0)) / embeddings.std(axis=0, ddof=1)
    closed, permissible = [], 0
    for q, r in itertools.combinations(table(p), 2):
        if label(q) == label(r):
            permissible += 1
            defect = standard[q[0]] + standard[q[1]] - standard[r[0]] - standard[r[1]]
            if np.sqrt(np.mean(defect**2)) <= delta:
                closed.append((q, r))
    return closed, permissible


@given(seeds, st.integers(3, 9), st.integers(1, 3), st.floats(0.01, 1), st.floats(0.01, 1))
def test_rqi_is_a_count(seed, p, d, noise, delta):
    embeddings = near_linear(seed, p, d, noise)
    closed, permissible = made_by_brute_force(embeddings, delta)
    assert grokking.rqi(embeddings, delta=delta) == pytest.approx(len(closed) / permissible)


@given(seeds, st.integers(3, 9))
def test_rqi_of_another_operation_is_a_count(seed, p):
    embeddings = gaussian(seed, p, 2)
    closed, permissible = made_by_brute_force(embeddings, 0.5, lambda q: sum(q) % p)
    assert grokking.rqi(embeddings, modular_addition(p), delta=0.5) == pytest.approx(len(closed) / permissible)


@given(seeds, st.integers(3, 12), st.floats(0.01, 1e3), st.floats(-1e3, 1e3), st.booleans())
def test_rqi_is_invariant_under_affine_maps(seed, p, scale, shift, reverse):
    embeddings = near_linear(seed, p, 2, 0.3)
    factors = np.array([scale, -1 / scale if reverse else 1.0])
    moved = embeddings * factors + np.array([shift, -shift])
    np.testing.assert_array_equal(grokking.rqi(moved), grokking.rqi(embeddings))
    np.testing.assert_array_equal(grokking.rqi(moved[:, ::-1]), grokking.rqi(embeddings))


@given(seeds, st.integers(3, 12))
def test_reversing_the_symbols_changes_nothing(seed, p):
    embeddings = near_linear(seed, p, 1, 0.3)
    assert grokking.rqi(embeddings[::-1]) == grokking.rqi(embeddings)


@given(st.integers(3, 60), st.floats(-1e6, 1e6), st.floats(0.1, 1e6))
def test_a_line_has_rqi_one(p, offset, step):
    assert grokking.rqi(offset + step * np.arange(p), delta=1e-6) == 1


def test_rqi_is_exact_for_extreme_sizes():
    ramp = np.arange(10.0)
    for scale in (1e-300, 1e-100, 1e90):
        assert grokking.rqi(scale * ramp) == 1
    assert grokking.rqi(scale * gaussian(0, 10)) == grokking.rqi(gaussian(0, 10))


def test_a_random_representation_has_rqi_near_zero():
    # A defect of four independent embeddings has standard deviation 2, with a symbol twice sqrt(6): 3 to 4 % close.
    quality = grokking.rqi(gaussian(1, 4000, 10, 1))
    error = quality.std() / np.sqrt(quality.size)
    assert 0.02 < quality.mean() - 4 * error < quality.mean() + 4 * error < 0.06
    assert grokking.rqi(gaussian(2, 200, 10, 16)).max() == 0


def test_a_circle_makes_no_parallelogram_of_modular_addition():
    for p in (5, 7, 11, 13):
        angle = 2 * np.pi * np.arange(p) / p
        circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        assert grokking.rqi(circle, modular_addition(p), delta=1e-6) == 0
        # And yet sums of one label lie on one line through the origin.
        sums = (circle[:, None] + circle)[np.triu_indices(p)]
        labels = modular_addition(p).table[np.triu_indices(p)]
        for label in range(p):
            first, *others = sums[labels == label]
            assert max(abs(first[0] * other[1] - first[1] * other[0]) for other in others) < 1e-14


@given(seeds, st.integers(3, 9), st.floats(0.01, 1), st.floats(0.01, 1))
def test_rqi_and_accuracy_grow_with_the_tolerance(seed, p, one, other):
    embeddings = near_linear(seed, p, 1, 0.3)
    small, large = sorted([one, other])
    assert grokking.rqi(embeddings, delta=small) <= grokking.rqi(embeddings, delta=large)
    pairs = table(p)[::2]
    few = grokking.predicted_accuracy(embeddings, pairs, delta=small)
    assert few <= grokking.predicted_accuracy(embeddings, pairs, delta=large)


@given(seeds, st.integers(3, 9), st.integers(1, 2), st.data())
def test_predicted_accuracy_is_a_count(seed, p, d, data):
    embeddings = near_linear(seed, p, d, 0.2)
    size = data.draw(st.integers(0, len(table(p))))
    training_set = TrainingSets.draw(addition(p), size=size, draws=1, seed=seed)[0]
    shown = {tuple(pair) for pair in training_set.pairs.tolist()}
    closed, _ = made_by_brute_force(embeddings, 0.1)
    reached = shown | {q for q, r in closed if r in shown} | {r for q, r in closed if q in shown}
    total = len(table(p))
    assert grokking.predicted_accuracy(embeddings, training_set) == pytest.approx(len(reached) / total)
    if size < total:
        held_out = grokking.predicted_accuracy(embeddings, training_set, held_out=True)
        assert held_out == pytest.approx((len(reached) - size) / (total - size))


@given(seeds, st.integers(3, 9), st.integers(0, 5))
def test_predicted_accuracy_grows_with_the_training_set(seed, p, size):
    embeddings = near_linear(seed, p, 1, 0.2)
    order = np.random.default_rng(seed).permutation(len(table(p)))
    few, more = ([table(p)[k] for k in order[:count]] for count in (size, size + 1))
    accuracy = grokking.predicted_accuracy(embeddings, few)
    assert size / len(table(p)) <= accuracy <= grokking.predicted_accuracy(embeddings, more) <= 1


def test_a_line_predicts_every_label_that_was_shown():
    # Labels 0, 1, 17 and 18 have a single pair each: held out, they cannot be known.
    pairs = [pair for pair in table(10) if pair not in ((0, 0), (0, 1), (2, 5), (9, 9))]
    accuracy = grokking.predicted_accuracy(np.arange(10), pairs)
    assert accuracy == 52 / 55
    assert grokking.predicted_accuracy(np.arange(10), pairs, held_out=True) == 1 / 4


def test_nothing_held_out_is_nothing_wrong():
    whole = TrainingSet.complete(addition(5))
    assert grokking.predicted_accuracy(gaussian(0, 5), whole, held_out=True) == 1
    assert grokking.ideal_accuracy(whole, held_out=True) == 1


@given(seeds, st.integers(3, 9))
def test_a_line_predicts_at_least_what_the_data_imply(seed, p):
    training_set = TrainingSets.draw(addition(p), size=p, draws=1, seed=seed)[0]
    assert grokking.predicted_accuracy(np.arange(p), training_set) >= grokking.ideal_accuracy(training_set)


def test_an_ensemble_is_its_members():
    embeddings = np.stack([near_linear(seed, 8, 2, 0.2) for seed in range(12)]).reshape(3, 4, 8, 2)
    pairs = table(8)[::3]
    quality = grokking.rqi(embeddings)
    accuracy = grokking.predicted_accuracy(embeddings, pairs)
    assert quality.shape == accuracy.shape == (3, 4)
    for place in np.ndindex(3, 4):
        assert quality[place] == grokking.rqi(embeddings[place])
        assert accuracy[place] == grokking.predicted_accuracy(embeddings[place], pairs)


def test_large_ensembles_are_cut_into_blocks():
    embeddings = gaussian(3, 2000, 40, 1)
    quality = grokking.rqi(embeddings)
    assert quality[1999] == grokking.rqi(embeddings[1999])


@pytest.mark.parametrize(
    ("embeddings", "message"),
    [
        ([0.0, np.nan, 1.0], r"embeddings must lie in \(?\[?-1e\+100, 1e\+100"),
        ([0.0, np.inf, 1.0], "embeddings must lie in"),
        ([1.0], "at least 2 symbols"),
        (3.0, "at least 2 symbols"),
        ([[1.0, 2.0]], "at least 2 symbols"),
        ([0.0, 1.0], "two samples with one label"),
        (np.zeros((4, 0)), "embeddings must have shape"),
        (np.ones(5), "must differ between symbols"),
        (np.array([[0.0, 1], [1, 1], [2, 1]]), "must differ between symbols in every dimension"),
        ("abc", "embeddings must be"),
        ([[1.0], [2.0, 3.0]], "rows of different lengths"),
    ],
)
def test_bad_embeddings_are_refused(embeddings, message):
    with pytest.raises(InvalidInput, match=message) as refusal:
        grokking.rqi(embeddings)
    assert "\n" not in str(refusal.value)


def test_other_bad_input_is_refused():
    line = np.arange(5.0)
    with pytest.raises(InvalidInput, match="delta must lie"):
        grokking.rqi(line, delta=-0.1)
    with pytest.raises(InvalidInput, match="embeddings must have shape"):
        grokking.rqi(line, addition(6))
    with pytest.raises(InvalidInput, match="table must be square"):
        grokking.rqi(line, [[0, 1, 2], [1, 2, 3]])
    with pytest.raises(InvalidInput, match="must add embeddings, not multiply"):
        grokking.rqi(np.arange(6.0), symmetric_group(3))
    with pytest.raises(InvalidInput, match="pairs must hold symbols"):
        grokking.predicted_accuracy(line, [(0, 7)])
    with pytest.raises(InvalidInput, match="pairs must be distinct"):
        grokking.predicted_accuracy(line, [(0, 1), (1, 0)])
    with pytest.raises(InvalidInput, match="embeddings must have shape"):
        grokking.predicted_accuracy(line, TrainingSet.complete(addition(6)))
