"""The little reStructuredText that the pages of public names need: their docstrings are written in it."""

import re

LITERAL = re.compile(r"(``.*?``|`[^`]*`)")


def escape_bars(line: str) -> str:
    """Return a line in which bars outside of code stand for themselves, not for a substitution."""
    pieces = LITERAL.split(line)
    return "".join(piece if index % 2 else piece.replace("|", r"\|") for index, piece in enumerate(pieces))


def heading(text: str) -> str:
    """Return a title."""
    return f"{text}\n{'=' * len(text)}\n"
