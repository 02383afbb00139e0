"""One repon against a cluster of N: from the loss to the corrected Eq. 13."""

from __future__ import annotations

from functools import cache

import sympy
from sympy import Eq, Symbol, atan, pi, sqrt

from geneft_theory.repons.derivations.agreement import agreed
from geneft_theory.repons.derivations.pair import reduced_flow
from geneft_theory.repons.derivations.pair_probability import derive_collapse_probability as derive_pair_probability
from geneft_theory.repons.symbols import (
    C_N,
    N,
    a,
    a_dot,
    b,
    c,
    c_dot,
    eta_A,
    eta_b,
    eta_x,
    p_r,
    sigma_a,
    sigma_c,
    x1,
    x2,
    xbar,
    y,
)
from geneft_theory.statements.statement import Step
from geneft_theory.symbolic import Flow, GradientFlow

_loss = Symbol("l", nonnegative=True)


@cache
def cluster_loss() -> sympy.Expr:
    """Return the loss of one repon at x_1 and N coincident ones at x_2."""
    return (a * x1 + b - y) ** 2 / 2 + N * (a * x2 + b - y) ** 2 / 2


@cache
def cluster_flow() -> Flow:
    """Return the flow in weighted centroid and half-distance.

    The loss holds N equal terms for the cluster, but each partner feels its own only: hence the rate eta_x/N.
    """
    flow = GradientFlow(cluster_loss(), {a: eta_A, x1: eta_x, x2: eta_x / N, b: eta_b})
    return flow.transform({x1: xbar + 2 * N * c / (N + 1), x2: xbar - 2 * c / (N + 1)})


@cache
def reduced_cluster_flow() -> Flow:
    """Return the same on the invariant set where the weighted centroid is 0 and the bias on target."""
    return cluster_flow().restrict({xbar: 0, b: y})


def _premises() -> tuple[Step, ...]:
    return (
        Step(
            "One embedding at x_1, N at x_2; the decoder feels them all, each partner its own.",
            Eq(_loss, cluster_loss()),
        ),
        Step("Their weighted centroid.", Eq(xbar, (x1 + N * x2) / (N + 1))),
        Step("Half their distance.", Eq(c, (x1 - x2) / 2)),
    )


def derive_decoder_motion() -> tuple[Step, ...]:
    """Gradient flow of the loss, restricted to its invariant set."""
    velocity = agreed(-4 * N * a * c**2 * eta_A / (N + 1), reduced_cluster_flow().equations_of_motion[a])
    return (
        *_premises(),
        Step("Gradient flow on the invariant set xbar = 0, b = y.", Eq(a_dot, velocity)),
    )


def derive_separation_motion() -> tuple[Step, ...]:
    """Gradient flow of the loss; the same as for a pair."""
    velocity = agreed(-eta_x * a**2 * c, reduced_cluster_flow().equations_of_motion[c])
    return (
        *_premises(),
        Step("Gradient flow; each end of the distance feels its own residual.", Eq(c_dot, velocity)),
    )


@cache
def _slowed_decoder() -> sympy.Expr:
    """Return the decoder's learning rate at which a pair would move as the cluster does."""
    cluster = reduced_cluster_flow().equations_of_motion[a]
    (rate,) = sympy.solve(
        reduced_flow().equations_of_motion[a].subs(eta_A, Symbol("eta", positive=True)) - cluster,
        Symbol("eta", positive=True),
    )
    return sympy.factor(rate)


def derive_invariant() -> tuple[Step, ...]:
    """Look for conserved polynomials of the reduced cluster."""
    (conserved,) = reduced_cluster_flow().polynomial_invariants(2)
    stated = (1 + 1 / N) / (4 * eta_A) * a**2 - c**2 / eta_x
    return (
        *derive_decoder_motion(),
        Step("The separation.", derive_separation_motion()[-1].expression),
        Step("Up to degree 2 one polynomial is conserved.", Eq(C_N, agreed(stated, conserved))),
    )


def derive_collapse_probability() -> tuple[Step, ...]:
    """Replace the decoder's learning rate in the law of the pair."""
    law = derive_pair_probability()[-1].expression
    replaced = law.rhs.subs(eta_A, _slowed_decoder())
    result = 2 / pi * atan(sigma_a / sigma_c * sqrt(eta_x * (1 + 1 / N) / (4 * eta_A)))
    agreed(sympy.tan(pi * result / 2) ** 2, sympy.tan(pi * replaced / 2) ** 2)
    return (
        *derive_decoder_motion(),
        Step(
            "So the decoder moves like that of a pair with this learning rate.", Eq(Symbol("eta_A'"), _slowed_decoder())
        ),
        Step("The law of the pair.", law),
        Step("With the replaced rate.", Eq(p_r, result)),
    )
