"""`geneft run slowing-down`: does generalizing take longer the nearer the memorization boundary is?"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, require_choice, require_integer, require_number, shown
from geneft_theory.relations import parse
from geneft_theory.repons import pair
from validation.experiments.running import following, trained
from validation.networks import NetworkSettings
from validation.repons import ENGINE, ReponSettings, first_times
from validation.sweeps import Context, Variable

NAME = "slowing-down"
# The second entry of a stream's key; 0 to 2 are taken by `validation.tasks` and `validation.repons`.
STARTS = 3
# The relaxation time is that of another factor e^-2 after the threshold, halved.
FURTHER = 2.0
FIRST_RECORD = 10


class Side(NamedTuple):
    """From which side, and how, the boundary of a pair is approached: name in words, what decays, the optimiser."""

    label: str
    watched: str
    optimiser: str


SIDES = {
    "collapse": Side("separation, C > 0, SGD", "separation", "sgd"),
    "memorization": Side("decoder, C < 0, SGD", "decoder", "sgd"),
    "adam": Side("separation, Adam", "separation", "adam"),
}
PAIR_OUTCOMES = {
    "time": Variable(("member",), "1/sqrt(eta_decoder eta_encoder)", "time until the threshold is reached"),
    "predicted_time": Variable(("member",), "1/sqrt(eta_decoder eta_encoder)", "the same by the theory"),
    "relaxation_time": Variable(
        ("member",), "1/sqrt(eta_decoder eta_encoder)", "time for a factor 1/e beyond it, under SGD"
    ),
}
NETWORK_OUTCOMES = {
    "steps_to_test_threshold": Variable(units="steps", long_name="steps until 0.9 of the held-out pairs are right"),
    "steps_to_train_threshold": Variable(units="steps", long_name="steps until 0.9 of the training pairs are right"),
    "held_out_accuracy": Variable(long_name="accuracy over the pairs outside the training set"),
    "diverged": Variable(long_name="whether training left the finite numbers"),
}


def _geometric(low: float, high: float, count: int) -> tuple[float, ...]:
    return tuple(float(f"{value:.4g}") for value in np.geomspace(low, high, count))


def _multiples(unit: float, factors: Sequence[float]) -> tuple[float, ...]:
    return tuple(float(f"{unit * factor:.6g}") for factor in factors)


@dataclass(frozen=True, kw_only=True)
class SlowingDownOptions:
    """What is asked of the experiment; every entry decides its numbers.

    Parameters
    ----------
    distances : tuple of float
        |C| of the pairs, with eta_decoder = eta_encoder = 1, increasing, > 0, at least 3. Under Adam the distance is
        |a| - |c|.
    draws : int
        Pairs at each distance, >= 2.
    separation : float
        The value of |c| (or |a|) to be reached, > 0.
    learning_rate, adam_learning_rate : float
        Learning rates of the pairs, > 0.
    relation : str
        The networks' relation, as `geneft_theory.relations.parse` reads it.
    n : int
        Number of symbols.
    fraction : float
        Training fraction, in (0, 1).
    eta_encoder : float
        Learning rate of the networks' embeddings, > 0.
    eta_decoders : tuple of float
        Learning rates of their decoders, increasing, > 0, at least 2.
    optimizer : str
        As in `validation.networks.NetworkSettings`.
    seeds : int
        Replicates, >= 3.
    steps : int
        The budget; a network that has not generalized by then is censored.
    records : int
        How often a network is looked at, on a logarithmic scale, >= 2.
    sweep_seed : int
        Root of every random stream.

    Raises
    ------
    InvalidInput
        If an entry lies outside its domain.
    """

    distances: tuple[float, ...] = _geometric(1e-3, 0.1, 7)
    draws: int = 100
    separation: float = 1e-3
    learning_rate: float = 0.02
    adam_learning_rate: float = 1e-4
    relation: str = "modulo:3"
    n: int = 30
    fraction: float = 0.75
    eta_encoder: float = 3e-4
    eta_decoders: tuple[float, ...] = _multiples(3e-4, (1, 2, 4, 6, 8, 10, 12, 15, 20))
    optimizer: str = "adam"
    seeds: int = 6
    steps: int = 4000
    records: int = 80
    sweep_seed: int = 0

    def __post_init__(self) -> None:
        for name, fewest in (("distances", 3), ("eta_decoders", 2)):
            values = getattr(self, name)
            if len(values) < fewest or any(later <= earlier for earlier, later in itertools.pairwise(values)):
                raise InvalidInput(f"{name} must be increasing numbers, at least {fewest}; got {shown(values)}")
            for value in values:
                require_number(name, value, low=0, open_low=True)
        for name in ("separation", "learning_rate", "adam_learning_rate", "eta_encoder"):
            require_number(name, getattr(self, name), low=0, open_low=True)
        require_integer("draws", self.draws, minimum=2)
        require_integer("seeds", self.seeds, minimum=3)
        require_integer("records", self.records, minimum=2)
        networks(self)
        for side, distance in cells(self):
            pair_settings(self, side, distance)
        if round(self.fraction * self.n**2) >= self.n**2:
            raise InvalidInput(f"fraction must leave pairs to hold out, so lie in (0, 1); got {self.fraction:g}")

    def to_dict(self) -> dict[str, Any]:
        """Return all entries but the seed, which the run's question holds by itself."""
        return {name: value for name, value in asdict(self).items() if name != "sweep_seed"}


