"""The numbers behind the accuracy figure: what was measured, what the theory says, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from geneft_theory.errors import InvalidInput, require_choice
from validation.report.intervals import seed_mean
from validation.report.table import require_variables

if TYPE_CHECKING:
    import xarray as xr

RESULTS = ("accuracy", "held_out_accuracy")
THEORY_FORM = {
    "ideal_accuracy": ("relation", "fraction"),
    "ideal_accuracy_error": ("relation", "fraction"),
    "ideal_held_out_accuracy": ("relation", "fraction"),
    "ideal_held_out_accuracy_error": ("relation", "fraction"),
    "accuracy_estimate": ("relation", "fine_fraction"),
    "critical_fraction": ("relation",),
}
MEASURED_FORM = dict.fromkeys(
    ("critical_fraction", "critical_fraction_low", "critical_fraction_high"), ("relation", "mode")
)


def accuracy_data(
    results: xr.Dataset,
    theory: xr.Dataset,
    measured: xr.Dataset,
    relation: str,
    mode: str | Sequence[str] | None = None,
) -> xr.Dataset:
    """Return the numbers that `accuracy_figure` draws; parameters and errors are the same.

    Returns
    -------
    xarray.Dataset
        Means over seeds with their 95% intervals over (mode, fraction), the ideal learner with its standard errors
        over (fraction), the accuracy estimate over (fine_fraction), the theory's critical fraction, and the measured
        ones over (mode).

    Examples
    --------
    >>> from validation.report import specimen
    >>> data = accuracy_data(
    ...     specimen.specimen_results(), specimen.specimen_theory(), specimen.specimen_measured(), "modulo:5"
    ... )
    >>> data["mode"].values.tolist(), round(float(data["theory_critical_fraction"]), 3)
    (['concatenation', 'difference', 'squared_difference'], 0.135)
    """
    import xarray as xr

    require_variables("results", results, dict.fromkeys(RESULTS, ("relation", "mode", "fraction", "seed")))
    require_variables("theory", theory, THEORY_FORM)
    require_variables("measured", measured, MEASURED_FORM)
    for dataset in (results, theory, measured):
        require_choice("relation", relation, map(str, dataset["relation"].values))
    modes = _modes(results.sel(relation=relation), mode)
    chosen = results.sel(relation=relation, mode=modes)
    bands = {name: seed_mean(chosen[name]) for name in RESULTS}
    parts = [
        band.rename(mean=name, low=f"{name}_low", high=f"{name}_high")[[name, f"{name}_low", f"{name}_high"]]
        for name, band in bands.items()
    ]
    parts.append(bands["accuracy"][["seeds"]])
    parts.append(theory[list(THEORY_FORM)].sel(relation=relation).rename(critical_fraction="theory_critical_fraction"))
    parts.append(measured[list(MEASURED_FORM)].sel(relation=relation).reindex(mode=modes))
    # The theory may know fractions that were not trained, and the other way round: the gaps are nan.
    data = xr.merge(parts, join="outer", compat="no_conflicts", combine_attrs="drop").sortby(
        ["fraction", "fine_fraction"]
    )
    return data.assign_attrs({**results.attrs, "draws": theory.attrs.get("draws")})


def _modes(results: xr.Dataset, mode: str | Sequence[str] | None) -> list[str]:
    was_run = results["accuracy"].notnull().any(("fraction", "seed"))
    run = [str(name) for name in results["mode"].values[was_run.values]]
    if not run:
        raise InvalidInput(f"relation must have been run in some mode; got none for {results['relation'].values!s}")
    wanted = run if mode is None else [mode] if isinstance(mode, str) else list(mode)
    if not wanted:
        raise InvalidInput(f"mode must name at least one of {', '.join(run)}; got none")
    return [require_choice("mode", name, run) for name in wanted]
