"""How far apart a network holds two points before training: means over its random weights."""

from __future__ import annotations

from functools import cache

import sympy
from sympy import Eq, Symbol, sqrt

from geneft_theory.alignment.derivations.agreement import agreed
from geneft_theory.alignment.symbols import (
    A_low,
    X,
    depth,
    g,
    g_critical,
    h,
    inputs,
    layer,
    leak,
    mean_h0,
    mean_y0,
    outputs,
    width,
)
from geneft_theory.statements.statement import Step


def _kept() -> sympy.Expr:
    """Return the share of the squared length that a leaky ReLU keeps, on average over a symmetric distribution."""
    z = Symbol("z", real=True)
    density = sympy.exp(-(z**2) / 2) / sqrt(2 * sympy.pi)
    above = sympy.integrate(z**2 * density, (z, 0, sympy.oo))
    below = sympy.integrate((leak * z) ** 2 * density, (z, -sympy.oo, 0))
    return sympy.factor(above + below)


def _gain(fan_in: sympy.Expr, fan_out: sympy.Expr) -> sympy.Expr:
    """Return the factor by which a Xavier-normal layer stretches a squared length: variance times rows."""
    return g**2 * 2 / (fan_in + fan_out) * fan_out


@cache
def initial_distance() -> Eq:
    """Return the mean of h at the hidden layer of index l."""
    factor = g**2 * (1 + leak**2) / 2
    return Eq(mean_h0, 2 * width / (width + inputs) * factor ** (layer + 1) * X)


def derive_initial_distance() -> tuple[Step, ...]:
    """Layer by layer: the second moment of a linear map, and what the activation keeps of it."""
    half = agreed((1 + leak**2) / 2, _kept())
    first, later = _gain(inputs, width), _gain(width, width)
    stated = initial_distance()
    for index in range(3):
        agreed(stated.rhs.subs(layer, index), first * half * (later * half) ** index * X)
    return (
        Step(
            "A Xavier-normal layer of gain g from d_in inputs to P units has weights of variance",
            g**2 * 2 / (width + inputs),
        ),
        Step("and multiplies a mean squared length by P times that. A hidden layer multiplies it by", later),
        Step("A leaky ReLU of slope a keeps of it the share", half),
        Step(
            "With one input at 0, whose representation is 0, h is the other one's squared length.",
            Eq(X, Symbol("|x|") ** 2),
        ),
        Step("Multiply l + 1 layers.", stated),
    )


def initial_output() -> Eq:
    """Return the mean of y of a network with L_h hidden layers."""
    factor = g**2 * (1 + leak**2) / 2
    head = 2 * outputs * g**2 / (width + outputs)
    return Eq(mean_y0, 2 * width / (width + inputs) * factor**depth * head * X)


def derive_initial_output() -> tuple[Step, ...]:
    """One more linear layer, without activation."""
    head = _gain(width, outputs)
    stated = initial_output()
    agreed(stated.rhs, initial_distance().rhs.subs(layer, depth - 1) * head)
    return (
        Step("The mean of h at the last of L_h hidden layers.", initial_distance()),
        Step("The output layer multiplies it by", head),
        Step("So, with l = L_h - 1,", stated),
    )


def critical_gain() -> Eq:
    """Return the gain at which the initial distance is twice the rich one."""
    return Eq(g_critical, sqrt(2 / (1 + leak**2)) * (A_low / X) ** (1 / (2 * (layer + 1))))


def derive_critical_gain() -> tuple[Step, ...]:
    """Solve h_0 = 2 A_low for the gain of a wide network."""
    wide = 2 * (g**2 * (1 + leak**2) / 2) ** (layer + 1) * X
    agreed(wide.subs(layer, 4), sympy.limit(initial_distance().rhs.subs(layer, 4), width, sympy.oo))
    stated = critical_gain()
    # The (l + 1)-th root of h_0/(2 X), which is all that the gain is in.
    root = (g**2 * (1 + leak**2) / 2).subs(g, stated.rhs)
    agreed((A_low / X) ** (1 / (layer + 1)), sympy.powdenest(sympy.powsimp(root), force=True))
    return (
        Step("A wide network starts with", Eq(h, wide)),
        Step("With the decoder's share of A_high left out, rho = h/(2 A_low), which is 1 at", Eq(h, 2 * A_low)),
        Step("Solve for the gain.", stated),
    )
