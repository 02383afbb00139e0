"""Beyond the aligned set: one output from any start, and the reduced system for any number of outputs."""

from __future__ import annotations

from sympy import Eq

from geneft_theory.alignment.derivations import exact as derivations
from geneft_theory.alignment.equations.motion import LINEAR, SMALL_STEPS
from geneft_theory.alignment.symbols import (
    D_0,
    DECODER_MATRIX,
    DIFFERENCE,
    ETA_H,
    ETA_Y,
    FINAL,
    INPUT,
    RATIO,
    TARGET,
    TARGET_VECTOR,
    TIME,
    A_high,
    H,
    M,
    U_minus,
    U_plus,
    dh_dot,
    h_t,
    kappa,
    q_minus,
    q_plus,
    q_t,
    s,
    s_t,
    u,
    u_dot,
    universality,
)
from geneft_theory.statements.statement import Quantity, Statement
from geneft_theory.statements.status import Status

_EXACT = (LINEAR, SMALL_STEPS)
_ONE_OUTPUT = (*_EXACT, "One output. h, D_0 and s are those at t = 0.")
_NOT_THERE = universality("not in the sources that were seen")
_FACTOR = Quantity(q_t, "factor", "factor by which U_+ has grown", "real > 0")
_PLUS = Quantity(U_plus, "growing", "eta_y h/2 + eta_h X D_0/2 + sqrt(eta_h eta_y X) s at t = 0", "real > 0")
_MINUS = Quantity(U_minus, "shrinking", "the same with the other sign of s", "real >= 0", low=0)
_LENGTH = Quantity(D_0, "decoder_length", "squared length of the whole decoder at t = 0", "real >= 0", low=0)
_OUTPUT = Quantity(s, "dy", "signed difference of the outputs at t = 0, positive along the targets'", "real")
_PULL = Quantity(u, "u", "D_y^T dy*", "vector of length q")
_CONSTANT = Quantity(M, "invariant_matrix", "constant matrix of the reduced system", "symmetric q x q matrix")

COURSE = Statement(
    key="alignment.scalar.q",
    title="One output: the factor in which the solution is written",
    expression=derivations.course(),
    quantities=(
        _FACTOR,
        Quantity(q_plus, "upper_root", "(sqrt(eta_h eta_y X) s* + kappa)/U_+", "real"),
        Quantity(q_minus, "lower_root", "(sqrt(eta_h eta_y X) s* - kappa)/U_+", "real"),
        Quantity(kappa, "kappa", "sqrt(eta_h eta_y X Y + U_+ U_-)", "real > 0", "1/time"),
        TIME,
    ),
    source=_NOT_THERE,
    status=Status.DERIVED,
    assumptions=_ONE_OUTPUT,
    note="Holds for any start, aligned or not, of either sign.",
    derivation=derivations.derive_course,
)

DISTANCE = Statement(
    key="alignment.scalar.h",
    title="One output: squared distance of the representations",
    expression=derivations.distance(),
    quantities=(
        Quantity(h_t, "h_later", "squared distance of the representations at t", "real >= 0"),
        _FACTOR,
        _PLUS,
        _MINUS,
        H,
        _LENGTH,
        ETA_H,
        ETA_Y,
        INPUT,
    ),
    source=_NOT_THERE,
    status=Status.DERIVED,
    assumptions=_ONE_OUTPUT,
    derivation=derivations.derive_distance,
)

OUTPUT_LATER = Statement(
    key="alignment.scalar.y",
    title="One output: signed difference of the outputs",
    expression=derivations.output(),
    quantities=(
        Quantity(s_t, "dy_later", "signed difference of the outputs at t; its square is y", "real"),
        _FACTOR,
        _PLUS,
        _MINUS,
        ETA_H,
        ETA_Y,
        INPUT,
    ),
    source=_NOT_THERE,
    status=Status.DERIVED,
    assumptions=_ONE_OUTPUT,
    derivation=derivations.derive_output,
)

FINAL_DISTANCE = Statement(
    key="alignment.scalar.final_distance",
    title="One output: how far apart two representations end up, exactly",
    expression=derivations.final_distance(),
    quantities=(
        FINAL,
        Quantity(A_high, "invariant", "h - r X D_0, with the decoder's whole length", "real"),
        H,
        _LENGTH,
        _OUTPUT,
        RATIO,
        INPUT,
        TARGET,
    ),
    source=_NOT_THERE,
    status=Status.DERIVED,
    assumptions=_ONE_OUTPUT,
    note="At an aligned start h D_0 = s^2, and it is alignment.final_distance. Misalignment adds to the distance.",
    derivation=derivations.derive_final_distance,
)

REDUCED_INVARIANT = Statement(
    key="alignment.reduced.invariant",
    title="Any number of outputs: the constant matrix of the reduced system",
    expression=Eq(M, derivations.conserved()),
    quantities=(_CONSTANT, DECODER_MATRIX, DIFFERENCE, ETA_H, ETA_Y, INPUT),
    source=_NOT_THERE,
    status=Status.DERIVED,
    assumptions=_EXACT,
    derivation=derivations.derive_reduced_invariant,
)

REDUCED_SEPARATION = Statement(
    key="alignment.reduced.separation",
    title="Any number of outputs: motion of the difference without the decoder",
    expression=derivations.reduced_separation(),
    quantities=(
        Quantity(dh_dot, "dh_velocity", "rate of change of dh", "vector of length q"),
        DIFFERENCE,
        _CONSTANT,
        _PULL,
        ETA_H,
        ETA_Y,
        INPUT,
    ),
    source=_NOT_THERE,
    status=Status.DERIVED,
    assumptions=_EXACT,
    note="Exact for any start: 2q numbers instead of q + m q.",
    derivation=derivations.derive_reduced_separation,
)

REDUCED_PULL = Statement(
    key="alignment.reduced.pull",
    title="Any number of outputs: motion of the target's pull",
    expression=derivations.reduced_pull(),
    quantities=(
        Quantity(u_dot, "u_velocity", "rate of change of D_y^T dy*", "vector of length q"),
        DIFFERENCE,
        _PULL,
        TARGET_VECTOR,
        ETA_Y,
    ),
    source=_NOT_THERE,
    status=Status.DERIVED,
    assumptions=_EXACT,
    derivation=derivations.derive_reduced_pull,
)

STATEMENTS: tuple[Statement, ...] = (
    COURSE,
    DISTANCE,
    OUTPUT_LATER,
    FINAL_DISTANCE,
    REDUCED_INVARIANT,
    REDUCED_SEPARATION,
    REDUCED_PULL,
)
