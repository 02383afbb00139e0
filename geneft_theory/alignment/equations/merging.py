"""Identical targets: do two representations merge?"""

from __future__ import annotations

from geneft_theory.alignment.derivations import merging as derivations
from geneft_theory.alignment.equations.closure import ALIGNED
from geneft_theory.alignment.equations.motion import LINEAR, SMALL_STEPS
from geneft_theory.alignment.symbols import (
    ETA_Y,
    FINAL,
    INPUT,
    INVARIANT,
    OUTPUT,
    RATIO,
    TAU_H,
    TAU_Y,
    TIME,
    G,
    H,
    N,
    constant,
    continuation,
    h_dot,
    h_t,
    lambda_max,
    parity,
    prefix,
    stretch,
)
from geneft_theory.statements.statement import Quantity, Statement
from geneft_theory.statements.status import Status

_IDENTICAL = "The targets are identical, Y = 0, so that w = y."
_PREMISES = (LINEAR, SMALL_STEPS, ALIGNED, _IDENTICAL)
_EXACT = (LINEAR, SMALL_STEPS, _IDENTICAL)
_LATER = Quantity(h_t, "h_later", "squared distance at time t", "real >= 0", low=0)
_ONE_START = "h is that at t = 0."
_CONTINUATIONS = Quantity(
    N, "continuations", "number of continuations that the two prefixes share", "an integer >= 1", low=1, integer=True
)

MOTION = Statement(
    key="alignment.merging.motion",
    title="Motion of representations with identical targets",
    expression=derivations.motion(),
    quantities=(Quantity(h_dot, "h_velocity", "rate of change of h", "real"), H, INVARIANT, ETA_Y),
    source=parity("Eq. 34"),
    status=Status.REDERIVED,
    assumptions=_PREMISES,
    derivation=derivations.derive_motion,
)

COURSE = Statement(
    key="alignment.merging.trajectory",
    title="Course of representations with identical targets",
    expression=derivations.course(),
    quantities=(_LATER, H, INVARIANT, ETA_Y, TIME),
    source=parity("Eq. 35"),
    status=Status.REDERIVED,
    assumptions=(*_PREMISES, "A_high != 0.", _ONE_START),
    derivation=derivations.derive_course,
)

CRITICAL = Statement(
    key="alignment.merging.critical",
    title="Course on the boundary of merging",
    expression=derivations.critical_course(),
    quantities=(_LATER, H, ETA_Y, TIME),
    source=parity("Eq. 35, A_high = 0"),
    status=Status.DERIVED,
    assumptions=(*_PREMISES, "A_high = 0.", _ONE_START),
    derivation=derivations.derive_critical_course,
)

MERGING = Statement(
    key="alignment.merging",
    title="The aligned theory's condition for merging",
    expression=derivations.merging(),
    quantities=(FINAL, INVARIANT),
    source=parity("merging condition (there strict)"),
    status=Status.APPROXIMATION,
    assumptions=_PREMISES,
    note=(
        "Exact for an aligned start. For a random one it is an artefact if outputs are few: dh then has a part that "
        "the decoder does not see and nothing shrinks (alignment.merging.exact). It is good where outputs, "
        "continuations included, outnumber the hidden units and the decoder is nearly isotropic. At A_high = 0 the "
        "distance falls as 1/t."
    ),
    derivation=derivations.derive_merging,
)

CONTINUATIONS = Statement(
    key="alignment.merging.continuations",
    title="Conserved quantity of two prefixes with N shared continuations",
    expression=derivations.continuations(),
    quantities=(INVARIANT, H, OUTPUT, _CONTINUATIONS, TAU_H, TAU_Y),
    source=parity("Eqs. 5 and 22"),
    status=Status.REDERIVED,
    assumptions=(
        LINEAR,
        SMALL_STEPS,
        ALIGNED,
        "Each continuation has its own decoder; the loss is the mean over them; inputs are discrete (X = 1).",
        "y is the mean over the continuations.",
    ),
    note="That of one pair with eta_y = 1/(2 N tau_y).",
    derivation=derivations.derive_continuations,
)

SCALING = Statement(
    key="alignment.merging.scaling",
    title="Which prefixes merge: a law of scale",
    expression=derivations.scaling(),
    quantities=(
        Quantity(constant, "constant", "a constant of order one that the theory does not give", "real > 0"),
        _CONTINUATIONS,
        Quantity(G, "gain", "factor by which a step shrinks squared distances", "0 < G < 1"),
        Quantity(prefix, "prefix", "length of the shorter prefix", "real > 0"),
        Quantity(continuation, "continuation", "length of the shortest continuation", "real > 0"),
    ),
    source=parity("the inequality C < N G^(n - m)"),
    status=Status.APPROXIMATION,
    assumptions=(*_PREMISES, "Squared distances scale as powers of the gain."),
    note="A scale: the constant is unknown, and the aligned theory's condition is itself an approximation.",
    derivation=derivations.derive_scaling,
)

_EIGENVALUE = Quantity(
    lambda_max, "largest_eigenvalue", "largest eigenvalue of dh dh^T - r X D_y^T D_y at the start", "real"
)

EXACT = Statement(
    key="alignment.merging.exact",
    title="How far apart representations with identical targets end up, exactly",
    expression=derivations.exact_merging(),
    quantities=(FINAL, _EIGENVALUE),
    source=parity("not in the paper"),
    status=Status.DERIVED,
    assumptions=_EXACT,
    note="For any start and any number of outputs. For an aligned start the eigenvalue is A_high.",
    derivation=derivations.derive_exact_merging,
)

CRITERION = Statement(
    key="alignment.merging.criterion",
    title="When representations merge, exactly",
    expression=derivations.criterion(),
    quantities=(
        FINAL,
        Quantity(
            stretch, "stretch", "dh^T (D_y^T D_y)^+ dh at the start, infinite outside the range of D_y^T", "real >= 0"
        ),
        RATIO,
        INPUT,
    ),
    source=parity("not in the paper"),
    status=Status.DERIVED,
    assumptions=_EXACT,
    note="With fewer outputs than hidden units a random dh lies outside the range: such pairs never merge.",
    derivation=derivations.derive_criterion,
)

STATEMENTS: tuple[Statement, ...] = (
    MOTION,
    COURSE,
    CRITICAL,
    MERGING,
    CONTINUATIONS,
    SCALING,
    EXACT,
    CRITERION,
)
