"""Symbols of the statics and what they mean; shared by the derivations and the statements."""

from __future__ import annotations

import sympy
from sympy import Eq, Symbol, log

from geneft_theory.statements.statement import Quantity, Source

n = Symbol("n", integer=True, positive=True)
k = Symbol("k", integer=True, positive=True)
a = Symbol("a", integer=True, positive=True)
b = Symbol("b", positive=True)
m = Symbol("m", nonnegative=True)
N = Symbol("N", positive=True)
p_c = Symbol("p_c", positive=True)
alpha = Symbol("alpha", positive=True)
p_star = Symbol("p_*", nonnegative=True)
f = Symbol("f", nonnegative=True)
f_upper = Symbol("f_UB", nonnegative=True)
automorphisms = Symbol("|Aut G|", integer=True, positive=True)

SYMBOLS = Quantity(n, "n", "number of symbols (vertices of the graph)", "an integer >= 1", low=1, integer=True)
CLASSES = Quantity(k, "k", "number of classes", "an integer >= 1", low=1, integer=True)
PART = Quantity(a, "a", "number of symbols in one of the two parts", "an integer, 1 <= a < n", low=1, integer=True)
BITS = Quantity(b, "bits", "description length of the relation", "real > 1", "bits", low=1, open_low=True)
DESCRIBED = Quantity(b, "bits", "description length of the relation", "real >= 0", "bits", low=0)
SAMPLES = Quantity(m, "samples", "number of training pairs seen", "real >= 0", "pairs", low=0)
PAIRS = Quantity(N, "pairs", "number of ordered pairs, n^2", "real > 0", "pairs", low=0, open_low=True)
FRACTION = Quantity(p_c, "critical_fraction", "training fraction at which the known fraction reaches alpha", "real > 0")
THRESHOLD = Quantity(
    alpha, "accuracy", "fraction of the bits that must be known", "0 <= alpha < 1", low=0, high=1, open_high=True
)
KNOWN = Quantity(f, "known_fraction", "expected fraction of the bits that are known", "0 <= f <= 1", low=0, high=1)
CHANCE = Quantity(
    p_star, "chance", "probability that an undetermined pair is related (R = 1)", "0 <= p_* <= 1", low=0, high=1
)
ESTIMATE = Quantity(f_upper, "accuracy_estimate", "accuracy over all pairs that the known bits allow", "0 <= f_UB <= 1")
ORDER = Quantity(
    automorphisms,
    "automorphism_order",
    "number of relabellings that leave G unchanged",
    "an integer >= 1",
    low=1,
    integer=True,
)


def geneft(place: str) -> Source:
    """Name a place in the paper on GenEFT."""
    return Source("baek2024geneft", place)


def bits_of(count: sympy.Expr) -> Eq:
    """Say that the description length is the binary logarithm of a number of equally likely relations."""
    return Eq(b, log(count) / log(2))
