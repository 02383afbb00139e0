"""One form of a boundary's side, on one half or the whole line of each variable: where it is positive.

The probability that the side is positive, given the outer variable, is a sum of differences of the normal distribution
function between its roots in the inner one. These come from a formula where the side is polynomial in the inner
variable, else from a grid (`geneft_theory.symbolic.brackets`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import sympy
from numpy.typing import NDArray
from scipy.special import ndtr

from geneft_theory.numerics import compile
from geneft_theory.symbolic.brackets import UNDEFINED, changes, grid, labels, sampled, sections
from geneft_theory.symbolic.roots import RealRoots

# In standard deviations: levels of the inner variable at whose crossing a panel ends.
LEVELS = (-8.0, -4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0, 8.0)

Array = NDArray[np.float64]


class Normal(NamedTuple):
    """Means and standard deviations of a variable, one for each entry."""

    mean: Array
    sigma: Array


class Share(NamedTuple):
    """Probabilities given the outer variable: positive, doubtful as half the grid says otherwise, without value."""

    positive: Array
    doubtful: Array
    undefined: Array


class Places:
    """Where an expression changes its sign as a function of the outer variable."""

    def __init__(self, expression: sympy.Expr, outer: sympy.Symbol, arguments: Sequence[sympy.Symbol]) -> None:
        polynomial = expression.is_polynomial(outer)
        self._roots = RealRoots(sympy.expand(expression), outer, arguments) if polynomial else None
        self._value = compile(expression, (outer, *arguments))

    def __call__(self, normal: Normal, *values: Array) -> Array:
        """Return the places, of shape (entries, most places), padded with nan."""
        if self._roots is not None:
            roots = self._roots(*values)
            return np.broadcast_to(roots, (len(normal.mean), roots.shape[-1]))
        nodes = grid(*normal)
        return changes(
            lambda place, rows: labels(self._value(place, *(value[rows] for value in values))),
            nodes,
        )


class PolynomialPiece:
    """A form that is polynomial in the inner variable."""

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
        self.crossings = Places(form.subs(inner, level), outer, [level, *parameters])
        polynomial = sympy.Poly(form, inner)
        special = [polynomial.LC()]
        if polynomial.degree() >= 2:
            special.append(polynomial.discriminant())
        if inner_sign:
            special.append(form.subs(inner, 0))
        self.special = [Places(expression, outer, parameters) for expression in special if expression.has(outer)]

    def breaks(self, parameters: Sequence[Array], inner: Normal, outer: Normal) -> list[Array]:
        """Return the values of the outer variable at which the integrand is not smooth or steep, padded with nan."""
        found = [self.crossings(outer, inner.mean + level * inner.sigma, *parameters) for level in LEVELS]
        found += [places(outer, *parameters) for places in self.special]
        if self.outer_sign:
            found.append(np.zeros((len(outer.mean), 1)))
        return found

    def share(self, outer: Array, parameters: Sequence[Array], inner: Normal) -> Share:
        """Return the probability, given the outer variable, that the side is positive within this piece."""
        coefficients = self.roots.coefficients(outer, *parameters)
        roots = self.roots(outer, *parameters)
        low = 0.0 if self.inner_sign > 0 else -np.inf
        high = 0.0 if self.inner_sign < 0 else np.inf
        ends = np.sort(np.clip(np.nan_to_num(roots, nan=high), low, high), axis=-1)
        shape = (*ends.shape[:-1], 1)
        ends = np.concatenate([np.full(shape, low), ends, np.full(shape, high)], axis=-1)
        values = _horner(coefficients, _between(ends))
        mass = np.diff(ndtr((ends - inner.mean[..., None]) / inner.sigma[..., None]), axis=-1)
        here = self.outer_sign * outer >= 0
        positive = np.where(here, np.where(values > 0, mass, 0).sum(axis=-1), 0.0)
        undefined = np.where(here & np.isnan(coefficients).any(axis=-1), mass.sum(axis=-1), 0.0)
        return Share(positive, np.zeros_like(positive), undefined)


class SampledPiece:
    """A form of any kind, its roots in the inner variable found on a grid."""

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
        self.value = compile(form, (inner, outer, *parameters))
        level = sympy.Dummy("level")
        self.crossings = Places(form.subs(inner, level), outer, [level, *parameters])

    def breaks(self, parameters: Sequence[Array], inner: Normal, outer: Normal) -> list[Array]:
        """Return the values of the outer variable at which the integrand is not smooth or steep, padded with nan."""
        found = [self.crossings(outer, inner.mean + level * inner.sigma, *parameters) for level in LEVELS]
        found.append(changes(lambda place, rows: self._roots(place, rows, parameters, inner), grid(*outer)[:, ::4]))
        if self.outer_sign:
            found.append(np.zeros((len(outer.mean), 1)))
        return found

    def _roots(
        self, outer: Array, rows: NDArray[np.intp], parameters: Sequence[Array], inner: Normal
    ) -> NDArray[np.intp]:
        """Return the number of roots in the inner variable."""
        shape, entry = outer.shape, np.broadcast_to(rows, outer.shape).ravel()
        columns = [outer.ravel(), *(parameter[entry] for parameter in parameters)]
        nodes = grid(inner.mean[entry], inner.sigma[entry], self.inner_sign)[:, ::2]
        _, found = sampled(lambda place, own: self.value(place, *(column[own] for column in columns)), nodes)
        counts: NDArray[np.intp] = (found[:, 1:] != found[:, :-1]).sum(axis=1).reshape(shape)
        return counts

    def share(self, outer: Array, parameters: Sequence[Array], inner: Normal) -> Share:
        """Return the probability, given the outer variable, that the side is positive within this piece."""
        arrays = np.broadcast_arrays(outer, *parameters, inner.mean, inner.sigma)
        outer_flat, *columns, mean, sigma = (array.ravel() for array in arrays)
        here = np.flatnonzero(self.outer_sign * outer_flat >= 0)
        columns = [outer_flat[here], *(column[here] for column in columns)]
        mean, sigma = mean[here], sigma[here]
        nodes = grid(mean, sigma, self.inner_sign)
        found = [self._on_grid(own, columns, Normal(mean, sigma)) for own in (nodes, nodes[:, ::2])]
        (positive, undefined), (coarse, _) = found
        whole = np.zeros((3, outer_flat.size))
        whole[:, here] = positive, np.abs(positive - coarse), undefined
        return Share(*whole.reshape(3, *arrays[0].shape))

    def _on_grid(self, nodes: Array, columns: Sequence[Array], inner: Normal) -> tuple[Array, Array]:
        low = 0.0 if self.inner_sign > 0 else -np.inf
        high = 0.0 if self.inner_sign < 0 else np.inf

        def function(place: Array, rows: NDArray[np.intp]) -> Array:
            value: Array = self.value(place, *(column[rows] for column in columns))
            return value

        nodes, found = sampled(function, nodes)
        ends = sections(function, nodes, found, low, high)
        mass = np.diff(ndtr((ends - inner.mean[:, None]) / inner.sigma[:, None]), axis=1)
        return np.where(found == 1, mass, 0).sum(axis=1), np.where(found == UNDEFINED, mass, 0).sum(axis=1)


def _between(ends: Array) -> Array:
    """Return a point inside each interval, the infinite ones included."""
    lower, upper = ends[..., :-1], ends[..., 1:]
    finite_lower, finite_upper = np.isfinite(lower), np.isfinite(upper)
    below, above = np.where(finite_lower, lower, 0.0), np.where(finite_upper, upper, 0.0)
    return np.select(
        [finite_lower & finite_upper, finite_lower, finite_upper],
        [(below + above) / 2, 2 * np.abs(below) + 1, -2 * np.abs(above) - 1],
        0.0,
    )


def _horner(coefficients: Array, places: Array) -> Array:
    """Return polynomials, coefficients in the last axis, at several places each, in the last axis too."""
    values = np.zeros_like(places)
    for power in range(coefficients.shape[-1]):
        values = values * places + coefficients[..., power, None]
    return values
