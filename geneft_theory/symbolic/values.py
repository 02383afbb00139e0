"""Numbers for symbols, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, require_broadcast
from geneft_theory.numerics.domains import require_mapping, require_value


def named_values(symbols: Sequence[sympy.Symbol], values: Mapping[str, Any]) -> list[NDArray[np.float64]]:
    """Return the values in the order of the symbols, checked against what the symbols are declared to be."""
    names = {str(symbol): symbol for symbol in symbols}
    require_mapping("values", values)
    if set(values) != set(names):
        raise InvalidInput(f"values must be given for {', '.join(names)}; got {', '.join(values) or 'none'}")
    arrays = {name: require_value(symbol, values[name]) for name, symbol in names.items()}
    require_broadcast(arrays)
    return list(arrays.values())
