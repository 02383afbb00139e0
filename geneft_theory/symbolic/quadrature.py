"""The probability of one side of a boundary by quadrature: exact in one variable, adaptive in the other.

At a fixed outer variable the side is a function of the inner one that keeps its sign between its roots, so that the
inner integral is a sum of differences of the normal distribution function (`geneft_theory.symbolic.pieces`). The outer
integrand is smooth except where the number of roots changes, and steep where the boundary crosses the bulk of the
inner distribution; both kinds of places become the ends of the panels. In polynomials they are roots of polynomials,
too; else they are looked for on a grid, and one that is missed costs accuracy of which the quadrature's own error
estimate tells.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sympy
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, shown
from geneft_theory.symbolic.pieces import Normal, PolynomialPiece, SampledPiece
from geneft_theory.symbolic.roots import halves

# Beyond 12 standard deviations lies a probability of 4e-33.
REACH = 12.0

# As many integrals are done at once: enough to make NumPy fast, few enough to stay within some 100 MB.
BLOCK = 1024
SAMPLED_BLOCK = 16

# The absolute error that is aimed at, where roots come from formulas and where they are searched.
ACCURACY = 1e-13
SAMPLED_ACCURACY = 1e-9

# So many panels and bisections keep a search on grids to seconds; what they cost in accuracy the error tells.
SAMPLED_PANELS = 96
SAMPLED_BISECTIONS = 20


class HalfPlanes:
    """The side as functions, each valid where the variables have given signs.

    Parameters
    ----------
    side : sympy.Expr
        An expression in the variables and parameters.
    variables : tuple of two sympy.Symbol
        In any order; the inner one is that in which the side is polynomial, of lower degree if it is so in both.
    parameters : sequence of sympy.Symbol
        The order in which their values will be given.
    """

    def __init__(
        self,
        side: sympy.Expr,
        variables: tuple[sympy.Symbol, sympy.Symbol],
        parameters: Sequence[sympy.Symbol],
    ) -> None:
        self.side = side
        forms = _forms(side, variables)
        degrees = [
            max(sympy.degree(form, variable) for _, form in forms)
            if all(form.is_polynomial(variable) for _, form in forms)
            else sympy.oo
            for variable in variables
        ]
        self.inner_index = 0 if degrees[0] < degrees[1] else 1
        self.sampled = sympy.oo in degrees
        kind = SampledPiece if min(degrees) == sympy.oo else PolynomialPiece
        self.block = SAMPLED_BLOCK if kind is SampledPiece else BLOCK
        inner, outer = variables[self.inner_index], variables[1 - self.inner_index]
        self.pieces = [
            kind(form, signs[1 - self.inner_index], signs[self.inner_index], outer, inner, parameters)
            for signs, form in forms
        ]

    def probability(
        self,
        parameters: Sequence[NDArray[np.float64]],
        means: Sequence[NDArray[np.float64]],
        sigmas: Sequence[NDArray[np.float64]],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return probability and error bound for flat arrays of equal length; means and sigmas by variable.

        Raises
        ------
        InvalidInput
            If the side is not real with a probability above the accuracy aimed at.
        """
        blocks = []
        for start in range(0, len(means[0]), self.block):
            now = slice(start, start + self.block)
            # Far out a function may overflow, to the infinity of the right sign; what has no value is counted.
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                blocks.append(
                    self._block(*([array[now] for array in arrays] for arrays in (parameters, means, sigmas)))
                )
        value, error = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        return value, error

    def _block(
        self,
        parameters: Sequence[NDArray[np.float64]],
        means: Sequence[NDArray[np.float64]],
        sigmas: Sequence[NDArray[np.float64]],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        from scipy.integrate import quad_vec

        inner, outer = (Normal(means[index], sigmas[index]) for index in (self.inner_index, 1 - self.inner_index))
        left, width = self._panels(parameters, inner, outer)
        wide_inner = Normal(*(part[:, None] for part in inner))
        columns = [parameter[:, None] for parameter in parameters]

        def density(place: float) -> NDArray[np.float64]:
            # Flat at both ends of a panel, so that the square roots with which branches end become smooth.
            moved = place**3 * (10 - 15 * place + 6 * place**2)
            stretch = 30 * place**2 * (1 - place) ** 2
            standard = left + width * moved
            value = outer.mean[:, None] + outer.sigma[:, None] * standard
            shares = [np.stack(piece.share(value, columns, wide_inner)) for piece in self.pieces]
            weight = np.exp(-(standard**2) / 2) / np.sqrt(2 * np.pi)
            total: NDArray[np.float64] = (sum(shares) * weight * width).sum(axis=-1) * stretch
            return total

        accuracy = SAMPLED_ACCURACY if self.sampled else ACCURACY

        def integrals(error: float, limit: int) -> tuple[NDArray[np.float64], float]:
            found, remaining = quad_vec(density, 0, 1, epsabs=error, epsrel=10 * ACCURACY, norm="max", limit=limit)
            return np.asarray(found), float(remaining)

        if self.block == BLOCK:
            (value, doubtful, undefined), error = integrals(accuracy, limit=200)
        else:
            (value, doubtful, undefined), error = integrals(accuracy, limit=1)
            # Where the roots themselves are in doubt, a better integral of them is worth nothing.
            worth = max(accuracy, float(doubtful.max()))
            if error > worth:
                (value, doubtful, undefined), error = integrals(worth, SAMPLED_BISECTIONS)
        if undefined.max() > max(accuracy, error):
            raise InvalidInput(
                f"boundary must have a side that is real wherever the priors reach; {shown(self.side)} is not with "
                f"probability {undefined.max():.2g}"
            )
        return np.clip(value, 0, 1), doubtful + undefined + error

    def _panels(
        self, parameters: Sequence[NDArray[np.float64]], inner: Normal, outer: Normal
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return left ends and widths, in standard deviations of the outer variable, of shape (entries, panels)."""
        fixed = np.array([-REACH, -6.0, -3.0, -1.0, 0.0, 1.0, 3.0, 6.0, REACH])
        places = np.concatenate(
            [own for piece in self.pieces for own in piece.breaks(parameters, inner, outer)], axis=1
        )
        edges = np.concatenate(
            [
                np.broadcast_to(fixed, (len(inner.mean), len(fixed))),
                (places - outer.mean[:, None]) / outer.sigma[:, None],
            ],
            axis=1,
        )
        edges = np.sort(np.clip(np.nan_to_num(edges, nan=REACH), -REACH, REACH), axis=1)
        if self.block == SAMPLED_BLOCK and edges.shape[1] > SAMPLED_PANELS:
            chosen = np.linspace(0, edges.shape[1] - 1, SAMPLED_PANELS + 1).round().astype(int)
            edges = edges[:, chosen]
        # Panels that are empty in every entry cost as much as others.
        kept = np.any(np.diff(edges, axis=1) > 0, axis=0)
        return edges[:, :-1][:, kept], np.diff(edges, axis=1)[:, kept]


def _forms(side: sympy.Expr, variables: tuple[sympy.Symbol, sympy.Symbol]) -> list[tuple[tuple[int, int], sympy.Expr]]:
    """Return expressions of the sign of the side, without absolute values of one variable, by the variables' signs."""
    numerator, denominator = sympy.fraction(sympy.together(side))
    signed = numerator * denominator
    try:
        forms = [
            ((sign_one, sign_other), sympy.expand(form))
            for sign_one, half in halves(signed, variables[0])
            for sign_other, form in halves(half, variables[1])
        ]
    except InvalidInput:  # absolute values of several variables together are left to the grid
        return [((0, 0), side)]
    if any(all(form.is_polynomial(variable) for _, form in forms) for variable in variables):
        return [(signs, _odd_part(form, variables)) for signs, form in forms]
    return forms


def _odd_part(form: sympy.Expr, variables: tuple[sympy.Symbol, sympy.Symbol]) -> sympy.Expr:
    """Return an expression of the same sign without repeated factors, whose double roots rounding would split."""
    if form.is_polynomial(*variables):
        constant, factors = sympy.factor_list(form, *variables)
        return sympy.expand(constant * sympy.Mul(*(factor for factor, power in factors if power % 2)))
    # A root may be real only on a part of the plane, and its square with it: that factor stays.
    parts = [factor.as_base_exp() for factor in sympy.Mul.make_args(sympy.factor(form))]
    odd = (base ** (power % 2 if power.is_Integer and base.is_real else power) for base, power in parts)
    return sympy.expand(sympy.Mul(*odd))
