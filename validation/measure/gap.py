"""How far a network stays behind the ideal learner: the price of not knowing the kind of relation in advance."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from geneft_theory.errors import InvalidInput, require_array
from geneft_theory.estimate import Estimate
from validation.measure.curves import require_curves, require_fractions


def induction_gap(
    fractions: ArrayLike, accuracies: ArrayLike, ideal: ArrayLike, ideal_error: ArrayLike = 0.0
) -> Estimate:
    """Return the mean accuracy that the network lacks over the measured range of fractions.

    The area between the two curves, by the trapezoidal rule in the fraction p (not in log p), divided by the length of
    the range: a number in accuracy, comparable between grids. Times the length it is the area. Negative where the
    network does better. Not corrected for the grid: neighbouring fractions are joined by straight lines on both sides.

    Parameters
    ----------
    fractions : array_like, shape (fractions,)
        In (0, 1], increasing, at least 2.
    accuracies : array_like, shape (seeds, fractions)
        The network's, in [0, 1], at least 2 seeds.
    ideal : array_like, shape (fractions,)
        The ideal learner's accuracy at the same fractions, in [0, 1].
    ideal_error : array_like, shape (fractions,) or ()
        Its standard errors, >= 0.

    Returns
    -------
    Estimate
        The mean gap. Its standard error combines in quadrature the scatter of the seeds' own gaps (whole curves, since
        the training sets of one seed are nested) and the ideal learner's error; the latter as if its errors at
        different fractions were fully correlated, which no other correlation exceeds.

    Raises
    ------
    InvalidInput
        When the shapes do not fit together or a value lies outside its domain.

    Notes
    -----
    The gap between attainable and attained accuracy is that of Baek, Liu & Tegmark, arXiv:2402.05916, Fig. 3; reducing
    it to one number this way is ours.

    Examples
    --------
    >>> gap = induction_gap([0.1, 0.3, 0.5], [[0.6, 0.8, 0.9], [0.6, 0.9, 0.9]], ideal=[0.9, 1.0, 1.0])
    >>> print(gap)
    0.175 ± 0.025 (2 draws)
    """
    places = require_fractions(fractions, minimum=2)
    curves = require_curves(accuracies, places)
    best = require_array("ideal", ideal, low=0, high=1)
    if best.shape != places.shape:
        raise InvalidInput(f"ideal must have shape {places.shape}, that of fractions; got {best.shape}")
    error = require_array("ideal_error", ideal_error, low=0)
    if error.shape not in ((), places.shape):
        raise InvalidInput(f"ideal_error must have shape {places.shape} or (); got {error.shape}")
    # The trapezoidal rule as weights, so that it acts on values and on errors alike.
    halves = np.diff(places) / (2 * (places[-1] - places[0]))
    weights = np.append(halves, 0) + np.append(0, halves)
    from_seeds = Estimate.from_samples((best - curves) @ weights)
    from_ideal = float(np.broadcast_to(error, places.shape) @ weights)
    return Estimate(from_seeds.value, math.hypot(from_seeds.standard_error, from_ideal), from_seeds.draws)
