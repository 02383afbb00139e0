"""What became of recurrent networks that learned parity: names, axes and meanings of the arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from validation.parity.settings import ParitySettings
from validation.sweeps.variables import Variable

EPOCH, PAIR = "epoch", "pair"
CURVES = {
    EPOCH: Variable((EPOCH,), "epochs", "epochs after which the curves were recorded"),
    "train_loss_curve": Variable((EPOCH,), long_name="mean squared error over the training set while training"),
    "validation_accuracy_curve": Variable((EPOCH,), long_name="accuracy on random strings of length 50"),
    "agreeing_curve": Variable((EPOCH,), "pairs", "pairs of equal parity whose states are together"),
    "disagreeing_curve": Variable((EPOCH,), "pairs", "pairs of different parity whose states are together"),
    "states_curve": Variable((EPOCH,), "states", "states when those that are together are one"),
}
SCALARS = {
    "train_loss": Variable(long_name="mean squared error over the training set at the end"),
    "train_accuracy": Variable(long_name="accuracy over the training set at the end"),
    "held_out_accuracy": Variable(long_name="accuracy over the strings of the same lengths outside of it"),
    "long_accuracy": Variable(long_name="accuracy on long random strings at the end"),
    "states": Variable((), "states", "states at the end when those that are together are one"),
    "closed": Variable(long_name="whether the states at the end are a finite automaton"),
    "agreeing_mergers": Variable((), "pairs", "pairs of equal parity that were apart and are together at the end"),
    "disagreeing_mergers": Variable(
        (), "pairs", "pairs of different parity that were apart and are together at the end"
    ),
    "diverged": Variable(long_name="whether a parameter is no longer finite"),
}
PAIRS = {
    "pair_score": Variable((PAIR,), long_name="N y/h^2 before training of some pairs of equal parity"),
    "pair_apart": Variable((PAIR,), long_name="whether their states are apart before training"),
    "pair_together": Variable((PAIR,), long_name="whether their states are together at the end"),
}
VARIABLES: dict[str, Variable] = {**SCALARS, **CURVES, **PAIRS}
"""What a run stores of each network: the names of attributes of `ParityOutcomes`."""


@dataclass(frozen=True, eq=False)
class ParityOutcomes:
    """Measurements of K networks along their training.

    Two states are *together* if they are closer than the settings' merge distance, a share of the standard deviation of
    the states of all strings at that time. A pair has *merged* if it was apart at a record and is together at the end.
    Of a network that has diverged nothing is known, which is nan, or no state together with another.

    Attributes
    ----------
    networks : tuple of ParitySettings, length K
        The networks.
    epoch : ndarray of int, shape (K, records)
        Epochs after which was recorded, 0 first.
    train_loss_curve, validation_accuracy_curve : ndarray of float, shape (K, records)
        Error over the training set; accuracy on random strings of length 50.
    agreeing_curve, disagreeing_curve : ndarray of int, shape (K, records)
        Pairs of strings of equal, and of different, parity whose states are together.
    states_curve : ndarray of int, shape (K, records)
        Classes of states, when those that are together are in one.
    train_loss, train_accuracy, held_out_accuracy, long_accuracy : ndarray of float, shape (K,)
        At the end: over the training set, over the other strings (nan where there is none), and on the long ones.
    states : ndarray of int, shape (K,)
        Classes of states at the end.
    closed : ndarray of bool, shape (K,)
        Whether every longest string is in the class of a shorter one: then the classes are an automaton.
    agreeing_mergers, disagreeing_mergers : ndarray of int, shape (K,)
        Pairs that have merged.
    diverged : ndarray of bool, shape (K,)
        Whether a parameter is no longer finite.
    pair_score : ndarray of float, shape (K, pairs)
        N y/h^2 of some pairs of equal parity before training, see `validation.parity.states.Pairs`.
    pair_apart, pair_together : ndarray of bool, shape (K, pairs)
        Whether these pairs are apart before training, and together at the end.
    """

    networks: tuple[ParitySettings, ...]
    epoch: NDArray[np.int64]
    train_loss_curve: NDArray[np.float64]
    validation_accuracy_curve: NDArray[np.float64]
    agreeing_curve: NDArray[np.int64]
    disagreeing_curve: NDArray[np.int64]
    states_curve: NDArray[np.int64]
    train_loss: NDArray[np.float64]
    train_accuracy: NDArray[np.float64]
    held_out_accuracy: NDArray[np.float64]
    long_accuracy: NDArray[np.float64]
    states: NDArray[np.int64]
    closed: NDArray[np.bool_]
    agreeing_mergers: NDArray[np.int64]
    disagreeing_mergers: NDArray[np.int64]
    diverged: NDArray[np.bool_]
    pair_score: NDArray[np.float64]
    pair_apart: NDArray[np.bool_]
    pair_together: NDArray[np.bool_]

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return all arrays by name, as a run stores them."""
        return {name: np.asarray(getattr(self, name)) for name in VARIABLES}


def join(parts: Sequence[ParityOutcomes]) -> ParityOutcomes:
    """Return the outcomes of several trainings as one."""
    networks = tuple(settings for part in parts for settings in part.networks)
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in VARIABLES}
    return ParityOutcomes(networks, **joined)
