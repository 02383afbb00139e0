"""Velocities that jump: signs in them as surfaces, and what the flow does on one (Filippov 1988).

Between surfaces every sign is a constant, its *mode*, and the velocity is smooth. On a surface that both sides push
towards, the flow slides: the sign there takes the value between -1 and 1 that keeps the state on the surface.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import sympy
from numpy.typing import NDArray

from geneft_theory.numerics.rows import Array, Row, RowFunction, take

Mask = NDArray[np.bool_]

# By how much the sign of a sliding member may exceed 1, so that rounding does not end what slides with exactly 1.
ALLOWANCE = 1e-9
# Newton steps for the signs of surfaces on which a member slides; one is exact unless two of them are multiplied.
ITERATIONS = 4
# Where surfaces depend on each other, as three through one line do, singular values below this ratio are rounding.
SINGULAR = 1e-6


class Surfaces:
    """The factors whose signs are in expressions, and for each a symbol for its sign and one for whether it is not 0.

    Attributes
    ----------
    symbols : dict from sympy.Expr to (sympy.Dummy, sympy.Dummy)
    """

    def __init__(self, variables: Sequence[sympy.Symbol], time: sympy.Symbol | None) -> None:
        self.symbols: dict[sympy.Expr, tuple[sympy.Dummy, sympy.Dummy]] = {}
        self._moving = {*variables, time}

    def isolated(self, expression: sympy.Expr) -> sympy.Expr:
        """Return an expression with a symbol for the sign of each factor that changes in time."""
        steps = {
            step: (1 + sympy.sign(step.args[0])) / 2
            for step in expression.atoms(sympy.Heaviside)
            if step.free_symbols & self._moving
        }
        expression = expression.xreplace(steps)
        return expression.xreplace({sign: self._sign(sign.args[0]) for sign in expression.atoms(sympy.sign)})

    def _sign(self, argument: sympy.Expr) -> sympy.Expr:
        product = sympy.S.One
        for factor in sympy.Mul.make_args(sympy.factor(argument)):
            base, exponent = factor.as_base_exp()
            if not exponent.is_Integer:
                base, exponent = factor, sympy.S.One
            if not base.free_symbols & self._moving or base.is_nonnegative or base.is_nonpositive:
                product *= sympy.sign(base) if exponent % 2 else sympy.sign(base) ** 2
                continue
            turned = base.could_extract_minus_sign()
            base = -base if turned else base
            sign, present = self.symbols.setdefault(base, (sympy.Dummy("sign", real=True), sympy.Dummy("present")))
            product *= present if exponent % 2 == 0 else -sign if turned else sign
        return product


class Switching:
    """The velocities of a flow with signs in them, as functions of rows; the modes are the last constants.

    A mode is 1 or -1 on one side of a surface, and 0 on it. Made by `switching`.

    Attributes
    ----------
    surfaces : int
        Their number.
    """

    def __init__(
        self,
        velocities: Sequence[sympy.Expr],
        variables: Sequence[sympy.Symbol],
        parameters: Sequence[sympy.Symbol],
        time: sympy.Symbol | None,
        surfaces: Surfaces,
    ) -> None:
        heights = list(surfaces.symbols)
        signs, present = zip(*surfaces.symbols.values(), strict=True)
        names = [*variables, *signs, *present]
        self.surfaces, self._variables = len(heights), len(variables)
        self._parameters, self._direction = len(parameters), 1.0
        self._flow = RowFunction(velocities, names, parameters, time)
        slopes = [height.diff(variable) for height in heights for variable in variables]
        moving = [height.diff(time) if time is not None else sympy.S.Zero for height in heights]
        effects = [velocity.diff(sign) for sign in signs for velocity in velocities]
        self._geometry = RowFunction([*heights, *moving, *slopes, *effects], names, parameters, time)

    def backward(self) -> Switching:
        """Return the same in the variable -time."""
        turned = copy.copy(self)
        turned._direction = -self._direction
        return turned

    def constants(self, parameters: Sequence[Row]) -> tuple[Row, ...]:
        """Return the rows that the other functions need besides the state, without the modes."""
        return (*self._flow.constants(parameters), *self._geometry.constants(parameters))

    @cached_property
    def _constants_of_flow(self) -> int:
        with np.errstate(all="ignore"):
            return len(self._flow.constants([1.0] * self._parameters))

    def initial_modes(self, time: Row, state: Array, constants: tuple[Row, ...]) -> tuple[Array, ...]:
        """Return the modes with which members start, a row a surface; a start on a surface is decided as on arrival."""
        unknown = tuple(np.ones((self.surfaces, state.shape[1])))
        modes = np.sign(self._heights(time, state, (*constants, *unknown)))
        on = modes == 0
        return tuple(self.settled(time, state, (*constants, *np.where(on, 1.0, modes)), on))

    def velocities(self, time: Row, state: Sequence[Array] | Array, constants: Sequence[Row]) -> Sequence[Row]:
        """Return the velocity of each variable."""
        modes, signs = self._signs(time, state, constants)
        rows = self._flow.values(
            self._direction * time, [*state, *signs, *np.abs(modes)], constants[: self._constants_of_flow]
        )
        return rows if self._direction > 0 else [-np.asarray(row) for row in rows]

    def guards(self, time: Row, state: Array, constants: Sequence[Row]) -> Array:
        """Return, a surface and member, what is > 0 until the mode changes."""
        modes, signs = self._signs(time, state, constants)
        return np.where(modes == 0, 1 + ALLOWANCE - np.abs(signs), modes * self._heights(time, state, constants))

    def distances(self, time: Row, state: Array, constants: Sequence[Row]) -> Array:
        """Return, a surface and member, about how far away a surface is on which the member does not slide."""
        heights, _, slopes, _ = self._shape(time, state, constants)
        steepness = np.sqrt(np.sum(slopes**2, axis=1))
        return np.where(np.array(constants[-self.surfaces :]) == 0, np.inf, np.abs(heights) / steepness)

    def projected(self, time: Row, state: Array, constants: Sequence[Row], on: Mask) -> Array:
        """Return states on the surfaces on which they are but for the error of a step."""
        state = np.array(state)
        several = np.count_nonzero(on, axis=0) > 1
        for _ in range(2 if several.any() else 0):
            heights, _, slopes, _ = self._shape(time, state, constants)
            matrix = np.where((on & several)[:, None], slopes, 0.0).transpose(2, 0, 1)
            residual = np.where(on, heights, 0.0).T
            state -= _least_squares(matrix, residual).T
        # One by one, since this is exact where a surface is a coordinate's.
        for _ in range(2):
            for index in np.flatnonzero(on.any(axis=1)).tolist():
                heights, _, slopes, _ = self._shape(time, state, constants)
                steepness = _dot(slopes[index], slopes[index])
                shift = np.where(on[index] & (steepness > 0), heights[index] / steepness, 0.0)
                state -= shift * slopes[index]
        return state

    def settled(self, time: Row, state: Array, constants: tuple[Row, ...], on: Mask) -> Array:
        """Return the modes after arrival on surfaces: across if both sides push across, else sliding.

        Parameters
        ----------
        time, state, constants
            Of members, with the modes that they had.
        on : bool array of shape (surfaces, members)
            Where they have arrived; of a surface on which they slid, where they leave it.
        """
        constants, modes = constants[: -self.surfaces], np.array(constants[-self.surfaces :])
        leaving = on & (modes == 0)
        _, signs = self._signs(time, state, (*constants, *modes))
        modes = np.where(leaving, np.sign(signs), np.where(on, 0.0, modes))
        open_to_choice = on & ~leaving
        # One decision may undo another where surfaces meet: until none does.
        for _ in range(2 * self.surfaces):
            before = np.array(modes)
            for index in np.flatnonzero(open_to_choice.any(axis=1)).tolist():
                above, below = (self._approach(index, side, time, state, constants, modes) for side in (1.0, -1.0))
                mode = np.where((above > 0) & (below >= 0), 1.0, np.where((below < 0) & (above <= 0), -1.0, 0.0))
                modes[index] = np.where(open_to_choice[index], mode, modes[index])
            _, signs = self._signs(time, state, (*constants, *modes))
            released = (modes == 0) & (np.abs(signs) > 1 + ALLOWANCE)
            modes = np.where(released, np.sign(signs), modes)
            open_to_choice |= released
            if np.array_equal(before, modes):
                break
        return modes

    def _approach(
        self, index: int, side: float, time: Row, state: Array, constants: tuple[Row, ...], modes: Array
    ) -> Array:
        """Return the rate at which a height grows on one side of its surface."""
        beside = np.array(modes)
        beside[index] = side
        constants = (*constants, *beside)
        velocities = self.velocities(time, state, constants)
        _, moving, slopes, _ = self._shape(time, state, constants)
        return np.asarray(_dot(slopes[index], velocities) + moving[index])

    def _heights(self, time: Row, state: Array, constants: Sequence[Row]) -> Array:
        return self._shape(time, state, constants)[0]

    def _shape(
        self, time: Row, state: Array, constants: Sequence[Row], signs: Array | None = None
    ) -> tuple[Array, Array, Array, Array]:
        """Return heights, their rates by time alone, slopes (surface, variable), effects of signs on velocities."""
        modes = np.array(constants[-self.surfaces :])
        rows = self._geometry.values(
            self._direction * time,
            [*state, *(modes if signs is None else signs), *np.abs(modes)],
            constants[self._constants_of_flow : -self.surfaces],
        )
        count, members = self.surfaces, modes.shape[1]
        table = np.stack([np.broadcast_to(np.asarray(row, dtype=np.float64), members) for row in rows])
        heights, moving, slopes, effects = np.split(table, [count, 2 * count, (2 + self._variables) * count])
        shape = (count, self._variables, members)
        return heights, self._direction * moving, slopes.reshape(shape), self._direction * effects.reshape(shape)

    def _signs(self, time: Row, state: Sequence[Array] | Array, constants: Sequence[Row]) -> tuple[Array, Array]:
        """Return the modes, and with them the signs: those of surfaces on which a member slides are solved for."""
        modes = np.array(constants[-self.surfaces :])
        slots = np.flatnonzero((modes == 0).any(axis=0))
        if not len(slots):
            return modes, modes
        signs = np.array(modes)
        own = (take(part, slots) for part in (time, np.asarray(state), tuple(constants)))
        signs[:, slots] = self._sliding_signs(*own)
        return modes, signs

    def _sliding_signs(self, time: Row, state: Array, constants: tuple[Row, ...]) -> Array:
        """Return signs with which members stay on the surfaces on which they slide, by Newton's method."""
        modes = np.array(constants[-self.surfaces :])
        free, count = modes != 0, self.surfaces
        signs = np.array(modes)
        for _ in range(ITERATIONS):
            rows = self._flow.values(
                self._direction * time, [*state, *signs, *np.abs(modes)], constants[: self._constants_of_flow]
            )
            _, moving, slopes, effects = self._shape(time, state, constants, signs)
            matrix = np.zeros((state.shape[1], count, count))
            residual = np.zeros((state.shape[1], count))
            for index in range(count):
                rate = self._direction * _dot(slopes[index], rows) + moving[index]
                residual[:, index] = np.where(free[index], 0.0, rate)
                for other in range(count):
                    effect = np.where(free[index] | free[other], float(index == other), 0.0)
                    sliding = ~free[index] & ~free[other]
                    matrix[:, index, other] = np.where(sliding, _dot(slopes[index], effects[other]), effect)
            signs -= _least_squares(matrix, residual).T
        return signs


