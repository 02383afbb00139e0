"""`geneft run alignment-structure`: do many points keep the distances that each pair would have by itself?"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, require_choice, require_integer, shown
from validation.structure import ENGINE, TASKS, StructureSettings, train_structures
from validation.structure.tasks import require_digits
from validation.sweeps import Context

if TYPE_CHECKING:
    import xarray as xr

NAME = "alignment-structure"
DIMS = ("condition", "seed")


@dataclass(frozen=True, kw_only=True)
class AlignmentStructureOptions:
    """What is asked of the experiment; every entry decides its numbers.

    Parameters
    ----------
    tasks : tuple of str
        Of "xor", "identical" and "digits", each once.
    seeds : int
        Replicates >= 2 of every network.
    gains, etas : tuple of float
        For XOR: initial gains > 0, increasing, from the rich to the lazy regime, and the learning rate > 0 of each. The
        twins of all have the first of both.
    depth, width, layer, steps : int
        Of the networks that learn XOR, as in `validation.structure.StructureSettings`.
    identical_gains : tuple of float
        For identical targets: initial gains > 0, increasing.
    outputs : tuple of int
        For identical targets: coordinates of a target, >= 1, increasing.
    identical_eta : float
        Their learning rate > 0.
    identical_width, identical_steps : int
        Units in each of their two hidden layers, and steps, >= 1.
    digits_gain, digits_eta : float
        For the images: initial gain and learning rate, > 0.
    digits_width, digits_steps : int
        Units in each of their four hidden layers, of which the third is looked at, and steps, >= 1.
    images : int
        Images of each class, 2 to 100.
    sweep_seed : int
        Root of every random stream.

    Raises
    ------
    InvalidInput
        If an entry lies outside its domain, or the images are asked for and scikit-learn is not installed.
    """

    tasks: tuple[str, ...] = TASKS
    seeds: int = 12
    gains: tuple[float, ...] = (0.8, 1.25, 2.0)
    etas: tuple[float, ...] = (0.02, 0.003, 2e-6)
    depth: int = 8
    width: int = 100
    layer: int = 4
    steps: int = 4000
    identical_gains: tuple[float, ...] = (0.2, 0.5, 1.0)
    outputs: tuple[int, ...] = (1, 10, 100)
    identical_eta: float = 0.02
    identical_width: int = 40
    identical_steps: int = 4000
    digits_gain: float = 0.5
    digits_eta: float = 0.1
    digits_width: int = 100
    digits_steps: int = 2000
    images: int = 5
    sweep_seed: int = 0

    def __post_init__(self) -> None:
        for task in self.tasks:
            require_choice("tasks", task, TASKS)
        if not self.tasks or len(set(self.tasks)) != len(self.tasks):
            raise InvalidInput(f"tasks must be different names, at least one; got {shown(self.tasks)}")
        if "digits" in self.tasks:
            require_digits()
        require_integer("seeds", self.seeds, minimum=2, maximum=10_000)
        for name in ("gains", "identical_gains", "outputs"):
            values = getattr(self, name)
            if not values or any(later <= earlier for earlier, later in itertools.pairwise(values)):
                raise InvalidInput(f"{name} must be increasing numbers, at least one; got {shown(values)}")
        if len(self.etas) != len(self.gains):
            raise InvalidInput(f"etas must be as many as gains, {len(self.gains)}; got {shown(self.etas)}")
        networks(self)

    def to_dict(self) -> dict[str, Any]:
        """Return all entries but the seed, which the run's question holds by itself."""
        return {name: value for name, value in asdict(self).items() if name != "sweep_seed"}


# What a preset changes of the defaults, which are those of "quick".
PRESETS: dict[str, dict[str, Any]] = {
    "quick": {},
    "standard": {
        "seeds": 30,
        "gains": (0.8, 0.95, 1.1, 1.25, 2.0),
        "etas": (0.02, 0.01, 0.005, 0.003, 2e-6),
        "steps": 8000,
        "identical_gains": (0.1, 0.2, 0.5, 1.0),
        "outputs": (1, 3, 10, 30, 100, 300),
        "identical_steps": 8000,
        "digits_width": 200,
        "digits_steps": 4000,
        "images": 10,
    },
    # Sizes, gains and rates of the official XOR, with 20 hidden layers, of which the eleventh is looked at; the
    # official networks for images have 4 layers of 200. Identical targets are not in that code.
    "paper": {
        "seeds": 10,
        "gains": (0.85, 1.25, 2.0),
        "etas": (0.015, 0.002, 3e-9),
        "depth": 20,
        "width": 500,
        "layer": 10,
        "steps": 3000,
        "identical_width": 100,
        "identical_steps": 8000,
        "digits_width": 200,
        "digits_steps": 8000,
        "images": 10,
    },
}


