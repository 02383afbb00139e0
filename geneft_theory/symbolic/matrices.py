"""Flows of whole matrices, whatever their shape: equations of motion and conserved matrices, not entry by entry."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import sympy

from geneft_theory.errors import InvalidInput, shown
from geneft_theory.numerics.domains import require_mapping
from geneft_theory.symbolic.motion import aligned
from geneft_theory.symbolic.trainable import Rates, decay, learning_rate, pairs
from geneft_theory.symbolic.words import Words, as_matrix, gradient, rate, scalar, scalar_rate, scaled, total, words

if TYPE_CHECKING:
    from geneft_theory.symbolic.gradient import GradientFlow


def has_symbolic_shape(matrix: Any) -> bool:
    """Whether it is a matrix symbol without a number of entries."""
    return isinstance(matrix, sympy.MatrixSymbol) and not all(size.is_Integer for size in matrix.shape)


class MatrixGradientFlow:
    r"""Whole matrices move down the gradient of the loss, each at its own learning rate.

    `GradientFlow` makes one where a trainable matrix symbol has no integer shape. It has what does not need entries;
    `with_sizes` gives the flow of the entries.

    Parameters
    ----------
    loss : sympy.Expr
        A function of traces of sums and products of matrices and transposes, or a 1 x 1 such matrix. An undefined
        function L of a matrix stands for any loss; its derivative is a matrix symbol L' of the argument's shape.
    rates : mapping from sympy.MatrixSymbol to sympy.Expr, or sequence of such pairs
        The learning rate of each trainable matrix, > 0.
    weight_decay : mapping from sympy.MatrixSymbol to sympy.Expr, optional
        As in `GradientFlow`.

    Raises
    ------
    InvalidInput
        If the loss is no scalar, does not depend on a trainable matrix or not in the way said, a key is no matrix
        symbol, a rate is known not to be positive or a decay to be negative.

    Examples
    --------
    >>> p, d = sympy.symbols("p d", integer=True, positive=True)
    >>> A, r = sympy.MatrixSymbol("A", p, d), sympy.MatrixSymbol("r", d, 1)
    >>> eta_A, eta_x = sympy.symbols("eta_A eta_x", positive=True)
    >>> flow = MatrixGradientFlow(r.T * A.T * A * r, {A: eta_A, r: eta_x / 2})
    >>> flow.equations_of_motion
    {A: (-2*eta_A)*A*r*r.T, r: (-eta_x)*A.T*A*r}
    >>> flow.rate_of_change(A.T * A / (2 * eta_A) - r * r.T / eta_x)
    0
    """

    def __init__(self, loss: Any, rates: Rates, weight_decay: Mapping[Any, Any] | None = None) -> None:
        decays = dict(pairs({} if weight_decay is None else weight_decay, "weight_decay"))
        for matrix, _ in pairs(rates):
            if not isinstance(matrix, sympy.MatrixSymbol):
                raise InvalidInput(f"rates must be of matrix symbols if one has no integer shape; got {shown(matrix)}")
        if not isinstance(loss, sympy.Expr):
            raise InvalidInput(f"loss must be a SymPy expression; got {shown(loss)}")
        self.loss = loss
        self.rates = {matrix: learning_rate(own, matrix) for matrix, own in pairs(rates)}
        for matrix, own in self.rates.items():
            if own.free_symbols & set(self.rates):
                raise InvalidInput(f"rates must not depend on what is trained; got {shown(own)} for {matrix}")
        for matrix in decays:
            if matrix not in self.rates:
                raise InvalidInput(f"weight_decay must be given for trainable symbols; got {shown(matrix)}")
        self.weight_decay = {matrix: decay(decays.get(matrix, 0), matrix) for matrix in self.rates}
        self._velocities: dict[sympy.MatrixExpr, Words] = {}
        for matrix, own in self.rates.items():
            slope = gradient(scalar(loss), matrix)
            if not slope:
                raise InvalidInput(f"loss must depend on every trainable symbol; got one without {matrix}")
            decayed = scaled(words(matrix), self.weight_decay[matrix])
            self._velocities[matrix] = scaled(total(slope, decayed), -own)

    @property
    def variables(self) -> tuple[sympy.MatrixSymbol, ...]:
        """The matrices that move, in the order in which they were given."""
        return tuple(self._velocities)

    @property
    def equations_of_motion(self) -> dict[sympy.MatrixSymbol, sympy.MatrixExpr]:
        """The velocity of each matrix, of the matrix's shape."""
        return {matrix: as_matrix(velocity, matrix.shape) for matrix, velocity in self._velocities.items()}

    @cached_property
    def parameters(self) -> tuple[sympy.Expr, ...]:
        """Scalars and matrices in the velocities that are not variables, without sizes, sorted by name."""
        free = set().union(*(velocity.free_symbols for velocity in self.equations_of_motion.values()))
        sizes = set().union(*(size.free_symbols for matrix in self.variables for size in matrix.shape))
        return tuple(sorted(free - sizes - set(self.variables), key=str))

    def rate_of_change(self, expression: Any) -> Any:
        """Return the derivative in time of a matrix or of a function of traces; a zero matrix means conserved.

        Raises
        ------
        InvalidInput
            If the expression is not built of sums, products, transposes and traces of the variables.
        """
        try:
            expression = sympy.sympify(expression, strict=True)
        except sympy.SympifyError:
            raise InvalidInput(f"expression must be a SymPy expression; got {shown(expression)}") from None
        if getattr(expression, "is_Matrix", False) and expression.shape != (1, 1):
            return as_matrix(rate(words(expression), self._velocities), expression.shape)
        return scalar_rate(scalar(expression), self._velocities)

    def with_sizes(self, sizes: Mapping[sympy.Expr, int]) -> GradientFlow:
        """Return the flow of the entries at given sizes of the matrices.

        Examples
        --------
        >>> p, d = sympy.symbols("p d")
        >>> A, r = sympy.MatrixSymbol("A", p, d), sympy.MatrixSymbol("r", d, 1)
        >>> MatrixGradientFlow(r.T * A.T * A * r, {A: 1, r: 1}).with_sizes({p: 1, d: 1}).equations_of_motion
        {A[0, 0]: -2*A[0, 0]*r[0, 0]**2, r[0, 0]: -2*A[0, 0]**2*r[0, 0]}
        """
        require_mapping("sizes", sizes)
        from geneft_theory.symbolic.gradient import GradientFlow  # which makes flows of this class itself

        rates, decays = (
            {matrix.subs(sizes): value for matrix, value in values.items()}
            for values in (self.rates, self.weight_decay)
        )
        flow = GradientFlow(self.loss.subs(sizes), rates, decays)
        if isinstance(flow, MatrixGradientFlow):
            raise InvalidInput(f"sizes must give every dimension an integer; got {shown(dict(sizes))}")
        return flow

    @property
    def jacobian(self) -> NoReturn:
        """Refused: it needs entries."""
        self._refuse("jacobian")

    @property
    def fixed_points(self) -> NoReturn:
        """Refused: they need entries."""
        self._refuse("fixed_points")

    def polynomial_invariants(self, degree: int, *, products: bool = True) -> NoReturn:
        """Refused: they need entries. Whether a given matrix is conserved, `rate_of_change` says for any shape."""
        self._refuse("polynomial_invariants")

    def restrict(self, values: Mapping[Any, Any]) -> NoReturn:
        """Refused: it needs entries."""
        self._refuse("restrict")

    def transform(self, old: Mapping[Any, Any], *, new: Any = None) -> NoReturn:
        """Refused: it needs entries."""
        self._refuse("transform")

    def _refuse(self, what: str) -> NoReturn:
        shapes = ", ".join(f"{matrix} of shape {matrix.shape}" for matrix in self.variables)
        raise InvalidInput(f"flow must be of matrices of integer shape to have {what} (see with_sizes); got {shapes}")

    def latex(self) -> str:
        """Return the equations of motion as LaTeX, aligned, without delimiters."""
        return aligned(self.equations_of_motion)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.equations_of_motion})"
