"""Functions replaced by symbols: what makes a rational expression of one with exponentials, roots and signs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import sympy

from geneft_theory.errors import InvalidInput, shown

INFINITE = (sympy.nan, sympy.zoo, sympy.oo, -sympy.oo)
HYPERBOLIC = (sympy.sinh, sympy.cosh, sympy.tanh, sympy.coth, sympy.sech, sympy.csch)
CIRCULAR = (sympy.sin, sympy.cos, sympy.tan, sympy.cot, sympy.sec, sympy.csc)


class Kernels:
    """What stands for each function that is not rational, found in a first pass over the expressions."""

    def __init__(self, variables: Sequence[sympy.Expr]) -> None:
        self.variables = tuple(variables)
        self.standing_for: dict[sympy.Expr, sympy.Dummy] = {}
        self.roots: dict[sympy.Expr, sympy.Dummy] = {}
        self.relations: list[tuple[sympy.Dummy, int, sympy.Expr]] = []
        self._values: dict[sympy.Expr, tuple[sympy.Expr, sympy.Expr] | None] = {}
        self._done: dict[sympy.Expr, sympy.Expr] = {}

    def plain(self, expression: sympy.Expr) -> sympy.Expr:
        """Return the expression with a symbol for each function; fractional powers of these symbols remain."""
        if expression not in self._done:
            self._done[expression] = self._plain(expression)
        return self._done[expression]

    def _plain(self, expression: sympy.Expr) -> sympy.Expr:
        if expression.is_Rational or expression.is_Symbol:
            return expression
        if expression in INFINITE:
            raise InvalidInput(f"expression must be finite; got {shown(expression)}")
        if expression.is_Float:
            return sympy.Rational(str(expression))
        if expression == sympy.I:
            return self._tied(self._symbol(expression), 2, -sympy.S.One)
        if expression.is_Add or expression.is_Mul:
            return expression.func(*(self.plain(argument) for argument in expression.args))
        if isinstance(expression, sympy.Pow | sympy.exp) or expression == sympy.E:
            return self._power(*expression.as_base_exp())
        if isinstance(expression, HYPERBOLIC):
            return self.plain(expression.rewrite(sympy.exp))
        if isinstance(expression, CIRCULAR):
            return self._circular(expression)
        if isinstance(expression, sympy.Abs) and expression.args[0].is_extended_real:
            return self.plain(expression.args[0]) * self._sign(expression.args[0])
        if isinstance(expression, sympy.sign):
            return self._sign(expression.args[0])
        if isinstance(expression, sympy.Heaviside):
            return self._step(expression.args[0])
        if isinstance(expression, sympy.Max | sympy.Min):
            return self.plain(_as_steps(expression))
        if isinstance(expression, sympy.Sum):
            return self._sum(expression)
        if expression.is_Function:  # one symbol for one function, however its arguments are written
            return self._symbol(expression.func(*map(sympy.expand, expression.args)))
        return self._symbol(expression)

    def _symbol(self, kernel: sympy.Expr) -> sympy.Dummy:
        return self.standing_for.setdefault(kernel, sympy.Dummy(f"k{len(self.standing_for)}", real=True))

    def _tied(self, symbol: sympy.Dummy, degree: int, value: sympy.Expr) -> sympy.Dummy:
        if all(symbol != tied for tied, _, _ in self.relations):
            self.relations.append((symbol, degree, value))
        return symbol

    def _power(self, base: sympy.Expr, exponent: sympy.Expr) -> sympy.Expr:
        product = sympy.S.One
        for term in sympy.Add.make_args(sympy.expand(exponent)):
            # Factored, since 1/(2 x**2 + 2) is half of 1/(x**2 + 1).
            coefficient, rest = (sympy.factor(term) if term.atoms(sympy.Add) else term).as_coeff_Mul(rational=True)
            if rest != 1 or base == sympy.E:
                product *= self._root(base**rest, None) ** coefficient
            elif coefficient.is_Integer:
                product *= self.plain(base) ** coefficient
            else:
                base = sympy.factor(base)  # one symbol for one root, however its argument is written
                above, below = sympy.fraction(base)
                product *= self._root(base, (self.plain(above), self.plain(below))) ** coefficient
        return product

    def _root(self, base: sympy.Expr, value: tuple[sympy.Expr, sympy.Expr] | None) -> sympy.Dummy:
        """Return the symbol whose powers are powers of a base; it is a quotient of other symbols, or independent."""
        if base not in self.roots:
            self.roots[base] = sympy.Dummy(f"r{len(self.roots)}", positive=True)
            self._values[base] = value
        return self.roots[base]

    def _circular(self, expression: sympy.Expr) -> sympy.Expr:
        argument = sympy.expand(expression.args[0])
        odd = argument.could_extract_minus_sign()
        argument = -argument if odd else argument
        cosine = self._symbol(sympy.cos(argument, evaluate=False))
        sine = self._tied(self._symbol(sympy.sin(argument, evaluate=False)), 2, 1 - cosine**2)
        sine = -sine if odd else sine
        values = (sine, cosine, sine / cosine, cosine / sine, 1 / cosine, 1 / sine)
        return dict(zip(CIRCULAR, values, strict=True))[type(expression)]

    def _sign(self, argument: sympy.Expr) -> sympy.Expr:
        product = sympy.S.One
        for part in sympy.Mul.make_args(signs(argument)):
            isolated = isinstance(part, sympy.sign)
            product *= self._tied(self._symbol(part), 2, sympy.S.One) if isolated else self.plain(part)
        return product

    def _step(self, argument: sympy.Expr) -> sympy.Expr:
        if argument.could_extract_minus_sign():  # one symbol for both sides of a jump, whose own value never matters
            return 1 - self._step(-argument)
        step = self._symbol(sympy.Heaviside(argument))
        return self._tied(step, 2, step) if step.is_Symbol else step

    def _sum(self, expression: sympy.Sum) -> sympy.Expr:
        bound = [limit[0] for limit in expression.limits]
        total = sympy.S.Zero
        for term in sympy.Add.make_args(sympy.expand(expression.function)):
            outer, inner = term.as_independent(*bound, as_Add=False)
            left = sympy.Sum(inner, *expression.limits)
            total += self.plain(outer) * (self.plain(left.doit()) if inner == 1 else self._symbol(left))
        return total

    def settled(self, expressions: Sequence[sympy.Expr]) -> list[sympy.Expr]:
        """Return plain expressions free of fractional powers: each root is taken as finely as it occurs."""
        plain = [self.plain(expression) for expression in expressions]
        parts = [part for value in self._values.values() for part in value or ()]
        powers = set().union(*(expression.atoms(sympy.Pow) for expression in (*plain, *parts)))
        fine: dict[sympy.Expr, sympy.Expr] = {}
        whole: dict[sympy.Expr, sympy.Expr] = {}
        for base, root in self.roots.items():
            degree = math.lcm(*(int(power.exp.q) for power in powers if power.base == root))
            symbol = sympy.Dummy(f"{root}", positive=True)
            fine[root] = symbol**degree
            value = self._values[base]
            if value is None or (base.is_Symbol and base not in self.variables):
                self.standing_for[base ** sympy.Rational(1, degree)] = symbol
                fine[base] = symbol**degree
                continue
            # Of the root of a quotient only its product with the denominator obeys a relation without denominator.
            above, below = _quotient(*(part.xreplace(fine).xreplace(whole) for part in value))
            cleared = sympy.Dummy(f"{root}", positive=True)
            meaning = {known: kernel for kernel, known in self.standing_for.items()}
            self.standing_for[base ** sympy.Rational(1, degree) * below.xreplace(meaning)] = cleared
            whole[symbol] = cleared / below
            self._tied(cleared, degree, above * below ** (degree - 1))
        self.relations = [(symbol, degree, self._whole(value, fine, whole)) for symbol, degree, value in self.relations]
        return [self._whole(expression, fine, whole) for expression in plain]

    @staticmethod
    def _whole(expression: sympy.Expr, *stages: dict[sympy.Expr, sympy.Expr]) -> sympy.Expr:
        for stage in stages:
            expression = expression.xreplace(stage)
        return expression


def signs(argument: sympy.Expr) -> sympy.Expr:
    """Return the sign of an expression as the product of the signs of its factors, wherever it is not zero.

    Examples
    --------
    >>> x, y = sympy.symbols("x y", real=True)
    >>> signs(x**3 * y + x**2 * y**2)
    sign(y)*sign(x + y)
    """
    product = sympy.S.One
    for factor in sympy.Mul.make_args(sympy.factor(argument)):
        base, exponent = factor.as_base_exp()
        if not exponent.is_Integer:
            product *= sympy.sign(factor)
        elif exponent % 2:
            turned = base.could_extract_minus_sign()  # one symbol for the signs of both x - y and y - x
            product *= sympy.S.One if base.is_nonnegative else -sympy.sign(-base) if turned else sympy.sign(base)
    return product


def _quotient(above: sympy.Expr, below: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """Return the same quotient of two expressions without denominators: of tanh, both parts may have some."""
    (above, under_above), (below, under_below) = (sympy.fraction(sympy.together(part)) for part in (above, below))
    return above * under_below, under_above * below


def _as_steps(extremum: sympy.Expr) -> sympy.Expr:
    first, *others = extremum.args
    for other in others:
        larger = first - other if isinstance(extremum, sympy.Max) else other - first
        first = other + (first - other) * sympy.Heaviside(larger)
    return first
