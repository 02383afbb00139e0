"""Symbols of the two-point theory and what they mean; shared by the derivations and the statements."""

from __future__ import annotations

import sympy
from sympy import MatrixSymbol, Symbol

from geneft_theory.statements.statement import Quantity, Source

# Sizes: inputs, hidden units, outputs.
n, q, m = sympy.symbols("n q m", integer=True, positive=True)

# The linearised encoder and decoder of two points, and what they are trained on.
D_h, D_y = MatrixSymbol("D_h", q, n), MatrixSymbol("D_y", m, q)
dx, dh = MatrixSymbol("dx", n, 1), MatrixSymbol("dh", q, 1)
dy_target = MatrixSymbol("dy^*", m, 1)
ybar, ybar_target = MatrixSymbol("ybar", m, 1), MatrixSymbol("ybar^*", m, 1)
dh_dot, D_y_dot = MatrixSymbol("d(dh)/dt", q, 1), MatrixSymbol("dD_y/dt", m, q)
ybar_dot = MatrixSymbol("dybar/dt", m, 1)
K = MatrixSymbol("K", q, q)
M, M_dot = MatrixSymbol("M", q, q), MatrixSymbol("dM/dt", q, q)
u, u_dot = MatrixSymbol("u", q, 1), MatrixSymbol("du/dt", q, 1)

# The state: squared distances, and how far the outputs are from their targets.
h = Symbol("h", positive=True)
y, w = Symbol("y", nonnegative=True), Symbol("w", real=True)
h_dot, y_dot, w_dot = Symbol("dh/dt", real=True), Symbol("dy/dt", real=True), Symbol("dw/dt", real=True)
X, Y = Symbol("X", positive=True), Symbol("Y", nonnegative=True)
eta_h, eta_y, eta_mean = sympy.symbols("eta_h eta_y eta_ybar", positive=True)
tau_h, tau_y = sympy.symbols("tau_h tau_y", positive=True)
t = Symbol("t", nonnegative=True)
T = Symbol("T", positive=True)
L = Symbol("L", nonnegative=True)
mean_error = Symbol("M_0", nonnegative=True)

# The same where encoder and decoder are aligned: dh = beta v, D_y = p v^T, c = p . dy*.
beta, c = Symbol("beta", real=True), Symbol("c", real=True)
beta_dot, c_dot = Symbol("dbeta/dt", real=True), Symbol("dc/dt", real=True)
v, p, p_dot = MatrixSymbol("v", q, 1), MatrixSymbol("p", m, 1), MatrixSymbol("dp/dt", m, 1)

# The closed form: beta, and the parts of p along dy* and across, in one unit.
z, z_t, z_dot = (MatrixSymbol(name, 3, 1) for name in ("z", "z(t)", "dz/dt"))
generator, growth = MatrixSymbol("F", 3, 3), MatrixSymbol("E", 3, 3)
grown = Symbol("J", nonnegative=True)

# Where it ends.
r = Symbol("r", positive=True)
A_high, A_low = Symbol("A_high", real=True), Symbol("A_low", nonnegative=True)
S = Symbol("S", nonnegative=True)
rho = Symbol("rho", real=True)
h_infinity = Symbol("h_oo", nonnegative=True)
escape, contraction = Symbol("lambda_+", nonnegative=True), Symbol("lambda_-", nonpositive=True)
approach, slow_approach = Symbol("gamma_1", nonnegative=True), Symbol("gamma_2", nonnegative=True)
g, g_critical = Symbol("g", positive=True), Symbol("g_c", positive=True)
layer, depth = Symbol("l", integer=True, nonnegative=True), Symbol("L_h", integer=True, positive=True)
width, inputs, outputs = sympy.symbols("P d_in d_out", integer=True, positive=True)
leak = Symbol("a", real=True)
mean_h0, mean_y0 = Symbol("h_mean", nonnegative=True), Symbol("y_mean", nonnegative=True)

