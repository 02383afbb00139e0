"""Where the parameters of one network lie: the embeddings first, then a table for each layer.

The first row of a layer's table holds the biases, the others the weights of one input each. Tables of hidden layers are
padded to whole groups of rows; padding is zero, has a learning rate of zero, and stays zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from validation.networks import Layer
from validation.training.compiled.lanes import LANES
from validation.training.compiled.products import whole_rows

Floats = NDArray[np.float32]


class Table(NamedTuple):
    """One layer: where it begins, its inputs and outputs, and how many there are with padding."""

    at: int
    inputs: int
    outputs: int
    rows: int
    columns: int

    def of(self, parameters: Floats) -> Floats:
        """Return the layer's biases and weights, shape (1 + inputs, outputs), as a view."""
        whole = parameters[self.at : self.at + (1 + self.rows) * self.columns]
        return whole.reshape(1 + self.rows, self.columns)[: 1 + self.inputs, : self.outputs]


class Layout:
    """The places of all parameters of a network.

    Parameters
    ----------
    dimensions, symbols : int
        Of the embeddings.
    widths : sequence of int
        Inputs of the decoder, units of its hidden layers, outputs; nothing for a network without one.

    Attributes
    ----------
    tables : tuple of Table
        One a layer; none for an ideal head.
    size : int
        Length of the buffer.
    """

    def __init__(self, dimensions: int, symbols: int, widths: Sequence[int]) -> None:
        self._embeddings = (dimensions, symbols)
        at = dimensions * symbols
        tables: list[Table] = []
        for inputs, outputs in pairwise(widths):
            # The single row of a single output is computed by itself.
            single = len(tables) == len(widths) - 2 and outputs == 1
            table = Table(at, inputs, outputs, whole_rows(inputs), outputs if single else whole_rows(outputs))
            tables.append(table)
            at += (1 + table.rows) * table.columns
        self.tables = tuple(tables)
        self.size = -(-at // LANES) * LANES

    def parts(self, parameters: Floats) -> list[Floats]:
        """Return views of the embeddings, (dimensions, n), and of each layer, biases first: (1 + inputs, outputs)."""
        dimensions, symbols = self._embeddings
        embeddings = parameters[: dimensions * symbols].reshape(dimensions, symbols)
        return [embeddings, *(table.of(parameters) for table in self.tables)]

    def filled(self, table: Floats, decoder: Sequence[Layer]) -> Floats:
        """Return a buffer with the given embeddings, (symbols, dimensions), and layers."""
        parameters = np.zeros(self.size, dtype=np.float32)
        embeddings, *layers = self.parts(parameters)
        embeddings[:] = table.T
        for view, layer in zip(layers, decoder, strict=True):
            view[0], view[1:] = layer.bias, layer.weight.T
        return parameters

    def spread(self, encoder: float, decoder: float) -> Floats:
        """Return a buffer with the encoder's number at the embeddings, the decoder's at the layers, 0 elsewhere."""
        numbers = np.zeros(self.size, dtype=np.float32)
        embeddings, *layers = self.parts(numbers)
        embeddings[:] = encoder
        for view in layers:
            view[:] = decoder
        return numbers


def aligned_zeros(count: int) -> Floats:
    """Return zeros that begin at a whole vector in memory, so that no vector lies across two lines of the cache."""
    numbers = np.zeros(count + LANES, dtype=np.float32)
    first = -numbers.ctypes.data % (LANES * numbers.itemsize) // numbers.itemsize
    return numbers[first : first + count]
