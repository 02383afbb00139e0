"""`geneft run merging`: can the initial parameters of a network tell which symbols of a class will merge?"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, require_array, require_choice, require_integer, require_number, shown
from geneft_theory.relations import parse
from geneft_theory.repons.linearisation import same_class_pairs
from validation.diagnosis.distances import MERGED_BELOW
from validation.experiments.merging_prediction import PREDICTIONS, initial_pairs, one_thread
from validation.experiments.statics import HEADS, LARGEST_N, require_different
from validation.networks import NetworkSettings

if TYPE_CHECKING:
    import xarray as xr

NAME = "merging"

SPEED = {"adam": math.sqrt(1e-5), "sgd": 1.0}
"""Geometric mean of both learning rates, chosen by training accuracy alone: most networks learn their training pairs at
every ratio of the presets within the steps of "quick" (the report says how many)."""


@dataclass(frozen=True, kw_only=True)
class MergingOptions:
    """What is asked of the experiment; every entry decides its numbers.

    Parameters
    ----------
    relations : tuple of str
        Names as `geneft_theory.relations.parse` reads them, each with at least two symbols of one class.
    n : int
        Number of symbols, 2 to 400.
    fraction : float
        Training fraction, in (0, 1].
    optimizers : tuple of str
        Of "adam" and "sgd".
    ratios : tuple of float
        eta_decoder / eta_encoder, increasing, > 0; the geometric mean of the two rates is that of `SPEED`.
    seeds : int
        Replicates, >= 2.
    mode : str
        Decoder mode; not an ideal head, which has no parameters.
    steps : int
        Training steps.
    loss : str
        As in `validation.networks.NetworkSettings`.
    merged_below : float
        Final distance at which two symbols count as merged, as a fraction of the rms distance between classes, > 0.
    also_below : tuple of float
        Other such fractions, to see how much depends on the choice.
    sweep_seed : int
        Root of every random stream.

    Raises
    ------
    InvalidInput
        If an entry lies outside its domain.
    """

    relations: tuple[str, ...] = ("modulo:3", "modulo:5", "complete-bipartite:10")
    n: int = 30
    fraction: float = 0.75
    optimizers: tuple[str, ...] = ("adam", "sgd")
    ratios: tuple[float, ...] = (0.01, 0.1, 1.0, 10.0)
    seeds: int = 6
    mode: str = "concatenation"
    steps: int = 2000
    loss: str = "binary_cross_entropy"
    merged_below: float = MERGED_BELOW
    also_below: tuple[float, ...] = (0.05, 0.2)
    sweep_seed: int = 0

    def __post_init__(self) -> None:
        require_integer("n", self.n, minimum=2, maximum=LARGEST_N)
        require_different("relation", [parse(name, self.n).name for name in self.relations])
        require_different("optimizer", [require_choice("optimizer", name, SPEED) for name in self.optimizers])
        require_integer("seeds", self.seeds, minimum=2)
        for name in ("relations", "optimizers", "ratios"):
            if not getattr(self, name):
                raise InvalidInput(f"{name} must hold at least one entry; got none")
        ratios = require_array("ratios", self.ratios, low=0, open_low=True)
        if np.any(np.diff(ratios) <= 0):
            raise InvalidInput(f"ratios must be increasing; got {shown(self.ratios)}")
        for below in (self.merged_below, *self.also_below):
            require_number("merged_below", below, low=0, open_low=True)
        if self.mode in HEADS:
            raise InvalidInput(f"mode must have a decoder with parameters; got {self.mode}")
        for name in self.relations:
            if not len(same_class_pairs(parse(name, self.n).matrix)):
                raise InvalidInput(f"relation must have two symbols of one class; got {shown(name)}")
        networks(self)

    def to_dict(self) -> dict[str, Any]:
        """Return all entries but the seed, which the run's question holds by itself."""
        return {name: value for name, value in asdict(self).items() if name != "sweep_seed"}


