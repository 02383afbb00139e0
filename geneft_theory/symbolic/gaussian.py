"""Gaussian initial conditions."""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from geneft_theory.errors import InvalidInput, shown


@dataclass(frozen=True)
class Gaussian:
    """A normal distribution with a mean and a standard deviation, as numbers or expressions.

    Parameters
    ----------
    mean : sympy.Expr or float
        The mean; real.
    standard_deviation : sympy.Expr or float
        The standard deviation, > 0.

    Raises
    ------
    InvalidInput
        If the mean is known not to be real or the standard deviation not to be positive.

    Examples
    --------
    >>> sigma = sympy.Symbol("sigma", positive=True)
    >>> Gaussian(0, sigma)
    Gaussian(mean=0, standard_deviation=sigma)
    """

    mean: sympy.Expr
    standard_deviation: sympy.Expr

    def __post_init__(self) -> None:
        for name in ("mean", "standard_deviation"):
            try:
                value = sympy.sympify(getattr(self, name), strict=True)
            except sympy.SympifyError:
                value = None
            known = isinstance(value, sympy.Expr) and value is not sympy.nan
            if not known or value.is_real is False or value.is_finite is False:
                raise InvalidInput(f"{name} must be a real number or expression; got {shown(getattr(self, name))}")
            object.__setattr__(self, name, value)
        if self.standard_deviation.is_positive is False:
            raise InvalidInput(f"standard_deviation must be > 0; got {shown(self.standard_deviation)}")
