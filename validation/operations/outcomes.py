"""What became of networks that learned an operation, as arrays in the order in which the networks were given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput
from validation.operations.settings import OperationSettings

Floats = NDArray[np.float64]


class Record(NamedTuple):
    """A network at one moment.

    Attributes
    ----------
    train_loss : float
        Mean loss over the training pairs, without weight decay and penalty.
    train_accuracy, held_out_accuracy : float
        Fractions of right answers; the latter is nan where no pair is held out.
    rqi : float
        Representation quality index; nan for matrices, and where no two samples share a label.
    embeddings : ndarray of float32, shape (p, embedding_dimension)
        The table.
    """

    train_loss: float
    train_accuracy: float
    held_out_accuracy: float
    rqi: float
    embeddings: NDArray[np.float32]


class Course(NamedTuple):
    """One network on its way.

    Attributes
    ----------
    records : list of Record
        One a recorded step, from the start on; fewer where the training ended early.
    reached : ndarray of float, shape (3,)
        Steps after which training pairs, held-out pairs and structure first were where they should be, or nan.
    diverged : bool
        Whether a parameter or the loss is no longer finite.
    steps : int
        How many were taken.
    """

    records: list[Record]
    reached: Floats
    diverged: bool
    steps: int


@dataclass(frozen=True, eq=False)
class OperationOutcomes:
    """Measurements of K networks along their training.

    A network whose training ended early repeats its last record; one with fewer symbols or dimensions than another has
    nan in the rest of its table.

    Attributes
    ----------
    networks : tuple of OperationSettings, length K
        The networks.
    record_steps : ndarray of int, shape (records,)
        Steps after which was measured.
    train_loss, train_accuracy, held_out_accuracy, rqi : ndarray of float, shape (K, records)
        See `Record`.
    embeddings : ndarray of float32, shape (K, records, p, embedding_dimension)
        The tables.
    steps_to_train_threshold, steps_to_test_threshold : ndarray of float, shape (K,)
        Steps, > 0, after which the accuracy on the training pairs, and on the others, first was at least 0.9; measured
        after every step. nan for never, and where no pair is held out.
    steps_to_structure : ndarray of float, shape (K,)
        Steps, > 0, after which the representation quality first was above 0.95, or nan.
    diverged : ndarray of bool, shape (K,)
        Whether a parameter or the loss is no longer finite at the end.
    steps_taken : ndarray of int, shape (K,)
        Fewer than the settings' steps where the training ended early.
    """

    networks: tuple[OperationSettings, ...]
    record_steps: NDArray[np.int64]
    train_loss: Floats
    train_accuracy: Floats
    held_out_accuracy: Floats
    rqi: Floats
    embeddings: NDArray[np.float32]
    steps_to_train_threshold: Floats
    steps_to_test_threshold: Floats
    steps_to_structure: Floats
    diverged: NDArray[np.bool_]
    steps_taken: NDArray[np.int64]


def gather(
    networks: tuple[OperationSettings, ...], record_steps: Sequence[int], courses: Sequence[Course]
) -> OperationOutcomes:
    """Return the courses of networks as arrays."""
    numbers = {
        name: np.array(
            [_prolonged([getattr(record, name) for record in c.records], len(record_steps)) for c in courses]
        )
        for name in ("train_loss", "train_accuracy", "held_out_accuracy", "rqi")
    }
    symbols = max(network.table.p for network in networks)
    dimensions = max(network.embedding_dimension for network in networks)
    embeddings = np.full((len(networks), len(record_steps), symbols, dimensions), np.nan, dtype=np.float32)
    for own, course in zip(embeddings, courses, strict=True):
        tables = [record.embeddings for record in course.records]
        own[:, : tables[0].shape[0], : tables[0].shape[1]] = _prolonged(tables, len(record_steps))
    reached = np.array([course.reached for course in courses])
    return OperationOutcomes(
        networks=networks,
        record_steps=np.array(record_steps, dtype=np.int64),
        **numbers,
        embeddings=embeddings,
        steps_to_train_threshold=reached[:, 0],
        steps_to_test_threshold=reached[:, 1],
        steps_to_structure=reached[:, 2],
        diverged=np.array([course.diverged for course in courses]),
        steps_taken=np.array([course.steps for course in courses], dtype=np.int64),
    )


def _prolonged(values: list[float] | list[NDArray[np.float32]], count: int) -> NDArray[np.float64]:
    """Return values, the last one repeated until there are `count`."""
    return np.array([*values, *[values[-1]] * (count - len(values))])


def require_records(record_steps: Sequence[int] | None, steps: int) -> tuple[int, ...]:
    """Return the steps to record, increasing, the start and the last step among them."""
    from validation.training.records import default_record_steps

    if record_steps is None:
        return (0, *default_record_steps(steps))
    asked = set(record_steps)
    if any(isinstance(step, bool) or not isinstance(step, int | np.integer) for step in asked):
        raise InvalidInput(f"record_steps must be integers; got {record_steps!r}")
    if asked and not 0 <= min(asked) <= max(asked) <= steps:
        raise InvalidInput(f"record_steps must lie between 0 and {steps}; got {min(asked)} ... {max(asked)}")
    return tuple(sorted({int(step) for step in asked} | {0, steps}))
