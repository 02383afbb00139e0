r"""Many repons behind one linear decoder as statements: motion, forces, what is conserved, and the exact solution.

All of it is ours: the sources read say of Baek, Liu & Tegmark (2024) that like repons attract and unlike ones repel,
without an equation. The balance of two layers and the matrix Riccati equation are known for linear networks.
"""

from __future__ import annotations

from sympy import Eq

from geneft_theory.repons.derivations import swarm as derivations
from geneft_theory.repons.equations import riccati
from geneft_theory.repons.symbols import (
    DECODER_MATRIX,
    ETA_BIAS,
    ETA_DECODER,
    ETA_ENCODER,
    A,
    A_dot,
    X,
    eta_A,
    eta_b,
    eta_x,
    geneft,
)
from geneft_theory.repons.symbols_matrix import OUTPUTS
from geneft_theory.repons.symbols_swarm import (
    BALANCE,
    CURVATURE,
    EMBEDDING_I,
    EMBEDDING_J,
    EMBEDDINGS,
    GRADIENTS,
    REPONS,
    TARGET_I,
    TARGET_J,
    X_dot,
    attraction,
    b_dot,
    balance,
    between,
    common,
    everyone,
    force,
    g_i,
    g_j,
    g_mean,
    gradients,
    i,
    j,
    k,
    m,
    propagator,
    repulsion,
    rows_dot,
    secant,
    share,
    shared,
    square_decoder,
    square_embeddings,
    start_i,
    start_j,
    velocity,
    volume,
    way,
)
from geneft_theory.statements.statement import Quantity, Statement
from geneft_theory.statements.status import Status

_LINEAR = "A linear decoder with bias; the loss is a sum over repons of a function of their outputs."
_SOURCE = geneft("like repons attract, unlike ones repel (no equation was seen; this one is ours)")
_EVERYONE = "1 is a column of n ones."

EMBEDDING_MOTION = Statement(
    key="repons.swarm.motion.embeddings",
    title="Motion of the repons of a swarm",
    expression=Eq(X_dot, -eta_x * A.T * gradients),
    quantities=(
        Quantity(X_dot, "embeddings_velocity", "velocities of the embeddings, one a column", "d x n matrix"),
        ETA_ENCODER,
        DECODER_MATRIX,
        GRADIENTS,
    ),
    source=geneft("Eq. 8 (its premises, for many repons)"),
    status=Status.DERIVED,
    assumptions=(_LINEAR,),
    derivation=derivations.derive_embedding_motion,
)

DECODER_MOTION = Statement(
    key="repons.swarm.motion.decoder",
    title="Motion of the decoder of a swarm",
    expression=Eq(A_dot, -eta_A * gradients * X.T),
    quantities=(
        Quantity(A_dot, "decoder_velocity", "velocity of the decoder", "p x d matrix"),
        ETA_DECODER,
        GRADIENTS,
        EMBEDDINGS,
    ),
    source=geneft("Eq. 8 (its premises, for many repons)"),
    status=Status.DERIVED,
    assumptions=(_LINEAR,),
    derivation=derivations.derive_decoder_motion,
)

BIAS_MOTION = Statement(
    key="repons.swarm.motion.bias",
    title="Motion of the bias of a swarm",
    expression=Eq(b_dot, -eta_b * gradients * everyone),
    quantities=(
        Quantity(b_dot, "bias_velocity", "velocity of the bias", "vector of length p"),
        ETA_BIAS,
        GRADIENTS,
        REPONS,
    ),
    source=geneft("Eq. 8 (its premises, for many repons)"),
    status=Status.DERIVED,
    assumptions=(_LINEAR, _EVERYONE),
    derivation=derivations.derive_bias_motion,
)

