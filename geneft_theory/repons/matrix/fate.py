"""What a pair of repons in d dimensions keeps, and what becomes of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.citation import based_on
from geneft_theory.errors import InvalidInput, require_broadcast
from geneft_theory.repons.matrix.modes import LARGEST, checked, matrix, modes, overstretch, remaining


@based_on("repons.matrix.invariant", "repons.matrix.cluster")
def invariant(
    decoder: ArrayLike, separation: ArrayLike, eta_decoder: ArrayLike, eta_encoder: ArrayLike, cluster: ArrayLike = 1
) -> NDArray[np.float64]:
    r"""Return the conserved matrix M = A^T A/(2 eta_A) - r r^T/eta_x of a pair.

    Parameters
    ----------
    decoder : array_like, shape (..., p, d)
        The decoder's matrix A (or its Jacobian, where it is not linear).
    separation : array_like, shape (..., d)
        Half the distance vector of the two embeddings, r = (x1 - x2)/2.
    eta_decoder, eta_encoder : array_like, shape (...)
        Learning rates, between 1e-100 and 1e100.
    cluster : array_like, shape (...)
        Number N >= 1 of coincident partners; 1 is the pair. All leading axes broadcast.

    Returns
    -------
    numpy.ndarray, shape (..., d, d)
        M, symmetric.

    Raises
    ------
    InvalidInput
        If a shape does not fit, an entry exceeds 1e100 in size, a rate lies outside its domain, or the cluster is not
        an integer >= 1.

    Notes
    -----
    For d = p = 1 it is the C of Baek, Liu & Tegmark (2024), Eq. 11. Derived here; statement `repons.matrix.invariant`.

    Examples
    --------
    >>> invariant([[1, 0], [0, 2]], [1, 1], eta_decoder=0.5, eta_encoder=1)
    array([[ 0., -1.],
           [-1.,  3.]])
    """
    pair = checked(decoder, separation, eta_decoder, eta_encoder, cluster)
    square = np.swapaxes(pair.decoder, -1, -2) @ pair.decoder
    outer = pair.separation[..., :, None] * pair.separation[..., None, :]
    conserved: NDArray[np.float64] = (
        square / (2 * pair.eta_decoder[..., None, None]) - outer / pair.eta_encoder[..., None, None]
    )
    return conserved


@based_on("repons.matrix.collapse", "repons.matrix.collapse.criterion", "repons.matrix.cluster")
def margin(
    decoder: ArrayLike, separation: ArrayLike, eta_decoder: ArrayLike, eta_encoder: ArrayLike, cluster: ArrayLike = 1
) -> NDArray[np.float64]:
    r"""Return how far a pair is on the side of collapse: log[(eta_x/(2 eta_A)) / (r^T (A^T A)^+ r)].

    Positive where it collapses, negative where it does not; ln 2 away from the boundary means that a change of either
    learning rate by a factor of two leads there.

    Parameters
    ----------
    decoder, separation, eta_decoder, eta_encoder, cluster
        As for `invariant`.

    Returns
    -------
    numpy.ndarray, shape (...)
        The margin: -inf where A cannot reach r (r is not in the range of A^T: no ratio of rates helps), +inf where
        r = 0.

    Raises
    ------
    InvalidInput
        As for `invariant`.

    Notes
    -----
    The range is decided up to rounding: singular values below 4 max(p, d) eps of the largest count as zero. Source:
    derived here; statement `repons.matrix.collapse.criterion`.

    Examples
    --------
    >>> margin([[1]], [[0.4], [0.65], [1]], 0.1, 0.1).round(3)
    array([ 1.139,  0.168, -0.693])
    >>> margin([[1, 1]], [[0.1, 0.1], [0.1, 0.0]], 0.1, 0.1).round(3)
    array([3.912,  -inf])
    """
    stretch = overstretch(modes(checked(decoder, separation, eta_decoder, eta_encoder, cluster)))
    with np.errstate(divide="ignore"):
        result: NDArray[np.float64] = -2 * np.log(stretch)
    return result


@based_on("repons.matrix.collapse", "repons.matrix.collapse.criterion", "repons.matrix.cluster")
def collapses(
    decoder: ArrayLike, separation: ArrayLike, eta_decoder: ArrayLike, eta_encoder: ArrayLike, cluster: ArrayLike = 1
) -> NDArray[np.bool_]:
    r"""Return whether a pair collapses, r -> 0, which it does if and only if M >= 0.

    Parameters
    ----------
    decoder, separation, eta_decoder, eta_encoder, cluster
        As for `invariant`.

    Returns
    -------
    numpy.ndarray of bool, shape (...)
        True where `margin` >= 0. A tie, margin = 0, collapses, too, but only as t^(-1/2); a margin of rounding size
        may fall on either side. A pair that has collapsed already, r = 0, counts as collapsing.

    Raises
    ------
    InvalidInput
        As for `invariant`.

    Notes
    -----
    Decided by r^T (A^T A)^+ r <= eta_x/(2 eta_A) with r in the range of A^T, not by the sign of an eigenvalue, which
    has rounding size whenever A has fewer outputs than dimensions. Source: derived here; statement
    `repons.matrix.collapse`; for d = p = 1 Baek, Liu & Tegmark (2024), Theorem 2.

    Examples
    --------
    >>> collapses([[1]], [[0.4], [0.65], [1]], 0.1, 0.1)
    array([ True,  True, False])
    """
    result: NDArray[np.bool_] = overstretch(modes(checked(decoder, separation, eta_decoder, eta_encoder, cluster))) <= 1
    return result


@based_on("repons.matrix.final_separation", "repons.matrix.final_separation.secular", "repons.matrix.cluster")
def final_separation(
    decoder: ArrayLike, separation: ArrayLike, eta_decoder: ArrayLike, eta_encoder: ArrayLike, cluster: ArrayLike = 1
) -> NDArray[np.float64]:
    r"""Return the half-separation |r| that is left in the end: sqrt(eta_x |lambda_min(M)|), or 0 after a collapse.

    Parameters
    ----------
    decoder, separation, eta_decoder, eta_encoder, cluster
        As for `invariant`.

    Returns
    -------
    numpy.ndarray, shape (...)
        Between 0 and |r|; the two embeddings are twice as far apart.

    Raises
    ------
    InvalidInput
        As for `invariant`.

    Notes
    -----
    Computed from the secular equation of `repons.matrix.final_separation.secular`, accurate relative to itself also
    where it is small. Source: derived here; statement `repons.matrix.final_separation`.

    Examples
    --------
    >>> final_separation([[0.4]], [[0.1], [1]], 0.1, 0.1).round(6)
    array([0.      , 0.959166])
    """
    along = modes(checked(decoder, separation, eta_decoder, eta_encoder, cluster))
    return along.length * np.sqrt(remaining(along))


@based_on("repons.matrix.final_separation", "repons.matrix.final_separation.secular", "repons.matrix.cluster")
def final_vector(
    decoder: ArrayLike, separation: ArrayLike, eta_decoder: ArrayLike, eta_encoder: ArrayLike, cluster: ArrayLike = 1
) -> NDArray[np.float64]:
    r"""Return the separation vector r that is left in the end, with its direction; zero after a collapse.

    Parameters
    ----------
    decoder, separation, eta_decoder, eta_encoder, cluster
        As for `invariant`.

    Returns
    -------
    numpy.ndarray, shape (..., d)
        An eigenvector of M for its negative eigenvalue, of length `final_separation`, on the side of the initial r:
        its product with r never vanishes on the way.

    Raises
    ------
    InvalidInput
        As for `invariant`.

    Notes
    -----
    Along the decoder's singular vectors it is proportional to (v_i . r)/(s_i^2 eta_x/(2 eta_A) + c^2), c its length.
    Source: derived here; statement `repons.matrix.final_separation`.

    Examples
    --------
    >>> final_vector([[1, 0]], [0.3, 0.4], 0.1, 0.1).round(3)
    array([0.085, 0.421])
    """
    along = modes(checked(decoder, separation, eta_decoder, eta_encoder, cluster))
    square = remaining(along)[..., None]
    denominator = np.minimum(along.stiffness, LARGEST) ** 2 + square
    with np.errstate(under="ignore"):
        ray = np.where(square > 0, along.share / np.where(denominator > 0, denominator, np.inf), 0.0)
    vector = np.einsum("...i,...id->...d", ray, along.directions)
    size = np.sqrt(np.sum(vector**2, axis=-1))
    scale = along.length * np.sqrt(square[..., 0]) / np.where(size > 0, size, 1.0)
    result: NDArray[np.float64] = scale[..., None] * vector
    return result


@based_on("repons.matrix.semidefinite_hessian")
def trained_part(decoder: ArrayLike, hessian: ArrayLike) -> NDArray[np.float64]:
    r"""Return the part of a decoder that trains when the loss does not curve in every output direction.

    Parameters
    ----------
    decoder : array_like, shape (..., p, d)
        The decoder's matrix A.
    hessian : array_like, shape (..., p, p)
        Second derivatives H of the loss by the outputs, symmetric and positive semidefinite, constant in time.

    Returns
    -------
    numpy.ndarray, shape (..., p, d)
        A projected onto the range of H. The other part stays as it is, and pulls at no repon.

    Raises
    ------
    InvalidInput
        If shapes do not fit, or H is not symmetric and positive semidefinite up to rounding.

    Notes
    -----
    Eigenvalues below 4 p eps of the largest count as zero. For the softmax, H has the kernel (1, ..., 1), and the
    trained part has its column means removed. Source: derived here; statement `repons.matrix.semidefinite_hessian`.

    Examples
    --------
    >>> trained_part([[1, 2], [3, 2]], [[1, -1], [-1, 1]])
    array([[-1.,  0.],
           [ 1.,  0.]])
    """
    decoder, hessian = matrix("decoder", decoder, "p d"), matrix("hessian", hessian, "p p")
    if hessian.shape[-1] != hessian.shape[-2] or hessian.shape[-1] != decoder.shape[-2]:
        raise InvalidInput(f"hessian must have shape (..., p, p) for a decoder (..., p, d); got {hessian.shape}")
    require_broadcast({"decoder[..., 0, 0]": decoder[..., 0, 0], "hessian[..., 0, 0]": hessian[..., 0, 0]})
    smallest = 4 * hessian.shape[-1] * np.finfo(float).eps * np.max(np.abs(hessian), axis=(-1, -2))[..., None]
    symmetric = np.abs(hessian - np.swapaxes(hessian, -1, -2)) <= smallest[..., None]
    values, vectors = np.linalg.eigh(hessian)
    if not np.all(symmetric) or np.any(values < -smallest):
        raise InvalidInput("hessian must be symmetric and positive semidefinite; got one that is not")
    curved = vectors * (values > smallest)[..., None, :]
    part: NDArray[np.float64] = curved @ (np.swapaxes(curved, -1, -2) @ decoder)
    # 0.0 rather than -0.0 where nothing is left.
    return part + 0.0
