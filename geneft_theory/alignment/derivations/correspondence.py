"""A pair of repons and two aligning representations: when they are one system, and how to translate."""

from __future__ import annotations

from functools import cache

import sympy
from sympy import QQ, And, Eq, Equivalent, Or, Symbol

from geneft_theory.alignment.derivations.agreement import agreed, agreed_matrix
from geneft_theory.alignment.derivations.closure import invariant
from geneft_theory.alignment.derivations.exact import conserved
from geneft_theory.alignment.derivations.motion import decoder_motion, separation_motion
from geneft_theory.alignment.symbols import A_high, D_y, M, X, dh, dy_target, eta_h, eta_y, h, r, y
from geneft_theory.alignment.symbols_repons import (
    A,
    A_dot,
    C,
    a,
    a_dot,
    bias,
    centroid,
    d,
    e,
    error,
    eta_A,
    eta_b,
    eta_x,
    half,
    half_dot,
    p,
    separation,
    separation_dot,
    sigma,
    target_1,
    target_2,
    target_half,
    target_mean,
    x_1,
    x_2,
    xbar,
)
from geneft_theory.statements.statement import Step
from geneft_theory.symbolic import Flow, GradientFlow, MatrixGradientFlow


@cache
def repon_flow() -> MatrixGradientFlow:
    """Return the gradient flow of two repons in d dimensions, each with a target of its own."""
    first, second = A * x_1 + bias - target_1, A * x_2 + bias - target_2
    loss = (first.T * first + second.T * second) / 2
    return MatrixGradientFlow(loss, {A: eta_A, x_1: eta_x, x_2: eta_x, bias: eta_b})


@cache
def line_flow() -> Flow:
    """Return the same on the line: decoder, half-separation, centroid, and error at the centroid."""
    first, second, b, mean = sympy.symbols("x_1 x_2 b ybar", real=True)
    loss = ((a * first + b - mean - sigma) ** 2 + (a * second + b - mean + sigma) ** 2) / 2
    flow = GradientFlow(loss, {a: eta_A, first: eta_x, second: eta_x, b: eta_b})
    return flow.transform({first: xbar + separation, second: xbar - separation}).transform({b: e + mean - a * xbar})


def _centred(expression: sympy.MatrixExpr) -> sympy.MatrixExpr:
    """Return an expression of the repons in centroid, half-separation, and error at the centroid."""
    places = {x_1: centroid + half, x_2: centroid - half, bias: error + target_mean - A * centroid}
    places |= {target_1: target_mean + target_half, target_2: target_mean - target_half}
    return sympy.expand(expression.subs(places).doit()).doit()


def decoder_of_repons() -> Eq:
    """Return the velocity of the repons' decoder."""
    return Eq(A_dot, -2 * eta_A * (A * half - target_half) * half.T - 2 * eta_A * error * centroid.T)


def separation_of_repons() -> Eq:
    """Return the velocity of the repons' half-separation."""
    return Eq(half_dot, -eta_x * A.T * (A * half - target_half))


def _premises() -> tuple[Step, ...]:
    loss = sympy.Trace((A * x_1 + bias - target_1).T * (A * x_1 + bias - target_1)) / 2
    return (
        Step(
            "Two repons, each with a target of its own; the second one's share of the loss is like the first's.", loss
        ),
        Step("Their targets differ by 2 sigma,", Eq(target_half, (target_1 - target_2) / 2)),
        Step("and the error at their centroid is", Eq(error, A * centroid + bias - target_mean)),
    )


def derive_decoder() -> tuple[Step, ...]:
    """Gradient flow of the decoder, in centroid and half-separation."""
    velocity = repon_flow().equations_of_motion[A]
    agreed_matrix(decoder_of_repons().rhs, _centred(velocity))
    return (
        *_premises(),
        Step("The decoder moves as", Eq(A_dot, velocity)),
        Step("In centroid and half-separation r = (x_1 - x_2)/2:", decoder_of_repons()),
    )


def derive_separation() -> tuple[Step, ...]:
    """Half the difference of the velocities of the embeddings."""
    motion = repon_flow().equations_of_motion
    agreed_matrix(separation_of_repons().rhs, _centred((motion[x_1] - motion[x_2]) / 2))
    return (
        *_premises(),
        Step("Half the difference of the embeddings' velocities; centroid and bias drop out.", separation_of_repons()),
    )


def conditions() -> Equivalent:
    """Return when two repons on the line move as two aligning representations do."""
    on_target = And(Eq(xbar, 0), Eq(e, 0))
    at_rest = And(Eq(a_dot, 0), Eq(separation_dot, 0))
    return Equivalent(Eq(e * xbar, 0), Or(on_target, at_rest))


