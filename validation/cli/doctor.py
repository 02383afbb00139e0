"""`geneft doctor`: what this installation is, and how fast this machine trains."""

from __future__ import annotations

import argparse
from typing import Any

from validation.cli import options


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "doctor", help="print versions, threads and measured speed of this machine", allow_abbrev=False
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> None:
    """Examine the installation and print what is found."""
    from validation.experiments.diagnosis import diagnose_machine

    findings = diagnose_machine()
    if arguments.json:
        options.print_json(findings)
        return
    width = max(len(name) for name in findings)
    for name, value in findings.items():
        text = f"{value:.4g}" if isinstance(value, float) else str(value)
        print(f"{name.replace('_', ' '):<{width}}  {text}")
