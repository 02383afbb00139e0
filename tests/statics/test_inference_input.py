"""Bad input to the inference functions: refused, by one line that names the argument and one contradiction."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from geneft_theory.errors import InvalidInput
from geneft_theory.statics.inference import achievable_accuracy, achievable_accuracy_curve, infer, observe

CONTRADICTIONS = [
    ("equivalence", {}, {(2, 2): 0}, "an equivalence relation; got R(2, 2) = 0"),
    ("equivalence", {}, {(0, 1): 1, (1, 0): 0}, "an equivalence relation; got R(0, 1) = 1, R(1, 0) = 0"),
    (
        "equivalence",
        {},
        {(0, 1): 1, (1, 2): 1, (2, 3): 1, (1, 3): 1, (3, 0): 0},
        "an equivalence relation; got R(1, 3) = 1, R(0, 1) = 1, R(3, 0) = 0",
    ),
    (
        "equivalence",
        {"classes": 2},
        {(0, 1): 0, (1, 2): 0, (2, 3): 0, (3, 4): 0, (4, 2): 0},
        "at most 2 classes; got facts that symbols 2, 3, 4 satisfy only with more",
    ),
    ("equivalence", {"classes": 1}, {(4, 3): 0}, "at most 1 classes; got facts that symbols 3, 4 satisfy only"),
    ("total_order", {}, {(1, 1): 1}, "a strict total order; got R(1, 1) = 1"),
    ("total_order", {}, {(0, 1): 0, (1, 0): 0}, "a strict total order; got R(1, 0) = 0, R(0, 1) = 0"),
    (
        "total_order",
        {},
        {(0, 1): 1, (1, 2): 1, (0, 2): 0, (3, 4): 1},
        "a strict total order; got R(0, 1) = 1, R(1, 2) = 1, R(0, 2) = 0",
    ),
    ("complete_bipartite", {}, {(3, 3): 1}, "a complete bipartite graph; got R(3, 3) = 1"),
    (
        "complete_bipartite",
        {},
        {(0, 1): 1, (1, 2): 1, (2, 0): 1, (3, 4): 0},
        "a complete bipartite graph; got R(0, 1) = 1, R(1, 2) = 1, R(2, 0) = 1",
    ),
    (
        "complete_bipartite",
        {"part_size": 1},
        {(0, 1): 1, (2, 3): 1},
        "leave a part of 1 symbols possible; got facts that split linked symbols as 1 + 1, 1 + 1, 1 + 0",
    ),
]


@pytest.mark.parametrize("method", ["auto", "markov_chain"])
@pytest.mark.parametrize(("family", "options", "pairs", "message"), CONTRADICTIONS)
def test_contradictory_observations_are_refused_with_a_shortest_contradiction(
    family: str, options: dict[str, Any], pairs: dict[tuple[int, int], int], message: str, method: Any
) -> None:
    method = "auto" if family == "complete_bipartite" else method
    with pytest.raises(InvalidInput, match=rf"^observed must .*{re.escape(message)}") as refusal:
        infer(family, pairs, n=5, method=method, **options)
    assert "\n" not in str(refusal.value)


def test_too_few_classes_are_blamed_on_few_symbols() -> None:
    """The clique of four is named; the path that leads to it and the cycle beside it are not."""
    clique = [(5, 6), (5, 7), (5, 8), (6, 7), (6, 8), (7, 8)]
    pairs = dict.fromkeys([*clique, (0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (9, 10), (10, 11), (11, 9)], 0)
    with pytest.raises(InvalidInput, match="symbols 5, 6, 7, 8 satisfy"):
        infer("equivalence", pairs, n=12, classes=3)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("tree", {}), {"n": 3}, "family must be one of equivalence, total_order, complete_bipartite; got 'tree'"),
        ((3, {}), {"n": 3}, "family must be one of"),
        (("equivalence", {}), {}, "n must be given"),
        (("equivalence", {}), {"n": 0}, "n must be an integer >= 1; got 0"),
        (("equivalence", {(0, 3): 1}), {"n": 3}, "observed symbol must be an integer >= 0 and <= 2; got 3"),
        (("equivalence", {3: 1}), {"n": 3}, r"observed must have pairs \(i, j\) as keys; got 3"),
        (("equivalence", {(0, 1): 2}), {"n": 3}, r"observed must map pairs to 0 or 1; got 2 at \(0, 1\)"),
        (("equivalence", {(0, 1): [1]}), {"n": 3}, "observed must map pairs to 0 or 1"),
        (("equivalence", np.zeros((2, 3))), {}, r"observed must be a square matrix of n >= 1 rows; got shape \(2, 3\)"),
        (("equivalence", np.zeros((0, 0))), {}, "observed must be a square matrix"),
        (("equivalence", [[1, 0], [1]]), {}, "observed must be a matrix with rows of one length"),
        (("equivalence", [["a"]]), {}, "observed must be a numeric array"),
        (("equivalence", np.eye(3)), {"n": 4}, "n must be the number of rows of observed, 3; got 4"),
        (("equivalence", [[1, 2], [0, 1]]), {}, r"must hold 0, 1, or -1 or masked for unobserved; got 2 at \(0, 1\)"),
        (("equivalence", [[1, -1.0], [0, 1]]), {}, r"0, 1, or nan or masked for unobserved; got -1.0 at \(0, 1\)"),
        (("equivalence", {}), {"n": 3, "classes": 0}, "classes must be an integer >= 1; got 0"),
        (("total_order", {}), {"n": 3, "classes": 2}, "classes must be None unless family is equivalence; got 2"),
        (("equivalence", {}), {"n": 3, "part_size": 2}, "part_size must be None unless family is complete_bipartite"),
        (("complete_bipartite", {}), {"n": 3, "part_size": 4}, "part_size must be an integer >= 0 and <= 3; got 4"),
        (("total_order", {}), {"n": 3, "method": "guess"}, "method must be one of auto, enumeration, markov_chain"),
        (("complete_bipartite", {}), {"n": 3, "method": "markov_chain"}, 'method must be "auto"'),
        (("total_order", {}), {"n": 3, "draws": 1}, "draws must be an integer >= 2; got 1"),
        (("total_order", {}), {"n": 3, "seed": -1}, "seed must be an integer >= 0; got -1"),
        (("equivalence", {}), {"n": 40, "method": "enumeration"}, "method must be .* more than 300000 consistent"),
        (
            ("total_order", {(2 * i, 2 * i + 1): 1 for i in range(20)}),
            {"n": 40, "method": "enumeration"},
            "method must be .* more than 300000 consistent",
        ),
    ],
)
def test_infer_refuses(arguments: tuple[Any, ...], options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        infer(*arguments, **options)


def test_observe_refuses_a_mask_that_is_not_one() -> None:
    with pytest.raises(InvalidInput, match=r"mask must be a bool array of shape \(2, 2\); got int64 of shape \(2, 2\)"):
        observe(np.eye(2), np.ones((2, 2), dtype=np.int64))
    with pytest.raises(InvalidInput, match="mask must be a bool array"):
        observe(np.eye(2), np.ones((3, 3), dtype=bool))


EQUALITY = np.eye(4, dtype=bool)


@pytest.mark.parametrize(
    ("relation", "options", "message"),
    [
        (np.zeros((2, 3)), {}, r"relation must have a square matrix of n >= 1 rows; got shape \(2, 3\)"),
        (2 * np.eye(3), {}, "relation must hold only 0 and 1"),
        (np.eye(3, k=1), {}, "relation must be an equivalence relation, a strict total order or a complete bipartite"),
        (np.triu(np.ones((3, 3))), {}, "relation must be an equivalence relation"),
        ([[1, 1, 0], [1, 1, 1], [0, 1, 1]], {}, "relation must be an equivalence relation"),
        (
            [[0, 1, 0], [0, 0, 1], [1, 0, 0]],
            {},
            "got a relation on 3 symbols with 3 related pairs that is none of them",
        ),
        (EQUALITY, {"fraction": 1.5}, r"fraction must lie in \[0, 1\]; got 1.5"),
        (EQUALITY, {"fraction": [0.5]}, "fraction must be a single number"),
        (EQUALITY, {"draws": 1}, "draws must be an integer >= 2; got 1"),
        (EQUALITY, {"seed": -1}, "seed must be an integer >= 0; got -1"),
        (EQUALITY, {"chains": 1}, "chains must be an integer >= 2; got 1"),
        (EQUALITY, {"classes": 3}, "classes must be one of known, unknown; got 3"),
        (EQUALITY, {"part_size": "maybe"}, "part_size must be one of known, unknown; got 'maybe'"),
    ],
)
def test_achievable_accuracy_refuses(relation: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        achievable_accuracy(relation, options.pop("fraction", 0.5), **options)


def test_curve_refuses_a_table_of_fractions() -> None:
    with pytest.raises(InvalidInput, match=r"fractions must be a one-dimensional array, not empty; got shape \(1, 1\)"):
        achievable_accuracy_curve(EQUALITY, [[0.5]])
