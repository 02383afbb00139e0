"""Training deep networks on a few points, and looking at their representations on the way."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from threading import Event, Lock
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.errors import InvalidInput, require_array, shown
from validation.sweeps import Interrupted
from validation.training.threads import side_by_side
from validation.two_points.courses import Courses
from validation.two_points.settings import DeepSettings

if TYPE_CHECKING:
    from torch import Tensor

Report = Callable[[int], None]
Stopped = Callable[[], bool]
Floats = NDArray[np.float64]
# Steps between two looks at whether to stop.
STEPS_AT_ONCE = 50
LARGEST_COORDINATE = 1e6


class Engine(Protocol):
    """K networks that can be looked at and take steps."""

    eta: Tensor

    def forward(self) -> None:
        """Compute representations and outputs."""

    def hidden(self, layer: int) -> Tensor:
        """Return the representations (K, n, units) of a layer."""

    def outputs(self) -> Tensor:
        """Return the outputs (K, n, m)."""

    def step(self) -> None:
        """Take a step down the gradient."""

    def finite(self) -> NDArray[np.bool_]:
        """Return whether parameters are finite, shape (K,)."""


def train_deep(
    networks: Sequence[DeepSettings],
    inputs: ArrayLike,
    targets: ArrayLike,
    *,
    record_steps: Sequence[int] | None = None,
    layers: Sequence[int] | None = None,
    keep_representations: bool = False,
    progress: Report | None = None,
    stopped: Stopped | None = None,
) -> Courses:
    """Train deep networks, each on all of its points at once, and measure their representations.

    What becomes of a network is a function of its own settings and points, to the last bit on one machine, whoever else
    is trained beside it. As many threads work as torch is set to use.

    Parameters
    ----------
    networks : sequence of DeepSettings
        At least one, all with the same number of steps.
    inputs : array_like, shape (n, d) or (K, n, d)
        The points, n >= 1, the same for all networks or those of each.
    targets : array_like, shape (n, m) or (K, n, m)
        What should be answered.
    record_steps : sequence of int, optional
        Steps before which is measured, between 0 and the number of steps, which is after the last; both ends are always
        measured. By default about 100 more, evenly spaced.
    layers : sequence of int, optional
        Hidden layers to look at, from 0 on; by default all of the network with the fewest.
    keep_representations : bool
        Whether representations are kept, and not only their distances.
    progress : callable, optional
        Called every now and then with the number of network-steps done since the last call; they add up to the sum of
        the networks' steps, those that an early end saves included. One call at a time.
    stopped : callable, optional
        Whether to give up; asked every 50 steps.

    Returns
    -------
    Courses
        In the order of `networks`.

    Raises
    ------
    InvalidInput
        When an argument lies outside its domain.
    validation.sweeps.Interrupted
        When `stopped` says so.

    Examples
    --------
    >>> networks = [DeepSettings(seed=seed, depth=2, width=20, gain=0.9, eta=0.1, steps=200) for seed in range(3)]
    >>> courses = train_deep(networks, [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]], record_steps=[100])
    >>> courses.record_steps.tolist(), courses.distances.shape, courses.outputs.shape
    ([0, 100, 200], (3, 3, 2, 4, 4), (3, 3, 4, 1))
    """
    import torch

    chosen = _require_networks(networks)
    inputs, targets = _require_points(len(chosen), inputs, targets)
    recorded = _require_records(record_steps, chosen[0].steps)
    looked_at = _require_layers(layers, min(settings.hidden_layers for settings in chosen))
    lock = Lock()

    def report(network_steps: int) -> None:
        if progress is not None:
            with lock:
                progress(network_steps)

    def work(part: NDArray[np.intp], stop: Event) -> list[Courses]:
        def go_on() -> None:
            if stop.is_set() or (stopped is not None and stopped()):
                raise Interrupted("training was interrupted")

        own = [chosen[k] for k in part]
        course = _Course(own, inputs[part], targets[part], recorded, looked_at, keep_representations)
        return [course.run(report, go_on)]

    parts = _parts(chosen, max(1, torch.get_num_threads()))
    courses = [course for found in side_by_side(work, parts) for course in found]
    return _in_order(courses, np.concatenate(parts))


def _parts(networks: Sequence[DeepSettings], threads: int) -> list[NDArray[np.intp]]:
    """Return groups of networks that can be trained as one, about as many as there are threads, or more."""
    groups: dict[Hashable, list[int]] = {}
    for k, settings in enumerate(networks):
        groups.setdefault(replace(settings, gain=1.0, eta=0.0, stop_below=0.0, seed=0, sweep_seed=0), []).append(k)
    shares = max(1, threads // len(groups))
    return [
        part
        for members in groups.values()
        for part in np.array_split(np.array(members, dtype=np.intp), min(shares, len(members)))
    ]


class _Course:
    """The training of networks of one shape."""

    def __init__(
        self,
        networks: list[DeepSettings],
        inputs: Floats,
        targets: Floats,
        record_steps: tuple[int, ...],
        layers: tuple[int, ...],
        keep_representations: bool,
    ) -> None:
        self._networks, self._inputs, self._targets = networks, inputs, targets
        self._record_steps, self._layers, self._keep = record_steps, layers, keep_representations
        count, records, points = len(networks), len(record_steps), inputs.shape[1]
        self._loss = np.empty((count, records))
        self._outputs = np.empty((count, records, points, targets.shape[2]))
        self._distances = np.empty((count, records, len(layers), points, points))
        self._representations: list[list[NDArray[np.float32]]] = [[] for _ in layers]
        self._below = np.array([settings.stop_below for settings in networks])
        self._taken = np.full(count, record_steps[-1], dtype=np.int64)

    def _engine(self) -> Engine:
        if self._networks[0].architecture == "convolutional":
            from validation.two_points.reference import OneByOne

            return OneByOne(self._networks, self._inputs, self._targets)
        from validation.two_points.perceptrons import Perceptrons

        return Perceptrons(self._networks, self._inputs, self._targets)

    def run(self, report: Report, go_on: Callable[[], None]) -> Courses:
        """Train to the last recorded step."""
        import torch

        convolutional = self._networks[0].architecture == "convolutional"
        with torch.set_grad_enabled(convolutional):
            engine, record, reported = self._engine(), 0, 0
            for step in range(self._record_steps[-1] + 1):
                engine.forward()
                if step == self._record_steps[record]:
                    self._look(engine, record)
                    record += 1
                    self._rest(engine, record - 1, step)
                if step % STEPS_AT_ONCE == 0 or step == self._record_steps[-1]:
                    go_on()
                    report((step - reported) * len(self._networks))
                    reported = step
                if record == len(self._record_steps):
                    break
                if not bool(engine.eta.any()) and self._below.any():
                    self._repeat(record)
                    report((self._record_steps[-1] - reported) * len(self._networks))
                    break
                engine.step()
            finite = engine.finite()
        return Courses(
            tuple(self._networks),
            np.array(self._record_steps, dtype=np.int64),
            self._layers,
            self._loss,
            self._outputs,
            self._distances,
            tuple(np.stack(layer, axis=1) for layer in self._representations) if self._keep else None,
            self._taken,
            ~finite,
        )

    def _look(self, engine: Engine, record: int) -> None:
        outputs = engine.outputs().double().numpy()
        self._outputs[:, record] = outputs
        with np.errstate(over="ignore", invalid="ignore"):
            self._loss[:, record] = ((outputs - self._targets) ** 2).sum(2).mean(1) / 2
            for k, layer in enumerate(self._layers):
                hidden = engine.hidden(layer).detach()
                self._distances[:, record, k] = _squared_distances(hidden.double().numpy())
                if self._keep:
                    self._representations[k].append(hidden.float().numpy().copy())

    def _rest(self, engine: Engine, record: int, step: int) -> None:
        """Let networks rest whose loss has come below their threshold."""
        resting = (self._loss[:, record] < self._below) & (self._taken > step)
        if resting.any():
            self._taken[resting] = step
            for k in np.nonzero(resting)[0]:
                engine.eta[k] = 0.0

    def _repeat(self, record: int) -> None:
        """Fill the records of networks that all rest."""
        for values in (self._loss, self._outputs, self._distances):
            values[:, record:] = values[:, record - 1 : record]
        for layer in self._representations:
            layer.extend([layer[-1]] * (len(self._record_steps) - record) if layer else [])


def _squared_distances(hidden: Floats) -> Floats:
    """Return squared distances (K, n, n) of representations (K, n, units), by differences, point by point."""
    found = np.empty((hidden.shape[0], hidden.shape[1], hidden.shape[1]))
    for k in range(hidden.shape[1]):
        found[:, k] = ((hidden - hidden[:, k, None]) ** 2).sum(2)
    return found


def _in_order(courses: list[Courses], order: NDArray[np.intp]) -> Courses:
    """Return the courses of several groups as one, network `order[k]` being the k-th of them."""
    first, back = courses[0], np.argsort(order)

    def joined(name: str) -> NDArray[np.generic]:
        return np.asarray(np.concatenate([getattr(course, name) for course in courses])[back])

    representations = None
    if first.representations is not None:
        tables = [course.representations or () for course in courses]
        representations = tuple(_stacked(layer)[back] for layer in zip(*tables, strict=True))
    networks = [settings for course in courses for settings in course.networks]
    arrays = {name: joined(name) for name in ("loss", "outputs", "distances", "steps_taken", "diverged")}
    return replace(first, networks=tuple(networks[k] for k in back), representations=representations, **arrays)  # type: ignore[arg-type]


def _stacked(tables: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return tables (K, R, n, units) as one; missing units are nan."""
    most = max(table.shape[-1] for table in tables)
    return np.concatenate(
        [np.pad(t, ((0, 0),) * 3 + ((0, most - t.shape[-1]),), constant_values=np.nan) for t in tables]
    )


