"""The accuracy estimate beside the ideal learner, for the four relations of the paper."""

from pathlib import Path

import numpy as np

from docs.generate.markdown import table, write
from docs.generate.tasks import SYMBOLS, TABLE_ONE
from geneft_theory import Estimate
from geneft_theory.relations import parse
from geneft_theory.statics import accuracy_estimate, achievable_accuracy_curve, chance, description_length

FRACTIONS = (0.02, 0.04, 0.06, 0.08, 0.12, 0.2, 0.3, 0.5, 0.75)
DRAWS = 100
SEED = 0


def generate(directory: Path) -> None:
    """Write the table as a fragment."""
    columns = [column for name in TABLE_ONE for column in columns_of(name)]
    header = ("$p$", *(f"`{name}` {curve}" for name in TABLE_ONE for curve in (r"$f_{\mathrm{UB}}$", "ideal")))
    rows = [(f"{fraction:g}", *cells) for fraction, *cells in zip(FRACTIONS, *columns, strict=True)]
    note = (
        f"Accuracy over all pairs at $n = {SYMBOLS}$. The ideal learner is averaged over {DRAWS} random training sets; "
        "in parentheses one standard error in units of the last digit. **Bold** where the ideal learner lies above the "
        "estimate by more than two standard errors, *italic* where it lies below by as much.\n"
    )
    write(directory / "snippets" / "comparison.md", note + "\n" + table(header, rows))


def columns_of(name: str) -> tuple[list[str], list[str]]:
    """Return the column of the estimate and the column of the ideal learner."""
    relation = parse(name, SYMBOLS)
    samples = np.round(np.array(FRACTIONS) * relation.pairs)
    estimates = accuracy_estimate(samples, description_length(relation), chance(relation))
    ideal = [point.all_pairs for point in achievable_accuracy_curve(relation, FRACTIONS, draws=DRAWS, seed=SEED)]
    marked = [
        emphasis(accuracy, float(estimate)).format(short(accuracy))
        for accuracy, estimate in zip(ideal, estimates, strict=True)
    ]
    return [f"{estimate:.4f}" for estimate in estimates], marked


def emphasis(accuracy: Estimate, estimate: float) -> str:
    """Return the markup of a number that lies clearly above or below the estimate."""
    if abs(accuracy.z(estimate)) <= 2:
        return "{}"
    return "**{}**" if accuracy.value > estimate else "*{}*"


def short(accuracy: Estimate) -> str:
    """Return a number with its standard error in parentheses; only 1 where every training set left nothing open."""
    if accuracy.standard_error == 0:
        return f"{accuracy.value:g}"
    return f"{accuracy.value:.4f}({accuracy.standard_error * 1e4:.0f})"
