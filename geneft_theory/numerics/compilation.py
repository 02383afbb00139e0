"""From a SymPy expression to a NumPy function that is accurate where the expression as written is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import sympy
from numpy.typing import ArrayLike, NDArray
from sympy.codegen.cfunctions import log1p
from sympy.codegen.rewriting import expm1_opt, optimize

from geneft_theory.errors import InvalidInput


def compile(expression: sympy.Expr, arguments: Sequence[sympy.Symbol]) -> Callable[..., NDArray[np.float64]]:
    """Return a function of arrays that evaluates `expression`; it broadcasts and returns float64.

    Powers with a symbolic exponent become exponentials and log-factorials replace factorials, so that
    1 - (1 - 1/b)^m keeps its digits for huge b, and log(n!) exists for n = 10^6.

    Parameters
    ----------
    expression : sympy.Expr
        A scalar expression.
    arguments : sequence of sympy.Symbol
        The order of the function's arguments; they must include every free symbol.

    Raises
    ------
    InvalidInput
        If a free symbol is not among the arguments.

    Examples
    --------
    >>> b, m = sympy.symbols("b m", positive=True)
    >>> known_fraction = compile(1 - (1 - 1 / b) ** m, [m, b])
    >>> float(known_fraction(1, 1e18))
    1e-18
    """
    missing = sorted(str(symbol) for symbol in expression.free_symbols - set(arguments))
    if missing:
        raise InvalidInput(f"arguments must include every free symbol; got none for {', '.join(missing)}")
    return _compiled(sympy.sympify(expression), tuple(arguments))


@lru_cache(maxsize=1024)
def _compiled(expression: sympy.Expr, arguments: tuple[sympy.Symbol, ...]) -> Callable[..., NDArray[np.float64]]:
    # SymPy turns loggamma of an integer symbol back into log(gamma), which overflows: forget what is assumed.
    plain = {symbol: sympy.Dummy(str(index), real=True) for index, symbol in enumerate(arguments)}
    function = sympy.lambdify(
        list(plain.values()), stable(expression.xreplace(plain)), modules=["scipy", "numpy"], cse=True
    )

    def evaluate(*values: ArrayLike) -> NDArray[np.float64]:
        arrays = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in values))
        shape = arrays[0].shape if arrays else ()
        # A constant expression comes back as one scalar, whatever the arguments' shape.
        return np.array(np.broadcast_to(np.asarray(function(*arrays), dtype=np.float64), shape))

    return evaluate


def stable(expression: sympy.Expr) -> sympy.Expr:
    """Return an equal expression that does not overflow or cancel where its value is moderate.

    Examples
    --------
    >>> n, b, m = sympy.symbols("n b m", positive=True)
    >>> stable(sympy.log(sympy.factorial(n)))
    loggamma(n + 1)
    >>> stable(1 - (1 - 1 / b) ** m)
    -expm1(m*log1p(-1/b))
    """
    symbolic = {
        power: sympy.exp(power.exp * sympy.log(power.base))
        for power in expression.atoms(sympy.Pow)
        if power.exp.free_symbols and not power.base.has(sympy.factorial)
    }
    argument = sympy.Wild("argument")
    logarithms_first = expression.xreplace(symbolic).replace(sympy.log(argument), _stable_log)
    return optimize(logarithms_first, [expm1_opt])


def _stable_log(argument: sympy.Expr) -> sympy.Expr:
    """Split the logarithm of a product of factorials into log-gammas, and use log1p next to 1."""
    argument = argument.rewrite(sympy.factorial)
    if not argument.has(sympy.factorial):
        constant, rest = argument.as_coeff_Add()
        return log1p(rest) if constant == 1 and rest != 0 else sympy.log(argument)
    terms = []
    for factor in sympy.Mul.make_args(argument):
        base, exponent = factor.as_base_exp()
        log_base = sympy.loggamma(base.args[0] + 1) if isinstance(base, sympy.factorial) else sympy.log(base)
        terms.append(exponent * log_base)
    return sympy.Add(*terms)
