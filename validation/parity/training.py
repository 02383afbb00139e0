"""Training recurrent networks on parity: many at a time, each as if it were alone."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from threading import Event
from typing import TYPE_CHECKING

import numpy as np

from geneft_theory.errors import InvalidInput, shown
from validation.parity.outcomes import ParityOutcomes, join
from validation.parity.settings import ParitySettings
from validation.parity.strings import Strings, training_mask
from validation.sweeps import Interrupted
from validation.training.devices import require_device
from validation.training.threads import side_by_side

if TYPE_CHECKING:
    import torch

    from validation.parity.network import Batch, Ensemble

Progress = Callable[[int], None]


def computation(settings: ParitySettings) -> Hashable:
    """Return what networks must share to be trained as one computation.

    Examples
    --------
    >>> computation(ParitySettings(seed=0, gain=0.1)) == computation(ParitySettings(seed=1, gain=0.5))
    True
    """
    shapes = (settings.length, settings.fraction, settings.units, settings.activation, settings.batch_size)
    return (*shapes, settings.epochs, settings.records, settings.long_length, settings.long_strings)


def train_parity(
    networks: Sequence[ParitySettings],
    *,
    progress: Progress | None = None,
    device: str = "cpu",
    stopped: Callable[[], bool] | None = None,
) -> ParityOutcomes:
    """Train networks that share a computation, in float32.

    Parameters
    ----------
    networks : sequence of ParitySettings
        At least one; all agree in what `computation` returns.
    progress : callable, optional
        Called after every epoch with the number of network-steps done since the last call; they add up to the sum of
        the networks' steps. One call at a time.
    device : str
        "cpu", the name of another torch device, or "auto" for a GPU where there is one.
    stopped : callable, optional
        Whether to give up; asked after every epoch.

    Returns
    -------
    ParityOutcomes
        In the order of `networks`.

    Raises
    ------
    InvalidInput
        When there is no network, they cannot share a computation, or the device does not exist.
    validation.sweeps.Interrupted
        When `stopped` says so.

    Examples
    --------
    >>> settings = ParitySettings(seed=0, length=4, units=30, epochs=50, records=1, long_length=50, eta=0.05)
    >>> outcomes = train_parity([settings])
    >>> outcomes.epoch.tolist(), outcomes.agreeing_curve.shape
    ([[0, 50]], (1, 2))
    """
    for network in networks:
        if not isinstance(network, ParitySettings):
            raise InvalidInput(f"networks must be a sequence of ParitySettings; got {shown(network)} in it")
    if len({computation(network) for network in networks}) != 1:
        raise InvalidInput("networks must be at least one, and share shapes, training sizes, epochs and records")
    device = require_device(device)

    def work(part: tuple[ParitySettings, ...], stop: Event) -> ParityOutcomes:
        def go_on() -> None:
            if stop.is_set() or (stopped is not None and stopped()):
                raise Interrupted("training was interrupted")

        return _train(part, device, progress, go_on)

    # A thread of its own, in which operations use one core and denormal numbers are zero.
    return join(side_by_side(work, [tuple(networks)]))


def _train(
    networks: tuple[ParitySettings, ...], device: str, progress: Progress | None, go_on: Callable[[], None]
) -> ParityOutcomes:
    from validation.parity.measuring import Observer
    from validation.parity.network import Ensemble

    first = networks[0]
    trained = np.stack([training_mask(settings) for settings in networks])
    ensemble, observer = Ensemble(networks, device), Observer(networks, trained)
    lessons = [_Lesson(networks, trained, length, device) for length in range(1, first.length + 1)]
    for epoch in range(first.epochs + 1):
        if epoch in first.record_epochs:
            seen = observer.look(ensemble)
            if epoch == first.epochs:
                break
            observer.note_apart(seen)
        for lesson in lessons:
            lesson.teach(ensemble)
        go_on()
        if progress is not None:
            progress(first.batches * len(networks))
    return observer.outcomes(ensemble)


class _Lesson:
    """The strings of one length in the training sets of K networks."""

    def __init__(self, networks: Sequence[ParitySettings], trained: np.ndarray, length: int, device: str) -> None:
        import torch

        from validation.parity.network import Batch, batches

        first = networks[0]
        strings = Strings.upto(length)
        own = trained[:, strings.of_length(length)]
        self._members = np.stack([np.flatnonzero(mask) for mask in own])
        self._device = device
        self._targets = torch.eye(2, device=device)[
            torch.as_tensor(strings.parity[strings.of_length(length)], device=device)
        ]
        count = self._members.shape[1]
        self._parts = batches(count, first.batch_size)
        self._rooms: list[Batch] = []
        self._answers: list[torch.Tensor] = []
        for part in self._parts:
            members = torch.as_tensor(self._members[:, part], device=device)
            self._rooms.append(Batch(members, length, first.units))
            self._answers.append(self._targets[members])
        # Only where there is more than one batch is there an order to be drawn.
        self._streams = [
            np.random.default_rng(np.random.SeedSequence(each.sweep_seed, spawn_key=(each.seed, 3, length)))
            for each in networks
        ]

    def teach(self, ensemble: Ensemble) -> None:
        """Take a step on every batch, of strings in a new order."""
        import torch

        if len(self._parts) > 1:
            drawn = [stream.permutation(own) for stream, own in zip(self._streams, self._members, strict=True)]
            order = torch.as_tensor(np.stack(drawn), device=self._device)
            for k, (part, room) in enumerate(zip(self._parts, self._rooms, strict=True)):
                room.fill(order[:, part])
                self._answers[k] = self._targets[order[:, part]]
        for room, answers in zip(self._rooms, self._answers, strict=True):
            ensemble.step(room, answers)
