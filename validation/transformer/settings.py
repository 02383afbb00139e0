"""Everything that decides how one transformer is built and trained on modular addition, as one immutable value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from geneft_theory.errors import InvalidInput, require_choice, require_integer, require_number
from validation.tasks import training_count

# Names the numbers that this package computes; raised whenever a change to it changes any of them.
ENGINE = "1"
ACTIVATIONS = ("relu", "gelu")
MOST_STEPS = 10_000_000
MOST_SYMBOLS = 1000
LARGEST_SIZE = 65_536
LARGEST_RATE = 1e30  # far beyond sense, and within float32


@dataclass(frozen=True, kw_only=True)
class TransformerSettings:
    """A decoder-only transformer that reads two symbols a, b of Z_p and names their sum modulo p.

    Each symbol has an embedding, to which that of its position is added. Blocks of causal self-attention and of an MLP
    with one hidden layer read layer-normalised values and add to the stream of each token. The normalised streams of
    both tokens, one behind the other, go into a linear classifier with p outputs; there is no token for the operator.
    The loss is the mean cross-entropy over the training pairs, full batch, in float32. Embeddings of symbols are
    trained by Adam, all else, the *decoder*, by AdamW, whose weight decay covers everything that it trains.

    Of the paper's transformer (Liu et al., arXiv:2205.10343, Sec. 4.2) the width of 256, the two concatenated outputs
    and the optimisers are known here, but neither its depth, heads, normalisation and initial values, nor the places
    of its dropout. What stands here is a common choice: layer normalisation before each block, and dropout where
    Vaswani et al. (2017) have it, on the sum of the embeddings and on what each block adds.

    Parameters
    ----------
    modulus : int
        p, the number of symbols, 3 to 1000.
    training_fraction : float
        Share of the p^2 ordered pairs that is trained on; at least one pair has to be left to hold out.
    training_seed : int
        Decides the training pairs, >= 0.
    seed : int
        Decides initial values and dropout, >= 0.
    sweep_seed : int
        Entropy shared by a sweep, >= 0.
    embedding_dimension : int
        Components of an embedding and of a token's stream, a multiple of the heads.
    layers, heads : int
        Pairs of blocks, and heads of each attention, >= 1.
    hidden_width : int
        Units in the hidden layer of each MLP, >= 1.
    activation : {"relu", "gelu"}
        Their non-linearity; gelu is the exact form z Phi(z).
    dropout : float
        Probability with which a value is dropped in training, in [0, 1). Measurements are made without dropout.
    embedding_scale : float
        Standard deviation of the normal initial embeddings of the symbols, > 0.
    eta_encoder, eta_decoder : float
        Learning rates of the embeddings of symbols, and of all else, >= 0.
    weight_decay : float
        That of the decoder, >= 0; embeddings are not decayed.
    beta_first, beta_second : float
        Decay rates of Adam's moments, in [0, 1).
    adam_epsilon : float
        Constant in Adam's denominator, > 0.
    steps : int
        Training steps, >= 1.
    check_every : int
        Steps between two looks at the accuracies, >= 1: how finely times to threshold are known.
    records : int
        At most so many points of the curves, evenly spaced on a logarithmic scale, >= 2; the start comes on top.
    threshold : float
        Accuracy that counts as learned, in (0, 1]; 0.9 is that of the paper's Table 1.
    frequencies : int
        How many of the p // 2 frequencies the Fourier concentration counts.

    Raises
    ------
    InvalidInput
        When a setting lies outside its domain.

    Examples
    --------
    >>> settings = TransformerSettings(modulus=53, training_fraction=0.8, seed=0, training_seed=0)
    >>> settings.training_pairs, settings.embedding_dimension
    (2247, 256)
    """

    modulus: int = 53
    training_fraction: float = 0.8
    training_seed: int
    seed: int
    sweep_seed: int = 0
    embedding_dimension: int = 256
    layers: int = 1
    heads: int = 4
    hidden_width: int = 128
    activation: str = "relu"
    dropout: float = 0.0
    embedding_scale: float = 1.0
    eta_encoder: float = 1e-3
    eta_decoder: float = 2e-4
    weight_decay: float = 1.0
    beta_first: float = 0.9
    beta_second: float = 0.999
    adam_epsilon: float = 1e-8
    steps: int = 20_000
    check_every: int = 10
    records: int = 60
    threshold: float = 0.9
    frequencies: int = 5

    def __post_init__(self) -> None:
        self._integer("modulus", 3, MOST_SYMBOLS)
        self._number("training_fraction", low=0, high=1, open_low=True)
        if self.training_pairs >= self.modulus**2:
            raise InvalidInput(
                f"training_fraction must leave pairs to hold out, so lie in (0, 1); got {self.training_fraction:g}"
            )
        for name in ("training_seed", "seed", "sweep_seed"):
            self._integer(name, 0)
        self._check_architecture()
        self._check_training()

    def _check_architecture(self) -> None:
        for name in ("embedding_dimension", "layers", "heads", "hidden_width"):
            self._integer(name, 1, LARGEST_SIZE)
        if self.embedding_dimension % self.heads:
            raise InvalidInput(
                f"embedding_dimension must be a multiple of heads = {self.heads}; got {self.embedding_dimension}"
            )
        require_choice("activation", self.activation, ACTIVATIONS)
        self._number("dropout", low=0, high=1, open_high=True)
        self._number("embedding_scale", low=0, high=LARGEST_RATE, open_low=True)

    def _check_training(self) -> None:
        for name in ("eta_encoder", "eta_decoder", "weight_decay"):
            self._number(name, low=0, high=LARGEST_RATE)
        for name in ("beta_first", "beta_second"):
            self._number(name, low=0, high=1, open_high=True)
        self._number("adam_epsilon", low=0, high=LARGEST_RATE, open_low=True)
        self._integer("steps", 1, MOST_STEPS)
        self._integer("check_every", 1)
        self._integer("records", 2)
        self._number("threshold", low=0, high=1, open_low=True)
        self._integer("frequencies", 1, self.modulus // 2)

    def _integer(self, name: str, minimum: int, maximum: int | None = None) -> None:
        value = require_integer(name, getattr(self, name), minimum=minimum, maximum=maximum)
        object.__setattr__(self, name, value)

    def _number(self, name: str, **domain: Any) -> None:
        object.__setattr__(self, name, require_number(name, getattr(self, name), **domain))

    @property
    def training_pairs(self) -> int:
        """How many ordered pairs are trained on."""
        return training_count(self.modulus, self.training_fraction)

    def to_dict(self) -> dict[str, Any]:
        """Return all settings as plain types; `from_dict` is the inverse."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TransformerSettings:
        """Return the settings that a mapping holds; other entries of the mapping are left alone.

        Examples
        --------
        >>> settings = TransformerSettings(seed=3, training_seed=1)
        >>> TransformerSettings.from_dict(settings.to_dict() | {"case": "a transformer"}) == settings
        True
        """
        return cls(**{field.name: values[field.name] for field in fields(cls) if field.name in values})
