"""Phase diagrams of the right form with invented numbers, for examples, layout and tests; nothing here is a result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

ENCODER = (3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
DECODER = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
WORDS = ("a first law", "a second law with a longer name", "a third")


def specimen_phase_diagram(
    weight_decay: float = 0.0,
    encoder: Sequence[float] = ENCODER,
    decoder: Sequence[float] = DECODER,
    seeds: int = 10,
    fitted: bool = True,
) -> xr.Dataset:
    """Return an invented phase diagram, in the form that `phase_diagram_figure` takes.

    Parameters
    ----------
    weight_decay : float
        Moves the invented boundary.
    encoder, decoder : sequence of float
        Learning rates.
    seeds : int
        Networks in a cell.
    fitted : bool
        Whether there is a boundary.

    Examples
    --------
    >>> dict(specimen_phase_diagram().sizes)
    {'eta_encoder': 7, 'eta_decoder': 7, 'phase': 4, 'place': 30, 'prediction': 3}
    """
    import xarray as xr

    u, v = np.log10(encoder), np.log10(decoder)
    place = 1.0 + weight_decay
    above = (v[None, :] - u[:, None] - place) * 3
    confused = (v[None, :] > v[-1] - 0.1) * np.linspace(1, 0.6, len(u))[:, None]
    memorized = (1 - confused) / (1 + np.exp(-above))
    late = (1 - confused - memorized) * np.exp(-(above**2) / 8)
    shares = np.stack([1 - confused - memorized - late, late, memorized, confused], axis=-1)
    counts = np.floor(shares * seeds)
    counts[..., 0] += seeds - counts.sum(-1)
    t = np.linspace(min(u[0], v[0] - place), max(u[-1], v[-1] - place), 30)
    missing = 1.0 if fitted else np.nan
    width = 0.15 * missing
    lines = {
        "line": (t * missing, t + place),
        "low": (t + width / 2, t + place - width / 2),
        "high": (t - width / 2, t + place + width / 2),
    }
    rates = {
        f"{end}_{rate}": ("place", 10 ** (values * missing))
        for end, pair in lines.items()
        for rate, values in zip(("eta_encoder", "eta_decoder"), pair, strict=True)
    }
    cell = ("eta_encoder", "eta_decoder")
    numbers = {"slope": 1.0, "slope_low": 0.9, "slope_high": 1.1}
    numbers |= {"log_ratio": place, "log_ratio_low": place - 0.15, "log_ratio_high": place + 0.15}
    return xr.Dataset(
        {
            "share": ((*cell, "phase"), counts / seeds),
            "generalizing": (cell, counts[..., :2].sum(-1)),
            "learned": (cell, counts[..., :3].sum(-1)),
            **rates,
            "predicted_log_ratio": ("prediction", [0.0, -0.3, -9.0]),
        },
        {
            "eta_encoder": list(encoder),
            "eta_decoder": list(decoder),
            "phase": ["generalization", "grokking", "memorization", "confusion"],
            "prediction": ["first", "second", "third"],
            "words": ("prediction", list(WORDS)),
            "place": np.arange(30),
        },
        {
            "relation": "modulo:3",
            "optimizer": "adam",
            "weight_decay": weight_decay,
            "n": 30,
            "seeds": seeds,
            "steps": 8000,
            "fraction": 0.75,
            "delay": 1000,
            "status": "fitted" if fitted else "only generalization",
            "excluded": int(counts[..., 3].sum()),
            **{name: value * missing for name, value in numbers.items()},
        },
    )
