"""Repons trained for real: ensembles of two repons, or one and a cluster, with a linear decoder, in torch.

The numbers come from gradient steps on the loss, not from the equations of motion that they are held against. Importing
this package does not import torch.
"""

from validation.repons.forecast import forecast, forecast_probability
from validation.repons.relaxation import WATCHED, first_times
from validation.repons.settings import BIASES, ENGINE, OPTIMISERS, STARTS, ReponSettings
from validation.repons.starts import Start, draw_start
from validation.repons.training import ReponOutcomes, train_repons

__all__ = [
    "BIASES",
    "ENGINE",
    "OPTIMISERS",
    "STARTS",
    "WATCHED",
    "ReponOutcomes",
    "ReponSettings",
    "Start",
    "draw_start",
    "first_times",
    "forecast",
    "forecast_probability",
    "train_repons",
]
