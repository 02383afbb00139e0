"""What the theory of repons predicts of collapse and of its boundary, as plain data for the command line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from geneft_theory import catalogue
from geneft_theory.errors import InvalidInput, require_choice, require_integer, require_number
from geneft_theory.repons import matrix, pair

OPTIMISERS = ("gradient_flow", "sign")
# Within them no ratio of learning rates leaves the range of float64.
EXTREME_RATE, EXTREME_SPREAD = 1e100, 1e50


def predict_collapse(
    eta_decoder: float,
    eta_encoder: float,
    *,
    sigma_a: float = 1.0,
    sigma_c: float = 1.0,
    cluster: int = 1,
    optimiser: str = "gradient_flow",
    horizon: float | None = None,
    separation: float | None = None,
    dimension: int = 1,
    outputs: int = 1,
) -> dict[str, Any]:
    """Return the probability that two repons of one class collapse, with what it rests on, JSON-ready.

    Parameters
    ----------
    eta_decoder, eta_encoder : float
        Learning rates, between 1e-100 and 1e100.
    sigma_a, sigma_c : float
        Standard deviations of the decoder's entries and of the half-separation's components at the start, between
        1e-50 and 1e50.
    cluster : int
        Number N >= 1 of repons that the one joins.
    optimiser : {"gradient_flow", "sign"}
        Gradient descent with small steps, or the sign flow that Adam approximates.
    horizon, separation : float, optional
        Time >= 0, and half-separation > 0 that counts as collapsed then; both or neither, in one dimension only.
    dimension, outputs : int
        Components of a repon, and outputs of the decoder, >= 1.

    Returns
    -------
    dict
        probability; critical_ratio, at which it would be 1/2 after infinite time (None where no ratio gives that, with
        fewer outputs than dimensions); ratio; invariant, the conserved quantity that decides, in words; statement and
        status of the law; and every input.

    Raises
    ------
    InvalidInput
        When an argument lies outside its domain, or there is no law for the combination.

    Examples
    --------
    >>> prediction = predict_collapse(0.1, 0.1)
    >>> round(prediction["probability"], 4), round(prediction["critical_ratio"], 9), prediction["statement"]
    (0.3918, 0.5, 'repons.pair.collapse_probability')
    """
    eta_decoder, eta_encoder = _rate("eta_decoder", eta_decoder), _rate("eta_encoder", eta_encoder)
    cluster = require_integer("cluster", cluster, minimum=1)
    dimension = require_integer("dimension", dimension, minimum=1)
    outputs = require_integer("outputs", outputs, minimum=1)
    require_choice("optimiser", optimiser, OPTIMISERS)
    scalar = dimension == outputs == 1
    if not scalar and optimiser == "sign":
        raise InvalidInput("optimiser must be gradient_flow in more than one dimension or output; got sign")
    if not scalar and (horizon is not None or separation is not None):
        raise InvalidInput("horizon and separation must not be given in more than one dimension or output: no formula")
    spreads = _spread("sigma_a", sigma_a), _spread("sigma_c", sigma_c)
    critical: float | None = None
    if scalar:
        flow: dict[str, Any] = {"cluster": cluster, "optimiser": optimiser}
        settings = flow | {"horizon": horizon, "separation": separation}
        probability = pair.collapse_probability(eta_decoder, eta_encoder, spreads[0], spreads[1], **settings)
        critical = float(pair.critical_ratio(0.5, spreads[0], spreads[1], **flow))
    else:
        shape = dimension, outputs, *spreads, cluster
        probability = matrix.collapse_probability(eta_decoder, eta_encoder, *shape)
        if outputs >= dimension:
            critical = float(matrix.critical_ratio(0.5, *shape))
    return {
        "probability": float(probability),
        "cluster": cluster,
        "optimiser": optimiser,
        "eta_decoder": eta_decoder,
        "eta_encoder": eta_encoder,
        "ratio": eta_decoder / eta_encoder,
        "critical_ratio": critical,
        "sigma_a": spreads[0],
        "sigma_c": spreads[1],
        "dimension": dimension,
        "outputs": outputs,
        "horizon": horizon,
        "separation": separation,
        "invariant": _invariant(optimiser, cluster, scalar),
    } | _law(optimiser, cluster, scalar)


def predict_boundary(
    probability: float = 0.5,
    *,
    sigma_a: float = 1.0,
    sigma_c: float = 1.0,
    cluster: int = 1,
    optimiser: str = "gradient_flow",
    eta_encoder: Sequence[float] = (),
) -> dict[str, Any]:
    """Return the line in the plane of the learning rates on which collapse has a given probability, JSON-ready.

    Parameters
    ----------
    probability : float
        At least 1e-30 and below 1.
    sigma_a, sigma_c, cluster, optimiser
        As in `predict_collapse`.
    eta_encoder : sequence of float
        Learning rates of the encoder, between 1e-100 and 1e100, at which the line's points are added.

    Returns
    -------
    dict
        critical_ratio = eta_decoder/eta_encoder on the line, below which collapse is more probable; slope and
        intercept of log10 eta_decoder against log10 eta_encoder; points, one row each; statements with their status;
        and every input.

    Raises
    ------
    InvalidInput
        When an argument lies outside its domain.

    Examples
    --------
    >>> line = predict_boundary(0.5, optimiser="sign", eta_encoder=[0.001])
    >>> round(line["critical_ratio"], 9), line["slope"], len(line["points"])
    (1.0, 1.0, 1)
    """
    probability = require_number("probability", probability, low=1e-30, high=1, open_high=True)
    cluster = require_integer("cluster", cluster, minimum=1)
    rates = [_rate("eta_encoder", rate) for rate in eta_encoder]
    spreads = _spread("sigma_a", sigma_a), _spread("sigma_c", sigma_c)
    ratio = float(pair.critical_ratio(probability, *spreads, cluster, optimiser))
    statements = ["repons.pair.critical_ratio", "repons.pair.slope", str(_law(optimiser, cluster, True)["statement"])]
    return {
        "probability": probability,
        "critical_ratio": ratio,
        "slope": 1.0,
        "intercept": math.log10(ratio),
        "cluster": cluster,
        "optimiser": optimiser,
        "sigma_a": spreads[0],
        "sigma_c": spreads[1],
        "statements": [{"key": key, "status": catalogue[key].status.name} for key in statements],
        "points": [{"eta_encoder": rate, "eta_decoder": ratio * rate} for rate in rates],
    }


def _rate(name: str, value: float) -> float:
    rate = require_number(name, value, low=0, open_low=True)
    return require_number(name, rate, low=1 / EXTREME_RATE, high=EXTREME_RATE)


def _spread(name: str, value: float) -> float:
    spread = require_number(name, value, low=0, open_low=True)
    return require_number(name, spread, low=1 / EXTREME_SPREAD, high=EXTREME_SPREAD)


def _law(optimiser: str, cluster: int, scalar: bool) -> dict[str, str]:
    """Return key and status of the statement that gives the probability."""
    if optimiser == "sign":
        key = "repons.pair.sign_flow.probability"
    elif not scalar:
        key = "repons.matrix.collapse_probability"
    else:
        key = "repons.pair.collapse_probability" if cluster == 1 else "repons.cluster.collapse_probability"
    return {"statement": key, "status": catalogue[key].status.name}


def _invariant(optimiser: str, cluster: int, scalar: bool) -> str:
    if optimiser == "sign":
        return "collapse where |a|/eta_decoder > |c|/eta_encoder"
    if scalar:
        weight = "2" if cluster == 1 else f"{4 * cluster / (cluster + 1):.6g}"
        return f"collapse where a^2/({weight} eta_decoder) - c^2/eta_encoder > 0"
    weight = f"{4 * cluster / (cluster + 1):.6g}"
    return f"collapse where A^T A/({weight} eta_decoder) - r r^T/eta_encoder has no negative eigenvalue"
