"""How statements are derived: from a loss to equations of motion, invariants, boundaries and probabilities."""

from geneft_theory.symbolic.flow import Flow
from geneft_theory.symbolic.gradient import GradientFlow

__all__ = ["Flow", "GradientFlow"]
