"""A statement: one symbolic claim of a theory with everything a reader needs to rely on it or to doubt it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import sympy
from numpy.typing import ArrayLike, NDArray

from geneft_theory.errors import InvalidInput, require_array, require_broadcast, shown
from geneft_theory.statements.printing import latex
from geneft_theory.statements.status import Status


@dataclass(frozen=True)
class Quantity:
    """A symbol of a statement: its name in code, its meaning, its domain and its unit.

    Parameters
    ----------
    symbol : sympy.Basic
        The symbol as it stands in the expression.
    name : str
        Its name in the code, the keyword under which a number is passed.
    meaning : str
        One line of words.
    domain : str
        The values it may take, in words.
    unit : str
        "bits", "1" for a pure number, and so on.
    low, high : float
        Finite bounds, or infinities; a number outside is refused when the statement is evaluated.
    open_low, open_high : bool
        Whether the bound itself is refused, too.
    integer : bool
        Whether only whole numbers are accepted.
    """

    symbol: sympy.Basic
    name: str
    meaning: str
    domain: str
    unit: str = "1"
    low: float = -np.inf
    high: float = np.inf
    open_low: bool = False
    open_high: bool = False
    integer: bool = False

    def checked(self, value: ArrayLike) -> NDArray[np.float64]:
        """Return a number or array as float64, or refuse it with `InvalidInput` if it lies outside the domain."""
        array = require_array(
            self.name, value, low=self.low, high=self.high, open_low=self.open_low, open_high=self.open_high
        )
        fractional = array != np.floor(array)
        if self.integer and np.any(fractional):
            raise InvalidInput(f"{self.name} must be {self.domain}; got {array[fractional].flat[0]:g}")
        return array


@dataclass(frozen=True)
class Source:
    """Where a statement comes from: a key of the bibliography and the place within it."""

    paper: str
    place: str

    def __str__(self) -> str:
        from geneft_theory.citation import short_reference

        return f"{short_reference(self.paper)}, {self.place}"


@dataclass(frozen=True)
class Step:
    """One line of a derivation: what is done, in words, and the expression it leads to."""

    text: str
    expression: sympy.Basic


@dataclass(frozen=True)
class Statement:
    r"""A symbolic equation or proposition with its source, status, assumptions and domain.

    It renders itself (`latex`, `_repr_latex_`), is solved for a symbol (`solve`), differentiated (`differentiate`),
    derived from its premises (`derive`), and called on arrays where its left side is a single symbol.

    Examples
    --------
    >>> from geneft_theory import catalogue
    >>> known = catalogue["statics.known_fraction"]
    >>> known.latex()
    'f = 1 - \\left(1 - \\frac{1}{b}\\right)^{m}'
    >>> known.status.name, str(known.source)
    ('REDERIVED', 'Baek, Liu & Tegmark (2024), Eq. 3')
    >>> float(known(samples=2, bits=4))
    0.4375
    """

    key: str
    title: str
    expression: sympy.Basic
    quantities: tuple[Quantity, ...]
    source: Source
    status: Status
    assumptions: tuple[str, ...] = ()
    note: str = ""
    derivation: Callable[[], tuple[Step, ...]] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        declared = {quantity.symbol for quantity in self.quantities}
        missing = sorted(str(symbol) for symbol in self._symbols() if symbol not in declared)
        if missing:
            raise InvalidInput(
                f"quantities must declare every symbol of the statement {self.key}; got none for {', '.join(missing)}"
            )

    def _symbols(self) -> set[sympy.Basic]:
        bases = self.expression.atoms(sympy.IndexedBase)
        labels = {base.label for base in bases}
        indexed = self.expression.atoms(sympy.Indexed)
        symbols: set[sympy.Basic] = (self.expression.free_symbols - labels - indexed) | set(bases)
        return symbols

    @cached_property
    def _by_name(self) -> Mapping[str, Quantity]:
        return {quantity.name: quantity for quantity in self.quantities}

    def quantity(self, name: str) -> Quantity:
        """Return the quantity with this name in the code; `InvalidInput` where there is none."""
        if name not in self._by_name:
            raise InvalidInput(f"symbol must be one of {', '.join(self._by_name)}; got {shown(name)}")
        return self._by_name[name]

    def latex(self) -> str:
        """Return the expression as LaTeX, without delimiters."""
        return latex(self.expression)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def text(self) -> str:
        """Return the expression drawn with plain characters, over as many lines as it needs."""
        return str(sympy.pretty(self.expression, use_unicode=True, wrap_line=False, order="none"))

    def solve(self, name: str) -> Statement:
        """Return the same statement solved for the quantity called `name`.

        Raises
        ------
        InvalidInput
            If the statement is not an equation, or SymPy finds no solution or more than one.
        """
        unknown = self.quantity(name).symbol
        if not isinstance(self.expression, sympy.Equality):
            raise InvalidInput(f"statement must be an equation to be solved; got {self.key}")
        solutions = sympy.solve(self.expression, unknown, dict=False)
        if len(solutions) != 1:
            raise InvalidInput(f"symbol must have exactly one solution in {self.key}; got {name} with {len(solutions)}")
        return replace(
            self,
            key=f"{self.key}.solved_for_{name}",
            title=f"{self.title}, solved for {self.quantity(name).meaning}",
            expression=sympy.Eq(unknown, solutions[0]),
            derivation=None,
        )

    def differentiate(self, name: str) -> sympy.Expr:
        """Return the derivative of the right side with respect to the quantity called `name`."""
        return sympy.diff(self.right_side, self.quantity(name).symbol)

    @property
    def right_side(self) -> sympy.Expr:
        """The right side of an equation whose left side is one symbol; `InvalidInput` for anything else."""
        if not (isinstance(self.expression, sympy.Equality) and isinstance(self.expression.lhs, sympy.Symbol)):
            raise InvalidInput(f"statement must read symbol = expression to be evaluated; got {self.key}")
        return self.expression.rhs

    @property
    def arguments(self) -> tuple[Quantity, ...]:
        """The quantities on the right side, in the order in which they are declared."""
        symbols = self.right_side.free_symbols
        return tuple(quantity for quantity in self.quantities if quantity.symbol in symbols)

    @cached_property
    def _function(self) -> Callable[..., NDArray[np.float64]]:
        from geneft_theory.numerics import compile

        function: Callable[..., NDArray[np.float64]] = compile(
            self.right_side, [quantity.symbol for quantity in self.arguments]
        )
        return function

    def __call__(self, **values: ArrayLike) -> NDArray[np.float64]:
        """Return the left side for numbers or arrays given by name; arguments broadcast.

        Raises
        ------
        InvalidInput
            If a value is missing, unknown or outside its quantity's bounds.
        """
        expected = [quantity.name for quantity in self.arguments]
        if set(values) != set(expected):
            raise InvalidInput(
                f"arguments of {self.key} must be {', '.join(expected)}; got {', '.join(values) or 'none'}"
            )
        arrays = [quantity.checked(values[quantity.name]) for quantity in self.arguments]
        require_broadcast({quantity.name: array for quantity, array in zip(self.arguments, arrays, strict=True)})
        return self._function(*arrays)

    def derive(self) -> tuple[Step, ...]:
        """Run the derivation and return its steps; the last one is the statement itself.

        Raises
        ------
        InvalidInput
            If the statement has no derivation in code.
        """
        if self.derivation is None:
            raise InvalidInput(f"statement must have a derivation in code; got {self.key}")
        return self.derivation()

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain text, lists and dicts, ready for JSON."""
        return {
            "key": self.key,
            "title": self.title,
            "expression": str(self.expression),
            "latex": self.latex(),
            "status": self.status.name,
            "status_meaning": self.status.meaning,
            "source": str(self.source),
            "citation_key": self.source.paper,
            "quantities": [
                {
                    "symbol": latex(quantity.symbol),
                    "name": quantity.name,
                    "meaning": quantity.meaning,
                    "domain": quantity.domain,
                    "unit": quantity.unit,
                }
                for quantity in self.quantities
            ],
            "assumptions": list(self.assumptions),
            "note": self.note,
            "derived_in_code": self.derivation is not None,
        }
