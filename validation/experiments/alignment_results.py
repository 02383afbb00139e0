"""From the shards of a run to labelled results, and to what the theory says of the same networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory import alignment
from geneft_theory.alignment import History
from validation.experiments.alignment import (
    FRESH,
    LEARNED_BELOW,
    LINEAR_ETAS,
    MAIN,
    SIZES,
    VARIABLES,
    AlignmentOptions,
    Training,
    linear_network,
    plan,
)
from validation.experiments.alignment_fits import SYSTEMS, explained, fit, misfits
from validation.experiments.running import run_all
from validation.sweeps import Execution, RunFolder, load
from validation.two_points import initial_weights, two_points
from validation.two_points.settings import LEAK

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
COURSE = ("h", "y", "w", "loss")
# The official code fits no rates to networks whose loss ends above.
FITTED_BELOW = 1e-2
# Squared distances at the start and the end, and the outputs' at the start.
ENDS = ("h_start", "y_start", "h_end")


def measured(folder: RunFolder, options: AlignmentOptions, execution: Execution | None = None) -> xr.Dataset:
    """Train what the folder does not hold yet, and return what all networks did.

    Over (case, seed, record): `h`, `y`, `w`, `loss`; over (case, record) `time`, steps times learning rate.
    Over (hidden_layer, seed, record): `layer_h`, of the main kind. Over (dx, dy, seed), and with `gain_` before their
    names over (gain, seed): `h_start`, `y_start`, `h_end`, which is nan where the network has not learned. Over (eta,
    seed, linear_record): `linear_h`, `linear_y`, `linear_loss`.
    """
    import xarray as xr

    run_all(folder, plan(options), Training(), VARIABLES, execution)
    runs = load(folder)
    parts = [_cases(runs, options), *_ends(runs, options), _linear(runs, options)]
    results = xr.merge([part.drop_attrs() for part in parts])
    results["diverged"] = runs["diverged"].sum().drop_vars(list(runs.coords), errors="ignore")
    results.attrs = runs.attrs | {
        "size": options.size,
        "main_layer": options.main.layer,
        "depth": int(options.main.settings["depth"]),
        "width": int(options.main.settings["width"]),
        "main_gain": float(options.main.settings["gain"]),
        "made_from": "networks trained by validation.two_points",
    }
    return results


def _cases(runs: xr.Dataset, options: AlignmentOptions) -> xr.Dataset:
    import xarray as xr

    seeds, records = options.seeds, options.records + 1
    made = {name: np.full((len(options.cases), seeds, records), np.nan) for name in COURSE}
    times = np.empty((len(options.cases), records))
    layer_h = np.empty(0)
    for k, case in enumerate(options.cases):
        own = _chosen(runs, "cases", range(seeds), case=case)
        known = SIZES[options.size][case]
        times[k] = own["step"].values[0] * known.settings["eta"]
        made["h"][k] = own["h"].values[..., known.layer]
        for name in COURSE[1:]:
            made[name][k] = own[name].values
        if case == MAIN:
            layer_h = np.moveaxis(own["h"].values[..., : int(known.settings["depth"])], 2, 0)
    over = ("case", "seed", "record")
    return xr.Dataset(
        {
            **{name: (over, values) for name, values in made.items()},
            "time": (("case", "record"), times),
            "layer_h": (("hidden_layer", "seed", "record"), layer_h),
        },
        {"case": list(options.cases), "seed": np.arange(seeds), "hidden_layer": np.arange(len(layer_h))},
    )


def _chosen(runs: xr.Dataset, part: str, seeds: Sequence[int], **where: Any) -> xr.Dataset:
    """Return the networks of a part with some settings, in the order of their seeds, without all-nan records."""
    mask = runs["part"].values == part
    for name, value in where.items():
        mask &= runs[name].values == value
    own = runs.isel(network=np.nonzero(mask)[0])
    own = own.isel(network=np.argsort(own["seed"].values, kind="stable"))
    if own["seed"].values.tolist() != list(seeds):
        raise AssertionError(f"part {part} with {where} has other seeds than it should")
    return own.isel(record=slice(0, int(np.isfinite(own["step"].values[0].astype(float)).sum())))


def _ends(runs: xr.Dataset, options: AlignmentOptions) -> list[xr.Dataset]:
    import xarray as xr

    seeds = range(FRESH, FRESH + options.seeds)
    grid = np.array(
        [
            [_start_and_end(_chosen(runs, "grid", seeds, dx=dx, dy=dy), options) for dy in options.target_distances]
            for dx in options.input_distances
        ]
    )
    gains = np.array([_start_and_end(_chosen(runs, "gains", seeds, gain=gain), options) for gain in options.gains])
    distances = {"dx": list(options.input_distances), "dy": list(options.target_distances)}
    return [
        xr.Dataset({name: (("dx", "dy", "seed"), grid[:, :, k]) for k, name in enumerate(ENDS)}, distances),
        xr.Dataset(
            {f"gain_{name}": (("gain", "seed"), gains[:, k]) for k, name in enumerate(ENDS)},
            {"gain": list(options.gains)},
        ),
    ]


def _start_and_end(own: xr.Dataset, options: AlignmentOptions) -> Array:
    """Return the `ENDS` of networks, shape (3, seeds)."""
    h = own["h"].values[..., options.main.layer]
    learned = own["loss"].values[:, -1] < LEARNED_BELOW
    return np.stack([h[:, 0], own["y"].values[:, 0], np.where(learned, h[:, -1], np.nan)])


def _linear(runs: xr.Dataset, options: AlignmentOptions) -> xr.Dataset:
    import xarray as xr

    found = [_chosen(runs, "linear", range(options.seeds), eta=eta) for eta in LINEAR_ETAS]
    over = ("eta", "seed", "linear_record")
    return xr.Dataset(
        {
            "linear_h": (over, np.stack([own["h"].values[..., 0] for own in found])),
            **{f"linear_{name}": (over, np.stack([own[name].values for own in found])) for name in COURSE[1:]},
            "linear_time": ("linear_record", found[0]["step"].values[0] * LINEAR_ETAS[0]),
        },
        {"eta": list(LINEAR_ETAS)},
    )


def predicted(results: xr.Dataset, options: AlignmentOptions) -> xr.Dataset:
    """Return what the theory says of the networks of a run.

    Fitted to courses: `fitted` over (quantity, case, seed, record), `r_squared` over (quantity, case, seed); `eta_h`,
    `eta_y`, `eta_mean`, `identifiable` over (case, seed); and the same two rates and `misfit` with `layer_` before
    their names, over (hidden_layer, seed). `system_misfit` over (system, seed), `system_course` over (system, quantity,
    record) for the first seed. With the one `ratio`, whose logarithm has the standard error `ratio_error`: `final` over
    (dx, dy, seed), `gain_final` over (gain, seed), `critical_gain`. With nothing fitted: `exact` over (quantity, eta,
    seed, linear_record) and `aligned_final`, `exact_final` over seed.
    """
    import xarray as xr

    fits = xr.merge([_fitted_cases(results, options), _fitted_layers(results, options)])
    ratio, error = _one_ratio(fits)
    X, Y = results["dx"].values[:, None, None] ** 2, results["dy"].values[:, None] ** 2
    (h, gain_h), (y, gain_y) = ([results[f"{name}{end}"].values for name in ("", "gain_")] for end in ENDS[:2])
    final, gain_final, critical = np.full_like(h, np.nan), np.full_like(gain_h, np.nan), np.nan
    if np.isfinite(ratio):
        final = alignment.final_distance(h, y, ratio, X, Y)
        gain_final = alignment.final_distance(gain_h, gain_y, ratio, 1.0, 0.5)
        critical = float(_critical_gain(ratio, options))
    ratios = xr.Dataset(
        {
            "ratio": ((), ratio),
            "ratio_error": ((), error),
            "final": (("dx", "dy", "seed"), final),
            "gain_final": (("gain", "seed"), gain_final),
            "critical_gain": ((), critical),
        },
        {name: results[name].values for name in ("dx", "dy", "gain", "seed")},
    )
    return xr.merge([fits, ratios, _exact(results, options)])


def _critical_gain(ratio: float, options: AlignmentOptions) -> Array:
    width = int(options.main.settings["width"])
    return alignment.critical_gain(options.main.layer, ratio, X=1.0, Y=0.5, slope=LEAK, width=width, inputs=1)


def _history(results: xr.Dataset, case: str, seed: int, h: Array | None = None) -> History | None:
    """Return the course of a network; None of one that has not learned."""
    own = results.sel(case=case, seed=seed)
    numbers = {name: own[name].values for name in COURSE} | ({} if h is None else {"h": h})
    finite = all(np.isfinite(values).all() for values in numbers.values())
    if not finite or numbers["h"][0] == 0 or numbers["loss"][-1] > FITTED_BELOW:
        return None
    return History(own["time"].values, numbers["h"], numbers["y"], numbers["w"], 1.0, 0.5, numbers["loss"])


def _fitted_cases(results: xr.Dataset, options: AlignmentOptions) -> xr.Dataset:
    import xarray as xr

    shape = (len(options.cases), options.seeds)
    rates = {name: np.full(shape, np.nan) for name in ("eta_h", "eta_y", "eta_mean")}
    identifiable = np.zeros(shape, dtype=bool)
    courses = np.full((4, *shape, options.records + 1), np.nan)
    r_squared = np.full((4, *shape), np.nan)
    systems = np.full((len(SYSTEMS), options.seeds), np.nan)
    shown = np.full((len(SYSTEMS), 4, options.records + 1), np.nan)
    for k, case in enumerate(options.cases):
        for seed in range(options.seeds):
            history = _history(results, case, seed)
            if history is None:
                continue
            found = fit(history)
            for name, values in rates.items():
                values[k, seed] = getattr(found, name)
            identifiable[k, seed] = found.identifiable
            courses[:, k, seed], r_squared[:, k, seed] = found.course, found.r_squared
            if case == MAIN:
                systems[:, seed], courses_of_systems = misfits(history, found)
                if seed == 0:
                    shown[:, :3] = courses_of_systems
    over = ("case", "seed")
    return xr.Dataset(
        {
            **{name: (over, values) for name, values in rates.items()},
            "identifiable": (over, identifiable),
            # For drawing: what is judged of them, the shares explained, is taken before.
            "fitted": (("quantity", *over, "record"), courses.astype(np.float32)),
            "r_squared": (("quantity", *over), r_squared),
            "system_misfit": (("system", "seed"), systems),
            "system_course": (("system", "quantity", "record"), shown),
        },
        {
            "case": list(options.cases),
            "seed": np.arange(options.seeds),
            "quantity": list(COURSE),
            "system": list(SYSTEMS),
        },
    )


def _fitted_layers(results: xr.Dataset, options: AlignmentOptions) -> xr.Dataset:
    import xarray as xr

    layers = results.sizes["hidden_layer"]
    names = ("eta_h", "eta_y", "misfit")
    made = {name: np.full((layers, options.seeds), np.nan) for name in names}
    for layer in range(layers):
        for seed in range(options.seeds):
            history = _history(results, MAIN, seed, results["layer_h"].values[layer, seed])
            if history is not None:
                found = fit(history)
                for name in names:
                    made[name][layer, seed] = getattr(found, name)
    over = ("hidden_layer", "seed")
    return xr.Dataset(
        {f"layer_{name}": (over, values) for name, values in made.items()},
        {name: results[name].values for name in over},
    )


def _one_ratio(fits: xr.Dataset) -> tuple[float, float]:
    """Return mean eta_h over mean eta_y of the main kind, as the official code has it, and its logarithm's error."""
    eta_h, eta_y = (fits[name].sel(case=MAIN).values for name in ("eta_h", "eta_y"))
    known = np.isfinite(eta_h)
    eta_h, eta_y = eta_h[known], eta_y[known]
    count = int(known.sum())
    if count < 2:
        return float("nan"), float("nan")
    # Each network left out in turn.
    logs = np.log((eta_h.sum() - eta_h) / (eta_y.sum() - eta_y))
    error = float(np.sqrt((count - 1) / count * np.sum((logs - logs.mean()) ** 2)))
    return float(eta_h.mean() / eta_y.mean()), error


