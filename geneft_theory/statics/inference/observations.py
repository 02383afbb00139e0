"""What a learner has been told: observed pairs in any of the usual notations, as one integer matrix of facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.errors import InvalidInput, require_integer, shown

Facts = NDArray[np.int8]
"""An (n, n) matrix: 1 or 0 where R(i, j) was observed, `UNOBSERVED` elsewhere."""

UNOBSERVED = -1


class HasMatrix(Protocol):
    """Anything with an (n, n) matrix of 0 and 1, such as a `geneft_theory.relations.Relation`."""

    @property
    def matrix(self) -> NDArray[np.bool_]:
        """The (n, n) matrix of the relation."""


def relation_matrix(relation: HasMatrix | ArrayLike) -> NDArray[np.bool_]:
    """Return the (n, n) bool matrix, n >= 1, of a relation or of an array of 0 and 1, or refuse it."""
    matrix = _as_array("relation", getattr(relation, "matrix", relation))
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.shape[0] == 0:
        raise InvalidInput(f"relation must have a square matrix of n >= 1 rows; got shape {matrix.shape}")
    if matrix.dtype.kind not in "biuf" or not np.all((matrix == 0) | (matrix == 1)):
        raise InvalidInput(f"relation must hold only 0 and 1; got {shown(matrix.tolist())}")
    return matrix.astype(np.bool_)


def _as_array(name: str, value: Any) -> NDArray[Any]:
    try:
        return np.asanyarray(value)
    except ValueError:
        raise InvalidInput(f"{name} must be a matrix with rows of one length; got {shown(value)}") from None


def observe(relation: HasMatrix | ArrayLike, mask: ArrayLike) -> NDArray[np.float64]:
    """Return what a learner sees of a relation: its entries where `mask` is true, nan elsewhere.

    Parameters
    ----------
    relation : Relation or (n, n) array of 0 and 1
        The relation.
    mask : (n, n) array of bool
        True for the ordered pairs (i, j) that are observed.

    Returns
    -------
    (n, n) array of float64
        1.0, 0.0, or nan where unobserved.

    Raises
    ------
    InvalidInput
        If the relation is not a square 0/1 matrix, or the mask not a bool array of its shape.

    Examples
    --------
    >>> observe([[1, 0], [0, 1]], [[True, True], [False, False]])
    array([[ 1.,  0.],
           [nan, nan]])
    """
    matrix = relation_matrix(relation)
    seen = np.asarray(mask)
    if seen.dtype != np.bool_ or seen.shape != matrix.shape:
        raise InvalidInput(f"mask must be a bool array of shape {matrix.shape}; got {seen.dtype} of shape {seen.shape}")
    return np.where(seen, matrix.astype(np.float64), np.nan)


def read_facts(observed: ArrayLike | Mapping[tuple[int, int], int], n: int | None = None) -> Facts:
    """Return the matrix of facts behind `observed`, which `infer` describes, or refuse it."""
    if isinstance(observed, Mapping):
        return _facts_of_mapping(observed, n)
    array = _as_array("observed", observed)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.shape[0] == 0:
        raise InvalidInput(f"observed must be a square matrix of n >= 1 rows; got shape {array.shape}")
    if n is not None and require_integer("n", n, minimum=1) != array.shape[0]:
        raise InvalidInput(f"n must be the number of rows of observed, {array.shape[0]}; got {n}")
    if array.dtype.kind not in "biuf":
        raise InvalidInput(f"observed must be a numeric array; got {array.dtype}")
    values = np.ma.getdata(array)
    blank = np.ma.getmaskarray(array) | (np.isnan(values) if values.dtype.kind == "f" else values == UNOBSERVED)
    if not np.all(blank | (values == 0) | (values == 1)):
        i, j = np.argwhere(~(blank | (values == 0) | (values == 1)))[0]
        blanks = "nan or masked" if values.dtype.kind == "f" else "-1 or masked"
        raise InvalidInput(f"observed must hold 0, 1, or {blanks} for unobserved; got {values[i, j]} at ({i}, {j})")
    return np.where(blank, UNOBSERVED, np.where(blank, 0, values)).astype(np.int8)


def _facts_of_mapping(observed: Mapping[tuple[int, int], int], n: int | None) -> Facts:
    if n is None:
        raise InvalidInput("n must be given, as the number of symbols, where observed is a mapping; got None")
    symbols = require_integer("n", n, minimum=1)
    facts = np.full((symbols, symbols), UNOBSERVED, dtype=np.int8)
    for pair, value in observed.items():
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise InvalidInput(f"observed must have pairs (i, j) as keys; got {shown(pair)}")
        i, j = (require_integer("observed symbol", symbol, minimum=0, maximum=symbols - 1) for symbol in pair)
        if not np.isscalar(value) or value not in (0, 1):
            raise InvalidInput(f"observed must map pairs to 0 or 1; got {shown(value)} at ({i}, {j})")
        facts[i, j] = value
    return facts
