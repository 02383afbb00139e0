"""Deep networks that learn more than two points: how far apart they hold each pair, beside what two points would do.

Importing this package does not import torch.
"""

from validation.structure.settings import ENGINE, TASKS, StructureSettings
from validation.structure.tasks import points
from validation.structure.training import VARIABLES, computation, train_structures

__all__ = ["ENGINE", "TASKS", "VARIABLES", "StructureSettings", "computation", "points", "train_structures"]
