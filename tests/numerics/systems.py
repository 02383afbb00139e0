"""Systems whose solutions are known, for the tests of the integrator."""

import numpy as np
import sympy

from geneft_theory.numerics import compile_flow

A, C, ETA_A, ETA_X = sympy.symbols("a c eta_A eta_x", real=True)
X, Y, RATE = sympy.symbols("x y rate", real=True)

PAIR = compile_flow({A: -2 * ETA_A * C**2 * A, C: -ETA_X * A**2 * C})
OSCILLATOR = compile_flow({X: Y, Y: -X})
DECAY = compile_flow({X: -RATE * X})


def invariant(a, c, eta_a, eta_x):
    return a**2 / (2 * eta_a) - c**2 / eta_x


def pair_solution(t, a, c, eta_a, eta_x):
    """The closed form of two repons: u = c^2 obeys a logistic equation with K = eta_x C."""
    k = eta_x * invariant(a, c, eta_a, eta_x)
    decayed = np.exp(-4 * eta_a * np.abs(k) * t)
    # Multiplied out so that no exponential overflows for either sign of K.
    small, large = (np.where(k > 0, c**2, a**2 * eta_x / (2 * eta_a)), np.abs(k))
    remaining = large * small * decayed / (large + small * -np.expm1(-4 * eta_a * large * t))
    u = np.where(k > 0, remaining, remaining + large)
    squared_a = (2 * eta_a / eta_x) * np.where(k > 0, remaining + large, remaining)
    return np.sign(a) * np.sqrt(squared_a), np.sign(c) * np.sqrt(u)


def pair_starts(members, seed):
    """Gaussian starts, and learning rates over two decades."""
    generator = np.random.default_rng(seed)
    a, c = generator.standard_normal((2, members))
    eta_a, eta_x = 10 ** generator.uniform(-1, 1, (2, members))
    return a, c, eta_a, eta_x
