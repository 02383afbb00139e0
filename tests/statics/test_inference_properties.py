"""Properties of posteriors that need no oracle: symmetry, relabelling, monotonicity, notation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from geneft_theory.statics.inference import infer, observe

Situation = tuple[str, dict[str, Any], NDArray[np.bool_], NDArray[np.bool_]]


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """A family with options, a relation of it on up to 12 symbols, and a mask of observed pairs."""
    n = draw(st.integers(1, 12))
    generator = np.random.default_rng(draw(st.integers(0, 10**6)))
    kind = draw(st.sampled_from(["classes", "partition", "order", "bipartite", "part_size"]))
    mask = generator.random((n, n)) < draw(st.sampled_from([0.0, 0.1, 0.3, 0.6]))
    if kind == "order":
        rank = generator.permutation(n)
        return "total_order", {}, np.greater.outer(rank, rank), mask
    if kind in ("bipartite", "part_size"):
        side = generator.random(n) < 0.4
        options = {"part_size": int(side.sum())} if kind == "part_size" else {}
        return "complete_bipartite", options, np.not_equal.outer(side, side), mask
    label = generator.integers(0, 3, n)
    return "equivalence", {"classes": 3} if kind == "classes" else {}, np.equal.outer(label, label), mask


@given(situations())
def test_probabilities_are_probabilities_and_observed_pairs_certain(situation: Situation) -> None:
    family, options, truth, mask = situation
    posterior = infer(family, observe(truth, mask), draws=8, **options)
    assert np.all((posterior.probability >= 0) & (posterior.probability <= 1))
    assert np.all(posterior.determined[mask])
    np.testing.assert_array_equal(posterior.probability[posterior.determined], truth[posterior.determined])
    between = posterior.probability[~posterior.determined]
    assert np.all((between > 0) & (between < 1))
    assert np.all(posterior.determined.diagonal())


@given(situations())
def test_posterior_has_the_symmetry_of_its_family(situation: Situation) -> None:
    family, options, truth, mask = situation
    probability = infer(family, observe(truth, mask), draws=8, **options).probability
    if family == "total_order":
        off_diagonal = ~np.eye(len(truth), dtype=bool)
        assert np.all((probability + probability.T)[off_diagonal] == 1.0)
    else:
        np.testing.assert_array_equal(probability, probability.T)


@given(situations(), st.integers(0, 10**6))
def test_relabelling_the_symbols_relabels_the_posterior(situation: Situation, seed: int) -> None:
    family, options, truth, mask = situation
    permutation = np.random.default_rng(seed).permutation(len(truth))
    swapped = np.ix_(permutation, permutation)
    before = infer(family, observe(truth, mask), draws=2, **options)
    after = infer(family, observe(truth[swapped], mask[swapped]), draws=2, **options)
    np.testing.assert_array_equal(after.determined, before.determined[swapped])
    if before.method != "markov_chain":
        np.testing.assert_allclose(after.probability, before.probability[swapped], rtol=0, atol=1e-12)


@given(situations())
def test_more_observations_never_undo_what_is_determined(situation: Situation) -> None:
    family, options, truth, mask = situation
    fewer = mask & (np.random.default_rng(1).random(mask.shape) < 0.5)
    some = infer(family, observe(truth, fewer), draws=2, **options)
    more = infer(family, observe(truth, mask), draws=2, **options)
    assert np.all(more.determined[some.determined])


@given(situations())
def test_every_notation_of_the_observations_means_the_same(situation: Situation) -> None:
    family, options, truth, mask = situation
    n = len(truth)
    notations = [
        (observe(truth, mask), None),
        (np.where(mask, truth, -1), n),
        (np.ma.masked_array(truth.astype(int), ~mask), n),
        (np.ma.masked_array(truth, ~mask), None),
        ({(int(i), int(j)): int(truth[i, j]) for i, j in np.argwhere(mask)}, n),
    ]
    first, *others = (infer(family, observed, n=size, draws=2, **options) for observed, size in notations)
    for other in others:
        np.testing.assert_array_equal(first.probability, other.probability)


def test_same_seed_same_chains_and_another_seed_others() -> None:
    results = [
        infer("total_order", {(0, 1): 1, (2, 3): 1}, n=5, method="markov_chain", draws=8, seed=seed).probability
        for seed in (3, 3, 4)
    ]
    np.testing.assert_array_equal(results[0], results[1])
    assert np.any(results[0] != results[2])


def test_interchangeable_symbols_of_an_order_are_exactly_even() -> None:
    """Symbols 1 and 2 both stand below 0: no chain is needed to know that their order is open."""
    posterior = infer("total_order", {(0, 1): 1, (0, 2): 1}, n=3, method="markov_chain")
    assert posterior.probability[1, 2] == posterior.probability[2, 1] == 0.5
    assert (posterior.method, posterior.draws) == ("exact", 0)


def test_size_of_a_part_can_determine_everything() -> None:
    assert not infer("complete_bipartite", {}, n=4, part_size=0).probability.any()
    linked = infer("complete_bipartite", {(0, 1): 0}, n=3, part_size=1)
    np.testing.assert_array_equal(linked.probability, [[0, 0, 1], [0, 0, 1], [1, 1, 0]])
    assert linked.determined.all()


def test_part_size_and_its_complement_give_one_posterior() -> None:
    pairs = {(0, 1): 1, (2, 3): 0, (3, 4): 0}
    few, many = (infer("complete_bipartite", pairs, n=9, part_size=size).probability for size in (3, 6))
    np.testing.assert_array_equal(few, many)


def test_a_class_of_all_but_certain_size_is_not_called_certain() -> None:
    """Two groups of 60 and 120 free symbols: all but 2 of some 10^35 parts of 60 symbols treat the groups alike."""
    pairs = {(start + i, start + i + 1): 0 for start in (0, 60) for i in range(59)} | {(118, 119): 1}
    posterior = infer("complete_bipartite", pairs, n=240, part_size=60)
    assert 1 - 1e-15 < posterior.probability[0, 119] < 1
    assert 0 < posterior.probability[0, 60] < 1e-15
    assert not posterior.determined[0, [60, 119]].any()


@pytest.mark.parametrize("array", ["probability", "standard_error", "determined"])
def test_results_are_read_only(array: str) -> None:
    posterior = infer("equivalence", {(0, 1): 1}, n=3)
    with pytest.raises(ValueError, match="read-only"):
        getattr(posterior, array)[0, 0] = 0
