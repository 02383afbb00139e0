"""The initial weights of a deep network, and the two points that it may learn."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from validation.tasks import random_stream
from validation.two_points.settings import CHANNELS, KERNEL, DeepSettings, TwoPointSettings

Array = NDArray[np.float64]
# Replicates of `random_stream` hold the keys 0 and 1.
_DROPPED = 2
FIRST_INPUT, FIRST_TARGET = -1.0, 0.6


def initial_weights(settings: DeepSettings, inputs: int, outputs: int) -> list[Array]:
    """Return the initial weights of every layer, by Xavier's normal rule.

    Parameters
    ----------
    settings : DeepSettings
        The network.
    inputs, outputs : int
        Coordinates of a point and of a target.

    Returns
    -------
    list of ndarray
        Of linear layers with shape (inputs, outputs), of convolutions (outputs, inputs, taps). Networks that differ in
        nothing but gain have the same weights up to that factor.

    Examples
    --------
    >>> settings = DeepSettings(seed=0, depth=2, width=50)
    >>> [weights.shape for weights in initial_weights(settings, inputs=1, outputs=1)]
    [(1, 50), (50, 50), (50, 1)]
    """
    stream = random_stream("parameters", seed=settings.seed, sweep_seed=settings.sweep_seed)
    made = []
    for shape in weight_shapes(settings, inputs, outputs):
        taps = int(np.prod(shape[2:]))
        deviation = settings.gain * np.sqrt(2 / ((shape[0] + shape[1]) * taps))
        made.append(deviation * stream.standard_normal(shape))
    return made


def weight_shapes(settings: DeepSettings, inputs: int, outputs: int) -> list[tuple[int, ...]]:
    """Return the shapes of all weights, as in `initial_weights`.

    Examples
    --------
    >>> weight_shapes(DeepSettings(seed=0, architecture="convolutional", depth=1), inputs=1, outputs=3)
    [(1, 100), (20, 1, 11), (1, 20, 11), (80, 3)]
    """
    if settings.architecture == "convolutional":
        onto_channels = [(CHANNELS, 1 if k == 0 else CHANNELS, KERNEL) for k in range(settings.depth)]
        onto_one = (1, CHANNELS, KERNEL)
        return [(inputs, settings.width), *onto_channels, onto_one, (settings.lengths[-1], outputs)]
    widths = [inputs, *[settings.width] * settings.depth, outputs]
    return list(itertools.pairwise(widths))


def dropping_stream(settings: DeepSettings) -> np.random.Generator:
    """Return the stream that decides what is dropped, apart from that of the initial weights.

    Examples
    --------
    >>> settings = DeepSettings(seed=4)
    >>> dropping_stream(settings).random() == dropping_stream(settings).random()
    True
    """
    return np.random.default_rng(np.random.SeedSequence(settings.sweep_seed, spawn_key=(settings.seed, _DROPPED)))


def two_points(settings: TwoPointSettings) -> tuple[Array, Array]:
    """Return both points and their targets.

    Parameters
    ----------
    settings : TwoPointSettings
        The network that learns them.

    Returns
    -------
    inputs, targets : ndarray, shapes (2, inputs), (2, outputs)
        One row a point.

    Examples
    --------
    >>> inputs, targets = two_points(TwoPointSettings(seed=0, X=0.25, Y=0.01))
    >>> inputs.round(3).tolist(), targets.round(3).tolist()
    ([[-1.0], [-0.5]], [[0.6], [0.7]])
    """
    apart = np.sqrt(settings.X)
    first = -apart / 2 if settings.centred else FIRST_INPUT
    x = np.array([first, first + apart])
    y = np.array([FIRST_TARGET, FIRST_TARGET + np.sqrt(settings.Y)])
    return _spread(x, settings.inputs), _spread(y, settings.outputs)


def _spread(values: Array, coordinates: int) -> Array:
    return np.asarray(np.repeat(values[:, np.newaxis], coordinates, axis=1) / np.sqrt(coordinates))
