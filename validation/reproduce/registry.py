"""The list of reproductions, read from their checked-in specs."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from geneft_theory.errors import InvalidInput, shown


@dataclass(frozen=True, eq=False)
class Reproduction:
    """One published figure or table: what it shows, and the experiment that shows it again.

    Attributes
    ----------
    key : str
        The name on the command line, such as "fig2".
    title : str
        What the figure or table shows.
    source : str
        Where it was published, and what is not known of how it was made.
    experiment : str
        The name of one that trains networks, or "computed" for one that needs none.
    options : mapping
        Every option of the experiment.
    claims : tuple of str
        Words of the claims that this figure speaks to; () for all.
    """

    key: str
    title: str
    source: str
    experiment: str
    options: Mapping[str, Any]
    claims: tuple[str, ...]

    @property
    def command(self) -> str:
        """The command that runs it."""
        return f"geneft reproduce {self.key}"

    @property
    def seeds(self) -> int | None:
        """Replicates of every network; None where none is trained."""
        return self.options.get("seeds")


@cache
def reproductions() -> dict[str, Reproduction]:
    """Return all reproductions by key.

    Examples
    --------
    >>> [key for key in reproductions() if key.startswith("table")]
    ['table1', 'table2']
    """
    found = {}
    for entry in sorted((files("validation.reproduce") / "specs").iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".toml"):
            spec = tomllib.loads(entry.read_text(encoding="utf-8"))
            key = entry.name.removesuffix(".toml")
            claims = tuple(spec.get("claims", ()))
            found[key] = Reproduction(key, spec["title"], spec["source"], spec["experiment"], spec["options"], claims)
    return found


def require_reproduction(key: str) -> Reproduction:
    """Return the reproduction with this key, or refuse it and list the known ones.

    Raises
    ------
    InvalidInput
        If there is none with this key.

    Examples
    --------
    >>> require_reproduction("fig2").command
    'geneft reproduce fig2'
    """
    if key not in reproductions():
        raise InvalidInput(f"figure must be one of {', '.join(reproductions())}; got {shown(key)}")
    return reproductions()[key]


def experiment_options(reproduction: Reproduction) -> Any:
    """Return the options of the reproduction's experiment, as that experiment checks them."""
    from validation.experiments.registry import experiment

    lists = {name: tuple(value) if isinstance(value, list) else value for name, value in reproduction.options.items()}
    return experiment(reproduction.experiment).OPTIONS(**lists)
