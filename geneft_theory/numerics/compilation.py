"""From a SymPy expression to a NumPy or torch function that is accurate where the expression as written is not."""

from __future__ import annotations

import builtins
import dis
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, reduce
from typing import Any, Literal, overload

import numpy as np
import sympy
from numpy.typing import ArrayLike, NDArray
from sympy.codegen.cfunctions import log1p
from sympy.codegen.rewriting import expm1_opt, optimize

from geneft_theory.errors import InvalidInput, require_choice, shown
from geneft_theory.numerics.domains import require_distinct, require_real, require_symbol

BACKENDS = ("numpy", "torch")


@overload
def compile(
    expression: Sequence[sympy.Expr], arguments: Sequence[sympy.Symbol], backend: Literal["numpy"] = "numpy"
) -> Callable[..., tuple[NDArray[np.float64], ...]]: ...
@overload
def compile(
    expression: sympy.Basic, arguments: Sequence[sympy.Symbol] | None = None, backend: Literal["numpy"] = "numpy"
) -> Callable[..., NDArray[np.float64]]: ...
@overload
def compile(expression: Any, arguments: Sequence[sympy.Symbol] | None = None, backend: str = "numpy") -> Any: ...
def compile(expression: Any, arguments: Sequence[sympy.Symbol] | None = None, backend: str = "numpy") -> Any:
    """Return a function of arrays that evaluates `expression`; it broadcasts.

    Powers with a symbolic exponent become exponentials and log-factorials replace factorials, so that
    1 - (1 - 1/b)^m keeps its digits for huge b, and log(n!) exists for n = 10^6.

    Parameters
    ----------
    expression : sympy.Expr, a sequence of them, or a Statement
        A scalar expression. A sequence gives a function that returns a tuple and computes what its members share
        once. A `Statement` stands for its right side.
    arguments : sequence of sympy.Symbol, optional
        The order of the function's arguments; they must include every free symbol. A statement alone may leave them
        out: then they are its quantities, in the order of `Statement.arguments`.
    backend : {"numpy", "torch"}
        "numpy": takes numbers and arrays, returns new float64 arrays. "torch": takes tensors (and numbers), returns
        tensors of the same dtype on the same device, through which gradients flow.

    Raises
    ------
    InvalidInput
        If a free symbol is not among the arguments, an argument is no symbol or named twice, an expression is not real
        and finite, the backend is unknown, or torch has no such function.

    Notes
    -----
    Compiled functions are kept: the same expression is not compiled twice.

    Examples
    --------
    >>> b, m = sympy.symbols("b m", positive=True)
    >>> known_fraction = compile(1 - (1 - 1 / b) ** m, [m, b])
    >>> float(known_fraction(1, 1e18))
    1e-18
    >>> radius, area = compile((b, sympy.pi * b**2), [b])(2)
    >>> float(radius), round(float(area), 2)
    (2.0, 12.57)
    """
    require_choice("backend", backend, BACKENDS)
    if arguments is None:
        if not hasattr(expression, "arguments"):
            raise InvalidInput("arguments must be given, unless the expression is a Statement; got None")
        arguments = [quantity.symbol for quantity in expression.arguments]
    if not isinstance(arguments, Sequence):
        raise InvalidInput(f"arguments must be a sequence of symbols; got {shown(arguments)}")
    for argument in arguments:
        require_symbol("arguments", argument)
    require_distinct("arguments", arguments)
    expression = getattr(expression, "right_side", expression)
    several = isinstance(expression, (tuple, list, sympy.Tuple))
    expressions = tuple(_scalar(entry) for entry in (expression if several else (expression,)))
    # Of an entry such as A[0, 0] the matrix counts as free, too, unless the entry as a whole is replaced first.
    known = {argument: sympy.Dummy() for argument in arguments}
    free = set().union(*(entry.xreplace(known).free_symbols for entry in expressions))
    missing = sorted(map(str, free - set(known.values())))
    if missing:
        raise InvalidInput(f"arguments must include every free symbol; got none for {', '.join(missing)}")
    function = _compiled(expressions, tuple(arguments), backend)
    return function if several else _first(function)


