"""Aligned encoder and decoder: the three numbers that say everything, and a form without singularities."""

from __future__ import annotations

from geneft_theory.alignment.derivations import closure as derivations
from geneft_theory.alignment.equations.motion import LINEAR, SMALL_STEPS
from geneft_theory.alignment.symbols import (
    BETA,
    ERROR,
    ETA_H,
    ETA_Y,
    INPUT,
    INVARIANT,
    OUTPUT,
    PULL,
    RATIO,
    TARGET,
    TARGET_VECTOR,
    D_y_dot,
    H,
    beta,
    beta_dot,
    c,
    c_dot,
    dh_dot,
    grown,
    growth,
    h,
    h_dot,
    p,
    parity,
    q,
    universality,
    v,
    w,
    w_dot,
    y,
    y_dot,
    z,
    z_t,
)
from geneft_theory.statements.statement import Quantity, Statement
from geneft_theory.statements.status import Status

ALIGNED = "Encoder and decoder are aligned: dh = beta v and D_y = p v^T with one unit vector v, an invariant set."
_PREMISES = (LINEAR, SMALL_STEPS, ALIGNED)
_ANSATZ = (
    "The sources assume that each representation moves along the difference of the two. From an unaligned start that "
    "is an approximation."
)
_CODE = universality("published code")

ALIGNED_SET = Statement(
    key="alignment.aligned",
    title="Aligned encoder and decoder stay aligned",
    expression=derivations.aligned(),
    quantities=(
        Quantity(dh_dot, "dh_velocity", "rate of change of dh", "vector of length q"),
        Quantity(D_y_dot, "decoder_velocity", "rate of change of the decoder", "real m x q matrix"),
        Quantity(v, "direction", "the direction of dh, and the only one that the decoder sees", "unit vector"),
        Quantity(p, "column", "what the decoder makes of v", "vector of length m"),
        BETA,
        TARGET_VECTOR,
        ETA_H,
        ETA_Y,
        INPUT,
        Quantity(q, "hidden", "number of hidden units", "an integer >= 1", low=1, integer=True),
    ),
    source=parity("Eq. 17 (there an ansatz)"),
    status=Status.DERIVED,
    assumptions=(LINEAR, SMALL_STEPS),
    note="One velocity is a multiple of v, the other of v^T, so that v stays. The ansatz holds exactly on this set.",
    derivation=derivations.derive_aligned,
)

_motion = derivations.state_motion()

STATE_H = Statement(
    key="alignment.state.h",
    title="The three equations: distance of the representations",
    expression=_motion[h],
    quantities=(Quantity(h_dot, "h_velocity", "rate of change of h", "real"), ERROR, ETA_H, INPUT),
    source=_CODE,
    status=Status.REDERIVED,
    assumptions=_PREMISES,
    derivation=derivations.derive_state_h,
)

STATE_Y = Statement(
    key="alignment.state.y",
    title="The three equations: distance of the outputs",
    expression=_motion[y],
    quantities=(
        Quantity(y_dot, "y_velocity", "rate of change of y", "real"),
        ERROR,
        H,
        OUTPUT,
        ETA_H,
        ETA_Y,
        INPUT,
    ),
    source=_CODE,
    status=Status.REDERIVED,
    assumptions=_PREMISES,
    note=_ANSATZ,
    derivation=derivations.derive_state_y,
)

STATE_W = Statement(
    key="alignment.state.w",
    title="The three equations: distance from the target",
    expression=_motion[w],
    quantities=(
        Quantity(w_dot, "w_velocity", "rate of change of w", "real"),
        ERROR,
        H,
        OUTPUT,
        TARGET,
        ETA_H,
        ETA_Y,
        INPUT,
    ),
    source=_CODE,
    status=Status.REDERIVED,
    assumptions=_PREMISES,
    note=_ANSATZ + " Where the outputs start on the wrong side of each other, h may touch 0, where this divides by 0.",
    derivation=derivations.derive_state_w,
)

