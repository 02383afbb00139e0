"""Phases of the networks behind the published Fig. 6, one a cell, from the released step counts and Table 1.

Source: the official repository ejmichaud/grokking-squared (MIT licence), commit 0229df9: `data_add_r.h5` (6b),
`data_add_c.h5` (6c), `data_perm_r.h5` (6d) and `data_add_r_reprlr.h5` (6a), read with thresholds of 0.9, a budget of
100,000 steps and a delay of 1,000. All networks of a map share their training set and their initial parameters, so that
a map is one draw. Of 6a, 6c and 6d only the numbers of cells are kept here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BUDGET = 100_000
LETTERS = {"C": "generalization", "G": "grokking", "M": "memorization", "X": "confusion"}
"""C stands for comprehension, which is what the paper calls generalization."""
MAP_B = (
    "GGGGGGGGMMM",
    "GGGGGGGGGMM",
    "GGGGGGGGGMM",
    "GGGGGGGGGMM",
    "GGGGGGGGGMM",
    "CCCCGGGGGGM",
    "CCCCCGGGGGM",
    "CCCCCCGGGGM",
    "MMMMMCCGMMM",
    "MMMMMMXXMMM",
    "MMMMMMXXXMX",
    "MMMMMMXXXXX",
    "MMMMMXXXXXX",
    "MMMMXXXXXXX",
    "MMMMXXXXXXX",
    "MMMXXXXXXXX",
)
"""Rows: decoder rates 1e-5 * 10^(k/5); columns: weight decays 0 to 10 of the decoder; encoder rate 1e-3."""
COUNTS = {
    "a": {"generalization": 29, "grokking": 31, "memorization": 109, "confusion": 0},
    "b": {"generalization": 17, "grokking": 60, "memorization": 60, "confusion": 39},
    "c": {"generalization": 30, "grokking": 85, "memorization": 50, "confusion": 11},
    "d": {"generalization": 73, "grokking": 31, "memorization": 62, "confusion": 10},
}
"""Cells of each map: 13 x 13, and three times 16 x 11."""
SMALLEST_RATIOS = (3.0, 6.0)
"""How much faster than the decoder the encoder has to be in 6a, at least, for a network to learn the held-out pairs."""
SAME_RATE = 0.02
"""By how much (relative) a rate may differ from that of a released cell, since axes are rounded to three digits."""


def released_phases(eta_decoder: NDArray[np.float64], weight_decay: NDArray[np.float64]) -> NDArray[Any]:
    """Return the released phases of Fig. 6b on other axes, "" where no network was released.

    Parameters
    ----------
    eta_decoder, weight_decay : ndarray of float, shape (rates,) and (decays,)
        The axes wanted.

    Returns
    -------
    ndarray of str, shape (rates, decays)
        Entries of `validation.measure.PHASES`, or "".

    Examples
    --------
    >>> released_phases(np.array([1e-4, 1e-3, 1.1e-3]), np.array([0.0, 7.0, 7.5])).tolist()
    [['generalization', 'grokking', ''], ['memorization', 'confusion', ''], ['', '', '']]
    """
    row = np.rint(5 * (np.log10(eta_decoder) + 5)).astype(int)
    column = np.rint(weight_decay).astype(int)
    rows = (row >= 0) & (row < len(MAP_B)) & (np.abs(eta_decoder / 10 ** (row / 5 - 5) - 1) < SAME_RATE)
    columns = (column >= 0) & (column < len(MAP_B[0])) & (column == weight_decay)
    found = np.full((row.size, column.size), "", dtype="<U14")
    for i, j in np.argwhere(rows[:, None] & columns[None, :]):
        found[i, j] = LETTERS[MAP_B[row[i]][column[j]]]
    return found
