"""What a training does besides taking steps: measure, end early, report, and stop when asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from validation.networks import NetworkSettings
from validation.sweeps import Interrupted
from validation.training.outcomes import THRESHOLD, Outcomes
from validation.training.records import Record


@dataclass(frozen=True)
class Course:
    """The course of the training of some networks.

    Attributes
    ----------
    record_steps : tuple of int
        Steps after which to measure; the last ends the training.
    until_learned : bool
        Whether a network's training ends where its phase is decided; see `validation.training.train`.
    report : callable
        Takes the network-steps done since the last call.
    interrupted : callable
        Whether to give up.
    """

    record_steps: tuple[int, ...]
    until_learned: bool
    report: Callable[[int], None]
    interrupted: Callable[[], bool]

    def go_on(self) -> None:
        """Give up if told so."""
        if self.interrupted():
            raise Interrupted("training was interrupted")

    def learned(self, records: Sequence[Record]) -> NDArray[np.bool_]:
        """Return which networks, shape (K,), have been above the threshold on both kinds of pairs, or have diverged."""
        trained, held_out = (
            np.any([getattr(record, name) > THRESHOLD for record in records], axis=0)
            for name in ("train_accuracy", "held_out_accuracy")
        )
        return np.asarray((trained & held_out) | records[-1].diverged)


def outcomes_of(
    networks: tuple[NetworkSettings, ...],
    record_steps: Sequence[int],
    records: Sequence[Record],
    embeddings: NDArray[np.float32],
) -> Outcomes:
    """Return the measurements of K networks, taken after the given steps, as curves."""
    curves = {
        f"{name}_curve": np.stack([getattr(record, name) for record in records], axis=1) for name in Record._fields
    }
    steps = np.tile(np.array(record_steps, dtype=np.int64), (len(networks), 1))
    return Outcomes(networks=networks, record_steps=steps, embeddings=embeddings, **curves)
