"""Any expression as a rational function of symbols between which no algebraic relation is known.

`exp(x)` and `exp(-x / 2)` are powers of one such symbol, `tanh` is rational in it, `sin` and `cos` are two with a
relation that is divided out; a logarithm, an undefined function or a derivative of one is a symbol of its own. What is
zero in these symbols is zero; the converse holds as far as the symbols really are independent, as exponentials of
polynomials without a common factor in the exponent are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sympy
from sympy.polys.rings import PolyElement, PolyRing, ring

from geneft_theory.symbolic.entries import names
from geneft_theory.symbolic.fractions import common_factors, fraction
from geneft_theory.symbolic.kernels import Kernels


@dataclass(frozen=True)
class PolynomialSystem:
    """Expressions brought to one common denominator, as polynomials over the integers.

    The generators of the ring are `kernels`, then the variables in the order given, then `parameters`; the first and
    the last in the symbols that stand for them.
    """

    numerators: tuple[PolyElement, ...]
    kernels: int
    variables: int
    meaning: tuple[sympy.Expr, ...]


def polynomial_system(expressions: Sequence[sympy.Expr], variables: Sequence[sympy.Expr]) -> PolynomialSystem:
    """Return the expressions over their common denominator, as polynomials in kernels, variables and parameters.

    Raises
    ------
    InvalidInput
        If an expression divides by zero, or is not built of numbers, names and functions of them.
    """
    parameters = sorted(set().union(*(names(expression) for expression in expressions)) - set(variables), key=str)
    real = {name: _real(name) for name in (*variables, *parameters)}
    kernels = Kernels([real[variable] for variable in variables])
    plain = kernels.settled([expression.xreplace(real) for expression in expressions])
    moving: list[sympy.Expr] = []
    still: list[sympy.Expr] = []
    # A kernel comes before what it is made of, as the order of its relation to that needs it.
    for kernel, symbol in reversed(kernels.standing_for.items()):
        (moving if kernel.free_symbols & set(kernels.variables) else still).append(symbol)
    still += [real[name] for name in parameters if real[name] not in kernels.roots]
    generators = [*moving, *kernels.variables, *still] or [sympy.Dummy()]
    polynomials, *elements = ring(generators, sympy.ZZ, sympy.lex)
    known = dict(zip(generators, elements, strict=True))
    fractions = [fraction(expression, known, polynomials) for expression in plain]
    common = common_factors(fractions)
    ties = [_relation(*tie, known, polynomials) for tie in kernels.relations]
    ties = [tie for tie in ties if tie is not None]
    numerators = (own.over(common) for own in fractions)
    meaning = {symbol: kernel for kernel, symbol in kernels.standing_for.items()}
    back = {symbol: name for name, symbol in real.items()}
    return PolynomialSystem(
        tuple(numerator.rem(ties) if ties else numerator for numerator in numerators),
        len(moving),
        len(kernels.variables),
        tuple(meaning.get(generator, generator).xreplace(back) for generator in generators),
    )


def _real(name: sympy.Expr) -> sympy.Expr:
    """Return a name itself if SymPy knows it to be real, else a symbol for it that is."""
    if not name.is_Symbol:
        return sympy.Dummy(str(name), real=True)
    return name if name.is_real else sympy.Dummy(str(name), real=True)


def _relation(
    symbol: sympy.Dummy,
    degree: int,
    value: sympy.Expr,
    known: Mapping[sympy.Expr, PolyElement],
    polynomials: PolyRing,
) -> PolyElement | None:
    power = fraction(value, known, polynomials)
    return None if power.factors else known[symbol] ** degree - power.numerator


def vanishes(expression: sympy.Expr) -> bool:
    """Whether an expression is zero, decided exactly wherever its functions are independent.

    Examples
    --------
    >>> x = sympy.Symbol("x")
    >>> vanishes(sympy.tanh(x) - (1 - sympy.exp(-2 * x)) / (1 + sympy.exp(-2 * x)))
    True
    """
    return (
        bool(expression == 0) or polynomial_system([expression], sorted(names(expression), key=str)).numerators[0] == 0
    )
