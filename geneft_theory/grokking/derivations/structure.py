"""What parallelograms are, how many there are, and what zero loss says about them."""

from __future__ import annotations

from itertools import combinations

import sympy
from sympy import And, Eq, Implies, KroneckerDelta, MatMul, Matrix, Sum, Symbol, Trace, binomial

from geneft_theory.grokking.symbols import (
    N_0,
    N_D,
    Z_0,
    E,
    G,
    N,
    class_sum,
    column,
    decoder,
    ell_0,
    ell_eff,
    embedding,
    gram_entry,
    i,
    in_permissible,
    in_training_set,
    j,
    label,
    labels,
    m,
    member,
    n,
    offset,
    p,
    row,
    sample,
    size,
    step,
    template,
)
from geneft_theory.statements.statement import Step


def agree(stated: sympy.Expr, derived: sympy.Expr) -> sympy.Expr:
    """Return `stated`, which must equal `derived`."""
    if sympy.simplify(stated - derived) != 0:
        raise AssertionError(f"{stated} differs from {derived}")
    return stated


def defect() -> sympy.Expr:
    """Return E_i + E_j - E_m - E_n."""
    # Unevaluated, so that it is printed in this order.
    return sympy.Add(embedding[i], embedding[j], -embedding[m], -embedding[n], evaluate=False)


def permissible() -> Eq:
    """Return who is in P_0(D): two different pairs of the training set with the same sum."""
    both = in_training_set(i, j) * in_training_set(m, n)
    same = KroneckerDelta(i, m) * KroneckerDelta(j, n)
    return Eq(in_permissible(i, j, m, n), both * KroneckerDelta(i + j, m + n) * (1 - same))


def count() -> Eq:
    """Return the number of permissible parallelograms by classes."""
    return Eq(N_D, Sum(size[label] * (size[label] - 1) / 2, (label, 0, labels - 1)))


def derive_count() -> tuple[Step, ...]:
    """Unordered pairs of different samples, class by class."""
    members = Symbol("m_c", integer=True, positive=True)
    chosen = binomial(members, 2)
    agree(members * (members - 1) / 2, chosen.rewrite(sympy.FallingFactorial).expand(func=True))
    return (
        Step("A class of m_c training pairs with one sum has this many unordered pairs of different members.", chosen),
        Step("Sum over the L classes.", count()),
    )


def addition_count() -> Eq:
    """Return |P_0| of the whole addition table."""
    return Eq(N_0, (p - 1) * (p + 1) * (2 * p - 3) / 24 - (1 - sympy.Mod(p, 2)) / sympy.S(8))


def derive_addition_count() -> tuple[Step, ...]:
    """The classes of the addition table grow by one every second sum and shrink again; sum over both parities."""
    h, k = sympy.symbols("h k", integer=True, positive=True)
    pairs = k * (k - 1) / 2
    half = sympy.summation(pairs, (k, 1, h))
    # p = 2 h: sizes 1, 1, ..., h-1, h-1, then h, h, h around the longest diagonal, then down again.
    even = sympy.factor(4 * half.subs(h, h - 1) + 3 * pairs.subs(k, h))
    odd = sympy.factor(4 * half + pairs.subs(k, h + 1))
    cubic = (p - 1) * (p + 1) * (2 * p - 3) / 24
    agree(cubic.subs(p, 2 * h + 1), odd)
    remainder = agree(sympy.Rational(1, 8), cubic.subs(p, 2 * h) - even)
    return (
        Step("For p = 2h + 1 symbols classes have 1, 1, 2, 2, ..., h, h, h + 1, h, h, ..., 1, 1 pairs.", Eq(N_0, odd)),
        Step("For p = 2h they have 1, 1, ..., h - 1, h - 1, h, h, h, h - 1, h - 1, ..., 1, 1.", Eq(N_0, even)),
        Step("The first is a cubic in p,", Eq(N_0, cubic)),
        Step("and the second that cubic less", remainder),
        Step("So the cubic's integer part is right for both, or", addition_count()),
    )


def linear() -> Eq:
    """Return the defect of a linear representation."""
    return Eq(defect(), step * (i + j - m - n))


def derive_linear() -> tuple[Step, ...]:
    """Insert E_k = a + k b."""
    straight = defect().doit().subs({embedding[k]: offset + k * step for k in (i, j, m, n)})
    rhs = agree(step * (i + j - m - n), straight)
    k = Symbol("k", integer=True)
    return (
        Step("Let the embeddings lie on a line, at equal distances.", Eq(embedding[k], offset + k * step)),
        Step("Insert: the offset cancels.", Eq(defect(), straight)),
        Step("The defect is zero if and only if the sums agree, for b other than 0.", Eq(defect(), rhs)),
    )


