"""What a sweep will cost, before anything is spent; and afterwards, how that compares with what it did cost.

`plan` takes networks, `plan_run` what `geneft run` would be asked; `geneft plan` prints the result.
"""

from validation.planning.calibration import Calibration
from validation.planning.expectation import (
    Expectation,
    duration,
    expectation_line,
    read_expectation,
    record_expectation,
)
from validation.planning.experiments import Complete, plan_run
from validation.planning.forecast import Architecture, Expected, Plan, plan
from validation.planning.operations import Operations, step_operations

__all__ = [
    "Architecture",
    "Calibration",
    "Complete",
    "Expectation",
    "Expected",
    "Operations",
    "Plan",
    "duration",
    "expectation_line",
    "plan",
    "plan_run",
    "read_expectation",
    "record_expectation",
    "step_operations",
]
