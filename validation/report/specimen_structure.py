"""Made-up results of the experiment on many points, in their exact form: for examples and tests of figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr


def specimen_pairs(
    panels: Sequence[str] = ("rich, gain 0.8", "lazy, gain 2"), seeds: int = 4, pairs: int = 6, seed: int = 0
) -> xr.Dataset:
    """Return made-up distances that are roughly as predicted, as `structure_pairs_figure` takes them."""
    import xarray as xr

    generator = np.random.default_rng(seed)
    shape = (len(panels), seeds, pairs)
    predicted = generator.uniform(0.05, 1, shape)
    over = ("panel", "seed", "pair")
    return xr.Dataset(
        {
            "predicted": (over, predicted),
            "measured": (over, predicted * np.exp(generator.normal(0, 0.2, shape))),
            "equal": (over, predicted < 0.3),
        },
        {"panel": list(panels), "seed": np.arange(seeds), "pair": np.arange(pairs)},
    )


def specimen_merging(outputs: Sequence[int] = (1, 10, 100), seeds: int = 4, seed: int = 0) -> xr.Dataset:
    """Return made-up shares that fall with the outputs, as `structure_merging_figure` takes them."""
    import xarray as xr

    generator = np.random.default_rng(seed)
    gain = np.array([0.2, 0.5, 1.0])
    exact = np.clip(1 - np.log10(np.array(outputs)) / 2, 0, 1)[:, None, None] + np.zeros((1, 3, seeds))
    over = ("outputs", "gain", "seed")
    return xr.Dataset(
        {
            "measured": (over, exact * np.exp(generator.normal(0, 0.2, exact.shape))),
            "law": (over, 0 * exact),
            "exact": (over, exact),
        },
        {"outputs": list(outputs), "gain": gain, "seed": np.arange(seeds)},
    )
