"""What became of trained transformers: names, axes and meanings of the arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from validation.sweeps.variables import Variable
from validation.transformer.settings import TransformerSettings

STEP = "step"
# Of each recorded step; the names without "_curve" are those of `validation.transformer.measuring.Record`.
CURVES = {
    "train_accuracy_curve": Variable((STEP,), long_name="accuracy over the training pairs while training"),
    "held_out_accuracy_curve": Variable((STEP,), long_name="accuracy outside the training set while training"),
    "train_loss_curve": Variable((STEP,), long_name="mean cross-entropy over the training pairs while training"),
    "held_out_loss_curve": Variable((STEP,), long_name="mean cross-entropy outside the training set while training"),
    "effective_dimension_curve": Variable((STEP,), long_name="effective dimension of the embeddings while training"),
    "fourier_concentration_curve": Variable(
        (STEP,), long_name="share of the embeddings' power at their strongest frequencies while training"
    ),
}
VARIABLES: dict[str, Variable] = {
    STEP: Variable((STEP,), "steps", "training steps after which the curves were recorded"),
    **CURVES,
    "steps_to_train_threshold": Variable(units="steps", long_name="steps until the training pairs are learned"),
    "steps_to_test_threshold": Variable(units="steps", long_name="steps until the held-out pairs are right"),
    "effective_dimension_at_train_threshold": Variable(
        long_name="effective dimension of the embeddings when the training pairs are learned"
    ),
    "effective_dimension_at_test_threshold": Variable(
        long_name="effective dimension of the embeddings when the held-out pairs are right"
    ),
    "diverged": Variable(long_name="whether training left the finite numbers"),
    "initial_power": Variable(("frequency",), long_name="share of the embeddings' power by frequency, at the start"),
    "final_power": Variable(("frequency",), long_name="share of the embeddings' power by frequency, at the end"),
    "final_plane": Variable(
        ("symbol", "component"), long_name="places in the plane of the two largest principal components, at the end"
    ),
    "final_plane_share": Variable(("component",), long_name="share of the variance of the plane's components"),
}
"""What a run stores of each transformer: the names of attributes of `TransformerOutcomes`."""


@dataclass(frozen=True, eq=False)
class TransformerOutcomes:
    """Measurements of K transformers of one shape along their training, all without dropout.

    What cannot be measured since a parameter is no longer finite is nan.

    Attributes
    ----------
    networks : tuple of TransformerSettings, length K
        The transformers.
    step : ndarray of int, shape (K, records)
        Steps after which was recorded, 0 first.
    train_accuracy_curve, held_out_accuracy_curve : ndarray of float, shape (K, records)
        Share of right answers on the training pairs and on the others.
    train_loss_curve, held_out_loss_curve : ndarray of float, shape (K, records)
        Mean cross-entropy over them.
    effective_dimension_curve : ndarray of float, shape (K, records)
        That of the symbols' embeddings, see `validation.measure.principal_components`.
    fourier_concentration_curve : ndarray of float, shape (K, records)
        Share of their power at the settings' number of strongest frequencies.
    steps_to_train_threshold, steps_to_test_threshold : ndarray of float, shape (K,)
        First step, of those looked at, with at least the settings' threshold as accuracy; nan where there is none.
    effective_dimension_at_train_threshold, effective_dimension_at_test_threshold : ndarray of float, shape (K,)
        The effective dimension after these steps.
    diverged : ndarray of bool, shape (K,)
        Whether a parameter or a loss is no longer finite.
    initial_power, final_power : ndarray of float, shape (K, modulus // 2)
        Share of the power of the embeddings by frequency, before the first and after the last step.
    final_plane : ndarray of float, shape (K, modulus, 2)
        Places of the symbols in the plane of the two largest principal components, after the last step.
    final_plane_share : ndarray of float, shape (K, 2)
        Share of the variance that these two have.
    """

    networks: tuple[TransformerSettings, ...]
    step: NDArray[np.int64]
    train_accuracy_curve: NDArray[np.float64]
    held_out_accuracy_curve: NDArray[np.float64]
    train_loss_curve: NDArray[np.float64]
    held_out_loss_curve: NDArray[np.float64]
    effective_dimension_curve: NDArray[np.float64]
    fourier_concentration_curve: NDArray[np.float64]
    steps_to_train_threshold: NDArray[np.float64]
    steps_to_test_threshold: NDArray[np.float64]
    effective_dimension_at_train_threshold: NDArray[np.float64]
    effective_dimension_at_test_threshold: NDArray[np.float64]
    diverged: NDArray[np.bool_]
    initial_power: NDArray[np.float64]
    final_power: NDArray[np.float64]
    final_plane: NDArray[np.float64]
    final_plane_share: NDArray[np.float64]

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return all arrays by name, as a run stores them."""
        return {name: np.asarray(getattr(self, name)) for name in VARIABLES}


def join(
    networks: Sequence[TransformerSettings], parts: Sequence[Mapping[str, NDArray[np.generic]]]
) -> TransformerOutcomes:
    """Return the arrays of several trainings, in the order of their networks, as outcomes."""
    joined = {name: np.concatenate([part[name] for part in parts]) for name in VARIABLES}
    return TransformerOutcomes(tuple(networks), **joined)
