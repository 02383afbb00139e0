"""`geneft run grokking-phases`: the phases of networks that learn to add, or to compose permutations (Liu Fig. 6)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, NamedTuple

from geneft_theory.errors import InvalidInput, require_array, require_choice, require_integer, shown
from geneft_theory.grokking import ideal_accuracy
from validation.experiments.running import MOST_SEEDS
from validation.measure.phases import DELAY
from validation.operations import OperationSettings, training_set

NAME = "grokking-phases"
TRAINING_SETS = ("ideal", "random")
SPLITS = "splits"
"""Names, among results, the networks on many random training sets at one place of the diagrams."""
FAR = 1000
"""How many training sets are looked through for ideal ones."""


class Diagram(NamedTuple):
    """One phase diagram: what it is in words, its two axes, and what all of its networks share."""

    label: str
    axes: tuple[str, str]
    settings: Mapping[str, Any]


ETA_ENCODER = 1e-3
RATES, DECAY = ("eta_encoder", "eta_decoder"), ("eta_decoder", "weight_decay_decoder")
ADDITION = {"operation": "addition:10", "training_pairs": 45}
DIAGRAMS = {
    "a": Diagram("addition, regression", RATES, ADDITION | {"weight_decay_decoder": 0.0}),
    "b": Diagram("addition, regression", DECAY, ADDITION | {"eta_encoder": ETA_ENCODER}),
    "c": Diagram("addition, classification", DECAY, ADDITION | {"eta_encoder": ETA_ENCODER, "loss": "cross_entropy"}),
    # The penalty and the small start are in the official code only.
    "d": Diagram(
        "permutations of three, regression",
        DECAY,
        {
            "operation": "symmetric-group:3",
            "training_pairs": 24,
            "eta_encoder": ETA_ENCODER,
            "embedding_scale": 0.1,
            "penalty": 1e-3,
        },
    ),
}
# The official default: where most networks on an ideal training set generalize, with room for both faster and slower.
SPLITS_PLACE = ADDITION | {"eta_encoder": ETA_ENCODER, "eta_decoder": 1e-4, "weight_decay_decoder": 0.0}


def _rates(*, first: int, last: int, every: int, per_decade: int) -> tuple[float, ...]:
    """Return rates of the paper's axis, which begins at 1e-5, as far as their numbers on it."""
    return tuple(float(f"{10 ** (k / per_decade - 5):.3g}") for k in range(first, last + 1, every))


