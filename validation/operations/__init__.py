"""Networks that learn an operation table from combined embeddings (Liu et al., 2022).

The settings need no torch; `validation.operations.reference` is a plain torch loop, imported by those who use it.
"""

from validation.operations.names import parse_operation
from validation.operations.outcomes import OperationOutcomes
from validation.operations.settings import ENGINE, OperationSettings
from validation.operations.start import Start, start, training_set
from validation.operations.training import train_operations

__all__ = [
    "ENGINE",
    "OperationOutcomes",
    "OperationSettings",
    "Start",
    "parse_operation",
    "start",
    "train_operations",
    "training_set",
]
