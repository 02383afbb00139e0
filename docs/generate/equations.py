"""The equation catalogue: every statement with all it carries, and its derivation as the code runs it."""

from pathlib import Path

from docs.generate.markdown import anchor, badge, display, escaped, link, table, write
from geneft_theory import Statement, Status, catalogue
from geneft_theory.statements import Quantity
from geneft_theory.statements.printing import latex

INTRODUCTION = """# Equation catalogue

Every equation and proposition of the package, with where it comes from, how far it can be trusted, and what each symbol
means. The page is printed from the same objects that the functions evaluate: `geneft_theory.catalogue` in Python,
`geneft equations [KEY]` on the command line. A derivation shown here was carried out by SymPy when the page was
built.

"""


def generate(directory: Path) -> None:
    """Write the catalogue page, and each derivation as a fragment for other pages."""
    sections = "\n".join(section(statement) for statement in catalogue.values())
    write(directory / "equations.md", f"{INTRODUCTION}{overview()}\n{statuses()}\n{sections}")
    for statement in catalogue.values():
        fragment = f"{formula(statement)}\n{folded(derivation(statement))}"
        write(directory / "snippets" / "statements" / f"{statement.key}.md", fragment)


def overview() -> str:
    """Return the list of all statements."""
    rows = [(link(statement), escaped(statement.title), badge(statement.status)) for statement in catalogue.values()]
    return table(("Key", "Statement", "Status"), rows)


def statuses() -> str:
    """Return what each status means and how many statements have it."""
    count = [statement.status for statement in catalogue.values()].count
    rows = [(badge(status), escaped(status.meaning), str(count(status))) for status in Status]
    return "## What a status means\n\n" + table(("Status", "Meaning", "Statements"), rows)


def section(statement: Statement) -> str:
    """Return the section of one statement."""
    parts = [
        f"({anchor(statement.key)})=\n## {escaped(statement.title)}\n",
        display(statement.latex()),
        f"Key\n: `{statement.key}`\n",
        f"Status\n: {badge(statement.status)} {escaped(statement.status.meaning)}\n",
        f"Source\n: {escaped(str(statement.source))} {{cite}}`{statement.source.paper}`\n",
    ]
    if statement.assumptions:
        parts.append("Assumptions\n" + "\n".join(f": {escaped(line)}\n" for line in statement.assumptions))
    if statement.note:
        parts.append(f"Note\n: {escaped(statement.note)}\n")
    parts.append(quantity_table(statement.quantities))
    if statement.derivation:
        parts.append(f'**Derivation**, as run by `catalogue["{statement.key}"].derive()`:\n\n{derivation(statement)}')
    return "\n".join(parts)


def quantity_table(quantities: tuple[Quantity, ...]) -> str:
    """Return the table of a statement's symbols."""
    rows = [
        (f"${latex(q.symbol)}$", f"`{q.name}`", escaped(q.meaning), escaped(q.domain), escaped(q.unit))
        for q in quantities
    ]
    return table(("Symbol", "Name in the code", "Meaning", "Domain", "Unit"), rows)


def formula(statement: Statement) -> str:
    """Return a statement's formula with its status and a link to the catalogue."""
    return f"{display(statement.latex())}\n{badge(statement.status)} {link(statement)}\n"


def folded(steps: str) -> str:
    """Return a derivation that unfolds on a click, for pages with an argument of their own to follow."""
    summary = "Derivation, carried out by SymPy when this page was built"
    return f"<details><summary>{summary}</summary>\n\n{steps}\n</details>\n" if steps else ""


def derivation(statement: Statement) -> str:
    """Return the steps of a derivation, carried out now."""
    if statement.derivation is None:
        return ""
    steps = []
    for number, step in enumerate(statement.derive(), start=1):
        indented = display(latex(step.expression)).replace("\n", "\n   ")
        steps.append(f"{number}. {escaped(step.text)}\n{indented.rstrip()}\n")
    return "\n".join(steps)
