"""Training: a chunk of networks at once, or any mixture of networks chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Event, Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput
from validation.networks import NetworkSettings
from validation.training.chunking import CHUNK_SIZE, chunks, computation, require_networks
from validation.training.course import Course
from validation.training.devices import can_compile, require_device
from validation.training.outcomes import Outcomes, join
from validation.training.records import require_record_steps
from validation.training.threads import side_by_side

# Names the numbers that this code computes; raised whenever a change to it changes any of them.
ENGINE = "2"

Progress = Callable[[int], None]


class Checkpoint(Protocol):
    """Where the state of a chunk is kept while it is trained, such as `validation.sweeps.Checkpoint`."""

    def load(self) -> Mapping[str, NDArray[Any]] | None:
        """Return what was saved last, or None."""

    def due(self) -> bool:
        """Whether it is time to save again."""

    def save(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep the arrays in the place of what was saved before."""


def train(
    networks: Sequence[NetworkSettings],
    *,
    record_steps: Sequence[int] | None = None,
    until_learned: bool = False,
    progress: Progress | None = None,
    device: str = "cpu",
    chunk_size: int = CHUNK_SIZE,
) -> Outcomes:
    """Train networks, whatever their mixture.

    On a CPU the outcome of a network is a function of its own settings: it does not depend, to the last bit, on the
    other networks, their order, the chunk size or the number of threads. A GPU rounds differently, and training
    amplifies that: compare devices as distributions over seeds.

    As many threads work on a chunk as torch is set to use (``torch.set_num_threads``), each on networks of its own.

    Parameters
    ----------
    networks : sequence of NetworkSettings
        At least one network.
    record_steps : sequence of int, optional
        Steps after which to measure, each between 1 and the smallest number of steps; the last step is always
        measured. By default about 30, evenly spaced on a logarithmic scale.
    until_learned : bool
        Whether a network's training ends once it has been measured with an accuracy above 0.9 both on its training
        pairs and on the others, or has diverged. Its phase is decided then, up to a later divergence, which is not
        waited for; its curves keep their last value, and the accuracy at the end is that of this earlier end.
    progress : callable, optional
        Called every now and then with the number of network-steps done since the last call; they add up to the sum
        of the networks' steps, those that an early end saves included. Calls come from the training threads, one at a
        time.
    device : str
        "cpu", the name of another torch device, or "auto" for a GPU where there is one.
    chunk_size : int
        The most networks in one computation, >= 1; decides speed and memory only.

    Returns
    -------
    Outcomes
        In the order of `networks`.

    Raises
    ------
    InvalidInput
        When there is no network, a record step lies outside the training, or the device does not exist.

    Examples
    --------
    >>> seeds = [NetworkSettings(relation="modulo:3", fraction=0.75, seed=seed, steps=50) for seed in range(3)]
    >>> outcomes = train(seeds)
    >>> outcomes.accuracy.shape, bool((outcomes.train_loss_curve[:, -1] < outcomes.train_loss_curve[:, 0]).all())
    ((3,), True)
    """
    divided = chunks(networks, chunk_size=chunk_size)
    require_record_steps(record_steps, min(network.steps for network in networks))
    parts = [
        train_chunk(
            chunk.networks, record_steps=record_steps, until_learned=until_learned, progress=progress, device=device
        )
        for chunk in divided
    ]
    return join(parts, [chunk.positions for chunk in divided])


def train_chunk(
    networks: Sequence[NetworkSettings],
    *,
    record_steps: Sequence[int] | None = None,
    until_learned: bool = False,
    progress: Progress | None = None,
    device: str = "cpu",
    checkpoint: Checkpoint | None = None,
    stopped: Callable[[], bool] | None = None,
) -> Outcomes:
    """Train the networks of one chunk as one computation.

    Parameters
    ----------
    networks : sequence of NetworkSettings
        Networks that share shapes and operations, as `chunks` makes them.
    record_steps, until_learned, progress, device
        As in `train`.
    checkpoint : Checkpoint, optional
        Where to save the state whenever it is due, and where to go on from; on a CPU only, and on one thread. What
        follows a resumption equals, bit for bit, what would have followed without it.
    stopped : callable, optional
        Whether to give up; asked several times a second.

    Returns
    -------
    Outcomes
        In the order of `networks`.

    Raises
    ------
    InvalidInput
        As in `train`, and when the networks cannot share a computation.
    validation.sweeps.Interrupted
        When `stopped` says so.

    Examples
    --------
    >>> seeds = [NetworkSettings(relation="greater-than", fraction=0.5, seed=seed, steps=20) for seed in range(2)]
    >>> train_chunk(seeds, record_steps=[10]).record_steps.tolist()
    [[10, 20], [10, 20]]
    """
    import torch

    networks = require_networks(networks)
    if len({computation(network) for network in networks}) > 1:
        raise InvalidInput("networks must share shapes and operations to form a chunk; divide them with chunks()")
    recorded = require_record_steps(record_steps, networks[0].steps)
    device = require_device(device)
    threads = 1 if checkpoint is not None else max(1, min(torch.get_num_threads(), len(networks)))
    positions = np.array_split(np.arange(len(networks)), threads)
    one_at_a_time = Lock()

    def report(network_steps: int) -> None:
        if progress is not None:
            with one_at_a_time:
                progress(network_steps)

    def work(part: NDArray[np.intp], stop: Event) -> Outcomes:
        course = Course(recorded, until_learned, report, lambda: stop.is_set() or (stopped is not None and stopped()))
        return _train(tuple(networks[i] for i in part), course, device, checkpoint)

    return join(side_by_side(work, positions), [part.tolist() for part in positions])


def _train(
    networks: tuple[NetworkSettings, ...], course: Course, device: str, checkpoint: Checkpoint | None
) -> Outcomes:
    if device == "cpu" and can_compile():
        from validation.training.compiled.training import train_compiled

        return train_compiled(networks, course, checkpoint)
    from validation.training.batched.training import train_batched

    return train_batched(networks, course, device)
