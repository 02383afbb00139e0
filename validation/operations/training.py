"""Training networks that learn an operation, whatever their mixture."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from threading import Event, Lock

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, shown
from validation.operations.outcomes import Course, OperationOutcomes, gather, require_records
from validation.operations.settings import OperationSettings
from validation.sweeps import Interrupted
from validation.training.devices import can_compile, require_device
from validation.training.threads import side_by_side

# How long to compute between two looks at whether to stop.
SECONDS_AT_ONCE = 0.1

Report = Callable[[int], None]
Stopped = Callable[[], bool]


def train_operations(
    networks: Sequence[OperationSettings],
    *,
    record_steps: Sequence[int] | None = None,
    until_learned: bool = False,
    progress: Report | None = None,
    device: str = "cpu",
    stopped: Stopped | None = None,
) -> OperationOutcomes:
    """Train networks that learn operations.

    On a CPU the outcome of a network is a function of its own settings, to the last bit. As many threads work as torch
    is set to use, each on networks of its own.

    Parameters
    ----------
    networks : sequence of OperationSettings
        At least one, all with the same number of steps.
    record_steps : sequence of int, optional
        Steps after which to measure, between 0 and the number of steps; the start and the end are always measured. By
        default about 30 more, evenly spaced on a logarithmic scale. Times to threshold do not depend on them: accuracy
        and structure are looked at after every step.
    until_learned : bool
        Whether a network's training ends, at a recorded step, once both of its accuracies have been at least 0.9, or
        once it has diverged. Its phase is decided then, but for a divergence later on.
    progress : callable, optional
        Called every now and then with the number of network-steps done since the last call; they add up to the sum of
        the networks' steps, those that an early end saves included. One call at a time.
    device : str
        "cpu", the name of another torch device, or "auto" for a GPU where there is one.
    stopped : callable, optional
        Whether to give up; asked several times a second.

    Returns
    -------
    OperationOutcomes
        In the order of `networks`.

    Raises
    ------
    InvalidInput
        When there is no network, numbers of steps differ, a record step lies outside the training, or the device does
        not exist.
    validation.sweeps.Interrupted
        When `stopped` says so.

    Examples
    --------
    >>> outcomes = train_operations([OperationSettings(training_seed=0, seed=0, steps=100)], record_steps=[50])
    >>> outcomes.record_steps.tolist(), outcomes.embeddings.shape, bool(np.diff(outcomes.train_loss).max() < 0)
    ([0, 50, 100], (1, 3, 10, 1), True)
    """
    import torch

    for network in networks:
        if not isinstance(network, OperationSettings):
            raise InvalidInput(f"networks must be a sequence of OperationSettings; got {shown(network)} in it")
    if len({network.steps for network in networks}) != 1:
        raise InvalidInput("networks must be at least one, all with the same number of steps")
    recorded = require_records(record_steps, networks[0].steps)
    device = require_device(device)
    one_at_a_time = Lock()

    def report(network_steps: int) -> None:
        if progress is not None:
            with one_at_a_time:
                progress(network_steps)

    def work(part: NDArray[np.intp], stop: Event) -> list[Course]:
        def go_on() -> None:
            if stop.is_set() or (stopped is not None and stopped()):
                raise Interrupted("training was interrupted")

        own = [networks[k] for k in part]
        if device == "cpu" and can_compile():
            return [_train_compiled(settings, recorded, until_learned, report, go_on) for settings in own]
        from validation.operations.batched import train_batched

        return train_batched(own, recorded, until_learned, report, go_on, device)

    threads = max(1, min(torch.get_num_threads(), len(networks))) if device == "cpu" else 1
    courses = side_by_side(work, np.array_split(np.arange(len(networks)), threads))
    return gather(tuple(networks), recorded, [course for part in courses for course in part])


def _train_compiled(
    settings: OperationSettings,
    record_steps: tuple[int, ...],
    until_learned: bool,
    report: Report,
    go_on: Callable[[], None],
) -> Course:
    from validation.operations.compiled.network import CompiledNetwork

    network, pace = CompiledNetwork(settings), 1
    records = [network.look()]
    for end in record_steps[1:]:
        while network.steps < end:
            go_on()
            steps = min(pace, end - network.steps)
            started = time.perf_counter()
            network.advance(steps)
            seconds = time.perf_counter() - started
            if steps == pace:
                pace = max(1, 2 * steps if seconds < SECONDS_AT_ONCE / 2 else steps // 2)
            report(steps)
        records.append(network.look())
        finite = network.finite() and bool(np.isfinite(records[-1].train_loss))
        if until_learned and (not finite or not np.isnan(network.reached[:2]).any()):
            report(record_steps[-1] - network.steps)
            break
    finite = network.finite() and bool(np.isfinite(records[-1].train_loss))
    return Course(records, network.reached, not finite, network.steps)
