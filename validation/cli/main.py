"""Entry point of `geneft`: one parser, one module a command, one way to fail."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from typing import NoReturn, TextIO

from geneft_theory._version import __version__
from validation.cli import cite, compare, doctor, equations, export, plan, predict, reproduce, run, show

COMMANDS = (run, plan, show, export, compare, predict, equations, cite, reproduce, doctor)


class OneLineParser(argparse.ArgumentParser):
    """A parser whose complaint is one line on standard error, with exit code 2."""

    def error(self, message: str) -> NoReturn:
        """Print the complaint without the usage text, and leave."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; it imports no numerical library."""
    parser = OneLineParser(
        prog="geneft",
        description="Effective theories of neural-network generalization, held against real networks.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"geneft {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(subparsers)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 2 bad input or a folder that fails, 130 stopped.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after `geneft`; those of the process by default.

    Examples
    --------
    >>> main(["cite", "statics.known_fraction"])  # doctest: +ELLIPSIS
    % the software itself
    ...
    0
    """
    parser = build_parser()
    parsed = parser.parse_args(arguments)
    _begin_logging(verbose=getattr(parsed, "verbose", False))
    try:
        parsed.execute(parsed)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("geneft: stopped; the same command goes on where it was", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output (head, less) has gone: nothing is wrong, but Python must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ValueError as error:
        from geneft_theory.errors import InvalidInput

        if not isinstance(error, InvalidInput):
            raise
        print(f"geneft: {error}", file=sys.stderr)
        return 2
    return 0


class _StandardError(logging.StreamHandler[TextIO]):
    """Write to what standard error is at the moment; a progress bar puts itself in its place while it is shown."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:
        return sys.stderr

    @stream.setter
    def stream(self, value: TextIO) -> None:
        """Ignore what the base class would keep."""


def _begin_logging(*, verbose: bool) -> None:
    """Show warnings of all libraries, and what this package has to tell where somebody wants to hear it."""
    logging.basicConfig(level=logging.WARNING, format="geneft: %(message)s", handlers=[_StandardError()])
    logging.getLogger("validation").setLevel(logging.INFO if verbose else logging.WARNING)
