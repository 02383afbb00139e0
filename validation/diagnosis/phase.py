"""Accuracies along a history, and the phase that they amount to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from validation.diagnosis.history import History
from validation.measure.phases import phase_of
from validation.training.outcomes import THRESHOLD

Array = NDArray[np.float64]
UNKNOWN = "unknown"


class Accuracies(NamedTuple):
    """Accuracy over all pairs, the training pairs and the others, (T,) each; None where it is not known."""

    everywhere: Array | None
    train: Array | None
    test: Array | None


def accuracies_of(history: History) -> Accuracies:
    """Return the accuracies that a history gives or lets be computed.

    Examples
    --------
    >>> outputs = np.array([[[-1.0, -1.0], [-1.0, -1.0]], [[1.0, -1.0], [-1.0, 1.0]]])
    >>> seen = {"outputs": outputs, "training": [[1, 1], [0, 0]]}
    >>> known = accuracies_of(
    ...     History(steps=[0, 9], embeddings=np.zeros((2, 2, 1)), relation=[[1, 0], [0, 1]], **seen)
    ... )
    >>> known.train, known.test
    (array([0.5, 1. ]), array([0.5, 1. ]))
    """
    train, test = history.train_accuracy, history.test_accuracy
    if history.outputs is None:
        return Accuracies(None, train, test)
    correct = (history.outputs > history.output_threshold) == history.relation.matrix
    everywhere: Array = correct.mean(axis=(1, 2))
    if history.training is not None:
        mask = history.training
        train = correct[:, mask].mean(axis=1) if mask.any() else train
        test = correct[:, ~mask].mean(axis=1) if not mask.all() else test
    return Accuracies(everywhere, train, test)


def phase_by(steps: Array, accuracies: Accuracies) -> str:
    """Return the phase (Baek, Liu & Tegmark 2024, Table IV), or "unknown" without both accuracies.

    Examples
    --------
    >>> early, late = np.array([0.5, 1.0, 1.0]), np.array([0.5, 0.5, 1.0])
    >>> phase_by(np.array([0.0, 100.0, 5000.0]), Accuracies(None, early, late))
    'grokking'
    """
    if accuracies.train is None or accuracies.test is None:
        return UNKNOWN
    # Counted from 1, since a record before the first step may have learned already; the delay does not change.
    places = [_first(steps + 1, accuracy) for accuracy in (accuracies.train, accuracies.test)]
    return str(phase_of(*places))


def _first(steps: Array, accuracy: Array) -> float:
    above = accuracy > THRESHOLD
    return float(steps[above.argmax()]) if above.any() else float("nan")
