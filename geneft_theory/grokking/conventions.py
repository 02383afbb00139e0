"""Normalisations of the effective loss: one theory, clocks that differ by factors of fifty.

The rate is lambda_3 = 2 g_3/(N Z_0), with g_3 the third eigenvalue of G. What differs is N, by which the sum of squared
defects is divided, and Z_0, the squared norm to which embeddings are brought. Ratios of rates of one training set do
not depend on either; ratios between training sets depend on N.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, require_choice

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Convention:
    """How the effective loss is normalised.

    Parameters
    ----------
    mean : bool
        Whether squared defects are averaged over the permissible parallelograms, N = |P_0(D)|, or summed, N = 1.
    norm : {"population", "unbiased", "unit", "as_given"}
        To which squared norm Z_0 the centred embeddings are brought: p, so that they have unit variance over the
        symbols; p - 1, unit unbiased variance; 1; or neither centred nor rescaled.
    meaning : str
        Who uses it.
    """

    mean: bool
    norm: Literal["population", "unbiased", "unit", "as_given"]
    meaning: str

    def divisor(self, parallelograms: Array) -> Array:
        """Return N for numbers of permissible parallelograms; 1 where there are none, and nothing to divide."""
        return np.maximum(parallelograms, 1.0) if self.mean else np.ones_like(parallelograms, dtype=np.float64)

    def squared_norm(self, p: int) -> float:
        """Return Z_0 for p symbols; `InvalidInput` where it is that of the embeddings as given."""
        if self.norm == "as_given":
            raise InvalidInput("convention must fix the norm of the embeddings; got one that takes them as given")
        return {"population": float(p), "unbiased": p - 1.0, "unit": 1.0}[self.norm]


# The named normalisations, as (N, Z_0): "paper" (|P_0(D)|, p), "code" (1, p - 1), "mean_unbiased" (|P_0(D)|, p - 1),
# "sum_population" (1, p), "mean_unit" (|P_0(D)|, 1), "sum_unit" (1, 1), "mean_as_given" and "sum_as_given" (Z_0 is
# that of the embeddings, neither centred nor rescaled).
CONVENTIONS = MappingProxyType(
    {
        "paper": Convention(True, "population", "the formulas of Liu et al. (2022), sigma the standard deviation"),
        "code": Convention(False, "unbiased", "what the code of the paper integrates"),
        "mean_unbiased": Convention(True, "unbiased", "the paper's mean with the code's standard deviation"),
        "sum_population": Convention(False, "population", "the code's sum with the paper's standard deviation"),
        "mean_unit": Convention(True, "unit", "unit norm: multiply rates by 1/Z_0 for any other norm"),
        "sum_unit": Convention(False, "unit", "unit norm and plain sum: lambda_3 = 2 g_3"),
        "mean_as_given": Convention(True, "as_given", "embeddings neither centred nor rescaled"),
        "sum_as_given": Convention(False, "as_given", "the same with the plain sum"),
    }
)


def chosen(convention: str, *, fixed_norm: bool = False) -> Convention:
    """Return the convention of this name, or refuse it; with `fixed_norm`, only one that needs no embeddings."""
    names = [name for name, each in CONVENTIONS.items() if not (fixed_norm and each.norm == "as_given")]
    return CONVENTIONS[require_choice("convention", convention, names)]
