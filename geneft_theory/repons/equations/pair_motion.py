"""The pair: equations of motion, and what they conserve."""

from __future__ import annotations

from sympy import Eq

from geneft_theory.repons.derivations import pair as derivations
from geneft_theory.repons.symbols import (
    CENTROID,
    DECODER,
    DECODER_MATRIX,
    ERROR,
    ETA_BIAS,
    ETA_DECODER,
    ETA_ENCODER,
    INVARIANT,
    SEPARATION,
    SEPARATION_VECTOR,
    X1,
    X2,
    A,
    A_dot,
    C,
    C_prime,
    X,
    Z,
    a,
    a_dot,
    c,
    c_dot,
    difference_dot,
    e,
    e_dot,
    eta_A,
    eta_b,
    eta_x,
    geneft,
    r,
    r_dot,
    xbar,
)
from geneft_theory.statements.statement import Quantity, Statement
from geneft_theory.statements.status import Status

TWO_REPONS = "Two embeddings of one class near each other: a common linear decoder, bias and target, squared error."
SMALL_STEPS = "Gradient flow: plain gradient descent with small steps."
ON_TARGET = "The centroid is 0 and the bias on target, xbar = 0 and b = y: an invariant set."

_DECODER_VELOCITY = Quantity(a_dot, "decoder_velocity", "rate of change of the decoder's coefficient", "real")
_SEPARATION_VELOCITY = Quantity(c_dot, "separation_velocity", "rate of change of the half-separation", "real")

MATRIX_DECODER_MOTION = Statement(
    key="repons.pair.matrix.decoder_motion",
    title="The decoder of two repons in many dimensions",
    expression=Eq(A_dot, -2 * eta_A * A * r * r.T),
    quantities=(
        Quantity(A_dot, "decoder_velocity", "rate of change of the decoder", "real p x d matrix"),
        DECODER_MATRIX,
        SEPARATION_VECTOR,
        ETA_DECODER,
    ),
    source=geneft("Eq. 8"),
    status=Status.REDERIVED,
    assumptions=(TWO_REPONS, SMALL_STEPS, ON_TARGET),
    derivation=derivations.derive_matrix_decoder_motion,
)

MATRIX_SEPARATION_MOTION = Statement(
    key="repons.pair.matrix.separation_motion",
    title="The separation of two repons in many dimensions: a spring that the decoder stiffens",
    expression=Eq(r_dot, -eta_x * A.T * A * r),
    quantities=(
        Quantity(r_dot, "separation_velocity", "rate of change of the half-separation", "vector of length d"),
        DECODER_MATRIX,
        SEPARATION_VECTOR,
        ETA_ENCODER,
    ),
    source=geneft("Eq. 8"),
    status=Status.REDERIVED,
    assumptions=(TWO_REPONS, SMALL_STEPS),
    note="Holds for any centroid, bias and target: see repons.pair.common_forcing.",
    derivation=derivations.derive_matrix_separation_motion,
)

COMMON_FORCING = Statement(
    key="repons.pair.common_forcing",
    title="Bias and target force both repons alike",
    expression=Eq(difference_dot, -eta_x * A.T * A * (X1 - X2)),
    quantities=(
        Quantity(difference_dot, "difference_velocity", "rate of change of x_1 - x_2", "vector of length d"),
        DECODER_MATRIX,
        Quantity(X1, "x1", "first embedding", "vector of length d"),
        Quantity(X2, "x2", "second embedding", "vector of length d"),
        ETA_ENCODER,
    ),
    source=geneft("Eq. 16 (App. C)"),
    status=Status.REDERIVED,
    assumptions=(TWO_REPONS, SMALL_STEPS),
    note="The difference b - y does not appear.",
    derivation=derivations.derive_common_forcing,
)

DECODER_MOTION = Statement(
    key="repons.pair.decoder_motion",
    title="The decoder of two repons on the line",
    expression=Eq(a_dot, -2 * eta_A * a * c**2),
    quantities=(_DECODER_VELOCITY, DECODER, SEPARATION, ETA_DECODER),
    source=geneft("Eq. 10"),
    status=Status.REDERIVED,
    assumptions=(TWO_REPONS, SMALL_STEPS, ON_TARGET),
    derivation=derivations.derive_decoder_motion,
)

