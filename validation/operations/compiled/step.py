"""A training step of a network that learns an operation, and what is measured before it.

The samples of the operation stand in one row, those of the training set first, so that one pass forward answers
training and held-out pairs alike. Values of a block of 32 samples lie together, sample after sample, row after row.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from validation.training.compiled.disk import kept_on_disk
from validation.training.compiled.elementwise import LOG2_E, TANH, TWO, ZERO, activate, exp2, times_slope
from validation.training.compiled.lanes import LANES, at_least, fill, load, put, store, take
from validation.training.compiled.optimizers import Rule, State, update
from validation.training.compiled.products import BLOCK, layer, outer_sums, row_sums

SQUARED_ERROR, CROSS_ENTROPY = range(2)
LOSSES = {"mean_squared_error": SQUARED_ERROR, "cross_entropy": CROSS_ENTROPY}
TRAIN, HELD_OUT, STRUCTURE = range(3)

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


class Shape(NamedTuple):
    """Sizes and operations.

    Attributes
    ----------
    loss : int
        Code of this module.
    symbols, dimensions : int
        Of the embeddings, which are the first parameters: component c of symbol i at ``c * symbols + i``.
    size : int
        Rows of the embeddings as matrices that are multiplied; 0 for vectors that are added.
    labels, outputs : int
        Labels, and outputs of the decoder.
    penalty : float32
        Factor of the sum of absolute embeddings in the loss.
    sizes, weights_at, biases_at : ndarray of int64
        As in the relation engine's `Shape`.
    """

    loss: int
    symbols: int
    dimensions: int
    size: int
    labels: int
    outputs: int
    penalty: np.float32
    sizes: Integers
    weights_at: Integers
    biases_at: Integers


class Samples(NamedTuple):
    """The samples of an operation, those that are trained on first, and padding at the end.

    Attributes
    ----------
    first, second, labels : ndarray of int64, shape (S,)
        Symbols and class of each, S in whole blocks.
    weights : ndarray of float32, shape (S,)
        In the mean loss: 1 / trained, and 0 for all that is not trained on.
    trained, total : int
        How many are trained on, and how many there are without padding.
    corners : ndarray of int64, shape (m, 4)
        The parallelograms (i, j, m, n) that embeddings should make; none for matrices.
    """

    first: Integers
    second: Integers
    labels: Integers
    weights: Floats
    trained: int
    total: int
    corners: Integers


class Buffers(NamedTuple):
    """Where a pass over S samples writes; `places` says where the rows of each layer begin, the outputs' last.

    `templates` holds a row of outputs for each label, and at the end minus half the squared norm of each.
    """

    values: Floats
    gradients: Floats
    scores: Floats
    places: Integers
    templates: Floats


class Goals(NamedTuple):
    """Which numbers count as reached, and after how many steps each first was; -1 for not yet."""

    accuracy: float
    quality: float
    reached: Integers


@njit(nogil=True)
def _look_up(shape: Shape, embeddings: Floats, samples: Samples, s: int, values: Floats, rows: int) -> None:
    """Write the combined embeddings of 32 samples into the rows that enter the first layer."""
    for k in range(BLOCK):
        i, j = samples.first[s + k], samples.second[s + k]
        place = s * rows + k
        for c in range(shape.dimensions):
            if shape.size == 0:
                feature = take(embeddings, c * shape.symbols + i) + take(embeddings, c * shape.symbols + j)
            else:
                feature = ZERO
                row, column = c // shape.size, c % shape.size
                for inner in range(shape.size):
                    left = take(embeddings, (row * shape.size + inner) * shape.symbols + i)
                    feature += left * take(embeddings, (inner * shape.size + column) * shape.symbols + j)
            put(values, place + c * BLOCK, feature)


@njit(nogil=True)
def _put_back(
    shape: Shape, embeddings: Floats, samples: Samples, s: int, gradients: Floats, rows: int, sums: Floats
) -> None:
    """Add the gradients of 32 samples to those of the embeddings, sample by sample in their order."""
    for k in range(min(BLOCK, samples.trained - s)):
        i, j = samples.first[s + k], samples.second[s + k]
        place = s * rows + k
        for c in range(shape.dimensions):
            gradient = take(gradients, place + c * BLOCK)
            if shape.size == 0:
                sums[c * shape.symbols + i] += gradient
                sums[c * shape.symbols + j] += gradient
            else:
                row, column = c // shape.size, c % shape.size
                for inner in range(shape.size):
                    left = (row * shape.size + inner) * shape.symbols + i
                    right = (inner * shape.size + column) * shape.symbols + j
                    sums[left] += gradient * embeddings[right]
                    sums[right] += gradient * embeddings[left]


@njit(nogil=True)
def _forward(shape: Shape, parameters: Floats, samples: Samples, s: int, buffers: Buffers) -> None:
    """Write the outputs and the scores of all labels for 32 samples."""
    _look_up(shape, parameters, samples, s, buffers.values, shape.sizes[0])
    last = shape.sizes.size - 1
    for i in range(last):
        terms, rows = shape.sizes[i], shape.sizes[i + 1]
        x, y = buffers.places[i] + s * terms, buffers.places[i + 1] + s * rows
        layer(parameters, shape.weights_at[i], 1, rows, shape.biases_at[i], buffers.values, x, terms, buffers.values,
              y, rows)  # fmt: skip
        if i < last - 1:
            activate(TANH, buffers.values, buffers.values, y, y + rows * BLOCK)
    if shape.loss == SQUARED_ERROR:
        # The nearest template is the one with the largest product with the output minus half its squared norm.
        outputs, rows = shape.sizes[last], buffers.scores.size // samples.first.size
        norms = buffers.templates.size - rows
        layer(buffers.templates, 0, outputs, 1, norms, buffers.values, buffers.places[last] + s * outputs, outputs,
              buffers.scores, s * rows, rows)  # fmt: skip


@njit(nogil=True)
def _squared_error(shape: Shape, samples: Samples, s: int, buffers: Buffers) -> Any:
    """Write the gradient of the loss with respect to the outputs; return the sum of the weighted losses."""
    last = shape.sizes.size - 1
    rows, loss = shape.sizes[last], 0.0
    place = buffers.places[last] + s * rows
    for row in range(shape.outputs):
        for k in range(BLOCK):
            here = place + row * BLOCK + k
            error = take(buffers.values, here) - take(buffers.templates, samples.labels[s + k] * rows + row)
            weighted = samples.weights[s + k] * error
            put(buffers.gradients, here, TWO * weighted / np.float32(shape.outputs))
            loss += np.float64(weighted * error)
    return loss / shape.outputs


@njit(nogil=True)
def _cross_entropy(shape: Shape, samples: Samples, s: int, buffers: Buffers) -> Any:
    """Write the gradient of the loss with respect to the logits; return the sum of the weighted losses."""
    last = shape.sizes.size - 1
    rows, loss = shape.sizes[last], 0.0
    for half in range(0, BLOCK, LANES):
        place = buffers.places[last] + s * rows + half
        largest = load(buffers.values, place)
        for row in range(1, shape.labels):
            largest = at_least(largest, load(buffers.values, place + row * BLOCK))
        total = fill(ZERO)
        for row in range(shape.labels):
            power = exp2((load(buffers.values, place + row * BLOCK) - largest) * fill(LOG2_E))
            store(buffers.gradients, place + row * BLOCK, power)
            total = total + power
        store(buffers.scores, s + half, largest)
        weight = load(samples.weights, s + half)
        for row in range(shape.labels):
            here = place + row * BLOCK
            store(buffers.gradients, here, load(buffers.gradients, here) / total * weight)
        store(buffers.scores, samples.first.size + s + half, total)
    for k in range(s, s + BLOCK):
        here = buffers.places[last] + s * rows + samples.labels[k] * BLOCK + k - s
        buffers.gradients[here] -= samples.weights[k]
        excess = np.float64(buffers.scores[k]) - np.float64(buffers.values[here])
        loss += np.float64(samples.weights[k]) * (np.log(np.float64(buffers.scores[samples.first.size + k])) + excess)
    return loss


@njit(nogil=True)
def _right(shape: Shape, samples: Samples, sample: int, buffers: Buffers) -> bool:
    """Whether the score of a sample's own label is larger than all others; what is not a number is wrong."""
    last = shape.sizes.size - 1
    if shape.loss == SQUARED_ERROR:
        scores, begin, rows = buffers.scores, 0, buffers.scores.size // samples.first.size
    else:
        scores, begin, rows = buffers.values, buffers.places[last], shape.sizes[last]
    k = sample % BLOCK
    place = begin + (sample - k) * rows + k
    own = scores[place + samples.labels[sample] * BLOCK]
    for label in range(shape.labels):
        if label != samples.labels[sample] and not own > scores[place + label * BLOCK]:
            return False
    return True


