"""Datasets of the right form with invented numbers: what the figures accept, for examples, layout and tests.

Nothing in here is a result.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

INVENTED_CRITICAL_FRACTIONS = {
    "modulo:3": 0.1004,
    "modulo:5": 0.1352,
    "greater-than": 0.2743,
    "complete-bipartite:10": 0.0623,
}
INVENTED_CHANCE = {"modulo:3": 2 / 3, "modulo:5": 0.8, "greater-than": 2 / 3, "complete-bipartite:10": 0.5}
FRACTIONS = (0.02, 0.04, 0.06, 0.1, 0.15, 0.2, 0.3, 0.45, 0.6, 0.75, 0.9)
MODES = ("concatenation", "difference", "squared_difference")
PAIRS = 900


def specimen_results(
    relations: Sequence[str] = tuple(INVENTED_CRITICAL_FRACTIONS), modes: Sequence[str] = MODES, seeds: int = 6
) -> xr.Dataset:
    """Return invented outcomes of networks, in the form that `accuracy_figure` takes.

    Parameters
    ----------
    relations, modes : sequence of str
        Coordinates; on the last relation only the first mode was "run".
    seeds : int
        Replicates, >= 1.

    Returns
    -------
    xarray.Dataset
        accuracy, held_out_accuracy and train_accuracy over (relation, mode, fraction, seed); nan was not run.

    Examples
    --------
    >>> dict(specimen_results(seeds=2).sizes)
    {'relation': 4, 'mode': 3, 'fraction': 11, 'seed': 2}
    """
    import xarray as xr

    random = np.random.default_rng(0)
    scale = [INVENTED_CRITICAL_FRACTIONS.get(name, 0.1) for name in relations]
    chance = [INVENTED_CHANCE.get(name, 0.5) for name in relations]
    fraction = np.array(FRACTIONS)
    reach = np.exp(-fraction / (np.array(scale)[:, None, None] * np.linspace(1.4, 0.7, len(modes))[:, None]))
    spread = 0.06 * random.normal(size=(*reach.shape, seeds)) * np.sqrt(reach * (1 - reach))[..., None]
    held_out = 1 - (1 - np.array(chance)[:, None, None]) * 1.1 * reach
    held_out = np.clip(held_out[..., None] + spread, 0, 1)
    held_out[-1, 1:] = np.nan
    train = np.where(np.isnan(held_out), np.nan, 1.0)
    dimensions = ("relation", "mode", "fraction", "seed")
    return xr.Dataset(
        {
            "accuracy": (dimensions, fraction[:, None] * train + (1 - fraction[:, None]) * held_out),
            "held_out_accuracy": (dimensions, held_out),
            "train_accuracy": (dimensions, train),
        },
        {"relation": list(relations), "mode": list(modes), "fraction": fraction, "seed": np.arange(seeds)},
        {"n": 30, "steps": 4000, "preset": "specimen", "threshold": 0.9},
    )


def specimen_theory(relations: Sequence[str] = tuple(INVENTED_CRITICAL_FRACTIONS)) -> xr.Dataset:
    """Return invented curves of the theory and of the ideal learner, in the form that the figures take.

    Examples
    --------
    >>> dict(specimen_theory().sizes)
    {'relation': 4, 'fraction': 11, 'fine_fraction': 200}
    """
    import xarray as xr

    critical = np.array([INVENTED_CRITICAL_FRACTIONS.get(name, 0.1) for name in relations])
    chance = np.array([INVENTED_CHANCE.get(name, 0.5) for name in relations])
    fraction, fine = np.array(FRACTIONS), np.geomspace(0.02, 0.9, 200)
    rate = np.log(10) / critical[:, None]
    ideal_held_out = 1 - (1 - chance[:, None]) * np.exp(-((fraction * rate) ** 1.3))
    ideal = fraction + (1 - fraction) * ideal_held_out
    error = 0.004 * (1 - ideal) ** 0.5
    return xr.Dataset(
        {
            "ideal_accuracy": (("relation", "fraction"), ideal),
            "ideal_accuracy_error": (("relation", "fraction"), error),
            "ideal_held_out_accuracy": (("relation", "fraction"), ideal_held_out),
            "ideal_held_out_accuracy_error": (("relation", "fraction"), error * 1.2),
            "accuracy_estimate": (("relation", "fine_fraction"), 1 - (1 - chance[:, None]) * np.exp(-fine * rate)),
            "bits": ("relation", critical * PAIRS / np.log(10)),
            "critical_fraction": ("relation", critical),
            "pairs": ("relation", np.full(len(critical), PAIRS)),
            "chance": ("relation", chance),
        },
        {"relation": list(relations), "fraction": fraction, "fine_fraction": fine},
        {"draws": 200},
    )


def specimen_measured(
    relations: Sequence[str] = tuple(INVENTED_CRITICAL_FRACTIONS), modes: Sequence[str] = MODES
) -> xr.Dataset:
    """Return critical fractions and gaps that go with the invented results and theory.

    Examples
    --------
    >>> measured = specimen_measured()
    >>> round(float(measured["critical_fraction"].sel(relation="modulo:3", mode="concatenation")), 2)
    0.16
    """
    import xarray as xr

    mean = specimen_results(relations, modes)["accuracy"].mean("seed", skipna=False)
    crossing = np.apply_along_axis(lambda accuracy: np.interp(0.9, accuracy, FRACTIONS), -1, mean.values)
    gap = (specimen_theory(relations)["ideal_accuracy"] - mean).mean("fraction", skipna=False)
    dimensions = ("relation", "mode")
    return xr.Dataset(
        {
            "critical_fraction": (dimensions, crossing),
            "critical_fraction_low": (dimensions, 0.93 * crossing),
            "critical_fraction_high": (dimensions, 1.1 * crossing),
            "gap": gap,
            "gap_error": 0.05 * gap,
        },
        {"relation": list(relations), "mode": list(modes)},
        {"n": 30, "steps": 4000, "seeds": 6, "threshold": 0.9},
    )


def specimen_goldilocks(
    depths: Sequence[int] = (0, 1, 2, 3, 4, 6), widths: Sequence[int] = (5, 10, 50), seeds: int = 5
) -> xr.Dataset:
    """Return invented outcomes over decoder depth and width, in the form that `goldilocks_figure` takes.

    Examples
    --------
    >>> dict(specimen_goldilocks(seeds=2).sizes)
    {'relation': 1, 'depth': 6, 'width': 3, 'fraction': 1, 'seed': 2}
    """
    import xarray as xr

    random = np.random.default_rng(1)
    depth, width = np.array(depths)[:, None, None], np.array(widths)[:, None]
    mean = 0.6667 + 0.28 * np.exp(-((depth - 1 - 0.3 * np.log(width)) ** 2) / 5)
    held_out = np.clip(mean + 0.03 * random.normal(size=(len(depths), len(widths), seeds)), 0, 1)
    train = np.clip(0.8 + 0.2 * np.tanh(depth * np.log(width) / 2) + 0 * held_out, 0, 1)
    dimensions = ("relation", "depth", "width", "fraction", "seed")
    return xr.Dataset(
        {
            "accuracy": (dimensions, (0.3 * train + 0.7 * held_out)[None, :, :, None]),
            "held_out_accuracy": (dimensions, held_out[None, :, :, None]),
            "train_accuracy": (dimensions, train[None, :, :, None]),
        },
        {
            "relation": ["modulo:3"],
            "depth": list(depths),
            "width": list(widths),
            "fraction": [0.3],
            "seed": np.arange(seeds),
        },
        {"n": 30, "steps": 6000, "preset": "specimen", "threshold": 0.9, "base_rate": 2 / 3},
    )
