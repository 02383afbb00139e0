"""The exact solution of a balanced swarm with the squared loss, by SymPy with matrices of any size where it can."""

from __future__ import annotations

import sympy
from sympy import Eq, Identity, MatrixSymbol, Trace, ZeroMatrix, expand, sqrt

from geneft_theory.repons.symbols import A, X, d, eta_A, eta_x, n, p
from geneft_theory.repons.symbols_matrix import difference
from geneft_theory.repons.symbols_swarm import (
    Z0,
    E,
    F,
    G,
    G_dot,
    P,
    R,
    W,
    growth_rate,
    imbalance,
    s,
    size,
    target_value,
)
from geneft_theory.statements.statement import Step
from geneft_theory.symbolic import GradientFlow

_targets = MatrixSymbol("Y", p, n)


def right_side(generator: sympy.Expr, gram: sympy.Expr) -> sympy.Expr:
    """Return s (F G + G F) - s^2 G^2."""
    return s * (generator * gram + gram * generator) - s**2 * gram * gram


def riccati() -> Eq:
    """Return the equation of motion of G."""
    return Eq(G_dot, difference(s * (F * G + G * F), s**2 * G * G))


def identical(left: sympy.Expr, right: sympy.Expr) -> None:
    """Stop a derivation whose two sides differ."""
    if expand(left - right) != 0:
        raise AssertionError(f"{left} is not {right}")


def solution() -> Eq:
    """Return its solution in closed form."""
    return Eq(G, E * Z0.T * (Identity(d) + s**2 * Z0 * W * Z0.T).I * Z0 * E)


def _scaled_motion() -> tuple[sympy.MatrixExpr, sympy.MatrixExpr]:
    """Return the velocities of P = A^T/sqrt(eta_A) and R = X/sqrt(eta_x), from the squared loss."""
    error = A * X - _targets
    motion = GradientFlow(Trace(error.T * error) / 2, {A: eta_A, X: eta_x}).equations_of_motion
    places = {A: sqrt(eta_A) * P.T, X: sqrt(eta_x) * R}
    decoder = (motion[A].subs(places).doit()).T.doit() / sqrt(eta_A)
    encoder = motion[X].subs(places).doit() / sqrt(eta_x)
    by_speed = {eta_A: s**2 / eta_x}
    return tuple(expand(velocity.doit().subs(by_speed).doit()) for velocity in (decoder, encoder))


def derive_riccati() -> tuple[Step, ...]:
    """Scale decoder and embeddings, use the balance, and join them in one matrix Z = [P R]."""
    decoder, encoder = _scaled_motion()
    first = s * (imbalance * s / 2 * P + R * _targets.T) - s**2 / 2 * (P * P.T + R * R.T) * P
    second = s * (P * _targets - imbalance * s / 2 * R) - s**2 / 2 * (P * P.T + R * R.T) * R
    # What is left must vanish by the balance, P P^T - R R^T = lambda.
    unbalanced = imbalance * Identity(d) - P * P.T + R * R.T
    for mine, theirs, rest in (
        (first, decoder, s**2 / 2 * unbalanced * P),
        (second, encoder, -(s**2) / 2 * unbalanced * R),
    ):
        if expand((mine - theirs - rest).doit()).doit() != ZeroMatrix(*mine.shape):
            raise AssertionError("Z does not move as said")
    # Whole matrices as symbols that do not commute; v is the transpose of z, and F is symmetric.
    z, v, f = sympy.symbols("z v f", commutative=False)
    z_dot, v_dot = s * z * f - s**2 / 2 * z * v * z, s * f * v - s**2 / 2 * v * z * v
    identical(v_dot * z + v * z_dot, right_side(f, v * z))
    joined = MatrixSymbol("Z", d, size)
    motion = s * joined * F - s**2 / 2 * joined * joined.T * joined
    return (
        Step("In units of the roots of the rates, the decoder moves as", Eq(MatrixSymbol("dP/dt", d, p), decoder)),
        Step("and the embeddings as", Eq(MatrixSymbol("dR/dt", d, n), encoder)),
        Step("Balance stays; let it be a multiple of 1.", Eq(P * P.T - R * R.T, imbalance * Identity(d))),
        Step("With it, Z = [P R] moves as", Eq(MatrixSymbol("dZ/dt", d, size), motion)),
        Step("So the scalar products G = Z^T Z obey an equation of their own.", riccati()),
    )


def derive_solution() -> tuple[Step, ...]:
    """Differentiate the closed form: E and W commute with F, and the derivative of an inverse is known."""
    # As above; e stands for E, z and v for Z_0 and its transpose, and e f = f e is used.
    z, v, f, e, inverse = sympy.symbols("z v f e N", commutative=False)
    e_dot, inverse_dot = s * f * e, -inverse * s**2 * z * e * e * v * inverse
    rate = e_dot * v * inverse * z * e + e * v * inverse_dot * z * e + e * v * inverse * z * (s * e * f)
    identical(rate, right_side(f, e * v * inverse * z * e))
    held = MatrixSymbol("N", d, d)
    return (
        Step("The equation to be solved,", riccati()),
        Step("with E = exp(s F t), which commutes with F,", Eq(MatrixSymbol("dE/dt", size, size), s * F * E)),
        Step("and W the integral of exp(2 s F tau) up to t.", Eq(MatrixSymbol("dW/dt", size, size), E * E)),
        Step(
            "The derivative of the inverse N is",
            Eq(MatrixSymbol("dN/dt", d, d), -(s**2) * held * Z0 * E * E * Z0.T * held),
        ),
        Step("Put together, this solves it and starts at Z_0^T Z_0.", solution()),
    )


def derive_modes() -> tuple[Step, ...]:
    """In the singular directions of the targets F falls into blocks of two."""
    half = imbalance * s / 2
    block = sympy.Matrix([[half, target_value], [target_value, -half]])
    values = sorted(block.eigenvals(), key=str)
    if {sympy.simplify(value**2 - half**2 - target_value**2) for value in values} != {0}:
        raise AssertionError(f"F has the eigenvalues {values}")
    return (
        Step(
            "A singular value sigma of the targets couples two directions of F,",
            Eq(MatrixSymbol("F", 2, 2), block, evaluate=False),
        ),
        Step("whose eigenvalues are plus and minus", growth()),
    )


def growth() -> Eq:
    """Return the rate of the growing one of two coupled modes, over s."""
    return Eq(growth_rate, sqrt(target_value**2 + (imbalance * s / 2) ** 2))
