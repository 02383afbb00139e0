"""What the experiment on grokking rates concludes: slopes, shares, differences, and a verdict on every claim."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from geneft_theory.estimate import Estimate
from validation.measure import MeasuredCriticalFraction, Verdict, clustered_interval, compare, critical_fraction_fit

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
WORDS = {"mean_squared_error": "regression", "cross_entropy": "classification", "adamw": "AdamW", "sgd": "SGD"}
RESAMPLES = 2000
# A slope through fewer successes, or from fewer replicates, is not worth the name.
FEWEST_SUCCESSES = 6
FEWEST_SEEDS = 3
GOALS = {"train": "training accuracy 0.9", "test": "held-out accuracy 0.9", "structure": "quality above 0.95"}
# The official log counts from 0; it looks at held-out pairs before a step, and at all else after it.
OFFICIAL = {"train": 1130 + 1, "test": 1530, "structure": 800 + 1}


@dataclass(frozen=True)
class Case:
    """The networks of one loss and one optimiser, over (training_pairs, seed).

    Attributes
    ----------
    loss, optimizer : str
        As in the settings.
    structured : ndarray of bool
        Whether the representation's quality exceeded 0.95 within the budget.
    steps : ndarray
        When it first did; nan for never.
    accuracy, predicted, ideal : ndarray
        Over all pairs at the end: measured, predicted by the parallelograms of the embeddings, and the most that the
        training set allows by parallelograms.
    speed : ndarray
        The largest displacement of an embedding up to the structure, in units of steps times eta_encoder.
    forced : ndarray of bool
        Whether lambda_3 > 0.
    rate, rate_of_sum : ndarray
        lambda_3 in the paper's and in the code's convention.
    flow_steps : ndarray
        Time of the flow from the same start to the same quality, divided by eta_encoder; infinite for never.
    """

    loss: str
    optimizer: str
    structured: NDArray[np.bool_]
    steps: Array
    accuracy: Array
    predicted: Array
    ideal: Array
    speed: Array
    forced: NDArray[np.bool_]
    rate: Array
    rate_of_sum: Array
    flow_steps: Array

    @property
    def label(self) -> str:
        """The case in words."""
        return f"{WORDS[self.loss]}, {WORDS[self.optimizer]}"

    @property
    def seeds(self) -> int:
        """Replicates."""
        return int(self.structured.shape[1])


@dataclass(frozen=True)
class CaseConclusions:
    """What one case says.

    Attributes
    ----------
    case : Case
        The networks.
    slope, slope_of_sum : Estimate or None
        Of log steps against log lambda_3 in either convention; None from too few successes.
    threshold : MeasuredCriticalFraction
        The fraction at which half of the networks form structure.
    row : dict
        All numbers of the case, as plain values.
    """

    case: Case
    slope: Estimate | None
    slope_of_sum: Estimate | None
    threshold: MeasuredCriticalFraction
    row: dict[str, Any]


def cases_of(results: xr.Dataset, theory: xr.Dataset) -> list[Case]:
    """Return the cases of a run, in the order of its losses and optimisers."""
    found = []
    over = ("training_pairs", "seed")
    known = {name: theory[name].transpose(*over).values for name in ("rate", "rate_of_sum", "forced", "ideal_accuracy")}
    for loss in map(str, results["loss"].values):
        for optimizer in map(str, results["optimizer"].values):
            own = results.sel(loss=loss, optimizer=optimizer).transpose(*over, ...)
            steps, eta = own["steps_to_structure"].values, results.attrs[f"eta_encoder_{optimizer}"]
            found.append(
                Case(
                    loss,
                    optimizer,
                    np.isfinite(steps),
                    steps,
                    own["accuracy"].values,
                    own["predicted_accuracy"].values,
                    known["ideal_accuracy"],
                    own["displacement"].values / (steps * eta),
                    known["forced"] > 0.5,
                    known["rate"],
                    known["rate_of_sum"],
                    theory["flow_time"].transpose(*over).values / eta,
                )
            )
    return found


def conclude(results: xr.Dataset, theory: xr.Dataset) -> tuple[list[CaseConclusions], list[Verdict]]:
    """Return what each case says, and the verdicts on all claims."""
    concluded = [_concluded(case, theory) for case in cases_of(results, theory)]
    verdicts = [verdict for each in concluded for verdict in _verdicts(each, theory, int(results.attrs["steps"]))]
    return concluded, [*verdicts, *_official_verdicts(results)]


def slope(case: Case, rates: Array) -> Estimate | None:
    """Return the slope of log steps against log rate among the structured networks, with its error over seeds.

    The training sets of one seed contain each other, and its networks share a start; so seeds are resampled as wholes.
    """
    chosen = case.structured & (rates > 0)
    seeds = np.nonzero(chosen)[1]
    if chosen.sum() < FEWEST_SUCCESSES or np.unique(seeds).size < FEWEST_SEEDS:
        return None
    x, y = np.log(rates[chosen]), np.log(case.steps[chosen])

    def fitted(weights: Array) -> Array:
        # Weighted least squares, all resamples at once: weights (draws, points).
        total = weights.sum(1)
        centre_x, centre_y = weights @ x / total, weights @ y / total
        across = (weights * (x - centre_x[:, None]) * (y - centre_y[:, None])).sum(1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(across / (weights * (x - centre_x[:, None]) ** 2).sum(1))

    return resampled(fitted, seeds, case.seeds)


def resampled(statistic: Callable[[Array], Array], unit: NDArray[np.intp], units: int) -> Estimate | None:
    """Return a statistic of weighted observations with its bootstrap error over the units that they belong to.

    Parameters
    ----------
    statistic : callable
        From weights, shape (draws, observations), to values, shape (draws,); nan where a resample has too little.
    unit : ndarray of int, shape (observations,)
        Which unit each observation belongs to.
    units : int
        How many there are, >= 2, those without an observation included.

    Returns
    -------
    Estimate or None
        Its draws are the units that have an observation: the others say nothing of how well the error is known. None
        where fewer than two have one, or where most resamples have no value.

    Examples
    --------
    >>> values = np.array([1.0, 3.0, 2.0, 4.0])
    >>> mean = resampled(lambda weights: weights @ values / weights.sum(1), np.arange(4), 4)
    >>> mean.value, round(mean.standard_error, 1), mean.draws
    (2.5, 0.6, 4)
    """
    counts = np.random.default_rng(0).multinomial(units, np.full(units, 1 / units), size=RESAMPLES).astype(np.float64)
    value = float(statistic(np.ones((1, unit.size)))[0])
    weights = counts[:, unit]
    values = statistic(weights[weights.sum(1) > 0])
    values = values[np.isfinite(values)]
    seen = int(np.unique(unit).size)
    if not np.isfinite(value) or values.size < RESAMPLES / 2 or seen < 2:
        return None
    # A resample of units spreads less than a new experiment, by this factor.
    return Estimate(value, float(values.std(ddof=1) * np.sqrt(units / (units - 1))), seen)


def share(chosen: NDArray[np.bool_], among: NDArray[np.bool_]) -> dict[str, Any]:
    """Return the share of chosen networks among others, shape (training_pairs, seed), with its interval over seeds."""
    counts, trials = (chosen & among).sum(0), among.sum(0)
    present = trials > 0
    row: dict[str, Any] = {"successes": int(counts.sum()), "networks": int(trials.sum())}
    if present.sum() < 2:
        return row | {"share": None, "low": None, "high": None}
    low, high = clustered_interval(counts[present], trials[present])
    return row | {"share": float(counts.sum() / trials.sum()), "low": low, "high": high}


def mean_difference(case: Case) -> Estimate:
    """Return the mean of measured minus predicted accuracy, over seeds."""
    return Estimate.from_samples((case.accuracy - case.predicted).mean(0))


def _concluded(case: Case, theory: xr.Dataset) -> CaseConclusions:
    measured, predicted = case.accuracy.ravel(), case.predicted.ravel()
    varied = bool(np.ptp(measured) > 0 and np.ptp(predicted) > 0)
    slope_of_mean, slope_of_sum = slope(case, case.rate), slope(case, case.rate_of_sum)
    timed = case.structured & np.isfinite(case.flow_steps)
    row: dict[str, Any] = {
        "loss": case.loss,
        "optimizer": case.optimizer,
        "networks": case.accuracy.size,
        "correlation": float(np.corrcoef(measured, predicted)[0, 1]) if varied else None,
        "mean_absolute_difference": float(np.abs(measured - predicted).mean()),
        "above_ideal": int((case.accuracy > case.ideal + 1e-9).sum()),
        "forced": share(case.structured, case.forced),
        "not_forced": share(case.structured, ~case.forced),
        "slope": _plain(slope_of_mean),
        "slope_of_sum": _plain(slope_of_sum),
        "median_speed": float(np.median(case.speed[case.structured])) if case.structured.any() else None,
        "median_steps": float(np.median(case.steps[case.structured])) if case.structured.any() else None,
        "median_steps_over_flow": float(np.median((case.steps / case.flow_steps)[timed])) if timed.any() else None,
    }
    threshold = _threshold(case, theory)
    row["half_structured"] = str(threshold)
    return CaseConclusions(case, slope_of_mean, slope_of_sum, threshold, row)


def _plain(estimate: Estimate | None) -> dict[str, Any] | None:
    if estimate is None:
        return None
    # The error is itself estimated, from few replicates: Student's distribution, not the normal one.
    half = float(stdtrit(estimate.draws - 1, 0.975)) * estimate.standard_error
    low, high = estimate.value - half, estimate.value + half
    return {"value": estimate.value, "standard_error": estimate.standard_error, "low": low, "high": high}


def _threshold(case: Case, theory: xr.Dataset) -> MeasuredCriticalFraction:
    fractions = theory["training_pairs"].values / theory.attrs["samples"]
    return critical_fraction_fit(fractions, case.structured.T.astype(np.float64), threshold=0.5)


def _verdicts(concluded: CaseConclusions, theory: xr.Dataset, steps: int) -> Iterator[Verdict]:
    case = concluded.case
    label = case.label
    yield compare(0.0, mean_difference(case), f"{label}: accuracy is what the parallelograms made predict, mean excess")
    # Said of every network, so that a single one refutes it: there is nothing to estimate.
    claim = f"{label}: no network forms structure where lambda_3 = 0, share of"
    yield compare(0.0, *_whole(case, ~case.forced, claim), side="at most")
    claim = f"{label}: every network forms structure within {steps} steps where lambda_3 > 0, share of"
    yield compare(1.0, *_whole(case, case.forced, claim), side="at least")
    critical = Estimate(float(theory["critical_fraction"]), float(theory["critical_fraction_error"]), 20_000)
    claim = f"{label}: half of the networks form structure at the theory's critical fraction"
    yield compare(critical, concluded.threshold.estimate, claim)
    claim = f"{label}: the steps to structure go like 1/lambda_3, slope of the logarithms"
    yield compare(-1.0, concluded.slope, f"{claim} (paper's convention)")
    yield compare(-1.0, concluded.slope_of_sum, f"{claim} (code's convention)")
    # A slope below zero is what is left of the claim.
    falling = None if concluded.slope is None else _negated(concluded.slope)
    yield compare(0.0, falling, f"{label}: structure comes sooner where lambda_3 is larger", side="more than")


def _whole(case: Case, among: NDArray[np.bool_], claim: str) -> tuple[Estimate | None, str]:
    """Return the share of structured networks among some, as it is, and the claim with how many there are."""
    count = int(among.sum())
    found = Estimate(float(case.structured[among].mean()), 0.0, count) if count else None
    return found, f"{claim} {count} networks"


def _negated(estimate: Estimate) -> Estimate:
    return Estimate(-estimate.value, estimate.standard_error, estimate.draws)


def _official_verdicts(results: xr.Dataset) -> Iterator[Verdict]:
    """Hold the default run against its log: equal to the step, since it is the same computation."""
    for goal, expected in OFFICIAL.items():
        steps = float(results["official_reached"].sel(goal=goal))
        found = Estimate(steps, 0.0, 1) if np.isfinite(steps) else None
        yield compare(float(expected), found, f"official default run: steps to {GOALS[goal]}")
