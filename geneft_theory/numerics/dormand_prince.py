"""The explicit Runge-Kutta pair of orders 5 and 4 of Dormand and Prince, with its continuous extension of order 4.

Dormand & Prince, J. Comput. Appl. Math. 6, 19 (1980); the extension as in Hairer, Norsett & Wanner, Solving Ordinary
Differential Equations I (2nd ed. 1993), section II.6. The seventh stage is the first of the next step.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geneft_theory.numerics.rows import Array, take


def _row(*numbers: str) -> tuple[Fraction, ...]:
    return tuple(map(Fraction, numbers))


NODES = _row("0", "1/5", "3/10", "4/5", "8/9", "1", "1")
# A row a stage after the first: how much of each earlier velocity leads to the point where the stage is evaluated.
# The last row leads to the end of the step, at order 5.
STAGES = (
    _row("1/5"),
    _row("3/40", "9/40"),
    _row("44/45", "-56/15", "32/9"),
    _row("19372/6561", "-25360/2187", "64448/6561", "-212/729"),
    _row("9017/3168", "-355/33", "46732/5247", "49/176", "-5103/18656"),
    _row("35/384", "0", "500/1113", "125/192", "-2187/6784", "11/84"),
)
# The step of order 5 minus that of order 4.
ERROR = _row("71/57600", "0", "-71/16695", "71/1920", "-17253/339200", "22/525", "-1/40")
# The coefficient of the quartic that is free once both ends and both slopes are met.
QUARTIC = _row(
    "-12715105075/11282082432",
    "0",
    "87487479700/32700410799",
    "-10690763975/1880347072",
    "701980252875/199316789632",
    "-1453857185/822651844",
    "69997945/29380423",
)


def without_zeros(coefficients: tuple[Fraction, ...]) -> list[tuple[int, float]]:
    """Return (index, coefficient) of those that are not zero."""
    return [(index, float(coefficient)) for index, coefficient in enumerate(coefficients) if coefficient]


class Interpolant(NamedTuple):
    """The solution within one step as a polynomial of degree 4 in the fraction of the step; one entry a member."""

    start: Array
    change: Array
    cubic: Array
    skew: Array
    quartic: Array

    @classmethod
    def of_step(cls, start: Array, end: Array, increments: Array) -> Interpolant:
        """Return the polynomial from both ends, (dims, members), and step times velocity at all stages, (7, ...)."""
        change = end - start
        cubic = increments[0] - change
        # One by one and not as a matrix product, so that no member's digits depend on its neighbours.
        quartic = np.zeros_like(change)
        for index, coefficient in without_zeros(QUARTIC):
            quartic += coefficient * increments[index]
        return cls(start, change, cubic, change - increments[6] - cubic, quartic)

    def at(self, fraction: Array) -> Array:
        """Return the state at a fraction of the step in [0, 1] a member."""
        rest = 1.0 - fraction
        return self.start + fraction * (
            self.change + rest * (self.cubic + fraction * (self.skew + rest * self.quartic))
        )

    def of(self, members: NDArray[np.intp]) -> Interpolant:
        """Return the polynomial of some of the members."""
        return Interpolant(*take(tuple(self), members))
