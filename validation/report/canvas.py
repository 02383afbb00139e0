"""The sheet that every figure is drawn on: its house style, its headline and notes, and how it becomes a file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geneft_theory.errors import require_choice
from validation.report.palette import GRID, QUIET
from validation.sweeps.atomic import write_atomically

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAGE_WIDTH = 7.0
"""Inches: two columns of a journal."""
POINTS_PER_INCH = 72
HOUSE: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "lines.linewidth": 1.3,
    "lines.markersize": 4.6,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "legend.handlelength": 3.2,
    "savefig.dpi": 150,
    # Element names in an SVG are random unless salted: the same figure must give the same bytes.
    "svg.hashsalt": "geneft",
}
QUESTION_SIZE, ANSWER_SIZE, NOTE_SIZE, LEGEND_SIZE = 10.5, 8.5, 6.5, 7.5
LINE_SPACING = 1.45
MARGIN = 0.1
AXIS_SPACE = 1.12


def house_style() -> AbstractContextManager[None]:
    """Return the context in which a figure is drawn and saved: ours alone, whatever the user's settings are.

    Examples
    --------
    >>> import matplotlib
    >>> with house_style():
    ...     matplotlib.rcParams["font.size"]
    8.0
    """
    import matplotlib.style

    style: AbstractContextManager[None] = matplotlib.style.context(["default", HOUSE])
    return style


def new_figure(height: float, **axes_settings: Any) -> tuple[Figure, Any]:
    """Return an empty figure of page width with its axes, bound to no window and to no global state.

    Parameters
    ----------
    height : float
        Inches.
    **axes_settings
        What `matplotlib.figure.Figure.subplots` takes: ncols, sharex, ...

    Returns
    -------
    tuple of Figure and Axes
        The axes are an array where there are several.

    Examples
    --------
    >>> figure, axes = new_figure(3.0, ncols=2)
    >>> len(axes)
    2
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(PAGE_WIDTH, height), layout="constrained")
    return figure, figure.subplots(**axes_settings)


def finish(
    figure: Figure, *, question: str, answer: str, note: str, handles: Sequence[Artist] = (), columns: int = 3
) -> None:
    """Write the headline above the axes, the legend and the note below them, and leave them the room between.

    Parameters
    ----------
    figure : Figure
        Already drawn, with constrained layout.
    question, answer, note : str
        The title line, what the data say, and the sample sizes and definitions.
    handles : sequence of Artist
        Legend entries, filled column by column.
    columns : int
        Columns of the legend.

    Examples
    --------
    >>> figure, axes = new_figure(3.0)
    >>> finish(figure, question="How much?", answer="Little.", note="n = 30")
    >>> [text.get_text() for text in figure.texts]
    ['How much?', 'Little.', 'n = 30']
    """
    height = figure.get_figheight()
    top, bottom = MARGIN, MARGIN
    for text, size, weight in ((question, QUESTION_SIZE, "bold"), (answer, ANSWER_SIZE, "normal")):
        lines = _wrapped(text, size, weight)
        _write(figure, lines, 1 - top / height, size, va="top", weight=weight)
        top += len(lines) * _line_height(size)
    lines = _wrapped(note, NOTE_SIZE)
    _write(figure, lines, bottom / height, NOTE_SIZE, va="bottom", color=QUIET)
    bottom += len(lines) * _line_height(NOTE_SIZE) + MARGIN / 2
    if handles:
        spacing = {"borderaxespad": 0, "borderpad": 0.2, "columnspacing": 1.6}
        place = (0.5, bottom / height)
        figure.legend(handles=list(handles), loc="lower center", bbox_to_anchor=place, ncols=columns, **spacing)
        bottom += -(-len(handles) // columns) * _line_height(LEGEND_SIZE) + MARGIN
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.set(rect=(0, bottom / height, 1, 1 - (top + MARGIN / 2 + bottom) / height))  # type: ignore[call-arg]


def fraction_axis(axes: Axes, low: float, high: float) -> None:
    """Make the lower axis a logarithmic axis of training fractions from `low` to `high`, with plain decimal labels.

    The transition lies at small fractions, which a linear axis would press into its first tenth.

    Parameters
    ----------
    axes : Axes
        Where.
    low, high : float
        The smallest and the largest fraction to be shown, > 0.

    Examples
    --------
    >>> figure, axes = new_figure(3.0)
    >>> fraction_axis(axes, 0.02, 0.9)
    >>> [label.get_text() for label in axes.get_xticklabels()]
    ['0.02', '0.05', '0.1', '0.2', '0.5', '1']
    """
    low, high = low / AXIS_SPACE, high * AXIS_SPACE
    for digits in ((1, 2, 5), (1, 2, 3, 5, 7), range(1, 10)):
        ticks = [float(f"{digit}e{power}") for power in range(-9, 3) for digit in digits]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) > 2:
            break
    axes.set_xscale("log")
    axes.xaxis.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    axes.xaxis.set_ticks([], minor=True)
    axes.set_xlim(low, high)


