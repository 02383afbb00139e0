"""Made-up results of experiments on repons, in their exact form: for examples and tests of figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr


def specimen_collapse(
    cases: Sequence[str] = ("pair", "trained-bias"), draws: int = 400, seed: int = 0
) -> tuple[xr.Dataset, xr.Dataset]:
    """Return made-up counts that follow the arctangent law, and that law, as `collapse_figure` takes them."""
    import xarray as xr

    ratio, fine = np.geomspace(0.01, 100, 9), np.geomspace(0.01, 100, 33)
    law = np.array([2 / np.pi * np.arctan(ratio ** -(0.5 / (1 + row))) for row in range(len(cases))])
    fine_law = np.array([2 / np.pi * np.arctan(fine ** -(0.5 / (1 + row))) for row in range(len(cases))])
    counts = np.random.default_rng(seed).binomial(draws, law)
    dims, fine_dims = ("case", "ratio"), ("case", "fine_ratio")
    bound = np.where(np.array(["bias" in case for case in cases])[:, None], 0.8 * law, np.nan)
    results = xr.Dataset(
        {
            "collapsed": (dims, counts),
            "as_forecast": (dims, np.full_like(counts, draws)),
            "diverged": (dims, 0 * counts),
        },
        {"case": list(cases), "ratio": ratio},
        {"draws": draws, "separation": 0.01, "learning_rate": 0.02},
    )
    theory = xr.Dataset(
        {
            "law": (dims, law),
            "law_error": (dims, 0 * law),
            "law_forever": (dims, law**0.9),
            "bound": (dims, bound),
            "fine_law": (fine_dims, fine_law),
            "fine_law_forever": (fine_dims, fine_law**0.9),
            "fine_bound": (fine_dims, np.where(np.isnan(bound[:, :1]), np.nan, 0.8 * fine_law)),
        },
        {"case": list(cases), "ratio": ratio, "fine_ratio": fine},
    )
    return results, theory


def specimen_slowing_pairs(sides: Sequence[str] = ("collapse", "memorization", "adam")) -> xr.Dataset:
    """Return made-up times of pairs, as `slowing_pairs_figure` takes them."""
    import xarray as xr

    distance = np.geomspace(1e-3, 0.1, 5)
    slow = np.array([8 / (1 + row) / distance for row in range(len(sides))])
    dims = ("side", "distance")
    names = ("time", "predicted_time", "relaxation_time")
    variables = {name: (dims, slow * factor) for name, factor in zip(names, (1.02, 1.0, 0.06), strict=True)}
    variables |= {f"{name}_log_error": (dims, np.full_like(slow, 0.05)) for name in names}
    attributes = {"pairs": 50, "separation": 1e-3}
    return xr.Dataset(variables, {"side": list(sides), "distance": distance}, attributes)


def specimen_slowing_networks(seeds: int = 6) -> xr.Dataset:
    """Return made-up times of networks, some of them censored, as `slowing_networks_figure` takes them."""
    import xarray as xr

    ratio, random = np.array([1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 20.0]), np.random.default_rng(0)
    times = 3000 / np.maximum(10 - ratio, 0.1)[:, None] * np.exp(0.3 * random.normal(size=(ratio.size, seeds)))
    steps = np.where(times < 4000, times, np.nan)
    share = np.isfinite(steps).mean(axis=1)
    median = np.where(share > 0.5, np.sort(times, axis=1)[:, seeds // 2], np.nan)
    return xr.Dataset(
        {
            "steps": (("ratio", "seed"), steps),
            "share_generalized": ("ratio", share),
            "share_low": ("ratio", share * 0.8),
            "share_high": ("ratio", 1 - (1 - share) * 0.8),
            "median_steps": ("ratio", np.where(median < 4000, median, np.nan)),
        },
        {"ratio": ratio, "seed": np.arange(seeds)},
        {"budget": 4000, "n": 30, "optimizer": "adam", "eta_encoder": 3e-4, "relation": "equal modulo 3"},
    )
