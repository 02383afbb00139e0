"""The pair: its trajectory, its fate, and the times and rates of both."""

from __future__ import annotations

from sympy import Abs, Eq, Max, exp, log, sign, sqrt

from geneft_theory.repons.derivations import pair_solution as derivations
from geneft_theory.repons.equations.pair_motion import ON_TARGET, SMALL_STEPS, TWO_REPONS
from geneft_theory.repons.symbols import (
    DECODER,
    ETA_DECODER,
    ETA_ENCODER,
    INVARIANT,
    SEPARATION,
    THRESHOLD,
    TIME,
    C,
    a,
    a_infinity,
    a_t,
    c,
    c_infinity,
    c_t,
    epsilon,
    eta_A,
    eta_x,
    gamma,
    geneft,
    t,
    t_epsilon,
)
from geneft_theory.statements.statement import Quantity, Statement
from geneft_theory.statements.status import Status

_REDUCED = (TWO_REPONS, SMALL_STEPS, ON_TARGET)
_SEPARATION_LATER = Quantity(c_t, "separation_later", "half-separation at time t", "real")

SEPARATION_TRAJECTORY = Statement(
    key="repons.pair.trajectory.separation",
    title="Trajectory of the separation",
    expression=Eq(c_t, c * sqrt(eta_x * C / ((c**2 + eta_x * C) * exp(4 * eta_A * eta_x * C * t) - c**2))),
    quantities=(_SEPARATION_LATER, SEPARATION, INVARIANT, TIME, ETA_DECODER, ETA_ENCODER),
    source=geneft("solution of Eq. 10 (not in the paper)"),
    status=Status.DERIVED,
    assumptions=(*_REDUCED, "C != 0; for C = 0 see repons.pair.trajectory.critical."),
    derivation=derivations.derive_separation_trajectory,
)

DECODER_TRAJECTORY = Statement(
    key="repons.pair.trajectory.decoder",
    title="Trajectory of the decoder",
    expression=Eq(a_t, a * sqrt(eta_x * C / (eta_x * C + c**2 * (1 - exp(-4 * eta_A * eta_x * C * t))))),
    quantities=(
        Quantity(a_t, "decoder_later", "decoder's coefficient at time t", "real"),
        DECODER,
        SEPARATION,
        INVARIANT,
        TIME,
        ETA_DECODER,
        ETA_ENCODER,
    ),
    source=geneft("solution of Eq. 10 (not in the paper)"),
    status=Status.DERIVED,
    assumptions=(*_REDUCED, "C != 0."),
    derivation=derivations.derive_decoder_trajectory,
)

CRITICAL_TRAJECTORY = Statement(
    key="repons.pair.trajectory.critical",
    title="Trajectory of the separation on the boundary",
    expression=Eq(c_t, c / sqrt(1 + 4 * eta_A * c**2 * t)),
    quantities=(_SEPARATION_LATER, SEPARATION, TIME, ETA_DECODER),
    source=geneft("solution of Eq. 10 (not in the paper)"),
    status=Status.DERIVED,
    assumptions=(*_REDUCED, "C = 0."),
    derivation=derivations.derive_critical_trajectory,
)

CRITICAL_DECAY = Statement(
    key="repons.pair.critical_decay",
    title="Critical slowing down: the separation on the boundary at late times",
    expression=Eq(Abs(c_t), 1 / (2 * sqrt(eta_A) * sqrt(t))),
    quantities=(_SEPARATION_LATER, TIME, ETA_DECODER),
    source=geneft("solution of Eq. 10 (not in the paper)"),
    status=Status.APPROXIMATION,
    assumptions=(*_REDUCED, "C = 0 and 4 eta_decoder c^2 t >> 1."),
    note="The exponent is -1/2; next to the boundary it lasts for a time of order 1/(eta_decoder eta_encoder |C|).",
    derivation=derivations.derive_critical_decay,
)

