"""Symbols of GenEFT's pair of repons, as its own theory writes them, for the correspondence of the two theories."""

from __future__ import annotations

import sympy
from sympy import MatrixSymbol, Symbol

from geneft_theory.statements.statement import Quantity, Source

d, p = sympy.symbols("d p", integer=True, positive=True)
A, A_dot = MatrixSymbol("A", p, d), MatrixSymbol("dA/dt", p, d)
x_1, x_2 = MatrixSymbol("x_1", d, 1), MatrixSymbol("x_2", d, 1)
centroid, half, half_dot = MatrixSymbol("xbar", d, 1), MatrixSymbol("r", d, 1), MatrixSymbol("dr/dt", d, 1)
bias, error = MatrixSymbol("b", p, 1), MatrixSymbol("e", p, 1)
target_1, target_2, target_mean = (MatrixSymbol(name, p, 1) for name in ("y_1", "y_2", "ybar^*"))
target_half = MatrixSymbol("sigma", p, 1)

a, separation = Symbol("a", real=True), Symbol("c", real=True)
xbar, e = Symbol("xbar", real=True), Symbol("e", real=True)
sigma = Symbol("sigma", real=True)
a_dot, separation_dot = Symbol("da/dt", real=True), Symbol("dc/dt", real=True)
eta_A, eta_x, eta_b = sympy.symbols("eta_A eta_x eta_b", positive=True)  # noqa: N816
C = Symbol("C", real=True)

DECODER = Quantity(a, "a", "coefficient of the repons' linear decoder", "real")
HALF = Quantity(separation, "separation", "half-separation (x1 - x2)/2 of the repons", "real")
CENTROID = Quantity(xbar, "centroid", "mean (x1 + x2)/2 of the repons", "real")
MEAN_ERROR = Quantity(e, "error", "error of the decoder at the centroid, a xbar + b less the mean target", "real")
TARGET_HALF = Quantity(sigma, "half_target", "half the difference of the repons' targets; 0 for one class", "real")
ETA_DECODER = Quantity(
    eta_A, "eta_decoder", "learning rate of the repons' decoder", "real > 0", "1/time", low=0, open_low=True
)
ETA_ENCODER = Quantity(
    eta_x, "eta_encoder", "learning rate of the repons' embeddings", "real > 0", "1/time", low=0, open_low=True
)
ETA_BIAS = Quantity(eta_b, "eta_bias", "learning rate of the repons' bias", "real > 0", "1/time", low=0, open_low=True)
REPON_INVARIANT = Quantity(C, "repon_invariant", "conserved quantity of the pair of repons", "real")
DECODER_MATRIX = Quantity(A, "decoder", "the repons' linear decoder", "real p x d matrix")
HALF_VECTOR = Quantity(half, "separation", "half-separation (x1 - x2)/2 of the repons", "vector of length d")
TARGET_HALF_VECTOR = Quantity(target_half, "half_target", "half the difference of the targets", "vector of length p")


def geneft(place: str) -> Source:
    """Name a place in the paper on GenEFT."""
    return Source("baek2024geneft", place)
