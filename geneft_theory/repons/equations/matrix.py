r"""A pair in d dimensions with p outputs as statements, in the order of the derivation.

What is conserved decides whether the pair collapses and what is left if it does not; with Gaussian initial conditions
it collapses with a probability that the F distribution gives. The paper treats d = p = 1; what goes beyond is ours.
"""

from __future__ import annotations

from sympy import Eq, Equivalent, Max, ZeroMatrix, sqrt

from geneft_theory.repons.derivations import matrix as derivations
from geneft_theory.repons.symbols import (
    CLUSTER,
    DECODER_MATRIX,
    ETA_DECODER,
    ETA_ENCODER,
    PROBABILITY,
    SEPARATION_VECTOR,
    SIGMA_A,
    SIGMA_C,
    A,
    N,
    d,
    eta_A,
    eta_x,
    geneft,
    r,
)
from geneft_theory.repons.symbols_matrix import (
    CONSERVED,
    DIMENSION,
    FINAL_LENGTH,
    FINAL_VECTOR,
    HESSIAN,
    OUTPUTS,
    OVERSTRETCH,
    SMALLEST,
    M,
    M_dot,
    M_trained,
    c_infinity,
    component,
    difference,
    eta_cluster,
    lambda_min,
    mode,
    projector,
    q,
    r_infinity,
    singular,
)
from geneft_theory.statements.statement import Quantity, Statement
from geneft_theory.statements.status import Status

_ON_TARGET = "Centroid and bias stand where they do not move: x_1 + x_2 = 0 and b = y (the invariant set of Eq. 8)."
_REST = "Outputs weighted by H(t), bounded and above a positive multiple of the identity (H = 1 in Eq. 8)."

INVARIANT = Statement(
    key="repons.matrix.invariant",
    title="Conserved matrix of a pair in d dimensions",
    expression=Eq(M, derivations.conserved(A)),
    quantities=(CONSERVED, DECODER_MATRIX, SEPARATION_VECTOR, ETA_DECODER, ETA_ENCODER),
    source=geneft("Eq. 8 and 11 (in d dimensions it is ours)"),
    status=Status.DERIVED,
    assumptions=(_ON_TARGET,),
    note="For d = p = 1 it is the C of Eq. 11.",
    derivation=derivations.derive_invariant,
)

WEIGHTED = Statement(
    key="repons.matrix.hessian",
    title="The matrix M is conserved for any weighting of the outputs",
    expression=Eq(M_dot, ZeroMatrix(d, d)),
    quantities=(
        Quantity(M_dot, "invariant_velocity", "velocity of the conserved matrix", "symmetric d x d matrix"),
        HESSIAN,
        DIMENSION,
    ),
    source=geneft("Eq. 8 (general losses are ours)"),
    status=Status.DERIVED,
    assumptions=(
        "dA/dt = -2 eta_A H A r r^T and dr/dt = -eta_x A^T H A r, H(t) symmetric: a loss expanded around the target.",
        "H is the same for both repons: third derivatives of the loss are neglected.",
    ),
    derivation=derivations.derive_hessian,
)

COLLAPSE = Statement(
    key="repons.matrix.collapse",
    title="A pair collapses if and only if M has no negative eigenvalue",
    expression=Equivalent(Eq(r_infinity, ZeroMatrix(d, 1)), lambda_min >= 0),
    quantities=(FINAL_VECTOR, SMALLEST, DIMENSION),
    source=geneft("Theorem 2 (in d dimensions it is ours)"),
    status=Status.DERIVED,
    assumptions=(_ON_TARGET, _REST),
    note="At a tie, lambda_min = 0, the collapse is algebraic in time, |r| ~ t^(-1/2), not exponential.",
    derivation=derivations.derive_collapse,
)

CRITERION = Statement(
    key="repons.matrix.collapse.criterion",
    title="The same as a bound on the separation",
    expression=Equivalent(lambda_min >= 0, q <= eta_x / (2 * eta_A)),
    quantities=(SMALLEST, OVERSTRETCH, ETA_DECODER, ETA_ENCODER),
    source=geneft("Theorem 3 (in d dimensions it is ours)"),
    status=Status.DERIVED,
    note=(
        "With fewer outputs than dimensions, p < d, a generic r lies outside the range of A^T: q is infinite, and the "
        "pair does not collapse at any learning rates."
    ),
    derivation=derivations.derive_criterion,
)