def _exact(results: xr.Dataset, options: AlignmentOptions) -> xr.Dataset:
    """Return the exact courses of the linear networks, from their initial weights and learning rates alone."""
    import xarray as xr

    time = results["linear_time"].values
    courses, r_squared, finals, aligned = [], [], [], []
    for seed in range(options.seeds):
        settings = linear_network(options, seed, LINEAR_ETAS[0])
        encoder, decoder = initial_weights(settings, 1, 1)
        inputs, targets = two_points(settings)
        dx, wanted = float(inputs[1, 0] - inputs[0, 0]), float(targets[1, 0] - targets[0, 0])
        h0, slope, dy0 = dx**2 * np.sum(encoder**2), np.sum(decoder**2), dx * float((encoder @ decoder)[0, 0])
        # Both rates are 1/(2 tau) with 1/tau = eta, and time is counted in steps times eta.
        h, dy = alignment.scalar_trajectory(time, h0, slope, dy0, 0.5, 0.5, dx**2, wanted)
        y, w = dy**2, dy * (dy - wanted)
        mean_error = float(targets.mean()) ** 2 * np.exp(-2 * time)
        courses.append(np.stack([h, y, w, alignment.loss(y, w, wanted**2, mean_error)]))
        finals.append(float(alignment.scalar_final_distance(h0, slope, dy0, 1.0, dx**2, wanted**2)))
        aligned.append(float(alignment.final_distance(h0, dy0**2, 1.0, dx**2, wanted**2)))
        own = results.isel(seed=seed, eta=-1)
        seen = np.stack([own[f"linear_{name}"].values for name in COURSE])
        r_squared.append(explained(seen, courses[-1]))
    return xr.Dataset(
        {
            "exact": (("quantity", "seed", "linear_record"), np.stack(courses, axis=1)),
            "exact_r_squared": (("quantity", "seed"), np.stack(r_squared, axis=1)),
            "exact_final": ("seed", finals),
            "aligned_final": ("seed", aligned),
        },
        {"seed": results["seed"].values},
    )
