"""The figures rebuilt from stored results without training, and what each reproduction says of the theory."""

from collections import Counter
from pathlib import Path
from typing import Any

from docs.generate.markdown import escaped, table, write
from validation import reproduce


def generate(directory: Path) -> None:
    """Draw the figures, and write them and the verdicts as fragments."""
    fragments = directory / "snippets"
    drawn, rows = reproduce.build_figures(directory / "figures"), reproduce.table()
    for key in reproduce.reproductions():
        figures = [figure(one) for one in drawn if one.key == key]
        write(fragments / "figures" / f"{key}.md", "\n".join(figures) + "\n")
    write(fragments / "reproduction.md", "\n".join(section(key, rows) for key in reproduce.reproductions()))
    write(fragments / "verdicts.md", overview(rows))


def figure(drawn: reproduce.BuiltFigure) -> str:
    """Return a figure with title, caption and the command that trains it anew; for pages at the top of the docs."""
    return (
        f"```{{figure}} generated/figures/{drawn.path.name}\n:alt: {drawn.title}\n\n"
        f"**{escaped(drawn.title)}** {escaped(drawn.caption)} `{drawn.command}`\n```\n"
    )


def overview(rows: list[dict[str, Any]]) -> str:
    """Return how many claims of each figure or table agree and disagree."""
    count = Counter((row["key"], row["verdict"]) for row in rows)
    header = ("", "Claims that agree", "that disagree", "undecided", "not measured")
    counts = [
        (f"[{escaped(one.title)}](#reproduction-{key})", *(str(count[key, verdict]) for verdict in VERDICTS))
        for key, one in reproduce.reproductions().items()
    ]
    return table(header, counts)


VERDICTS = ("agrees", "disagrees", "undecided", "not measured")
HEADER = ("Claim", "Theory", "Measured", "Standard error", "z", "Verdict")
SIDES = {"equal": "", "at least": "≥ ", "at most": "≤ ", "more than": "> "}


def section(key: str, rows: list[dict[str, Any]]) -> str:
    """Return one figure or table: where it was published, how it was made again, and the verdicts."""
    one = reproduce.reproductions()[key]
    own = [row for row in rows if row["key"] == key]
    seeds = f", {one.seeds} seeds" if one.seeds else ""
    seeds += f", {own[0]['minutes']:.0f} minutes of training on two cores" if own[0]["minutes"] else ""
    return (
        f"(reproduction-{key})=\n## {escaped(one.title)}\n\n{escaped(one.source)}. `{one.command}`{seeds}.\n\n"
        + table(HEADER, map(cells, own))
    )


def cells(row: dict[str, Any]) -> tuple[str, ...]:
    """Return the cells of one claim."""
    verdict = f"**{row['verdict']}**" if row["verdict"] == "disagrees" else row["verdict"]
    theory = SIDES[row["side"]] + number(row["theory"])
    return (
        escaped(row["claim"]),
        escaped(theory),
        number(row["measured"]),
        number(row["standard_error"]),
        "–" if row["z"] is None else f"{row['z']:.1f}",
        verdict,
    )


def number(value: float | None) -> str:
    """Return four digits of a number, or a dash."""
    return "–" if value is None else f"{value:.4g}"
