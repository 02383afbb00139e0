"""The one type for a number with sampling error, used by every theory and every experiment."""

from __future__ import annotations

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike

from geneft_theory.errors import InvalidInput, require_array, require_integer, require_number


@dataclass(frozen=True)
class Estimate:
    """A value, its standard error, and the number of independent draws behind it.

    Parameters
    ----------
    value : float
        The estimate.
    standard_error : float
        Its standard error, >= 0; exactly 0 where the value is exact.
    draws : int
        How many independent draws it rests on, >= 1.

    Examples
    --------
    >>> accuracy = Estimate.from_samples([0.81, 0.79, 0.83, 0.77])
    >>> print(accuracy)
    0.800 ± 0.013 (4 draws)
    >>> low, high = accuracy.interval(0.95)
    >>> low < 0.8 < high
    True
    """

    value: float
    standard_error: float
    draws: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", require_number("value", self.value))
        object.__setattr__(self, "standard_error", require_number("standard_error", self.standard_error, low=0))
        object.__setattr__(self, "draws", require_integer("draws", self.draws, minimum=1))

    @classmethod
    def from_samples(cls, samples: ArrayLike) -> Estimate:
        """Return the mean of at least two independent samples with its standard error."""
        array = require_array("samples", samples).ravel()
        if array.size < 2:
            raise InvalidInput(f"samples must hold at least 2 values, to have a standard error; got {array.size}")
        return cls(float(array.mean()), float(array.std(ddof=1) / math.sqrt(array.size)), array.size)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the central confidence interval at `level` (in (0, 1)) of a normal sampling distribution."""
        from scipy.special import ndtri

        level = require_number("level", level, low=0, high=1, open_low=True, open_high=True)
        half_width = float(ndtri(0.5 + level / 2)) * self.standard_error
        return self.value - half_width, self.value + half_width

    def z(self, theory: float) -> float:
        """Return (value - theory) / standard_error; infinite where an exact value differs from the theory."""
        difference = self.value - require_number("theory", theory)
        if self.standard_error == 0:
            return 0.0 if difference == 0 else math.copysign(math.inf, difference)
        return difference / self.standard_error

    def __str__(self) -> str:
        if self.standard_error == 0:
            return f"{self.value:.6g} (exact)"
        digits = min(12, max(0, 1 - math.floor(math.log10(self.standard_error))))
        return f"{self.value:.{digits}f} ± {self.standard_error:.{digits}f} ({self.draws} draws)"