def _scalar(expression: Any) -> sympy.Expr:
    expression = sympy.sympify(expression)
    if not isinstance(expression, sympy.Expr) or not getattr(expression, "is_scalar", True):
        raise InvalidInput(f"expression must be a scalar SymPy expression or several of them; got {shown(expression)}")
    require_real("expression", expression)
    return expression


@lru_cache(maxsize=1024)
def _first(function: Callable[..., tuple[Any, ...]]) -> Callable[..., Any]:
    return lambda *values: function(*values)[0]


@lru_cache(maxsize=1024)
def _compiled(
    expressions: tuple[sympy.Expr, ...], arguments: tuple[sympy.Symbol, ...], backend: str
) -> Callable[..., tuple[Any, ...]]:
    # SymPy turns loggamma of an integer symbol back into log(gamma), which overflows: forget what is assumed.
    plain = {symbol: sympy.Dummy(str(index), real=True) for index, symbol in enumerate(arguments)}
    rewritten = tuple(stable(expression.xreplace(plain)) for expression in expressions)
    if backend == "torch":
        from geneft_theory.numerics.tensors import tensor_function

        return tensor_function(rewritten, list(plain.values()))
    function = numpy_function(rewritten, list(plain.values()))

    def evaluate(*values: ArrayLike) -> tuple[NDArray[np.float64], ...]:
        if len(values) != len(plain):
            raise InvalidInput(f"values must be given for {', '.join(map(str, plain)) or 'nothing'}; got {len(values)}")
        try:
            arrays = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in values))
        except (TypeError, ValueError):
            raise InvalidInput(f"values must be numbers and arrays that broadcast; got {shown(values)}") from None
        shape = arrays[0].shape if arrays else ()
        # A constant expression comes back as one scalar, whatever the arguments' shape.
        return tuple(
            np.array(np.broadcast_to(np.asarray(value, dtype=np.float64), shape)) for value in function(*arrays)
        )

    return evaluate


def numpy_function(
    expressions: Sequence[sympy.Expr],
    arguments: Sequence[sympy.Symbol],
    printer: Any = None,
    names: Mapping[str, Any] | None = None,
) -> Callable[..., tuple[Any, ...]]:
    """Return SymPy's translation of the expressions as they stand: no checks, no broadcasting of constants."""
    from scipy import special

    if not expressions:
        return _nothing  # SymPy 1.12 writes a syntax error
    # SymPy's printer does not know that SciPy has the first three, and SciPy's Lambert function is complex.
    special_functions = {
        "elliptic_k": special.ellipk,
        "elliptic_f": special.ellipkinc,
        "elliptic_e": _elliptic_e,
        "lambertw": _real_lambert_w,
        # SymPy before 1.14 asks for the extremum of a tuple, whose entries must not differ in shape.
        "amax": lambda entries, axis: reduce(np.maximum, entries),
        "amin": lambda entries, axis: reduce(np.minimum, entries),
    }
    modules = [{**special_functions, **(names or {})}, "scipy", "numpy"]
    function = sympy.lambdify(list(arguments), tuple(expressions), modules=modules, printer=printer, cse=True)
    unknown = sorted(names_needed(function) - set(function.__globals__) - set(dir(builtins)))
    if unknown:
        raise InvalidInput(f"expression must be made of functions that SciPy has; it lacks {', '.join(unknown)}")
    return function  # type: ignore[no-any-return]


def _nothing(*arguments: Any) -> tuple[Any, ...]:
    return ()


def names_needed(function: Callable[..., Any]) -> set[str]:
    """Return the names that a function looks up outside itself."""
    return {str(step.argval) for step in dis.get_instructions(function) if step.opname == "LOAD_GLOBAL"}


def _real_lambert_w(argument: Any, branch: Any = 0) -> Any:
    """Return a real branch of Lambert's function, nan where it is complex."""
    from scipy.special import lambertw

    value = lambertw(argument, branch)
    return np.where(value.imag == 0, value.real, np.nan)


def _elliptic_e(*arguments: Any) -> Any:
    from scipy import special

    return special.ellipe(*arguments) if len(arguments) == 1 else special.ellipeinc(*arguments)


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
