"""How far embeddings of the symbols of Z_p lie on circles: the power of their Fourier components over Z_p."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.errors import require_integer
from geneft_theory.estimate import Estimate
from validation.measure.principal_components import centred_tables

Array = NDArray[np.float64]


def fourier_power(embeddings: ArrayLike) -> Array:
    r"""Return the share of the power of a table of embeddings that each frequency over Z_p has.

    With :math:`F_k = \sum_j E_j e^{-2 \pi i j k/p}` the share of frequency k is
    :math:`\|F_k\|^2 / \sum_{k' \neq 0} \|F_{k'}\|^2`, that of k and p - k taken together. A circle
    :math:`E_j = (\cos 2 \pi m j/p, \sin 2 \pi m j/p)` has all its power at one frequency.

    Parameters
    ----------
    embeddings : array_like, shape (..., p, dimensions)
        One or several tables: row j is the embedding of symbol j. Not all rows of a table are equal.

    Returns
    -------
    ndarray of float, shape (..., p // 2)
        Entry k - 1 is that of frequency k; they add up to 1. The mean of a table has no part in it.

    Raises
    ------
    InvalidInput
        When the tables are not such.

    Examples
    --------
    >>> angle = 2 * np.pi * np.arange(7) / 7
    >>> fourier_power(np.stack([np.cos(2 * angle), np.sin(2 * angle)], axis=1)).round(12) + 0.0
    array([0., 1., 0.])
    """
    tables, _ = centred_tables(embeddings)
    symbols = tables.shape[-2]
    power = (np.abs(np.fft.rfft(tables, axis=-2)[..., 1:, :]) ** 2).sum(-1)
    if symbols % 2 == 0:
        # The last frequency of an even number is its own opposite, and counts once.
        power[..., -1] /= 2
    return np.asarray(power / power.sum(-1, keepdims=True))


def fourier_concentration(embeddings: ArrayLike, frequencies: int = 5) -> Array:
    """Return the share of power that the strongest few frequencies over Z_p have together.

    Parameters
    ----------
    embeddings : array_like, shape (..., p, dimensions)
        As for `fourier_power`.
    frequencies : int
        How many, 1 to p // 2.

    Returns
    -------
    ndarray of float, shape (...)
        In (0, 1]; 1 for a sum of so many circles. Random embeddings have more than 0: see `chance_concentration`.

    Raises
    ------
    InvalidInput
        When an argument lies outside its domain.

    Examples
    --------
    >>> angle = 2 * np.pi * np.arange(7) / 7
    >>> float(fourier_concentration(np.stack([np.cos(angle), np.cos(2 * angle)], axis=1), frequencies=1).round(12))
    0.5
    """
    power = fourier_power(embeddings)
    frequencies = require_integer("frequencies", frequencies, minimum=1, maximum=power.shape[-1])
    return np.asarray(np.sort(power, axis=-1)[..., -frequencies:].sum(-1))


def chance_concentration(
    symbols: int, dimensions: int, frequencies: int = 5, *, draws: int = 400, seed: int = 0
) -> Estimate:
    """Return the mean Fourier concentration of embeddings whose entries are independent normal numbers.

    Parameters
    ----------
    symbols, dimensions : int
        The shape of a table, >= 2 and >= 1.
    frequencies : int
        As for `fourier_concentration`.
    draws : int
        Random tables, >= 2.
    seed : int
        Decides them.

    Returns
    -------
    Estimate
        The mean over the draws.

    Raises
    ------
    InvalidInput
        When an argument lies outside its domain.

    Examples
    --------
    >>> print(chance_concentration(53, 256))
    0.20883 ± 0.00013 (400 draws)
    """
    symbols = require_integer("symbols", symbols, minimum=2)
    dimensions = require_integer("dimensions", dimensions, minimum=1)
    draws = require_integer("draws", draws, minimum=2)
    stream = np.random.default_rng(require_integer("seed", seed, minimum=0))
    # Table by table: all at once could be too large.
    shares = [fourier_concentration(stream.standard_normal((symbols, dimensions)), frequencies) for _ in range(draws)]
    return Estimate.from_samples(shares)
