"""Which states of a network are one, and what the theory of merging says of each pair of strings beforehand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from validation.parity.strings import Strings

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def spread(states: Array) -> float:
    """Return the standard deviation of states, shape (n, units): the root mean squared distance from their mean."""
    return float(np.sqrt(np.square(states - states.mean(0)).sum(1).mean()))


def together(states: Array, merge_distance: float) -> Mask:
    """Return which states, shape (n, units), are closer than a share of their spread, shape (n, n).

    Examples
    --------
    >>> together(np.array([[0.0], [1e-4], [1.0]]), 0.01).sum(1).tolist()
    [2, 2, 1]
    """
    centred = states - states.mean(0)
    squares = np.square(centred).sum(1)
    # By products, in float64: 1e-16 of the spread is far below the square of any sensible distance.
    distances = squares[:, None] + squares - 2 * centred @ centred.T
    closer = distances < merge_distance**2 * squares.mean()
    np.fill_diagonal(closer, True)
    return np.asarray(closer)


def merged_states(closer: Mask) -> tuple[int, NDArray[np.int64]]:
    """Return how many states there are when those that are together are one, and which each string leads to."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    count, labels = connected_components(csr_array(closer.astype(np.int8)), directed=False)
    return int(count), np.asarray(labels, dtype=np.int64)


def is_closed(labels: NDArray[np.int64], strings: Strings) -> bool:
    """Return whether every longest string shares its state with a shorter one.

    Then each state has its two successors among the states: they are a finite automaton, which reads strings of any
    length.

    Examples
    --------
    >>> strings = Strings.upto(2)
    >>> is_closed(np.array([0, 1, 0, 1, 1, 0]), strings), is_closed(np.arange(6), strings)
    (True, False)
    """
    longest = strings.of_length(strings.length)
    return bool(np.isin(labels[longest], labels[: longest.start]).all())


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of strings before training, as the theory of merging sees them; all arrays of shape (pairs,).

    Attributes
    ----------
    first, second : ndarray of int
        Their numbers.
    h : ndarray
        Squared distance of their states.
    y : ndarray
        Squared distance of the outputs behind them, its mean over the shared continuations; 0 where there is none.
    continuations : ndarray of int
        N, strings that continue both into the training set, the empty one included.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    h: Array
    y: Array
    continuations: NDArray[np.int64]

    @property
    def score(self) -> Array:
        """N y/h^2: the law of the aligned pair lets a pair merge where this is at least eta_y/eta_h."""
        with np.errstate(divide="ignore", invalid="ignore"):
            score = self.continuations * self.y / self.h**2
        # States that are one from the beginning merge at any rate.
        return np.where(self.h > 0, score, np.inf)


def agreeing_pairs(strings: Strings) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return all pairs of strings of one parity, which have the same answers whatever follows."""
    first, second = np.triu_indices(len(strings), 1)
    agree = strings.parity[first] == strings.parity[second]
    return first[agree], second[agree]


def pairs_before(
    states: Array,
    outputs: Array,
    trained: Mask,
    strings: Strings,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
) -> Pairs:
    """Return what the theory asks of pairs of strings of one network before training.

    Parameters
    ----------
    states, outputs : ndarray, shapes (n, units) and (n, 2)
        Of all strings.
    trained : ndarray of bool, shape (n,)
        Which strings are in the training set.
    strings : Strings
        All of them.
    first, second : ndarray of int, shape (pairs,)
        Which pairs.
    """
    h = np.square(states[first] - states[second]).sum(1)
    total, shared = np.zeros(len(first)), np.zeros(len(first), dtype=np.int64)
    room = strings.length - np.maximum(strings.lengths[first], strings.lengths[second])
    for further in range(int(room.max(initial=-1)) + 1):
        chosen = np.flatnonzero(room >= further)
        after = np.arange(2**further)
        ends = [(each[chosen, None] + 2) * 2**further + after - 2 for each in (first, second)]
        both = trained[ends[0]] & trained[ends[1]]
        distances = np.square(outputs[ends[0]] - outputs[ends[1]]).sum(-1)
        total[chosen] += (both * distances).sum(1)
        shared[chosen] += both.sum(1)
    y = np.divide(total, shared, out=np.zeros_like(total), where=shared > 0)
    return Pairs(first, second, h, y, shared)
