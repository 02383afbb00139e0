"""Posteriors against a full enumeration of the relations of each family, for up to six symbols."""

from __future__ import annotations

from functools import cache
from itertools import permutations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from geneft_theory.statics.inference import Posterior, infer, observe

FAMILIES = [
    ("equivalence", {"classes": 1}),
    ("equivalence", {"classes": 2}),
    ("equivalence", {"classes": 3}),
    ("equivalence", {"classes": 4}),
    ("equivalence", {}),
    ("total_order", {}),
    ("complete_bipartite", {}),
    ("complete_bipartite", {"part_size": 1}),
    ("complete_bipartite", {"part_size": 2}),
]
SAMPLED = [case for case in FAMILIES if case[0] != "complete_bipartite"]


@cache
def relations(family: str, n: int, option: int | None) -> NDArray[np.bool_]:
    """All relations of a family as (number, n, n), each as often as the prior says."""
    if family == "total_order":
        ranks = np.array(list(permutations(range(n))))
        return ranks[:, :, None] < ranks[:, None, :]
    if family == "complete_bipartite":
        sides = np.array(list(product([False, True], repeat=n)))
        sides = sides if option is None else sides[sides.sum(axis=1) == option]
        return sides[:, :, None] ^ sides[:, None, :]
    labels = np.array(list(product(range(option or n), repeat=n)))
    alike = labels[:, :, None] == labels[:, None, :]
    return alike if option is not None else np.unique(alike, axis=0)


def enumerated(family: str, n: int, options: dict[str, Any], observed: NDArray[np.float64]) -> NDArray[np.float64]:
    every = relations(family, n, next(iter(options.values()), None))
    consistent = np.all((every == (observed == 1)) | np.isnan(observed), axis=(1, 2))
    return every[consistent].mean(axis=0)


@st.composite
def situations(draw: st.DrawFn) -> tuple[str, dict[str, Any], NDArray[np.float64]]:
    """A family, its options, and observations of one of its relations."""
    family, options = draw(st.sampled_from(FAMILIES))
    n = draw(st.integers(options.get("part_size", 1), 6))
    every = relations(family, n, next(iter(options.values()), None))
    truth = every[draw(st.integers(0, len(every) - 1))]
    seed, fraction = draw(st.integers(0, 10**6)), draw(st.sampled_from([0.0, 0.05, 0.1, 0.2, 0.4, 1.0]))
    return family, options, observe(truth, np.random.default_rng(seed).random((n, n)) < fraction)


def random_situation(family: str, options: dict[str, Any], seed: int) -> NDArray[np.float64]:
    generator = np.random.default_rng(seed)
    n = int(generator.integers(4, 7))
    every = relations(family, n, next(iter(options.values()), None))
    return observe(generator.choice(every), generator.random((n, n)) < generator.uniform(0.02, 0.3))


