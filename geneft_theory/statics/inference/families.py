"""The families of relations that the ideal learner knows, by name and by the matrix of a relation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, require_choice, require_integer
from geneft_theory.statics.inference.bipartite import BipartiteLearner
from geneft_theory.statics.inference.equivalence import EquivalenceLearner
from geneft_theory.statics.inference.learner import Learner
from geneft_theory.statics.inference.order import OrderLearner

FAMILIES = ("equivalence", "total_order", "complete_bipartite")


def learner_of_family(family: str, n: int, classes: Any, part_size: Any) -> Learner:
    """Return the ideal learner of a named family on n symbols, or refuse options that it does not have."""
    name = require_choice("family", family.replace("-", "_") if isinstance(family, str) else family, FAMILIES)
    if classes is not None and name != "equivalence":
        raise InvalidInput(f"classes must be None unless family is equivalence; got {classes!r}")
    if part_size is not None and name != "complete_bipartite":
        raise InvalidInput(f"part_size must be None unless family is complete_bipartite; got {part_size!r}")
    if name == "equivalence":
        return EquivalenceLearner(None if classes is None else require_integer("classes", classes, minimum=1))
    if name == "total_order":
        return OrderLearner()
    return BipartiteLearner(
        None if part_size is None else require_integer("part_size", part_size, minimum=0, maximum=n)
    )


def learner_of_relation(matrix: NDArray[np.bool_], classes_known: bool, part_size_known: bool) -> Learner:
    """Return the ideal learner of the family that a relation belongs to, or refuse a relation of no such family."""
    loops = np.diagonal(matrix)
    symmetric = np.array_equal(matrix, matrix.T)
    kinds = np.unique(matrix, axis=0)
    if symmetric and loops.all() and np.all(kinds.sum(axis=0) == 1):
        return EquivalenceLearner(len(kinds) if classes_known else None)
    if not loops.any() and np.array_equal(np.sort(matrix.sum(axis=1)), np.arange(len(matrix))):
        return OrderLearner()
    if np.array_equal(matrix, matrix[0][:, None] ^ matrix[0]):
        return BipartiteLearner(int(matrix[0].sum()) if part_size_known else None)
    raise InvalidInput(
        "relation must be an equivalence relation, a strict total order or a complete bipartite graph "
        f"(R(i, j) = 1 iff exactly one of i, j lies in a set); got a relation on {len(matrix)} symbols with "
        f"{int(matrix.sum())} related pairs that is none of them"
    )
