"""Numbers and expressions that go with symbols: what is declared of a symbol holds for its value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, require_array, shown


def require_mapping(name: str, value: Any) -> Mapping[Any, Any]:
    """Return a mapping, or refuse what is none."""
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{name} must be a mapping; got {shown(value)}")
    return value


def require_value(symbol: Any, value: Any, name: str | None = None) -> NDArray[np.float64]:
    """Return the value of a symbol as an array, or refuse one that the symbol's assumptions rule out.

    Examples
    --------
    >>> require_value(sympy.Symbol("eta", positive=True), -1)
    Traceback (most recent call last):
        ...
    geneft_theory.errors.InvalidInput: eta must lie in (0, inf); got -1
    """
    name = name or str(symbol)
    array = require_array(
        name,
        value,
        low=0 if symbol.is_nonnegative else -np.inf,
        high=0 if symbol.is_nonpositive else np.inf,
        open_low=bool(symbol.is_positive),
        open_high=bool(symbol.is_negative),
    )
    if symbol.is_integer and np.any(array != np.floor(array)):
        raise InvalidInput(f"{name} must be an integer; got {array[array != np.floor(array)].flat[0]:g}")
    if symbol.is_zero is False and np.any(array == 0):
        raise InvalidInput(f"{name} must not be 0; got 0")
    return array


def require_real(name: str, expression: sympy.Basic) -> None:
    """Refuse an expression that is not finite, or has the imaginary unit."""
    # Sums and integrals may reach to infinity.
    plain = expression.xreplace({part: sympy.Dummy() for part in expression.atoms(sympy.Sum, sympy.Integral)})
    if plain.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo, sympy.I):
        raise InvalidInput(f"{name} must be real and finite; got {shown(expression)}")


def require_distinct(name: str, symbols: Iterable[Any]) -> None:
    """Refuse symbols of which one is given twice, or two differ in their assumptions alone."""
    seen: set[str] = set()
    for symbol in symbols:
        if not isinstance(symbol, sympy.Dummy) and str(symbol) in seen:
            raise InvalidInput(f"{name} must have different names; got {symbol} twice")
        seen.add(str(symbol))


def require_symbol(name: str, symbol: Any) -> None:
    """Refuse what can be no variable or argument: anything but symbols, entries and undefined functions."""
    if not isinstance(symbol, sympy.Basic) or not getattr(symbol, "_diff_wrt", False):
        raise InvalidInput(f"{name} must be SymPy symbols; got {shown(symbol)}")
