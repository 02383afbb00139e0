"""The words that figures and pages use for modes, relations and numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from geneft_theory.errors import require_choice
from validation.report.palette import MODE_STYLES

LONGEST_LABEL = 44
FAMILY_LABELS = {
    "modulo": "equal modulo {}",
    "complete-bipartite": "complete bipartite, part of {}",
    "equivalence": "equivalence, classes of {}",
    "ancestor": "ancestor in the forest {}",
    "balanced-tree": "ancestor in a tree, {} children each",
    "grid": "adjacent in a grid {}",
    "random": "random, density and seed {}",
    "expression": "{}",
}
SAMPLE_SIZES = {
    "n": "n = {} symbol{s}",
    "seeds": "{} seed{s}",
    "steps": "{} training step{s}",
    "draws": "ideal learner: {} random training set{s}",
}


def mode_label(mode: str) -> str:
    """Return a decoder mode in words.

    Parameters
    ----------
    mode : str
        A pair mode of `validation.networks.MODES`.

    Raises
    ------
    InvalidInput
        When the mode is not one of them.

    Examples
    --------
    >>> mode_label("squared_difference")
    'squared difference'
    """
    return require_choice("mode", mode, MODE_STYLES).replace("_", " ")


def relation_label(relation: str) -> str:
    """Return a relation's name in words, on one line and at most 44 characters long.

    Parameters
    ----------
    relation : str
        A name such as "modulo:3" (see `geneft_theory.relations.parse`) or any other text.

    Examples
    --------
    >>> [relation_label(name) for name in ("modulo:3", "greater-than", "complete-bipartite:10", "my own")]
    ['equal modulo 3', 'greater than', 'complete bipartite, part of 10', 'my own']
    """
    family, separator, arguments = str(relation).partition(":")
    if separator and family in FAMILY_LABELS:
        text = FAMILY_LABELS[family].format(arguments)
    else:
        text = str(relation) if separator else family.replace("-", " ")
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…"


def sample_sizes(attributes: Mapping[Any, Any]) -> str:
    """Return how large the samples behind a figure are, as far as the attributes of its data say.

    Parameters
    ----------
    attributes : mapping
        Of n, seeds, steps and draws, those that are there and not None are named.

    Examples
    --------
    >>> sample_sizes({"n": 30, "seeds": 8, "steps": 4000, "preset": "quick"})
    'n = 30 symbols; 8 seeds; 4000 training steps. '
    """
    named = [
        text.format(attributes[key], s="" if str(attributes[key]) == "1" else "s")
        for key, text in SAMPLE_SIZES.items()
        if attributes.get(key) is not None
    ]
    return "; ".join(named) + ". " if named else ""


def plain(text: str) -> str:
    """Return text that matplotlib draws as it stands: a dollar sign in a user's name must not start a formula.

    Examples
    --------
    >>> print(plain("costs $5 or $6"))
    costs \\$5 or \\$6
    """
    return text.replace("$", r"\$")


def decimal(value: float, digits: int = 3) -> str:
    """Return a number with so many significant digits, and an en dash for a missing one.

    Examples
    --------
    >>> decimal(0.10039), decimal(float("nan")), decimal(0.9), decimal(-0.02), decimal(235.8, 2)
    ('0.100', '–', '0.900', '−0.0200', '236')
    """
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    # A number of hundreds or thousands reads better whole than as a power of ten.
    text = f"{value:.0f}" if 10**digits <= abs(value) < 1e6 else f"{value:#.{digits}g}".rstrip(".")
    return text.replace("-", "−")