SEPARATION_MOTION = Statement(
    key="repons.pair.separation_motion",
    title="The separation of two repons on the line",
    expression=Eq(c_dot, -eta_x * a**2 * c),
    quantities=(_SEPARATION_VELOCITY, DECODER, SEPARATION, ETA_ENCODER),
    source=geneft("Eq. 10"),
    status=Status.REDERIVED,
    assumptions=(TWO_REPONS, SMALL_STEPS),
    note="Holds for any centroid, bias and target.",
    derivation=derivations.derive_separation_motion,
)

CENTROID_ERROR = Statement(
    key="repons.pair.centroid_error",
    title="The error at the centroid does not stay zero",
    expression=Eq(e_dot, -2 * eta_A * a * c**2 * xbar - (eta_x * a**2 + 2 * eta_A * xbar**2 + 2 * eta_b) * e),
    quantities=(
        Quantity(e_dot, "error_velocity", "rate of change of the error at the centroid", "real"),
        ERROR,
        DECODER,
        SEPARATION,
        CENTROID,
        ETA_DECODER,
        ETA_ENCODER,
        ETA_BIAS,
    ),
    source=geneft("premise of Eq. 8 (not in the paper in this form)"),
    status=Status.CORRECTED,
    assumptions=(TWO_REPONS, SMALL_STEPS, "The bias is trained at the rate eta_bias; 0 freezes it."),
    note=(
        "A centroid on target, e = a xbar + b - y = 0, is sometimes taken for the invariant set on which Eq. 8 and 10 "
        "hold. It is not invariant: at e = 0 the error grows at the rate -2 eta_decoder a c^2 xbar, because the "
        "decoder changes. The set xbar = 0, b = y is."
    ),
    derivation=derivations.derive_centroid_error,
)

PAIR_INVARIANT = Statement(
    key="repons.pair.invariant",
    title="Conserved quantity of two repons",
    expression=Eq(C, a**2 / (2 * eta_A) - c**2 / eta_x),
    quantities=(INVARIANT, DECODER, SEPARATION, ETA_DECODER, ETA_ENCODER),
    source=geneft("Eq. 11 (App. C)"),
    status=Status.REDERIVED,
    assumptions=(TWO_REPONS, SMALL_STEPS, ON_TARGET),
    derivation=derivations.derive_invariant,
)

GENERAL_INVARIANT = Statement(
    key="repons.pair.general_invariant",
    title="Conserved quantity of two repons with any centroid, bias and target",
    expression=Eq(C_prime, a**2 / (2 * eta_A) - c**2 / eta_x - xbar**2 / eta_x),
    quantities=(
        Quantity(C_prime, "general_invariant", "conserved quantity, C less the centroid's share", "real"),
        DECODER,
        SEPARATION,
        CENTROID,
        ETA_DECODER,
        ETA_ENCODER,
    ),
    source=geneft("beyond Eq. 11 (not in the paper)"),
    status=Status.DERIVED,
    assumptions=(TWO_REPONS, SMALL_STEPS, "The bias may be frozen or trained at any rate."),
    note=(
        "Conserved where C is not: off the set xbar = 0, b = y. A positive value is sufficient for collapse, because "
        "the decoder then cannot vanish; it is not necessary."
    ),
    derivation=derivations.derive_general_invariant,
)

ANY_LOSS_INVARIANT = Statement(
    key="repons.pair.any_loss_invariant",
    title="Conserved matrix of embeddings behind a linear layer, for any loss",
    expression=Eq(Z, A.T * A / eta_A - X * X.T / eta_x),
    quantities=(
        Quantity(Z, "invariant_matrix", "conserved symmetric matrix", "real d x d matrix"),
        Quantity(A, "decoder", "first layer that the embeddings meet", "real p x d matrix"),
        Quantity(X, "embeddings", "the embeddings as columns", "real d x n matrix"),
        ETA_DECODER,
        ETA_ENCODER,
    ),
    source=geneft("beyond Eq. 11 (not in the paper)"),
    status=Status.DERIVED,
    assumptions=(
        "The loss depends on A and X through A X (and on anything else, such as biases and later layers).",
        SMALL_STEPS,
        "No weight decay.",
    ),
    note="For two embeddings on the line it is 2 C': Z = a^2/eta_A - (x_1^2 + x_2^2)/eta_x.",
    derivation=derivations.derive_any_loss_invariant,
)

STATEMENTS: tuple[Statement, ...] = (
    MATRIX_DECODER_MOTION,
    MATRIX_SEPARATION_MOTION,
    COMMON_FORCING,
    DECODER_MOTION,
    SEPARATION_MOTION,
    CENTROID_ERROR,
    PAIR_INVARIANT,
    GENERAL_INVARIANT,
    ANY_LOSS_INVARIANT,
)
