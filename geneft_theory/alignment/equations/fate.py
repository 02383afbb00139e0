"""Where the representations end up, how fast, and in which regime."""

from __future__ import annotations

from sympy import Eq

from geneft_theory.alignment.derivations import fate as derivations
from geneft_theory.alignment.equations.closure import ALIGNED
from geneft_theory.alignment.equations.motion import LINEAR, SMALL_STEPS
from geneft_theory.alignment.symbols import (
    ETA_Y,
    FINAL,
    INPUT,
    INVARIANT,
    LOW,
    RATIO,
    TARGET,
    A_high,
    H,
    S,
    approach,
    contraction,
    escape,
    eta_y,
    h_infinity,
    parity,
    rho,
    slow_approach,
    universality,
)
from geneft_theory.statements.statement import Quantity, Statement
from geneft_theory.statements.status import Status

_PREMISES = (LINEAR, SMALL_STEPS, ALIGNED)
_SPREAD = Quantity(S, "spread", "sqrt(A_high^2 + 4 A_low^2)", "real >= 0", low=0)
_TWICE = (
    "Eqs. 26-32 of the follow-up have Jacobians and rates twice as large, which contradicts its own equations of "
    "motion (Eqs. 20 and 23). What is stable and what is not does not change."
)

LOW_STATEMENT = Statement(
    key="alignment.low",
    title="The scale that rates, inputs and targets set",
    expression=derivations.low(),
    quantities=(LOW, RATIO, INPUT, TARGET),
    source=parity("Eqs. 5-6 (with the inputs' distance)"),
    status=Status.REDERIVED,
    assumptions=_PREMISES,
    derivation=derivations.derive_low,
)

FIXED_POINTS = Statement(
    key="alignment.fixed_points",
    title="Where the aligned pair rests",
    expression=derivations.fixed_points(),
    quantities=(H, INVARIANT, LOW),
    source=parity("Eqs. 24-25"),
    status=Status.REDERIVED,
    assumptions=_PREMISES,
    note="h = 0 with w = 0 is a saddle if A_low > 0; of the two others, both with w = 0, one is positive.",
    derivation=derivations.derive_fixed_points,
)

FINAL_DISTANCE = Statement(
    key="alignment.final_distance",
    title="How far apart two representations end up",
    expression=derivations.final_distance(),
    quantities=(FINAL, INVARIANT, LOW),
    source=parity("Eqs. 5-6 (with the inputs' distance, as in the code of the first paper)"),
    status=Status.REDERIVED,
    assumptions=(*_PREMISES, "The pair does not start on the stable manifold of the saddle."),
    note="A squared distance. For unaligned starts it is an approximation; see alignment.scalar.final_distance.",
    derivation=derivations.derive_final_distance,
)

STABLE = Statement(
    key="alignment.final_distance.stable",
    title="The same without cancellation",
    expression=derivations.stable(),
    quantities=(FINAL, LOW, INVARIANT),
    source=universality("not in the sources that were seen"),
    status=Status.DERIVED,
    assumptions=(*_PREMISES, "A_low > 0."),
    derivation=derivations.derive_stable,
)

ESCAPE = Statement(
    key="alignment.rates.escape",
    title="How fast representations leave the saddle",
    expression=Eq(escape, eta_y * (A_high + S) / 2),
    quantities=(
        Quantity(escape, "escape_rate", "rate at which h grows", "real >= 0", "1/time"),
        INVARIANT,
        _SPREAD,
        ETA_Y,
    ),
    source=parity("Eqs. 26-32"),
    status=Status.CORRECTED,
    assumptions=_PREMISES,
    note=f"{_TWICE} It is eta_y times the final distance.",
    derivation=derivations.derive_escape,
)

