"""Expressions in matrices of any shape, as sums of words: products of matrices and transposes with a coefficient.

A scalar is a function of traces. A product that runs through a dimension of size 1 is cut there, and what is 1 x 1
becomes a trace, so that r r^T r r^T is (r^T r) r r^T.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from geneft_theory.errors import InvalidInput, shown
from geneft_theory.symbolic.rational import vanishes

# A letter is a matrix and whether it is transposed.
Letter = tuple[sympy.MatrixExpr, bool]
Word = tuple[Letter, ...]
Words = dict[Word, sympy.Expr]


def words(matrix: sympy.MatrixExpr) -> Words:
    """Return a matrix expression as a sum of words.

    Examples
    --------
    >>> n, m = sympy.symbols("n m", positive=True)
    >>> A = sympy.MatrixSymbol("A", n, m)
    >>> as_matrix(words((A + A) * A.T - A * A.T), (n, n))
    A*A.T
    """
    if isinstance(matrix, sympy.MatAdd):
        return total(*(words(term) for term in matrix.args))
    if isinstance(matrix, sympy.MatMul):
        coefficient, factors = matrix.as_coeff_matrices()
        product: Words = {(): scalar(coefficient)}
        for factor in factors:
            product = times(product, words(factor))
        return product
    if isinstance(matrix, sympy.Transpose):
        return transposed(words(matrix.arg))
    if isinstance(matrix, sympy.MatPow) and matrix.exp.is_Integer and matrix.exp > 0:
        return words(sympy.MatMul(*[matrix.base] * int(matrix.exp)))
    if isinstance(matrix, sympy.ZeroMatrix):
        return {}
    if isinstance(matrix, sympy.Identity):
        return {(): sympy.S.One}
    return _cut(((matrix, False),))


def total(*sums: Words) -> Words:
    """Return the sum, without words that cancel."""
    terms: dict[Word, list[sympy.Expr]] = {}
    for own in sums:
        for word, coefficient in own.items():
            terms.setdefault(word, []).append(coefficient)
    added = {word: sympy.Add(*coefficients) for word, coefficients in terms.items()}
    return {word: coefficient for word, coefficient in added.items() if not _is_zero(coefficient)}


def times(left: Words, right: Words) -> Words:
    """Return the product."""
    products = (
        {word: first * second * more for word, more in _cut(one + two).items()}
        for (one, first), (two, second) in itertools.product(left.items(), right.items())
    )
    return total(*products)


def transposed(own: Words) -> Words:
    """Return the transpose."""
    return {_turned(word): coefficient for word, coefficient in own.items()}


def scaled(own: Words, factor: sympy.Expr) -> Words:
    """Return a multiple."""
    return total({word: coefficient * factor for word, coefficient in own.items()})


def scalar(expression: sympy.Expr) -> sympy.Expr:
    """Return a scalar in which every trace is a sum of traces of words, each in its one canonical form."""
    if isinstance(expression, sympy.MatrixExpr):
        if expression.shape != (1, 1):
            raise InvalidInput(f"expression must be a scalar; got {shown(expression)} of shape {expression.shape}")
        return _trace(words(expression), sympy.S.One)
    return sympy.sympify(expression).replace(
        sympy.Trace, lambda matrix: _trace(words(matrix), sympy.sympify(matrix.shape[0]))
    )


def as_matrix(own: Words, shape: tuple[Any, Any]) -> sympy.MatrixExpr:
    """Return a sum of words as a matrix expression of SymPy."""
    if not own:
        return sympy.ZeroMatrix(*shape)
    terms = (
        sympy.MatMul(sympy.factor(coefficient), *map(_matrix, word) if word else [sympy.Identity(shape[0])])
        for word, coefficient in own.items()
    )
    return sympy.MatAdd(*(term.doit() for term in terms)).doit()


def rate(own: Words, velocities: Mapping[sympy.MatrixExpr, Words]) -> Words:
    """Return the derivative in time of a sum of words."""
    parts = []
    for word, coefficient in own.items():
        parts.append({word: scalar_rate(coefficient, velocities)})
        parts.append(scaled(_word_rate(word, velocities), coefficient))
    return total(*parts)


def scalar_rate(expression: sympy.Expr, velocities: Mapping[sympy.MatrixExpr, Words]) -> sympy.Expr:
    """Return the derivative in time of a function of traces."""
    parts = [
        outer * coefficient * _trace(_word_rate(word, velocities), _size(word))
        for outer, word, coefficient in _chain(expression)
    ]
    whole = sympy.Add(*parts)
    return sympy.S.Zero if _is_zero(whole) else sympy.expand(whole)


def gradient(expression: sympy.Expr, matrix: sympy.MatrixExpr) -> Words:
    """Return the derivative of a function of traces by a matrix, in the shape of the matrix.

    Of tr(P A Q) it is (Q P)^T. An undefined function of a matrix has a derivative of its own: a matrix symbol of the
    argument's shape, called after the function.
    """
    parts = []
    for outer, word, coefficient in _chain(expression):
        for place, (letter, flipped) in enumerate(word):
            _velocity(letter, {matrix: {}})
            if letter == matrix:
                around = word[place + 1 :] + word[:place]
                parts.append(scaled(_cut(around if flipped else _turned(around)), outer * coefficient))
    return total(*parts)


def _word_rate(word: Word, velocities: Mapping[sympy.MatrixExpr, Words]) -> Words:
    parts = []
    for place, (matrix, flipped) in enumerate(word):
        velocity = _velocity(matrix, velocities)
        moved = transposed(velocity) if flipped else velocity
        parts.append(times(times({word[:place]: sympy.S.One}, moved), {word[place + 1 :]: sympy.S.One}))
    return total(*parts)


def _velocity(matrix: sympy.MatrixExpr, velocities: Mapping[sympy.MatrixExpr, Words]) -> Words:
    if matrix in velocities:
        return velocities[matrix]
    if matrix.has(*velocities):
        raise InvalidInput(
            f"expression must be built of sums, products, transposes and traces of the variables; got {shown(matrix)}"
        )
    return {}


def _chain(expression: sympy.Expr) -> Iterator[tuple[sympy.Expr, Word, sympy.Expr]]:
    """Yield the words whose traces an expression depends on, each after the derivative by its trace."""
    for atom in sorted(expression.atoms(sympy.Trace) | _functions(expression), key=str):
        symbol = sympy.Dummy()
        outer = expression.xreplace({atom: symbol}).diff(symbol).xreplace({symbol: atom})
        if _functions(outer):
            raise InvalidInput(f"expression must be linear in undefined functions of matrices; got {shown(expression)}")
        if isinstance(atom, sympy.Trace):
            yield outer, _letters(atom.arg), sympy.S.One
            continue
        for place, argument in enumerate(atom.args, start=1):
            name = f"{atom.func}'" if len(atom.args) == 1 else f"{atom.func}_{place}'"
            slope = sympy.MatrixSymbol(name, *argument.shape)
            for word, coefficient in words(argument).items():
                yield outer, ((slope, True), *word), coefficient


def _functions(expression: sympy.Expr) -> set[sympy.Expr]:
    return {own for own in expression.atoms(AppliedUndef) if all(argument.is_Matrix for argument in own.args)}


def _is_zero(coefficient: sympy.Expr) -> bool:
    atoms = coefficient.atoms(sympy.Trace) | _functions(coefficient)
    return vanishes(coefficient.xreplace({atom: sympy.Dummy() for atom in atoms}))


def _cut(word: Word) -> Words:
    sizes = [_shape(letter)[0] for letter in word] + [_shape(letter)[1] for letter in word[-1:]]
    cuts = [place for place, size in enumerate(sizes) if size == 1]
    if len(cuts) < 2:
        return {word: sympy.S.One}
    scalars = (_canonical(word[start:end], rotate=False) for start, end in itertools.pairwise(cuts))
    return {word[: cuts[0]] + word[cuts[-1] :]: sympy.Mul(*scalars)}


def _trace(own: Words, size: sympy.Expr) -> sympy.Expr:
    terms = []
    for word, coefficient in own.items():
        sizes = [_shape(letter)[0] for letter in word]
        if not word:
            terms.append(coefficient * size)
        elif 1 in sizes:
            start = sizes.index(1)
            terms.append(coefficient * sympy.Mul(*_cut(word[start:] + word[:start]).values()))
        else:
            terms.append(coefficient * _canonical(word, rotate=True))
    return sympy.Add(*terms)


def _canonical(word: Word, *, rotate: bool) -> sympy.Expr:
    """Return the trace of a word under the first in order of the names that it has."""
    shifts = range(len(word)) if rotate else (0,)
    same = [own[shift:] + own[:shift] for own in (word, _turned(word)) for shift in shifts]
    first = min(same, key=lambda own: [(str(matrix), flipped) for matrix, flipped in own])
    return sympy.Trace(_matrix(first[0]) if len(first) == 1 else sympy.MatMul(*map(_matrix, first)))


def _letters(matrix: sympy.MatrixExpr) -> Word:
    factors = matrix.args if isinstance(matrix, sympy.MatMul) else (matrix,)
    return tuple((own.arg, True) if isinstance(own, sympy.Transpose) else (own, False) for own in factors)


def _size(word: Word) -> sympy.Expr:
    return _shape(word[0])[0]


def _shape(letter: Letter) -> tuple[sympy.Expr, sympy.Expr]:
    matrix, flipped = letter
    rows, columns = matrix.shape
    return (columns, rows) if flipped else (rows, columns)


def _turned(word: Word) -> Word:
    return tuple((matrix, not flipped) for matrix, flipped in reversed(word))


def _matrix(letter: Letter) -> sympy.MatrixExpr:
    matrix, flipped = letter
    return sympy.Transpose(matrix) if flipped else matrix