@given(situations())
def test_exact_posterior_is_the_enumerated_one(situation: tuple[str, dict[str, Any], NDArray[np.float64]]) -> None:
    family, options, observed = situation
    expected = enumerated(family, len(observed), options, observed)
    posterior = infer(family, observed, **options)
    np.testing.assert_allclose(posterior.probability, expected, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(posterior.determined, (expected == 0) | (expected == 1))
    certain = posterior.probability[posterior.determined]
    assert np.all((certain == 0.0) | (certain == 1.0))
    assert posterior.method in ("exact", "enumeration")
    assert not posterior.standard_error.any()


@pytest.mark.parametrize(("family", "options"), FAMILIES)
def test_hyphens_and_every_seed_give_the_same_exact_posterior(family: str, options: dict[str, Any]) -> None:
    observed = random_situation(family, options, 5)
    first = infer(family, observed, seed=0, **options)
    second = infer(family.replace("_", "-"), observed, seed=1, **options)
    np.testing.assert_array_equal(first.probability, second.probability)
    assert first.family == second.family == family


@pytest.mark.parametrize(("family", "options"), SAMPLED)
def test_chains_agree_with_enumeration_within_five_standard_errors(family: str, options: dict[str, Any]) -> None:
    deviations = []
    for seed in range(12):
        observed = random_situation(family, options, seed)
        expected = enumerated(family, len(observed), options, observed)
        posterior = infer(family, observed, method="markov_chain", seed=seed, draws=150, **options)
        np.testing.assert_array_equal(posterior.determined, (expected == 0) | (expected == 1))
        exact = posterior.standard_error == 0
        np.testing.assert_allclose(posterior.probability[exact], expected[exact], atol=1e-12)
        deviations.append(((posterior.probability - expected)[~exact] / posterior.standard_error[~exact]).ravel())
    assert np.abs(np.concatenate(deviations)).max(initial=0.0) < 5


@pytest.mark.parametrize(
    ("family", "options", "pairs"),
    [
        ("equivalence", {"classes": 3}, {(0, 1): 0, (1, 2): 0, (2, 3): 0, (3, 0): 0, (3, 4): 0}),
        ("equivalence", {}, {(0, 1): 0, (1, 2): 0, (3, 4): 0}),
        ("total_order", {}, {(0, 1): 1, (1, 2): 1, (3, 4): 1, (5, 4): 1}),
    ],
)
def test_standard_error_is_the_spread_over_seeds(
    family: str, options: dict[str, Any], pairs: dict[tuple[int, int], int]
) -> None:
    """The mean of z^2 over 80 seeds is 1 up to its own error, about 0.25 for strongly correlated pairs."""
    exact = infer(family, pairs, n=6, **options)
    squares = []
    for seed in range(80):
        sampled = infer(family, pairs, n=6, method="markov_chain", draws=32, seed=seed, **options)
        noisy = sampled.standard_error > 0
        squares.append(np.mean(((sampled.probability - exact.probability)[noisy] / sampled.standard_error[noisy]) ** 2))
    assert 0.6 < np.mean(squares) < 1.5


def interval_of_isolated(n: int, method: Any) -> Posterior:
    """A chain 0 > 1 > ... > n - 2 and one symbol, n - 1, of which nothing is known."""
    return infer("total_order", {(i, i + 1): 1 for i in range(n - 2)}, n=n, method=method, draws=2)


def test_isolated_symbol_falls_into_every_gap_of_a_long_chain_equally_often() -> None:
    """Exact where n! overflows a float: 199 symbols leave 200 gaps."""
    posterior = interval_of_isolated(200, "enumeration")
    np.testing.assert_allclose(posterior.probability[199, :199], np.arange(1, 200) / 200, rtol=1e-12)


def test_unanimous_chains_do_not_claim_certainty() -> None:
    """Two chains often agree on a pair; unless it is determined, its probability stays inside (0, 1), with an error."""
    posterior = interval_of_isolated(12, "markov_chain")
    open_pairs = ~posterior.determined
    assert open_pairs.sum() == 22
    assert np.all((posterior.probability[open_pairs] > 0) & (posterior.probability[open_pairs] < 1))
    assert np.all(posterior.standard_error[open_pairs] > 0)


def test_two_long_chains_interleave_uniformly() -> None:
    """The top of a chain of 150 stands above a chain of 50 in 150 of 200 cases."""
    pairs = {(i, i + 1): 1 for i in range(199) if i != 149}
    assert infer("total_order", pairs, n=200).probability[0, 150] == pytest.approx(0.75, rel=1e-11)


PRISM = [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3), (0, 3), (1, 4), (2, 5)]


def test_independent_starts_reach_both_kempe_classes_of_the_prism() -> None:
    """No Kempe change leads from one half of the prism's 3-colourings to the other; 4 standard errors allowed."""
    pairs = dict.fromkeys(PRISM, 0)
    exact = infer("equivalence", pairs, n=6, classes=3)
    sampled = infer("equivalence", pairs, n=6, classes=3, method="markov_chain", draws=400)
    assert exact.probability[0, 4] == 0.5
    assert abs(sampled.probability[0, 4] - 0.5) < 4 * sampled.standard_error[0, 4]
    assert sampled.standard_error[0, 4] == pytest.approx(0.5 / 20, rel=0.05)


@pytest.mark.parametrize(
    ("modulus", "fraction", "classes"), [(5, 0.12, 5), (5, 0.16, 5), (3, 0.12, 4), (3, 0.15, None)]
)
def test_chains_agree_with_exact_counting_on_thirty_symbols(modulus: int, fraction: float, classes: int | None) -> None:
    """Determined pairs are decided alike by search and by listing; probabilities to within 5 standard errors."""
    symbols = np.arange(30)
    relation = np.equal.outer(symbols % modulus, symbols % modulus)
    observed = observe(relation, np.random.default_rng(17).random((30, 30)) < fraction)
    exact = infer("equivalence", observed, classes=classes, method="enumeration")
    sampled = infer("equivalence", observed, classes=classes, method="markov_chain")
    np.testing.assert_array_equal(sampled.determined, exact.determined)
    noisy = sampled.standard_error > 0
    deviation = (sampled.probability - exact.probability)[noisy] / sampled.standard_error[noisy]
    assert np.abs(deviation).max(initial=0.0) < 5


def test_transpositions_agree_with_ideals_on_thirty_symbols() -> None:
    """Five standard errors over some 250 pairs."""
    symbols = np.arange(30)
    mask = np.random.default_rng(3).random((30, 30)) < 0.09
    observed = observe(np.greater.outer(symbols, symbols), mask)
    exact = infer("total_order", observed, method="enumeration")
    sampled = infer("total_order", observed, method="markov_chain")
    noisy = sampled.standard_error > 0
    assert noisy.sum() > 200
    deviation = (sampled.probability - exact.probability)[noisy] / sampled.standard_error[noisy]
    assert np.abs(deviation).max() < 5
