"""Invariant algebraic curves through a fixed point: polynomials P with dP/dt = K P, so that P = 0 is never crossed.

They are Darboux polynomials of the field and K is their cofactor. Searching P and K at once is a non-linear problem;
where one knows the point it becomes linear, in one of two ways. Through a saddle there is only one stable manifold,
and its Taylor series, exact to any order, leaves at most one polynomial of each degree. And a constant K can only be
a sum of eigenvalues of the fixed point.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import mpmath
import sympy

from geneft_theory.symbolic.planar import PlanarField, Point, at, sign_of


def stable_directions(field: PlanarField, point: Point) -> list[tuple[sympy.Expr, sympy.Matrix]] | None:
    """Return eigenvalue and direction of each invariant curve through a saddle along which the flow comes in.

    `point` is a saddle of the reduced field. At one of the full field one direction comes in. Where lines of fixed
    points cross, the common factor has a sign in each sector, and both may, or none.

    None where the assumptions on the symbols do not tell the directions.
    """
    jacobian = field.jacobian(point)
    root = sympy.sqrt(sympy.factor(jacobian.trace() ** 2 / 4 - jacobian.det()))
    incoming = []
    # The determinant is negative, so that one eigenvalue is negative and the other positive.
    for sign in (-1, 1):
        eigenvalue = sympy.simplify(jacobian.trace() / 2 + sign * root)
        direction = _eigenvector(jacobian, eigenvalue)
        along = [_sign_along(field, point, ray) for ray in (direction, -direction)]
        if None in along:
            return None
        if any(sign * ray < 0 for ray in along if ray is not None):
            incoming.append((eigenvalue, direction))
    return incoming


def _eigenvector(jacobian: sympy.Matrix, eigenvalue: sympy.Expr) -> sympy.Matrix:
    """Return a vector that the 2 by 2 matrix minus the eigenvalue sends to zero."""
    shifted = (jacobian - eigenvalue * sympy.eye(2)).applyfunc(sympy.simplify)
    row = next(row for row in (shifted.row(0), shifted.row(1)) if any(entry != 0 for entry in row))
    vector = sympy.Matrix([-row[1], row[0]])
    # The common factor of both entries, roots included, is of no use; a 1 is easier to read.
    scale = next(entry for entry in vector if entry != 0)
    return (vector / scale).applyfunc(sympy.radsimp)


def _sign_along(field: PlanarField, point: Point, ray: sympy.Matrix) -> int | None:
    """Return the sign of the common factor on a ray close to the point."""
    step = sympy.Dummy("step", positive=True)
    moved = {variable: point[variable] + step * entry for variable, entry in zip(field.variables, ray, strict=True)}
    return sign_of(sympy.expand(at(field.common, moved)).as_leading_term(step))


def curve_along(
    field: PlanarField, point: Point, eigenvalue: sympy.Expr, direction: sympy.Matrix, degree: int
) -> sympy.Expr | None:
    """Return the polynomial of least degree whose zeros contain the invariant curve that leaves in a direction.

    None if there is none up to `degree`. A field that is not polynomial is only tried with straight lines.
    """
    x, y = field.variables
    line = sympy.expand(direction[0] * (y - point[y]) - direction[1] * (x - point[x]))
    if not field.polynomial:
        return line if is_invariant(field, line) else None
    numeric, place, values = field.at_generic_parameters(point)
    along = (eigenvalue.subs(values).evalf(30), direction.subs(values).evalf(30))
    for trial in range(1, degree + 1):
        # Most curves are not algebraic. In numbers that is found at once, in nested roots it may take minutes.
        if not _fits(numeric, place, *along, trial):
            continue
        found = line if trial == 1 else _algebraic_curve(field, point, eigenvalue, direction, trial)
        if found is not None and is_invariant(field, found):
            return found
    return None


def is_invariant(field: PlanarField, polynomial: sympy.Expr) -> bool:
    """Return whether the polynomial's rate of change vanishes where it does."""
    rate = sum(
        polynomial.diff(variable) * velocity for variable, velocity in zip(field.variables, field.reduced, strict=True)
    )
    if field.polynomial:
        _, rest = sympy.reduced(sympy.expand(rate), [polynomial], *field.variables)
        return bool(sympy.simplify(rest) == 0)
    for variable in field.variables:
        if polynomial.diff(variable) != 0:
            (value,) = sympy.solve(polynomial, variable)
            return bool(sympy.simplify(rate.subs(variable, value)) == 0)
    return False


def _powers(degree: int) -> list[tuple[int, int]]:
    return [(i, j) for i, j in itertools.product(range(degree + 1), repeat=2) if 0 < i + j <= degree]


