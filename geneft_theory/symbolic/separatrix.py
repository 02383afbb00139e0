"""The separatrix in numbers, for flows in which it is no algebraic curve."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import sympy
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, require_array, require_integer, require_number, shown
from geneft_theory.numerics import compile
from geneft_theory.symbolic.flow import Flow
from geneft_theory.symbolic.values import named_values

# Distance from the saddle at which the integration starts, relative to the size of its coordinates. The curve bends
# away from its tangent by the square of it, and backward in time that error shrinks.
START = 1e-6


def separatrix(
    flow: Flow,
    saddle: Sequence[float],
    parameters: Mapping[str, float] | None = None,
    *,
    length: float = 10.0,
    points: int = 201,
    rtol: float = 1e-10,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Return the stable manifold of a hyperbolic saddle of a planar flow: the boundary between the fates beside it.

    Both branches are followed backward in time from the saddle, starting along the eigenvector of the negative
    eigenvalue, by SciPy's Runge-Kutta method of order 8 (DOP853). The field is scaled to unit speed, so that the
    integration runs over arc length: it neither stalls near the saddle nor explodes far away.

    Parameters
    ----------
    flow : Flow
        A flow of exactly two variables.
    saddle : sequence of two floats
        The saddle; a nearby point will do, it is refined by Newton's method.
    parameters : mapping from str to float, optional
        The value of each parameter of the flow, by name.
    length : float
        The arc length to follow each branch, > 0. A branch that comes out of another fixed point ends there.
    points : int
        Number of points on each branch, >= 2, at equal arc lengths.
    rtol : float
        Relative and, times the size of the saddle's coordinates or 1, absolute tolerance of a step, in [1e-13, 1e-2].

    Returns
    -------
    tuple of numpy.ndarray
        Two arrays of shape (points, 2), each from the saddle outward.

    Raises
    ------
    InvalidInput
        If the flow is not planar, a parameter is missing, or there is no hyperbolic saddle at the given point.

    Notes
    -----
    A point where lines of fixed points cross has no hyperbolic saddle; there `boundary` finds the curve.

    Examples
    --------
    >>> x, y = sympy.symbols("x y", real=True)
    >>> one, other = separatrix(Flow({x: -x, y: y + x**2}), (0, 0), length=2, points=3)
    >>> bool(np.allclose(one[:, 1], -one[:, 0] ** 2 / 3))
    True
    """
    from scipy.integrate import solve_ivp

    length = require_number("length", length, low=0, open_low=True)
    points = require_integer("points", points, minimum=2)
    rtol = require_number("rtol", rtol, low=1e-13, high=1e-2)
    field, jacobian = _numeric(flow, parameters or {})
    place = _refined(field, jacobian, require_array("saddle", np.asarray(saddle)))
    eigenvalues, vectors = np.linalg.eig(jacobian(place))
    if np.any(np.iscomplex(eigenvalues)) or not eigenvalues.real.min() < 0 < eigenvalues.real.max():
        raise InvalidInput(f"saddle must have one negative and one positive eigenvalue; got {shown(eigenvalues)}")
    direction = np.real(vectors[:, np.argmin(eigenvalues.real)])
    scale = max(1.0, float(np.abs(place).max()))
    slowest = float(np.linalg.norm(field(place + START * scale * direction))) / 2

    def backward(_: float, state: NDArray[np.float64]) -> NDArray[np.float64]:
        velocity = field(state)
        return -velocity / np.linalg.norm(velocity)

    def arrived(_: float, state: NDArray[np.float64]) -> float:
        return float(np.linalg.norm(field(state))) - slowest

    arrived.terminal = True  # type: ignore[attr-defined]
    branches = []
    for ray in (direction, -direction):
        start = place + START * scale * ray
        solution = solve_ivp(
            backward,
            (0, length),
            start,
            method="DOP853",
            dense_output=True,
            events=arrived,
            rtol=rtol,
            atol=rtol * scale,
        )
        if not solution.success or solution.sol is None:
            raise InvalidInput(f"flow must be smooth along the separatrix; the integration ended: {solution.message}")
        arc = np.linspace(0, solution.t[-1], points)
        branches.append(np.vstack([place, solution.sol(arc[1:]).T]))
    return branches[0], branches[1]


def _numeric(
    flow: Flow, parameters: Mapping[str, float]
) -> tuple[Callable[[NDArray[np.float64]], NDArray[np.float64]], Callable[[NDArray[np.float64]], NDArray[np.float64]]]:
    """Return the velocity and its derivative as functions of a point."""
    if not isinstance(flow, Flow) or len(flow.variables) != 2:
        raise InvalidInput(f"flow must be a Flow of exactly 2 variables; got {shown(flow)}")
    if any(velocity.has(sympy.sign, sympy.Abs) for velocity in flow.equations_of_motion.values()):
        raise InvalidInput("flow must have smooth velocities; got signs or absolute values: see `boundary`")
    values = named_values(flow.parameters, parameters)
    arguments = (*flow.variables, *flow.parameters)
    velocity = list(flow.equations_of_motion.values())
    entries = [compile(entry, arguments) for entry in velocity]
    derivatives = [compile(entry.diff(variable), arguments) for entry in velocity for variable in flow.variables]
    return (
        lambda point: np.array([float(entry(*point, *values)) for entry in entries]),
        lambda point: np.array([float(entry(*point, *values)) for entry in derivatives]).reshape(2, 2),
    )


def _refined(
    field: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    jacobian: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    guess: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the fixed point that Newton's method reaches from a guess."""
    if guess.shape != (2,):
        raise InvalidInput(f"saddle must be a point of two coordinates; got shape {guess.shape}")
    place = guess
    for _ in range(50):
        matrix = jacobian(place)
        if np.linalg.det(matrix) == 0:
            raise InvalidInput(f"saddle must be hyperbolic; got {shown(guess)}, where the Jacobian is singular")
        step = np.linalg.solve(matrix, field(place))
        place = place - step
        if np.linalg.norm(step) <= 1e-14 * max(1.0, float(np.linalg.norm(place))):
            return place
    raise InvalidInput(f"saddle must be close to a fixed point of the flow; got {shown(guess)}")
