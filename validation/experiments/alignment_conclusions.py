"""What the experiment on two points concludes: how much of each course is explained, and a verdict on every claim."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.estimate import Estimate
from validation.experiments.alignment import LINEAR_ETAS
from validation.experiments.alignment_fits import explained
from validation.measure import Verdict, compare

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
# What counts as explained; the theory's sources name no number.
EXPLAINED = 0.95
# Where A_high = 2 A_low, the final distance is this many times that of the start.
AT_THE_BOUNDARY = (1 + np.sqrt(2)) / 2
WORDS = {"h": "representations (h)", "y": "outputs (y)", "w": "w", "loss": "loss"}


@dataclass(frozen=True)
class Conclusions:
    """What a run says.

    Attributes
    ----------
    cases : list of dict
        One row a kind of network, with means over seeds.
    grid : dict
        How the predicted final distances stand to the measured ones.
    layers, gains, systems : list of dict
        One row a hidden layer, a gain, a system of equations.
    linear : dict
        The linear network without fitted parameters.
    verdicts : list of Verdict
        On every claim.
    """

    cases: list[dict[str, Any]]
    grid: dict[str, Any]
    layers: list[dict[str, Any]]
    gains: list[dict[str, Any]]
    systems: list[dict[str, Any]]
    linear: dict[str, Any]
    verdicts: list[Verdict]


def conclude(results: xr.Dataset, theory: xr.Dataset) -> Conclusions:
    """Return all that a run says."""
    grid, linear = _grid(results, theory), _linear(results, theory)
    verdicts = [
        *_courses_verdicts(theory),
        *_grid_verdicts(grid, theory),
        *_gain_verdicts(results, theory),
        *_layer_verdicts(theory, int(results.attrs["main_layer"])),
        *_system_verdicts(theory),
        *_linear_verdicts(linear),
    ]
    return Conclusions(
        [_case_row(results, theory, str(case)) for case in theory["case"].values],
        {name: plain(estimate) for name, estimate in grid.items()},
        _layer_rows(theory),
        _gain_rows(results, theory),
        _system_rows(theory),
        {name: plain(estimate) for name, estimate in linear.items()},
        verdicts,
    )


def over_seeds(values: Array) -> Estimate | None:
    """Return the mean of one number a seed, those that are not finite left out; None from fewer than two.

    Examples
    --------
    >>> print(over_seeds(np.array([1.0, np.nan, 2.0, 3.0])))
    2.00 ± 0.58 (3 draws)
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    return Estimate.from_samples(known) if known.size > 1 else None


def plain(estimate: Estimate | None) -> dict[str, Any] | None:
    """Return an estimate as plain values."""
    if estimate is None:
        return None
    return {"value": estimate.value, "standard_error": estimate.standard_error, "seeds": estimate.draws}


def _mean(values: Array) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None


def _case_row(results: xr.Dataset, theory: xr.Dataset, case: str) -> dict[str, Any]:
    own, seen = theory.sel(case=case), results.sel(case=case)
    # Who has not learned has no rates, and does not count here either.
    fitted = np.isfinite(own["eta_h"].values)
    own, seen = own.isel(seed=fitted), seen.isel(seed=fitted)
    row: dict[str, Any] = {"case": case, "seeds": int(fitted.sum())}
    row |= {name: _mean(own[name].values) for name in ("eta_h", "eta_y", "eta_mean")}
    row["ratio"] = _mean(own["eta_h"].values / own["eta_y"].values)
    row["identifiable"] = int(own["identifiable"].values.sum())
    row["h_start"], row["h_end"] = _mean(seen["h"].values[:, 0]), _mean(seen["h"].values[:, -1])
    row["h_end_theory"] = _mean(own["fitted"].sel(quantity="h").values[:, -1])
    row |= {f"r_squared_{name}": plain(over_seeds(own["r_squared"].sel(quantity=name).values)) for name in WORDS}
    return row


