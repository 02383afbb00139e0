"""What is measured of networks in training, and at which steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import require_integer
from validation.networks import NetworkSettings
from validation.tasks import relation_targets, training_pairs


def default_record_steps(steps: int, count: int = 30) -> tuple[int, ...]:
    """Return at most `count` steps between 1 and the last, evenly spaced on a logarithmic scale.

    Parameters
    ----------
    steps : int
        Length of the training, >= 1.
    count : int
        Number of records before equal ones are merged, >= 2.

    Returns
    -------
    tuple of int
        Increasing; the last is `steps`.

    Raises
    ------
    InvalidInput
        When an argument lies outside its domain.

    Examples
    --------
    >>> default_record_steps(1000, 4)
    (1, 10, 100, 1000)
    """
    steps = require_integer("steps", steps, minimum=1)
    count = require_integer("count", count, minimum=2)
    return tuple(int(step) for step in np.unique(np.rint(np.geomspace(1, steps, count))))


def require_record_steps(record_steps: Sequence[int] | None, steps: int) -> tuple[int, ...]:
    """Return the steps to record, increasing and up to the last step, which is always recorded."""
    if record_steps is None:
        return default_record_steps(steps)
    asked = {require_integer("record_steps", step, minimum=1, maximum=steps) for step in record_steps}
    return tuple(sorted(asked | {steps}))


class Record(NamedTuple):
    """Measurements of K networks at one step, each of shape (K,); `Outcomes` says what they mean."""

    train_accuracy: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    held_out_accuracy: NDArray[np.float64]
    train_loss: NDArray[np.float64]
    held_out_loss: NDArray[np.float64]
    diverged: NDArray[np.bool_]

    def of(self, chosen: NDArray[Any]) -> Record:
        """Return the measurements of some networks, given by a mask or by their places."""
        return Record(*(values[chosen] for values in self))


class Recorder:
    """Compares the outputs of the networks of a chunk with their targets."""

    def __init__(self, networks: Sequence[NetworkSettings]) -> None:
        self._settings = networks[0]
        self._targets = np.stack([relation_targets(settings.relation, settings.n) for settings in networks])
        self._pairs = self._settings.n**2
        self._trained = np.zeros((len(networks), self._pairs), dtype=np.bool_)
        for row, settings in zip(self._trained, networks, strict=True):
            row[training_pairs(settings.n, settings.fraction, seed=settings.seed, sweep_seed=settings.sweep_seed)] = (
                True
            )

    def record(self, outputs: NDArray[np.float64], finite: NDArray[np.bool_]) -> Record:
        """Return the measurements, given the outputs on all pairs (K, n^2) and which networks are finite (K,)."""
        threshold = self._settings.output_threshold
        # Written so that an output which is not a number is wrong whatever the target.
        correct = np.where(self._targets, outputs > threshold, outputs <= threshold)
        trained = self._trained.sum(1)
        held_out = self._pairs - trained
        hits, trained_hits = correct.sum(1), (correct & self._trained).sum(1)
        with np.errstate(invalid="ignore", over="ignore"):
            losses = self._losses(outputs)
            loss = np.where(self._trained, losses, 0).sum(1) / trained
            elsewhere = np.where(self._trained, 0, losses).sum(1)
            held_out_loss, held_out_accuracy = (
                np.where(held_out > 0, total / np.maximum(held_out, 1), np.nan)
                for total in (elsewhere, hits - trained_hits)
            )
        return Record(
            train_accuracy=trained_hits / trained,
            accuracy=hits / self._pairs,
            held_out_accuracy=held_out_accuracy,
            train_loss=loss,
            held_out_loss=held_out_loss,
            diverged=~(finite & np.isfinite(loss)),
        )

    def _losses(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        if self._settings.loss == "mean_squared_error":
            return np.square(outputs - self._targets)
        if self._settings.has_decoder:
            return np.logaddexp(0, np.where(self._targets, -outputs, outputs))
        clamped = np.clip(outputs, self._settings.output_clamp, 1 - self._settings.output_clamp)
        return -np.log(np.where(self._targets, clamped, 1 - clamped))
