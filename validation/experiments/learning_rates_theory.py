"""Where the theory puts the boundary of the networks of `geneft run learning-rates`, before any is trained."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.estimate import Estimate
from geneft_theory.relations import parse
from geneft_theory.repons.linearisation import same_class_pairs, stacked_jacobian
from geneft_theory.repons.pair import critical_ratio
from validation.experiments.learning_rates import LearningRatesOptions
from validation.experiments.merging_prediction import PREDICTIONS, initial_decoder_function, initial_pairs
from validation.networks import NetworkSettings, initial_embeddings

if TYPE_CHECKING:
    import xarray as xr

PLACES = {
    "unit widths": "Eq. 12 with sigma_a = sigma_c",
    "initial widths": "Eq. 12 with the widths of the initial networks",
    "merging": "the matrix law at initialisation, half of the pairs",
    "rule of thumb": "the rule of thumb, a ratio of 10",
}
"""What predicts a ratio eta_decoder/eta_encoder on the boundary, by name; none has a fitted parameter."""
RULE_OF_THUMB = 10.0


def theory(options: LearningRatesOptions) -> xr.Dataset:
    """Return the predicted place of the boundary, log10(eta_decoder/eta_encoder), by each of `PLACES`.

    Returns
    -------
    xarray.Dataset
        log_ratio and log_ratio_error over (relation, optimizer, prediction); the error is that of the mean over
        initial networks, 0 where no network enters. nan where the prediction does not apply: a relation without two
        symbols of one class has no pair that could merge. Attribute draws: the number of initial networks.

    Notes
    -----
    Eq. 12 (Baek, Liu & Tegmark, 2024) gives the probability that a pair collapses, not a boundary: here, as for all
    but the rule of thumb, it is put where half of the pairs collapse. For adam and adamw the law of the sign flow
    takes its place.
    """
    import xarray as xr

    relations = [parse(name, options.n).name for name in options.relations]
    shape = (len(relations), len(options.optimizers), len(PLACES))
    value, error = np.full(shape, np.nan), np.full(shape, np.nan)
    for i, relation in enumerate(relations):
        for j, optimizer in enumerate(options.optimizers):
            for k, place in enumerate(_places(relation, optimizer, options)):
                if place is not None:
                    value[i, j, k], error[i, j, k] = place.value, place.standard_error
    dims = ("relation", "optimizer", "prediction")
    return xr.Dataset(
        {
            "log_ratio": (dims, value, {"long_name": "log10(eta_decoder/eta_encoder) on the boundary"}),
            "log_ratio_error": (dims, error, {"long_name": "standard error over initial networks"}),
        },
        {"relation": relations, "optimizer": list(options.optimizers), "prediction": list(PLACES)},
        {"draws": options.seeds},
    )


def _places(relation: str, optimizer: str, options: LearningRatesOptions) -> list[Estimate | None]:
    """Return the predictions in the order of `PLACES`."""
    starts = [
        NetworkSettings(
            relation=relation, n=options.n, fraction=options.fraction, seed=seed, sweep_seed=options.sweep_seed
        )
        for seed in range(options.seeds)
    ]
    flow = "gradient_flow" if optimizer == "sgd" else "sign"
    widths = [initial_widths(start) for start in starts]
    initial = [_logarithm(critical_ratio(0.5, *width, optimiser=flow)) for width in widths]
    merging = None
    if len(same_class_pairs(parse(relation, options.n).matrix)):
        merging = Estimate.from_samples([_half_of_the_pairs(start, optimizer) for start in starts])
    return [
        Estimate(_logarithm(critical_ratio(0.5, optimiser=flow)), 0.0, 1),
        Estimate.from_samples(initial),
        merging,
        Estimate(_logarithm(RULE_OF_THUMB), 0.0, 1),
    ]


def _logarithm(ratio: ArrayLike) -> float:
    # Rounded, so that the tangent of 45 degrees is exactly 1.
    return round(float(np.log10(ratio)), 14) + 0.0


@cache
def initial_widths(settings: NetworkSettings) -> tuple[float, float]:
    """Return sigma_a and sigma_c of an initial network, for the scalar law.

    sigma_a is the root mean square derivative of an output in a component of one of its embeddings, over the
    midpoints of all pairs of symbols and all partners; sigma_c that of a component of the half-separation. The scalar
    law knows a single output; the matrix law, which stacks all of them, is the prediction "merging".

    Examples
    --------
    >>> sigma_a, sigma_c = initial_widths(NetworkSettings(relation="modulo:3", n=9, fraction=0.75, seed=0))
    >>> sigma_a < sigma_c
    True
    """
    table = initial_embeddings(settings).astype(np.float64)
    pairs = np.column_stack(np.triu_indices(settings.n, k=1))
    slopes = stacked_jacobian(table, initial_decoder_function(settings), pairs)
    half = (table[pairs[:, 0]] - table[pairs[:, 1]]) / 2
    return float(np.sqrt(np.mean(slopes**2))), float(np.sqrt(np.mean(half**2)))


def _half_of_the_pairs(settings: NetworkSettings, optimizer: str) -> float:
    """Return log10 of the ratio at which half of a network's same-class pairs are predicted to merge."""
    name = "network gain" if optimizer == "sgd" else "sign flow"
    return _logarithm(np.median(_critical_ratios(settings)[list(PREDICTIONS).index(name)]))


@cache
def _critical_ratios(settings: NetworkSettings) -> NDArray[np.float64]:
    return initial_pairs(settings).critical_ratio
