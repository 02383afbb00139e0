"""Symbols of the theory of representation learning and what they mean; shared by derivations and statements."""

from __future__ import annotations

import sympy
from sympy import Function, Idx, IndexedBase, MatrixSymbol, Symbol

from geneft_theory.statements.statement import Quantity, Source

# The table and a training set in it. Symbols to be added are numbers, so that i + j means what it says.
p, d = sympy.symbols("p d", integer=True, positive=True)
i, j, m, n = sympy.symbols("i j m n", integer=True, nonnegative=True)
in_training_set, in_permissible = Function("D"), Function("P_0")
N = Symbol("N", positive=True)
N_0 = Symbol("N_0", integer=True, nonnegative=True)
N_D = Symbol("N_D", integer=True, nonnegative=True)
N_R = Symbol("N_R", integer=True, nonnegative=True)
labels = Symbol("L", integer=True, positive=True)
size = IndexedBase("m")
sample, class_sum, gram_entry = IndexedBase("x"), IndexedBase("X"), IndexedBase("G")
label, member, row, column = Idx("c"), Idx("q"), Idx("k"), Idx("l")

# A representation.
embedding = IndexedBase("E")
offset, step = Symbol("a", real=True), Symbol("b", real=True)
delta = Symbol("delta", nonnegative=True)
decoder, template = Function("Dec"), Function("Y")
RQI = Symbol("RQI", nonnegative=True)
accuracy, held_out_accuracy = Symbol("Acchat", nonnegative=True), Symbol("Acchat_test", nonnegative=True)
augmented, trained, samples = sympy.symbols("Dbar D D_0", nonnegative=True)
nullity = Symbol("n_0", integer=True, nonnegative=True)
nullity_with = Symbol("n_0^+", integer=True, nonnegative=True)
ideal_accuracy, implied_samples = Symbol("Accbar", nonnegative=True), Symbol("Dbar", nonnegative=True)
forced, critical_fraction = Function("P"), Symbol("r_c", positive=True)
pairs_per_symbol, position = Symbol("a", positive=True), Symbol("x", nonnegative=True)

# The flow: embeddings are the rows of E.
E = MatrixSymbol("E", p, d)
E_dot = MatrixSymbol("dE/dt", p, d)
G = MatrixSymbol("G", p, p)
ones = sympy.OneMatrix(1, p)
zero_mode = MatrixSymbol("u", 1, p)
centre = MatrixSymbol("C", 1, d)
centre_dot, mode_dot = MatrixSymbol("dC/dt", 1, d), MatrixSymbol("d(u E)/dt", 1, d)
ell_0 = Symbol("ell_0", nonnegative=True)
ell_eff = Symbol("ell_eff", nonnegative=True)
Z_0 = Symbol("Z_0", positive=True)
Z_dot = Symbol("dZ_0/dt", real=True)
C_0, b_0, C_infinity = Symbol("C_0", real=True), Symbol("b_0", real=True), Symbol("C_oo", real=True)
ratio_dot = Symbol("d(C/b)/dt", real=True)

# Its modes: eigenvectors of H, by increasing rate.
t = Symbol("t", nonnegative=True)
mode, other = Idx("i"), Idx("j")
amplitude, amplitude_t, rate = IndexedBase("a"), IndexedBase("a(t)"), IndexedBase("lambda")
g_3 = Symbol("g_3", nonnegative=True)
lambda_3 = Symbol("lambda_3", nonnegative=True)
lambda_i = Symbol("lambda_i", nonnegative=True)
gamma_l = Symbol("gamma_ell", nonnegative=True)
t_h = Symbol("t_h", positive=True)
n_h = Symbol("n_h", positive=True)
eta = Symbol("eta", positive=True)

SYMBOLS = Quantity(p, "p", "number of symbols", "an integer >= 2", low=2, integer=True)
EMBEDDINGS = Quantity(E, "embeddings", "embeddings, one a row", "real p x d matrix")
EMBEDDING = Quantity(embedding, "embeddings", "embedding of a symbol; |.| is the Euclidean norm", "vectors of length d")
GRAM = Quantity(G, "gram", "sum of a a^T over the permissible parallelograms a of D", "symmetric p x p matrix, >= 0")
DIVISOR = Quantity(
    N,
    "parallelograms",
    "divisor of the sum over parallelograms: |P_0(D)| for their mean (the paper), 1 for the plain sum (its code)",
    "real > 0",
    low=0,
    open_low=True,
)
NORM = Quantity(
    Z_0,
    "squared_norm",
    "sum of the squared lengths of the embeddings: p if they have unit variance, p - 1 if unit unbiased variance",
    "real > 0",
    low=0,
    open_low=True,
)
LOSS = Quantity(ell_eff, "effective_loss", "effective loss", "real >= 0", low=0)
TIME = Quantity(t, "t", "time: learning rate times steps, for small steps", "real >= 0", low=0)
RATE = Quantity(lambda_3, "rate", "third smallest eigenvalue of H, the grokking rate", "real >= 0", "1/time", low=0)
EIGENVALUE = Quantity(g_3, "eigenvalue", "third smallest eigenvalue of G", "real >= 0", low=0)


def grokking(place: str) -> Source:
    """Name a place in the paper on grokking as representation learning."""
    return Source("liu2022grokking", place)