def options_from(preset: str, **changes: Any) -> AlignmentStructureOptions:
    """Return a preset with some entries changed; a change of None keeps the preset's entry."""
    given = {name: value for name, value in changes.items() if value is not None}
    return AlignmentStructureOptions(**(PRESETS[require_choice("preset", preset, PRESETS)] | given))


def conditions(options: AlignmentStructureOptions) -> dict[str, dict[str, Any]]:
    """Return the settings of every set of replicates, but for their seeds, by name.

    Examples
    --------
    >>> list(conditions(options_from("quick", outputs=(1, 100), identical_gains=(0.5,))))
    ['xor:0.8', 'xor:1.25', 'xor:2', 'identical:1:0.5', 'identical:100:0.5', 'digits']
    """
    found: dict[str, dict[str, Any]] = {}
    if "xor" in options.tasks:
        same = {name: getattr(options, name) for name in ("depth", "width", "layer", "steps")}
        same |= {"task": "xor", "twin_gain": options.gains[0], "twin_eta": options.etas[0]}
        for gain, eta in zip(options.gains, options.etas, strict=True):
            found[f"xor:{gain:g}"] = same | {"gain": gain, "eta": eta}
    if "identical" in options.tasks:
        same = {"task": "identical", "depth": 2, "layer": 1, "width": options.identical_width}
        same |= {"steps": options.identical_steps, "eta": options.identical_eta, "twin_eta": options.identical_eta}
        for outputs, gain in itertools.product(options.outputs, options.identical_gains):
            own = {"gain": gain, "twin_gain": gain, "outputs": outputs}
            found[f"identical:{outputs}:{gain:g}"] = same | own
    if "digits" in options.tasks:
        own = {"gain": options.digits_gain, "eta": options.digits_eta, "steps": options.digits_steps}
        own |= {"twin_gain": options.digits_gain, "twin_eta": options.digits_eta, "images": options.images}
        found["digits"] = own | {"task": "digits", "depth": 4, "layer": 2, "width": options.digits_width}
    return found


def networks(options: AlignmentStructureOptions) -> list[StructureSettings]:
    """Return the settings of every network of the experiment.

    Examples
    --------
    >>> len(networks(options_from("quick")))
    156
    """
    return [
        StructureSettings(**own, seed=seed, sweep_seed=options.sweep_seed)
        for own in conditions(options).values()
        for seed in range(options.seeds)
    ]


def plan(options: AlignmentStructureOptions) -> list[list[dict[str, Any]]]:
    """Return the chunks of the sweep: all replicates of a condition each, the longest trainings first."""
    made = [
        [
            {"structure_engine": ENGINE, "condition": name}
            | StructureSettings(**own, seed=seed, sweep_seed=options.sweep_seed).to_dict()
            for seed in range(options.seeds)
        ]
        for name, own in conditions(options).items()
    ]
    costs = {"xor": options.depth * options.width**2 * options.steps, "identical": 0, "digits": 0}
    costs["digits"] = 5 * options.images * 4 * options.digits_width**2 * options.digits_steps
    return sorted(made, key=lambda chunk: -costs[chunk[0]["task"]])


def compute(chunk: Sequence[Mapping[str, Any]], context: Context) -> dict[str, NDArray[Any]]:
    """Train the networks of one chunk with their twins, and return what is kept; give up when told to stop."""
    settings = [StructureSettings.from_dict(values) for values in chunk]
    steps = 2 * sum(each.steps for each in settings)
    return train_structures(
        settings,
        progress=lambda network_steps: context.advance(network_steps / steps),
        stopped=context.stopped,
    )


def theory(options: AlignmentStructureOptions) -> xr.Dataset:
    """Return what the conditions are; what the theory says depends on each network's start, and is stored with it.

    Over condition: `task`, `gain` and `outputs`.
    """
    import xarray as xr

    own = conditions(options)
    columns = {
        "task": [each["task"] for each in own.values()],
        "gain": [each["gain"] for each in own.values()],
        "outputs": [each.get("outputs", 1) for each in own.values()],
    }
    variables = {name: ("condition", values) for name, values in columns.items()}
    attributes = {
        field.name: getattr(options, field.name)
        for field in fields(options)
        if field.name in ("images", "seeds", "width", "depth", "layer", "identical_width", "digits_width")
    }
    return xr.Dataset(variables, {"condition": list(own)}, attributes)
