"""What an ideal learner can infer: posteriors given observed pairs, and the accuracy random training sets allow."""

from geneft_theory.statics.inference.accuracy import (
    AchievableAccuracy,
    achievable_accuracy,
    achievable_accuracy_curve,
)
from geneft_theory.statics.inference.observations import observe
from geneft_theory.statics.inference.posterior import Posterior, infer

__all__ = [
    "AchievableAccuracy",
    "Posterior",
    "achievable_accuracy",
    "achievable_accuracy_curve",
    "infer",
    "observe",
]
