"""The few pieces of MyST markdown of which generated pages consist."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from geneft_theory import Statement, Status


def write(path: Path, text: str) -> None:
    """Write a page unless it already reads so; an unchanged page is not built again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def escaped(text: str) -> str:
    """Return plain text such that markdown takes no character of it for markup, except backticks around code."""
    pieces = re.split(r"(`[^`]+`)", text)
    return "".join(
        piece if index % 2 else re.sub(r"([\\`*_{}\[\]<>$|~#])", r"\\\1", piece) for index, piece in enumerate(pieces)
    )


def table(header: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int] = ()) -> str:
    """Return a table whose cells are markdown; a list-table, because LaTeX and pipes do not go together."""
    lines = ["```{list-table}", ":header-rows: 1", ":class: generated"]
    lines += [":widths: " + " ".join(map(str, widths))] * bool(widths)
    for row in (header, *rows):
        for index, cell in enumerate(row):
            lines.append(f"{'  ' if index else '* '}- {cell}".rstrip())
    return "\n".join([*lines, "```", ""])


def badge(status: Status) -> str:
    """Return a status as a coloured word."""
    return f"[{status.name}]{{.status .status-{status.name.lower()}}}"


def link(statement: Statement) -> str:
    """Return a link to a statement's place in the catalogue, worded as its key."""
    return f"[`{statement.key}`](#{anchor(statement.key)})"


def titled_link(statement: Statement) -> str:
    """Return a link to a statement's place in the catalogue, worded as its title."""
    return f"[{escaped(statement.title)}](#{anchor(statement.key)})"


def anchor(key: str) -> str:
    """Return the name of a statement's place in the catalogue."""
    return f"statement-{key}"


def display(latex: str) -> str:
    """Return a formula on a line of its own."""
    return f"\n$$\n{latex}\n$$\n"
