"""The state of two points in the terms of the theory, from what was recorded of a network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, shown
from validation.two_points.courses import Courses
from validation.two_points.settings import TwoPointSettings
from validation.two_points.start import two_points
from validation.two_points.training import Report, Stopped, train_deep

Floats = NDArray[np.float64]


def train_two_points(
    networks: Sequence[TwoPointSettings],
    *,
    record_steps: Sequence[int] | None = None,
    layers: Sequence[int] | None = None,
    progress: Report | None = None,
    stopped: Stopped | None = None,
) -> Courses:
    """Train networks on two points each, those that their settings say.

    Parameters
    ----------
    networks : sequence of TwoPointSettings
        At least one; alike in steps, inputs and outputs.
    record_steps, layers, progress, stopped
        As for `train_deep`.

    Returns
    -------
    Courses
        In the order of `networks`.

    Raises
    ------
    InvalidInput
        When an argument lies outside its domain.

    Examples
    --------
    >>> network = TwoPointSettings(seed=0, depth=2, width=20, eta=0.1, steps=400)
    >>> courses = train_two_points([network], layers=[0])
    >>> h, y, w = pair_states(courses)
    >>> h.shape, bool(abs(y[0, -1] - network.Y) < 1e-3), bool(abs(w[0, -1]) < 1e-3)
    ((1, 101, 1), True, True)
    """
    for settings in networks:
        if not isinstance(settings, TwoPointSettings):
            raise InvalidInput(f"networks must be a sequence of TwoPointSettings; got {shown(settings)} in it")
    if len({(settings.inputs, settings.outputs) for settings in networks}) > 1:
        raise InvalidInput("networks must agree in the numbers of their inputs and outputs")
    points = [two_points(settings) for settings in networks]
    inputs, targets = (np.array([each[k] for each in points]) for k in range(2))
    return train_deep(
        networks,
        inputs,
        targets,
        record_steps=record_steps,
        layers=layers,
        progress=progress,
        stopped=stopped,
    )


def pair_states(courses: Courses) -> tuple[Floats, Floats, Floats]:
    """Return h, y and w of networks that were trained by `train_two_points`.

    Parameters
    ----------
    courses : Courses
        Of K networks at R times and L layers.

    Returns
    -------
    h : ndarray, shape (K, R, L)
        Squared distances of both representations.
    y, w : ndarray, shape (K, R)
        Squared distance of both outputs, and |dy|^2 - dy . dy*.

    Examples
    --------
    >>> from geneft_theory.alignment import History, estimate_rates
    >>> network = TwoPointSettings(seed=0, depth=3, width=50, gain=0.5, eta=0.05, steps=1000)
    >>> courses = train_two_points([network], layers=[1])
    >>> h, y, w = pair_states(courses)
    >>> run = History(network.eta * courses.record_steps, h[0, :, 0], y[0], w[0], X=network.X, Y=network.Y)
    >>> estimate_rates(run).identifiable
    True
    """
    outputs = courses.outputs
    between = outputs[:, :, 1] - outputs[:, :, 0]
    targets = np.array([two_points(each)[1] for each in courses.networks if isinstance(each, TwoPointSettings)])
    wanted = (targets[:, 1] - targets[:, 0])[:, None]
    y = (between**2).sum(2)
    return courses.distances[..., 0, 1], y, y - (between * wanted).sum(2)
