"""The expression whose sign tells the sides of a boundary through a given fixed point."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import sympy

from geneft_theory.errors import InvalidInput, shown
from geneft_theory.numerics import compile
from geneft_theory.symbolic.curves import curve_along, decaying_curve, stable_directions
from geneft_theory.symbolic.flow import Flow
from geneft_theory.symbolic.planar import PlanarField, Point, at, exact, expression, generic, quadrants, sign_of
from geneft_theory.symbolic.roots import halves


class Undecided(Exception):
    """The assumptions on the parameters leave open what kind of fixed point it is."""


def verified(flow: Flow, invariant: sympy.Expr) -> sympy.Expr:
    """Return an invariant that depends on the variables and is conserved, or refuse it."""
    invariant = exact(expression(invariant, "invariant"))
    if not invariant.free_symbols & set(flow.variables):
        raise InvalidInput(f"invariant must depend on the variables of the flow; got {shown(invariant)}")
    rate = flow.rate_of_change(invariant)
    # Products of signs that cancel may do so only where each variable has a sign.
    if rate != 0 and any(sympy.simplify(at(exact(rate), quadrant)) != 0 for quadrant in quadrants(flow.variables)):
        raise InvalidInput(f"invariant must be conserved; {shown(invariant)} changes at rate {shown(rate)}")
    return invariant


def found(flow: Flow, degree: int) -> sympy.Expr | None:
    """Return the conserved polynomial of least degree up to `degree`, or None."""
    quadrant = next(quadrants(flow.variables))
    sizes = list(quadrant.values())

    def order(invariant: sympy.Expr) -> int:
        return int(sympy.Poly(at(invariant, quadrant), *sizes).total_degree())

    return min(flow.polynomial_invariants(degree), key=order, default=None)


def fixed_point(field: PlanarField, through: Mapping[sympy.Symbol | str, sympy.Expr]) -> Point:
    """Return the given point, or refuse one that moves."""
    point = field.point("through", through)
    if any(sympy.simplify(entry) != 0 for entry in at(field.velocity, point)):
        raise InvalidInput(f"through must be a fixed point of the flow; got {shown(through)}")
    if not field.singular(point):
        raise InvalidInput(
            f"through must be a point where fates can change, not any of a line of fixed points; got {shown(through)}"
        )
    return point


def side_through(field: PlanarField, point: Point, conserved: sympy.Expr | None, degree: int) -> sympy.Expr | None:
    """Return an expression that vanishes on the orbits that end at a fixed point and divide fates there, if there are.

    Raises
    ------
    Undecided
        If the kind of the fixed point depends on what is not known of the parameters.
    """
    level = None if conserved is None else conserved - at(conserved, point)
    stays = all(sympy.simplify(entry) == 0 for entry in at(field.reduced, point))
    kind = sign_of(field.jacobian(point).det()) if stays else 0
    if kind is None and (field.smooth or level is None):
        raise Undecided
    if not field.smooth:
        return _side_of_sign_flow(field, point, level, kind)
    if kind == 0:
        return _component(field, point, level)
    if kind == 1:
        # With a conserved quantity that is its extremum; without, a node, which may still single out one curve.
        curve = decaying_curve(field, point, degree) if level is None else None
        return None if curve is None else tidy(curve, field.variables)
    return _side_of_saddle(field, point, level, degree)


def _side_of_saddle(field: PlanarField, point: Point, level: sympy.Expr | None, degree: int) -> sympy.Expr | None:
    incoming = stable_directions(field, point)
    if incoming is None:
        raise Undecided
    if not incoming:
        return None
    curves = [curve_along(field, point, *direction, degree) for direction in incoming]
    whole = _component(field, point, level)
    if any(curve is None for curve in curves):
        return whole
    product = sympy.Mul(*dict.fromkeys(curve for curve in curves if curve is not None))
    if whole is not None and proportional(whole, product, field.variables):
        return whole
    return tidy(product, field.variables)


def _side_of_sign_flow(
    field: PlanarField, point: Point, level: sympy.Expr | None, kind: int | None
) -> sympy.Expr | None:
    """Return the part of a level set on which a flow of constant velocities comes in, or a straight line of its own."""
    if level is not None:
        forms = [
            level,
            *(form for _, half in halves(level, field.variables[0]) for _, form in halves(half, field.variables[1])),
        ]
        for form in forms:
            branches = incoming_branches(field, point, form)
            if branches and all(branches):
                return level if form is level else tidy(form, field.variables)
        if any(incoming_branches(field, point, level)):
            return level
    if kind == -1:
        for variable, entry in zip(field.variables, field.velocity, strict=True):
            line = variable - point[variable]
            kept, moving = (sympy.simplify(part.subs(variable, point[variable])) for part in (entry, field.common))
            if kept == 0 and moving != 0 and all(incoming_branches(field, point, line)):
                return line
    return None


def _component(field: PlanarField, point: Point, level: sympy.Expr | None) -> sympy.Expr | None:
    """Return what of a level set goes through a point, if orbits on it come in."""
    if level is None or not any(incoming_branches(field, point, level)):
        return None
    if not level.is_polynomial(*field.variables):
        return level
    constant, factors = sympy.factor_list(level, *field.variables)
    through = [factor for factor, _ in factors if sympy.simplify(at(factor, point)) == 0]
    if len(through) == len(factors) and all(power == 1 for _, power in factors):
        return level
    elsewhere = constant * sympy.Mul(*(factor**power for factor, power in factors if factor not in through))
    sign = sign_of(at(elsewhere, point))
    return sympy.expand(sympy.Mul(-1 if sign == -1 else 1, *through))


def incoming_branches(field: PlanarField, point: Point, side: sympy.Expr) -> list[bool]:
    """Return for each branch of a curve of orbits at a fixed point whether the flow on it comes in.

    Branches are where the side changes its sign on a small circle around the point, at generic values of the
    parameters: there are none around an extremum.
    """
    symbols = side.free_symbols | field.velocity.free_symbols
    values = generic(symbols.union(*(value.free_symbols for value in point.values())) - set(field.variables))
    center = np.array([float(at(point[variable], values)) for variable in field.variables])
    angles = np.linspace(0.1, 0.1 + 2 * np.pi, 4001)
    offsets = 0.01 * np.array([np.cos(angles), np.sin(angles)])
    places = center[:, None] + offsets
    signs = np.sign(compile(side.subs(values), field.variables)(*places))
    crossings = np.flatnonzero(signs[:-1] * signs[1:] < 0)
    velocity = np.array([compile(entry.subs(values), field.variables)(*places) for entry in field.velocity])
    outward = (velocity * offsets).sum(axis=0)
    return [bool(outward[index] < 0) for index in crossings]


def proportional(one: sympy.Expr, other: sympy.Expr, variables: tuple[sympy.Symbol, sympy.Symbol]) -> bool:
    """Return whether two expressions differ by a factor without variables."""
    return not sympy.simplify(one / other).free_symbols & set(variables)


def tidy(curve: sympy.Expr, variables: tuple[sympy.Symbol, sympy.Symbol]) -> sympy.Expr:
    """Return a curve's equation without denominators, oriented."""
    return oriented(sympy.expand(sympy.fraction(sympy.together(curve))[0]), variables)


def positive_at(side: sympy.Expr, field: PlanarField, place: object) -> sympy.Expr:
    """Return the side with the sign that makes it positive at a place, or refuse one where it has no known sign."""
    sign = sign_of(at(side, field.point("positive", place)))
    if not sign:
        state = "on the boundary" if sign == 0 else "on a side that depends on the parameters"
        raise InvalidInput(
            f"positive must be a point off the boundary {field.written(side)} = 0; got {shown(place)}, {state}"
        )
    return sign * side


def oriented(side: sympy.Expr, variables: tuple[sympy.Symbol, sympy.Symbol]) -> sympy.Expr:
    """Return the side with the sign that makes the highest power of the first variable positive."""
    first = next(quadrants(variables))
    leading = sympy.expand(at(side, first))
    sizes = [first[variable] for variable in variables]
    if not leading.is_polynomial(*sizes):
        return side
    return -side if sympy.Poly(leading, *sizes).LC().is_negative else side
