r"""Two repons in d dimensions behind a linear decoder with p outputs: what is conserved, and so what becomes of them.

The separation r (half the distance vector) and the decoder A of a same-class pair follow
dA/dt = -2 eta_A A r r^T, dr/dt = -eta_x A^T A r, once centroid and bias are where they belong. The matrix
M = A^T A/(2 eta_A) - r r^T/eta_x stays as it is. At the end A r = 0, so r is zero, or an eigenvector of M with the
eigenvalue -|r|^2/eta_x; and M, a positive semidefinite matrix minus one of rank one, has at most one such.

The same M is conserved, and the same limits hold, if the outputs are weighted by any symmetric H(t) that is bounded and
stays above a positive multiple of the identity (a general loss near its minimum). Where H is only semidefinite, the
outputs in its kernel do not train: `trained_part` of the decoder takes the decoder's place in all that follows.

With `cluster` = N, one repon meets N coincident ones of its class, and r is half their distance: the decoder's rate
is multiplied by 2 N/(N + 1).
"""

from geneft_theory.repons.matrix.fate import (
    collapses,
    final_separation,
    final_vector,
    invariant,
    margin,
    trained_part,
)
from geneft_theory.repons.matrix.probability import collapse_probability, critical_ratio

__all__ = [
    "collapse_probability",
    "collapses",
    "critical_ratio",
    "final_separation",
    "final_vector",
    "invariant",
    "margin",
    "trained_part",
]
