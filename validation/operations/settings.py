"""Everything that decides how one network learns an operation table, as one immutable value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from geneft_theory.errors import InvalidInput, require_choice, require_integer, require_number
from geneft_theory.grokking import Operation
from validation.operations.names import parse_operation

# Names the numbers that this package computes; raised whenever a change to it changes any of them.
ENGINE = "1"
LOSSES = ("mean_squared_error", "cross_entropy")
DRAWS = ("streams", "official")
OPTIMIZERS = ("adamw", "sgd")
BETA_FIRST, BETA_SECOND, ADAM_EPSILON = 0.9, 0.999, 1e-8
THRESHOLD = 0.9
"""The accuracy that counts as learned (Liu et al., 2022, Table 1: at least this)."""
STRUCTURE = 0.95
"""The representation quality that counts as structured: more than this (Liu et al., 2022, Fig. 4)."""
MOST_SAMPLES = 20_000
MOST_STEPS = 10_000_000
DEEPEST, LARGEST_SIZE = 64, 65_536
LARGEST_RATE = 1e30  # far beyond sense, and within float32

BY_OPERATION: Any = None


@dataclass(frozen=True, kw_only=True)
class OperationSettings:
    """A network that sees the combined embeddings of two symbols, Dec(E_i + E_j) or Dec(E_i E_j), and learns a label.

    Training is full batch, in float32, with separate rates for the embeddings and for a tanh decoder. The defaults are
    those of the toy model of Liu et al. (2022) and its official code.

    Parameters
    ----------
    operation : str
        What is learned, such as ``"addition:10"``; see `validation.operations.parse_operation`. Vectors are added,
        the matrices of a group are multiplied.
    training_pairs : int
        Size of the training set, between 1 and the number of samples of the operation.
    training_seed : int
        Decides the training set, >= 0, and nothing else.
    seed : int
        Decides initial parameters and templates, >= 0, and nothing else.
    sweep_seed : int
        Entropy shared by a sweep, >= 0.
    draws : {"streams", "official"}
        Where random numbers come from: streams of counters, or the generators of the official code, in its order. The
        latter has one seed for everything (`training_seed` must equal `seed`), knows vectors only, and has no sweep
        seed.
    embedding_dimension : int, optional
        Components of an embedding, 1 to 65,536; by default 1 for vectors. The matrices of a group have as many as their
        representation, which is the only choice.
    embedding_scale : float
        Width s > 0 of the uniform distribution on [-s/2, s/2] of the initial embeddings.
    depth, width : int
        Hidden layers of the decoder, 0 to 64, and units in each, 1 to 65,536.
    loss : {"mean_squared_error", "cross_entropy"}
        Squared error against one random normal template a label, averaged over samples and components (the answer is
        the nearest template), or cross-entropy of one logit a label.
    template_dimension : int
        Components of a template, 1 to 65,536.
    optimizer : {"adamw", "sgd"}
        AdamW with its published constants, or plain gradient descent, which is what the effective theory is about.
    eta_encoder, eta_decoder : float
        Learning rates, >= 0.
    weight_decay_encoder, weight_decay_decoder : float
        Weight decays, >= 0, decoupled from the gradient; the decoder's covers weights and biases alike.
    penalty : float
        Factor >= 0 of the mean absolute embedding in the loss.
    steps : int
        Training steps, 1 to 10 million.

    Raises
    ------
    InvalidInput
        When a setting lies outside its domain.

    Examples
    --------
    >>> settings = OperationSettings(training_seed=0, seed=0)
    >>> settings.embedding_dimension, settings.labels, settings.outputs
    (1, 19, 30)
    """

    operation: str = "addition:10"
    training_pairs: int = 45
    training_seed: int
    seed: int
    sweep_seed: int = 0
    draws: str = "streams"
    embedding_dimension: int = BY_OPERATION
    embedding_scale: float = 1.0
    depth: int = 2
    width: int = 200
    loss: str = "mean_squared_error"
    template_dimension: int = 30
    optimizer: str = "adamw"
    eta_encoder: float = 1e-3
    eta_decoder: float = 1e-4
    weight_decay_encoder: float = 0.0
    weight_decay_decoder: float = 0.0
    penalty: float = 0.0
    steps: int = 10_000

    def __post_init__(self) -> None:
        samples = len(parse_operation(self.operation).samples)
        if samples > MOST_SAMPLES:
            raise InvalidInput(f"operation must have at most {MOST_SAMPLES} samples; got {samples} of {self.operation}")
        self._integer("training_pairs", minimum=1, maximum=samples)
        for name in ("training_seed", "seed", "sweep_seed"):
            self._integer(name, minimum=0)
        self._integer("depth", minimum=0, maximum=DEEPEST)
        for name in ("width", "template_dimension"):
            self._integer(name, minimum=1, maximum=LARGEST_SIZE)
        self._integer("steps", minimum=1, maximum=MOST_STEPS)
        self._check_embeddings()
        require_choice("loss", self.loss, LOSSES)
        require_choice("optimizer", self.optimizer, OPTIMIZERS)
        rates = ("eta_encoder", "eta_decoder", "weight_decay_encoder", "weight_decay_decoder", "penalty")
        for name in rates:
            self._number(name, low=0, high=LARGEST_RATE)
        self._check_draws()

    def _check_embeddings(self) -> None:
        matrices = self.table.representation
        expected = 1 if matrices is None else matrices.shape[1] ** 2
        if self.embedding_dimension is BY_OPERATION:
            object.__setattr__(self, "embedding_dimension", expected)
        self._integer("embedding_dimension", minimum=1, maximum=LARGEST_SIZE)
        if matrices is not None and self.embedding_dimension != expected:
            raise InvalidInput(
                f"embedding_dimension must be {expected} for {self.operation}; got {self.embedding_dimension}"
            )
        self._number("embedding_scale", low=0, high=LARGEST_RATE, open_low=True)

    def _check_draws(self) -> None:
        if require_choice("draws", self.draws, DRAWS) == "streams":
            return
        if self.multiplies:
            raise InvalidInput(
                f"draws must be streams for an operation with matrices; got official for {self.operation}"
            )
        if self.training_seed != self.seed:
            raise InvalidInput(f"training_seed must be seed for official draws; got {self.training_seed}, {self.seed}")
        if self.sweep_seed:
            raise InvalidInput(f"sweep_seed must be 0 for official draws; got {self.sweep_seed}")
        self._integer("seed", minimum=0, maximum=2**32 - 1)

    def _integer(self, name: str, **domain: Any) -> None:
        object.__setattr__(self, name, require_integer(name, getattr(self, name), **domain))

    def _number(self, name: str, **domain: Any) -> None:
        object.__setattr__(self, name, require_number(name, getattr(self, name), **domain))

    @property
    def table(self) -> Operation:
        """The operation itself."""
        return parse_operation(self.operation)

    @property
    def multiplies(self) -> bool:
        """Whether embeddings are matrices that are multiplied, rather than vectors that are added."""
        return self.table.representation is not None

    @property
    def labels(self) -> int:
        """How many labels there are."""
        return len(self.table.class_sizes)

    @property
    def outputs(self) -> int:
        """Outputs of the decoder: components of a template, or logits."""
        return self.template_dimension if self.loss == "mean_squared_error" else self.labels

    def to_dict(self) -> dict[str, Any]:
        """Return all settings as plain types; `from_dict` is the inverse."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> OperationSettings:
        """Return the settings that a mapping holds; other entries of the mapping are left alone.

        Examples
        --------
        >>> settings = OperationSettings(training_seed=0, seed=0)
        >>> OperationSettings.from_dict(settings.to_dict() | {"case": "regression"}) == settings
        True
        """
        return cls(**{field.name: values[field.name] for field in fields(cls) if field.name in values})
