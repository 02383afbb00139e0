"""The gradient flow of a loss: gradient descent in the limit of small steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from geneft_theory.symbolic.flow import Flow
from geneft_theory.symbolic.matrices import MatrixGradientFlow, has_symbolic_shape
from geneft_theory.symbolic.trainable import Rates, Trainable, pairs


class GradientFlow(Flow):
    """Every trainable symbol moves down the gradient of the loss, each at its own learning rate.

    The velocity of x is -rate * (d loss / d x + decay * x).

    Parameters
    ----------
    loss : sympy.Expr
        A scalar, or a 1 x 1 matrix: of symbols, matrix symbols, indexed symbols under a `Sum`; an undefined function
        stands for any loss. A sum must have integer limits, unless it contains no indexed symbol that is trained.
    rates : mapping from sympy.Expr to sympy.Expr, or sequence of such pairs
        The learning rate of each trainable symbol, > 0. Trainable are symbols, explicit matrices of symbols, matrix
        symbols, indexed symbols; of these every entry is a variable of the flow. With matrix symbols of symbolic shape
        the flow is a `MatrixGradientFlow`, which keeps them whole.
    weight_decay : mapping from sympy.Expr to sympy.Expr, optional
        The weight decay of trainable symbols, >= 0.

    Raises
    ------
    InvalidInput
        If the loss is no scalar or does not depend on a trainable symbol, a rate is known not to be positive, a decay
        is known to be negative or given for what is not trained, or one of them depends on what is trained.

    Examples
    --------
    >>> import sympy
    >>> a, c = sympy.symbols("a c", real=True)
    >>> eta_A, eta_x = sympy.symbols("eta_A eta_x", positive=True)
    >>> flow = GradientFlow((a * c) ** 2 / 2, {a: eta_A, c: eta_x})
    >>> flow.equations_of_motion[a]
    -a*c**2*eta_A
    >>> flow.polynomial_invariants(2)
    [a**2/eta_A - c**2/eta_x]

    A loss of which only the arguments are known:

    >>> x_1, x_2, L = *sympy.symbols("x_1 x_2", real=True), sympy.Function("L")
    >>> GradientFlow(L(a * x_1, a * x_2), {a: eta_A, x_1: eta_x, x_2: eta_x}).polynomial_invariants(2)
    [a**2/eta_A - x_1**2/eta_x - x_2**2/eta_x]
    """

    def __new__(cls, loss: Any = None, rates: Rates = (), weight_decay: Mapping[Any, Any] | None = None) -> Any:
        """Return a `MatrixGradientFlow` where a trainable matrix has no integer shape."""
        if any(has_symbolic_shape(key) for key, _ in pairs(rates)):
            return MatrixGradientFlow(loss, rates, weight_decay)
        return super().__new__(cls)

    def __init__(self, loss: Any, rates: Rates, weight_decay: Mapping[Any, Any] | None = None) -> None:
        trained = Trainable.of(loss, rates)
        self.loss, self.rates, self.weight_decay = trained.loss, trained.rates, trained.decays(weight_decay)
        self._learning_rates = tuple(self.rates.values())
        self._constants = trained.constants(self.rates.values(), self.weight_decay.values())
        super().__init__(
            {
                variable: -rate * (trained.gradient[variable] + self.weight_decay[variable] * variable)
                for variable, rate in self.rates.items()
            }
        )
