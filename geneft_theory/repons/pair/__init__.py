"""Two repons of one class and a linear decoder: the reduced system in closed form.

Everywhere `a` is the decoder's coefficient and `c` the half-separation (x1 - x2)/2 of the two embeddings, on the set on
which centroid and bias are where they belong.
"""

from geneft_theory.repons.pair.collapse import OPTIMISERS, collapse_probability, collapse_time, critical_ratio
from geneft_theory.repons.pair.separation import expected_separation, separation_with_decay
from geneft_theory.repons.pair.trajectory import final, invariant, relaxation_rate, trajectory

__all__ = [
    "OPTIMISERS",
    "collapse_probability",
    "collapse_time",
    "critical_ratio",
    "expected_separation",
    "final",
    "invariant",
    "relaxation_rate",
    "separation_with_decay",
    "trajectory",
]
