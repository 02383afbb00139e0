"""A training step of one network, forward and backward by hand; and its outputs without a step.

Numba compiles one version of this for all settings: sizes, operations and rates are numbers in the tuples below.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from validation.training.compiled.disk import kept_on_disk
from validation.training.compiled.elementwise import ONE, TWO, ZERO, activate, logistic_of_minus, times_slope
from validation.training.compiled.lanes import LANES, at_least, at_most, fill, load, put, store, take, where_positive
from validation.training.compiled.optimizers import Rule, State, update
from validation.training.compiled.products import (
    BLOCK,
    layer,
    outer_sums,
    read_out,
    row_sums,
    spread_out,
    weighted_row_sums,
)

CONCATENATION, DIFFERENCE, SQUARED_DIFFERENCE, EQUALITY_HEAD, ORDER_HEAD = range(5)
MODES = {
    "concatenation": CONCATENATION,
    "difference": DIFFERENCE,
    "squared_difference": SQUARED_DIFFERENCE,
    "equality_head": EQUALITY_HEAD,
    "order_head": ORDER_HEAD,
}
LOGIT_CROSS_ENTROPY, OUTPUT_CROSS_ENTROPY, SQUARED_ERROR = range(3)

Floats = NDArray[np.float32]


class Shape(NamedTuple):
    """Sizes and operations.

    Attributes
    ----------
    mode, activation, loss : int
        Codes of this module and of `elementwise`.
    clamp : float32
        Of an ideal head's output under cross-entropy.
    symbols, dimensions : int
        Of the embeddings, which are the first parameters: component c of symbol i at ``c * symbols + i``.
    rows : int
        Rows that the features of a pair take.
    sizes : ndarray of int64, shape (L,)
        Rows that enter each of the L layers, in whole groups; none for a head.
    weights_at, biases_at : ndarray of int64, shape (L,)
        Where the parameters of each layer begin: weight from input i to output j at ``i * outputs + j``.
    """

    mode: int
    activation: int
    loss: int
    clamp: np.float32
    symbols: int
    dimensions: int
    rows: int
    sizes: NDArray[np.int64]
    weights_at: NDArray[np.int64]
    biases_at: NDArray[np.int64]


class Pairs(NamedTuple):
    """Pairs of symbols with targets 0 or 1 and their weights in the mean, padded with weight 0 to whole blocks."""

    first: NDArray[np.int32]
    second: NDArray[np.int32]
    targets: Floats
    weights: Floats


class Buffers(NamedTuple):
    """Where a pass over S samples writes.

    Attributes
    ----------
    values, gradients, slopes : ndarray of float32
        Rows entering each layer, one layer after the other, and the gradients of what came before the non-linearity;
        `slopes` is used by gelu only and empty otherwise.
    places : ndarray of int64, shape (L,)
        Where the rows of each layer begin.
    output, output_gradient : ndarray of float32, shape (S,)
        What the network says of each pair, and the gradient of the loss with respect to it.
    """

    values: Floats
    gradients: Floats
    slopes: Floats
    places: NDArray[np.int64]
    output: Floats
    output_gradient: Floats


@njit(nogil=True)
def _look_up(shape: Shape, embeddings: Floats, pairs: Pairs, s: int, buffers: Buffers) -> None:
    """Write the features of 32 pairs into the rows that enter the first layer."""
    for k in range(BLOCK):
        i, j = take(pairs.first, s + k), take(pairs.second, s + k)
        place = s * shape.rows + k
        for c in range(shape.dimensions):
            one, other = take(embeddings, c * shape.symbols + i), take(embeddings, c * shape.symbols + j)
            if shape.mode == CONCATENATION:
                put(buffers.values, place + 2 * c * BLOCK, one)
                put(buffers.values, place + (2 * c + 1) * BLOCK, other)
            else:
                difference = one - other
                feature = difference * difference if shape.mode == SQUARED_DIFFERENCE else difference
                put(buffers.values, place + c * BLOCK, feature)


@njit(nogil=True)
def _put_back(shape: Shape, embeddings: Floats, pairs: Pairs, s: int, buffers: Buffers, sums: Floats) -> None:
    """Add the gradients of the features of 32 pairs to those of the embeddings, pair by pair in their order."""
    for k in range(BLOCK):
        i, j = take(pairs.first, s + k), take(pairs.second, s + k)
        place = s * shape.rows + k
        for c in range(shape.dimensions):
            one, other = c * shape.symbols + i, c * shape.symbols + j
            if shape.mode == CONCATENATION:
                _add(sums, one, take(buffers.gradients, place + 2 * c * BLOCK))
                _add(sums, other, take(buffers.gradients, place + (2 * c + 1) * BLOCK))
            else:
                gradient = take(buffers.gradients, place + c * BLOCK)
                if shape.mode == SQUARED_DIFFERENCE:
                    gradient = gradient * TWO * (take(embeddings, one) - take(embeddings, other))
                _add(sums, one, gradient)
                _add(sums, other, -gradient)


@njit(inline="always")
def _add(sums: Floats, place: int, number: Any) -> None:
    put(sums, place, take(sums, place) + number)


@njit(nogil=True)
def _head(shape: Shape, s: int, buffers: Buffers) -> None:
    """Write the output of an ideal head for 32 pairs: 10 ReLU(0.1 - sum x^2), or min(1, ReLU(sum x))."""
    for half in range(0, BLOCK, LANES):
        running = fill(ZERO)
        for c in range(shape.dimensions):
            x = load(buffers.values, s * shape.rows + c * BLOCK + half)
            running = running + (x * x if shape.mode == EQUALITY_HEAD else x)
        if shape.mode == EQUALITY_HEAD:
            output = fill(np.float32(10)) * at_least(fill(ZERO), fill(np.float32(0.1)) - running)
        else:
            output = at_most(fill(ONE), at_least(fill(ZERO), running))
        store(buffers.output, s + half, output)


@njit(nogil=True)
def _head_backward(shape: Shape, s: int, buffers: Buffers) -> None:
    """Write the gradients of the differences; zero where the ReLU, or the bound of 1, is at work."""
    first = s * shape.rows
    for k in range(BLOCK):
        total = ZERO
        for c in range(shape.dimensions):
            total += buffers.values[first + c * BLOCK + k]
        for c in range(shape.dimensions):
            place = first + c * BLOCK + k
            if shape.mode == EQUALITY_HEAD:
                slope = np.float32(-20) * buffers.values[place] if buffers.output[s + k] > ZERO else ZERO
            else:
                slope = ONE if ZERO < total <= ONE else ZERO
            buffers.gradients[place] = slope * buffers.output_gradient[s + k]


@njit(nogil=True)
def _forward(shape: Shape, parameters: Floats, pairs: Pairs, s: int, buffers: Buffers) -> None:
    """Write the outputs for 32 pairs."""
    _look_up(shape, parameters, pairs, s, buffers)
    if shape.mode >= EQUALITY_HEAD:
        _head(shape, s, buffers)
        return
    last = shape.sizes.size - 1
    for i in range(last):
        terms, rows = shape.sizes[i], shape.sizes[i + 1]
        x, y = buffers.places[i] + s * terms, buffers.places[i + 1] + s * rows
        layer(parameters, shape.weights_at[i], 1, rows, shape.biases_at[i], buffers.values, x, terms, buffers.values,
              y, rows)  # fmt: skip
        activate(shape.activation, buffers.values, buffers.slopes, y, y + rows * BLOCK)
    x = buffers.places[last] + s * shape.sizes[last]
    read_out(parameters, shape.weights_at[last], shape.biases_at[last], buffers.values, x, shape.sizes[last],
             buffers.output, s)  # fmt: skip


@njit(nogil=True)
def _loss_gradient(shape: Shape, pairs: Pairs, s: int, buffers: Buffers) -> None:
    """Write the gradient of the weighted mean loss with respect to the outputs, for 32 pairs."""
    for place in range(s, s + BLOCK, LANES):
        output, target = load(buffers.output, place), load(pairs.targets, place)
        weight = load(pairs.weights, place)
        if shape.loss == LOGIT_CROSS_ENTROPY:
            # -sign / (1 + exp(sign z)) keeps its relative accuracy on pairs that are learned, for both answers.
            sign = fill(TWO) * target - fill(ONE)
            gradient = (fill(ZERO) - sign) * weight * logistic_of_minus(sign * output)
        elif shape.loss == SQUARED_ERROR:
            gradient = fill(TWO) * weight * (output - target)
        else:
            low, high = fill(shape.clamp), fill(ONE - shape.clamp)
            clamped = at_most(high, at_least(low, output))
            inside = weight * (fill(ONE) - _excess(output, low, high))
            gradient = (clamped - target) / (clamped * (fill(ONE) - clamped)) * inside
        store(buffers.output_gradient, place, gradient)


@njit(inline="always")
def _excess(output: Any, low: Any, high: Any) -> Any:
    """Return 1 where the output lies outside [low, high], and 0 inside."""
    one = fill(ONE)
    return where_positive(low - output, one) + where_positive(output - high, one)


@njit(nogil=True)
def _backward(shape: Shape, parameters: Floats, s: int, buffers: Buffers) -> None:
    """Write the gradients of all rows, for 32 pairs."""
    if shape.mode >= EQUALITY_HEAD:
        _head_backward(shape, s, buffers)
        return
    last = shape.sizes.size - 1
    spread_out(parameters, shape.weights_at[last], buffers.output_gradient, s, buffers.gradients,
               buffers.places[last] + s * shape.sizes[last], shape.sizes[last])  # fmt: skip
    for i in range(last, 0, -1):
        rows, terms = shape.sizes[i - 1], shape.sizes[i]
        x, y = buffers.places[i - 1] + s * rows, buffers.places[i] + s * terms
        times_slope(shape.activation, buffers.gradients, buffers.values, buffers.slopes, y, y + terms * BLOCK)
        layer(parameters, shape.weights_at[i - 1], terms, 1, -1, buffers.gradients, y, terms, buffers.gradients, x,
              rows)  # fmt: skip


@njit(nogil=True)
def gradients(shape: Shape, parameters: Floats, pairs: Pairs, buffers: Buffers, sums: Floats) -> None:
    """Write the gradient of the loss with respect to all parameters."""
    samples, last = pairs.first.size, shape.sizes.size - 1
    sums[: shape.dimensions * shape.symbols] = ZERO
    for s in range(0, samples, BLOCK):
        _forward(shape, parameters, pairs, s, buffers)
        _loss_gradient(shape, pairs, s, buffers)
        _backward(shape, parameters, s, buffers)
        _put_back(shape, parameters, pairs, s, buffers, sums)
    for i in range(last):
        x, y, rows = buffers.places[i], buffers.places[i + 1], shape.sizes[i + 1]
        outer_sums(buffers.values, x, shape.sizes[i], buffers.gradients, y, rows, samples, sums, shape.weights_at[i])
        row_sums(buffers.gradients, y, rows, samples, sums, shape.biases_at[i])
    if last >= 0:
        weighted_row_sums(buffers.values, buffers.places[last], shape.sizes[last], buffers.output_gradient, samples,
                          sums, shape.weights_at[last])  # fmt: skip
        row_sums(buffers.output_gradient, 0, 1, samples, sums, shape.biases_at[last])


@kept_on_disk
def advance(shape: Shape, rule: Rule, pairs: Pairs, buffers: Buffers, state: State, done: int, steps: int) -> None:
    """Take training steps; `done` were taken before."""
    for step in range(done + 1, done + steps + 1):
        gradients(shape, state.parameters, pairs, buffers, state.gradients)
        update(rule, state, step)


@kept_on_disk
def respond(shape: Shape, parameters: Floats, pairs: Pairs, buffers: Buffers) -> None:
    """Write the outputs for all pairs."""
    for s in range(0, pairs.first.size, BLOCK):
        _forward(shape, parameters, pairs, s, buffers)