def _on_series(
    field: PlanarField, point: Point, eigenvalue: sympy.Expr, direction: sympy.Matrix, degree: int
) -> sympy.Matrix:
    """Return the Taylor coefficients of each monomial along the curve, one monomial a column, a few more rows."""
    step = sympy.Dummy("step")
    order = len(_powers(degree)) + 2
    series = _series(field, point, eigenvalue, direction, step, order)
    columns = []
    for i, j in _powers(degree):
        # The series is one of the displacement from the point, and so is the polynomial.
        value = sympy.Poly(sympy.expand(series[0] ** i * series[1] ** j), step)
        columns.append([value.coeff_monomial(step**k) for k in range(1, order + 1)])
    return sympy.Matrix(columns).T


def _fits(field: PlanarField, point: Point, eigenvalue: sympy.Expr, direction: sympy.Matrix, degree: int) -> bool:
    """Return whether in 30 digits some polynomial of this degree vanishes on the series."""
    matrix = mpmath.matrix(_on_series(field, point, eigenvalue, direction, degree).tolist())
    with mpmath.workdps(30):
        singular = mpmath.svd_r(matrix, compute_uv=False)
    return bool(min(singular) < mpmath.mpf(10) ** -15 * max(singular))


def _algebraic_curve(
    field: PlanarField, point: Point, eigenvalue: sympy.Expr, direction: sympy.Matrix, degree: int
) -> sympy.Expr | None:
    """Return the polynomial of a degree that vanishes on the curve's Taylor series, if there is one and no other."""
    x, y = field.variables
    matrix = _on_series(field, point, eigenvalue, direction, degree).applyfunc(sympy.simplify)
    kernel = matrix.nullspace(simplify=True)
    if len(kernel) != 1:
        return None
    terms = (
        coefficient * (x - point[x]) ** i * (y - point[y]) ** j
        for coefficient, (i, j) in zip(kernel[0], _powers(degree), strict=True)
    )
    return sympy.expand(sympy.fraction(sympy.together(sympy.factor(sympy.Add(*terms))))[0])


def _series(
    field: PlanarField,
    point: Point,
    eigenvalue: sympy.Expr,
    direction: sympy.Matrix,
    step: sympy.Dummy,
    order: int,
) -> sympy.Matrix:
    """Return the displacement r(s) along an invariant curve of a saddle with lambda s r'(s) = field(r(s)), to an order.

    Order by order that is a linear equation. No multiple of one eigenvalue equals the other, of opposite sign, so it
    always has one solution.
    """
    jacobian = field.jacobian(point)
    series = direction * step
    for k in range(2, order + 1):
        moved = {variable: point[variable] + shift for variable, shift in zip(field.variables, series, strict=True)}
        known = at(field.reduced, moved).applyfunc(lambda entry, k=k: sympy.expand(entry).coeff(step, k))
        coefficient = (k * eigenvalue * sympy.eye(2) - jacobian).LUsolve(known).applyfunc(sympy.simplify)
        series += coefficient * step**k
    return series


def decaying_curve(field: PlanarField, point: Mapping[sympy.Symbol, sympy.Expr], degree: int) -> sympy.Expr | None:
    """Return the only polynomial that decays (or grows) exponentially through a fixed point with equal eigenvalues.

    At such a point a linear flow keeps every direction, so that the curve is singled out by the non-linear terms. Its
    lowest terms are homogeneous, and the linear part multiplies those of degree i at the rate i times the eigenvalue:
    these are the only constant cofactors. None unless exactly one polynomial up to `degree` is found.
    """
    jacobian = field.jacobian(point, reduced=False)
    polynomial = all(entry.is_polynomial(*field.variables) for entry in field.velocity)
    if not polynomial or jacobian != jacobian[0, 0] * sympy.eye(2):
        return None
    x, y = field.variables
    powers = _powers(degree)
    monomials = [(x - point[x]) ** i * (y - point[y]) ** j for i, j in powers]
    weights = sympy.symbols(f"w:{len(monomials)}", cls=sympy.Dummy)
    ansatz = sympy.Add(*(weight * monomial for weight, monomial in zip(weights, monomials, strict=True)))
    found = []
    for lowest in range(1, degree + 1):
        drift = sum(
            ansatz.diff(variable) * velocity for variable, velocity in zip(field.variables, field.velocity, strict=True)
        )
        drift = sympy.Poly(sympy.expand(drift - lowest * jacobian[0, 0] * ansatz), x, y)
        matrix = sympy.Matrix([[row.coeff(weight) for weight in weights] for row in map(sympy.expand, drift.coeffs())])
        found += [sympy.Add(*(w * m for w, m in zip(v, monomials, strict=True))) for v in matrix.nullspace()]
    return sympy.expand(found[0]) if len(found) == 1 else None
