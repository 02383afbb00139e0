"""What the training sets alone say: how many of the random ones cannot lead to generalization, whatever the network."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from geneft_theory.grokking import Operation, TrainingSets, ideal_accuracy
from validation.experiments.grokking_phases import SPLITS_PLACE, GrokkingPhasesOptions
from validation.operations import parse_operation
from validation.operations.settings import THRESHOLD

if TYPE_CHECKING:
    import xarray as xr

DRAWS = 20_000
SLACK = 1e-9
"""Accuracies are quotients of whole numbers: this is far below their spacing, and far above rounding."""


def theory(options: GrokkingPhasesOptions) -> xr.Dataset:
    """Return the probability that a random training set at the place of the splits is hopeless.

    Returns
    -------
    xarray.Dataset
        `hopeless` and `hopeless_error`: the share of random training sets whose ideal held-out accuracy is below 0.9,
        and its standard error; `hopeless_labels`: the exact probability of the simplest reason, held-out pairs whose
        label is never shown. Attribute draws: how many training sets the first rests on.
    """
    import xarray as xr

    operation, pairs = parse_operation(str(SPLITS_PLACE["operation"])), int(str(SPLITS_PLACE["training_pairs"]))
    sets = TrainingSets.draw(operation, size=pairs, draws=DRAWS, seed=options.sweep_seed)
    share = float(np.mean(np.asarray(ideal_accuracy(sets, held_out=True)) < THRESHOLD - SLACK))
    return xr.Dataset(
        {
            "hopeless": share,
            "hopeless_error": math.sqrt(share * (1 - share) / DRAWS),
            "hopeless_labels": hopeless_by_labels(operation, pairs),
        },
        attrs={"draws": DRAWS},
    )


def hopeless_by_labels(operation: Operation, training_pairs: int, threshold: float = THRESHOLD) -> float:
    """Return the probability that labels which are never shown keep held-out accuracy below a threshold.

    A held-out sample whose label has no sample in the training set cannot be answered. The number of such samples is a
    sum over labels, all of whose samples are held out or not, under the multivariate hypergeometric distribution; its
    distribution is found exactly, label by label.

    Parameters
    ----------
    operation : Operation
        What is learned.
    training_pairs : int
        Size of the training set.
    threshold : float
        The accuracy that counts as learned.

    Examples
    --------
    >>> from geneft_theory.grokking import addition
    >>> round(hopeless_by_labels(addition(10), 45), 6)
    0.27034
    """
    sizes = operation.class_sizes.tolist()
    held_out = sum(sizes) - training_pairs
    # How many choices of held-out samples so far hold out `out` samples, `lost` of which nobody can answer.
    ways = {(0, 0): 1}
    for size in sizes:
        longer: dict[tuple[int, int], int] = {}
        for (out, lost), count in ways.items():
            for chosen in range(min(size, held_out - out) + 1):
                key = out + chosen, lost + (size if chosen == size else 0)
                longer[key] = longer.get(key, 0) + count * math.comb(size, chosen)
        ways = longer
    most = held_out * (1 - threshold) + SLACK
    hopeless = sum(count for (out, lost), count in ways.items() if out == held_out and lost > most)
    return float(Fraction(hopeless, math.comb(sum(sizes), held_out)))
