"""`geneft run learning-rates`: the phase diagram over the two learning rates (Fig. 5, Fig. 8, Table IV)."""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass
from typing import Any

from geneft_theory.errors import InvalidInput, require_array, require_choice, require_integer, require_number, shown
from geneft_theory.relations import parse
from validation.experiments.statics import LARGEST_N, require_different
from validation.measure.phases import DELAY
from validation.networks import NetworkSettings

NAME = "learning-rates"
OPTIMIZERS = ("adam", "adamw", "sgd")


@dataclass(frozen=True, kw_only=True)
class LearningRatesOptions:
    """What is asked of the experiment; every entry decides its numbers.

    Parameters
    ----------
    relations : tuple of str
        Names as `geneft_theory.relations.parse` reads them.
    n : int
        Number of symbols, 2 to 400.
    fraction : float
        Training fraction, in (0, 1).
    optimizers : tuple of str
        Of "adam", "adamw" and "sgd".
    eta_encoder, eta_decoder : tuple of float
        Learning rates of adam and adamw, > 0, increasing, at least 2 each: every combination is a cell of the grid.
    eta_encoder_sgd, eta_decoder_sgd : tuple of float
        The same of sgd. Its steps shrink with the gradient of a mean over all pairs, so that it needs larger rates.
    weight_decays : tuple of float
        Weight decays of the decoder, >= 0, increasing.
    seeds : int
        Replicates of every cell, >= 2.
    steps : int
        Training steps: the budget within which accuracies have to be reached.
    record_every : int
        Steps between measurements, which is how exactly it is known when an accuracy was reached; 1 to `delay`.
    delay : int
        Steps between training and held-out accuracy from which it is grokking.
    until_learned : bool
        Whether a network's training ends once it has learned its training pairs and the others, or has diverged. Its
        phase is decided then; what is lost is a divergence later on (see benchmarks/README.md for how rare that is).
    loss : str
        As in `validation.networks.NetworkSettings`.
    sweep_seed : int
        Root of every random stream.

    Raises
    ------
    InvalidInput
        If an entry lies outside its domain.
    """

    relations: tuple[str, ...] = ("modulo:3",)
    n: int = 30
    fraction: float = 0.75
    optimizers: tuple[str, ...] = ("adam",)
    eta_encoder: tuple[float, ...] = (1e-4, 3e-4, 1e-3, 3e-3)
    eta_decoder: tuple[float, ...] = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
    eta_encoder_sgd: tuple[float, ...] = (3e-4, 1e-3, 3e-3, 1e-2)
    eta_decoder_sgd: tuple[float, ...] = (0.3, 1.0, 3.0)
    weight_decays: tuple[float, ...] = (0.0,)
    seeds: int = 4
    steps: int = 3000
    record_every: int = 50
    delay: int = DELAY
    until_learned: bool = True
    loss: str = "binary_cross_entropy"
    sweep_seed: int = 0

    def __post_init__(self) -> None:
        require_integer("n", self.n, minimum=2, maximum=LARGEST_N)
        require_different("relation", [parse(name, self.n).name for name in self.relations])
        require_different("optimizer", [require_choice("optimizer", name, OPTIMIZERS) for name in self.optimizers])
        for name in ("relations", "optimizers", "weight_decays"):
            if not getattr(self, name):
                raise InvalidInput(f"{name} must hold at least one entry; got none")
        for name in ("eta_encoder", "eta_decoder", "eta_encoder_sgd", "eta_decoder_sgd"):
            _require_increasing(name, getattr(self, name), least=2)
        _require_increasing("weight_decays", self.weight_decays, least=1, zero=True)
        require_number("fraction", self.fraction, low=0, high=1, open_low=True, open_high=True)
        require_integer("seeds", self.seeds, minimum=2)
        require_integer("steps", self.steps, minimum=1)
        require_integer("delay", self.delay, minimum=1)
        require_integer("record_every", self.record_every, minimum=1, maximum=self.delay)
        networks(self)
        if round(self.fraction * self.n**2) >= self.n**2:
            raise InvalidInput(f"fraction must leave pairs to hold out; got {self.fraction:g} of {self.n**2} pairs")

    def rates(self, optimizer: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return the encoder's and the decoder's learning rates of an optimiser."""
        if optimizer == "sgd":
            return self.eta_encoder_sgd, self.eta_decoder_sgd
        return self.eta_encoder, self.eta_decoder

    def to_dict(self) -> dict[str, Any]:
        """Return all entries but the seed, which the run's question holds by itself.

        Training to the end is not mentioned: runs from before there was a choice did so without saying.
        """
        left_out = {"sweep_seed"} if self.until_learned else {"sweep_seed", "until_learned"}
        return {name: value for name, value in asdict(self).items() if name not in left_out}


# Three decades of each rate. They end where nothing is left to see: with the largest decoder rate (0.1, or 10 for sgd)
# training is unstable whatever the encoder's; with the smallest encoder rate embeddings hardly move within the budget.
WIDE: dict[str, Any] = {
    "eta_encoder": (3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2),
    "eta_decoder": (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1),
    "eta_encoder_sgd": (3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1),
    "eta_decoder_sgd": (3e-2, 1e-1, 3e-1, 1.0, 3.0, 10.0),
}

# What a preset changes of the defaults, which are those of "quick".
PRESETS: dict[str, dict[str, Any]] = {
    "quick": {},
    "standard": {
        **WIDE,
        "relations": ("modulo:3", "modulo:5", "greater-than", "complete-bipartite:10"),
        "optimizers": ("adam", "sgd"),
        "seeds": 10,
        "steps": 8000,
    },
    # Relation, optimiser, network, fraction and steps are the paper's; its rates and seeds are not known.
    "paper": {**WIDE, "seeds": 10, "steps": 100_000, "record_every": 100},
}


def options_from(preset: str, **changes: Any) -> LearningRatesOptions:
    """Return a preset with some entries changed; a change of None keeps the preset's entry."""
    given = PRESETS[require_choice("preset", preset, PRESETS)] | {k: v for k, v in changes.items() if v is not None}
    if "n" in given and changes.get("relations") is None and preset == "standard":
        given["relations"] = (*given["relations"][:3], f"complete-bipartite:{max(1, given['n'] // 3)}")
    return LearningRatesOptions(**given)


def networks(options: LearningRatesOptions) -> list[NetworkSettings]:
    """Return the settings of every network of the experiment.

    Examples
    --------
    >>> len(networks(options_from("quick"))), len(networks(options_from("standard")))
    (80, 3640)
    """
    return [
        NetworkSettings(
            relation=parse(relation, options.n).name,
            n=options.n,
            fraction=options.fraction,
            seed=seed,
            sweep_seed=options.sweep_seed,
            optimizer=optimizer,
            eta_encoder=eta_encoder,
            eta_decoder=eta_decoder,
            weight_decay_decoder=decay,
            steps=options.steps,
            loss=options.loss,
        )
        for relation, optimizer in itertools.product(options.relations, options.optimizers)
        for decay in options.weight_decays
        for eta_encoder, eta_decoder in itertools.product(*options.rates(optimizer))
        for seed in range(options.seeds)
    ]


def record_steps(options: LearningRatesOptions) -> tuple[int, ...]:
    """Return when networks are measured: every `record_every` steps, and more often at the very start.

    Examples
    --------
    >>> record_steps(options_from("quick", steps=120, record_every=50))
    (1, 2, 3, 4, 6, 8, 12, 17, 25, 35, 50, 100, 120)
    """
    from validation.training.records import default_record_steps

    start = default_record_steps(min(options.record_every, options.steps), 12)
    regular = range(options.record_every, options.steps + 1, options.record_every)
    return tuple(sorted({*start, *regular, options.steps}))


def _require_increasing(name: str, values: tuple[float, ...], *, least: int, zero: bool = False) -> None:
    numbers = require_array(name, values, low=0, open_low=not zero).tolist()
    if len(numbers) < least or any(later <= earlier for earlier, later in itertools.pairwise(numbers)):
        raise InvalidInput(f"{name} must be increasing numbers, at least {least}; got {shown(values)}")
