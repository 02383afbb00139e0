"""Equations of motion as they are printed."""

from __future__ import annotations

from collections.abc import Mapping

import sympy

from geneft_theory.statements.printing import latex


def aligned(velocities: Mapping[sympy.Basic, sympy.Basic]) -> str:
    r"""Return equations of motion as LaTeX, one a line, without delimiters.

    Examples
    --------
    >>> a = sympy.Symbol("a")
    >>> print(aligned({a: -a}))
    \begin{aligned}
    \frac{d a}{d t} &= - a
    \end{aligned}
    """
    lines = (rf"\frac{{d {latex(variable)}}}{{d t}} &= {latex(velocity)}" for variable, velocity in velocities.items())
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"