@dataclass(frozen=True, kw_only=True)
class GrokkingPhasesOptions:
    """What is asked of the experiment; every entry decides its numbers.

    Parameters
    ----------
    diagrams : tuple of str
        Of "a" (addition, regression: encoder rate and decoder rate), and over decoder rate and decoder weight decay "b"
        (addition, regression), "c" (addition, classification) and "d" (permutations of three things, regression).
    training_sets : tuple of str
        Of "ideal" (the first training sets that imply all answers) and "random" (one of its own for every network).
    sets : int
        Ideal training sets, >= 1. With one, all that is said holds for it alone.
    seeds : int
        Networks on every ideal training set, 2 to 100,000; on random ones there are as many in all.
    splits : int
        Random training sets at the place of the official default run, to see how many can be learned; 0, or 2 to
        100,000.
    eta_encoder, eta_decoder : tuple of float
        Learning rates of diagram a, > 0, increasing, at least 2 each: every combination is a cell.
    eta_decoder_decayed : tuple of float
        Decoder rates of the others, likewise; their encoder rate is 1e-3.
    weight_decays_b, weight_decays_c, weight_decays_d : tuple of float
        Weight decays of the decoder, >= 0, increasing, at least 2.
    width : int
        Units in a hidden layer of the decoder, >= 1.
    steps : int
        Training steps: the budget within which accuracies have to be reached.
    delay : int
        Steps between training and held-out accuracy from which it is grokking.
    sweep_seed : int
        Root of every random stream.

    Raises
    ------
    InvalidInput
        If an entry lies outside its domain.
    """

    diagrams: tuple[str, ...] = ("a", "b")
    training_sets: tuple[str, ...] = ("ideal",)
    sets: int = 1
    seeds: int = 10
    splits: int = 100
    eta_encoder: tuple[float, ...] = _rates(first=4, last=12, every=2, per_decade=4)
    eta_decoder: tuple[float, ...] = _rates(first=4, last=12, every=2, per_decade=4)
    eta_decoder_decayed: tuple[float, ...] = _rates(first=5, last=15, every=2, per_decade=5)
    weight_decays_b: tuple[float, ...] = (0.0, 2.0, 4.0, 6.0)
    weight_decays_c: tuple[float, ...] = (0.0, 4.0, 8.0, 12.0)
    weight_decays_d: tuple[float, ...] = (0.0, 2.0, 10.0, 50.0)
    width: int = 200
    steps: int = 4000
    delay: int = DELAY
    sweep_seed: int = 0

    def __post_init__(self) -> None:
        for name, known in (("diagrams", tuple(DIAGRAMS)), ("training_sets", TRAINING_SETS)):
            given = getattr(self, name)
            for each in given:
                require_choice(name, each, known)
            if not given or len(set(given)) != len(given):
                raise InvalidInput(
                    f"{name} must name at least one of {', '.join(known)}, each once; got {shown(given)}"
                )
        for name in ("eta_encoder", "eta_decoder", "eta_decoder_decayed"):
            _require_increasing(name, getattr(self, name))
        for name in ("weight_decays_b", "weight_decays_c", "weight_decays_d"):
            _require_increasing(name, getattr(self, name), zero=True)
        require_integer("sets", self.sets, minimum=1, maximum=FAR)
        require_integer("seeds", self.seeds, minimum=2, maximum=MOST_SEEDS)
        require_integer("splits", self.splits, minimum=0, maximum=MOST_SEEDS)
        if self.splits == 1:
            raise InvalidInput("splits must be 0, or at least 2; got 1")
        for name in ("width", "steps", "delay"):
            require_integer(name, getattr(self, name), minimum=1)
        require_integer("sweep_seed", self.sweep_seed, minimum=0)
        networks(self)

    def axis(self, diagram: str, name: str) -> tuple[float, ...]:
        """Return the values along an axis of a diagram."""
        if name == "weight_decay_decoder":
            chosen: tuple[float, ...] = getattr(self, f"weight_decays_{diagram}")
            return chosen
        if DIAGRAMS[diagram].axes == DECAY:
            return self.eta_decoder_decayed
        return self.eta_encoder if name == "eta_encoder" else self.eta_decoder

    def to_dict(self) -> dict[str, Any]:
        """Return all entries but the seed, which the run's question holds by itself."""
        return {name: value for name, value in asdict(self).items() if name != "sweep_seed"}


# What a preset changes of the defaults, which are those of "quick".
PRESETS: dict[str, dict[str, Any]] = {
    "quick": {},
    "standard": {
        "diagrams": tuple(DIAGRAMS),
        "splits": 200,
        "eta_encoder": _rates(first=0, last=12, every=2, per_decade=4),
        # Decoders slower than these need more than the steps to fit their training pairs.
        "eta_decoder": _rates(first=2, last=12, every=2, per_decade=4),
        "eta_decoder_decayed": _rates(first=3, last=15, every=2, per_decade=5),
        "weight_decays_b": (0.0, 2.0, 4.0, 6.0, 8.0, 10.0),
        "weight_decays_c": (0.0, 4.0, 8.0, 12.0, 16.0, 20.0),
        "weight_decays_d": (0.0, 2.0, 5.0, 20.0, 50.0, 200.0),
        "steps": 10_000,
    },
    "paper": {
        "diagrams": tuple(DIAGRAMS),
        "splits": 1000,
        "eta_encoder": _rates(first=0, last=12, every=1, per_decade=4),
        "eta_decoder": _rates(first=0, last=12, every=1, per_decade=4),
        "eta_decoder_decayed": _rates(first=0, last=15, every=1, per_decade=5),
        "weight_decays_b": tuple(map(float, range(11))),
        "weight_decays_c": tuple(map(float, range(0, 21, 2))),
        "weight_decays_d": (0.0, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 50.0, 100.0, 200.0),
        "steps": 100_000,
    },
}