# Identical targets.
h_t = Symbol("h(t)", nonnegative=True)
N = Symbol("N", integer=True, positive=True)
G, constant = Symbol("G", positive=True), Symbol("C", positive=True)
prefix, continuation = Symbol("m", positive=True), Symbol("n", positive=True)
lambda_max = Symbol("lambda_max", real=True)
stretch = Symbol("Q", nonnegative=True)

# One output, any start.
D_0 = Symbol("D_0", nonnegative=True)
s, s_t, s_target = Symbol("s", real=True), Symbol("s(t)", real=True), Symbol("s^*", nonnegative=True)
U_plus, U_minus = Symbol("U_+", positive=True), Symbol("U_-", nonnegative=True)
kappa = Symbol("kappa", positive=True)
q_t, q_plus, q_minus = Symbol("q(t)", positive=True), Symbol("q_+", real=True), Symbol("q_-", real=True)

# Rates from a history.
h_last, h_first, y_last, y_first = sympy.symbols("h(T) h(0) y(T) y(0)", positive=True)
W = Symbol("W", real=True, nonzero=True)

H = Quantity(h, "h", "squared distance |dh|^2 of the two representations", "real > 0", low=0, open_low=True)
OUTPUT = Quantity(y, "y", "squared distance |dy|^2 of the two outputs", "real >= 0", low=0)
ERROR = Quantity(w, "w", "|dy|^2 - dy . dy*; 0 where the outputs are as far apart as they should be", "real")
INPUT = Quantity(
    X, "X", "squared distance |dx|^2 of the two inputs (1 for discrete ones)", "real > 0", low=0, open_low=True
)
TARGET = Quantity(Y, "Y", "squared distance |dy*|^2 of the two targets", "real >= 0", low=0)
ETA_H = Quantity(eta_h, "eta_h", "rate of the encoder, 1/(2 tau_h)", "real > 0", "1/time", low=0, open_low=True)
ETA_Y = Quantity(eta_y, "eta_y", "rate of the decoder, 1/(2 tau_y)", "real > 0", "1/time", low=0, open_low=True)
TAU_H = Quantity(tau_h, "tau_h", "time constant of the encoder", "real > 0", "time", low=0, open_low=True)
TAU_Y = Quantity(tau_y, "tau_y", "time constant of the decoder", "real > 0", "time", low=0, open_low=True)
ETA_MEAN = Quantity(
    eta_mean, "eta_mean", "rate of the mean of the two outputs, 1/tau_ybar", "real > 0", "1/time", low=0, open_low=True
)
RATIO = Quantity(r, "ratio", "eta_h/eta_y = tau_y/tau_h", "real > 0", low=0, open_low=True)
TIME = Quantity(t, "t", "time: steps of gradient descent, for small steps", "real >= 0", low=0)
BETA = Quantity(beta, "beta", "length of dh along its fixed direction, with a sign", "real")
PULL = Quantity(c, "c", "p . dy*, how far the decoder's column p points to the target", "real")
INVARIANT = Quantity(A_high, "invariant", "conserved quantity of the aligned pair", "real")
LOW = Quantity(A_low, "low", "squared distance in the rich limit", "real >= 0", low=0)
FINAL = Quantity(h_infinity, "final_distance", "squared distance of the representations in the end", "real >= 0")

ENCODER_MATRIX = Quantity(D_h, "encoder", "linearised encoder", "real q x n matrix")
DECODER_MATRIX = Quantity(D_y, "decoder", "linearised decoder", "real m x q matrix")
DIFFERENCE = Quantity(dh, "dh", "difference h_2 - h_1 of the representations", "vector of length q")
TARGET_VECTOR = Quantity(dy_target, "dy_target", "difference of the targets", "vector of length m")


def universality(place: str) -> Source:
    """Name a place in the paper on the universality of representation learning dynamics."""
    return Source("vanrossem2024align", place)


def parity(place: str) -> Source:
    """Name a place in the follow-up on the streaming parity task."""
    return Source("vanrossem2025algorithm", place)
