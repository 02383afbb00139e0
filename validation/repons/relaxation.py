"""How long a pair takes: the times at which its separation, or its decoder, has come down to given values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from threading import Event

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.errors import require_array, require_choice
from validation.repons.settings import ReponSettings
from validation.repons.starts import Start
from validation.repons.training import PROGRESS_INTERVAL, Progress, begin, report
from validation.training.threads import side_by_side

Array = NDArray[np.float64]
WATCHED = ("separation", "decoder")


def first_times(
    settings: ReponSettings,
    a: ArrayLike,
    c: ArrayLike,
    thresholds: Sequence[float],
    *,
    watched: str = "separation",
    progress: Progress | None = None,
) -> Array:
    """Train centred pairs from given starts until all are through, and return when each came down to each threshold.

    Parameters
    ----------
    settings : ReponSettings
        Rates, optimiser, learning rate and horizon; the rest does not matter, nothing is drawn.
    a, c : array_like, shape (draws,)
        Decoder and half-separation at the start.
    thresholds : sequence of float
        Values > 0 of |c| or |a|.
    watched : {"separation", "decoder"}
        Which of the two.
    progress : callable, optional
        As for `train_repons`.

    Returns
    -------
    ndarray of float, shape (thresholds, draws)
        Time of the first step after which |c| (or |a|) lies below, less half a step, which is its mean error; nan where
        it is not reached within the horizon.

    Raises
    ------
    InvalidInput
        When a threshold is not positive, a start not finite, or `watched` neither of the two.

    Examples
    --------
    >>> settings = ReponSettings(ratio=1.0, draws=1, learning_rate=0.01, horizon=20.0)
    >>> first_times(settings, [1.0, 1.0], [0.4, 1.5], [0.1]).round(2)
    array([[1.76,  nan]])
    """
    require_choice("watched", watched, WATCHED)
    levels = require_array("thresholds", list(thresholds), low=0, open_low=True)
    decoder, half = np.broadcast_arrays(require_array("a", a), require_array("c", c))
    draws = decoder.size
    settings = replace(settings, draws=draws, cluster=1, dimension=1, outputs=1, start="centred")
    start = Start(decoder.reshape(1, 1, draws).copy(), np.zeros((1, draws)), np.array([half, -half])[:, np.newaxis])

    def work(settings: ReponSettings, stop: Event) -> Array:
        return _times(settings, start, levels, watched, progress, stop)

    return side_by_side(work, [settings])[0]


def _times(
    settings: ReponSettings, start: Start, levels: Array, watched: str, progress: Progress | None, stop: Event
) -> Array:
    import torch

    with torch.inference_mode():
        members, step = begin(settings, start)
        seen = members.decoder[0, 0] if watched == "decoder" else members.embeddings[0, 0]
        bounds = torch.from_numpy(levels).unsqueeze(1)
        above = seen.abs() >= bounds
        steps_above = torch.zeros(above.shape, dtype=torch.int64)
        for taken in range(1, settings.steps + 1):
            steps_above += above
            members.compute_gradients()
            step(taken)
            # Once below is below: Adam may carry a value through 0 and out on the other side.
            above &= seen.abs() >= bounds
            report(taken, settings.steps, progress, stop)
            if taken % PROGRESS_INTERVAL == 0 and not above.any():
                break
        times = (steps_above.double() - 0.5).clamp(min=0) * settings.time_step
        return np.where(above.numpy(), np.nan, times.numpy())
