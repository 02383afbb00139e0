"""Colours, markers and line styles: theory is black, networks are coloured, and everything differs in shape too.

The colours are those of Okabe and Ito, which the colour blind can tell apart; the markers and dashes carry the same
distinctions into a grey print.
"""

from __future__ import annotations

from typing import NamedTuple

from geneft_theory.errors import require_choice, require_integer

BLUE = "#0072B2"
VERMILLION = "#D55E00"
BLUISH_GREEN = "#009E73"
REDDISH_PURPLE = "#CC79A7"
ORANGE = "#E69F00"
THEORY = "#000000"
THEORY_BAND = "#B0B0B0"
QUIET = "#555555"
GRID = "#E4E4E4"
STRIPE = "#F4F4F4"

DEFAULT_MODE = "concatenation"


class Style(NamedTuple):
    """How one series is drawn: colour, marker and dash pattern (offset, on and off lengths)."""

    colour: str
    marker: str
    dashes: tuple[float, tuple[float, ...]]


MODE_STYLES = {
    "concatenation": Style(BLUE, "o", (0, ())),
    "difference": Style(VERMILLION, "s", (0, (5, 1.5))),
    "squared_difference": Style(BLUISH_GREEN, "^", (0, (3, 1.2, 1, 1.2))),
    "equality_head": Style(REDDISH_PURPLE, "D", (0, (1.2, 1.2))),
    "order_head": Style(ORANGE, "v", (0, (7, 1.5, 1, 1.5, 1, 1.5))),
}

ORDERED_MARKERS = "os^DvP"
ORDERED_DASHES: tuple[tuple[float, ...], ...] = ((), (5, 1.5), (3, 1.2, 1, 1.2), (1.2, 1.2))


def mode_style(mode: str) -> Style:
    """Return how a decoder mode is drawn, the same in every figure.

    Parameters
    ----------
    mode : str
        A pair mode of `validation.networks.MODES`.

    Raises
    ------
    InvalidInput
        When the mode is not one of them.

    Examples
    --------
    >>> mode_style("difference").marker
    's'
    """
    return MODE_STYLES[require_choice("mode", mode, MODE_STYLES)]


def ordered_style(index: int, count: int) -> Style:
    """Return how member `index` (from 0) of an ordered series of `count` members is drawn: dark to light in viridis.

    Raises
    ------
    InvalidInput
        When count is below 1 or index is not in 0 ... count - 1.

    Examples
    --------
    >>> [ordered_style(index, 3).colour for index in range(3)]
    ['#440154', '#277e8e', '#9bd93c']
    """
    import matplotlib
    from matplotlib.colors import to_hex

    count = require_integer("count", count, minimum=1)
    index = require_integer("index", index, minimum=0, maximum=count - 1)
    # The yellow end of viridis is too faint for a line on white.
    position = 0.85 * index / max(count - 1, 1)
    colour = to_hex(matplotlib.colormaps["viridis"](position))
    dashes = ORDERED_DASHES[index % len(ORDERED_DASHES)]
    return Style(colour, ORDERED_MARKERS[index % len(ORDERED_MARKERS)], (0, dashes))
