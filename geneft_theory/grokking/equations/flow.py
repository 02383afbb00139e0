"""The flow of embeddings down the effective loss: motion, conserved quantities, exact solution."""

from __future__ import annotations

from sympy import Eq

from geneft_theory.grokking.derivations import flow as derivations
from geneft_theory.grokking.symbols import (
    C_0,
    DIVISOR,
    EMBEDDINGS,
    GRAM,
    LOSS,
    NORM,
    SYMBOLS,
    TIME,
    Z_0,
    C_infinity,
    E,
    E_dot,
    Z_dot,
    amplitude,
    amplitude_t,
    b_0,
    centre,
    centre_dot,
    d,
    ell_eff,
    grokking,
    lambda_i,
    mode,
    mode_dot,
    other,
    rate,
    ratio_dot,
    zero_mode,
)
from geneft_theory.statements.statement import Quantity, Statement
from geneft_theory.statements.status import Status

_FLOW = "Gradient flow of the effective loss, the derivative of the norm included."
_DIMENSION = Quantity(d, "d", "dimension of the embeddings", "an integer >= 1", low=1, integer=True)
_AMPLITUDE = Quantity(amplitude, "start", "component of the embeddings at t = 0 along an eigenvector of H", "real")
_AMPLITUDE_T = Quantity(amplitude_t, "amplitudes", "the same at time t", "real")
_RATES = Quantity(rate, "rates", "eigenvalues of H = 2 G/(N Z_0)", "real >= 0", "1/time")
_MODE = Quantity(mode, "i", "a mode", "1..p")
_OTHER = Quantity(other, "j", "another mode", "1..p")

MOTION = Statement(
    key="grokking.motion",
    title="Motion of the embeddings",
    expression=derivations.motion(),
    quantities=(
        Quantity(E_dot, "velocity", "rate of change of the embeddings", "real p x d matrix"),
        EMBEDDINGS,
        GRAM,
        LOSS,
        DIVISOR,
        NORM,
    ),
    source=grokking("Eqs. 5 and 8"),
    status=Status.CORRECTED,
    assumptions=(_FLOW,),
    note=(
        "Eq. 8, dR/dt = -H R, leaves out the last term, the radial one, which comes from the derivative of 1/Z_0. "
        "Without it the norm is lost, and an eigenvector of H, at which the effective loss is stationary, would move. "
        "The paper's code integrates the whole gradient."
    ),
    derivation=derivations.derive_motion,
)

NORM_CONSERVED = Statement(
    key="grokking.invariant",
    title="The squared norm of the embeddings is conserved",
    expression=Eq(Z_dot, 0),
    quantities=(Quantity(Z_dot, "norm_velocity", "rate of change of the squared norm", "real"),),
    source=grokking("Appendix F"),
    status=Status.REDERIVED,
    assumptions=(_FLOW,),
    note="The effective loss does not change with the scale of the embeddings, so its gradient is tangential.",
    derivation=derivations.derive_norm,
)

ZERO_MODE = Statement(
    key="grokking.zero_modes",
    title="Components along zero modes grow, all at one rate",
    expression=Eq(mode_dot, 2 * ell_eff / Z_0 * zero_mode * E),
    quantities=(
        Quantity(mode_dot, "component_velocity", "rate of change of u E", "row of length d"),
        Quantity(zero_mode, "zero_mode", "a row with u G = 0", "row of length p"),
        EMBEDDINGS,
        LOSS,
        NORM,
    ),
    source=grokking("Appendix F (corrected and extended here)"),
    status=Status.DERIVED,
    assumptions=(_FLOW,),
    derivation=derivations.derive_zero_mode,
)

CENTRE = Statement(
    key="grokking.centre",
    title="The sum of the embeddings is conserved only where it is zero",
    expression=Eq(centre_dot, 2 * ell_eff / Z_0 * centre),
    quantities=(
        Quantity(centre_dot, "centre_velocity", "rate of change of the sum of the embeddings", "row of length d"),
        Quantity(centre, "centre", "sum of the embeddings", "row of length d"),
        LOSS,
        NORM,
        _DIMENSION,
    ),
    source=grokking("Appendix F"),
    status=Status.CORRECTED,
    assumptions=(_FLOW,),
    note=(
        "Appendix F claims that C is conserved. That holds for the flow of the loss without its norm, and on the "
        "invariant set C = 0, on which normalised embeddings lie; elsewhere C grows."
    ),
    derivation=derivations.derive_centre,
)

