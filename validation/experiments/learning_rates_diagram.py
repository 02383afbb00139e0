"""The numbers behind a phase diagram, in the form that `validation.report.phase_diagram_figure` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from validation.experiments.learning_rates_conclusions import Case, generalized, predicted_place
from validation.experiments.learning_rates_theory import PLACES
from validation.measure import PHASES, BoundaryLine, phase_frequencies

if TYPE_CHECKING:
    import xarray as xr

CELL = ("eta_encoder", "eta_decoder")
POINTS = 41
SHORT_WORDS = {
    "unit widths": "Eq. 12, equal widths",
    "initial widths": "Eq. 12, initial widths",
    "merging": "matrix law at the start",
    "rule of thumb": "rule of thumb",
}


def phase_diagram(case: Case, theory: xr.Dataset) -> xr.Dataset:
    """Return shares of phases with Wilson intervals in every cell, the fitted line, and the theory's places.

    The line is given at places along the diagonal of slope +1, with the ends of its interval in the ratio of the rates
    there; nan without a fit.
    """
    import xarray as xr

    seen = phase_frequencies(case.phases, axis=0)
    outcome = generalized(case.phases)
    places = [predicted_place(theory, case, name) for name in PLACES]
    attributes = {name: case.results.attrs[name] for name in ("n", "steps", "delay", "fraction")}
    return xr.Dataset(
        {
            "share": ((*CELL, "phase"), seen.share),
            "share_low": ((*CELL, "phase"), seen.low),
            "share_high": ((*CELL, "phase"), seen.high),
            "generalizing": (CELL, (outcome == 1).sum(0)),
            "learned": (CELL, np.isfinite(outcome).sum(0)),
            **{name: ("place", values) for name, values in _line(case).items()},
            "predicted_log_ratio": ("prediction", [np.nan if each is None else each.value for each in places]),
        },
        {
            **{name: case.results[name].values for name in CELL},
            "phase": list(PHASES),
            "prediction": list(PLACES),
            "words": ("prediction", [SHORT_WORDS[name] for name in PLACES]),
            "place": np.arange(POINTS),
        },
        attributes | _attributes(case),
    )


def _line(case: Case) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    """Return the fitted line and the ends of its interval over the whole grid, as learning rates."""
    line = case.fit.line
    names = [f"{end}_{rate}" for end in ("line", "low", "high") for rate in CELL]
    if line is None:
        return {name: np.full(POINTS, np.nan) for name in names}
    logs = [np.log10(case.results[name].values) for name in CELL]
    # Half of both ranges, and a margin for the cells' outer halves.
    reach = sum(values[-1] - values[0] for values in logs) / 4 + 0.5
    along = np.linspace(-reach, reach, POINTS)
    points = np.stack([_points(line, float(each)) for each in along], axis=-1)
    return dict(zip(names, 10 ** np.clip(points.reshape(6, POINTS), -30, 30), strict=True))


def _points(line: BoundaryLine, along: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return log10 of both rates on the line and at both ends of its interval, shape (3, 2)."""
    u, v = line.middle
    ratio = line.log_ratio_at(along)
    half = (np.array([ratio.value, ratio.low, ratio.high]) - (v - u)) / 2
    return np.column_stack([u + along - half, v + along + half])


def _attributes(case: Case) -> dict[str, Any]:
    numbers: dict[str, Any] = {
        "relation": case.relation,
        "optimizer": case.optimizer,
        "weight_decay": case.weight_decay,
        "seeds": case.phases.shape[0],
        "status": case.fit.status,
        "excluded": case.fit.excluded,
    }
    for name in ("slope", "log_ratio"):
        measured = None if case.fit.line is None else getattr(case.fit.line, name)
        for end, entry in (("", "value"), ("_low", "low"), ("_high", "high")):
            numbers[f"{name}{end}"] = np.nan if measured is None else getattr(measured, entry)
    return numbers
