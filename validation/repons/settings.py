"""Everything that decides one ensemble of repons: who starts where, what is trained, and for how long."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from geneft_theory.errors import InvalidInput, require_choice, require_integer, require_number

# Names the numbers that this package computes; raised whenever a change to it changes any of them.
ENGINE = "1"
STARTS = ("centred", "gaussian")
BIASES = ("trained", "frozen")
OPTIMISERS = ("sgd", "adam")
MOST_STEPS = 10_000_000


@dataclass(frozen=True, kw_only=True)
class ReponSettings:
    """An ensemble of independent members, each a decoder A, a bias b and 1 + N repons of one class, drawn at random.

    A member's loss is 1/2 sum_i |A x_i + b - y|^2 over its 1 + N repons; a step is one full-batch step on it. Time is
    counted in units of 1 / sqrt(eta_decoder eta_encoder), whose product is therefore 1: only their ratio matters.

    Parameters
    ----------
    ratio : float
        eta_decoder / eta_encoder, > 0.
    draws : int
        Members of the ensemble, >= 1.
    cluster : int
        N, the repons that start together, >= 1; the one other starts apart.
    dimension, outputs : int
        Components d of a repon, and p of the decoder's output, p >= d >= 1.
    start : {"centred", "gaussian"}
        "gaussian": each of the two places is normal, the bias starts at 0. "centred": the same draws, moved so that
        the centroid of all repons is 0, and with the bias on the target: the invariant set of the theory.
    bias : {"trained", "frozen"}
        Whether the bias is trained, at the decoder's rate.
    target : float
        Every component of y; it matters only for the gaussian start, since the centred one has b = y.
    decoder_scale, embedding_scale : float
        Standard deviations of the entries of A and of the places, > 0. Half the distance of two places has the
        standard deviation embedding_scale / sqrt(2) in each component: the theory's sigma_c.
    optimiser : {"sgd", "adam"}
        Plain gradient descent, or Adam with its published constants (0.9, 0.999, 1e-8).
    learning_rate : float
        The larger of the two learning rates of a step, > 0: a step is this long in time, divided by the larger eta.
    horizon : float
        How long is trained, in units of time, > 0.
    separation : float
        Half the distance below which a member counts as collapsed, > 0.
    seed, sweep_seed : int
        Decide the draws, which are the same for all other settings that leave their number and shape alone.

    Raises
    ------
    InvalidInput
        When a setting lies outside its domain.

    Examples
    --------
    >>> settings = ReponSettings(ratio=4.0, draws=100, learning_rate=0.01, horizon=50.0)
    >>> settings.eta_decoder, settings.eta_encoder, settings.time_step, settings.steps
    (2.0, 0.5, 0.005, 10000)
    """

    ratio: float
    draws: int
    cluster: int = 1
    dimension: int = 1
    outputs: int = 1
    start: str = "centred"
    bias: str = "trained"
    target: float = 1.0
    decoder_scale: float = 1.0
    embedding_scale: float = 1.0
    optimiser: str = "sgd"
    learning_rate: float = 0.02
    horizon: float = 100.0
    separation: float = 0.01
    seed: int = 0
    sweep_seed: int = 0

    def __post_init__(self) -> None:
        for name in ("draws", "cluster", "dimension", "outputs"):
            self._put(name, require_integer(name, getattr(self, name), minimum=1))
        if self.outputs < self.dimension:
            raise InvalidInput(f"outputs must be an integer >= dimension = {self.dimension}; got {self.outputs}")
        for name in ("seed", "sweep_seed"):
            self._put(name, require_integer(name, getattr(self, name), minimum=0))
        for name in ("ratio", "decoder_scale", "embedding_scale", "learning_rate", "horizon", "separation"):
            self._put(name, require_number(name, getattr(self, name), low=0, open_low=True))
        self._put("target", require_number("target", self.target))
        require_choice("start", self.start, STARTS)
        require_choice("bias", self.bias, BIASES)
        require_choice("optimiser", self.optimiser, OPTIMISERS)
        if self.horizon / self.time_step > MOST_STEPS:
            raise InvalidInput(
                f"horizon must take at most {MOST_STEPS} steps of {self.time_step:g}; got {self.horizon:g}"
            )

    def _put(self, name: str, value: float) -> None:
        object.__setattr__(self, name, value)

    @property
    def eta_decoder(self) -> float:
        """Rate of the decoder and of a trained bias."""
        return math.sqrt(self.ratio)

    @property
    def eta_encoder(self) -> float:
        """Rate of the repons."""
        return 1 / math.sqrt(self.ratio)

    @property
    def time_step(self) -> float:
        """Time that passes in a step: the factor between rates and learning rates."""
        return self.learning_rate / max(self.eta_decoder, self.eta_encoder)

    @property
    def steps(self) -> int:
        """Steps of the training, to the nearest integer and at least one."""
        return max(1, round(self.horizon / self.time_step))

    @property
    def sigma_c(self) -> float:
        """Standard deviation of each component of the half-separation."""
        return self.embedding_scale / math.sqrt(2)

    def to_dict(self) -> dict[str, Any]:
        """Return all settings as plain types; `from_dict` is the inverse."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ReponSettings:
        """Return the settings that a mapping holds; other entries of the mapping are left alone.

        Examples
        --------
        >>> settings = ReponSettings(ratio=1.0, draws=10)
        >>> ReponSettings.from_dict(settings.to_dict() | {"case": "a pair"}) == settings
        True
        """
        return cls(**{field.name: values[field.name] for field in fields(cls) if field.name in values})
