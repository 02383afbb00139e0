"""Made-up results of the experiment on merging states, in their exact form: for examples and tests of figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr


def specimen_course(seeds: int = 4, seed: int = 0) -> xr.Dataset:
    """Return made-up courses in which states part and merge, as `parity_course_figure` takes them."""
    import xarray as xr

    generator = np.random.default_rng(seed)
    epoch = np.arange(0, 1001, 50)
    delay = generator.normal(0, 40, (seeds, 1))
    parted = 1 / (1 + np.exp((epoch - 400 - delay) / 40))
    learned = 1 / (1 + np.exp(-(epoch - 600 - delay) / 20))
    over = ("seed", "epoch")
    return xr.Dataset(
        {
            "agreeing": (over, 0.18 * parted + 0.12 * learned),
            "disagreeing": (over, 0.18 * parted**2),
            "train_loss": (over, 0.25 * (1 - learned) + 1e-5),
            "validation_accuracy": (over, 0.5 + 0.5 * learned),
        },
        {"seed": np.arange(seeds), "epoch": epoch},
    )


def specimen_boundary(gains: int = 5, fractions: int = 4) -> xr.Dataset:
    """Return made-up shares that fall with the gain and rise with the data, as `parity_boundary_figure` takes them."""
    import xarray as xr

    gain, fraction = np.linspace(0.1, 1.3, gains), np.linspace(0.4, 1, fractions)
    merged = 0.13 * np.clip(fraction - 0.6 * gain[:, None], 0, 1)
    over = ("gain", "fraction")
    return xr.Dataset(
        {
            "merged": (over, merged),
            "states": (over, 126 * (1 - merged / 0.15)),
            "long_accuracy": (over, np.clip(0.5 + 8 * merged, 0, 1)),
        },
        {"gain": gain, "fraction": fraction},
        {"strings": 126},
    )


def specimen_forecast(gains: int = 5) -> xr.Dataset:
    """Return made-up shares that rise with the merge condition, as `parity_forecast_figure` takes them."""
    import xarray as xr

    log_score, gain = np.arange(-2.75, 8, 0.5), np.linspace(0.1, 1.3, gains)
    together = 1 / (1 + np.exp(-(log_score - 4 - gain[:, None])))
    together[:, 0] = np.nan
    return xr.Dataset({"together": (("gain", "log_score"), together)}, {"gain": gain, "log_score": log_score})
