from .diagnosis import History as History
from .diagnosis import diagnose as diagnose
from .diagnosis import diagnosis_figure as diagnosis_figure
from .sweeps import load as load
