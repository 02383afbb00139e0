"""A loss, what is trained in it and how fast: the input that every optimiser's flow shares."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy
from sympy.matrices.expressions.matexpr import MatrixElement

from geneft_theory.errors import InvalidInput, shown
from geneft_theory.numerics.domains import require_real
from geneft_theory.symbolic.entries import explicit, names, trainable_entries
from geneft_theory.symbolic.rational import vanishes

Rates = Mapping[Any, Any] | Sequence[tuple[Any, Any]]


@dataclass(frozen=True)
class Trainable:
    """A scalar loss, and for each trainable scalar its learning rate and the derivative of the loss.

    `entries` has the scalars of every key under which a rate was given.
    """

    loss: sympy.Expr
    rates: dict[sympy.Expr, sympy.Expr]
    gradient: dict[sympy.Expr, sympy.Expr]
    entries: dict[Any, list[sympy.Expr]]

    @classmethod
    def of(cls, loss: Any, rates: Rates) -> Trainable:
        """Check a loss and its learning rates, and write them out entry by entry.

        Raises
        ------
        InvalidInput
            If the loss is no scalar expression or does not depend on a trainable symbol, a rate is known not to be
            positive or depends on what is trained, or a symbol is named twice.
        """
        if not pairs(rates):
            raise InvalidInput("rates must name at least one trainable symbol; got none")
        written = _scalar(loss)
        require_real("loss", written)
        entries: dict[Any, list[sympy.Expr]] = {}
        scalar_rates: dict[sympy.Expr, sympy.Expr] = {}
        for key, rate in pairs(rates):
            held = trainable_entries(key, written, "rates")
            entries[key.as_immutable() if isinstance(key, sympy.MatrixBase) else key] = held
            for scalar in held:
                if scalar in scalar_rates:
                    raise InvalidInput(f"rates must name each trainable symbol once; got {scalar} twice")
                scalar_rates[scalar] = learning_rate(rate, key)
        for scalar, rate in scalar_rates.items():
            _refuse_moving("rates", rate, scalar, scalar_rates)
        _refuse_variable_indices(written, scalar_rates)
        gradient = _gradient(written, scalar_rates)
        for key, held in entries.items():
            if all(vanishes(gradient[scalar]) for scalar in held):
                raise InvalidInput(f"loss must depend on every trainable symbol; got one without {shown(key)}")
        return cls(written, scalar_rates, gradient, entries)

    def decays(self, weight_decay: Mapping[Any, Any] | None) -> dict[sympy.Expr, sympy.Expr]:
        """Return the weight decay of each trainable scalar, 0 where none is given.

        Raises
        ------
        InvalidInput
            If a key is not trainable, or a decay is known to be negative.
        """
        decays = dict.fromkeys(self.rates, sympy.S.Zero)
        for key, value in pairs({} if weight_decay is None else weight_decay, "weight_decay"):
            plain = key.as_immutable() if isinstance(key, sympy.MatrixBase) else key
            held = self.entries.get(plain, [plain] if plain in self.rates else None)
            if held is None:
                raise InvalidInput(f"weight_decay must be given for trainable symbols; got {shown(key)}")
            written = decay(value, key)
            _refuse_moving("weight_decay", written, key, self.rates)
            decays |= dict.fromkeys(held, written)
        return decays

    def constants(self, *given: Iterable[sympy.Expr]) -> set[sympy.Expr]:
        """Return the parameters in rates and decays: those on which laws depend that hold whatever the others."""
        return set().union(*(names(expression) for own in given for expression in own)) - set(self.rates)


def pairs(values: Rates, name: str = "rates") -> list[tuple[Any, Any]]:
    """Return the items of a mapping; pairs serve where a key cannot be hashed."""
    if isinstance(values, Mapping):
        return list(values.items())
    if not isinstance(values, Sequence) or any(not isinstance(own, tuple | list) or len(own) != 2 for own in values):
        raise InvalidInput(f"{name} must be a mapping from trainable symbols, or pairs; got {shown(values)}")
    return [(key, value) for key, value in values]


def learning_rate(rate: Any, key: Any) -> sympy.Expr:
    """Return a rate as an expression, or refuse one that is known not to be positive."""
    written = explicit(rate, "rates")
    if written.is_Matrix or written is sympy.nan or written.is_finite is False or written.is_positive is False:
        raise InvalidInput(f"rates must be > 0; got {shown(rate)} for {shown(key)}")
    return written


def decay(value: Any, key: Any) -> sympy.Expr:
    """Return a weight decay as an expression, or refuse one that is known to be negative."""
    written = explicit(value, "weight_decay")
    if written.is_Matrix or written is sympy.nan or written.is_finite is False or written.is_nonnegative is False:
        raise InvalidInput(f"weight_decay must be >= 0; got {shown(value)} for {shown(key)}")
    return written


def _refuse_moving(name: str, value: sympy.Expr, key: Any, trained: Collection[sympy.Expr]) -> None:
    """Refuse a rate or decay that would itself change in time: the flow would be no gradient's."""
    if moving := names(value) & set(trained):
        raise InvalidInput(f"{name} must not depend on what is trained; got {min(map(str, moving))} in {key}'s")


def _scalar(loss: Any) -> sympy.Expr:
    written = explicit(loss, "loss")
    if not written.is_Matrix:
        return written
    if written.shape != (1, 1):
        raise InvalidInput(f"loss must be a scalar; got a matrix of shape {written.shape}")
    return written[0, 0]


def _refuse_variable_indices(loss: sympy.Expr, scalars: Iterable[sympy.Expr]) -> None:
    whole = names(loss)
    for scalar in scalars:
        owner = scalar.args[0] if isinstance(scalar, sympy.Indexed | MatrixElement) else None
        if owner is not None and {owner, getattr(owner, "label", owner)} & whole:
            raise InvalidInput(f"loss must have {owner} at integer indices only; got {shown(loss)}")


def _gradient(loss: sympy.Expr, scalars: Iterable[sympy.Expr]) -> dict[sympy.Expr, sympy.Expr]:
    # What is trained is real, whether or not the symbol says so: else |x| would have no derivative.
    real = {scalar: scalar if scalar.is_real else sympy.Dummy(str(scalar), real=True) for scalar in scalars}
    back = {symbol: scalar for scalar, symbol in real.items()}
    plain = loss.xreplace(real)
    return {scalar: plain.diff(symbol).xreplace(back) for scalar, symbol in real.items()}
