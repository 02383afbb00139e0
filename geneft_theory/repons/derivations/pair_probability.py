"""What Gaussian starts make of the pair's boundary, and the boundary that signs instead of gradients give."""

from __future__ import annotations

from functools import cache

import sympy
from sympy import Abs, Eq, Integral, Symbol, atan, elliptic_e, elliptic_k, exp, log, oo, pi, sin, sqrt, tan

from geneft_theory.repons.derivations.agreement import agreed
from geneft_theory.repons.derivations.pair import reduced_flow
from geneft_theory.repons.derivations.pair_solution import derive_final_separation, derive_separatrix
from geneft_theory.repons.symbols import (
    a,
    a_dot,
    c,
    c_dot,
    critical_ratio,
    eta_A,
    eta_x,
    mean_separation,
    mean_square_separation,
    p_r,
    rho,
    sigma_a,
    sigma_c,
    slope,
)
from geneft_theory.statements.statement import Step
from geneft_theory.symbolic import Flow, Gaussian, SignFlow, boundary, probability

_z = Symbol("z", positive=True)
_alpha = Symbol("alpha", positive=True)
_theta = Symbol("theta", nonnegative=True)
_R = Symbol("R", nonnegative=True)


def _density() -> sympy.Expr:
    """Return the density of the ratio z = (|c|/sigma_c)/(|a|/sigma_a) of two independent half-normal numbers."""
    joint = 4 * exp(-(_alpha**2) / 2) * exp(-((_z * _alpha) ** 2) / 2) / (2 * pi) * _alpha
    return sympy.factor(sympy.integrate(joint, (_alpha, 0, oo)))


def _half_cauchy(limit: sympy.Expr) -> sympy.Expr:
    """Return the probability that the ratio is less than `limit`."""
    return sympy.integrate(_density(), (_z, 0, _alpha)).subs(_alpha, limit)


def _by_code(flow: Flow) -> sympy.Expr:
    """Return the probability of the side of the boundary with C > 0, as `geneft_theory.symbolic` finds it."""
    return probability(boundary(flow), {a: Gaussian(0, sigma_a), c: Gaussian(0, sigma_c)}).expression


@cache
def derive_collapse_probability() -> tuple[Step, ...]:
    """Integrate the density of c/a up to the boundary."""
    separatrix = derive_separatrix()[-1].expression
    limit = sigma_a / sigma_c * (separatrix.rhs / Abs(a))
    density = Symbol("f(z)", positive=True)
    return (
        Step("The pair collapses below this line.", separatrix),
        Step("z = (|c|/sigma_c)/(|a|/sigma_a) has the density of half a Cauchy distribution.", Eq(density, _density())),
        Step("Integrate it up to the boundary.", Eq(p_r, agreed(_half_cauchy(limit), _by_code(reduced_flow())))),
    )


def derive_critical_ratio() -> tuple[Step, ...]:
    """Solve the arctangent law for the ratio of the learning rates."""
    law = derive_collapse_probability()[-1].expression
    argument = law.rhs.find(atan).pop().args[0]
    equation = Eq(argument, tan(pi * p_r / 2))
    (decoder,) = sympy.solve(equation, eta_A)
    return (
        Step("The probability of collapse.", law),
        Step("Take the tangent.", equation),
        Step("Solve for the ratio.", Eq(critical_ratio, sympy.expand(decoder / eta_x))),
    )


def derive_slope() -> tuple[Step, ...]:
    """Differentiate the logarithm of one learning rate by that of the other at constant probability."""
    ratio = derive_critical_ratio()[-1].expression
    logarithm = Symbol("log eta_x", real=True)
    line = log(critical_ratio) + logarithm
    return (
        Step("At constant probability the ratio is constant.", ratio),
        Step("So the logarithm of the decoder's rate is", Eq(Symbol("log eta_A", real=True), line)),
        Step("Its slope.", Eq(slope, line.diff(logarithm))),
    )