FINAL_SEPARATION = Statement(
    key="repons.pair.fate.separation",
    title="Theorem 2: the separation after infinite time",
    expression=Eq(c_infinity, sign(c) * sqrt(eta_x * Max(0, -C))),
    quantities=(
        Quantity(c_infinity, "final_separation", "half-separation after infinite time", "real"),
        SEPARATION,
        INVARIANT,
        ETA_ENCODER,
    ),
    source=geneft("Theorem 2 (its limits are ours)"),
    status=Status.REDERIVED,
    assumptions=_REDUCED,
    note="Collapse for C > 0, exponentially, and for C = 0, algebraically; a separation is left for C < 0.",
    derivation=derivations.derive_final_separation,
)

FINAL_DECODER = Statement(
    key="repons.pair.fate.decoder",
    title="Theorem 2: the decoder after infinite time",
    expression=Eq(a_infinity, sign(a) * sqrt(2 * eta_A * Max(0, C))),
    quantities=(
        Quantity(a_infinity, "final_decoder", "decoder's coefficient after infinite time", "real"),
        DECODER,
        INVARIANT,
        ETA_DECODER,
    ),
    source=geneft("Theorem 2 (its limits are ours)"),
    status=Status.REDERIVED,
    assumptions=_REDUCED,
    note="Where the pair stays apart the decoder forgets it: it decays to 0.",
    derivation=derivations.derive_final_decoder,
)

SEPARATRIX = Statement(
    key="repons.pair.separatrix",
    title="The boundary between collapse and separation",
    expression=Eq(Abs(c), sqrt(eta_x / (2 * eta_A) * a**2)),
    quantities=(SEPARATION, DECODER, ETA_DECODER, ETA_ENCODER),
    source=geneft("Eq. 11, C = 0"),
    status=Status.REDERIVED,
    assumptions=_REDUCED,
    note="Collapse lies below: |c|, not c, is compared with |a|.",
    derivation=derivations.derive_separatrix,
)

RELAXATION_RATE = Statement(
    key="repons.pair.relaxation_rate",
    title="Rate of the approach to the end point",
    expression=Eq(gamma, 2 * eta_A * eta_x * Abs(C)),
    quantities=(
        Quantity(gamma, "relaxation_rate", "rate of the exponential approach", "real >= 0", "1/time"),
        INVARIANT,
        ETA_DECODER,
        ETA_ENCODER,
    ),
    source=geneft("linearisation of Eq. 10 (not in the paper)"),
    status=Status.DERIVED,
    assumptions=_REDUCED,
    note="That of the separation for C > 0, of the decoder for C < 0. It vanishes on the boundary with exponent 1.",
    derivation=derivations.derive_relaxation_rate,
)

COLLAPSE_TIME = Statement(
    key="repons.pair.collapse_time",
    title="Time until the separation is down to a given value",
    expression=Eq(
        t_epsilon,
        log(c**2 * (epsilon**2 + eta_x * C) / (epsilon**2 * (c**2 + eta_x * C))) / (4 * eta_A * eta_x * C),
    ),
    quantities=(
        Quantity(t_epsilon, "collapse_time", "time at which |c| = epsilon", "real >= 0"),
        SEPARATION,
        THRESHOLD,
        INVARIANT,
        ETA_DECODER,
        ETA_ENCODER,
    ),
    source=geneft("solution of Eq. 10 (not in the paper)"),
    status=Status.DERIVED,
    assumptions=(*_REDUCED, "C != 0, epsilon < |c|, and epsilon^2 > -eta_encoder C: otherwise never."),
    derivation=derivations.derive_collapse_time,
)

STATEMENTS: tuple[Statement, ...] = (
    SEPARATION_TRAJECTORY,
    DECODER_TRAJECTORY,
    CRITICAL_TRAJECTORY,
    CRITICAL_DECAY,
    FINAL_SEPARATION,
    FINAL_DECODER,
    SEPARATRIX,
    RELAXATION_RATE,
    COLLAPSE_TIME,
)