FINAL_SEPARATION = Statement(
    key="repons.matrix.final_separation",
    title="Half-separation that is left in the end",
    expression=Eq(c_infinity, sqrt(eta_x) * sqrt(Max(0, -lambda_min))),
    quantities=(FINAL_LENGTH, ETA_ENCODER, SMALLEST),
    source=geneft("Theorem 2 (in d dimensions it is ours)"),
    status=Status.DERIVED,
    assumptions=(_ON_TARGET, _REST),
    note=(
        "Its direction is that eigenvector v of M whose product with r(0) is positive: v^T M v < 0 demands "
        "(v . r)^2 > 0 at all times, so that v . r cannot change sign."
    ),
    derivation=derivations.derive_final_separation,
)

SECULAR = Statement(
    key="repons.matrix.final_separation.secular",
    title="Secular equation for the half-separation that is left",
    expression=derivations.secular_equation(),
    quantities=(
        FINAL_LENGTH,
        Quantity(component, "components", "components of r along the right singular vectors of A", "real"),
        Quantity(singular, "singular_values", "singular values of A, zeros included", "real >= 0", low=0),
        Quantity(mode, "i", "a singular direction", "1..d"),
        ETA_DECODER,
        ETA_ENCODER,
        DIMENSION,
    ),
    source=geneft("Theorem 2 (in d dimensions it is ours)"),
    status=Status.DERIVED,
    assumptions=("The pair does not collapse.",),
    note="Its left side falls with c_oo, so there is one solution; all terms are positive, so it keeps its digits.",
    derivation=derivations.derive_secular,
)

SEMIDEFINITE = Statement(
    key="repons.matrix.semidefinite_hessian",
    title="Conserved matrix that decides where the loss does not curve in every output",
    expression=Eq(M_trained, difference(A.T * projector * A / (2 * eta_A), r * r.T / eta_x)),
    quantities=(
        Quantity(M_trained, "trained_invariant", "conserved matrix of the part that trains", "symmetric d x d matrix"),
        Quantity(projector, "projector", "projector onto the range of H", "symmetric p x p matrix"),
        DECODER_MATRIX,
        SEPARATION_VECTOR,
        ETA_DECODER,
        ETA_ENCODER,
    ),
    source=geneft("Eq. 8 (general losses are ours)"),
    status=Status.DERIVED,
    assumptions=("H is constant, positive semidefinite, and Pi projects onto its range.",),
    note=(
        "M stays conserved, but M >= 0 no longer suffices: the outputs in the kernel of H add to A^T A and pull at "
        "nothing. M_H <= M decides. Where H(t) itself fades so fast that its integral is finite (a logistic loss that "
        "saturates), neither does: the pair stops on the way."
    ),
    derivation=derivations.derive_semidefinite,
)

CLUSTER_RATE = Statement(
    key="repons.matrix.cluster",
    title="One repon against N coincident ones: the decoder's rate that takes the place of eta_A",
    expression=Eq(eta_cluster, 2 * N * eta_A / (N + 1)),
    quantities=(
        Quantity(eta_cluster, "eta_effective", "rate that takes the place of eta_A", "real > 0", "1/time"),
        CLUSTER,
        ETA_DECODER,
    ),
    source=geneft("Eq. 13 (in d dimensions it is ours)"),
    status=Status.DERIVED,
    assumptions=(
        "The weighted centroid (x_1 + N x_2)/(N + 1) is 0 and b = y.",
        "r is half the distance between the repon and the cluster.",
    ),
    derivation=derivations.derive_cluster,
)

COLLAPSE_PROBABILITY = Statement(
    key="repons.matrix.collapse_probability",
    title="Probability of collapse in d dimensions with p outputs: the F law",
    expression=derivations.collapse_law(),
    quantities=(PROBABILITY, DIMENSION, OUTPUTS, ETA_DECODER, ETA_ENCODER, SIGMA_A, SIGMA_C),
    source=geneft("Eq. 12 (in d dimensions it is ours)"),
    status=Status.DERIVED,
    assumptions=(
        "p >= d; for p < d the probability is 0.",
        "All entries of A and r are independent, normal with mean 0, standard deviations sigma_a and sigma_c.",
    ),
    note=(
        "In terms of the F distribution with d and p - d + 1 degrees of freedom and rho^2 = (sigma_a/sigma_c)^2 "
        "eta_x/(2 eta_A): F_cdf(rho^2 (p - d + 1)/d). For d = p = 1 it is (2/pi) arctan(rho), Eq. 12."
    ),
    derivation=derivations.derive_collapse_probability,
)

STATEMENTS: tuple[Statement, ...] = (
    INVARIANT,
    WEIGHTED,
    COLLAPSE,
    CRITERION,
    FINAL_SEPARATION,
    SECULAR,
    SEMIDEFINITE,
    CLUSTER_RATE,
    COLLAPSE_PROBABILITY,
)
