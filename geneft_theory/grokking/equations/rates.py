"""How fast the structure forms: the rate, the time, and the number of steps."""

from __future__ import annotations

from sympy import Eq, Equivalent

from geneft_theory.grokking.derivations import rates as derivations
from geneft_theory.grokking.symbols import (
    DIVISOR,
    EIGENVALUE,
    NORM,
    RATE,
    TIME,
    Z_0,
    N,
    amplitude,
    amplitude_t,
    eta,
    g_3,
    gamma_l,
    grokking,
    lambda_3,
    mode,
    n_h,
    nullity,
    other,
    rate,
    t_h,
)
from geneft_theory.statements.statement import Quantity, Statement
from geneft_theory.statements.status import Status

_POSITIVE_RATE = Quantity(
    lambda_3, "rate", "third smallest eigenvalue of H, the grokking rate", "real > 0", "1/time", low=0, open_low=True
)

GROUND_STATES = Statement(
    key="grokking.ground_states",
    title="A training set forces a linear representation if and only if lambda_3 is positive",
    expression=Equivalent(lambda_3 > 0, Eq(nullity, 2)),
    quantities=(
        RATE,
        Quantity(nullity, "nullity", "number of zero eigenvalues of H", "an integer >= 2", low=2, integer=True),
    ),
    source=grokking("Section 3.2"),
    status=Status.REDERIVED,
    assumptions=("Ordinary addition, so that the label of a pair is its sum.",),
    note=(
        "It forces the embeddings that minimise the effective loss. It is neither perfect accuracy, because a label of "
        "which no pair is shown cannot be known, nor a promise that training finds them."
    ),
    derivation=derivations.derive_ground_states,
)

RATE_OF_STRUCTURE = Statement(
    key="grokking.rate",
    title="The grokking rate",
    expression=Eq(lambda_3, 2 * g_3 / (N * Z_0)),
    quantities=(RATE, EIGENVALUE, DIVISOR, NORM),
    source=grokking("Eq. 9"),
    status=Status.CORRECTED,
    note=(
        "The paper's lambda_i = sigma_i^2, with sigma_i the singular values of the matrix of parallelograms, leaves "
        "out the factors 2, N and Z_0. They matter: for 45 of 55 pairs the mean over P_0(D) gives rates about 50 times "
        "smaller than the plain sum of the paper's code."
    ),
    derivation=derivations.derive_rate,
)

RATIO = Statement(
    key="grokking.trajectory.ratio",
    title="Ratio of two modes",
    expression=derivations.ratio(),
    quantities=(
        Quantity(amplitude_t, "amplitudes", "components of the embeddings along eigenvectors of H at time t", "real"),
        Quantity(amplitude, "start", "the same at t = 0", "real"),
        Quantity(rate, "rates", "eigenvalues of H", "real >= 0", "1/time"),
        TIME,
        Quantity(mode, "i", "a mode", "1..p"),
        Quantity(other, "j", "another mode, that is there at the start", "1..p"),
    ),
    source=grokking("Eq. 9"),
    status=Status.REDERIVED,
    note="Exact with the radial term and without, which is why the paper's rates are right.",
    derivation=derivations.derive_ratio,
)

GROKKING_TIME = Statement(
    key="grokking.time",
    title="The grokking time",
    expression=Eq(t_h, 1 / lambda_3),
    quantities=(Quantity(t_h, "grokking_time", "grokking time", "real > 0", "time"), _POSITIVE_RATE),
    source=grokking("Section 3.2"),
    status=Status.REDERIVED,
    note="Of the amplitude of the slowest mode against a ground state; the loss falls in half of it.",
    derivation=derivations.derive_time,
)

LOSS_RATE = Statement(
    key="grokking.loss_rate",
    title="Rate at which the effective loss falls in the end",
    expression=Eq(gamma_l, 2 * lambda_3),
    quantities=(Quantity(gamma_l, "loss_rate", "late rate of the effective loss", "real >= 0", "1/time"), RATE),
    source=grokking("Section 3.2 (not in the paper)"),
    status=Status.DERIVED,
    assumptions=("The embeddings have a component along a ground state, and one along the slowest mode.",),
    note="The '1/(2 eta lambda_3)' of some accounts is the time of the loss, not the paper's n_h.",
    derivation=derivations.derive_loss_rate,
)

STEPS = Statement(
    key="grokking.steps",
    title="Number of training steps to structure",
    expression=Eq(n_h, 1 / (eta * lambda_3)),
    quantities=(
        Quantity(n_h, "steps", "number of steps", "real > 0"),
        Quantity(eta, "learning_rate", "learning rate of the embeddings", "real > 0", "time", low=0, open_low=True),
        _POSITIVE_RATE,
    ),
    source=grokking("Section 3.2"),
    status=Status.REDERIVED,
    assumptions=("Plain gradient descent on the effective loss with small steps.",),
    derivation=derivations.derive_steps,
)

STATEMENTS: tuple[Statement, ...] = (
    GROUND_STATES,
    RATE_OF_STRUCTURE,
    RATIO,
    GROKKING_TIME,
    LOSS_RATE,
    STEPS,
)
