"""Figures rebuilt from stored results, in seconds and without training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from validation.reproduce.registry import reproductions
from validation.reproduce.stored import stored_result


@dataclass(frozen=True)
class BuiltFigure:
    """A figure on disk, with what a page needs to show it.

    Attributes
    ----------
    path : Path
        The PNG file.
    key, title, caption, command : str
        Which reproduction it belongs to, its heading, what is seen in it, and the command that trains it anew.
    """

    path: Path
    key: str
    title: str
    caption: str
    command: str


def build_figures(directory: str | Path) -> list[BuiltFigure]:
    """Draw every figure of the stored results into a folder.

    Parameters
    ----------
    directory : path
        Made if it does not exist.

    Returns
    -------
    list of BuiltFigure
        In the order of the reproductions.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     built = build_figures(folder)
    >>> built[0].command
    'geneft reproduce critical-slowing-down'
    """
    from validation.experiments.registry import experiment
    from validation.report import save

    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    built = []
    for reproduction in reproductions().values():
        if reproduction.experiment == "computed":
            continue
        stored = stored_result(reproduction)
        for drawing in experiment(reproduction.experiment).drawings(stored.results, stored.theory):
            path = folder / f"{reproduction.key}-{drawing.name}.png"
            save(drawing.figure, path)
            built.append(BuiltFigure(path, reproduction.key, drawing.title, drawing.caption, reproduction.command))
    return built
