"""Where the effective loss leads: embeddings at any time in closed form, their end, and when they are good."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from geneft_theory.citation import based_on
from geneft_theory.errors import InvalidInput, require_array, require_number
from geneft_theory.grokking.conventions import Array, chosen
from geneft_theory.grokking.embeddings import checked_embeddings, normalised, training_set_of
from geneft_theory.grokking.modes import Modes, decayed, modes_of
from geneft_theory.grokking.operations import Integers, Operation
from geneft_theory.grokking.representation import DELTA, quality, standardised
from geneft_theory.grokking.training_set import Booleans, TrainingSet

# A search for the first time at which embeddings are good looks at times that grow by this factor, from far below the
# fastest mode's lifetime until even a mode that starts at the rounding of another has settled.
GROWTH = 1.03
EARLIEST, LATEST = 1e-3, 60.0
TIMES_AT_ONCE = 16


@based_on("grokking.trajectory", "grokking.motion", "grokking.invariant")
def trajectory(
    t: ArrayLike,
    embeddings: ArrayLike,
    training_set: TrainingSet | ArrayLike,
    *,
    convention: str = "paper",
    operation: Operation | ArrayLike | None = None,
) -> Array:
    r"""Return normalised embeddings at time t under the gradient flow of the effective loss, in closed form.

    .. math::
        E(t) = \sqrt{Z_0}\, \frac{e^{-H t} E(0)}{\left|e^{-H t} E(0)\right|}, \qquad H = \frac{2 G}{N Z_0}

    Parameters
    ----------
    t : array_like
        Time >= 0: learning rate times steps, for small steps. Broadcasts with the leading axes of the embeddings.
    embeddings : array_like, shape (p,) or (..., p, d)
        Embeddings at the start, one a row. They are centred and brought to the convention's norm first, over all
        dimensions together, unless it takes them as given.
    training_set : TrainingSet or array_like of int, shape (m, 2)
        The pairs that are shown.
    convention : str
        A key of `CONVENTIONS`.
    operation : Operation or array_like of int, optional
        For plain pairs; addition by default.

    Returns
    -------
    ndarray, shape (...) + (p, d), or (...) + (p,) for a plain list of numbers
        The embeddings at time t. Their squared norm stays Z_0, and their sum stays 0 if it was.

    Raises
    ------
    InvalidInput
        When t < 0, embeddings are not finite, all equal or of the wrong shape, the training set is none, or the
        convention is unknown.

    Notes
    -----
    Liu et al. (2022), Eqs. 4-5, whose linear solution (Eq. 9) loses the norm; this one does not. Right for any t:
    tested to 1e12. The ground states are those of exact arithmetic, and a component of the start within p units of
    rounding counts as 0, so that a mode which is not there does not grow out of rounding errors.
    Statements `grokking.trajectory`, `grokking.motion`.

    Examples
    --------
    >>> import numpy as np
    >>> start = [0.0, 1.0, 0.0]
    >>> trajectory([0, 1, 1e12], start, [(0, 2), (1, 1)]).round(4)  # a saddle: it has no slope
    array([[-0.7071,  1.4142, -0.7071],
           [-0.7071,  1.4142, -0.7071],
           [-0.7071,  1.4142, -0.7071]])
    >>> trajectory([0, 1, 1e12], [0.0, 1.0, 0.1], [(0, 2), (1, 1)]).round(4)
    array([[-0.8154,  1.4084, -0.593 ],
           [-1.34  ,  0.2786,  1.0615],
           [-1.2247,  0.    ,  1.2247]])
    """
    t = require_array("t", t, low=0)
    start = _Start.checked(embeddings, training_set, convention, operation)
    try:
        np.broadcast_shapes(t.shape, start.norms.shape)
    except ValueError:
        message = "t and embeddings must have leading axes that broadcast"
        raise InvalidInput(f"{message}; got {t.shape} and {start.norms.shape}") from None
    directions = decayed(start.amplitudes, start.rates, t[..., None, None], each_dimension=False)
    return start.along(directions)


@based_on("grokking.trajectory", "grokking.ground_states", "grokking.stationary")
def final(
    embeddings: ArrayLike,
    training_set: TrainingSet | ArrayLike,
    *,
    convention: str = "paper",
    operation: Operation | ArrayLike | None = None,
) -> Array:
    """Return normalised embeddings after infinite time: what is left is the slowest mode that the start has.

    Parameters
    ----------
    embeddings, training_set, convention, operation
        As in `trajectory`.

    Returns
    -------
    ndarray, shape (..., p, d), or (p,) for a plain list of numbers
        A linear representation if lambda_3 > 0 and the start is not orthogonal to all of these.

    Raises
    ------
    InvalidInput
        As in `trajectory`.

    Notes
    -----
    The limit of Liu et al. (2022), Eqs. 4-5; statements `grokking.trajectory`, `grokking.ground_states`.

    Examples
    --------
    >>> final([0.0, 1.0, 0.1], [(0, 2), (1, 1)]).round(4) + 0.0
    array([-1.2247,  0.    ,  1.2247])
    """
    start = _Start.checked(embeddings, training_set, convention, operation)
    there = np.where(start.amplitudes != 0, start.modes.values[:, None], np.inf)
    slowest = there == there.min(axis=(-2, -1), keepdims=True)
    left = np.where(slowest, start.amplitudes, 0.0)
    return start.along(left / np.sqrt(np.sum(left**2, axis=(-2, -1), keepdims=True)))


@based_on("grokking.effective_loss")
def effective_loss(
    embeddings: ArrayLike,
    training_set: TrainingSet | ArrayLike,
    *,
    convention: str = "paper",
    operation: Operation | ArrayLike | None = None,
) -> Array:
    """Return the effective loss of embeddings: squared defects of a training set's parallelograms over the norm.

    Parameters
    ----------
    embeddings, training_set, convention, operation
        As in `trajectory`. Of the convention it matters whether defects are averaged or summed, and whether embeddings
        are centred; their norm cancels.

    Returns
    -------
    ndarray, shape (...)
        >= 0; 0 exactly on ground states, to rounding.

    Raises
    ------
    InvalidInput
        As in `trajectory`.

    Notes
    -----
    Liu et al. (2022), Eqs. 4-5; statement `grokking.effective_loss`.

    Examples
    --------
    >>> float(effective_loss([1.0, -2.0, 1.0], [(0, 2), (1, 1)]).round(12))
    6.0
    """
    start = _Start.checked(embeddings, training_set, convention, operation)
    squares = start.amplitudes**2
    weighted = np.sum(start.modes.values[:, None] * squares, axis=(-2, -1))
    return np.asarray(weighted / (start.divisor * np.sum(squares, axis=(-2, -1))))


@based_on("grokking.trajectory", "grokking.rqi")
def hitting_time(
    embeddings: ArrayLike,
    training_set: TrainingSet | ArrayLike,
    *,
    quality_above: float = 0.95,
    delta: float = DELTA,
    convention: str = "paper",
    operation: Operation | ArrayLike | None = None,
) -> Array:
    """Return the first time at which the flow brings the representation quality index above a threshold.

    Parameters
    ----------
    embeddings, training_set, convention, operation
        As in `trajectory`.
    quality_above : float
        In [0, 1): what RQI has to exceed.
    delta : float
        Tolerance of a parallelogram, as in `rqi`.

    Returns
    -------
    ndarray, shape (...)
        The time >= 0; infinite where it never comes.

    Raises
    ------
    InvalidInput
        As in `trajectory` and `rqi`.

    Notes
    -----
    Times that grow by 3 % are looked at, from long before the fastest mode has moved until the slowest has settled, and
    the first crossing is then bisected to rounding; an earlier and shorter excursion above the threshold is not seen.
    Liu et al. (2022), Section 3.2, say about 3 t_h; over random starts the median is about 4 t_h.

    Examples
    --------
    >>> import numpy as np
    >>> from geneft_theory.grokking import TrainingSet, addition, grokking_time
    >>> whole = TrainingSet.complete(addition(10))
    >>> starts = np.random.default_rng(0).uniform(-0.5, 0.5, (1000, 10, 1))
    >>> times = hitting_time(starts, whole) / grokking_time(whole)
    >>> float(np.median(times).round(1))
    4.3
    """
    threshold = require_number("quality_above", quality_above, low=0, high=1, open_high=True)
    delta = require_number("delta", delta, low=0)
    start = _Start.checked(embeddings, training_set, convention, operation)
    if start.operation.class_sizes.max() < 2:
        raise InvalidInput(f"operation must have two samples with one label; got {start.operation!r}")
    shapes = standardised(start.embeddings)
    amplitudes = start.modes.amplitudes(shapes).reshape(-1, *shapes.shape[-2:])
    times = _first_above(amplitudes, start.modes, start.operation, delta, threshold)
    # In units in which H is G; a rate is 2 g/(N Z_0).
    return np.asarray(times.reshape(start.norms.shape) * start.divisor * start.norms / 2)


def _first_above(amplitudes: Array, modes: Modes, operation: Operation, delta: float, threshold: float) -> Array:
    """Return the first time at which the flow exp(-G t) of standardised shapes (n, p, d) has RQI above a threshold."""

    def good(which: Integers, t: Array) -> Booleans:
        """Say whether members (n, ...) are good at times that broadcast with them."""
        now = decayed(amplitudes[which], modes.values[:, None], t[..., None, None], each_dimension=True)
        reached = quality(standardised(modes.vectors @ now), operation, delta)
        return np.asarray(reached > threshold)

    found = np.full(len(amplitudes), np.inf)
    before = np.zeros(len(amplitudes))
    waiting: Integers = np.arange(len(amplitudes))
    times = _times(modes.values)
    for start in range(0, len(times), TIMES_AT_ONCE):
        now = times[start : start + TIMES_AT_ONCE]
        above = good(waiting[:, None], now)
        first, hit = above.argmax(axis=1), above.any(axis=1)
        found[waiting[hit]] = now[first[hit]]
        before[waiting[hit]] = times[np.maximum(start + first[hit] - 1, 0)]
        waiting = waiting[~hit]
        if waiting.size == 0:
            break
    crossing: Integers = np.flatnonzero(np.isfinite(found) & (found > 0))
    low, high = before[crossing], found[crossing]
    while np.any(high - low > 4 * np.finfo(float).eps * high):
        middle = (low + high) / 2
        above = good(crossing, middle)
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    found[crossing] = high
    return found


def _times(values: Array) -> Array:
    """Return the times of a search: 0, and a geometric sequence over all differences of eigenvalues."""
    gaps = np.diff(values)
    gaps = gaps[gaps > 0]
    if gaps.size == 0:
        return np.zeros(1)
    first, last = EARLIEST / values[-1], LATEST / gaps.min()
    return np.concatenate([[0.0], np.geomspace(first, last, 2 + int(np.log(last / first) / np.log(GROWTH)))])


@dataclass(frozen=True, eq=False)
class _Start:
    """Normalised embeddings (..., p, d) with their squared norms (...) and the modes of their training set."""

    embeddings: Array
    norms: Array
    modes: Modes
    operation: Operation
    divisor: float
    plain: bool

    @classmethod
    def checked(
        cls,
        embeddings: ArrayLike,
        training_set: TrainingSet | ArrayLike,
        convention: str,
        operation: Operation | ArrayLike | None,
    ) -> _Start:
        """Return them from a caller's arguments, or refuse these."""
        wanted = chosen(convention)
        known = training_set_of(embeddings, training_set, operation)
        brought, norms = normalised(checked_embeddings(embeddings, known.operation), wanted)
        modes = modes_of(known)
        divisor = float(wanted.divisor(np.asarray(float(modes.parallelograms))))
        return cls(brought, norms, modes, known.operation, divisor, np.ndim(embeddings) == 1)

    @cached_property
    def amplitudes(self) -> Array:
        """The components along the modes, (..., p, d)."""
        return self.modes.amplitudes(self.embeddings)

    @property
    def rates(self) -> Array:
        """The eigenvalues of H, (..., p, 1)."""
        return np.asarray(2 * self.modes.values[:, None] / (self.divisor * self.norms[..., None, None]))

    def along(self, directions: Array) -> Array:
        """Return embeddings of the conserved norm, from amplitudes of unit length."""
        whole = np.sqrt(self.norms)[..., None, None] * (self.modes.vectors @ directions)
        return np.asarray(whole[..., 0] if self.plain else whole)
