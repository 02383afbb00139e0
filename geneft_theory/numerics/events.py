"""Events: the first moment at which an expression in the state reaches zero."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from geneft_theory.errors import InvalidInput, require_choice, shown
from geneft_theory.numerics.domains import require_real
from geneft_theory.numerics.rows import Array

DIRECTIONS = ("falling", "rising", "either")
# Of a root in [0, 1], and how long to look for one; bisection alone would need 50.
RESOLUTION = 2 * float(np.finfo(np.float64).eps)
MOST_ITERATIONS = 120


@dataclass(frozen=True)
class Event:
    """The first time at which an expression reaches zero.

    Parameters
    ----------
    expression : sympy.Expr, or callable (time, state) -> array
        In variables, parameters (more of them than the flow has, if need be) and time. A callable gets `time` of shape
        (members,) and `state` of shape (variables, members) and returns shape (members,).
    direction : {"either", "falling", "rising"}
        "falling": the first time at which it is <= 0, which is the start where it is so at the start; "rising": the
        same for >= 0; "either": the first zero, from whichever side.
    terminal : bool
        Whether the member ends there.

    Notes
    -----
    A step across which the expression goes to zero and back is not seen; give such an event a smaller tolerance.

    Examples
    --------
    >>> c, epsilon = sympy.symbols("c epsilon")
    >>> merged = Event(c**2 - epsilon**2, direction="falling", terminal=True)
    """

    expression: Any
    direction: str = "either"
    terminal: bool = False

    def __post_init__(self) -> None:
        require_choice("direction", self.direction, DIRECTIONS)
        if not isinstance(self.terminal, bool):
            raise InvalidInput(f"terminal must be True or False; got {shown(self.terminal)}")
        if not callable(self.expression):
            try:
                expression = sympy.sympify(self.expression)
            except sympy.SympifyError:
                expression = None
            if not isinstance(expression, sympy.Expr) or expression.is_Matrix:
                raise InvalidInput(f"expression of an event must be scalar; got {shown(self.expression)}")
            require_real("expression of an event", expression)
            object.__setattr__(self, "expression", expression)

    def signs(self, at_start: Array) -> Array:
        """Return the factor a member by which the expression must be multiplied to be one that falls."""
        if self.direction == "either":
            return np.sign(at_start)
        return np.full_like(at_start, 1.0 if self.direction == "falling" else -1.0)


def first_root(function: Callable[[Array], Array], at_zero: Array, at_one: Array) -> Array:
    """Return, a member, where a function that is > 0 at 0 and <= 0 at 1 vanishes, to the resolution of float64.

    Chandrupatla's method (Adv. Eng. Softw. 28, 145 (1997)): inverse quadratic interpolation where that is safe, else
    bisection. All members are iterated until the last has converged; none depends on the others.
    """
    with np.errstate(all="ignore"):
        return _first_root(function, at_zero, at_one)


def _first_root(function: Callable[[Array], Array], at_zero: Array, at_one: Array) -> Array:
    # The root lies between `newest` and `opposite`; `previous` is the point that the newest replaced.
    newest, opposite, previous = np.ones_like(at_one), np.zeros_like(at_zero), np.ones_like(at_one)
    f_newest, f_opposite, f_previous = at_one, at_zero, at_one
    root = np.ones_like(at_one)
    searching = at_one != 0
    fraction = np.full_like(at_one, 0.5)
    for _ in range(MOST_ITERATIONS):
        if not np.any(searching):
            break
        tried = newest + fraction * (opposite - newest)
        f_tried = function(tried)
        same_side = np.sign(f_tried) == np.sign(f_newest)
        previous, f_previous = np.where(same_side, newest, opposite), np.where(same_side, f_newest, f_opposite)
        opposite = np.where(same_side, opposite, newest)
        f_opposite = np.where(same_side, f_opposite, f_newest)
        newest, f_newest = tried, f_tried
        nearer = np.where(np.abs(f_newest) < np.abs(f_opposite), newest, opposite)
        # A member that has converged keeps its root, whatever the others still need.
        root = np.where(searching, nearer, root)
        least = RESOLUTION / np.abs(opposite - newest)
        searching &= (least <= 0.5) & (f_newest != 0)
        place = (newest - opposite) / (previous - opposite)
        height = (f_newest - f_opposite) / (f_previous - f_opposite)
        interpolated = f_newest / (f_opposite - f_newest) * f_previous / (f_opposite - f_previous) + (
            (previous - newest) / (opposite - newest) * f_newest / (f_previous - f_newest)
        ) * f_opposite / (f_previous - f_opposite)
        safe = (height**2 < place) & ((1 - height) ** 2 < 1 - place)
        fraction = np.clip(np.where(safe, interpolated, 0.5), least, 1 - least)
    return root
