"""Made-up results of experiments on grokking, in their exact form: for examples and tests of figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

CASES = ("loss", "optimizer")
_COORDINATES: dict[str, Any] = {
    "loss": ["mean_squared_error", "cross_entropy"],
    "optimizer": ["adamw", "sgd"],
    "loss_label": ("loss", ["regression", "classification"]),
    "optimizer_label": ("optimizer", ["AdamW", "SGD"]),
}


def specimen_accuracies(networks: int = 40, seed: int = 0) -> xr.Dataset:
    """Return made-up accuracies that are nearly as predicted, as `grokking_accuracy_figure` takes them."""
    import xarray as xr

    generator = np.random.default_rng(seed)
    predicted = generator.uniform(0.3, 1, (2, 2, networks))
    measured = np.clip(predicted + generator.normal(0, 0.02, predicted.shape), 0, 1)
    over = (*CASES, "network")
    numbers = {"network": np.arange(networks)}
    return xr.Dataset({"accuracy": (over, measured), "predicted_accuracy": (over, predicted)}, _COORDINATES | numbers)


def specimen_shares() -> xr.Dataset:
    """Return made-up shares that lag behind the theory, as `grokking_structure_figure` takes them."""
    import xarray as xr

    fraction = np.linspace(0.3, 0.9, 6)
    forcing = 1 / (1 + np.exp(-40 * (fraction - 0.41)))
    share = np.stack([np.stack([forcing * fraction**k for k in (2, 1)])] * 2)
    over = (*CASES, "fraction")
    return xr.Dataset(
        {
            "share": (over, share),
            "share_low": (over, np.clip(share - 0.1, 0, 1)),
            "share_high": (over, np.clip(share + 0.1, 0, 1)),
            "forcing": ("fraction", forcing),
            "critical_fraction": ((), 0.41),
        },
        _COORDINATES | {"fraction": fraction},
    )


def specimen_steps(networks: int = 30, seed: int = 0) -> xr.Dataset:
    """Return made-up steps that fall with the rate, some of them missing, as `grokking_steps_figure` takes them."""
    import xarray as xr

    generator = np.random.default_rng(seed)
    rate = generator.uniform(0.01, 0.1, (2, 2, networks))
    slopes = np.array([[-0.4, -0.5], [-0.3, -1.0]])
    log_steps = 6 + slopes[..., None] * np.log(rate / 0.05) + generator.normal(0, 0.2, rate.shape)
    steps = np.where(generator.random(rate.shape) < 0.7, np.exp(log_steps), np.nan)
    over = (*CASES, "network")
    return xr.Dataset(
        {
            "steps": (over, steps),
            "rate": (over, rate),
            "slope": (CASES, slopes),
            "centre_log_rate": (CASES, np.full((2, 2), np.log(0.05))),
            "centre_log_steps": (CASES, np.full((2, 2), 6.0)),
        },
        _COORDINATES | {"network": np.arange(networks)},
    )


def specimen_official() -> xr.Dataset:
    """Return made-up courses of a run and of two flows, as `grokking_official_figure` takes them."""
    import xarray as xr

    step = np.arange(0, 2001, 50)
    line, start = np.linspace(-1.5, 1.5, 5), np.array([0.5, -1.2, 0.3, 1.4, -1.0])
    shares = {name: 1 - np.exp(-step / scale) for name, scale in (("run", 300), ("all", 250), ("shown", 900))}
    tables = {name: start + share[:, None] * (line - start) for name, share in shares.items()}
    flows = ("all", "shown")
    over = ("parallelograms", "flow_step")
    return xr.Dataset(
        {
            "official_embeddings": (("official_step", "symbol"), tables["run"]),
            "official_effective_loss": ("official_step", 400 * (1 - shares["run"]) + 1e-3),
            "official_rqi": ("official_step", shares["run"]),
            "flow_embeddings": ((*over, "symbol"), np.stack([tables[name] for name in flows])),
            "flow_effective_loss": (over, np.stack([400 * (1 - shares[name]) + 1e-3 for name in flows])),
            "flow_rqi": (over, np.stack([shares[name] for name in flows])),
        },
        {"official_step": step, "flow_step": step, "parallelograms": list(flows)},
    )
