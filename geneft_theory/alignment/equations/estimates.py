"""Rates from a history of training, without solving the equations."""

from __future__ import annotations

from geneft_theory.alignment.derivations import estimates as derivations
from geneft_theory.alignment.equations.closure import ALIGNED
from geneft_theory.alignment.equations.motion import LINEAR, SMALL_STEPS
from geneft_theory.alignment.symbols import (
    ETA_H,
    ETA_Y,
    INPUT,
    RATIO,
    W,
    h_first,
    h_last,
    universality,
    y_first,
    y_last,
)
from geneft_theory.statements.statement import Quantity, Statement
from geneft_theory.statements.status import Status

_SOURCE = universality("not in the sources that were seen; their code scans and fits instead")
_START = Quantity(h_first, "h_first", "squared distance h at the start", "real > 0", low=0, open_low=True)
_END = Quantity(h_last, "h_last", "squared distance h in the end", "real > 0", low=0, open_low=True)
_OUTPUT_START = Quantity(y_first, "y_first", "squared distance y at the start", "real >= 0", low=0)
_OUTPUT_END = Quantity(y_last, "y_last", "squared distance y in the end", "real >= 0", low=0)
_AREA = Quantity(W, "area", "integral of w over the time between; negative where distances grow", "real, not 0", "time")
_LAZY = "Where neither h nor y/h moves, the lazy regime, it is a quotient of small numbers and says nothing."

ENCODER = Statement(
    key="alignment.estimates.eta_h",
    title="The encoder's rate from a history",
    expression=derivations.encoder(),
    quantities=(ETA_H, _START, _END, INPUT, _AREA),
    source=_SOURCE,
    status=Status.DERIVED,
    assumptions=(LINEAR, SMALL_STEPS),
    note=_LAZY,
    derivation=derivations.derive_encoder,
)

DECODER = Statement(
    key="alignment.estimates.eta_y",
    title="The decoder's rate from a history",
    expression=derivations.decoder(),
    quantities=(ETA_Y, _START, _END, _OUTPUT_START, _OUTPUT_END, _AREA),
    source=_SOURCE,
    status=Status.DERIVED,
    assumptions=(LINEAR, SMALL_STEPS, ALIGNED),
    note=_LAZY,
    derivation=derivations.derive_decoder,
)

RATIO_STATEMENT = Statement(
    key="alignment.estimates.ratio",
    title="The ratio of the rates from both ends of a history",
    expression=derivations.ratio(),
    quantities=(RATIO, _START, _END, _OUTPUT_START, _OUTPUT_END, INPUT),
    source=_SOURCE,
    status=Status.DERIVED,
    assumptions=(LINEAR, SMALL_STEPS, ALIGNED),
    note=_LAZY,
    derivation=derivations.derive_ratio,
)

STATEMENTS: tuple[Statement, ...] = (ENCODER, DECODER, RATIO_STATEMENT)
