"""All statements of all theories, by key; read from the `equations` modules when first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module

from geneft_theory.errors import InvalidInput, shown
from geneft_theory.statements.statement import Statement

# The theories, in the order of the documentation; each has a module `equations` with a tuple `STATEMENTS`.
THEORIES = ("statics", "repons", "grokking", "alignment")


class Catalogue(Mapping[str, Statement]):
    """A read-only mapping from a statement's key to the statement, in the order of the theories' derivations.

    Examples
    --------
    >>> from geneft_theory import catalogue
    >>> "statics.critical_fraction" in catalogue
    True
    >>> print(catalogue["statics.total_order.description_length"].expression)
    Eq(b, log(factorial(n))/log(2))
    """

    @cached_property
    def _statements(self) -> dict[str, Statement]:
        statements: dict[str, Statement] = {}
        for theory in THEORIES:
            for statement in import_module(f"geneft_theory.{theory}.equations").STATEMENTS:
                if statement.key in statements:
                    raise AssertionError(f"two statements share the key {statement.key}")
                statements[statement.key] = statement
        return statements

    def __getitem__(self, key: str) -> Statement:
        return self._statements[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._statements)

    def __len__(self) -> int:
        return len(self._statements)

    def __repr__(self) -> str:
        return f"<catalogue of {len(self)} statements>"

    def find(self, prefix: str = "") -> tuple[Statement, ...]:
        """Return the statement with this very key; if there is none, all those below it (`"statics.total_order"`).

        Raises
        ------
        InvalidInput
            If nothing has this key or lies below it.
        """
        if prefix in self._statements:
            return (self._statements[prefix],)
        found = tuple(
            statement for key, statement in self._statements.items() if not prefix or key.startswith(prefix + ".")
        )
        if not found:
            raise InvalidInput(f"key must be one of {', '.join(self)}, or the start of one; got {shown(prefix)}")
        return found


catalogue = Catalogue()
