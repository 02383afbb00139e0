"""Symbols of a pair in d dimensions beyond those that all of the dynamics shares."""

from __future__ import annotations

import sympy
from sympy import Idx, IndexedBase, MatrixSymbol, Symbol

from geneft_theory.repons.symbols import d, p
from geneft_theory.statements.statement import Quantity

M = MatrixSymbol("M", d, d)
M_dot = MatrixSymbol("dM/dt", d, d)
M_trained = MatrixSymbol("M_H", d, d)
H = MatrixSymbol("H", p, p)
projector = MatrixSymbol("Pi", p, p)
r_infinity = MatrixSymbol("r_oo", d, 1)
c_infinity = Symbol("c_oo", nonnegative=True)
lambda_min = Symbol("lambda_min", real=True)
q = Symbol("q", positive=True)
eta_cluster = Symbol("eta_N", positive=True)
component, singular = IndexedBase("w"), IndexedBase("s")
mode = Idx("i")

DIMENSION = Quantity(d, "dimension", "dimension of the embeddings", "an integer >= 1", low=1, integer=True)
OUTPUTS = Quantity(p, "outputs", "number of outputs of the decoder", "an integer >= d", low=1, integer=True)
CONSERVED = Quantity(M, "invariant", "the conserved matrix", "symmetric d x d matrix")
SMALLEST = Quantity(lambda_min, "smallest_eigenvalue", "smallest eigenvalue of the conserved matrix M", "real")
FINAL_LENGTH = Quantity(c_infinity, "final_separation", "length of the half-separation in the end", "real >= 0", low=0)
FINAL_VECTOR = Quantity(r_infinity, "final_vector", "half-separation in the end", "vector of length d")
HESSIAN = Quantity(H, "hessian", "second derivatives of the loss by the outputs", "symmetric p x p matrix, may change")
OVERSTRETCH = Quantity(q, "stretch", "r^T (A^T A)^+ r, infinite for r outside the range of A^T", "real >= 0", low=0)


def difference(left: sympy.MatrixExpr, right: sympy.MatrixExpr) -> sympy.MatrixExpr:
    """Return left - right so that it prints like that, and not as a sum with a negative factor."""
    return sympy.MatAdd(left, sympy.MatMul(-1, right, evaluate=False), evaluate=False)