def _require_networks(networks: Sequence[DeepSettings]) -> tuple[DeepSettings, ...]:
    for settings in networks:
        if not isinstance(settings, DeepSettings):
            raise InvalidInput(f"networks must be a sequence of DeepSettings; got {shown(settings)} in it")
    if len({settings.steps for settings in networks}) != 1:
        raise InvalidInput("networks must be at least one, all with the same number of steps")
    return tuple(networks)


def _require_points(count: int, inputs: ArrayLike, targets: ArrayLike) -> tuple[Floats, Floats]:
    found = []
    for name, values in (("inputs", inputs), ("targets", targets)):
        array = require_array(name, values, low=-LARGEST_COORDINATE, high=LARGEST_COORDINATE)
        if array.ndim not in (2, 3) or 0 in array.shape or (array.ndim == 3 and len(array) != count):
            raise InvalidInput(
                f"{name} must have shape (points, coordinates) or ({count}, points, coordinates); got {array.shape}"
            )
        found.append(np.array(np.broadcast_to(array, (count, *array.shape[-2:]))))
    if found[0].shape[1] != found[1].shape[1]:
        raise InvalidInput(f"inputs and targets must be as many; got {found[0].shape[1]} and {found[1].shape[1]}")
    return found[0], found[1]


def _require_records(record_steps: Sequence[int] | None, steps: int) -> tuple[int, ...]:
    from validation.operations.outcomes import require_records

    if record_steps is None:
        record_steps = np.linspace(0, steps, min(steps, 100) + 1).round().astype(int).tolist()
    return require_records(record_steps, steps)


def _require_layers(layers: Sequence[int] | None, hidden: int) -> tuple[int, ...]:
    if layers is None:
        return tuple(range(hidden))
    for layer in layers:
        if isinstance(layer, bool) or not isinstance(layer, int | np.integer) or not 0 <= layer < hidden:
            raise InvalidInput(f"layers must be integers between 0 and {hidden - 1}; got {shown(layer)}")
    return tuple(int(layer) for layer in layers)
