"""What became of trained networks, as arrays in the order in which the networks were given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import require_number
from validation.networks import NetworkSettings
from validation.training.records import Record

# The accuracy that counts as learned (Baek, Liu & Tegmark, arXiv:2402.05916, Table IV).
THRESHOLD = 0.9


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Measurements of K networks along their training.

    A network with fewer records than another repeats its last one; one with fewer symbols or embedding dimensions
    has nan in the rest of its table.

    Attributes
    ----------
    networks : tuple of NetworkSettings, length K
        The networks.
    record_steps : ndarray of int, shape (K, records)
        Steps after which was measured; the last is the network's number of steps.
    train_accuracy_curve, accuracy_curve, held_out_accuracy_curve : ndarray of float, shape (K, records)
        Fraction of right answers on the training pairs, on all n^2 pairs, and on the pairs not trained on, in [0, 1].
        An output above the threshold is a yes: above 0 for a logit, above 1/2 otherwise. The held-out accuracy is nan
        where every pair is trained on.
    train_loss_curve, held_out_loss_curve : ndarray of float, shape (K, records)
        Mean loss over the training pairs and over the others, without weight decay; may be inf or nan where diverged.
        The latter is nan where every pair is trained on.
    diverged_curve : ndarray of bool, shape (K, records)
        Whether a parameter or the training loss is no longer finite. Its answers then count as wrong where the output
        is not a number.
    embeddings : ndarray of float32, shape (K, n, embedding_dimension)
        Tables after the last step.
    """

    networks: tuple[NetworkSettings, ...]
    record_steps: NDArray[np.int64]
    train_accuracy_curve: NDArray[np.float64]
    accuracy_curve: NDArray[np.float64]
    held_out_accuracy_curve: NDArray[np.float64]
    train_loss_curve: NDArray[np.float64]
    held_out_loss_curve: NDArray[np.float64]
    diverged_curve: NDArray[np.bool_]
    embeddings: NDArray[np.float32]

    @property
    def train_accuracy(self) -> NDArray[np.float64]:
        """Accuracy on the training pairs after the last step, shape (K,)."""
        return self.train_accuracy_curve[:, -1]

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """Accuracy on all n^2 pairs after the last step, shape (K,)."""
        return self.accuracy_curve[:, -1]

    @property
    def held_out_accuracy(self) -> NDArray[np.float64]:
        """Accuracy on the pairs not trained on after the last step, shape (K,); nan where there are none."""
        return self.held_out_accuracy_curve[:, -1]

    @property
    def train_loss(self) -> NDArray[np.float64]:
        """Mean loss over the training pairs after the last step, shape (K,)."""
        return self.train_loss_curve[:, -1]

    @property
    def held_out_loss(self) -> NDArray[np.float64]:
        """Mean loss over the pairs not trained on after the last step, shape (K,); nan where there are none."""
        return self.held_out_loss_curve[:, -1]

    @property
    def diverged(self) -> NDArray[np.bool_]:
        """Whether the network diverged, shape (K,)."""
        return self.diverged_curve[:, -1]

    @property
    def steps_to_train_threshold(self) -> NDArray[np.float64]:
        """First recorded step with a training accuracy above 0.9, shape (K,); nan where there is none."""
        return self.steps_to(self.train_accuracy_curve)

    @property
    def steps_to_test_threshold(self) -> NDArray[np.float64]:
        """First recorded step with a held-out accuracy above 0.9, shape (K,); nan where there is none."""
        return self.steps_to(self.held_out_accuracy_curve)

    def steps_to(self, curve: NDArray[np.float64], threshold: float = THRESHOLD) -> NDArray[np.float64]:
        """Return the first recorded step at which a curve lies above a threshold.

        Parameters
        ----------
        curve : ndarray, shape (K, records)
            One of the curves.
        threshold : float
            In [0, 1].

        Returns
        -------
        ndarray of float, shape (K,)
            Steps on the recorded grid; nan where the curve never gets there.

        Raises
        ------
        InvalidInput
            When the threshold lies outside [0, 1].
        """
        above = curve > require_number("threshold", threshold, low=0, high=1)
        first = np.take_along_axis(self.record_steps, above.argmax(1)[:, None], axis=1)[:, 0]
        return np.where(above.any(1), first, np.nan)


def join(parts: Sequence[Outcomes], positions: Sequence[Sequence[int]]) -> Outcomes:
    """Return the outcomes of several chunks as one; network j of part i goes to position ``positions[i][j]``."""
    order = np.argsort(np.concatenate([np.asarray(own) for own in positions]))
    networks = [network for part in parts for network in part.networks]
    symbols, dimensions = (max(part.embeddings.shape[axis] for part in parts) for axis in (1, 2))
    embeddings = np.full((len(networks), symbols, dimensions), np.nan, dtype=np.float32)
    for part, own in zip(parts, positions, strict=True):
        embeddings[list(own), : part.embeddings.shape[1], : part.embeddings.shape[2]] = part.embeddings
    names = ("record_steps", *(f"{name}_curve" for name in Record._fields))
    curves = {name: _stacked([getattr(part, name) for part in parts])[order] for name in names}
    return Outcomes(networks=tuple(networks[i] for i in order), embeddings=embeddings, **curves)


def _stacked(curves: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return curves of several chunks one below the other, the shorter ones prolonged by their last value."""
    longest = max(curve.shape[1] for curve in curves)
    return np.concatenate([np.pad(curve, ((0, 0), (0, longest - curve.shape[1])), mode="edge") for curve in curves])
