"""The experiments by name, and what each must offer so that runs, reproductions and docs can treat them alike."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from geneft_theory.errors import require_choice
from validation.experiments import EXPERIMENTS

if TYPE_CHECKING:
    import xarray as xr

    from validation.experiments.presentation import Drawing
    from validation.measure import Verdict
    from validation.sweeps import Execution, RunFolder


class Experiment(Protocol):
    """What the module `validation.experiments.NAME_report` offers."""

    NAME: str
    OPTIONS: type[Any]

    def run(self, folder: RunFolder, options: Any, execution: Execution | None) -> dict[str, Any]:
        """Train, compare, write everything into the folder, and return the tables."""

    def outcome(self, folder: RunFolder, options: Any) -> tuple[xr.Dataset, xr.Dataset]:
        """Return results and predicted curves (empty where there are none) of a finished run."""

    def verdicts(self, results: xr.Dataset, theory: xr.Dataset) -> Sequence[Verdict]:
        """Return what these results say of the theory."""

    def drawings(self, results: xr.Dataset, theory: xr.Dataset) -> list[Drawing]:
        """Return every figure."""

    def reduced(self, options: Any) -> Any:
        """Return options whose networks are few, and among those of the given ones."""

    def as_text(self, summary: dict[str, Any]) -> str:
        """Return what `run` returned as lines for the terminal."""


def experiment(name: str) -> Experiment:
    """Return the experiment with this name.

    Raises
    ------
    InvalidInput
        If there is none.

    Examples
    --------
    >>> experiment("goldilocks").NAME
    'goldilocks'
    """
    module = require_choice("experiment", name, EXPERIMENTS).replace("-", "_")
    return cast(Experiment, import_module(f"validation.experiments.{module}_report"))
