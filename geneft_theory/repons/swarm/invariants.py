"""What a swarm keeps for all time, whatever its classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geneft_theory.citation import based_on
from geneft_theory.errors import require_choice
from geneft_theory.repons.swarm.losses import LOSSES, Array
from geneft_theory.repons.swarm.state import Swarm, checked_swarm, rate


@dataclass(frozen=True)
class Invariants:
    """The conserved quantities of a swarm.

    Attributes
    ----------
    balance : numpy.ndarray, shape (..., d, d)
        A^T A/eta_A - sum_i x_i x_i^T/eta_x, symmetric: d(d + 1)/2 numbers, conserved for any loss of the outputs.
    decoder_sum : numpy.ndarray, shape (..., d), or None
        The decoder's rows summed over outputs, conserved for the softmax only.
    bias_sum : numpy.ndarray, shape (...), or None
        The bias summed over outputs, conserved for the softmax only.
    """

    balance: Array
    decoder_sum: Array | None = None
    bias_sum: Array | None = None


@based_on("repons.swarm.invariant", "repons.swarm.invariant.softmax")
def invariants(
    embeddings: ArrayLike,
    decoder: ArrayLike,
    bias: ArrayLike | None,
    eta_decoder: ArrayLike,
    eta_encoder: ArrayLike,
    loss: str = "squared",
) -> Invariants:
    r"""Return what the gradient flow of a swarm conserves.

    Parameters
    ----------
    embeddings, decoder, bias
        The swarm, as for `forces`.
    eta_decoder, eta_encoder : array_like, shape (...)
        Learning rates, between 1e-100 and 1e100; that of the bias does not matter.
    loss : str
        "squared" or "logistic".

    Returns
    -------
    Invariants
        The balance of decoder and embeddings; for the softmax also the sums over outputs.

    Raises
    ------
    InvalidInput
        If shapes do not fit or a value lies outside its domain.

    Notes
    -----
    A frozen bias (eta_bias = 0) is conserved besides, as a matter of course. Source: derived here; the balance is the
    law of two-layer linear networks, and for two repons of one class on a line twice the C of Baek, Liu & Tegmark
    (2024), Eq. 11, less the centroid's share. Statements `repons.swarm.invariant`, `repons.swarm.invariant.softmax`.

    Examples
    --------
    >>> kept = invariants([[1.0], [3.0]], [[1.0], [2.0]], [0.5, 0], eta_decoder=1, eta_encoder=2, loss="logistic")
    >>> kept.balance, kept.decoder_sum, float(kept.bias_sum)
    (array([[0.]]), array([3.]), 0.5)
    """
    require_choice("loss", loss, LOSSES)
    rates = {"eta_decoder": rate("eta_decoder", eta_decoder), "eta_encoder": rate("eta_encoder", eta_encoder)}
    swarm, leading = checked_swarm(embeddings, decoder, bias, **rates)
    return conserved(swarm, leading["eta_decoder"], leading["eta_encoder"], loss)


def conserved(swarm: Swarm, eta_decoder: Array, eta_encoder: Array, loss: str) -> Invariants:
    """Return the same for checked input."""
    first, second = parts(swarm, eta_decoder, eta_encoder)
    if loss == "logistic" and swarm.bias.shape[-1] > 1:
        return Invariants(first - second, swarm.decoder.sum(axis=-2), swarm.bias.sum(axis=-1))
    return Invariants(first - second)


def parts(swarm: Swarm, eta_decoder: Array, eta_encoder: Array) -> tuple[Array, Array]:
    """Return A^T A/eta_A and sum_i x_i x_i^T/eta_x."""
    decoder: Array = np.swapaxes(swarm.decoder, -1, -2) @ swarm.decoder / eta_decoder[..., None, None]
    encoder: Array = np.swapaxes(swarm.embeddings, -1, -2) @ swarm.embeddings / eta_encoder[..., None, None]
    return decoder, encoder
