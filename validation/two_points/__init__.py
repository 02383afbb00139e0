"""Deep networks that learn a few points, and how far apart they hold them on the way (van Rossem & Saxe, 2024).

The settings need no torch; the engines do and are imported by those who train.
"""

from validation.two_points.courses import Courses
from validation.two_points.settings import (
    ACTIVATIONS,
    ARCHITECTURES,
    ENGINE,
    DeepSettings,
    TwoPointSettings,
)
from validation.two_points.start import initial_weights, two_points
from validation.two_points.states import pair_states, train_two_points
from validation.two_points.training import train_deep

__all__ = [
    "ACTIVATIONS",
    "ARCHITECTURES",
    "ENGINE",
    "Courses",
    "DeepSettings",
    "TwoPointSettings",
    "initial_weights",
    "pair_states",
    "train_deep",
    "train_two_points",
    "two_points",
]
