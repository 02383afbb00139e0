"""The table of reference values, from the file that the tests read too."""

import tomllib
from pathlib import Path
from typing import Any

from docs.generate.markdown import badge, escaped, table, titled_link, write
from geneft_theory import Status, catalogue

REFERENCE_VALUES = Path(__file__).parents[2] / "tests" / "reference_values.toml"
HEADER = ("What", "Value", "Tolerance", "Source", "Statement", "Status")


def generate(directory: Path) -> None:
    """Write the table as a fragment."""
    values: list[dict[str, Any]] = tomllib.loads(REFERENCE_VALUES.read_text(encoding="utf-8"))["value"]
    write(directory / "snippets" / "reference-values.md", table(HEADER, [row(value) for value in values]))


def row(value: dict[str, Any]) -> tuple[str, ...]:
    """Return the cells of one reference value."""
    return (
        escaped(value["what"]),
        number(value["value"]),
        tolerance(value),
        escaped(value["source"]),
        titled_link(catalogue[value["statement"]]),
        badge(Status[value["status"]]),
    )


def number(value: Any) -> str:
    """Return a value of the file as it is written there; digits in groups where there are many."""
    if isinstance(value, list):
        return ", ".join(map(number, value))
    if isinstance(value, str):
        return f"{int(value):,}" if value.isdecimal() else escaped(value)
    return f"{value:.10g}"


def tolerance(value: dict[str, Any]) -> str:
    """Return how far a computed value may be off."""
    if "standard_errors" in value:
        return f"{value['standard_errors']:g} standard errors"
    return "exact" if value["tolerance"] == 0 else f"{value['tolerance']:g}"
