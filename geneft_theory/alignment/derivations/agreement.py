"""A derivation may write its result as it is best read, if that equals what was derived."""

from __future__ import annotations

import sympy
from sympy import ZeroMatrix


def agreed(stated: sympy.Expr, derived: sympy.Expr) -> sympy.Expr:
    """Return `stated`, which must equal `derived`."""
    difference = sympy.expand(stated - derived)
    # Most differences are rational in some symbols or roots; simplify, which is slow, has the rest.
    if difference != 0 and sympy.cancel(difference) != 0 and sympy.simplify(difference) != 0:
        raise AssertionError(f"{stated} differs from {derived}")
    return stated


def agreed_matrix(stated: sympy.MatrixExpr, derived: sympy.MatrixExpr) -> sympy.MatrixExpr:
    """Return the matrix `stated`, which must equal `derived` when both are multiplied out."""
    if (stated - derived).doit().expand().doit() != ZeroMatrix(*stated.shape):
        raise AssertionError(f"{stated} differs from {derived}")
    return stated
