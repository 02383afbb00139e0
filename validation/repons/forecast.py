"""What the theory says of an ensemble: of each member from its own start, and of all from how they are drawn."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, shown
from geneft_theory.estimate import Estimate
from geneft_theory.repons import cluster, pair
from validation.repons.settings import ReponSettings
from validation.repons.starts import Start, draw_start

Array = NDArray[np.float64]

# Not the replicate of any ensemble that is trained: a forecast must not rest on the draws it is held against.
FORECAST_SEED = 2**31 - 1
FLOWS = {"sgd": "gradient_flow", "adam": "sign"}


def forecast(settings: ReponSettings, start: Start) -> NDArray[np.bool_]:
    """Return for each member whether the theory has it collapsed at the horizon, shape (draws,).

    SGD is taken as gradient flow, Adam as the sign flow, in which |a| and |c| shrink at their rates until one of them
    is 0. Both speak of the invariant set; of another start, the decoder and the half-separation are taken alone.

    Raises
    ------
    InvalidInput
        For Adam in more than one dimension or against a cluster, of which the theory says nothing.

    Examples
    --------
    >>> settings = ReponSettings(ratio=1.0, draws=1000)
    >>> int(forecast(settings, draw_start(settings)).sum())
    482
    """
    if settings.optimiser == "adam":
        if settings.outputs > 1 or settings.cluster > 1:
            raise InvalidInput(f"optimiser must be sgd except for a pair of scalars; got adam for {shown(settings)}")
        a, c = _scalars(start)
        moving = np.minimum(settings.horizon, np.abs(a) / settings.eta_decoder)
        return np.asarray(np.abs(c) - settings.eta_encoder * moving < settings.separation)
    if settings.outputs > 1:
        return np.asarray(matrix_separation(settings, start) < settings.separation)
    a, c = _scalars(start)
    _, separation = cluster.trajectory(
        settings.horizon, a, c, settings.eta_decoder, settings.eta_encoder, settings.cluster
    )
    return np.asarray(np.abs(separation) < settings.separation)


def forecast_probability(settings: ReponSettings, *, forever: bool = False, draws: int = 100_000) -> Estimate:
    """Return the probability of collapse at the horizon, or after infinite time, for a start on the invariant set.

    Parameters
    ----------
    settings : ReponSettings
        The ensemble; how many members it has does not matter.
    forever : bool
        Whether to leave horizon and separation out of account.
    draws : int
        Starts over which the exact solution is averaged where there is no formula: at a finite horizon in more than
        one dimension. Elsewhere the probability is exact, with a standard error of 0.

    Examples
    --------
    >>> settings = ReponSettings(ratio=1.0, draws=1)
    >>> print(forecast_probability(settings, forever=True), forecast_probability(settings))
    0.5 (exact) 0.483797 (exact)
    """
    # What the law does not depend on is set aside, so that cases with the same law share one computation of it.
    plain = replace(settings, draws=1, seed=FORECAST_SEED, sweep_seed=0, start="centred", bias="trained", target=0.0)
    return _probability(plain, forever, draws)


@lru_cache(maxsize=4096)
def _probability(settings: ReponSettings, forever: bool, draws: int) -> Estimate:
    scales = (settings.decoder_scale, settings.sigma_c)
    if settings.outputs > 1:
        if not forever:
            sample = replace(settings, draws=draws)
            return Estimate.from_samples(forecast(sample, draw_start(sample)))
        from geneft_theory.repons import matrix

        rates, shape = (settings.eta_decoder, settings.eta_encoder), (settings.dimension, settings.outputs)
        return Estimate(float(matrix.collapse_probability(*rates, *shape, *scales, cluster=settings.cluster)), 0.0, 1)
    limits = {} if forever else {"horizon": settings.horizon, "separation": settings.separation}
    probability = pair.collapse_probability(
        settings.eta_decoder,
        settings.eta_encoder,
        *scales,
        cluster=settings.cluster,
        optimiser=FLOWS[settings.optimiser],
        **limits,
    )
    return Estimate(float(probability), 0.0, 1)


def matrix_separation(settings: ReponSettings, start: Start) -> Array:
    r"""Return |r| at the horizon by the exact solution in d dimensions, shape (draws,).

    With M = A^T A/(2 eta_A) - r r^T/eta_x conserved, dr/dt = -eta_x A^T A r becomes an equation for r alone,

    .. math:: \dot r = -2 \eta_A (\eta_x M r + |r|^2 r),

    whose solution is r = u/phi with the linear du/dt = -2 eta_A eta_x M u and phi^2 = 1 + 4 eta_A int |u|^2 dt. In a
    cluster of N the decoder's rate is multiplied by 2 N/(N + 1), as for a scalar decoder.
    """
    decoder, r = np.moveaxis(start.decoder, -1, 0), np.moveaxis(start.half_separation, -1, 0)
    eta_decoder = settings.eta_decoder * 2 * settings.cluster / (settings.cluster + 1)
    invariant = decoder.mT @ decoder / (2 * eta_decoder) - r[:, :, None] * r[:, None, :] / settings.eta_encoder
    eigenvalues, vectors = np.linalg.eigh(invariant)
    squares = np.squeeze(vectors.mT @ r[:, :, None], -1) ** 2
    exponents = 4 * eta_decoder * settings.eta_encoder * settings.horizon * eigenvalues
    # Everything divided by the largest growth, which may exceed any float64.
    growth = np.maximum(-exponents.min(axis=1, keepdims=True), 0)
    grown = np.exp(-exponents - growth)
    with np.errstate(under="ignore"):
        integrals = settings.horizon * np.where(
            np.abs(exponents) < 1e-8, grown, (np.exp(-growth) - grown) / np.where(exponents == 0, 1, exponents)
        )
        spread = np.exp(-growth[:, 0]) + 4 * eta_decoder * (squares * integrals).sum(axis=1)
        return np.asarray(np.sqrt((squares * grown).sum(axis=1) / spread))


def _scalars(start: Start) -> tuple[Array, Array]:
    return start.decoder[0, 0], start.half_separation[0]
