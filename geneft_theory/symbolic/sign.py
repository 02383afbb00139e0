"""The sign flow of a loss: what Adam does with small steps as long as gradients keep their sign."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import sympy

from geneft_theory.errors import require_integer
from geneft_theory.symbolic.flow import Flow
from geneft_theory.symbolic.invariants import Ansatz, conserved, monomials, require_small
from geneft_theory.symbolic.kernels import signs
from geneft_theory.symbolic.rational import polynomial_system
from geneft_theory.symbolic.trainable import Rates, Trainable
from geneft_theory.symbolic.writing import Monomial


class SignFlow(Flow):
    r"""Every trainable symbol moves against the sign of the loss's derivative, at a constant speed.

    The velocity of x is -rate * sign(d loss / d x). Adam (Kingma & Ba, 2015) divides a mean of gradients by the root of
    a mean of their squares; while a gradient changes slowly, that is its sign, and steps become this flow.
    `geneft_theory.numerics.integrate` follows it across the surfaces on which a derivative vanishes and along them.

    Parameters
    ----------
    loss : sympy.Expr
        As in `GradientFlow`.
    rates : mapping from sympy.Expr to sympy.Expr, or sequence of such pairs
        The learning rate of each trainable symbol, > 0; matrices must have an integer shape.

    Raises
    ------
    InvalidInput
        If the loss is no scalar or does not depend on a trainable symbol, or a rate is known not to be positive or
        depends on what is trained.

    Examples
    --------
    >>> a, c = sympy.symbols("a c", real=True)
    >>> eta_A, eta_x = sympy.symbols("eta_A eta_x", positive=True)
    >>> flow = SignFlow((a * c) ** 2, {a: eta_A, c: eta_x})
    >>> flow.equations_of_motion
    {a: -eta_A*sign(a*c**2), c: -eta_x*sign(a**2*c)}
    >>> flow.polynomial_invariants(1)
    [-Abs(c)/eta_x + Abs(a)/eta_A]
    """

    def __init__(self, loss: Any, rates: Rates) -> None:
        trained = Trainable.of(loss, rates)
        self.loss, self.rates, self._gradient = trained.loss, trained.rates, trained.gradient
        self._learning_rates = tuple(self.rates.values())
        self._constants = trained.constants(self.rates.values())
        super().__init__(
            {
                variable: -rate * sympy.sign(sympy.factor(self._gradient[variable]))
                for variable, rate in self.rates.items()
            }
        )

    @property
    def _vanishing_at_rest(self) -> list[sympy.Expr]:
        return list(self._gradient.values())

    def polynomial_invariants(self, degree: int, *, products: bool = True) -> list[sympy.Expr]:
        """Return all polynomials in the variables and their absolute values that are conserved, as a basis.

        They are conserved on every stretch on which no derivative of the loss changes its sign, and continuous: only
        where the flow slides along a surface on which a derivative vanishes may they change. They are found from the
        flow of absolute values in an orthant, where the sign of a product is the product of signs.

        Parameters
        ----------
        degree : int
            At least 1; x and its absolute value both count as degree 1.
        products : bool
            As in `Flow.polynomial_invariants`.

        Raises
        ------
        InvalidInput
            If the degree is below 1, or there are more than 10,000 monomials up to it.
        """
        degree = require_integer("degree", degree, minimum=1)
        number = sum(
            math.comb(len(self.variables), own) * math.comb(degree, own) * 2**own
            for own in range(1, min(degree, len(self.variables)) + 1)
        )
        require_small(number, degree)
        sizes = [sympy.Dummy(f"|{variable}|", positive=True) for variable in self.variables]
        sides = [sympy.Dummy(f"sign {variable}", real=True) for variable in self.variables]
        oriented = {variable: side * size for variable, side, size in zip(self.variables, sides, sizes, strict=True)}
        loss = _orthant(self.loss.xreplace(oriented), sides)
        known = {sympy.sign(side): side for side in sides}
        velocities = [
            -rate * signs(loss.diff(size)).xreplace(known)
            for rate, size in zip(self.rates.values(), sizes, strict=True)
        ]
        system = polynomial_system([*velocities, *(sympy.S.Zero for _ in sides)], [*sizes, *sides])
        involutions = range(len(sizes), 2 * len(sizes))
        ansatzes = [Ansatz(system, self._constants, involutions), Ansatz(system, None, involutions)]
        by_degree = [list(_with_signs(len(sizes), own)) for own in range(1, degree + 1)]
        return conserved(ansatzes, by_degree, self._written, products=products)

    def _written(self, monomial: Monomial) -> sympy.Expr:
        number = len(self.variables)
        return sympy.Mul(
            *(
                variable**power if power % 2 == side else variable ** (power - 1) * sympy.Abs(variable)
                for variable, power, side in zip(self.variables, monomial[:number], monomial[number:], strict=True)
            )
        )


def _orthant(expression: sympy.Expr, sides: Sequence[sympy.Symbol]) -> sympy.Expr:
    """Return an expression in which the square of every sign is 1."""

    def is_power_of_side(part: sympy.Basic) -> bool:
        return bool(part.is_Pow and part.base in sides and part.exp.is_Integer)

    return sympy.expand(expression).replace(is_power_of_side, lambda power: power.base ** (power.exp % 2))


def _with_signs(number: int, degree: int) -> Iterator[Monomial]:
    """Yield the monomials of exactly this degree in the sizes, with any signs of the variables that they contain."""
    for sizes in monomials(number, degree):
        yield from ((*sizes, *sides) for sides in itertools.product(*([0, 1] if power else [0] for power in sizes)))
