"""Training: a chunk of networks at once, or any mixture of networks chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event, Lock

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, shown
from validation.networks import NetworkSettings
from validation.training.chunking import CHUNK_SIZE, chunks, computation, require_networks
from validation.training.outcomes import Outcomes, join
from validation.training.records import Record, Recorder, require_record_steps
from validation.training.threads import side_by_side

# Names the numbers that this code computes; raised whenever a change to it changes any of them.
ENGINE = "1"
PROGRESS_INTERVAL = 100

Progress = Callable[[int], None]


def train(
    networks: Sequence[NetworkSettings],
    *,
    record_steps: Sequence[int] | None = None,
    progress: Progress | None = None,
    device: str = "cpu",
    chunk_size: int = CHUNK_SIZE,
) -> Outcomes:
    """Train networks, whatever their mixture.

    On a CPU the outcome of a network is a function of its own settings: it does not depend, to the last bit, on the
    other networks, their order, the chunk size or the number of threads. Another machine, torch version or device
    rounds differently, and training amplifies that: compare those as distributions over seeds.

    As many threads work on a chunk as torch is set to use (``torch.set_num_threads``), each on networks of its own.

    Parameters
    ----------
    networks : sequence of NetworkSettings
        At least one network.
    record_steps : sequence of int, optional
        Steps after which to measure, each between 1 and the smallest number of steps; the last step is always
        measured. By default about 30, evenly spaced on a logarithmic scale.
    progress : callable, optional
        Called about every 100 steps with the number of network-steps done since the last call; they add up to the sum
        of the networks' steps. Calls come from the training threads, one at a time.
    device : str
        Name of a torch device.
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
    parts = [train_chunk(c.networks, record_steps=record_steps, progress=progress, device=device) for c in divided]
    return join(parts, [chunk.positions for chunk in divided])


def train_chunk(
    networks: Sequence[NetworkSettings],
    *,
    record_steps: Sequence[int] | None = None,
    progress: Progress | None = None,
    device: str = "cpu",
) -> Outcomes:
    """Train the networks of one chunk as one computation.

    Parameters
    ----------
    networks : sequence of NetworkSettings
        Networks that share shapes and operations, as `chunks` makes them.
    record_steps, progress, device
        As in `train`.

    Returns
    -------
    Outcomes
        In the order of `networks`.

    Raises
    ------
    InvalidInput
        As in `train`, and when the networks cannot share a computation.

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
    _require_device(device)
    positions = np.array_split(np.arange(len(networks)), max(1, min(torch.get_num_threads(), len(networks) // 2)))
    one_at_a_time = Lock()

    def report(network_steps: int) -> None:
        if progress is not None:
            with one_at_a_time:
                progress(network_steps)

    def work(part: NDArray[np.intp], stop: Event) -> Outcomes:
        return _train(tuple(networks[i] for i in part), recorded, report, device, stop)

    return join(side_by_side(work, positions), [part.tolist() for part in positions])


def _train(
    networks: tuple[NetworkSettings, ...],
    record_steps: tuple[int, ...],
    report: Progress,
    device: str,
    stop: Event,
) -> Outcomes:
    import torch

    from validation.training.computation import Ensemble

    # A batch of one matrix product takes another path through the library than a batch of several, and rounds
    # differently; so a network alone is computed twice.
    computed = networks * 2 if len(networks) == 1 else networks
    with torch.inference_mode():
        ensemble, recorder, records = Ensemble(computed, torch.device(device)), Recorder(computed), []
        reported = 0
        for step in range(1, record_steps[-1] + 1):
            if stop.is_set():
                raise InterruptedError("training was interrupted")
            ensemble.advance()
            if step in record_steps:
                records.append(recorder.record(ensemble.outputs(), ensemble.finite()))
            if step % PROGRESS_INTERVAL == 0 or step == record_steps[-1]:
                report((step - reported) * len(networks))
                reported = step
        return _outcomes(networks, record_steps, records, ensemble.embeddings())


def _outcomes(
    networks: tuple[NetworkSettings, ...],
    record_steps: tuple[int, ...],
    records: Sequence[Record],
    embeddings: NDArray[np.float32],
) -> Outcomes:
    """Return the first K computed networks' measurements as curves."""
    count = len(networks)
    curves = {
        f"{name}_curve": np.stack([getattr(record, name)[:count] for record in records], axis=1)
        for name in Record._fields
    }
    steps = np.tile(np.array(record_steps, dtype=np.int64), (count, 1))
    return Outcomes(networks=networks, record_steps=steps, embeddings=embeddings[:count], **curves)


def _require_device(device: str) -> None:
    import torch

    try:
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError, TypeError):
        raise InvalidInput(f"device must name a torch device that this machine has; got {shown(device)}") from None
