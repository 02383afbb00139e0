"""Where do the representations of two data points end up? (van Rossem & Saxe, 2024)."""

from geneft_theory.alignment.correspondence import AlignedPair, ReponPair, from_repon_pair, to_repon_pair
from geneft_theory.alignment.distance import FixedPointRates, final_distance, fixed_point_rates, invariant
from geneft_theory.alignment.exact import exact_final_distance, exact_merges, exact_trajectory
from geneft_theory.alignment.history import History
from geneft_theory.alignment.initialisation import critical_gain, expected_start
from geneft_theory.alignment.merging import merges, merging_trajectory
from geneft_theory.alignment.rates import (
    Rate,
    RateEstimates,
    RatesNotIdentifiable,
    estimate_rates,
    integral_estimates,
)
from geneft_theory.alignment.regimes import REGIMES, regime, regime_parameter
from geneft_theory.alignment.scalar_output import scalar_final_distance, scalar_trajectory
from geneft_theory.alignment.trajectory import loss, trajectory

__all__ = [
    "REGIMES",
    "AlignedPair",
    "FixedPointRates",
    "History",
    "Rate",
    "RateEstimates",
    "RatesNotIdentifiable",
    "ReponPair",
    "critical_gain",
    "estimate_rates",
    "exact_final_distance",
    "exact_merges",
    "exact_trajectory",
    "expected_start",
    "final_distance",
    "fixed_point_rates",
    "from_repon_pair",
    "integral_estimates",
    "invariant",
    "loss",
    "merges",
    "merging_trajectory",
    "regime",
    "regime_parameter",
    "scalar_final_distance",
    "scalar_trajectory",
    "to_repon_pair",
    "trajectory",
]
