"""What is learned: points and their targets, for a network and for its twin."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput
from validation.structure.settings import CLASSES, StructureSettings
from validation.two_points import TwoPointSettings, two_points

Array = NDArray[np.float64]
# Squared distance of the twin's targets, as in the official runs.
TWIN_TARGETS = 0.5
_IMAGES = 5


def points(settings: StructureSettings) -> tuple[Array, Array]:
    """Return inputs (n, d) and targets (n, m) of a network's task.

    Examples
    --------
    >>> inputs, targets = points(StructureSettings(task="xor", gain=0.8, eta=0.02, seed=0))
    >>> inputs.tolist(), targets[:, 0].tolist()
    ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0.0, 1.0, 1.0, 0.0])
    """
    if settings.task == "digits":
        return _digits(settings)
    if settings.task == "identical":
        return two_points(TwoPointSettings(Y=0.0, outputs=settings.outputs, seed=0))
    inputs = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return inputs, np.array([[0.0], [1.0], [1.0], [0.0]])


def twin_points(settings: StructureSettings) -> tuple[Array, Array]:
    """Return inputs (2, d) and targets (2, m) of a network's twin.

    Examples
    --------
    >>> twin_points(StructureSettings(task="xor", gain=0.8, eta=0.02, seed=0))[0].tolist()
    [[-1.0], [0.0]]
    """
    if settings.task == "digits":
        inputs, targets = _digits(settings)
        return inputs[[0, settings.images]], targets[[0, settings.images]]
    outputs = settings.outputs if settings.task == "identical" else 1
    return two_points(TwoPointSettings(Y=TWIN_TARGETS, outputs=outputs, seed=0))


def _digits(settings: StructureSettings) -> tuple[Array, Array]:
    """Return images with brightness in [0, 1], class after class, and their classes, one-hot."""
    images, classes = _all_digits()
    stream = np.random.default_rng(np.random.SeedSequence(settings.sweep_seed, spawn_key=(settings.seed, _IMAGES)))
    chosen = [stream.permutation(np.flatnonzero(classes == k))[: settings.images] for k in range(CLASSES)]
    return images[np.concatenate(chosen)], np.repeat(np.eye(CLASSES), settings.images, axis=0)


@cache
def _all_digits() -> tuple[Array, NDArray[np.int64]]:
    require_digits()
    from sklearn.datasets import load_digits

    data = load_digits()
    return np.asarray(data.data, dtype=np.float64) / 16, np.asarray(data.target, dtype=np.int64)


def require_digits() -> None:
    """Refuse the task "digits" where scikit-learn, which ships the images, is not installed."""
    from importlib.util import find_spec

    if find_spec("sklearn") is None:
        raise InvalidInput("tasks must not name digits without scikit-learn: pip install 'geneft-theory[digits]'")
