"""Compiled expressions on torch tensors. Of the whole package only this file imports torch, and only when called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, reduce
from typing import Any

import numpy as np
import sympy
from sympy.printing.numpy import SciPyPrinter

from geneft_theory.errors import InvalidInput
from geneft_theory.numerics.compilation import names_needed

# Functions that torch and NumPy call by the same name.
SAME_NAME = (
    *("exp", "expm1", "log", "log1p", "sqrt", "hypot", "logaddexp", "erf", "erfc", "digamma"),
    *("sin", "cos", "tan", "arcsin", "arccos", "arctan", "arctan2"),
    *("sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh"),
    *("sign", "floor", "ceil", "maximum", "minimum"),
    *("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"),
)


def tensor_function(
    expressions: Sequence[sympy.Expr], arguments: Sequence[sympy.Symbol]
) -> Callable[..., tuple[Any, ...]]:
    """Return a function of tensors or numbers that evaluates all expressions; see `compile`.

    Raises
    ------
    InvalidInput
        If an expression contains a function that torch does not have.
    """
    import torch

    if not expressions:
        return lambda *values: ()
    # Code is written with NumPy's names, for which torch's functions then stand.
    names = _torch_by_numpy_name()
    printer = SciPyPrinter({"fully_qualified_modules": False, "inline": True, "allow_unknown_functions": True})
    function = sympy.lambdify(list(arguments), tuple(expressions), modules=[names], printer=printer, cse=True)
    unknown = sorted(names_needed(function) - set(names) - {"reduce", "pi"})
    if unknown:
        raise InvalidInput(f"backend 'torch' must have every function of the expression; it lacks {', '.join(unknown)}")

    def evaluate(*values: Any) -> tuple[torch.Tensor, ...]:
        given = [value for value in values if isinstance(value, torch.Tensor)]
        floating = [tensor.dtype for tensor in given if tensor.is_floating_point()]
        dtype = reduce(torch.promote_types, floating) if floating else torch.get_default_dtype()
        # A number in a tensor without axes may stay on the CPU; where any tensor has axes, that is the place.
        device = max(given, key=lambda tensor: tensor.ndim > 0).device if given else None
        tensors = [torch.as_tensor(value, dtype=dtype, device=device) for value in values]
        shape = np.broadcast_shapes(*(tuple(tensor.shape) for tensor in tensors))
        return tuple(torch.as_tensor(value, dtype=dtype, device=device).expand(shape) for value in function(*tensors))

    return evaluate


@cache
def _torch_by_numpy_name() -> dict[str, Any]:
    import torch

    def tensor(value: Any) -> torch.Tensor:
        return value if isinstance(value, torch.Tensor) else torch.tensor(value, dtype=torch.float64)

    def on_tensors(function: Callable[..., Any]) -> Callable[..., Any]:
        """Let a function of tensors take numbers, too: log(2), max(0, x)."""
        return lambda *values: function(*map(tensor, values))

    def select(conditions: Sequence[Any], choices: Sequence[Any], default: float) -> Any:
        chosen = tensor(default)
        for condition, choice in reversed(list(zip(conditions, choices, strict=True))):
            chosen = torch.where(torch.as_tensor(condition), tensor(choice), chosen)
        return chosen

    class Reducing:
        """NumPy writes a condition with several parts as logical_and.reduce((...))."""

        def __init__(self, function: Callable[..., Any]) -> None:
            self.function = function

        def reduce(self, values: Sequence[Any]) -> Any:
            return reduce(self.function, values)

    same = {name: on_tensors(getattr(torch, name)) for name in SAME_NAME}
    return same | {
        "loggamma": on_tensors(torch.lgamma),
        "gammaln": on_tensors(torch.lgamma),
        "factorial": on_tensors(lambda n: torch.exp(torch.lgamma(n + 1))),
        "abs": abs,
        "select": select,
        "nan": float("nan"),
        "logical_and": Reducing(torch.logical_and),
        "logical_or": Reducing(torch.logical_or),
    }
