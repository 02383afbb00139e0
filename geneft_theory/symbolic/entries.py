"""Matrices and indexed symbols, entry by entry: what a flow of scalars makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy
from sympy.core.function import AppliedUndef
from sympy.matrices.expressions.matexpr import MatrixElement

from geneft_theory.errors import InvalidInput, shown
from geneft_theory.numerics.domains import require_mapping, require_real


def names(expression: sympy.Basic) -> set[sympy.Expr]:
    """Return what an expression is a function of: free symbols, and entries of matrices and of indexed symbols.

    Examples
    --------
    >>> x, i, N = sympy.IndexedBase("x"), *sympy.symbols("i N")
    >>> sorted(names(x[1] * sympy.Sum(x[i], (i, 1, N))), key=str)
    [N, x, x[1]]
    """
    entries = {
        entry
        for entry in expression.atoms(sympy.Indexed, MatrixElement)
        if all(index.is_Integer for index in entry.args[1:]) and entry.args[0].is_symbol
    }
    rest = expression.xreplace({entry: sympy.Dummy() for entry in entries})
    free = {symbol for symbol in rest.free_symbols if not isinstance(symbol, sympy.Indexed | sympy.Dummy)}
    return entries | free | {symbol for symbol in expression.free_symbols if isinstance(symbol, sympy.Dummy)}


def explicit(expression: Any, name: str = "expression") -> Any:
    """Return an expression without matrices: a scalar, or an explicit matrix of scalars.

    Sums between integer limits are written out, matrix symbols of integer shape replaced by their entries, a function
    of a matrix by the same function of its entries, row by row.

    Raises
    ------
    InvalidInput
        If it is no SymPy expression or matrix, or has a matrix of symbolic shape.

    Examples
    --------
    >>> A, x = sympy.MatrixSymbol("A", 1, 2), sympy.MatrixSymbol("x", 2, 1)
    >>> explicit(sympy.Trace(A * x))
    A[0, 0]*x[0, 0] + A[0, 1]*x[1, 0]
    """
    try:
        expression = sympy.sympify(expression, strict=True)
    except sympy.SympifyError:
        raise InvalidInput(f"{name} must be a SymPy expression; got {shown(expression)}") from None
    if isinstance(expression, sympy.MatrixBase):
        return expression.applyfunc(lambda entry: explicit(entry, name)).as_immutable()
    if not isinstance(expression, sympy.Expr):
        raise InvalidInput(f"{name} must be a SymPy expression; got {shown(expression)}")
    written = expression.replace(_is_finite_sum, _written_out)
    if written.is_Matrix:
        return _entries(written, name).applyfunc(lambda entry: explicit(entry, name))
    written = written.replace(sympy.Trace, lambda matrix: _entries(matrix, name).trace())
    written = written.replace(sympy.Determinant, lambda matrix: _entries(matrix, name).det())
    return written.replace(_is_function_of_a_matrix, lambda function: _of_entries(function, name))


def trainable_entries(key: Any, expression: sympy.Expr, name: str) -> list[sympy.Expr]:
    """Return the scalars that a key of a mapping stands for: itself, the entries of a matrix, what an indexed symbol
    has in the expression.

    Raises
    ------
    InvalidInput
        If the key is no symbol, has no integer shape, or occurs with an index that is no integer.
    """
    if isinstance(key, sympy.MatrixBase | sympy.MatrixExpr) and not isinstance(key, MatrixElement):
        scalars = list(_entries(key, name))
    elif isinstance(key, sympy.IndexedBase):
        scalars = sorted((entry for entry in expression.atoms(sympy.Indexed) if entry.base == key), key=_place)
        if any(not index.is_Integer for entry in scalars for index in entry.indices):
            raise InvalidInput(f"{name} must have integer indices everywhere; got {key} in {shown(scalars)}")
    else:
        scalars = [key]
    for scalar in scalars:
        if not getattr(scalar, "_diff_wrt", False) or isinstance(scalar, sympy.MatrixExpr):
            raise InvalidInput(f"{name} must be given for symbols; got {shown(scalar)}")
        if scalar.is_extended_real is False:
            raise InvalidInput(f"{name} must be given for symbols that can be real; got {shown(scalar)}")
    return scalars


def entrywise(values: Mapping[Any, Any], name: str) -> dict[sympy.Expr, sympy.Expr]:
    """Return a mapping from symbols or matrices to expressions or matrices of the same shape, entry by entry."""
    scalars: dict[sympy.Expr, sympy.Expr] = {}
    for key, value in require_mapping(name, values).items():
        written = explicit(value, name)
        require_real(f"{name} of {shown(key)}", written)
        keys = trainable_entries(key, sympy.S.Zero, name)
        shape = key.shape if getattr(key, "is_Matrix", False) else None
        if getattr(written, "shape", None) != shape:
            raise InvalidInput(f"{name} must have the shape of their keys; got {shown(value)} for {shown(key)}")
        scalars.update(zip(keys, written if shape else [written], strict=True))
    return scalars


def _place(entry: sympy.Indexed) -> tuple[int, ...]:
    return tuple(int(index) if index.is_Integer else 0 for index in entry.indices)


def _is_finite_sum(expression: sympy.Basic) -> bool:
    return isinstance(expression, sympy.Sum) and all(
        bound.is_Integer for limit in expression.limits for bound in limit[1:]
    )


def _written_out(total: sympy.Sum) -> sympy.Expr:
    summand = total.function
    return sympy.Sum(summand[0, 0] if summand.is_Matrix else summand, *total.limits).doit()


def _is_function_of_a_matrix(expression: sympy.Basic) -> bool:
    return isinstance(expression, AppliedUndef) and any(argument.is_Matrix for argument in expression.args)


def _of_entries(function: sympy.Expr, name: str) -> sympy.Expr:
    arguments = ([*_entries(part, name)] if part.is_Matrix else [part] for part in function.args)
    return function.func(*(entry for part in arguments for entry in part))


def _entries(matrix: Any, name: str) -> sympy.ImmutableDenseMatrix:
    if isinstance(matrix, sympy.MatrixBase):
        return matrix.as_immutable()
    try:
        return matrix.as_explicit().as_immutable()
    except ValueError:
        raise InvalidInput(f"{name} must be of integer shape to have entries; got {shown(matrix)}") from None
