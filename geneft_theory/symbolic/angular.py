"""The probability of one side of a boundary made of rays, in closed form.

Where the side is a homogeneous function, its sign depends on the direction only. For two centred Gaussians the slope
|y / x| is distributed as (sigma_y / sigma_x) |tan(angle)| with a uniform angle, the same in each quadrant: a sector
between two slopes has a probability that is a difference of arctangents.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

import sympy

from geneft_theory.symbolic.planar import at, quadrants, sign_of


def sector_probability(
    side: sympy.Expr, variables: tuple[sympy.Symbol, sympy.Symbol], sigmas: tuple[sympy.Expr, sympy.Expr]
) -> sympy.Expr | None:
    """Return the probability that a homogeneous side is positive, for centred Gaussians of the variables.

    None where the side is not homogeneous, or where SymPy cannot find its roots or, by the assumptions on the
    parameters, not order them.
    """
    forms: dict[sympy.Expr, int] = {}
    slope = sympy.Dummy("slope", positive=True)
    for quadrant in quadrants(variables):
        sizes = [abs(quadrant[variable]) for variable in variables]
        form = sympy.expand(at(side, quadrant))
        if not form.is_polynomial(*sizes) or not sympy.Poly(form, *sizes).is_homogeneous:
            return None
        form = sympy.expand(form.subs(dict(zip(sizes, (1, slope), strict=True))))
        forms[form] = forms.get(form, 0) + 1
    total = sympy.Integer(0)
    for form, times in forms.items():
        share = _positive_share(form, slope, sigmas[0] / sigmas[1])
        if share is None:
            return None
        total += sympy.Rational(times, 4) * share
    return sympy.expand(total)


def _positive_share(form: sympy.Expr, slope: sympy.Dummy, scale: sympy.Expr) -> sympy.Expr | None:
    """Return the probability of the slopes at which a polynomial is positive, within one quadrant."""
    polynomial = sympy.Poly(form, slope)
    roots = _positive_roots(polynomial)
    sign = sign_of(polynomial.LC())
    if roots is None or sign is None:
        return None
    # From the steepest slope down: the sign beyond it is that of the leading coefficient.
    share, upper = sympy.Integer(0), sympy.Integer(1)
    for root in [*reversed(roots), None]:
        lower = sympy.Integer(0) if root is None else 2 / sympy.pi * sympy.atan(sympy.simplify(root * scale))
        if sign > 0:
            share += upper - lower
        sign, upper = -sign, lower
    return share


def _positive_roots(polynomial: sympy.Poly) -> list[sympy.Expr] | None:
    """Return the positive roots of odd multiplicity in ascending order, or None if that cannot be told."""
    if polynomial.degree() <= 0:
        return []
    if all(coefficient.is_Rational for coefficient in polynomial.all_coeffs()):
        found: dict[sympy.Expr, int] = {}
        for root in polynomial.real_roots():
            found[root] = found.get(root, 0) + 1
    else:
        found = sympy.roots(polynomial)
        if sum(found.values()) != polynomial.degree():
            return None
    kept = []
    for root, multiplicity in found.items():
        root = sympy.simplify(root)
        if root.is_real is None or (root.is_real and root.is_positive is None):
            return None
        if root.is_positive and multiplicity % 2:
            kept.append(root)
    return _ascending(kept)


def _ascending(roots: Iterable[sympy.Expr]) -> list[sympy.Expr] | None:
    roots = list(roots)
    order: dict[tuple[sympy.Expr, sympy.Expr], int | None] = {
        (one, other): sign_of(one - other) for one in roots for other in roots if one != other
    }
    if None in order.values():
        return None
    return sorted(roots, key=functools.cmp_to_key(lambda one, other: order.get((one, other), 0) or 0))
