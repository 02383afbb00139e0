"""Everything that decides how one recurrent network learns parity, as one immutable value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from geneft_theory.errors import require_choice, require_integer, require_number

# Names the numbers that this package computes; raised whenever a change to it changes any of them.
ENGINE = "1"
ACTIVATIONS = ("relu", "tanh")
# All pairs of the strings are compared: 4094 strings make 8 million pairs.
LONGEST = 11


@dataclass(frozen=True, kw_only=True)
class ParitySettings:
    """A recurrent network that reads a string of bits one by one and then says whether it has an odd number of ones.

    h_t = act(W h_(t-1) + U x_t + b), from h_0 = (1, ..., 1), and an affine read-out of the last state; bits and answers
    are one-hot. Plain gradient steps on the mean squared error of a batch of strings of one length; in an epoch the
    batches of all lengths have their turn, the short ones first. The defaults are those of van Rossem & Saxe (2025).

    Parameters
    ----------
    seed : int
        Decides training set, initial weights and the order of batches, >= 0. Networks that differ in other settings
        share their draws: smaller training sets are parts of larger ones, and a gain is a factor.
    sweep_seed : int
        Entropy shared by a sweep, >= 0.
    length : int
        Length of the longest strings that are trained on, 2 to 11; all strings of length 1 ... length take part.
    fraction : float
        Share of the strings of each length that are in the training set, in (0, 1], to the nearest number of strings
        and at least one.
    units : int
        Components of the state, >= 1.
    activation : {"relu", "tanh"}
        What is applied to every component.
    gain : float
        Factor > 0 of the initial weights, which are normal with Xavier's variance 2/(fan_in + fan_out); biases are 0.
    eta : float
        Learning rate > 0. The bias of the state learns at twice that, as the sum of the two of torch's network.
    batch_size : int
        Most strings in a batch, >= 1.
    epochs : int
        How often all batches are seen, >= 1.
    records : int
        How often states are measured after the start, evenly, 1 to `epochs`.
    merge_distance : float
        In units of the standard deviation of all states: states closer than this count as one, > 0.
    long_length, long_strings : int
        Length and number of the random strings, drawn by `seed`, that show whether parity was learned, >= 1.

    Raises
    ------
    InvalidInput
        When a setting lies outside its domain.

    Examples
    --------
    >>> settings = ParitySettings(seed=0)
    >>> settings.strings, settings.batches, settings.steps
    (2046, 21, 21000)
    """

    seed: int
    sweep_seed: int = 0
    length: int = 10
    fraction: float = 1.0
    units: int = 100
    activation: str = "relu"
    gain: float = 0.1
    eta: float = 0.02
    batch_size: int = 128
    epochs: int = 1000
    records: int = 20
    merge_distance: float = 0.01
    long_length: int = 10_000
    long_strings: int = 100

    def __post_init__(self) -> None:
        for name in ("seed", "sweep_seed"):
            self._integer(name, minimum=0)
        self._integer("length", minimum=2, maximum=LONGEST)
        self._integer("batch_size", minimum=1)
        # Far beyond any use, and refused before a run has begun that no memory holds.
        for name, most in (
            ("epochs", 1_000_000),
            ("units", 10_000),
            ("long_length", 1_000_000),
            ("long_strings", 100_000),
        ):
            self._integer(name, minimum=1, maximum=most)
        self._integer("records", minimum=1, maximum=self.epochs)
        self._number("fraction", low=0, high=1, open_low=True)
        for name in ("gain", "eta", "merge_distance"):
            self._number(name, low=0, high=1e6, open_low=True)
        require_choice("activation", self.activation, ACTIVATIONS)

    def _integer(self, name: str, **domain: Any) -> None:
        object.__setattr__(self, name, require_integer(name, getattr(self, name), **domain))

    def _number(self, name: str, **domain: Any) -> None:
        object.__setattr__(self, name, require_number(name, getattr(self, name), **domain))

    @property
    def strings(self) -> int:
        """All strings, in the training set or not."""
        return (2 << self.length) - 2

    @property
    def batches(self) -> int:
        """Training steps of an epoch."""
        return sum(-(-self.trained(length) // self.batch_size) for length in range(1, self.length + 1))

    @property
    def steps(self) -> int:
        """Training steps."""
        return self.batches * self.epochs

    def trained(self, length: int) -> int:
        """Return how many strings of a length are in the training set."""
        return max(1, round(self.fraction * (1 << length)))

    @property
    def record_epochs(self) -> tuple[int, ...]:
        """Epochs after which is measured, 0 first."""
        return tuple(round(k * self.epochs / self.records) for k in range(self.records + 1))

    def to_dict(self) -> dict[str, Any]:
        """Return all settings as plain types; `from_dict` is the inverse."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ParitySettings:
        """Return the settings that a mapping holds; other entries of the mapping are left alone.

        Examples
        --------
        >>> settings = ParitySettings(seed=0)
        >>> ParitySettings.from_dict(settings.to_dict() | {"case": "small"}) == settings
        True
        """
        return cls(**{field.name: values[field.name] for field in fields(cls) if field.name in values})
