"""Docstrings as they are meant: a bar is a bar, for absolute values and orders of groups.

reStructuredText reads |x| as the name of a text to be substituted, which no docstring here uses.
"""

from typing import Any

from sphinx.application import Sphinx

from docs.generate.restructured import escape_bars

# The docstrings of properties by name, while napoleon would take "n^2: how many" for a type and its description.
SHIELDED: dict[str, list[str]] = {}


def shield(app: Sphinx, what: str, name: str, subject: object, options: object, lines: list[str]) -> None:
    """Keep the docstring of a property from napoleon."""
    if what in ("attribute", "property"):
        SHIELDED[name] = lines[:]
        lines[:] = [""]


def process(app: Sphinx, what: str, name: str, subject: object, options: object, lines: list[str]) -> None:
    """Escape the bars of a docstring, except in its examples; an example reaches to the next blank line."""
    lines[:] = SHIELDED.pop(name, lines[:])
    example = False
    for index, line in enumerate(lines):
        example = line.lstrip().startswith(">>>") or (example and bool(line.strip()))
        if not example:
            lines[index] = escape_bars(line)


def setup(app: Sphinx) -> dict[str, Any]:
    """Process docstrings before and after napoleon makes fields of their sections."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", shield, priority=100)
    app.connect("autodoc-process-docstring", process, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