def options_from(preset: str, **changes: Any) -> GrokkingPhasesOptions:
    """Return a preset with some entries changed; a change of None keeps the preset's entry."""
    given = {name: value for name, value in changes.items() if value is not None}
    return GrokkingPhasesOptions(**(PRESETS[require_choice("preset", preset, PRESETS)] | given))


def networks(options: GrokkingPhasesOptions) -> list[OperationSettings]:
    """Return the settings of every network of the experiment, each once.

    Examples
    --------
    >>> len(networks(options_from("quick"))), len(networks(options_from("standard")))
    (569, 1859)
    """
    return list(dict.fromkeys(settings for _, settings in members(options)))


def members(options: GrokkingPhasesOptions) -> list[tuple[tuple[str, str], OperationSettings]]:
    """Return every network with what it belongs to: a diagram and a kind of training sets.

    A network may belong to several; the last ones, under ("", "splits"), are those on many random training sets.

    Examples
    --------
    >>> [place for place, _ in members(options_from("quick"))][::300]
    [('a', 'ideal'), ('b', 'ideal')]
    """
    everywhere = {name: getattr(options, name) for name in ("width", "steps", "sweep_seed")}
    found = []
    for diagram, sets in itertools.product(options.diagrams, options.training_sets):
        own = DIAGRAMS[diagram]
        seeds = replicates(options, diagram, sets)
        for values in itertools.product(*(options.axis(diagram, name) for name in own.axes)):
            cell = everywhere | dict(own.settings) | dict(zip(own.axes, values, strict=True))
            found += [((diagram, sets), OperationSettings(**cell, training_seed=t, seed=s)) for t, s in seeds]
    place = everywhere | SPLITS_PLACE
    return found + [(("", SPLITS), OperationSettings(**place, training_seed=k, seed=k)) for k in range(options.splits)]


def replicates(options: GrokkingPhasesOptions, diagram: str, sets: str) -> list[tuple[int, int]]:
    """Return the seeds (of the training set, of the network) of every replicate, the same in all cells."""
    if sets == "random":
        return [(k, k) for k in range(options.sets * options.seeds)]
    own = DIAGRAMS[diagram].settings
    found = ideal_training_seeds(own["operation"], own["training_pairs"], options.sets, options.sweep_seed)
    return list(itertools.product(found, range(options.seeds)))


@cache
def ideal_training_seeds(operation: str, training_pairs: int, count: int, sweep_seed: int = 0) -> tuple[int, ...]:
    """Return the first seeds whose training sets imply all answers: whose ideal accuracy is 1.

    Raises
    ------
    InvalidInput
        When there are fewer among the first thousand.

    Examples
    --------
    >>> ideal_training_seeds("addition:10", 45, 4)
    (0, 1, 6, 8)
    """
    found = []
    for seed in range(FAR):
        settings = OperationSettings(
            operation=operation, training_pairs=training_pairs, training_seed=seed, seed=0, sweep_seed=sweep_seed
        )
        if ideal_accuracy(training_set(settings)) == 1:
            found.append(seed)
        if len(found) == count:
            return tuple(found)
    raise InvalidInput(
        f"sets must be at most {len(found)}, as many ideal training sets of {training_pairs} pairs as {operation} has "
        f"among the first {FAR}; got {count}"
    )


def record_steps(options: GrokkingPhasesOptions) -> tuple[int, ...]:
    """Return when training may end early; when accuracies are reached is known to the step in any case.

    Examples
    --------
    >>> record_steps(options_from("quick"))[:3]
    (100, 200, 300)
    """
    pace = max(1, min(500, options.steps // 40))
    return tuple(dict.fromkeys((*range(pace, options.steps + 1, pace), options.steps)))


def _require_increasing(name: str, values: tuple[float, ...], *, zero: bool = False) -> None:
    numbers = require_array(name, values, low=0, open_low=not zero).ravel().tolist()
    if len(numbers) < 2 or any(later <= earlier for earlier, later in itertools.pairwise(numbers)):
        raise InvalidInput(f"{name} must be increasing numbers, at least 2; got {shown(values)}")
