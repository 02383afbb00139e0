"""The matrix products of a step, each with its sums in one written order.

Arrays are flat. What belongs to samples lies block by block of 32 samples, and row by row within a block: row r of
sample s at ``(s // 32 * rows + r) * 32 + s % 32``. A block of all layers stays in the processor's first cache, and the
distance between rows is known when the loops are compiled. Rows come in groups of five, for which 25 sums, or 10 with
32 samples, fit the processor's registers together with what they are made of.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from validation.training.compiled.lanes import fill, fused_multiply_add, load, put, store, take, total

ROWS = 5
BLOCK = 32
HALF = BLOCK // 2


def whole_rows(count: int) -> int:
    """Return the count rounded up to whole groups of rows.

    Examples
    --------
    >>> whole_rows(50), whole_rows(4)
    (50, 5)
    """
    return -(-count // ROWS) * ROWS


@njit(nogil=True)
def layer(
    weights: Any, at: int, across: int, along: int, biases: int, source: Any, x: int, terms: int, target: Any, y: int,
    rows: int,
) -> None:  # fmt: skip
    """Write rows of sums of products with source rows, for the block at place x (source) and y (target).

    Target row j is the sum over the terms i of weights[at + j * across + i * along] times source row i, beginning with
    weights[biases + j] where biases >= 0.
    """
    for j in range(0, rows, ROWS):
        if biases >= 0:
            a0 = fill(take(weights, biases + j))
            a1 = fill(take(weights, biases + j + 1))
            a2 = fill(take(weights, biases + j + 2))
            a3 = fill(take(weights, biases + j + 3))
            a4 = fill(take(weights, biases + j + 4))
        else:
            a0 = a1 = a2 = a3 = a4 = fill(np.float32(0))
        b0, b1, b2, b3, b4 = a0, a1, a2, a3, a4
        for i in range(terms):
            a = load(source, x + i * BLOCK)
            b = load(source, x + i * BLOCK + HALF)
            k = at + j * across + i * along
            w = fill(take(weights, k))
            a0, b0 = fused_multiply_add(w, a, a0), fused_multiply_add(w, b, b0)
            w = fill(take(weights, k + across))
            a1, b1 = fused_multiply_add(w, a, a1), fused_multiply_add(w, b, b1)
            w = fill(take(weights, k + 2 * across))
            a2, b2 = fused_multiply_add(w, a, a2), fused_multiply_add(w, b, b2)
            w = fill(take(weights, k + 3 * across))
            a3, b3 = fused_multiply_add(w, a, a3), fused_multiply_add(w, b, b3)
            w = fill(take(weights, k + 4 * across))
            a4, b4 = fused_multiply_add(w, a, a4), fused_multiply_add(w, b, b4)
        place = y + j * BLOCK
        store(target, place, a0)
        store(target, place + HALF, b0)
        store(target, place + BLOCK, a1)
        store(target, place + BLOCK + HALF, b1)
        store(target, place + 2 * BLOCK, a2)
        store(target, place + 2 * BLOCK + HALF, b2)
        store(target, place + 3 * BLOCK, a3)
        store(target, place + 3 * BLOCK + HALF, b3)
        store(target, place + 4 * BLOCK, a4)
        store(target, place + 4 * BLOCK + HALF, b4)


@njit(nogil=True)
def read_out(weights: Any, at: int, bias: int, source: Any, x: int, terms: int, output: Any, y: int) -> None:
    """Write the single row of a last layer, for 32 samples."""
    a = fill(take(weights, bias))
    b = a
    for i in range(terms):
        w = fill(take(weights, at + i))
        a = fused_multiply_add(w, load(source, x + i * BLOCK), a)
        b = fused_multiply_add(w, load(source, x + i * BLOCK + HALF), b)
    store(output, y, a)
    store(output, y + HALF, b)


@njit(nogil=True)
def spread_out(weights: Any, at: int, gradient: Any, y: int, target: Any, x: int, rows: int) -> None:
    """Write weights[at + i] times the gradient to row i, for 32 samples."""
    a, b = load(gradient, y), load(gradient, y + HALF)
    for i in range(rows):
        w = fill(take(weights, at + i))
        store(target, x + i * BLOCK, w * a)
        store(target, x + i * BLOCK + HALF, w * b)


@njit(nogil=True)
def outer_sums(
    left: Any, x: int, rows: int, right: Any, y: int, columns: int, samples: int, sums: Any, at: int
) -> None:
    """Write the sum over samples of left row i times right row j to sums[at + i * columns + j]."""
    for i in range(0, rows, ROWS):
        for j in range(0, columns, ROWS):
            from_x, from_y = x + i * BLOCK, y + j * BLOCK
            _outer_sums(left, from_x, rows, right, from_y, columns, samples, sums, at + i * columns + j)


@njit(nogil=True)
def _outer_sums(
    left: Any, x: int, rows: int, right: Any, y: int, columns: int, samples: int, sums: Any, at: int
) -> None:
    a0 = a1 = a2 = a3 = a4 = fill(np.float32(0))
    b0, b1, b2, b3, b4 = a0, a1, a2, a3, a4
    c0, c1, c2, c3, c4 = a0, a1, a2, a3, a4
    d0, d1, d2, d3, d4 = a0, a1, a2, a3, a4
    e0, e1, e2, e3, e4 = a0, a1, a2, a3, a4
    for s in range(0, samples, BLOCK):
        for half in range(0, BLOCK, HALF):
            p, q = x + s * rows + half, y + s * columns + half
            r0 = load(right, q)
            r1 = load(right, q + BLOCK)
            r2 = load(right, q + 2 * BLOCK)
            r3 = load(right, q + 3 * BLOCK)
            r4 = load(right, q + 4 * BLOCK)
            row = load(left, p)
            a0, a1, a2, a3, a4 = _extended(row, r0, r1, r2, r3, r4, a0, a1, a2, a3, a4)
            row = load(left, p + BLOCK)
            b0, b1, b2, b3, b4 = _extended(row, r0, r1, r2, r3, r4, b0, b1, b2, b3, b4)
            row = load(left, p + 2 * BLOCK)
            c0, c1, c2, c3, c4 = _extended(row, r0, r1, r2, r3, r4, c0, c1, c2, c3, c4)
            row = load(left, p + 3 * BLOCK)
            d0, d1, d2, d3, d4 = _extended(row, r0, r1, r2, r3, r4, d0, d1, d2, d3, d4)
            row = load(left, p + 4 * BLOCK)
            e0, e1, e2, e3, e4 = _extended(row, r0, r1, r2, r3, r4, e0, e1, e2, e3, e4)
    _write(sums, at, a0, a1, a2, a3, a4)
    _write(sums, at + columns, b0, b1, b2, b3, b4)
    _write(sums, at + 2 * columns, c0, c1, c2, c3, c4)
    _write(sums, at + 3 * columns, d0, d1, d2, d3, d4)
    _write(sums, at + 4 * columns, e0, e1, e2, e3, e4)


@njit(inline="always")
def _extended(
    row: Any, r0: Any, r1: Any, r2: Any, r3: Any, r4: Any, s0: Any, s1: Any, s2: Any, s3: Any, s4: Any
) -> Any:
    return (
        fused_multiply_add(row, r0, s0),
        fused_multiply_add(row, r1, s1),
        fused_multiply_add(row, r2, s2),
        fused_multiply_add(row, r3, s3),
        fused_multiply_add(row, r4, s4),
    )


@njit(inline="always")
def _write(sums: Any, at: int, s0: Any, s1: Any, s2: Any, s3: Any, s4: Any) -> None:
    put(sums, at, total(s0))
    put(sums, at + 1, total(s1))
    put(sums, at + 2, total(s2))
    put(sums, at + 3, total(s3))
    put(sums, at + 4, total(s4))


@njit(nogil=True)
def row_sums(rows: Any, y: int, count: int, samples: int, sums: Any, at: int) -> None:
    """Write the sum over samples of each row to sums[at + row]."""
    for row in range(count):
        a = b = fill(np.float32(0))
        for s in range(0, samples, BLOCK):
            place = y + s * count + row * BLOCK
            a, b = a + load(rows, place), b + load(rows, place + HALF)
        put(sums, at + row, total(a + b))


@njit(nogil=True)
def weighted_row_sums(rows: Any, x: int, count: int, weights: Any, samples: int, sums: Any, at: int) -> None:
    """Write the sum over samples of each row times the weights to sums[at + row]."""
    for row in range(count):
        a = b = fill(np.float32(0))
        for s in range(0, samples, BLOCK):
            place = x + s * count + row * BLOCK
            a = fused_multiply_add(load(rows, place), load(weights, s), a)
            b = fused_multiply_add(load(rows, place + HALF), load(weights, s + HALF), b)
        put(sums, at + row, total(a + b))
