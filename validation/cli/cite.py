"""`geneft cite`: BibTeX for the statements asked for."""

from __future__ import annotations

import argparse
from typing import Any


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser("cite", help="print BibTeX for what you use", allow_abbrev=False)
    parser.add_argument(
        "keys", nargs="*", metavar="KEY", help="keys of statements or papers; all statements by default"
    )
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> None:
    """Print the entries; a new process has used nothing yet, so that no key means the whole catalogue."""
    from geneft_theory import catalogue, cite

    cite(*(arguments.keys or catalogue))
