"""Small decoder-only transformers trained on modular addition, one or many at a time, in torch.

Importing this package does not import torch.
"""

from validation.transformer.outcomes import VARIABLES, TransformerOutcomes
from validation.transformer.settings import ACTIVATIONS, ENGINE, TransformerSettings
from validation.transformer.training import computation, train_transformers

__all__ = [
    "ACTIVATIONS",
    "ENGINE",
    "VARIABLES",
    "TransformerOutcomes",
    "TransformerSettings",
    "computation",
    "train_transformers",
]
