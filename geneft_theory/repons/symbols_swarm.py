"""Symbols of a swarm beyond those that all of the dynamics shares."""

from __future__ import annotations

import sympy
from sympy import Function, Idx, IndexedBase, MatrixSymbol, Symbol

from geneft_theory.repons.symbols import d, n, p
from geneft_theory.statements.statement import Quantity

# The whole swarm: embeddings are the columns of X, gradients by the outputs those of g.
gradients = MatrixSymbol("g", p, n)
X_dot = MatrixSymbol("dX/dt", d, n)
b_dot = MatrixSymbol("db/dt", p, 1)
balance = MatrixSymbol("Q", d, d)
everyone = sympy.OneMatrix(n, 1)

# Two of its repons.
x_i, x_j = MatrixSymbol("x_i", d, 1), MatrixSymbol("x_j", d, 1)
y_i, y_j = MatrixSymbol("y_i", p, 1), MatrixSymbol("y_j", p, 1)
g_i, g_j, g_mean = MatrixSymbol("g_i", p, 1), MatrixSymbol("g_j", p, 1), MatrixSymbol("gbar", p, 1)
curvature = MatrixSymbol("S_ij", p, p)
force = MatrixSymbol("F_ij", d, 1)
attraction = MatrixSymbol("F_ij^a", d, 1)
repulsion = MatrixSymbol("F_ij^r", d, 1)
common = MatrixSymbol("f", d, 1)
propagator = MatrixSymbol("Phi", d, d)
start_i, start_j = MatrixSymbol("x_i0", d, 1), MatrixSymbol("x_j0", d, 1)

# Sums over repons, and entries of the secant curvature.
velocity, shared, between = IndexedBase("xdot"), Symbol("f"), IndexedBase("F")
secant, share = IndexedBase("S"), Function("pi")
entry, rows_dot = IndexedBase("g"), IndexedBase("Adot")
i, j, k, m = Idx("i"), Idx("j"), Idx("k"), Idx("m")
way = Symbol("u", real=True)

# As many dimensions as repons and outputs together.
square_decoder, square_embeddings = MatrixSymbol("A", p, n + p), MatrixSymbol("X", n + p, n)
volume = Symbol("V", real=True)

# The exact solution.
P, R = MatrixSymbol("P", d, p), MatrixSymbol("R", d, n)
size = Symbol("m", integer=True, positive=True)
Z0 = MatrixSymbol("Z_0", d, size)
E, F, G, W = (MatrixSymbol(name, size, size) for name in ("E", "F", "G", "W"))
G_dot = MatrixSymbol("dG/dt", size, size)
s = Symbol("s", positive=True)
imbalance = Symbol("lambda", real=True)
growth_rate, target_value = Symbol("phi", real=True), Symbol("sigma", nonnegative=True)

REPONS = Quantity(n, "n", "number of repons", "an integer >= 1", low=1, integer=True)
EMBEDDINGS = Quantity(MatrixSymbol("X", d, n), "embeddings", "embeddings, one a column", "real d x n matrix")
GRADIENTS = Quantity(gradients, "gradients", "gradients of the loss by the outputs, one a column", "real p x n matrix")
BALANCE = Quantity(balance, "balance", "the conserved matrix", "symmetric d x d matrix")
CURVATURE = Quantity(
    curvature, "curvature", "mean Hessian of the loss between the outputs of i and j", "symmetric p x p matrix, >= 0"
)
EMBEDDING_I = Quantity(x_i, "embedding_i", "embedding of repon i", "vector of length d")
EMBEDDING_J = Quantity(x_j, "embedding_j", "embedding of repon j", "vector of length d")
TARGET_I = Quantity(y_i, "target_i", "target of repon i", "vector of length p")
TARGET_J = Quantity(y_j, "target_j", "target of repon j", "vector of length p")
SPEED = Quantity(
    s, "speed", "geometric mean of the rates, sqrt(eta_A eta_x)", "real > 0", "1/time", low=0, open_low=True
)
IMBALANCE = Quantity(imbalance, "imbalance", "the balance A^T A/eta_A - X X^T/eta_x is this times 1", "real")
GENERATOR = Quantity(F, "generator", "[[lambda s/2, Y], [Y^T, -lambda s/2]]", "symmetric m x m matrix, m = p + n")
GRAM = Quantity(G, "gram", "Z^T Z, Z = [A^T/sqrt(eta_A), X/sqrt(eta_x)]", "symmetric m x m matrix, >= 0")
