"""Where a function of one unknown changes its sign, without a formula: a fine grid, then bisection.

All rows of a batch go through the same steps together. Two roots between neighbouring nodes leave no trace in the
signs there, but the size of the function then has a minimum on the way: every minimum on the grid is followed down by
golden section search, and a node is moved there if the sign changes. What is left to be missed are two roots between
two nodes where the size has several minima; `share` in `geneft_theory.symbolic.pieces` halves the grid to see them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

# Values at places, given the rows of the batch to which the places belong.
Function = Callable[[NDArray[np.float64], NDArray[np.intp]], NDArray[np.float64]]

# Beyond 8.5 standard deviations lies a probability of 2e-17.
REACH = 8.5

# Odd, so that every second node is a grid with the same ends.
NODES = 257
DECADES = 8
NODES_A_DECADE = 8

# The label of a place where the function has no real value.
UNDEFINED = 2

GOLDEN = (np.sqrt(5) - 1) / 2


def grid(mean: NDArray[np.float64], sigma: NDArray[np.float64], sign: int = 0) -> NDArray[np.float64]:
    """Return nodes over the bulk of normal distributions, in ascending order.

    Equally spaced in standard deviations; and, on either side of 0, at equal ratios down to 1e-8 of the largest, as
    the functions that occur have their features there, whatever the scale.

    Parameters
    ----------
    mean, sigma : numpy.ndarray
        Of shape (rows,).
    sign : int
        1 or -1 for nodes on one side of 0 only.

    Returns
    -------
    numpy.ndarray
        Of shape (rows, nodes), with an odd number of nodes; some may coincide.
    """
    # The nodes lie off the centre, where functions of a centred variable may be undefined.
    spaced = mean[:, None] + sigma[:, None] * (np.linspace(-REACH, REACH, NODES) + REACH / (3 * NODES))
    largest = np.abs(mean) + REACH * sigma
    ratios = np.logspace(-DECADES, 0, DECADES * NODES_A_DECADE + 1)
    near = largest[:, None] * np.concatenate([-ratios, ratios])
    nodes = np.concatenate([spaced, near], axis=1)
    smallest = largest[:, None] * ratios[0]
    low = smallest if sign > 0 else (mean - REACH * sigma)[:, None]
    high = -smallest if sign < 0 else (mean + REACH * sigma)[:, None]
    return np.sort(np.clip(nodes, np.minimum(low, high), np.maximum(low, high)), axis=1)


def labels(values: NDArray[np.float64]) -> NDArray[np.int8]:
    """Return signs as integers, `UNDEFINED` for nan."""
    return np.where(np.isnan(values), UNDEFINED, np.sign(np.nan_to_num(values))).astype(np.int8)


def sampled(function: Function, nodes: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """Return the nodes, some of them moved to where the function changes its sign for a short while, and the labels."""
    values = function(nodes, np.arange(len(nodes))[:, None])
    found = labels(values)
    size = np.abs(values)
    same = (found[:, 1:-1] == found[:, :-2]) & (found[:, 1:-1] == found[:, 2:]) & (np.abs(found[:, 1:-1]) == 1)
    # Strictly less on one side: on a plateau, as of a saturated function, there is nothing to look for.
    lowest = (size[:, 1:-1] <= size[:, :-2]) & (size[:, 1:-1] < size[:, 2:])
    rows, columns = np.nonzero(same & lowest)
    if len(rows) == 0:
        return nodes, found
    columns += 1
    sign = found[rows, columns]
    place = _minimum(lambda where: sign * function(where, rows), nodes[rows, columns - 1], nodes[rows, columns + 1])
    found_there = labels(function(place, rows))
    crossed = found_there == -sign
    rows, columns = rows[crossed], columns[crossed]
    nodes = nodes.copy()
    nodes[rows, columns], found[rows, columns] = place[crossed], found_there[crossed]
    return nodes, found


def _minimum(
    function: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    left: NDArray[np.float64],
    right: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return for each interval the first place found where the function is negative, else about its minimum."""
    best: NDArray[np.float64] = right - GOLDEN * (right - left)
    value = function(best)
    for _ in range(35):
        one, other = right - GOLDEN * (right - left), left + GOLDEN * (right - left)
        at_one, at_other = function(one), function(other)
        lower = at_one < at_other
        trial = np.where(lower, one, other)
        lowest = np.minimum(at_one, at_other)
        better = (value >= 0) & (lowest <= value)
        best, value = np.where(better, trial, best), np.where(better, lowest, value)
        left, right = np.where(lower, left, one), np.where(lower, other, right)
    return best


def bisected(
    label: Callable[[NDArray[np.float64]], NDArray[np.integer]],
    left: NDArray[np.float64],
    right: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return a place in each interval at which a label changes, if the labels at its ends differ."""
    before = label(left)
    for _ in range(52):
        middle = (left + right) / 2
        as_before = label(middle) == before
        left, right = np.where(as_before, middle, left), np.where(as_before, right, middle)
    place: NDArray[np.float64] = (left + right) / 2
    return place


def changes(
    label: Callable[[NDArray[np.float64], NDArray[np.intp]], NDArray[np.integer]], nodes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the places at which an integer label changes, of shape (rows, most changes), padded with nan."""
    found = label(nodes, np.arange(len(nodes))[:, None])
    rows, columns = np.nonzero(found[:, 1:] != found[:, :-1])
    places = bisected(lambda where: label(where, rows), nodes[rows, columns], nodes[rows, columns + 1])
    counts = np.bincount(rows, minlength=len(nodes))
    packed = np.full((len(nodes), max(counts, default=0)), np.nan)
    # np.nonzero goes row by row, so that a change's number in its row is its distance from the row's first.
    packed[rows, np.arange(len(rows)) - (np.cumsum(counts) - counts)[rows]] = places
    return packed


def sections(
    function: Function,
    nodes: NDArray[np.float64],
    found: NDArray[np.int8],
    low: float = -np.inf,
    high: float = np.inf,
) -> NDArray[np.float64]:
    """Return the ends of the stretch that each node stands for, of shape (rows, nodes + 1).

    Between nodes of different labels the end is where the label changes, else half way.
    """
    ends = np.concatenate(
        [
            np.full((len(nodes), 1), low),
            (nodes[:, 1:] + nodes[:, :-1]) / 2,
            np.full((len(nodes), 1), high),
        ],
        axis=1,
    )
    rows, columns = np.nonzero(found[:, 1:] != found[:, :-1])
    ends[rows, columns + 1] = bisected(
        lambda where: labels(function(where, rows)), nodes[rows, columns], nodes[rows, columns + 1]
    )
    return ends
