"""How the statements on a swarm follow: forces and conserved quantities, for matrices of any size where SymPy can."""

from __future__ import annotations

import sympy
from sympy import (
    Eq,
    Function,
    Integral,
    KroneckerDelta,
    MatrixSymbol,
    Sum,
    Symbol,
    ZeroMatrix,
    expand,
)

from geneft_theory.repons.symbols import A, A_dot, B, X, d, eta_A, eta_b, eta_x, n, p
from geneft_theory.repons.symbols_matrix import difference
from geneft_theory.repons.symbols_swarm import (
    X_dot,
    attraction,
    b_dot,
    balance,
    between,
    common,
    curvature,
    entry,
    everyone,
    force,
    g_i,
    g_j,
    g_mean,
    gradients,
    i,
    j,
    k,
    m,
    propagator,
    repulsion,
    rows_dot,
    secant,
    share,
    shared,
    square_decoder,
    square_embeddings,
    start_i,
    start_j,
    velocity,
    volume,
    way,
    x_i,
    x_j,
    y_i,
    y_j,
)
from geneft_theory.statements.statement import Step
from geneft_theory.symbolic import GradientFlow

_loss = Symbol("L")


def conserved() -> sympy.MatrixExpr:
    """Return A^T A/eta_A - X X^T/eta_x."""
    return difference(A.T * A / eta_A, X * X.T / eta_x)


def flow() -> GradientFlow:
    """Return the gradient flow of any loss of the outputs A X + b."""
    any_loss = Function("L")
    return GradientFlow(any_loss(A * X + B * everyone.T), {A: eta_A, X: eta_x, B: eta_b})


def _motion() -> dict[sympy.MatrixSymbol, sympy.MatrixExpr]:
    slope = MatrixSymbol("L'", p, n)
    return {matrix: rate.subs(slope, gradients) for matrix, rate in flow().equations_of_motion.items()}


def _premise() -> Step:
    return Step(
        "The loss depends on the outputs A x_i + b only; g has its gradients by them as columns.",
        Eq(_loss, Function("L")(A * X + B * everyone.T)),
    )


def derive_embedding_motion() -> tuple[Step, ...]:
    """Gradient flow of a loss of the outputs."""
    return (_premise(), Step("Follow the gradient of the embeddings.", Eq(X_dot, _motion()[X])))


def derive_decoder_motion() -> tuple[Step, ...]:
    """Gradient flow of a loss of the outputs."""
    return (_premise(), Step("Follow the gradient of the decoder.", Eq(A_dot, _motion()[A])))


def derive_bias_motion() -> tuple[Step, ...]:
    """Gradient flow of a loss of the outputs."""
    return (_premise(), Step("Follow the gradient of the bias.", Eq(b_dot, _motion()[B])))


def derive_forces() -> tuple[Step, ...]:
    """Split each velocity into that of the centroid and the rest, a sum of antisymmetric terms."""
    g = sympy.symbols("g_1:4")
    mean = sum(g) / 3
    for own in g:
        if sympy.expand(mean + sum(own - other for other in g) / 3 - own) != 0:
            raise AssertionError("the parts do not sum to the whole")
    return (
        Step("Each repon moves by its own gradient; the mean gradient gives", Eq(common, common_force())),
        Step("and what is left is a mean over all others of", Eq(force, pair_force())),
        Step("which changes sign with i and j, so that these forces add up to zero.", sum_of_forces()),
    )


def common_force() -> sympy.MatrixExpr:
    """Return what the mean gradient does to every repon."""
    return -eta_x * A.T * g_mean


def pair_force() -> sympy.MatrixExpr:
    """Return what repon j does to repon i."""
    return -eta_x / n * A.T * difference(g_i, g_j)


def sum_of_forces() -> Eq:
    """Return the velocity of a repon as a sum."""
    return Eq(velocity[i], shared + Sum(between[i, j], (j, 1, n)))


