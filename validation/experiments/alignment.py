"""`geneft run alignment`: do the representations of two points in deep networks go where the universal theory says?"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, require_choice, require_integer, require_number, shown
from validation.planning.groups import Cost
from validation.sweeps import Context, Variable
from validation.two_points import ENGINE, TwoPointSettings, pair_states, train_two_points

NAME = "alignment"
MAIN = "leaky-relu"
PARTS = ("cases", "grid", "gains", "linear")
# Networks that are predicted are others than those from which the ratio of the rates was fitted.
FRESH = 10_000
# The official code ends a training of the grid below the first and leaves out what ends above the second.
STOP_BELOW, LEARNED_BELOW = 1e-4, 1e-3
LINEAR_GAIN, LINEAR_TIME, LINEAR_RECORDS = 0.5, 40.0, 200
LINEAR_ETAS = (0.04, 0.02)
VARIABLES = {
    "step": Variable(("record",), "steps", "steps taken before each measurement"),
    "h": Variable(("record", "hidden_layer"), long_name="squared distance of the two representations"),
    "y": Variable(("record",), long_name="squared distance of the two outputs"),
    "w": Variable(
        ("record",), long_name="squared distance of the outputs minus their product with that of the targets"
    ),
    "loss": Variable(("record",), long_name="half the mean squared error"),
    "steps_taken": Variable(units="steps", long_name="steps taken before the training ended"),
    "diverged": Variable(long_name="whether a parameter is no longer finite"),
}


@dataclass(frozen=True)
class Case:
    """A network of the experiment, and the hidden layer, from 0 on, at which it is looked."""

    settings: Mapping[str, Any]
    layer: int
    # Of the experiment's steps; a faster network, or a dearer one, takes fewer.
    share: float = 1.0


_DEEP, _SMALL = {"depth": 20, "width": 500}, {"depth": 8, "width": 100}
# The settings of the official code, at its rates for trajectories, which are half of those for other purposes; where it
# counts dropout as a layer of its own, its layer 5 is the third hidden one.
OFFICIAL = {
    MAIN: Case({**_DEEP, "gain": 1.0, "eta": 0.005}, 10),
    "relu": Case({**_DEEP, "activation": "relu", "gain": 1.0, "eta": 0.005}, 10),
    "tanh": Case({**_DEEP, "activation": "tanh", "gain": 0.85, "eta": 0.00125}, 10),
    "elu": Case({**_DEEP, "activation": "elu", "gain": 0.95, "eta": 0.00045}, 10),
    "silu": Case({**_DEEP, "activation": "silu", "gain": 1.7, "eta": 0.0025}, 10),
    "linear": Case({**_DEEP, "activation": "linear", "gain": 0.85, "eta": 0.00125}, 10),
    "shallow": Case({"depth": 2, "width": 500, "gain": 0.35, "eta": 0.01}, 1),
    "narrow": Case({"depth": 20, "width": 50, "gain": 1.05, "eta": 0.005}, 10),
    "residual": Case({**_DEEP, "architecture": "residual", "gain": 0.1, "eta": 0.01}, 10),
    "dropout": Case({"depth": 10, "width": 500, "dropout": 0.1, "gain": 1.0, "eta": 0.005}, 2),
    "convolutional": Case({"architecture": "convolutional", "depth": 10, "width": 500, "gain": 0.95, "eta": 0.002}, 5),
}
# The same kinds, small enough for a laptop, at gains that are as far below the critical one.
SMALL = {
    MAIN: Case({**_SMALL, "gain": 0.9, "eta": 0.01}, 4),
    "relu": Case({**_SMALL, "activation": "relu", "gain": 0.9, "eta": 0.01}, 4),
    "tanh": Case({**_SMALL, "activation": "tanh", "gain": 0.7, "eta": 0.005}, 4),
    "elu": Case({**_SMALL, "activation": "elu", "gain": 0.7, "eta": 0.005}, 4),
    "silu": Case({**_SMALL, "activation": "silu", "gain": 1.5, "eta": 0.005}, 4),
    "linear": Case({**_SMALL, "activation": "linear", "gain": 0.7, "eta": 0.005}, 4),
    "shallow": Case({"depth": 2, "width": 100, "gain": 0.35, "eta": 0.01}, 1),
    "narrow": Case({"depth": 8, "width": 20, "gain": 1.05, "eta": 0.01}, 4),
    "residual": Case({**_SMALL, "architecture": "residual", "gain": 0.15, "eta": 0.01}, 4),
    "dropout": Case({**_SMALL, "dropout": 0.1, "gain": 0.9, "eta": 0.01}, 4),
    "convolutional": Case(
        {"architecture": "convolutional", "depth": 4, "width": 100, "gain": 0.95, "eta": 0.004}, 2, 0.6
    ),
}
SIZES = {"small": SMALL, "official": OFFICIAL}
CHUNK_SIZES = {"small": 12, "official": 1}


@dataclass(frozen=True, kw_only=True)
class AlignmentOptions:
    """What is asked of the experiment; every entry decides its numbers.

    Parameters
    ----------
    size : {"small", "official"}
        Whether networks are 8 layers of 100 units or, as in the official code, 20 layers of 500.
    cases : tuple of str
        Kinds of networks, each once, "leaky-relu" among them: its ratio of rates predicts the rest.
    seeds : int
        Initial weights >= 2 of every network.
    steps, records : int
        Training steps of the courses, and how often they are recorded, >= 20 times.
    input_distances, target_distances : tuple of float
        Of the grid, increasing, at least 2: distances > 0 of the inputs, and >= 0 of the targets.
    grid_eta, grid_steps : float, int
        Learning rate on the grid, and its most steps.
    gains, gain_etas : tuple of float
        Gains of the initial weights, increasing, at least 3, and the learning rate at each.
    gain_steps : int
        The most steps there.
    sweep_seed : int
        Root of every random stream.

    Raises
    ------
    InvalidInput
        If an entry lies outside its domain.
    """

    size: str = "small"
    cases: tuple[str, ...] = tuple(SMALL)
    seeds: int = 12
    steps: int = 3000
    records: int = 200
    input_distances: tuple[float, ...] = (0.5, 0.75, 1.0, 1.25, 1.5)
    target_distances: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0)
    grid_eta: float = 0.02
    grid_steps: int = 6000
    gains: tuple[float, ...] = (0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.6, 1.8, 2.0)
    gain_etas: tuple[float, ...] = (0.02, 0.02, 0.01, 0.01, 0.01, 0.005, 0.005, 0.002, 5e-4, 1e-4, 4e-5)
    gain_steps: int = 4000
    sweep_seed: int = 0

    def __post_init__(self) -> None:
        require_choice("size", self.size, SIZES)
        for case in self.cases:
            require_choice("cases", case, SMALL)
        if len(set(self.cases)) != len(self.cases) or MAIN not in self.cases:
            raise InvalidInput(f"cases must be different, {MAIN} among them; got {shown(self.cases)}")
        require_integer("seeds", self.seeds, minimum=2, maximum=FRESH)
        require_integer("records", self.records, minimum=20)
        for name in ("steps", "grid_steps", "gain_steps"):
            require_integer(name, getattr(self, name), minimum=self.records)
        for name, fewest in (("input_distances", 2), ("target_distances", 2), ("gains", 3)):
            values = getattr(self, name)
            if len(values) < fewest or any(later <= earlier for earlier, later in itertools.pairwise(values)):
                raise InvalidInput(f"{name} must be increasing, at least {fewest}; got {shown(values)}")
        for value in self.input_distances:
            require_number("input_distances", value, low=0, high=1e3, open_low=True)
        for value in self.target_distances:
            require_number("target_distances", value, low=0, high=1e3)
        if len(self.gain_etas) != len(self.gains):
            raise InvalidInput(f"gain_etas must be one for each of {len(self.gains)} gains; got {len(self.gain_etas)}")
        for part in PARTS:
            networks(self, part)

    @property
    def main(self) -> Case:
        """The network whose ratio of rates is fitted, and used for all predictions."""
        return SIZES[self.size][MAIN]

    def to_dict(self) -> dict[str, Any]:
        """Return all entries but the seed, which the run's question holds by itself."""
        return {name: value for name, value in asdict(self).items() if name != "sweep_seed"}


