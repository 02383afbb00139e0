"""The reference of the command line: what each command says of itself."""

import contextlib
import io
import os
from pathlib import Path

from docs.generate.markdown import write
from validation.cli import main

COMMANDS = (
    "",
    "run",
    "run statics",
    "run goldilocks",
    "run repon-pair",
    "run learning-rates",
    "run merging",
    "run slowing-down",
    "run grokking-rate",
    "run grokking-phases",
    "run grokking-transformer",
    "run alignment",
    "run alignment-structure",
    "run alignment-parity",
    "plan",
    "show",
    "export",
    "compare",
    "predict",
    "predict statics",
    "predict collapse",
    "predict boundary",
    "equations",
    "cite",
    "reproduce",
    "doctor",
)


def generate(directory: Path) -> None:
    """Write the help of all commands as a fragment."""
    sections = [section(command) for command in COMMANDS]
    write(directory / "snippets" / "commands.md", "\n".join(sections))


def section(command: str) -> str:
    """Return the help of one command under its name."""
    words = " ".join(("geneft", *command.split()))
    return f"## `{words}`\n\n```text\n{help_text(command)}```\n"


def help_text(command: str) -> str:
    """Return what a command prints for --help, at a width that fits the page."""
    printed = io.StringIO()
    width = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "88"
    try:
        with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
            main([*command.split(), "--help"])
    finally:
        os.environ.pop("COLUMNS")
        if width is not None:
            os.environ["COLUMNS"] = width
    return printed.getvalue()