CONSERVED = Statement(
    key="alignment.invariant",
    title="Conserved quantity of an aligned pair",
    expression=derivations.invariant(),
    quantities=(INVARIANT, H, OUTPUT, RATIO, INPUT),
    source=parity("Eqs. 21-22 (with the inputs' distance)"),
    status=Status.REDERIVED,
    assumptions=_PREMISES,
    note="Positive where the encoder dominates at the start, negative where the decoder does.",
    derivation=derivations.derive_invariant,
)

_regular = derivations.regular()

REGULAR_BETA = Statement(
    key="alignment.regular.beta",
    title="The regular form: length of the difference, with a sign",
    expression=_regular[beta],
    quantities=(
        Quantity(beta_dot, "beta_velocity", "rate of change of beta", "real"),
        BETA,
        PULL,
        INVARIANT,
        ETA_H,
        ETA_Y,
        INPUT,
    ),
    source=universality("not in the sources that were seen"),
    status=Status.DERIVED,
    assumptions=_PREMISES,
    note="Polynomial, and it conserves A_high by construction. beta passes through 0 where h only touches it.",
    derivation=derivations.derive_regular_beta,
)

REGULAR_C = Statement(
    key="alignment.regular.c",
    title="The regular form: pull of the target",
    expression=_regular[c],
    quantities=(Quantity(c_dot, "c_velocity", "rate of change of c", "real"), BETA, PULL, TARGET, ETA_Y),
    source=universality("not in the sources that were seen"),
    status=Status.DERIVED,
    assumptions=_PREMISES,
    note="Starts at (y - w)/beta with beta = sqrt(h).",
    derivation=derivations.derive_regular_c,
)

REGULAR_Y = Statement(
    key="alignment.regular.y",
    title="The regular form: distance of the outputs",
    expression=derivations.regular_y(),
    quantities=(OUTPUT, BETA, INVARIANT, RATIO, INPUT),
    source=universality("not in the sources that were seen"),
    status=Status.DERIVED,
    assumptions=_PREMISES,
    derivation=derivations.derive_regular_y,
)

REGULAR_W = Statement(
    key="alignment.regular.w",
    title="The regular form: distance from the target",
    expression=derivations.regular_w(),
    quantities=(ERROR, OUTPUT, BETA, PULL),
    source=universality("not in the sources that were seen"),
    status=Status.DERIVED,
    assumptions=_PREMISES,
    derivation=derivations.derive_regular_w,
)

CONE = Statement(
    key="alignment.cone",
    title="Which states there are",
    expression=derivations.cone(),
    quantities=(OUTPUT, ERROR, TARGET),
    source=universality("not in the sources that were seen"),
    status=Status.DERIVED,
    note="For one output it is an equality at all times, so that w is redundant.",
    derivation=derivations.derive_cone,
)

TRAJECTORY = Statement(
    key="alignment.trajectory",
    title="The three equations in closed form",
    expression=derivations.trajectory(),
    quantities=(
        Quantity(z_t, "z_later", "z at time t", "vector of length 3"),
        Quantity(z, "z", "beta, sqrt(r X) p_along, sqrt(r X) p_across at t = 0", "vector of length 3"),
        Quantity(growth, "growth", "exp(F t), F = (eta_y/4) [[A, 2 A_low, 0], [2 A_low, -A, 0], [0, 0, -A]]", "3 x 3"),
        Quantity(grown, "growth_integral", "integral of |exp(F s) z|^2 from 0 to t", "real >= 0", "time", low=0),
        ETA_Y,
    ),
    source=universality("not in the sources that were seen"),
    status=Status.DERIVED,
    assumptions=_PREMISES,
    note=(
        "A = A_high; p_along and p_across are the parts of p along dy* and across. Two repons on a line are known to "
        "have such a solution (repons.swarm.riccati), and so has one hidden unit."
    ),
    derivation=derivations.derive_trajectory,
)

STATEMENTS: tuple[Statement, ...] = (
    ALIGNED_SET,
    STATE_H,
    STATE_Y,
    STATE_W,
    CONSERVED,
    REGULAR_BETA,
    REGULAR_C,
    REGULAR_Y,
    REGULAR_W,
    CONE,
    TRAJECTORY,
)
