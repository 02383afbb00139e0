"""What is seen of an ensemble at a record: errors, and which states are together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from validation.parity.outcomes import ParityOutcomes
from validation.parity.settings import ParitySettings
from validation.parity.states import agreeing_pairs, is_closed, merged_states, pairs_before, together
from validation.parity.strings import Strings, long_strings

if TYPE_CHECKING:
    from validation.parity.network import Ensemble

VALIDATION_LENGTH = 50
# Pairs of a network whose forecast is kept.
PAIRS_KEPT = 2000
# Two numbers beyond this make no distance.
LARGEST = 1e100


class Observer:
    """Takes the records of an ensemble of K networks of one shape.

    Parameters
    ----------
    networks : sequence of ParitySettings
        The networks.
    trained : ndarray of bool, shape (K, n)
        Their training sets.
    """

    def __init__(self, networks: Sequence[ParitySettings], trained: NDArray[np.bool_]) -> None:
        self._networks, self._trained = tuple(networks), trained
        self._strings = Strings.upto(networks[0].length)
        parity = self._strings.parity
        self._targets = np.eye(2)[parity]
        self._upper = np.triu(np.ones((len(parity), len(parity)), dtype=np.bool_), 1)
        self._agree = (parity[:, None] == parity) & self._upper
        self._apart = np.zeros((len(networks), *self._agree.shape), dtype=np.bool_)
        self._kept = [self._chosen(settings) for settings in networks]
        self._curves: dict[str, list[list[float]]] = {}
        self._start: dict[str, NDArray[Any]] = {}

    def _chosen(self, settings: ParitySettings) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        first, second = agreeing_pairs(self._strings)
        generator = np.random.default_rng(np.random.SeedSequence(settings.sweep_seed, spawn_key=(settings.seed, 2)))
        order = np.sort(generator.permutation(len(first))[:PAIRS_KEPT])
        return first[order], second[order]

    def look(self, ensemble: Ensemble) -> list[NDArray[np.bool_]]:
        """Take a record, and return which states of each network are together."""
        states, outputs = ensemble.tree(self._strings.length)
        validation = self._long_accuracy(ensemble, VALIDATION_LENGTH)
        seen = []
        for k, (own, answers) in enumerate(zip(states, outputs, strict=True)):
            finite = bool((np.abs(own) < LARGEST).all() and (np.abs(answers) < LARGEST).all())
            closer = together(own, self._networks[k].merge_distance) if finite else np.eye(len(own), dtype=np.bool_)
            seen.append(closer)
            row = {
                "train_loss": self._loss(answers, self._trained[k]) if finite else np.nan,
                "validation_accuracy": validation[k],
                "agreeing": int((closer & self._agree).sum()),
                "disagreeing": int((closer & ~self._agree & self._upper).sum()),
                "states": merged_states(closer)[0],
            }
            for name, value in row.items():
                self._curves.setdefault(name, [[] for _ in self._networks])[k].append(value)
        if not self._start:
            self._forecast(states, outputs, seen)
        self._seen, self._outputs = seen, outputs
        return seen

    def note_apart(self, seen: Sequence[NDArray[np.bool_]]) -> None:
        """Remember which pairs were apart at a record that is not the last."""
        for apart, closer in zip(self._apart, seen, strict=True):
            apart |= ~closer

    def outcomes(self, ensemble: Ensemble) -> ParityOutcomes:
        """Return all that was recorded, the last record being the end."""
        curves = {f"{name}_curve": np.array(rows) for name, rows in self._curves.items()}
        merged = [closer & apart & self._upper for closer, apart in zip(self._seen, self._apart, strict=True)]
        accuracies = np.array([self._accuracies(k) for k in range(len(self._networks))])
        labels = [merged_states(closer) for closer in self._seen]
        finite = [bool(np.isfinite(values).all()) for values in self._outputs]
        epochs = np.array([settings.record_epochs for settings in self._networks])
        return ParityOutcomes(
            self._networks,
            epoch=epochs,
            **curves,
            train_loss=curves["train_loss_curve"][:, -1],
            train_accuracy=accuracies[:, 0],
            held_out_accuracy=accuracies[:, 1],
            long_accuracy=self._long_accuracy(ensemble, self._networks[0].long_length),
            states=np.array([count for count, _ in labels]),
            closed=np.array([is_closed(found, self._strings) for _, found in labels]),
            agreeing_mergers=np.array([int((pairs & self._agree).sum()) for pairs in merged]),
            disagreeing_mergers=np.array([int((pairs & ~self._agree).sum()) for pairs in merged]),
            diverged=~np.array(finite),
            **self._start,
            pair_together=np.array([own[pair] for own, pair in zip(self._seen, self._kept, strict=True)]),
        )

    def _forecast(
        self, states: NDArray[np.float64], outputs: NDArray[np.float64], seen: Sequence[NDArray[np.bool_]]
    ) -> None:
        scores = [
            pairs_before(own, answers, trained, self._strings, *pair).score
            for own, answers, trained, pair in zip(states, outputs, self._trained, self._kept, strict=True)
        ]
        apart = [~closer[pair] for closer, pair in zip(seen, self._kept, strict=True)]
        self._start = {"pair_score": np.array(scores), "pair_apart": np.array(apart)}

    def _loss(self, answers: NDArray[np.float64], chosen: NDArray[np.bool_]) -> float:
        return float(np.square(answers - self._targets)[chosen].mean())

    def _accuracies(self, k: int) -> tuple[float, float]:
        right = _right(self._outputs[k], self._strings.parity)
        chosen = self._trained[k]
        return float(right[chosen].mean()), float(right[~chosen].mean()) if not chosen.all() else np.nan

    def _long_accuracy(self, ensemble: Ensemble, length: int) -> NDArray[np.float64]:
        """Return the share of right answers on random strings of a length."""
        strings = np.stack([long_strings(settings, length) for settings in self._networks])
        return np.asarray(_right(ensemble.answers(strings), strings.sum(2) % 2).mean(1))


def _right(answers: NDArray[Any], parity: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which answers, shape (..., 2), are right; those that are no numbers are not."""
    own = np.where(parity == 1, answers[..., 1], answers[..., 0])
    other = np.where(parity == 1, answers[..., 0], answers[..., 1])
    with np.errstate(invalid="ignore"):
        return np.asarray(np.isfinite(own) & (own > other))
