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


def linear_probability(
    side: sympy.Expr, variables: tuple[sympy.Symbol, sympy.Symbol], priors: tuple[Gaussian, Gaussian]
) -> sympy.Expr | None:
    """Return the probability that a linear side is positive, or None if it is not linear.

    A sum of Gaussians is Gaussian. Where its mean is 0 the probability is 1/2 whatever the standard deviations.

    Examples
    --------
    >>> x, y = sympy.symbols("x y", real=True)
    >>> linear_probability(x - 1, (x, y), (Gaussian(0, 1), Gaussian(0, 1)))
    erfc(sqrt(2)/2)/2
    """
    if not side.is_polynomial(*variables):
        return None
    polynomial = sympy.Poly(side, *variables)
    if polynomial.total_degree() != 1:
        return None
    slopes = [polynomial.coeff_monomial(variable) for variable in variables]
    mean = side.subs(
        {variable: prior.mean for variable, prior in zip(variables, priors, strict=True)}, simultaneous=True
    )
    variance = sum((slope * prior.standard_deviation) ** 2 for slope, prior in zip(slopes, priors, strict=True))
    mean = sympy.simplify(mean)
    if mean.is_zero:
        return sympy.Rational(1, 2)
    return sympy.erfc(-mean / sympy.sqrt(2 * sympy.simplify(variance))) / 2
