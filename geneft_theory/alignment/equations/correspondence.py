"""When a pair of repons and two aligning representations are one system, and the dictionary between them."""

from __future__ import annotations

from geneft_theory.alignment.derivations import correspondence as derivations
from geneft_theory.alignment.symbols import (
    ETA_H,
    ETA_Y,
    INPUT,
    INVARIANT,
    OUTPUT,
    RATIO,
    A_high,
    H,
    eta_h,
    eta_y,
    h,
    r,
    y,
)
from geneft_theory.alignment.symbols_repons import (
    CENTROID,
    DECODER,
    DECODER_MATRIX,
    ETA_BIAS,
    ETA_DECODER,
    ETA_ENCODER,
    HALF,
    HALF_VECTOR,
    MEAN_ERROR,
    REPON_INVARIANT,
    TARGET_HALF,
    TARGET_HALF_VECTOR,
    A_dot,
    a_dot,
    centroid,
    error,
    geneft,
    half_dot,
    separation_dot,
)
from geneft_theory.statements.statement import Quantity, Statement
from geneft_theory.statements.status import Status

_REPONS = "Two repons behind a linear decoder with bias, each with a target of its own; gradient flow of squared error."
_ONE_CLASS = "Both repons are of one class, and centroid and error at the centroid are 0."
_OURS = "(the correspondence is ours)"

DECODER_MOTION = Statement(
    key="alignment.repons.decoder",
    title="The repons' decoder: aligned motion and a disturbance",
    expression=derivations.decoder_of_repons(),
    quantities=(
        Quantity(A_dot, "decoder_velocity", "rate of change of the decoder", "real p x d matrix"),
        DECODER_MATRIX,
        HALF_VECTOR,
        TARGET_HALF_VECTOR,
        Quantity(error, "error", "error of the decoder at the centroid", "vector of length p"),
        Quantity(centroid, "centroid", "mean of the repons", "vector of length d"),
        ETA_DECODER,
    ),
    source=geneft(f"Eq. 8 with two targets {_OURS}"),
    status=Status.DERIVED,
    assumptions=(_REPONS,),
    note=(
        "The first term is the motion of this theory's decoder; the second is not there, because it expands about the "
        "moving midpoint."
    ),
    derivation=derivations.derive_decoder,
)

SEPARATION_MOTION = Statement(
    key="alignment.repons.separation",
    title="The repons' separation moves as two representations do",
    expression=derivations.separation_of_repons(),
    quantities=(
        Quantity(half_dot, "separation_velocity", "rate of change of the half-separation", "vector of length d"),
        DECODER_MATRIX,
        HALF_VECTOR,
        TARGET_HALF_VECTOR,
        ETA_ENCODER,
    ),
    source=geneft(f"Eq. 8 with two targets {_OURS}"),
    status=Status.DERIVED,
    assumptions=(_REPONS,),
    note="For any centroid and bias.",
    derivation=derivations.derive_separation,
)

CONDITIONS = Statement(
    key="alignment.repons.conditions",
    title="Exactly when a pair of repons is a pair of aligning representations",
    expression=derivations.conditions(),
    quantities=(
        MEAN_ERROR,
        CENTROID,
        Quantity(a_dot, "decoder_velocity", "rate of change of the decoder", "real"),
        Quantity(separation_dot, "separation_velocity", "rate of change of the half-separation", "real"),
    ),
    source=geneft(f"Theorem 2's premise {_OURS}"),
    status=Status.DERIVED,
    assumptions=(_REPONS, "On the line; every equality is meant at all times; the bias is trained."),
    note=(
        "A pair that moves at all is one of this theory if and only if its centroid is 0 and its bias on the mean "
        "target, for targets that agree or differ. In more dimensions the centroid may also lie where the decoder does "
        "not see it and across the separation (A xbar = 0, r . xbar = 0)."
    ),
    derivation=derivations.derive_conditions,
)

FAST_BIAS = Statement(
    key="alignment.repons.fast_bias",
    title="A fast bias makes any pair of repons one of aligning representations",
    expression=derivations.fast_bias(),
    quantities=(MEAN_ERROR, DECODER, HALF, TARGET_HALF, CENTROID, ETA_DECODER, ETA_BIAS),
    source=geneft(f"Eq. 8 with two targets {_OURS}"),
    status=Status.APPROXIMATION,
    assumptions=(_REPONS, "On the line; the bias is fast, after a time of some 1/eta_bias."),
    note="So the disturbance falls as 1/eta_bias: the midpoint's output is then free, as this theory has it.",
    derivation=derivations.derive_fast_bias,
)

