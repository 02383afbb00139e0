"""How many directions a table of embeddings uses: its principal components, and the entropy of their variances."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.errors import InvalidInput, require_array

Array = NDArray[np.float64]


def effective_dimension(embeddings: ArrayLike) -> Array:
    r"""Return the effective dimension of embeddings: the exponential of the entropy of their variances.

    .. math:: d_\mathrm{eff} = \exp\left(-\sum_s q_s \ln q_s\right),

    where :math:`q_s` is the share of the variance over the symbols that principal component s has: 1 for points on a
    line, 2 for a circle, at most the smaller of the dimensions and the symbols less one.

    Parameters
    ----------
    embeddings : array_like, shape (..., symbols, dimensions)
        One or several tables, of at least two symbols that are not all at one place.

    Returns
    -------
    ndarray of float, shape (...)
        The effective dimension of each table.

    Raises
    ------
    InvalidInput
        When the tables are not such.

    Notes
    -----
    Liu et al., "Towards Understanding Grokking" (arXiv:2205.10343), Sec. 4.2.

    Examples
    --------
    >>> angle = 2 * np.pi * np.arange(7) / 7
    >>> round(float(effective_dimension(np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1))), 12)
    2.0
    """
    shares = variance_shares(embeddings)
    logarithms = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.asarray(np.exp(-(shares * logarithms).sum(-1)))


def variance_shares(embeddings: ArrayLike) -> Array:
    """Return the share of the variance that each principal component has, the largest first.

    Parameters
    ----------
    embeddings : array_like, shape (..., symbols, dimensions)
        As for `effective_dimension`.

    Returns
    -------
    ndarray of float, shape (..., min(symbols, dimensions))
        They add up to 1; with no more symbols than dimensions the last is 0, up to rounding.

    Raises
    ------
    InvalidInput
        When the tables are not such.

    Examples
    --------
    >>> variance_shares([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    array([1., 0.])
    """
    lengths = np.linalg.svd(centred_tables(embeddings)[0], compute_uv=False)
    # Relative to the largest first: its square could be too small or too large for a number.
    squares = (lengths / lengths[..., :1]) ** 2
    return np.asarray(squares / squares.sum(-1, keepdims=True))


def principal_plane(embeddings: ArrayLike) -> Array:
    """Return the symbols' places in the plane of the two largest principal components.

    Parameters
    ----------
    embeddings : array_like, shape (..., symbols, dimensions)
        As for `effective_dimension`, with at least two dimensions.

    Returns
    -------
    ndarray of float, shape (..., symbols, 2)
        Coordinates about the mean. The signs, which a component leaves open, are such that on each axis the entry
        that is largest in size is positive.

    Raises
    ------
    InvalidInput
        When the tables are not such.

    Examples
    --------
    >>> principal_plane([[3.0, 0.0, 0.0], [-1.0, 0.0, 1.0], [-1.0, 0.0, -1.0], [-1.0, 0.0, 0.0]]).round(12)[:, 0]
    array([ 3., -1., -1., -1.])
    """
    table, scale = centred_tables(embeddings)
    if table.shape[-1] < 2:
        raise InvalidInput(f"embeddings must have at least 2 dimensions to lie in a plane; got {table.shape[-1]}")
    directions, lengths, _ = np.linalg.svd(table, full_matrices=False)
    places = directions[..., :2] * lengths[..., np.newaxis, :2]
    largest = np.take_along_axis(places, np.abs(places).argmax(-2, keepdims=True), axis=-2)
    return np.asarray(places * np.where(largest < 0, -scale, scale))


def centred_tables(embeddings: ArrayLike) -> tuple[Array, Array]:
    """Return tables about their means with entries of the size of 1, and the factors that undo the latter.

    Refuses what is not a table (..., symbols, dimensions) with at least two symbols, not all at one place.
    """
    tables = _require_tables(embeddings)
    scale = np.abs(tables).max((-2, -1), keepdims=True)
    unit = tables / np.where(scale > 0, scale, 1.0)
    centred = unit - unit.mean(-2, keepdims=True)
    # Equal rows differ from their mean by no more than what rounding makes of them.
    if np.any(np.abs(centred).max((-2, -1)) <= 4 * np.finfo(np.float64).eps):
        raise InvalidInput("embeddings must not all be at one place; got a table of equal rows")
    return centred, scale


def _require_tables(embeddings: ArrayLike) -> Array:
    """Return embeddings as an array (..., symbols, dimensions) with at least two symbols, or refuse them."""
    tables = require_array("embeddings", embeddings)
    if tables.ndim < 2 or tables.shape[-2] < 2 or tables.shape[-1] < 1 or not tables.size:
        raise InvalidInput(
            f"embeddings must have the shape (..., symbols, dimensions) with at least 2 symbols; got {tables.shape}"
        )
    return tables
