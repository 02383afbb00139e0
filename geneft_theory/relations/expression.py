"""A relation from a line of arithmetic such as "(i + j) % 3 == 0", read as data and never run as code.

The text is parsed to a syntax tree; every node must be on a short whitelist; the tree is then computed with NumPy
on many pairs (i, j) at once. Integers and truth values are kept apart, so a slip of precedence such as
"i < j & j < n", which Python reads as "i < (j & j) < n", is refused instead of meaning something else.
"""

from __future__ import annotations

import ast
import warnings
from typing import Any, Literal

import numpy as np

from geneft_theory.errors import InvalidInput, shown
from geneft_theory.relations.arithmetic import ARITHMETIC, COMPARISONS, LIMIT, LOGIC, evaluate
from geneft_theory.relations.relation import Relation, require_symbols

Kind = Literal["an integer", "a truth value"]

LONGEST_TEXT = 1000
DEEPEST_NESTING = 50
PAIRS_AT_ONCE = 2**18  # bounds the memory of one step whatever n is

ALLOWED = "the names i, j, n, integers, + - * // % **, comparisons, and, or, not, & | ^"


def from_expression(n: int, text: str) -> Relation:
    """Return the relation that holds wherever a line of arithmetic in i and j is true.

    Parameters
    ----------
    n : int
        Number of symbols, 1 to 10,000; i and j run from 0 to n - 1.
    text : str
        At most 1000 characters made of the names i, j, n, integers, ``+ - * // % **``, comparisons (also chained),
        ``and``, ``or``, ``not``, and ``& | ^`` between truth values. It means what it means in Python, including
        that ``and`` and ``or`` stop as soon as they are decided: "j > 0 and i % j == 0" divides by no zero.

    Returns
    -------
    Relation
        Its name is "expression:TEXT" with white space made single.

    Raises
    ------
    InvalidInput
        When the text holds anything else (a function call, an attribute, a float, ...), is a number instead of
        a statement, is too long or too deep, divides by zero, takes a negative power, or meets an integer of 2^62
        or more.

    Examples
    --------
    >>> from_expression(3, "(i + j) % 3 == 0").matrix.astype(int).tolist()
    [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    >>> from_expression(3, "abs(i - j) == 1")
    Traceback (most recent call last):
        ...
    geneft_theory.errors.InvalidInput: text may hold only the names i, j, n, integers, + - * // % **, comparisons, \
and, or, not, & | ^; got a call in 'abs(i - j)'
    """
    n = require_symbols(n)
    if not isinstance(text, str):
        raise InvalidInput(f"text must be a string; got {shown(text)}")
    if len(text) > LONGEST_TEXT:
        raise InvalidInput(f"text must be at most {LONGEST_TEXT} characters long; got {len(text)}")
    text = " ".join(text.split())
    tree = syntax_tree(text)
    if kind(tree) != "a truth value":
        raise InvalidInput(f"text must be true or false for each i, j, such as '... == 0'; got a number: {shown(text)}")
    matrix = np.empty((n, n), dtype=np.bool_)
    rows_at_once = max(1, PAIRS_AT_ONCE // n)
    for start in range(0, n, rows_at_once):
        rows = np.arange(start, min(start + rows_at_once, n))
        pairs = {"i": np.repeat(rows, n), "j": np.tile(np.arange(n), rows.size), "n": np.full(rows.size * n, n)}
        matrix[rows] = evaluate(tree, pairs).reshape(rows.size, n)
    return Relation(matrix, f"expression:{text}", "expression", {"text": text})


def syntax_tree(text: str) -> ast.expr:
    """Return the syntax tree of one Python expression, or refuse the text; nothing is executed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python comments on odd but valid text such as "1and 2"
            tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InvalidInput(f"text must be one expression in i, j, n; got {shown(text)}") from None
    level: list[ast.AST] = [tree]
    for _ in range(DEEPEST_NESTING):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return tree
    # Refused here, before any function that recurses sees the tree.
    raise InvalidInput(f"text must be nested less than {DEEPEST_NESTING} levels deep; got {shown(text)}")


def kind(node: ast.expr) -> Kind:
    """Return whether a tree yields an integer or a truth value, or refuse what is not on the whitelist."""
    match node:
        case ast.Name(id="i" | "j" | "n"):
            return "an integer"
        case ast.Constant(value=int(value)) if not isinstance(value, bool):
            if value >= LIMIT:
                raise InvalidInput(f"text must hold integers below 2**62; got {shown(value)}")
            return "an integer"
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return require_kind("an integer", [operand], node)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return require_kind("a truth value", [operand], node)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
            return require_kind("an integer", [left, right], node)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in LOGIC:
            return require_kind("a truth value", [left, right], node)
        case ast.BoolOp(values=values):
            return require_kind("a truth value", values, node)
        case ast.Compare(left=left, ops=ops, comparators=rest) if all(type(op) in COMPARISONS for op in ops):
            require_kind("an integer", [left, *rest], node)
            return "a truth value"
    raise InvalidInput(f"text may hold only {ALLOWED}; got {description(node)} in {shown(ast.unparse(node))}")


def require_kind(expected: Kind, operands: list[ast.expr], parent: ast.expr) -> Kind:
    """Return the kind that all operands share, or refuse a mixture such as "i and 1"."""
    for operand in operands:
        if (found := kind(operand)) != expected:
            part, whole = shown(ast.unparse(operand)), shown(ast.unparse(parent))
            raise InvalidInput(f"text must have {expected} where {part} stands in {whole}; got {found}")
    return expected


def description(node: Any) -> str:
    """Return what a refused node is, in words."""
    words = {
        ast.Call: "a call",
        ast.Attribute: "an attribute",
        ast.Name: "an unknown name",
        ast.Constant: "a constant that is no integer",
    }
    return words.get(type(node), f"a construct of type {type(node).__name__}")
