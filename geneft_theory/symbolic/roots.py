"""Real roots of polynomials whose coefficients are arrays, and expressions with absolute values as polynomials."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sympy
from numpy.typing import ArrayLike, NDArray

from geneft_theory.errors import InvalidInput, shown
from geneft_theory.numerics import compile

# A double root comes out of an eigenvalue solver as a pair split by the square root of the rounding error.
ROUNDED_PAIR = 1e-7


def real_roots(coefficients: ArrayLike) -> NDArray[np.float64]:
    """Return the real roots of polynomials, in ascending order, then nan for those that are missing.

    Linear and quadratic polynomials by formula, others as eigenvalues of the companion matrix. A pair of complex roots
    that rounding may have split off the real axis counts as real.

    Parameters
    ----------
    coefficients : array_like
        Of shape (..., degree + 1), highest power first; leading zeros are allowed.

    Returns
    -------
    numpy.ndarray
        Of shape (..., degree), with multiplicities. The polynomial 0 has no roots here, nor has one of degree 3 or more
        with a coefficient that is not finite.

    Examples
    --------
    >>> real_roots([[1, 0, -4], [1, 0, 4], [0, 2, 6]])
    array([[-2.,  2.],
           [nan, nan],
           [-3., nan]])
    """
    coefficients = np.asarray(coefficients, dtype=np.float64)
    shape, degree = coefficients.shape[:-1], coefficients.shape[-1] - 1
    flat = coefficients.reshape(-1, degree + 1)
    roots = np.full((len(flat), degree), np.nan)
    leading = np.argmax(flat != 0, axis=1)
    # An eigenvalue solver refuses the whole batch where one coefficient overflowed or is undefined.
    finite = np.isfinite(flat).all(axis=1)
    for start in np.unique(leading):
        rows = (leading == start) & (flat[:, start] != 0) & (finite | (start >= degree - 2))
        if start < degree:
            roots[rows, : degree - start] = _roots_of_degree(flat[rows, start:])
    return np.sort(roots, axis=1).reshape(*shape, degree)


def _roots_of_degree(coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the real roots where no leading coefficient is zero."""
    degree = coefficients.shape[1] - 1
    if degree == 1:
        return -coefficients[:, 1:] / coefficients[:, :1]
    if degree == 2:
        return _quadratic_roots(*coefficients.T)
    companion = np.zeros((len(coefficients), degree, degree))
    companion[:, np.arange(1, degree), np.arange(degree - 1)] = 1
    companion[:, 0, :] = -coefficients[:, 1:] / coefficients[:, :1]
    roots = np.linalg.eigvals(companion)
    real = np.abs(roots.imag) <= ROUNDED_PAIR * np.abs(roots)
    return np.where(real, roots.real, np.nan)


def _quadratic_roots(a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]) -> NDArray[np.float64]:
    discriminant = b * b - 4 * a * c
    # The root without cancellation first; the other from the product of both.
    far = -(b + np.copysign(np.sqrt(np.maximum(discriminant, 0)), b)) / 2
    near = np.divide(c, far, out=np.zeros_like(far), where=far != 0)
    roots = np.stack([far / a, near], axis=1)
    return np.where(discriminant[:, None] >= 0, roots, np.nan)


class RealRoots:
    """The real roots in one variable of an expression that is a polynomial in it, for arrays of all other symbols.

    Parameters
    ----------
    expression : sympy.Expr
        A polynomial in `variable`.
    variable : sympy.Symbol
        The unknown.
    arguments : sequence of sympy.Symbol
        The order in which the other symbols' values are given.

    Raises
    ------
    InvalidInput
        If `expression` is no polynomial in `variable`.

    Examples
    --------
    >>> x, k = sympy.symbols("x k", real=True)
    >>> RealRoots(x**2 - k, x, [k])([4, -1])
    array([[-2.,  2.],
           [nan, nan]])
    """

    def __init__(self, expression: sympy.Expr, variable: sympy.Symbol, arguments: Sequence[sympy.Symbol]) -> None:
        if not expression.is_polynomial(variable):
            raise InvalidInput(f"expression must be a polynomial in {variable}; got {shown(expression)}")
        coefficients = sympy.Poly(sympy.expand(expression), variable).all_coeffs()
        self.degree = len(coefficients) - 1
        self._coefficients = [compile(coefficient, arguments) for coefficient in coefficients]

    def coefficients(self, *values: ArrayLike) -> NDArray[np.float64]:
        """Return the coefficients at the arguments' values, of shape (..., degree + 1)."""
        return np.stack([coefficient(*values) for coefficient in self._coefficients], axis=-1)

    def __call__(self, *values: ArrayLike) -> NDArray[np.float64]:
        """Return the real roots at the arguments' values, of shape (..., degree), padded with nan."""
        return real_roots(self.coefficients(*values))


def halves(expression: sympy.Expr, variable: sympy.Symbol) -> list[tuple[int, sympy.Expr]]:
    """Return an expression without absolute values and signs of a variable, by the sign of the variable.

    The forms come as (1, where it is positive) and (-1, where it is negative); if there was nothing to remove, the
    expression comes alone, with 0.

    Examples
    --------
    >>> x, y = sympy.symbols("x y", real=True)
    >>> halves(abs(x) - y, x)
    [(1, x - y), (-1, -x - y)]
    >>> halves(x - abs(y), x)
    [(0, x - Abs(y))]
    """
    if not any(kink.has(variable) for kink in expression.atoms(sympy.Abs, sympy.sign)):
        return [(0, expression)]
    size = sympy.Dummy(positive=True)
    forms = [(sign, expression.subs(variable, sign * size).subs(size, sign * variable)) for sign in (1, -1)]
    for _, form in forms:
        if any(kink.has(variable) for kink in form.atoms(sympy.Abs, sympy.sign)):
            raise InvalidInput(f"absolute values must be those of one variable each; got {shown(expression)}")
    return forms
