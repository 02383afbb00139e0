"""A deeper look at symbols that refinement cannot tell apart: fix each in turn, and see how colours would refine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geneft_theory.relations.refinement import scrambled
from geneft_theory.relations.twins import Labels, Matrix

# Sums of up to 10,000 integers below this are exact in a float64, in whatever order they are added.
HASH_RANGE = np.uint64(2**39)
COLUMNS_AT_ONCE = 256


def profiles(matrix: Matrix, colours: Labels) -> Labels:
    """Return for each symbol a number that depends on how colours would refine if that symbol were fixed.

    All symbols are tried at once: column b of `state` holds a hash of each symbol's colour with symbol b fixed, and a
    round of refinement is a matrix product. Symbols that an isomorphism maps to each other get equal profiles.
    """
    count = len(matrix)
    arcs = matrix.astype(np.float64)
    profile = np.empty(count, dtype=np.uint64)
    for start in range(0, count, COLUMNS_AT_ONCE):
        block = np.arange(start, min(start + COLUMNS_AT_ONCE, count))
        state: NDArray[np.uint64] = np.repeat(scrambled(colours)[:, None] % HASH_RANGE, block.size, axis=1)
        state[block, block - start] ^= np.uint64(1)
        for _ in range(count.bit_length()):
            hashes = state.astype(np.float64)
            sent, received = (arcs @ hashes).astype(np.uint64), (arcs.T @ hashes).astype(np.uint64)
            state = scrambled(scrambled(scrambled(state) + sent) + received) % HASH_RANGE
        profile[block] = scrambled(state).sum(axis=0, dtype=np.uint64)
    return profile.view(np.int64)