def _courses_verdicts(theory: xr.Dataset) -> Iterator[Verdict]:
    for case in theory["case"].values:
        for name, word in WORDS.items():
            share = over_seeds(theory["r_squared"].sel(case=case, quantity=name).values)
            yield compare(EXPLAINED, share, f"{case}: share of the course of {word} explained", side="at least")


def jackknife(statistic: Callable[[NDArray[np.intp]], float], seeds: int) -> Estimate | None:
    """Return a statistic of several seeds, with the error that leaving out each of them in turn shows.

    Parameters
    ----------
    statistic : callable
        From the numbers of the seeds, an integer array, to a value; nan where it has none.
    seeds : int
        How many there are.

    Examples
    --------
    >>> values = np.array([1.0, 2.0, 3.0])
    >>> print(jackknife(lambda chosen: float(values[chosen].mean()), 3))
    2.00 ± 0.58 (3 draws)
    """
    everyone = np.arange(seeds, dtype=np.intp)
    value = statistic(everyone)
    others = np.array([statistic(np.delete(everyone, k)) for k in everyone]) if seeds > 2 else np.array([np.nan])
    if not np.isfinite([value, *others]).all():
        return None
    return Estimate(value, float(np.sqrt((seeds - 1) / seeds * np.sum((others - others.mean()) ** 2))), seeds)


def _grid(results: xr.Dataset, theory: xr.Dataset) -> dict[str, Estimate | None]:
    """Return how measured final distances stand to predicted ones, over all networks of the grid."""
    seen, said = (data.transpose("seed", "dx", "dy").values for data in (results["h_end"], theory["final"]))
    dx, dy = results["dx"].values[:, None], results["dy"].values
    rich = float(theory["ratio"]) ** 0.5 * dx * dy

    def pooled(measure: Callable[[Array, Array, Array, Array], float]) -> Estimate | None:
        def of(chosen: NDArray[np.intp]) -> float:
            measured = seen[chosen]
            known = np.isfinite(measured) & (dy > 0)
            arrays = (measured, said[chosen], *(np.broadcast_to(part, measured.shape) for part in (rich, dx)))
            return measure(*(array[known] for array in arrays)) if known.sum() > 3 else np.nan

        return jackknife(of, len(seen))

    found = {
        "slope": pooled(lambda h, p, rich, dx: float(p @ h / (p @ p))),
        "explained": pooled(lambda h, p, rich, dx: float(explained(h, p))),
        "explained_rich": pooled(lambda h, p, rich, dx: float(explained(h, rich))),
        "correlation": pooled(lambda h, p, rich, dx: float(np.corrcoef(h, p)[0, 1])),
        "tilt": pooled(lambda h, p, rich, dx: float(np.polyfit(np.log(dx), np.log(h / p), 1)[0])),
        "identical": None,
    }
    if (dy == 0).any():
        same = np.log(seen[..., dy == 0] / said[..., dy == 0]).reshape(len(seen), -1)
        found["identical"] = over_seeds(same.mean(1))
    return found


def _uncertain(value: float, power: float, theory: xr.Dataset) -> Estimate:
    """Return a prediction that goes like the fitted ratio to a power, with the error that comes from it."""
    error = float(theory["ratio_error"])
    return Estimate(value, abs(power) * error if np.isfinite(error) else 0.0, int(theory.sizes["seed"]))


def _grid_verdicts(grid: Mapping[str, Estimate | None], theory: xr.Dataset) -> Iterator[Verdict]:
    # Distances go like the root of the ratio, which is itself fitted.
    one = _uncertain(1.0, 0.5, theory)
    yield compare(one, grid["slope"], "grid: measured final distances are the predicted ones, slope through 0")
    yield compare(EXPLAINED, grid["explained"], "grid: share of their variance explained", side="at least")
    claim = "grid: measured over predicted does not depend on the inputs' distance, slope of the logarithms"
    yield compare(0.0, grid["tilt"], claim)
    claim = "grid: identical targets, final distance as predicted, logarithm of the quotient"
    yield compare(0.0, grid["identical"], claim)


