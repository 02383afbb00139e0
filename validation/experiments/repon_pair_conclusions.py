"""What the experiment on pairs of repons concludes: a verdict on the law of each case, and on a bound beyond it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from geneft_theory.estimate import Estimate
from validation.experiments.repon_pair import CASES, FORECAST_DRAWS, measured
from validation.measure import Verdict, compare, for_choice, wilson_interval

if TYPE_CHECKING:
    import xarray as xr

ALLOWED = 3.0
# Below it a normal distribution is no measure of how rare a count is.
FEWEST_EXPECTED = 25
LAWS = {False: "gradient-flow law", True: "sign-flow law"}


def rows(results: xr.Dataset, theory: xr.Dataset) -> list[dict[str, Any]]:
    """Return one row a case and ratio: the measured probability with its Wilson interval, the laws, z.

    `z` is the difference from the law at the horizon in standard errors, those of a binomial count under that law and
    of the law's own sampling together; None where neither has one. `judged` says whether the verdict looks at it: at
    least 25 members of either fate must be expected.
    """
    table = []
    for case in map(str, theory["case"].values):
        for ratio in theory["ratio"].values:
            here, there = results.sel(case=case, ratio=ratio), theory.sel(case=case, ratio=ratio)
            collapsed, draws, law = int(here["collapsed"]), int(results.attrs["draws"]), float(there["law"])
            estimate, expected = measured(collapsed, draws, law), draws * min(law, 1 - law)
            error = float(np.hypot(estimate.standard_error, there["law_error"]))
            low, high = wilson_interval(collapsed, draws)
            table.append(
                {
                    "case": case,
                    "ratio": float(ratio),
                    "draws": draws,
                    "collapsed": collapsed,
                    "probability": collapsed / draws,
                    "low": low,
                    "high": high,
                    "law": law,
                    "law_error": float(there["law_error"]),
                    "law_forever": float(there["law_forever"]),
                    "bound": None if np.isnan(there["bound"]) else float(there["bound"]),
                    "z": (estimate.value - law) / error if error > 0 else None,
                    "judged": bool(expected >= FEWEST_EXPECTED),
                    "as_forecast": int(here["as_forecast"]) / draws,
                    "diverged": int(here["diverged"]),
                }
            )
    return table


def conclude(results: xr.Dataset, theory: xr.Dataset) -> list[Verdict]:
    """Return the verdicts, case by case.

    A case has one verdict on its law: at the ratio where the measurement is farthest from it, with more allowed the
    more ratios were looked at. Off the invariant set the law's premises fail, and it is claimed all the same, so that
    it can be seen how far it carries; there SGD is also held against a bound that needs no such premise.
    """
    table = rows(results, theory)
    verdicts = []
    for case in dict.fromkeys(row["case"] for row in table):
        judged = [row for row in table if row["case"] == case and row["judged"]]
        verdicts += [_law_verdict(case, judged), *_bound_verdict(case, judged)]
    return verdicts


def _law_verdict(case: str, judged: list[dict[str, Any]]) -> Verdict:
    law = LAWS[CASES[case].adam]
    label = f"{CASES[case].label}: P(collapse) follows the {law}"
    if not judged:
        return compare(0.5, None, label)
    farthest = max(judged, key=lambda row: abs(row["z"]))
    return compare(
        Estimate(farthest["law"], farthest["law_error"], FORECAST_DRAWS),
        measured(farthest["collapsed"], farthest["draws"], farthest["law"]),
        f"{label} (farthest from it at eta_decoder/eta_encoder = {farthest['ratio']:.3g}, of {len(judged)} ratios)",
        allowed=for_choice(ALLOWED, len(judged)),
    )


def _bound_verdict(case: str, judged: list[dict[str, Any]]) -> Iterator[Verdict]:
    bounded = [row for row in judged if row["bound"] is not None]
    if bounded:
        closest = min(bounded, key=_above_bound)
        yield compare(
            closest["bound"],
            measured(closest["collapsed"], closest["draws"], closest["bound"]),
            f"{CASES[case].label}: P(collapse) is at least the probability of a positive invariant "
            f"(closest to it at eta_decoder/eta_encoder = {closest['ratio']:.3g}, of {len(bounded)} ratios)",
            side="at least",
            allowed=for_choice(ALLOWED, len(bounded)),
        )


def _above_bound(row: dict[str, Any]) -> float:
    """Return by how many standard errors a measurement exceeds its bound."""
    error = measured(row["collapsed"], row["draws"], row["bound"]).standard_error
    return float((row["probability"] - row["bound"]) / error)