@njit(nogil=True)
def _backward(shape: Shape, parameters: Floats, s: int, buffers: Buffers) -> None:
    """Write the gradients of all rows, for 32 samples."""
    last = shape.sizes.size - 1
    for i in range(last, 0, -1):
        rows, terms = shape.sizes[i - 1], shape.sizes[i]
        x, y = buffers.places[i - 1] + s * rows, buffers.places[i] + s * terms
        if i < last:
            times_slope(TANH, buffers.gradients, buffers.values, buffers.values, y, y + terms * BLOCK)
        layer(parameters, shape.weights_at[i - 1], terms, 1, -1, buffers.gradients, y, terms, buffers.gradients, x,
              rows)  # fmt: skip


@njit(nogil=True)
def gradients(shape: Shape, parameters: Floats, samples: Samples, buffers: Buffers, sums: Floats) -> Any:
    """Write the gradient of the loss with respect to all parameters, and all answers; return the loss."""
    table, loss = shape.dimensions * shape.symbols, 0.0
    for k in range(table):
        sums[k] = shape.penalty * np.sign(parameters[k])
    trained = -(-samples.trained // BLOCK) * BLOCK
    for s in range(0, samples.first.size, BLOCK):
        _forward(shape, parameters, samples, s, buffers)
        if s < trained:
            if shape.loss == SQUARED_ERROR:
                loss += _squared_error(shape, samples, s, buffers)
            else:
                loss += _cross_entropy(shape, samples, s, buffers)
            _backward(shape, parameters, s, buffers)
            _put_back(shape, parameters, samples, s, buffers.gradients, shape.sizes[0], sums)
    for i in range(shape.sizes.size - 1):
        x, y, rows = buffers.places[i], buffers.places[i + 1], shape.sizes[i + 1]
        outer_sums(buffers.values, x, shape.sizes[i], buffers.gradients, y, rows, trained, sums, shape.weights_at[i])
        row_sums(buffers.gradients, y, rows, trained, sums, shape.biases_at[i])
    return loss


@njit(nogil=True)
def quality(shape: Shape, embeddings: Floats, corners: Integers, delta: float) -> Any:
    """Return the share of parallelograms that the embeddings make, each dimension brought to unbiased deviation 1."""
    if corners.shape[0] == 0:
        return np.nan
    total = np.zeros(corners.shape[0])
    for c in range(shape.dimensions):
        row = embeddings[c * shape.symbols : (c + 1) * shape.symbols].astype(np.float64)
        centred = row - row.mean()
        variance = (centred * centred).sum() / (shape.symbols - 1)
        for m in range(corners.shape[0]):
            defect = centred[corners[m, 0]] + centred[corners[m, 1]] - centred[corners[m, 2]] - centred[corners[m, 3]]
            total[m] += defect * defect / variance
    # Collapsed embeddings make 0 / 0, and no parallelogram.
    made = 0
    for m in range(corners.shape[0]):
        made += total[m] / shape.dimensions <= delta * delta
    return made / corners.shape[0]


@njit(nogil=True)
def measure(shape: Shape, parameters: Floats, samples: Samples, buffers: Buffers, delta: float) -> Any:
    """Return both accuracies and the representation's quality, given the answers of the last pass; nan where none."""
    hits, held_out = 0, 0
    for sample in range(samples.total):
        right = _right(shape, samples, sample, buffers)
        if sample < samples.trained:
            hits += right
        else:
            held_out += right
    rest = samples.total - samples.trained
    return (
        hits / samples.trained,
        held_out / rest if rest > 0 else np.nan,
        quality(shape, parameters, samples.corners, delta),
    )


@njit(nogil=True)
def _note(goals: Goals, measured: Any, steps: int) -> None:
    if steps == 0:
        # Who is right before the first step has not learned it.
        return
    train, held_out, structure = measured
    if goals.reached[TRAIN] < 0 and train >= goals.accuracy:
        goals.reached[TRAIN] = steps
    if goals.reached[HELD_OUT] < 0 and held_out >= goals.accuracy:
        goals.reached[HELD_OUT] = steps
    if goals.reached[STRUCTURE] < 0 and structure > goals.quality:
        goals.reached[STRUCTURE] = steps


@kept_on_disk
def advance(
    shape: Shape, rule: Rule, samples: Samples, buffers: Buffers, state: State, goals: Goals, delta: float, done: int,
    steps: int,
) -> None:  # fmt: skip
    """Take training steps; `done` were taken before. What is reached is noted before each step."""
    for step in range(done + 1, done + steps + 1):
        gradients(shape, state.parameters, samples, buffers, state.gradients)
        _note(goals, measure(shape, state.parameters, samples, buffers, delta), step - 1)
        update(rule, state, step)


@kept_on_disk
def look(
    shape: Shape, parameters: Floats, samples: Samples, buffers: Buffers, goals: Goals, delta: float, done: int,
    sums: Floats,
) -> Any:  # fmt: skip
    """Return the loss, both accuracies and the quality after `done` steps; the gradients are left in `sums`."""
    loss = gradients(shape, parameters, samples, buffers, sums)
    measured = measure(shape, parameters, samples, buffers, delta)
    _note(goals, measured, done)
    train, held_out, structure = measured
    return loss, train, held_out, structure
