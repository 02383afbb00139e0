"""What is recorded of two points while a network trains, checked once."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

from geneft_theory.alignment.state import Array, cosine, nonnegative, positive
from geneft_theory.errors import InvalidInput, require_array

FEWEST = 4


@dataclass(frozen=True, eq=False)
class History:
    """The states of two points at the times of a training run, each recorded *before* the step of its time.

    Parameters
    ----------
    times : array_like, shape (n,)
        At least four times, rising; the first counts as the start. In steps, rates come out per step; in steps times
        learning rate, they come out per unit of learning rate, which is what runs should be compared by.
    h : array_like, shape (n,)
        Squared distances |dh|^2 >= 0 of the representations, the first one > 0.
    y : array_like, shape (n,)
        Squared distances |dy|^2 >= 0 of the outputs.
    w : array_like, shape (n,)
        |dy|^2 - dy . dy*, on the cone |y - w| <= sqrt(y Y) up to a part in a million.
    X, Y : float
        Squared distances of the inputs, > 0, and of the targets, >= 0.
    loss : array_like, shape (n,), optional
        Half the mean over both points of their squared errors, summed over outputs; it shows the mean's rate.

    Raises
    ------
    InvalidInput
        If an argument lies outside its domain, or lengths differ.

    Examples
    --------
    >>> run = History([0, 100, 200, 300], [0.01, 0.01, 0.02, 0.03], [0.0] * 4, [0.0] * 4, X=1, Y=0.5)
    >>> len(run)
    4
    """

    times: Array
    h: Array
    y: Array
    w: Array
    X: float
    Y: float
    loss: Array | None = None

    def __init__(
        self,
        times: ArrayLike,
        h: ArrayLike,
        y: ArrayLike,
        w: ArrayLike,
        X: float,
        Y: float,
        loss: ArrayLike | None = None,
    ) -> None:
        checked = {
            "times": require_array("times", times),
            "h": nonnegative("h", h),
            "y": nonnegative("y", y),
            "w": require_array("w", w),
            "X": _single("X", positive("X", X)),
            "Y": _single("Y", nonnegative("Y", Y)),
            "loss": None if loss is None else nonnegative("loss", loss),
        }
        for field in fields(self):
            object.__setattr__(self, field.name, checked[field.name])
        self._check()

    def _check(self) -> None:
        arrays = {"times": self.times, "h": self.h, "y": self.y, "w": self.w}
        if self.loss is not None:
            arrays["loss"] = self.loss
        if any(array.shape != (len(self),) for array in arrays.values()):
            shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
            raise InvalidInput(f"history must have one row of one length in all of {', '.join(arrays)}; got {shapes}")
        if len(self) < FEWEST:
            raise InvalidInput(f"history must hold at least {FEWEST} times; got {len(self)}")
        if np.any(np.diff(self.times) <= 0):
            raise InvalidInput("times must rise; got some that do not")
        positive("h at the first time", self.h[0])
        cosine(self.y, self.w, np.asarray(self.Y))

    def __len__(self) -> int:
        """Return the number of times."""
        return self.times.shape[0] if self.times.ndim else 0

    @property
    def elapsed(self) -> Array:
        """Times since the first one, shape (n,)."""
        return np.asarray(self.times - self.times[0])

    @property
    def mean_error(self) -> Array | None:
        """Squared error of the mean output, |ybar - ybar*|^2 >= 0, from the loss, shape (n,); None without a loss."""
        if self.loss is None:
            return None
        return np.maximum(2 * self.loss - (2 * self.w - self.y + self.Y) / 4, 0)


def _single(name: str, array: Array) -> float:
    if array.ndim:
        raise InvalidInput(f"{name} must be a single number; got an array of shape {array.shape}")
    return float(array)
