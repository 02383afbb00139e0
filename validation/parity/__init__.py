"""Recurrent networks that learn the parity of short strings, and which of their states merge (van Rossem & Saxe, 2025).

Importing this package does not import torch.
"""

from validation.parity.outcomes import VARIABLES, ParityOutcomes
from validation.parity.settings import ACTIVATIONS, ENGINE, ParitySettings
from validation.parity.strings import Strings, training_mask
from validation.parity.training import computation, train_parity

__all__ = [
    "ACTIVATIONS",
    "ENGINE",
    "VARIABLES",
    "ParityOutcomes",
    "ParitySettings",
    "Strings",
    "computation",
    "train_parity",
    "training_mask",
]
