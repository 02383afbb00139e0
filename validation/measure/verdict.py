"""Whether a measurement bears out a claim, in numbers."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from geneft_theory.errors import require_choice, require_number
from geneft_theory.estimate import Estimate

SIDES = ("equal", "at least", "at most", "more than")


@dataclass(frozen=True)
class Verdict:
    """A claim, both numbers, and how they stand to each other.

    Attributes
    ----------
    claim : str
        What is claimed, in words.
    theory : float
        The predicted value.
    side : str
        "equal": the measured quantity is the predicted one; "at least" or "at most": it is bounded by it; "more than":
        it exceeds it, and must be seen to.
    measured, standard_error : float or None
        The measurement; None where nothing could be measured. The error includes that of the prediction, if it has one.
    z : float or None
        By how many standard errors the measurement exceeds the prediction, after the model error has been granted;
        None where there is no standard error.
    allowed : float
        The largest |z| (one-sided for a bound) that still counts as agreement, for this number of draws.
    model_error : float
        How far the prediction may be off by its own account.
    verdict : str
        "agrees", "disagrees", "undecided" (a claim of more that is neither borne out nor refuted) or "not measured".
    """

    claim: str
    theory: float
    side: str
    measured: float | None
    standard_error: float | None
    z: float | None
    allowed: float
    model_error: float
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON values."""
        return asdict(self)


def compare(
    theory: float | Estimate,
    estimate: Estimate | None,
    label: str,
    *,
    side: str = "equal",
    allowed: float = 3.0,
    model_error: float = 0.0,
) -> Verdict:
    """Hold a measurement against a prediction.

    Parameters
    ----------
    theory : float or Estimate
        The prediction; an Estimate where it was itself sampled, its error then joins the measurement's in quadrature.
    estimate : Estimate or None
        The measurement; None where none could be made, which gives the verdict "not measured".
    label : str
        The claim in words.
    side : {"equal", "at least", "at most", "more than"}
        What is claimed of the measured quantity: that it is the predicted one; that it is bounded by it from below or
        from above, which a measurement on the bound does not contradict; or that it exceeds it, which such a
        measurement does not bear out.
    allowed : float
        How many standard errors of difference still agree, > 0, if these are known well; from few draws they are not,
        and the number grows as Student's t asks for (3 becomes 4.1 for 10 draws, 6.6 for 5, 235 for 2). At 3, a true
        claim of equality fails once in 370 times.
    model_error : float
        What the prediction itself may be off by, >= 0: that much of the difference is granted.

    Returns
    -------
    Verdict
        Every number that entered, and the verdict. Where the standard error is 0 the numbers are compared as they are.

    Raises
    ------
    InvalidInput
        When an argument lies outside its domain.

    Examples
    --------
    >>> compare(0.274, Estimate(0.41, 0.02, 10), "critical fraction of greater-than").verdict
    'disagrees'
    >>> bound = compare(0.274, Estimate(0.41, 0.02, 10), "critical fraction of greater-than", side="at least")
    >>> bound.verdict, round(bound.z, 3)
    ('agrees', 6.8)
    >>> compare(0.0, Estimate(0.02, 0.01, 10), "the deeper decoder is better", side="more than").verdict
    'undecided'
    """
    side = require_choice("side", side, SIDES)
    allowed = require_number("allowed", allowed, low=0, open_low=True)
    model_error = require_number("model_error", model_error, low=0)
    predicted = theory if isinstance(theory, Estimate) else Estimate(require_number("theory", theory), 0.0, 1)
    if estimate is None:
        return Verdict(label, predicted.value, side, None, None, None, allowed, model_error, "not measured")
    error = math.hypot(estimate.standard_error, predicted.standard_error)
    difference = estimate.value - predicted.value
    excess = math.copysign(max(abs(difference) - model_error, 0.0), difference)
    # Without the sum, nothing left of a negative difference would be -0.
    z = excess / error + 0.0 if error > 0 else None
    distance = excess * math.inf if z is None and excess != 0 else z or 0.0
    allowed = allowed if error == 0 else for_draws(allowed, _effective_draws(estimate, predicted))
    agrees = {
        "equal": abs(distance) <= allowed,
        "at least": distance >= -allowed,
        "at most": distance <= allowed,
        "more than": distance > allowed,
    }
    outcome = "agrees" if agrees[side] else "disagrees"
    if side == "more than" and abs(distance) <= allowed:
        outcome = "undecided"
    return Verdict(label, predicted.value, side, estimate.value, error, z, allowed, model_error, outcome)


def for_draws(allowed: float, draws: float) -> float:
    """Return the number of estimated standard errors that is as rarely exceeded as `allowed` known ones.

    Examples
    --------
    >>> round(for_draws(3.0, 5), 2), round(for_draws(3.0, 1000), 2)
    (6.62, 3.01)
    """
    from scipy.special import ndtr, stdtrit

    return float(-stdtrit(draws - 1, float(ndtr(-allowed)))) if draws > 1 else math.inf


def for_choice(allowed: float, looked_at: int) -> float:
    """Return what to allow the largest of several z, so that it is exceeded as rarely as `allowed` by a single one.

    Examples
    --------
    >>> round(for_choice(3.0, 12), 2)
    3.69
    """
    from scipy.special import ndtr, ndtri

    return float(-ndtri(float(ndtr(-allowed)) / looked_at))


def _effective_draws(measured: Estimate, predicted: Estimate) -> float:
    """Return the draws behind the combined standard error, by Welch and Satterthwaite's rule."""
    errors = [(each.standard_error**2, each.draws) for each in (measured, predicted) if each.standard_error > 0]
    if any(draws < 2 for _, draws in errors):
        return 1.0
    return 1 + sum(square for square, _ in errors) ** 2 / sum(square**2 / (draws - 1) for square, draws in errors)