FORCES = Statement(
    key="repons.swarm.forces",
    title="A repon moves by a force common to all and forces from all others",
    expression=derivations.sum_of_forces(),
    quantities=(
        Quantity(velocity, "velocities", "velocity of repon i", "vectors of length d"),
        Quantity(shared, "common", "force common to all repons", "vector of length d"),
        Quantity(between, "between", "force of repon j on repon i, antisymmetric in i and j", "vectors of length d"),
        Quantity(i, "i", "a repon", "1..n"),
        Quantity(j, "j", "another repon", "1..n"),
        REPONS,
    ),
    source=_SOURCE,
    status=Status.DERIVED,
    assumptions=(_LINEAR,),
    note="Action equals reaction: the centroid moves by the common force alone.",
    derivation=derivations.derive_forces,
)

COMMON_FORCE = Statement(
    key="repons.swarm.forces.common",
    title="Force common to all repons",
    expression=Eq(common, derivations.common_force()),
    quantities=(
        Quantity(common, "common", "force common to all repons", "vector of length d"),
        ETA_ENCODER,
        DECODER_MATRIX,
        Quantity(g_mean, "mean_gradient", "mean over repons of the gradients by the outputs", "vector of length p"),
    ),
    source=_SOURCE,
    status=Status.DERIVED,
    assumptions=(_LINEAR,),
    derivation=derivations.derive_common_force,
)

PAIR_FORCE = Statement(
    key="repons.swarm.forces.pair",
    title="Force of one repon on another",
    expression=Eq(force, derivations.pair_force()),
    quantities=(
        Quantity(force, "force", "force of repon j on repon i", "vector of length d"),
        ETA_ENCODER,
        REPONS,
        DECODER_MATRIX,
        Quantity(g_i, "gradient_i", "gradient of the loss of repon i by its outputs", "vector of length p"),
        Quantity(g_j, "gradient_j", "gradient of the loss of repon j by its outputs", "vector of length p"),
    ),
    source=_SOURCE,
    status=Status.DERIVED,
    assumptions=(_LINEAR,),
    derivation=derivations.derive_pair_force,
)

ATTRACTION = Statement(
    key="repons.swarm.attraction",
    title="Attraction between any two repons",
    expression=Eq(attraction, derivations.attractive()),
    quantities=(
        Quantity(attraction, "attraction", "attraction of repon i by repon j", "vector of length d"),
        ETA_ENCODER,
        REPONS,
        DECODER_MATRIX,
        CURVATURE,
        EMBEDDING_I,
        EMBEDDING_J,
    ),
    source=_SOURCE,
    status=Status.DERIVED,
    assumptions=("Squared loss, S = 1, or logistic loss, S from repons.swarm.attraction.secant.",),
    note="S is positive semidefinite: the force never has a component along x_i - x_j that points apart.",
    derivation=derivations.derive_attraction,
)

SECANT = Statement(
    key="repons.swarm.attraction.secant",
    title="Curvature of the softmax between two outputs",
    expression=derivations.secant_entries(),
    quantities=(
        Quantity(secant, "curvature", "entries of the curvature S", "real"),
        Quantity(share, "prediction", "softmax of output k at the way u from z_j to z_i", "0 < pi < 1"),
        Quantity(k, "k", "an output", "1..p"),
        Quantity(m, "m", "an output", "1..p"),
        Quantity(way, "u", "way from z_j to z_i", "0 <= u <= 1"),
    ),
    source=_SOURCE,
    status=Status.DERIVED,
    note=(
        "The covariance of one draw of an output, averaged: positive semidefinite, zero along (1, ..., 1). For one "
        "output with a sigmoid it is the slope (sigmoid(z_i) - sigmoid(z_j))/(z_i - z_j)."
    ),
    derivation=derivations.derive_secant,
)

REPULSION = Statement(
    key="repons.swarm.repulsion",
    title="Repulsion between repons of different targets",
    expression=Eq(repulsion, derivations.repulsive()),
    quantities=(
        Quantity(repulsion, "repulsion", "force of repon j on repon i by their targets", "vector of length d"),
        ETA_ENCODER,
        REPONS,
        DECODER_MATRIX,
        TARGET_I,
        TARGET_J,
    ),
    source=_SOURCE,
    status=Status.DERIVED,
    assumptions=("Squared or logistic loss: the gradient is prediction - target.",),
    note=(
        "Zero for like targets. It drives the outputs apart in the direction in which the targets differ; where the "
        "outputs are in the wrong order it first drives the repons through each other."
    ),
    derivation=derivations.derive_repulsion,
)

