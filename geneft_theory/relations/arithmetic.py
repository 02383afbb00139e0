"""Exact integer arithmetic on arrays for `from_expression`: Python's meaning, with everything that overflows refused.

A value is an int64 array (or a boolean one) with one entry a pair. Before each operation the magnitudes are bounded
with Python's own integers, so that no result can leave 62 bits unnoticed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput

Array = NDArray[Any]

LIMIT = 2**62


def magnitude(values: Array) -> int:
    """Return the largest absolute value in an array as a Python int; 0 for an empty one."""
    return max(int(values.max()), -int(values.min())) if values.size else 0


def require_below_limit(bound: int) -> None:
    """Refuse a result whose magnitude may reach 2^62."""
    if bound >= LIMIT:
        raise InvalidInput("text must keep every number below 2**62; got one that may be larger")


def add(left: Array, right: Array) -> Array:
    """Return left + right."""
    require_below_limit(magnitude(left) + magnitude(right))
    return left + right


def subtract(left: Array, right: Array) -> Array:
    """Return left - right."""
    require_below_limit(magnitude(left) + magnitude(right))
    return left - right


def multiply(left: Array, right: Array) -> Array:
    """Return left * right."""
    require_below_limit(magnitude(left) * magnitude(right))
    return left * right


def require_no_zero(divisor: Array) -> None:
    """Refuse a division by zero."""
    if not divisor.all():
        raise InvalidInput("text must not divide by zero; got a divisor that is 0 for some i, j")


def floor_divide(left: Array, right: Array) -> Array:
    """Return left // right, rounded down as in Python."""
    require_no_zero(right)
    return left // right


def remainder(left: Array, right: Array) -> Array:
    """Return left % right, with the sign of the divisor as in Python."""
    require_no_zero(right)
    return left % right


def power(base: Array, exponent: Array) -> Array:
    """Return base ** exponent for exponents >= 0."""
    if exponent.size and exponent.min() < 0:
        raise InvalidInput("text must not take a negative power; got an exponent below 0 for some i, j")
    size, highest = magnitude(base), magnitude(exponent)
    # 0 and 1 have every power; anything else has no 62-bit power beyond the 61st.
    if size > 1:
        require_below_limit(size**highest if highest < 62 else LIMIT)
    return base**exponent


ARITHMETIC: Mapping[type[ast.operator], Callable[[Array, Array], Array]] = {
    ast.Add: add,
    ast.Sub: subtract,
    ast.Mult: multiply,
    ast.FloorDiv: floor_divide,
    ast.Mod: remainder,
    ast.Pow: power,
}
LOGIC: Mapping[type[ast.operator], Callable[[Array, Array], Array]] = {
    ast.BitAnd: np.logical_and,
    ast.BitOr: np.logical_or,
    ast.BitXor: np.logical_xor,
}
COMPARISONS: Mapping[type[ast.cmpop], Callable[[Array, Array], Array]] = {
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
}


def evaluate(node: ast.expr, pairs: Mapping[str, Array]) -> Array:
    """Return the value of a checked tree at each pair; `pairs` gives i, j and n as arrays of one length."""
    match node:
        case ast.Name(id=name):
            return pairs[name]
        case ast.Constant(value=value):
            return np.full(pairs["n"].shape, value, dtype=np.int64)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return ~evaluate(operand, pairs)
        case ast.UnaryOp(op=op, operand=operand):
            signed = evaluate(operand, pairs)
            return -signed if isinstance(op, ast.USub) else signed
        case ast.BinOp(left=left, op=op, right=right):
            operation = ARITHMETIC.get(type(op)) or LOGIC[type(op)]
            return operation(evaluate(left, pairs), evaluate(right, pairs))
        case ast.BoolOp(op=op, values=values):
            return short_circuit(values, pairs, stop_at=isinstance(op, ast.Or))
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            return compare(left, list(zip(ops, comparators, strict=True)), pairs)
    raise AssertionError(f"{type(node).__name__} passed the whitelist")


def short_circuit(conditions: list[ast.expr], pairs: Mapping[str, Array], stop_at: bool) -> Array:
    """Return the conjunction (`stop_at` False) or disjunction (True); decided pairs are not computed further."""
    result = evaluate(conditions[0], pairs).copy()
    for condition in conditions[1:]:
        open_pairs = np.flatnonzero(result != stop_at)
        result[open_pairs] = evaluate(condition, {name: values[open_pairs] for name, values in pairs.items()})
    return result


def compare(left: ast.expr, links: list[tuple[ast.cmpop, ast.expr]], pairs: Mapping[str, Array]) -> Array:
    """Return a chained comparison a < b < c; the chain ends, as in Python, at the first link that fails."""
    result = np.ones(pairs["n"].shape, dtype=np.bool_)
    alive = np.arange(result.size)
    value = evaluate(left, pairs)
    for operator, comparator in links:
        other = evaluate(comparator, {name: values[alive] for name, values in pairs.items()})
        holds = COMPARISONS[type(operator)](value, other)
        result[alive[~holds]] = False
        alive, value = alive[holds], other[holds]
    return result
