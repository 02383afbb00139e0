"""How much data does generalization need? The statics of GenEFT (Baek, Liu & Tegmark, 2024)."""

from geneft_theory.statics.description import (
    any_relation_bits,
    complete_bipartite_bits,
    description_length,
    equivalence_bits,
    modulo_bits,
    number_of_relabellings,
    published_description_length,
    symmetric_relation_bits,
    total_order_bits,
)
from geneft_theory.statics.inference import (
    AchievableAccuracy,
    Posterior,
    achievable_accuracy,
    achievable_accuracy_curve,
    infer,
    observe,
)
from geneft_theory.statics.solution import accuracy_estimate, chance, critical_fraction, known_fraction

__all__ = [
    "AchievableAccuracy",
    "Posterior",
    "accuracy_estimate",
    "achievable_accuracy",
    "achievable_accuracy_curve",
    "any_relation_bits",
    "chance",
    "complete_bipartite_bits",
    "critical_fraction",
    "description_length",
    "equivalence_bits",
    "infer",
    "known_fraction",
    "modulo_bits",
    "number_of_relabellings",
    "observe",
    "published_description_length",
    "symmetric_relation_bits",
    "total_order_bits",
]
