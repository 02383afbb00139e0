"""The table from a symbol in the paper to its name in the code, collected from the statements' quantities."""

from collections.abc import Iterable
from pathlib import Path

from docs.generate.markdown import escaped, table, titled_link, write
from geneft_theory import Statement, catalogue
from geneft_theory.statements import Quantity
from geneft_theory.statements.printing import latex

HEADER = ("In the paper", "In the code", "Meaning", "Domain", "Unit", "First used in")


def generate(directory: Path) -> None:
    """Write the table as a fragment."""
    uses: dict[tuple[str, str], list[tuple[Quantity, Statement]]] = {}
    for statement in catalogue.values():
        for quantity in statement.quantities:
            uses.setdefault((latex(quantity.symbol), quantity.name), []).append((quantity, statement))
    rows = [row(symbol, name, used) for (symbol, name), used in uses.items()]
    write(directory / "snippets" / "symbols.md", table(HEADER, rows))


def row(symbol: str, name: str, used: list[tuple[Quantity, Statement]]) -> tuple[str, ...]:
    """Return the cells of one symbol, which may mean several things in several statements."""
    quantities = [quantity for quantity, _ in used]
    return (
        f"${symbol}$",
        f"`{name}`",
        distinct(quantity.meaning for quantity in quantities),
        distinct(quantity.domain for quantity in quantities),
        distinct(quantity.unit for quantity in quantities),
        titled_link(used[0][1]),
    )


def distinct(texts: Iterable[str]) -> str:
    """Return the different texts, in the order of their first use."""
    return escaped("; ".join(dict.fromkeys(texts)))
