"""Made-up results of experiments on two points, in their exact form: for examples and tests of figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geneft_theory import alignment

if TYPE_CHECKING:
    import xarray as xr

QUANTITIES = ["h", "y", "w", "loss"]


def specimen_courses(seeds: int = 3) -> xr.Dataset:
    """Return the theory's own courses with waves on them, as `alignment_courses_figure` takes them."""
    import xarray as xr

    time = np.linspace(0, 30, 101)
    courses = []
    for h in np.linspace(0.01, 0.04, seeds):
        h, y, w = alignment.trajectory(time, h, 1e-4, -0.00697, eta_h=0.4, eta_y=1.8, X=1, Y=0.5)
        courses.append([h, y, w, alignment.loss(y, w, 0.5, 0.9 * np.exp(-4 * time))])
    theory = np.swapaxes(courses, 0, 1)
    measured = theory * (1 + 0.03 * np.sin(time))
    over = ("quantity", "seed", "record")
    return xr.Dataset(
        {"measured": (over, measured), "theory": (over, theory), "time": ("record", time)},
        {"quantity": QUANTITIES, "seed": np.arange(seeds), "record": np.arange(len(time))},
    )


def specimen_explained(seed: int = 0) -> xr.Dataset:
    """Return made-up misfits, as `alignment_explained_figure` takes them."""
    import xarray as xr

    generator = np.random.default_rng(seed)
    shares = 0.02 * np.exp(generator.normal(0, 0.8, (4, 5, 8)))
    return xr.Dataset(
        {"unexplained": (("quantity", "case", "seed"), shares), "threshold": ((), 0.05)},
        {
            "quantity": QUANTITIES,
            "case": ["leaky-relu", "relu", "tanh", "linear", "residual"],
            "seed": np.arange(8),
        },
    )


def specimen_final(seed: int = 0) -> xr.Dataset:
    """Return made-up final distances, as `alignment_final_figure` takes them."""
    import xarray as xr

    generator = np.random.default_rng(seed)
    dx, dy = np.array([0.5, 1.0, 1.5]), np.array([0.0, 0.5, 1.0])
    start = generator.uniform(0.005, 0.04, (3, 3, 6))
    predicted = alignment.final_distance(start, 0.0, 0.2, dx[:, None, None] ** 2, dy[:, None] ** 2)
    measured = predicted * np.exp(generator.normal(0, 0.1, predicted.shape))
    over = ("dx", "dy", "seed")
    return xr.Dataset(
        {"measured": (over, measured), "predicted": (over, predicted)}, {"dx": dx, "dy": dy, "seed": np.arange(6)}
    )


def specimen_gains(seed: int = 0) -> xr.Dataset:
    """Return made-up growths over gains, as `alignment_gains_figure` takes them."""
    import xarray as xr

    generator = np.random.default_rng(seed)
    gains = np.array([0.8, 1.0, 1.2, 1.4, 1.8])
    start = 0.03 * (gains[:, None] / 0.9) ** 10 * np.exp(generator.normal(0, 0.4, 6))
    predicted = alignment.final_distance(start, 0.0, 0.2, 1.0, 0.5) / start
    return xr.Dataset(
        {
            "measured": (("gain", "seed"), predicted * np.exp(generator.normal(0, 0.1, start.shape))),
            "predicted": (("gain", "seed"), predicted),
            "critical_gain": ((), 1.26),
            "boundary": ((), (1 + 2**0.5) / 2),
        },
        {"gain": gains, "seed": np.arange(6)},
    )


def specimen_layers(seed: int = 0) -> xr.Dataset:
    """Return made-up fits of eight layers, as `alignment_layers_figure` takes them."""
    import xarray as xr

    generator = np.random.default_rng(seed)
    layers = np.arange(8)
    shapes = {"misfit": 0.01 * np.exp((layers - 4.0) ** 2 / 4), "eta_h": 0.1 * 1.3**layers, "eta_y": 0.5 + 0.3 * layers}
    over = ("hidden_layer", "seed")
    noise = np.exp(generator.normal(0, 0.1, (8, 6)))
    return xr.Dataset(
        {name: (over, values[:, None] * noise) for name, values in shapes.items()},
        {"hidden_layer": layers, "seed": np.arange(6)},
    )


def specimen_controls(seed: int = 0) -> xr.Dataset:
    """Return made-up misfits of five systems, as `alignment_controls_figure` takes them."""
    import xarray as xr

    generator = np.random.default_rng(seed)
    scale = np.array([0.01, 0.1, 0.02, 0.03, 0.08])[:, None]
    systems = ["right", "y' doubled", "h' doubled", "sign in w' flipped", "term of y' dropped"]
    misfit = scale * np.exp(generator.normal(0, 0.3, (5, 8)))
    return xr.Dataset({"misfit": (("system", "seed"), misfit)}, {"system": systems, "seed": np.arange(8)})


def specimen_linear() -> xr.Dataset:
    """Return the theory's own courses, off by the learning rate, as `alignment_linear_figure` takes them."""
    import xarray as xr

    courses = specimen_courses()
    exact = courses["theory"].values
    measured = np.stack([exact * (1 + eta / 10) for eta in (0.04, 0.02)], axis=1)
    over = ("quantity", "seed", "time")
    return xr.Dataset(
        {"measured": (("quantity", "eta", "seed", "time"), measured), "exact": (over, exact)},
        {"quantity": QUANTITIES, "eta": [0.04, 0.02], "time": courses["time"].values, "seed": courses["seed"].values},
    )
