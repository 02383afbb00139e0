"""How statements are derived: from a loss to equations of motion, invariants, boundaries and probabilities."""

from geneft_theory.symbolic.boundary import Boundary, boundary
from geneft_theory.symbolic.flow import Flow
from geneft_theory.symbolic.gaussian import Gaussian
from geneft_theory.symbolic.gradient import GradientFlow
from geneft_theory.symbolic.matrices import MatrixGradientFlow
from geneft_theory.symbolic.probability import Probability, probability
from geneft_theory.symbolic.separatrix import separatrix
from geneft_theory.symbolic.sign import SignFlow

__all__ = [
    "Boundary",
    "Flow",
    "Gaussian",
    "GradientFlow",
    "MatrixGradientFlow",
    "Probability",
    "SignFlow",
    "boundary",
    "probability",
    "separatrix",
]
