"""Logistic regression with Firth's correction, for many data sets at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from geneft_theory.errors import InvalidInput, require_array

Array = NDArray[np.float64]

ROUNDS, HALVINGS = 100, 12
CONVERGED = 1e-8
LARGEST_STEP = 5.0
"""In the linear predictor: what a single step may change it by at any place."""


def fit_firth(design: ArrayLike, successes: ArrayLike, trials: ArrayLike) -> tuple[Array, Array]:
    """Return the coefficients of P(success) = expit(design @ coefficients), and their covariance.

    Maximises the likelihood times the square root of the determinant of its Fisher information (Jeffreys' prior):
    Firth (1993). Plain maximum likelihood has no finite solution where a line separates successes from failures, as it
    often does in a phase diagram; this one always has (Heinze & Schemper, 2002), and there is no strength of a penalty
    to be chosen. It also removes the leading bias of small samples. `geneft cite firth1993bias heinze2002solution`
    prints both.

    Parameters
    ----------
    design : array_like, shape (places, p)
        The covariates of each place, with a column of ones for an intercept.
    successes, trials : array_like, shape (..., places)
        Counts, which may be fractional, 0 <= successes <= trials; the places with trials must span all p directions.

    Returns
    -------
    coefficients : numpy.ndarray, shape (..., p)
        The maximum.
    covariance : numpy.ndarray, shape (..., p, p)
        Inverse of the Fisher information there, which takes all trials as independent.

    Raises
    ------
    InvalidInput
        If shapes or counts do not fit, or the places with trials do not span all directions.

    Examples
    --------
    >>> design = [[1, -1], [1, 0], [1, 1]]
    >>> coefficients, _ = fit_firth(design, [0, 5, 10], [10, 10, 10])
    >>> round(float(coefficients[1]), 3)
    3.554
    """
    x = require_array("design", design)
    n = require_array("trials", trials, low=0)
    y = require_array("successes", successes, low=0)
    if x.ndim != 2 or n.ndim == 0 or n.shape != y.shape or n.shape[-1] != x.shape[0]:
        raise InvalidInput(
            f"successes and trials must have shape (..., {x.shape[0]}), one entry a row of design; "
            f"got {y.shape} and {n.shape}"
        )
    if np.any(y > n):
        raise InvalidInput(f"successes must not exceed trials; got {y[y > n].flat[0]:g} of {n[y > n].flat[0]:g}")
    shape = n.shape[:-1]
    n, y = n.reshape(-1, x.shape[0]), y.reshape(-1, x.shape[0])
    fit = _Fit(x, y, n)
    if not fit.spans().all():
        raise InvalidInput(f"trials must be in places that span the {x.shape[1]} columns of design; they do not")
    beta = fit.maximised()
    covariance = np.asarray(np.linalg.inv(fit.information(beta)), dtype=np.float64)
    return beta.reshape(*shape, x.shape[1]), covariance.reshape(*shape, x.shape[1], x.shape[1])


class _Fit:
    """Penalised likelihoods side by side; coefficients are arrays (data sets, p)."""

    def __init__(self, x: Array, y: Array, n: Array) -> None:
        self.x, self.y, self.n = x, y, n
        # The square of each row, so that all sums over places are products of matrices.
        self.squares = (x[:, :, None] * x[:, None, :]).reshape(len(x), -1)

    def spans(self) -> NDArray[np.bool_]:
        """Say for which rows the places with trials determine all coefficients."""
        ranks = np.linalg.matrix_rank(self._sum_of_squares(np.where(self.n > 0, 1.0, 0.0)))
        return np.asarray(ranks == self.x.shape[1])

    def maximised(self) -> Array:
        """Return the maximum of each row: Fisher scoring with bounded steps, halved until they go uphill."""
        beta = np.zeros((len(self.n), self.x.shape[1]))
        value = self.value(beta)
        for _ in range(ROUNDS):
            step = np.linalg.solve(self.information(beta), self.score(beta)[..., None])[..., 0]
            reach = np.abs(step @ self.x.T).max(axis=1)
            step *= np.minimum(1, LARGEST_STEP / np.maximum(reach, LARGEST_STEP))[:, None]
            if np.all(reach < CONVERGED):
                return beta
            for _ in range(HALVINGS):
                tried = beta + step
                tried_value = self.value(tried)
                worse = tried_value < value - 1e-12 * np.abs(value)
                if not worse.any():
                    break
                step[worse] /= 2
            better = tried_value >= value - 1e-12 * np.abs(value)
            beta = np.where(better[:, None], tried, beta)
            value = np.where(better, tried_value, value)
        return beta

    def _weights(self, linear: Array) -> Array:
        """Return n p (1 - p), without overflow."""
        return np.asarray(self.n * np.exp(-np.logaddexp(0, linear) - np.logaddexp(0, -linear)))

    def _sum_of_squares(self, weights: Array) -> Array:
        width = self.x.shape[1]
        return np.asarray(weights @ self.squares).reshape(-1, width, width)

    def information(self, beta: Array) -> Array:
        """Return the Fisher information, (data sets, p, p)."""
        return self._sum_of_squares(self._weights(beta @ self.x.T))

    def score(self, beta: Array) -> Array:
        """Return the gradient of `value`: as if each place had its leverage's worth of half-successes on top."""
        linear = beta @ self.x.T
        weights = self._weights(linear)
        inverse = np.linalg.inv(self._sum_of_squares(weights))
        leverage = weights * (inverse.reshape(len(beta), -1) @ self.squares.T)
        p = expit(linear)
        return np.asarray((self.y - self.n * p + leverage * (0.5 - p)) @ self.x)

    def value(self, beta: Array) -> Array:
        """Return the log likelihood plus half the log determinant of the information."""
        linear = beta @ self.x.T
        likelihood = (self.y * linear - self.n * np.logaddexp(0, linear)).sum(axis=1)
        return np.asarray(likelihood + 0.5 * np.linalg.slogdet(self.information(beta))[1])
