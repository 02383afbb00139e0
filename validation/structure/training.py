"""Training networks and their twins, and setting each pair's distance beside that of two points."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Sequence
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory import alignment
from geneft_theory.errors import InvalidInput, shown
from validation.structure.merging import merging_course
from validation.structure.settings import StructureSettings
from validation.structure.tasks import points, twin_points
from validation.sweeps.variables import Variable
from validation.two_points import Courses, initial_weights, train_deep
from validation.two_points.settings import LEAK

Array = NDArray[np.float64]
PAIR = "pair"
VARIABLES: dict[str, Variable] = {
    "loss": Variable(long_name="half the mean squared error at the end"),
    "twin_loss": Variable(long_name="half the mean squared error of the twin at the end"),
    "ratio": Variable(long_name="eta_h/eta_y of the twin"),
    "identifiable": Variable(long_name="whether the twin's rates are identifiable"),
    "twin_r_squared_h": Variable(long_name="share of the variance of the twin's h over time that the theory explains"),
    "diverged": Variable(long_name="whether a parameter of either is no longer finite"),
    "law": Variable(long_name="h of identical targets at the end by the law of the aligned pair"),
    "exact": Variable(long_name="h of identical targets at the end by the exact linear model"),
    "h_start": Variable((PAIR,), long_name="squared distance of two representations before training"),
    "h_end": Variable((PAIR,), long_name="squared distance of two representations at the end"),
    "predicted": Variable((PAIR,), long_name="squared distance at the end if there were only these two points"),
    "block": Variable((PAIR,), long_name="squared distance at the end by the official formula for classes"),
    "input_distance": Variable((PAIR,), long_name="squared distance of two inputs"),
    "target_distance": Variable((PAIR,), long_name="squared distance of two targets"),
}
"""What a run stores of each network; pairs (i, j) of points with i < j, row by row."""
TWIN_RECORDS = 200
_FILTERS = Lock()
Progress = Callable[[int], None]


def computation(settings: StructureSettings) -> Hashable:
    """Return what networks must share to be trained as one computation.

    Examples
    --------
    >>> first, second = (StructureSettings(task="xor", gain=gain, eta=0.01, seed=0) for gain in (0.8, 1.2))
    >>> computation(first) == computation(second)
    True
    """
    own = ("gain", "twin_gain", "eta", "twin_eta", "seed", "sweep_seed")
    return tuple(value for name, value in settings.to_dict().items() if name not in own)


def train_structures(
    networks: Sequence[StructureSettings],
    *,
    progress: Progress | None = None,
    stopped: Callable[[], bool] | None = None,
) -> dict[str, NDArray[Any]]:
    """Train networks that share a computation, and their twins.

    Parameters
    ----------
    networks : sequence of StructureSettings
        At least one; all agree in what `computation` returns.
    progress : callable, optional
        Called every now and then with the number of network-steps done since the last call; they add up to twice the
        sum of the networks' steps.
    stopped : callable, optional
        Whether to give up; asked often.

    Returns
    -------
    dict of ndarray
        The arrays of `VARIABLES`, one row a network, which depends on nothing but its own settings. Where the twin does
        not show any rates, what rests on them is nan.

    Raises
    ------
    InvalidInput
        When there is no network, or they cannot share a computation.
    validation.sweeps.Interrupted
        When `stopped` says so.

    Examples
    --------
    >>> settings = StructureSettings(task="identical", gain=0.5, eta=0.1, depth=1, layer=0, width=20, steps=300, seed=0)
    >>> outcomes = train_structures([settings])
    >>> outcomes["h_end"].shape, bool(outcomes["loss"][0] < 1e-3)
    ((1, 1), True)
    """
    for network in networks:
        if not isinstance(network, StructureSettings):
            raise InvalidInput(f"networks must be a sequence of StructureSettings; got {shown(network)} in it")
    if len({computation(network) for network in networks}) != 1:
        raise InvalidInput("networks must be at least one, and share task, shapes and steps")
    layer, steps = networks[0].layer, networks[0].steps

    def train(which: str, records: Sequence[int]) -> tuple[Courses, Array, Array]:
        sets = [(points if which == "network" else twin_points)(settings) for settings in networks]
        inputs, targets = (np.stack([each[k] for each in sets]) for k in range(2))
        deep = [getattr(settings, which) for settings in networks]
        told = {"progress": progress, "stopped": stopped}
        return train_deep(deep, inputs, targets, record_steps=records, layers=[layer], **told), inputs, targets  # type: ignore[arg-type]

    twins = train("twin", np.linspace(0, steps, min(TWIN_RECORDS, steps) + 1).round().astype(int).tolist())
    courses = train("network", [0, steps])
    rows = [_measured(settings, k, courses, _estimates(settings, k, *twins)) for k, settings in enumerate(networks)]
    return {name: np.array([row[name] for row in rows]) for name in VARIABLES}


def _estimates(
    settings: StructureSettings, k: int, courses: Courses, inputs: Array, targets: Array
) -> tuple[dict[str, Any], alignment.RateEstimates | None]:
    """Return what a twin shows, and the rates per unit of learning rate."""
    outputs = courses.outputs[k]
    between, wanted = outputs[:, 1] - outputs[:, 0], targets[k, 1] - targets[k, 0]
    y = np.square(between).sum(1)
    seen = {"twin_loss": courses.loss[k, -1], "diverged": bool(courses.diverged[k])}
    try:
        history = alignment.History(
            settings.twin_eta * courses.record_steps,
            courses.distances[k, :, 0, 0, 1],
            y,
            y - between @ wanted,
            X=float(np.square(inputs[k, 1] - inputs[k, 0]).sum()),
            Y=float(np.square(wanted).sum()),
        )
        rates = _quietly_estimated(history)
    except InvalidInput:
        # A network that diverged has no course.
        return seen | {"ratio": np.nan, "identifiable": False, "twin_r_squared_h": np.nan}, None
    found = {"ratio": rates.ratio.value, "identifiable": rates.identifiable, "twin_r_squared_h": rates.r_squared["h"]}
    return seen | found, rates


def _quietly_estimated(history: alignment.History) -> alignment.RateEstimates:
    """Return the rates, without the warning that they are not identifiable: the result says so, too."""
    # Filters belong to the process: two threads that change them would put back each other's.
    with _FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore", alignment.RatesNotIdentifiable)
        return alignment.estimate_rates(history)


def _measured(
    settings: StructureSettings,
    k: int,
    trained: tuple[Courses, Array, Array],
    twin: tuple[dict[str, Any], alignment.RateEstimates | None],
) -> dict[str, Any]:
    """Return all numbers of a network."""
    courses, inputs, targets = trained[0], trained[1][k], trained[2][k]
    first, second = np.triu_indices(len(inputs), 1)
    start, end = (courses.distances[k, place, 0][first, second] for place in (0, -1))
    distances = [np.square(each[first] - each[second]).sum(1) for each in (inputs, courses.outputs[k, 0], targets)]
    seen, rates = twin
    row = seen | {
        "loss": courses.loss[k, -1],
        "diverged": bool(courses.diverged[k]) or seen["diverged"],
        "h_start": start,
        "h_end": end,
        "predicted": np.full(len(start), np.nan),
        "block": np.full(len(start), np.nan),
        "law": np.nan,
        "exact": np.nan,
        "input_distance": distances[0],
        "target_distance": distances[2],
    }
    if settings.task == "digits":
        row["block"] = _by_class(inputs, targets)[first, second]
    if rates is not None:
        row["predicted"] = alignment.final_distance(start, distances[1], rates.ratio.value, distances[0], distances[2])
        if settings.task == "identical":
            row |= _by_merging(settings, rates, float(start[0]), float(distances[1][0]))
    return row


def _by_class(inputs: Array, targets: Array) -> Array:
    """Return the official prediction for classes: the geometric means of distances, averaged over both classes."""
    apart = [np.sqrt(np.square(each[:, None] - each).sum(-1)) for each in (inputs, targets)]
    same = targets @ targets.T
    return np.asarray(same @ (apart[0] * apart[1]) @ same / same.sum(1)[:, None] / same.sum(1))


def _by_merging(settings: StructureSettings, rates: alignment.RateEstimates, h: float, y: float) -> dict[str, float]:
    """Return what becomes of identical targets by the end: by the law of the aligned pair, and in the linear model."""
    eta_h, eta_y = rates.eta_h.value, rates.eta_y.value
    time = settings.eta * settings.steps
    separation, decoder = _linear_start(settings)
    law = alignment.merging_trajectory(time, h, y, eta_h, eta_y)
    return {"law": float(law), "exact": merging_course(time, separation, decoder, eta_h, eta_y, 1.0)}


def _linear_start(settings: StructureSettings) -> tuple[Array, Array]:
    """Return the difference of the last hidden layer's representations at the start, and the matrix that reads them."""
    inputs, targets = points(settings)
    *hidden, read_out = initial_weights(settings.network, inputs.shape[1], targets.shape[1])
    values = inputs
    for weights in hidden:
        reached = values @ weights
        values = np.where(reached > 0, reached, LEAK * reached)
    return values[1] - values[0], read_out.T
