"""The pair: what Gaussian starts make of its boundary, under gradient flow and under signs."""

from __future__ import annotations

from sympy import Abs, Eq, atan, elliptic_e, elliptic_k, pi, sqrt, tan

from geneft_theory.repons.derivations import pair_probability as derivations
from geneft_theory.repons.equations.pair_motion import ON_TARGET, SMALL_STEPS, TWO_REPONS
from geneft_theory.repons.symbols import (
    DECODER,
    ETA_DECODER,
    ETA_ENCODER,
    PROBABILITY,
    SEPARATION,
    SIGMA_A,
    SIGMA_C,
    a,
    c,
    critical_ratio,
    eta_A,
    eta_x,
    geneft,
    mean_separation,
    mean_square_separation,
    p_r,
    rho,
    sigma_a,
    sigma_c,
    slope,
)
from geneft_theory.statements.statement import Quantity, Statement
from geneft_theory.statements.status import Status

_GAUSSIAN = (
    "At the start a and c are independent Gaussian numbers of mean 0; embeddings of standard deviation s have "
    "sigma_c = s/sqrt(2)."
)
_REDUCED = (TWO_REPONS, SMALL_STEPS, ON_TARGET, _GAUSSIAN)
_RATIO = Quantity(
    critical_ratio, "critical_ratio", "ratio of the learning rates at which collapse has this probability", "real > 0"
)
_SLOPE = Quantity(rho, "rho", "(sigma_a/sigma_c) sqrt(eta_encoder/(2 eta_decoder))", "real > 0", low=0, open_low=True)

COLLAPSE_PROBABILITY = Statement(
    key="repons.pair.collapse_probability",
    title="Theorem 3: the probability that two repons collapse",
    expression=Eq(p_r, 2 * atan(sigma_a / sigma_c * sqrt(eta_x / (2 * eta_A))) / pi),
    quantities=(PROBABILITY, ETA_DECODER, ETA_ENCODER, SIGMA_A, SIGMA_C),
    source=geneft("Eq. 12"),
    status=Status.REDERIVED,
    assumptions=_REDUCED,
    note=(
        "The paper reads it as an upper bound on the probability of a generalizing representation, collapse being "
        "necessary. Off the set xbar = 0, b = y it is no bound: with a frozen bias and a target far from it nearly "
        "every pair collapses. A finite training time lowers it."
    ),
    derivation=derivations.derive_collapse_probability,
)

CRITICAL_RATIO = Statement(
    key="repons.pair.critical_ratio",
    title="Theorem 3: the ratio of the learning rates at a given probability of collapse",
    expression=Eq(critical_ratio, sigma_a**2 / (2 * sigma_c**2 * tan(pi * p_r / 2) ** 2)),
    quantities=(_RATIO, PROBABILITY, SIGMA_A, SIGMA_C),
    source=geneft("Theorem 3"),
    status=Status.REDERIVED,
    assumptions=_REDUCED,
    note="Nothing singles out one ratio: the rule of thumb eta_A/eta_x < 10 means p_r > 0.14 at equal sigmas.",
    derivation=derivations.derive_critical_ratio,
)

SLOPE = Statement(
    key="repons.pair.slope",
    title="Lines of equal probability in the plane of the learning rates",
    expression=Eq(slope, 1),
    quantities=(Quantity(slope, "slope", "slope of log eta_decoder against log eta_encoder", "real"),),
    source=geneft("text on the phase diagram; caption of Fig. 5"),
    status=Status.CORRECTED,
    assumptions=_REDUCED,
    note=(
        "As relayed, the paper's text says slope -1 and its caption slope 1. Only +1 follows from Eq. 12, with both "
        "axes increasing in the learning rate."
    ),
    derivation=derivations.derive_slope,
)

MEAN_SEPARATION = Statement(
    key="repons.pair.expected_separation.first",
    title="Mean separation after infinite time",
    expression=Eq(
        mean_separation,
        sigma_c
        * sqrt(2 * (1 + rho**2) / pi)
        * (elliptic_e(1 / (1 + rho**2)) - (1 - 1 / (1 + rho**2)) * elliptic_k(1 / (1 + rho**2))),
    ),
    quantities=(
        Quantity(mean_separation, "mean_separation", "mean of |c| after infinite time, 0 on collapse", "real >= 0"),
        SIGMA_C,
        _SLOPE,
    ),
    source=geneft("beyond Eq. 12 (not in the paper)"),
    status=Status.DERIVED,
    assumptions=(*_REDUCED, "K and E are complete elliptic integrals as functions of the parameter (not the modulus)."),
    derivation=derivations.derive_mean_separation,
)

MEAN_SQUARE_SEPARATION = Statement(
    key="repons.pair.expected_separation.second",
    title="Mean square separation after infinite time",
    expression=Eq(mean_square_separation, 2 * sigma_c**2 * ((1 - rho**2) * atan(1 / rho) + rho) / pi),
    quantities=(
        Quantity(
            mean_square_separation,
            "mean_square_separation",
            "mean of c^2 after infinite time, 0 on collapse",
            "real >= 0",
        ),
        SIGMA_C,
        _SLOPE,
    ),
    source=geneft("beyond Eq. 12 (not in the paper)"),
    status=Status.DERIVED,
    assumptions=_REDUCED,
    derivation=derivations.derive_mean_square_separation,
)

SIGN_BOUNDARY = Statement(
    key="repons.pair.sign_flow.boundary",
    title="The boundary when every coordinate follows the sign of its gradient",
    expression=Eq(Abs(c) / eta_x, Abs(a) / eta_A),
    quantities=(SEPARATION, DECODER, ETA_DECODER, ETA_ENCODER),
    source=geneft("beyond Theorem 2 (not in the paper)"),
    status=Status.APPROXIMATION,
    assumptions=(
        TWO_REPONS,
        ON_TARGET,
        "da/dt = -eta_decoder sgn(a) and dc/dt = -eta_encoder sgn(c) until one of them is 0: a caricature of Adam.",
    ),
    note=(
        "Not to be taken literally with finite steps: a decoder that follows signs oscillates around 0 instead of "
        "stopping there, the gradient of c keeps its sign, and in time every pair collapses. Adam's averages damp "
        "that: simulated on the reduced system with small steps it collapses as often as this law says, to 0.01. "
        "The paper trains with Adam, and its theory is that of gradient flow."
    ),
    derivation=derivations.derive_sign_boundary,
)

SIGN_PROBABILITY = Statement(
    key="repons.pair.sign_flow.probability",
    title="The probability of collapse when every coordinate follows the sign of its gradient",
    expression=Eq(p_r, 2 * atan(sigma_a * eta_x / (sigma_c * eta_A)) / pi),
    quantities=(PROBABILITY, ETA_DECODER, ETA_ENCODER, SIGMA_A, SIGMA_C),
    source=geneft("beyond Eq. 12 (not in the paper)"),
    status=Status.APPROXIMATION,
    assumptions=("Those of repons.pair.sign_flow.boundary.", _GAUSSIAN),
    note="Again a line of slope 1 in log-log, without root and factor 2. Approximate as an account of Adam.",
    derivation=derivations.derive_sign_probability,
)

STATEMENTS: tuple[Statement, ...] = (
    COLLAPSE_PROBABILITY,
    CRITICAL_RATIO,
    SLOPE,
    MEAN_SEPARATION,
    MEAN_SQUARE_SEPARATION,
    SIGN_BOUNDARY,
    SIGN_PROBABILITY,
)
