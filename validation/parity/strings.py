"""All strings of bits up to a length as the nodes of a tree, and which of them are trained on.

A string is numbered by its bits behind a leading 1, less 2: "0", "1", "00", "01", ... are 0, 1, 2, 3, ... So the
strings of length m are the 2^m that begin at 2^m - 2, and string k continued by the j-th string of length n is number
(k + 2) 2^n + j - 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import require_integer
from validation.parity.settings import ParitySettings
from validation.tasks.streams import random_stream


@dataclass(frozen=True, eq=False)
class Strings:
    """All strings of length 1 ... `length`, in the order of their numbers.

    Attributes
    ----------
    length : int
        The greatest length.
    lengths : ndarray of int, shape (n,)
        How long each is.
    parity : ndarray of int, shape (n,)
        Whether its number of ones is odd, 0 or 1.
    """

    length: int
    lengths: NDArray[np.int64]
    parity: NDArray[np.int64]

    @classmethod
    def upto(cls, length: int) -> Strings:
        """Return the strings up to a length >= 1.

        Examples
        --------
        >>> strings = Strings.upto(2)
        >>> strings.lengths.tolist(), strings.parity.tolist()
        ([1, 1, 2, 2, 2, 2], [0, 1, 0, 1, 1, 0])
        """
        require_integer("length", length, minimum=1)
        lengths = np.concatenate([np.full(2**m, m) for m in range(1, length + 1)])
        parity = np.concatenate([bits(m).sum(1) % 2 for m in range(1, length + 1)])
        return cls(length, lengths.astype(np.int64), parity.astype(np.int64))

    def of_length(self, length: int) -> slice:
        """Return where the strings of a length stand."""
        return slice(2**length - 2, 2 ** (length + 1) - 2)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.lengths)


def bits(length: int) -> NDArray[np.int64]:
    """Return all strings of a length, shape (2^length, length).

    Examples
    --------
    >>> bits(2).tolist()
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    return (np.arange(2**length)[:, None] >> np.arange(length - 1, -1, -1)) & 1


def training_mask(settings: ParitySettings) -> NDArray[np.bool_]:
    """Return which strings are in the training set, shape (n,); a larger fraction adds to a smaller one.

    Examples
    --------
    >>> mask = training_mask(ParitySettings(seed=0, length=3, fraction=0.5))
    >>> [int(mask[k].sum()) for k in (slice(0, 2), slice(2, 6), slice(6, 14))]
    [1, 2, 4]
    """
    stream = random_stream("pairs", seed=settings.seed, sweep_seed=settings.sweep_seed)
    mask = np.zeros(settings.strings, dtype=np.bool_)
    for length in range(1, settings.length + 1):
        order = stream.permutation(2**length)
        mask[2**length - 2 + order[: settings.trained(length)]] = True
    return mask


def long_strings(settings: ParitySettings, length: int) -> NDArray[np.int64]:
    """Return the random strings of a length that show whether parity was learned, every second one of odd parity.

    So one answer to all of them is right for half of them, up to one.

    Examples
    --------
    >>> long_strings(ParitySettings(seed=0, long_strings=4), 9).sum(1) % 2
    array([0, 1, 0, 1])
    """
    generator = np.random.default_rng(np.random.SeedSequence(settings.sweep_seed, spawn_key=(settings.seed, 4, length)))
    strings = generator.integers(0, 2, (settings.long_strings, length))
    strings[:, -1] ^= (strings.sum(1) + np.arange(len(strings))) % 2
    return strings
