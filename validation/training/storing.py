"""What a run keeps of trained networks: names, axes, units and sizes of the stored arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import require_integer
from validation.sweeps.variables import Variable
from validation.training.outcomes import Outcomes
from validation.training.records import default_record_steps

STEP = "step"
SCALARS = {
    "accuracy": Variable(long_name="accuracy over all ordered pairs"),
    "held_out_accuracy": Variable(long_name="accuracy over the pairs outside the training set"),
    "train_accuracy": Variable(long_name="accuracy over the training pairs"),
    "train_loss": Variable(long_name="mean training loss at the end"),
    "held_out_loss": Variable(long_name="mean loss over the pairs outside the training set at the end"),
    "diverged": Variable(long_name="whether training left the finite numbers"),
    "steps_to_train_threshold": Variable(units="steps", long_name="steps until 0.9 of the training pairs are right"),
    "steps_to_test_threshold": Variable(units="steps", long_name="steps until 0.9 of the held-out pairs are right"),
}
"""One number a network, at full precision: the names of properties of `Outcomes`."""
CURVES = {
    "accuracy_curve": Variable((STEP,), long_name="accuracy over all ordered pairs while training"),
    "held_out_accuracy_curve": Variable((STEP,), long_name="accuracy outside the training set while training"),
    "train_accuracy_curve": Variable((STEP,), long_name="accuracy over the training pairs while training"),
    "train_loss_curve": Variable((STEP,), long_name="mean training loss while training"),
    "held_out_loss_curve": Variable((STEP,), long_name="mean loss outside the training set while training"),
}
"""One number a recorded step, in float32: the names of attributes of `Outcomes`."""
STEPS = Variable((STEP,), "steps", "training steps after which the curves were recorded")
EMBEDDINGS = Variable(("symbol", "dimension"), long_name="embeddings after the last step")


@dataclass(frozen=True)
class Kept:
    """Which outcomes of a network a run stores; a value that can be sent to another process.

    The phase is not stored: `validation.load` derives it from the times to threshold, so that the two always agree.

    Parameters
    ----------
    points : int
        The most records a stored curve has, evenly spaced on a logarithmic scale, the first and the last among them;
        0 to store no curves. Times to threshold come from all records, however few are stored.
    embeddings : bool
        Whether the embeddings after the last step are stored.
    further : mapping from name to Variable
        More attributes of `Outcomes` to store, as they are.

    Raises
    ------
    InvalidInput
        When points is not an integer >= 0.

    Examples
    --------
    >>> from validation.networks import NetworkSettings
    >>> from validation.training import train
    >>> kept = Kept(points=3)
    >>> arrays = kept.arrays(train([NetworkSettings(relation="modulo:3", n=6, fraction=0.5, seed=0, steps=100)]))
    >>> arrays["step"].tolist(), arrays["train_loss_curve"].shape, arrays.keys() == kept.variables.keys()
    ([[1, 11, 100]], (1, 3), True)
    """

    points: int = 30
    embeddings: bool = False
    further: Mapping[str, Variable] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_integer("points", self.points, minimum=0)

    @property
    def variables(self) -> dict[str, Variable]:
        """What each stored array is, for `validation.sweeps.run_chunks`."""
        curves = {STEP: STEPS, **CURVES} if self.points else {}
        embeddings = {"embeddings": EMBEDDINGS} if self.embeddings else {}
        return {**SCALARS, **curves, **embeddings, **self.further}

    def arrays(self, outcomes: Outcomes) -> dict[str, NDArray[np.generic]]:
        """Return the arrays to store, by name; the first axis of each is the network."""
        arrays = {name: np.asarray(getattr(outcomes, name)) for name in {**SCALARS, **self.further}}
        if self.points:
            records = thinned(outcomes.record_steps, self.points)
            arrays[STEP] = np.take_along_axis(outcomes.record_steps, records, axis=1).astype(np.int32)
            for name in CURVES:
                with np.errstate(over="ignore"):
                    curve = np.take_along_axis(getattr(outcomes, name), records, axis=1).astype(np.float32)
                arrays[name] = curve
        if self.embeddings:
            arrays["embeddings"] = outcomes.embeddings
        return {name: arrays[name] for name in self.variables}


def thinned(record_steps: NDArray[np.int64], points: int) -> NDArray[np.intp]:
    """Return which records to keep of each network so that their steps are about evenly spaced in their logarithm.

    Parameters
    ----------
    record_steps : ndarray of int, shape (K, records)
        Steps of the records, not decreasing.
    points : int
        The most records to keep, >= 1.

    Returns
    -------
    ndarray of int, shape (K, kept)
        Places along the second axis, not decreasing; a network with fewer records than another repeats its last one.

    Examples
    --------
    >>> thinned(np.array([[1, 2, 3, 10, 20, 30, 100]]), points=3)
    array([[0, 3, 6]])
    """
    different, place = np.unique(record_steps, axis=0, return_inverse=True)
    rows = [_thinned(steps, points) for steps in different]
    longest = max(row.size for row in rows)
    padded = np.stack([np.pad(row, (0, longest - row.size), mode="edge") for row in rows])
    return np.asarray(padded[place.ravel()])


def _thinned(steps: NDArray[np.int64], points: int) -> NDArray[np.intp]:
    last = steps.size - 1
    records = np.unique(steps)
    if points == 1 or records.size == 1:
        return np.array([last])
    if records.size <= points:
        return np.searchsorted(steps, records)
    if records[0] > 1:
        wanted = np.geomspace(records[0], records[-1], points)
    else:
        wanted = np.array(default_record_steps(int(records[-1]), points), dtype=np.float64)
    # The record that is nearest on the logarithmic scale.
    above = np.clip(np.searchsorted(records, wanted), 1, records.size - 1)
    nearer_below = np.log(wanted) - np.log(records[above - 1]) < np.log(records[above]) - np.log(wanted)
    chosen = np.unique(np.concatenate([[0], above - nearer_below, [records.size - 1]]))
    return np.asarray(np.searchsorted(steps, records[chosen]))
