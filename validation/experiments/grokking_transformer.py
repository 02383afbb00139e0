"""`geneft run grokking-transformer`: does a transformer that groks modular addition find circles, and what helps it?"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, require_array, require_choice, require_integer, require_number, shown
from validation.experiments.running import MOST_SEEDS
from validation.planning.groups import Cost
from validation.sweeps import Context
from validation.tasks import training_count
from validation.transformer import ENGINE, TransformerSettings, computation, train_transformers
from validation.transformer.settings import LARGEST_RATE, MOST_SYMBOLS

if TYPE_CHECKING:
    import xarray as xr

NAME = "grokking-transformer"
DIMS = ("weight_decay", "dropout", "seed")
# On a GPU so many train at once; those that do not fit into its memory train in halves.
GPU_CHUNK_SIZE = 32
CHANCE_DRAWS = 400


@dataclass(frozen=True, kw_only=True)
class GrokkingTransformerOptions:
    """What is asked of the experiment; every entry decides its numbers.

    There are two series: networks at every weight decay without dropout (that is, at the first of the dropouts), and
    networks at every dropout with one weight decay, the usual one, which both share.

    Parameters
    ----------
    weight_decays : tuple of float
        Weight decays of the decoder, increasing, >= 0.
    weight_decay : float
        The usual one, of `weight_decays`.
    dropouts : tuple of float
        Probabilities of dropout, increasing, in [0, 1).
    seeds : int
        Replicates of every network, 2 to 100,000; each has initial values of its own.
    training_seed : int, optional
        Number of the training set that all replicates share; by default each has its own.
    fraction : float
        Share of the ordered pairs that is trained on.
    modulus, embedding_dimension, layers, heads, hidden_width, embedding_scale, eta_encoder, eta_decoder, steps
        As in `validation.transformer.TransformerSettings`.
    check_every, records, threshold, frequencies
        The same.
    sweep_seed : int
        Root of every random stream.

    Raises
    ------
    InvalidInput
        If an entry lies outside its domain.
    """

    weight_decays: tuple[float, ...] = (0.0, 1.0, 2.0)
    weight_decay: float = 1.0
    dropouts: tuple[float, ...] = (0.0, 0.05, 0.1)
    seeds: int = 8
    training_seed: int | None = None
    modulus: int = 31
    fraction: float = 0.8
    embedding_dimension: int = 64
    layers: int = 1
    heads: int = 4
    hidden_width: int = 128
    embedding_scale: float = 0.1
    eta_encoder: float = 1e-3
    eta_decoder: float = 2e-3
    steps: int = 1200
    check_every: int = 10
    records: int = 60
    threshold: float = 0.9
    frequencies: int = 5
    sweep_seed: int = 0

    def __post_init__(self) -> None:
        # Named as they are asked for here, before the settings of a network name their own.
        domains: dict[str, dict[str, Any]] = {
            "weight_decays": {"high": LARGEST_RATE},
            "dropouts": {"high": 1, "open_high": True},
        }
        for name, domain in domains.items():
            values = tuple(require_array(name, getattr(self, name), low=0, **domain).ravel().tolist())
            if not values or any(later <= earlier for earlier, later in itertools.pairwise(values)):
                raise InvalidInput(f"{name} must be increasing numbers, at least one; got {shown(values)}")
        if self.weight_decay not in self.weight_decays:
            raise InvalidInput(f"weight_decay must be one of weight_decays; got {shown(self.weight_decay)}")
        require_integer("seeds", self.seeds, minimum=2, maximum=MOST_SEEDS)
        require_integer("modulus", self.modulus, minimum=3, maximum=MOST_SYMBOLS)
        require_number("fraction", self.fraction, low=0, high=1, open_low=True, open_high=True)
        if training_count(self.modulus, self.fraction) == self.modulus**2:
            raise InvalidInput(f"fraction must leave pairs to hold out; got {self.fraction:g}")
        if self.training_seed is not None:
            require_integer("training_seed", self.training_seed, minimum=0)
        for decay, dropout in conditions(self):
            _settings(self, decay, dropout, 0)

    def to_dict(self) -> dict[str, Any]:
        """Return all entries but the seed, which the run's question holds by itself."""
        return {name: value for name, value in asdict(self).items() if name != "sweep_seed"}


# What a preset changes of the defaults, which are those of "quick": small, and with small embeddings and large learning
# rates, so that generalization comes within a thousand steps.
PRESETS: dict[str, dict[str, Any]] = {
    "quick": {},
    "standard": {
        "modulus": 53,
        "embedding_dimension": 128,
        "hidden_width": 256,
        "weight_decays": (0.0, 0.5, 1.0, 2.0, 3.0),
        "dropouts": (0.0, 0.02, 0.05, 0.1),
        "seeds": 16,
        "steps": 2500,
        "records": 100,
    },
    # Of the paper: p = 53, 256 components, AdamW, the rate of the embeddings, 100 seeds. The rate of the decoder, its
    # 128 hidden units, decay and the split are those of its authors' later code. Depth and heads are not known.
    "paper": {
        "modulus": 53,
        "embedding_dimension": 256,
        "hidden_width": 128,
        "embedding_scale": 1.0,
        "eta_encoder": 1e-3,
        "eta_decoder": 2e-4,
        "weight_decays": (0.0, 0.5, 1.0, 2.0, 5.0),
        "dropouts": (0.0, 0.05, 0.1, 0.2),
        "seeds": 100,
        "steps": 100_000,
        "records": 200,
    },
}


