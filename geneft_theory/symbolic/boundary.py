"""The boundary between two fates of a planar flow, found from its fixed points and what it conserves.

Along an orbit a conserved H keeps its value, so fates can change only from one level set to another, at the level of a
point where the set of fixed points is singular: a saddle, or where lines of fixed points cross. The boundary consists
of the orbits that end there. Where nothing polynomial is conserved, the stable manifold of a saddle may still be an
algebraic curve (`geneft_theory.symbolic.curves`); where it is not, `separatrix` follows it in numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import sympy
from numpy.typing import ArrayLike, NDArray

from geneft_theory.errors import InvalidInput, require_integer, shown
from geneft_theory.numerics import compile
from geneft_theory.symbolic.flow import Flow
from geneft_theory.symbolic.limits import Limits, limits
from geneft_theory.symbolic.planar import PlanarField, Point, at, sign_of
from geneft_theory.symbolic.roots import RealRoots, halves
from geneft_theory.symbolic.sides import (
    Undecided,
    fixed_point,
    found,
    incoming_branches,
    oriented,
    positive_at,
    proportional,
    side_through,
    verified,
)
from geneft_theory.symbolic.values import named_values


@dataclass(frozen=True)
class Boundary:
    """The curve that separates two fates of a planar flow.

    `boundary` makes them.

    Parameters
    ----------
    variables : tuple of two sympy.Symbol
        The variables of the flow.
    side : sympy.Expr
        Vanishes on the boundary; its sign tells the side.
    point : dict
        The fixed point through which the boundary goes.
    limits : dict
        For each side, 1 and -1, the attracting fixed points, as pairs of values of the two variables: expressions in
        the parameters and, on a line of fixed points, in what picks one of its points. That is `Symbol("C",
        real=True)`, the conserved quantity counted from its value on the boundary, where the line is straight and the
        point can be solved for; else the size of one of the variables at the limit itself, as in (1/Abs(c), Abs(c)).
        Lines that attract on one of their sides and repel on the other are included. A side has none where its orbits
        run to infinity, or where the parameters leave the stability open.
    conserved : sympy.Expr or None
        The expression whose value is C; None where nothing is known to be conserved.
    complete : bool
        Whether all orbits of the curve next to the point end there. If not, as on a loop from a saddle to itself, the
        curve goes on along orbits that leave the point, and across these no fate changes.
    rates : tuple of sympy.Symbol
        The learning rates that are taken as positive although their symbols are not declared so.
    """

    variables: tuple[sympy.Symbol, sympy.Symbol]
    side: sympy.Expr
    point: Point = field(hash=False)
    limits: Limits = field(hash=False)
    conserved: sympy.Expr | None = None
    complete: bool = True
    rates: tuple[sympy.Symbol, ...] = ()

    @property
    def relation(self) -> sympy.Eq:
        """The boundary as an equation."""
        return sympy.Eq(self.side, 0, evaluate=False)

    @cached_property
    def parameters(self) -> tuple[sympy.Symbol, ...]:
        """The symbols of the boundary that are not variables, sorted by name."""
        return tuple(sorted(self.side.free_symbols - set(self.variables), key=str))

    @cached_property
    def positive_rates(self) -> dict[sympy.Symbol, sympy.Symbol]:
        """For each of `rates`, the symbol of the same name that SymPy knows to be positive."""
        return {rate: sympy.Symbol(str(rate), positive=True) for rate in self.rates}

    def _named(self, values: Mapping[str, ArrayLike], unknown: sympy.Symbol | None = None) -> list[NDArray[np.float64]]:
        """Return the values of all symbols but one in order, checked against what is known of them."""
        symbols = [symbol for symbol in (*self.variables, *self.parameters) if symbol != unknown]
        return named_values([self.positive_rates.get(symbol, symbol) for symbol in symbols], values)

    @cached_property
    def numeric(self) -> Callable[..., NDArray[np.float64]]:
        """The side as a function of arrays: of both variables, then of the parameters, in order."""
        side: Callable[..., NDArray[np.float64]] = compile(self.side, (*self.variables, *self.parameters))
        return side

    def solve(self, target: sympy.Expr | str) -> list[sympy.Expr]:
        """Return the values of a variable or parameter that lie on the boundary, as expressions in the others.

        Parameters
        ----------
        target : sympy.Symbol, its absolute value, or a name
            What to solve for. `Abs(c)` asks for the size only, so that branches of opposite sign become one.

        Raises
        ------
        InvalidInput
            If the boundary does not depend on `target`, or SymPy cannot solve for it.

        Examples
        --------
        >>> from geneft_theory.symbolic import Flow
        >>> a, c = sympy.symbols("a c", real=True)
        >>> flow = Flow({a: -2 * a * c**2, c: -c * a**2})
        >>> boundary(flow, invariant=a**2 / 2 - c**2).solve(abs(c))
        [sqrt(2)*Abs(a)/2]
        """
        symbol = self._symbol(target)
        back = {positive: rate for rate, positive in self.positive_rates.items()}
        try:
            solutions = [
                sympy.simplify(solution)
                for sign, form in halves(self.side.xreplace(self.positive_rates), symbol)
                for solution in sympy.solve(form, symbol)
                if sign_of(sign * solution) != -1
            ]
        except NotImplementedError:
            raise InvalidInput(f"target must be one that SymPy can solve {self.side} = 0 for; got {target}") from None
        if isinstance(target, sympy.Abs):
            solutions = [sympy.simplify(abs(solution)) for solution in solutions]
        return list(dict.fromkeys(solution.xreplace(back) for solution in solutions if _may_be_real(solution)))

    def _symbol(self, target: object) -> sympy.Symbol:
        """Return the symbol of the side, as SymPy knows it, that a symbol, its absolute value or a name stands for."""
        bare = target.args[0] if isinstance(target, sympy.Abs) else target
        for symbol in (*self.variables, *self.parameters):
            if isinstance(bare, str | sympy.Symbol) and str(bare) == str(symbol) and self.side.has(symbol):
                return self.positive_rates.get(symbol, symbol)
        names = ", ".join(str(symbol) for symbol in (*self.variables, *self.parameters) if self.side.has(symbol))
        raise InvalidInput(f"target must be one of {names} or its absolute value; got {shown(target)}")

    def __call__(self, **values: ArrayLike) -> NDArray[np.int8]:
        """Return the side as 1 or -1, and 0 on the boundary, for arrays of the variables and parameters by name.

        Raises
        ------
        InvalidInput
            If a name is missing or unknown, a value does not fit what is known of its symbol, or the side is no real
            number there.
        """
        with np.errstate(all="ignore"):
            sides = np.sign(self.numeric(*self._named(values)))
        if np.isnan(sides).any():
            raise InvalidInput(f"values must be such that {shown(self.side)} is a real number; got {shown(values)}")
        return sides.astype(np.int8)

    def curve(self, **values: ArrayLike) -> NDArray[np.float64]:
        """Return points of the boundary: one variable left out is found, given the other and the parameters by name.

        Returns
        -------
        numpy.ndarray
            Of shape (branches, ...), in ascending order; nan where there are fewer real branches.

        Raises
        ------
        InvalidInput
            If not exactly one variable is left out, a name is unknown, or the side is no polynomial in the variable.
        """
        absent = [variable for variable in self.variables if str(variable) not in values]
        if len(absent) != 1:
            raise InvalidInput(
                f"values must leave out one of {self.variables[0]}, {self.variables[1]}; got {[*values]}"
            )
        (unknown,) = absent
        arguments = tuple(symbol for symbol in (*self.variables, *self.parameters) if symbol != unknown)
        arrays = self._named(values, unknown)
        branches = []
        for sign, form in halves(self.side, unknown):
            roots = RealRoots(form, unknown, arguments)(*arrays)
            branches.append(np.where(sign * roots >= 0, roots, np.nan))
        return np.moveaxis(np.sort(np.concatenate(branches, axis=-1), axis=-1), -1, 0)

    def latex(self) -> str:
        """Return the relation in LaTeX."""
        return str(sympy.latex(self.relation))

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"


def _may_be_real(solution: sympy.Expr) -> bool:
    """Return whether nothing tells that a solution is complex; a complex number times something real does."""
    number, rest = solution.as_independent(*solution.free_symbols, as_Add=False)
    return solution.is_real is not False and not (number.is_real is False and rest.is_real)


def boundary(
    flow: Flow,
    invariant: sympy.Expr | None = None,
    degree: int = 2,
    through: Mapping[sympy.Symbol | str, sympy.Expr] | None = None,
    *,
    positive: Mapping[sympy.Symbol | str, sympy.Expr] | None = None,
) -> Boundary:
    r"""Return the separatrix of a planar flow: the curve at which its long-time fate changes.

    It goes through a fixed point at which fates can change, and consists of the orbits that end there: a component of
    a level set of what is conserved, or an invariant algebraic curve.

    Parameters
    ----------
    flow : Flow
        A flow of exactly two variables.
    invariant : sympy.Expr, optional
        A conserved quantity; it is verified. Without it, the polynomial of least degree that is conserved is searched.
    degree : int
        The highest degree, >= 1, of conserved polynomials and of invariant curves that are tried.
    through : mapping from variable, or its name, to sympy.Expr, optional
        The fixed point through which the boundary goes; needed where there are several boundaries.
    positive : mapping from variable, or its name, to sympy.Expr, optional
        Any point off the boundary: on its side the boundary is positive. Without it the sign is that of a given
        invariant, counted from its value on the boundary; if none is given, or the boundary is only a part of where
        it has that value, the highest power of the *first* variable of the flow is positive.

    Returns
    -------
    Boundary
        A learning rate of a `GradientFlow` or `SignFlow` is taken as positive, declared or not; the signs of other
        parameters must be declared where they matter.

    Raises
    ------
    InvalidInput
        If the flow is not planar, the invariant is not conserved, `through` is not a fixed point, `positive` lies on
        the boundary or on a side that depends on the parameters, there are several boundaries, or none was found.
        There is then still `separatrix`, which follows the curve in numbers.

    Notes
    -----
    Floating-point numbers in the flow are taken as the simplest rational numbers of that value.

    At a fixed point with two equal negative eigenvalues both sides have the same limit. What is kept there is which of
    the two variables prevails: this is the case of equal relative weight decay on both.

    Fates also change where a line of fixed points turns from attracting to repelling without crossing another. Flows
    down the gradient of a loss have no such points, and they are not searched.

    Source: for two repons, Baek, Liu & Tegmark (2024), Eq. 11 and Theorem 2; the general construction is ours.

    Examples
    --------
    >>> from geneft_theory.symbolic import Flow
    >>> a, c = sympy.symbols("a c", real=True)
    >>> eta_A, eta_x = sympy.symbols("eta_A eta_x", positive=True)
    >>> flow = Flow({a: -2 * eta_A * c**2 * a, c: -eta_x * a**2 * c})
    >>> collapse = boundary(flow, invariant=a**2 / (2 * eta_A) - c**2 / eta_x)
    >>> collapse.solve(eta_A)
    [a**2*eta_x/(2*c**2)]
    >>> collapse(a=1.0, c=[0.4, 1.0], eta_A=0.1, eta_x=0.1)
    array([ 1, -1], dtype=int8)
    >>> boundary(flow, positive={a: 0, c: 1})(a=1.0, c=[0.4, 1.0], eta_A=0.1, eta_x=0.1)
    array([-1,  1], dtype=int8)
    """
    planar = PlanarField.of(flow)
    degree = require_integer("degree", degree, minimum=1)
    given = invariant is not None
    conserved = verified(flow, invariant) if given else found(flow, degree)
    conserved = None if conserved is None else planar.known(conserved)
    points = planar.singular_points() if through is None else [fixed_point(planar, through)]
    sides: list[tuple[Point, sympy.Expr]] = []
    undecided: list[Point] = []
    for point in points:
        try:
            side = side_through(planar, point, conserved, degree)
        except Undecided:
            undecided.append(point)
            continue
        if side is not None and not any(proportional(side, other, planar.variables) for _, other in sides):
            sides.append((point, side if given else oriented(side, planar.variables)))
    if len(sides) > 1:
        choices = "; ".join(str(planar.written_point(point)) for point, _ in sides)
        raise InvalidInput(f"through must choose one of several boundaries, those through {choices}")
    if not sides:
        tried, open_ones = ([planar.written_point(point) for point in several] for several in (points, undecided))
        raise InvalidInput(_nothing_found(tried, open_ones, degree))
    point, side = sides[0]
    if positive is not None:
        side = positive_at(side, planar, positive)
    level = None if conserved is None else conserved - at(conserved, point)
    ends = limits(planar, side, level)
    return Boundary(
        variables=flow.variables,
        side=planar.written(side),
        point=planar.written_point(point),
        limits={
            sign: tuple((planar.written(one), planar.written(other)) for one, other in places)
            for sign, places in ends.items()
        },
        conserved=None if level is None else planar.written(level),
        complete=all(incoming_branches(planar, point, side)),
        rates=tuple(planar.positive),
    )


def _nothing_found(points: list[Point], undecided: list[Point], degree: int) -> str:
    if undecided:
        return (
            f"flow must have parameters that tell whether {undecided[0]} is a saddle: declare their signs, as in "
            "Symbol('k', positive=True), or put in numbers"
        )
    return (
        f"flow must have a saddle on a conserved polynomial or an invariant curve of degree <= {degree}; none goes "
        f"through its singular points {points}: raise degree, or use geneft_theory.symbolic.separatrix for the curve "
        "in numbers"
    )
