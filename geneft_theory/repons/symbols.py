"""Symbols of the dynamics and what they mean; shared by the derivations and the statements."""

from __future__ import annotations

import sympy
from sympy import MatrixSymbol, Symbol

from geneft_theory.statements.statement import Quantity, Source

# The pair on the line.
a = Symbol("a", real=True)
b = Symbol("b", real=True)
c = Symbol("c", real=True)
e = Symbol("e", real=True)
x1, x2, xbar = sympy.symbols("x_1 x_2 xbar", real=True)
y = Symbol("y", real=True)
t = Symbol("t", nonnegative=True)
eta_A, eta_x, eta_b = sympy.symbols("eta_A eta_x eta_b", positive=True)  # noqa: N816
sigma_a, sigma_c = sympy.symbols("sigma_a sigma_c", positive=True)
C = Symbol("C", real=True)
C_prime = Symbol("C'", real=True)
C_lambda = Symbol("C_lambda", real=True)
C_N = Symbol("C_N", real=True)
N = Symbol("N", integer=True, positive=True)
p_r = Symbol("p_r", positive=True)
rho = Symbol("rho", positive=True)
kappa = Symbol("kappa", nonnegative=True)
gamma = Symbol("gamma", nonnegative=True)
epsilon = Symbol("epsilon", positive=True)
t_epsilon = Symbol("t_epsilon", nonnegative=True)
lambda_A, lambda_x = sympy.symbols("lambda_A lambda_x", nonnegative=True)  # noqa: N816
a_t, c_t = Symbol("a(t)", real=True), Symbol("c(t)", real=True)
a_infinity, c_infinity = Symbol("a_oo", real=True), Symbol("c_oo", real=True)
mean_separation = Symbol("<|c_oo|>", nonnegative=True)
mean_square_separation = Symbol("<c_oo^2>", nonnegative=True)
critical_ratio = Symbol("eta_A/eta_x", positive=True)
slope = Symbol("dlog eta_A/dlog eta_x", real=True)

# Velocities: each is one symbol, so that an equation of motion reads symbol = expression.
a_dot, c_dot, e_dot = Symbol("da/dt", real=True), Symbol("dc/dt", real=True), Symbol("de/dt", real=True)
C_dot = Symbol("dC/dt", real=True)

# The pair in d dimensions with p outputs.
d, p, n = sympy.symbols("d p n", integer=True, positive=True)
A = MatrixSymbol("A", p, d)
r = MatrixSymbol("r", d, 1)
X = MatrixSymbol("X", d, n)
X1, X2 = MatrixSymbol("x_1", d, 1), MatrixSymbol("x_2", d, 1)
B, Y = MatrixSymbol("b", p, 1), MatrixSymbol("y", p, 1)
A_dot, r_dot = MatrixSymbol("dA/dt", p, d), MatrixSymbol("dr/dt", d, 1)
difference_dot = MatrixSymbol("d(x_1-x_2)/dt", d, 1)
Z = MatrixSymbol("Z", d, d)

DECODER = Quantity(a, "a", "coefficient of the linear decoder", "real")
SEPARATION = Quantity(c, "c", "half-separation (x1 - x2)/2 of the two embeddings", "real")
CENTROID = Quantity(xbar, "centroid", "mean (x1 + x2)/2 of the two embeddings", "real")
ERROR = Quantity(e, "error", "error of the decoder at the centroid, a xbar + b - y", "real")
TIME = Quantity(t, "t", "time: learning rate times steps, for small steps", "real >= 0", low=0)
ETA_DECODER = Quantity(eta_A, "eta_decoder", "learning rate of the decoder", "real > 0", "1/time", low=0, open_low=True)
ETA_ENCODER = Quantity(
    eta_x, "eta_encoder", "learning rate of the embeddings", "real > 0", "1/time", low=0, open_low=True
)
ETA_BIAS = Quantity(
    eta_b, "eta_bias", "learning rate of the decoder's bias", "real > 0", "1/time", low=0, open_low=True
)
SIGMA_A = Quantity(
    sigma_a, "sigma_a", "standard deviation of the decoder's coefficient at the start", "real > 0", low=0, open_low=True
)
SIGMA_C = Quantity(
    sigma_c, "sigma_c", "standard deviation of the half-separation at the start", "real > 0", low=0, open_low=True
)
INVARIANT = Quantity(C, "invariant", "conserved quantity of the pair; the pair collapses where it is > 0", "real")
CLUSTER = Quantity(
    N, "cluster", "number of coincident partners that the repon meets", "an integer >= 1", low=1, integer=True
)
PROBABILITY = Quantity(
    p_r, "probability", "probability of collapse", "0 < p_r < 1", low=0, high=1, open_low=True, open_high=True
)
THRESHOLD = Quantity(
    epsilon, "separation", "half-separation that counts as collapsed", "real > 0", low=0, open_low=True
)
DECAY_DECODER = Quantity(lambda_A, "decay_decoder", "weight decay of the decoder", "real >= 0", low=0)
DECAY_ENCODER = Quantity(lambda_x, "decay_encoder", "weight decay of the embeddings", "real >= 0", low=0)

DECODER_MATRIX = Quantity(A, "decoder", "linear decoder", "real p x d matrix")
SEPARATION_VECTOR = Quantity(r, "separation", "half-separation (x1 - x2)/2 of the two embeddings", "vector of length d")


def geneft(place: str) -> Source:
    """Name a place in the paper on GenEFT."""
    return Source("baek2024geneft", place)
