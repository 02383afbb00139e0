"""What the statics predict of one relation, as plain data for the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from geneft_theory.errors import InvalidInput, require_array, require_integer, require_number
from geneft_theory.relations import Relation, automorphism_order, parse
from geneft_theory.statics import (
    accuracy_estimate,
    achievable_accuracy_curve,
    chance,
    critical_fraction,
    description_length,
    published_description_length,
)


def predict_statics(
    name: str,
    n: int,
    *,
    accuracy: float = 0.9,
    fractions: Sequence[float] = (),
    ideal_draws: int = 0,
    seed: int = 0,
) -> dict[str, Any]:
    """Return description length, critical fraction and the rest for one relation, JSON-ready.

    Parameters
    ----------
    name : str
        A relation as `geneft_theory.relations.parse` reads it.
    n : int
        Number of symbols, >= 1.
    accuracy : float
        Fraction of the bits that must be known, in [0, 1).
    fractions : sequence of float
        Training fractions in [0, 1] at which the accuracy estimate is added, one row each under `"curves"`.
    ideal_draws : int
        Number of random training sets for the ideal learner's accuracy at each fraction; 0 leaves it out.
    seed : int
        Seed of those training sets.

    Raises
    ------
    InvalidInput
        If an argument lies outside its domain, or the ideal learner does not know the relation's family.

    Examples
    --------
    >>> prediction = predict_statics("modulo:3", 30)
    >>> prediction["automorphism_order"], round(prediction["critical_fraction"], 4)
    ('286708355039232000000', 0.1004)
    """
    relation = parse(name, n)
    accuracy = require_number("accuracy", accuracy, low=0, high=1, open_high=True)
    grid = require_array("fractions", list(fractions), low=0, high=1)
    require_integer("ideal", ideal_draws, minimum=0)
    if ideal_draws and not grid.size:
        raise InvalidInput("fractions must be given where the ideal learner is asked for; got none")
    bits = description_length(relation)
    critical = float(critical_fraction(bits, relation.pairs, accuracy))
    published = published_description_length(relation)
    return {
        "relation": relation.name,
        "n": relation.n,
        "pairs": relation.pairs,
        "related_pairs": int(relation.matrix.sum()),
        "properties": list(relation.logical_properties()),
        "automorphism_order": decimal_digits(automorphism_order(relation)),
        "bits": bits,
        "accuracy": accuracy,
        "critical_fraction": critical,
        "critical_samples": critical * relation.pairs,
        "meaningful": critical <= 1,
        "published_bits": published,
        "published_critical_fraction": (
            None if published is None else float(critical_fraction(published, relation.pairs, accuracy))
        ),
        "chance": chance(relation),
        "curves": _curves(relation, bits, grid, ideal_draws, seed),
    }


def decimal_digits(value: int) -> str:
    """Return a natural number in decimal, however long; Python's `str` refuses more than 4300 digits by default.

    Examples
    --------
    >>> decimal_digits(10**5000 + 7) == "1" + "0" * 4999 + "7"
    True
    """
    block = 4000
    blocks = []
    while value >= 10**block:
        value, rest = divmod(value, 10**block)
        blocks.append(f"{rest:0{block}d}")
    return "".join([str(value), *reversed(blocks)])


def _curves(
    relation: Relation, bits: float, fractions: np.ndarray[Any, np.dtype[np.float64]], draws: int, seed: int
) -> list[dict[str, float]]:
    estimates = accuracy_estimate(fractions * relation.pairs, bits, chance(relation))
    rows = [
        {"fraction": float(fraction), "accuracy_estimate": float(estimate)}
        for fraction, estimate in zip(fractions, estimates, strict=True)
    ]
    if draws and rows:
        curve = achievable_accuracy_curve(relation, fractions, draws=draws, seed=seed)
        for row, ideal in zip(rows, curve, strict=True):
            row["ideal_accuracy"] = ideal.all_pairs.value
            row["ideal_accuracy_standard_error"] = ideal.all_pairs.standard_error
            row["ideal_held_out_accuracy"] = ideal.held_out.value
            row["ideal_held_out_accuracy_standard_error"] = ideal.held_out.standard_error
    return rows
