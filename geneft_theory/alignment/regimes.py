"""Rich, lazy or dominated by the decoder: whether training or the start decides how far apart two points end up."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.alignment.state import Array, balance, nonnegative, positive, together
from geneft_theory.citation import based_on

REGIMES = ("decoder-dominated", "rich", "lazy")


@based_on("alignment.regime", "alignment.invariant", "alignment.low")
def regime_parameter(h: ArrayLike, y: ArrayLike, ratio: ArrayLike, X: ArrayLike, Y: ArrayLike) -> Array:
    """Return rho = A_high/(2 A_low), of which the final distance is A_low exp(asinh(rho)).

    Parameters
    ----------
    h, y, ratio, X, Y
        As in `final_distance`. All arguments broadcast.

    Returns
    -------
    numpy.ndarray
        rho, of any sign; for identical targets infinite with the sign of A_high, and 0 where A_high = 0, too.

    Raises
    ------
    InvalidInput
        If an argument lies outside its domain.

    Notes
    -----
    Source: derived here from the final distance of van Rossem & Saxe (2025), Eqs. 5-6; statement `alignment.regime`.

    Examples
    --------
    >>> regime_parameter([0.01, 10, 1], [0, 0, 16], ratio=0.25, X=1, Y=0.5).round(3).tolist()
    [0.014, 14.142, -4.243]
    """
    at = balance(*_checked(h, y, ratio, X, Y))
    with np.errstate(over="ignore"):
        inside = np.divide(at.high, 2 * at.low, out=np.zeros_like(at.high), where=at.low > 0)
    return np.where((at.low > 0) | (at.high == 0), inside, np.copysign(np.inf, at.high))


@based_on("alignment.regime", "alignment.regime.rich", "alignment.regime.lazy", "alignment.regime.decoder_dominated")
def regime(h: ArrayLike, y: ArrayLike, ratio: ArrayLike, X: ArrayLike, Y: ArrayLike) -> NDArray[np.str_]:
    """Return the regime of a start by name: "rich", "lazy" or "decoder-dominated".

    Parameters
    ----------
    h, y, ratio, X, Y
        As in `final_distance`. All arguments broadcast.

    Returns
    -------
    numpy.ndarray of str
        "rich" for |rho| <= 1: the final distance is A_low within a factor 1 + sqrt(2), whatever the start. "lazy" for
        rho > 1: it is A_high, nearly that of the start unless the decoder has contracted it. "decoder-dominated" for
        rho < -1: it is A_low^2/|A_high|, less than what the task asks for, and 0 for identical targets. With these the
        last two are right within 21 % at the boundary, and better beyond.

    Raises
    ------
    InvalidInput
        If an argument lies outside its domain.

    Notes
    -----
    The regimes are limits; that one ends where |A_high| = 2 A_low is a convention, the one of `critical_gain`, too.
    Source: derived here; statement `alignment.regime`.

    Examples
    --------
    >>> print(regime([0.01, 10, 1], [0, 0, 16], ratio=0.25, X=1, Y=0.5))
    ['rich' 'lazy' 'decoder-dominated']
    """
    at = balance(*_checked(h, y, ratio, X, Y))
    beyond = np.abs(at.high) > 2 * at.low
    return np.asarray(np.array(REGIMES)[np.where(beyond, np.sign(at.high), 0).astype(int) + 1])


def _checked(h: ArrayLike, y: ArrayLike, ratio: ArrayLike, X: ArrayLike, Y: ArrayLike) -> tuple[Array, ...]:
    return together(
        {
            "h": positive("h", h),
            "y": nonnegative("y", y),
            "ratio": positive("ratio", ratio),
            "X": positive("X", X),
            "Y": nonnegative("Y", Y),
        }
    )
