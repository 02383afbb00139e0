"""Phases over decoder rate and weight decay with invented numbers, for examples and tests; nothing here is a result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

RATES = (1e-4, 2.5e-4, 6.3e-4, 1.6e-3, 4e-3, 1e-2)
DECAYS = (0.0, 2.0, 5.0, 10.0)
PHASES = ("generalization", "grokking", "memorization", "confusion")


def specimen_decay_diagram(
    rates: Sequence[float] = RATES, decays: Sequence[float] = DECAYS, *, fitted: bool = True, released: bool = True
) -> xr.Dataset:
    """Return an invented diagram, in the form that `validation.report.grokking_phases.decay_diagram_figure` takes.

    Parameters
    ----------
    rates, decays : sequence of float
        The axes.
    fitted : bool
        Whether rates are found at which half of the networks memorize.
    released : bool
        Whether there are published phases.

    Examples
    --------
    >>> dict(specimen_decay_diagram().sizes)
    {'eta_decoder': 6, 'weight_decay_decoder': 4, 'phase': 4}
    """
    import xarray as xr

    u, v = np.log10(rates)[:, None], np.arange(len(decays))[None, :] / max(1, len(decays) - 1)
    confused = 1 / (1 + np.exp(-4 * (u + 2.6) - 6 * (v - 0.5)))
    memorized = (1 - confused) / (1 + np.exp(-4 * (u + 3.2 - 0.5 * v)))
    late = (1 - confused - memorized) * v
    shares = np.stack([1 - confused - memorized - late, late, memorized, confused], axis=-1)
    counts = np.floor(10 * shares)
    counts[..., 0] += 10 - counts.sum(-1)
    cell = ("eta_decoder", "weight_decay_decoder")
    half = 10 ** (-3.2 + 0.5 * v[0]) * (1.0 if fitted else np.nan)
    data = xr.Dataset(
        {
            "share": ((*cell, "phase"), counts / 10),
            "memorizing": (cell, counts[..., 2]),
            "learned": (cell, counts[..., :3].sum(-1)),
            "half_rate": (cell[1], half),
            "half_rate_low": (cell[1], half / 1.6),
            "half_rate_high": (cell[1], half * 1.6),
        },
        {cell[0]: list(rates), cell[1]: list(decays), "phase": list(PHASES)},
        {
            "diagram": "b",
            "label": "an invented operation",
            "kind": "ideal training set",
            "replicates": 10,
            "steps": 8000,
            "delay": 1000,
        },
    )
    if released:
        data["released"] = (cell, np.array(PHASES)[np.argmax(counts, axis=-1)])
    return data


def specimen_splits() -> xr.Dataset:
    """Return invented counts, in the form that `validation.report.grokking_phases.splits_figure` takes.

    Examples
    --------
    >>> int(specimen_splits()["networks"].sum())
    100
    """
    import xarray as xr

    networks, won = np.array([2, 5, 20, 37, 36]), np.array([0, 0, 1, 20, 27])
    share = won / networks
    return xr.Dataset(
        {
            "networks": ("ideal_accuracy", networks),
            "generalizing": ("ideal_accuracy", won),
            "share": ("ideal_accuracy", share),
            "low": ("ideal_accuracy", np.clip(share - 0.1, 0, 1)),
            "high": ("ideal_accuracy", np.clip(share + 0.1, 0, 1)),
        },
        {"ideal_accuracy": [0.6, 0.7, 0.8, 0.9, 1.0]},
        {"steps": 4000, "networks": 100, "hopeless": 0.272, "failed": 0.52},
    )
