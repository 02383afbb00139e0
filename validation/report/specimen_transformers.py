"""Made-up results of transformers, in their exact form: for examples and tests of figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr


def specimen_learning(seeds: int = 3, steps: int = 1000) -> xr.Dataset:
    """Return made-up curves of networks that learn at step 30 and generalize some hundred steps later."""
    import xarray as xr

    step = np.unique([0, *np.rint(np.geomspace(1, steps, 40)).astype(int)])
    later = 300.0 * 1.3 ** np.arange(seeds)[:, np.newaxis]
    soft = 1 / (1 + np.exp(-(np.log(np.maximum(step, 0.5)) - np.log(later)) * 5))
    learned = 1 / (1 + (30 / np.maximum(step, 0.5)) ** 4) + 0 * soft
    dims = ("seed", "step")
    curves = {
        "train_accuracy": (dims, learned),
        "held_out_accuracy": (dims, soft),
        "effective_dimension": (dims, 20 + 2 * learned - 15 * soft),
        "fourier_concentration": (dims, 0.4 + 0.3 * soft),
    }
    single = {"steps_to_generalize": ("seed", later[:, 0] * 1.55), "dimension_then": ("seed", np.full(seeds, 8.5))}
    attributes = {"modulus": 31, "threshold": 0.9, "frequencies": 5, "chance": 0.4, "weight_decay": 1.0, "dropout": 0.0}
    return xr.Dataset(curves | single, {"seed": np.arange(seeds), "step": step}, attributes)


def specimen_delays(seeds: int = 5, seed: int = 0) -> xr.Dataset:
    """Return made-up delays that both weight decay and dropout shorten, some longer than the training."""
    import xarray as xr

    values = {"weight_decay": np.array([0.0, 1.0, 2.0]), "dropout": np.array([0.0, 0.05, 0.1])}
    generator, columns = np.random.default_rng(seed), {}
    for name, places in values.items():
        mean = 6.5 - np.arange(places.size)[:, np.newaxis] * 0.7
        delay = np.exp(mean + 0.2 * generator.standard_normal((places.size, seeds)))
        beyond = delay > 600
        columns[f"delay_by_{name}"] = ((name, "seed"), np.minimum(delay, 600))
        columns[f"beyond_by_{name}"] = ((name, "seed"), beyond)
    attributes = {"modulus": 31, "threshold": 0.9, "budget": 640, "resolution": 10, "weight_decay": 1.0, "dropout": 0.0}
    return xr.Dataset(columns, values | {"seed": np.arange(seeds)}, attributes)


def specimen_circle(modulus: int = 31, frequency: int = 4, seeds: int = 3) -> xr.Dataset:
    """Return a made-up circle with some noise, and powers that fall off with their rank."""
    import xarray as xr

    generator, angle = np.random.default_rng(0), 2 * np.pi * frequency * np.arange(modulus) / modulus
    plane = np.stack([np.cos(angle), np.sin(angle)], axis=1) + 0.1 * generator.standard_normal((modulus, 2))
    rank = np.arange(1, modulus // 2 + 1)
    powers = {}
    for name, fall in (("power_at_start", 0.05), ("power_at_end", 0.4)):
        power = np.exp(-fall * rank * generator.uniform(0.9, 1.1, (seeds, 1)))
        powers[name] = (("seed", "rank"), power / power.sum(1, keepdims=True))
    attributes = {"modulus": modulus, "frequency": frequency, "purity": 0.95, "share": 0.6}
    attributes |= {"plane_seed": 0, "plane_weight_decay": 1.0, "plane_dropout": 0.1}
    return xr.Dataset(
        {"plane": (("symbol", "component"), plane)} | powers,
        {"symbol": np.arange(modulus), "component": [1, 2], "seed": np.arange(seeds), "rank": rank},
        attributes | {"weight_decay": 1.0, "dropout": 0.0},
    )
