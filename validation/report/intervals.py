"""The mean over seeds with its confidence interval, where some combinations were not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

LEVEL = 0.95
NORMAL_95 = 1.96
"""Half-width of a 95% interval, in standard errors of a normal distribution."""


def seed_mean(values: xr.DataArray) -> xr.Dataset:
    """Return the mean over the dimension `seed` with its Student t 95% interval; nan counts as not run.

    Parameters
    ----------
    values : xarray.DataArray
        With a dimension seed.

    Returns
    -------
    xarray.Dataset
        mean, low, high, standard_error and seeds (how many were run) over the other dimensions; the mean is nan where
        none was run, the interval and the standard error where fewer than two were.

    Examples
    --------
    >>> import xarray
    >>> band = seed_mean(xarray.DataArray([0.8, 0.9, np.nan], dims="seed"))
    >>> round(float(band["mean"]), 3), round(float(band["high"]), 3), int(band["seeds"])
    (0.85, 1.485, 2)
    """
    import xarray as xr

    from validation.measure import mean_band

    # Point by point, since `mean_band` wants every point to have the same seeds, and at least two.
    values = values.transpose(..., "seed")
    table = np.full((4, *values.shape[:-1]), np.nan)
    for place in np.ndindex(values.shape[:-1]):
        run = values.values[place][np.isfinite(values.values[place])]
        if run.size > 1:
            band = mean_band(run, level=LEVEL)
            table[(slice(None), *place)] = band.mean, band.low, band.high, band.standard_error
        elif run.size == 1:
            table[(0, *place)] = run[0]
    seeds = values.notnull().sum("seed")
    names = ("mean", "low", "high", "standard_error")
    return xr.Dataset(
        {name: seeds.copy(data=numbers) for name, numbers in zip(names, table, strict=True)} | {"seeds": seeds}
    )


def replicates(seeds: xr.DataArray) -> str:
    """Return how many seeds stand behind the points of a figure: one number, or from the fewest to the most.

    Parameters
    ----------
    seeds : xarray.DataArray
        Number of seeds at each point; 0 where nothing was run.

    Examples
    --------
    >>> import xarray
    >>> replicates(xarray.DataArray([0, 6, 8])), replicates(xarray.DataArray([8, 8]))
    ('6 to 8', '8')
    """
    run = seeds.values[seeds.values > 0]
    return f"{run.min()}" if run.min() == run.max() else f"{run.min()} to {run.max()}"