def switching(
    velocities: Sequence[sympy.Expr],
    variables: Sequence[sympy.Symbol],
    parameters: Sequence[sympy.Symbol],
    time: sympy.Symbol | None,
) -> Switching | None:
    """Return the velocities with their surfaces, or None if no sign in them changes."""
    if not any(velocity.has(sympy.sign, sympy.Heaviside) for velocity in velocities):
        return None
    plain = {name: sympy.Dummy(str(name), real=True) for name in (*variables, *([] if time is None else [time]))}
    moving = [plain[variable] for variable in variables]
    clock = None if time is None else plain[time]
    surfaces = Surfaces(moving, clock)
    isolated = [surfaces.isolated(velocity.xreplace(plain)) for velocity in velocities]
    # A surface that itself jumps cannot be followed.
    if not surfaces.symbols or any(height.has(sympy.sign, sympy.Heaviside) for height in surfaces.symbols):
        return None
    return Switching(isolated, moving, parameters, clock, surfaces)


def _least_squares(matrix: Array, right_side: Array) -> Array:
    """Return the shortest solutions of linear systems, shapes (members, m, n) and (members, m); 0 if not finite."""
    finite = np.asarray(np.isfinite(matrix).all(axis=(1, 2)) & np.isfinite(right_side).all(axis=1))
    matrix, right_side = np.where(finite[:, None, None], matrix, 0.0), np.where(finite[:, None], right_side, 0.0)
    return np.asarray((np.linalg.pinv(matrix, SINGULAR) @ right_side[:, :, None])[:, :, 0])


def _dot(left: Sequence[Row] | Array, right: Sequence[Row] | Array) -> Array:
    """Sum products over variables in a fixed order, so that no member's digits depend on its neighbours."""
    total = np.asarray(left[0] * right[0])
    for one, other in zip(left[1:], right[1:], strict=True):
        total = total + one * other
    return total