def arithmetic() -> Implies:
    """Return Proposition 1."""
    first = Eq(decoder(embedding[i] + embedding[j]), template(i + j))
    second = Eq(decoder(embedding[m] + embedding[n]), template(m + n))
    return Implies(And(first, second, Eq(embedding[i] + embedding[j], embedding[m] + embedding[n])), Eq(i + j, m + n))


def derive_arithmetic() -> tuple[Step, ...]:
    """Zero loss turns equal sums of embeddings into equal targets, and targets are distinct."""
    first, second = decoder(embedding[i] + embedding[j]), decoder(embedding[m] + embedding[n])
    moved = first.subs(embedding[i], embedding[m] + embedding[n] - embedding[j])
    if moved != second:
        raise AssertionError(f"{moved} differs from {second}")
    return (
        Step("Equal arguments have equal outputs.", Eq(first, second)),
        Step("Both samples are fitted, so outputs are targets.", Eq(template(i + j), template(m + n))),
        Step("Different sums have different targets.", arithmetic()),
    )


def formation() -> Implies:
    """Return Proposition 2."""
    first, second = embedding[i] + embedding[j], embedding[m] + embedding[n]
    return Implies(
        And(
            Eq(decoder(first), template(i + j)),
            Eq(decoder(second), template(m + n)),
            Implies(Eq(decoder(first), decoder(second)), Eq(first, second)),
            Eq(i + j, m + n),
        ),
        Eq(first, second),
    )


def derive_formation() -> tuple[Step, ...]:
    """Equal targets are equal outputs, and an injective decoder has equal outputs at equal arguments only."""
    first, second = embedding[i] + embedding[j], embedding[m] + embedding[n]
    target = template(i + j).subs(i, m + n - j)
    if target != template(m + n):
        raise AssertionError(f"{target} is not the other target")
    return (
        Step("Equal sums have equal targets.", Eq(template(i + j), template(m + n))),
        Step("Both samples are fitted, so outputs are equal.", Eq(decoder(first), decoder(second))),
        Step("An injective decoder has them at one argument only.", formation()),
    )


def gram() -> Eq:
    """Return the class formula for an entry of G."""
    products = Sum(sample[label, member, row] * sample[label, member, column], (member, 1, size[label]))
    return Eq(
        gram_entry[row, column],
        Sum(size[label] * products - class_sum[label, row] * class_sum[label, column], (label, 0, labels - 1)),
    )


def derive_gram() -> tuple[Step, ...]:
    """Expand the squares of one class; carried out for classes of up to six samples."""
    k, l = row, column  # noqa: E741
    for members in range(1, 7):
        left = sympy.symbols(f"u_1:{members + 1}")
        right = sympy.symbols(f"v_1:{members + 1}")
        pairs = sum(
            ((left[q] - left[r]) * (right[q] - right[r]) for q, r in combinations(range(members), 2)), sympy.S.Zero
        )
        agree(members * sum(u * v for u, v in zip(left, right, strict=True)) - sum(left) * sum(right), pairs)
    rows = sympy.IndexedBase("a")
    return (
        Step(
            "Two samples of one class make a parallelogram, with the row a = x_q - x_r; G is the sum of a a^T.",
            Eq(gram_entry[k, l], Sum(rows[member, k] * rows[member, l], (member, 1, N_D))),
        ),
        Step("Expand the products, class by class; X is the sum of the x of a class.", gram()),
    )


def quotient() -> Eq:
    """Return the effective loss as a Rayleigh quotient."""
    return Eq(ell_eff, Trace(E.T * G * E) / (N * Trace(E.T * E)))


def derive_loss() -> tuple[Step, ...]:
    """The sum of squared defects is a quadratic form; checked on the whole table of four symbols in two dimensions."""
    symbols, dimensions = 4, 2
    table = [(first, second) for first in range(symbols) for second in range(first, symbols)]
    rows = [
        Matrix([[(q[0] == k) + (q[1] == k) - (r[0] == k) - (r[1] == k) for k in range(symbols)]])
        for q, r in combinations(table, 2)
        if sum(q) == sum(r)
    ]
    entries = Matrix(symbols, dimensions, lambda k, axis: Symbol(f"E_{k}{axis}", real=True))
    squares = sum(((a * entries) * (a * entries).T)[0] for a in rows)
    matrix = sum((a.T * a for a in rows), sympy.zeros(symbols))
    agree((entries.T * matrix * entries).trace(), squares)
    total = Sum(sympy.Abs(sympy.IndexedBase("Delta")[member]) ** 2, (member, 1, N_D))
    return (
        Step("Sum the squared defects Delta of the permissible parallelograms, each once.", Eq(ell_0, total / N)),
        Step(
            "A defect is a row a times E: its square, summed, is a quadratic form.", Eq(ell_0, Trace(E.T * G * E) / N)
        ),
        Step("Divide by the squared norm.", Eq(ell_eff, MatMul(ell_0) / Z_0)),
        Step("The squared norm is a quadratic form too.", quotient()),
    )
