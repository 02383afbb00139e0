"""Rows of relations, each with a line for every decoder mode: where nothing has to be read off the upright axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from validation.report.canvas import new_figure
from validation.report.labels import plain, relation_label
from validation.report.palette import STRIPE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

ROW_HEIGHT = 0.16
GROUP_SPACE = 0.16
"""Inches, which are also the units of the upright axis."""


@dataclass(frozen=True)
class Rows:
    """A row for each relation, as high as its modes need.

    Examples
    --------
    >>> rows = Rows(("modulo:3", "greater-than"), modes=2)
    >>> rows.centres.tolist(), rows.place(0) - rows.place(1)
    ([0.0, 0.48], -0.16)
    """

    relations: Sequence[str]
    modes: int

    @property
    def height(self) -> float:
        """Height of one relation's row."""
        return ROW_HEIGHT * self.modes + GROUP_SPACE

    @property
    def centres(self) -> NDArray[np.float64]:
        """The middle of every row."""
        return self.height * np.arange(len(self.relations), dtype=np.float64)

    def place(self, mode: int) -> float:
        """Return where a mode lies, from the middle of a row."""
        return ROW_HEIGHT * (mode - (self.modes - 1) / 2)

    def new_figure(self, legend_lines: int) -> tuple[Figure, Axes]:
        """Return a figure with room for all rows and for a legend."""
        return new_figure(1.7 + self.height * len(self.relations) + 0.16 * legend_lines)

    def label(self, axes: Axes) -> None:
        """Name the rows, shade every second one, and let the first lie at the top."""
        axes.set_yticks(self.centres, [plain(relation_label(name)) for name in self.relations])
        axes.set_ylim(self.height * (len(self.relations) - 0.5), -self.height / 2)
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
        for centre in self.centres[1::2]:
            axes.axhspan(centre - self.height / 2, centre + self.height / 2, color=STRIPE, linewidth=0, zorder=0)