# What a preset changes of the defaults, which are those of "quick".
PRESETS: dict[str, dict[str, Any]] = {
    "quick": {},
    "standard": {"seeds": 30, "steps": 6000, "grid_steps": 12_000},
    "paper": {
        "size": "official",
        "seeds": 10,
        "steps": 6000,
        "grid_eta": 0.002,
        "grid_steps": 40_000,
        "gains": (0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.6),
        "gain_etas": (0.03, 0.01, 0.005, 0.0025, 0.0015, 0.0005, 3e-6),
        "gain_steps": 6000,
    },
}


def options_from(preset: str, **changes: Any) -> AlignmentOptions:
    """Return a preset with some entries changed; a change of None keeps the preset's entry."""
    given = {name: value for name, value in changes.items() if value is not None}
    return AlignmentOptions(**(PRESETS[require_choice("preset", preset, PRESETS)] | given))


def networks(options: AlignmentOptions, part: str) -> list[tuple[dict[str, Any], TwoPointSettings]]:
    """Return the networks of a part of the experiment, each with what says where it belongs.

    Parameters
    ----------
    options : AlignmentOptions
        What is asked.
    part : {"cases", "grid", "gains", "linear"}
        Courses of all kinds; the main kind over distances of inputs and targets; over gains; and a linear network with
        one hidden layer, at two learning rates.

    Examples
    --------
    >>> [len(networks(options_from("quick"), part)) for part in PARTS]
    [132, 300, 132, 24]
    """
    main = TwoPointSettings(seed=FRESH, sweep_seed=options.sweep_seed, **options.main.settings)
    made: list[tuple[dict[str, Any], TwoPointSettings]] = []
    for k in range(options.seeds):
        fresh = replace(main, seed=FRESH + k, stop_below=STOP_BELOW)
        if part == "cases":
            for name in options.cases:
                case = SIZES[options.size][name]
                steps = max(options.records, round(case.share * options.steps))
                own = TwoPointSettings(seed=k, sweep_seed=options.sweep_seed, steps=steps, **case.settings)
                made.append(({"case": name, "layer": case.layer}, own))
        elif part == "grid":
            on_grid = replace(fresh, eta=options.grid_eta, steps=options.grid_steps)
            for dx, dy in itertools.product(options.input_distances, options.target_distances):
                made.append(({"dx": dx, "dy": dy, "layer": options.main.layer}, replace(on_grid, X=dx**2, Y=dy**2)))
        elif part == "gains":
            for gain, eta in zip(options.gains, options.gain_etas, strict=True):
                own = replace(fresh, gain=gain, eta=eta, steps=options.gain_steps)
                made.append(({"layer": options.main.layer}, own))
        else:
            made += [({"layer": 0}, linear_network(options, k, eta)) for eta in LINEAR_ETAS]
    return [({"part": part, "records": options.records} | place, settings) for place, settings in made]


