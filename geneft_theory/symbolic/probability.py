"""How often a flow that starts at random ends on one side of a boundary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import sympy
from numpy.typing import ArrayLike, NDArray

from geneft_theory.errors import InvalidInput, require_array, shown
from geneft_theory.numerics import compile
from geneft_theory.symbolic.angular import sector_probability
from geneft_theory.symbolic.boundary import Boundary
from geneft_theory.symbolic.gaussian import Gaussian, linear_probability
from geneft_theory.symbolic.quadrature import HalfPlanes
from geneft_theory.symbolic.values import named_values


@dataclass(frozen=True)
class Probability:
    """The probability of the positive side of a boundary; 1 minus it is that of the other side.

    `probability` makes them.

    Parameters
    ----------
    boundary : Boundary
        The boundary.
    priors : tuple of two Gaussian
        The independent initial distributions of its variables.
    expression : sympy.Expr or None
        The closed form, where there is one.
    """

    boundary: Boundary
    priors: tuple[Gaussian, Gaussian]
    expression: sympy.Expr | None

    @property
    def method(self) -> Literal["closed form", "quadrature"]:
        """How `evaluate` gets its numbers."""
        return "quadrature" if self.expression is None else "closed form"

    @cached_property
    def parameters(self) -> tuple[sympy.Symbol, ...]:
        """The parameters of the boundary and of the priors, sorted by name."""
        symbols = set(self.boundary.parameters)
        for prior in self.priors:
            symbols |= prior.mean.free_symbols | prior.standard_deviation.free_symbols
        return tuple(sorted(symbols, key=str))

    @cached_property
    def _planes(self) -> HalfPlanes:
        return HalfPlanes(self.boundary.side, self.boundary.variables, self.boundary.parameters)

    def evaluate(self, **parameters: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the probability and a bound on its numerical error, for arrays of the parameters by name.

        Returns
        -------
        tuple of numpy.ndarray
            Both in the broadcast shape of the parameters. The error of a closed form is 0, rounding apart. That of a
            quadrature is the estimate of SciPy's adaptive Gauss-Kronrod rule for the worst of up to 1024 entries that
            are integrated together, aiming at 1e-13; at 1e-9 where roots are searched on a grid. There it contains by
            how much every second node of the grid would change the result, and the probability, at most that
            accuracy, of starts at which the side has no real value.

        Raises
        ------
        InvalidInput
            If a name is missing or unknown, a value outside its symbol's domain, or the side has no real value where
            the priors reach, as log(a) at a < 0.
        """
        symbols = [self.boundary.positive_rates.get(symbol, symbol) for symbol in self.parameters]
        arrays = np.broadcast_arrays(*named_values(symbols, parameters)) if symbols else []
        shape = arrays[0].shape if arrays else ()
        flat = [array.ravel() for array in arrays]
        size = int(np.prod(shape))
        means, sigmas = (
            [np.broadcast_to(compile(getattr(prior, name), self.parameters)(*flat), (size,)) for prior in self.priors]
            for name in ("mean", "standard_deviation")
        )
        for variable, sigma in zip(self.boundary.variables, sigmas, strict=True):
            require_array(f"standard_deviation of {variable}", sigma, low=0, open_low=True)
        if self.expression is not None:
            value = compile(self.expression, self.parameters)(*arrays)
            return value, np.zeros_like(value)
        if size == 0:
            return np.zeros(shape), np.zeros(shape)
        own = [flat[self.parameters.index(symbol)] for symbol in self.boundary.parameters]
        value, error = self._planes.probability(own, means, sigmas)
        return value.reshape(shape), error.reshape(shape)

    def latex(self) -> str:
        """Return the closed form in LaTeX; without one, the probability as an inequality."""
        left = f"P\\left({sympy.latex(self.boundary.side)} > 0\\right)"
        return left if self.expression is None else f"{left} = {sympy.latex(self.expression)}"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"


def probability(boundary: Boundary, priors: Mapping[sympy.Symbol | str, Gaussian]) -> Probability:
    r"""Return the probability that a Gaussian initial condition lies on the positive side of a boundary.

    Parameters
    ----------
    boundary : Boundary
        A boundary with any side. Means and standard deviations may be numbers or expressions in further parameters.
    priors : mapping from variable, or its name, to Gaussian
        The independent initial distributions of both variables.

    Returns
    -------
    Probability
        In closed form if the boundary consists of rays and both means are 0, a sum of arctangents; or if it is one
        straight line, an error function. Else by quadrature, adaptive in one variable. In the other the integral is
        exact between the roots of the side, which come from a formula where the side is polynomial (a rational
        function of the variables and their absolute values always is, in its sign), else from a grid.

    Raises
    ------
    InvalidInput
        If a variable has no prior.

    Notes
    -----
    The grid has some 400 nodes over 8.5 standard deviations on either side: equally spaced, and towards 0 at equal
    ratios. Roots are bisected where the sign changes, and looked for where the size of the side has a minimum. Pairs
    of roots that are closer than the nodes and escape that, as those of sin(1000 a), show in the error of `evaluate`,
    which compares with half the grid. It is an estimate: a feature narrower than every gap leaves no trace.

    Source: for two repons, Baek, Liu & Tegmark (2024), Eq. 12 and Theorem 3.

    Examples
    --------
    >>> from geneft_theory.symbolic import Flow
    >>> from geneft_theory.symbolic.boundary import boundary
    >>> a, c = sympy.symbols("a c", real=True)
    >>> sigma = sympy.Symbol("sigma", positive=True)
    >>> flow = Flow({a: -2 * a * c**2, c: -c * a**2})
    >>> collapse = boundary(flow, invariant=a**2 / 2 - c**2)
    >>> probability(collapse, {a: Gaussian(0, sigma), c: Gaussian(0, 1)}).expression
    2*atan(sqrt(2)*sigma/2)/pi
    >>> shifted = probability(collapse, {a: Gaussian(1, sigma), c: Gaussian(0, 1)})
    >>> value, error = shifted.evaluate(sigma=[0.5, 1.0])
    >>> value.round(6)
    array([0.499743, 0.523039])
    """
    if not isinstance(boundary, Boundary):
        raise InvalidInput(f"boundary must be a Boundary; got {shown(boundary)}")
    names = [str(variable) for variable in boundary.variables]
    given = {str(variable): prior for variable, prior in priors.items()} if isinstance(priors, Mapping) else {}
    if set(given) != set(names) or not all(isinstance(prior, Gaussian) for prior in given.values()):
        raise InvalidInput(f"priors must give a Gaussian for each of {', '.join(names)}; got {shown(priors)}")
    first, second = (given[name] for name in names)
    if any(
        prior.mean.has(*boundary.variables) or prior.standard_deviation.has(*boundary.variables)
        for prior in (first, second)
    ):
        raise InvalidInput(f"priors must not depend on {' and '.join(names)}; got {shown(priors)}")
    side = boundary.side.xreplace(boundary.positive_rates)
    expression = linear_probability(side, boundary.variables, (first, second))
    if expression is None and first.mean.is_zero and second.mean.is_zero:
        sigmas = (first.standard_deviation, second.standard_deviation)
        expression = sector_probability(side, boundary.variables, sigmas)
    if expression is not None:
        expression = expression.xreplace({positive: rate for rate, positive in boundary.positive_rates.items()})
    result = Probability(boundary, (first, second), expression)
    if expression is None:
        # Refuse now, not at the first evaluation, a side that NumPy and SciPy cannot evaluate.
        _ = result._planes
    return result