def derive_common_force() -> tuple[Step, ...]:
    """The mean of all velocities."""
    return (
        Step("The repons move as", Eq(X_dot, _motion()[X])),
        Step("so their centroid, and each repon with it, as", Eq(common, common_force())),
    )


def derive_pair_force() -> tuple[Step, ...]:
    """The difference of two gradients, in the share that each pair has."""
    return (
        *derive_forces()[:1],
        Step("What is left of the gradient i is shared out among all j.", Eq(force, pair_force())),
    )


def attractive() -> sympy.MatrixExpr:
    """Return the force by the difference of outputs."""
    return -eta_x / n * A.T * curvature * A * difference(x_i, x_j)


def repulsive() -> sympy.MatrixExpr:
    """Return the force by the difference of targets."""
    return eta_x / n * A.T * difference(y_i, y_j)


def derive_attraction() -> tuple[Step, ...]:
    """The gradients of both losses are prediction minus target; predictions differ as the outputs do."""
    bias, predictions = B, curvature * (A * (x_i - x_j))
    outputs = (A * x_i + bias) - (A * x_j + bias)
    if expand((outputs - A * (x_i - x_j)).doit()) != ZeroMatrix(p, 1):
        raise AssertionError("the bias does not cancel")
    whole = -eta_x / n * A.T * (predictions - (y_i - y_j))
    rest = expand((whole - attractive() - repulsive()).doit())
    if rest != ZeroMatrix(d, 1):
        raise AssertionError(f"the two forces leave {rest}")
    return (
        Step("Both losses have g = prediction - target.", Eq(force, pair_force())),
        Step(
            "Predictions differ by S (z_i - z_j), z = A x + b: S = 1 for the squared loss, and the mean of the "
            "Hessian between z_j and z_i for the logistic one.",
            Eq(difference(g_i, g_j), difference(predictions, difference(y_i, y_j))),
        ),
        Step("Its first part is a force along the difference of the embeddings.", Eq(attraction, attractive())),
    )


def derive_repulsion() -> tuple[Step, ...]:
    """What remains of the pair force."""
    return (*derive_attraction()[:2], Step("Its second part is left, for unlike repons.", Eq(repulsion, repulsive())))


def secant_entries() -> Eq:
    """Return the mean Hessian of the softmax on a segment."""
    return Eq(secant[k, m], Integral(share(k, way) * (KroneckerDelta(k, m) - share(m, way)), (way, 0, 1)))


def derive_secant() -> tuple[Step, ...]:
    """Follow the softmax of three outputs along a segment, by differentiation."""
    first, step = sympy.symbols("z_1:4", real=True), sympy.symbols("w_1:4", real=True)
    weights = [sympy.exp(z + way * w) for z, w in zip(first, step, strict=True)]
    shares = [weight / sum(weights) for weight in weights]
    for own, part in enumerate(shares):
        slope = sum(part * (KroneckerDelta(own, other) - shares[other]) * step[other] for other in range(3))
        if sympy.simplify(sympy.diff(part, way) - slope) != 0:
            raise AssertionError("the slope along the segment is not the Hessian times the step")
    height, along = sympy.IndexedBase("w"), Sum(share(k, way) * (KroneckerDelta(k, m) - share(m, way)), (m, 1, p))
    slope = along.replace(along.function, along.function * height[m])
    return (
        Step(
            "On the way z_j + u (z_i - z_j), with w the difference of outputs, a prediction changes as",
            Eq(sympy.Derivative(share(k, way), way), slope),
        ),
        Step("Integrate over the way: predictions differ by S w, with", secant_entries()),
    )


def derive_invariant() -> tuple[Step, ...]:
    """The product rule, with whole matrices."""
    rate = flow().rate_of_change(A.T * A / eta_A - X * X.T / eta_x)
    return (
        _premise(),
        Step("Gradient flow moves the decoder,", Eq(A_dot, _motion()[A])),
        Step("and the embeddings.", Eq(X_dot, _motion()[X])),
        Step("By the product rule the four terms cancel in pairs.", Eq(MatrixSymbol("dQ/dt", d, d), rate)),
        Step("So this matrix is conserved, all d(d + 1)/2 entries of it.", Eq(balance, conserved())),
    )


