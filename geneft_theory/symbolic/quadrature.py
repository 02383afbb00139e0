"""The probability of one side of a boundary by quadrature: exact in one variable, adaptive in the other.

At a fixed outer variable the side is a polynomial in the inner one. Between its real roots it keeps its sign, so that
the inner integral is a sum of differences of the normal distribution function. The outer integrand is smooth except
where the number of roots changes, and steep where the boundary crosses the bulk of the inner distribution; both kinds
of places are roots of polynomials, too, and become the ends of the panels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sympy
from numpy.typing import NDArray
from scipy.special import ndtr

from geneft_theory.errors import InvalidInput, shown
from geneft_theory.symbolic.roots import RealRoots, halves

# Beyond 12 standard deviations lies a probability of 4e-33.
REACH = 12.0

# In standard deviations: levels of the inner variable at whose crossing a panel ends.
LEVELS = (-8.0, -4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0, 8.0)


class HalfPlanes:
    """The side as polynomials, each valid where the variables have given signs.

    Parameters
    ----------
    side : sympy.Expr
        A rational function of the variables and their absolute values.
    variables : tuple of two sympy.Symbol
        In any order; the inner one is that of lower degree.
    parameters : sequence of sympy.Symbol
        The order in which their values will be given.
    """

    def __init__(
        self,
        side: sympy.Expr,
        variables: tuple[sympy.Symbol, sympy.Symbol],
        parameters: Sequence[sympy.Symbol],
    ) -> None:
        numerator, denominator = sympy.fraction(sympy.together(side))
        signed = numerator * denominator
        forms = [
            ((sign_one, sign_other), sympy.expand(form))
            for sign_one, half in halves(signed, variables[0])
            for sign_other, form in halves(half, variables[1])
        ]
        for _, form in forms:
            if not form.is_polynomial(*variables):
                raise InvalidInput(
                    "boundary must have a side that is polynomial in the variables and their absolute values; "
                    f"got {shown(side)}"
                )
        forms = [(signs, _odd_part(form, variables)) for signs, form in forms]
        degrees = [max(sympy.degree(form, variable) for _, form in forms) for variable in variables]
        self.inner_index = 0 if degrees[0] < degrees[1] else 1
        inner, outer = variables[self.inner_index], variables[1 - self.inner_index]
        self.pieces = [
            _Piece(form, signs[1 - self.inner_index], signs[self.inner_index], outer, inner, parameters)
            for signs, form in forms
        ]

    def probability(
        self,
        parameters: Sequence[NDArray[np.float64]],
        means: Sequence[NDArray[np.float64]],
        sigmas: Sequence[NDArray[np.float64]],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return probability and error bound for flat arrays of equal length; means and sigmas by variable."""
        from scipy.integrate import quad_vec

        inner, outer = self.inner_index, 1 - self.inner_index
        edges = np.concatenate(
            [
                np.array([-REACH, -6.0, -3.0, -1.0, 0.0, 1.0, 3.0, 6.0, REACH])[None, :].repeat(len(means[0]), axis=0),
                *(
                    (piece.breaks(parameters, means[inner], sigmas[inner]) - means[outer][:, None])
                    / sigmas[outer][:, None]
                    for piece in self.pieces
                ),
            ],
            axis=1,
        )
        edges = np.sort(np.clip(np.nan_to_num(edges, nan=REACH), -REACH, REACH), axis=1)
        left, width = edges[:, :-1], np.diff(edges, axis=1)

        def density(place: float) -> NDArray[np.float64]:
            # Flat at both ends of a panel, so that the square roots with which branches end become smooth.
            moved = place**3 * (10 - 15 * place + 6 * place**2)
            stretch = 30 * place**2 * (1 - place) ** 2
            standard = left + width * moved
            value = means[outer][:, None] + sigmas[outer][:, None] * standard
            columns = [parameter[:, None] for parameter in parameters]
            share = sum(
                piece.share(value, columns, means[inner][:, None], sigmas[inner][:, None]) for piece in self.pieces
            )
            weight = np.exp(-(standard**2) / 2) / np.sqrt(2 * np.pi)
            total: NDArray[np.float64] = (share * weight * width).sum(axis=1) * stretch
            return total

        # Far out a polynomial may overflow, to the infinity of the right sign.
        with np.errstate(over="ignore", invalid="ignore"):
            value, error = quad_vec(density, 0, 1, epsabs=1e-13, epsrel=1e-12, norm="max", limit=200)
        return np.clip(value, 0, 1), np.full(len(value), float(error))


