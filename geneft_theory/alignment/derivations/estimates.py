"""Rates from a history: what the equations of motion say of increments, with nothing to be solved."""

from __future__ import annotations

import sympy
from sympy import Eq

from geneft_theory.alignment.derivations.agreement import agreed
from geneft_theory.alignment.derivations.closure import invariant, state_flow, state_motion
from geneft_theory.alignment.symbols import (
    T,
    W,
    X,
    eta_h,
    eta_y,
    h,
    h_dot,
    h_first,
    h_last,
    r,
    t,
    w,
    y,
    y_first,
    y_last,
)
from geneft_theory.statements.statement import Step


def _area() -> Eq:
    return Eq(W, sympy.Integral(w, (t, 0, T)))


def encoder() -> Eq:
    """Return the encoder's rate."""
    return Eq(eta_h, -(h_last - h_first) / (X * W))


def derive_encoder() -> tuple[Step, ...]:
    """Integrate the motion of h."""
    (found,) = sympy.solve(h_last - h_first + eta_h * X * W, eta_h)
    agreed(encoder().rhs, found)
    return (
        Step("The motion of the squared distance, exact for any start,", state_motion()[h]),
        Step("integrated over time with", _area()),
        Step("and solved for the rate:", encoder()),
    )


def decoder() -> Eq:
    """Return the decoder's rate."""
    return Eq(eta_y, -(y_last / h_last - y_first / h_first) / W)


def derive_decoder() -> tuple[Step, ...]:
    """The quotient y/h moves by w alone."""
    rate = agreed(-eta_y * w, state_flow().rate_of_change(y / h))
    return (
        Step("The motion of the outputs' distance on the aligned set,", state_motion()[y]),
        Step("and of the representations',", Eq(h_dot, state_motion()[h].rhs)),
        Step("Their quotient y/h moves at the rate", rate),
        Step("Integrate over time with", _area()),
        Step("and solve for the rate.", decoder()),
    )


def ratio() -> Eq:
    """Return the ratio of the rates."""
    return Eq(r, (h_last - h_first) / (X * (y_last / h_last - y_first / h_first)))


def derive_ratio() -> tuple[Step, ...]:
    """The area drops out of the quotient; this is the invariant at two times."""
    agreed(ratio().rhs, encoder().rhs / decoder().rhs)
    at = [invariant().rhs.subs({h: distance, y: output}) for distance, output in ((h_last, y_last), (h_first, y_first))]
    (found,) = sympy.solve(at[0] - at[1], r)
    agreed(ratio().rhs, found)
    return (
        Step("The conserved quantity", invariant()),
        Step("is the same at both ends.", Eq(at[0], at[1])),
        Step("Solved for the ratio:", ratio()),
    )
