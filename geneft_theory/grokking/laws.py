"""A law for the critical fraction beyond p = 10: what has to happen before random data force the structure.

Two things are necessary, and little else is. First, *counting*: m samples of h different labels give m - h independent
constraints at most, and p - 2 are needed. That alone would put the threshold at |D| = 2.19 p for large p, where
a = |D| / p solves a + 2 (1 - e^-a) / a = 3. Second, *covering*: no symbol may be left that only appears in samples
whose label is shown once, because no constraint determines it. Uncovered symbols are rare and nearly independent, so
that P(none) = exp(-expected number), as the last isolated vertices decide when a random graph becomes connected. Their
expected number falls like p e^(-2a) (times a slow factor), so that covering takes a = log(p) / 2 and overtakes
counting near p = 20: the critical fraction falls like log(p) / p, and |D|_(1/2) / p grows without limit.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from geneft_theory.citation import based_on
from geneft_theory.errors import InvalidInput, require_integer, require_number
from geneft_theory.grokking.elimination import constraints_of
from geneft_theory.grokking.obstructions import probabilities, require_sums, single_symbols, symbol_pairs
from geneft_theory.grokking.operations import Operation, as_operation

Order = Literal[1, 2]


@based_on("grokking.critical_fraction")
def expected_undetermined_symbols(
    size: float, *, p: int | None = None, operation: Operation | ArrayLike | None = None
) -> float:
    """Return the expected number of symbols that no constraint of a random training set involves; exact.

    Parameters
    ----------
    size : float
        Number of training samples, 0 < size < all; interpolated analytically between whole numbers.
    p, operation
        The number of symbols, or the operation (addition by default; its embeddings must be added).

    Returns
    -------
    float
        In [0, p].

    Raises
    ------
    InvalidInput
        For numbers outside their domain and for operations with matrices.

    Examples
    --------
    >>> round(expected_undetermined_symbols(2, p=3), 6)  # only {(0, 2), (1, 1)} determines anything: 3 * 14 / 15
    2.8
    """
    chosen = as_operation(operation, p)
    return float(probabilities(single_symbols(chosen), _require_size(size, chosen), chosen).sum())


@based_on("grokking.critical_fraction")
def forcing_probability(
    size: float, *, p: int | None = None, operation: Operation | ArrayLike | None = None, order: Order = 1
) -> float:
    """Return approximately the probability that a random training set of a size forces the structure.

    P = Phi((m - E[h] - rank + 1/2) / sd[h]) exp(-expected number of obstructions): counting, in the normal
    approximation for the number h of labels shown, times covering.

    Parameters
    ----------
    size, p, operation
        As in `expected_undetermined_symbols`.
    order : {1, 2}
        1 counts undetermined symbols; 2 also pairs of symbols of which only the sum or the difference is determined,
        which takes p^2 / 2 as long.

    Returns
    -------
    float
        In [0, 1]: an approximation, see `critical_fraction_law` for its error.

    Raises
    ------
    InvalidInput
        For numbers outside their domain and for operations with matrices.

    Examples
    --------
    >>> round(forcing_probability(300, p=60), 3)
    0.997
    """
    chosen = as_operation(operation, p)
    size = _require_size(size, chosen)
    require_integer("order", order, minimum=1, maximum=2)
    obstructions = probabilities(single_symbols(chosen), size, chosen).sum()
    if order == 2:
        difference, total, both = (probabilities(each, size, chosen).sum() for each in symbol_pairs(chosen))
        obstructions += difference + total - 2 * both
    return float(_enough_constraints(size, chosen) * np.exp(-obstructions))


@based_on("grokking.critical_fraction")
def critical_fraction_law(
    p: int | None = None, *, operation: Operation | ArrayLike | None = None, order: Order = 1
) -> float:
    """Return approximately the critical fraction r_c(p), without a parameter and without random numbers.

    It solves `forcing_probability` = 1/2. For addition it lies below the sampled value by 4% at p = 10 and 15, 3% at
    20, 2% at 30 and 40, and 1% at 60, 80 and 100; with `order` 2 by 3% at p = 10 and 15, 2% at 20, 1% at 30 and less
    beyond. At small p `critical_fraction`, which has no error but sampling, is as fast.

    Parameters
    ----------
    p, operation, order
        As in `forcing_probability`; at least 5 symbols.

    Returns
    -------
    float
        In (0, 1): an approximation.

    Raises
    ------
    InvalidInput
        For numbers outside their domain and for operations with matrices.

    Examples
    --------
    >>> print(f"{critical_fraction_law(100):.3f}")
    0.059
    """
    from scipy.optimize import brentq

    chosen = as_operation(operation, p)
    require_sums(chosen)
    if chosen.p < 5:
        raise InvalidInput(f"p must be at least 5, where the law has a crossing; got {chosen.p}")
    total = len(chosen.samples)
    rank = len(constraints_of(chosen).free)
    root = brentq(
        lambda size: forcing_probability(size, operation=chosen, order=order) - 0.5, rank / 2, total - 0.5, xtol=1e-6
    )
    return float(root) / total


@based_on("grokking.critical_fraction.covering")
def asymptotic_critical_fraction(p: int) -> float:
    """Return the large-p limit of the covering law for addition, in closed form up to one root.

    r_c = 2 a / (p + 1), where a > 1 solves p e^(-2a) I(a) = log 2 with I(a) the integral over x in [0, 1] of
    exp(2 (e^(-a x) + e^(-a (1 - x)) - 2 e^(-a))): the symbols near 0 and p - 1, whose labels have few samples, weigh
    most. To leading order a = log(p) / 2. Corrections are of relative order log(p) / p (and counting is left out).

    Parameters
    ----------
    p : int
        The number of symbols, >= 10.

    Returns
    -------
    float
        An approximation.

    Raises
    ------
    InvalidInput
        For p below 10, where the equation no longer describes anything.

    Examples
    --------
    >>> print(f"{asymptotic_critical_fraction(1000):.5f}")
    0.00826
    """
    from scipy.optimize import brentq

    p = require_integer("p", p, minimum=10)
    nodes, weights = np.polynomial.legendre.leggauss(200)
    # The integrand is symmetric and has boundary layers of width 1/a; x = u^2 / 2 resolves them.
    place, weight = ((nodes + 1) / 2) ** 2 / 2, weights * (nodes + 1) / 2

    def excess(a: float) -> float:
        exponent = 2 * (np.exp(-a * place) + np.exp(-a * (1 - place)) - 2 * np.exp(-a))
        return math.log(p) - 2 * a + math.log(float(weight @ np.exp(exponent))) - math.log(math.log(2))

    return 2 * float(brentq(excess, 1e-3, 10 + math.log(p))) / (p + 1)


def _require_size(size: float, operation: Operation) -> float:
    return require_number("size", size, low=0, high=len(operation.samples), open_low=True, open_high=True)


def _enough_constraints(size: float, operation: Operation) -> float:
    """Return the normal approximation to the probability that constraints are as many as the rank of the table."""
    from scipy.special import gammaln, ndtr

    total, sizes = len(operation.samples), operation.class_sizes.astype(np.float64)
    share = size / total
    # A class of k is missed with the exact probability C(s - k, m) / C(s, m), which is 0 for m > s - k.
    room = np.maximum(total - sizes - size, -1) + 1
    with np.errstate(divide="ignore"):
        missed = np.exp(gammaln(total - sizes + 1) + gammaln(total - size + 1) - gammaln(room) - gammaln(total + 1))
    labels = float(np.sum(1 - missed))
    absent = (1 - share) ** sizes
    variance = np.sum(absent * (1 - absent)) - np.sum(sizes * share * absent) ** 2 / (total * share * (1 - share))
    needed = len(constraints_of(operation).free)
    margin = size - labels - needed + 0.5
    return float(ndtr(margin / math.sqrt(max(float(variance), 1e-12))))
