"""The pair: what weight decay does to the conserved quantity and to the boundary."""

from __future__ import annotations

from sympy import Abs, Eq, LambertW, exp, log, sign, sqrt

from geneft_theory.repons.derivations import pair_decay as derivations
from geneft_theory.repons.equations.pair_motion import ON_TARGET, SMALL_STEPS, TWO_REPONS
from geneft_theory.repons.symbols import (
    DECAY_DECODER,
    DECAY_ENCODER,
    DECODER,
    ETA_DECODER,
    ETA_ENCODER,
    INVARIANT,
    SEPARATION,
    C,
    C_dot,
    C_lambda,
    a,
    c,
    c_infinity,
    eta_A,
    eta_x,
    geneft,
    kappa,
    lambda_A,
    lambda_x,
)
from geneft_theory.statements.statement import Quantity, Statement
from geneft_theory.statements.status import Status

_DECAYING = (
    TWO_REPONS,
    SMALL_STEPS,
    ON_TARGET,
    "lambda_A a^2/2 and lambda_x (x_1^2 + x_2^2)/2 are added to the loss; the bias does not decay.",
)
_SOURCE = geneft("Fig. 8 (weight decay; not in the paper in this form)")
_RATE = Quantity(C_dot, "invariant_rate", "rate of change of C", "real")

INVARIANT_RATE = Statement(
    key="repons.pair.weight_decay.invariant_rate",
    title="Weight decay of the decoder lowers C, that of the embeddings raises it",
    expression=Eq(C_dot, 2 * lambda_x * c**2 - lambda_A * a**2),
    quantities=(_RATE, DECODER, SEPARATION, DECAY_DECODER, DECAY_ENCODER),
    source=_SOURCE,
    status=Status.DERIVED,
    assumptions=_DECAYING,
    derivation=derivations.derive_invariant_rate,
)

EQUAL_DECAY = Statement(
    key="repons.pair.weight_decay.equal",
    title="With equal relative decay the boundary stays where it is",
    expression=Eq(C_dot, -2 * kappa * C),
    quantities=(
        _RATE,
        INVARIANT,
        Quantity(kappa, "decay_rate", "common rate of decay, eta_A lambda_A = eta_x lambda_x", "real >= 0", "1/time"),
    ),
    source=_SOURCE,
    status=Status.DERIVED,
    assumptions=(*_DECAYING, "eta_A lambda_A = eta_x lambda_x: both shrink at the same rate."),
    note="C shrinks but keeps its sign: the side of the boundary is the side of the start.",
    derivation=derivations.derive_equal_decay,
)

DECODER_DECAY_INVARIANT = Statement(
    key="repons.pair.weight_decay.decoder_invariant",
    title="What is conserved when the decoder alone decays",
    expression=Eq(C_lambda, a**2 / (2 * eta_A) - c**2 / eta_x - lambda_A * log(Abs(c)) / eta_x),
    quantities=(
        Quantity(C_lambda, "decoder_decay_invariant", "conserved quantity with decay of the decoder", "real"),
        DECODER,
        SEPARATION,
        DECAY_DECODER,
        ETA_DECODER,
        ETA_ENCODER,
    ),
    source=_SOURCE,
    status=Status.DERIVED,
    assumptions=(*_DECAYING, "lambda_x = 0, c != 0."),
    derivation=derivations.derive_decoder_decay_invariant,
)

SEPARATION_LEFT = Statement(
    key="repons.pair.weight_decay.separation",
    title="The separation that is left when the decoder alone decays",
    expression=Eq(
        c_infinity, sign(c) * sqrt(lambda_A * LambertW(2 * c**2 / lambda_A * exp(-2 * eta_x * C / lambda_A)) / 2)
    ),
    quantities=(
        Quantity(c_infinity, "final_separation", "half-separation after infinite time", "real"),
        SEPARATION,
        INVARIANT,
        Quantity(lambda_A, "decay_decoder", "weight decay of the decoder", "real > 0", low=0, open_low=True),
        ETA_ENCODER,
    ),
    source=_SOURCE,
    status=Status.DERIVED,
    assumptions=(*_DECAYING, "lambda_x = 0 < lambda_A."),
    note=(
        "Never 0: with any decay of the decoder no pair collapses exactly, and there is no sharp boundary to move. A "
        "weak decay leaves a separation of about |c| exp(-eta_x C/lambda_A) where C > 0, soon below any threshold, so "
        "that the boundary at a threshold eps lies at C of about (lambda_A/eta_x) log(|c|/eps) instead of 0: a shift "
        "against collapse, small as long as lambda_A is small compared with the squared separation. In this sense, "
        "and only then, decay of the decoder does not move the boundary (Fig. 8 as relayed). It does not accelerate "
        "the collapse either: it weakens the decoder that drives it."
    ),
    derivation=derivations.derive_separation_left,
)

STATEMENTS: tuple[Statement, ...] = (INVARIANT_RATE, EQUAL_DECAY, DECODER_DECAY_INVARIANT, SEPARATION_LEFT)
