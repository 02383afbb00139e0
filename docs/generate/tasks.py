"""What the theory says of the four relations that GenEFT trains networks on."""

from pathlib import Path

from docs.generate.markdown import table, write
from geneft_theory.relations import automorphism_order, parse
from geneft_theory.statics import critical_fraction, description_length, published_description_length

# Table I at n = 30; the size of the bipartite part is the one that secondary sources use.
TABLE_ONE = ("modulo:3", "modulo:5", "greater-than", "complete-bipartite:10")
SYMBOLS = 30
HEADER = (
    "Relation",
    "Related pairs",
    r"$\left|\mathrm{Aut}\,G\right|$",
    "$b$, exact (bits)",
    "$b$ in Table II (bits)",
    "$p_c$ with exact $b$",
    "$p_c$ with Table II's $b$",
)


def generate(directory: Path) -> None:
    """Write the table as a fragment."""
    write(directory / "snippets" / "tasks.md", table(HEADER, [row(name) for name in TABLE_ONE]))


def row(name: str) -> tuple[str, ...]:
    """Return the cells of one relation."""
    relation = parse(name, SYMBOLS)
    exact, published = description_length(relation), published_description_length(relation)
    if published is None:
        raise AssertionError(f"Table II has no row for {name}")
    return (
        f"`{name}`",
        str(int(relation.matrix.sum())),
        f"{automorphism_order(relation):,}",
        f"{exact:.3f}",
        f"{published:.3f}",
        f"{float(critical_fraction(exact, relation.pairs)):.4f}",
        f"{float(critical_fraction(published, relation.pairs)):.4f}",
    )