def crossings(gains: Array, growth: Array) -> Array:
    """Return the logarithms of the gains at which the growth of h first falls to that at the regimes' boundary.

    Parameters
    ----------
    gains : ndarray, shape (n,)
        Increasing.
    growth : ndarray, shape (n, seeds)
        The final distance over that of the start.

    Returns
    -------
    ndarray, shape (seeds,)
        Between two gains by a line through logarithms; nan where there is none.

    Examples
    --------
    >>> growth = np.array([[4.0, 1.0], [1.0, 1.0], [0.9, 1.0]])
    >>> np.exp(crossings(np.array([1.0, 1.2, 1.4]), growth)).round(3).tolist()
    [1.171, nan]
    """
    above = np.log(growth) - np.log(AT_THE_BOUNDARY)
    logs = np.log(gains)
    found = np.full(growth.shape[1], np.nan)
    for seed, own in enumerate(above.T):
        fallen = np.nonzero((own[:-1] > 0) & (own[1:] <= 0))[0]
        if fallen.size and np.isfinite(own).all():
            k = int(fallen[0])
            found[seed] = logs[k] + (logs[k + 1] - logs[k]) * own[k] / (own[k] - own[k + 1])
    return found


def _gain_verdicts(results: xr.Dataset, theory: xr.Dataset) -> Iterator[Verdict]:
    gains = results["gain"].values.astype(np.float64)
    start = results["gain_h_start"].transpose("gain", "seed").values
    seen = crossings(gains, results["gain_h_end"].transpose("gain", "seed").values / start)
    own = crossings(gains, theory["gain_final"].transpose("gain", "seed").values / start)
    # The critical gain goes like the ratio to this power.
    power = 1 / (4 * (int(results.attrs["main_layer"]) + 1))
    critical = float(np.log(theory["critical_gain"]))
    # Without a ratio there is no prediction, and nothing to hold a measurement against.
    known, critical = np.isfinite(critical), critical if np.isfinite(critical) else 0.0
    found = over_seeds(seen) if known else None
    yield compare(
        _uncertain(critical, power, theory), found, "gains: rich becomes lazy at the critical gain, its logarithm"
    )
    claim = "gains: rich becomes lazy where each start says, difference of the logarithms"
    yield compare(_uncertain(0.0, power, theory), over_seeds(seen - own), claim)
    quotient = np.log((results["gain_h_end"] / theory["gain_final"]).transpose("gain", "seed").values)
    claim = f"gains: at gain {gains[0]:g} the final distance is predicted, logarithm of the quotient"
    yield compare(_uncertain(0.0, 0.5, theory), over_seeds(quotient[0]), claim)
    claim = f"gains: at gain {gains[-1]:g} the final distance is that of the start, logarithm of the quotient"
    yield compare(0.0, over_seeds(quotient[-1]), claim)


def _gain_rows(results: xr.Dataset, theory: xr.Dataset) -> list[dict[str, Any]]:
    rows = []
    for gain in results["gain"].values:
        seen, said = results.sel(gain=gain), theory.sel(gain=gain)
        grown = (seen["gain_h_end"] / seen["gain_h_start"]).values
        rows.append(
            {
                "gain": float(gain),
                "h_start": _mean(seen["gain_h_start"].values),
                "growth": plain(over_seeds(np.log(grown))),
                "growth_theory": plain(over_seeds(np.log((said["gain_final"] / seen["gain_h_start"]).values))),
            }
        )
    return rows


def _layer_rows(theory: xr.Dataset) -> list[dict[str, Any]]:
    names = ("misfit", "eta_h", "eta_y")
    return [
        {"layer": int(layer)}
        | {name: plain(over_seeds(theory[f"layer_{name}"].sel(hidden_layer=layer).values)) for name in names}
        for layer in theory["hidden_layer"].values
    ]


