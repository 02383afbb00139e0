"""Training an ensemble of repons: the steps of SGD or Adam on every member's own loss, all members at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from validation.repons.settings import ReponSettings
from validation.repons.starts import Start, draw_start, half_separation
from validation.training.threads import side_by_side

if TYPE_CHECKING:
    from validation.repons.gradients import Members

Progress = Callable[[int], None]
PROGRESS_INTERVAL = 500
BETA_FIRST, BETA_SECOND, ADAM_EPSILON = 0.9, 0.999, 1e-8


@dataclass(frozen=True, eq=False)
class ReponOutcomes:
    """What became of an ensemble.

    Attributes
    ----------
    start : Start
        Where its members started.
    end : Start
        Where they ended, in the same form.
    separation : ndarray of float, shape (draws,)
        Half the distance between the one repon and its cluster at the end.
    collapsed : ndarray of bool, shape (draws,)
        Whether that lies below the settings' separation.
    diverged : ndarray of bool, shape (draws,)
        Whether a parameter is no longer finite.
    """

    start: Start
    end: Start
    separation: NDArray[np.float64]
    collapsed: NDArray[np.bool_]
    diverged: NDArray[np.bool_]


def train_repons(settings: ReponSettings, progress: Progress | None = None) -> ReponOutcomes:
    """Train an ensemble for its whole horizon, in float64.

    The discrete steps do not move the boundary of a centred pair. From a' = a (1 - 2 eta_A c^2 h) and
    c' = c (1 - eta_x a^2 h) follows for C = a^2 / (2 eta_A) - c^2 / eta_x

        C' = C (1 - 2 eta_A eta_x a^2 c^2 h^2),

    so that a step of length h keeps the sign of C unless it is so long that the bracket turns negative; only the time
    that a collapse takes is that of steps instead of a flow.

    Parameters
    ----------
    settings : ReponSettings
        The ensemble.
    progress : callable, optional
        Called about every 500 steps with the number of steps since the last call; they add up to the settings' steps.

    Returns
    -------
    ReponOutcomes
        Members in the order in which they were drawn.

    Examples
    --------
    >>> outcomes = train_repons(ReponSettings(ratio=1.0, draws=200, horizon=20.0, separation=0.05))
    >>> int(outcomes.collapsed.sum()), int(outcomes.diverged.sum())
    (94, 0)
    """

    def work(settings: ReponSettings, stop: Event) -> ReponOutcomes:
        return _train(settings, progress, stop)

    # A thread of its own, in which operations use one core and denormal numbers are zero: a decoder that dies would
    # otherwise slow every further step a hundredfold.
    return side_by_side(work, [settings])[0]


def _train(settings: ReponSettings, progress: Progress | None, stop: Event) -> ReponOutcomes:
    import torch

    start = draw_start(settings)
    with torch.inference_mode():
        members, step = begin(settings, start)
        for taken in range(1, settings.steps + 1):
            members.compute_gradients()
            step(taken)
            report(taken, settings.steps, progress, stop)
        finite = members.values.isfinite().all(0).numpy()
        end = Start(*(part.numpy().copy() for part in (members.decoder, members.offset, members.embeddings)))
    with np.errstate(invalid="ignore", over="ignore"):
        separation = np.linalg.norm(half_separation(end.embeddings), axis=0)
        return ReponOutcomes(start, end, separation, separation < settings.separation, ~finite)


def report(taken: int, steps: int, progress: Progress | None, stop: Event) -> None:
    """Say every 500 steps, and at the end, how many were taken since the last time; give up where told to."""
    if taken % PROGRESS_INTERVAL == 0 or taken == steps:
        if stop.is_set():
            raise InterruptedError("training was interrupted")
        if progress is not None:
            progress((taken - 1) % PROGRESS_INTERVAL + 1)


def begin(settings: ReponSettings, start: Start) -> tuple[Members, Callable[[int], None]]:
    """Return the members at their start, and the function that takes step number k >= 1 from their gradients."""
    import torch

    from validation.repons.gradients import Members

    members = Members(*map(torch.from_numpy, start), bias_trained=settings.bias == "trained")
    decoder, offset, embeddings = members.rows
    rates = [settings.eta_decoder] * (decoder + offset) + [settings.eta_encoder] * embeddings
    learning_rates = settings.time_step * torch.tensor(rates, dtype=torch.float64).unsqueeze(1)
    values, gradient = members.values, members.gradient

    def descend(step: int) -> None:
        values.addcmul_(gradient, learning_rates, value=-1)

    if settings.optimiser == "sgd":
        return members, descend
    first, second = torch.zeros_like(values), torch.zeros_like(values)

    def adapt(step: int) -> None:
        first.lerp_(gradient, 1 - BETA_FIRST)
        second.mul_(BETA_SECOND).addcmul_(gradient, gradient, value=1 - BETA_SECOND)
        spread = (second / (1 - BETA_SECOND**step)).sqrt_().add_(ADAM_EPSILON)
        values.addcmul_(first / spread, learning_rates, value=-1 / (1 - BETA_FIRST**step))

    return members, adapt
