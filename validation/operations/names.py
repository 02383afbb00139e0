"""Operations by name, as settings, tables and the command line hold them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from geneft_theory.errors import InvalidInput, shown
from geneft_theory.grokking import Operation, addition, modular_addition, symmetric_group

FAMILIES: dict[str, Callable[[int], Operation]] = {
    "addition": addition,
    "modular-addition": modular_addition,
    "symmetric-group": symmetric_group,
}


@lru_cache(maxsize=32)
def parse_operation(name: str) -> Operation:
    """Return the operation with this name: a family and its size, such as ``"addition:10"``.

    Parameters
    ----------
    name : str
        ``"addition:P"`` or ``"modular-addition:P"`` of the numbers 0 ... P-1, P >= 2, or ``"symmetric-group:N"``, the
        composition of the permutations of N things through their matrices, N = 2 or 3 ...

    Returns
    -------
    geneft_theory.grokking.Operation
        The operation.

    Raises
    ------
    InvalidInput
        When there is no such family, or the size is not an integer in its domain.

    Examples
    --------
    >>> parse_operation("addition:10")
    Operation('addition', p=10)
    """
    family, separator, size = name.partition(":") if isinstance(name, str) else ("", "", "")
    if family not in FAMILIES or not separator or not (size.isascii() and size.isdigit()):
        expected = ", ".join(f"{family}:SIZE" for family in FAMILIES)
        raise InvalidInput(f"operation must be one of {expected}; got {shown(name)}")
    return FAMILIES[family](int(size))
