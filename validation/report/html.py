"""One HTML page of a run: a single file with its figures inside, that opens offline, on a phone and in print."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from validation.report.contents import Cell, Report
from validation.report.labels import decimal
from validation.sweeps.atomic import write_atomically

if TYPE_CHECKING:
    from jinja2 import Template

    from validation.measure import Verdict

SYMBOLS = {"agrees": "✓", "disagrees": "✗", "undecided": "~", "not measured": "?"}
BOUNDS = {"equal": "", "at least": "≥ ", "at most": "≤ ", "more than": "> "}


def render(report: Report) -> str:
    """Return a report as one HTML document that refers to nothing outside itself.

    Examples
    --------
    >>> page = render(Report("Is 1 < 2?"))
    >>> "<h1>Is 1 &lt; 2?</h1>" in page
    True
    """
    return _template().render(report=report)


def write_report(path: str | Path, report: Report) -> None:
    """Write a report as one self-contained HTML file, which exists whole or not at all.

    Parameters
    ----------
    path : str or Path
        The file; its folder must exist. An older file is replaced.
    report : Report
        What it says.

    Raises
    ------
    OSError
        When the folder does not exist or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_report(Path(folder) / "report.html", Report("Statics"))
    ...     [file.name for file in Path(folder).iterdir()]
    ['report.html']
    """
    write_atomically(Path(path), render(report).encode())


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("validation.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["cell"] = _cell
    environment.filters["verdict_cells"] = _verdict_cells
    environment.globals["symbols"] = SYMBOLS
    return environment.get_template("page.html.jinja")


def _cell(value: Cell) -> str:
    if isinstance(value, float):
        return f"{value:.4g}".replace("-", "−") if math.isfinite(value) else decimal(value)
    return str(value)


def _verdict_cells(verdict: Verdict) -> dict[str, str]:
    """Return the numbers of a verdict as text, rounded so that neither the error nor the difference is lost."""
    error = verdict.standard_error
    digits = _decimals(
        error or abs((verdict.theory if verdict.measured is None else verdict.measured) - verdict.theory)
    )
    theory, measured, spread = (
        "–" if value is None else _cell(value) if digits is None else f"{value:.{digits}f}".replace("-", "−")
        for value in (verdict.theory, verdict.measured, error)
    )
    return {
        "theory": BOUNDS[verdict.side] + theory,
        "measured": measured,
        "standard error": "0" if error == 0 else spread,
        "z": "–" if verdict.z is None else decimal(verdict.z),
        "allowed": decimal(verdict.allowed, 2) + f" + {verdict.model_error:.2g}" * (verdict.model_error > 0),
    }


def _decimals(scale: float) -> int | None:
    """Return how many decimals show two digits of a number of this size; None where it has no size."""
    return min(12, max(0, 1 - math.floor(math.log10(scale)))) if scale > 0 else None