# What a preset changes of the defaults, which are those of "quick".
PRESETS: dict[str, dict[str, Any]] = {
    "quick": {},
    "standard": {
        "distances": _geometric(3e-4, 0.1, 9),
        "draws": 400,
        "separation": 3e-4,
        "eta_decoders": _multiples(3e-4, (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 20, 30)),
        "seeds": 24,
        "steps": 12_000,
        "records": 160,
    },
    # The paper trains 100 000 steps.
    "paper": {
        "distances": _geometric(3e-4, 0.1, 9),
        "draws": 400,
        "separation": 3e-4,
        "eta_decoders": _multiples(3e-4, (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 20, 30)),
        "seeds": 24,
        "steps": 100_000,
        "records": 240,
    },
}


def options_from(preset: str, **changes: Any) -> SlowingDownOptions:
    """Return a preset with some entries changed; a change of None keeps the preset's entry."""
    given = {name: value for name, value in changes.items() if value is not None}
    return SlowingDownOptions(**(PRESETS[require_choice("preset", preset, PRESETS)] | given))


def networks(options: SlowingDownOptions) -> list[NetworkSettings]:
    """Return the settings of every network of the experiment.

    Examples
    --------
    >>> len(networks(options_from("quick")))
    54
    """
    return [
        NetworkSettings(
            relation=parse(options.relation, options.n).name,
            n=options.n,
            fraction=options.fraction,
            seed=seed,
            sweep_seed=options.sweep_seed,
            steps=options.steps,
            optimizer=options.optimizer,
            eta_encoder=options.eta_encoder,
            eta_decoder=eta_decoder,
        )
        for eta_decoder in options.eta_decoders
        for seed in range(options.seeds)
    ]


def cells(options: SlowingDownOptions) -> list[tuple[str, float]]:
    """Return side and distance of every set of pairs."""
    return [(side, distance) for distance in options.distances for side in SIDES]


def pair_settings(options: SlowingDownOptions, side: str, distance: float) -> ReponSettings:
    """Return rates, learning rate and horizon of a set of pairs, with time for the slowest of them.

    The slowest takes the time that the formula gives, prolonged by what finite steps add to it.
    """
    adam = SIDES[side].optimiser == "adam"
    settings = ReponSettings(
        ratio=1.0,
        draws=options.draws,
        optimiser=SIDES[side].optimiser,
        learning_rate=options.adam_learning_rate if adam else options.learning_rate,
        separation=options.separation,
        sweep_seed=options.sweep_seed,
    )
    a, c = starts(options, side, distance)
    if adam:
        horizon = 2 * float(np.abs(c).max()) + 1
    else:
        slowest = decay_time(side, options.separation * np.exp(-FURTHER), a, c) * np.exp(
            step_shift(settings, side, a, c)
        )
        horizon = 1.1 * float(slowest.max()) + 1
    return replace(settings, horizon=horizon)