RATIO_CONSERVED = Statement(
    key="grokking.invariant.ratio",
    title="The ratio of the components along two zero modes is conserved",
    expression=Eq(ratio_dot, 0),
    quantities=(
        Quantity(
            ratio_dot,
            "ratio_velocity",
            "rate of change of C/b, with C = sum_k E_k and b = sum_k (k - kbar) E_k, in one dimension",
            "real",
        ),
    ),
    source=grokking("Appendix F (not in the paper)"),
    status=Status.DERIVED,
    assumptions=(_FLOW, "The component b is not zero."),
    derivation=derivations.derive_ratio,
)

FINAL_CENTRE = Statement(
    key="grokking.centre.final",
    title="Where the sum of embeddings on a line ends",
    expression=derivations.final_centre(),
    quantities=(
        Quantity(C_infinity, "final_centre", "sum of the embeddings in the end", "real"),
        Quantity(C_0, "centre", "sum of the embeddings at the start", "real"),
        Quantity(b_0, "slope", "sum of (k - kbar) E_k at the start", "real"),
        NORM,
        SYMBOLS,
    ),
    source=grokking("Appendix F (not in the paper)"),
    status=Status.DERIVED,
    assumptions=(_FLOW, "d = 1, lambda_3 > 0, and C or b is not zero."),
    derivation=derivations.derive_final_centre,
)

STATIONARY = Statement(
    key="grokking.stationary",
    title="Every eigenvector of H is a stationary point",
    expression=Eq(ell_eff, lambda_i * Z_0 / 2),
    quantities=(
        LOSS,
        Quantity(lambda_i, "rate", "eigenvalue of H to which the embeddings belong", "real >= 0", "1/time", low=0),
        NORM,
    ),
    source=grokking("Eq. 8 (not in the paper)"),
    status=Status.DERIVED,
    assumptions=(_FLOW, "H E = lambda_i E."),
    note=(
        "All but the ground states are saddles: a flow that starts without any component along the ramp k ends at the "
        "slowest mode that it has."
    ),
    derivation=derivations.derive_stationary,
)

LINEAR_FLOW = Statement(
    key="grokking.linear_flow",
    title="The paper's linear solution",
    expression=derivations.linear_solution(),
    quantities=(_AMPLITUDE_T, _AMPLITUDE, _RATES, TIME, _MODE),
    source=grokking("Eqs. 8-9"),
    status=Status.APPROXIMATION,
    assumptions=("Z_0 is held fixed in the loss, and not kept by the flow.",),
    note=(
        "Ratios of amplitudes are exact at all times. Their size is not: the squared norm falls at the rate "
        "4 l_eff instead of staying, until only the ground states are left."
    ),
    derivation=derivations.derive_linear,
)

TRAJECTORY = Statement(
    key="grokking.trajectory",
    title="Exact solution of the flow",
    expression=derivations.solution(),
    quantities=(_AMPLITUDE_T, _AMPLITUDE, _RATES, TIME, NORM, SYMBOLS, _MODE),
    source=grokking("Eqs. 5 and 9 (the solution is ours)"),
    status=Status.DERIVED,
    assumptions=(_FLOW,),
    note=(
        "E(t) = sqrt(Z_0) exp(-H t) E(0)/|exp(-H t) E(0)|. In d dimensions amplitudes are rows, and their squares "
        "those of lengths."
    ),
    derivation=derivations.derive_solution,
)

STATEMENTS: tuple[Statement, ...] = (
    MOTION,
    NORM_CONSERVED,
    ZERO_MODE,
    CENTRE,
    RATIO_CONSERVED,
    FINAL_CENTRE,
    STATIONARY,
    LINEAR_FLOW,
    TRAJECTORY,
)
