r"""The exact solution of a swarm with the squared loss whose decoder and embeddings are balanced.

With P = A^T/sqrt(eta_A) and R = X/sqrt(eta_x) (embeddings as columns) the gradient flow conserves P P^T - R R^T. Where
that is a multiple lambda of the identity, always so on a line, Z = [P R] obeys dZ/dt = s Z F - (s^2/2) Z Z^T Z, with
s = sqrt(eta_A eta_x) and a constant matrix F made of the targets and of lambda. Then G = Z^T Z, which holds the
outputs, the scalar products of the embeddings and those of the decoder's rows, solves a matrix Riccati equation:

    dG/dt = s (F G + G F) - s^2 G^2,    G(t) = E Z0^T (1 + s^2 Z0 W Z0^T)^(-1) Z0 E,

with E = exp(s F t) and W the integral of exp(2 s F tau) from 0 to t.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geneft_theory.citation import based_on
from geneft_theory.errors import InvalidInput, require_array
from geneft_theory.repons.swarm.growth import Growth, grown
from geneft_theory.repons.swarm.invariants import parts
from geneft_theory.repons.swarm.losses import Array
from geneft_theory.repons.swarm.state import Swarm, checked_swarm, checked_targets, rate

# P P^T - R R^T must be a multiple of the identity up to so much of the sizes of its two parts.
BALANCED = 1e-10


@dataclass(frozen=True)
class ExactSwarm:
    """The exact solution at some times; `...` stands for the ensemble's shape, T for the number of times.

    Attributes
    ----------
    times : numpy.ndarray, shape (T,)
        The times.
    outputs : numpy.ndarray, shape (..., T, n, p)
        The outputs A x_i + b.
    products : numpy.ndarray, shape (..., T, n, n)
        The scalar products x_i . x_j.
    decoder_products : numpy.ndarray, shape (..., T, p, p)
        The scalar products of the decoder's rows, A A^T.
    embeddings, decoder : numpy.ndarray, shapes (..., T, n, d) and (..., T, p, d)
        A swarm with these products: the true one up to one common rotation of the embedding space at each time, chosen
        closest to the start. For d = 1 there is no freedom, and they are exact.
    """

    times: Array
    outputs: Array
    products: Array
    decoder_products: Array
    embeddings: Array
    decoder: Array

    @property
    def distances(self) -> Array:
        """The distances |x_i - x_j|, shape (..., T, n, n)."""
        difference = self.embeddings[..., :, None, :] - self.embeddings[..., None, :, :]
        result: Array = np.sqrt(np.sum(difference**2, axis=-1))
        return result


@based_on(
    "repons.swarm.riccati",
    "repons.swarm.riccati.solution",
    "repons.swarm.modes",
    methods=("fukumizu1998effect", "braun2022exact", "domine2024lazy"),
)
def exact(
    embeddings: ArrayLike,
    decoder: ArrayLike,
    bias: ArrayLike | None,
    targets: ArrayLike,
    times: ArrayLike,
    eta_decoder: ArrayLike,
    eta_encoder: ArrayLike,
) -> ExactSwarm:
    r"""Return the exact solution of a balanced swarm with the squared loss and a frozen bias, at any times.

    Parameters
    ----------
    embeddings, decoder, bias, targets
        The swarm at t = 0 and its targets, as for `forces`, with numbers up to 1e30 in size. The bias does not train.
    times : array_like, shape (T,)
        Times between 0 and 1e100, in any order.
    eta_decoder, eta_encoder : array_like, shape (...)
        Learning rates, between 1e-30 and 1e30.

    Returns
    -------
    ExactSwarm
        Outputs and scalar products, hence all distances; embeddings and decoder up to a rotation of their space.

    Raises
    ------
    InvalidInput
        If the swarm is not balanced, shapes do not fit, or a value lies outside its domain.

    Notes
    -----
    Balanced means that A^T A/eta_A - sum_i x_i x_i^T/eta_x is a multiple of the identity, here to 1e-10 of the size of
    its parts. A mode of the start that is smaller than rounding, which would grow, is taken to be absent.

    Source: the matrix Riccati solution of Fukumizu (1998), carried on by Braun et al. (2022) and, for lambda != 0, by
    Dominé et al. (2024), derived again for two learning rates; statements `repons.swarm.riccati`,
    `repons.swarm.riccati.solution`, `repons.swarm.modes`.

    Examples
    --------
    On a line every start is balanced.

    >>> solution = exact([[0.3], [0.1], [-0.2]], [[1.0]], None, [[1], [1], [-1]], [0, 1, 1e12], 0.1, 1.0)
    >>> solution.outputs[..., 0].round(4)
    array([[ 0.3   ,  0.1   , -0.2   ],
           [ 0.782 ,  0.7087, -0.7454],
           [ 1.    ,  1.    , -1.    ]])
    """
    times = require_array("times", times, low=0, high=1e100)
    if times.ndim != 1 or not len(times):
        raise InvalidInput(f"times must be one-dimensional and not empty; got shape {times.shape}")
    rates = {"eta_decoder": rate("eta_decoder", eta_decoder), "eta_encoder": rate("eta_encoder", eta_encoder)}
    swarm, leading = checked_swarm(embeddings, decoder, bias, **rates)
    wanted = checked_targets(targets, swarm, "squared")
    first, second = leading["eta_decoder"], leading["eta_encoder"]
    _require_moderate(swarm, wanted, first, second)
    imbalance = _imbalance(swarm, first, second)

    outputs = swarm.decoder.shape[-2]
    roots = np.sqrt(first)[..., None, None], np.sqrt(second)[..., None, None]
    start = np.concatenate([swarm.decoder / roots[0], swarm.embeddings / roots[1]], axis=-2)
    growth = Growth.of(np.swapaxes(wanted - swarm.bias[..., None, :], -1, -2), imbalance, np.sqrt(first * second))
    state = grown(start, growth, times)
    rows = state[..., :outputs, :] * roots[0][..., None, :, :]
    places = state[..., outputs:, :] * roots[1][..., None, :, :]
    return ExactSwarm(
        times=times,
        outputs=places @ np.swapaxes(rows, -1, -2) + swarm.bias[..., None, None, :],
        products=places @ np.swapaxes(places, -1, -2),
        decoder_products=rows @ np.swapaxes(rows, -1, -2),
        embeddings=places,
        decoder=rows,
    )


def _imbalance(swarm: Swarm, eta_decoder: Array, eta_encoder: Array) -> Array:
    """Return lambda, or refuse a swarm that is not balanced."""
    first, second = parts(swarm, eta_decoder, eta_encoder)
    balance = first - second
    dimension = balance.shape[-1]
    value: Array = np.trace(balance, axis1=-2, axis2=-1) / dimension
    size = np.trace(first + second, axis1=-2, axis2=-1)
    rest = np.abs(balance - value[..., None, None] * np.eye(dimension)).max(axis=(-1, -2))
    off = rest > BALANCED * size
    if np.any(off):
        worst = float((rest / np.where(size > 0, size, 1.0)).max())
        raise InvalidInput(
            "embeddings and decoder must be balanced, A^T A/eta_decoder - sum x x^T/eta_encoder a multiple of the "
            f"identity, for an exact solution (use integrate otherwise); got a relative deviation of {worst:.2g}"
        )
    return value


def _require_moderate(swarm: Swarm, targets: Array, eta_decoder: Array, eta_encoder: Array) -> None:
    numbers = {"embeddings": swarm.embeddings, "decoder": swarm.decoder, "bias": swarm.bias, "targets": targets}
    for name, array in numbers.items():
        require_array(name, array, low=-1e30, high=1e30)
    for name, array in {"eta_decoder": eta_decoder, "eta_encoder": eta_encoder}.items():
        require_array(name, array, low=1e-30, high=1e30)
