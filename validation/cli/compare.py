"""`geneft compare`: two runs side by side."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from validation.cli import options
from validation.cli.show import (
    NARROW,
    escaped,
    names_listed,
    number,
    percentage,
    print_fitting,
    terminal,
)

MOST_GROUPS = 12
MOST_DIFFERENCES = 12
MOST_VALUES = 8


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "compare", help="compare two runs: question, versions, numbers, distributions", allow_abbrev=False
    )
    parser.add_argument("first", type=Path, metavar="RUN", help="run folder")
    parser.add_argument("second", type=Path, metavar="RUN", help="another")
    parser.add_argument(
        "--by", metavar="NAMES", help="settings to group networks by, separated by commas (default: all that vary)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> None:
    """Print the comparison."""
    from validation.sweeps.comparison import compare_runs

    by = None if arguments.by is None else names_listed("by", arguments.by)
    comparison = compare_runs(arguments.first, arguments.second, by)
    if arguments.json:
        options.print_json(comparison)
    else:
        print_comparison(comparison)


def print_comparison(comparison: dict[str, Any]) -> None:
    """Print a comparison for a person to read."""
    console = terminal()
    console.print(f"[bold]{escaped(comparison['verdict'])}[/bold]: {escaped(comparison['reason'])}", soft_wrap=True)
    for side in ("first", "second"):
        networks = f"{comparison['networks'][side]} networks"
        console.print(f"  [dim]{side:<8}[/dim] {escaped(comparison[side])}  {networks}", soft_wrap=True)
    _print_differences(console, "question", comparison["question"])
    _print_differences(console, "versions", comparison["versions"])
    if comparison["settings"]:
        _print_differences(console, "settings", comparison["settings"], "only in one run")
    console.print(f"\n[bold]networks in common[/bold]  {comparison['networks']['in_common']}")
    if comparison["outcomes"]:
        print_fitting(console, [_equality_table(comparison["outcomes"])])
    phases = comparison["phases"]
    if phases and phases["networks"]:
        changes = ", ".join(f"{row['networks']} {row['first']} to {row['second']}" for row in phases["changes"])
        text = f"{phases['changed']} of {phases['networks']} networks changed phase"
        console.print(f"  {text}{': ' + changes if changes else ''}", soft_wrap=True)
    if any(row["equal"] < row["networks"] for row in comparison["outcomes"].values()) or not comparison["outcomes"]:
        _print_distributions(console, comparison["distributions"])


def _print_differences(console: Any, what: str, rows: list[dict[str, Any]], how: str = "differs in") -> None:
    if not rows:
        console.print(f"\n[bold]{what}[/bold]  the same")
        return
    console.print(f"\n[bold]{what}[/bold]  {how}")
    for row in rows[:MOST_DIFFERENCES]:
        console.print(f"  {escaped(row['name'])}: {_value(row['first'])} | {_value(row['second'])}", soft_wrap=True)
    if len(rows) > MOST_DIFFERENCES:
        console.print(f"  and {len(rows) - MOST_DIFFERENCES} more (--json shows all)")


def _value(value: Any) -> str:
    if value is None:
        return "not given"
    if isinstance(value, list):
        rest = f" and {len(value) - MOST_VALUES} more" if len(value) > MOST_VALUES else ""
        return (", ".join(map(_value, value[:MOST_VALUES])) + rest) or "none"
    return escaped(f"{value:g}" if isinstance(value, float) else str(value))


def _equality_table(outcomes: dict[str, dict[str, Any]]) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, justify in (("outcome", "left"), ("equal bit for bit", "right"), ("largest difference", "right")):
        table.add_column(name, justify="left" if justify == "left" else "right", no_wrap=True)
    for name, row in outcomes.items():
        table.add_row(escaped(name), f"{row['equal']} of {row['networks']}", f"{row['largest_difference']:.3g}")
    return table


def _print_distributions(console: Any, distributions: dict[str, Any]) -> None:
    if not distributions["quantities"]:
        return
    console.print(f"\n[bold]distributions[/bold]  {distributions['compared']}")
    less = print_fitting(console, [_quantity_table(distributions["quantities"], values) for values in (True, False)])
    groups = sorted(distributions["groups"], key=_apart, reverse=True)
    if len(groups) > 1:
        tables = [
            _group_table(distributions["by"], groups[:MOST_GROUPS], len(groups), with_mean)
            for with_mean in (True, False)
        ]
        less = print_fitting(console, tables) or less
    if less:
        console.print(f"[dim]{NARROW}[/dim]", soft_wrap=True)
    level = f"{distributions['level']:.0%}"
    console.print(
        f"[dim]Brackets: {level} intervals, over networks in common or over seeds. A verdict allows for the number of "
        "quantities: 1 true agreement in 370 fails.[/dim]",
        soft_wrap=True,
    )


def _quantity_table(rows: list[dict[str, Any]], values: bool) -> Any:
    """Return quantities with their differences and verdicts, and where there is room with both runs' values."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    sides = ("first", "second") if values else ()
    for name in ("quantity", *sides, "difference", "verdict"):
        table.add_column(name, justify="left" if name in ("quantity", "verdict") else "right", no_wrap=True)
    for row in rows:
        difference = {"value": row["difference"], "low": row["low"], "high": row["high"]}
        shown = number(difference) if row["draws"] > 1 else f"{row['difference']:.4g}"
        verdict = "too few seeds to tell" if row["verdict"] == "undecided" else row["verdict"]
        table.add_row(row["quantity"], *(f"{row[side]:.4g}" for side in sides), escaped(shown), verdict)
    return table


def _apart(group: dict[str, Any]) -> float:
    """Return by how much the two sides of a group differ, in the phase or mean where they do so most."""
    sides = [group[side].get("phases") or group[side]["means"] for side in ("first", "second")]
    values = [[each[name]["value"] for each in sides] for name in sides[0]]
    return max((abs(a - b) for a, b in values if a is not None and b is not None), default=0.0)


def _group_table(by: list[str], groups: list[dict[str, Any]], of: int, with_mean: bool = True) -> Any:
    """Return groups with one line for each run, the first above the second; a mean stays where there is no phase."""
    from rich import box
    from rich.table import Table

    sides = ("first", "second")
    known = groups[0]["first"].get("phases", {})
    phases = [name for name in known if any(group[side]["phases"][name]["value"] for group in groups for side in sides)]
    means = list(groups[0]["first"]["means"])[:1] if with_mean or not phases else []
    title = f"{of} groups" if of == len(groups) else f"the {len(groups)} of {of} groups that differ most"
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in (*by, "run", "networks", *phases, *means):
        table.add_column(name, justify="left" if name in (*by, "run") else "right", no_wrap=True)
    for group in groups:
        for side in sides:
            cells = [_value(group[name]) for name in by]
            cells = [cell if side == "first" else "" for cell in cells]
            row = group[side]
            cells += [side, str(row["networks"])]
            cells += [escaped(percentage(row["phases"][name])) for name in phases]
            cells += [escaped(number(row["means"][name])) for name in means]
            table.add_row(*cells)
    return table