def options_from(preset: str, **changes: Any) -> GrokkingTransformerOptions:
    """Return a preset with some entries changed; a change of None keeps the preset's entry."""
    given = {name: value for name, value in changes.items() if value is not None}
    return GrokkingTransformerOptions(**(PRESETS[require_choice("preset", preset, PRESETS)] | given))


def conditions(options: GrokkingTransformerOptions) -> list[tuple[float, float]]:
    """Return weight decay and dropout of every set of replicates, the usual ones first.

    Examples
    --------
    >>> conditions(options_from("quick"))
    [(1.0, 0.0), (0.0, 0.0), (2.0, 0.0), (1.0, 0.05), (1.0, 0.1)]
    """
    usual = (options.weight_decay, options.dropouts[0])
    decays = [(decay, options.dropouts[0]) for decay in options.weight_decays]
    dropouts = [(options.weight_decay, dropout) for dropout in options.dropouts]
    return list(dict.fromkeys([usual, *decays, *dropouts]))


def networks(options: GrokkingTransformerOptions) -> list[TransformerSettings]:
    """Return the settings of every network of the experiment, replicate by replicate.

    Examples
    --------
    >>> len(networks(options_from("quick")))
    40
    """
    return [
        _settings(options, decay, dropout, seed)
        for seed in range(options.seeds)
        for decay, dropout in conditions(options)
    ]


def _settings(options: GrokkingTransformerOptions, decay: float, dropout: float, seed: int) -> TransformerSettings:
    same = (
        *("modulus", "embedding_dimension", "layers", "heads", "hidden_width", "embedding_scale", "eta_encoder"),
        *("eta_decoder", "steps", "check_every", "records", "threshold", "frequencies", "sweep_seed"),
    )
    return TransformerSettings(
        training_fraction=options.fraction,
        training_seed=seed if options.training_seed is None else options.training_seed,
        seed=seed,
        weight_decay=decay,
        dropout=dropout,
        **{name: getattr(options, name) for name in same},
    )


def plan(options: GrokkingTransformerOptions, chunk_size: int = 1) -> list[list[dict[str, Any]]]:
    """Return the chunks of the sweep: single networks, or as many together as are asked for and can be."""
    alike: dict[TransformerSettings, list[TransformerSettings]] = {}
    for settings in networks(options):
        alike.setdefault(computation(settings), []).append(settings)
    parts = [group[k : k + chunk_size] for group in alike.values() for k in range(0, len(group), chunk_size)]
    return [[{"transformer_engine": ENGINE} | settings.to_dict() for settings in part] for part in parts]


@dataclass(frozen=True)
class TransformerTraining:
    """The computation of a chunk of networks; a value that can be sent to another process.

    Attributes
    ----------
    device : str
        Where they are trained.
    """

    device: str = "cpu"

    def cost(self, values: Mapping[str, Any]) -> Cost:
        """Return what decides how long a step of a network takes."""
        settings = TransformerSettings.from_dict(values)
        width, pairs = settings.embedding_dimension, settings.modulus**2
        weights = settings.layers * width * (4 * width + 2 * settings.hidden_width) + width * settings.modulus
        dropped = settings.dropout > 0
        label = f"transformer modulo {settings.modulus}, width {width}{', dropout' if dropped else ''}"
        shape = (settings.layers, settings.heads, settings.hidden_width, settings.training_fraction)
        return Cost((settings.modulus, width, *shape, dropped), label, float(pairs * weights), settings.steps)

    def __call__(self, chunk: Sequence[Mapping[str, Any]], context: Context) -> dict[str, NDArray[Any]]:
        """Train the networks of one chunk, from its checkpoint if there is one, and return what is kept of them."""
        settings = [TransformerSettings.from_dict(values) for values in chunk]
        steps = sum(each.steps for each in settings)
        return train_transformers(
            settings,
            progress=lambda network_steps: context.advance(network_steps / steps),
            device=self.device,
            checkpoint=context.checkpoint,
            stopped=context.stopped,
        ).arrays()


def theory(options: GrokkingTransformerOptions) -> xr.Dataset:
    """Return what the measurements are held against: the Fourier concentration of random embeddings.

    `chance_concentration` with its standard error `chance_error`; the attributes hold the options.
    """
    import json

    import xarray as xr

    from validation.measure import chance_concentration

    size = options.modulus, options.embedding_dimension
    chance = chance_concentration(*size, options.frequencies, draws=CHANCE_DRAWS, seed=options.sweep_seed)
    asked = options.to_dict() | {"sweep_seed": options.sweep_seed}
    return xr.Dataset(
        {"chance_concentration": chance.value, "chance_error": chance.standard_error},
        attrs={"options": json.dumps(asked), "draws": chance.draws},
    )


def options_of(theory: xr.Dataset) -> GrokkingTransformerOptions:
    """Return the options that `theory` was made from."""
    import json

    asked: dict[str, Any] = json.loads(theory.attrs["options"])
    lists: dict[str, Any] = {name: tuple(value) for name, value in asked.items() if isinstance(value, list)}
    return GrokkingTransformerOptions(**(asked | lists))
