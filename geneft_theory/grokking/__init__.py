"""Which training sets force a structured representation? (Liu et al., 2022)."""

from geneft_theory.grokking.angles import SolutionGroup, forces_angles, solution_group
from geneft_theory.grokking.conventions import CONVENTIONS
from geneft_theory.grokking.critical import CriticalFraction, critical_fraction
from geneft_theory.grokking.extremes import (
    ExtremeTrainingSet,
    best_training_set,
    smallest_complete_set,
    smallest_forcing_set,
    worst_training_set,
)
from geneft_theory.grokking.flow import effective_loss, final, hitting_time, trajectory
from geneft_theory.grokking.gram import gram, nullity
from geneft_theory.grokking.implied import ideal_accuracy, ideal_rqi, implied
from geneft_theory.grokking.laws import (
    asymptotic_critical_fraction,
    critical_fraction_law,
    expected_undetermined_symbols,
    forcing_probability,
)
from geneft_theory.grokking.operations import Operation, addition, modular_addition, symmetric_group
from geneft_theory.grokking.parallelograms import parallelogram_count, parallelograms
from geneft_theory.grokking.rates import grokking_rate, grokking_steps, grokking_time
from geneft_theory.grokking.representation import predicted_accuracy, rqi
from geneft_theory.grokking.training_set import TrainingSet, TrainingSets

__all__ = [
    "CONVENTIONS",
    "CriticalFraction",
    "ExtremeTrainingSet",
    "Operation",
    "SolutionGroup",
    "TrainingSet",
    "TrainingSets",
    "addition",
    "asymptotic_critical_fraction",
    "best_training_set",
    "critical_fraction",
    "critical_fraction_law",
    "effective_loss",
    "expected_undetermined_symbols",
    "final",
    "forces_angles",
    "forcing_probability",
    "gram",
    "grokking_rate",
    "grokking_steps",
    "grokking_time",
    "hitting_time",
    "ideal_accuracy",
    "ideal_rqi",
    "implied",
    "modular_addition",
    "nullity",
    "parallelogram_count",
    "parallelograms",
    "predicted_accuracy",
    "rqi",
    "smallest_complete_set",
    "smallest_forcing_set",
    "solution_group",
    "symmetric_group",
    "trajectory",
    "worst_training_set",
]