@cache
def _scaled_flow() -> Flow:
    """Return the flow in units of a and of time in which eta_A = eta_x = 1; the bias keeps its rate."""
    motion = line_flow().equations_of_motion
    return Flow({variable: velocity.subs({eta_A: 1, eta_x: 1}) for variable, velocity in motion.items()})


def at_all_times(*expressions: sympy.Expr) -> list[sympy.Expr]:
    """Return expressions with their first two derivatives in time: if they vanish at all times, all these do."""
    ideal = list(expressions)
    for _ in range(2):
        expressions = tuple(_scaled_flow().rate_of_change(expression) for expression in expressions)
        ideal += expressions
    return ideal


def vanishes_with(ideal: list[sympy.Expr], expression: sympy.Expr) -> bool:
    """Return whether an expression vanishes wherever all of others do, by Rabinowitsch's trick."""
    inverse = Symbol("z")
    variables = (inverse, a, separation, xbar, e, sigma)
    basis = sympy.groebner([*ideal, 1 - inverse * expression], *variables, order="grevlex", domain=QQ.frac_field(eta_b))
    return list(basis.exprs) == [1]


def derive_conditions() -> tuple[Step, ...]:
    """What vanishes at all times has vanishing derivatives; what these imply is found by Groebner bases."""
    motion, scaled = line_flow().equations_of_motion, _scaled_flow().equations_of_motion
    disturbed = at_all_times(e * xbar)
    undisturbed = (scaled[a] + 2 * e * xbar, scaled[separation])
    if not all(vanishes_with(disturbed, velocity * other) for velocity in undisturbed for other in (xbar, e)):
        raise AssertionError("a pair that moves need not have both centroid and error 0")
    if not vanishes_with(at_all_times(scaled[a], scaled[separation]), e * xbar):
        raise AssertionError("a pair that rests may be disturbed")
    if set(line_flow().restrict({xbar: 0, e: 0}).variables) != {a, separation}:
        raise AssertionError("centroid and error do not stay 0")
    return (
        Step("On the line the decoder moves as", Eq(a_dot, motion[a])),
        Step("and the half-separation as", Eq(separation_dot, motion[separation])),
        Step("Aligning representations have no such term, so that it must vanish, at all times:", Eq(e * xbar, 0)),
        Step("and with it its derivative. In units in which eta_A = eta_x = 1 that is", Eq(disturbed[1], 0)),
        Step("and the next one,", Eq(disturbed[2], 0)),
        Step(
            "Wherever the three vanish, so do the products of xbar and e with da/dt and dc/dt (four Groebner bases). "
            "Of two analytic functions of time whose product vanishes, one vanishes at all times. So either centroid "
            "and error are 0, which they stay, or the pair rests; and if it rests, e xbar vanishes (a fifth one).",
            conditions(),
        ),
    )


def dictionary() -> dict[sympy.Symbol, Eq]:
    """Return what each quantity of this theory is for a pair of repons of one class."""
    return {
        eta_y: Eq(eta_y, eta_A),
        eta_h: Eq(eta_h, 2 * eta_x / X),
        r: Eq(r, 2 * eta_x / (eta_A * X)),
        h: Eq(h, 4 * separation**2),
        y: Eq(y, 4 * a**2 * separation**2),
        A_high: Eq(A_high, -4 * eta_x * C),
    }


def _as_repons(expression: sympy.MatrixExpr) -> sympy.MatrixExpr:
    """Return an expression of this theory in the symbols of repons: D_y = A, dh = 2 r, dy* = 2 sigma."""
    q, m = dh.shape[0], dy_target.shape[0]
    sized = {q: d, m: p}
    names = {D_y.subs(sized): A, dh.subs(sized): 2 * half, dy_target.subs(sized): 2 * target_half}
    return sympy.expand(expression.subs(sized).subs(names).doit()).doit()


def _identified() -> Step:
    return Step(
        "Let the representations be the repons and the decoder theirs; differences are twice half-differences.",
        And(Eq(dh, Symbol("2 r")), Eq(D_y, Symbol("A")), Eq(dy_target, Symbol("2 sigma"))),
    )


def derive_eta_y() -> tuple[Step, ...]:
    """Compare the motions of the decoders."""
    mine = _as_repons(decoder_motion().rhs)
    theirs = decoder_of_repons().rhs.subs(error, sympy.ZeroMatrix(p, 1)).doit()
    agreed_matrix(theirs, sympy.expand(mine.subs(eta_y, eta_A)).doit())
    return (
        _identified(),
        Step("The decoder of this theory then moves as", Eq(A_dot, mine)),
        Step("and that of the repons, where e xbar^T = 0, as", Eq(A_dot, theirs)),
        Step("They agree for", dictionary()[eta_y]),
    )