def _layer_verdicts(theory: xr.Dataset, middle: int) -> Iterator[Verdict]:
    logs = {
        name: np.log(theory[f"layer_{name}"].transpose("hidden_layer", "seed").values)
        for name in ("misfit", "eta_h", "eta_y")
    }
    last = len(logs["misfit"]) - 1
    for other, word in ((0, "first"), (last, "last")):
        claim = f"depth: layer {middle} is fitted better than the {word} one, logarithm of the misfits' quotient"
        yield compare(0.0, over_seeds(logs["misfit"][other] - logs["misfit"][middle]), claim, side="more than")
    layers = np.arange(last + 1)
    slopes = np.array([np.polyfit(layers, own, 1)[0] if np.isfinite(own).all() else np.nan for own in logs["eta_h"].T])
    yield compare(0.0, over_seeds(slopes), "depth: eta_h rises from layer to layer, its logarithm", side="more than")
    for other, word in ((0, "first"), (last, "last")):
        claim = f"depth: eta_y is larger at layer {middle} than at the {word} one, logarithm of the quotient"
        yield compare(0.0, over_seeds(logs["eta_y"][middle] - logs["eta_y"][other]), claim, side="more than")


def _system_rows(theory: xr.Dataset) -> list[dict[str, Any]]:
    return [
        {"system": str(name), "misfit": plain(over_seeds(theory["system_misfit"].sel(system=name).values))}
        for name in theory["system"].values
    ]


def _system_verdicts(theory: xr.Dataset) -> Iterator[Verdict]:
    logs = np.log(theory["system_misfit"].transpose("system", "seed").values)
    for name, own in zip(theory["system"].values[1:], logs[1:], strict=True):
        claim = f"control, {name}: fits worse than the theory, logarithm of the misfits' quotient"
        yield compare(0.0, over_seeds(own - logs[0]), claim, side="more than")


def _linear(results: xr.Dataset, theory: xr.Dataset) -> dict[str, Estimate | None]:
    """Return how a linear network stands to the exact course when its steps get shorter."""
    exact = theory["exact"].transpose("seed", "quantity", "linear_record").values
    found: dict[str, Estimate | None] = {}
    for k, name in enumerate(WORDS):
        seen = results[f"linear_{name}"].transpose("eta", "seed", "linear_record").values
        errors = np.abs(seen - exact[:, k]).max(-1)
        found[f"order_{name}"] = over_seeds(np.log(errors[0] / errors[1]) / np.log(LINEAR_ETAS[0] / LINEAR_ETAS[1]))
        found[f"error_{name}"] = over_seeds(errors[1])
        found[f"explained_{name}"] = over_seeds(theory["exact_r_squared"].sel(quantity=name).values)
    ends = results["linear_h"].transpose("eta", "seed", "linear_record").values[..., -1]
    # What is left where steps become infinitely short, to the next order.
    limit = ends[1] + (ends[1] - ends[0]) / (LINEAR_ETAS[0] / LINEAR_ETAS[1] - 1)
    found["exact_final"] = over_seeds(limit / theory["exact_final"].values - 1)
    found["aligned_final"] = over_seeds(limit / theory["aligned_final"].values - 1)
    return found


def _linear_verdicts(linear: Mapping[str, Estimate | None]) -> Iterator[Verdict]:
    for name, word in WORDS.items():
        claim = f"linear network, nothing fitted: the deviation of {word} is that of finite steps, its order in eta"
        # The next order, with rates of the order of 1 per unit of learning rate.
        yield compare(1.0, linear[f"order_{name}"], claim, model_error=LINEAR_ETAS[0])
    claim = "linear network, nothing fitted: final distance of the exact formula, relative deviation"
    yield compare(0.0, linear["exact_final"], claim, model_error=LINEAR_ETAS[1] ** 2)
    claim = "linear network, nothing fitted: final distance of the aligned formula, relative deviation"
    yield compare(0.0, linear["aligned_final"], claim)
