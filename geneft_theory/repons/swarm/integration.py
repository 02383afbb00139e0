"""Ensembles of swarms followed in time, with the conserved quantities held to the tolerance asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.citation import based_on
from geneft_theory.errors import InvalidInput, require_array, require_choice, require_integer, require_number
from geneft_theory.numerics import IntegrationError, MemberStatus
from geneft_theory.repons.swarm.ensemble import Ensemble
from geneft_theory.repons.swarm.losses import LOSSES, Array
from geneft_theory.repons.swarm.state import checked_swarm, checked_targets, rate


@dataclass(frozen=True)
class Trajectory:
    """Swarms over time; `...` stands for the ensemble's shape, T for the number of times.

    Attributes
    ----------
    times : numpy.ndarray, shape (T,)
        The times.
    embeddings : numpy.ndarray, shape (..., T, n, d)
        The repons; nan from where a swarm could not be followed.
    decoder : numpy.ndarray, shape (..., T, p, d)
        The decoder.
    bias : numpy.ndarray, shape (..., T, p)
        The bias.
    drift : numpy.ndarray, shape (...)
        The largest change of a conserved quantity at these times, in units of tr(A^T A)/eta_A + sum_i |x_i|^2/eta_x
        (for the sums over outputs of a softmax, of the sizes of decoder and bias).
    status : integer numpy.ndarray, shape (...)
        A `geneft_theory.numerics.MemberStatus` a swarm.
    tolerance : float
        What the drift was asked to stay below.
    """

    times: Array
    embeddings: Array
    decoder: Array
    bias: Array
    drift: Array
    status: NDArray[np.int8]
    tolerance: float

    @property
    def succeeded(self) -> NDArray[np.bool_]:
        """Which swarms reached the last time with their conserved quantities in place, shape (...)."""
        return np.asarray((self.status <= MemberStatus.STOPPED_BY_EVENT) & (self.drift <= self.tolerance))

    def raise_for_status(self) -> Trajectory:
        """Return itself if every swarm succeeded.

        Raises
        ------
        IntegrationError
            Otherwise, saying how many failed, and which first and why.
        """
        failed = np.argwhere(np.atleast_1d(~self.succeeded))
        if not len(failed):
            return self
        first = tuple(failed[0].tolist()) if self.status.ndim else ()
        status = MemberStatus(int(self.status[first]))
        drifted = f"its conserved quantities drift by {self.drift[first]:.2g}, more than {self.tolerance:g}"
        reason = drifted if status.succeeded else status.meaning
        raise IntegrationError(f"{len(failed)} of {self.status.size} swarms failed; the first, {first}: {reason}")


@based_on("repons.swarm.motion.embeddings", "repons.swarm.invariant", "repons.swarm.invariant.softmax")
def integrate(
    embeddings: ArrayLike,
    decoder: ArrayLike,
    bias: ArrayLike | None,
    targets: ArrayLike,
    times: ArrayLike,
    eta_decoder: ArrayLike,
    eta_encoder: ArrayLike,
    eta_bias: ArrayLike = 0.0,
    loss: str = "squared",
    tolerance: float = 1e-6,
    max_steps: int = 100_000,
) -> Trajectory:
    r"""Follow swarms of repons under the gradient flow of their loss, many thousands at once.

    Parameters
    ----------
    embeddings : array_like, shape (..., n, d)
        The repons at the first time.
    decoder : array_like, shape (..., p, d)
        The decoder there.
    bias : array_like, shape (..., p), or None
        The bias there; None is zero.
    targets : array_like, shape (..., n, p)
        What each repon is to be decoded to, as for `forces`.
    times : array_like, shape (T,)
        Increasing; the first is that of the initial state.
    eta_decoder, eta_encoder : array_like, shape (...)
        Learning rates, between 1e-100 and 1e100.
    eta_bias : array_like, shape (...)
        That of the bias; 0 freezes it.
    loss : str
        "squared" or "logistic", as for `forces`.
    tolerance : float
        Between 1e-11 and 0.01: the conserved quantities may drift by so much of the size of their parts,
        tr(A^T A)/eta_A + sum_i |x_i|^2/eta_x, and no step may be wrong by more than so much of a variable plus so much
        of the root mean square of the initial state.
    max_steps : int
        How many steps a swarm may try, >= 1.

    Returns
    -------
    Trajectory
        Embeddings, decoder and bias at the times. A swarm that fails raises nothing here: see `Trajectory.succeeded`
        and `Trajectory.raise_for_status`.

    Raises
    ------
    InvalidInput
        If shapes do not fit or a value lies outside its domain.

    Notes
    -----
    `geneft_theory.numerics.integrate` does the work. Swarms whose conserved quantities have moved too far at the end
    are followed again with smaller errors a step. Derived here; statement `repons.swarm.motion.embeddings`.

    Examples
    --------
    Four repons of two classes on a line: in the end there are two places.

    >>> embeddings = [[0.3], [0.1], [-0.2], [-0.4]]
    >>> end = integrate(embeddings, [[1.0]], [0.0], [[1], [1], [-1], [-1]], [0, 50], 0.1, 1.0, 0.1)
    >>> end.raise_for_status().embeddings[-1, :, 0].round(2)
    array([ 0.87,  0.87, -0.9 , -0.9 ])
    """
    require_choice("loss", loss, LOSSES)
    tolerance = require_number("tolerance", tolerance, low=1e-11, high=0.01)
    times = require_array("times", times)
    if times.ndim != 1 or len(times) < 2 or np.any(np.diff(times) <= 0):
        raise InvalidInput(f"times must be one-dimensional and increasing, at least two; got shape {times.shape}")
    swarm, rates = checked_swarm(
        embeddings,
        decoder,
        bias,
        eta_decoder=rate("eta_decoder", eta_decoder),
        eta_encoder=rate("eta_encoder", eta_encoder),
        eta_bias=rate("eta_bias", eta_bias, zero=True),
    )
    require_integer("max_steps", max_steps, minimum=1)
    if 0 in swarm.shape:
        raise InvalidInput(f"embeddings must hold at least one swarm; got shape {np.shape(embeddings)}")
    ensemble = Ensemble.of(swarm, rates, checked_targets(targets, swarm, loss), loss)
    states, status, drift = ensemble.follow(times, tolerance, max_steps)
    followed = ensemble.split(states.reshape(*swarm.shape, *states.shape[1:]))
    return Trajectory(
        times=times,
        embeddings=followed.embeddings,
        decoder=followed.decoder,
        bias=followed.bias,
        drift=drift.reshape(swarm.shape),
        status=status.reshape(swarm.shape),
        tolerance=tolerance,
    )
