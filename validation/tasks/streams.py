"""Where a network's random numbers come from: one stream a purpose, named by counters and shared with nobody."""

from __future__ import annotations

import numpy as np

from geneft_theory.errors import require_choice, require_integer

PURPOSES = {"pairs": 0, "parameters": 1}


def random_stream(purpose: str, *, seed: int, sweep_seed: int = 0) -> np.random.Generator:
    """Return the stream from which replicate `seed` of a sweep draws its pairs or its initial parameters.

    The stream is a function of its three arguments alone. Networks that differ in anything else (fraction, mode,
    learning rates) but share the seed therefore see the same draws, which makes comparisons between them paired.

    Parameters
    ----------
    purpose : {"pairs", "parameters"}
        What is drawn.
    seed : int
        Number of the replicate, >= 0.
    sweep_seed : int
        Entropy shared by a whole sweep, >= 0.

    Returns
    -------
    numpy.random.Generator
        PCG64 seeded by ``SeedSequence(entropy=sweep_seed, spawn_key=(seed, k))``, with k = 0 for the pairs and
        k = 1 for the parameters.

    Raises
    ------
    InvalidInput
        When the purpose is unknown or a seed is not an integer >= 0.

    Examples
    --------
    >>> random_stream("pairs", seed=3).permutation(5).tolist() == random_stream("pairs", seed=3).permutation(5).tolist()
    True
    """
    require_choice("purpose", purpose, PURPOSES)
    seed = require_integer("seed", seed, minimum=0)
    sweep_seed = require_integer("sweep_seed", sweep_seed, minimum=0)
    return np.random.default_rng(np.random.SeedSequence(sweep_seed, spawn_key=(seed, PURPOSES[purpose])))
