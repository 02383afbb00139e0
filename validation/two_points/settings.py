"""Everything that decides how one deep network learns a few points, as one immutable value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from geneft_theory.errors import InvalidInput, require_choice, require_integer, require_number

# Names the numbers that this package computes; raised whenever a change to it changes any of them.
ENGINE = "1"
ARCHITECTURES = ("perceptron", "residual", "convolutional")
ACTIVATIONS = ("leaky_relu", "relu", "tanh", "elu", "silu", "linear")
PRECISIONS = ("float32", "float64")
LEAK = 0.01
"""Slope of the leaky rectifier below 0."""
KERNEL, CHANNELS = 11, 20
"""Taps and channels of the official convolutional network; it has no padding."""
LARGEST = 1e30  # far beyond sense, and within float32


@dataclass(frozen=True, kw_only=True)
class DeepSettings:
    """A deep network, trained by plain full-batch gradient descent on half its mean squared error.

    The loss is half the mean over points of the squared error, *summed* over outputs. Weights start by Xavier's normal
    rule, with variance 2 gain^2/(fan_in + fan_out), biases at 0.

    Parameters
    ----------
    architecture : {"perceptron", "residual", "convolutional"}
        A plain multilayer perceptron; one in which every hidden layer from the third on adds the representation two
        layers before; or a linear layer, convolutions in one dimension, and a linear layer.
    activation : {"leaky_relu", "relu", "tanh", "elu", "silu", "linear"}
        Of every layer but the last.
    depth : int
        Hidden layers >= 1 of a perceptron; a convolutional network has so many convolutions onto 20 channels, one more
        onto a single one, and a linear layer at both ends, as in the official code: depth + 2 hidden layers.
    width : int
        Units >= 1 in a hidden layer; for a convolutional network in the first one, of which every convolution takes 10.
    gain : float
        Scale > 0 of the initial weights.
    dropout : float
        Probability, in [0, 1), with which an input of a linear layer is left out in a step of training, the network's
        inputs included; what is measured is measured without. Not for convolutional networks.
    hidden_biases : bool
        Whether hidden layers have biases.
    eta : float
        Learning rate >= 0.
    steps : int
        Training steps >= 1.
    stop_below : float
        The loss >= 0 below which training ends, at a recorded step; 0 for never.
    precision : {"float32", "float64"}
        Of parameters and arithmetic.
    seed : int
        Replicate >= 0: initial weights and what is dropped.
    sweep_seed : int
        Entropy shared by a sweep, >= 0.

    Raises
    ------
    InvalidInput
        When a setting lies outside its domain.

    Examples
    --------
    >>> settings = DeepSettings(seed=0, activation="tanh", gain=0.7)
    >>> settings.hidden_layers, DeepSettings.from_dict(settings.to_dict()) == settings
    (8, True)
    """

    architecture: str = "perceptron"
    activation: str = "leaky_relu"
    depth: int = 8
    width: int = 100
    gain: float = 0.9
    dropout: float = 0.0
    hidden_biases: bool = True
    eta: float = 0.01
    steps: int = 3000
    stop_below: float = 0.0
    precision: str = "float32"
    seed: int
    sweep_seed: int = 0

    def __post_init__(self) -> None:
        require_choice("architecture", self.architecture, ARCHITECTURES)
        require_choice("activation", self.activation, ACTIVATIONS)
        require_choice("precision", self.precision, PRECISIONS)
        for name, least, most in (
            ("depth", 1, 1000),
            ("width", 1, 10_000),
            ("steps", 1, 10_000_000),
            ("seed", 0, None),
        ):
            object.__setattr__(self, name, require_integer(name, getattr(self, name), minimum=least, maximum=most))
        object.__setattr__(self, "sweep_seed", require_integer("sweep_seed", self.sweep_seed, minimum=0))
        self._number("gain", low=0, high=LARGEST, open_low=True)
        self._number("dropout", low=0, high=1, open_high=True)
        self._number("eta", low=0, high=LARGEST)
        self._number("stop_below", low=0, high=LARGEST)
        if not isinstance(self.hidden_biases, bool):
            raise InvalidInput(f"hidden_biases must be True or False; got {self.hidden_biases!r}")
        if self.architecture == "convolutional":
            self._check_convolutions()

    def _check_convolutions(self) -> None:
        if self.dropout:
            raise InvalidInput(f"dropout must be 0 for a convolutional network; got {self.dropout:g}")
        if not self.hidden_biases:
            raise InvalidInput("hidden_biases must be True for a convolutional network; got False")
        if self.lengths[-1] < 1:
            needed = (KERNEL - 1) * (self.depth + 1) + 1
            raise InvalidInput(f"width must be >= {needed} for {self.depth} convolutions and one; got {self.width}")

    def _number(self, name: str, **domain: Any) -> None:
        object.__setattr__(self, name, require_number(name, getattr(self, name), **domain))

    @property
    def hidden_layers(self) -> int:
        """How many representations there are between inputs and outputs."""
        return self.depth + 2 if self.architecture == "convolutional" else self.depth

    @property
    def lengths(self) -> tuple[int, ...]:
        """Positions in each hidden layer of a convolutional network."""
        return tuple(self.width - (KERNEL - 1) * k for k in range(self.depth + 2))

    def to_dict(self) -> dict[str, Any]:
        """Return all settings as plain types; `from_dict` is the inverse."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the settings that a mapping holds; other entries of the mapping are left alone."""
        return cls(**{field.name: values[field.name] for field in fields(cls) if field.name in values})


@dataclass(frozen=True, kw_only=True)
class TwoPointSettings(DeepSettings):
    """A deep network that learns two points, as in the experiments of van Rossem & Saxe (2024).

    The inputs are -1 and -1 + sqrt(X), the targets 0.6 and 0.6 + sqrt(Y), in every coordinate, divided by the root of
    the number of coordinates. For X = 1 the second input is 0, where it stays through all layers at the start.

    Parameters
    ----------
    X, Y : float
        Squared distances of the inputs, > 0, and of the targets, >= 0.
    inputs, outputs : int
        Coordinates >= 1.
    centred : bool
        Whether the inputs are -sqrt(X)/2 and sqrt(X)/2 instead.

    Raises
    ------
    InvalidInput
        When a setting lies outside its domain.

    Examples
    --------
    >>> TwoPointSettings(seed=0).Y
    0.5
    """

    X: float = 1.0
    Y: float = 0.5
    inputs: int = 1
    outputs: int = 1
    centred: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._number("X", low=0, high=1e6, open_low=True)
        self._number("Y", low=0, high=1e6)
        for name in ("inputs", "outputs"):
            object.__setattr__(self, name, require_integer(name, getattr(self, name), minimum=1))
        if not isinstance(self.centred, bool):
            raise InvalidInput(f"centred must be True or False; got {self.centred!r}")
