"""What an outcome is: axes, unit, meaning; stored with the numbers, so that they load without the trainer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from geneft_theory.errors import InvalidInput


@dataclass(frozen=True)
class Variable:
    """The description of one outcome of a network.

    An outcome named like one of its own further axes gives that axis its coordinate: `step`, of shape (network, step),
    says after how many steps each entry of every other outcome with the axis `step` was recorded.

    Parameters
    ----------
    axes : tuple of str
        The axes after the first, which is always `network`; () for one number a network.
    units : str
        The unit; "1" for a pure number.
    long_name : str
        What it is, in words.

    Examples
    --------
    >>> Variable(("step",), long_name="accuracy on pairs outside the training set").dims
    ('network', 'step')
    """

    axes: tuple[str, ...] = ()
    units: str = "1"
    long_name: str = ""

    def __post_init__(self) -> None:
        axes = tuple(self.axes)
        if len(set(axes)) != len(axes) or "network" in axes or not all(isinstance(axis, str) and axis for axis in axes):
            raise InvalidInput(f"axes must be different names, none of them 'network'; got {axes!r}")
        object.__setattr__(self, "axes", axes)

    @property
    def dims(self) -> tuple[str, ...]:
        """All axes, `network` first."""
        return ("network", *self.axes)

    def to_dict(self) -> dict[str, Any]:
        """Return the description as JSON values."""
        return asdict(self) | {"axes": list(self.axes)}

    @classmethod
    def from_dict(cls, description: Mapping[str, Any]) -> Variable:
        """Return the description that `to_dict` wrote."""
        return cls(tuple(description["axes"]), description["units"], description["long_name"])

    @classmethod
    def undescribed(cls, name: str, further_axes: int) -> Variable:
        """Return what can be said of an outcome that nobody described: its name, and axes named after it."""
        return cls(tuple(f"{name}_axis_{k}" for k in range(1, further_axes + 1)), "1", name.replace("_", " "))
