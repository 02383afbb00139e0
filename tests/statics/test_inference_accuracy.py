"""The accuracy an ideal learner reaches: closed forms, reference values, and independence of the company."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from geneft_theory.estimate import Estimate
from geneft_theory.statics.inference import AchievableAccuracy, achievable_accuracy, achievable_accuracy_curve, infer
from geneft_theory.statics.inference import scoring as scoring_module


def modulo(n: int, k: int) -> NDArray[np.bool_]:
    return np.equal.outer(np.arange(n) % k, np.arange(n) % k)


def greater_than(n: int) -> NDArray[np.bool_]:
    return np.greater.outer(np.arange(n), np.arange(n))


def complete_bipartite(n: int, a: int) -> NDArray[np.bool_]:
    return np.not_equal.outer(np.arange(n) < a, np.arange(n) < a)


RELATIONS = {
    "modulo 3": modulo(30, 3),
    "modulo 5": modulo(30, 5),
    "greater-than": greater_than(30),
    "complete bipartite": complete_bipartite(30, 10),
}


def estimates(accuracy: AchievableAccuracy) -> list[Estimate]:
    return [
        accuracy.all_pairs,
        accuracy.held_out,
        accuracy.expected_all_pairs,
        accuracy.expected_held_out,
        accuracy.determined,
    ]


@pytest.mark.parametrize(
    "relation",
    [modulo(7, 3), modulo(6, 6), np.ones((4, 4)), greater_than(9), complete_bipartite(8, 3), np.zeros((3, 3)), [[1]]],
)
def test_everything_observed_is_everything_known(relation: NDArray[np.bool_]) -> None:
    accuracy = achievable_accuracy(relation, 1.0, draws=2)
    assert [(each.value, each.standard_error, each.draws) for each in estimates(accuracy)] == [(1.0, 0.0, 2)] * 5
    assert accuracy.samples == np.size(relation)


@pytest.mark.parametrize(
    ("relation", "options", "truth", "expectation"),
    [
        # n diagonal pairs are known; of the others the learner says "different" unless that is a tie.
        (modulo(9, 3), {}, (9 + 54) / 81, (9 + 72 * 2 / 3) / 81),
        (modulo(9, 2), {}, (9 + 72 / 2) / 81, (9 + 72 / 2) / 81),
        (modulo(10, 5), {}, (10 + 80) / 100, (10 + 90 * 4 / 5) / 100),
        # Of the 203 partitions of 6 symbols, 52 put two given ones into one block (Bell numbers).
        (modulo(6, 3), {"classes": "unknown"}, (6 + 24) / 36, (6 + 30 * 151 / 203) / 36),
        (greater_than(9), {}, (9 + 36) / 81, (9 + 36) / 81),
        (greater_than(30), {}, (30 + 435) / 900, (30 + 435) / 900),
        (complete_bipartite(8, 3), {}, (8 + 28) / 64, (8 + 28) / 64),
        # With |S| = 3 of 8, 30 of the 56 ordered pairs are on different sides.
        (complete_bipartite(8, 3), {"part_size": "known"}, (8 + 30) / 64, (8 + 30) / 64),
    ],
)
def test_nothing_observed_leaves_the_prior_guess(
    relation: NDArray[np.bool_], options: dict[str, Any], truth: float, expectation: float
) -> None:
    n = len(relation)
    accuracy = achievable_accuracy(relation, 0.0, draws=2, **options)
    assert accuracy.all_pairs == accuracy.held_out
    assert accuracy.all_pairs.value == pytest.approx(truth, abs=1e-12)
    assert accuracy.expected_all_pairs.value == pytest.approx(expectation, abs=1e-12)
    assert accuracy.determined.value == pytest.approx(1 / n, abs=1e-12)


# Computed before by another program with its own rules and chains: relation, fraction, whether the number of classes
# is known, its number of training sets, fraction determined, and the learner's expected accuracy (None: not computed).
# The values are printed to three decimals.


@pytest.mark.parametrize("name", ["greater-than", "complete bipartite"])
def test_the_learner_judges_itself_rightly_where_its_prior_is_the_truth(name: str) -> None:
    """The difference of the two scorings has mean 0 over draws; 4 standard errors of the noisier one allowed."""
    for accuracy in achievable_accuracy_curve(RELATIONS[name], [0.02, 0.05, 0.1], draws=60, seed=4):
        difference = accuracy.all_pairs.value - accuracy.expected_all_pairs.value
        assert abs(difference) < 4 * accuracy.all_pairs.standard_error


def test_the_learner_of_classes_underrates_itself_on_balanced_ones() -> None:
    accuracy = achievable_accuracy(RELATIONS["modulo 5"], 0.02)
    assert accuracy.all_pairs.value > accuracy.expected_all_pairs.value + 10 * accuracy.all_pairs.standard_error


@pytest.mark.parametrize(
    ("relation", "classes"), [(greater_than(20), "known"), (modulo(25, 5), "known"), (modulo(15, 3), "unknown")]
)
def test_a_point_of_the_curve_does_not_depend_on_its_company(
    relation: NDArray[np.bool_], classes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bit for bit, though all training sets of these fractions are sampled together; nor does the batch size matter."""
    options: dict[str, Any] = {"draws": 4, "seed": 9, "classes": classes}
    curve = achievable_accuracy_curve(relation, [0.03, 0.06, 0.4], **options)
    backwards = achievable_accuracy_curve(relation, [0.4, 0.06, 0.03], **options)
    alone = [achievable_accuracy(relation, each, **options) for each in (0.03, 0.06, 0.4)]
    monkeypatch.setattr(scoring_module, "BATCH_CELLS", 1)
    singly = achievable_accuracy_curve(relation, [0.03, 0.06, 0.4], **options)
    assert list(curve) == list(reversed(backwards)) == alone == list(singly)