def _odd_part(form: sympy.Expr, variables: tuple[sympy.Symbol, sympy.Symbol]) -> sympy.Expr:
    """Return a polynomial of the same sign without repeated factors, whose double roots rounding would split."""
    constant, factors = sympy.factor_list(form, *variables)
    return sympy.expand(constant * sympy.Mul(*(factor for factor, power in factors if power % 2)))


class _Piece:
    """One polynomial form of the side, on one half or the whole line of each variable."""

    def __init__(
        self,
        form: sympy.Expr,
        outer_sign: int,
        inner_sign: int,
        outer: sympy.Symbol,
        inner: sympy.Symbol,
        parameters: Sequence[sympy.Symbol],
    ) -> None:
        self.outer_sign, self.inner_sign = outer_sign, inner_sign
        self.roots = RealRoots(form, inner, [outer, *parameters])
        level = sympy.Dummy("level")
        crossings = form.subs(inner, level)
        self.crossings = RealRoots(crossings, outer, [level, *parameters])
        polynomial = sympy.Poly(form, inner)
        special = [polynomial.LC()]
        if polynomial.degree() >= 2:
            special.append(polynomial.discriminant())
        if inner_sign:
            special.append(form.subs(inner, 0))
        self.special = [
            RealRoots(sympy.expand(expression), outer, list(parameters))
            for expression in special
            if expression.has(outer)
        ]

    def breaks(
        self,
        parameters: Sequence[NDArray[np.float64]],
        mean: NDArray[np.float64],
        sigma: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Return the values of the outer variable at which the integrand is not smooth or steep, padded with nan."""
        found = [self.crossings(mean + level * sigma, *parameters) for level in LEVELS]
        found += [roots(*parameters) for roots in self.special]
        if self.outer_sign:
            found.append(np.zeros((len(mean), 1)))
        return np.concatenate([np.broadcast_to(roots, (len(mean), roots.shape[-1])) for roots in found], axis=1)

    def share(
        self,
        outer: NDArray[np.float64],
        parameters: Sequence[NDArray[np.float64]],
        mean: NDArray[np.float64],
        sigma: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Return the probability, given the outer variable, that the side is positive within this piece."""
        coefficients = self.roots.coefficients(outer, *parameters)
        roots = self.roots(outer, *parameters)
        low = 0.0 if self.inner_sign > 0 else -np.inf
        high = 0.0 if self.inner_sign < 0 else np.inf
        ends = np.sort(np.clip(np.nan_to_num(roots, nan=high), low, high), axis=-1)
        shape = (*ends.shape[:-1], 1)
        ends = np.concatenate([np.full(shape, low), ends, np.full(shape, high)], axis=-1)
        values = _horner(coefficients, _between(ends))
        cumulative = ndtr((ends - mean[..., None]) / sigma[..., None])
        within = np.where(values > 0, np.diff(cumulative, axis=-1), 0).sum(axis=-1)
        return np.where(self.outer_sign * outer >= 0, within, 0.0)


def _between(ends: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a point inside each interval, the infinite ones included."""
    lower, upper = ends[..., :-1], ends[..., 1:]
    finite_lower, finite_upper = np.isfinite(lower), np.isfinite(upper)
    below, above = np.where(finite_lower, lower, 0.0), np.where(finite_upper, upper, 0.0)
    return np.select(
        [finite_lower & finite_upper, finite_lower, finite_upper],
        [(below + above) / 2, 2 * np.abs(below) + 1, -2 * np.abs(above) - 1],
        0.0,
    )


def _horner(coefficients: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return polynomials, coefficients in the last axis, at several places each, in the last axis too."""
    values = np.zeros_like(places)
    for power in range(coefficients.shape[-1]):
        values = values * places + coefficients[..., power, None]
    return values