_dictionary = derivations.dictionary()

ETA_Y_ENTRY = Statement(
    key="alignment.repons.eta_y",
    title="Dictionary: the decoder's rate",
    expression=_dictionary[eta_y],
    quantities=(ETA_Y, ETA_DECODER),
    source=geneft(f"Eq. 8 {_OURS}"),
    status=Status.DERIVED,
    assumptions=(_REPONS,),
    note="So 1/tau_y = 2 eta_decoder: the loss here is the mean over two points, half of that of the repons.",
    derivation=derivations.derive_eta_y,
)

ETA_H_ENTRY = Statement(
    key="alignment.repons.eta_h",
    title="Dictionary: the encoder's rate",
    expression=_dictionary[eta_h],
    quantities=(ETA_H, ETA_ENCODER, INPUT),
    source=geneft(f"Eq. 8 {_OURS}"),
    status=Status.DERIVED,
    assumptions=(_REPONS,),
    note=(
        "Repons are free vectors, discrete inputs: X = 1, and 1/tau_h = 1/tau_h1 + 1/tau_h2 = 4 eta_encoder, since "
        "each of the two moves."
    ),
    derivation=derivations.derive_eta_h,
)

RATIO_ENTRY = Statement(
    key="alignment.repons.ratio",
    title="Dictionary: the ratio of the rates",
    expression=_dictionary[r],
    quantities=(RATIO, ETA_ENCODER, ETA_DECODER, INPUT),
    source=geneft(f"Eq. 8 {_OURS}"),
    status=Status.DERIVED,
    assumptions=(_REPONS,),
    derivation=derivations.derive_ratio,
)

H_ENTRY = Statement(
    key="alignment.repons.h",
    title="Dictionary: distance of the representations",
    expression=_dictionary[h],
    quantities=(H, HALF),
    source=geneft(f"Eq. 10 {_OURS}"),
    status=Status.DERIVED,
    assumptions=(_REPONS,),
    note="The square of a difference against half a difference. The sign of c is lost.",
    derivation=derivations.derive_h,
)

Y_ENTRY = Statement(
    key="alignment.repons.y",
    title="Dictionary: distance of the outputs",
    expression=_dictionary[y],
    quantities=(OUTPUT, DECODER, HALF),
    source=geneft(f"Eq. 10 {_OURS}"),
    status=Status.DERIVED,
    assumptions=(_REPONS, _ONE_CLASS),
    note="For one class w = y: there is no target to be on the way to. The sign of a is lost.",
    derivation=derivations.derive_y,
)

INVARIANT_ENTRY = Statement(
    key="alignment.repons.invariant",
    title="Dictionary: the conserved quantities",
    expression=_dictionary[A_high],
    quantities=(INVARIANT, ETA_ENCODER, REPON_INVARIANT),
    source=geneft(f"Eq. 11 {_OURS}"),
    status=Status.DERIVED,
    assumptions=(_REPONS, _ONE_CLASS),
    note="So A_high < 0, merging, is C > 0, collapse (Theorem 2), and both theories have one boundary.",
    derivation=derivations.derive_invariant,
)

MATRIX_ENTRY = Statement(
    key="alignment.repons.matrix",
    title="Dictionary: the conserved matrices",
    expression=derivations.matrix(),
    quantities=(
        Quantity(derivations.matrix().lhs, "invariant_matrix", "constant matrix of the reduced system", "d x d matrix"),
        DECODER_MATRIX,
        HALF_VECTOR,
        ETA_DECODER,
        ETA_ENCODER,
    ),
    source=geneft(f"Eq. 11 in d dimensions {_OURS}"),
    status=Status.DERIVED,
    assumptions=(_REPONS,),
    note=(
        "So dh dh^T - r X D_y^T D_y is -4 eta_encoder times the repons' matrix, and alignment.merging.exact is "
        "repons.matrix.final_separation."
    ),
    derivation=derivations.derive_matrix,
)

STATEMENTS: tuple[Statement, ...] = (
    DECODER_MOTION,
    SEPARATION_MOTION,
    CONDITIONS,
    FAST_BIAS,
    ETA_Y_ENTRY,
    ETA_H_ENTRY,
    RATIO_ENTRY,
    H_ENTRY,
    Y_ENTRY,
    INVARIANT_ENTRY,
    MATRIX_ENTRY,
)
