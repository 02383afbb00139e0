"""What a page of a run says: figures, tables, sections, verdicts and provenance, as plain data."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from geneft_theory.errors import InvalidInput, shown
from validation.report.canvas import figure_bytes
from validation.report.table import csv_text

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from validation.measure import Verdict

Cell = str | int | float
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class ReportFigure:
    """A picture of the page, with what it shows in words and the data behind it.

    Parameters
    ----------
    title : str
        Names the figure; also the name under which its data are saved.
    image : bytes
        A PNG or SVG file.
    alternative : str
        What the picture shows, for those who cannot see it; not empty.
    caption : str
        Stands under the picture.
    data : str
        The data behind it as CSV text; a link offers it. Empty: no link.
    command : str
        The command that makes the figure again, printed under it.

    Raises
    ------
    InvalidInput
        When image is neither a PNG nor an SVG file, or alternative is empty.

    Examples
    --------
    >>> ReportFigure("empty", b"<svg/>", "an empty picture").source
    'data:image/svg+xml;base64,PHN2Zy8+'
    """

    title: str
    image: bytes
    alternative: str
    caption: str = ""
    data: str = ""
    command: str = ""

    def __post_init__(self) -> None:
        if not self.alternative.strip():
            raise InvalidInput("alternative must say what the picture shows; got an empty text")
        if not (self.image.startswith(PNG_SIGNATURE) or b"<svg" in self.image[:1000]):
            raise InvalidInput(f"image must be the bytes of a PNG or SVG file; got {shown(self.image[:20])}")

    @classmethod
    def from_figure(
        cls,
        figure: Figure,
        title: str,
        alternative: str,
        *,
        caption: str = "",
        data: xr.Dataset | None = None,
        command: str = "",
    ) -> ReportFigure:
        """Return a matplotlib figure as SVG, with a dataset as its data.

        Examples
        --------
        >>> from validation.report import gap_figure, specimen
        >>> measured = specimen.specimen_measured()
        >>> picture = ReportFigure.from_figure(gap_figure(measured), "gap", "Gap of each decoder.", data=measured)
        >>> picture.data.splitlines()[0]
        'relation,mode,critical_fraction,critical_fraction_low,critical_fraction_high,gap,gap_error'
        """
        table = "" if data is None else csv_text(data)
        return cls(title, figure_bytes(figure), alternative, caption, table, command)

    @property
    def source(self) -> str:
        """The picture as a data URI."""
        return data_uri(self.image, "image/png" if self.image.startswith(PNG_SIGNATURE) else "image/svg+xml")

    @property
    def data_source(self) -> str:
        """The data as a data URI."""
        return data_uri(self.data.encode(), "text/csv")

    @property
    def data_name(self) -> str:
        """The name of the data when saved: the title in safe letters."""
        return (re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-") or "data") + ".csv"


@dataclass(frozen=True)
class Table:
    """A table of the page; numbers are rounded to four digits and set to the right.

    Parameters
    ----------
    header : sequence of str
        Names of the columns.
    rows : sequence of sequence of str, int or float
        Each as long as the header.
    caption : str
        Stands above the table.

    Raises
    ------
    InvalidInput
        When a row is not as long as the header.

    Examples
    --------
    >>> Table(["relation", "bits"], [["modulo:3"]])
    Traceback (most recent call last):
        ...
    geneft_theory.errors.InvalidInput: rows must have 2 cells each, as the header has; got ['modulo:3']
    """

    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.header):
                raise InvalidInput(f"rows must have {len(self.header)} cells each, as the header has; got {shown(row)}")

    @property
    def columns(self) -> list[tuple[str, bool]]:
        """Each column's name, and whether it holds numbers."""
        cells = zip(*self.rows, strict=True) if self.rows else ((),) * len(self.header)
        return [
            (name, any(not isinstance(cell, str) for cell in column))
            for name, column in zip(self.header, cells, strict=True)
        ]


@dataclass(frozen=True)
class Section:
    """A part of the page: paragraphs, then figures, then tables, under one heading.

    Examples
    --------
    >>> Section("Accuracy", ["What was measured."]).figures
    ()
    """

    heading: str
    paragraphs: Sequence[str] = ()
    figures: Sequence[ReportFigure] = ()
    tables: Sequence[Table] = ()


@dataclass(frozen=True)
class Report:
    """All that one page says. Every text is plain text: it is shown as it stands, never read as HTML.

    Parameters
    ----------
    title : str
        The heading.
    summary : sequence of str
        Paragraphs under it.
    verdicts : sequence of validation.measure.Verdict
        Theory against measurement, disagreements as plainly as agreements.
    sections : sequence of Section
        In their order.
    provenance : mapping of str to str
        What the run was made with: command, versions, seeds, machine, time.
    bibtex : str
        What to cite.

    Examples
    --------
    >>> Report("Statics", ["Four relations."]).sections
    ()
    """

    title: str
    summary: Sequence[str] = ()
    verdicts: Sequence[Verdict] = ()
    sections: Sequence[Section] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    bibtex: str = ""


def data_uri(content: bytes, media_type: str) -> str:
    """Return a file as a link that holds all of it.

    Examples
    --------
    >>> data_uri(b"a,b", "text/csv")
    'data:text/csv;base64,YSxi'
    """
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"
