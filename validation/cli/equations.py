"""`geneft equations`: the catalogue as text, LaTeX or JSON."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from geneft_theory.statements import Statement


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser("equations", help="print the theory's statements", allow_abbrev=False)
    parser.add_argument("key", nargs="?", default="", metavar="KEY", help="a key, or the start of one; all by default")
    parser.add_argument("--format", choices=("text", "latex", "json"), default="text")
    parser.add_argument("--derive", action="store_true", help="show the steps of each derivation (text only)")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> None:
    """Print the statements asked for."""
    from geneft_theory import catalogue

    found = catalogue.find(arguments.key)
    if arguments.format == "json":
        import json

        print(json.dumps([statement.as_dict() for statement in found], indent=2, ensure_ascii=False))
    elif arguments.format == "latex":
        for statement in found:
            print(f"% {statement.key}: {statement.title}\n{statement.latex()}\n")
    else:
        print("\n\n".join(as_text(statement, derive=arguments.derive) for statement in found))


def as_text(statement: Statement, *, derive: bool) -> str:
    """Return everything that is known of a statement as plain text."""
    lines = [statement.key, f"  {statement.title}", "", _indented(statement.text(), 6), ""]
    lines.append(f"  source      {statement.source}")
    lines.append(f"  status      {statement.status.name}: {statement.status.meaning}")
    for index, quantity in enumerate(statement.quantities):
        label = "symbols" if index == 0 else ""
        meaning = f"{quantity.symbol} ({quantity.name}): {quantity.meaning}; {quantity.domain}"
        lines.append(f"  {label:<11} {meaning}" + (f" [{quantity.unit}]" if quantity.unit != "1" else ""))
    for index, assumption in enumerate(statement.assumptions):
        lines.append(f"  {'assumptions' if index == 0 else '':<11} {assumption}")
    if statement.note:
        lines.append(f"  {'note':<11} {statement.note}")
    if derive and statement.derivation is not None:
        import sympy

        lines.append("  derivation")
        for number, step in enumerate(statement.derive(), start=1):
            drawn = sympy.pretty(step.expression, use_unicode=True, wrap_line=False)
            lines += [f"    {number}. {step.text}", "", _indented(drawn, 10), ""]
    return "\n".join(lines)


def _indented(text: str, width: int) -> str:
    return "\n".join(" " * width + line for line in text.splitlines())