# What a preset changes of the defaults, which are those of "quick".
PRESETS: dict[str, dict[str, Any]] = {
    "quick": {},
    "standard": {"ratios": (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0), "seeds": 16, "steps": 4000},
    "paper": {"ratios": (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0), "seeds": 40, "steps": 20_000},
}


def options_from(preset: str, **changes: Any) -> MergingOptions:
    """Return a preset with some entries changed; a change of None keeps the preset's entry."""
    given = {name: value for name, value in changes.items() if value is not None}
    return MergingOptions(**(PRESETS[require_choice("preset", preset, PRESETS)] | given))


def learning_rates(optimizer: str, ratio: float) -> tuple[float, float]:
    """Return eta_encoder and eta_decoder.

    Examples
    --------
    >>> [round(rate, 6) for rate in learning_rates("adam", 10.0)]
    [0.001, 0.01]
    """
    return SPEED[optimizer] / math.sqrt(ratio), SPEED[optimizer] * math.sqrt(ratio)


def networks(options: MergingOptions) -> list[NetworkSettings]:
    """Return the settings of every network of the experiment.

    Examples
    --------
    >>> len(networks(options_from("quick")))
    144
    """
    made = []
    for name in options.relations:
        for optimizer in options.optimizers:
            for ratio in options.ratios:
                encoder, decoder = learning_rates(optimizer, ratio)
                made += [
                    _settings(options, name, seed, optimizer=optimizer, eta_encoder=encoder, eta_decoder=decoder)
                    for seed in range(options.seeds)
                ]
    return made


def _settings(options: MergingOptions, relation: str, seed: int, **more: Any) -> NetworkSettings:
    return NetworkSettings(
        relation=parse(relation, options.n).name,
        n=options.n,
        fraction=options.fraction,
        seed=seed,
        sweep_seed=options.sweep_seed,
        mode=options.mode,
        steps=options.steps,
        loss=options.loss,
        **more,
    )


def predictions(options: MergingOptions) -> xr.Dataset:
    """Return what is predicted of every same-class pair, from the initial parameters of each replicate.

    Returns
    -------
    xarray.Dataset
        critical_ratio (prediction, relation, seed, pair), separation and gain (relation, seed, pair), and the symbols
        first and second (relation, pair), -1 beyond a relation's last pair, where the others are nan.
    """
    import xarray as xr

    with one_thread():
        made = [
            [initial_pairs(_settings(options, name, k)) for k in range(options.seeds)] for name in options.relations
        ]
    most = max(len(row[0].pairs) for row in made)

    def padded(values: NDArray[Any], fill: float) -> NDArray[Any]:
        return np.pad(values, [*[(0, 0)] * (values.ndim - 1), (0, most - values.shape[-1])], constant_values=fill)

    axes = ("relation", "seed", "pair")
    return xr.Dataset(
        {
            "critical_ratio": (
                (*axes[:2], "prediction", "pair"),
                [[padded(each.critical_ratio, np.nan) for each in row] for row in made],
            ),
            "separation": (axes, [[padded(each.separation, np.nan) for each in row] for row in made]),
            "gain": (axes, [[padded(each.gain, np.nan) for each in row] for row in made]),
            "first": (("relation", "pair"), [padded(row[0].pairs[:, 0], -1) for row in made]),
            "second": (("relation", "pair"), [padded(row[0].pairs[:, 1], -1) for row in made]),
        },
        {
            "relation": [parse(name, options.n).name for name in options.relations],
            "seed": np.arange(options.seeds),
            "prediction": list(PREDICTIONS),
        },
    )


def by_ratio(results: xr.Dataset, options: MergingOptions) -> xr.Dataset:
    """Return results over (relation, optimizer, eta_encoder, seed) over the ratio of learning rates instead."""
    import xarray as xr

    parts = []
    for optimizer in options.optimizers:
        encoder = [learning_rates(optimizer, ratio)[0] for ratio in options.ratios]
        part = results.sel(optimizer=[optimizer], eta_encoder=encoder)
        parts.append(part.assign_coords(eta_encoder=list(options.ratios)).rename(eta_encoder="ratio"))
    return xr.concat(parts, "optimizer", coords="minimal", compat="override", join="exact")