INVARIANT = Statement(
    key="repons.swarm.invariant",
    title="Balance of decoder and embeddings",
    expression=Eq(balance, derivations.conserved()),
    quantities=(BALANCE, DECODER_MATRIX, EMBEDDINGS, ETA_DECODER, ETA_ENCODER),
    source=geneft("Eq. 11 (its form for any swarm is ours)"),
    status=Status.DERIVED,
    assumptions=(
        "Any differentiable loss of the outputs, whether it is a sum over repons or not; any rate of the bias.",
    ),
    note=(
        "The law of two-layer linear networks, with two rates. For two repons on a line it is 2 C - 2 xbar^2/eta_x, C "
        "from Eq. 11."
    ),
    derivation=derivations.derive_invariant,
)

SOFTMAX_SUMS = Statement(
    key="repons.swarm.invariant.softmax",
    title="The rows of a softmax decoder keep their sum",
    expression=derivations.sum_of_rows(),
    quantities=(
        Quantity(rows_dot, "decoder_velocities", "velocities of the decoder's entries", "real"),
        Quantity(k, "k", "an output", "1..p"),
        Quantity(m, "m", "a dimension", "1..d"),
        OUTPUTS,
    ),
    source=geneft("Eq. 11 (this further one is ours)"),
    status=Status.DERIVED,
    assumptions=("Cross-entropy of a softmax over p >= 2 outputs, targets that sum to 1.",),
    note="In the same way the sum of the bias over outputs.",
    derivation=derivations.derive_softmax_sums,
)

ORIENTATION = Statement(
    key="repons.swarm.invariant.orientation",
    title="Volume of decoder rows and embeddings in as many dimensions",
    expression=derivations.orientation(),
    quantities=(
        Quantity(volume, "volume", "conserved volume", "real"),
        Quantity(square_decoder, "decoder", "linear decoder", "p x (p + n) matrix"),
        Quantity(square_embeddings, "embeddings", "embeddings, one a column", "(p + n) x n matrix"),
    ),
    source=geneft("Eq. 11 (this further one is ours)"),
    status=Status.DERIVED,
    assumptions=("d = p + n; any differentiable loss of the outputs.",),
    note=(
        "Its square is det(Q) (-1)^n eta_A^p eta_x^n, so that only its sign is news. In more dimensions all minors of "
        "that size are conserved: the space that rows and embeddings span stays as it is."
    ),
    derivation=derivations.derive_orientation,
)

SHAPE = Statement(
    key="repons.swarm.shape",
    title="A cluster of like repons shrinks affinely",
    expression=derivations.affine(),
    quantities=(
        EMBEDDING_I,
        EMBEDDING_J,
        Quantity(propagator, "propagator", "one matrix for all like pairs, 1 at the start", "d x d matrix, det > 0"),
        Quantity(start_i, "start_i", "embedding of repon i at the start", "vector of length d"),
        Quantity(start_j, "start_j", "embedding of repon j at the start", "vector of length d"),
    ),
    source=geneft("Eq. 16 (for many repons it is ours)"),
    status=Status.DERIVED,
    assumptions=("Squared loss; repons i and j have the same target, others may have any.",),
    note=(
        "On a line the ratios of distances within a class are conserved, and like repons never pass each other. These "
        "are rational, not polynomial, conserved quantities. The logistic loss does not have them."
    ),
    derivation=derivations.derive_shape,
)

STATEMENTS: tuple[Statement, ...] = (
    EMBEDDING_MOTION,
    DECODER_MOTION,
    BIAS_MOTION,
    FORCES,
    COMMON_FORCE,
    PAIR_FORCE,
    ATTRACTION,
    SECANT,
    REPULSION,
    INVARIANT,
    SOFTMAX_SUMS,
    ORIENTATION,
    SHAPE,
    *riccati.STATEMENTS,
)