def plain_ticks(axis: Any, low: float, high: float) -> None:
    """Label a logarithmic axis of few decades with plain numbers.

    Parameters
    ----------
    axis : matplotlib.axis.Axis
        Which.
    low, high : float
        The range that is shown, > 0.

    Examples
    --------
    >>> figure, axes = new_figure(3.0)
    >>> plain_ticks(axes.xaxis, 0.009, 0.11)
    >>> [label.get_text() for label in axes.get_xticklabels()]
    ['0.01', '0.02', '0.05', '0.1']
    """
    for digits in ((1, 2, 5), range(1, 10)):
        ticks = [float(f"{digit}e{power}") for power in range(-9, 9) for digit in digits]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) > 1:
            axis.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
            axis.set_ticks([], minor=True)
            return


def figure_bytes(figure: Figure, form: str = "svg") -> bytes:
    """Return a figure as the bytes of a PNG or SVG file, the same bytes each time.

    Parameters
    ----------
    figure : Figure
        A figure of this package or any other.
    form : {"svg", "png"}
        The file format; a PNG has 150 pixels an inch.

    Raises
    ------
    InvalidInput
        When form is neither.

    Examples
    --------
    >>> figure, axes = new_figure(2.0)
    >>> figure_bytes(figure) == figure_bytes(figure)
    True
    """
    form = require_choice("form", form, ("svg", "png"))
    # A date or a version in the file would make two runs of the same data differ.
    metadata = {"Date": None, "Creator": None} if form == "svg" else {"Software": None}
    buffer = io.BytesIO()
    with house_style():
        figure.savefig(buffer, format=form, metadata=metadata)
    return buffer.getvalue()


def save(figure: Figure, path: str | Path) -> tuple[Path, Path]:
    """Write a figure as PNG (150 pixels an inch) and as SVG, each whole or not at all, free of dates.

    Parameters
    ----------
    figure : Figure
        What to write.
    path : str or Path
        Where, without suffix; a suffix .png or .svg is dropped. The folder must exist.

    Returns
    -------
    tuple of Path
        The PNG and the SVG file.

    Raises
    ------
    OSError
        When the folder does not exist or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> figure, axes = new_figure(2.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [file.name for file in save(figure, Path(folder) / "accuracy")]
    ['accuracy.png', 'accuracy.svg']
    """
    path = Path(path)
    # Only these two: the dot in a name such as "random:0.3" starts no suffix.
    stem = path.stem if path.suffix in (".png", ".svg") else path.name
    files = path.with_name(stem + ".png"), path.with_name(stem + ".svg")
    for file in files:
        write_atomically(file, figure_bytes(figure, file.suffix[1:]))
    return files


def _line_height(size: float) -> float:
    return size * LINE_SPACING / POINTS_PER_INCH


def _wrapped(text: str, size: float, weight: str = "normal") -> list[str]:
    """Break text into lines that fit the page's width, by the font's own measures."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=HOUSE["font.family"], size=size, weight=weight)
    # Hinting moves letters to whole pixels: on a coarse screen a line is some per cent longer than its measure.
    room = 0.95 * (PAGE_WIDTH - 2 * MARGIN) * POINTS_PER_INCH
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_to_path.get_text_width_height_descent(longer, font, ismath=False)[0] < room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _write(figure: Figure, lines: list[str], y: float, size: float, **settings: Any) -> None:
    figure.text(MARGIN / PAGE_WIDTH, y, "\n".join(lines), fontsize=size, linespacing=LINE_SPACING * 0.86, **settings)