CONTRACTION = Statement(
    key="alignment.rates.contraction",
    title="How fast representations contract towards the saddle",
    expression=Eq(contraction, eta_y * (A_high - S) / 2),
    quantities=(
        Quantity(contraction, "contraction_rate", "rate of h on the way in, negative", "real <= 0", "1/time"),
        INVARIANT,
        _SPREAD,
        ETA_Y,
    ),
    source=parity("Eqs. 26-32"),
    status=Status.CORRECTED,
    assumptions=_PREMISES,
    note=_TWICE,
    derivation=derivations.derive_contraction,
)

APPROACH = Statement(
    key="alignment.rates.approach",
    title="How fast the solution is approached",
    expression=Eq(approach, eta_y * h_infinity),
    quantities=(Quantity(approach, "approach_rate", "rate of the approach", "real >= 0", "1/time"), FINAL, ETA_Y),
    source=parity("Eqs. 26-32"),
    status=Status.CORRECTED,
    assumptions=_PREMISES,
    note=f"{_TWICE} It is the rate of escape from the saddle; with one output no state approaches at it.",
    derivation=derivations.derive_approach,
)

SLOW_APPROACH = Statement(
    key="alignment.rates.approach.slow",
    title="How fast the solution is approached along the cone",
    expression=Eq(slow_approach, eta_y * S / 2),
    quantities=(
        Quantity(slow_approach, "slow_approach_rate", "rate of the approach along the cone", "real >= 0", "1/time"),
        _SPREAD,
        ETA_Y,
    ),
    source=parity("Eqs. 26-32"),
    status=Status.CORRECTED,
    assumptions=_PREMISES,
    note=f"{_TWICE} The only rate of one output; the slower one where A_high > 0.",
    derivation=derivations.derive_slow_approach,
)

REGIME = Statement(
    key="alignment.regime",
    title="The number that decides between rich and lazy",
    expression=derivations.regime(),
    quantities=(
        Quantity(rho, "rho", "conserved quantity in units of twice the rich distance", "real"),
        INVARIANT,
        LOW,
    ),
    source=universality("regimes (the number is ours)"),
    status=Status.DERIVED,
    assumptions=(*_PREMISES, "A_low > 0."),
    derivation=derivations.derive_regime,
)

RICH = Statement(
    key="alignment.regime.rich",
    title="Rich: the end knows the task and not the start",
    expression=derivations.rich(),
    quantities=(FINAL, LOW),
    source=universality("rich limit"),
    status=Status.APPROXIMATION,
    assumptions=_PREMISES,
    note=(
        "For |rho| << 1; the relative error is rho. The distance itself is the geometric mean of those of inputs and "
        "targets, times r^(1/4)."
    ),
    derivation=derivations.derive_rich,
)

LAZY = Statement(
    key="alignment.regime.lazy",
    title="Lazy: the end is the start, nearly",
    expression=derivations.lazy(),
    quantities=(FINAL, INVARIANT, LOW),
    source=universality("lazy limit (with its first correction)"),
    status=Status.APPROXIMATION,
    assumptions=_PREMISES,
    note="For rho >> 1; it is that of the start if r X y << h^2 there, too.",
    derivation=derivations.derive_lazy,
)

DECODER_DOMINATED = Statement(
    key="alignment.regime.decoder_dominated",
    title="Decoder-dominated: the representations contract",
    expression=derivations.decoder_dominated(),
    quantities=(FINAL, LOW, Quantity(A_high, "invariant", "conserved quantity of the aligned pair", "real < 0")),
    source=universality("not in the sources that were seen"),
    status=Status.APPROXIMATION,
    assumptions=_PREMISES,
    note="For rho << -1. With identical targets, A_low = 0, it is 0: the representations merge.",
    derivation=derivations.derive_decoder_dominated,
)

STATEMENTS: tuple[Statement, ...] = (
    LOW_STATEMENT,
    FIXED_POINTS,
    FINAL_DISTANCE,
    STABLE,
    ESCAPE,
    CONTRACTION,
    APPROACH,
    SLOW_APPROACH,
    REGIME,
    RICH,
    LAZY,
    DECODER_DOMINATED,
)
