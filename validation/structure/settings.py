"""Everything that decides how one deep network learns a task, and how its rates are found out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from geneft_theory.errors import InvalidInput, require_choice, require_integer, require_number
from validation.two_points import ENGINE as TRAINER
from validation.two_points import DeepSettings

# Names the numbers that this package computes; raised whenever a change to it changes any of them.
ENGINE = f"1.{TRAINER}"
TASKS = ("xor", "identical", "digits")
CLASSES = 10


@dataclass(frozen=True, kw_only=True)
class StructureSettings:
    """A leaky multilayer perceptron that learns a task, and its twin that learns two points and so shows its rates.

    Both start from the same weights, up to the gain, and are trained by full-batch gradient descent on half the mean
    squared error (summed over outputs).

    Parameters
    ----------
    task : {"xor", "identical", "digits"}
        The four points of XOR; the two official points with one and the same target; or images of digits with their
        classes. The twin learns the two official points with different targets, Y = 0.5, and of images one of the
        first two classes each.
    gain, twin_gain : float
        Scales > 0 of the initial weights.
    eta, twin_eta : float
        Learning rates > 0.
    steps : int
        Training steps >= 1 of each.
    depth, width : int
        Hidden layers, and units in each, >= 1.
    layer : int
        The hidden layer whose representations are looked at, 0 ... depth - 1. For identical targets it must be the
        last, behind which the decoder is exactly linear.
    outputs : int
        Coordinates >= 1 of the targets of the identical task; of the others given by the task.
    images : int
        Images of each class, 2 to 100.
    seed, sweep_seed : int
        Decide initial weights and images, >= 0.

    Raises
    ------
    InvalidInput
        When a setting lies outside its domain.

    Examples
    --------
    >>> settings = StructureSettings(task="xor", gain=0.8, eta=0.02, seed=0)
    >>> settings.network.depth, settings.twin.gain
    (8, 0.8)
    """

    task: str
    gain: float
    eta: float
    twin_gain: float = 0.8
    twin_eta: float = 0.02
    steps: int = 4000
    depth: int = 8
    width: int = 100
    layer: int = 4
    outputs: int = 1
    images: int = 5
    seed: int
    sweep_seed: int = 0

    def __post_init__(self) -> None:
        require_choice("task", self.task, TASKS)
        for name, low, high in (("depth", 1, None), ("layer", 0, None), ("outputs", 1, None), ("images", 2, 100)):
            object.__setattr__(self, name, require_integer(name, getattr(self, name), minimum=low, maximum=high))
        if self.layer >= self.depth:
            raise InvalidInput(f"layer must be < depth = {self.depth}; got {self.layer}")
        if self.task == "identical" and self.layer != self.depth - 1:
            raise InvalidInput(f"layer must be the last, {self.depth - 1}, for identical targets; got {self.layer}")
        for name in ("gain", "eta", "twin_gain", "twin_eta"):
            object.__setattr__(self, name, require_number(name, getattr(self, name), low=0, open_low=True))
        self._deep(self.gain, self.eta)
        self._deep(self.twin_gain, self.twin_eta)

    def _deep(self, gain: float, eta: float) -> DeepSettings:
        return DeepSettings(
            depth=self.depth,
            width=self.width,
            gain=gain,
            eta=eta,
            steps=self.steps,
            seed=self.seed,
            sweep_seed=self.sweep_seed,
        )

    @property
    def network(self) -> DeepSettings:
        """The network that learns the task."""
        return self._deep(self.gain, self.eta)

    @property
    def twin(self) -> DeepSettings:
        """The network that learns two points."""
        return self._deep(self.twin_gain, self.twin_eta)

    def to_dict(self) -> dict[str, Any]:
        """Return all settings as plain types; `from_dict` is the inverse."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> StructureSettings:
        """Return the settings that a mapping holds; other entries of the mapping are left alone.

        Examples
        --------
        >>> settings = StructureSettings(task="digits", gain=0.5, eta=0.1, seed=0)
        >>> StructureSettings.from_dict(settings.to_dict() | {"condition": "digits"}) == settings
        True
        """
        return cls(**{field.name: values[field.name] for field in fields(cls) if field.name in values})