def step_shift(
    settings: ReponSettings, side: str, a: NDArray[np.float64], c: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return by how much ln |C| falls on the way because steps are finite, to first order in their length h.

    A step multiplies C by 1 - 2 eta_A eta_x a^2 c^2 h^2 (see `validation.repons.train_repons`), and along the flow
    2 eta_x a^2 c^2 is minus the rate of change of c^2, 4 eta_A a^2 c^2 minus that of a^2. So ln C falls by
    eta_A h c(0)^2 in a collapse, ln |C| by eta_x h a(0)^2 / 2 where the decoder dies, and the times grow accordingly.
    """
    return settings.time_step * (c**2 if side == "collapse" else a**2 / 2)


def starts(options: SlowingDownOptions, side: str, distance: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return decoders and half-separations at a given distance from the boundary, on either side of it.

    What decays is drawn from a normal distribution, cut off where it is within a factor of three of the threshold, and
    the other follows from the distance. All distances share the draws, so that exponents can be taken pair by pair.
    """
    generator = np.random.default_rng(np.random.SeedSequence(options.sweep_seed, spawn_key=(0, STARTS)))
    decaying = np.abs(generator.standard_normal(options.draws))
    decaying = np.maximum(decaying, 3 * options.separation)
    if side == "collapse":
        return np.sqrt(2 * (distance + decaying**2)), decaying
    if side == "memorization":
        return decaying, np.sqrt(distance + decaying**2 / 2)
    return decaying + distance, decaying


def decay_time(side: str, threshold: float, a: NDArray[np.float64], c: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the time at which what decays reaches a threshold, by the theory, with both rates 1.

    Decoder and separation change roles under (a, eta_encoder) <-> (c, 2 eta_decoder). Under the sign flow the
    separation goes to 0 at constant speed.
    """
    if side == "collapse":
        return pair.collapse_time(threshold, a, c, 1.0, 1.0)
    if side == "memorization":
        return pair.collapse_time(threshold, c, a, 0.5, 2.0)
    return np.abs(c) - threshold


def plan(options: SlowingDownOptions) -> list[list[dict[str, Any]]]:
    """Return the chunks of the sweep: sets of pairs, the longest first, then networks a few at a time."""
    from validation.training import chunks

    sets = [(side, distance, pair_settings(options, side, distance)) for side, distance in cells(options)]
    sets.sort(key=lambda entry: -entry[2].steps)
    pairs = [
        [{"level": "pairs", "side": side, "distance": distance, "repon_engine": ENGINE} | settings.to_dict()]
        for side, distance, settings in sets
    ]
    level = {"level": "networks", "records": options.records}
    return pairs + [[level | each.to_dict() for each in chunk.networks] for chunk in chunks(networks(options))]


def compute(
    options: SlowingDownOptions, device: str, chunk: Sequence[Mapping[str, Any]], context: Context
) -> dict[str, NDArray[Any]]:
    """Train one chunk, pairs or networks, and return what is kept; give up when told to stop."""
    if chunk[0]["level"] == "networks":
        return _train_networks(chunk, context, device)
    (values,) = chunk
    side, distance = values["side"], values["distance"]
    a, c = starts(options, side, distance)
    levels = options.separation, options.separation * np.exp(-FURTHER)
    settings = ReponSettings.from_dict(values)
    reached, further = first_times(
        settings, a, c, levels, watched=SIDES[side].watched, progress=following(context, settings.steps)
    )
    predicted = decay_time(side, options.separation, a, c)
    # Adam does not relax at a rate: it has no end point that it approaches exponentially.
    relaxation = np.full_like(reached, np.nan) if SIDES[side].optimiser == "adam" else (further - reached) / FURTHER
    outcomes = (reached, predicted, relaxation)
    return {name: values[np.newaxis] for name, values in zip(PAIR_OUTCOMES, outcomes, strict=True)}


def _train_networks(chunk: Sequence[Mapping[str, Any]], context: Context, device: str) -> dict[str, NDArray[Any]]:
    networks = [{name: value for name, value in each.items() if name not in ("level", "records")} for each in chunk]
    outcomes = trained(networks, context, record_steps(networks[0]["steps"], chunk[0]["records"]), device=device)
    return {name: getattr(outcomes, name) for name in NETWORK_OUTCOMES}


def record_steps(steps: int, records: int) -> list[int]:
    """Return the steps at which networks are looked at, evenly spaced on a logarithmic scale from step 10 on.

    Examples
    --------
    >>> record_steps(1000, 5)
    [10, 32, 100, 316, 1000]
    """
    return [int(step) for step in np.unique(np.rint(np.geomspace(min(FIRST_RECORD, steps), steps, records)))]
