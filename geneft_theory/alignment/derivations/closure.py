"""Aligned encoder and decoder: an invariant set on which three numbers, or two, say everything."""

from __future__ import annotations

from functools import cache

import sympy
from sympy import And, Eq, Matrix, MatrixSymbol, Rational, Symbol, expand, sqrt

from geneft_theory.alignment.derivations.agreement import agreed
from geneft_theory.alignment.derivations.motion import decoder_motion, separation_motion, vector_flow
from geneft_theory.alignment.symbols import (
    A_high,
    A_low,
    D_y,
    D_y_dot,
    X,
    Y,
    beta,
    beta_dot,
    c,
    c_dot,
    dh,
    dh_dot,
    dy_target,
    eta_h,
    eta_y,
    generator,
    grown,
    growth,
    h,
    h_dot,
    m,
    p,
    q,
    r,
    v,
    w,
    w_dot,
    y,
    y_dot,
    z,
    z_dot,
    z_t,
)
from geneft_theory.statements.statement import Step
from geneft_theory.symbolic import Flow, GradientFlow

# In the plane of p and dy*, with dy* along the first axis: the flow does not leave it.
p_1, p_2 = sympy.symbols("p_1 p_2", real=True)
_squared = p_1**2 + p_2**2
_ratio = eta_h / eta_y


@cache
def restricted_flow() -> Flow:
    """Return the exact flow of two hidden units and two outputs, with dh and the decoder along the first unit."""
    sizes = {q: 2, m: 2}
    flow = vector_flow().with_sizes(sizes)
    column, matrix = dh.subs(sizes), D_y.subs(sizes)
    return flow.restrict({column[1, 0]: 0, matrix[0, 1]: 0, matrix[1, 1]: 0})


@cache
def aligned_flow() -> GradientFlow:
    """Return the flow of beta and p, which is again a gradient flow."""
    error = (beta * p_1 - sqrt(Y)) ** 2 + (beta * p_2) ** 2
    return GradientFlow(error / 8, {beta: 2 * eta_h * X, p_1: 2 * eta_y, p_2: 2 * eta_y})


def aligned() -> And:
    """Return the exact velocities on the aligned set."""
    error = beta * p - dy_target
    return And(
        Eq(dh_dot, -eta_h * X / 2 * v * p.T * error),
        Eq(D_y_dot, -eta_y / 2 * beta * error * v.T),
    )


def derive_aligned() -> tuple[Step, ...]:
    """The flow does not leave the set; checked by restriction for v along an axis, which a rotation makes it."""
    restricted = restricted_flow()
    first, *_ = restricted.variables
    sizes = {q: 2, m: 2}
    target = dy_target.subs(sizes)
    names = dict(zip(restricted.variables, (beta, p_1, p_2), strict=True)) | {target[0, 0]: sqrt(Y), target[1, 0]: 0}
    for variable, velocity in restricted.equations_of_motion.items():
        agreed(aligned_flow().equations_of_motion[names[variable]], velocity.xreplace(names))
    return (
        Step("The exact flow of the difference.", separation_motion()),
        Step("And of the decoder.", decoder_motion()),
        Step("Let the decoder see one direction v only, and dh lie in it.", And(Eq(dh, beta * v), Eq(D_y, p * v.T))),
        Step(
            "Turn the hidden space so that v is its first axis. Nothing leaves the set, as the restriction of the flow "
            "checks; on it, dh moves as",
            Eq(Symbol("d(dh)_1/dt"), restricted.equations_of_motion[first]),
        ),
        Step("With v^T v = 1, for any v and any number of outputs:", aligned()),
    )


def _in_state(expression: sympy.Expr) -> sympy.Expr:
    """Return an expression in h, y and w as one in beta and p."""
    return expression.subs({h: beta**2, y: beta**2 * _squared, w: beta**2 * _squared - beta * p_1 * sqrt(Y)})


def _premises() -> tuple[Step, ...]:
    return (
        Step("On the aligned set dh and the decoder move as", aligned()),
        Step("so that the length beta of dh and the decoder's column p are a flow of their own.", _motion()),
    )


def _motion() -> And:
    error = beta * p - dy_target
    return And(
        Eq(Symbol("dbeta/dt"), -eta_h * X / 2 * sympy.Trace(p.T * error)),
        Eq(MatrixSymbol("dp/dt", m, 1), -eta_y / 2 * beta * error),
    )