def _polar() -> tuple[Step, ...]:
    return (
        Step("The separation that is left.", derive_final_separation()[-1].expression),
        Step(
            "With |a| = sigma_a R cos(theta), |c| = sigma_c R sin(theta), it is, where positive, the root of",
            Eq(Symbol("c_oo") ** 2, sigma_c**2 * _R**2 * (sin(_theta) ** 2 - rho**2 * sympy.cos(_theta) ** 2)),
        ),
    )


def _radial(moment: int) -> sympy.Expr:
    return sympy.integrate(_R ** (moment + 1) * exp(-(_R**2) / 2), (_R, 0, oo))


def derive_mean_square_separation() -> tuple[Step, ...]:
    """Average the squared final separation over radius and angle."""
    angular = sympy.integrate(sympy.expand_trig((1 - rho**2) / 2 - (1 + rho**2) / 2 * sympy.cos(2 * _theta)), _theta)
    stated = (1 - rho**2) * atan(1 / rho) + rho
    edge = atan(rho)
    value = sympy.expand_trig(angular.subs(_theta, pi / 2) - angular.subs(_theta, edge))
    agreed(stated, 2 * value.subs(edge, pi / 2 - atan(1 / rho)))
    result = sigma_c**2 * _radial(2) / pi * stated
    integrand = sin(_theta) ** 2 - rho**2 * sympy.cos(_theta) ** 2
    return (
        *_polar(),
        Step(
            "R^2 has mean 2, theta is uniform in a quarter circle, and the root is real above arctan(rho).",
            Eq(mean_square_separation, _radial(2) * sigma_c**2 * 2 / pi * Integral(integrand, (_theta, edge, pi / 2))),
        ),
        Step("Carried out.", Eq(mean_square_separation, result)),
    )


def derive_mean_separation() -> tuple[Step, ...]:
    """Average the final separation over radius and angle; the angle gives complete elliptic integrals."""
    m = 1 + rho**2
    psi = Symbol("psi", nonnegative=True)
    root = sqrt(1 - sin(psi) ** 2 / m)
    # cos^2 = m (root^2 - 1 + 1/m) turns the integrand into those of E and K.
    agreed(m * (root - (1 - 1 / m) / root), sympy.cos(psi) ** 2 / root)
    factor = _radial(1) * 2 / pi * sigma_c
    integral = Integral(sympy.cos(psi) ** 2 / root, (psi, 0, pi / 2))
    result = sigma_c * sqrt(2 * m / pi) * (elliptic_e(1 / m) - (1 - 1 / m) * elliptic_k(1 / m))
    agreed(sigma_c * sqrt(2 * m / pi), factor * sqrt(m))
    return (
        *_polar(),
        Step(
            "R has mean sqrt(pi/2); substitute cos(theta) = sin(psi)/sqrt(1 + rho^2).",
            Eq(mean_separation, factor / sqrt(m) * integral),
        ),
        Step("These are complete elliptic integrals of parameter 1/(1 + rho^2).", Eq(mean_separation, result)),
    )


@cache
def sign_flow() -> SignFlow:
    """Return the sign flow of the reduced pair, whose loss is (a c)^2."""
    return SignFlow((a * c) ** 2, {a: eta_A, c: eta_x})


def derive_sign_boundary() -> tuple[Step, ...]:
    """Find the boundary of the sign flow from what it conserves."""
    motion = sign_flow().equations_of_motion
    side = agreed(Abs(a) / eta_A - Abs(c) / eta_x, boundary(sign_flow()).side)
    return (
        Step("The decoder moves at constant speed.", Eq(a_dot, motion[a])),
        Step("So does the separation.", Eq(c_dot, motion[c])),
        Step("The time that each needs to reach 0 falls at the same pace.", Eq(Symbol("C_sign", real=True), side)),
        Step("What is at 0 first stops the other; the boundary is a tie.", Eq(Abs(c) / eta_x, Abs(a) / eta_A)),
    )


def derive_sign_probability() -> tuple[Step, ...]:
    """Integrate the density of c/a up to the boundary of the sign flow."""
    result = agreed(_half_cauchy(sigma_a * eta_x / (sigma_c * eta_A)), _by_code(sign_flow()))
    return (
        Step("The boundary.", derive_sign_boundary()[-1].expression),
        Step("The same half Cauchy distribution, integrated up to it.", Eq(p_r, result)),
    )
