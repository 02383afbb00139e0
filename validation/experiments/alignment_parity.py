"""`geneft run alignment-parity`: do the states of a recurrent network merge as the theory says, and to what end?"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, require_choice, require_integer, shown
from validation.parity import ENGINE, ParitySettings, Strings, train_parity
from validation.sweeps import Context

if TYPE_CHECKING:
    import xarray as xr

NAME = "alignment-parity"
DIMS = ("gain", "fraction", "seed")
CHUNK_SIZE, GPU_CHUNK_SIZE = 15, 256
SHARED = (
    *("length", "units", "activation", "eta", "batch_size", "epochs", "records", "merge_distance", "long_length"),
    *("long_strings", "sweep_seed"),
)


@dataclass(frozen=True, kw_only=True)
class AlignmentParityOptions:
    """What is asked of the experiment; every entry decides its numbers.

    Parameters
    ----------
    gains : tuple of float
        Factors of the initial weights, increasing, > 0, at least two.
    fractions : tuple of float
        Shares of the strings that are trained on, increasing, in (0, 1], at least two.
    seeds : int
        Replicates >= 2 of every network; each has a training set and initial weights of its own, at all gains and
        fractions the same up to the factor and to what is left out.
    length, units, activation, eta, batch_size, epochs, records, merge_distance, long_length, long_strings
        As in `validation.parity.ParitySettings`.
    sweep_seed : int
        Root of every random stream.

    Raises
    ------
    InvalidInput
        If an entry lies outside its domain.
    """

    gains: tuple[float, ...] = (0.1, 0.4, 0.7, 1.0, 1.3)
    fractions: tuple[float, ...] = (0.5, 0.7, 0.85, 1.0)
    seeds: int = 8
    length: int = 6
    units: int = 40
    activation: str = "relu"
    eta: float = 0.02
    batch_size: int = 128
    epochs: int = 1200
    records: int = 24
    merge_distance: float = 0.01
    long_length: int = 10_000
    long_strings: int = 30
    sweep_seed: int = 0

    def __post_init__(self) -> None:
        for name in ("gains", "fractions"):
            values = getattr(self, name)
            if len(values) < 2 or any(later <= earlier for earlier, later in itertools.pairwise(values)):
                raise InvalidInput(f"{name} must be increasing numbers, at least two; got {shown(values)}")
        require_integer("seeds", self.seeds, minimum=2, maximum=10_000)
        networks(self)

    def to_dict(self) -> dict[str, Any]:
        """Return all entries but the seed, which the run's question holds by itself."""
        return {name: value for name, value in asdict(self).items() if name != "sweep_seed"}


def _spaced(first: float, last: float, count: int) -> tuple[float, ...]:
    return tuple(float(value) for value in np.linspace(first, last, count).round(4))


# What a preset changes of the defaults, which are those of "quick": short strings and few units.
PRESETS: dict[str, dict[str, Any]] = {
    "quick": {},
    "standard": {
        "gains": _spaced(0.1, 1.3, 9),
        "fractions": (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
        "seeds": 12,
        "length": 7,
        "units": 60,
        "epochs": 1500,
        "records": 50,
        "long_strings": 100,
    },
    # Network, strings, learning rate, batches, epochs, and gains and fractions of the scan are the paper's; its scan
    # has one network at each place, and ends a training early.
    "paper": {
        "gains": _spaced(0.1, 1.0, 20),
        "fractions": _spaced(0.1, 1.0, 20),
        "seeds": 10,
        "length": 10,
        "units": 100,
        "epochs": 1000,
        "records": 50,
        "long_strings": 100,
    },
}


def options_from(preset: str, **changes: Any) -> AlignmentParityOptions:
    """Return a preset with some entries changed; a change of None keeps the preset's entry."""
    given = {name: value for name, value in changes.items() if value is not None}
    return AlignmentParityOptions(**(PRESETS[require_choice("preset", preset, PRESETS)] | given))


def networks(options: AlignmentParityOptions) -> list[ParitySettings]:
    """Return the settings of every network, those that train as one computation one after the other.

    Examples
    --------
    >>> len(networks(options_from("quick")))
    160
    """
    same = {name: getattr(options, name) for name in SHARED}
    cases = itertools.product(options.fractions, options.gains, range(options.seeds))
    return [ParitySettings(fraction=fraction, gain=gain, seed=seed, **same) for fraction, gain, seed in cases]


def plan(options: AlignmentParityOptions, chunk_size: int = CHUNK_SIZE) -> list[list[dict[str, Any]]]:
    """Return the chunks of the sweep, of networks with training sets of one size."""
    every, own = networks(options), len(options.gains) * options.seeds
    sets = [every[first : first + own] for first in range(0, len(every), own)]
    return [
        [{"parity_engine": ENGINE} | settings.to_dict() for settings in members[first : first + chunk_size]]
        for members in reversed(sets)
        for first in range(0, own, chunk_size)
    ]


def compute(device: str, chunk: Sequence[Mapping[str, Any]], context: Context) -> dict[str, NDArray[Any]]:
    """Train the networks of one chunk, and return what is kept of them; give up when told to stop."""
    settings = [ParitySettings.from_dict(values) for values in chunk]
    steps = sum(each.steps for each in settings)
    return train_parity(
        settings,
        progress=lambda network_steps: context.advance(network_steps / steps),
        device=device,
        stopped=context.stopped,
    ).arrays()


def theory(options: AlignmentParityOptions) -> xr.Dataset:
    """Return what is known without training: how many pairs of strings there are of equal and of different parity.

    What the theory says of single pairs depends on a network's start and training set, and is stored with the network.

    Examples
    --------
    >>> known = theory(options_from("quick"))
    >>> int(known["agreeing_pairs"]), int(known["disagreeing_pairs"])
    (3906, 3969)
    """
    import xarray as xr

    odd = int(Strings.upto(options.length).parity.sum())
    even = 2 ** (options.length + 1) - 2 - odd
    agreeing = (odd * (odd - 1) + even * (even - 1)) // 2
    return xr.Dataset(
        {"agreeing_pairs": ((), agreeing), "disagreeing_pairs": ((), odd * even)},
        attrs={name: getattr(options, name) for name in ("long_length", "long_strings", "length", "merge_distance")},
    )