def derive_eta_h() -> tuple[Step, ...]:
    """Compare the motions of the differences."""
    mine = _as_repons(separation_motion().rhs) / 2
    agreed_matrix(separation_of_repons().rhs, sympy.expand(mine.subs(eta_h, 2 * eta_x / X)).doit())
    return (
        _identified(),
        Step("Half the difference of representations then moves as", Eq(half_dot, mine)),
        Step("and that of the repons as", separation_of_repons()),
        Step("They agree for", dictionary()[eta_h]),
    )


def derive_ratio() -> tuple[Step, ...]:
    """Divide one rate by the other."""
    rates = dictionary()
    agreed(rates[r].rhs, rates[eta_h].rhs / rates[eta_y].rhs)
    return (
        Step("The rate of the encoder is", rates[eta_h]),
        Step("and that of the decoder", rates[eta_y]),
        Step("Their ratio:", rates[r]),
    )


def derive_h() -> tuple[Step, ...]:
    """A difference is twice a half-difference."""
    agreed(dictionary()[h].rhs, (2 * separation) ** 2)
    return (
        Step("On the line the representations differ by", 2 * separation),
        Step("whose square is h.", dictionary()[h]),
    )


def derive_y() -> tuple[Step, ...]:
    """The decoder multiplies the difference."""
    agreed(dictionary()[y].rhs, (a * 2 * separation) ** 2)
    return (
        Step("On the line the outputs differ by", 2 * a * separation),
        Step("whose square is y.", dictionary()[y]),
    )


def derive_invariant() -> tuple[Step, ...]:
    """Translate the conserved quantity; the repons' one is found from their flow."""
    names = dictionary()
    same_class = line_flow().restrict({xbar: 0, e: 0})
    motion = {variable: velocity.subs(sigma, 0) for variable, velocity in same_class.equations_of_motion.items()}
    (found,) = Flow(motion).polynomial_invariants(2)
    translated = invariant().rhs.subs({y: names[y].rhs, r: names[r].rhs}).subs(h, names[h].rhs)
    repon_invariant = a**2 / (2 * eta_A) - separation**2 / eta_x
    agreed(sympy.S.Zero, sympy.cancel(found / repon_invariant).diff(a))
    agreed(-4 * eta_x * repon_invariant, translated)
    return (
        Step("Two repons of one class with centroid and error 0 conserve, as found from their flow,", found),
        Step("which is, in the scale of that theory,", Eq(C, repon_invariant)),
        Step("The conserved quantity of this theory", invariant()),
        Step("becomes, in terms of repons,", Eq(A_high, sympy.expand(translated))),
        Step("which is", names[A_high]),
    )


def matrix() -> Eq:
    """Return the constant matrix of the reduced system in the symbols of repons."""
    shaped = sympy.MatrixSymbol("M", d, d)
    return Eq(shaped, 4 * (A.T * A / (2 * eta_A) - half * half.T / eta_x))


def derive_matrix() -> tuple[Step, ...]:
    """Translate the constant matrix."""
    mine = _as_repons(conserved()).subs({eta_y: eta_A, eta_h: 2 * eta_x / X}).doit()
    agreed_matrix(matrix().rhs, sympy.expand(mine).doit())
    return (
        Step("The constant matrix of the reduced system,", Eq(M, conserved())),
        Step("in the symbols of repons, is four times the matrix that two repons conserve.", matrix()),
    )


def fast_bias() -> Eq:
    """Return the error at the centroid that a fast bias leaves."""
    return Eq(e, -(eta_A / eta_b) * (a * separation - sigma) * separation * xbar)


def derive_fast_bias() -> tuple[Step, ...]:
    """The error relaxes to where its velocity vanishes; the leading order in 1/eta_b."""
    motion = line_flow().equations_of_motion
    (resting,) = sympy.solve(motion[e], e)
    leading = sympy.limit(sympy.cancel(resting * eta_b), eta_b, sympy.oo) / eta_b
    agreed(fast_bias().rhs, leading)
    return (
        Step("The error at the centroid moves as", Eq(Symbol("de/dt"), motion[e])),
        Step("and soon, in a time 1/(2 eta_b), is where its velocity vanishes,", Eq(e, resting)),
        Step("which is for a fast bias", fast_bias()),
    )