def sum_of_rows() -> Eq:
    """Say that the velocities of the decoder's rows add up to zero."""
    return Eq(Sum(rows_dot[k, m], (k, 1, p)), 0)


def derive_softmax_sums() -> tuple[Step, ...]:
    """The softmax does not see a constant added to all outputs: its gradients sum to zero."""
    z, y = sympy.symbols("z_1:4", real=True), [*sympy.symbols("y_1:3", real=True)]
    y.append(1 - sum(y))
    loss = sympy.log(sum(map(sympy.exp, z))) - sum(own * out for own, out in zip(y, z, strict=True))
    if sympy.simplify(sum(loss.diff(out) for out in z)) != 0:
        raise AssertionError("the gradients of the softmax do not sum to zero")
    return (
        Step(
            "The cross-entropy of a softmax with targets that sum to 1 stays when all outputs grow alike.",
            Eq(Sum(entry[k, j], (k, 1, p)), 0),
        ),
        Step("The decoder moves as", Eq(A_dot, _motion()[A])),
        Step(
            "so the sum of its rows, and in the same way that of the bias, stands still.",
            sum_of_rows(),
        ),
    )


def orientation() -> Eq:
    """Return the determinant of the decoder's rows and the embeddings as columns."""
    return Eq(volume, sympy.Determinant(sympy.BlockMatrix([[square_decoder.T, square_embeddings]])))


def derive_orientation() -> tuple[Step, ...]:
    """Rows of the decoder move along embeddings, embeddings along rows of the decoder; checked for p = 1, n = 2."""
    row = sympy.Matrix(3, 1, sympy.symbols("a_1:4", real=True))
    places = [sympy.Matrix(3, 1, sympy.symbols(f"x_{own}1:{own}4", real=True)) for own in (1, 2)]
    any_loss = Function("L")
    outputs = [(row.T * place)[0] for place in places]
    rates = dict.fromkeys(row, eta_A) | {entry: eta_x for place in places for entry in place}
    determinant = sympy.Matrix.hstack(row, *places).det()
    if GradientFlow(any_loss(*outputs), rates).rate_of_change(determinant) != 0:
        raise AssertionError("the volume changes")
    return (
        Step("Rows of the decoder move by combinations of embeddings,", Eq(A_dot, _motion()[A])),
        Step("embeddings by combinations of rows of the decoder.", Eq(X_dot, _motion()[X])),
        Step(
            "Where p + n = d, a determinant of all of them does not change by either.",
            Eq(Symbol("dV/dt"), 0),
        ),
        Step("So this volume is conserved.", orientation()),
    )


def affine() -> Eq:
    """Return the difference of two like repons as a linear map of that at the start."""
    return Eq(difference(x_i, x_j), propagator * difference(start_i, start_j))


def derive_shape() -> tuple[Step, ...]:
    """Like repons under the squared loss: the difference of two obeys a linear equation, the same for all."""
    error_i, error_j = A * x_i + B - y_i, A * x_j + B - y_i
    rate = expand((-eta_x * A.T * (error_i - error_j)).doit())
    wanted = expand((-eta_x * A.T * A * (x_i - x_j)).doit())
    if expand(rate - wanted) != ZeroMatrix(d, 1):
        raise AssertionError("bias and target do not cancel")
    return (
        Step(
            "With one target, bias and target cancel in the difference of two velocities.",
            Eq(MatrixSymbol("d(x_i-x_j)/dt", d, 1), -eta_x * A.T * A * difference(x_i, x_j)),
        ),
        Step(
            "That is linear, and the same for every like pair: one matrix Phi(t) carries them all,",
            Eq(MatrixSymbol("dPhi/dt", d, d), -eta_x * A.T * A * propagator),
        ),
        Step("starting at 1.", affine()),
    )