def test_another_seed_draws_other_training_sets() -> None:
    first, second = (achievable_accuracy(modulo(9, 3), 0.2, draws=5, seed=seed) for seed in (0, 1))
    assert first.all_pairs != second.all_pairs


def test_accuracy_is_that_of_the_posterior_averaged_over_all_training_sets() -> None:
    """One observed pair of three ordered symbols: all nine training sets by hand; 4 standard errors allowed."""
    relation = greater_than(3)
    scores = []
    for i in range(3):
        for j in range(3):
            probability = infer("total_order", {(i, j): int(relation[i, j])}, n=3).probability
            scores.append(np.mean(0.5 + 0.5 * np.sign(probability - 0.5) * np.where(relation, 1, -1)))
    accuracy = achievable_accuracy(relation, 1 / 9, draws=400)
    assert abs(accuracy.all_pairs.z(float(np.mean(scores)))) < 4


@pytest.mark.parametrize("chains", [4, 8])
def test_expected_accuracy_is_not_inflated_by_noise(chains: int) -> None:
    """Few chains give less than many by up to 0.005, never more; max(p, 1 - p) of 4 chains would give 0.002 more."""
    few, many = (
        achievable_accuracy(RELATIONS["greater-than"], 0.02, draws=20, chains=number).expected_all_pairs.value
        for number in (chains, 64)
    )
    assert -0.005 < few - many < 0.001


@given(
    st.sampled_from([modulo(6, 3), modulo(7, 2), greater_than(6), complete_bipartite(6, 2)]),
    st.floats(0, 1),
    st.integers(0, 1000),
)
def test_estimates_are_fractions_and_held_out_pairs_are_the_harder_ones(
    relation: NDArray[np.bool_], fraction: float, seed: int
) -> None:
    accuracy = achievable_accuracy(relation, fraction, draws=3, seed=seed)
    assert accuracy.samples == round(fraction * relation.size)
    assert all(0 <= each.value <= 1 + 1e-12 for each in estimates(accuracy))
    assert accuracy.determined.value <= accuracy.expected_all_pairs.value + 1e-12
    assert accuracy.expected_held_out.value <= accuracy.expected_all_pairs.value + 1e-12
    unseen = 1 - accuracy.samples / relation.size
    assert accuracy.all_pairs.value == pytest.approx(1 - unseen * (1 - accuracy.held_out.value), abs=1e-12)


def test_relations_are_recognised_by_their_matrix_in_any_order_of_the_symbols() -> None:
    permutation = np.random.default_rng(2).permutation(9)
    for relation in (modulo(9, 3), greater_than(9), complete_bipartite(9, 4)):
        shuffled = relation[np.ix_(permutation, permutation)]
        expected = [each.value for each in estimates(achievable_accuracy(relation, 0.0, draws=2))]
        found = [each.value for each in estimates(achievable_accuracy(shuffled, 0.0, draws=2))]
        assert found == pytest.approx(expected, abs=1e-12)
