"""Published figures and tables, and experiments beyond them: spec, stored result, verdicts.

A spec (`specs/*.toml`) pins all options of an experiment. The results of running it are stored with a checksum
(`stored/`), so that the figures can be rebuilt in seconds and the verdicts read without training.
"""

from validation.reproduce.figures import BuiltFigure, build_figures
from validation.reproduce.registry import Reproduction, reproductions, require_reproduction
from validation.reproduce.stored import StoredResult, stored_result
from validation.reproduce.verdicts import table

__all__ = [
    "BuiltFigure",
    "Reproduction",
    "StoredResult",
    "build_figures",
    "reproductions",
    "require_reproduction",
    "stored_result",
    "table",
]
