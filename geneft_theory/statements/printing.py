"""LaTeX as a physicist writes it: binary logarithms are log_2, not a quotient of natural ones."""

from __future__ import annotations

import sympy
from sympy.printing.latex import LatexPrinter

# Names that read well in plain text, and what LaTeX makes of them; SymPy would set their letters as a product.
SET_AS = {
    "|Aut G|": r"\left|\mathrm{Aut}\,G\right|",
    "|orbit|": r"\left|\mathrm{orbit}\right|",
    "f_UB": r"f_{\mathrm{UB}}",
}


class _StatementPrinter(LatexPrinter):  # type: ignore[misc]
    def _print_Symbol(self, expr: sympy.Symbol, style: str = "plain") -> str:  # noqa: N802
        return SET_AS.get(expr.name) or str(super()._print_Symbol(expr, style))

    # The name is the one by which SymPy dispatches.
    def _print_Mul(self, expr: sympy.Mul) -> str:  # noqa: N802
        per_log_two = 1 / sympy.log(2)
        factors = list(expr.args)
        logarithms = [factor for factor in factors if isinstance(factor, sympy.log)]
        if per_log_two not in factors or len(logarithms) != 1:
            return str(super()._print_Mul(expr))
        factors.remove(per_log_two)
        factors.remove(logarithms[0])
        binary = rf"\log_{{2}} {self._bracketed(logarithms[0].args[0])}"
        rest = sympy.Mul(*factors)
        return binary if rest == 1 else f"{self.parenthesize(rest, 50)} {binary}"

    def _bracketed(self, argument: sympy.Expr) -> str:
        # LatexPrinter leaves a power with a negative symbolic exponent in the numerator.
        above, below = sympy.fraction(argument)
        inner = self._print(argument) if below == 1 else rf"\frac{{{self._print(above)}}}{{{self._print(below)}}}"
        simple = argument.is_Symbol or isinstance(argument, sympy.factorial | sympy.binomial)
        return inner if simple else rf"\left({inner}\right)"


def latex(expression: sympy.Basic) -> str:
    """Return `expression` as LaTeX without delimiters, its terms in the order in which they were written.

    Examples
    --------
    >>> n = sympy.Symbol("n")
    >>> latex(sympy.log(sympy.factorial(n)) / sympy.log(2))
    '\\\\log_{2} n!'
    """
    return str(_StatementPrinter({"order": "none"}).doprint(expression))
