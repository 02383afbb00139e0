"""One repon against a cluster of N as statements."""

from __future__ import annotations

from sympy import Eq, atan, pi, sqrt

from geneft_theory.repons.derivations import cluster as derivations
from geneft_theory.repons.equations.pair_motion import SMALL_STEPS
from geneft_theory.repons.symbols import (
    C_N,
    CLUSTER,
    DECODER,
    ETA_DECODER,
    ETA_ENCODER,
    PROBABILITY,
    SEPARATION,
    SIGMA_A,
    SIGMA_C,
    N,
    a,
    a_dot,
    c,
    c_dot,
    eta_A,
    eta_x,
    geneft,
    p_r,
    sigma_a,
    sigma_c,
)
from geneft_theory.statements.statement import Quantity, Statement
from geneft_theory.statements.status import Status

_CLUSTERED = "One repon at x_1 and N of its class at one place x_2, each with its own embedding; squared error."
_WEIGHTED = "The weighted centroid (x_1 + N x_2)/(N + 1) is 0 and the bias on target: an invariant set."
_PREMISES = (_CLUSTERED, SMALL_STEPS, _WEIGHTED, "c = (x_1 - x_2)/2, half the distance, as for a pair.")

DECODER_MOTION = Statement(
    key="repons.cluster.decoder_motion",
    title="The decoder of one repon and a cluster",
    expression=Eq(a_dot, -4 * N * a * c**2 * eta_A / (N + 1)),
    quantities=(
        Quantity(a_dot, "decoder_velocity", "rate of change of the decoder's coefficient", "real"),
        DECODER,
        SEPARATION,
        CLUSTER,
        ETA_DECODER,
    ),
    source=geneft("premise of Eq. 13 (not in the paper in this form)"),
    status=Status.DERIVED,
    assumptions=_PREMISES,
    note="That of a pair with eta_decoder replaced by eta_decoder 2N/(N + 1), at most twice as large.",
    derivation=derivations.derive_decoder_motion,
)

SEPARATION_MOTION = Statement(
    key="repons.cluster.separation_motion",
    title="The distance between one repon and a cluster",
    expression=Eq(c_dot, -eta_x * a**2 * c),
    quantities=(
        Quantity(c_dot, "separation_velocity", "rate of change of the half-distance", "real"),
        DECODER,
        SEPARATION,
        ETA_ENCODER,
    ),
    source=geneft("premise of Eq. 13 (not in the paper in this form)"),
    status=Status.DERIVED,
    assumptions=_PREMISES,
    note="As for a pair: each embedding feels its own residual only.",
    derivation=derivations.derive_separation_motion,
)

CLUSTER_INVARIANT = Statement(
    key="repons.cluster.invariant",
    title="Conserved quantity of one repon and a cluster",
    expression=Eq(C_N, (1 + 1 / N) / (4 * eta_A) * a**2 - c**2 / eta_x),
    quantities=(
        Quantity(C_N, "invariant", "conserved quantity; the repon is absorbed where it is > 0", "real"),
        DECODER,
        SEPARATION,
        CLUSTER,
        ETA_DECODER,
        ETA_ENCODER,
    ),
    source=geneft("premise of Eq. 13 (not in the paper in this form)"),
    status=Status.DERIVED,
    assumptions=_PREMISES,
    note="For N = 1 it is that of the pair.",
    derivation=derivations.derive_invariant,
)

CLUSTER_PROBABILITY = Statement(
    key="repons.cluster.collapse_probability",
    title="The probability that a cluster of N absorbs a repon",
    expression=Eq(p_r, 2 / pi * atan(sigma_a / sigma_c * sqrt(eta_x * (1 + 1 / N) / (4 * eta_A)))),
    quantities=(PROBABILITY, CLUSTER, ETA_DECODER, ETA_ENCODER, SIGMA_A, SIGMA_C),
    source=geneft("Eq. 13"),
    status=Status.CORRECTED,
    assumptions=(*_PREMISES, "At the start a and c are independent Gaussian numbers of mean 0."),
    note=(
        "As relayed, Eq. 13 replaces the 2 of Eq. 12 by 4 (1 + 1/N). That gives 8 at N = 1, not 2, so it contradicts "
        "Eq. 12, and it lets larger clusters absorb more easily. The derivation gives 4/(1 + 1/N): 2 at N = 1, 4 for "
        "large N. Larger clusters absorb less easily, at equal learning rates."
    ),
    derivation=derivations.derive_collapse_probability,
)

STATEMENTS: tuple[Statement, ...] = (DECODER_MOTION, SEPARATION_MOTION, CLUSTER_INVARIANT, CLUSTER_PROBABILITY)
