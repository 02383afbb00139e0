"""Everything that decides how one network is built and trained, as one immutable value."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from geneft_theory.errors import InvalidInput, require_choice, require_integer, require_number, shown
from validation.tasks import relation_targets


class Mode(NamedTuple):
    """How the two embeddings of a pair become the output: their combination, and whether an MLP reads it."""

    features_per_dimension: int
    has_decoder: bool
    default_depth: int
    default_embedding_scale: float


# The ideal heads start closer together: |E1 - E2|^2 of two embeddings drawn at scale 0.5 in two dimensions is 1 on
# average, ten times the reach of ReLU(0.1 - x), so that most pairs would start, and stay, without a gradient.
MODES = {
    "concatenation": Mode(2, True, 3, 0.5),
    "difference": Mode(1, True, 3, 0.5),
    "squared_difference": Mode(1, True, 3, 0.5),
    "equality_head": Mode(1, False, 0, 0.1),
    "order_head": Mode(1, False, 0, 0.1),
}
ACTIVATIONS = ("tanh", "relu", "gelu")
LOSSES = ("binary_cross_entropy", "mean_squared_error")
OPTIMIZERS = ("adam", "adamw", "sgd")

BY_MODE: Any = None
LARGEST_RATE = 1e30  # far beyond sense, and within float32
MOST_STEPS = 100_000_000


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """One network: the task, the architecture, the loss and the optimiser; no setting is left to a library.

    Training is full batch, in float32, on the mean loss over the training pairs. The output of a decoder MLP is a
    logit under binary cross-entropy and the prediction itself under the squared error (without a factor 1/2); the
    ideal heads give a number in [0, 1] under both. The defaults are the published hyperparameters where these are
    known (Baek, Liu & Tegmark, arXiv:2402.05916, Table III).

    Parameters
    ----------
    relation : str
        Name of the relation, such as ``"modulo:3"`` (see `geneft_theory.relations.parse`).
    n : int
        Number of symbols, >= 1.
    fraction : float
        Fraction of the n^2 ordered pairs that is trained on, in (0, 1].
    seed : int
        Number of the replicate, >= 0: decides training pairs and initial parameters (see `validation.tasks`).
    sweep_seed : int
        Entropy shared by a sweep, >= 0.
    mode : {"concatenation", "difference", "squared_difference", "equality_head", "order_head"}
        What is computed from the embeddings (E1, E2) of a pair. The first three feed an MLP. The heads are the ideal
        decoders of Fig. 3, without trainable parameters: 10 ReLU(0.1 - sum_k (E1 - E2)_k^2) and
        min(1, ReLU(sum_k (E1 - E2)_k)).
    depth : int, optional
        Hidden layers of the decoder, >= 0 (0 is a linear read-out); by default 3, and 0 for the heads, which have none.
    width : int
        Units in a hidden layer, >= 1.
    activation : {"tanh", "relu", "gelu"}
        Non-linearity of the hidden layers; gelu is the exact form z Phi(z).
    embedding_dimension : int
        Components of an embedding, >= 1.
    embedding_scale : float, optional
        Standard deviation of the normal initial embeddings, > 0; by default 0.5, and 0.1 for the heads, whose ReLUs
        start dead on wider embeddings.
    loss : {"binary_cross_entropy", "mean_squared_error"}
        Mean over the training pairs.
    output_clamp : float
        Under binary cross-entropy a head's output is clamped to [output_clamp, 1 - output_clamp]; in [1e-7, 0.5).
    optimizer : {"adam", "adamw", "sgd"}
        Weight decay enters the gradient in adam and sgd, and shrinks the parameters directly in adamw.
    eta_encoder, eta_decoder : float
        Learning rates of the embeddings and of the decoder, >= 0.
    weight_decay_encoder, weight_decay_decoder : float
        Weight decays, >= 0; the decoder's covers weights and biases alike.
    beta_first, beta_second : float
        Decay rates of adam's moments, in [0, 1).
    adam_epsilon : float
        Constant in adam's denominator, > 0.
    momentum : float
        Momentum of sgd, without dampening, in [0, 1).
    steps : int
        Training steps, 1 to 100 000 000.

    Raises
    ------
    InvalidInput
        When a setting lies outside its domain.

    Examples
    --------
    >>> settings = NetworkSettings(relation="modulo:3", fraction=0.75, seed=0)
    >>> settings.depth, settings.width, settings.embedding_scale
    (3, 50, 0.5)
    >>> NetworkSettings(relation="modulo:3", fraction=0.75, seed=0, mode="equality_head").embedding_scale
    0.1
    """

    relation: str
    n: int = 30
    fraction: float
    seed: int
    sweep_seed: int = 0
    mode: str = "concatenation"
    depth: int = BY_MODE
    width: int = 50
    activation: str = "tanh"
    embedding_dimension: int = 2
    embedding_scale: float = BY_MODE
    loss: str = "binary_cross_entropy"
    output_clamp: float = 1e-6
    optimizer: str = "adam"
    eta_encoder: float = 1e-3
    eta_decoder: float = 1e-3
    weight_decay_encoder: float = 0.0
    weight_decay_decoder: float = 0.0
    beta_first: float = 0.9
    beta_second: float = 0.999
    adam_epsilon: float = 1e-8
    momentum: float = 0.0
    steps: int = 4000

    def __post_init__(self) -> None:
        self._check_task()
        self._check_architecture()
        self._check_training()

    def _check_task(self) -> None:
        self._integer("n", minimum=1)
        self._number("fraction", low=0, high=1, open_low=True)
        self._integer("seed", minimum=0)
        self._integer("sweep_seed", minimum=0)
        if not isinstance(self.relation, str):
            raise InvalidInput(f"relation must be the name of a relation; got {shown(self.relation)}")
        relation_targets(self.relation, self.n)

    def _check_architecture(self) -> None:
        mode = MODES[require_choice("mode", self.mode, MODES)]
        if self.depth is BY_MODE:
            object.__setattr__(self, "depth", mode.default_depth)
        if self.embedding_scale is BY_MODE:
            object.__setattr__(self, "embedding_scale", mode.default_embedding_scale)
        self._integer("depth", minimum=0)
        if self.depth and not mode.has_decoder:
            raise InvalidInput(f"depth must be 0 for mode {self.mode}, which has no hidden layer; got {self.depth}")
        self._integer("width", minimum=1)
        require_choice("activation", self.activation, ACTIVATIONS)
        self._integer("embedding_dimension", minimum=1)
        self._number("embedding_scale", low=0, high=LARGEST_RATE, open_low=True)

    def _check_training(self) -> None:
        require_choice("loss", self.loss, LOSSES)
        # In float32 anything closer to 1 than 6e-8 is 1, where the cross-entropy is infinite.
        self._number("output_clamp", low=1e-7, high=0.5, open_high=True)
        require_choice("optimizer", self.optimizer, OPTIMIZERS)
        for name in ("eta_encoder", "eta_decoder", "weight_decay_encoder", "weight_decay_decoder"):
            self._number(name, low=0, high=LARGEST_RATE)
        for name in ("beta_first", "beta_second", "momentum"):
            self._number(name, low=0, high=1, open_high=True)
        self._number("adam_epsilon", low=0, high=1, open_low=True)
        self._integer("steps", minimum=1, maximum=MOST_STEPS)

    def _integer(self, name: str, *, minimum: int, maximum: int | None = None) -> None:
        object.__setattr__(self, name, require_integer(name, getattr(self, name), minimum=minimum, maximum=maximum))

    def _number(self, name: str, **domain: Any) -> None:
        object.__setattr__(self, name, require_number(name, getattr(self, name), **domain))

    @property
    def features(self) -> int:
        """Inputs of the decoder: how many numbers the mode makes of one pair."""
        return MODES[self.mode].features_per_dimension * self.embedding_dimension

    @property
    def has_decoder(self) -> bool:
        """Whether a trainable MLP reads the pair; the ideal heads have none."""
        return MODES[self.mode].has_decoder

    @property
    def output_threshold(self) -> float:
        """The output above which the network answers "yes": 0 for a logit, 1/2 otherwise."""
        return 0.0 if self.has_decoder and self.loss == "binary_cross_entropy" else 0.5

    def to_dict(self) -> dict[str, str | int | float]:
        """Return all settings as plain types, as TOML and JSON hold them; `from_dict` is the inverse."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> NetworkSettings:
        """Return the settings that a mapping holds; those it leaves out take their defaults.

        Raises
        ------
        InvalidInput
            When a key is unknown, a required one is missing, or a value lies outside its domain.

        Examples
        --------
        >>> settings = NetworkSettings(relation="modulo:3", fraction=0.75, seed=0)
        >>> NetworkSettings.from_dict(settings.to_dict()) == settings
        True
        """
        known = {field.name: field for field in dataclasses.fields(cls)}
        for key in values:
            require_choice("setting", key, known)
        for name, field in known.items():
            if field.default is dataclasses.MISSING and name not in values:
                raise InvalidInput(f"{name} must be given: it has no default")
        return cls(**values)
