"""`geneft reproduce`: the published figures and tables, and what running them again says."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from validation.cli import options

if TYPE_CHECKING:
    from validation.reproduce import Reproduction


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "reproduce", help="list the published figures and tables, or run one again", allow_abbrev=False
    )
    parser.add_argument("figure", nargs="?", metavar="FIGURE", help="such as fig2; without it, the list")
    parser.add_argument("--out", type=Path, metavar="DIR", help="run folder (default: runs/FIGURE)")
    parser.add_argument("--quick", action="store_true", help="a reduced form: few seeds and fractions, the same steps")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--store", action="store_true", help=argparse.SUPPRESS)
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> None:
    """List all reproductions with their verdicts, or run one."""
    from geneft_theory.errors import InvalidInput
    from validation.reproduce import require_reproduction, table

    if arguments.figure is None:
        rows = table()
        if arguments.json:
            options.print_json(rows)
        else:
            print_rows(rows)
        return
    reproduction = require_reproduction(arguments.figure)
    if reproduction.experiment == "computed":
        if arguments.out or arguments.quick:
            raise InvalidInput(f"out and quick must not be given for {reproduction.key}, which trains nothing")
        _print([row for row in table() if row["key"] == reproduction.key], arguments.json)
    else:
        _train(reproduction, arguments)


def _train(reproduction: Reproduction, arguments: argparse.Namespace) -> None:
    from validation.reproduce.training import reproduce
    from validation.sweeps import progress_bar

    out = arguments.out or Path("runs") / (reproduction.key + ("-quick" if arguments.quick else ""))
    with progress_bar(reproduction.key) as progress:
        rows, report = reproduce(reproduction, out, quick=arguments.quick, keep=arguments.store, progress=progress)
    _print(rows, arguments.json)
    if not arguments.json:
        print(f"\nreport: {report}")


def _print(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        options.print_json(rows)
    else:
        print_rows(rows)


def print_rows(rows: list[dict[str, Any]]) -> None:
    """Print verdicts for a person to read, grouped by figure."""
    shown = None
    for row in rows:
        if row["key"] != shown:
            shown = row["key"]
            seeds = "" if row["seeds"] is None else f", {row['seeds']} seeds"
            minutes = "seconds" if row["minutes"] < 0.1 else f"{row['minutes']:.1f} min on two cores"
            print(f"\n{row['title']}\n  {row['command']}  ({minutes}{seeds})")
            print(f"  {'verdict':<13} {'theory':>10} {'measured':>10} {'s.e.':>9} {'z':>7} {'allowed':>7}  claim")
        numbers = (_number(row["theory"], 10), _number(row["measured"], 10), _number(row["standard_error"], 9))
        print(
            f"  {row['verdict']:<13} {' '.join(numbers)} {_number(row['z'], 7, '.1f')} "
            f"{_number(row['allowed'], 7, '.1f')}  {row['claim']}"
        )


def _number(value: float | None, width: int, form: str = ".4g") -> str:
    return f"{'-' if value is None else format(value, form):>{width}}"