def state_motion() -> dict[sympy.Symbol, Eq]:
    """Return the three equations of motion of the state."""
    return {
        h: Eq(h_dot, -eta_h * X * w),
        y: Eq(y_dot, -w * (eta_y * h + eta_h * X * y / h)),
        w: Eq(w_dot, -eta_y * h * (3 * w - y + Y) / 2 - eta_h * X * (y + w) * w / (2 * h)),
    }


def _derive_state(variable: sympy.Symbol, meaning: sympy.Expr) -> tuple[Step, ...]:
    stated = state_motion()[variable]
    rate = aligned_flow().rate_of_change(_in_state(variable))
    agreed(_in_state(stated.rhs), rate)
    return (
        *_premises(),
        Step(
            "In the plane of p and dy*, with dy* along the first axis,",
            And(Eq(beta, sqrt(h)), Eq(p_1**2 + p_2**2, y / h), Eq(beta * p_1 * sqrt(Y), y - w)),
        ),
        Step("Its rate of change by the chain rule,", Eq(meaning, rate)),
        Step("in terms of the state:", stated),
    )


def derive_state_h() -> tuple[Step, ...]:
    """The chain rule on the aligned set."""
    return _derive_state(h, h_dot)


def derive_state_y() -> tuple[Step, ...]:
    """The chain rule on the aligned set."""
    return _derive_state(y, y_dot)


def derive_state_w() -> tuple[Step, ...]:
    """The chain rule on the aligned set."""
    return _derive_state(w, w_dot)


@cache
def state_flow() -> Flow:
    """Return the flow of the state."""
    return Flow({variable: equation.rhs for variable, equation in state_motion().items()})


def invariant() -> Eq:
    """Return the conserved quantity of the aligned pair."""
    return Eq(A_high, h - r * X * y / h)


def derive_invariant() -> tuple[Step, ...]:
    """Look for conserved polynomials of beta and p; one is found, and it is a function of the state."""
    (found,) = aligned_flow().polynomial_invariants(2)
    scaled = sympy.expand(found * eta_h * X)
    stated = invariant()
    agreed(_in_state(stated.rhs).subs(r, _ratio), scaled)
    if state_flow().rate_of_change(stated.rhs.subs(r, _ratio)) != 0:
        raise AssertionError("the invariant is not conserved by the flow of the state")
    return (
        *_premises(),
        Step("Up to degree 2 there is one conserved polynomial, found by linear algebra.", found),
        Step("Times eta_h X it is, as a function of the state,", stated),
    )


def regular() -> dict[sympy.Symbol, Eq]:
    """Return the regular polynomial form."""
    return {
        beta: Eq(beta_dot, -(eta_y * beta * (beta**2 - A_high) - eta_h * X * c) / 2),
        c: Eq(c_dot, -eta_y * beta * (beta * c - Y) / 2),
    }


@cache
def regular_flow() -> Flow:
    """Return the flow of beta and c."""
    return Flow({variable: equation.rhs for variable, equation in regular().items()})


def _derive_regular(variable: sympy.Symbol) -> tuple[Step, ...]:
    conserved = beta**2 - _ratio * X * _squared
    pull = p_1 * sqrt(Y)
    rate = aligned_flow().rate_of_change({beta: beta, c: pull}[variable])
    stated = regular()[variable]
    agreed(stated.rhs.subs({A_high: conserved, c: pull}), rate)
    return (
        *_premises(),
        Step("Only p . dy* and |p|^2 enter. The first is called", Eq(c, sympy.Trace(p.T * dy_target))),
        Step("and the second is known from the conserved", Eq(A_high, beta**2 - r * X * Symbol("|p|") ** 2)),
        Step("Insert both: nothing is divided by.", stated),
    )


def derive_regular_beta() -> tuple[Step, ...]:
    """Eliminate |p|^2 by the invariant."""
    return _derive_regular(beta)


def derive_regular_c() -> tuple[Step, ...]:
    """Project the decoder's motion on the target."""
    return _derive_regular(c)


def regular_y() -> Eq:
    """Return y of the regular form."""
    return Eq(y, beta**2 * (beta**2 - A_high) / (r * X))


