"""LaTeX as a physicist writes it: binary logarithms are log_2, not a quotient of natural ones."""

from __future__ import annotations

import re

import sympy
from sympy.printing.latex import LatexPrinter

# Names that read well in plain text, and what LaTeX makes of them; SymPy would set their letters as a product. Those of
# derivatives ("da/dt", "d(x_i-x_j)/dt") and of limits ("a_oo") need no entry.
SET_AS = {
    "|Aut G|": r"\left|\mathrm{Aut}\,G\right|",
    "|orbit|": r"\left|\mathrm{orbit}\right|",
    "f_UB": r"f_{\mathrm{UB}}",
    "dlog|c|/dt": r"\frac{\mathrm{d}\log\left|c\right|}{\mathrm{d}t}",
    "log eta_A": r"\log\eta_A",
    "log eta_x": r"\log\eta_x",
    "C_sign": r"C_{\mathrm{sign}}",
    "f(z)": "f(z)",
    "dlog eta_A/dlog eta_x": r"\frac{\mathrm{d}\log\eta_A}{\mathrm{d}\log\eta_x}",
    "eta_A/eta_x": r"\left(\eta_A/\eta_x\right)_{c}",
    "<|c_oo|>": r"\left\langle\left|c_\infty\right|\right\rangle",
    "<c_oo^2>": r"\left\langle c_\infty^2\right\rangle",
    "RQI": r"\mathrm{RQI}",
    "Acchat": r"\hat{\mathrm{Acc}}",
    "Acchat_test": r"\hat{\mathrm{Acc}}_{\mathrm{test}}",
    "Accbar": r"\overline{\mathrm{Acc}}",
    "ell_eff": r"\ell_{\mathrm{eff}}",
}


class _StatementPrinter(LatexPrinter):  # type: ignore[misc]
    def _print_Symbol(self, expr: sympy.Symbol, style: str = "plain") -> str:  # noqa: N802
        name = expr.name
        if name in SET_AS:
            return SET_AS[name]
        if derivative := re.fullmatch(r"d(.+)/dt", name):
            return rf"\frac{{\mathrm{{d}}{self._named(derivative[1])}}}{{\mathrm{{d}}t}}"
        if limit := re.fullmatch(r"(.+)_oo", name):
            return rf"{self._named(limit[1])}_\infty"
        return str(super()._print_Symbol(expr, style))

    def _named(self, name: str) -> str:
        # A difference in brackets, as in "(x_i-x_j)", is set term by term.
        if not name.startswith("("):
            return str(self._print(sympy.Symbol(name)))
        terms = [
            " ".join(str(self._print(sympy.Symbol(word))) for word in term.split()) for term in name[1:-1].split("-")
        ]
        return f"\\left({' - '.join(terms)}\\right)"

    # The name is the one by which SymPy dispatches.
    def _print_Mul(self, expr: sympy.Mul) -> str:  # noqa: N802
        per_log_two = 1 / sympy.log(2)
        factors = list(expr.args)
        logarithms = [factor for factor in factors if isinstance(factor, sympy.log)]
        if per_log_two not in factors or len(logarithms) != 1:
            return self._print_with_one_root(expr)
        factors.remove(per_log_two)
        factors.remove(logarithms[0])
        binary = rf"\log_{{2}} {self._bracketed(logarithms[0].args[0])}"
        rest = sympy.Mul(*factors)
        return binary if rest == 1 else f"{self.parenthesize(rest, 50)} {binary}"

    def _print_with_one_root(self, expr: sympy.Mul) -> str:
        # SymPy draws the root of a quotient apart into roots of its factors.
        roots = [factor for factor in expr.args if factor.is_Pow and abs(factor.exp) == sympy.S.Half]
        rest = sympy.Mul(*(factor for factor in expr.args if factor not in roots))
        radicand = sympy.Mul(*(factor**2 for factor in roots))
        coefficient, symbols = rest.as_coeff_Mul()
        if any(factor.base.is_Integer for factor in roots) and coefficient > 0:
            radicand, rest = radicand * coefficient**2, symbols
        if all(factor.exp.is_negative for factor in roots):
            return str(super()._print_Mul(expr))
        square_root = rf"\sqrt{{{self._print(radicand)}}}"
        if rest in (1, -1):
            return square_root if rest == 1 else f"- {square_root}"
        return f"{self._print(rest) if rest.is_Mul else self.parenthesize(rest, 50)} {square_root}"

    # An implication from several premises is too wide for one line.
    def _print_Implies(self, expr: sympy.Implies, altchar: str | None = None) -> str:  # noqa: N802
        premise, conclusion = expr.args
        if altchar or not isinstance(premise, sympy.And):
            return str(super()._print_Implies(expr, altchar))
        premises = [
            self.parenthesize(each, 30) if isinstance(each, sympy.Implies) else self._print(each)
            for each in sorted(premise.args, key=sympy.default_sort_key)
        ]
        lines = " \\wedge \\\\ ".join(f"& {each}" for each in premises)
        return rf"\begin{{aligned}} {lines} \\ & \quad \Rightarrow {self._print(conclusion)} \end{{aligned}}"

    # A matrix with a negative coefficient would be printed as "+ -".
    def _print_MatAdd(self, expr: sympy.MatAdd) -> str:  # noqa: N802
        return str(self._print_Add(expr)).replace("+ -", "-")

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
