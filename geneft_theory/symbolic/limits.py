"""Where a planar flow ends on either side of a boundary: its attracting fixed points."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import sympy

from geneft_theory.symbolic.planar import PlanarField, Point, at, real_solutions, sign_of

VALUE = sympy.Symbol("C", real=True)

Limits = dict[int, tuple[tuple[sympy.Expr, sympy.Expr], ...]]


def limits(field: PlanarField, side: sympy.Expr, conserved: sympy.Expr | None) -> Limits:
    """Return the attracting fixed points where `side` is positive (key 1) and where it is negative (key -1).

    Those on a straight line of fixed points are given by the value C of `conserved`, which picks one of them; others
    on a line by the size of one of their coordinates, |x|. A point on the boundary itself is approached from both
    sides. A line to which the velocities have an even power attracts from one side and repels on the other; its points
    appear, too. Orbits that run to infinity have no limit, and points whose stability or place the assumptions on the
    parameters leave open do not appear.
    """
    found: Limits = {1: (), -1: ()}
    for point in _attractors(field, conserved):
        sign = sign_of(at(side, point))
        coordinates = tuple(_in_value(point[variable], field) for variable in field.variables)
        for key in (1, -1) if sign == 0 else () if sign is None else (sign,):
            if coordinates not in found[key]:
                found[key] += (coordinates,)
    return found


# Stand-ins for the value of the invariant on either side: SymPy needs a sign to decide what is real.
_ABOVE = sympy.Dummy("above", positive=True)
_BELOW = sympy.Dummy("below", positive=True)


def _in_value(coordinate: sympy.Expr, field: PlanarField) -> sympy.Expr:
    """Return a coordinate in terms of C, or of the size of a variable, instead of their stand-ins."""
    back = {_size(variable): abs(variable) for variable in field.variables}
    return sympy.simplify(coordinate).xreplace({_ABOVE: VALUE, _BELOW: -VALUE} | back)


@functools.cache
def _size(variable: sympy.Symbol) -> sympy.Dummy:
    """Return the stand-in for the absolute value of a variable."""
    return sympy.Dummy(str(variable), positive=True)


def _attractors(field: PlanarField, conserved: sympy.Expr | None) -> Iterator[Point]:
    """Yield the fixed points that attract, isolated ones first."""
    for point in real_solutions(list(field.reduced), field.variables):
        jacobian = field.jacobian(point, reduced=False)
        if sign_of(jacobian.trace()) == -1 and sign_of(jacobian.det()) == 1:
            yield point
    for line, power in field.fixed_lines():
        yield from _on_line(field, line, power, conserved)


def _on_line(field: PlanarField, line: sympy.Expr, power: int, conserved: sympy.Expr | None) -> Iterator[Point]:
    """Yield where a line of fixed points attracts: where its equation decays, for an even power on one side of it."""
    points: list[Point] = []
    # On a curved line the condition is of a high degree, and its solutions, if there are any, tell nobody anything.
    if conserved is not None and field.is_straight(line):
        for value in (_ABOVE, -_BELOW):
            points += real_solutions([line, conserved - value], field.variables)
    if not points or any(not coordinate.is_real for point in points for coordinate in point.values()):
        points = list(_by_coordinate(field, line))
    across = sum(line.diff(variable) * entry for variable, entry in zip(field.variables, field.reduced, strict=True))
    rate = sympy.cancel(field.common / line**power) * across
    for point in points:
        if sign_of(at(rate, point)) in ((-1,) if power % 2 else (-1, 1)):
            yield point


def _by_coordinate(field: PlanarField, line: sympy.Expr) -> Iterator[Point]:
    """Yield the two halves of a line, one coordinate as a function of the other, positive or negative."""
    for bound, free in (field.variables, field.variables[::-1]):
        try:
            values = sympy.solve(line, bound)
        except NotImplementedError:
            continue
        for sign in (1, -1):
            half = {free: sign * _size(free)}
            yield from ({bound: value.subs(half), **half} for value in values)
        if values and line.is_polynomial(*field.variables):
            return
