"""Two points, linearised: the exact flow of encoder and decoder, what it conserves, and the loss."""

from __future__ import annotations

from sympy import Eq

from geneft_theory.alignment.derivations import motion as derivations
from geneft_theory.alignment.symbols import (
    DECODER_MATRIX,
    DIFFERENCE,
    ENCODER_MATRIX,
    ERROR,
    ETA_H,
    ETA_MEAN,
    ETA_Y,
    INPUT,
    OUTPUT,
    TARGET,
    TARGET_VECTOR,
    TIME,
    D_h,
    D_y,
    D_y_dot,
    H,
    K,
    L,
    X,
    dh_dot,
    eta_h,
    eta_y,
    h_dot,
    mean_error,
    parity,
    universality,
    w,
    y_dot,
    ybar,
    ybar_dot,
    ybar_target,
)
from geneft_theory.statements.statement import Quantity, Statement
from geneft_theory.statements.status import Status

LINEAR = (
    "Encoder and decoder are linear near two points, about the midpoint wherever it moves, and free to change there."
)
SMALL_STEPS = "Gradient flow: plain gradient descent with small steps, on half the mean of the squared errors."

_MEAN_ERROR = Quantity(
    mean_error, "mean_error", "squared error |ybar - ybar*|^2 of the mean output", "real >= 0", low=0
)
_LOSS = Quantity(L, "loss", "half the mean over the two points of the squared error", "real >= 0")

SEPARATION_MOTION = Statement(
    key="alignment.motion.separation",
    title="Motion of the difference of two representations",
    expression=derivations.separation_motion(),
    quantities=(
        Quantity(dh_dot, "dh_velocity", "rate of change of dh", "vector of length q"),
        DECODER_MATRIX,
        DIFFERENCE,
        TARGET_VECTOR,
        ETA_H,
        INPUT,
    ),
    source=parity("appendix B (with the inputs' distance, as in the code of the first paper)"),
    status=Status.REDERIVED,
    assumptions=(LINEAR, SMALL_STEPS),
    derivation=derivations.derive_separation_motion,
)

DECODER_MOTION = Statement(
    key="alignment.motion.decoder",
    title="Motion of the decoder",
    expression=derivations.decoder_motion(),
    quantities=(
        Quantity(D_y_dot, "decoder_velocity", "rate of change of the decoder", "real m x q matrix"),
        DECODER_MATRIX,
        DIFFERENCE,
        TARGET_VECTOR,
        ETA_Y,
    ),
    source=parity("appendix B"),
    status=Status.REDERIVED,
    assumptions=(LINEAR, SMALL_STEPS),
    derivation=derivations.derive_decoder_motion,
)

MEAN_MOTION = Statement(
    key="alignment.motion.mean",
    title="The mean output learns by itself",
    expression=derivations.mean_motion(),
    quantities=(
        Quantity(ybar_dot, "mean_velocity", "rate of change of the mean output", "vector of length m"),
        Quantity(ybar, "mean", "mean of the two outputs", "vector of length m"),
        Quantity(ybar_target, "mean_target", "mean of the two targets", "vector of length m"),
        ETA_MEAN,
    ),
    source=parity("appendix B"),
    status=Status.REDERIVED,
    assumptions=(LINEAR, SMALL_STEPS),
    note="Because the decoder is expanded about the moving midpoint; about a fixed point it would be coupled.",
    derivation=derivations.derive_mean_motion,
)

H_MOTION = Statement(
    key="alignment.motion.h",
    title="Motion of the squared distance of two representations",
    expression=Eq(h_dot, -eta_h * X * w),
    quantities=(
        Quantity(h_dot, "h_velocity", "rate of change of |dh|^2", "real"),
        ERROR,
        ETA_H,
        INPUT,
    ),
    source=universality("published code; no ansatz is needed"),
    status=Status.REDERIVED,
    assumptions=(LINEAR, SMALL_STEPS),
    note="Exact for any start and any number of outputs.",
    derivation=derivations.derive_h,
)

Y_MOTION = Statement(
    key="alignment.motion.y",
    title="Motion of the squared distance of two outputs, which does not close",
    expression=derivations.output_motion(),
    quantities=(
        Quantity(y_dot, "y_velocity", "rate of change of |dy|^2", "real"),
        Quantity(derivations.dy, "dy", "difference D_y dh of the outputs", "vector of length m"),
        DECODER_MATRIX,
        TARGET_VECTOR,
        ERROR,
        H,
        ETA_H,
        ETA_Y,
        INPUT,
    ),
    source=universality("premise of the published code"),
    status=Status.DERIVED,
    assumptions=(LINEAR, SMALL_STEPS),
    note="D_y D_y^T is no function of h, y and w. Where encoder and decoder are aligned, it is.",
    derivation=derivations.derive_y,
)

MATRIX_INVARIANT = Statement(
    key="alignment.matrix_invariant",
    title="Conserved matrix of encoder and decoder",
    expression=Eq(K, eta_h * D_y.T * D_y - eta_y * D_h * D_h.T),
    quantities=(
        Quantity(K, "invariant_matrix", "conserved symmetric matrix", "real q x q matrix"),
        DECODER_MATRIX,
        ENCODER_MATRIX,
        ETA_H,
        ETA_Y,
    ),
    source=universality("not in the sources that were seen"),
    status=Status.DERIVED,
    assumptions=(LINEAR, SMALL_STEPS),
    note="Exact for any start. The conserved number of the aligned pair is what it says along dh.",
    derivation=derivations.derive_matrix_invariant,
)

LOSS = Statement(
    key="alignment.loss",
    title="The loss is a function of the state",
    expression=derivations.loss(),
    quantities=(_LOSS, _MEAN_ERROR, ERROR, OUTPUT, TARGET),
    source=universality("published code"),
    status=Status.REDERIVED,
    assumptions=(LINEAR,),
    note="A framework that averages over m outputs, too, reports 1/m of it, and its rates are 1/m of those here.",
    derivation=derivations.derive_loss,
)

LOSS_TRAJECTORY = Statement(
    key="alignment.loss.trajectory",
    title="The loss along a trajectory",
    expression=derivations.loss_trajectory(),
    quantities=(_LOSS, _MEAN_ERROR, ERROR, OUTPUT, TARGET, ETA_MEAN, TIME),
    source=universality("published code"),
    status=Status.REDERIVED,
    assumptions=(LINEAR, SMALL_STEPS, "mean_error is that at t = 0; y and w are those at t."),
    note="The third rate, eta_mean, appears here and nowhere else.",
    derivation=derivations.derive_loss_trajectory,
)

STATEMENTS: tuple[Statement, ...] = (
    SEPARATION_MOTION,
    DECODER_MOTION,
    MEAN_MOTION,
    H_MOTION,
    Y_MOTION,
    MATRIX_INVARIANT,
    LOSS,
    LOSS_TRAJECTORY,
)
