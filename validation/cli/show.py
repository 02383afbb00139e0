"""`geneft show`: a run at a glance, finished or not."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from validation.cli import options

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

PREFERRED = ("held_out_accuracy", "train_accuracy", "accuracy")
WIDEST = 3
"""How many means are shown beside the phases."""

NARROW = "Some columns are left out: the terminal is too narrow (--json has all)."
_ENDLESS = 10_000


def add(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "show", help="summarize a run: how far it is, phases, versions, verdicts", allow_abbrev=False
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder")
    parser.add_argument(
        "--by", metavar="NAMES", help="settings to group networks by, separated by commas (default: all that vary)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> None:
    """Print the summary of a run."""
    from validation.cli.asked import command_asked, networks_asked
    from validation.planning import expectation_line
    from validation.sweeps.folder import RunFolder
    from validation.sweeps.summary import summarize

    run = RunFolder.existing(arguments.run)
    by = None if arguments.by is None else names_listed("by", arguments.by)
    summary = {"command": command_asked(run)} | summarize(run, by, networks_asked(run.question))
    summary["expectation"] = expectation_line(run, summary["wall_seconds"], summary["networks"]["done"])
    if arguments.json:
        options.print_json(summary)
    else:
        print_summary(summary)


def print_summary(summary: dict[str, Any]) -> None:
    """Print a summary for a person to read."""
    console = terminal()
    console.print(f"[bold]{escaped(title_of(summary['question']))}[/bold]  {escaped(summary['folder'])}")
    for name, text in _facts(summary):
        console.print(f"  [dim]{name:<9}[/dim] {escaped(text)}", soft_wrap=True)
    less = False
    for table in summary["tables"]:
        console.print()
        tables = [group_table(table["by"], table["groups"], _title(table), further) for further in (2, 1, 0)]
        less = print_fitting(console, tables) or less
    if less:
        console.print(f"[dim]{NARROW}[/dim]", soft_wrap=True)
    if summary["tables"]:
        console.print(f"[dim]{escaped(_footnote(summary['tables'][0]))}[/dim]", soft_wrap=True)
    if summary["verdicts"]:
        from validation.experiments.presentation import verdict_lines

        console.print("\n[bold]verdicts[/bold]")
        for line in verdict_lines(summary["verdicts"]):
            console.print(f"  {escaped(line)}", soft_wrap=True)


def terminal() -> Console:
    """Return a console that prints whole tables also where output is not a terminal."""
    import sys

    from rich.console import Console

    # To a file or a pipe rich would break lines at 80 columns; whoever reads them there can scroll.
    return Console(highlight=False, width=None if sys.stdout.isatty() else 160)


def print_fitting(console: Console, tables: Sequence[Table]) -> bool:
    """Print the first of several tables that fits into the terminal, and say whether it is another than the first.

    Where none fits, the last is printed whole, for the terminal to break its lines: a number that is cut short is
    worse than a line that goes on.
    """
    widths = [console.measure(table, options=console.options.update(width=_ENDLESS)).maximum for table in tables]
    chosen = next((k for k, width in enumerate(widths) if width <= console.width), len(tables) - 1)
    terminal_width = console.width
    console.width = max(terminal_width, widths[chosen])
    try:
        # Without cropping, rich fills no line up to the width.
        console.print(tables[chosen], crop=False)
    finally:
        console.width = terminal_width
    return chosen > 0


def names_listed(option: str, text: str) -> list[str]:
    """Return the names of "width,depth", or refuse a text without one.

    Raises
    ------
    InvalidInput
        When a name is empty.

    Examples
    --------
    >>> names_listed("by", "width, depth")
    ['width', 'depth']
    """
    from geneft_theory.errors import InvalidInput, shown

    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise InvalidInput(f"{option} must be names separated by commas; got {shown(text)}")
    return names


def escaped(text: str) -> str:
    """Return a text that rich prints as it stands."""
    from rich.markup import escape

    return escape(text)


def title_of(question: dict[str, Any]) -> str:
    """Return experiment and preset as a title."""
    return f"{question['experiment']}, {question['preset']}"


def _facts(summary: dict[str, Any]) -> list[tuple[str, str]]:
    from validation.planning import duration

    networks, shards = summary["networks"], summary["shards"]
    facts = []
    if summary["command"]:
        facts.append(("asked", summary["command"]))
    else:
        asked = summary["question"]["options"] | {"sweep_seed": summary["question"]["sweep_seed"]}
        facts.append(("asked", ", ".join(f"{name} = {value}" for name, value in asked.items())))
    facts.append(("networks", _progress(networks["done"], networks["asked"])))
    if shards["damaged"] or shards["set_aside"]:
        counts = ((len(shards["damaged"]), "damaged"), (shards["set_aside"], "set aside"))
        words = " and ".join(f"{count} {word}" for count, word in counts if count)
        mends = ": the same command mends what is missing" if _missing(networks, shards) else ""
        facts.append(("shards", f"{shards['whole']} whole, {words}{mends}"))
    if summary["wall_seconds"]:
        facts.append(("time", f"{duration(summary['wall_seconds'])} of training, all chunks together"))
    if summary.get("expectation"):
        facts.append(("forecast", summary["expectation"].removeprefix("training: ")))
    if summary["finished"]:
        first, last = summary["finished"][0], summary["finished"][-1]
        facts.append(("finished", _moment(last) if first == last else f"{_moment(first)} to {_moment(last)}"))
    facts += [("made by", made_by_text(made)) for made in summary["made_by"]]
    if summary["report"]:
        facts.append(("report", summary["report"]))
    return facts


def _missing(networks: dict[str, Any], shards: dict[str, Any]) -> bool:
    """Return whether networks are missing, as far as anybody knows: a damaged shard's are, one's set aside may be."""
    asked = networks["asked"]
    return bool(shards["damaged"]) or asked is None or networks["done"] < asked


def _progress(done: int, asked: int | None) -> str:
    if asked is None:
        return f"{done} done (this version does not know how many were asked for)"
    if done >= asked:
        return f"all {done} done"
    return f"{done} of {asked} done ({done / asked:.0%}); the same command goes on"


def made_by_text(made: dict[str, Any]) -> str:
    """Return versions and machine on one line."""
    known = (made.get("versions") or {}).items()
    versions = ", ".join(f"{name} {_short(version) if name == 'commit' else version}" for name, version in known)
    machine = f"{made.get('platform')}, processors: {made.get('processors')}, threads: {made.get('threads')}"
    return f"{versions}; {machine}" if made.get("platform") else versions or "not recorded"


def _short(commit: str) -> str:
    digits, *rest = commit.split("-")
    return "-".join([digits[:12], *rest])


def _moment(text: str) -> str:
    return text.replace("T", " ").replace("+00:00", " UTC")


def _title(table: dict[str, Any]) -> str:
    return f"by {', '.join(table['by'])}" if table["by"] else "all networks"


def group_table(by: list[str], groups: list[dict[str, Any]], title: str, further: int = 2) -> Table:
    """Return groups of networks as a table: settings, counts, phases and a few means.

    `further` says how much stands beside settings, networks and phases: 2 for seeds and means, 1 for seeds, 0 for
    neither. Without phases one mean stays, or the table would say nothing.
    """
    from rich import box
    from rich.table import Table

    phases = list(groups[0]["phases"]) if "phases" in groups[0] else []
    phases = [phase for phase in phases if any(group["phases"][phase]["value"] for group in groups)]
    means = [name for name in PREFERRED if name in groups[0]["means"]][:1] if phases else []
    if not phases:
        known = groups[0]["means"]
        means = [*(n for n in PREFERRED if n in known), *(n for n in known if n not in PREFERRED)][:WIDEST]
    means = means if further > 1 else [] if phases else means[:1]
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    seeds = ["seeds"] if further else []
    for name in (*by, "networks", *seeds, *phases, *means):
        table.add_column(name, justify="left" if name in by else "right", no_wrap=True)
    for group in groups:
        cells = [_value(group[name]) for name in by]
        cells += [str(group[name]) for name in ("networks", *seeds)]
        cells += [percentage(group["phases"][phase]) for phase in phases]
        cells += [number(group["means"][name]) for name in means]
        table.add_row(*map(escaped, cells))
    return table


def _footnote(table: dict[str, Any]) -> str:
    level = f"{table['level']:.0%}"
    wilson = (
        f"Phases: per cent of the networks [{level} Wilson interval, by seed]. "
        if "phases" in table["groups"][0]
        else ""
    )
    return f"{wilson}Means: value [{level} bootstrap interval over seeds]; - where a network has no number."


def percentage(share: dict[str, float | None]) -> str:
    """Return a share with its interval in per cent.

    Examples
    --------
    >>> percentage({"value": 0.25, "low": 0.0456, "high": 0.6994})
    '25 [5, 70]'
    """
    if share["value"] is None:
        return "-"
    if share["low"] is None:
        return f"{100 * share['value']:.0f}"
    return f"{100 * share['value']:.0f} [{100 * share['low']:.0f}, {100 * (share['high'] or 0):.0f}]"


def number(mean: dict[str, float | None]) -> str:
    """Return a mean with its interval, in as many digits as the interval leaves.

    Examples
    --------
    >>> number({"value": 0.91234, "low": 0.85, "high": 0.97}), number({"value": 3.0, "low": None, "high": None})
    ('0.912 [0.850, 0.970]', '3')
    """
    value, low, high = mean["value"], mean["low"], mean["high"]
    if value is None:
        return "-"
    if low is None or high is None:
        return f"{value:.4g}"
    if max(abs(value), abs(low), abs(high)) < 10 and min(abs(value), 1) >= 1e-3:
        return f"{value:.3f} [{low:.3f}, {high:.3f}]"
    return f"{value:.3g} [{low:.3g}, {high:.3g}]"


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
