"""Numbers for symbols, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, require_array, require_broadcast


def named_values(symbols: Sequence[sympy.Symbol], values: Mapping[str, Any]) -> list[NDArray[np.float64]]:
    """Return the values in the order of the symbols, checked against what the symbols are declared to be."""
    names = {str(symbol): symbol for symbol in symbols}
    if set(values) != set(names):
        raise InvalidInput(f"values must be given for {', '.join(names)}; got {', '.join(values) or 'none'}")
    arrays = {
        name: require_array(
            name, values[name], low=0 if symbol.is_nonnegative else -np.inf, open_low=bool(symbol.is_positive)
        )
        for name, symbol in names.items()
    }
    require_broadcast(arrays)
    return list(arrays.values())
