"""How much random data forces a structured representation: the fraction at which lambda_3 > 0 is an even bet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geneft_theory.citation import based_on
from geneft_theory.errors import require_choice, require_integer, require_number
from geneft_theory.estimate import Estimate
from geneft_theory.grokking.angles import angular_sizes
from geneft_theory.grokking.elimination import BLOCK_NUMBERS, SolutionSpaces, constraints_of
from geneft_theory.grokking.operations import Integers, Operation, as_operation
from geneft_theory.grokking.training_set import random_orders

Values = Literal["reals", "angles"]


@dataclass(frozen=True)
class CriticalFraction(Estimate):
    """An `Estimate` of the critical fraction whose interval makes no assumption on the distribution.

    Parameters
    ----------
    value, standard_error, draws
        As in `Estimate`: the fraction of all samples at which P(structure is forced) = 1/2.
    forcing_sizes : ndarray of int, shape (draws,)
        For each random order of the samples, how many of them it takes; sorted.
    samples : int
        The number of all samples.

    Examples
    --------
    >>> found = critical_fraction(10, draws=2000, seed=0)
    >>> low, high = found.interval(0.95)
    >>> low < found.value < high, high - low < 0.01
    (True, True)
    """

    forcing_sizes: Integers = field(repr=False, compare=False)
    samples: int

    def probability(self, size: ArrayLike) -> NDArray[np.float64]:
        """Return the share of draws whose first `size` samples force the structure; linear between whole sizes."""
        return np.interp(np.asarray(size, dtype=np.float64), *_distribution(self.forcing_sizes, self.samples))

    def size_at(self, probability: float) -> float:
        """Return the training-set size, interpolated between whole numbers, that forces it with this probability."""
        probability = require_number("probability", probability, low=0, high=1)
        return _crossing(self.forcing_sizes, self.samples, probability)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the fractions whose interpolated share of draws a binomial test of 1/2 does not reject."""
        level = require_number("level", level, low=0, high=1, open_low=True, open_high=True)
        shares = _shares_around_half(self.draws, level)
        low, high = (_crossing(self.forcing_sizes, self.samples, share) for share in shares)
        return low / self.samples, high / self.samples


@based_on("grokking.critical_fraction", "grokking.ground_states")
def critical_fraction(
    p: int | None = None,
    draws: int = 10_000,
    seed: int = 0,
    *,
    operation: Operation | ArrayLike | None = None,
    values: Values = "reals",
) -> CriticalFraction:
    """Return the fraction of random data at which P(the structure is forced) = 1/2.

    The structure is forced when the training set leaves no more solutions than the complete table does: for addition
    nullity 2, that is lambda_3 > 0. Each draw is a random order of all samples; how many of them it takes is found
    exactly, so that one draw serves every size. Between whole sizes the probability is interpolated.

    Parameters
    ----------
    p : int, optional
        The number of symbols, >= 2; may be left out where there is an operation.
    draws : int
        Random orders, >= 1.
    seed : int
        Seed of the orders.
    operation : Operation or array_like of int, shape (p, p), optional
        Any table, commutative or not; addition by default. With a representation by matrices the criterion is local:
        no other solution lies near the representation, up to the symmetries of the complete table.
    values : {"reals", "angles"}
        What an embedding is. Modular addition has no structured real solution (all symbols collapse), but p structured
        ones in angles: there the whole lattice of constraints must be generated, not only its rank.

    Returns
    -------
    CriticalFraction
        An `Estimate` with a distribution-free interval.

    Raises
    ------
    InvalidInput
        For p < 2, a table that is not square, and numbers outside their domain.

    Notes
    -----
    Liu et al. (2022) show p = 10, "about 0.4". It is not universal: see `critical_fraction_law`.

    Examples
    --------
    >>> print(critical_fraction(10, draws=4000, seed=1))
    0.4086 ± 0.0011 (4000 draws)
    """
    chosen = as_operation(operation, p)
    draws = require_integer("draws", draws, minimum=1)
    generator = np.random.default_rng(require_integer("seed", seed, minimum=0))
    require_choice("values", values, ("reals", "angles"))
    sizes = np.sort(forcing_sizes(chosen, draws, generator, values))
    total = len(chosen.samples)
    # Half the width of the distribution-free interval of one standard error.
    low, high = (_crossing(sizes, total, share) for share in _shares_around_half(draws, 0.6826894921))
    return CriticalFraction(_crossing(sizes, total, 0.5) / total, (high - low) / (2 * total), draws, sizes, total)


def forcing_sizes(
    operation: Operation, draws: int, generator: np.random.Generator, values: Values = "reals"
) -> Integers:
    """Return, for each of `draws` random orders of all samples, how many it takes to force the structure."""
    total = len(operation.samples)
    size = max(1, BLOCK_NUMBERS // max(operation.unknowns**2, total))
    found = []
    for start in range(0, draws, size):
        orders = random_orders(total, min(size, draws - start), generator)
        found.append(angular_sizes(orders, operation) if values == "angles" else _real_sizes(orders, operation))
    return np.concatenate(found)


def _real_sizes(orders: Integers, operation: Operation) -> Integers:
    primes = constraints_of(operation).primes
    least: Integers = np.min([sizes_modulo(orders, operation, prime) for prime in primes], axis=0)
    return least


def sizes_modulo(orders: Integers, operation: Operation, prime: int) -> Integers:
    """Return how many samples of each order, (n, s), bring the solution space modulo a prime down to its symmetries."""
    spaces = SolutionSpaces(constraints_of(operation), prime, len(orders))
    sizes = np.full(len(orders), orders.shape[1], dtype=np.int64)
    first = np.full((len(orders), len(operation.class_sizes)), -1, dtype=np.int64)
    active = np.arange(len(orders))
    sizes[spaces.dimension == 0] = 0
    for step in range(orders.shape[1]):
        open_systems = spaces.dimension > 0
        if 2 * np.count_nonzero(open_systems) < len(active):
            spaces.keep(open_systems)
            active, first, orders = active[open_systems], first[open_systems], orders[open_systems]
        systems = np.flatnonzero(spaces.dimension > 0)
        if not systems.size:
            break
        samples = orders[systems, step]
        classes = operation.classes[samples]
        references = first[systems, classes]
        new = references < 0
        first[systems[new], classes[new]] = samples[new]
        systems, samples, references = systems[~new], samples[~new], references[~new]
        spaces.impose(systems, samples, references)
        sizes[active[systems[spaces.dimension[systems] == 0]]] = step + 1
    return sizes


def _shares_around_half(draws: int, level: float) -> tuple[float, float]:
    """Return the central interval, at a level, of the share of heads among fair coins."""
    from scipy.stats import binom

    fewest, most = (float(binom.ppf(share, draws, 0.5)) for share in ((1 - level) / 2, (1 + level) / 2))
    return fewest / draws, most / draws


def _distribution(sizes: Integers, total: int) -> tuple[Integers, NDArray[np.float64]]:
    """Return all sizes 0 ... total and the share of draws that need no more."""
    shares: NDArray[np.float64] = np.cumsum(np.bincount(sizes, minlength=total + 1)) / len(sizes)
    return np.arange(total + 1), shares


def _crossing(sizes: Integers, total: int, probability: float) -> float:
    """Return where the interpolated share of draws first reaches a probability."""
    _, shares = _distribution(sizes, total)
    above = int(np.searchsorted(shares, probability, side="left"))
    if above == 0:
        return 0.0
    below = shares[above - 1]
    return float(above - 1 + (probability - below) / (shares[above] - below))
