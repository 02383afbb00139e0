"""The gradient flow of a loss: gradient descent in the limit of small steps."""

from __future__ import annotations

from collections.abc import Mapping

import sympy

from geneft_theory.errors import InvalidInput, shown
from geneft_theory.symbolic.flow import Flow


class GradientFlow(Flow):
    """Every trainable symbol moves down the gradient of the loss, each at its own learning rate.

    Parameters
    ----------
    loss : sympy.Expr
        A scalar.
    rates : mapping from sympy.Symbol to sympy.Expr
        The learning rate of each trainable symbol.

    Raises
    ------
    InvalidInput
        If the loss does not depend on a trainable symbol, or a rate is known not to be positive.

    Examples
    --------
    >>> a, c = sympy.symbols("a c", real=True)
    >>> eta_A, eta_x = sympy.symbols("eta_A eta_x", positive=True)
    >>> flow = GradientFlow((a * c) ** 2 / 2, {a: eta_A, c: eta_x})
    >>> flow.equations_of_motion[a]
    -a*c**2*eta_A
    """

    def __init__(self, loss: sympy.Expr, rates: Mapping[sympy.Expr, sympy.Expr]) -> None:
        self.loss = sympy.sympify(loss)
        self.rates = {variable: sympy.sympify(rate) for variable, rate in rates.items()}
        for variable, rate in self.rates.items():
            if not self.loss.has(variable):
                raise InvalidInput(f"loss must depend on every trainable symbol; got one without {variable}")
            if rate.is_positive is False:
                raise InvalidInput(f"rates must be > 0; got {shown(rate)} for {variable}")
        super().__init__({variable: -rate * self.loss.diff(variable) for variable, rate in self.rates.items()})
