"""Training transformers: full-batch steps of AdamW, on a CPU one after the other, elsewhere all of a chunk at once."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, shown
from validation.sweeps import Interrupted
from validation.training import require_device
from validation.training.threads import side_by_side
from validation.transformer.outcomes import VARIABLES, TransformerOutcomes, join
from validation.transformer.settings import ENGINE, TransformerSettings

if TYPE_CHECKING:
    from validation.training.ensemble import Checkpoint

_log = logging.getLogger(__name__)

Progress = Callable[[int], None]
State = Mapping[str, NDArray[Any]]
REPORT_SECONDS = 0.2
_OF, _FINISHED, _CURRENT = "of", "finished.", "current."


def computation(settings: TransformerSettings) -> TransformerSettings:
    """Return settings that are equal for transformers which can train as one computation.

    Examples
    --------
    >>> first, second = (TransformerSettings(seed=seed, training_seed=0) for seed in (0, 1))
    >>> computation(first) == computation(second)
    True
    """
    own: dict[str, Any] = {"training_seed": 0, "seed": 0, "sweep_seed": 0, "threshold": 1.0, "weight_decay": 0.0}
    # Whether anything is dropped decides what is computed; how much is but a number.
    own |= {"eta_encoder": 0.0, "eta_decoder": 0.0, "dropout": 0.5 if settings.dropout else 0.0}
    return replace(settings, **own)


def train_transformers(
    networks: Sequence[TransformerSettings],
    *,
    progress: Progress | None = None,
    device: str = "cpu",
    checkpoint: Checkpoint | None = None,
    stopped: Callable[[], bool] | None = None,
) -> TransformerOutcomes:
    """Train transformers of one shape.

    On a CPU each is trained by itself, on one thread: its outcome is a function of its own settings, to the last bit.
    A GPU trains all at once and rounds differently, and training amplifies that: compare devices as distributions over
    seeds.

    Parameters
    ----------
    networks : sequence of TransformerSettings
        At least one; all agree in what `computation` keeps.
    progress : callable, optional
        Called every now and then with the number of network-steps done since the last call; they add up to the sum of
        the networks' steps.
    device : str
        "cpu", the name of another torch device, or "auto" for a GPU where there is one.
    checkpoint : Checkpoint, optional
        Where to save the state whenever it is due, and where to go on from. On a CPU what follows a resumption equals,
        bit for bit, what would have followed without it.
    stopped : callable, optional
        Whether to give up; asked after every step.

    Returns
    -------
    TransformerOutcomes
        In the order of `networks`.

    Raises
    ------
    InvalidInput
        When there is no network, they cannot share a computation, or the device does not exist.
    validation.sweeps.Interrupted
        When `stopped` says so.

    Examples
    --------
    >>> settings = TransformerSettings(modulus=11, embedding_dimension=8, steps=30, seed=0, training_seed=0)
    >>> outcomes = train_transformers([settings])
    >>> bool(outcomes.train_loss_curve[0, -1] < outcomes.train_loss_curve[0, 0])
    True
    """
    networks = _required(networks)
    device = require_device(device)

    def work(all_of_them: tuple[TransformerSettings, ...], stop: Event) -> TransformerOutcomes:
        course = _Course(progress, checkpoint, lambda: stop.is_set() or (stopped is not None and stopped()))
        return course.run(all_of_them, device)

    # A thread of its own, in which operations use one core and denormal numbers are zero.
    return side_by_side(work, [networks])[0]


def _required(networks: Sequence[TransformerSettings]) -> tuple[TransformerSettings, ...]:
    for network in networks:
        if not isinstance(network, TransformerSettings):
            raise InvalidInput(f"networks must be a sequence of TransformerSettings; got {shown(network)} in it")
    if not networks:
        raise InvalidInput("networks must hold at least one network; got none")
    if len({computation(network) for network in networks}) > 1:
        raise InvalidInput("networks must share shapes, steps and measurements to be trained as one computation")
    return tuple(networks)


class _Course:
    """What a training does besides taking steps: report, save, and stop when asked."""

    def __init__(
        self, progress: Progress | None, checkpoint: Checkpoint | None, interrupted: Callable[[], bool]
    ) -> None:
        self._progress, self._checkpoint, self._interrupted = progress, checkpoint, interrupted
        self._unreported, self._reported_at = 0, time.monotonic()

    def run(self, networks: tuple[TransformerSettings, ...], device: str) -> TransformerOutcomes:
        """Train networks, one after the other or all at once, from the checkpoint if there is one that fits."""
        from validation.transformer.batch import Batch

        # On a CPU a batch of eight took a third longer for each network than one at a time.
        parts = [(network,) for network in networks] if device == "cpu" else [networks]
        of = {_OF: _digest(networks, device)}
        finished, current = self._resumed(of, len(parts))
        for k, part in enumerate(parts):
            if k < len(finished):
                self._report(sum(network.steps for network in part))
                continue
            batch = Batch(part, device)
            if current is not None:
                batch.restore(current)
                self._report(batch.steps * len(part))
                current = None
            while not batch.ended:
                self._look_up(lambda: of | _written(finished) | _named(_CURRENT, batch.state()))  # noqa: B023
                batch.advance()
                self._report(len(part))
            finished.append(batch.arrays())
        self._report(0, at_once=True)
        return join(networks, finished)

    def _resumed(self, of: State, parts: int) -> tuple[list[dict[str, NDArray[Any]]], State | None]:
        saved = self._checkpoint.load() if self._checkpoint is not None else None
        if saved is None:
            return [], None
        if not np.array_equal(saved.get(_OF, np.empty(0)), of[_OF]):
            _log.warning("a checkpoint does not fit its networks, and is not used: they are trained from the start")
            return [], None
        rows = {name: saved[_FINISHED + name] for name in VARIABLES if _FINISHED + name in saved}
        count = len(next(iter(rows.values()))) if rows else 0
        # Parts are single networks, or there is but one part, which then is not finished.
        finished = [{name: array[k : k + 1] for name, array in rows.items()} for k in range(min(count, parts))]
        current = {name.removeprefix(_CURRENT): array for name, array in saved.items() if name.startswith(_CURRENT)}
        return finished, current

    def _look_up(self, state: Callable[[], State]) -> None:
        stopping = self._interrupted()
        if self._checkpoint is not None and (stopping or self._checkpoint.due()):
            self._checkpoint.save(state())
        if stopping:
            raise Interrupted("training was interrupted")

    def _report(self, network_steps: int, *, at_once: bool = False) -> None:
        self._unreported += network_steps
        if at_once or time.monotonic() - self._reported_at >= REPORT_SECONDS:
            if self._progress is not None and self._unreported:
                self._progress(self._unreported)
            self._unreported, self._reported_at = 0, time.monotonic()


def _written(finished: Sequence[State]) -> dict[str, NDArray[Any]]:
    if not finished:
        return {}
    return {_FINISHED + name: np.concatenate([part[name] for part in finished]) for name in VARIABLES}


def _named(prefix: str, arrays: State) -> dict[str, NDArray[Any]]:
    return {prefix + name: array for name, array in arrays.items()}


def _digest(networks: Iterable[TransformerSettings], device: str) -> NDArray[np.uint8]:
    """Return what tells a checkpoint of this very training from others."""
    question = repr((ENGINE, tuple(networks), device))
    return np.frombuffer(hashlib.sha256(question.encode()).digest(), dtype=np.uint8)
