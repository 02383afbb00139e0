"""The decoder of a real network, linearised where two of its symbols meet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.errors import InvalidInput, require_array, require_number, shown

Array = NDArray[np.float64]
Decoder = Callable[[Array, Array], ArrayLike]
"""Maps the embeddings of m pairs, (m, d) and (m, d), to their m outputs."""
DecoderJacobian = Callable[[Array, Array], tuple[ArrayLike, ArrayLike]]
"""Maps the same to the outputs' derivatives in the first and in the second embedding, (m, d) each."""


def stacked_jacobian(
    embeddings: ArrayLike,
    decoder: Decoder | None,
    pairs: ArrayLike,
    *,
    training: ArrayLike | None = None,
    jacobian: DecoderJacobian | None = None,
    step: float | None = None,
) -> Array:
    """Return A for every pair: the derivative, at its midpoint, of the outputs with all partners in both positions.

    Parameters
    ----------
    embeddings, decoder, pairs, training, jacobian
        As in `predict_merging`; the decoder is a callable, or None where `jacobian` is given.
    step : float, optional
        Step of the central differences, > 0, in the embeddings' unit. By default eps^(1/3) times the embeddings' rms
        distance from their mean (or 1 where they all agree), with eps the precision of the decoder's output (2.2e-16
        in float64, which makes a relative error of about 1e-10; 1.2e-7 in float32, about 1e-4).

    Returns
    -------
    ndarray, shape (k, 2n, d)
        Row k < n is dD(x, E_k)/dx, row n + k is dD(E_k, x)/dx; rows that `training` excludes are 0.

    Raises
    ------
    InvalidInput
        As in `predict_merging`.

    Examples
    --------
    >>> rows = stacked_jacobian([[1.0], [3.0]], lambda first, second: first[:, 0] * second[:, 0] ** 2, [[0, 1]])
    >>> rows[0, :, 0].round(6)
    array([ 1.,  9.,  4., 12.])
    """
    table = require_embeddings(embeddings)
    chosen = require_pairs(pairs, len(table))
    symbols, dimension = table.shape
    kept = _rows_in_training(training, chosen, symbols)
    midpoint = np.repeat(table[chosen].mean(axis=1), symbols, axis=0)
    partner = np.tile(table, (len(chosen), 1))
    if jacobian is not None:
        parts = [jacobian(midpoint, partner)[0], jacobian(partner, midpoint)[1]]
        rows = [_require_shape("jacobian", part, midpoint.shape) for part in parts]
    elif decoder is None or not callable(decoder):
        raise InvalidInput(f"decoder must be a callable where no jacobian is given; got {shown(decoder)}")
    else:
        reach = _difference_step(step, table, decoder)
        rows = [
            _central_differences(lambda x: decoder(x, partner), midpoint, reach),
            _central_differences(lambda x: decoder(partner, x), midpoint, reach),
        ]
    stacked = np.concatenate([part.reshape(len(chosen), symbols, dimension) for part in rows], axis=1)
    return stacked * kept[:, :, None]


def same_class_pairs(relation: ArrayLike) -> NDArray[np.int64]:
    """Return all pairs of symbols that a relation does not tell apart: equal rows and equal columns.

    Parameters
    ----------
    relation : array_like of bool, shape (n, n)
        The relation's table, such as ``parse("modulo:3", 30).matrix``.

    Returns
    -------
    ndarray of int, shape (k, 2)
        Pairs i < j in lexical order; none, shape (0, 2), for an order.

    Raises
    ------
    InvalidInput
        When the table is not square.

    Examples
    --------
    >>> same_class_pairs([[1, 0, 1], [0, 1, 0], [1, 0, 1]]).tolist()
    [[0, 2]]
    """
    table = np.asarray(relation)
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        raise InvalidInput(f"relation must be a square table; got shape {table.shape}")
    profiles = np.hstack([table, table.T]).astype(bool)
    label = np.unique(profiles, axis=0, return_inverse=True)[1].reshape(-1)
    return np.argwhere(np.triu(label[:, None] == label[None, :], k=1)).astype(np.int64)


def detached(value: Any) -> Any:
    """Return a tensor that takes part in differentiation as an array, and anything else as it is."""
    return np.asarray(value.detach().cpu()) if hasattr(value, "detach") else value


def require_embeddings(embeddings: ArrayLike) -> Array:
    """Return embeddings as a table (n, d), or refuse them."""
    table = require_array("embeddings", detached(embeddings))
    if table.ndim != 2 or 0 in table.shape:
        raise InvalidInput(f"embeddings must have shape (symbols, dimensions); got {table.shape}")
    return table


def require_pairs(pairs: ArrayLike, symbols: int) -> NDArray[np.int64]:
    """Return pairs of different symbols as an array (k, 2), or refuse them."""
    try:
        array = np.asarray(pairs)
    except ValueError:
        raise InvalidInput(f"pairs must be integers of shape (k, 2); got {shown(pairs)}") from None
    if array.ndim != 2 or array.shape[1] != 2 or array.dtype.kind not in "iu":
        raise InvalidInput(f"pairs must be integers of shape (k, 2); got {array.dtype} of shape {array.shape}")
    if np.any((array < 0) | (array >= symbols)) or np.any(array[:, 0] == array[:, 1]):
        raise InvalidInput(f"pairs must hold two different symbols in 0 ... {symbols - 1} each; got {shown(array)}")
    return array.astype(np.int64)


def _central_differences(function: Callable[[Array], ArrayLike], place: Array, step: float) -> Array:
    """Return the gradient, (m, d), of m outputs, each a function of its own row."""
    columns = []
    for axis in range(place.shape[1]):
        shift = np.zeros(place.shape[1])
        shift[axis] = step
        # Divided by the difference of what was really evaluated: place + step rounds.
        above, below = place + shift, place - shift
        if np.any(above[:, axis] <= below[:, axis]):
            raise InvalidInput(f"step must be large enough to move every embedding in float64; got {step:g}")
        ends = [_require_shape("decoder", function(end), place.shape[:1]) for end in (above, below)]
        columns.append((ends[0] - ends[1]) / (above - below)[:, axis])
    return np.stack(columns, axis=1)


def _difference_step(step: float | None, table: Array, decoder: Decoder) -> float:
    if step is not None:
        return require_number("step", step, low=0, open_low=True)
    kind = np.asarray(detached(decoder(table[:1], table[:1]))).dtype
    precision = np.finfo(kind).eps if kind.kind == "f" else np.finfo(np.float64).eps
    spread = float(np.sqrt(np.square(table - table.mean(axis=0)).sum(axis=1).mean()))
    return float(np.cbrt(precision)) * (spread or 1.0)


def _rows_in_training(training: ArrayLike | None, pairs: NDArray[np.int64], symbols: int) -> NDArray[np.bool_]:
    if training is None:
        return np.ones((len(pairs), 2 * symbols), dtype=np.bool_)
    mask = np.asarray(training)
    if mask.shape != (symbols, symbols):
        raise InvalidInput(f"training must have shape ({symbols}, {symbols}); got {mask.shape}")
    positions = np.hstack([mask, mask.T]).astype(np.bool_)
    return positions[pairs[:, 0]] & positions[pairs[:, 1]]


def _require_shape(name: str, value: ArrayLike, shape: tuple[int, ...]) -> Array:
    array = require_array(name, detached(value))
    if array.shape != shape:
        raise InvalidInput(f"{name} must return an array of shape {shape}; got {array.shape}")
    return array
