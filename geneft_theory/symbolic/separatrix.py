"""The separatrix in numbers, for flows in which it is no algebraic curve."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import sympy
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, require_array, require_integer, require_number, shown
from geneft_theory.numerics import compile
from geneft_theory.symbolic.flow import Flow
from geneft_theory.symbolic.planar import PlanarField
from geneft_theory.symbolic.values import named_values

# Distance from the saddle at which the integration starts, relative to the size of its coordinates. The curve bends
# away from its tangent by the square of it, and backward in time that error shrinks.
START = 1e-6

# A ray on which the common factor is this small against other directions lies on a line of fixed points: a line that
# is only tangent to it would give START.
ON_LINE = 1e-9

Point = NDArray[np.float64]


def separatrix(
    flow: Flow,
    saddle: Sequence[float] | Mapping[sympy.Symbol | str, float],
    parameters: Mapping[str, float] | None = None,
    *,
    length: float = 10.0,
    points: int = 201,
    rtol: float = 1e-10,
) -> tuple[NDArray[np.float64], ...]:
    r"""Return the orbits that end in a saddle of a planar flow: the boundary between the fates beside them.

    Each is followed backward in time from the saddle, starting along an eigenvector, by SciPy's Runge-Kutta method of
    order 8 (DOP853). The field is scaled to unit speed, so that the integration runs over arc length: it neither
    stalls near the saddle nor explodes far away.

    Where the velocities share a factor, its zeros are lines of fixed points, and the saddle may lie on them, as where
    two cross. The factor is then divided out: that changes the pace along orbits, and their direction where the factor
    is negative, but not the orbits themselves. So the saddle is one of the *reduced* field, and an orbit counts as
    incoming if the whole field, factor included, runs to the saddle along it.

    Parameters
    ----------
    flow : Flow
        A flow of exactly two variables.
    saddle : sequence of two floats, or mapping from variable, or its name, to float
        The saddle; a nearby point will do, it is refined by Newton's method in the reduced field.
    parameters : mapping from str to float, optional
        The value of each parameter of the flow, by name.
    length : float
        The arc length to follow each branch, > 0. A branch that comes out of another fixed point, or off a line of
        them, ends there.
    points : int
        Number of points on each branch, >= 2, at equal arc lengths.
    rtol : float
        Relative and, times the size of the saddle's coordinates or 1, absolute tolerance of a step, in [1e-13, 1e-2].

    Returns
    -------
    tuple of numpy.ndarray
        One array of shape (points, 2) for each orbit that comes in, each from the saddle outward: two at a hyperbolic
        saddle of the whole field, up to four where lines of fixed points cross.

    Raises
    ------
    InvalidInput
        If the flow is not planar or has signs in it, a parameter is missing, there is no hyperbolic saddle of the
        reduced field at the given point, or no orbit comes in.

    Notes
    -----
    The common factor is the one that SymPy finds: it knows that sinh(c)**2 and sinh(c)*cosh(c) share sinh(c), but not
    that cosh(c) - 1 and sinh(c) vanish together; with 2*sinh(c/2)**2 for cosh(c) - 1 the factor is found.

    Examples
    --------
    >>> x, y = sympy.symbols("x y", real=True)
    >>> one, other = separatrix(Flow({x: -x, y: y + x**2}), (0, 0), length=2, points=3)
    >>> bool(np.allclose(one[:, 1], -one[:, 0] ** 2 / 3))
    True

    Of the loss (x tanh(y))^2 with equal rates, x^2 - sinh(y)^2 is conserved:

    >>> flow = Flow({x: -x * sympy.tanh(y) ** 2, y: -(x**2) * sympy.tanh(y) / sympy.cosh(y) ** 2})
    >>> branches = separatrix(flow, {x: 0, y: 0}, length=2)
    >>> [bool(np.allclose(abs(branch[:, 0]), np.sinh(abs(branch[:, 1])))) for branch in branches]
    [True, True, True, True]
    """
    length = require_number("length", length, low=0, open_low=True)
    points = require_integer("points", points, minimum=2)
    rtol = require_number("rtol", rtol, low=1e-13, high=1e-2)
    field = _Field.of(flow, parameters)
    place = field.refined(_coordinates(flow, saddle))
    matrix = field.jacobian(place)
    eigenvalues, vectors = np.linalg.eig(matrix)
    if np.any(np.iscomplex(eigenvalues)) or not eigenvalues.real.min() < 0 < eigenvalues.real.max():
        raise InvalidInput(f"saddle must have one negative and one positive eigenvalue; got {shown(eigenvalues)}")
    scale = max(1.0, float(np.abs(place).max()))
    branches = []
    for index in np.argsort(eigenvalues.real):
        for ray in (np.real(vectors[:, index]), -np.real(vectors[:, index])):
            # The reduced field runs inward on the eigenvector of the negative eigenvalue; a negative factor turns it.
            if field.factor_sign(place, START * scale * ray) == -np.sign(eigenvalues[index].real):
                turned = np.sign(eigenvalues[index].real)
                branches.append(
                    _branch(field, turned, place, START * scale * ray, length, points, (rtol, rtol * scale))
                )
    if not branches:
        raise InvalidInput(f"saddle must have orbits that come in; all run away from {shown(place)}")
    return tuple(branches)


def _branch(
    field: _Field,
    outward: float,
    place: Point,
    shift: Point,
    length: float,
    points: int,
    tolerances: tuple[float, float],
) -> NDArray[np.float64]:
    """Return points on a curve of the reduced field, which runs outward on it, or inward if `outward` is -1."""
    from scipy.integrate import solve_ivp

    slowest = float(np.linalg.norm(field.velocity(place + shift))) / 2
    sides = np.sign(field.lines(place + shift))

    def away(_: float, state: Point) -> Point:
        velocity = field.velocity(state)
        return outward * velocity / np.linalg.norm(velocity)

    def arrived(_: float, state: Point) -> float:
        return float(np.linalg.norm(field.velocity(state))) - slowest

    def crossed(_: float, state: Point) -> float:
        return float(np.min(sides * field.lines(state), initial=1.0))

    arrived.terminal = crossed.terminal = True  # type: ignore[attr-defined]
    solution = solve_ivp(
        away,
        (0, length),
        place + shift,
        method="DOP853",
        dense_output=True,
        events=(arrived, crossed),
        rtol=tolerances[0],
        atol=tolerances[1],
    )
    if not solution.success or solution.sol is None:
        raise InvalidInput(f"flow must be smooth along the separatrix; the integration ended: {solution.message}")
    arc = np.linspace(0, solution.t[-1], points)
    return np.vstack([place, solution.sol(arc[1:]).T])


class _Field:
    """Reduced velocity and its derivative, common factor and lines of fixed points, as functions of a point."""

    def __init__(
        self,
        velocity: Callable[[Point], Point],
        jacobian: Callable[[Point], Point],
        factor: Callable[[Point], Point],
        lines: Callable[[Point], Point],
    ) -> None:
        self.velocity, self.jacobian, self.factor, self.lines = velocity, jacobian, factor, lines

    @classmethod
    def of(cls, flow: Flow, parameters: Mapping[str, float] | None) -> _Field:
        """Compile a planar flow with numbers for its parameters."""
        if not isinstance(flow, Flow) or len(flow.variables) != 2:
            raise InvalidInput(f"flow must be a Flow of exactly 2 variables; got {shown(flow)}")
        if any(velocity.has(sympy.sign, sympy.Abs) for velocity in flow.equations_of_motion.values()):
            raise InvalidInput("flow must have smooth velocities; got signs or absolute values: see `boundary`")
        if not isinstance(parameters, Mapping | None):
            raise InvalidInput(f"parameters must map names to numbers; got {shown(parameters)}")
        planar = PlanarField.of(flow)
        symbols = [planar.positive.get(symbol, symbol) for symbol in flow.parameters]
        values = named_values(symbols, {str(name): value for name, value in (parameters or {}).items()})
        for symbol, value in zip(symbols, values, strict=True):
            require_number(str(symbol), value)

        def numeric(expressions: list[sympy.Expr]) -> Callable[[Point], Point]:
            functions = [compile(expression, (*planar.variables, *symbols)) for expression in expressions]

            def at_point(point: Point) -> Point:
                # Where a velocity is undefined, what follows refuses it by name.
                with np.errstate(all="ignore"):
                    return np.array([float(function(*point, *values)) for function in functions])

            return at_point

        jacobian = numeric(list(planar.reduced.jacobian(planar.variables)))
        return cls(
            numeric(list(planar.reduced)),
            lambda point: jacobian(point).reshape(2, 2),
            numeric([planar.common]),
            numeric([line for line, _ in planar.fixed_lines()]),
        )

    def refined(self, guess: Point) -> Point:
        """Return the fixed point of the reduced field that Newton's method reaches from a guess."""
        place = guess
        for _ in range(50):
            matrix, velocity = self.jacobian(place), self.velocity(place)
            if not (np.isfinite(matrix).all() and np.isfinite(velocity).all()):
                break
            if np.linalg.det(matrix) == 0:
                raise InvalidInput(
                    f"saddle must be hyperbolic once common factors of the velocities are divided out; got "
                    f"{shown(guess)}, where the Jacobian is singular"
                )
            step = np.linalg.solve(matrix, velocity)
            place = place - step
            if np.linalg.norm(step) <= 1e-14 * max(1.0, float(np.linalg.norm(place))):
                return place
        raise InvalidInput(f"saddle must be close to a fixed point of the flow; got {shown(guess)}")

    def factor_sign(self, place: Point, shift: Point) -> int:
        """Return the sign of the common factor on a ray; 0 if the ray lies on a line of fixed points."""
        here = float(self.factor(place + shift)[0])
        around = max(abs(float(self.factor(place + turn)[0])) for turn in _turns(shift))
        return 0 if abs(here) <= ON_LINE * around else int(np.sign(here))


def _turns(shift: Point) -> Iterator[Point]:
    for angle in np.linspace(0, 2 * np.pi, 16, endpoint=False):
        cosine, sine = np.cos(angle), np.sin(angle)
        yield np.array([[cosine, -sine], [sine, cosine]]) @ shift


def _coordinates(flow: Flow, saddle: Sequence[float] | Mapping[sympy.Symbol | str, float]) -> Point:
    """Return the guess as an array, in the order of the variables."""
    if isinstance(saddle, Mapping):
        places = {str(key): value for key, value in saddle.items()}
        names = [str(variable) for variable in flow.variables]
        if set(places) != set(names):
            raise InvalidInput(f"saddle must give a value for {' and '.join(names)}; got {shown(saddle)}")
        return np.array([require_number(f"saddle of {name}", places[name]) for name in names])
    guess = require_array("saddle", saddle)
    if guess.shape != (2,):
        raise InvalidInput(f"saddle must be a point of two coordinates; got shape {guess.shape}")
    return guess
