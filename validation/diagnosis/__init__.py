"""What became of a network that was trained elsewhere: `diagnose` reads its history, `diagnosis_figure` draws it."""

from validation.diagnosis.dataset import diagnose
from validation.diagnosis.figure import diagnosis_figure
from validation.diagnosis.history import History

__all__ = ["History", "diagnose", "diagnosis_figure"]