def linear_network(options: AlignmentOptions, seed: int, eta: float) -> TwoPointSettings:
    """Return a linear network with one hidden layer whose rates follow from its learning rate: nothing is fitted.

    With inputs on both sides of 0, and no biases but that of the output, its encoder and decoder are those of the
    theory, with 1/tau = eta for all of them.
    """
    return TwoPointSettings(
        seed=seed,
        sweep_seed=options.sweep_seed,
        activation="linear",
        depth=1,
        width=int(options.main.settings["width"]),
        gain=LINEAR_GAIN,
        hidden_biases=False,
        centred=True,
        precision="float64",
        eta=eta,
        steps=round(LINEAR_TIME / eta),
    )


def plan(options: AlignmentOptions) -> list[list[dict[str, Any]]]:
    """Return the chunks of the sweep: networks that train as one, the dearest first."""
    groups: dict[Any, list[dict[str, Any]]] = {}
    for part in PARTS:
        for place, settings in networks(options, part):
            # Chunks are cells of the plan with all their seeds: alike in how long they take, too.
            alike = replace(settings, seed=0)
            values = {"two_points_engine": ENGINE} | place | settings.to_dict()
            groups.setdefault((part, place.get("case"), alike), []).append(values)
    size = CHUNK_SIZES[options.size]
    return [
        members[first : first + size]
        for (_, _, alike), members in sorted(groups.items(), key=lambda group: -_cost(group[0][2]))
        for first in range(0, len(members), size)
    ]


def _cost(settings: TwoPointSettings) -> float:
    dearer = 20 if settings.architecture == "convolutional" else 1
    return float(dearer * settings.steps * settings.depth * settings.width)


class Training:
    """The computation of a chunk of networks; a value that can be sent to another process."""

    def cost(self, values: Mapping[str, Any]) -> Cost:
        """Return what decides how long a step of a network takes."""
        settings = TwoPointSettings.from_dict(values)
        label = f"{settings.architecture}, depth {settings.depth}, width {settings.width}, {settings.activation}"
        key = (settings.architecture, settings.depth, settings.width, settings.activation, settings.dropout > 0)
        return Cost(key, label, _cost(replace(settings, steps=1)), settings.steps)

    def __call__(self, chunk: Sequence[Mapping[str, Any]], context: Context) -> dict[str, NDArray[Any]]:
        """Train the networks of a chunk, and return their courses; give up when told to stop."""
        settings = [TwoPointSettings.from_dict(values) for values in chunk]
        steps = sum(each.steps for each in settings)
        courses = train_two_points(
            settings,
            record_steps=record_steps(settings[0].steps, chunk[0]["records"]),
            progress=lambda network_steps: context.advance(network_steps / steps),
            stopped=context.stopped,
        )
        h, y, w = pair_states(courses)
        return {
            "step": np.tile(courses.record_steps.astype(np.int32), (len(settings), 1)),
            "h": h,
            "y": y,
            "w": w,
            "loss": courses.loss,
            "steps_taken": courses.steps_taken,
            "diverged": courses.diverged,
        }


def record_steps(steps: int, records: int) -> list[int]:
    """Return the steps before which networks are measured, evenly spaced, from the first to the end.

    Examples
    --------
    >>> record_steps(1000, 4)
    [0, 250, 500, 750, 1000]
    """
    return [int(step) for step in np.linspace(0, steps, records + 1).round()]
