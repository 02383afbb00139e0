r"""What becomes of two points with one target in the exact linear model, in closed form.

With K = r X D_y^T D_y - dh dh^T, which is conserved, identical targets leave

.. math:: \dot{dh} = -\frac{\eta_y}{2} (K + |dh|^2)\, dh, \qquad
    |dh(t)|^2 = \frac{|v|^2}{1 + \eta_y \int_0^t |v|^2 ds}, \quad v(t) = e^{-\eta_y K t/2}\, dh(0),

a sum over the eigenvectors of K that needs no integration, however stiff the decoder makes the flow.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import exprel

Array = NDArray[np.float64]


def merging_course(time: float, separation: Array, decoder: Array, eta_h: float, eta_y: float, X: float) -> float:
    """Return the squared distance of two representations with identical targets after a time, from any start.

    Parameters
    ----------
    time : float
        Time >= 0, in the unit of 1/eta.
    separation : ndarray, shape (P,)
        Difference dh of the representations at the start.
    decoder : ndarray, shape (m, P)
        D_y at the start.
    eta_h, eta_y : float
        Rates > 0 of encoder and decoder.
    X : float
        Squared distance > 0 of the inputs.

    Examples
    --------
    An aligned decoder that is ahead merges the pair, one across it does nothing.

    >>> ahead, across = np.array([[2.0, 0.0]]), np.array([[0.0, 2.0]])
    >>> [round(merging_course(50, np.array([1.0, 0.0]), decoder, 0.1, 0.1, 1.0), 4) for decoder in (ahead, across)]
    [0.0, 1.0]
    """
    conserved = eta_h / eta_y * X * decoder.T @ decoder - np.outer(separation, separation)
    curvature, axes = np.linalg.eigh(conserved)
    shares, elapsed = np.square(axes.T @ separation), eta_y * time
    # Only one eigenvalue can be negative; what grows with it is taken out of both sums.
    lowest = min(float(curvature[0]), 0.0)
    left = shares @ np.exp(-elapsed * (curvature - lowest))
    falling, rising = np.maximum(curvature, 0), np.minimum(curvature, 0)
    integrals = np.exp(elapsed * (lowest - rising)) * exprel(-elapsed * (falling - rising))
    return float(left / (np.exp(elapsed * lowest) + elapsed * shares @ integrals))