def derive_regular_y() -> tuple[Step, ...]:
    """Solve the invariant for y."""
    (found,) = sympy.solve(invariant(), y)
    agreed(regular_y().rhs, found.subs(h, beta**2))
    return (
        Step("The invariant,", invariant()),
        Step("solved for y:", Eq(y, sympy.factor(found))),
        Step("With h = beta^2:", regular_y()),
    )


def regular_w() -> Eq:
    """Return w of the regular form."""
    return Eq(w, y - beta * c)


def derive_regular_w() -> tuple[Step, ...]:
    """The scalar product of dy = beta p with dy* is beta c."""
    agreed(_in_state(regular_w().rhs).subs(c, p_1 * sqrt(Y)), _in_state(w))
    return (
        Step("The outputs differ by", Eq(MatrixSymbol("dy", m, 1), beta * p)),
        Step("whose scalar product with dy* is beta c.", regular_w()),
    )


def cone() -> sympy.Basic:
    """Return the inequality of Cauchy and Schwarz."""
    return sympy.Le((y - w) ** 2, y * Y)


def derive_cone() -> tuple[Step, ...]:
    """Lagrange's identity, in the plane of the two vectors; on the aligned set and off it."""
    first, second = Matrix(sympy.symbols("u_1:3", real=True)), Matrix(sympy.symbols("v_1:3", real=True))
    rest = (first[0] * second[1] - first[1] * second[0]) ** 2
    agreed(rest, first.dot(first) * second.dot(second) - first.dot(second) ** 2)
    return (
        Step("In the plane of two vectors, |u|^2 |v|^2 - (u . v)^2 is the square of an area.", rest),
        Step("For dy and dy*, whose scalar product is y - w:", cone()),
    )


def normalised() -> Eq:
    """Return the motion of z = (beta, sqrt(r X) p_along, sqrt(r X) p_across)."""
    return Eq(z_dot, generator * z - eta_y / 4 * z * z.T * z)


def generator_matrix() -> sympy.ImmutableMatrix:
    """Return the constant matrix of the growth."""
    rows = [[A_high, 2 * A_low, 0], [2 * A_low, -A_high, 0], [0, 0, -A_high]]
    return sympy.ImmutableMatrix(rows) * eta_y / 4


def trajectory() -> Eq:
    """Return the closed form."""
    return Eq(z_t, growth * z / sqrt(1 + eta_y * grown / 2))


def _check_normalised() -> None:
    """Compare with the flow of beta and p; A_high is eliminated."""
    unit = sqrt(_ratio * X)
    vector = Matrix([beta, unit * p_1, unit * p_2])
    values = {A_high: beta**2 - _ratio * X * _squared, A_low: unit * sqrt(Y)}
    stated = Matrix(generator_matrix()).subs(values) * vector - eta_y / 4 * vector.dot(vector) * vector
    for entry, moved in zip(vector, stated, strict=True):
        agreed(moved, aligned_flow().rate_of_change(entry))


def _check_trajectory() -> None:
    """Differentiate the closed form: E' = F E, J' = |E z|^2, with symbols that do not commute for the matrices."""
    first, second = sympy.symbols("F v", commutative=False)
    integral, square = sympy.symbols("J n", positive=True)
    scale = (1 + eta_y * integral / 2) ** Rational(-1, 2)
    # v stands for E z, n for |v|^2.
    moved = scale * first * second + scale.diff(integral) * square * second
    stated = first * (scale * second) - eta_y / 4 * (scale**2 * square) * scale * second
    if sympy.simplify(expand(moved - stated)) != 0:
        raise AssertionError("the closed form does not solve the equation")


def derive_trajectory() -> tuple[Step, ...]:
    """A linear flow, brought back to its norm; A_high is a number here, so that the matrix is constant."""
    _check_normalised()
    _check_trajectory()
    return (
        *_premises(),
        Step("Let z hold beta, and sqrt(r X) times the parts of p along dy* and across; F is", generator_matrix()),
        Step("Then, by the conserved quantity,", normalised()),
        Step("Let E be the growth without the cubic term,", Eq(MatrixSymbol("dE/dt", 3, 3), generator * growth)),
        Step("and J the integral of |E z|^2 up to t.", Eq(Symbol("dJ/dt"), sympy.Trace((growth * z).T * growth * z))),
        Step("The cubic term is one factor, which this has; inserting it checks that.", trajectory()),
    )
